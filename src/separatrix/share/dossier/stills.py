"""Still pictures of the 3D view, for paper and for browsers without WebGL."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.model import Anatomy
from separatrix.core import Twin
from separatrix.share.dossier.model import Part, Still
from separatrix.share.dossier.pictures import png_colour
from separatrix.share.dossier.raster import View, render
from separatrix.share.dossier.wording import twin_text

Float = npt.NDArray[np.float64]

_HEIGHT_PX = 640
_MARGIN = 1.14
_DIRECTIONS = (
    ("L", (1.0, 0.0, 0.0)),
    ("R", (-1.0, 0.0, 0.0)),
    ("P", (0.0, 1.0, 0.0)),
    ("A", (0.0, -1.0, 0.0)),
    ("S", (0.0, 0.0, 1.0)),
    ("I", (0.0, 0.0, -1.0)),
)
_SEEN_EDGE_ON = 0.9
"""A direction that points at the reader more than this is not written on the picture."""
_LETTER_ROOM = 0.08
"""Share of the picture that a letter needs for itself."""


def draw_stills(parts: Sequence[Part], anatomy: Anatomy | None) -> list[Still]:
    """Four views: two of the whole pair, one of brains and vessels, one of the cut on A's side."""
    if not parts:
        return []
    up, front = _pair_axes(anatomy)
    side = np.cross(up, front)
    inner = [p for p in parts if p.name not in ("scalp", "skull", "dura", "csf")]
    half = [replace(p, opacity=0.6) if p.id == "cut" else p for p in inner if not _is_outside(p)]
    stills = [
        _still("The pair, from the front of A", parts, front, up),
        _still("The pair, from the side of A", parts, side, up),
        _still("Brains, vessels and the cut", inner, front, up),
    ]
    if any(p.id == "cut" for p in parts):
        oblique = up * 0.75 + front * 0.66
        stills.append(_still("The cut from B’s side, B’s brain taken away", half, oblique, up))
    return stills


def _is_outside(part: Part) -> bool:
    return part.owner == Twin.B.value and part.name in ("brain", "intracranial")


def _pair_axes(anatomy: Anatomy | None) -> tuple[Float, Float]:
    """The pair's own up (from A towards B) and front (where A faces), perpendicular unit vectors."""
    frames = anatomy.frames if anatomy else {}
    if Twin.A not in frames or Twin.B not in frames:
        return np.array([0.0, 0.0, 1.0]), np.array([0.0, -1.0, 0.0])
    up = frames[Twin.A].superior - frames[Twin.B].superior
    if np.linalg.norm(up) < 0.1:  # heads side by side
        up = frames[Twin.A].superior
    up = up / np.linalg.norm(up)
    facing = frames[Twin.A].facing
    front = facing - (facing @ up) * up
    if np.linalg.norm(front) < 0.1:
        front = np.cross(up, frames[Twin.A].right)
    return up, front / np.linalg.norm(front)


def _still(title: str, parts: Sequence[Part], towards: Float, up: Float) -> Still:
    points = np.concatenate([p.mesh.vertices_mm for p in parts])
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    view = View(towards=towards, up=up, centre_mm=centre, half_width_mm=1, half_height_mm=1)
    reach = np.abs(view.to_picture(points)).max(axis=0) * _MARGIN
    view = replace(view, half_width_mm=float(max(reach[0], 0.5 * reach[1])), half_height_mm=float(reach[1]))
    pixels = render([(p.mesh, p.colour, p.opacity) for p in parts], view, height_px=_HEIGHT_PX)
    return Still(
        title=title,
        picture=png_colour(pixels),
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        marks=tuple(_marks(parts, view)),
    )


def _marks(parts: Sequence[Part], view: View) -> list[tuple[str, str, float, float]]:
    """Letters to write on the picture: text, colour, and place as shares of width and height."""
    marks: list[tuple[str, str, float, float]] = []
    right, up, _ = view.axes()
    across = [
        (letter, float(right @ np.array(way)), float(up @ np.array(way))) for letter, way in _DIRECTIONS
    ]
    # Seen aslant, two directions fall on one place: the one more across the sight stays.
    for letter, x, y in sorted(across, key=lambda item: -math.hypot(item[1], item[2])):
        if math.hypot(x, y) < math.sqrt(1 - _SEEN_EDGE_ON**2):
            continue
        reach = 0.46 / max(abs(x), abs(y))
        place = (0.5 + x * reach, 0.5 - y * reach)
        if all(math.dist(mark[2:], place) > _LETTER_ROOM for mark in marks):
            marks.append((letter, "#222222", *place))
    for twin in Twin:
        brain = next((p for p in parts if p.name == "brain" and p.owner == twin.value), None)
        if brain is not None:
            at = view.to_picture(brain.mesh.vertices_mm.mean(axis=0))
            x, y = float(at[0]) / view.half_width_mm, float(at[1]) / view.half_height_mm
            marks.append((twin_text(twin), twin.colour, 0.5 + x / 2, 0.5 - y / 2))
    return marks
