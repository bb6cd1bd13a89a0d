"""Growing a vessel network: every new vessel keeps clear of all it does not join."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from separatrix.body.phantom import routing
from separatrix.body.phantom.model import Reals, Singles, Tissue, VesselEdge, VesselNode, VesselTruth
from separatrix.core import Grid

THINNEST_VOXELS = 0.87
"""Tubes are painted at least this thick (radius), so that a painted tube never breaks (√3/2)."""

_APART_VOXELS = 1.76
"""Room between the walls of unrelated tubes: over √3 no two of their voxels touch, not even by a corner."""

_LEAVE_VOXELS = 2.5
"""Length, beyond both radii, by which a branch leaves its parent straight."""

_LATTICE_MM = 1.5
"""Spacing of the lattice on which ways are found."""

_FAR_MM = 12.0
"""Clearance beyond which it does not matter."""

_DIRECTIONS = np.array([d for d in itertools.product((-1, 0, 1), repeat=3) if any(d)], dtype=float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A vessel to be grown from a free point to one of several nodes."""

    name: str
    kind: str
    owner: str
    label: Tissue
    start: Reals
    """Shape (3,), world mm."""
    start_kind: str
    start_owner: str
    goals: tuple[str, ...]
    """Ids of nodes it may join."""
    radius_mm: tuple[float, float]
    """At the start and at the goal."""
    price: Singles
    """Price of each voxel of the route lattice; infinite is closed."""
    crossing: bool = False
    margin_mm: float = 16.0
    """Room around start and goals in which the way is sought."""


@dataclass(slots=True)
class Network:
    """The vessels so far, and the clearance around them."""

    grid: Grid
    clear: Singles
    """Distance (mm) to the nearest painted wall; negative inside vessels."""
    nearest: np.ndarray[tuple[int, ...], np.dtype[np.int16]]
    """Number of the edge nearest to a voxel, where `clear` is small."""
    lattice: Grid
    nodes: dict[str, VesselNode] = field(default_factory=dict)
    edges: list[VesselEdge] = field(default_factory=list)
    width: dict[str, float] = field(default_factory=dict)
    """Painted radius at each node, of the widest vessel there."""

    @classmethod
    def empty(cls, grid: Grid) -> Network:
        """No vessels yet."""
        step = max(_LATTICE_MM, grid.spacing_mm[0])
        z, y, x = (int(e / step) for e in reversed(grid.extent_mm))
        return cls(
            grid=grid,
            clear=np.full(grid.shape, np.float32(_FAR_MM)),
            nearest=np.full(grid.shape, -1, np.int16),
            lattice=Grid(shape=(z, y, x), spacing_mm=(step,) * 3, origin_mm=grid.origin_mm),
        )

    @property
    def spacing(self) -> float:
        """Edge of a voxel."""
        return self.grid.spacing_mm[0]

    def painted(self, radius: float) -> float:
        """Radius at which a tube is painted."""
        return max(radius, THINNEST_VOXELS * self.spacing)

    def add_node(self, kind: str, owner: str, xyz: Reals) -> str:
        """A node at a world position; its id."""
        name = f"n{len(self.nodes)}"
        x, y, z = (round(float(v), 2) for v in xyz)
        self.nodes[name] = VesselNode(id=name, kind=kind, owner=owner, xyz_mm=(x, y, z))
        self.width[name] = 0.0
        return name

    def at(self, node: str) -> Reals:
        """Position of a node."""
        return np.asarray(self.nodes[node].xyz_mm)

    def add_edge(
        self, name: str, kind: str, owner: str, label: Tissue, ends: tuple[str, str],
        radii: tuple[float, ...], polyline: Reals, *, crossing: bool = False,
    ) -> None:  # fmt: skip
        """A vessel along a polyline that runs from the first node to the second."""
        whole = np.vstack([self.at(ends[0]), polyline[1:-1], self.at(ends[1])])
        line = np.round(whole, 2).astype(np.float64)
        self.edges.append(
            VesselEdge(
                id=f"e{len(self.edges)}", name=name, kind=kind, a=ends[0], b=ends[1], owner=owner,
                label=label, crossing=crossing, radius_mm=radii, polyline_mm=line,
            )
        )  # fmt: skip
        points, widths = self._samples(line, radii)
        routing.stamp(
            self.clear, self.nearest, np.asarray(self.grid.origin_mm), self.spacing, points, widths,
            len(self.edges) - 1, _FAR_MM - float(widths.max()),
        )  # fmt: skip
        for node, radius in zip(ends, (radii[0], radii[-1]), strict=True):
            self.width[node] = max(self.width[node], self.painted(radius))

    def grow(self, wish: Wish, *, split_at: float | None = None) -> list[str] | None:
        """Grow a vessel by a wish; None (and nothing changed) where there is no way.

        Parameters
        ----------
        wish
            What is wanted.
        split_at
            Share of the length at which to set a node for later branches.

        Returns
        -------
        list of str or None
            Its nodes from start to goal.
        """
        width = self.painted(max(wish.radius_mm))
        room = width + _APART_VOXELS * self.spacing
        if not self._is_clear(wish.start[None], room):
            return None
        way = self._route(wish, width, room)
        if way is None:
            return None
        line, goal = way
        start = self.add_node(wish.start_kind, wish.start_owner, wish.start)
        nodes = [start]
        cut = len(line) if split_at is None else int(np.clip(split_at * len(line), 2, len(line) - 3))
        first, last = wish.radius_mm
        if split_at is not None and len(line) >= 7:
            middle = self.add_node(
                "confluence" if "vein" in wish.kind else "branching", wish.owner, line[cut]
            )
            half = first + (last - first) * split_at
            self._edge(wish, wish.name + "a", (start, middle), (first, half), line[: cut + 1])
            self._edge(wish, wish.name + "b", (middle, goal), (half, last), line[cut:])
            nodes.append(middle)
        else:
            self._edge(wish, wish.name, (start, goal), (first, last), line)
        return [*nodes, goal]

    def _edge(
        self, wish: Wish, name: str, ends: tuple[str, str], radii: tuple[float, float], line: Reals
    ) -> None:
        self.add_edge(name, wish.kind, wish.owner, wish.label, ends, radii, line, crossing=wish.crossing)

    def labels(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        """The painted vessels as `Tissue` values, 0 elsewhere; shape (z, y, x)."""
        codes = np.array([*(int(e.label) for e in self.edges), 0], dtype=np.uint8)
        return np.where(self.clear <= 0, codes[self.nearest], np.uint8(0))

    def truth(self) -> VesselTruth:
        """The graph as it stands."""
        return VesselTruth(nodes=tuple(self.nodes.values()), edges=tuple(self.edges))

    def _route(self, wish: Wish, width: float, room: float) -> tuple[Reals, str] | None:
        leaves = self._leaves(wish, width, room)
        if not leaves:
            return None
        box, price = self._local(wish, leaves, room)
        start = self._index(wish.start) - box
        goals = np.array([self._index(p) - box for p, _ in leaves])
        shape = np.asarray(price.shape)
        if np.any(start < 0) or np.any(start >= shape):
            return None
        price[tuple(start)] = 1.0
        ok = np.asarray(((goals >= 0) & (goals < shape)).all(1))
        ok[ok] &= np.isfinite(price[tuple(goals[ok].T)])
        if not ok.any():
            return None
        path = routing.shortest_path(price, start, goals[ok])
        if len(path) < 2:
            return None
        ends = [n for n in np.flatnonzero(ok) if np.array_equal(goals[n], path[-1])]
        leave, goal = leaves[ends[0]]
        inner = self.lattice.index_to_mm(path[1:-1] + box) if len(path) > 2 else np.empty((0, 3))
        rough = np.vstack([wish.start, inner, leave])
        line = self._smoothed(rough, room - 0.02 * self.spacing)
        if line is None:
            return None
        whole = np.vstack([line, self.at(goal)])
        return None if self._touches_itself(whole, room + width) else (whole, goal)

    def _touches_itself(self, line: Reals, apart: float) -> bool:
        """Whether a way comes back so near to itself that its painted tube would close a loop."""
        points, share = _dense(line, 0.8 * self.spacing)
        length = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
        along = np.abs(share[:, None] - share[None]) * length
        near = np.linalg.norm(points[:, None] - points[None], axis=2) < apart
        return bool((near & (along > 2 * apart)).any())

    def _leaves(self, wish: Wish, width: float, room: float) -> list[tuple[Reals, str]]:
        """Points from which a straight end reaches a goal without grazing its vessel."""
        found = []
        unit = _DIRECTIONS / np.linalg.norm(_DIRECTIONS, axis=1, keepdims=True)
        for goal in wish.goals:
            reach = self.width[goal] + width + _LEAVE_VOXELS * self.spacing
            points = self.at(goal) + unit * reach
            clear = self._clearance(points)
            index = np.array([self._index(p) for p in points])
            inside = ((index >= 0) & (index < self.lattice.shape)).all(1)
            for n in np.flatnonzero(inside & (clear >= room)):
                if np.isfinite(wish.price[tuple(index[n])]):
                    found.append((points[n], goal))
        return found

    def _local(self, wish: Wish, leaves: list[tuple[Reals, str]], room: float) -> tuple[Reals, Singles]:
        """The part of the lattice around a wish: its first index, and the price with all vessels closed."""
        points = np.vstack([wish.start, *(p for p, _ in leaves)])
        low = np.array([self._index(points.min(0) - wish.margin_mm)])[0]
        high = np.array([self._index(points.max(0) + wish.margin_mm)])[0] + 1
        low, high = np.maximum(low, 0), np.minimum(high, self.lattice.shape)
        part = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        price = wish.price[part].copy()
        k, j, i = (np.arange(s.start, s.stop) for s in part)
        ratio = self.lattice.spacing_mm[0] / self.spacing
        near = [
            np.minimum(np.rint(n * ratio).astype(int), m - 1)
            for n, m in zip((k, j, i), self.grid.shape, strict=True)
        ]
        clear = self.clear[np.ix_(*near)]
        slack = 0.0 if ratio == 1 else 0.3 * self.spacing
        price[clear < room + slack] = np.inf
        for point, _ in leaves:  # just clear by themselves, whatever the rounding to the lattice says
            index = self._index(point) - low
            if ((index >= 0) & (index < price.shape)).all():
                price[tuple(index)] = 1.0
        return low, price

    def _smoothed(self, line: Reals, room: float) -> Reals | None:
        """A rounder way, as round as the room allows; None if even the plain one is too tight."""
        best = None
        current = line
        for _ in range(7):
            if not self._is_clear(_dense(current, 0.4 * self.spacing)[0], room):
                break
            best = current
            current = current.copy()
            current[1:-1] = 0.25 * current[:-2] + 0.5 * current[1:-1] + 0.25 * current[2:]
        return best

    def _is_clear(self, points: Reals, room: float) -> bool:
        return bool((self._clearance(points) >= room).all())

    def _clearance(self, points: Reals) -> Reals:
        """Clearance at world points."""
        from scipy import ndimage as ndi

        index = self.grid.mm_to_index(points)
        return np.asarray(ndi.map_coordinates(self.clear, index.T, order=1, mode="nearest"))

    def _index(self, point: Reals) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        return np.rint(self.lattice.mm_to_index(point)).astype(np.int64)

    def _samples(self, line: Reals, radii: tuple[float, ...]) -> tuple[Reals, Reals]:
        points, share = _dense(line, 0.4 * self.spacing)
        true = np.interp(share, np.linspace(0, 1, len(radii)), radii)
        return points, np.maximum(true, THINNEST_VOXELS * self.spacing)


def _dense(line: Reals, step: float) -> tuple[Reals, Reals]:
    """Points along a polyline no more than `step` apart, and their share of its length."""
    pieces = np.linalg.norm(np.diff(line, axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(pieces)])
    at = np.linspace(0, along[-1], max(int(np.ceil(along[-1] / step)), 1) + 1)
    points = np.stack([np.interp(at, along, line[:, a]) for a in range(3)], 1)
    return points, at / max(along[-1], 1e-9)
