"""Core: what every room stands on.

Question: where is it, whose is it, what went wrong, where did it come from?
Input and output: plain values (grids, errors, seeds, files).
Assumption: positions are patient LPS millimetres; arrays are ``[z, y, x]``.
Tests: ``tests/core``.
"""

from separatrix.core.errors import (
    DataMissingError,
    Fault,
    GeometryError,
    InfeasibleError,
    InputError,
    SeparatrixError,
    SolverError,
    StorageError,
    near_names,
)
from separatrix.core.grid import Grid, Volume
from separatrix.core.progress import Progress, silent
from separatrix.core.provenance import Provenance
from separatrix.core.seeds import generator
from separatrix.core.twins import Owner, Twin
from separatrix.core.unknown import Unknown

__all__ = [
    "DataMissingError",
    "Fault",
    "GeometryError",
    "Grid",
    "InfeasibleError",
    "InputError",
    "Owner",
    "Progress",
    "Provenance",
    "SeparatrixError",
    "SolverError",
    "StorageError",
    "Twin",
    "Unknown",
    "Volume",
    "generator",
    "near_names",
    "silent",
]
