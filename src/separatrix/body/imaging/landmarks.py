"""Landmarks of both heads as 3D Slicer's markups (``.mrk.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging.model import Landmark
from separatrix.core import Twin
from separatrix.core.storage import to_json

Points = Mapping[Twin, Mapping[Landmark, npt.NDArray[np.float64]]]

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
"""The schema that 3D Slicer names in its files."""


def write_landmarks(
    path: Path, landmarks: Points, *, coordinate_system: Literal["LPS", "RAS"] = "LPS"
) -> None:
    """Write landmarks as 3D Slicer writes a list of points.

    Parameters
    ----------
    path
        File to write (``.mrk.json``).
    landmarks
        Points in LPS mm, by child and name.
    coordinate_system
        In which the file's numbers are written; it says so itself.
    """
    sign = np.array([1.0, 1.0, 1.0] if coordinate_system == "LPS" else [-1.0, -1.0, 1.0])
    axes = np.diag(sign).ravel()
    points: list[dict[str, Any]] = []
    for twin in Twin:
        for landmark, position in landmarks.get(twin, {}).items():
            xyz = sign * np.asarray(position, dtype=np.float64)
            points.append(
                {
                    "id": str(len(points) + 1),
                    "label": f"{twin.value}:{landmark.value}",
                    "description": "",
                    "associatedNodeID": "",
                    "position": [float(v) + 0.0 for v in xyz],
                    "orientation": [float(v) + 0.0 for v in axes],
                    "selected": True,
                    "locked": False,
                    "visibility": True,
                    "positionStatus": "defined",
                }
            )
    markup = {
        "type": "Fiducial",
        "coordinateSystem": coordinate_system,
        "coordinateUnits": "mm",
        "locked": False,
        "fixedNumberOfControlPoints": False,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": len(points),
        "controlPoints": points,
        "measurements": [],
    }
    path.write_text(to_json({"@schema": SCHEMA, "markups": [markup]}), encoding="utf-8")
