"""All vessels of a pair, in the order in which they claim their room."""

from __future__ import annotations

from separatrix.body.phantom.arteries import grow_arteries, grow_crossing_arteries
from separatrix.body.phantom.build import Heads
from separatrix.body.phantom.model import PairOptions
from separatrix.body.phantom.network import Network
from separatrix.body.phantom.shape import Layers
from separatrix.body.phantom.veins import grow_crossing_veins, grow_veins, survey
from separatrix.core import generator

_CROSSING_ARTERIES = 3


def grow_vessels(options: PairOptions, heads: Heads, layers: Layers) -> Network:
    """Grow all vessels of both children, and the 10 to 12 that cross between them."""
    network = Network.empty(heads.grid)
    ground = survey(heads, network, layers.csf, layers.dura)
    crossing = int(generator(options.seed, "phantom", "crossings").integers(10, 13))
    grow_veins(options, heads, network, ground)
    made = grow_crossing_veins(options, network, ground, crossing - _CROSSING_ARTERIES)
    grow_arteries(options, heads, network, ground)
    made += grow_crossing_arteries(options, network, ground, crossing - made)
    return network
