"""What is not ready as the rehearsals show it: in the matrix, in the blood order, in the runs themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.answers.model import BloodOrder, Cell, Finding
from separatrix.team.rehearsal.answers.readiness import named, title_of_complication
from separatrix.team.rehearsal.runs.rows import Rows

HALF = 0.5
"""Missing in so many of a cell's runs it is missing as a rule: mend it before the day."""

TOLD_FROM = 0.01
"""A volume that falls in fewer of the rehearsals than this is not told: a single great loss, not the plan."""


def cell_findings(procedure: Procedure, cells: Iterable[Cell]) -> Iterator[Finding]:
    """Cells of the matrix that are not covered: by who or what is missing, or by what help is late for."""
    phase = {a.id: a.phase for a in procedure.activities}
    missing: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    late: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        where = phase.get(cell.activity, "")
        if cell.status == "late":
            late[cell.complication, where].append(cell)
        elif cell.status == "nobody":
            for name in [m.id for m in cell.missing] or [cell.complication]:
                missing[name, where].append(cell)
    for (name, where), group in sorted(missing.items()):
        yield _missing_finding(procedure, name, where, group)
    for (complication, where), group in sorted(late.items()):
        yield _late_finding(procedure, complication, where, group)


def _missing_finding(procedure: Procedure, name: str, where: str, group: Sequence[Cell]) -> Finding:
    share = {id(c): next((m.share for m in c.missing if m.id == name), 1.0) for c in group}
    answer = f"answer to {title_of_complication(name, procedure)}"
    title = next((m.title for c in group for m in c.missing if m.id == name), answer)
    worst = sorted(group, key=lambda c: (-share[id(c)], c.activity, c.complication, c.patient))
    most, complications = worst[0], named((c.complication for c in worst), procedure)
    return Finding(
        key=f"nobody:{name}:{where}",
        severity="stop" if share[id(most)] >= HALF else "mend",
        title=f"Missing in phase '{_phase(procedure, where)}': {title}",
        text=f"in up to {round(share[id(most)] * most.runs)} of {most.runs} forced rehearsals, "
        f"in {_activities(group)}, for {complications}",
        mend="see what to change: one more on duty in those hours, or another whom the response calls",
        cells=tuple(_cell_name(c) for c in worst),
        missing=(name,),
    )


def _late_finding(procedure: Procedure, complication: str, where: str, group: Sequence[Cell]) -> Finding:
    worst = sorted(group, key=lambda c: (c.wilson_high, c.activity, c.patient))
    arrival = max(c.arrival_min or 0.0 for c in group)
    target = min(c.target_min or 0.0 for c in group)
    title = title_of_complication(complication, procedure)
    return Finding(
        key=f"late:{complication}:{where}",
        severity="know",
        title=f"Help comes late in phase '{_phase(procedure, where)}': {title}",
        text=f"all are there within {target:g} min in {worst[0].in_time} of {worst[0].runs} forced ones "
        f"at worst, after {arrival:.1f} min on average, in {_activities(group)}",
        mend="bring who is called nearer, or set the target that can be met",
        cells=tuple(_cell_name(c) for c in worst),
    )


def _activities(group: Sequence[Cell]) -> str:
    number = len({c.activity for c in group})
    return "1 activity" if number == 1 else f"{number} activities"


def _cell_name(cell: Cell) -> str:
    return f"{cell.activity}/{cell.complication}/{cell.patient}"


def _phase(procedure: Procedure, where: str) -> str:
    return procedure.titles.get(f"phase:{where}", where)


def blood_findings(orders: Iterable[BloodOrder], *, confidence: float) -> Iterator[Finding]:
    """Stocks below what suffices at a confidence."""
    for order in orders:
        if order.confidence == confidence and order.packs > order.stock:
            product = order.product.replace("_", " ")
            yield Finding(
                key=f"blood:{order.product}@{order.patient}:{confidence:g}",
                severity="stop",
                title=f"Too few packs of {product} for {order.patient}",
                text=f"{order.packs} packs suffice in {confidence:.0%} of the rehearsals "
                f"({order.low} to {order.high} over the assumptions); {order.stock} are there",
                mend=f"order {order.packs - order.stock} more",
                missing=(f"{order.product}@{order.patient}",),
            )


def margin_findings(orders: Iterable[BloodOrder], *, confidence: float) -> Iterator[Finding]:
    """Stocks that suffice at the numbers as they are, but not over the assumptions.

    The key holds how many are short: two packs fewer are another finding.
    """
    for order in orders:
        if order.confidence == confidence and order.packs <= order.stock < order.high:
            product, short = order.product.replace("_", " "), order.high - order.stock
            yield Finding(
                key=f"margin:{order.product}@{order.patient}:{short}",
                severity="know",
                title=f"Packs of {product} for {order.patient} may run short",
                text=f"{order.stock} are there; {order.packs} suffice in {confidence:.0%} of rehearsals, but "
                f"up to {order.high} over the assumptions",
                mend=f"ask the blood bank for {short} more within reach",
                missing=(f"{order.product}@{order.patient}",),
            )


def run_findings(rows: Rows) -> Iterator[Finding]:
    """What went wrong in the rehearsals themselves, whatever struck."""
    told = (
        ("stopped", "Rehearsals were stopped", "ended by the limit of events; the script may have no way on"),
        ("reopen_nobody", "A return to theatre lacks somebody", "somebody called was not on standby"),
    )
    for column, title, words in told:
        number = int((rows.column(column) > 0).sum())
        if number:
            yield Finding(
                key=f"run:{column}",
                severity="stop",
                title=title,
                text=f"in {number} of {len(rows)} rehearsals: {words}",
                mend="replay one of them, and mend what it lacks",
            )


def volume_findings(rows: Rows, *, floor: float) -> Iterator[Finding]:
    """Patients whose blood volume cannot be held, so that no answer about them rests on sound ground.

    Parameters
    ----------
    floor
        Share of the starting volume below which pressure falls: ``rehearsal.body.volume_floor``.
    """
    for patient in rows.layout.patients:
        lowest = rows.column(f"volume_lowest@{patient}")
        number = int((lowest < floor).sum())
        if number >= TOLD_FROM * len(rows):
            yield Finding(
                key=f"volume:{patient}",
                severity="stop",
                title=f"The blood volume of {patient} is not held",
                text=f"in {number} of {len(rows)} rehearsals it falls below {100 * floor:.0f} % of the "
                f"start, in half of all to {100 * float(np.median(lowest)):.0f} % or less, "
                "with fluid and packs given",
                mend="look at the net transfusion after each division: while joined, what one child is "
                "given may run to the other; another order or more operations may end it",
            )
