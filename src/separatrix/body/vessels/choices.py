"""Every end state that a graph and the wishes leave: searched, and reckoned in full where it matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from separatrix.body.vessels.assignment import TWIN_OF, Assignment, build_assignment
from separatrix.body.vessels.circulation import BEDS, CirculationState
from separatrix.body.vessels.end_states import MOST_ALL
from separatrix.body.vessels.fairness import SHOWN_MMHG, Pair, fairest, undominated, worst_first
from separatrix.body.vessels.model import Bools, Ints, Reals, VesselGraph
from separatrix.body.vessels.situation import Situation
from separatrix.body.vessels.whole_ring import all_states, bits
from separatrix.body.vessels.wishes import Wishes
from separatrix.core import Fault, InfeasibleError, Twin

_FEW = 10
"""Free junctions up to which every labelling is reckoned set by set: nothing is quicker."""

_SET_BY_SET = 16
"""Free junctions up to which that is done where wishes keep vessels whole."""

MOST_CUTS = 4
"""Cut points of what is shared, where there are more free junctions than `end_states.MOST_ALL`."""

_IN_FULL = 32
"""End states, best for the child worse off first, that are reckoned with the full model beside the front."""

_COMPARED = 1000
"""Most end states kept for comparison in other draws."""

_BATCH = 4096
"""End states reckoned at once: bounds the memory."""

_CUT_OFF_SHARE = 0.05
"""A region whose flow falls under this share of its resting flow counts as without drainage."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EndState:
    """Who keeps what in the end, and what it does to each child."""

    name: str
    """``E1`` is the default; then along the front from best for A to best for B."""
    labels: Ints
    """(groups,) of the assignment: 0 for A, 1 for B."""
    divided: tuple[str, ...]
    """Vessels to be divided, sacrificed ones last."""
    harm: Pair
    """Worst rise of A and of B, mmHg, by the worse kind of beds."""
    summed: Pair
    """Sum of the regions' rises of A and of B, mmHg."""
    perfusion: Pair
    """Least share of its perfusion before that a region of A and of B keeps."""
    no_drainage: Mapping[Twin, tuple[str, ...]]
    """Names of regions left without a way out: infarct expected."""

    @property
    def spares_both(self) -> bool:
        """Whether every region of both children keeps a way out."""
        return not any(self.no_drainage.values())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EndStates:
    """What the search found."""

    assignment: Assignment
    looked_at: int
    """How many labellings were reckoned."""
    exact: bool
    """Whether these were all there are; else all with at most `MOST_CUTS` cut points of what is shared."""
    default: EndState
    front: tuple[EndState, ...]
    """Undominated, best for A first; the default is among them."""
    known: tuple[EndState, ...]
    """All that were reckoned in full, the default first."""
    labels: Ints
    """(n, groups) of `known`, then of the next best by the linear search: what is compared in every draw."""


def search_end_states(
    situation: Situation, graph: VesselGraph, wishes: Wishes, *, threads: int | None = None
) -> EndStates:
    """Look at every end state.

    Parameters
    ----------
    situation
        The pair before division.
    graph
        With the vessels that the wishes make.
    wishes
        Honoured: they narrow what is looked at.
    threads
        At most so many; the answer does not depend on it.

    Raises
    ------
    InfeasibleError
        If nothing is left to choose from.
    """
    closed = (*wishes.closed, *situation.gone)
    assignment = build_assignment(graph, uncut=wishes.uncut, given=wishes.given, closed=closed)
    sacrificed = tuple(v for v in wishes.closed if v not in situation.gone)
    if assignment.clashes:
        raise _nothing_follows()
    looked = _look(situation, assignment, wishes, sacrificed, threads)
    if len(looked.worst) == 0:
        raise _nothing_follows()
    ranked = _ranked(looked.worst, looked.summed)
    near = list(dict.fromkeys([*ranked[:_IN_FULL].tolist(), *undominated(looked.worst).tolist()]))
    rows = looked.labels(np.array(near, dtype=np.int64))
    states = [in_full(situation, assignment, row, sacrificed) for row in rows]
    next_best = np.array([i for i in ranked[:_COMPARED].tolist() if i not in set(near)], dtype=np.int64)
    return _told(assignment, len(looked.worst), looked.exact, states, looked.labels(next_best))


def _nothing_follows() -> InfeasibleError:
    return InfeasibleError(
        Fault(
            file="case.yaml",
            field="vessels.wishes",
            problem="no end state follows all wishes",
            mend="delete the wish that holds most together",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Looked:
    """What the linear search says of every labelling it looked at."""

    worst: Reals
    """(n, 2)"""
    summed: Reals
    exact: bool
    labels: Callable[[Ints], Ints]
    """Labels of all groups, of some of the labellings."""


def _look(
    situation: Situation,
    assignment: Assignment,
    wishes: Wishes,
    sacrificed: Sequence[str],
    threads: int | None,
) -> _Looked:
    count = len(assignment.free)
    if _FEW < count <= MOST_ALL and not wishes.uncut:
        return _all_at_once(situation, assignment, sacrificed, threads)
    exact = count <= _SET_BY_SET
    labels = labellings(assignment, None if exact else MOST_CUTS)
    worst, summed = harm_of(situation, assignment, labels, sacrificed)
    return _Looked(worst=worst, summed=summed, exact=exact, labels=lambda rows: labels[rows])


def _all_at_once(
    situation: Situation, assignment: Assignment, sacrificed: Sequence[str], threads: int | None
) -> _Looked:
    order = walk_along(assignment)
    found = all_states(situation.shut(sacrificed), assignment, order, threads)
    room = float(max(situation.arterial - np.minimum(*situation.before.values())))

    def labels(rows: Ints) -> Ints:
        whole = np.tile(assignment.label, (len(rows), 1))
        whole[:, order] = bits(found, rows).reshape(len(rows), len(order))
        return whole

    regions = len(situation.arterial)
    return _Looked(
        worst=np.minimum(found.harm, room),
        summed=np.minimum(found.total, room * regions),
        exact=found.complete,
        labels=labels,
    )


def walk_along(assignment: Assignment) -> list[int]:
    """Free groups in their order along what is shared."""
    free = set(map(int, assignment.free))
    inner = [(c.a, c.b) for c in assignment.chains if c.a in free and c.b in free]
    return _along(sorted(free), inner)


def labellings(assignment: Assignment, most_cuts: int | None) -> Ints:
    """(n, groups) labels of all groups: every way, or those with so many cut points of what is shared.

    A cut point is a chain between two free groups whose ends differ.
    """
    free = set(map(int, assignment.free))
    place: dict[int, int] = {}
    inner = [(c.a, c.b) for c in assignment.chains if c.a in free and c.b in free]
    order = walk_along(assignment)
    partial = np.zeros((1, 0), dtype=np.int8)
    cuts = np.zeros(1, dtype=np.int16)
    for node in order:
        place[node] = len(place)
        behind = [place[b if a == node else a] for a, b in inner if node in (a, b) and {a, b} <= place.keys()]
        behind = [p for p in behind if p != place[node]]
        grown = [np.column_stack([partial, np.full(len(partial), v, dtype=np.int8)]) for v in (0, 1)]
        added = [(g[:, behind] != v).sum(axis=1).astype(np.int16) for v, g in enumerate(grown)]
        partial = np.concatenate(grown)
        cuts = np.concatenate([cuts + more for more in added])
        if most_cuts is not None:
            fine = cuts <= most_cuts
            partial, cuts = partial[fine], cuts[fine]
    whole = np.tile(assignment.label, (len(partial), 1))
    whole[:, order] = partial
    return whole


def _along(free: Sequence[int], inner: Sequence[tuple[int, int]]) -> list[int]:
    """Free groups in the order of a walk along what is shared, so that cut points are met early."""
    beyond: dict[int, list[int]] = {n: [] for n in free}
    for a, b in inner:
        beyond[a].append(b)
        beyond[b].append(a)
    order: list[int] = []
    seen: set[int] = set()
    for start in free:
        stack = [start]
        while stack:
            here = stack.pop()
            if here not in seen:
                seen.add(here)
                order.append(here)
                stack += sorted(beyond[here], reverse=True)
    return order


def cut_matrix(assignment: Assignment, labels: Ints) -> Bools:
    """(n, chains) whether each chain is divided."""
    a = np.array([c.a for c in assignment.chains], dtype=np.int64)
    b = np.array([c.b for c in assignment.chains], dtype=np.int64)
    return np.asarray(labels[:, a] != labels[:, b])


def harm_of(
    situation: Situation, assignment: Assignment, labels: Ints, sacrificed: Sequence[str] = ()
) -> tuple[Reals, Reals]:
    """Worst and summed rise (n, 2) of end states by the linear search, an upper bound for held beds."""
    cuts = cut_matrix(assignment, labels)
    ever = np.flatnonzero(cuts.any(axis=0))
    vessels = [assignment.chains[i].vessel for i in ever] + list(sacrificed)
    closed = np.column_stack([cuts[:, ever], np.ones((len(labels), len(sacrificed)), dtype=bool)])
    parts = [
        situation.harm(vessels, closed[start : start + _BATCH]) for start in range(0, len(closed), _BATCH)
    ]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _ranked(worst: Reals, summed: Reals) -> Ints:
    """End states from the best for the child worse off on."""
    ordered = worst_first(worst)
    return np.lexsort((summed.max(axis=1), ordered[:, 1].round(6), ordered[:, 0].round(6)))


def in_full(
    situation: Situation, assignment: Assignment, labels: Ints, sacrificed: Sequence[str] = ()
) -> EndState:
    """Reckon one end state with the full model: beds that hold their flow give way where they must."""
    divided = (*assignment.divided(labels), *sacrificed)
    states = [situation.state(divided, beds) for beds in BEDS]
    before = [situation.before_state(beds) for beds in BEDS]
    rises = [situation.rise(s.region_pressure[None], beds) for s, beds in zip(states, BEDS, strict=True)]
    worst = np.maximum(*(situation.worst_rise(r) for r in rises))[0]
    summed = np.maximum(*(situation.summed_rise(r) for r in rises))[0]
    kept = np.min(
        [
            situation.circulation.perfusion_mmHg(s) / situation.circulation.perfusion_mmHg(b)
            for s, b in zip(states, before, strict=True)
        ],
        axis=0,
    )
    kept = np.where(np.isfinite(kept), np.clip(kept, 0.0, None), 0.0)
    lost = cut_off(situation, states)
    mine = [situation.child == label for label in (0, 1)]
    least = [float(kept[m].min()) if m.any() else 1.0 for m in mine]
    names = [t.name for t in situation.circulation.territories]
    return EndState(
        name="",
        labels=labels,
        divided=divided,
        harm=(float(worst[0]), float(worst[1])),
        summed=(float(summed[0]), float(summed[1])),
        perfusion=(least[0], least[1]),
        no_drainage={
            t: tuple(n for n, is_lost, m in zip(names, lost, mine[i], strict=True) if is_lost and m)
            for i, t in enumerate(TWIN_OF)
        },
    )


def cut_off(situation: Situation, states: Sequence[CirculationState]) -> Bools:
    """(t,) whether a region has no way out worth the name, by any kind of beds."""
    rest = np.array([t.flow_ml_per_min for t in situation.circulation.territories])
    nodes = [t.node for t in situation.circulation.territories]
    starved = [s.region_flow < _CUT_OFF_SHARE * rest for s in states]
    told = [np.array([n in s.no_drainage for n in nodes], dtype=bool) for s in states]
    return np.asarray(np.any([*starved, *told], axis=0)) if nodes else np.zeros(0, dtype=bool)


def _worth_showing(harm: Reals, front: Sequence[int]) -> list[int]:
    """The front without states that gain a child nothing that is printed and cost the other something."""
    return [
        i
        for i in front
        if not any(
            (harm[j] <= harm[i] + SHOWN_MMHG).all() and (harm[j] < harm[i] - SHOWN_MMHG).any() for j in front
        )
    ]


def _told(
    assignment: Assignment, looked_at: int, exact: bool, states: Sequence[EndState], next_best: Ints
) -> EndStates:
    harm = np.array([s.harm for s in states])
    best = fairest(
        harm, np.array([max(s.summed) for s in states]), np.array([len(s.divided) for s in states])
    )
    front = _worth_showing(harm, [int(i) for i in undominated(harm)])
    front = [
        i for i in front if np.abs(harm[i] - harm[best]).max() > SHOWN_MMHG
    ]  # as good: the default stands
    front = sorted([*front, best], key=lambda i: (harm[i, 0], -harm[i, 1]))
    names = {best: "E1"}
    for i in front:
        names.setdefault(i, f"E{len(names) + 1}")
    rest = [i for i in range(len(states)) if i not in names]
    names |= {i: f"E{len(names) + n + 1}" for n, i in enumerate(rest)}
    named = {i: replace(states[i], name=names[i]) for i in names}
    known = sorted(named, key=lambda i: int(names[i][1:]))
    return EndStates(
        assignment=assignment,
        looked_at=looked_at,
        exact=exact,
        default=named[best],
        front=tuple(named[i] for i in front),
        known=tuple(named[i] for i in known),
        labels=np.concatenate([[states[i].labels for i in known], next_best]),
    )
