"""Choreography: who does what, when, where, with what.

Question: what is the script of this operation, how near is it to the best, and why is it as it is?
Input: a `Procedure` (what is done, the people, rooms and rules).
Output: `Schedule`, by ``plan.choreograph`` or, on the day, ``replan.replan``; why, by ``explain.explain``.
Assumption: every step takes its planned length; what may go wrong is the rehearsal's question.
Tests: ``tests/team/choreography``. Every plan is held to the rules by `check`, which knows no planner.
"""

from separatrix.team.choreography.checker import check
from separatrix.team.choreography.model import Assignment, Occurrence, Schedule, ScheduledActivity, Violation
from separatrix.team.choreography.schedule_io import read_schedule, write_schedule

__all__ = [
    "Assignment",
    "Occurrence",
    "Schedule",
    "ScheduledActivity",
    "Violation",
    "check",
    "read_schedule",
    "write_schedule",
]
