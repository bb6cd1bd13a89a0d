"""A short day by hand: every kind of stretch on it, asymmetric in A and B."""

from __future__ import annotations

import pytest

from separatrix.team.choreography.model import Assignment, Schedule, ScheduledActivity
from separatrix.team.protocol.model import (
    Activity,
    ActivityMark,
    Call,
    Cover,
    Duration,
    Need,
    Person,
    Procedure,
    Response,
    Room,
    Rules,
)

_PEOPLE = (
    ("N1", "Neurosurgeon 1", {"neurosurgeon": 3}, None),
    ("N2", "Neurosurgeon 2", {"neurosurgeon": 2, "microscope": 1}, "B"),
    ("AA1", "Anaesthetist A1", {"anaesthetist": 3}, "A"),
    ("AA2", "Anaesthetist A2", {"anaesthetist": 2}, "A"),
    ("AB1", "Anaesthetist B1", {"anaesthetist": 3}, "B"),
    ("S1", "Scrub nurse 1", {"scrub_nurse": 2}, None),
    ("R1", "Reopening surgeon", {"neurosurgeon": 3}, None),
)
_TIMES = {"airway@A": (0, 40), "airway@B": (20, 60), "dura": (60, 180), "divide": (180, 300),
          "part": (300, 330), "close@A": (340, 480), "close@B": (330, 540)}  # fmt: skip


def _activity(id: str, title: str, phase: str, **more: object) -> Activity:
    start, end = _TIMES[id]
    length = Duration(low_min=end - start - 10, mode_min=end - start, high_min=end - start + 30)
    return Activity(id=id, title=title, phase=phase, duration=length, planned_min=end - start, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def procedure() -> Procedure:
    surgeon, both = (Need(skill="neurosurgeon", count=2),), ("A", "B")
    return Procedure(
        id="separation",
        title="Separation by hand",
        operation=1,
        patients=both,  # type: ignore[arg-type]
        phases=("induction", "separation", "closing"),
        activities=(
            _activity("airway@A", "Induction and airway", "induction", patients=("A",), rooms=("t1",)),
            _activity("airway@B", "Induction and airway", "induction", patients=("B",), rooms=("t1",)),
            _activity(
                "dura", "Open the dura", "separation", patients=both, rooms=("t1",), needs=surgeon,
                equipment={"microscope": 1, "diathermy": 2},
            ),
            _activity(
                "divide", "Test clamp and divide the shared sinus", "separation", patients=both,
                rooms=("t1",), needs=surgeon, marks=frozenset({ActivityMark.CRITICAL}),
                equipment={"microscope": 1},
            ),
            _activity(
                "part", "Last cut, tables parted", "separation", patients=both, rooms=("t1",), needs=surgeon,
                marks=frozenset({ActivityMark.SEPARATION, ActivityMark.CRITICAL}),
            ),
            _activity("close@A", "Close the dura and skin", "closing", patients=("A",), rooms=("t1",)),
            _activity("close@B", "Close the dura and skin", "closing", patients=("B",), rooms=("t2",)),
        ),
        precedences=(),
        people=tuple(
            Person(id=i, name=n, skills=s, team=t, pool="standby" if i == "R1" else "room")  # type: ignore[arg-type]
            for i, n, s, t in _PEOPLE
        ),
        rooms=(Room(id="t1", title="Theatre 1"), Room(id="t2", title="Theatre 2")),
        equipment={"microscope": 1, "diathermy": 4},
        covers=(
            Cover(id="care@A", title="Anaesthesia of A", skill="anaesthetist", count=1, begins="airway@A",
                  ends="close@A", patients=("A",)),
        ),
        responses=(
            *(
                Response(complication="complication.bleeding", title="Massive bleeding", state="joined",
                         patient=child, leader="neurosurgeon", within_min=2,  # type: ignore[arg-type]
                         actions=("pressure", "heads level", "call both blood runners"),
                         calls=(Call(skill="anaesthetist", team=child, task="volume and blood"),  # type: ignore[arg-type]
                                Call(skill="anaesthetist", team=other, task="guard your own child")),  # type: ignore[arg-type]
                         give_up="pack and stage")
                for child, other in (("A", "B"), ("B", "A"))
            ),
            *(
                Response(complication="complication.bleeding", title="Massive bleeding", state="apart",
                         patient=child, leader="neurosurgeon",  # type: ignore[arg-type]
                         actions=("pressure", "call the blood runner of this child"))
                for child in ("A", "B")
            ),
            Response(complication="complication.fire", title="Fire", state="joined", leader="scrub_nurse",
                     actions=("flood",), of_pair=True, within_min=1,
                     calls=(Call(skill="neurosurgeon", task="hands off"),)),
            Response(complication="complication.haematoma", title="Haematoma", state="apart", patient="A",
                     leader="neurosurgeon", actions=("scan",), after_operation=True),
        ),
        rules=Rules(break_min=30, break_within_min=270, handover_min=10),
    )  # fmt: skip


@pytest.fixture(scope="session")
def schedule(procedure: Procedure) -> Schedule:
    rooms = {a.id: a.rooms[0] for a in procedure.activities}
    patients = {a.id: a.patients for a in procedure.activities}
    work = [("N1", "neurosurgeon", a) for a in ("dura", "divide", "part", "close@A")]
    work += [("N2", "neurosurgeon", a) for a in ("dura", "divide", "part", "close@B")]
    work += [("AB1", "anaesthetist", "airway@B"), ("S1", "scrub_nurse", "dura")]
    stretches = [(p, s, "activity", a, *_TIMES[a]) for p, s, a in work]
    stretches += [
        ("AA1", "anaesthetist", "cover", "care@A", 0, 190),
        ("AA2", "anaesthetist", "cover", "care@A", 180, 480),
        ("AA1", "anaesthetist", "handover", "care@A", 180, 190),
        ("AA2", "anaesthetist", "handover", "care@A", 180, 190),
        ("AA1", "", "break", "", 190, 220),
    ]
    return Schedule(
        activities=tuple(
            ScheduledActivity(id=i, start_min=s, end_min=e, room=rooms[i], patients=patients[i])
            for i, (s, e) in _TIMES.items()
        ),
        assignments=tuple(
            Assignment(person=p, skill=s, kind=k, activity=a, start_min=b, end_min=e)  # type: ignore[arg-type]
            for p, s, k, a, b, e in stretches
        ),
        occurrences=(),
        status="feasible",
        bound_min=300,
        bound_because="critical path",
        separation_min=330,
        circulations_part_min=300,
        end_min=540,
        seed=1,
    )
