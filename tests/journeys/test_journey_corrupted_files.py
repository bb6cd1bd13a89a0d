"""Bytes flipped, lost or put in anywhere in any file: a scene or faults that name a file, never a crash."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from separatrix.body import anatomy, imaging
from separatrix.case import evidence_for, read_case
from separatrix.core import InputError, silent

FILES = [
    # (template, file, whether it is unpacked before it is spoiled)
    ("nifti", "ct.nii.gz", True),
    ("nifti", "ct.nii.gz", False),
    ("nifti", "labels.nii.gz", True),
    ("nifti", "landmarks.mrk.json", False),
    ("hospital", "labels.seg.nrrd", False),
    ("hospital", "ct/0020.dcm", False),
]

HEADER = 1200
"""Bytes in which the headers of all these files lie: most faults are put there."""

cuts = st.tuples(st.just("cut"), st.integers(0, HEADER * 20), st.just(b""))
flips = st.tuples(st.just("put"), st.integers(0, HEADER), st.binary(min_size=1, max_size=4))
losses = st.tuples(st.just("lose"), st.integers(0, HEADER), st.binary(min_size=1, max_size=20))
gains = st.tuples(st.just("gain"), st.integers(0, HEADER), st.binary(min_size=1, max_size=20))


def _spoiled(raw: bytes, way: tuple[str, int, bytes]) -> bytes:
    kind, at, some = way
    at %= len(raw)
    if kind == "cut":
        return raw[:at]
    after = {"put": at + len(some), "lose": at + len(some), "gain": at}[kind]
    return raw[:at] + (b"" if kind == "lose" else some) + raw[after:]


@pytest.mark.parametrize(("template", "name", "unpack"), FILES, ids=[f"{f[1]}-{f[2]}" for f in FILES])
@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(ways=st.lists(cuts | flips | losses | gains, min_size=1, max_size=3))
def test_corrupted_file_gives_a_scene_or_faults(
    template: str, name: str, unpack: bool, ways: list[tuple[str, int, bytes]], templates: dict[str, Path]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "case"
        shutil.copytree(templates[template], folder)
        path = folder / "imaging" / name
        raw = gzip.decompress(path.read_bytes()) if unpack else path.read_bytes()
        for way in ways:
            raw = _spoiled(raw or b"\0", way)
        path.write_bytes(gzip.compress(raw, 1) if unpack else raw)
        try:
            case = read_case(folder)
            evidence = evidence_for(case)
            scene = imaging.read_scene(case, evidence=evidence, threads=1, progress=silent)
            faults = tuple(anatomy.check(case, scene, evidence=evidence))
        except InputError as error:
            faults = error.faults
            assert faults
        assert all(fault.problem and (fault.file or fault.field) for fault in faults)
