"""The engine: one rehearsal after another, compiled, looking at nothing ahead.

Question: how does one rehearsal go?
Input: `Arrays`, a seed, the number of the rehearsal, what is forced.
Output: a row of numbers, a line for each person, a trace.
Assumption: the rules of ``docs/method/rehearsal-rules.md``.
Tests: ``tests/team/rehearsal/test_rehearsal_rules.py``, ``test_rehearsal_twin.py``.
"""
