"""Label maps of all formats as one thing: layers of values, and the segments they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging.dicom_headers import SEGMENTATION, dicom_files, read_header
from separatrix.body.imaging.dicom_seg import read_dicom_segmentation
from separatrix.body.imaging.model import Structure
from separatrix.body.imaging.segments import LabelFile, Segment
from separatrix.body.imaging.slicer_seg import read_segmentation
from separatrix.body.imaging.structures import Meaning, known_names, meaning_of, meaning_of_code
from separatrix.body.imaging.volumes import read_volume
from separatrix.case.model import IGNORE
from separatrix.core import Fault, InputError, Owner, Volume, near_names

Codes = npt.NDArray[np.uint8]
"""Structure and owner of a voxel in one number: ``structure * 4 + owner``."""

PRIORITY = (
    Structure.INTRACRANIAL,
    Structure.BRAIN,
    Structure.CSF,
    Structure.DURA,
    Structure.SCALP,
    Structure.SKULL,
    Structure.EXPANDER,
    Structure.VESSEL,
    Structure.VEIN,
    Structure.ARTERY,
    Structure.SINUS,
)
"""Where segments overlap the later one wins: vessels over expander over bone over scalp over dura over CSF
over brain over intracranial; among vessels the more exact name."""

_VALUES_SHOWN = 8
"""Label values listed in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """A label map on the lattice of its file, each voxel with one structure and owner."""

    codes: Volume
    """uint8, see `Codes`."""
    notes: tuple[str, ...]


def encode(meaning: Meaning) -> int:
    """One number for structure and owner."""
    return int(meaning.structure) * 4 + int(meaning.owner)


def split_codes(codes: Codes) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Structures and painted owners of encoded voxels."""
    return (codes >> 2).astype(np.uint8), (codes & 3).astype(np.uint8)


def read_labels(path: Path, structures: Mapping[int | str, str]) -> Labels:
    """Read a label map or segmentation, by its ending.

    Parameters
    ----------
    path
        NIfTI, NRRD, ``.seg.nrrd``, a DICOM segmentation or a folder that holds one.
    structures
        Value or segment name to structure name, as the case file has it; ``ignore`` leaves a segment out.

    Raises
    ------
    InputError
        With every value or segment without meaning, or a damaged file.
    GeometryError
        If the place of the voxels is missing or contradictory.
    """
    file = _read_file(path)
    meanings, notes, faults = _meanings(file, path, structures)
    if faults:
        raise InputError(*faults)
    codes, more = _flatten(file, meanings, path)
    if not codes.any():
        raise InputError(
            Fault(file=str(path), problem="no voxel is labelled", mend="export the segmentation again")
        )
    return Labels(codes=Volume(codes, file.grid), notes=(*file.notes, *notes, *more))


def _read_file(path: Path) -> LabelFile:
    if path.name.lower().endswith(".seg.nrrd"):
        return read_segmentation(path)
    if path.name.lower().endswith((".nii", ".nii.gz", ".nrrd")):
        return _plain(read_volume(path), path)
    if not path.exists():
        read_volume(path)  # tells that it is missing, or its ending unknown
    found = [p for p in dicom_files(path) if (h := read_header(p)) and h.SOPClassUID in SEGMENTATION]
    if len(found) != 1:
        raise InputError(
            Fault(
                file=str(path),
                problem=f"{len(found)} DICOM segmentations found",
                expected="a .seg.nrrd, .nii.gz or .nrrd file, or one DICOM segmentation",
                mend="name the one file",
            )
        )
    return read_dicom_segmentation(found[0])


def _plain(volume: Volume, path: Path) -> LabelFile:
    """Make segments of the values of a plain map."""
    array = volume.array
    if not np.issubdtype(array.dtype, np.integer):
        whole = np.isfinite(array).all() and np.array_equal(array, np.rint(array))
        if not whole:
            raise InputError(
                Fault(
                    file=str(path),
                    problem="the label map holds values that are not whole numbers",
                    expected="one whole number for each structure",
                    mend="export it as a label map, without smoothing or resampling",
                )
            )
    if array.min() < 0 or array.max() > 65535:
        raise InputError(
            Fault(
                file=str(path),
                problem=f"label values run from {array.min()} to {array.max()}",
                expected="0 to 65535",
                mend="check that this is the label map and not an image",
            )
        )
    values = array.astype(np.uint16)
    counts = np.bincount(values.ravel())
    segments = tuple(
        Segment(key=int(v), name="", code="", layer=0, value=int(v), voxels=int(counts[v]))
        for v in np.flatnonzero(counts)
        if v > 0
    )
    return LabelFile(layers=values[None], grid=volume.grid, segments=segments, notes=())


def _meanings(
    file: LabelFile, path: Path, structures: Mapping[int | str, str]
) -> tuple[list[Meaning | None], list[str], list[Fault]]:
    """Tell what each segment means (None: ignored), with notes and faults."""
    meanings: list[Meaning | None] = []
    notes: list[str] = []
    faults: list[Fault] = []
    used: set[int | str] = set()
    unnamed: list[Segment] = []
    for segment in file.segments:
        keys = [k for k in (segment.name, segment.key, segment.value) if k in structures]
        used.update(keys)
        wanted = structures[keys[0]] if keys else segment.name
        if wanted.strip().lower() == IGNORE:
            meanings.append(None)
            notes.append(f"{path.name}: segment '{segment.name or segment.value}' was left out as asked")
        elif not wanted:
            unnamed.append(segment)
        else:
            try:
                meanings.append(meaning_of(wanted))
            except ValueError as error:
                known = meaning_of_code(segment.code) if not keys else None
                if known is None:
                    faults.append(_unknown_name(path, segment, wanted, str(error)))
                else:
                    meanings.append(Meaning(known))
                    notes.append(
                        f"{path.name}: segment '{wanted}' was read by its code as {known.name.lower()}"
                    )
        if segment.voxels == 0:
            notes.append(f"{path.name}: segment '{segment.name or segment.value}' holds no voxel")
    if unnamed:
        faults.append(_without_structure(path, unnamed))
    names = [str(s.name or s.value) for s in file.segments]
    for key in structures:
        if key not in used and isinstance(key, int):
            notes.append(f"{path.name}: value {key} ({structures[key]}) holds no voxel")
        elif key not in used:
            faults.append(
                Fault(
                    file=str(path),
                    field=f"structures.{key}",
                    problem=f"there is no segment '{key}'",
                    mend=near_names(str(key), names),
                )
            )
    return meanings, notes, faults


def _unknown_name(path: Path, segment: Segment, wanted: str, near: str) -> Fault:
    return Fault(
        file=str(path),
        field="structures",
        problem=f"segment '{wanted}' ({segment.voxels} voxels) is no known structure",
        expected=f"one of {', '.join(known_names()[:6])}, …",
        mend=f"{near}; or map it in case.yaml under imaging.labels.structures, if need be to `{IGNORE}`",
    )


def _without_structure(path: Path, segments: Sequence[Segment]) -> Fault:
    told = ", ".join(f"{s.value} ({s.voxels} voxels)" for s in segments[:_VALUES_SHOWN])
    more = f" and {len(segments) - _VALUES_SHOWN} more" if len(segments) > _VALUES_SHOWN else ""
    return Fault(
        file=str(path),
        field="structures",
        problem=f"label values without a structure: {told}{more}",
        expected="a structure for every value",
        mend=f"add them to imaging.labels.structures in case.yaml, or map them to `{IGNORE}`",
    )


def _flatten(file: LabelFile, meanings: Sequence[Meaning | None], path: Path) -> tuple[Codes, list[str]]:
    """Bring all layers into one by priority."""
    rank = np.zeros(256, np.uint8)
    for place, structure in enumerate(PRIORITY, start=1):
        for owner in Owner:
            rank[encode(Meaning(structure, owner))] = 2 * place + (owner is not Owner.NONE)
    result: Codes = np.zeros(file.grid.shape, np.uint8)
    overlap = 0
    twice: dict[tuple[int, int], int] = {}
    for number, layer in enumerate(file.layers):
        table = np.zeros(int(layer.max()) + 1, np.uint8)
        for segment, meaning in zip(file.segments, meanings, strict=True):
            if segment.layer == number and meaning is not None and segment.value < len(table):
                table[segment.value] = encode(meaning)
        codes = table[layer]
        both = np.flatnonzero((codes > 0) & (result > 0)) if number else np.empty(0, np.intp)
        overlap += _count_overlap(codes.flat[both], result.flat[both], twice)
        result = np.where(rank[codes] > rank[result], codes, result)
    faults = [
        Fault(
            file=str(path),
            problem=f"{count} voxels are painted both {_name(one)} and {_name(other)}",
            expected="one owner for a voxel",
            mend="erase one of the two there, or paint @shared",
        )
        for (one, other), count in sorted(twice.items())
    ]
    if faults:
        raise InputError(*faults)
    note = f"{path.name}: {overlap} voxels stood in several segments; vessels won over bone over brain"
    return result, [note] if overlap else []


def _count_overlap(new: Codes, old: Codes, twice: dict[tuple[int, int], int]) -> int:
    differ = new != old
    against = differ & (new >> 2 == old >> 2) & (new & 3 > 0) & (old & 3 > 0)
    pairs, counts = np.unique(np.stack([old[against], new[against]]), axis=1, return_counts=True)
    for (one, other), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        twice[one, other] = twice.get((one, other), 0) + count
    return int(np.count_nonzero(differ))


def _name(code: int) -> str:
    return Meaning(Structure(code >> 2), Owner(code & 3)).name


def structure_volumes_ml(labels: Volume) -> dict[str, float]:
    """Volume of each structure that occurs, ml, rounded to a thousandth."""
    counts = np.bincount(labels.array.ravel(), minlength=len(Structure))
    return {
        s.name.lower(): round(float(counts[s]) * labels.grid.voxel_volume_mm3 / 1000, 3)
        for s in Structure
        if s is not Structure.NONE and counts[s]
    }
