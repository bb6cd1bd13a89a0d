"""Names and codes of segments, values without meaning, overlaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from separatrix.body.imaging import Structure, write_segmentation, write_volume
from separatrix.body.imaging.labels import PRIORITY, read_labels, split_codes
from separatrix.body.imaging.structures import CODED, known_names, meaning_of, meaning_of_code
from separatrix.case.model import STRUCTURE_NAMES
from separatrix.core import Grid, InputError, Owner, Volume

GRID = Grid(shape=(6, 7, 8), spacing_mm=(1, 1, 1), origin_mm=(0, 0, 0))


def mask(*box: slice) -> Volume:
    array = np.zeros(GRID.shape, np.uint8)
    array[box] = 1
    return Volume(array, GRID)


@pytest.mark.parametrize(
    ("written", "structure", "owner"),
    [
        ("Intracranial", Structure.INTRACRANIAL, Owner.NONE),
        ("skull", Structure.SKULL, Owner.NONE),
        ("Bone", Structure.SKULL, Owner.NONE),
        ("skin", Structure.SCALP, Owner.NONE),
        ("artery", Structure.ARTERY, Owner.NONE),
        ("Arteries", Structure.ARTERY, Owner.NONE),
        ("vein left", Structure.VEIN, Owner.NONE),
        ("Veins_right_2", Structure.VEIN, Owner.NONE),
        ("Dural venous sinus", Structure.SINUS, Owner.NONE),
        ("brain@A", Structure.BRAIN, Owner.A),
        ("Brain @ b", Structure.BRAIN, Owner.B),
        ("vein@shared", Structure.VEIN, Owner.SHARED),
        ("CSF", Structure.CSF, Owner.NONE),
        ("Tissue expander 1", Structure.EXPANDER, Owner.NONE),
    ],
)
def test_names_are_understood_tolerantly(written: str, structure: Structure, owner: Owner) -> None:
    found = meaning_of(written)
    assert (found.structure, found.owner) == (structure, owner)


@pytest.mark.parametrize(("written", "near"), [("skul", "skull"), ("vain", "vein"), ("brain@C", "@A, @B")])
def test_unknown_names_are_refused_with_near_ones(written: str, near: str) -> None:
    with pytest.raises(ValueError, match=near):
        meaning_of(written)


def test_every_structure_of_the_case_file_is_known_by_its_own_name() -> None:
    assert [meaning_of(name).name for name in STRUCTURE_NAMES] == list(STRUCTURE_NAMES)
    assert set(PRIORITY) == set(Structure) - {Structure.NONE}


@given(st.sampled_from(known_names()), st.sampled_from(["", " left", "_R", " 3", "-1"]), st.booleans())
def test_case_side_and_number_never_change_what_a_name_means(name: str, tail: str, upper: bool) -> None:
    written = name.upper() + tail if upper else name.title() + tail
    assert meaning_of(written) == meaning_of(name)


def test_codes_lead_back_to_their_structure() -> None:
    for structure, coded in CODED.items():
        if coded.code:
            assert meaning_of_code(coded.code) is structure


def test_a_value_without_structure_is_a_fault_with_its_count(tmp_path: Path) -> None:
    array = np.zeros(GRID.shape, np.uint8)
    array[0], array[1, 0], array[2, :2] = 1, 7, 9
    write_volume(Volume(array, GRID), tmp_path / "l.nii.gz")
    with pytest.raises(InputError, match=r"7 \(8 voxels\), 9 \(16 voxels\)"):
        read_labels(tmp_path / "l.nii.gz", {1: "skull"})
    found = read_labels(tmp_path / "l.nii.gz", {1: "skull", 7: "brain@B", 9: "ignore", 4: "vein"})
    structures, painted = split_codes(found.codes.array)
    assert np.count_nonzero(structures == Structure.SKULL) == 56
    assert (painted[1, 0] == Owner.B).all()
    assert not structures[2].any()
    assert any("value 4 (vein) holds no voxel" in n for n in found.notes)


def test_overlaps_are_flattened_by_the_stated_priority(tmp_path: Path) -> None:
    masks = {
        "intracranial": mask(slice(0, 5)),
        "brain@A": mask(slice(0, 3)),
        "scalp": mask(slice(2, 6)),
        "skull": mask(slice(3, 6)),
        "artery": mask(slice(4, 6), slice(0, 2)),
        "sinus@shared": mask(slice(5, 6), slice(0, 1)),
    }
    write_segmentation(tmp_path / "a.seg.nrrd", masks)
    found = read_labels(tmp_path / "a.seg.nrrd", {})
    structures, painted = split_codes(found.codes.array)
    column = [Structure(int(v)).name for v in structures[:, 6, 0]]
    assert column == ["BRAIN", "BRAIN", "SCALP", "SKULL", "SKULL", "SKULL"]
    assert Structure(int(structures[4, 1, 0])) is Structure.ARTERY
    assert Structure(int(structures[5, 0, 0])) is Structure.SINUS
    assert painted[0, 0, 0] == Owner.A
    assert painted[5, 0, 0] == Owner.SHARED
    assert any("several segments" in n for n in found.notes)


def test_a_voxel_painted_for_both_children_is_refused(tmp_path: Path) -> None:
    write_segmentation(tmp_path / "a.seg.nrrd", {"brain@A": mask(slice(0, 3)), "brain@B": mask(slice(2, 5))})
    with pytest.raises(InputError, match="56 voxels are painted both brain@A and brain@B"):
        read_labels(tmp_path / "a.seg.nrrd", {})


def test_segments_are_mapped_by_name_and_unknown_ones_refused(tmp_path: Path) -> None:
    masks = {"Segment_1": mask(slice(0, 3)), "tumor": mask(slice(3, 4))}
    write_segmentation(tmp_path / "a.seg.nrrd", masks)
    with pytest.raises(InputError) as caught:
        read_labels(tmp_path / "a.seg.nrrd", {})
    assert len(caught.value.faults) == 2
    assert "map it in case.yaml" in str(caught.value)
    found = read_labels(tmp_path / "a.seg.nrrd", {"Segment_1": "skull", "tumor": "ignore"})
    assert set(np.unique(split_codes(found.codes.array)[0])) == {0, Structure.SKULL}
    with pytest.raises(InputError, match=r"there is no segment 'tumour'.*did you mean 'tumor'"):
        read_labels(tmp_path / "a.seg.nrrd", {"Segment_1": "skull", "tumor": "ignore", "tumour": "ignore"})


def test_a_segment_with_an_odd_name_is_read_by_its_code(tmp_path: Path) -> None:
    write_segmentation(tmp_path / "a.seg.nrrd", {"skull": mask(slice(0, 3))})
    raw = (tmp_path / "a.seg.nrrd").read_bytes().replace(b"Segment0_Name:=skull", b"Segment0_Name:=Crane")
    (tmp_path / "a.seg.nrrd").write_bytes(raw)
    found = read_labels(tmp_path / "a.seg.nrrd", {})
    assert set(np.unique(split_codes(found.codes.array)[0])) == {0, Structure.SKULL}
    assert any("by its code as skull" in n for n in found.notes)


def test_an_empty_segment_is_told_and_an_empty_map_refused(tmp_path: Path) -> None:
    masks = {"skull": mask(slice(0, 3)), "vein": Volume(np.zeros(GRID.shape, np.uint8), GRID)}
    write_segmentation(tmp_path / "a.seg.nrrd", masks)
    assert any("'vein' holds no voxel" in n for n in read_labels(tmp_path / "a.seg.nrrd", {}).notes)
    write_volume(Volume(np.zeros(GRID.shape, np.uint8), GRID), tmp_path / "l.nrrd")
    with pytest.raises(InputError, match="no voxel is labelled"):
        read_labels(tmp_path / "l.nrrd", {})
