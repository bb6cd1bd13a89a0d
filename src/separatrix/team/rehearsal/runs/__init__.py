"""Runs: very many rehearsals as counts, on threads or on a cluster.

Question: how do the rehearsals of one plan spread?
Input: `Compiled`, how many, a seed.
Output: `Sketch` with one digest however the run was divided; `Rows` of a few thousand.
Assumption: machines of one type; elsewhere quantiles agree to 1e-9.
Tests: ``tests/team/rehearsal/test_rehearsal_run.py``, ``test_rehearsal_cluster.py``.
"""
