"""The nouns of the dossier: what the pipeline hands over, what is written, what a page is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from separatrix.body.surface.model import Mesh
from separatrix.core import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSummary:
    """How one station ended, as the dossier prints it."""

    name: str
    question: str
    status: str
    """``done``, ``not_applicable`` or ``refused``."""
    because: str
    """In plain words, why it is not applicable or refused; empty when done."""
    notes: tuple[str, ...]
    """A note that begins with ``BANNER`` stands on top of every page."""
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierFiles:
    """What was written."""

    html: Path
    pdf: Path | None
    """None where the libraries for PDF are missing; `notes` then says what to install."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence of the summary, and how sure it is."""

    about: str
    says: str
    sure: str
    """How sure, in words: a range, a share, or that nobody has confirmed it."""
    marks: tuple[str, ...] = ()
    """Marks of the evidence it rests on (M, R, E, D, A)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """The pages of one station beside the body's own: they stand before the decision record."""

    sections: tuple[tuple[str, str], ...]
    """Id and title of each, for the contents."""
    screen: str
    """HTML with one ``<section id=…>`` for each of `sections`."""
    paper: str
    """The same for printing: no controls."""
    statements: tuple[Statement, ...] = ()
    """For the summary."""
    css: str = ""
    script: str = ""
    """Plain script for the screen; needs nothing but the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One plane through the pair, drawn in patient millimetres."""

    plane: Literal["axial", "coronal", "sagittal"]
    position_mm: float
    """LPS coordinate along the plane's normal."""
    axis: str
    """Name of that coordinate: ``x``, ``y`` or ``z``."""
    width_mm: float
    height_mm: float
    letters: tuple[str, str, str, str]
    """Direction at the left, right, top and bottom edge."""
    images: tuple[tuple[str, str], ...]
    """Title with its display window, and the picture as a ``data:`` address."""
    overlay: str
    """Owners, patches and doubt as a ``data:`` address of a transparent PNG; empty where unknown."""
    cut_path: str
    """SVG path of the cut in mm from the top left corner; empty where there is none."""
    owner_labels: tuple[tuple[str, float, float], ...]
    """``A`` or ``B`` and where to write it, in mm from the top left corner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One structure of the 3D view."""

    id: str
    name: str
    owner: str
    """``A``, ``B``, ``shared`` or empty."""
    colour: str
    opacity: float
    """Opacity at the start, 0 to 1."""
    mesh: Mesh


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One printed view of the pair in 3D."""

    title: str
    picture: str
    """A ``data:`` address."""
    width_px: int
    height_px: int
    marks: tuple[tuple[str, str, float, float], ...]
    """Letters to write on it: text, colour, and place as shares of width and height."""
