"""The script on paper: who does what, when, where, for the wall, the pocket and the calendar.

Question: what does each person hold in the hand on the day?
Input: a procedure and its schedule.
Output: Gantt charts (SVG), role cards (HTML, PDF), charts of rooms and equipment, a calendar per person.
Assumption: what is printed is the plan; the day is run by the team. Nothing printed is called a dose.
Tests: ``tests/share/script``.
"""

from separatrix.share.script.cards import RoleCard, role_cards
from separatrix.share.script.write import write_script

__all__ = ["RoleCard", "role_cards", "write_script"]
