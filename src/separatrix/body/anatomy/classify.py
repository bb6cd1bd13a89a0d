"""The kind of union, by the three published schemes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from separatrix.body.anatomy.model import NO_BODY_ANGLE, Classification
from separatrix.core import Unknown
from separatrix.evidence import EvidenceReader

LAYERS = ("scalp", "skull", "dura", "brain")
"""What may be joined, from outside to inside; Winston's letters follow this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnionFacts:
    """What the schemes ask about a union."""

    angle_heads_deg: float | Unknown
    """Between the heads' superior axes."""
    angle_bodies_deg: float | Unknown = NO_BODY_ANGLE
    """Between the bodies' axes, the angle the schemes are defined by."""
    rotation_axial_deg: float | Unknown
    shared_sinus: bool | Unknown
    """Whether a significant dural venous sinus is shared."""
    deepest_shared: tuple[str, ...] | Unknown
    """One of `LAYERS`, most likely first; a second one where the images cannot tell."""
    told_class: str = ""
    """Stone & Goodrich class as people told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Limits of the schemes, degrees."""

    vertical_from: float
    type_one_below: float
    type_two_from: float
    margin: float
    """An angle this near to a limit gives the classes on both sides."""

    @classmethod
    def read(cls, evidence: EvidenceReader) -> Thresholds:
        """Take them from the evidence tables."""
        return cls(
            vertical_from=evidence.number("anatomy.stone_goodrich.vertical.low"),
            type_one_below=evidence.number("anatomy.stone_goodrich.type_i.high"),
            type_two_from=evidence.number("anatomy.stone_goodrich.type_ii.low"),
            margin=evidence.number("anatomy.class_margin"),
        )


def fold_rotation(rotation_deg: float) -> float:
    """Bring any rotation to 0-180 degrees.

    Examples
    --------
    >>> fold_rotation(-190)
    170
    """
    turned = abs(rotation_deg) % 360
    return 360 - turned if turned > 180 else turned


def variety(rotation_deg: float, limits: Thresholds) -> str:
    """I, II or III, by the relative direction of the faces."""
    turned = fold_rotation(rotation_deg)
    if turned < limits.type_one_below:
        return "I"
    return "II" if turned >= limits.type_two_from else "III"


def stone_goodrich(
    angle_deg: float, rotation_deg: float | None, shared_sinus: bool, *, limits: Thresholds
) -> str:
    """Give the one class of Stone & Goodrich that its rule names, thresholds taken to the letter.

    Parameters
    ----------
    angle_deg
        Longitudinal angle, 180 one straight line.
    rotation_deg
        Axial facial rotation; None leaves the type of a total vertical union open.
    shared_sinus
        Whether a significant dural venous sinus is shared.

    References
    ----------
    .. [1] J. L. Stone, J. T. Goodrich, Brain 129:1084, 2006, doi:10.1093/brain/awl065.
    """
    form = "T" if shared_sinus else "P"
    axis = "A" if angle_deg < limits.vertical_from else "V"
    kind = f"-{variety(rotation_deg, limits)}" if form + axis == "TV" and rotation_deg is not None else ""
    return form + axis + kind


def classify(facts: UnionFacts, *, evidence: EvidenceReader) -> Classification:
    """Class a union by Stone & Goodrich, O'Connell and Winston.

    Notes
    -----
    An angle within the margin of a threshold gives both classes, the letter of the rule first. The
    schemes speak of the bodies' axes: that angle is used where it is known, else the heads' stands in
    for it; where both are known the class of the heads' angle is given beside. Gaist's grades are not
    computed: their thresholds could not be read.
    """
    limits = Thresholds.read(evidence)
    angle = facts.angle_heads_deg if isinstance(facts.angle_bodies_deg, Unknown) else facts.angle_bodies_deg
    used = "heads" if isinstance(facts.angle_bodies_deg, Unknown) else "bodies"
    notes = [_angle_note(facts, limits)]
    forms, form_notes = _forms(facts)
    classes = _stone_goodrich_all(angle, facts.rotation_axial_deg, forms, limits)
    if used == "bodies" and not isinstance(facts.angle_heads_deg, Unknown):
        classes += _stone_goodrich_all(facts.angle_heads_deg, facts.rotation_axial_deg, forms, limits)
    kinds, told_note = _with_told(_unique(classes), facts.told_class)
    winston, winston_notes = _winston(facts.deepest_shared)
    return Classification(
        stone_goodrich=kinds,
        oconnell=_unique(_oconnell(facts, forms, limits)),
        winston=winston,
        angle_longitudinal_deg=facts.angle_heads_deg,
        rotation_axial_deg=facts.rotation_axial_deg,
        angle_bodies_deg=facts.angle_bodies_deg,
        angle_used=used,
        notes=tuple(n for n in [*notes, *form_notes, told_note, *winston_notes] if n),
    )


def agrees(told: str, computed: str) -> bool:
    """Whether a told class (such as ``TV``) is, or holds, a computed one (such as ``TV-II``)."""
    return told == computed or computed.startswith(f"{told}-") or told.startswith(f"{computed}-")


def _with_told(computed: tuple[str, ...], told: str) -> tuple[tuple[str, ...], str]:
    if not told:
        return computed, ""
    if not computed:
        return (told,), "the class of Stone & Goodrich is as the case tells it; no angle backs it"
    fitting = tuple(c for c in computed if agrees(told, c))
    if not fitting:
        return (*computed, told), f"the case tells {told}, the angles measured give {computed[0]}"
    first = max((told, fitting[0]), key=len)
    return (first, *(c for c in computed if c != first)), ""


def _angle_note(facts: UnionFacts, limits: Thresholds) -> str:
    heads, bodies = facts.angle_heads_deg, facts.angle_bodies_deg
    if isinstance(bodies, Unknown):
        if isinstance(heads, Unknown):
            return ""
        return "classed by the angle of the heads' axes, since that of the bodies is not given"
    if isinstance(heads, Unknown):
        return "classed by the angle of the bodies' axes"
    apart = (heads < limits.vertical_from) != (bodies < limits.vertical_from)
    told = f"classed by the angle of the bodies' axes ({bodies:.1f}°); the heads' axes stand at {heads:.1f}°"
    return told + (", which gives another class" if apart else "")


def _forms(facts: UnionFacts) -> tuple[tuple[bool, ...], list[str]]:
    """Partial or total: both where nobody knows whether a sinus is shared."""
    if isinstance(facts.shared_sinus, Unknown):
        because = facts.shared_sinus.because
        return (True, False), [f"total or partial is open: a shared sinus is unknown because {because}"]
    return (facts.shared_sinus,), []


def _sides(value: float, thresholds: tuple[float, ...], margin: float) -> list[float]:
    """The angle, and one beyond each threshold it lies near to."""
    near = [t for t in thresholds if abs(value - t) <= margin]
    return [value, *(t - 1e-6 if value >= t else t for t in near)]


def _stone_goodrich_all(
    angle: float | Unknown, rotation: float | Unknown, forms: tuple[bool, ...], limits: Thresholds
) -> list[str]:
    if isinstance(angle, Unknown):
        return []
    angles = _sides(angle, (limits.vertical_from,), limits.margin)
    rotations: list[float | None] = [None]
    if not isinstance(rotation, Unknown):
        turned = fold_rotation(rotation)
        rotations = [*_sides(turned, (limits.type_one_below, limits.type_two_from), limits.margin)]
    return [
        stone_goodrich(a, r, form, limits=limits)
        for form, a, r in itertools.product(forms, angles, rotations)
    ]


def _oconnell(facts: UnionFacts, forms: tuple[bool, ...], limits: Thresholds) -> list[str]:
    """Partial, or total of variety I-III: the same way, opposite, between [S04]."""
    classes = []
    for form in forms:
        if not form:
            classes.append("partial")
        elif isinstance(facts.rotation_axial_deg, Unknown):
            classes.append("total")
        else:
            turned = fold_rotation(facts.rotation_axial_deg)
            near = _sides(turned, (limits.type_one_below, limits.type_two_from), limits.margin)
            classes += [f"total {variety(r, limits)}" for r in near]
    return classes


def _winston(deepest: tuple[str, ...] | Unknown) -> tuple[tuple[str, ...], list[str]]:
    """Give the letter of the deepest joined layer [S07]; A-C are not confirmed at the source."""
    if isinstance(deepest, Unknown):
        return (), [f"Winston's class is unknown because {deepest.because}"]
    letters = tuple("ABCD"[LAYERS.index(layer)] for layer in deepest)
    notes = []
    if any(letter != "D" for letter in letters):
        notes.append("Winston's letters A to C are to be confirmed: the original text could not be read")
    if len(letters) > 1:
        notes.append("brain lies on brain with no gap seen; whether it is joined the images cannot tell")
    return tuple(c if c == "D" else f"{c} (to be confirmed)" for c in letters), notes


def _unique(classes: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(classes))
