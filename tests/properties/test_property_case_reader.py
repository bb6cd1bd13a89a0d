"""Whatever stands in ``case.yaml``, the reader answers with a case or with faults, soon."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from separatrix.case import Case, CaseFile, read_case
from separatrix.case.model import GATE_NAMES, OWNER_NAMES, STRUCTURE_NAMES
from separatrix.case.schema import known_keys
from separatrix.core import InputError

MOST_SECONDS = 2.0
TODAY = dt.date(2026, 6, 1)
SETTINGS = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


def _read(folder: Path, raw: bytes) -> Case | InputError:
    """The case or its faults; any other exception fails the test, and so does a long wait."""
    (folder / "case.yaml").write_bytes(raw)
    began = time.process_time()
    try:
        return read_case(folder, today=TODAY)
    except InputError as told:
        error = told
    finally:
        assert time.process_time() - began < MOST_SECONDS
    assert error.faults
    for fault in error.faults:
        assert fault.problem
        assert "case.yaml" in fault.file
        assert str(fault).isprintable()  # nothing that a terminal would obey
        str(fault).encode()  # no half characters
    return error


@SETTINGS
@given(raw=st.binary(max_size=400))
@example(raw=b"\xef\xbb\xbf")
@example(raw=b"\x80")
@example(raw=b"a: \x0c")
def test_any_bytes_give_a_case_or_faults(raw: bytes, folder: Path) -> None:
    _read(folder, raw)


MARKS = [
    "on",
    "no",
    "1e999",
    ".nan",
    "2026-02-30",
    "&a",
    "*a",
    "!!x",
    "---",
    "...",
    "<<: ",
    "key:",
    "%YAML 1.1",
]
"""Words that mean something to YAML."""

yaml_like = st.lists(
    st.one_of(
        st.sampled_from([*"abno~:-?|>&*!%@`#,[]{}'\"\\\n\t1", *MARKS]),
        st.sampled_from(
            ["\n", "\n  ", "\n    ", ": ", "- ", " ", "format: 1\n", "id: x\n", "twins:\n", "imaging:\n"]
        ),
        st.text(max_size=5),
    ),
    max_size=40,
).map("".join)


@SETTINGS
@given(text=yaml_like)
@example(text="a: &a [*a]")
@example(text='a: "\\ud800"')
@example(text="? [x]\n: y")
@example(text="%YAML 9.9\n---\na: 1")
def test_any_yaml_like_text_gives_a_case_or_faults(text: str, folder: Path) -> None:
    _read(folder, text.encode("utf-8", "surrogatepass"))


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.sampled_from([*STRUCTURE_NAMES, "A", "B", "MR", "CT", "separate", "../x", "/x", "\0"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)
top_keys = st.sampled_from(sorted(CaseFile.model_fields))
inner_keys = st.sampled_from(
    sorted(
        {key for part in ("imaging", "anatomy", "decision") for key in known_keys((part,))}
        | {"A", "B", "path"}
    )
)
parts = st.recursive(
    anything,
    lambda inner: st.dictionaries(inner_keys, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=8,
)


@SETTINGS
@given(data=st.dictionaries(top_keys, parts, max_size=8))
def test_any_structure_under_known_keys_gives_a_case_or_faults(data: dict[str, Any], folder: Path) -> None:
    _read(folder, yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "surrogatepass"))


days = st.dates(dt.date(2025, 10, 1), dt.date(2026, 5, 31))
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=20)
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=10)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def _numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


def _per_child(value: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={"A": value, "B": value})


child = _some(
    sex=st.sampled_from(["female", "male"]), weight_kg=_numbers(0.3, 39), haematocrit=_numbers(0.1, 0.7)
)
hand_anatomy = _some(
    stone_goodrich=st.sampled_from(["PA", "PV", "TA", "TV", "TV-I", "TV-II", "TV-III"]),
    angle_longitudinal_deg=_numbers(0, 180),
    shared_sinus=st.booleans(),
    deepest_shared=st.sampled_from(["scalp", "skull", "dura", "brain"]),
    site=words,
    crossings=st.integers(0, 200),
    defects_cm2=_per_child(st.dictionaries(st.sampled_from(["scalp", "bone", "dura"]), _numbers(0, 300))),
)
findings = st.fixed_dictionaries(
    {
        "answer": st.sampled_from(["met", "not met", "to be confirmed"]),
        "by": words.filter(len),
        "on": days,
        "note": words,
    }
)
decision = st.fixed_dictionaries(
    {
        "choice": st.fixed_dictionaries(
            {c: st.sampled_from(["separate", "stage", "wait", "do not separate"]) for c in "AB"}
        ),
        "by": st.lists(words, min_size=1, max_size=3),
        "on": days,
    },
    optional={"dissent": words, "consent": words, "who_may_stop": st.lists(words, max_size=2)},
)
observation = st.fixed_dictionaries(
    {"vessel": names, "direction": st.sampled_from(["to A", "to B", "none"]), "date": days, "method": names},
    optional={"flow_ml_per_min": _numbers(0, 900), "pressure_mmHg": _numbers(-10, 90)},
)
structures = st.dictionaries(
    st.integers(1, 60),
    st.tuples(st.sampled_from(STRUCTURE_NAMES), st.sampled_from(["", *(f"@{o}" for o in OWNER_NAMES)])).map(
        "".join
    ),
    min_size=1,
    max_size=6,
)
image = st.fixed_dictionaries(
    {"path": st.sampled_from(["t1.nii.gz", "ct"]), "modality": st.sampled_from(["MR", "CT"])},
    optional={"date": days, "series": names},
)
imaging = st.fixed_dictionaries(
    {"images": st.dictionaries(names, image, min_size=1, max_size=3)},
    optional={
        "labels": st.fixed_dictionaries({"path": st.just("t1.nii.gz"), "structures": structures}),
        "landmarks": st.just("t1.nii.gz"),
        "grid_mm": _numbers(0.3, 5),
    },
)
case_files = st.fixed_dictionaries(
    {
        "format": st.just(1),
        "id": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
        "born": st.just(dt.date(2026, 5, 1)),
    },
    optional={
        "title": words,
        "gestation_weeks": _numbers(20, 44),
        "twins": _per_child(child),
        "imaging": imaging,
        "anatomy": hand_anatomy,
        "body_axis_angle_deg": _numbers(0, 180),
        "suitability": st.dictionaries(
            st.sampled_from(GATE_NAMES).map(lambda g: f"{g}.A"), findings, max_size=3
        ),
        "decision": decision,
        "protocol": st.sampled_from(["separation", "birth", "emergency_separation"]),
        "operations": st.sampled_from([1, 2, 3, "auto"]),
        "observations": st.lists(observation, max_size=3),
        "assumptions": st.dictionaries(
            names, _numbers(-5, 5) | st.booleans() | st.integers(-9, 9), max_size=3
        ),
    },
)


@pytest.fixture(scope="module")
def folder_with_scans(folder: Path) -> Path:
    (folder / "t1.nii.gz").write_bytes(b"x")
    (folder / "ct").mkdir()
    (folder / "ct" / "slice.dcm").write_bytes(b"x")
    return folder


@SETTINGS
@given(data=case_files, flow=st.booleans())
def test_any_sound_case_file_is_read_back_as_it_was_written(
    data: dict[str, Any], flow: bool, folder_with_scans: Path
) -> None:
    meant = CaseFile.model_validate(data)
    found = _read(folder_with_scans, _written(data, flow))
    assert isinstance(found, Case), str(found)
    assert found.file == meant
    again = _read(folder_with_scans, _written(meant.model_dump(mode="json", exclude_none=True), not flow))
    assert isinstance(again, Case), str(again)
    assert again.file == meant
    assert again.sha256 == found.sha256


def _written(data: Any, flow: bool) -> bytes:
    text: str = yaml.safe_dump(data, allow_unicode=True, default_flow_style=flow, sort_keys=False)
    return text.encode()


SOUND: dict[str, Any] = {
    "format": 1,
    "id": "x",
    "born": "2026-02-14",
    "twins": {"A": {"sex": "female", "weight_kg": 8.1, "haematocrit": 0.34}},
    "imaging": {
        "images": {"t1": {"path": "t1.nii.gz", "modality": "MR", "date": "2026-04-01"}},
        "labels": {"path": "t1.nii.gz", "structures": {"1": "brain"}},
        "landmarks": "t1.nii.gz",
        "reference": "t1",
        "grid_mm": 1.0,
    },
    "anatomy": {"crossings": 3, "shared_sinus": True, "site": "vault"},
    "decision": {
        "choice": {"A": "wait", "B": "wait"},
        "by": ["x"],
        "on": "2026-05-01",
        "who_may_stop": ["y"],
    },
    "observations": [{"vessel": "v", "direction": "to A", "date": "2026-05-01", "method": "m"}],
    "protocol": "separation",
}


def _places(data: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key of the sound case that the file's layout, not the writer, names."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key in known_keys(place) and len(key) > 1:
                yield (*place, key)
            yield from _places(value, (*place, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _places(value, (*place, index))


@st.composite
def typos(draw: st.DrawFn) -> tuple[tuple[Any, ...], str]:
    """A place of the sound case, and its key with one slip of the finger."""
    place = draw(st.sampled_from(list(_places(SOUND))))
    key = place[-1]
    at = draw(st.integers(0, len(key) - 1))
    letter = draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz_"))
    slips = [key[:at] + key[at + 1 :], key[:at] + letter + key[at:], key[:at] + letter + key[at + 1 :]]
    if at + 1 < len(key):
        slips.append(key[:at] + key[at + 1] + key[at] + key[at + 2 :])
    slips.append(key[:at] + key[at].upper() + key[at + 1 :])
    return place, draw(st.sampled_from(slips))


@SETTINGS
@given(typo=typos())
def test_any_mistyped_key_is_told_once_with_the_right_name(
    typo: tuple[tuple[Any, ...], str], folder_with_scans: Path
) -> None:
    place, wrong = typo
    assume(wrong and wrong not in known_keys(place[:-1]))
    data = yaml.safe_load(yaml.safe_dump(SOUND))
    group = data
    for part in place[:-1]:
        group = group[part]
    renamed = {wrong if key == place[-1] else key: value for key, value in group.items()}
    group.clear()
    group.update(renamed)
    found = _read(folder_with_scans, _written(data, False))
    assert isinstance(found, InputError)
    told = [fault for fault in found.faults if fault.problem.startswith("unknown key")]
    assert len(told) == 1
    assert f"'{wrong}'" in told[0].problem
    assert place[-1] in told[0].mend.replace("'", " ").replace(",", " ").replace("?", " ").split()
    assert told[0].line is not None
    # Keys of two letters are too short to guess at: there the right one may be told as missing too.
    rest = [fault for fault in found.faults if fault is not told[0]]
    assert not rest or (len(place[-1]) == 2 and [f.field.split(".")[-1] for f in rest] == [place[-1]]), found
