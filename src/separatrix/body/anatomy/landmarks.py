"""Whether landmarks lie on the heads that the scans show, or in the air beside them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging.model import Scene, Structure
from separatrix.core import Fault, Volume
from separatrix.evidence import EvidenceReader

_AIR_HU = -400.0
"""Between air (-1000) and the fat under the skin (-100), with room for noise and partial volume."""


def landmark_faults(scene: Scene, *, evidence: EvidenceReader) -> list[Fault]:
    """Tell every landmark that lies outside the scan, or too far in the air.

    Notes
    -----
    Air is seen on CT, or taken as what is unlabelled where the scalp is labelled and there is no CT.
    Angles do not show a file whose RAS positions are called LPS, since both heads turn together; the
    air does.
    """
    limit = evidence.number("anatomy.landmark_in_air.high")
    body = _body_of(scene)
    faults = []
    for twin, points in scene.landmarks.items():
        for name, point in points.items():
            problem = _problem(np.asarray(point, dtype=np.float64), body, scene, limit)
            if problem:
                faults.append(
                    Fault(
                        field="imaging.landmarks",
                        problem=f"{twin.value}:{name.value} {problem}",
                        expected=f"a point on the child's head, within {limit:g} mm",
                        mend="set it again, or look whether the file's positions are RAS and called LPS "
                        "(or the reverse)",
                    )
                )
    return faults


def _body_of(scene: Scene) -> tuple[Volume, float] | None:
    """Give an image and the value above which it shows body; None where nothing tells."""
    ct = scene.image("CT")
    if ct is not None:
        return ct.volume, _AIR_HU
    if bool((scene.labels.array == Structure.SCALP).any()):
        return scene.labels, 0.5
    return None


def _problem(
    point: npt.NDArray[np.float64], body: tuple[Volume, float] | None, scene: Scene, limit: float
) -> str:
    index = scene.grid.mm_to_index(point)
    last = np.asarray(scene.grid.shape) - 1
    spacing = np.asarray(scene.grid.spacing_mm[::-1])
    outside = float(np.linalg.norm(np.maximum(np.maximum(-index, index - last), 0) * spacing))
    if outside > limit:
        return f"lies {outside:.0f} mm outside the scan"
    if body is None:
        return ""
    reach = np.ceil(limit / spacing).astype(int)
    middle = np.clip(np.rint(index).astype(int), 0, last)
    low, high = np.maximum(middle - reach, 0), np.minimum(middle + reach, last) + 1
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    volume, above = body
    shown = np.argwhere(volume.array[z, y, x] > above) + low
    away = (shown - index) * spacing
    if shown.size and float(np.sqrt((away**2).sum(axis=1)).min()) <= limit:
        return ""
    return f"lies more than {limit:g} mm in the air"
