"""Landmarks of both heads as 3D Slicer's markups (``.mrk.json``)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging.model import Landmark
from separatrix.body.imaging.packing import read_bytes
from separatrix.core import Fault, GeometryError, InputError, Twin, near_names
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


LABELS = {f"{twin.value}:{landmark.value}": (twin, landmark) for twin in Twin for landmark in Landmark}
"""Every label that is read, such as ``A:left_tragion``."""

_SIGNS = {"LPS": (1.0, 1.0, 1.0), "0": (-1.0, -1.0, 1.0), "1": (1.0, 1.0, 1.0), "RAS": (-1.0, -1.0, 1.0)}
"""Coordinate systems, also as old files number them (0 is RAS, 1 is LPS)."""


def read_landmarks(path: Path) -> dict[Twin, dict[Landmark, npt.NDArray[np.float64]]]:
    """Read the landmarks of both heads, in LPS mm.

    Raises
    ------
    InputError
        With every fault: not a markups file, unknown, double or missing labels, points not placed.
    GeometryError
        If the coordinate system or unit is missing or unknown: refused, not guessed.
    """
    try:
        data = json.loads(read_bytes(path).decode("utf-8-sig"))
        markups = data["markups"]
        points = [(m, p) for m in markups for p in m.get("controlPoints") or []]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            Fault(
                file=str(path),
                problem=f"this is no markups file ({type(error).__name__})",
                expected="points saved from 3D Slicer as .mrk.json",
                mend="save the points again from 3D Slicer",
            )
        ) from error
    signs = [_signs(m, path, number) for number, m in enumerate(markups)]
    faults = [f for f in signs if isinstance(f, Fault)]
    if faults:
        raise GeometryError(*faults)
    sign_of = {id(m): s for m, s in zip(markups, signs, strict=True)}
    found: dict[str, npt.NDArray[np.float64]] = {}
    strangers = []
    for markup, point in points:
        key = _label(point)
        if key in LABELS:
            fault = _take(key, point, np.array(sign_of[id(markup)]), found, path)
            faults += [fault] if fault else []
        else:
            strangers.append(
                Fault(
                    file=str(path),
                    field=key,
                    problem="no landmark has this label",
                    mend=near_names(key, LABELS),
                )
            )
    missing = [label for label in LABELS if label not in found]
    if missing:
        faults += strangers  # where all are there, further points are the team's own
        faults.append(
            Fault(
                file=str(path),
                problem=f"landmarks are missing: {', '.join(missing)}",
                expected="four points of each child",
                mend="place them in 3D Slicer and label them so",
            )
        )
    if faults:
        raise InputError(*faults)
    return {t: {m: found[f"{t.value}:{m.value}"] for m in Landmark} for t in Twin}


def _signs(markup: Mapping[str, Any], path: Path, number: int) -> tuple[float, ...] | Fault:
    """Signs that take a markup's numbers to LPS, or what is wrong with its system or unit."""
    system = str(markup.get("coordinateSystem", "")).upper()
    unit = markup.get("coordinateUnits", "mm")
    unit = unit[-1] if isinstance(unit, list) and unit else unit
    if unit != "mm":
        return Fault(
            file=str(path),
            field=f"markups[{number}].coordinateUnits",
            problem=f"the unit is '{unit}'",
            expected="mm",
            mend="save the points in millimetres",
        )
    if system not in _SIGNS:
        return Fault(
            file=str(path),
            field=f"markups[{number}].coordinateSystem",
            problem=f"the coordinate system is {f'{system!r}' if system else 'not told'}",
            expected="LPS or RAS",
            mend="save the points again from 3D Slicer; left and right are not guessed",
        )
    return _SIGNS[system]


def _label(point: Any) -> str:
    """Give a point's label with the letter large and the name small, spaces and dashes as ``_``."""
    label = str(point.get("label", "")) if isinstance(point, dict) else ""
    twin, _, name = label.partition(":")
    return f"{twin.strip().upper()}:{re.sub(r'[ -]+', '_', name.strip().lower())}"


def _take(
    label: str,
    point: Mapping[str, Any],
    sign: npt.NDArray[np.float64],
    found: dict[str, npt.NDArray[np.float64]],
    path: Path,
) -> Fault | None:
    """Put a point among those found, or tell what is wrong with it."""
    if label in found:
        return Fault(
            file=str(path),
            field=label,
            problem="this label stands twice",
            mend="delete or rename one of them",
        )
    if point.get("positionStatus", "defined") != "defined":
        return Fault(
            file=str(path), field=label, problem="the point was not placed", mend="place it in 3D Slicer"
        )
    try:
        position = np.array([float(v) for v in point["position"]])
        found[label] = sign * position + 0.0
    except (KeyError, TypeError, ValueError, OverflowError):
        position = np.empty(0)
    if position.shape != (3,) or not np.isfinite(position).all():
        return Fault(
            file=str(path),
            field=label,
            problem=f"the position is {point.get('position')}",
            expected="three numbers",
            mend="place the point again in 3D Slicer",
        )
    return None
