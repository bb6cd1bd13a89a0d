"""Vessels: whose blood goes where, who keeps what, in what order and stages.

Question: which vessel goes to whom, in what order and how many operations, and what does it do to each child?
Input: `Scene`, `Anatomy`, the case's observations and wishes, evidence; or a graph written by hand.
Output: `Vessels`: graph, flow before, `Division`. Every harm is per child; people decide.
Assumption: steady flow in rigid vessels; beds, pial and deep veins are assumptions drawn over their ranges.
Tests: ``tests/body/vessels``.
"""

from separatrix.body.vessels.crossings import as_crossings, as_exchange
from separatrix.body.vessels.divide import divide
from separatrix.body.vessels.flow_file import FlowFile, read_flow_file, solve_flow_file
from separatrix.body.vessels.graph_io import load_graph, save_graph
from separatrix.body.vessels.model import Division, DivisionStep, FlowState, Network, VesselGraph
from separatrix.body.vessels.resolve import resolve
from separatrix.body.vessels.solve import solve
from separatrix.body.vessels.station import Vessels, load_vessels, map_vessels, save_vessels

__all__ = [
    "Division",
    "DivisionStep",
    "FlowFile",
    "FlowState",
    "Network",
    "VesselGraph",
    "Vessels",
    "as_crossings",
    "as_exchange",
    "divide",
    "load_graph",
    "load_vessels",
    "map_vessels",
    "read_flow_file",
    "resolve",
    "save_graph",
    "save_vessels",
    "solve",
    "solve_flow_file",
]
