"""A plan for the division: the end state, the order to it, and what each step does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from separatrix.body.vessels.assignment import still_joined
from separatrix.body.vessels.choices import EndState, EndStates, search_end_states
from separatrix.body.vessels.circulation import CirculationInputs
from separatrix.body.vessels.course import Moment, follow
from separatrix.body.vessels.fairness import Pair
from separatrix.body.vessels.model import Edge, VesselGraph, VesselKind
from separatrix.body.vessels.parameters import Values
from separatrix.body.vessels.sequence import DivisionOrder, find_order
from separatrix.body.vessels.situation import Situation, situation_of
from separatrix.body.vessels.wishes import MADE, Wish, Wishes
from separatrix.case import PlanChoice
from separatrix.core import Fault, InputError, Twin, Unknown, near_names


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """What is to be planned."""

    graph: VesselGraph
    """With the vessels that the wishes make."""
    inputs: CirculationInputs
    """Of that graph."""
    values: Values
    """Fitted to the observations where there are any."""
    wishes: Wishes
    gone: tuple[str, ...] = ()
    """Vessels divided already."""
    postponed: tuple[str, ...] = ()
    """Vessels whose test clamp failed and which must be divided all the same: last, in a later operation."""
    choice: PlanChoice | None = None
    threads: int = 1
    blood_volume_ml: Mapping[Twin, float | Unknown] = field(default_factory=dict)

    @property
    def made(self) -> tuple[str, ...]:
        """Vessels to be made by wish."""
        return tuple(w.names[0] for w in self.wishes.items if w.kind in MADE)

    def situation(self) -> Situation:
        """The pair as it is now."""
        return situation_of(self.inputs, self.values, made=self.made, gone=self.gone)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """One division, found and followed."""

    situation: Situation
    states: EndStates
    chosen: EndState
    """The default, or what a named person chose."""
    order: DivisionOrder
    moments: tuple[Moment, ...]
    """Before anything, then after each vessel of `sequence`."""
    operation_of: Mapping[str, int] = field(default_factory=dict)
    """Operation of each vessel, where there are several."""
    occluded: tuple[str, ...] = ()
    """Vessels closed early by a catheter."""

    @property
    def sequence(self) -> tuple[str, ...]:
        """Vessels in the order in which they are dealt with: those that are made come first."""
        return (*self.situation.made, *self.order.vessels)

    @property
    def peak(self) -> Pair:
        """Largest worst rise of A and of B at any moment, by the full model."""
        a, b = (max(m.rise_mmHg[t] for m in self.moments) for t in Twin)
        return a, b


def make_plan(task: Task) -> Plan:
    """Search end states and orders, and follow the best plan with the full model.

    Raises
    ------
    InfeasibleError
        If the wishes leave no end state.
    InputError
        If no order follows the wishes, or the named choice is no plan of the front.
    """
    situation = task.situation()
    states = search_end_states(situation, task.graph, task.wishes, threads=task.threads)
    chosen = _chosen(states, task.choice)
    late = [v for v in chosen.divided if v in task.postponed]
    now = [v for v in chosen.divided if v not in task.postponed]
    order = find_order(situation, now, task.wishes, threads=task.threads)
    order = replace(order, steps=(*order.steps, *((v,) for v in late)))
    moments = follow([(situation, (*situation.made, *order.vessels))])
    return Plan(situation=situation, states=states, chosen=chosen, order=order, moments=moments)


def _chosen(states: EndStates, choice: PlanChoice | None) -> EndState:
    if choice is None:
        return states.default
    by_name = {s.name: s for s in states.known}
    if choice.plan not in by_name:
        raise InputError(
            Fault(
                file="case.yaml",
                field="vessels.choice.plan",
                problem=f"no end state '{choice.plan}'",
                expected=f"one of the front: {', '.join(s.name for s in states.front)}",
                mend=near_names(choice.plan, by_name),
            )
        )
    return by_name[choice.plan]


def prices(task: Task, plan: Plan) -> list[dict[str, object]]:
    """What each wish costs each child: its peak with the wish less its peak without, in mmHg."""
    found: list[dict[str, object]] = []
    idle = {w.number for w in plan.order.idle}
    for wish in task.wishes.items:
        others = task.wishes.without(wish)
        row: dict[str, object] = {
            "wish": wish.words,
            "kind": wish.kind,
            "names": list(wish.names),
            "why": wish.why,
        }
        if wish.number in idle:
            row |= {"honoured": True, "price_mmHg": {t.value: 0.0 for t in Twin}}
            row["note"] = "asks nothing of this plan: it speaks of a vessel that the plan does not divide"
        else:
            free = make_plan(replace(_without_made(task, wish), wishes=others, choice=None))
            row |= {"honoured": True, "price_mmHg": _difference(plan.peak, free.peak)}
            row["note"] = _price_words(plan.peak, free.peak)
        found.append(row)
    return found


def _without_made(task: Task, wish: Wish) -> Task:
    """The task without the vessel that a wish makes: shut, and too thin to count while beds are sized."""
    if wish.kind not in MADE:
        return task
    factor = task.values.radius_factor.copy()
    factor[[n for n, e in enumerate(task.graph.edges) if e.id == wish.names[0]]] = 1e-3
    values = replace(task.values, radius_factor=factor)
    return replace(task, values=values, gone=(*task.gone, wish.names[0]))


def _difference(with_wish: Pair, without: Pair) -> dict[str, float]:
    return {t.value: round(with_wish[i] - without[i], 3) for i, t in enumerate(Twin)}


def _price_words(with_wish: Pair, without: Pair) -> str:
    parts = []
    for i, twin in enumerate(Twin):
        change = with_wish[i] - without[i]
        word = "costs" if change > 0 else "spares"
        parts.append(
            f"{word} {twin.value} {abs(change):.1f} mmHg" if abs(change) >= 0.05 else f"free for {twin.value}"
        )
    return ", ".join(parts)


def sinus_end(edge: Edge, graph: VesselGraph) -> str:
    """The end of a vessel that is a sinus's, or the wider one: whoever has it keeps what is left."""
    sinus = {
        n
        for e in graph.edges
        if e.id != edge.id and e.kind in (VesselKind.CIRCUMFERENTIAL_SINUS, VesselKind.DURAL_SINUS)
        for n in (e.a, e.b)
    }
    if (edge.a in sinus) != (edge.b in sinus):
        return edge.a if edge.a in sinus else edge.b
    # Of ends alike the name decides, whichever way round the vessel was drawn.
    return edge.a if (edge.radius_mm[0], edge.b) > (edge.radius_mm[-1], edge.a) else edge.b


def nothing_joins(graph: VesselGraph, gone: Sequence[str]) -> bool:
    """Whether the children share no vessel (any more)."""
    return still_joined(graph, gone) is None
