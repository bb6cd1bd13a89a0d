"""The surgeon's wishes: read against the vessels, checked against each other, turned into rules."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from separatrix.body.vessels.assignment import build_assignment
from separatrix.body.vessels.model import Bools, Edge, Ints, VesselGraph, VesselKind
from separatrix.case import GraftSpec, WishSpec
from separatrix.core import Fault, InputError, Owner, Twin, near_names

MADE = {"graft": "graft", "bypass": "bypass"}
"""Kinds of wish that make a vessel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One wish, its names known to be there."""

    number: int
    """Its place in ``vessels.wishes`` of the case, from 0."""
    kind: str
    names: tuple[str, ...]
    """Vessels or nodes it speaks of; of a graft, the id of the vessel it makes."""
    why: str = ""
    graft: GraftSpec | None = None

    @property
    def words(self) -> str:
        """The wish as a surgeon would say it."""
        listed = ", ".join(self.names)
        return {
            "before": " before ".join(self.names),
            "never": f"{listed} is not divided",
            "together": f"{' and '.join(self.names)} as one step",
            "first": f"{listed} before all others",
            "to_A": f"{listed} goes to A",
            "to_B": f"{listed} goes to B",
            "sacrifice": f"{listed} is sacrificed",
        }.get(self.kind) or f"{self.kind} {self._made}"

    @property
    def _made(self) -> str:
        assert self.graft is not None
        return f"from {self.graft.between[0]} to {self.graft.between[1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """All wishes of a case."""

    items: tuple[Wish, ...] = ()

    def of(self, kind: str) -> Iterator[Wish]:
        """Wishes of one kind, in the order of the case."""
        return (w for w in self.items if w.kind == kind)

    def without(self, wish: Wish) -> Wishes:
        """The others: what the plan would be without this one shows its price."""
        return Wishes(items=tuple(w for w in self.items if w != wish))

    @property
    def uncut(self) -> tuple[str, ...]:
        """Vessels that are not to be divided, and those that are made."""
        return tuple(w.names[0] for w in self.items if w.kind in ("never", *MADE))

    @property
    def closed(self) -> tuple[str, ...]:
        """Vessels that neither child keeps."""
        return tuple(w.names[0] for w in self.of("sacrifice"))

    @property
    def given(self) -> dict[str, Twin]:
        """Child of each vessel or node that one is wished for."""
        return {w.names[0]: Twin(w.kind[-1]) for w in self.items if w.kind in ("to_A", "to_B")}


def read_wishes(specs: Sequence[WishSpec], graph: VesselGraph) -> tuple[VesselGraph, Wishes]:
    """The wishes of a case, and the graph with the vessels they make.

    Parameters
    ----------
    specs
        ``vessels.wishes`` of the case.
    graph
        Vessels of both children.

    Returns
    -------
    VesselGraph, Wishes
        Grafts and bypasses stand in the graph as edges of kind `VesselKind.GRAFT`.

    Raises
    ------
    InputError
        With every name that is not in the graph and every contradiction: a cycle of *before*, a vessel
        both kept whole and divided, a wish that would leave the children joined.
    """
    edges, nodes = {e.id for e in graph.edges}, {n.id for n in graph.nodes}
    wishes = Wishes(items=tuple(_wish(i, spec) for i, spec in enumerate(specs)))
    faults = [fault for wish in wishes.items for fault in _name_faults(wish, edges, nodes)]
    if faults:
        raise InputError(*faults)
    grown = _with_made(graph, wishes)
    if faults := [*_cycle_faults(wishes), *_pair_faults(wishes), *_joined_faults(wishes, grown)]:
        raise InputError(*faults)
    return grown, wishes


def _wish(number: int, spec: WishSpec) -> Wish:
    value = getattr(spec, spec.kind)
    if isinstance(value, GraftSpec):
        name = f"{spec.kind.capitalize()}-{'-'.join(value.between)}"
        return Wish(number=number, kind=spec.kind, names=(name,), why=spec.why, graft=value)
    names = (value,) if isinstance(value, str) else tuple(value)
    return Wish(number=number, kind=spec.kind, names=names, why=spec.why)


def _fault(wish: Wish, problem: str, *, expected: str = "", mend: str = "") -> Fault:
    field = f"vessels.wishes[{wish.number}].{wish.kind}"
    return Fault(file="case.yaml", field=field, problem=problem, expected=expected, mend=mend)


def _name_faults(wish: Wish, edges: set[str], nodes: set[str]) -> Iterator[Fault]:
    known, expected = edges, "a vessel of the graph"
    names: Iterable[str] = wish.names
    if wish.kind in ("to_A", "to_B"):
        known, expected = edges | nodes, "a vessel or a node of the graph"
    elif wish.graft is not None:
        known, expected, names = nodes, "a node of the graph", wish.graft.between
        if wish.graft.between[0] == wish.graft.between[1]:
            yield _fault(wish, f"joins '{wish.graft.between[0]}' to itself", expected="two different nodes")
    for name in names:
        if name not in known:
            yield _fault(wish, f"no '{name}'", expected=expected, mend=near_names(name, known))
    for name in sorted({n for n in wish.names if wish.names.count(n) > 1}):
        yield _fault(wish, f"'{name}' stands twice", expected="each vessel once")


def _with_made(graph: VesselGraph, wishes: Wishes) -> VesselGraph:
    made = [
        Edge(
            id=w.names[0],
            a=w.graft.between[0],
            b=w.graft.between[1],
            kind=VesselKind.GRAFT,
            owner=Owner.NONE,
            crossing=False,
            length_mm=w.graft.length_mm,
            radius_mm=(w.graft.radius_mm,),
            marks=(f"{w.kind} by wish",),
        )
        for w in wishes.items
        if w.graft is not None
    ]
    return replace(graph, edges=(*graph.edges, *made)) if made else graph


def _cycle_faults(wishes: Wishes) -> Iterator[Fault]:
    after: dict[str, list[tuple[str, Wish]]] = {}
    for wish in wishes.of("before"):
        for u, v in itertools.pairwise(wish.names):
            after.setdefault(u, []).append((v, wish))
    done: set[str] = set()
    for start in after:
        found = _cycle_from(start, after, done)
        if found:
            last = max(found, key=lambda step: step[1].number)[1]
            numbers = sorted({w.number + 1 for _, w in found})
            course = " before ".join([found[-1][0], *(name for name, _ in found)])
            yield _fault(
                last,
                f"goes round in a circle: {course} (wish{'es' if len(numbers) > 1 else ''} "
                f"{', '.join(map(str, numbers))})",
                expected="an order that can be followed",
                mend="delete one of these wishes",
            )
            return


def _cycle_from(
    start: str, after: Mapping[str, list[tuple[str, Wish]]], done: set[str]
) -> list[tuple[str, Wish]]:
    """The steps of a circle that can be reached from a vessel; empty where there is none."""
    path: list[tuple[str, Wish]] = []
    places = [start]
    ways = [iter(after.get(start, ()))]
    while ways:
        step = next(ways[-1], None)
        if step is None:
            done.add(places.pop())
            ways.pop()
            if path:
                path.pop()
        elif step[0] in places:
            return [*path[places.index(step[0]) :], step]
        elif step[0] not in done:
            path.append(step)
            places.append(step[0])
            ways.append(iter(after.get(step[0], ())))
    return []


def _pair_faults(wishes: Wishes) -> Iterator[Fault]:
    """Wishes for one vessel that exclude each other."""
    kept = {w.names[0]: w for w in wishes.of("never")}
    for wish in wishes.items:
        clash = [kept[n] for n in wish.names if n in kept]
        if wish.kind in ("before", "together", "first", "sacrifice") and clash:
            yield _fault(
                wish,
                f"'{clash[0].names[0]}' is also to be kept undivided (wish {clash[0].number + 1})",
                mend="delete one of the two",
            )
    for name in {w.names[0] for w in wishes.of("to_A")} & {w.names[0] for w in wishes.of("to_B")}:
        last = max((w for w in wishes.items if w.names[0] == name), key=lambda w: w.number)
        yield _fault(last, f"'{name}' is wished for both children", mend="delete one of the two")
    apart = [set(w.names) for w in wishes.of("together")]
    for wish in wishes.of("before"):
        for both in apart:
            if len(both & set(wish.names)) > 1:
                yield _fault(
                    wish, "speaks of vessels that are wished as one step", mend="delete one of the two"
                )


def _joined_faults(wishes: Wishes, graph: VesselGraph) -> Iterator[Fault]:
    """Wishes under which the children would stay joined."""
    owner = {n.id: n.owner for n in graph.nodes}
    ends = {e.id: (e.a, e.b) for e in graph.edges}
    for wish in wishes.items:
        if wish.kind in ("to_A", "to_B"):
            against = Owner.B if wish.kind == "to_A" else Owner.A
            name = wish.names[0]
            for node in ends.get(name, (name,)):
                if owner[node] is against:
                    yield _fault(
                        wish,
                        f"{f'the end {node} of ' if node != name else ''}'{name}' is part of "
                        f"{against.name}'s own vessels",
                        expected="what is shared",
                        mend="wish for the shared part only",
                    )
    label = build_assignment(graph, uncut=wishes.uncut, given=wishes.given, closed=wishes.closed)
    for a, b in label.clashes:
        culprit = next((w for w in reversed(wishes.items) if w.kind in ("never", *MADE)), None)
        if culprit is not None:
            yield _fault(
                culprit,
                f"with the other wishes it keeps {a} (A) and {b} (B) joined",
                expected="that no vessel joins the children in the end",
                mend="delete this wish, or those it clashes with",
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderRules:
    """What the wishes say of the order of k vessels, as s ≤ k steps."""

    steps: tuple[tuple[int, ...], ...]
    """Vessels of each step, as indices; more than one where they are wished as one step."""
    pairs: tuple[tuple[int, int], ...]
    """(u, v): step u comes before step v."""
    idle: tuple[Wish, ...]
    """Wishes that speak of a vessel which this end state does not divide."""

    def allowed(self) -> Bools:
        """(2**s,) whether a set of steps done, as bits, is one that the order may pass."""
        states = np.arange(1 << len(self.steps), dtype=np.int64)
        fine = np.ones(len(states), dtype=bool)
        for u, v in self.pairs:
            fine &= ((states >> v) & 1) <= ((states >> u) & 1)
        return fine

    def vessel_states(self) -> Ints:
        """(2**s,) the set of vessels divided, as bits, for every set of steps."""
        states = np.arange(1 << len(self.steps), dtype=np.int64)
        found = np.zeros(len(states), dtype=np.int64)
        for bit, step in enumerate(self.steps):
            mask = sum(1 << vessel for vessel in step)
            found |= np.where((states >> bit) & 1 == 1, mask, 0)
        return found


def order_rules(wishes: Wishes, vessels: Sequence[str]) -> OrderRules:
    """The rules of order among the vessels that an end state divides.

    Raises
    ------
    InputError
        If the wishes for these vessels contradict each other only through *first* or *together*.
    """
    index = {v: i for i, v in enumerate(vessels)}
    group = list(range(len(vessels)))
    idle = [
        w
        for w in wishes.items
        if w.kind in ("before", "together", "first", "sacrifice") and not set(w.names) <= index.keys()
    ]
    for wish in wishes.of("together"):
        members = [index[n] for n in wish.names if n in index]
        for m in members[1:]:
            group = [group[members[0]] if g == group[m] else g for g in group]
    kinds = sorted(set(group))
    step_of = {v: kinds.index(group[index[v]]) for v in vessels}
    pairs = {
        (step_of[u], step_of[v])
        for w in wishes.of("before")
        for names in [[n for n in w.names if n in index]]
        for u, v in itertools.pairwise(names)
    }
    for wish in wishes.of("first"):
        early = {step_of[n] for n in wish.names if n in index}
        pairs |= {(u, v) for u in early for v in range(len(kinds)) if v not in early}
    rules = OrderRules(
        steps=tuple(tuple(i for i, g in enumerate(group) if g == kind) for kind in kinds),
        pairs=tuple(sorted(pairs)),
        idle=tuple(idle),
    )
    _check_order(rules, wishes, vessels)
    return rules


def _check_order(rules: OrderRules, wishes: Wishes, vessels: Sequence[str]) -> None:
    left = set(range(len(rules.steps)))
    while left:
        ready = {v for v in left if not any(b == v and a in left for a, b in rules.pairs)}
        if not ready:
            stuck = sorted(vessels[i] for step in left for i in rules.steps[step])
            last = [w for w in wishes.items if w.kind in ("before", "first", "together")][-1]
            raise InputError(
                _fault(
                    last,
                    f"no order of {', '.join(stuck)} follows all wishes",
                    expected="wishes that an order can follow",
                    mend="delete one of the wishes before, first or together that name these vessels",
                )
            )
        left -= ready
