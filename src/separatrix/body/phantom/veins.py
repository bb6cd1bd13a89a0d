"""The veins of a pair: the shared ring, each child's own sinuses, bridging veins, and veins that cross.

Every vein begins in a territory and ends, through ring and sinuses, in a jugular outlet. The ring is the
only loop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from separatrix.body.phantom.build import Heads
from separatrix.body.phantom.model import PairOptions, Reals, Singles, Tissue
from separatrix.body.phantom.network import Network, Wish
from separatrix.core import Twin, generator

RING_SEGMENTS = 24
_RING_RADIUS_MM = (2.6, 3.4)
_SINUS_RADIUS_MM = (2.2, 2.8)
_FRONT_RADIUS_MM = (1.4, 2.2)
_SIDE_RADIUS_MM = (2.5, 2.2)
_BRIDGE_RADIUS_MM = (0.75, 1.3)
_CROSS_RADIUS_MM = (0.6, 1.1)

_BRIDGES_PER_TWIN = 9
_WALL_PRICE = 0.8
"""Extra price per mm off the wall for a sinus."""

_CONFLUENCE: Reals = np.array([0.0, 92.0, -14.0])
_JUGULAR: dict[str, Reals] = {"left": np.array([34.0, 20.0, -44.0]), "right": np.array([-34.0, 20.0, -44.0])}
_JUGULAR_SHIFTS: Reals = np.array([[0, 0, 0], [0, 0, 6], [0, 10, 4], [0, 18, 8], [0, -8, 4], [0, 24, 14]])
"""Where else (head space) an outlet may lie if there is no way to the first place."""
_FOREHEAD: Reals = np.array([0.0, -66.0, 8.0])
_LABEL = {Twin.A: Tissue.VEIN_A, Twin.B: Tissue.VEIN_B}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What routes need to know, on the route lattice."""

    wall: Singles
    """Signed distance (mm) to the fused hull of the brains."""
    above: Singles
    """Height (mm) over the interface: negative on A's side."""
    brain: Singles
    """Share of brain tissue."""
    contact: Singles
    """1 over columns of the contact, 0 elsewhere."""
    centre: Reals
    """Middle of the contact, shape (2,): x, y."""
    csf_mm: float
    dura_mm: float

    def side(self, twin: Twin) -> Singles:
        """Depth (mm) on this child's side; negative on the other's."""
        return np.asarray(-self.above if twin is Twin.A else self.above)


def survey(heads: Heads, network: Network, csf_mm: float, dura_mm: float) -> Ground:
    """Sample the heads on the network's route lattice."""
    grid, lattice = heads.grid, network.lattice
    at = [
        np.minimum(np.rint(np.arange(n) * lattice.spacing_mm[0] / grid.spacing_mm[0]).astype(int), m - 1)
        for n, m in zip(lattice.shape, grid.shape, strict=True)
    ]
    cells = np.ix_(*at)
    columns = np.ix_(at[1], at[2])
    i = heads.interface
    z = lattice.origin_mm[2] + lattice.spacing_mm[2] * np.arange(lattice.shape[0])
    jj, ii = np.nonzero(i.contact)
    middle = np.array([ii.mean(), jj.mean()]) * grid.spacing_mm[0] + np.asarray(grid.origin_mm[:2])
    contact = np.broadcast_to(i.contact[columns][None], lattice.shape).astype(np.float32)
    return Ground(
        wall=heads.distance[cells],
        above=(z[:, None, None] - i.middle[columns][None]).astype(np.float32),
        brain=np.minimum(heads.brain[1][cells] + heads.brain[2][cells], 1),
        contact=contact,
        centre=middle,
        csf_mm=csf_mm,
        dura_mm=dura_mm,
    )


def grow_veins(options: PairOptions, heads: Heads, network: Network, ground: Ground) -> None:
    """Ring, sinuses and bridging veins of both children."""
    ring = _lay_ring(options, heads, network, ground)
    taken: set[str] = set()
    for twin in Twin:
        _grow_sinuses(heads, network, ground, twin, ring, taken)
    for twin in Twin:
        _grow_bridges(options, network, ground, twin, ring, taken)


def _lay_ring(options: PairOptions, heads: Heads, network: Network, ground: Ground) -> list[str]:
    """The circumferential sinus: where the interface meets the wall, all round."""
    from scipy import ndimage as ndi

    count = RING_SEGMENTS * 8
    angles = 2 * np.pi * np.arange(count) / count
    reach = np.arange(10.0, 120.0, 0.5)
    radius = float(np.mean(_RING_RADIUS_MM))
    level = ground.csf_mm + ground.dura_mm - max(radius, network.painted(radius))
    columns = heads.grid
    points = []
    for angle in angles:
        xy = ground.centre + reach[:, None] * np.array([np.cos(angle), np.sin(angle)])
        ji = (xy[:, ::-1] - np.asarray(columns.origin_mm[1::-1])) / columns.spacing_mm[0]
        z = ndi.map_coordinates(heads.interface.middle, ji.T, order=1, mode="nearest")
        index = columns.mm_to_index(np.column_stack([xy, z]))
        wall = ndi.map_coordinates(heads.distance, index.T, order=1, mode="nearest")
        beyond = np.flatnonzero(wall > level)
        n = int(beyond[0]) if len(beyond) else len(reach) - 1
        points.append((reach[n], z[n]))
    rounded = ndi.gaussian_filter1d(np.array(points), 5.0, axis=0, mode="wrap")
    line = np.column_stack(
        [ground.centre + rounded[:, :1] * np.column_stack([np.cos(angles), np.sin(angles)]), rounded[:, 1]]
    )
    random = generator(options.seed, "phantom", "ring")
    wave = ndi.gaussian_filter1d(random.standard_normal(RING_SEGMENTS), 2.0, mode="wrap")
    span = (wave - wave.min()) / np.ptp(wave)
    radii = _RING_RADIUS_MM[0] + span * (_RING_RADIUS_MM[1] - _RING_RADIUS_MM[0])
    nodes = [network.add_node("ring", "shared", line[8 * n]) for n in range(RING_SEGMENTS)]
    for n in range(RING_SEGMENTS):
        m = (n + 1) % RING_SEGMENTS
        part = line[np.arange(8 * n, 8 * n + 9) % count]
        network.add_edge(
            f"CVS{n:02d}", "circumferential_sinus", "shared", Tissue.SHARED_VENOUS, (nodes[n], nodes[m]),
            (round(float(radii[n]), 2), round(float(radii[m]), 2)), part, crossing=True,
        )  # fmt: skip
    return nodes


def _wall_price(ground: Ground, twin: Twin, radius: float, mid: Singles | None) -> Singles:
    """Ways along the inside of the wall on one child's side, close to its midline if asked."""
    level = ground.csf_mm + ground.dura_mm - radius
    price = 1 + _WALL_PRICE * np.abs(ground.wall - level) / 1.0
    if mid is not None:
        price += 0.15 * np.minimum(np.abs(mid), 30)
    price[(ground.wall > ground.csf_mm + ground.dura_mm) | (ground.side(twin) < -1)] = np.inf
    return np.asarray(price, dtype=np.float32)


def _grow_sinuses(
    heads: Heads, network: Network, ground: Ground, twin: Twin, ring: list[str], taken: set[str]
) -> None:
    """Ring to confluence, confluence to both jugular outlets, forehead to ring."""
    pose = heads.poses[twin]
    at = network.lattice.index_to_mm(np.moveaxis(np.indices(network.lattice.shape), 0, -1))
    mid = ((at - pose.centre_mm) @ pose.rotation[:, 0]).astype(np.float32)
    letter, label = twin.value, _LABEL[twin]

    def inside(head: Reals, radius: float) -> Reals:
        return _onto_wall(heads, pose.to_world(head), pose.centre_mm, ground, network.painted(radius))

    def wish(name: str, kind: str, start: Reals, start_kind: str, goals: tuple[str, ...],
             radii: tuple[float, float], price: Singles) -> list[str]:  # fmt: skip
        made = network.grow(
            Wish(
                name=f"{letter}-{name}", kind=kind, owner=letter, label=label, start=start,
                start_kind=start_kind, start_owner=letter, goals=goals, radius_mm=radii, price=price,
                margin_mm=30.0,
            )
        )  # fmt: skip
        return made or []

    def free(used: int) -> tuple[str, ...]:
        near = sorted(ring, key=lambda n: float(np.linalg.norm(network.at(n) - start)))
        return tuple([n for n in near if n not in taken][:used])

    start = inside(_CONFLUENCE, _SINUS_RADIUS_MM[1])
    back = wish(
        "SSS", "superior_sagittal_sinus", start, "torcula", free(3), _SINUS_RADIUS_MM[::-1],
        _wall_price(ground, twin, _SINUS_RADIUS_MM[1], mid),
    )  # fmt: skip
    if back:
        taken.add(back[-1])
        price = _wall_price(ground, twin, _SIDE_RADIUS_MM[0], None)
        for side, place in _JUGULAR.items():
            for shift in _JUGULAR_SHIFTS:
                outlet = inside(place + shift, _SIDE_RADIUS_MM[1])
                radii = _SIDE_RADIUS_MM[::-1]
                name, kind = f"TS-{side}", "transverse_sinus"
                if wish(name, kind, outlet, f"jugular_{side}", (back[0],), radii, price):
                    break
    start = inside(_FOREHEAD, _FRONT_RADIUS_MM[0])
    front = wish(
        "SSS-front", "superior_sagittal_sinus", start, "territory", free(3), _FRONT_RADIUS_MM,
        _wall_price(ground, twin, _FRONT_RADIUS_MM[1], mid),
    )  # fmt: skip
    taken.update(front[-1:])


def _onto_wall(heads: Heads, point: Reals, inner: Reals, ground: Ground, radius: float) -> Reals:
    """The place on the line from the head's middle through `point` where a sinus touches the wall."""
    from scipy import ndimage as ndi

    share = np.linspace(0.3, 1.6, 261)
    line = inner + share[:, None] * (point - inner)
    wall = ndi.map_coordinates(heads.distance, heads.grid.mm_to_index(line).T, order=1, mode="nearest")
    level = ground.csf_mm + ground.dura_mm - radius - 0.3
    beyond = np.flatnonzero(wall > level)
    return np.asarray(line[int(beyond[0]) if len(beyond) else -1], dtype=np.float64)


def cortical_price(ground: Ground, twin: Twin | None) -> Singles:
    """Ways through fluid and along the brain's surface, inside the dura."""
    price = 1 + 2.5 * ground.brain + 0.25 * np.minimum(np.abs(ground.above), 12) * ground.contact
    price[ground.wall > ground.csf_mm - 1.0] = np.inf
    if twin is not None:
        price[ground.side(twin) < 0.5] = np.inf
    return np.asarray(price, dtype=np.float32)


def cortex_near(
    ground: Ground, network: Network, twin: Twin, around: Reals, reach: tuple[float, float],
    random: np.random.Generator, count: int,
) -> Reals:  # fmt: skip
    """Some places on a child's cortex at a distance (mm, from-to) from a point, in random order."""
    at = np.argwhere(
        (ground.wall < -1.5) & (ground.wall > -14) & (ground.side(twin) > 3) & (ground.brain > 0.3)
    )
    points = network.lattice.index_to_mm(at)
    far = np.linalg.norm(points - around, axis=1)
    points = points[(far > reach[0]) & (far < reach[1])]
    return np.asarray(points[random.permutation(len(points))[:count]], dtype=np.float64)


def _grow_bridges(
    options: PairOptions, network: Network, ground: Ground, twin: Twin, ring: list[str], taken: set[str]
) -> None:
    """Bridging veins: from the cortex around the union to the ring, one to a ring node."""
    random = generator(options.seed, "phantom", "bridges", twin.value)
    price = cortical_price(ground, twin)
    free = [n for n in ring if n not in taken]
    order = [free[n] for n in random.permutation(len(free))]
    made = 0
    for goal in order:
        if made == _BRIDGES_PER_TWIN:
            break
        for start in cortex_near(ground, network, twin, network.at(goal), (14, 30), random, 6):
            wish = Wish(
                name=f"{twin.value}-BV{made:02d}", kind="bridging_vein", owner=twin.value,
                label=_LABEL[twin], start=start, start_kind="territory", start_owner=twin.value,
                goals=(goal,), radius_mm=_BRIDGE_RADIUS_MM, price=price,
            )  # fmt: skip
            if network.grow(wish, split_at=0.45):
                taken.add(goal)
                made += 1
                break


def grow_crossing_veins(options: PairOptions, network: Network, ground: Ground, count: int) -> int:
    """Veins from one child's cortex, through the interface, to a vein of the other; how many were made."""
    random = generator(options.seed, "phantom", "crossing veins")
    price = cortical_price(ground, None)
    made = 0
    joints = [n for n in network.nodes.values() if n.kind == "confluence"]
    goals = {twin: [n.id for n in joints if n.owner == twin.value] for twin in Twin}
    for attempt in range(12 * count):
        if made == count:
            break
        twin = Twin.A if (made + attempt // 12) % 2 == 0 else Twin.B
        options_here = goals[twin.other]
        if not options_here:
            continue
        goal = options_here[int(random.integers(len(options_here)))]
        for start in cortex_near(ground, network, twin, network.at(goal), (8, 26), random, 3):
            wish = Wish(
                name=f"XV{made:02d}", kind="cross_vein", owner="shared", label=Tissue.SHARED_VENOUS,
                start=start, start_kind="territory", start_owner=twin.value, goals=(goal,),
                radius_mm=_CROSS_RADIUS_MM, price=price, crossing=True,
            )  # fmt: skip
            if network.grow(wish):
                made += 1
                options_here.remove(goal)
                break
    return made
