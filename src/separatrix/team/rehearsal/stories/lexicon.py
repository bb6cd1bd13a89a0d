"""What the indices of a trace are called, in plain words."""

from __future__ import annotations

from separatrix.team.protocol.inputs import Patient
from separatrix.team.rehearsal.play.arrays import OF_PAIR
from separatrix.team.rehearsal.play.compile import Compiled

_PACKS = ("red cells", "plasma", "platelets")


class Lexicon:
    """Names of what was rehearsed."""

    def __init__(self, compiled: Compiled) -> None:
        self.arrays, self.names = compiled.arrays, compiled.names
        procedure = compiled.structure.procedure
        self.titles = procedure.titles
        self.activities = {activity.id: activity.full_title for activity in procedure.activities}
        self.said = {response.complication: response.title for response in reversed(procedure.responses)}

    def node(self, node: int) -> str:
        """Title of an activity."""
        name = self.names.nodes[node]
        return self.activities.get(name.id, name.title)

    def person(self, person: int) -> str:
        """Name of a person; ``nobody`` below 0."""
        return self.names.person_names[person] if person >= 0 else "nobody"

    def complication(self, complication: int) -> str:
        """What a complication is called: as on the crisis sheets, where it has one."""
        id = self.names.complications[complication]
        title = self.names.complication_titles[complication]
        return self.said.get(id, title[:1].upper() + title[1:])

    def patients_of(self, node: int) -> tuple[Patient, ...]:
        """Patients that an activity is on."""
        return self.of_bits(int(self.arrays.node_patients[node]))

    def of_bits(self, bits: int) -> tuple[Patient, ...]:
        """Patients by their bits."""
        return tuple(p for k, p in enumerate(self.names.patients) if bits >> k & 1)

    def is_of_pair(self, response: int) -> bool:
        """Whether a response is of both children at once."""
        return response >= 0 and bool(self.arrays.response_flags[response] & OF_PAIR)

    def struck(self, patient: int, response: int) -> tuple[Patient, ...]:
        """Whom a complication strikes; empty where it is the room."""
        if self.is_of_pair(response):
            return tuple(p for p in self.names.patients if p != "mother")
        return (self.names.patients[patient],) if patient >= 0 else ()

    def missing(self, response: int, what: int, index: int) -> str:
        """Who or what is missing, as a ``MISSING`` row of the trace has it."""
        if what == 0:
            asked = self.names.responses[response].calls[index]
            title = self._title("skill", asked.skill)
            return f"{title} {asked.team}" if asked.team else title
        if what == 1:
            return self._title("equipment", self.names.equipment[index])
        return self._title("consumable", self.names.stock[index])

    def _title(self, kind: str, name: str) -> str:
        return self.titles.get(f"{kind}:{name}", name.replace("_", " "))


def length_text(minutes: float) -> str:
    """A length of time as it is said.

    Examples
    --------
    >>> length_text(0.5), length_text(3.4), length_text(80.0)
    ('30 s', '3 min', '1 h 20')
    """
    if minutes < 1:
        return f"{round(minutes * 60)} s"
    whole = round(minutes)
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60:02d}"


def packs_text(packs: tuple[float, ...]) -> str:
    """Packs of red cells, plasma and platelets.

    Examples
    --------
    >>> packs_text((2, 1, 0)), packs_text((0, 0, 0))
    ('2 red cells, 1 plasma', 'nothing')
    """
    return ", ".join(f"{int(n)} {name}" for n, name in zip(packs, _PACKS, strict=True) if n) or "nothing"
