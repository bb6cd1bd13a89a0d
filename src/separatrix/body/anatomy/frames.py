"""Each head's own frame (Frankfurt), and how the two heads stand to each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.model import HeadFrame
from separatrix.body.imaging.model import Landmark
from separatrix.core import DataMissingError, Fault, GeometryError, Twin, Unknown
from separatrix.evidence import EvidenceReader

Point = npt.NDArray[np.float64]

_PARALLEL = 1e-6
"""Length below which a difference or projection of unit vectors has no direction of its own."""

_METRES = 2.0
"""Ears closer than this (mm) are most likely given in metres."""

_CENTIMETRES = 25.0
"""Ears closer than this (mm) are most likely given in centimetres."""


def head_frame(
    landmarks: Mapping[Landmark, Point], *, evidence: EvidenceReader, twin: Twin | None = None
) -> HeadFrame:
    """The Frankfurt frame of one head.

    The origin is midway between the tragions; ``right`` runs from left to right tragion; ``superior``
    is the normal of the plane of both tragions and the left orbitale, on the nasion's side; ``facing``
    is ``superior × right``. A real head is right-handed in this order: ``right × facing = superior``.

    Parameters
    ----------
    landmarks
        LPS mm, shape (3,) each.
    evidence
        Limits of what a head can measure (``anatomy.tragion_distance.low`` and so on).
    twin
        Whose head, for the messages.

    Raises
    ------
    DataMissingError
        If landmarks are missing.
    GeometryError
        If they cannot belong to one head; every contradiction is told.
    """
    frame, faults = _try_frame(landmarks, evidence, _prefix(twin))
    if frame is None:
        raise _error(faults)
    return frame


def head_frames(
    landmarks: Mapping[Twin, Mapping[Landmark, Point]], *, evidence: EvidenceReader
) -> dict[Twin, HeadFrame]:
    """The frames of both heads, with the faults of both told at once.

    Parameters
    ----------
    landmarks
        By twin, LPS mm, shape (3,) each, as in `Scene.landmarks`.

    Raises
    ------
    DataMissingError
        If landmarks are missing, for either twin.
    GeometryError
        If they cannot belong to one head, or the two heads are one marked twice.
    """
    found: dict[Twin, HeadFrame] = {}
    faults: list[Fault] = []
    for twin in Twin:
        frame, wrong = _try_frame(landmarks.get(twin, {}), evidence, _prefix(twin))
        faults += wrong
        if frame is not None:
            found[twin] = frame
    if not faults:
        apart = float(np.linalg.norm(found[Twin.A].origin_mm - found[Twin.B].origin_mm))
        nearest = evidence.number("anatomy.heads_apart.low")
        if apart < nearest:
            faults.append(
                Fault(
                    field="imaging.landmarks",
                    problem=f"the ear axes of A and B lie {apart:.1f} mm apart",
                    expected=f"at least {nearest:g} mm",
                    mend="look whether both children's landmarks were set on one head",
                )
            )
    if faults:
        raise _error(faults)
    return found


def longitudinal_angle_deg(a: HeadFrame, b: HeadFrame) -> float:
    """Angle between the two superior axes, 0 to 180 degrees (180: one straight line)."""
    return _angle_deg(a.superior, b.superior)


def common_axis(a: HeadFrame, b: HeadFrame) -> Point | Unknown:
    """The direction along which the heads are joined: the normalised difference of the superior axes.

    It points from B towards A's crown, and turns round when the twins are swapped.
    """
    difference = a.superior - b.superior
    length = float(np.linalg.norm(difference))
    if length < _PARALLEL:
        return Unknown("both heads point the same way, so that they have no common axis")
    return np.asarray(difference / length, dtype=np.float64)


def axial_rotation_deg(a: HeadFrame, b: HeadFrame) -> float | Unknown:
    """Angle between the facing directions seen along the common axis, 0 to 180 degrees (0: same side)."""
    axis = common_axis(a, b)
    if isinstance(axis, Unknown):
        return axis
    seen = [f.facing - (f.facing @ axis) * axis for f in (a, b)]
    if min(float(np.linalg.norm(s)) for s in seen) < _PARALLEL:
        return Unknown("a face looks along the common axis")
    return _angle_deg(seen[0], seen[1])


def _angle_deg(u: Point, v: Point) -> float:
    """Angle of two directions; by atan2, since arccos loses digits near 0 and 180 degrees."""
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v)), u @ v)))


def _prefix(twin: Twin | None) -> str:
    return f"{twin.value}:" if twin is not None else ""


def _error(faults: list[Fault]) -> DataMissingError | GeometryError:
    """Missing points alone are missing data; anything else contradicts itself."""
    if all(f.problem.endswith("is missing") for f in faults):
        return DataMissingError(*faults)
    return GeometryError(*faults)


def _try_frame(
    landmarks: Mapping[Landmark, Point], evidence: EvidenceReader, prefix: str
) -> tuple[HeadFrame | None, list[Fault]]:
    faults = []
    for mark in Landmark:
        if mark not in landmarks:
            faults.append(
                Fault(
                    field="imaging.landmarks",
                    problem=f"{prefix}{mark.value} is missing",
                    expected="both tragions, the left orbitale and the nasion of each child",
                    mend=f"set the point '{prefix}{mark.value}' in 3D Slicer and export the markups again",
                )
            )
        elif np.shape(landmarks[mark]) != (3,) or not np.all(np.isfinite(landmarks[mark])):
            faults.append(
                Fault(
                    field="imaging.landmarks",
                    problem=f"{prefix}{mark.value} is {landmarks[mark]}",
                    expected="three finite numbers",
                    mend="set the point again",
                )
            )
    if faults:
        return None, faults
    left, right, orbitale, nasion = (
        np.asarray(landmarks[m], dtype=np.float64)
        for m in (Landmark.LEFT_TRAGION, Landmark.RIGHT_TRAGION, Landmark.LEFT_ORBITALE, Landmark.NASION)
    )
    return _frame_of(left, right, orbitale, nasion, evidence, prefix)


def _frame_of(
    left: Point, right: Point, orbitale: Point, nasion: Point, evidence: EvidenceReader, prefix: str
) -> tuple[HeadFrame | None, list[Fault]]:
    ears = float(np.linalg.norm(right - left))
    fault = _outside(f"{prefix}the tragions lie", ears, "anatomy.tragion_distance", evidence, "apart")
    if fault is not None:
        return None, [fault]
    origin = (left + right) / 2
    x = (right - left) / ears
    reach = orbitale - origin - ((orbitale - origin) @ x) * x
    length = float(np.linalg.norm(reach))
    fault = _outside(
        f"{prefix}left_orbitale lies",
        length,
        "anatomy.orbitale_reach",
        evidence,
        "from the line of the tragions",
    )
    if fault is not None:
        return None, [fault]
    z = np.cross(x, reach / length)
    height = float((nasion - origin) @ z)
    z = z if height >= 0 else -z
    y = np.cross(z, x)
    faults = [
        fault
        for fault in (
            _outside(
                f"{prefix}nasion lies",
                abs(height),
                "anatomy.nasion_height",
                evidence,
                "off the Frankfurt plane",
            ),
            _outside(
                f"{prefix}nasion lies",
                float(np.linalg.norm(nasion - origin)),
                "anatomy.orbitale_reach",
                evidence,
                "from the middle of the ears",
            ),
            _wrong_side(orbitale - origin, x, y, prefix),
            _behind(nasion - origin, orbitale - origin, y, prefix),
        )
        if fault is not None
    ]
    if faults:
        return None, faults
    return HeadFrame(origin_mm=origin, right=x, facing=y, superior=z), []


def _outside(what: str, value: float, entry: str, evidence: EvidenceReader, where: str) -> Fault | None:
    low, high = evidence.number(f"{entry}.low"), evidence.number(f"{entry}.high")
    if low <= value <= high:
        return None
    mend = "look at the points in 3D Slicer; the names may be exchanged"
    if entry.endswith("tragion_distance"):
        if value < _METRES:
            mend = "the positions look like metres; export them in millimetres"
        elif value < _CENTIMETRES:
            mend = "the positions look like centimetres; export them in millimetres"
    return Fault(
        field="imaging.landmarks",
        problem=f"{what} {value:.3g} mm {where}",
        expected=f"{low:g} to {high:g} mm",
        mend=mend,
    )


def _wrong_side(orbitale: Point, x: Point, y: Point, prefix: str) -> Fault | None:
    """The left orbitale lies on the left; else the ears are exchanged or it is the right one."""
    if orbitale @ x < 0:
        return None
    swapped = orbitale @ y < 0
    return Fault(
        field="imaging.landmarks",
        problem=f"{prefix}left_orbitale lies {orbitale @ x:.1f} mm to the right of the middle of the head",
        expected="the left side",
        mend=(
            "left and right tragion are exchanged"
            if swapped
            else "the right orbitale was marked; mark the left one"
        ),
    )


def _behind(nasion: Point, orbitale: Point, y: Point, prefix: str) -> Fault | None:
    """Face points lie before the ears; a mirrored head or a nasion below the plane shows here."""
    behind = [
        f"{prefix}{name} lies {-(point @ y):.1f} mm behind the ears"
        for name, point in (("nasion", nasion), ("left_orbitale", orbitale))
        if point @ y <= 0
    ]
    if not behind:
        return None
    return Fault(
        field="imaging.landmarks",
        problem=" and ".join(behind),
        expected="both before the ears, the nasion above the Frankfurt plane",
        mend="left and right tragion are exchanged, nasion was set too low, or the positions are mirrored",
    )
