"""The play: a procedure, its schedule and its numbers as flat arrays.

Question: what exactly is played again and again?
Input: `Procedure`, `Schedule`, `Numbers` of the evidence.
Output: `Compiled`: arrays, what each index means, findings.
Assumption: rooms and equipment follow the order of the script.
Tests: ``tests/team/rehearsal/test_rehearsal_compile_*.py``.
"""
