"""The arteries of a pair: two carotids and a basilar artery, a circle, trunks and branches for each child."""

from __future__ import annotations

import numpy as np

from separatrix.body.phantom.build import Heads
from separatrix.body.phantom.model import PairOptions, Reals, Tissue
from separatrix.body.phantom.network import Network, Wish
from separatrix.body.phantom.veins import Ground, cortex_near, cortical_price
from separatrix.core import Twin, generator

_LABEL = {Twin.A: Tissue.ARTERY_A, Twin.B: Tissue.ARTERY_B}

_CIRCLE: dict[str, tuple[float, float, float]] = {
    "ICA_L": (15, -4, -18),
    "ICA_R": (-15, -4, -18),
    "BA": (0, 22, -20),
    "ACoA": (0, -22, -12),
}
"""Head-space places (LPS) of the arterial circle."""

_INLETS: dict[str, tuple[float, float, float]] = {
    "ICA_L": (17, -2, -44),
    "ICA_R": (-17, -2, -44),
    "BA": (0, 24, -46),
}
_TRUNKS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "ICA_L": ((50, 6, 2),),
    "ICA_R": ((-50, 6, 2),),
    "ACoA": ((6, -52, 16), (-6, -34, 40)),
    "BA": ((22, 52, -4), (-22, 52, -4)),
}
"""From each point of the circle: where its trunks branch."""

_INLET_RADIUS_MM, _CIRCLE_RADIUS_MM = 1.6, 1.0
_TRUNK_RADIUS_MM, _BRANCH_RADIUS_MM = (0.9, 1.2), (0.45, 0.8)
_CROSS_RADIUS_MM = (0.45, 0.65)
_BRANCHES_PER_TRUNK = 3


def grow_arteries(options: PairOptions, heads: Heads, network: Network, ground: Ground) -> None:
    """The arterial tree of each child, from its inlets to its cortex."""
    for twin in Twin:
        circle = _lay_circle(heads, network, twin)
        _grow_branches(options, heads, network, ground, twin, circle)


def _lay_circle(heads: Heads, network: Network, twin: Twin) -> dict[str, str]:
    pose, letter, label = heads.poses[twin], twin.value, _LABEL[twin]
    nodes = {
        name: network.add_node("artery", letter, pose.to_world(np.array(place, dtype=float)))
        for name, place in _CIRCLE.items()
    }

    def edge(name: str, kind: str, a: str, b: str, radius: float) -> None:
        line = np.linspace(network.at(a), network.at(b), 8)
        network.add_edge(f"{letter}-{name}", kind, letter, label, (a, b), (radius, radius), line)

    for name, place in _INLETS.items():
        start = network.add_node(f"inlet_{name}", letter, pose.to_world(np.array(place, dtype=float)))
        edge(name, "artery_stem", start, nodes[name], _INLET_RADIUS_MM)
    for a, b in (("ICA_L", "ACoA"), ("ICA_R", "ACoA"), ("ICA_L", "BA"), ("ICA_R", "BA")):
        edge(f"{a}-{b}", "communicating", nodes[a], nodes[b], _CIRCLE_RADIUS_MM)
    return nodes


def _grow_branches(
    options: PairOptions, heads: Heads, network: Network, ground: Ground, twin: Twin, circle: dict[str, str]
) -> None:
    random = generator(options.seed, "phantom", "arteries", twin.value)
    pose, letter = heads.poses[twin], twin.value
    price = cortical_price(ground, twin)

    def wish(name: str, start: Reals, kind: str, goals: tuple[str, ...], radii: tuple[float, float]) -> Wish:
        return Wish(
            name=f"{letter}-{name}", kind="artery", owner=letter, label=_LABEL[twin], start=start,
            start_kind=kind, start_owner=letter, goals=goals, radius_mm=radii, price=price, margin_mm=20.0,
        )  # fmt: skip

    number = 0
    for root, places in _TRUNKS.items():
        for place in places:
            number += 1
            end = pose.to_world(np.array(place, dtype=float))
            end = end + random.normal(0, 1.5, 3)
            trunk = network.grow(wish(f"T{number}", end, "branching", (circle[root],), _TRUNK_RADIUS_MM))
            if trunk is None:
                continue
            made = 0
            for tip in cortex_near(ground, network, twin, end, (14, 42), random, 14):
                if made == _BRANCHES_PER_TRUNK:
                    break
                name = f"T{number}.{made}"
                if network.grow(wish(name, tip, "territory", (trunk[0],), _BRANCH_RADIUS_MM)):
                    made += 1


def grow_crossing_arteries(options: PairOptions, network: Network, ground: Ground, count: int) -> int:
    """Arteries of one child that feed a territory of the other; how many were made."""
    random = generator(options.seed, "phantom", "crossing arteries")
    price = cortical_price(ground, None)
    made = 0
    for attempt in range(20 * count):
        if made == count:
            break
        twin = Twin.A if made % 2 == 0 else Twin.B
        fed = {n for e in network.edges if e.kind == "artery" and e.owner == twin.value for n in (e.a, e.b)}
        ends = [n for n in network.nodes.values() if n.id in fed and n.kind in ("branching", "territory")]
        depth = {n.id: abs(float(n.xyz_mm[2])) for n in ends}
        close = sorted(ends, key=lambda n: depth[n.id])[:8]
        if not close:
            break
        goal = close[attempt % len(close)].id
        for tip in cortex_near(ground, network, twin.other, network.at(goal), (8, 45), random, 4):
            wish = Wish(
                name=f"XA{made:02d}", kind="cross_artery", owner=twin.value, label=_LABEL[twin], start=tip,
                start_kind="territory", start_owner=twin.other.value, goals=(goal,),
                radius_mm=_CROSS_RADIUS_MM, price=price, crossing=True, margin_mm=20.0,
            )  # fmt: skip
            if network.grow(wish):
                made += 1
                break
    return made
