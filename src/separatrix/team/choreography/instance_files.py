"""Projects from files: PSPLIB ``.sm``, Patterson ``.rcp``, MSPSP ``.dzn``, and our own ``.json``.

Two meanings of *multi-skill* are about. In MSPSP-InstLib (``sreq``, ``mastery``) a person brings exactly
one skill to an activity; in the MiniZinc benchmarks (``rr``, ``has_skills``) a worker counts for every
required skill he has. The reader tells them apart by the names in the file, and the project says which.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from separatrix.core import Fault, InputError, near_names
from separatrix.core.storage import to_json, write_atomic
from separatrix.team.choreography.minizinc_data import Entry, parse_entries
from separatrix.team.choreography.project import Project, SkillMeaning, cycle_of

FORMAT = 1
"""Version of the saved form."""


class _Faults:
    """All that is wrong with one file."""

    def __init__(self, file: Path) -> None:
        self.file = str(file)
        self.found: list[Fault] = []

    def add(self, problem: str, *, line: int | None = None, field: str = "", expected: str = "") -> None:
        self.found.append(Fault(file=self.file, line=line, field=field, problem=problem, expected=expected))

    def stop(self, problem: str, *, line: int | None = None, expected: str = "") -> InputError:
        """The error to raise where reading cannot go on."""
        self.add(problem, line=line, expected=expected)
        return InputError(*self.found)

    def end(self) -> None:
        if self.found:
            raise InputError(*self.found)


def read_project(file: Path) -> Project:
    """Read a project from a file of one of the known kinds.

    Parameters
    ----------
    file
        Its name tells the kind: ``.sm``, ``.rcp``, ``.dzn`` or ``.json``.

    Returns
    -------
    Project
        Checked: no circle, every number in range, every activity within what there is.

    Raises
    ------
    InputError
        With every fault of the file and its line.
    """
    faults = _Faults(file)
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise InputError(
            Fault(
                file=str(file),
                problem=f"unknown kind of file {file.suffix!r}",
                expected="a name that ends in " + ", ".join(READERS),
                mend=near_names(file.suffix, READERS),
            )
        )
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InputError(Fault(file=str(file), problem=f"cannot be read ({reason})")) from error
    project, lines = reader(file.stem, text, faults)
    _check(project, lines, faults)
    faults.end()
    return project


def save_project(project: Project, file: Path) -> None:
    """Write a project in our own form, to be read back by `read_project`."""
    record = {
        "format": FORMAT,
        "name": project.name,
        "durations": list(project.durations),
        "successors": [list(after) for after in project.successors],
        "capacities": list(project.capacities),
        "demands": [list(row) for row in project.demands],
        "mastery": [sorted(skills) for skills in project.mastery],
        "requirements": [list(row) for row in project.requirements],
        "meaning": project.meaning.value,
    }
    write_atomic(file, to_json(record))


# --- Patterson ------------------------------------------------------------------------------------------


def _read_rcp(name: str, text: str, faults: _Faults) -> tuple[Project, list[int | None]]:
    numbers = _Numbers(_words(text.splitlines()), faults)
    size, resources = numbers.take("number of activities"), numbers.take("number of resources")
    capacities = tuple(numbers.take("capacity") for _ in range(resources))
    durations, demands, successors, lines = [], [], [], []
    for activity in range(1, size + 1):
        durations.append(numbers.take(f"duration of activity {activity}"))
        lines.append(numbers.line)
        demands.append(tuple(numbers.take(f"demand of activity {activity}") for _ in range(resources)))
        count = numbers.take(f"number of successors of activity {activity}")
        successors.append(tuple(numbers.take(f"successor of activity {activity}") - 1 for _ in range(count)))
    numbers.end()
    return (
        Project(
            name=name,
            durations=tuple(durations),
            successors=tuple(successors),
            capacities=capacities,
            demands=tuple(demands),
        ),
        list(lines),
    )


# --- PSPLIB ---------------------------------------------------------------------------------------------


def _read_sm(name: str, text: str, faults: _Faults) -> tuple[Project, list[int | None]]:
    lines = text.splitlines()
    size = _counted(lines, r"jobs\s*\(.*\)\s*:\s*(\d+)", "jobs (incl. supersource/sink ): N", faults)
    renewable = _counted(lines, r"-\s*renewable\s*:\s*(\d+)", "- renewable : N", faults)
    for kind in ("nonrenewable", "doubly constrained"):
        if re.search(rf"-\s*{kind}\s*:\s*[1-9]", text):
            faults.add(f"has {kind} resources", expected="renewable resources only")
    faults.end()
    successors: list[tuple[int, ...]] = []
    places: list[int | None] = []
    for job, numbers in _section(lines, "PRECEDENCE RELATIONS", 1, size, faults):
        modes = numbers.take(f"number of modes of job {job}")
        if modes != 1:
            faults.add(f"job {job} has {modes} modes", line=numbers.line, expected="1 mode")
        count = numbers.take(f"number of successors of job {job}")
        successors.append(tuple(numbers.take(f"successor of job {job}") - 1 for _ in range(count)))
        places.append(numbers.line)
        numbers.end()
    durations, demands = [], []
    for job, numbers in _section(lines, "REQUESTS/DURATIONS", 2, size, faults):
        numbers.take(f"mode of job {job}")
        durations.append(numbers.take(f"duration of job {job}"))
        demands.append(tuple(numbers.take(f"demand of job {job}") for _ in range(renewable)))
        numbers.end()
    at = _heading(lines, "RESOURCEAVAILABILITIES", faults) + 2
    row = _Numbers(_words(lines[at : at + 1], at + 1), faults, at + 1)
    capacities = tuple(row.take("capacity") for _ in range(renewable))
    row.end()
    faults.end()
    return (
        Project(
            name=name,
            durations=tuple(durations),
            successors=tuple(successors),
            capacities=capacities,
            demands=tuple(demands),
        ),
        places,
    )


def _counted(lines: list[str], pattern: str, expected: str, faults: _Faults) -> int:
    for line in lines:
        if match := re.search(pattern, line):
            return int(match.group(1))
    raise faults.stop("a count is missing from the head", expected=f"a line such as {expected!r}")


def _heading(lines: list[str], title: str, faults: _Faults) -> int:
    for number, line in enumerate(lines):
        if line.strip().upper().startswith(title):
            return number
    raise faults.stop(f"section {title} is missing", expected=f"a line {title + ':'!r}")


def _section(
    lines: list[str], title: str, ruled: int, size: int, faults: _Faults
) -> Iterator[tuple[int, _Numbers]]:
    """Rows of a section, each checked for its job number; `ruled` lines stand above the first."""
    first = _heading(lines, title, faults) + 1 + ruled
    for job in range(1, size + 1):
        at = first + job - 1
        numbers = _Numbers(_words(lines[at : at + 1], at + 1), faults, at + 1)
        found = numbers.take(f"job number {job} of section {title}")
        if found != job:
            raise faults.stop(f"job {found} where job {job} belongs", line=at + 1)
        yield job, numbers


# --- MiniZinc data --------------------------------------------------------------------------------------


def _read_dzn(name: str, text: str, faults: _Faults) -> tuple[Project, list[int | None]]:
    entries, problems = parse_entries(text)
    for line, problem in problems:
        faults.add(problem, line=line)
    faults.end()
    for wanted, reader in ((_ONE_SKILL_NAMES, _one_skill), (_EVERY_SKILL_NAMES, _every_skill)):
        if wanted <= set(entries):
            project = reader(name, _Entries(entries, faults))
            return project, [None] * project.size
    closest = max((_ONE_SKILL_NAMES, _EVERY_SKILL_NAMES), key=lambda names: len(names & set(entries)))
    for missing in sorted(closest - set(entries)):
        others = set(entries) - closest
        faults.add(f"{missing} is missing" + (f"; {near_names(missing, others)}" if others else ""))
    raise InputError(*faults.found)


_ONE_SKILL_NAMES = frozenset({"dur", "sreq", "mastery", "pred", "succ"})
_EVERY_SKILL_NAMES = frozenset({"d", "rr", "has_skills", "suc"})


class _Entries:
    """Entries of a data file, by name and shape."""

    def __init__(self, entries: dict[str, Entry], faults: _Faults) -> None:
        self._entries, self._faults = entries, faults

    def row(self, name: str, of: str) -> list[Any]:
        value = self._entries[name].value
        if not isinstance(value, list) or any(isinstance(item, list) for item in value):
            raise self.wrong(name, f"a list of {of}")
        self._of_kind(name, value, of)
        return value

    def table(self, name: str, of: str, *, rows: int | None = None) -> list[list[Any]]:
        value = self._entries[name].value
        if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
            raise self.wrong(name, f"rows [| … |] of {of}")
        for number, row in enumerate(value, start=1):
            self._of_kind(f"{name}", row, of)
            if len(row) != len(value[0]):
                raise self.wrong(name, f"rows of one length; row {number} has {len(row)}")
        if rows is not None and len(value) != rows:
            raise self.wrong(name, f"{rows} rows, one per activity; found {len(value)}")
        return value

    def same_length(self, one: str, other: str) -> None:
        if len(self._entries[one].value) != len(self._entries[other].value):
            raise self.wrong(one, f"as many items as {other}")

    def out_of_range(self, name: str, item: int, highest: int) -> None:
        self._faults.add(
            f"{item} names nothing", line=self._entries[name].line, field=name, expected=f"1 to {highest}"
        )

    def _of_kind(self, name: str, items: Iterable[Any], of: str) -> None:
        kind = {"numbers": int, "true and false": bool, "sets": frozenset}[of]
        for item in items:
            if type(item) is not kind:
                raise self.wrong(name, f"{of}; found {item!r}")

    def wrong(self, name: str, expected: str) -> InputError:
        self._faults.add("does not fit", line=self._entries[name].line, field=name, expected=expected)
        return InputError(*self._faults.found)


def _one_skill(name: str, data: _Entries) -> Project:
    durations = data.row("dur", "numbers")
    requirements = data.table("sreq", "numbers", rows=len(durations))
    mastery = data.table("mastery", "true and false")
    before, after = data.row("pred", "numbers"), data.row("succ", "numbers")
    data.same_length("pred", "succ")
    successors: list[list[int]] = [[] for _ in durations]
    for one, other in zip(before, after, strict=True):
        for field, item in (("pred", one), ("succ", other)):
            if not 1 <= item <= len(durations):
                data.out_of_range(field, item, len(durations))
        if 1 <= one <= len(durations):
            successors[one - 1].append(other - 1)
    return Project(
        name=name,
        durations=tuple(durations),
        successors=tuple(map(tuple, successors)),
        mastery=tuple(frozenset(s for s, has in enumerate(row) if has) for row in mastery),
        requirements=tuple(map(tuple, requirements)),
    )


def _every_skill(name: str, data: _Entries) -> Project:
    durations = data.row("d", "numbers")
    by_skill = data.table("rr", "numbers")
    if any(len(row) != len(durations) for row in by_skill):
        raise data.wrong("rr", f"{len(durations)} columns, one per activity")
    after, has = data.row("suc", "sets"), data.row("has_skills", "sets")
    data.same_length("suc", "d")
    for skills in has:
        for skill in skills:
            if not 1 <= skill <= len(by_skill):
                data.out_of_range("has_skills", skill, len(by_skill))
    return Project(
        name=name,
        durations=tuple(durations),
        successors=tuple(tuple(sorted(other - 1 for other in others)) for others in after),
        mastery=tuple(frozenset(skill - 1 for skill in skills) for skills in has),
        requirements=tuple(zip(*by_skill, strict=True)),
        meaning=SkillMeaning.EVERY_SKILL,
    )


# --- our own form ---------------------------------------------------------------------------------------


def _read_json(name: str, text: str, faults: _Faults) -> tuple[Project, list[int | None]]:
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        raise faults.stop(f"is no JSON ({error.msg})", line=error.lineno) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise faults.stop("is no saved project", expected=f'an object with "format": {FORMAT}')
    unknown = sorted(set(record) - {"format", "name", "meaning", *_SAVED})
    for key in unknown:
        faults.add(f"unknown key; {near_names(key, _SAVED)}", field=key)
    for key in ("durations", "successors"):
        if key not in record:
            faults.add(f"{key} is missing")
    for key, depth in _SAVED.items():
        if not _whole_numbers(record.get(key, []), depth):
            faults.add(
                "does not fit", field=key, expected="whole numbers in lists" + " of lists" * (depth - 1)
            )
    meanings = [meaning.value for meaning in SkillMeaning]
    if record.get("meaning", meanings[0]) not in meanings:
        faults.add(f"{record['meaning']!r} is no meaning", field="meaning", expected=" or ".join(meanings))
    faults.end()
    project = Project(
        name=str(record.get("name", name)),
        durations=tuple(record["durations"]),
        successors=tuple(map(tuple, record["successors"])),
        capacities=tuple(record.get("capacities", [])),
        demands=tuple(map(tuple, record.get("demands", []))),
        mastery=tuple(map(frozenset, record.get("mastery", []))),
        requirements=tuple(map(tuple, record.get("requirements", []))),
        meaning=SkillMeaning(record.get("meaning", meanings[0])),
    )
    return project, [None] * project.size


_SAVED = {"durations": 1, "successors": 2, "capacities": 1, "demands": 2, "mastery": 2, "requirements": 2}
"""Keys of the saved form, and how deep their lists are."""


def _whole_numbers(value: object, depth: int) -> bool:
    if depth == 0:
        return type(value) is int
    return isinstance(value, list) and all(_whole_numbers(item, depth - 1) for item in value)


# --- what all kinds share -------------------------------------------------------------------------------


class _Numbers:
    """Whole numbers one after the other, each with its line."""

    def __init__(self, words: Iterable[tuple[int, str]], faults: _Faults, line: int | None = None) -> None:
        self._words, self._faults = iter(words), faults
        self.line = line

    def take(self, what: str) -> int:
        line, word = next(self._words, (None, None))
        if word is None:
            raise self._faults.stop(f"ends where the {what} belongs", line=self.line)
        self.line = line
        if not re.fullmatch(r"\d+", word):
            raise self._faults.stop(
                f"{word!r} where the {what} belongs", line=line, expected="a whole number, not negative"
            )
        return int(word)

    def end(self) -> None:
        if (left := next(self._words, None)) is not None:
            self._faults.add(f"{left[1]!r} is left over", line=left[0], expected="the end of the row or file")


def _words(lines: Iterable[str], first: int = 1) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=first):
        for word in line.split():
            yield number, word


def _check(project: Project, lines: list[int | None], faults: _Faults) -> None:
    """What must hold of a project from any kind of file."""
    size = project.size
    if not size:
        raise faults.stop("has no activities")
    _check_shapes(project, faults)
    faults.end()
    for activity, after in enumerate(project.successors):
        for other in after:
            if not 0 <= other < size:
                faults.add(
                    f"successor {other + 1} of activity {activity + 1} names nothing",
                    line=lines[activity],
                    expected=f"1 to {size}",
                )
    faults.end()
    if circle := cycle_of(project):
        faults.add(
            "activities wait for each other in a circle: "
            + " → ".join(str(activity + 1) for activity in (*circle, circle[0])),
            line=lines[circle[0]],
        )
    _check_amounts(project, lines, faults)


def _check_shapes(project: Project, faults: _Faults) -> None:
    for field, rows, width, per in (
        ("successors", project.successors, None, "activity"),
        ("demands", project.demands, len(project.capacities), "resource"),
        ("requirements", project.requirements, project.skills, "skill"),
    ):
        if len(rows) != project.size and (rows or field == "successors"):
            faults.add(f"{len(rows)} rows", field=field, expected=f"{project.size}, one per activity")
        if width is not None and any(len(row) != width for row in rows):
            faults.add("rows of different length", field=field, expected=f"{width} items, one per {per}")
    for person, skills in enumerate(project.mastery, start=1):
        if any(not 0 <= skill < project.skills for skill in skills) and project.requirements:
            faults.add(f"person {person} has a skill that is none", field="mastery")


def _check_amounts(project: Project, lines: list[int | None], faults: _Faults) -> None:
    """No negative number, and nothing that asks for more than there is."""
    able = [sum(skill in who for who in project.mastery) for skill in range(project.skills)]
    for activity in range(project.size):
        where = lines[activity]
        if project.durations[activity] < 0:
            faults.add(f"activity {activity + 1} lasts {project.durations[activity]}", line=where)
        for what, row, there in (
            ("resource", project.demands[activity] if project.demands else (), project.capacities),
            ("people of skill", project.requirements[activity] if project.requirements else (), able),
        ):
            for number, (wanted, limit) in enumerate(zip(row, there, strict=False), start=1):
                if not 0 <= wanted <= limit:
                    faults.add(
                        f"activity {activity + 1} asks for {wanted} of {what} {number}",
                        line=where,
                        expected=f"0 to {limit}, which is what there is",
                    )


READERS: dict[str, Callable[[str, str, _Faults], tuple[Project, list[int | None]]]] = {
    ".sm": _read_sm,
    ".rcp": _read_rcp,
    ".dzn": _read_dzn,
    ".json": _read_json,
}
