"""All six combinations of with imaging, by hand, nothing; and born, expected."""

import json
import shutil

import pytest
import yaml
from typer.testing import CliRunner

from separatrix.cli.app import app

BY_HAND = {
    "stone_goodrich": "TV-II",
    "angle_longitudinal_deg": 166,
    "rotation_axial_deg": 145,
    "shared_sinus": True,
    "deepest_shared": "dura",
    "site": "vault",
    "crossings": 12,
    "defects_cm2": {"A": {"scalp": 180, "bone": 110, "dura": 95}, "B": {"scalp": 175}},
}
WHEN = {"born": {"born": "2026-02-14"}, "expected": {"expected_birth": "2027-01-20"}}


@pytest.mark.parametrize("when", ["born", "expected"])
@pytest.mark.parametrize("what", ["imaging", "by hand", "nothing"])
def test_every_combination_runs_to_a_dossier_or_says_why(what, when, small_case, tmp_path):
    case = tmp_path / "case"
    case.mkdir()
    file = {"format": 1, "id": "combination", "protocol": "protocol.yaml", **WHEN[when]}
    shutil.copy(small_case / "protocol.yaml", case)
    if what == "imaging":
        shutil.copytree(small_case / "imaging", case / "imaging")
        file["imaging"] = yaml.safe_load((small_case / "case.yaml").read_text())["imaging"]
    elif what == "by hand":
        file["anatomy"] = BY_HAND
    (case / "case.yaml").write_text(yaml.safe_dump(file, sort_keys=False))

    result = CliRunner().invoke(app, ["plan", "--json", str(case)])

    assert result.exit_code == 0, result.output
    status = {s["name"]: (s["status"], s["because"]) for s in json.loads(result.stdout)["stations"]}
    done = {
        "imaging": {"imaging", "anatomy", "vessels", "surface", "choreography", "rehearsal", "dossier"},
        "by hand": {"anatomy", "choreography", "rehearsal", "dossier"},
        "nothing": {"choreography", "rehearsal", "dossier"},
    }[what]
    assert {name for name, (state, _) in status.items() if state == "done"} == done
    assert all(because for state, because in status.values() if state == "not_applicable")
    html = (case / "plan" / "dossier.html").read_text()
    assert all(because.split(",")[0] in html for state, because in status.values() if state != "done")
