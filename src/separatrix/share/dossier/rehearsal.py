"""The chapter of the rehearsal: when they part, are we ready, what to change and to order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from markupsafe import Markup

from separatrix.share.dossier.model import Chapter, Statement
from separatrix.share.dossier.rehearsal_charts import Spread, moment_chart, tornado
from separatrix.share.dossier.rehearsal_matrix import SIGNS, WORDS, complication_titles, heat_map
from separatrix.share.dossier.rehearsal_matrix import whom as struck_text
from separatrix.share.dossier.rehearsal_words import (
    band_text,
    effect_text,
    number_title,
    outcome_title,
    percent_span,
    swing_text,
    total_text,
)
from separatrix.share.dossier.wording import counted, number, sentence
from separatrix.share.rehearsal.pages import whom
from separatrix.share.rehearsal.scenario import Card
from separatrix.share.script.gantt import clock_text, mark_of
from separatrix.share.templates import templates_in
from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.answers.model import (
    SEPARATION_WORDING,
    BloodOrder,
    Calibrated,
    Finding,
    Pair,
    Probability,
    Rare,
    Rehearsal,
    Severity,
)

_HERE = Path(__file__).parent
_PAPER_GAPS = 40
"""Lines of the printed table of what is not in time."""
_PAIRS = 10
"""Lines of two complications at once."""
_SWINGS = 15
"""Bars of the tornado."""
_SEVERITIES: Mapping[Severity, str] = {
    "stop": "Mend before the day",
    "mend": "Better mended",
    "know": "To be known",
}
_HARM = ("death", "deficit", "arrest")
"""In the name of a published total of harm to a child: it stands in the annex."""
_VERDICTS = {"inside": "yes", "off": "✕ no", "not_simulated": "not simulated"}
_PRODUCTS = {"red_cells": "Red cells", "plasma": "Plasma", "platelets": "Platelets"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What the chapter shows beside the answers themselves."""

    separation: Spread | None = None
    separation_alone: Spread | None = None
    """The same with independent lengths."""
    cards: Sequence[Card] = ()
    cards_link: str = ""
    """Where the cards lie, seen from the dossier."""
    retrodiction: Sequence[str] = ()
    """In plain words: how published operations lie in the model's intervals."""
    unit_by_id: Mapping[str, str] = field(default_factory=dict)
    """Units of the numbers of the tornado."""


def rehearsal_chapter(
    procedure: Procedure, schedule: Schedule, rehearsal: Rehearsal, beside: Beside = Beside()
) -> Chapter:
    """The pages about one rehearsed operation.

    Of a birth only the forced matrix and what follows from it is shown: no distribution, no probability.

    Parameters
    ----------
    procedure, schedule
        What was rehearsed.
    rehearsal
        All answers.
    beside
        Distributions to draw, cards to link, published numbers to compare with.
    """
    environment = templates_in(_HERE / "templates")
    titles = {a.id: a.full_title for a in procedure.activities}
    environment.filters.update(
        clock=clock_text,
        sentence=sentence,
        number=number,
        whom=whom,
        patient=lambda p: f"{mark_of(p)}\u00a0{p}",
        band=band_text,
        effect=effect_text,
        swing=swing_text,
        number_title=number_title,
        capital=lambda text: text[:1].upper() + text[1:],
        outcome=outcome_title,
        activity_title=lambda id: titles.get(id, id),
        struck=lambda named: _struck(named, procedure),
    )
    template = environment.get_template("rehearsal.html.j2")
    content = _content(procedure, schedule, rehearsal, beside)
    return Chapter(
        sections=_sections(content),
        screen=template.render(paper=False, **content),
        paper=template.render(paper=True, **content),
        statements=tuple(_statements(rehearsal, forced_only=content["forced_only"])),
        css=(_HERE / "static" / "rehearsal.css").read_text(encoding="utf-8"),
        script=(_HERE / "static" / "rehearsal.js").read_text(encoding="utf-8"),
    )


def _sections(content: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    found = [("rehearsal", "Rehearsal: are we ready"), ("contingencies", "Contingency matrix")]
    if content["orders"]:
        found.append(("blood-order", "Blood to order"))
    if not content["forced_only"]:
        found.append(("rehearsal-sure", "How far the rehearsal rests on assumptions"))
    if content["annex"] or content["harm_totals"]:
        found.append(("rehearsal-annex", "Engineering annex of the rehearsal"))
    return tuple(found)


def _content(
    procedure: Procedure, schedule: Schedule, rehearsal: Rehearsal, beside: Beside
) -> dict[str, Any]:
    forced_only = "mother" in procedure.patients
    chart: Markup | str = ""
    if beside.separation is not None and rehearsal.separation_min is not None and not forced_only:
        chart = moment_chart(
            beside.separation,
            rehearsal.separation_min,
            planned_min=schedule.separation_min,
            alone=beside.separation_alone,
            title="two children, hours after wheels in",
        )
    totals = () if forced_only else rehearsal.calibration
    outcome = "separation_min" if rehearsal.separation_min is not None else "end_min"
    grid = heat_map(rehearsal.matrix, procedure, schedule, bare=forced_only)
    return {
        "procedure": procedure,
        "schedule": schedule,
        "r": rehearsal,
        "forced_only": forced_only,
        "wording": SEPARATION_WORDING,
        "chart": chart,
        "alone_drawn": beside.separation_alone is not None,
        "grid": grid,
        "signs": SIGNS,
        "words": WORDS,
        "pairs": _pairs(rehearsal.matrix.pairs),
        "gaps": grid.gaps[:_PAPER_GAPS],
        "findings": _by_severity(rehearsal.findings),
        "orders": [] if forced_only else _orders(rehearsal.blood),
        "changes": rehearsal.changes,
        "swings": rehearsal.swings[:_SWINGS],
        "swing_rows": _swing_rows(rehearsal, beside.unit_by_id),
        "tornado": tornado(
            rehearsal.swings[:_SWINGS], outcome, title=f"{outcome_title(outcome)}: minutes later or sooner"
        )
        if rehearsal.swings
        else "",
        "probabilities": rehearsal.probabilities,
        "cards": beside.cards,
        "cards_link": beside.cards_link,
        "calibration": [_total_row(c) for c in totals if not _is_harm(c)],
        "retrodiction": beside.retrodiction,
        "annex": [] if forced_only else [_annex_row(item) for item in (*rehearsal.annex, *rehearsal.rare)],
        "harm_totals": [_total_row(c) for c in totals if _is_harm(c)],
    }


def _struck(named: str, procedure: Procedure) -> str:
    """A complication of a pair, and whom it strikes: ``complication.asystole@A``."""
    complication, _, patient = named.partition("@")
    title = complication_titles(procedure).get(complication, complication)
    return f"{title}, {struck_text(patient)}"


def _pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """The worst pair of each two complications, in whatever child and at whatever step it is worst."""
    worst: dict[frozenset[str], Pair] = {}
    for pair in pairs:
        named = frozenset(name.partition("@")[0] for name in (pair.first, pair.second))
        worst.setdefault(named, pair)
    return list(worst.values())[:_PAIRS]


def _by_severity(findings: Sequence[Finding]) -> list[tuple[str, str, list[Finding]]]:
    groups = [(s, _SEVERITIES[s], [f for f in findings if f.severity == s]) for s in get_args(Severity)]
    return [(severity, title, found) for severity, title, found in groups if found]


def _orders(orders: Sequence[BloodOrder]) -> list[dict[str, Any]]:
    """One row for each patient and product; packs at each confidence beside another."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for order in orders:
        row = rows.setdefault(
            (order.patient, order.product),
            {
                "patient": order.patient,
                "product": _PRODUCTS[order.product],
                "stock": order.stock,
                "at": {},
            },
        )
        row["at"][order.confidence] = order
    for row in rows.values():
        row["short"] = [c for c, o in row["at"].items() if o.packs > o.stock]
    return list(rows.values())


def _swing_rows(rehearsal: Rehearsal, units: Mapping[str, str]) -> list[dict[str, Any]]:
    """The same swings as a table: every outcome, and whether the advice would change."""
    outcomes = list(dict.fromkeys(o for s in rehearsal.swings for o in s.at_low))
    return [
        {
            "swing": swing,
            "unit": units.get(swing.id, ""),
            "outcomes": [
                (o, swing.at_low.get(o), swing.at_high.get(o), swing.half_width.get(o, 0.0)) for o in outcomes
            ],
        }
        for swing in rehearsal.swings[:_SWINGS]
    ]


def _is_harm(total: Calibrated) -> bool:
    return any(word in total.id for word in _HARM)


def _total_row(total: Calibrated) -> dict[str, str]:
    """A published total beside the rehearsed one."""
    because = f"no check: {total.because}" if total.tuned else total.because
    return {
        "title": f"{total.title}, per {total.per.replace('_', ' ')}",
        "mark": total.mark,
        "published": total_text(total.published, total.published_low, total.published_high),
        "rehearsed": total_text(total.simulated, total.simulated_low, total.simulated_high),
        "fits": _VERDICTS[total.verdict],
        "because": because,
    }


def _annex_row(item: Probability | Rare) -> dict[str, str]:
    if isinstance(item, Probability):
        marks = ", ".join(item.band.marks)
        return {"text": item.text, "value": band_text(item.band), "rests": f"marks {marks}"}
    if item.refused or item.estimate is None or item.low is None or item.high is None:
        return {"text": item.text, "value": f"not told: {item.refused}", "rests": ""}
    value = f"{percent_span(item.low, item.high)} (95 % interval of sampling alone)"
    rests = (
        f"importance sampling, {number(item.runs, 9)} runs worth {number(item.effective_runs)}; mean weight "
        f"{item.mean_weight:.3f}; {counted(item.hits, 'hit')}"
    )
    return {"text": item.text, "value": value, "rests": rests}


def _statements(rehearsal: Rehearsal, *, forced_only: bool) -> list[Statement]:
    cells = [c for c in rehearsal.matrix.cells if c.status != "impossible"]
    gaps = sum(c.status != "in_time" for c in cells)
    mend = sum(f.severity == "stop" for f in rehearsal.findings)
    found = [
        Statement(
            about="Ready for what can go wrong",
            says=f"{counted(mend, 'finding')} to mend before the day. Of {len(cells)} places where a "
            f"complication can strike, {gaps} lack somebody or something or are late.",
            sure="arrival, not success: who is there in time as the script stands, by rehearsals that force "
            "each complication; target times are the team’s assumptions",
        )
    ]
    moment = rehearsal.separation_min
    if moment is not None and not forced_only:
        found.insert(
            0,
            Statement(
                about="When they may be two",
                says=f"In half of {number(rehearsal.runs, 9)} rehearsals by {clock_text(moment.q50)}, in "
                f"8 of 10 between {clock_text(moment.q10)} and {clock_text(moment.q90)} after wheels in. "
                f"{SEPARATION_WORDING}",
                sure="lengths, complications and their common factor are drawn; most of these numbers are "
                "assumptions, whose bands stand beside",
                marks=tuple(sorted(rehearsal.marks)),
            ),
        )
    return found
