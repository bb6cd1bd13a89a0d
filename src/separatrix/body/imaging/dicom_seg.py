"""DICOM segmentation objects: binary, fractional and label map."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from separatrix.body.imaging.segments import LabelFile, Segment
from separatrix.core import Fault, Grid, InputError

_HALF = 0.5
"""A voxel belongs to a fractional segment from this share on."""


def read_dicom_segmentation(path: Path) -> LabelFile:
    """Read a DICOM segmentation; each segment becomes a layer of its own.

    Raises
    ------
    InputError
        If it is damaged, or its frames are no regular volume.
    """
    import highdicom as hd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            whole = hd.seg.segread(str(path))
            volume = whole.get_volume(rescale_fractional=True)
        except Exception as error:  # the library raises many kinds for damaged objects
            raise InputError(
                Fault(
                    file=str(path),
                    problem=f"the DICOM segmentation cannot be read ({error})",
                    expected="evenly spaced frames on one lattice",
                    mend="export it again, or as .seg.nrrd from 3D Slicer",
                )
            ) from error
    numbers = [int(n) for n in whole.segment_numbers]
    masks = np.moveaxis(volume.array, -1, 0) >= _HALF
    segments = []
    for layer, number in enumerate(numbers):
        told = whole.get_segment_description(number)
        segments.append(
            Segment(
                key=number,
                name=str(told.segment_label),
                code=str(told.segmented_property_type.value),
                layer=layer,
                value=1,
                voxels=int(np.count_nonzero(masks[layer])),
            )
        )
    notes = (f"{path.name}: fractional segments count from one half on",) if _is_fractional(whole) else ()
    return LabelFile(
        layers=masks.astype(np.uint8),
        grid=_grid(volume, str(whole.get("FrameOfReferenceUID", "") or "")),
        segments=tuple(segments),
        notes=notes,
    )


def _is_fractional(whole: Any) -> bool:
    return str(whole.get("SegmentationType", "")) == "FRACTIONAL"


def _grid(volume: Any, frame_id: str) -> Grid:
    """Give the grid of a volume whose affine takes (slice, row, column) to LPS mm."""
    affine = np.asarray(volume.affine, dtype=np.float64)
    steps = affine[:3, 2::-1]
    lengths = np.linalg.norm(steps, axis=0)
    x, y, z = (float(v) + 0.0 for v in affine[:3, 3])
    sx, sy, sz = (float(v) for v in np.round(lengths, 9))
    z_count, y_count, x_count = volume.array.shape[:3]
    return Grid(
        shape=(z_count, y_count, x_count),
        spacing_mm=(sx, sy, sz),
        origin_mm=(x, y, z),
        direction=tuple(float(v) + 0.0 for v in (steps / lengths).ravel()),
        frame_id=frame_id,
    )
