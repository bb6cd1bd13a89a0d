"""Reading a case folder: one pass, all faults at once."""

from __future__ import annotations

import copy
import datetime as dt
import os
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from separatrix.case.document import MAX_BYTES, Document, Place, dotted, parse_document
from separatrix.case.faults import model_faults, place_of
from separatrix.case.model import Case, CaseFile
from separatrix.case.paths import path_faults
from separatrix.case.rules import rule_faults
from separatrix.core import Fault, InputError

CASE_FILE = "case.yaml"
"""Name of the one file that a team writes by hand."""

MAX_FAULTS = 100
"""Faults told at once; a file with more is of another kind."""

_STAND_INS = {"format": 1, "id": "unnamed", "modality": "MR", "answer": "to be confirmed"}
"""Sound values in place of faulty required ones, so that the rules can look at the rest."""


def read_case(folder: Path, *, today: dt.date | None = None) -> Case:
    """Read a case folder.

    Parameters
    ----------
    folder
        The folder that holds ``case.yaml``.
    today
        The day of the reading; given, dates are compared with it. A stored plan must not depend on
        the day it is made, so only the check gives it.

    Returns
    -------
    Case
        With absolute folder and the line of every field.

    Raises
    ------
    InputError
        With every fault of the file and of the paths it names.

    Examples
    --------
    >>> import tempfile
    >>> from separatrix.case import new_case
    >>> with tempfile.TemporaryDirectory() as place:
    ...     case = read_case(new_case(Path(place) / "demo-1"))
    >>> case.file.id, case.line_of("format")
    ('demo-1', 4)
    """
    case, faults = survey_case(folder, today=today)
    if case is None or faults:
        raise InputError(*faults)
    return case


def survey_case(folder: Path, *, today: dt.date | None = None) -> tuple[Case | None, tuple[Fault, ...]]:
    """What can be read of a case folder, and every fault of the file.

    For a check that goes on to the scans although, say, a weight is wrong: the case comes without its
    faulty fields, and without any imaging where a fault lies there. None where nothing could be read.
    Parameters as for `read_case`.
    """
    folder = Path(folder)
    try:
        path = _case_file(folder)
        document = parse_document(_content(path), str(path))
    except InputError as error:
        return None, error.faults
    file, faults = _checked(document, folder.resolve(), today=today)
    if file is None:
        return None, tuple(faults)
    if any(fault.field.split(".")[0] == "imaging" for fault in faults):
        file = file.model_copy(update={"imaging": None})
    lines = {dotted(place): line for place, line in document.lines.items()}
    return Case(folder.resolve(), file, path=path, lines=lines), tuple(faults)


def _case_file(folder: Path) -> Path:
    """The path of ``case.yaml``, as the user would write it."""
    try:
        return _found_case_file(folder)
    except InputError:  # a ValueError too, but ours
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            Fault(file=str(folder), problem=f"cannot be looked up ({reason})", mend="correct the path")
        ) from None


def _found_case_file(folder: Path) -> Path:
    if folder.is_file():
        mend = f"give its folder: {folder.parent}" if folder.name == CASE_FILE else "give the case folder"
        raise InputError(Fault(file=str(folder), problem="is a file", expected="a case folder", mend=mend))
    if not folder.exists():
        raise InputError(
            Fault(
                file=str(folder),
                problem="there is no such folder",
                expected="a case folder",
                mend=f"correct the path, or make one: separatrix new {folder}",
            )
        )
    path = folder / CASE_FILE
    if path.is_dir():
        raise InputError(
            Fault(file=str(path), problem="is a folder", expected="a text file", mend="move the folder away")
        )
    if path.is_symlink() and not path.exists():
        raise InputError(
            Fault(file=str(path), problem="is a link that leads nowhere", mend="put the file itself there")
        )
    if not path.exists():
        others = [
            n for n in ("case.yml", "Case.yaml", "case.YAML", "case.yaml.txt") if (folder / n).is_file()
        ]
        mend = f"rename {others[0]} to {CASE_FILE}" if others else f"make one: separatrix new {folder}"
        raise InputError(Fault(file=str(path), problem="there is no such file", mend=mend))
    if not path.is_file():
        raise InputError(Fault(file=str(path), problem="is no plain file", expected="a text file"))
    return path


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            Fault(
                file=str(path),
                problem=f"cannot be read ({error.strerror})",
                mend=f"give yourself the right to read it: chmod u+r {path}",
            )
        ) from None
    if len(raw) > MAX_BYTES:
        raise InputError(
            Fault(
                file=str(path),
                problem=f"the file has {size / 1e6:.1f} MB",
                expected=f"at most {MAX_BYTES / 1e6:g} MB",
                mend="a case file is written by hand; images belong in imaging/",
            )
        )
    return raw


def _checked(
    document: Document, folder: Path, *, today: dt.date | None
) -> tuple[CaseFile | None, list[Fault]]:
    """The sound part of a file (None where there is none), and all faults."""
    data, errors = _validated(document)
    faults = model_faults(document, errors[:MAX_FAULTS])
    sound = data if isinstance(data, CaseFile) else _sound_part(document, data, faults)
    found = list(faults.values())
    if sound is not None:
        rules = chain(rule_faults(sound, document, today=today), path_faults(sound, document, folder))
        found += islice(rules, MAX_FAULTS)
    found.sort(key=lambda fault: fault.line or 0)
    if len(errors) > MAX_FAULTS or len(found) > MAX_FAULTS:
        del found[MAX_FAULTS:]
        found.append(Fault(file=document.file, problem="there are more faults", mend="mend these first"))
    return sound, found


def _validated(document: Document) -> tuple[CaseFile | dict[str, Any], Sequence[Any]]:
    """The file, or the data with all that the model refuses.

    What stands unquoted where text is wanted is text: ``id: 1e3``, ``title: 2026-02-14``.
    """
    try:
        return CaseFile.model_validate(document.data), ()
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    data = copy.deepcopy(document.data)
    for wrong in errors:
        place = place_of(wrong["loc"], document.data)
        if wrong["type"] == "string_type" and document.texts.get(place):
            _put(data, place, document.texts[place])
    try:
        return CaseFile.model_validate(data), ()
    except ValidationError as error:
        return data, error.errors(include_url=False, include_input=False)


def _put(data: Any, place: Place, value: Any) -> None:
    for part in place[:-1]:
        data = data[part]
    data[place[-1]] = value


def _sound_part(document: Document, data: dict[str, Any], faults: Iterable[Place]) -> CaseFile | None:
    """The file without its faulty fields, so that the rest is checked in the same report."""
    kept = copy.deepcopy(data)
    for _ in range(8):  # taking out a field can leave the group around it wanting
        for place in faults:
            _take_out(kept, place)
        try:
            return CaseFile.model_validate(kept)
        except ValidationError as error:
            faults = [
                place if wrong["type"] != "missing" or place[-1] in _STAND_INS else place[:-1]
                for wrong in error.errors(include_url=False, include_input=False)
                for place in [place_of(wrong["loc"], kept)]
            ]
    return None


def _take_out(data: dict[str, Any], place: Place) -> None:
    # An item of a list is not taken out alone: the others would change their place.
    place = place[: next((i for i, part in enumerate(place) if isinstance(part, int)), len(place))]
    group: Any = data
    for part in place[:-1]:
        group = group.get(part) if isinstance(group, dict) else None
    if not isinstance(group, dict) or not place:
        return
    if (key := str(place[-1])) in _STAND_INS and group.get(key) != _STAND_INS[key]:
        group[key] = _STAND_INS[key]
    else:
        group.pop(key, None)
