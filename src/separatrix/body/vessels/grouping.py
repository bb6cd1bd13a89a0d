"""Small vessels taken together, so that the search stays small; each group is listed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from separatrix.body.vessels.model import Ints, Network, Reals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """Candidates as the search takes them: alone, or small ones that are clamped together."""

    members: tuple[tuple[int, ...], ...]
    """Places among the candidates, one tuple per unit of the search."""
    share: Reals
    """(k,) of each candidate in the conductance of all."""

    @property
    def grouped(self) -> tuple[tuple[int, ...], ...]:
        """Only the units of several vessels: to be listed beside every result."""
        return tuple(unit for unit in self.members if len(unit) > 1)


def group_small(network: Network, candidates: Ints, kin: Ints, *, under: float) -> Groups:
    """Group candidates of less than a share of the crossing conductance with others of their kin.

    Parameters
    ----------
    network
        Where they are.
    candidates
        (k,) edges.
    kin
        (k,) a number of what may be clamped together, such as the territory or side a vessel belongs to.
    under
        Share (0-1) of the conductance of all candidates below which a vessel counts as small.

    Returns
    -------
    Groups
        Large vessels alone; small ones of one kin together, largest first, as long as the unit itself stays
        under the share. Units are in the order of their first member.
    """
    conductance = 1.0 / network.resistance[candidates]
    share = conductance / conductance.sum() if candidates.size else conductance
    units: list[list[int]] = []
    filling: dict[int, tuple[list[int], float]] = {}
    for place in np.lexsort((np.arange(share.size), -share)).tolist():
        size = float(share[place])
        unit, filled = filling.get(int(kin[place]), ([], 0.0))
        if size < under and unit and filled + size < under:
            unit.append(place)
            filling[int(kin[place])] = (unit, filled + size)
            continue
        units.append([place])
        if size < under:
            filling[int(kin[place])] = (units[-1], size)
    return Groups(members=tuple(sorted(tuple(sorted(unit)) for unit in units)), share=share)
