"""Retrodiction: published operations held against the rehearsals.

Question: would the model have expected what happened?
Input: a folder of logs, or the published spans of the evidence.
Output: a table of spans with their place in the model's intervals, and a verdict in plain words.
Assumption: what a log does not print (crossings, stages) is drawn over a range.
Tests: ``tests/team/rehearsal/test_rehearsal_retrodict.py`` and beside.
"""
