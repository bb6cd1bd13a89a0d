"""Foolish and damaged case files: each is told with its field, its line and how to mend it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from separatrix.case import Case, read_case, survey_case
from separatrix.core import Fault, InputError, Twin

Reads = Callable[[str | bytes], Case]
Tells = Callable[[str | bytes], tuple[Fault, ...]]

FOOLISH = [
    # (line as it should be, line as it is, field, a word of the message)
    ("format: 1", "format: 2", "format", "reads format 1"),  # from a newer version
    ("format: 1", "format: true", "format", "expected 1"),  # True == 1 in Python, not here
    ("format: 1", "# format: 1", "format", "'format' is missing"),  # forgotten
    ("format: 1", "format:", "format", "nothing stands after"),  # begun, not finished
    ("id: pair-7", "id: Anna & Berta", "id", "letters, digits"),  # children's names and blanks
    ("id: pair-7", "id: ../x", "id", "letters, digits"),  # would name another folder
    ("id: pair-7", "id: {a: b}", "id", "expected text"),  # braces where text is wanted
    ("born: 2026-02-14", "born: 14.02.2026", "born", "write 2026-02-14"),  # day first
    ("born: 2026-02-14", "born: 02/04/2026", "born", "year, month, day"),  # April or February?
    ("born: 2026-02-14", "born: 2026-02-30", "born", "no such day"),
    ("born: 2026-02-14", "born: 20260214", "born", "expected a date"),  # would be seconds since 1970
    ("born: 2026-02-14", "born: 2026-02-14T07:30:00", "born", "write the day alone"),
    ("born: 2026-02-14", "born: 2062-02-14", "born", "after today"),  # digits swapped
    ("born: 2026-02-14", "born: 1026-02-14", "born", "plausible"),
    ("born: 2026-02-14", "born: 2000-01-01", "born", "example of a new case"),  # never filled in
    ("born: 2026-02-14", "brn: 2026-02-14", "brn", "did you mean 'born'"),  # told once, not twice
    ("born: 2026-02-14", "", "born", "neither born nor expected_birth"),
    ("gestation_weeks: 36", "gestation_weeks: 252", "gestation_weeks", "days: write 36.0"),
    ("gestation_weeks: 36", "gestation_weeks: 36+2", "gestation_weeks", "expected a number from 20 to 44"),
    ("gestation_weeks: 36", "expected_birth: 2026-07-01", "expected_birth", "both born and expected_birth"),
    (
        "  A: {sex: female, weight_kg: 8.1",
        "  A: {sex: female, weight_kg: 8100",
        "twins.A.weight_kg",
        "write 8.1",
    ),
    (
        "  A: {sex: female, weight_kg: 8.1",
        "  A: {sex: female, weight_kg: 8,1",
        "twins.A.1",
        "a point, not a comma",
    ),
    ("  A: {sex: female, weight_kg: 8.1", "  A: {sex: female, weight_kg: '8,1'", "twins.A.weight_kg", "8.1"),
    (
        "  A: {sex: female, weight_kg: 8.1",
        "  A: {sex: female, weight_kg: 8.1 kg",
        "twins.A.weight_kg",
        "alone, 8.1",
    ),
    (
        "  A: {sex: female, weight_kg: 8.1",
        "  A: {sex: female, weight_kg: .nan",
        "twins.A.weight_kg",
        "'.nan'",
    ),
    (
        "  A: {sex: female, weight_kg: 8.1",
        "  A: {sex: female, weight_kg: .inf",
        "twins.A.weight_kg",
        "'.inf'",
    ),
    (
        "  A: {sex: female, weight_kg: 8.1",
        "  A: {sex: female, weight_kg: 1e999",
        "twins.A.weight_kg",
        "number",
    ),
    ("  A: {sex: female, weight_kg: 8.1", "  A: {sex: female, weight_kg: -8.1", "twins.A.weight_kg", "minus"),
    (
        "  A: {sex: female, weight_kg: 8.1",
        "  A: {sex: female, weight_kg: true",
        "twins.A.weight_kg",
        "found true",
    ),
    ("  A: {sex: female", "  A: {sex: f", "twins.A.sex", "write female"),
    (
        "  A: {sex: female, weight_kg",
        "  A: {sex: female, wieght_kg",
        "twins.A.wieght_kg",
        "did you mean 'weight_kg'",
    ),
    ("haematocrit: 0.34", "haematocrit: 34", "twins.A.haematocrit", "per cent: write 0.34"),
    ("  B: {sex: female, weight_kg: 7.8, haematocrit: 0.35}", "  C: {}", "twins.C", "known names: A, B"),
    (
        "  B: {sex: female, weight_kg: 7.8, haematocrit: 0.35}",
        "  B: 7.8",
        "twins.B",
        "a group with the keys sex",
    ),
    ("modality: MR,", "modality: MRI,", "imaging.images.t1.modality", "write MR"),
    ("modality: MR,", "modality: mr,", "imaging.images.t1.modality", "did you mean 'MR'"),
    ("modality: MR,", "modality: PET,", "imaging.images.t1.modality", "expected MR or CT"),
    ("date: 2026-04-01", "date: 2006-04-01", "imaging.images.t1.date", "before the pregnancy"),
    ("date: 2026-04-01", "date: 2026-08-01", "imaging.images.t1.date", "after today"),
    ("    ct: {path: imaging/ct, modality: CT}", "    ct: imaging/ct", "imaging.images.ct", "path, modality"),
    ("    ct: {path: imaging/ct, modality: CT}", "    ct:", "imaging.images.ct", "found nothing"),
    ("{1: intracranial,", "{0: intracranial,", "imaging.labels.structures.0", "background"),
    ("{1: intracranial,", "{1: intercranial,", "imaging.labels.structures.1", "did you mean 'intracranial'"),
    ("{1: intracranial,", "{1: brain@C,", "imaging.labels.structures.1", "A, B or shared"),
    ("{1: intracranial,", "{1: brain@Shared,", "imaging.labels.structures.1", "did you mean 'shared'"),
    ("{1: intracranial,", "{1: [brain],", "imaging.labels.structures.1", "found a list"),
    (
        "{1: intracranial, 2: skull",
        "{1: intracranial, 01: skull",
        "imaging.labels.structures.01",
        "stands twice",
    ),
    ("    structures: {", "    structure: {", "imaging.labels.structure", "did you mean 'structures'"),
    ("  reference: ct", "  reference: CT", "imaging.reference", "did you mean 'ct'"),
    ("  grid_mm: 1.0", "  grid_mm: 0.001", "imaging.grid_mm", "metres: write 1"),
    ("  grid_mm: 1.0", "  grid_mm: 0.05", "imaging.grid_mm", "from 0.3 to 5"),  # would fill the memory
    ("  shared_sinus: true", "  shared_sinus: yes", "anatomy.shared_sinus", "write true for yes"),
    ("  crossings: 12", "  crossings: 12.5", "anatomy.crossings", "whole number"),
    ("  crossings: 12", "  crossings: -1", "anatomy.crossings", "from 0 to 200"),
    ("stone_goodrich: TV-II", "stone_goodrich: TVII", "anatomy.stone_goodrich", "did you mean 'TV-II'"),
    ("{scalp: 90}", "{skin: 90}", "anatomy.defects_cm2.A.skin", "scalp"),
    ("  heart.A:", "  hart.A:", "suitability.hart.A", "did you mean 'heart.A'"),
    ("answer: met, by", "answer: yes, by", "suitability.heart.A.answer", "met, not met or to be confirmed"),
    ("on: 2026-05-02", "on: 2026-12-02", "suitability.heart.A.on", "after today"),
    ("by: cardiologist, on", "by: '', on", "suitability.heart.A.by", "a name"),  # nobody
    ("{A: wait, B: wait}", "{A: wait, B: maybe}", "decision.choice.B", "do not separate"),
    ("{A: wait, B: wait}", "{A: wait}", "decision.choice", "nothing is decided for B"),
    ("  by: [surgeon]", "", "decision.by", "not who decided"),
    ("  by: [surgeon]", "  by: surgeon", "decision.by", "expected a list"),
    ("  on: 2026-05-10", "", "decision.on", "not when"),
    ("protocol: separation", "protocol: seperation", "protocol", "did you mean 'separation'"),
    ("protocol: separation", "protocol: own.yaml", "protocol", "not there"),
    ("operations: auto", "operations: 4", "operations", "1, 2, 3 or auto"),
    ("direction: to A, flow_ml_per_min: 12, ", "", "observations[0]", "tells nothing"),
    ("flow_ml_per_min: 12", "flow_ml_per_min: 12 ml", "observations[0].flow_ml_per_min", "alone, 12"),
    ("direction: to A", "direction: A", "observations[0].direction", "to A, to B or none"),
    ("  - {vessel: bridge-3", "  - {vesel: bridge-3", "observations[0].vesel", "did you mean 'vessel'"),
    ("assumptions: {}", "assumptions: {a.b: [1, 2]}", "assumptions.a.b", "found a list"),
    ("assumptions: {}", "assumtions: {}", "assumtions", "did you mean 'assumptions'"),
    ("assumptions: {}", "assumptions: []", "assumptions", "a group of keys"),
    ("assumptions: {}", "Format: 1", "Format", "did you mean 'format'"),
    ("assumptions: {}", "<<: {x: 1}", "<<", "unknown key"),  # YAML 1.1 merge: not ours
]


@pytest.mark.parametrize(
    ("right", "wrong", "field", "word"), FOOLISH, ids=[f"{f[2]}-{f[1].strip()}" for f in FOOLISH]
)
def test_each_foolish_line_is_told_with_field_line_and_mend(
    right: str, wrong: str, field: str, word: str, sound_text: str, faults: Tells
) -> None:
    assert sound_text.count(right) >= 1
    told = faults(sound_text.replace(right, wrong, 1))
    assert field in [fault.field for fault in told], told
    fault = next(f for f in told if f.field == field)
    assert word in str(fault)
    assert fault.file.endswith("case.yaml")
    where = sound_text[: sound_text.index(right)].count("\n") + 1
    if wrong.strip() and not wrong.startswith("#") and "," not in field:
        assert fault.line == where + right.count("\n") or field in ("decision.choice",)
    if "8,1" not in wrong or "'" in wrong:  # a comma in braces parts two keys: two faults
        assert len(told) == 1, told


DAMAGED = [
    # (what stands in the file, line, a word of the message)
    ("", None, "says nothing"),
    ("\n\n# only a comment\n", None, "says nothing"),
    ("---\n...\n", None, "says nothing"),
    ("null", None, "says nothing"),
    ("- format: 1\n- id: x\n", 1, "is a list"),
    ("just words", 1, "single piece of text"),
    ("format: 1\n\tid: x\n", 2, "tab"),
    ("format: 1\ntwins:\n  A:\n  \tsex: female\n", 4, "tab"),
    ("format: 1\nid: x\nid: y\n", 3, "stands twice, first in line 2"),
    ("format: 1\ntwins:\n  A: {sex: female, sex: male}\n", 3, "stands twice"),
    ("format: 1\ntitle: 'open\nid: x\n", 2, "a quote is not closed"),
    ("format: 1\ntwins: {A: {sex: female}\nid: x\n", 2, "not closed"),
    ("format: 1\ntitle: a: b\n", 2, "second colon"),
    ("format: 1\nid x\nborn: 2026-01-01\n", 3, "without its colon"),
    ("format: 1\ntitle: @home\n", 2, "quotes"),
    ("format: 1\ntwins:\n  A: {}\n B: {}\n", 4, "indent"),
    ('format: 1\ntitle: "C:\\home"\n', 2, "backslash"),
    ("format: 1\ntitle: {{ name }}\n", 2, "should"),
    ("format: 1\ntitle: !!python/object/apply:os.system [echo]\n", 2, "!!python/object/apply"),
    ("format: 1\ntitle: !secret x\n", 2, "tag"),
    ("format: 1\n---\nformat: 1\n", 2, "second document"),
    ("format: 1\ntitle: *other\n", 2, "refers to nothing"),
    ("a: &a [x, *a]\n", 1, "refers to nothing"),  # refers to itself
    ("%YAML 3.0\n---\nformat: 1\n", 1, "another version"),
    ("a: " + "[" * 500, 1, "nested more than"),
    ("a: " + "{a: " * 500, 1, "nested more than"),
    ("\n".join(" " * n + "a:" for n in range(300)), 17, "nested more than"),
    (
        "a: &b {c: d}\n"
        + "e: "
        + "[" * 14
        + "*b"
        + "]" * 14
        + "\nf: &g "
        + "[" * 10
        + "]" * 10
        + "\nh: "
        + "[" * 10
        + "*g",
        4,
        "nested",
    ),
    (
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)),
        5,
        "more than 10000 values",
    ),
    ("".join(f"k{n}: 1\n" for n in range(9000)), 5000, "more than 10000 values"),
    (b"format: 1\ntitle: caf\xe9\n", 2, "0xe9 is not UTF-8"),
    ("format: 1\nid: x\n".encode("utf-16"), None, "UTF-16"),
    (b"format: 1\n\x00\x00\x00", 2, "control character"),
    ('format: 1\ntitle: "\\e[31m"\n', 2, "control character"),  # would colour the terminal
    (b"\x1f\x8b\x08\x00 a gzip", 1, "not UTF-8"),
    (b"a: " + b"x" * 1_000_001, None, "1.0 MB"),
]


@pytest.mark.parametrize(
    ("text", "line", "word"), DAMAGED, ids=[d[2] + f"-{n}" for n, d in enumerate(DAMAGED)]
)
def test_each_damaged_file_is_told_with_its_line(
    text: str | bytes, line: int | None, word: str, faults: Tells
) -> None:
    told = faults(text)
    assert len(told) == 1, told
    assert word in str(told[0])
    assert told[0].line == line
    assert told[0].file.endswith("case.yaml")
    assert told[0].mend or told[0].expected


def test_all_faults_of_a_file_are_told_in_the_order_of_its_lines(sound_text: str, faults: Tells) -> None:
    text = sound_text
    for right, wrong in (
        ("id: pair-7", "id: pair 7"),
        ("born: 2026-02-14", "born: 2062-02-14"),
        ("weight_kg: 8.1", "weight_kg: 8100"),
        ("modality: MR", "modality: MRI"),
        ("imaging/t1.nii.gz", "../t1.nii.gz"),
        ("2: skull", "2: skul"),
        ("reference: ct", "reference: pet"),
        ("heart.A", "hart.A"),
        ("protocol: separation", "protocol: seperation"),
    ):
        text = text.replace(right, wrong, 1)
    told = faults(text)
    assert [fault.field for fault in told] == [
        "id",
        "born",
        "twins.A.weight_kg",
        "imaging.images.t1.modality",
        "imaging.images.t1.path",
        "imaging.labels.structures.2",
        "imaging.reference",
        "suitability.hart.A",
        "protocol",
    ]
    assert [fault.line for fault in told] == sorted(fault.line or 0 for fault in told)


def test_a_file_with_thousands_of_faults_tells_a_hundred(faults: Tells) -> None:
    told = faults("format: 1\nid: x\nborn: 2026-01-01\n" + "".join(f"key{n}: 1\n" for n in range(3000)))
    assert len(told) == 101
    assert "more faults" in told[-1].problem


def test_sound_file_is_read_with_all_it_says(read: Reads, sound_text: str) -> None:
    case = read(sound_text)
    assert case.file.born == dt.date(2026, 2, 14)
    assert case.twin(Twin.A).weight_kg == 8.1
    assert case.twin(Twin.B).weight_kg == 7.8
    assert case.file.imaging is not None
    assert case.file.imaging.labels is not None
    assert case.file.imaging.labels.structures == {
        1: "intracranial",
        2: "skull",
        3: "scalp",
        4: "artery@A",
        5: "vein@shared",
    }
    assert list(case.file.imaging.images) == ["t1", "ct"]
    assert case.file.operations == "auto"
    assert set(case.imaging_inputs()) == {
        "imaging.images.t1.path",
        "imaging.images.ct.path",
        "imaging.labels.path",
        "imaging.landmarks",
    }
    assert all(path.is_absolute() and path.exists() for path in case.imaging_inputs().values())


def test_fields_keep_their_lines_for_later_faults(read: Reads, sound_text: str) -> None:
    case = read(sound_text)
    lines = sound_text.splitlines()
    for field, text in {
        "imaging.labels.path": "path: imaging/labels.nii.gz",
        "imaging.labels.structures.4": "structures:",
        "suitability.heart.A.on": "heart.A:",
        "observations[0].vessel": "vessel:",
        "imaging.labels.nothing.there": "labels:",  # the nearest group around it
        "decision.on": "on: 2026-05-10",
    }.items():
        assert text in lines[(case.line_of(field) or 0) - 1], field
    assert case.line_of("nothing") is None


def test_yaml_1_1_words_stay_words(read: Reads) -> None:
    case = read(
        "format: 1\nid: 1e3\ntitle: 2026-02-14\nborn: 2026-02-14\nimaging:\n"
        "  images:\n    no: {path: imaging/ct, modality: CT}\n    12:30: {path: imaging/ct, modality: CT}\n"
        "    y: {path: imaging/ct, modality: CT, series: 1.20}\n"
        "decision: {choice: {A: wait, B: wait}, by: [off], on: 2026-05-10}\n"
    )
    assert case.file.id == "1e3"
    assert case.file.title == "2026-02-14"
    assert case.file.imaging is not None
    assert list(case.file.imaging.images) == ["no", "12:30", "y"]
    assert case.file.imaging.images["y"].series == "1.20"
    assert case.file.decision.by == ["off"]
    assert case.file.decision.on == dt.date(2026, 5, 10)


def test_key_with_nothing_after_it_is_not_given(read: Reads) -> None:
    case = read(
        "format: 1\nid: x\ntitle:\nborn: 2026-02-14\ntwins: {A: , B: {sex: }}\nimaging:\ndecision:\n"
        "suitability: {heart.A: }\n"
    )
    assert case.file.imaging is None
    assert case.file.decision.is_empty
    assert case.file.suitability == {}
    assert case.file.twins["B"].sex is None


def test_references_are_followed_where_they_stay_small(read: Reads) -> None:
    case = read("format: 1\nid: x\nborn: 2026-02-14\ntwins:\n  A: &child {sex: female}\n  B: *child\n")
    assert case.twin(Twin.B).sex == "female"
    assert case.line_of("twins.B") == 6


def test_byte_order_mark_and_windows_lines_are_read(read: Reads, sound_text: str) -> None:
    case = read(b"\xef\xbb\xbf" + sound_text.replace("\n", "\r\n").encode())
    assert case.file.id == "pair-7"
    assert case.line_of("born") == 4


def test_expected_birth_is_read_before_birth_only(sound_text: str, read: Reads, faults: Tells) -> None:
    born = "born: 2026-02-14"
    unborn = sound_text.replace(born, "expected_birth: 2026-07-20")
    assert read(unborn).file.expected_birth == dt.date(2026, 7, 20)
    (late,) = faults(sound_text.replace(born, "expected_birth: 2026-01-01"))
    assert "long before today" in late.problem
    (early,) = faults(
        "format: 1\nid: x\nexpected_birth: 2028-01-01\n",
    )
    assert "longer than a pregnancy" in early.problem


def test_without_a_day_nothing_is_compared_with_the_present(folder: Path, sound_text: str) -> None:
    (folder / "case.yaml").write_text(sound_text.replace("on: 2026-05-10", "on: 2090-05-10"))
    assert read_case(folder).file.decision.on == dt.date(2090, 5, 10)


def test_sections_and_hash_change_with_the_content_alone(read: Reads, sound_text: str) -> None:
    case = read(sound_text)
    same = read(
        "# a comment\n" + sound_text.replace("{sex: female, weight_kg: 8.1", "{weight_kg: 8.10, sex: female")
    )
    other = read(sound_text.replace("weight_kg: 8.1", "weight_kg: 8.2"))
    assert case.sha256 == same.sha256 != other.sha256
    assert case.section("twins") == same.section("twins") != other.section("twins")
    assert case.section("imaging") == other.section("imaging")
    assert case.section("born") == "2026-02-14"


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda p: None, "there is no such folder"),
        (lambda p: p.mkdir(), "there is no such file"),
        (lambda p: (p / "case.yaml").mkdir(parents=True), "is a folder"),
        (lambda p: p.write_text("x"), "is a file"),
        (lambda p: (p.mkdir(), (p / "case.yml").write_text("format: 1")), "rename case.yml"),
        (
            lambda p: (p.mkdir(), (p / "case.yaml").symlink_to(p / "case.yaml")),
            "leads nowhere",
        ),  # a link to itself
        (
            lambda p: (p.mkdir(), __import__("os").mkfifo(p / "case.yaml")),
            "no plain file",
        ),  # would wait for ever
    ],
)
def test_folder_that_holds_no_case_is_told(make: Callable[[Path], object], word: str, tmp_path: Path) -> None:
    make(tmp_path / "x")
    with pytest.raises(InputError) as error:
        read_case(tmp_path / "x")
    (fault,) = error.value.faults
    assert word in f"{fault.problem} {fault.mend}"
    assert fault.problem.count("expected") == 0  # no fault inside a fault


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_impossible_folder_names_are_told(name: str) -> None:
    with pytest.raises(InputError):
        read_case(Path(name))


def test_giving_the_file_for_its_folder_names_the_folder(folder: Path) -> None:
    with pytest.raises(InputError, match="give its folder"):
        read_case(folder / "case.yaml")


def test_survey_goes_on_with_the_sound_part(folder: Path, sound_text: str) -> None:
    (folder / "case.yaml").write_text(sound_text.replace("weight_kg: 8.1", "weight_kg: 8100"))
    case, (fault,) = survey_case(folder)
    assert fault.field == "twins.A.weight_kg"
    assert case is not None
    assert case.twin(Twin.A).weight_kg is None
    assert case.twin(Twin.B).weight_kg == 7.8
    assert case.file.imaging is not None


def test_survey_leaves_out_imaging_where_a_fault_lies_there(folder: Path, sound_text: str) -> None:
    (folder / "case.yaml").write_text(sound_text.replace("2: skull", "2: skul"))
    case, faults = survey_case(folder)
    assert len(faults) == 1
    assert case is not None
    assert case.file.imaging is None


def test_survey_of_what_is_no_case_gives_faults_alone(tmp_path: Path) -> None:
    case, (fault,) = survey_case(tmp_path / "gone")
    assert case is None
    assert "no such folder" in fault.problem


def test_faults_of_other_rooms_get_file_and_line(read: Reads, sound_text: str) -> None:
    case = read(sound_text)
    fault = case.located(Fault(file="case.yaml", field="anatomy.shared_sinus", problem="x"))
    assert fault.line == sound_text[: sound_text.index("shared_sinus")].count("\n") + 1
    assert fault.file == str(case.path)
    elsewhere = Fault(file="imaging/t1.nii.gz", field="spacing", problem="x")
    assert case.located(elsewhere) is elsewhere
    assert case.located(Fault(problem="x")) == Fault(problem="x")
    inner = Fault(field="seeds", problem="x")  # of a computation, not of the case file
    assert case.located(inner) is inner
