"""The division: who keeps what, in what order, and what it does to each child."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from separatrix.body.anatomy import Anatomy
from separatrix.body.vessels.assignment import still_joined
from separatrix.body.vessels.choices import EndState
from separatrix.body.vessels.circulation import CirculationInputs, prepare_circulation
from separatrix.body.vessels.course import Moment, drained_words, watch_words
from separatrix.body.vessels.fairness import (
    default_title,
    needs_choice,
    title_of,
    why_not_the_other,
    why_not_the_sum,
)
from separatrix.body.vessels.model import Division, DivisionStep, Edge, VesselGraph, VesselKind
from separatrix.body.vessels.parameters import Values, blood_volume_ml
from separatrix.body.vessels.planning import Plan, Task, make_plan, prices, sinus_end
from separatrix.body.vessels.pressures import pressure_table
from separatrix.body.vessels.robustness import assess
from separatrix.body.vessels.sequence import DivisionOrder
from separatrix.body.vessels.stages import arranged, compare_operations
from separatrix.body.vessels.transfusion import transfusion_words
from separatrix.body.vessels.wishes import read_wishes
from separatrix.case import Case
from separatrix.core import Owner, Progress, Twin, silent
from separatrix.evidence import EvidenceReader, Mark

_OWN = {Owner.A: Twin.A, Owner.B: Twin.B}


def divide(
    graph: VesselGraph,
    *,
    case: Case,
    anatomy: Anatomy | None,
    evidence: EvidenceReader,
    seed: int,
    threads: int = 1,
    progress: Progress = silent,
    inputs: CirculationInputs | None = None,
    values: Values | None = None,
) -> Division:
    """Plan the division of all vessels that join the children.

    Parameters
    ----------
    graph
        Vessels of both children.
    case
        Wishes, a named person's choice, number of operations.
    anatomy
        For brain volumes; None where there are no images.
    evidence
        Every number.
    seed
        Of the draws; the same seed gives the same answer for any number of threads.
    threads
        At most so many.
    progress
        Told how far it is.
    inputs, values
        The circulation of `graph` where it was prepared already, and its values fitted to observations.

    Returns
    -------
    Division
        The default is best for the child worse off; every other plan of the front that helps one child at
        the other's cost waits for a named person's choice.

    Raises
    ------
    InputError
        If wishes name what is not there or contradict each other, with their lines.
    InfeasibleError
        If the wishes leave no end state.
    """
    task = prepare_task(
        graph, case=case, anatomy=anatomy, evidence=evidence, threads=threads, inputs=inputs, values=values
    )
    if still_joined(task.graph, task.gone) is None:
        return nothing_to_divide(task)
    return _planned(task, case=case, evidence=evidence, seed=seed, progress=progress)


def _planned(task: Task, *, case: Case, evidence: EvidenceReader, seed: int, progress: Progress) -> Division:
    """The whole of it: plan, prices, arrangements, draws."""
    progress(0.0, "end states and orders")
    plan = make_plan(task)
    progress(0.15, "wishes")
    wishes = tuple(prices(task, plan))
    progress(0.25, "one, two and three operations")
    operations = compare_operations(task, plan, case=case, evidence=evidence, seed=seed)
    chosen = next(row for row in operations if row["chosen"])
    division = told(task, arranged(task, plan, chosen, evidence), evidence)
    progress(0.5, "draws")

    def drawing(fraction: float, doing: str) -> None:
        progress(0.5 + 0.5 * fraction, doing)

    robustness = assess(
        task.inputs, plan.states, plan.order, task.wishes, made=task.made, gone=task.gone,
        around=task.values, evidence=evidence, seed=seed, progress=drawing,
    )  # fmt: skip
    return replace(
        division,
        wishes=wishes,
        operations=tuple(operations),
        robustness=robustness,
        assumptions=assumptions_of(evidence),
    )


def prepare_task(
    graph: VesselGraph,
    *,
    case: Case,
    anatomy: Anatomy | None,
    evidence: EvidenceReader,
    threads: int = 1,
    inputs: CirculationInputs | None = None,
    values: Values | None = None,
) -> Task:
    """Read the wishes against the graph and prepare its circulation."""
    spec = case.file.vessels
    grown, wishes = read_wishes(spec.wishes, graph)
    if inputs is None or grown is not graph:
        inputs = prepare_circulation(grown, case=case, anatomy=anatomy, evidence=evidence)
    if values is None:
        values = inputs.central()
    elif len(values.radius_factor) < len(grown.edges):  # vessels to be made are as wished
        more = np.ones(len(grown.edges) - len(values.radius_factor))
        values = replace(values, radius_factor=np.concatenate([values.radius_factor, more]))
    return Task(
        graph=grown, inputs=inputs, values=values, wishes=wishes, choice=spec.choice, threads=threads,
        blood_volume_ml={t: blood_volume_ml(case, evidence, t) for t in Twin},
    )  # fmt: skip


def nothing_to_divide(task: Task) -> Division:
    """The honest answer where no vessel joins the children."""
    return Division(
        end_state={"ring": {}, "veins": {}},
        steps=(),
        title="Nothing to divide: no vessel of this graph joins the children",
        front=(),
        exchange=(),
        pressures={},
        operations=(),
        robustness={},
        notes=(
            "The graph shows no path from A's vessels to B's. Vessels that the images do not show, and "
            "contacts that nobody accepted, are not excluded by this.",
        ),
    )


def told(task: Task, plan: Plan, evidence: EvidenceReader) -> Division:
    """A plan as a division, without what takes long: operations, draws, prices."""
    chosen, default = plan.chosen, plan.states.default
    title = default_title(default.harm)
    front = plan.states.front
    shown = front if chosen in front else (*front, chosen)
    if chosen is not default and task.choice is not None:
        people = " and ".join(task.choice.by)
        title = f"Chosen by {people} on {task.choice.on}: {title_of(chosen.harm, default.harm)}"
    return Division(
        end_state=end_state_words(task, plan, chosen),
        steps=_steps(task, plan, evidence),
        title=title,
        front=tuple(_front_row(task, plan, s) for s in shown),
        exchange=tuple(_exchange_row(m) for m in plan.moments),
        pressures=pressure_table(plan, evidence),
        operations=(),
        robustness={},
        notes=tuple(_notes(task, plan, evidence.number("division.advantage_least"))),
        assumptions=assumptions_of(evidence),
        facts=_facts(task, plan),
    )


def assumptions_of(evidence: EvidenceReader) -> tuple[str, ...]:
    """Entries marked A that were read so far."""
    return tuple(e.id for e in evidence.used if e.mark is Mark.ASSUMPTION)


def end_state_words(task: Task, plan: Plan, state: EndState) -> dict[str, dict[str, str]]:
    """Child of each ring node and of each vessel that is shared, crosses or is divided."""
    owner = plan.states.assignment.owner_of_nodes(state.labels)
    ring_edges = [e for e in task.graph.edges if e.kind is VesselKind.CIRCUMFERENTIAL_SINUS]
    ring = {n for e in ring_edges for n in (e.a, e.b)}
    closed = set(task.wishes.closed)
    veins = {}
    for edge in task.graph.edges:
        if not edge.accepted or edge.id in task.gone:
            continue
        a, b = owner.get(edge.a), owner.get(edge.b)
        is_parted = edge.id in state.divided
        if not (is_parted or edge.crossing or edge.owner is Owner.SHARED or edge.kind is VesselKind.GRAFT):
            continue
        keeper = owner.get(sinus_end(edge, task.graph)) if is_parted else a or b
        veins[edge.id] = "none" if edge.id in closed or keeper is None else keeper.value
    return {
        "ring": {
            n.id: t.value if (t := owner.get(n.id)) else "none" for n in task.graph.nodes if n.id in ring
        },
        "veins": veins,
    }


def _steps(task: Task, plan: Plan, evidence: EvidenceReader) -> tuple[DivisionStep, ...]:
    edges = {e.id: e for e in task.graph.edges}
    owner = plan.states.assignment.owner_of_nodes(plan.chosen.labels)
    drains = drained_words(plan.situation, plan.situation.before_state("passive"))
    bands = evidence.number("flow.rise_band.low"), evidence.number("flow.rise_band.high")
    kinds = {w.names[0]: w.kind for w in task.wishes.items}
    kinds |= dict.fromkeys(plan.occluded, "occlude")
    last = max(plan.operation_of.values(), default=1)
    steps = []
    for order, vessel in enumerate(plan.sequence, 1):
        edge, moment = edges[vessel], plan.moments[order]
        keeps = sinus_end(edge, task.graph)
        action = _action(edge, kinds.get(vessel, ""), owner, keeps)
        watch = watch_words(moment, plan.moments[order - 1], bands)
        late = vessel in task.postponed
        if late:
            watch = f"Its test clamp failed: not in this operation. When it is tried again: {watch}"
        steps.append(
            DivisionStep(
                vessel=vessel,
                to=owner.get(keeps) or _OWN.get(edge.owner, Twin.A),
                action=action,
                operation=last + 1 if late else plan.operation_of.get(vessel, 1),
                order=order,
                drains=_made_words(edge) if action in ("graft", "bypass") else drains[vessel],
                calibre_mm=round(2 * sum(edge.radius_mm) / len(edge.radius_mm), 3),
                worst_region=moment.worst_region,
                rise_mmHg={t: _clean(v) for t, v in moment.rise_mmHg.items()},
                watch=watch.replace("Test clamp first", "Open it first")
                if action in ("graft", "bypass")
                else watch,
            )
        )
    return tuple(steps)


def _action(edge: Edge, wished: str, owner: Mapping[str, Twin], keeps: str) -> Any:
    """What is done to a vessel: a child's own vein that it loses is a sacrifice."""
    if wished in ("graft", "bypass", "sacrifice", "occlude"):
        return wished
    is_own = not edge.crossing and edge.kind is not VesselKind.ARTERY
    loses = owner.get(edge.b if keeps == edge.a else edge.a) is not owner.get(keeps)
    return "sacrifice" if is_own and loses else "divide"


def _made_words(edge: Edge) -> str:
    return f"joins {edge.a} and {edge.b}"


def _clean(value: float) -> float:
    """Rounded, without a negative zero."""
    return round(value, 6) + 0.0


def _front_row(task: Task, plan: Plan, state: EndState) -> Mapping[str, Any]:
    default = plan.states.default
    is_default = state is default
    return {
        "plan": state.name,
        "title": default_title(state.harm) if is_default else title_of(state.harm, default.harm),
        "is_default": is_default,
        "is_chosen": state is plan.chosen,
        "needs_choice": (not state.spares_both) if is_default else needs_choice(state.harm, default.harm),
        "rise_mmHg": _by_child(state.harm),
        "summed_rise_mmHg": _by_child(state.summed),
        "least_perfusion": _by_child(state.perfusion),
        "no_drainage": {t.value: list(state.no_drainage[t]) for t in Twin},
        "divided": list(state.divided),
        "ring": end_state_words(task, plan, state)["ring"],
    }


def _by_child(values: Sequence[float]) -> dict[str, float]:
    return {t.value: _clean(float(v)) for t, v in zip(Twin, values, strict=True)}


def _exchange_row(moment: Moment) -> Mapping[str, Any]:
    found = moment.exchange
    return {
        "divisions": moment.done,
        "a_to_b_ml_per_min": _clean(found.a_to_b_ml_per_min),
        "b_to_a_ml_per_min": _clean(found.b_to_a_ml_per_min),
        "net_ml_per_min": _clean(found.net_ml_per_min),
        "worst_pressure_mmHg": {t.value: _clean(moment.pressure_mmHg[t]) for t in Twin},
        "drained_by_other": {t.value: _clean(found.drained_by_other[t]) for t in Twin},
    }


def _notes(task: Task, plan: Plan, advantage_mmHg: float) -> list[str]:
    states, order = plan.states, plan.order
    all_of_them = "all of them" if states.exact else "all with at most four cut points of what is shared"
    notes = [f"{states.looked_at} end states were reckoned: {all_of_them}."]
    harm = np.array([s.harm for s in states.known])
    if sentence := why_not_the_sum(harm, states.known.index(states.default)):
        notes.append(sentence)
    names = [s.name for s in states.known]
    front = [names.index(s.name) for s in states.front]
    at = front.index(names.index(states.default.name))
    notes += why_not_the_other(harm[front], at, [names[i] for i in front], advantage_mmHg)
    for twin in Twin:
        if lost := plan.chosen.no_drainage[twin]:
            notes.append(f"{twin.value} {twin.mark}: {', '.join(lost)}: no drainage, infarct expected.")
    notes += [_order_words(order)]
    notes += [f"Wish '{w.words}' asks nothing of this plan." for w in order.idle]
    if task.postponed:
        notes.append(
            f"{', '.join(task.postponed)}: the test clamp failed, and no end state can keep what joins A's "
            "own vessels to B's own. It is left for a later operation, when collaterals have grown."
        )
    notes += plan.situation.circulation.notes
    return notes


def _order_words(order: DivisionOrder) -> str:
    left_out = (
        "Left out: swelling over hours, clot, bleeding, vessel tone, delayed infarct. This says nothing of "
        "other cases, nor that order does not matter."
    )
    if order.worst_peak is None or order.least_burden is None or order.most_burden is None:
        found = (
            "no order has a lower one" if order.exact else f"no order has one under {order.bound:.1f} mmHg"
        )
        return (
            f"{len(order.vessels)} vessels are too many to look at every order: the larger peak of the order "
            f"found is {max(order.peak):.1f} mmHg by the linear search, and {found}. {left_out}"
        )
    return (
        f"For this case, by the linear search, which lets beds hold their flow whatever the pressure and so "
        f"overstates: the larger peak rise is {max(order.peak) + 0.0:.1f} mmHg in the best order and "
        f"{order.worst_peak:.1f} mmHg in the worst; the burden of the child worse off at each step is "
        f"{order.least_burden:.0f} mmHg × steps at best and {order.most_burden:.0f} at worst. {left_out}"
    )


def _facts(task: Task, plan: Plan) -> dict[str, Any]:
    order = plan.order
    return {
        "net_transfusion": transfusion_words(plan.moments, plan.sequence, task.blood_volume_ml),
        "end_states_looked_at": plan.states.looked_at,
        "end_states_exact": plan.states.exact,
        "plan": plan.chosen.name,
        "peak_mmHg": _by_child(plan.peak),
        "order": {
            "exact": order.exact,
            "peak_mmHg": _by_child(order.peak),
            "burden_mmHg_steps": _by_child(order.burden),
            "bound_mmHg": order.bound,
            "worst_peak_mmHg": order.worst_peak,
            "least_burden_mmHg_steps": order.least_burden,
            "most_burden_mmHg_steps": order.most_burden,
        },
        "steps": [list(s) for s in order.steps],
        "course": course_of(task.graph, plan),
    }


def course_of(graph: VesselGraph, plan: Plan) -> dict[str, Any]:
    """Pressure and flow of every vessel through the steps, for the view: passive beds."""
    circulation = plan.situation.circulation
    vessels = [e.id for e in graph.edges]
    index = [circulation.edge_index.get(v) for v in vessels]
    rows = []
    for moment in plan.moments:
        state = moment.states["passive"]
        ends = (state.flow.pressure[state.network.a] + state.flow.pressure[state.network.b]) / 2
        flow = circulation.vessel_flow(state)
        rows.append(
            {
                "divisions": moment.done,
                "pressure_mmHg": [
                    None if i is None or not np.isfinite(ends[i]) else round(float(ends[i]), 3) for i in index
                ],
                "flow_ml_per_min": [
                    None if i is None else round(flow[v], 3) + 0.0
                    for v, i in zip(vessels, index, strict=True)
                ],
            }
        )
    return {"vessels": vessels, "steps": rows}
