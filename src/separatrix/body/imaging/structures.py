"""What a segment's name or code means: names in, `Structure` and owner out.

The table below is all there is: a name that stands in it (letter case, spaces, dashes, plural and a
side apart) is understood, any other is a fault with near names, never a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from separatrix.body.imaging.model import Structure
from separatrix.core import Owner, near_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """How the world outside writes a structure."""

    names: tuple[str, ...]
    """Names understood when read, in the simple form of `simple_name`; the first is our own."""
    code: str
    """SNOMED CT code, as 3D Slicer and DICOM segmentations carry it."""
    meaning: str
    category: tuple[str, str]
    """SNOMED CT code and meaning of its category."""
    colour: tuple[float, float, float]
    """Red, green, blue from 0 to 1."""


_ANATOMY = ("123037004", "Anatomical Structure")
_OBJECT = ("260787004", "Physical object")
_SUBSTANCE = ("91720002", "Body Substance")

CODED: dict[Structure, Coded] = {
    Structure.BRAIN: Coded(
        names=("brain", "brain tissue", "brain parenchyma", "parenchyma", "cerebrum"),
        code="12738006",
        meaning="Brain",
        category=_ANATOMY,
        colour=(0.98, 0.98, 0.88),
    ),
    Structure.CSF: Coded(
        names=("csf", "cerebrospinal fluid", "liquor", "subarachnoid space"),
        code="65216001",
        meaning="Cerebrospinal Fluid",
        category=_SUBSTANCE,
        colour=(0.33, 0.74, 0.89),
    ),
    Structure.DURA: Coded(
        names=("dura", "dura mater"),
        code="18545000",
        meaning="Dura mater",
        category=_ANATOMY,
        colour=(0.56, 0.68, 0.45),
    ),
    Structure.INTRACRANIAL: Coded(
        names=(
            "intracranial",
            "intracranial space",
            "intracranial volume",
            "intracranial content",
            "intracranial structure",
            "cranial cavity",
            "icv",
            "endocranium",
        ),
        code="128319008",
        meaning="Intracranial structure",
        category=_ANATOMY,
        colour=(0.94, 0.82, 0.71),
    ),
    Structure.SKULL: Coded(
        names=("skull", "cranium", "calvarium", "calvaria", "bone", "skull bone", "cranial bone"),
        code="89546000",
        meaning="Skull",
        category=_ANATOMY,
        colour=(0.95, 0.84, 0.57),
    ),
    Structure.SCALP: Coded(
        names=("scalp", "skin", "skin of scalp", "soft tissue", "scalp soft tissue"),
        code="41695006",
        meaning="Scalp",
        category=_ANATOMY,
        colour=(0.69, 0.48, 0.4),
    ),
    Structure.ARTERY: Coded(
        names=("artery", "arteries", "arterial", "cerebral artery"),
        code="51114001",
        meaning="Artery",
        category=_ANATOMY,
        colour=(0.85, 0.4, 0.31),
    ),
    Structure.VEIN: Coded(
        names=("vein", "venous", "bridging vein", "cortical vein", "cerebral vein"),
        code="29092000",
        meaning="Vein",
        category=_ANATOMY,
        colour=(0.0, 0.59, 0.81),
    ),
    Structure.SINUS: Coded(
        names=("sinus", "venous sinus", "dural sinus", "dural venous sinus", "circumferential sinus"),
        code="",  # no code of its own: written as a vein, told by its name
        meaning="Vein",
        category=_ANATOMY,
        colour=(0.1, 0.3, 0.65),
    ),
    Structure.VESSEL: Coded(
        names=("vessel", "blood vessel", "vasculature"),
        code="59820001",
        meaning="Blood Vessel",
        category=_ANATOMY,
        colour=(0.85, 0.25, 0.45),
    ),
    Structure.EXPANDER: Coded(
        names=("expander", "tissue expander", "implant"),
        code="260787004",
        meaning="Physical object",
        category=_OBJECT,
        colour=(0.4, 0.75, 0.6),
    ),
}

_EXTRA_CODES = {
    "1101003": Structure.INTRACRANIAL,
    "272673000": Structure.SKULL,
    "39937001": Structure.SCALP,
}
"""Further codes that are read: intracranial space, bone, skin."""

_OWNERS = {"a": Owner.A, "b": Owner.B, "shared": Owner.SHARED}
_SIDES = {"left", "right", "l", "r", "both"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a segment is, and whose, if an engineer painted that."""

    structure: Structure
    owner: Owner = Owner.NONE

    @property
    def name(self) -> str:
        """The name as the case file writes it, such as ``brain@A``."""
        base = CODED[self.structure].names[0]
        return base if self.owner is Owner.NONE else f"{base}@{_OWNER_NAMES[self.owner]}"


_OWNER_NAMES = {Owner.A: "A", Owner.B: "B", Owner.SHARED: "shared"}


def simple_name(name: str) -> str:
    """Give a name in small letters, single spaces, without side and copy number.

    Examples
    --------
    >>> simple_name("Vein_left"), simple_name("Bridging veins (2)"), simple_name("SKULL-1")
    ('vein', 'bridging vein', 'skull')
    """
    words = [w for w in re.split(r"[^a-z]+", name.lower()) if w and w not in _SIDES]
    if words and len(words[-1]) > 4 and words[-1].endswith("s") and not words[-1].endswith(("ss", "us")):
        words[-1] = words[-1][:-1]
    return " ".join(words)


_BY_NAME = {simple_name(name): s for s, coded in CODED.items() for name in coded.names}


def known_names() -> list[str]:
    """Every name that is understood, owners apart."""
    return sorted({name for coded in CODED.values() for name in coded.names})


def meaning_of(name: str) -> Meaning:
    """Read a structure's name, optionally with its owner.

    Parameters
    ----------
    name
        Such as ``skull``, ``Vein left``, ``brain@A``, ``sinus@shared``.

    Raises
    ------
    ValueError
        If the name or the owner is not known; the message lists near names.

    Examples
    --------
    >>> meaning_of("Bone").structure.name, meaning_of("brain@B").owner.name
    ('SKULL', 'B')
    """
    base, at, owner_name = name.partition("@")
    owner = Owner.NONE
    if at:
        found = _OWNERS.get(owner_name.strip().lower())
        if found is None:
            raise ValueError(f"'{owner_name}' is no owner: write @A, @B or @shared")
        owner = found
    structure = _BY_NAME.get(simple_name(base))
    if structure is None:
        raise ValueError(near_names(base.strip().lower(), known_names()))
    return Meaning(structure, owner)


def meaning_of_code(code: str) -> Structure | None:
    """Structure of a SNOMED CT code, or None where the table does not hold it."""
    return _BY_CODE.get(code)


_BY_CODE = {coded.code: s for s, coded in CODED.items() if coded.code} | _EXTRA_CODES
