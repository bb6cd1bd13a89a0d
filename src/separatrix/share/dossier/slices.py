"""Slices in three planes, with owners, patches without a gap, doubt and the cut laid over the scans.

The grey picture keeps the scan's own resolution; what is laid over it is a second, transparent
picture and a vector line, so that a reader can take it away and see the scan alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.model import Anatomy
from separatrix.body.imaging.model import Scene, SceneImage, Structure
from separatrix.body.surface.model import Separatrix
from separatrix.core import Owner, Twin
from separatrix.share.dossier.model import Slice
from separatrix.share.dossier.pictures import png_grey, png_palette, rgb
from separatrix.share.dossier.planes import (
    PLANES,
    Float,
    Nearest,
    Plane,
    PlaneName,
    body_box_mm,
    interface_points_mm,
    plane_through,
    positions,
    sample_linear,
    sample_nearest,
)

SLICES_PER_PLANE = 5

SHARED_COLOUR = "#0f9d8f"
"""What belongs to both: a blue-green that stays apart from purple and orange for every eye."""

SURE = 0.95
"""Below this certainty of the owner, the slices show dots."""

_CT_WINDOW_HU = (-100.0, 300.0)
"""Display window of CT: brain, contrast-filled vessels and bone stay apart. Display only."""
_MR_WINDOW_SHARES = (0.01, 0.995)
"""Shares of the labelled voxels between which MR is spread from black to white. Display only."""
_OVERLAY_PER_VOXEL = 3
"""Overlay pixels per voxel edge, so that hatching is finer than a voxel."""
_HATCH_PX = 8
_DOT_PX = 5

# Overlay palette: index, colour, opacity (0-255).
_TINT = {Owner.A: 1, Owner.B: 2, Owner.SHARED: 3}
_VESSEL = {Owner.A: 4, Owner.B: 5, Owner.SHARED: 6}
_HATCH, _DOT = 7, 8
_PALETTE: tuple[tuple[str, int], ...] = (
    ("#000000", 0),
    (Twin.A.colour, 84),
    (Twin.B.colour, 84),
    (SHARED_COLOUR, 110),
    (Twin.A.colour, 225),
    (Twin.B.colour, 225),
    (SHARED_COLOUR, 235),
    ("#ffff66", 230),
    ("#ffffff", 215),
)


def draw_slices(
    scene: Scene, anatomy: Anatomy | None, separatrix: Separatrix | None, *, per_plane: int = SLICES_PER_PLANE
) -> dict[PlaneName, list[Slice]]:
    """Slices through the place where the children meet, by plane.

    Parameters
    ----------
    scene
        The scans. A scene without images gives slices with the overlay alone.
    anatomy, separatrix
        What to lay over; either may be missing.
    per_plane
        At most so many per plane.
    """
    box = body_box_mm(scene.labels)
    where = _where_to_look(scene, anatomy, separatrix)
    windows = {name: _window(scene, image) for name, image in scene.images.items()}
    return {
        name: [
            _draw(plane_through(name, position, box), scene, anatomy, separatrix, windows)
            for position in positions(name, where, per_plane)
        ]
        for name in PLANES
    }


def _where_to_look(scene: Scene, anatomy: Anatomy | None, separatrix: Separatrix | None) -> Float:
    """Points of the interface; where none is known, the corners of the body."""
    candidates = [separatrix.side if separatrix else None, anatomy.ownership if anatomy else None]
    for volume in candidates:
        points = interface_points_mm(volume) if volume is not None else np.zeros((0, 3))
        if len(points):
            return points
    return np.stack(body_box_mm(scene.labels))


def _window(scene: Scene, image: SceneImage) -> tuple[float, float]:
    if image.modality == "CT":
        return _CT_WINDOW_HU
    coarse = (slice(None, None, 3),) * 3
    inside = image.volume.array[coarse][scene.labels.array[coarse] > 0]
    if not inside.size:
        inside = image.volume.array[coarse].ravel()
    low, high = np.quantile(inside, _MR_WINDOW_SHARES)
    return float(low), float(max(high, low + 1e-6))


def _draw(
    plane: Plane,
    scene: Scene,
    anatomy: Anatomy | None,
    separatrix: Separatrix | None,
    windows: dict[str, tuple[float, float]],
) -> Slice:
    voxel = min(scene.grid.spacing_mm)
    points = plane.points(voxel)
    images = []
    for name, image in scene.images.items():
        low, high = windows[name]
        grey = np.clip((sample_linear(image.volume, points) - low) / (high - low), 0, 1)
        unit = " HU" if image.modality == "CT" else " (scanner units)"
        title = f"{image.modality} {name}, window {low:.0f} to {high:.0f}{unit}"
        images.append((title, png_grey(np.rint(grey * 255).astype(np.uint8))))
    fine = plane.points(voxel / _OVERLAY_PER_VOXEL)
    nearest = Nearest(scene.grid, fine)
    owner = nearest.of(anatomy.ownership) if anatomy and anatomy.ownership is not None else None
    return Slice(
        plane=plane.name,
        position_mm=plane.position_mm,
        axis=plane.axis,
        width_mm=plane.width_mm,
        height_mm=plane.height_mm,
        letters=plane.letters,
        images=tuple(images),
        overlay=_overlay(owner, anatomy, scene, nearest) if anatomy and owner is not None else "",
        cut_path=_cut_path(separatrix, plane, voxel) if separatrix else "",
        owner_labels=_owner_labels(owner, voxel / _OVERLAY_PER_VOXEL) if owner is not None else (),
    )


def _overlay(owner: npt.NDArray[Any], anatomy: Anatomy, scene: Scene, nearest: Nearest) -> str:
    tissue = nearest.of(anatomy.tissue or scene.labels)
    vessel = np.isin(tissue, [s.value for s in Structure if s.is_vessel])
    canvas = np.zeros(owner.shape, np.uint8)
    for code in (Owner.A, Owner.B, Owner.SHARED):
        mine = owner == code.value
        canvas[mine] = _TINT[code]
        canvas[mine & vessel] = _VESSEL[code]
    rows, columns = np.indices(canvas.shape)
    if anatomy.certainty is not None:
        doubt = nearest.of(anatomy.certainty)
        dots = (rows % _DOT_PX < 2) & (columns % _DOT_PX < 2)
        canvas[(doubt < SURE) & (owner > 0) & (tissue == Structure.BRAIN.value) & dots] = _DOT
    if anatomy.adherent is not None:
        adherent = nearest.of(anatomy.adherent)
        stripes = (rows + columns) % _HATCH_PX < 3
        canvas[(adherent > 0) & stripes] = _HATCH
    return png_palette(canvas, [(*rgb(colour), alpha) for colour, alpha in _PALETTE])


def _cut_path(separatrix: Separatrix, plane: Plane, voxel: float) -> str:
    """The line where A's side meets B's, as an SVG path in mm from the top left corner."""
    from scipy import ndimage
    from skimage import measure

    side = sample_nearest(separatrix.side, plane.points(voxel))
    inside = side > 0
    if not (side == 1).any() or not (side == 2).any():
        return ""
    # Outside the body there is no side: take the nearest one, so that the line runs straight out.
    nearest = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    height = ndimage.gaussian_filter((side[tuple(nearest)] == 1).astype(np.float64), 0.8)
    lines = measure.find_contours(  # type: ignore[no-untyped-call]
        height, 0.5, mask=ndimage.binary_dilation(inside)
    )
    parts = []
    for line in lines:
        if len(line) < 3:
            continue
        corners = measure.approximate_polygon(line, 0.15)  # type: ignore[no-untyped-call]
        points = (corners + 0.5) * voxel
        parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for y, x in points))
    return "".join(parts)


def _owner_labels(owner: npt.NDArray[Any], step_mm: float) -> tuple[tuple[str, float, float], ...]:
    """Where to write each child's letter: the innermost point of its largest area in the slice."""
    from scipy import ndimage

    labels = []
    coarse = owner[::6, ::6]
    for twin in Twin:
        depth = ndimage.distance_transform_edt(np.pad(coarse == twin.code, 1))[1:-1, 1:-1]
        if depth.max() * 6 * step_mm < 6.0:  # too thin to hold a letter
            continue
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        labels.append((twin.value, float((column * 6 + 3) * step_mm), float((row * 6 + 3) * step_mm)))
    return tuple(labels)
