"""Whether what was read fits together: sizes, landmarks on the head, images over the labels, dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging.frames import BANNER, Placed
from separatrix.body.imaging.itk import Float
from separatrix.body.imaging.landmarks import Points
from separatrix.body.imaging.model import SceneImage, Structure
from separatrix.body.imaging.planning import labelled_range
from separatrix.case import Case
from separatrix.core import Fault, Grid, Unknown, Volume
from separatrix.evidence import EvidenceReader

_SURFACE_STEP_MM = 2.5
"""Voxel of the coarse head that landmarks are held against."""

_MIRROR_GAIN = 0.5
"""Mirrored landmarks that lie this many times as far from the head's surface as those given fit better."""

_MIRROR_FLOOR_MM = 4.0
"""Landmarks whose mean distance from the surface is below this are where they should be."""

_MR_SKIN = 0.1
"""Share of the bright values of an MR from which on a voxel is tissue."""

_COVER_STEP = 4
"""Every so many voxels along each axis are asked whether an image covers them."""


def extent_faults(labels: Volume, path: str, evidence: EvidenceReader) -> Iterator[Fault]:
    """Tell labels whose extent is not that of heads."""
    first, last = labelled_range(labels.array)
    extent = (last - first + 1) * np.array(labels.grid.spacing_mm[::-1])
    low, high = evidence.number("imaging.extent.low"), evidence.number("imaging.extent.high")
    if not low <= extent.max() <= high:
        yield Fault(
            file=path,
            field="imaging.labels.path",
            problem=f"the labelled voxels span {extent.max():.4g} mm",
            expected=f"{low:g} to {high:g} mm for heads",
            mend="export the label map with millimetres as its unit (metres or micrometres?)",
        )


def head_mask(
    grid: Grid, labels: npt.NDArray[np.uint8], image: SceneImage | None, skin_hu: float
) -> Volume | None:
    """Coarse mask of the heads: what is labelled, and what an image shows to be tissue.

    None where neither an image nor a labelled scalp shows the skin.
    """
    step = max(1, round(_SURFACE_STEP_MM / grid.spacing_mm[0]))
    mask = labels[::step, ::step, ::step] > 0
    if image is not None:
        values = image.volume.array[::step, ::step, ::step]
        skin = skin_hu if image.modality == "CT" else _MR_SKIN * float(np.percentile(values, 99.5))
        mask = mask | _holding(values > skin, mask)
    elif not (labels == Structure.SCALP).any():
        return None
    spacing = tuple(s * step for s in grid.spacing_mm)
    depth, height, width = mask.shape
    return Volume(
        mask,
        Grid(
            shape=(depth, height, width),
            spacing_mm=(spacing[0], spacing[1], spacing[2]),
            origin_mm=grid.origin_mm,
            direction=grid.direction,
        ),
    )


def _holding(tissue: npt.NDArray[np.bool_], seed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Pieces of tissue that hold labelled voxels: tables and head rests stay out."""
    from scipy import ndimage

    pieces, _ = ndimage.label(tissue)
    wanted = np.unique(pieces[seed & tissue])
    return np.asarray(np.isin(pieces, wanted[wanted > 0]))


def landmark_faults(points: Points, head: Volume, path: str, evidence: EvidenceReader) -> Iterator[Fault]:
    """Tell landmarks that lie off the head, and whether their mirror image would fit better."""
    names = [f"{t.value}:{m.value}" for t in points for m in points[t]]
    if not names:
        return
    given = np.array([points[t][m] for t in points for m in points[t]])
    far = _surface_distance(head, given)
    mirrored = _surface_distance(head, given * [-1.0, -1.0, 1.0])
    limit = evidence.number("imaging.landmark_off.high")
    off = [f"{n} ({d:.0f} mm)" for n, d in zip(names, far, strict=True) if d > limit]
    fits_mirrored = far.mean() > _MIRROR_FLOOR_MM and mirrored.mean() < _MIRROR_GAIN * far.mean()
    if not off and not fits_mirrored:
        return
    told = f"landmarks lie off the head's surface: {', '.join(off)}" if off else (
        f"the landmarks lie {far.mean():.1f} mm off the head's surface in the mean"
    )  # fmt: skip
    hint = (
        f"mirrored left-right and front-back they would lie {mirrored.mean():.1f} mm off: the file seems to "
        "say LPS for RAS, or RAS for LPS; correct its coordinateSystem"
        if fits_mirrored
        else "look at them in 3D Slicer over the images, and that the unit is millimetres"
    )
    yield Fault(
        file=path,
        field="imaging.landmarks",
        problem=told,
        expected=f"at most {limit:g} mm from the surface (imaging.landmark_off.high)",
        mend=hint,
    )


def _surface_distance(head: Volume, points: Float) -> Float:
    """Distance of points from the surface of a mask, mm; beyond the grid that to its edge is added."""
    from scipy import ndimage

    mask = np.pad(head.array, 1)
    spacing = head.grid.spacing_mm[0]
    distance = np.where(mask, ndimage.distance_transform_edt(mask), ndimage.distance_transform_edt(~mask))
    index = head.grid.mm_to_index(points) + 1
    inside = np.clip(index, 0, np.array(mask.shape) - 1)
    z, y, x = np.rint(inside).astype(int).T
    beyond = np.linalg.norm(index - inside, axis=1)
    return np.asarray((distance[z, y, x] - 0.5 + beyond) * spacing)


def apart_faults(placed: Sequence[Placed], labels: npt.NDArray[np.uint8], grid: Grid) -> Iterator[Fault]:
    """Tell images that show nothing of what is labelled."""
    for item, covered in _coverage(placed, labels, grid):
        if covered == 0:
            yield Fault(
                file=item.source.path,
                field=f"imaging.images.{item.source.name}.path",
                problem="image and labels lie apart: no labelled voxel lies in the image",
                expected="labels drawn on these images",
                mend="look at both in 3D Slicer, and export the labels with the image as reference",
            )


def coverage_notes(
    placed: Sequence[Placed], labels: npt.NDArray[np.uint8], grid: Grid, evidence: EvidenceReader
) -> Iterator[str]:
    """Tell images that leave part of the labelled voxels out."""
    low = evidence.number("imaging.coverage.low")
    for item, covered in _coverage(placed, labels, grid):
        if covered < low:
            yield f"{BANNER}{item.source.name} covers {100 * covered:.0f} % of the labelled voxels"


def _coverage(
    placed: Sequence[Placed], labels: npt.NDArray[np.uint8], grid: Grid
) -> Iterator[tuple[Placed, float]]:
    """Share of the labelled voxels that each image covers."""
    step = _COVER_STEP
    points = grid.index_to_mm(np.argwhere(labels[::step, ::step, ::step] > 0) * step)
    for item in placed:
        moved = points if item.matrix is None else points @ item.matrix[:3, :3].T + item.matrix[:3, 3]
        native = item.source.volume.grid
        index = native.mm_to_index(moved)
        inside = ((index > -1) & (index < np.array(native.shape))).all(axis=1)
        yield item, float(inside.mean()) if len(index) else 1.0


def date_notes(
    case: Case, acquired: Mapping[str, dt.date | Unknown], evidence: EvidenceReader
) -> Iterator[str]:
    """Tell images of unknown date, far apart, or old against the newest record of the case."""
    known = {name: day for name, day in acquired.items() if isinstance(day, dt.date)}
    for name, day in acquired.items():
        if isinstance(day, Unknown):
            yield f"{BANNER}the date of image {name} is {day}"
    if not known:
        return
    apart = (max(known.values()) - min(known.values())).days
    if apart > evidence.number("imaging.dates_apart.high"):
        told = ", ".join(f"{name} {day}" for name, day in known.items())
        yield f"{BANNER}the images were taken {apart} days apart ({told}); the heads grew in between"
    newest = max([*known.values(), *_recorded(case)])
    limit = evidence.number("imaging.image_age.high")
    for name, day in known.items():
        if (newest - day).days > limit:
            yield (
                f"{BANNER}image {name} of {day} is {(newest - day).days} days older than the newest "
                f"record of the case ({newest}; the team's limit is {limit:g} days)"
            )


def _recorded(case: Case) -> list[dt.date]:
    """Dates of what people wrote down; no clock is asked, so that a plan repeats."""
    file = case.file
    days = [o.date for o in file.observations] + [f.on for f in file.suitability.values()]
    return [*days, *([file.decision.on] if file.decision.on else [])]
