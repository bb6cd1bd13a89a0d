"""The comparison as one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from separatrix.share.retrodiction.charts import calibration_chart, spans_chart
from separatrix.share.retrodiction.table import HEAD, cells, value_text
from separatrix.share.templates import templates_in
from separatrix.team.rehearsal.retrodiction.retrodict import Retrodiction, SpanResult

SAFETY = (
    "For planning and rehearsal by a qualified team. Not a certified medical device. Published operations "
    "are selected for success, and told by bulletins and papers that round to a quarter of an hour or more."
)
_SEEN = {None: "", True: ", used for tuning", False: ", not seen before"}


def to_html(result: Retrodiction) -> str:
    """The page."""
    environment = templates_in(Path(__file__).parent / "templates")
    return environment.get_template("page.html.j2").render(
        result=result,
        safety=SAFETY,
        calibration=calibration_chart(result.calibration),
        spans=spans_chart(result.rows),
        head=HEAD,
        cells=cells,
        value_text=value_text,
        seen_words=_SEEN,
        off=[row for row in result.rows if row.why_off],
        not_comparable=_by((row.because, row) for row in result.rows if not row.comparable),
        notes=_by((note, row) for row in result.rows if row.comparable for note in row.notes),
    )


def _by(pairs: Iterable[tuple[str, SpanResult]]) -> list[tuple[str, list[SpanResult]]]:
    """Rows of each reason or note, in the order of first mention."""
    found: dict[str, list[SpanResult]] = {}
    for words, row in pairs:
        found.setdefault(words, []).append(row)
    return list(found.items())
