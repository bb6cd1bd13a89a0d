"""Stories: any rehearsal by its number, minute by minute.

Question: how did this one go?
Input: `Compiled`, a seed, a number.
Output: `Story`.
Assumption: none: it is the same rehearsal that a run counted.
Tests: ``tests/team/rehearsal/test_rehearsal_replay.py``.
"""
