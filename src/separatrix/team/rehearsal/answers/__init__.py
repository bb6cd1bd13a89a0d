"""Answers: contingency matrix, readiness, what to change, bands, tornado, rare outcomes, blood to order.

Question: are we ready for each complication, and what would help most?
Input: `Compiled` and runs of it.
Output: `Rehearsal`.
Assumption: arrival, not success; every number marked A has a range, and the bands run over it.
Tests: ``tests/team/rehearsal``.
"""
