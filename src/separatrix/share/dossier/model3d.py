"""What the 3D view shows: structures with owner, colour and opacity, and the model they are carried in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from separatrix.body.anatomy.model import Anatomy
from separatrix.body.imaging.model import Scene
from separatrix.body.surface.model import Mesh, Separatrix
from separatrix.core import Twin
from separatrix.core.storage import to_json
from separatrix.share.dossier.model import Part
from separatrix.share.dossier.pictures import rgb
from separatrix.share.dossier.slices import SHARED_COLOUR

CUT_COLOUR = "#1d1d1f"
"""The cut: near black, as the line on the slices."""

_TRIANGLES = 140_000
"""Of all structures together: some 5 MB of HTML, and smooth on a plain laptop."""
_INSIDE_OUT = (
    "artery", "sinus", "vein", "vessel", "brain", "csf", "dura", "intracranial", "skull", "expander", "scalp",
)  # fmt: skip
"""Order in which translucent structures are drawn, innermost first."""
_OPACITY = {"brain": 1.0, "intracranial": 1.0, "csf": 0.15, "dura": 0.2, "skull": 0.12, "scalp": 0.08}
"""Opacity at the start: bone and skin let the brains show. Display only."""
_UNOWNED_COLOUR = {"skull": "#b8ad94", "scalp": "#c99a84", "dura": "#8a8f98", "csf": "#9fc5dc"}
_OTHER_COLOUR = "#8d8d8d"
_MIXED = {"artery": ("#000000", 0.45), "vein": ("#ffffff", 0.45), "sinus": ("#ffffff", 0.45)}
"""What a child's vessels are mixed with, and how far, to stand out from its own brain."""
_HEAD_REACH_MM = 75.0
"""How far above the ears a child's letter floats, where no brain tells its middle."""


def parts_of(scene: Scene, anatomy: Anatomy | None, separatrix: Separatrix | None) -> list[Part]:
    """Structures to show, innermost first, the cut last."""
    if anatomy is None:
        return []
    from separatrix.body.surface import structure_meshes

    meshes = structure_meshes(scene, anatomy, triangles=_TRIANGLES)
    order = {name: place for place, name in enumerate(_INSIDE_OUT)}
    ids = sorted(meshes, key=lambda key: (order.get(_split(key)[0], len(order)), key))
    parts = [_part(key, meshes[key]) for key in ids if len(meshes[key].faces)]
    if separatrix is not None and len(separatrix.surface.faces):
        parts.append(
            Part(id="cut", name="the cut", owner="", colour=CUT_COLOUR, opacity=0.45, mesh=separatrix.surface)
        )
    return parts


def _split(key: str) -> tuple[str, str]:
    """Structure and owner of a mesh's name, such as ``vein-shared``."""
    structure, _, owner = key.rpartition("-")
    return (structure, owner) if owner in ("A", "B", "shared") else (key, "")


def _part(key: str, mesh: Mesh) -> Part:
    structure, owner = _split(key)
    return Part(
        id=key,
        name=structure,
        owner=owner,
        colour=_colour(structure, owner),
        opacity=_OPACITY.get(structure, 1.0),
        mesh=mesh,
    )


def _colour(structure: str, owner: str) -> str:
    if owner in ("A", "B"):
        towards, share = _MIXED.get(structure, ("#000000", 0.0))
        mixed = (1 - share) * np.array(rgb(Twin(owner).colour)) + share * np.array(rgb(towards))
        return "#" + "".join(f"{round(float(c)):02x}" for c in mixed)
    return SHARED_COLOUR if owner == "shared" else _UNOWNED_COLOUR.get(structure, _OTHER_COLOUR)


def heads_of(anatomy: Anatomy | None, parts: list[Part]) -> list[dict[str, Any]]:
    """Where each child's letter floats, and where its face looks, as plain data for the viewer."""
    found = []
    for twin in Twin:
        brain = next((p.mesh for p in parts if p.name == "brain" and p.owner == twin.value), None)
        frame = anatomy.frames.get(twin) if anatomy else None
        if brain is not None:
            centre = brain.vertices_mm.mean(axis=0)
        elif frame is not None:
            centre = frame.origin_mm + _HEAD_REACH_MM * frame.superior
        else:
            continue
        found.append(
            {
                "twin": twin.value,
                "mark": twin.mark,
                "colour": twin.colour,
                "centre": _rounded(centre),
                "facing": _rounded(frame.facing) if frame else None,
                "superior": _rounded(frame.superior) if frame else None,
            }
        )
    return found


def viewer_data(
    parts: list[Part], heads: list[dict[str, Any]], vessels: Mapping[str, Any] | None = None
) -> str:
    """JSON that the viewer reads; safe inside a ``<script>`` element."""
    rows = [
        {"id": p.id, "name": p.name, "owner": p.owner, "colour": p.colour, "opacity": p.opacity}
        for p in parts
    ]
    return to_json({"parts": rows, "heads": heads, "vessels": vessels}).replace("<", "\\u003c")


def _rounded(point: np.ndarray[Any, Any]) -> list[float]:
    return [round(float(x), 4) for x in point]


def to_glb(parts: list[Part]) -> bytes:
    """The parts as one GLB; each node has the id of its part. Positions are LPS millimetres."""
    from separatrix.body.surface.formats import Look, glb_bytes

    return glb_bytes({p.id: (p.mesh, Look(colour=p.colour, opacity=p.opacity)) for p in parts})
