"""The kind of union, by the three published schemes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from separatrix.body.anatomy.model import NO_BODY_ANGLE, Classification
from separatrix.core import Unknown
from separatrix.evidence import EvidenceReader, Mark

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
    edge_is_three: bool
    """Whether exactly the first limit is III; the source does not say."""
    margin: float
    """An angle this near to a limit gives the classes on both sides."""

    @classmethod
    def read(cls, evidence: EvidenceReader) -> Thresholds:
        """Take them from the evidence tables."""
        return cls(
            vertical_from=evidence.number("classification.angle_vertical_min"),
            type_one_below=evidence.number("classification.rotation_type_I_below"),
            type_two_from=evidence.number("classification.rotation_type_II_min"),
            edge_is_three=bool(evidence.entry("classification.rotation_edge_is_type_III").value),
            margin=evidence.number("classification.both_shown_within"),
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
    if turned < limits.type_one_below or (turned == limits.type_one_below and not limits.edge_is_three):
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
    winston, winston_notes = _winston(facts.deepest_shared, evidence)
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
    """Give the angle, and one beyond each threshold it lies near to."""
    near = [t for t in thresholds if abs(value - t) <= margin]
    return [value, *(t - 1e-6 if value >= t else t for t in near)]


def axes_near(angle_deg: float, limits: Thresholds) -> tuple[str, ...]:
    """``A`` or ``V`` by the rule; the other beside it where the angle is near the threshold."""
    near = _sides(angle_deg, (limits.vertical_from,), limits.margin)
    return _unique(["A" if a < limits.vertical_from else "V" for a in near])


def varieties_near(rotation_deg: float, limits: Thresholds) -> tuple[str, ...]:
    """Types I to III by the rule; the next one beside it where the rotation is near a threshold."""
    turned = fold_rotation(rotation_deg)
    near = _sides(turned, (limits.type_one_below, limits.type_two_from), limits.margin)
    return _unique([variety(r, limits) for r in near])


def _stone_goodrich_all(
    angle: float | Unknown, rotation: float | Unknown, forms: tuple[bool, ...], limits: Thresholds
) -> list[str]:
    if isinstance(angle, Unknown):
        return []
    types = [""] if isinstance(rotation, Unknown) else [f"-{v}" for v in varieties_near(rotation, limits)]
    return [
        f"{'T' if form else 'P'}{axis}{kind if form and axis == 'V' else ''}"
        for form, axis, kind in itertools.product(forms, axes_near(angle, limits), types)
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
            classes += [f"total {v}" for v in varieties_near(facts.rotation_axial_deg, limits)]
    return classes


def _winston(
    deepest: tuple[str, ...] | Unknown, evidence: EvidenceReader
) -> tuple[tuple[str, ...], list[str]]:
    """Give the letter of the deepest joined layer [S07]; letters only recalled say so."""
    if isinstance(deepest, Unknown):
        return (), [f"Winston's class is unknown because {deepest.because}"]
    entries = [evidence.entry(f"classification.winston_{'ABCD'[LAYERS.index(layer)]}") for layer in deepest]
    recalled = [entry.mark is Mark.ASSUMPTION for entry in entries]
    notes = []
    if any(recalled):
        notes.append(
            "Winston's letters A to C are to be confirmed: they are recalled, the source was not read"
        )
    if len(entries) > 1:
        notes.append("brain lies on brain with no gap seen; whether it is joined the images cannot tell")
    letters = [entry.id[-1] for entry in entries]
    return tuple(
        f"{letter} (to be confirmed)" if doubt else letter
        for letter, doubt in zip(letters, recalled, strict=True)
    ), notes


def _unique(classes: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(classes))
