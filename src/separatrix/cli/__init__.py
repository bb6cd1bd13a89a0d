"""Command line: commands, progress and exit codes; nothing else.

Question: how does a person at a terminal, or another program, call Separatrix?
Input: arguments. Output: text or JSON on stdout, progress and errors on stderr, an exit code.
Assumption: 0 done, 1 our fault, 2 bad input, 3 plan infeasible.
Tests: ``tests/journeys``.
"""
