"""The rehearsal on paper: stories of single rehearsals, and cards to rehearse with dolls.

Question: how did this rehearsal go, and how do people rehearse the same?
Input: stories that `separatrix.team.rehearsal.stories.replay` tells.
Output: text, a page with bars against the plan and blood curves, scenario cards (HTML, PDF).
Assumption: cues are our wording and targets the team's; what is scored is arrival, not success.
Tests: ``tests/share/rehearsal``.
"""

from separatrix.share.rehearsal.pages import story_html, story_text
from separatrix.share.rehearsal.scenario import Scenario, chosen, day
from separatrix.share.rehearsal.write import number_cards, write_scenarios, write_story

__all__ = [
    "Scenario",
    "chosen",
    "day",
    "number_cards",
    "story_html",
    "story_text",
    "write_scenarios",
    "write_story",
]
