"""Who was where in one rehearsal: the chart of the script by person, drawn from what was played."""

from __future__ import annotations

from collections import defaultdict

from separatrix.share.script.gantt import Chart, to_svg
from separatrix.share.script.rows import Bar, Row
from separatrix.team.choreography.model import Schedule
from separatrix.team.rehearsal.stories.story import Story


def people_svg(story: Story, *, safety: str) -> str:
    """Draw a row for each person who did anything; empty where nobody did.

    A complication that took somebody has a thick frame and its number; what it took them from lies under it.
    """
    bars: dict[str, list[Bar]] = defaultdict(list)
    for stretch in story.stretches:
        bars[stretch.person].append(
            Bar(
                start_min=round(stretch.start_min),
                end_min=max(round(stretch.end_min), round(stretch.start_min) + 1),
                kind="cover" if stretch.kind == "cover" else "activity",
                text=stretch.title,
                patients=stretch.patients,
                critical=stretch.kind == "crisis",
            )
        )
    rows = [Row(label=p.name, team=p.team, bars=tuple(bars[p.id])) for p in story.people]
    if not rows:
        return ""
    title = f"{story.title}: rehearsal {story.number} of seed {story.seed}, by person, as played"
    return to_svg(Chart(title=title, rows=rows, schedule=_moments(story), safety=safety))


def _moments(story: Story) -> Schedule:
    """What the chart reads of a schedule: its moments."""

    def whole(minute: float | None) -> int | None:
        return None if minute is None else round(minute)

    return Schedule(
        activities=(),
        assignments=(),
        occurrences=(),
        status="feasible",
        bound_min=0,
        bound_because="played",
        separation_min=whole(story.separation_min),
        circulations_part_min=whole(story.circulations_part_min),
        end_min=round(story.end_min),
        seed=story.seed,
    )
