"""A written pair: the road a hospital takes, the truth beside it, and the awkward variants."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from separatrix.body.imaging import read_volume
from separatrix.body.phantom import Pair, PairOptions, make_pair, write_pair
from separatrix.body.phantom.template import template_files
from separatrix.body.phantom.variants import motion, moved, ragged, thick
from separatrix.core import DataMissingError, Grid, InputError, Volume

SMALL = PairOptions(seed=2, grid_mm=3.0)


@pytest.fixture(scope="module")
def pair() -> Pair:
    return make_pair(SMALL)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_case_and_truth_are_written_whole_and_the_same_twice(pair: Pair, tmp_path: Path) -> None:
    write_pair(pair, tmp_path / "one")
    write_pair(pair, tmp_path / "two")
    files = digests(tmp_path / "one")
    assert files == digests(tmp_path / "two")
    wanted = {
        "case.yaml",
        "imaging/t1.nii.gz",
        "imaging/labels.seg.nrrd",
        "imaging/landmarks.mrk.json",
        "imaging/ct/0001.dcm",
        "truth/labels.nii.gz",
        "truth/ownership.nii.gz",
        "truth/vessels.json",
        "truth/meta.json",
        "truth/interface_height.npy",
    }
    assert wanted <= set(files)
    back = read_volume(tmp_path / "one" / "truth" / "ownership.nii.gz")
    assert np.array_equal(back.array, pair.ownership.array)
    assert back.grid.same_lattice(pair.ownership.grid)
    graph = json.loads((tmp_path / "one" / "truth" / "vessels.json").read_text())
    assert len(graph["edges"]) == len(pair.vessels.edges)
    assert {"id", "kind", "a", "b", "owner", "length_mm", "radius_mm", "polyline_mm"} <= set(
        graph["edges"][0]
    )


def test_a_folder_that_holds_something_is_refused(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="not empty"):
        write_pair(pair, tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_written_case_is_read_as_a_hospital_case(pair: Pair, tmp_path: Path) -> None:
    from separatrix.case import read_case

    write_pair(pair, tmp_path / "case")
    case = read_case(tmp_path / "case")
    assert case.file.born is not None
    assert case.file.imaging is not None
    assert set(case.file.imaging.images) == {"t1", "ct"}


def test_moved_and_thick_t1_is_a_series_in_a_frame_of_its_own(pair: Pair, tmp_path: Path) -> None:
    import pydicom

    awkward = dataclasses.replace(
        pair, options=dataclasses.replace(SMALL, t1_moved=True, thick_slices_mm=5.0, ragged=True)
    )
    write_pair(awkward, tmp_path / "case")
    t1 = pydicom.dcmread(tmp_path / "case" / "imaging" / "t1" / "0001.dcm")
    ct = pydicom.dcmread(tmp_path / "case" / "imaging" / "ct" / "0001.dcm")
    assert t1.FrameOfReferenceUID != ct.FrameOfReferenceUID
    assert len(list((tmp_path / "case" / "imaging" / "t1").iterdir())) < len(
        list((tmp_path / "case" / "imaging" / "ct").iterdir())
    )


def blob(at: tuple[int, int, int]) -> Volume:
    grid = Grid(shape=(40, 44, 48), spacing_mm=(2, 2, 2), origin_mm=(-40, -30, -20))
    z, y, x = np.ogrid[:40, :44, :48]
    far = (z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2
    return Volume((1000 * np.exp(-far / 12)).astype(np.int16), grid)


def centre_mm(volume: Volume) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    weight = volume.array.astype(float)
    index = np.stack(np.indices(volume.array.shape), -1)
    return volume.grid.index_to_mm((index * weight[..., None]).sum((0, 1, 2)) / weight.sum())


def test_moved_image_went_where_the_motion_says() -> None:
    start, matrix = blob((18, 25, 20)), motion(PairOptions(seed=5))
    went = matrix[:3, :3] @ centre_mm(start) + matrix[:3, 3]
    assert np.allclose(centre_mm(moved(start, matrix)), went, atol=0.1)
    assert np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3))


@pytest.mark.parametrize("slice_mm", [2.0, 3.0, 5.0])
def test_thick_slices_keep_place_and_content(slice_mm: float) -> None:
    start = blob((18, 25, 20))
    slices = thick(start, slice_mm)
    assert slices.grid.spacing_mm[2] == slice_mm
    assert np.allclose(centre_mm(slices), centre_mm(start), atol=0.1)


def test_ragged_borders_stray_a_little_and_only_at_borders() -> None:
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[10:30, 10:30, 10:30] = 2
    rough = ragged(labels, 1, 1.0)
    changed = rough != labels
    assert 0.005 < changed.mean() < 0.1
    assert not changed[16:24, 16:24, 16:24].any()


def test_missing_brain_image_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_spec("nilearn") is not None
    monkeypatch.setattr("separatrix.body.phantom.template.find_spec", lambda name: None)
    with pytest.raises(DataMissingError, match="demo"):
        template_files()
