"""Checking a case reads its own protocol and team file; the page on protocols shows a sound one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from separatrix.case import new_case
from separatrix.core import Fault, InputError
from separatrix.pipeline import check_case

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "own-protocol.md"


@pytest.fixture
def folder(tmp_path: Path, sound_text: str, sound_team_text: str) -> Path:
    """A case with its own protocol and team."""
    made = new_case(tmp_path / "case")
    text = re.sub(r"(?m)^(born|protocol):.*\n", "", (made / "case.yaml").read_text(encoding="utf-8"))
    text += "born: 2026-02-14\nprotocol: protocol.yaml\n"
    (made / "case.yaml").write_text(text, encoding="utf-8")
    (made / "protocol.yaml").write_text(sound_text, encoding="utf-8")
    (made / "team.yaml").write_text(sound_team_text, encoding="utf-8")
    return made


def _faults(folder: Path) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as error:
        check_case(folder)
    return error.value.faults


def test_sound_protocol_and_team_are_held(folder: Path) -> None:
    report = check_case(folder).to_text()
    assert "protocol parting" in report
    assert "team.yaml: the team's own people" in report


def test_faults_of_protocol_and_team_come_with_file_and_line(folder: Path) -> None:
    team, protocol = folder / "team.yaml", folder / "protocol.yaml"
    team.write_text(team.read_text(encoding="utf-8").replace("scrub_nurse: 2", "scrub: 2"), encoding="utf-8")
    (fault,) = _faults(folder)
    assert fault.file == str(team)
    assert fault.line
    text = protocol.read_text(encoding="utf-8")
    protocol.write_text(text.replace("after: [brief]", "after: [breif]"), encoding="utf-8")
    (fault,) = _faults(folder)
    assert (fault.file, fault.field) == (str(protocol), "activities[airway].after[0]")


def test_operations_that_the_protocol_is_not_written_for(folder: Path) -> None:
    case = folder / "case.yaml"
    text = re.sub(r"(?m)^operations:.*\n", "", case.read_text(encoding="utf-8"))
    case.write_text(text + "operations: 3\n", encoding="utf-8")
    (fault,) = _faults(folder)
    assert fault.field == "operations"
    assert fault.line


def test_the_page_shows_a_sound_protocol(faults_of: Callable[[str], tuple[Fault, ...]]) -> None:
    found = re.search(r'```yaml title="protocol.yaml"\n(.*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    assert faults_of(found[1]) == ()
