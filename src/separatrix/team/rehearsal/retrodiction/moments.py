"""Moments of rehearsals as bulletins name them: in the room, first cut, apart, out of the theatre.

A bulletin's word is often wider than a moment: an operation "starts" at wheels in, at the first cut, or
anywhere between, and "ends" with the last stitch or when the child has left. Such a moment has an earliest
and a latest reading, and each rehearsal takes a point between them, the same for all its spans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from separatrix.core import Fault, InputError
from separatrix.core.seeds import generator
from separatrix.team.protocol.model import ActivityMark, Procedure
from separatrix.team.rehearsal.play.arrays import Floats
from separatrix.team.rehearsal.retrodiction.spans import Measure

START, END = 0, 1
"""Last axis of times: when a node began and when it ended; NaN where it never did."""

_BEGINNINGS = ("in_room", "start", "asleep_first", "lines_start", "lines_done", "incision")

Reading = tuple[Floats, Floats]
"""Earliest and latest reading of a moment, one number a rehearsal."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of `n` rehearsals in which the children were parted, and of the plan that each of them played.

    Each is ``(earliest, latest)``, float64[n] each, minutes from wheels in.
    """

    played: Mapping[str, Reading]
    planned: Mapping[str, Reading]

    @property
    def n(self) -> int:
        """Rehearsals."""
        return len(self.played["apart"][0])

    def values(self, measure: Measure, seed: int) -> Floats:
        """What the model says of a measure, one number a rehearsal.

        Parameters
        ----------
        measure
            Of kind ``length``, ``share`` or ``over_plan``.
        seed
            Of where between its readings a wide moment lies.
        """
        played = [self._at(self.played, name, seed) for name in measure.moments]
        if measure.kind == "share":
            begin, middle, end = played
            return np.asarray((middle - begin) / (end - begin))
        length = np.asarray(played[-1] - played[0])
        if measure.kind == "over_plan":
            planned = [self._at(self.planned, name, seed) for name in measure.moments]
            return np.asarray(length / (planned[-1] - planned[0]))
        return length

    def _at(self, readings: Mapping[str, Reading], name: str, seed: int) -> Floats:
        earliest, latest = readings[name]
        which = "begin" if name in _BEGINNINGS else "end"
        fraction = generator(seed, "retrodiction", which).random(self.n)
        return np.asarray(earliest + fraction * (latest - earliest))


def readings_of(times: Floats, activities: Sequence[str], procedure: Procedure) -> dict[str, Reading]:
    """Readings of all moments.

    Parameters
    ----------
    times
        float64[n, nodes, 2]: start and end of each node in each rehearsal, NaN where it did not run.
    activities
        Activity of each node, ``""`` where a node is not to be looked at.
    procedure
        That was rehearsed.

    Returns
    -------
    dict
        Every moment that a `Measure` may name; NaN in a rehearsal in which it never came.

    Raises
    ------
    InputError
        If the procedure lacks an activity that a moment is told from.
    """
    places: dict[str, list[int]] = {}
    for place, name in enumerate(activities):
        places.setdefault(name.split("@")[0], []).append(place)
    parting = next((a.id for a in procedure.activities if ActivityMark.SEPARATION in a.marks), "")
    wanted = {"airway", "lines", "position", "prep_and_drape", "incision", "tables_apart", "haemostasis"}
    lacking = sorted((wanted | {"dressing", "transfer", parting}) - set(places))
    if lacking:
        raise InputError(
            Fault(
                problem=f"'{procedure.id}' has no activity {', '.join(lacking)}",
                expected="the activities of the separation protocol, from which moments are told",
            )
        )

    def over(choose: Callable[[Floats], Floats], name: str, side: int) -> Floats:
        return choose(times[:, places[name], side])

    def exactly(values: Floats) -> Reading:
        return values, values

    wheels_in = np.zeros(len(times))
    first_cut = over(_first, "incision", START)
    return {
        "in_room": exactly(wheels_in),
        "start": (wheels_in, first_cut),
        "asleep_first": exactly(over(_first, "airway", END)),
        "lines_start": exactly(over(_first, "lines", START)),
        "lines_done": exactly(over(_last, "lines", END)),
        "prep_start": exactly(over(_first, "position", START)),
        "prep_done": exactly(over(_last, "prep_and_drape", END)),
        "incision": exactly(first_cut),
        "apart": exactly(over(_last, parting, END)),
        "reconstruction_start": (over(_last, "tables_apart", END), over(_first, "haemostasis", START)),
        "first_out": (over(_first, "dressing", END), over(_first, "transfer", END)),
        "end": (over(_last, "dressing", END), over(_last, "transfer", END)),
    }


def parted(readings: Mapping[str, Reading], planned: Mapping[str, Reading]) -> Moments:
    """Keep the rehearsals in which the children were parted, which is what published operations tell of."""
    keep = np.isfinite(readings["apart"][0]) & np.isfinite(readings["end"][1])
    played = {name: (low[keep], high[keep]) for name, (low, high) in readings.items()}
    count = int(keep.sum())
    plan = {name: (np.repeat(low, count), np.repeat(high, count)) for name, (low, high) in planned.items()}
    return Moments(played, plan)


def joined(parts: Iterable[Moments]) -> Moments:
    """Rehearsals of several plans as one."""
    listed = list(parts)

    def join(side: str) -> dict[str, Reading]:
        return {
            name: (
                np.concatenate([getattr(part, side)[name][0] for part in listed]),
                np.concatenate([getattr(part, side)[name][1] for part in listed]),
            )
            for name in listed[0].played
        }

    return Moments(join("played"), join("planned"))


def _first(values: Floats) -> Floats:
    """Of the nodes that ran; NaN where none did."""
    return np.asarray(np.fmin.reduce(values, axis=1))


def _last(values: Floats) -> Floats:
    return np.asarray(np.fmax.reduce(values, axis=1))
