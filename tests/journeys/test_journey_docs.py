"""The documentation says what is true of the program."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from separatrix.case import CaseFile
from separatrix.evidence import all_entries

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
ROOMS = [
    "separatrix",
    "separatrix.core",
    "separatrix.evidence",
    "separatrix.case",
    "separatrix.body.imaging",
    "separatrix.body.phantom",
    "separatrix.body.anatomy",
    "separatrix.body.surface",
    "separatrix.team.protocol",
    "separatrix.share.dossier",
    "separatrix.pipeline",
]


def test_pages_made_from_the_program_are_current():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "make_reference.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr + "run tools/make_reference.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_evidence_id_on_a_page_exists(page):
    topics = {key.split(".")[0] for key in all_entries()}
    found = re.findall(r"`([a-z_]+(?:\.[A-Za-z0-9_]+)+\*?)`", page.read_text(encoding="utf-8"))
    ids = [i for i in found if i.split(".")[0] in topics - {"imaging", "anatomy", "surface"}]
    ids += [i for i in found if i in all_entries()]
    starts = tuple(all_entries())
    unknown = [
        i for i in ids if i not in all_entries() and not any(s.startswith(i.rstrip("*_")) for s in starts)
    ]
    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not link.startswith("http") and not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_piece_of_case_file_on_a_page_is_read(page):
    pieces = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for piece in pieces:
        data = yaml.safe_load(piece)
        assert isinstance(CaseFile.model_validate({"format": 1, "id": "page", **data}), CaseFile)
        assert set(data.get("assumptions", {})) <= set(all_entries())


@pytest.mark.parametrize("room", ROOMS)
def test_every_exported_name_is_there_and_told(room):
    module = importlib.import_module(room)
    for name in module.__all__:
        value = getattr(module, name)
        assert not callable(value) or value.__doc__, f"{room}.{name} has no docstring"


def test_importing_the_package_and_its_rooms_loads_no_heavy_library():
    heavy = {"SimpleITK", "pydicom", "skimage", "numba", "ortools", "scipy", "matplotlib", "weasyprint"}
    rooms = [room for room in ROOMS if room != "separatrix.body.phantom"]  # it compiles when imported
    script = f"import sys, {', '.join(rooms)}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()
