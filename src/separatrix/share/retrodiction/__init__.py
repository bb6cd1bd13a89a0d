"""Retrodiction as a page: what happened beside what the rehearsal would have said.

Question: how far may a team trust the rehearsed times?
Input: a `Retrodiction`. Output: a folder with ``result.json``, a table, two charts and one page.
Assumption: none of its own; it shows what was compared and what was not.
Tests: ``tests/share/retrodiction``.
"""

from separatrix.share.retrodiction.write import check_folder, write_retrodiction

__all__ = ["check_folder", "write_retrodiction"]
