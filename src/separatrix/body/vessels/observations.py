"""What was seen of the vessels overrules what is reckoned: values fitted within the observations' errors.

The most likely values are sought: each vessel's radius within its measured doubt, each pressure and share
within its range, each observation within its error. What then still misses is told vessel by vessel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.body.vessels.circulation import Circulation, CirculationInputs, CirculationState
from separatrix.body.vessels.exchange import exchange
from separatrix.body.vessels.model import Reals
from separatrix.body.vessels.parameters import Values
from separatrix.case import Case
from separatrix.case.model import Observation
from separatrix.core import Fault, InputError, near_names
from separatrix.evidence import EvidenceReader

_FITTED = ("map", "cvp", "cbf", "deep_share", "emissary_share")
"""Numbers of each child that a fit may move, beside the radii."""

_STEP = 1e-3
"""Step of the differences that slopes are taken from, in standard deviations."""

_ROUNDS = 12
"""Steps of the fit."""

_RADIUS_FACTOR = (0.4, 2.5)
"""A fitted radius stays within these multiples of the measured one."""

_MIXED = 0.1
"""Blood of each child that a vessel must carry at least to be filled from both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """One thing that was seen, beside what the fitted circulation says."""

    vessel: str
    what: str
    """``direction``, ``flow_ml_per_min``, ``pressure_mmHg`` or ``fills_from``."""
    seen: str
    reckoned: str
    standard_errors: float
    """By which the two differ; 0 where what was seen holds."""
    is_contradicted: bool
    """Whether it misses by more than the evidence allows: it does not fit with the rest."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """Values after the observations."""

    values: Values
    misfits: tuple[Misfit, ...]
    replaced: tuple[str, ...]
    """Older observations that a later one of the same vessel stands in for, in words."""

    @property
    def seen_vessels(self) -> frozenset[str]:
        """Vessels whose direction was seen and holds in the fit."""
        return frozenset(m.vessel for m in self.misfits if m.what == "direction" and not m.is_contradicted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sight:
    """One seen thing as a residual in standard errors of a solved circulation."""

    vessel: str
    what: str
    seen: str
    residual: Callable[[_Solved], float]
    reckoned: Callable[[_Solved], str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Solved:
    circulation: Circulation
    state: CirculationState
    share_of_a: Reals
    share_to_a: Reals


def fit_observations(inputs: CirculationInputs, *, case: Case, evidence: EvidenceReader) -> Fit:
    """Fit the circulation's values to the case's observations.

    Parameters
    ----------
    inputs
        The circulation before any value is drawn.
    case
        For ``observations:``.
    evidence
        For the observations' errors.

    Returns
    -------
    Fit
        The central values, and nothing to tell, where nothing was observed.

    Raises
    ------
    InputError
        If an observation names no vessel of the graph, or two of the same day contradict each other.
    """
    central = inputs.central()
    kept, replaced = _latest(case, inputs)
    if not kept:
        return Fit(values=central, misfits=(), replaced=replaced)
    sights = [s for o in kept for s in _sights(o, evidence)]
    values = _most_likely(inputs, sights, central)
    solved = _solve(inputs, values)
    limit = evidence.number("flow.observation_misfit")
    return Fit(values=values, misfits=tuple(_misfit(s, solved, limit) for s in sights), replaced=replaced)


def _latest(case: Case, inputs: CirculationInputs) -> tuple[list[Observation], tuple[str, ...]]:
    """The latest observation of each vessel and quantity, as observations of one quantity each."""
    known = [inputs.graph.edges[n].id for n in inputs.wiring.graph_edges]
    faults: list[Fault] = []
    latest: dict[tuple[str, str], tuple[int, Observation]] = {}
    replaced = []
    for n, seen in enumerate(case.file.observations):
        field = f"observations[{n}]"
        if seen.vessel not in known:
            problem = f"there is no vessel '{seen.vessel}' that carries blood"
            mend = near_names(seen.vessel, known)
            faults.append(case.located(Fault(field=f"{field}.vessel", problem=problem, mend=mend)))
            continue
        for what in ("direction", "flow_ml_per_min", "pressure_mmHg", "fills_from"):
            if getattr(seen, what) is None:
                continue
            key = (seen.vessel, what)
            if key in latest and latest[key][1].date == seen.date:
                faults += _clash(case, latest[key], (n, seen), what)
            if key not in latest or latest[key][1].date < seen.date:
                if key in latest:
                    replaced.append(_replaced(latest[key][1], seen, what))
                latest[key] = (n, seen)
            elif latest[key][1].date > seen.date:
                replaced.append(_replaced(seen, latest[key][1], what))
    faults += _still_but_flowing(case, latest)
    if faults:
        raise InputError(*faults)
    return [_only(seen, what) for (_, what), (_, seen) in latest.items()], tuple(replaced)


def _clash(
    case: Case, first: tuple[int, Observation], second: tuple[int, Observation], what: str
) -> list[Fault]:
    one, other = getattr(first[1], what), getattr(second[1], what)
    if one == other or what in ("flow_ml_per_min", "pressure_mmHg"):
        return []
    return [
        case.located(
            Fault(
                field=f"observations[{second[0]}].{what}",
                problem=f"'{second[1].vessel}' is seen as '{other}' here and as '{one}' in "
                f"observations[{first[0]}], on the same day",
                expected="one of the two",
                mend="delete the one that does not hold",
            )
        )
    ]


def _still_but_flowing(case: Case, latest: Mapping[tuple[str, str], tuple[int, Observation]]) -> list[Fault]:
    faults = []
    for (vessel, what), (n, seen) in latest.items():
        other = latest.get((vessel, "flow_ml_per_min"))
        if what == "direction" and seen.direction == "none" and other and other[1].flow_ml_per_min:
            problem = f"'{vessel}' is seen without flow, and with {other[1].flow_ml_per_min:g} ml/min"
            faults.append(case.located(Fault(field=f"observations[{n}].direction", problem=problem)))
    return faults


def _only(seen: Observation, what: str) -> Observation:
    names = {"direction", "flow_ml_per_min", "pressure_mmHg", "fills_from"} - {what}
    return seen.model_copy(update=dict.fromkeys(names))


def _replaced(old: Observation, new: Observation, what: str) -> str:
    return f"{old.vessel}: {what} {getattr(old, what)} of {old.date} gives way to that of {new.date}"


def _sights(seen: Observation, evidence: EvidenceReader) -> list[_Sight]:
    """Residuals of one observation."""
    n = evidence.number
    vessel = seen.vessel
    share_error, floor = n("flow.observation_error.share"), n("flow.observation_error.floor")
    found = []
    if seen.direction == "none":
        found.append(_flow_sight(vessel, "direction", "no flow", 0.0, floor))
    elif seen.direction is not None:
        to_a = seen.direction == "to A"
        found.append(
            _Sight(
                vessel=vessel,
                what="direction",
                seen=seen.direction,
                residual=lambda s: _lack_of_direction(s, vessel, to_a, share_error, floor),
                reckoned=lambda s: f"{_to(s, vessel, True):.0%} to A, {_to(s, vessel, False):.0%} to B",
            )
        )
    if seen.flow_ml_per_min is not None:
        error = max(floor, n("flow.observation_error.flow") * seen.flow_ml_per_min)
        text = f"{seen.flow_ml_per_min:g} ml/min"
        found.append(_flow_sight(vessel, "flow_ml_per_min", text, seen.flow_ml_per_min, error))
    if seen.pressure_mmHg is not None:
        pressure, error = seen.pressure_mmHg, n("flow.observation_error.pressure")
        found.append(
            _Sight(
                vessel=vessel,
                what="pressure_mmHg",
                seen=f"{pressure:g} mmHg",
                residual=lambda s: (_pressure(s, vessel) - pressure) / error,
                reckoned=lambda s: f"{_pressure(s, vessel):.1f} mmHg",
            )
        )
    if seen.fills_from is not None:
        source = seen.fills_from
        found.append(
            _Sight(
                vessel=vessel,
                what="fills_from",
                seen=f"from {source}",
                residual=lambda s: _lack_of_source(s, vessel, source) / share_error,
                reckoned=lambda s: f"{_from_a(s, vessel):.0%} from A",
            )
        )
    return found


def _flow_sight(vessel: str, what: str, seen: str, flow: float, error: float) -> _Sight:
    return _Sight(
        vessel=vessel,
        what=what,
        seen=seen,
        residual=lambda s: (abs(_flow(s, vessel)) - flow) / error,
        reckoned=lambda s: f"{abs(_flow(s, vessel)):.1f} ml/min",
    )


def _flow(solved: _Solved, vessel: str) -> float:
    return float(solved.state.flow.flow[solved.circulation.edge_index[vessel]])


def _pressure(solved: _Solved, vessel: str) -> float:
    edge = solved.circulation.edge_index[vessel]
    network, pressure = solved.state.network, solved.state.flow.pressure
    return float(pressure[network.a[edge]] + pressure[network.b[edge]]) / 2


def _from_a(solved: _Solved, vessel: str) -> float:
    return float(np.nan_to_num(solved.share_of_a[solved.circulation.edge_index[vessel]], nan=0.5))


def _to(solved: _Solved, vessel: str, to_a: bool) -> float:
    share = float(np.nan_to_num(solved.share_to_a[solved.circulation.edge_index[vessel]], nan=0.0))
    still = bool(np.isnan(solved.share_to_a[solved.circulation.edge_index[vessel]]))
    return 0.0 if still else share if to_a else 1 - share


def _lack_of_direction(
    solved: _Solved, vessel: str, to_a: bool, share_error: float, floor_ml_per_min: float
) -> float:
    """By how much a vessel's blood misses the child it was seen to flow to.

    Where only one end of the vessel leads there, what is missing is flow: it changes evenly as the vessel
    turns, whereas the share that ends with the child jumps from none to all. A large lack counts by its
    root, so that what cannot be does not pull all else out of place.
    """
    way = _way_to(solved, vessel, to_a)
    if way == 0:
        return max(0.0, 0.5 - _to(solved, vessel, to_a)) / share_error
    lack = max(0.0, 1 - way * _flow(solved, vessel) / floor_ml_per_min)
    return lack if lack <= 1 else 2 * float(np.sqrt(lack)) - 1


def _way_to(solved: _Solved, vessel: str, to_a: bool) -> int:
    """1 or -1 where blood that leaves at b or at a alone goes mostly to the child; 0 where no end tells."""
    edge = solved.circulation.edge_index[vessel]
    network, flow = solved.state.network, solved.state.flow.flow
    leads = []
    for node in (network.a[edge], network.b[edge]):
        leaving = ((network.a == node) & (flow > 0)) | ((network.b == node) & (flow < 0))
        leaving[edge] = False
        leaving &= np.isfinite(solved.share_to_a)
        size = np.abs(flow[leaving])
        if not size.sum() > 0:
            return 0
        share = float(np.average(solved.share_to_a[leaving], weights=size))
        leads.append((share if to_a else 1 - share) > 0.5)
    return int(leads[1]) - int(leads[0])


def _lack_of_source(solved: _Solved, vessel: str, source: str) -> float:
    """By how much the share of the child's blood misses what was seen."""
    share = _from_a(solved, vessel)
    if source == "both":
        return max(0.0, _MIXED - share, _MIXED - (1 - share))
    return max(0.0, 0.5 - (share if source == "A" else 1 - share))


def _most_likely(inputs: CirculationInputs, sights: Sequence[_Sight], central: Values) -> Values:
    """Damped least squares over the values' own doubt and the observations' errors (Levenberg, Marquardt)."""
    names = [
        f"{name}.{letter}"
        for name in _FITTED
        for letter in "AB"
        if inputs.ranges[f"{name}.{letter}"].high > inputs.ranges[f"{name}.{letter}"].low
    ]
    vessels = [int(n) for n in inputs.wiring.graph_edges if inputs.graph.edges[int(n)].radius_sd_mm > 0]

    def values_at(shift: Reals) -> Values:
        return _shifted(inputs, central, names, vessels, shift)

    def residuals(shift: Reals) -> Reals:
        solved = _solve(inputs, values_at(shift))
        return np.concatenate([[s.residual(solved) for s in sights], shift])

    shift = np.zeros(len(names) + len(vessels))
    current, damping = residuals(shift), 1e-3
    for _ in range(_ROUNDS):
        seen = len(sights)
        slope = np.zeros((seen, len(shift)))
        for k in range(len(shift)):
            step = shift.copy()
            step[k] += _STEP
            slope[:, k] = (residuals(step)[:seen] - current[:seen]) / _STEP
        whole = np.vstack([slope, np.eye(len(shift))])
        normal, gradient = whole.T @ whole, whole.T @ current
        for _ in range(_ROUNDS):
            change = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -gradient)
            trial = residuals(shift + change)
            if trial @ trial < current @ current:
                break
            damping *= 10
        else:
            return values_at(shift)
        gain = current @ current - trial @ trial
        shift, current, damping = shift + change, trial, damping / 10
        if gain < 1e-8 * (1 + current @ current):
            break
    return values_at(shift)


def _shifted(
    inputs: CirculationInputs, central: Values, names: Sequence[str], vessels: Sequence[int], shift: Reals
) -> Values:
    """Values moved by so many standard deviations; half of a range counts as two of them."""
    scalar = dict(central.scalar)
    for name, by in zip(names, shift[: len(names)], strict=True):
        span = inputs.ranges[name]
        moved = span.value + by * (span.high - span.low) / 4
        scalar[name] = float(np.clip(moved, span.low, span.high))
    factor = central.radius_factor.copy()
    for n, by in zip(vessels, shift[len(names) :], strict=True):
        edge = inputs.graph.edges[n]
        doubt = edge.radius_sd_mm * len(edge.radius_mm) / sum(edge.radius_mm)
        factor[n] = float(np.clip(np.exp(by * doubt), *_RADIUS_FACTOR))
    return Values(scalar=scalar, radius_factor=factor)


def _solve(inputs: CirculationInputs, values: Values) -> _Solved:
    """The undivided circulation as it was observed: in the ward, dura closed."""
    circulation = inputs.assemble(values)
    state = circulation.state("held", "closed", phase="ward")
    passed = exchange(circulation, state)
    return _Solved(
        circulation=circulation, state=state, share_of_a=passed.share_of_a, share_to_a=passed.share_to_a
    )


def _misfit(sight: _Sight, solved: _Solved, limit: float) -> Misfit:
    errors = abs(sight.residual(solved))
    return Misfit(
        vessel=sight.vessel,
        what=sight.what,
        seen=sight.seen,
        reckoned=sight.reckoned(solved),
        standard_errors=errors,
        is_contradicted=errors > limit or (sight.what == "direction" and _is_against(sight, solved)),
    )


def _is_against(sight: _Sight, solved: _Solved) -> bool:
    """Whether a seen direction to a child is not the reckoned one after all."""
    return sight.seen != "no flow" and _to(solved, sight.vessel, sight.seen == "to A") < 0.5
