"""What is true of a pair, in numbers: the content of ``truth/meta.json``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from separatrix.body.imaging.model import Landmark
from separatrix.body.phantom.build import Heads
from separatrix.body.phantom.interface import relief_sd_mm
from separatrix.body.phantom.model import Bytes, PairOptions, Reals, Tissue, VesselTruth
from separatrix.body.phantom.shape import Layers
from separatrix.body.phantom.variants import motion
from separatrix.core import Owner, Twin

Marks = Mapping[Twin, Mapping[Landmark, Reals]]


def head_axes(marks: Mapping[Landmark, Reals]) -> tuple[Reals, Reals]:
    """Facing and superior direction of a head by its landmarks (Frankfurt frame), unit vectors."""
    left, right = marks[Landmark.LEFT_TRAGION], marks[Landmark.RIGHT_TRAGION]
    origin = (left + right) / 2
    x = (right - left) / np.linalg.norm(right - left)
    z = np.cross(x, marks[Landmark.LEFT_ORBITALE] - origin)
    z /= np.linalg.norm(z)
    if (marks[Landmark.NASION] - origin) @ z < 0:
        z = -z
    return np.cross(z, x), z


def angles_deg(landmarks: Marks) -> tuple[float, float]:
    """Longitudinal angle and axial facial rotation of a pair by its landmarks, 0 to 180 degrees."""
    (face_a, up_a), (face_b, up_b) = (head_axes(landmarks[twin]) for twin in Twin)
    axis = (up_a - up_b) / np.linalg.norm(up_a - up_b)
    across = [f - (f @ axis) * axis for f in (face_a, face_b)]
    return _angle(up_a, up_b), _angle(across[0], across[1])


def _angle(u: Reals, v: Reals) -> float:
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v)), u @ v)))


def circumference_mm(heads: Heads, layers: Layers, twin: Twin) -> float:
    """Greatest girth of one head parallel to its Frankfurt plane, over the skin of its vault."""
    from scipy import ndimage as ndi
    from scipy.spatial import ConvexHull

    pose, grid = heads.poses[twin], heads.grid
    angles = np.linspace(0, 2 * np.pi, 181)[:-1]
    reach = np.arange(30.0, 110.0, 0.25)
    skin = heads.distance - heads.bone_mm - np.float32(layers.csf + layers.dura + layers.scalp)
    girths = []
    for height in np.arange(-10.0, 36.0, 4.0):
        middle = pose.to_world(np.array([0.0, 5.0, height]))
        spokes = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(len(angles))]) @ pose.rotation.T
        points = middle + reach[None, :, None] * spokes[:, None, :]
        values = ndi.map_coordinates(skin, grid.mm_to_index(points.reshape(-1, 3)).T, order=1, mode="nearest")
        outside = values.reshape(len(angles), len(reach)) > 0
        rim = reach[np.argmax(outside, axis=1)]
        outline = rim[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
        girths.append(float(ConvexHull(outline).area) if outside.any(1).all() else 0.0)
    return max(girths)


def describe(
    options: PairOptions, heads: Heads, layers: Layers, labels: Bytes, landmarks: Marks, vessels: VesselTruth
) -> dict[str, Any]:
    """All measures of a pair as plain data."""
    grid, interface = heads.grid, heads.interface
    longitudinal, rotation = angles_deg(landmarks)
    counts = np.bincount(labels.ravel(), minlength=len(Tissue))
    spacing = grid.spacing_mm[0]
    crossing = [e for e in vessels.edges if e.crossing and e.kind != "circumferential_sinus"]
    on_a = heads.on_a()
    inside = heads.distance < layers.csf
    heights = interface.middle[interface.contact]
    return {
        "config": asdict(options),
        "labels": {str(int(t)): t.name.lower() for t in Tissue},
        "ownership": {str(int(o)): o.name.lower() for o in Owner},
        "grid": grid.to_dict(),
        "volumes_ml": {t.name.lower(): round(int(counts[t]) * spacing**3 / 1000, 3) for t in Tissue},
        "intracranial_ml": {
            "A": round(float((inside & on_a).sum()) * spacing**3 / 1000, 3),
            "B": round(float((inside & ~on_a).sum()) * spacing**3 / 1000, 3),
        },
        "interface": {
            "height_map_axes": "[y, x] of the label map; LPS z, mm",
            "contact_area_mm2": round(float(interface.contact.sum()) * spacing**2, 1),
            "height_range_mm": [round(float(heights.min()), 3), round(float(heights.max()), 3)],
            "height_sd_mm": round(relief_sd_mm(interface.middle, interface.contact, spacing), 3),
            "adherent_fraction": round(float((interface.adherent > 0.5)[interface.contact].mean()), 4),
        },
        "expected": {
            "angle_longitudinal_deg": round(longitudinal, 3),
            "rotation_axial_deg": round(rotation, 3),
            "shared_sinus": True,
        },
        "head_circumference_mm": {t.value: round(circumference_mm(heads, layers, t), 1) for t in Twin},
        "twins": {
            twin.value: {
                "centre_mm": np.round(pose.centre_mm, 4).tolist(),
                "rotation": np.round(pose.rotation, 8).tolist(),
                "scale": np.round(pose.scale, 6).tolist(),
            }
            for twin, pose in heads.poses.items()
        },
        "t1_motion": np.round(motion(options), 9).tolist() if options.t1_moved else None,
        "vessels": {
            "crossing": len(crossing),
            "by_kind": dict(sorted(Counter(e.kind for e in vessels.edges).items())),
        },
    }
