"""Rehearsal: what can go wrong, and are we ready for each of it?

Question: when does the script end if lengths, complications and losses are drawn; who is missing for which
complication; what should be changed?
Input: a `Procedure`, its `Schedule`, numbers of the evidence.
Output: `Rehearsal`: distributions, contingency matrix, findings, changes, bands over the assumptions.
Assumption: arrival, not success: it tells who is there in time, never whether a child lives.
Rooms inside, each above the one before: play, engine, runs, answers, then stories and retrodiction.
Tests: ``tests/team/rehearsal``, with a slow twin in ``tests/reference/rehearsal.py``.
"""

from separatrix.core.runtime import settle_compiled_cache

settle_compiled_cache()
