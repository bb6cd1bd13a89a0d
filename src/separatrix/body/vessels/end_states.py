"""Who keeps which shared node: every end state of the ring, and what each asks of each child.

After the division the children share nothing, so a state is two networks: A's own with the shared nodes
left to A, and B's own with the rest. Vessels whose ends differ are divided. Each child's harm is computed
alone, over all subsets of shared nodes, and the two are joined state by state.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from separatrix.body.vessels.model import Bools, Ints, Network, Reals
from separatrix.body.vessels.ports import PortSystem, reduce_to_ports
from separatrix.core import Fault, InfeasibleError, InputError

States = npt.NDArray[np.uint64]

MOST_ALL = 20
"""Most free shared nodes of which all assignments are tried; above, those with at most four cut points."""

MOST_NODES = 62
"""Most shared nodes: a state is one 64-bit word."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelStates:
    """End states and their harm per child."""

    states: States
    """(n,) bit i set: shared node i goes to B."""
    nodes: int
    """Number of shared nodes."""
    harm: Reals
    """(n, 2) worst rise of A and B (mmHg): the largest over the child's observed nodes and over all beds;
    +inf where a territory has *no drainage*."""
    total: Reals
    """(n, 2) sum of all rises above zero (mmHg), the larger over the beds; +inf as in `harm`."""
    complete: bool
    """Whether these are all assignments; False: all with at most four cut points along the ring."""

    @property
    def drained(self) -> Bools:
        """(n,) states in which every territory of both children reaches an outlet."""
        return np.asarray(np.isfinite(self.harm).all(axis=1))

    def labels(self, index: int) -> Ints:
        """(nodes,) 0 where the shared node goes to A, 1 where to B, in one state."""
        return np.array([int(self.states[index]) >> i & 1 for i in range(self.nodes)], dtype=np.int64)


def label_states(
    networks: Sequence[Network],
    shared: Ints,
    owner: Ints | Sequence[Ints],
    observed: Ints,
    *,
    supplies: Sequence[Ints | None] | None = None,
    baseline: Reals | None = None,
    fixed: Ints | None = None,
    threads: int | None = None,
) -> LabelStates:
    """Evaluate the end states: all for up to `MOST_ALL` free nodes, else all with at most four cut points.

    Parameters
    ----------
    networks
        The joined children under each kind of bed (passive, held), with the same shared and observed nodes.
        Linear; see `ports.linearised`.
    shared
        (s,) nodes to be given to A or B, in their order along the ring where there is one. None may have an
        inflow of its own.
    owner
        (n,) of each node: 0 A's, 1 B's, anything else at shared nodes. One array, or one per network.
    observed
        (m,) own nodes whose pressure matters.
    supplies
        Per network, the held nodes that bring blood in and drain none.
    baseline
        (networks, m) pressure before, from which a rise is measured; None: of the joined networks.
    fixed
        (s,) 0 or 1 where a node is already given, −1 where it is free.
    threads
        At most so many; the answer does not depend on it.

    Raises
    ------
    InputError
        If there are over `MOST_NODES` shared nodes, or one has an inflow or an observed pressure of its own.
    """
    _check(networks, shared, observed)
    given = np.full(shared.size, -1, dtype=np.int64) if fixed is None else fixed
    states, complete = _states(given)
    owners = list(owner) if not isinstance(owner, np.ndarray) else [owner] * len(networks)
    feeds = [None] * len(networks) if supplies is None else list(supplies)
    harm = np.full((states.size, 2), -np.inf)
    total = np.zeros((states.size, 2))
    for number, (network, owns, feed) in enumerate(zip(networks, owners, feeds, strict=True)):
        before = _before(network, observed, feed) if baseline is None else baseline[number]
        for child in (0, 1):
            mine = owns[observed] == child
            if mine.any():
                seen = _Seen(observed=observed[mine], before=before[mine])
                _add_child(network, shared, owns, seen, feed, child, states, harm, total, threads)
    harm[np.isneginf(harm)] = 0.0  # a child without observed nodes
    return LabelStates(states=states, nodes=int(shared.size), harm=harm, total=total, complete=complete)


def front(harm: Reals) -> Ints:
    """Indices of the undominated states, A's harm rising and B's falling; states without drainage are out.

    Of equal states the first stays.

    Examples
    --------
    >>> front(np.array([[3.0, 1.0], [1.0, 2.0], [2.0, 2.0], [1.0, np.inf]])).tolist()
    [1, 0]
    """
    usable = np.flatnonzero((harm < np.inf).all(axis=1))
    order = usable[np.lexsort((usable, harm[usable, 1], harm[usable, 0]))]
    least = np.minimum.accumulate(np.concatenate([[np.inf], harm[order, 1]]))
    return np.asarray(order[harm[order, 1] < least[:-1]], dtype=np.int64)


def cut_edges(network: Network, shared: Ints, owner: Ints, labels: Ints) -> Ints:
    """Open edges whose ends belong to different children when the shared nodes are labelled so."""
    full = owner.copy()
    full[shared] = labels
    return np.flatnonzero(network.is_open & (full[network.a] != full[network.b]))


def _check(networks: Sequence[Network], shared: Ints, observed: Ints) -> None:
    """All faults at once."""
    faults = []
    if shared.size > MOST_NODES:
        problem = f"{shared.size} shared nodes"
        faults.append(
            Fault(
                field="shared",
                problem=problem,
                expected=f"at most {MOST_NODES}",
                mend="merge nodes that go together",
            )
        )
    for node in np.intersect1d(shared, observed):
        name = networks[0].node_ids[node]
        faults.append(Fault(field=name, problem="is shared and observed", expected="a node of one child"))
    for network in networks:
        for node in shared[network.inflow[shared] != 0]:
            name = network.node_ids[node]
            faults.append(Fault(field=name, problem="a shared node has an inflow of its own"))
    if faults:
        raise InputError(*faults)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """One child's observed nodes and their pressures before."""

    observed: Ints
    before: Reals


def _before(network: Network, observed: Ints, supplies: Ints | None) -> Reals:
    """Pressures of the joined network."""
    nothing = np.empty(0, dtype=np.int64)
    return reduce_to_ports(network, nothing, observed, supplies=supplies).pressure


def _add_child(
    network: Network,
    shared: Ints,
    owner: Ints,
    seen: _Seen,
    supplies: Ints | None,
    child: int,
    states: States,
    harm: Reals,
    total: Reals,
    threads: int | None,
) -> None:
    """Keep the larger of what is there and this child's harm under these beds."""
    from separatrix.body.vessels.clamp_states import in_pieces
    from separatrix.body.vessels.label_kernel import harms

    own = _own_network(network, shared, owner, child)
    position = np.full(len(network.node_ids), -1, dtype=np.int64)
    position[shared] = np.arange(shared.size)
    vessels, ends = _vessels(own, position)
    try:
        system = reduce_to_ports(own, vessels, seen.observed, supplies=supplies)
    except InfeasibleError:  # a territory that drained through the other child's own vessels alone
        harm[:, child] = total[:, child] = np.inf
        return
    fixed = (*_tableau(system, seen.before), ends, *_incidence(ends, shared.size))
    parts = (system.parts, system.drains, system.bears)
    every = np.uint64((1 << shared.size) - 1)
    away = states if child == 0 else (states ^ every)[::-1]  # nodes this child loses, ascending
    worst = np.ascontiguousarray(harm[:, child] if child == 0 else harm[::-1, child])
    summed = np.ascontiguousarray(total[:, child] if child == 0 else total[::-1, child])

    def run(first: int, last: int) -> None:
        part = slice(first, last)
        harms(*fixed, *parts, np.ascontiguousarray(away[part]), worst[part], summed[part])

    in_pieces(run, states.size, threads, 1)
    harm[:, child] = worst if child == 0 else worst[::-1]
    total[:, child] = summed if child == 0 else summed[::-1]


def _own_network(network: Network, shared: Ints, owner: Ints, child: int) -> Network:
    """What is left if every shared node goes to this child and all between the children is divided."""
    mine = owner == child
    mine[shared] = True
    is_open = network.is_open & mine[network.a] & mine[network.b]
    return replace(network, is_open=is_open, inflow=np.where(mine, network.inflow, 0.0))


def _vessels(own: Network, position: Ints) -> tuple[Ints, Ints]:
    """Open edges at shared nodes, sorted by their lower end, and both ends as places along the ring.

    A vessel to an own node has the same place twice.
    """
    a, b = position[own.a], position[own.b]
    edges = np.flatnonzero(own.is_open & ((a >= 0) | (b >= 0)))
    a, b = a[edges], b[edges]
    a, b = np.where(a < 0, b, a), np.where(b < 0, a, b)
    ends = np.column_stack([np.minimum(a, b), np.maximum(a, b)])
    order = np.lexsort((edges, ends[:, 1], ends[:, 0]))
    return edges[order], ends[order]


def _tableau(system: PortSystem, before: Reals) -> tuple[Reals, Reals, Reals]:
    """(k, k + 1), (k + 1, m) and least pivots (k,), as the kernel wants them."""
    from separatrix.body.vessels.clamp_kernel import SINGULAR

    m_root = np.column_stack([system.stiffness, -system.drive])
    c_root = np.vstack([system.reach.T, system.pressure - before])
    return m_root, c_root, SINGULAR * system.resistance


def _incidence(ends: Ints, nodes: int) -> tuple[Ints, Ints, Ints]:
    """Starts of vessels by lower end (nodes + 1,); vessels by upper end where it differs, and starts."""
    start = np.searchsorted(ends[:, 0], np.arange(nodes + 1))
    apart = np.flatnonzero(ends[:, 0] != ends[:, 1])
    touch = apart[np.argsort(ends[apart, 1], kind="stable")]
    return start.astype(np.int64), touch, np.searchsorted(ends[touch, 1], np.arange(nodes + 1))


def _states(given: Ints) -> tuple[States, bool]:
    """The states to evaluate, ascending, and whether they are all there are."""
    free = np.flatnonzero(given < 0)
    base = np.uint64(sum(1 << i for i in np.flatnonzero(given == 1).tolist()))
    if free.size <= MOST_ALL:
        number = np.arange(1 << free.size, dtype=np.uint64)
        states = np.full(number.size, base, dtype=np.uint64)
        for bit, node in enumerate(free.tolist()):
            states |= ((number >> np.uint64(bit)) & np.uint64(1)) << np.uint64(node)
        return states, True
    states = few_cuts(given.size)
    kept = sum(1 << i for i in np.flatnonzero(given >= 0).tolist())
    return states[(states & np.uint64(kept)) == base], False


def few_cuts(nodes: int) -> States:
    """All labellings of a ring of nodes with at most four cut points, ascending.

    Examples
    --------
    >>> [few_cuts(n).size for n in (1, 2, 4, 5, 6)]
    [2, 4, 16, 32, 62]
    """
    every = (1 << nodes) - 1
    found = {0, every}
    for cuts in (2, 4):
        for at in itertools.combinations(range(nodes), cuts):
            mask = 0
            for first, last in zip(at[::2], at[1::2], strict=True):
                mask |= (1 << last) - (1 << first)
            found.add(mask)
            found.add(every ^ mask)
    return np.array(sorted(found), dtype=np.uint64)
