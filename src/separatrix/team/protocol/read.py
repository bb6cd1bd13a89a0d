"""Reading protocol and team files: what can be read of them, and every fault at once."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from separatrix.case.document import MAX_BYTES, Document, Place, parse_document
from separatrix.case.expected import Expectations
from separatrix.case.faults import model_faults, near, value_at
from separatrix.case.model import PROTOCOL_NAMES
from separatrix.case.text import brief
from separatrix.core import Fault, InputError
from separatrix.team.protocol.file import ProtocolFile
from separatrix.team.protocol.schema import protocol_expectations, team_expectations
from separatrix.team.protocol.team_file import TeamFile
from separatrix.team.protocol.words import Part

MAX_VALUES = 60_000
"""Keys and values of a protocol; the longest that the program brings has about a tenth."""

MAX_FAULTS = 100
"""Faults told at once; a file with more is of another kind."""

_ROUNDS = 12
"""Taking out a faulty field can leave the group around it wanting, and so on upwards."""

UNNAMED = "unnamed"
"""Stand-in for a name: told already, so never told as unknown."""

_STAND_INS: Mapping[str, Any] = {
    "format": 1,
    "id": UNNAMED,
    "title": "untitled",
    "name": UNNAMED,
    "phase": UNNAMED,
}
"""Sound values in place of faulty required ones, so that the rest is checked in the same report."""

_GONE = object()
"""In place of a list item that was taken out, so that the others keep their places."""

FileModel = TypeVar("FileModel", bound=Part)


@dataclass(frozen=True, slots=True)
class Survey(Generic[FileModel]):
    """What could be read of a file."""

    document: Document | None
    """The sound part with its lines; None where the text is no YAML."""
    file: FileModel | None
    """The sound part; None where too much is missing."""
    faults: tuple[Fault, ...]
    written: Document | None
    """All that is written, sound or not."""
    places: Mapping[Place, Place] = field(default_factory=dict)
    """Place in the sound part to place as written, where the two differ."""

    def was_written(self, place: Place, key: str) -> bool:
        """Whether a key stands in a group of the sound part, or stood there and was faulty."""
        group = value_at(self.written.data if self.written else None, self.places.get(place, place))
        return isinstance(group, dict) and group.get(key) is not None

    @property
    def is_whole(self) -> bool:
        """Whether no item of a list had to be taken out."""
        return (
            self.document is not None
            and self.written is not None
            and (_counts(self.document.data) == _counts(self.written.data))
        )

    def fault(self, place: Place, problem: str, *, expected: str = "", mend: str = "") -> Fault:
        """A fault at a place of the sound part."""
        assert self.document is not None
        return _fault(self.document, place, problem, expected=expected, mend=mend)


def _counts(data: Any) -> dict[str, int]:
    """Length of each list at the top, and of the blocks in it."""
    found = {}
    for key, section in data.items():
        if isinstance(section, list):
            found[key] = len(section)
            blocks = (item.get("block") for item in section if isinstance(item, dict))
            found[f"{key}.block"] = sum(len(block) for block in blocks if isinstance(block, list))
    return found


def survey_protocol(source: str | Path) -> Survey[ProtocolFile]:
    """Read a protocol that the program brings by its name, or one of the team's own by its path."""
    try:
        raw, shown = _protocol_bytes(source)
    except InputError as error:
        return Survey(None, None, error.faults, None)
    return survey_bytes(raw, shown, ProtocolFile, protocol_expectations())


def survey_team(path: Path) -> Survey[TeamFile]:
    """Read a team file."""
    try:
        raw = _content(Path(path))
    except InputError as error:
        return Survey(None, None, error.faults, None)
    return survey_bytes(raw, str(path), TeamFile, team_expectations())


def _protocol_bytes(source: str | Path) -> tuple[bytes, str]:
    if str(source) in PROTOCOL_NAMES:
        name = f"{source}.yaml"
        return (resources.files("separatrix.team.protocol") / "protocols" / name).read_bytes(), name
    path = Path(source)
    if path.suffix not in (".yaml", ".yml") and not path.exists():
        raise InputError(
            Fault(
                file=str(source),
                problem="there is no such protocol",
                expected=f"{', '.join(PROTOCOL_NAMES)}, or the path of a .yaml file",
                mend=near(str(source), PROTOCOL_NAMES),
            )
        )
    return _content(path), str(path)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            Fault(file=str(path), problem=f"cannot be read ({reason})", mend="correct the path")
        ) from None
    if len(raw) > MAX_BYTES:
        raise InputError(
            Fault(
                file=str(path),
                problem=f"the file has {size / 1e6:.1f} MB",
                expected=f"at most {MAX_BYTES / 1e6:g} MB",
                mend="it is written by hand; what is larger is something else",
            )
        )
    return raw


def survey_bytes(
    raw: bytes, shown: str, model: type[FileModel], expectations: Expectations
) -> Survey[FileModel]:
    """Read the bytes of a file.

    Parameters
    ----------
    raw
        YAML text.
    shown
        Its path or name, for messages.
    model
        What it should say.
    expectations
        The same, for messages.
    """
    try:
        document = parse_document(raw, shown, most_values=MAX_VALUES)
    except InputError as error:
        return Survey(None, None, error.faults, None)
    data, errors = _validated(document, model)
    if not errors:
        return Survey(document, model.model_validate(data), (), document)
    faults = model_faults(document, errors[:MAX_FAULTS], expectations)
    told = tuple(_named(document, place, fault) for place, fault in _deepest(faults).items())
    sound, file, places = _sound_part(document, data, list(faults), model)
    return Survey(sound, file, told, document, places)


def _validated(document: Document, model: type[Part]) -> tuple[dict[str, Any], Sequence[Any]]:
    """The data, and what the model refuses of it.

    What stands unquoted where text is wanted is text: ``id: 1e3``, ``title: 2026-02-14``.
    """
    data = copy.deepcopy(document.data)
    errors = _errors(model, data)
    for wrong in errors:
        place = tuple(wrong["loc"])
        if wrong["type"] == "string_type" and document.texts.get(place):
            value_at(data, place[:-1])[place[-1]] = document.texts[place]
    return (data, _errors(model, data)) if errors else (data, ())


def _errors(model: type[Part], data: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return [{**wrong, "loc": _real_place(wrong, data)} for wrong in found]
    return []


def _real_place(wrong: Mapping[str, Any], data: Any) -> tuple[Any, ...]:
    """A location of the model without the branches of unions that it passed through."""
    place: list[Any] = []
    loc = wrong["loc"]
    for index, part in enumerate(loc):
        if isinstance(data, dict):
            key = str(part)
            if key in data:
                place.append(key)
                data = data[key]
            elif index == len(loc) - 1 and (wrong["type"] == "missing" or part == "[key]"):
                place.append(key)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            place.append(part)
            data = data[part]
    return tuple(place)


def _deepest(faults: Mapping[Place, Fault]) -> dict[Place, Fault]:
    """Faults without those that only repeat of a group what is told of a key in it."""
    return {
        place: fault
        for place, fault in faults.items()
        if not any(len(other) > len(place) and other[: len(place)] == place for other in faults)
    }


def _sound_part(
    document: Document, data: dict[str, Any], wrong: Sequence[Place], model: type[FileModel]
) -> tuple[Document | None, FileModel | None, Mapping[Place, Place]]:
    """The file without its faulty fields and items, the lines of what is left, and where it stood."""
    kept = copy.deepcopy(data)
    for _ in range(_ROUNDS):
        for place in wrong:
            _take_out(kept, place)
        places: dict[Place, Place] = {}
        clean = _without_gaps(kept, (), (), places)
        errors = _errors(model, clean)
        if not errors:
            lines = {place: line for place, was in places.items() if (line := document.line_of(was))}
            return Document(document.file, clean, lines, {}), model.model_validate(clean), places
        wrong = [place for error in errors if (place := _to_take_out(error, places))]
        if not wrong:
            break
    return None, None, {}


def _to_take_out(error: Mapping[str, Any], places: Mapping[Place, Place]) -> Place:
    place: Place = error["loc"]
    if error["type"] != "missing":
        return places.get(place, place)
    around = places.get(place[:-1], ())
    return (*around, place[-1]) if place[-1] in _STAND_INS else around


def _take_out(data: Any, place: Place) -> None:
    """Remove a field, or put a stand-in where it is needed; items of lists leave a gap."""
    group = value_at(data, place[:-1]) if place else None
    part = place[-1] if place else ""
    if isinstance(group, dict):
        if part in _STAND_INS and group.get(str(part)) != _STAND_INS[str(part)]:
            group[str(part)] = _STAND_INS[str(part)]
        else:
            group.pop(str(part), None)
    elif isinstance(group, list) and isinstance(part, int) and part < len(group):
        group[part] = _GONE


def _without_gaps(data: Any, now: Place, was: Place, places: dict[Place, Place]) -> Any:
    """The data without gaps; notes where each place was before."""
    places[now] = was
    if isinstance(data, dict):
        return {k: _without_gaps(v, (*now, k), (*was, k), places) for k, v in data.items()}
    if isinstance(data, list):
        left = [(index, item) for index, item in enumerate(data) if item is not _GONE]
        return [
            _without_gaps(item, (*now, index), (*was, before), places)
            for index, (before, item) in enumerate(left)
        ]
    return data


def _fault(document: Document, place: Place, problem: str, *, expected: str = "", mend: str = "") -> Fault:
    return _named(document, place, document.fault(place, problem, expected=expected, mend=mend))


def _named(document: Document, place: Place, fault: Fault) -> Fault:
    """A fault whose field names list items by their id: ``activities[airway].needs[0]``."""
    return replace(fault, field=named_place(document.data, place))


def named_place(data: Any, place: Place) -> str:
    """A place as people find it: list items by their id where they have one."""
    text = ""
    for part in place:
        below = value_at(data, (part,))
        if isinstance(part, int):
            own = below.get("id") if isinstance(below, dict) else None
            text += f"[{brief(own) if isinstance(own, str) and own else part}]"
        else:
            text += f".{brief(part)}"
        data = below
    return text.removeprefix(".")


def sorted_faults(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Faults by line, each once, not too many."""
    found = sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line or 0))
    if len(found) > MAX_FAULTS:
        more = Fault(file=found[0].file, problem="there are more faults", mend="mend these first")
        return (*found[:MAX_FAULTS], more)
    return tuple(found)
