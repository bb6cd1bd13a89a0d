"""What each division does: the pair followed vessel by vessel through a plan, with the full model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.body.vessels.assignment import TWIN_OF
from separatrix.body.vessels.choices import cut_off
from separatrix.body.vessels.circulation import BEDS, Beds, CirculationState
from separatrix.body.vessels.exchange import Exchange, exchange
from separatrix.body.vessels.fairness import told
from separatrix.body.vessels.model import Reals
from separatrix.body.vessels.situation import Situation
from separatrix.core import Twin

_WORTH_TELLING = 0.15
"""A region is named among those a vessel drains where it gives at least this share of its blood."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moment:
    """The pair after so many vessels of a plan."""

    done: int
    """How many vessels are dealt with."""
    pressure_mmHg: Mapping[Twin, float]
    """Venous pressure of each child's worst region, by the worse kind of beds."""
    rise_mmHg: Mapping[Twin, float]
    """Largest rise of any region over the state before, by the worse kind of beds."""
    worst_region: Mapping[Twin, str]
    """The region that rises most; says so where it has no way out."""
    least_perfusion: Mapping[Twin, float]
    """Least share of its perfusion before that a region keeps."""
    no_drainage: Mapping[Twin, tuple[str, ...]]
    exchange: Exchange
    """With passive beds."""
    states: Mapping[Beds, CirculationState]
    """By kind of beds."""


def follow(operations: Sequence[tuple[Situation, Sequence[str]]]) -> tuple[Moment, ...]:
    """The moments of a plan: before anything, then after each vessel.

    Parameters
    ----------
    operations
        For each operation the pair as it comes to it (grown since the last one) and the vessels in their
        order; a vessel to be made is opened, every other closed.
    """
    first = operations[0][0]
    moments = [_moment(first, first.made, 0, first)]
    closed = list(first.made)
    for situation, vessels in operations:
        for vessel in vessels:
            if vessel in closed:
                closed.remove(vessel)
            else:
                closed.append(vessel)
            moments.append(_moment(situation, closed, len(moments), first))
    return tuple(moments)


def _moment(situation: Situation, closed: Sequence[str], done: int, first: Situation) -> Moment:
    states = {beds: situation.state(closed, beds) for beds in BEDS}
    rises = np.array([first.rise(states[beds].region_pressure[None], beds)[0] for beds in BEDS])
    arterial = first.arterial
    pressures = np.array(
        [np.minimum(np.nan_to_num(s.region_pressure, nan=np.inf), arterial) for s in states.values()]
    )
    before = {beds: first.before_state(beds) for beds in BEDS}
    kept = np.min(
        [
            situation.circulation.perfusion_mmHg(states[b]) / first.circulation.perfusion_mmHg(before[b])
            for b in BEDS
        ],
        axis=0,
    )
    kept = np.where(np.isfinite(kept), np.maximum(kept, 0.0), 0.0)
    lost = cut_off(situation, list(states.values()))
    names = [t.name for t in situation.circulation.territories]
    worst: dict[str, dict[Twin, float]] = {"pressure": {}, "rise": {}, "kept": {}}
    region: dict[Twin, str] = {}
    cut: dict[Twin, tuple[str, ...]] = {}
    for twin in TWIN_OF:
        mine = np.flatnonzero(situation.child == TWIN_OF.index(twin))
        cut[twin] = tuple(names[i] for i in mine if lost[i])
        if not len(mine):
            worst["pressure"][twin], worst["rise"][twin], worst["kept"][twin] = 0.0, 0.0, 1.0
            region[twin] = "no region in the graph"
            continue
        where = int(mine[np.argmax(rises[:, mine].max(axis=0))])
        worst["pressure"][twin] = float(pressures[:, mine].max())
        worst["rise"][twin] = float(rises[:, where].max())
        worst["kept"][twin] = float(kept[mine].min())
        region[twin] = names[where] + (": no drainage, infarct expected" if lost[where] else "")
    return Moment(
        done=done,
        pressure_mmHg=worst["pressure"],
        rise_mmHg=worst["rise"],
        worst_region=region,
        least_perfusion=worst["kept"],
        no_drainage=cut,
        exchange=exchange(situation.circulation, states["passive"]),
        states=states,
    )


def region_shares(situation: Situation, state: CirculationState) -> Reals:
    """(edges, t) share of each region's blood in every edge; 0 where nothing flows.

    Blood keeps its region as it flows; where vessels meet it mixes in proportion.
    """
    from scipy.sparse import coo_matrix, csc_matrix
    from scipy.sparse.linalg import splu

    w, network, flow = situation.circulation.wiring, state.network, state.flow.flow
    n, regions = len(network.node_ids), len(w.territory_nodes)
    up = np.where(flow >= 0, network.a, network.b)
    down = np.where(flow >= 0, network.b, network.a)
    size = np.abs(flow)
    size[size < 1e-9 * size.max(initial=0.0)] = 0.0
    supply = np.zeros(len(flow), dtype=bool)
    supply[w.bed_edges] = True
    supply[w.foreign_beds] = True
    total = np.bincount(down, weights=size, minlength=n) + network.inflow
    brought = np.bincount(down[supply], weights=size[supply], minlength=n) + network.inflow
    mixing = (total > 0) & np.isnan(network.fixed)
    into = mixing[down] & ~supply & (size > 0)
    rows = np.concatenate([down[into], np.arange(n)])
    columns = np.concatenate([up[into], np.arange(n)])
    values = np.concatenate([-size[into], np.where(mixing, total, 1.0)])
    right = np.zeros((n, regions))
    right[w.territory_nodes, np.arange(regions)] = brought[w.territory_nodes]
    shares = splu(csc_matrix(coo_matrix((values, (rows, columns)), shape=(n, n)))).solve(right)
    found = np.clip(shares[up], 0.0, 1.0)
    found[(size == 0) | supply] = 0.0
    return np.asarray(found)


def drained_words(situation: Situation, state: CirculationState) -> dict[str, str]:
    """What each vessel of the graph drains before division, in words."""
    shares = region_shares(situation, state)
    names = [t.name for t in situation.circulation.territories]
    w = situation.circulation.wiring
    beds = {int(w.a[bed]): int(r) for bed, r in zip(w.foreign_beds, w.region_of_foreign_bed, strict=True)}
    fed = {e: beds[n] for e in range(len(w.graph_edges)) for n in (int(w.a[e]), int(w.b[e])) if n in beds}
    found = {}
    for vessel, edge in situation.circulation.edge_index.items():
        flow = abs(float(state.flow.flow[edge]))
        row = shares[edge]
        if edge in fed:
            found[vessel] = f"feeds {names[fed[edge]]}; {flow:.0f} ml/min of arterial blood"
            continue
        top = [i for i in np.argsort(-row, kind="stable") if row[i] >= _WORTH_TELLING][:3]
        parts = [f"{names[i]} {row[i]:.0%}" if row[i] < 0.995 else names[i] for i in top]
        found[vessel] = (
            f"{', '.join(parts)}; {flow:.0f} ml/min" if top else f"next to nothing ({flow:.1f} ml/min)"
        )
    return found


def watch_words(moment: Moment, before: Moment, bands: tuple[float, float]) -> str:
    """What to watch at a test clamp, and what the model expects of it.

    Parameters
    ----------
    moment, before
        After and before the division.
    bands
        Rises at which the middle and the highest band begin, mmHg.
    """
    parts = []
    for twin in TWIN_OF:
        change = moment.rise_mmHg[twin] - before.rise_mmHg[twin]
        band = sum(moment.rise_mmHg[twin] > limit for limit in bands)
        if moment.no_drainage[twin] != before.no_drainage[twin]:
            lost = sorted(set(moment.no_drainage[twin]) - set(before.no_drainage[twin]))
            parts.append(
                f"{twin.value} {twin.mark}: {', '.join(lost) or 'a region'} is left without drainage"
            )
        elif abs(change) >= 0.1 or band:
            mark = f" {'▲' * band}" if band else ""
            parts.append(f"{moment.worst_region[twin]} {told(moment.rise_mmHg[twin])}{mark}")
    if not parts:
        return "Test clamp first; no change expected in either child"
    return f"Test clamp first; watch {'; '.join(parts)}"
