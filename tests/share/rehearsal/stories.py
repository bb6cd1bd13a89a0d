"""A story by hand over the short day of the script's tests: asymmetric in A and B, every status once."""

from __future__ import annotations

import math

import numpy as np

from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import ActivityMark, Procedure, Response
from separatrix.team.rehearsal.stories.story import (
    Came,
    Crisis,
    Curve,
    Line,
    PlayedActivity,
    Player,
    Story,
    Stretch,
)

LATER = 20.0
"""Minutes by which everything after the first hour is later than planned."""


def response_of(procedure: Procedure, complication: str, state: str, patient: str | None) -> Response:
    return next(
        r
        for r in procedure.responses
        if r.complication == f"complication.{complication}" and r.state == state and r.patient == patient
    )


def came_for(response: Response, **absent: bool) -> tuple[Came, ...]:
    leader = Came(skill=response.leader, team=response.patient, task="leads", person="Neurosurgeon 1",
                  where="in place", minutes=0.0)  # fmt: skip
    others = [
        Came(skill=c.skill, team=c.team, task=c.task, person="" if absent.get(c.skill) else f"Caller {n}",
             where="" if absent.get(c.skill) else "on a break",
             minutes=math.inf if absent.get(c.skill) else 4.0)
        for n, c in enumerate(response.calls, start=1)
    ]  # fmt: skip
    return (leader, *others)


def story_of(procedure: Procedure, schedule: Schedule) -> Story:
    """Two complications: a late one on A while joined, one of the room that lacks a person."""
    bleeding = response_of(procedure, "bleeding", "joined", "A")
    fire = response_of(procedure, "fire", "joined", None)
    crises = (
        Crisis(
            number=1, minute=95.0, complication="complication.bleeding", title="Massive bleeding",
            state="joined", struck=("A",), of_pair=False, activity="dura", activity_title="Open the dura",
            response=bleeding, came=came_for(bleeding), missing=(), stopped=("Open the dura",),
            arrival_min=4.0, control_min=30.0, status="late",
        ),
        Crisis(
            number=2, minute=250.0, complication="complication.fire", title="Fire", state="joined",
            struck=("A", "B"), of_pair=True, activity="divide",
            activity_title="Test clamp and divide the shared sinus", response=fire,
            came=came_for(fire, neurosurgeon=True), missing=("neurosurgeon",), stopped=(), arrival_min=0.0,
            control_min=12.0, status="nobody", forced=True,
        ),
    )  # fmt: skip
    when = {a.id: a for a in schedule.activities}
    activities = []
    for activity in procedure.activities:
        planned = (float(when[activity.id].start_min), float(when[activity.id].end_min))
        late = LATER if planned[0] >= 60 else 0.0
        activities.append(
            PlayedActivity(
                id=activity.id, title=activity.title, phase=activity.phase, patients=activity.patients,
                critical=ActivityMark.CRITICAL in activity.marks, planned=planned,
                played=None if activity.id == "close@B" else (planned[0] + late, planned[1] + late),
                held=((95.0, 125.0),) if activity.id == "dura" else (), people=(),
            )
        )  # fmt: skip
    minute = np.linspace(0.0, 560.0, 50)
    curves = tuple(
        Curve(patient=p, minute=minute, volume_ml=volume - 80 * np.exp(-(((minute - 110) / 30) ** 2)),
              haematocrit=np.full(50, 0.33), temperature_c=36.5 - minute / 500)
        for p, volume in (("A", 600.0), ("B", 550.0))
    )  # fmt: skip
    assert schedule.separation_min is not None
    return Story(
        title=procedure.title, seed=7, number=42, phases=procedure.phases, patients=procedure.patients,
        separation_min=schedule.separation_min + LATER, circulations_part_min=320.0,
        end_min=schedule.end_min + LATER, planned_separation_min=float(schedule.separation_min),
        planned_end_min=float(schedule.end_min), staged=False,
        lines=(
            Line(minute=0.0, kind="start", words="Induction and airway begins", patients=("A",)),
            Line(minute=95.0, kind="strike", words="MASSIVE BLEEDING strikes <A>", patients=("A",)),
        ),
        crises=crises, activities=tuple(activities), curves=curves,
        people=(Player(id="N1", name="Neurosurgeon 1", team=None),
                Player(id="AA1", name="Anaesthetist A1", team="A")),
        stretches=(
            Stretch(person="N1", kind="activity", title="Open the dura", patients=("A", "B"), start_min=80.0,
                    end_min=200.0),
            Stretch(person="AA1", kind="cover", title="Anaesthesia of A", patients=("A",), start_min=0.0,
                    end_min=200.0),
            Stretch(person="AA1", kind="crisis", title="⚠1 Massive bleeding", patients=("A",),
                    start_min=99.0, end_min=125.0),
        ),
    )  # fmt: skip
