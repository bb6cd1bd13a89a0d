"""Project files: each format read back, the shared instances read, every fault told with its line."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from tests.team.choreography.tiny_projects import (
    CREW,
    PARROT,
    as_every_skill_dzn,
    as_one_skill_dzn,
    as_rcp,
    as_sm,
    tiny_projects,
)

from separatrix.core import InputError
from separatrix.team.choreography.instance_files import read_project, save_project
from separatrix.team.choreography.minizinc_data import parse_entries
from separatrix.team.choreography.project import SkillMeaning


@pytest.mark.parametrize(("ending", "write"), [(".rcp", as_rcp), (".sm", as_sm)])
def test_a_project_with_resources_is_read_back(tmp_path, ending, write):
    file = tmp_path / f"parrot{ending}"
    file.write_text(write(PARROT))
    assert read_project(file) == PARROT


def test_rows_of_patterson_may_be_broken_anywhere(tmp_path):
    file = tmp_path / "parrot.rcp"
    file.write_text("\n\n".join(as_rcp(PARROT).split()))
    assert read_project(file) == PARROT


@pytest.mark.parametrize(
    ("meaning", "write"),
    [(SkillMeaning.ONE_SKILL, as_one_skill_dzn), (SkillMeaning.EVERY_SKILL, as_every_skill_dzn)],
)
def test_the_names_in_the_file_tell_the_meaning_of_multi_skill(tmp_path, meaning, write):
    file = tmp_path / "crew.dzn"
    file.write_text(write(CREW))
    assert read_project(file) == replace(CREW, meaning=meaning)


@given(project=tiny_projects())
@settings(max_examples=40, deadline=None)
def test_a_saved_project_is_read_back(project, tmp_path_factory):
    file = tmp_path_factory.mktemp("saved") / "tiny.json"
    wanted = [sum(skill in who for who in project.mastery) for skill in range(project.skills)]
    rows = tuple(tuple(min(*pair) for pair in zip(row, wanted, strict=True)) for row in project.requirements)
    fitting = replace(project, requirements=rows)
    save_project(fitting, file)
    assert read_project(file) == fitting


@pytest.mark.shared
def test_every_shared_instance_is_read_as_its_list_says(shared_data):
    folder = shared_data / "scheduling"
    with (folder / "best_known.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        project = read_project(folder / row["file"])
        assert project.size == int(row["activities"])
        people_or_resources = len(project.mastery) or len(project.capacities)
        assert people_or_resources == int(row["resources"])
        assert project.skills == int(row["skills"] or 0)
        assert (project.meaning is SkillMeaning.EVERY_SKILL) == (row["kind"] == "mspsp_multitask")


RCP = as_rcp(PARROT)
SM = as_sm(PARROT)
DZN = as_one_skill_dzn(CREW)


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("a.rcp", RCP.replace("3 3 1 1 4", "3 3 x 1 4"), 4, "'x' where the demand of activity 2"),
        ("a.rcp", RCP.replace("3 3 1 1 4", "-3 3 1 1 4"), 4, "'-3' where the duration of activity 2"),
        ("a.rcp", RCP.replace("3 3 1 1 4", "3 3 1 1 9"), 4, "successor 9 of activity 2 names nothing"),
        ("a.rcp", RCP.replace("3 3 1 1 4", "3 5 1 1 4"), 4, "asks for 5 of resource 1"),
        ("a.rcp", RCP.replace("4 1 2 1 6", "4 1 2 1 2"), 6, "circle: 4 → 2 → 4"),
        ("a.rcp", RCP.rsplit("\n", 2)[0], 7, "ends where the duration of activity 6"),
        ("a.rcp", RCP + "7\n", 9, "'7' is left over"),
        ("a.rcp", "", None, "ends where the number of activities"),
        ("a.sm", SM.replace("2 1 1 4\n", "2 3 1 4\n"), 13, "job 2 has 3 modes"),
        ("a.sm", SM.replace("3 1 2 2 0\n", "3 1 2 2\n"), 24, "ends where the demand of job 3"),
        ("a.sm", SM.replace("RESOURCEAVAIL", "RESOURCESAVAIL"), None, "RESOURCEAVAILABILITIES is missing"),
        ("a.sm", SM.replace("nonrenewable              :  0", "nonrenewable : 2"), None, "nonrenewable"),
        ("a.dzn", DZN.replace("dur = [0,", "dur = [0;"), 4, "';' where ',' belongs"),
        ("a.dzn", DZN.replace("dur = [0, 3", "dur = [0, true"), 4, "does not fit"),
        ("a.dzn", DZN.replace("dur =", "dura ="), None, "dur is missing; did you mean 'dura'?"),
        ("a.dzn", DZN.replace("dur = [0, ", "dur = ["), 6, "does not fit"),
        ("a.dzn", DZN.replace("pred = [1,", "pred = [7,"), 16, "7 names nothing"),
        ("a.dzn", DZN + "dur = [1];", 23, "dur is given twice"),
        ("a.dzn", DZN.replace("nSkills", "§nSkills"), 5, "unexpected sign '§'"),
        ("a.json", "{", 1, "is no JSON"),
        ("a.json", "[]", None, "is no saved project"),
        ("a.json", '{"format": 1, "durations": [1]}', None, "successors is missing"),
        ("a.json", '{"format": 1, "durations": [-1], "successors": [[]]}', None, "lasts -1"),
        ("a.json", '{"format": 1, "durations": [1.5], "successors": [[]]}', None, "does not fit"),
        ("a.txt", "1", None, "unknown kind of file '.txt'"),
    ],
)
def test_a_bad_file_is_refused_with_the_line(tmp_path, name, text, line, words):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_project(file)
    assert any(words in str(f) and f.line == line and str(file) in str(f) for f in caught.value.faults), (
        caught.value.faults
    )


def test_all_faults_are_told_at_once(tmp_path):
    record = {
        "format": 1,
        "durations": [1, -2],
        "successors": [[], []],
        "capacities": [1],
        "demands": [[2], [5]],
    }
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(record))
    with pytest.raises(InputError) as caught:
        read_project(file)
    assert len(caught.value.faults) == 3


def test_a_missing_file_is_told_as_such(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_project(tmp_path / "none.rcp")


def test_ranges_comments_and_empty_sets_of_data_files_are_read():
    entries, problems = parse_entries("% a comment\na = {}; b = 2..4; % another\nc = [| 1, 2 | 3, 4 |];")
    assert problems == []
    assert {name: entry.value for name, entry in entries.items()} == {
        "a": frozenset(),
        "b": frozenset({2, 3, 4}),
        "c": [[1, 2], [3, 4]],
    }
