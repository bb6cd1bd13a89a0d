"""Where on the heads the union is: only unions of the skull vault are craniopagus."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.model import HeadFrame
from separatrix.core import Fault, Twin, near_names
from separatrix.evidence import EvidenceReader

VAULT_SITES = ("vault", "calvaria", "vertex", "frontal", "parietal", "temporal", "occipital")
"""Names of the vault and of its parts."""

OTHER_SITES = ("face", "foramen magnum", "skull base", "spine", "neck", "thorax", "abdomen", "pelvis")
"""Places of unions of another kind, which this program must not plan [S05]."""

_RULE = (
    "craniopagus joins the skull vault only; unions at face, foramen magnum, skull base or spine are others"
)


def site_fault(site: str | None) -> Fault | None:
    """Tell a site whose name is not known."""
    unknown = [part for part in _parts(site) if part not in (*VAULT_SITES, *OTHER_SITES)]
    if not unknown:
        return None
    return Fault(
        file="case.yaml",
        field="anatomy.site",
        problem=f"'{unknown[0]}' is no known place of a union",
        expected="the vault or a part of it, or the place of another union",
        mend=near_names(unknown[0], (*VAULT_SITES, *OTHER_SITES)),
    )


def refused_by_name(site: str | None) -> str:
    """Why a union at the told site is refused; empty where it is of the vault or not told."""
    others = [part for part in _parts(site) if part in OTHER_SITES]
    return f"the union is told to be at the {' and '.join(others)}: {_RULE} [S05]" if others else ""


def refused_by_place(
    centre_mm: npt.NDArray[np.float64], frames: Mapping[Twin, HeadFrame], *, evidence: EvidenceReader
) -> str:
    """Why a union at this place is refused; empty where it lies on both vaults.

    Parameters
    ----------
    centre_mm
        Middle of the surface between the children, LPS mm, shape (3,).
    frames
        Of both heads: the direction from between the ears to the union tells where on the head it is.
    """
    reasons = []
    for twin in Twin:
        polar, before = place_on_head(centre_mm, frames[twin])
        high = evidence.number("anatomy.site_polar.high")
        if before:
            high = min(high, evidence.number("anatomy.site_polar.face.high"))
        if polar > high:
            where = "face" if before else "skull base or neck"
            reasons.append(
                f"on {twin.value} it lies {polar:.0f}° from the crown, at the {where} (limit {high:g}°)"
            )
    return f"the union is not of the vault: {'; '.join(reasons)}. {_RULE} [S05]" if reasons else ""


def place_on_head(centre_mm: npt.NDArray[np.float64], frame: HeadFrame) -> tuple[float, bool]:
    """Angle (degrees) of a place from the crown, seen from between the ears, and whether it lies before them.

    "Before" is within 60° of the facing direction, seen from above.
    """
    towards = np.asarray(centre_mm, dtype=np.float64) - frame.origin_mm
    up, front, side = (float(towards @ axis) for axis in (frame.superior, frame.facing, frame.right))
    level = float(np.hypot(front, side))
    return float(np.degrees(np.arctan2(level, up))), front > 0.5 * level


def _parts(site: str | None) -> list[str]:
    """Split such as ``parietal-occipital`` into known names; a name of two words stays whole."""
    if site is None or not site.strip():
        return []
    text = re.sub(r"\s+", " ", site.strip().lower().replace("_", " "))
    if text in (*VAULT_SITES, *OTHER_SITES):
        return [text]
    return [part for part in re.split(r"\s*(?:-|/|,|\+| and )\s*", text) if part]
