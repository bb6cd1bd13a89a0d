"""Pipeline: the stations in order, and the one place where the rooms' answers meet.

Question: what has to be computed for this case, and what still fits from before?
Input: a `Case`. Output: the results under ``plan/``, the dossier, and a `PlanRun` that says what was done.
Assumption: a stored result fits when its inputs, evidence, seed and the program's source are the same.
Tests: ``tests/pipeline``, ``tests/journeys``.
"""

from separatrix.pipeline.check import CheckReport, check_case
from separatrix.pipeline.demo import make_demo
from separatrix.pipeline.model import PlanRun, StationRun
from separatrix.pipeline.results import Results
from separatrix.pipeline.run import plan
from separatrix.pipeline.stations import STATIONS

__all__ = [
    "STATIONS",
    "CheckReport",
    "PlanRun",
    "Results",
    "StationRun",
    "check_case",
    "make_demo",
    "plan",
]
