"""The nouns of vessels: the graph of what is there, the network that flows, and its division."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from separatrix.core import Owner, Twin

Reals = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class VesselKind(enum.Enum):
    """What a vessel is, by anatomy."""

    CIRCUMFERENTIAL_SINUS = "circumferential_sinus"
    DURAL_SINUS = "dural_sinus"
    BRIDGING_VEIN = "bridging_vein"
    """From the cortex to a sinus."""
    CORTICAL_VEIN = "cortical_vein"
    """On the cortex, or from one child's cortex to the other's vein."""
    ARTERY = "artery"
    GRAFT = "graft"
    """Made or wished by hand."""
    CONTACT = "contact"
    """Two vessels that touch without a grey valley between: outside the flow until accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A junction or an end of vessels."""

    id: str
    kind: str
    """``junction``, ``end``, ``territory``, ``jugular`` or ``calibre`` (the calibre changes)."""
    owner: Owner
    xyz_mm: tuple[float, float, float] | None = None
    """Patient LPS, of the reference image."""
    name: str = ""
    """What the team calls it, where given by hand."""
    volume_ml: float | None = None
    """Brain that a territory stands for, where given by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A vessel, or a piece of one, between two nodes."""

    id: str
    a: str
    b: str
    kind: VesselKind
    owner: Owner
    crossing: bool
    """Its removal helps to part the children."""
    length_mm: float
    radius_mm: tuple[float, ...]
    """n ≥ 1 values equally spaced along the arc from `a` to `b`, linear between."""
    radius_sd_mm: float = 0.0
    """Standard deviation common to all values: drawn once per vessel."""
    polyline_mm: tuple[tuple[float, float, float], ...] = ()
    probability: float | None = None
    """Of a contact: that blood really passes."""
    accepted: bool = True
    """False for a contact that nobody accepted: it carries no blood."""
    marks: tuple[str, ...] = ()
    """Such as ``gap closed 2 voxels``, ``edited``, ``volume and section disagree 22 %``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedPiece:
    """A piece of the label map that became no vessel."""

    volume_mm3: float
    centre_mm: tuple[float, float, float]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselGraph:
    """Vessels of both children, loops kept."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    viscosity_mPa_s: float
    dropped: tuple[DroppedPiece, ...] = ()
    edits: tuple[str, ...] = ()
    """What was changed by hand against what the images gave, in words."""
    notes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A steady flow problem as arrays: n nodes, m edges; mmHg and ml/min, or any consistent unit."""

    node_ids: tuple[str, ...]
    fixed: Reals
    """(n,) pressure where it is held, NaN where it is free."""
    inflow: Reals
    """(n,) brought in from outside at free nodes."""
    edge_ids: tuple[str, ...]
    a: Ints
    """(m,) index of the tail."""
    b: Ints
    resistance: Reals
    """(m,) > 0."""
    quadratic: Reals
    """(m,) ≥ 0: drop = (R + S|Q|) Q."""
    external: Reals
    """(m,) outside pressure of a collapsible edge (a Starling resistor from `a` to `b`), else NaN."""
    is_open: Bools
    """(m,) False where clamped."""
    capacity: Reals | None = None
    """(m,) most that an edge carries from `a` to `b` (a bed that holds its flow), NaN where no limit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowState:
    """Solution of a `Network`."""

    pressure: Reals
    """(n,) NaN where no pressure boundary is reached and nothing flows in."""
    flow: Reals
    """(m,) positive from a to b; 0 where clamped."""
    residual: float
    """Largest imbalance of a free node over the largest flow."""
    undrained: tuple[str, ...] = ()
    """Nodes with inflow but no way out: *no drainage*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """A region of one child's brain that a vein drains."""

    node: str
    twin: Twin
    name: str
    """What a surgeon calls it."""
    volume_ml: float
    flow_ml_per_min: float
    """At rest, from brain mass and infant flow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionStep:
    """One vessel dealt with."""

    vessel: str
    to: Twin
    """Who keeps what is left of it: the sinus end."""
    action: Literal["divide", "sacrifice", "graft", "bypass", "occlude"]
    operation: int
    order: int
    drains: str
    """What it drains, in words."""
    calibre_mm: float
    worst_region: Mapping[Twin, str]
    """After this step."""
    rise_mmHg: Mapping[Twin, float]
    """Worst rise over the state before the operation, after this step."""
    watch: str
    """What to watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """Who keeps what, in what order and how many operations; see design: `plan/vessels/result.json`."""

    end_state: Mapping[str, Mapping[str, str]]
    """``ring`` and ``veins``: node or vessel to ``A``, ``B`` or ``none``."""
    steps: tuple[DivisionStep, ...]
    title: str
    """Says so where it worsens one child to help the other."""
    front: tuple[Mapping[str, Any], ...]
    """Undominated end states, A against B."""
    exchange: tuple[Mapping[str, Any], ...]
    """Row i: after i divisions; as in `ProtocolInputs.exchange`."""
    pressures: Mapping[str, Any]
    operations: tuple[Mapping[str, Any], ...]
    """One, two, three side by side, with what the model leaves out."""
    robustness: Mapping[str, Any]
    wishes: tuple[Mapping[str, Any], ...] = ()
    """Each with its price."""
    notes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
