"""Stored results as the later stations and the notebook read them: always from disk, read once."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from separatrix.body import anatomy, imaging, surface, vessels
from separatrix.core import DataMissingError, Fault, Provenance
from separatrix.core.storage import COMMIT_MARK, read_json
from separatrix.team.choreography.explanation_model import Explanation, read_explanation
from separatrix.team.choreography.model import Schedule
from separatrix.team.choreography.schedule_io import read_schedule
from separatrix.team.rehearsal.answers.result_io import StoredRehearsal, read_rehearsal


class Results:
    """The results under ``plan/`` of a case.

    A later station never gets an earlier one's memory, only what was stored: so a resumed plan and
    an undisturbed one are the same to the last byte.

    Parameters
    ----------
    plan_folder
        The case's ``plan`` folder.
    """

    def __init__(self, plan_folder: Path) -> None:
        self._plan = plan_folder

    def folder(self, station: str) -> Path:
        """Where a station's result is stored."""
        return self._plan / station

    def json(self, station: str) -> dict[str, Any]:
        """A station's ``result.json``.

        Raises
        ------
        DataMissingError
            If the station has no stored result.
        """
        path = self.folder(station) / "result.json"
        if not path.exists():
            raise DataMissingError(
                Fault(
                    file=str(path), problem=f"station '{station}' has no result", mend="run `separatrix plan`"
                )
            )
        data: dict[str, Any] = read_json(path)
        return data

    def status(self, station: str) -> tuple[str, str]:
        """Status and reason of a station."""
        data = self.json(station)
        return str(data["status"]), str(data.get("because", ""))

    def provenance(self, station: str) -> Provenance:
        """What a station's stored result was made from."""
        return Provenance.from_dict(read_json(self.folder(station) / COMMIT_MARK))

    def is_done(self, station: str) -> bool:
        """Whether a station ended with a usable result."""
        return self.status(station)[0] == "done"

    @cached_property
    def scene(self) -> imaging.Scene | None:
        """What the scans show, or None where the station did not apply."""
        return imaging.load_scene(self.folder("imaging")) if self.is_done("imaging") else None

    @cached_property
    def anatomy(self) -> anatomy.Anatomy | None:
        """Whose is what; also there where the union was refused."""
        if self.status("anatomy")[0] == "not_applicable":
            return None
        return anatomy.load_anatomy(self.folder("anatomy"))

    @cached_property
    def vessels(self) -> vessels.Vessels | None:
        """Whose blood goes where and who keeps what, or None where the station did not apply."""
        return vessels.load_vessels(self.folder("vessels")) if self.is_done("vessels") else None

    @cached_property
    def schedules(self) -> tuple[Schedule, ...]:
        """The script of each operation, the parting one last; empty where the station did not apply."""
        if self.status("choreography")[0] == "not_applicable":
            return ()
        folder = self.folder("choreography")
        rows = self.json("choreography")["operations"]
        return tuple(read_schedule(folder / row["folder"] / "schedule.json") for row in rows)

    @cached_property
    def explanations(self) -> tuple[Explanation, ...]:
        """Why each schedule is as it is, in the order of the schedules."""
        if self.status("choreography")[0] == "not_applicable":
            return ()
        folder = self.folder("choreography")
        rows = self.json("choreography")["operations"]
        return tuple(read_explanation(folder / row["folder"] / "explanation.json") for row in rows)

    @cached_property
    def rehearsal(self) -> StoredRehearsal | None:
        """What the rehearsals of the parting operation say, or None where the station did not apply."""
        if not self.is_done("rehearsal"):
            return None
        return read_rehearsal(self.folder("rehearsal"))

    @cached_property
    def separatrix(self) -> surface.Separatrix | None:
        """Where to cut, or None where the station did not apply."""
        return surface.load_separatrix(self.folder("surface")) if self.is_done("surface") else None
