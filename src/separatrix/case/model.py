"""The nouns of the case file: what a team writes by hand about two children."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, field_validator, model_validator

from separatrix.core import Fault, Twin
from separatrix.core.provenance import sha256_data

STRUCTURE_NAMES = (
    "brain",
    "csf",
    "dura",
    "intracranial",
    "skull",
    "scalp",
    "artery",
    "vein",
    "sinus",
    "vessel",
    "expander",
)
"""What a label may stand for; optionally with the owner: ``brain@A``, ``vein@shared``."""

IGNORE = "ignore"
"""In place of a structure: leave this value or segment out."""

OWNER_NAMES = ("A", "B", "shared")

PROTOCOL_NAMES = ("separation", "birth", "emergency_separation")
"""Protocols that the program brings; any other is the path of an own file."""

GATE_NAMES = (
    "vault",
    "deep_bridge",
    "arterial_supply",
    "drainage",
    "heart",
    "kidneys",
    "airway",
    "weight",
    "coverage",
)
"""Suitability gates; one that is asked of each child is answered as ``heart.A`` and ``heart.B``."""


def _day(value: Any) -> Any:
    """Let through a date or its ISO text only: a bare number would be read as seconds since 1970."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return dt.date.fromisoformat(value)
    raise ValueError("not a date")


Day = Annotated[dt.date, BeforeValidator(_day)]
"""A calendar day, written ``2026-02-14``."""

Number = Annotated[float, Strict()]
"""A number, never quoted text or a truth value."""

Child = Literal["A", "B"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_not_given(cls, data: Any) -> Any:
        """A key with nothing after it is not given."""
        if isinstance(data, dict):
            return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}
        return data


class TwinSpec(_Part):
    """One child."""

    sex: Literal["female", "male"] | None = None
    """Female or male."""
    weight_kg: Annotated[Number, Field(gt=0.2, lt=150)] | None = None
    """The child's own weight in kilograms, as well as it can be told apart from the other's."""
    haematocrit: Annotated[Number, Field(gt=0.05, lt=0.8)] | None = None
    """Share of red cells in the blood, as a fraction: 0.34, not 34."""


class ImageSpec(_Part):
    """One image series: a file, or a folder that holds a DICOM series."""

    path: str
    """File (.nii.gz, .nrrd) or folder with a DICOM series, relative to the case folder."""
    modality: Literal["MR", "CT"]
    """MR or CT."""
    date: Day | None = None
    """When it was taken; read from DICOM where it stands there."""
    series: str | None = None
    """SeriesInstanceUID, where a folder holds several series."""


class LabelSpec(_Part):
    """The label map, and what its values mean."""

    path: str
    """File (.nii.gz, .nrrd, .seg.nrrd or DICOM SEG), relative to the case folder."""
    structures: dict[int | str, str] = {}
    """Value (or segment name) to structure name, such as ``2: skull`` or ``5: vein@A``; may be left out for
    .seg.nrrd and DICOM SEG, whose segments carry names; ``ignore`` leaves a value out."""

    @field_validator("structures", mode="before")
    @classmethod
    def _whole_numbers(cls, value: Any) -> Any:
        """Read label values written as text, as YAML and JSON keys are."""
        if not isinstance(value, dict):
            return value
        keys = [int(k) if isinstance(k, str) and re.fullmatch(r"\d{1,9}", k) else k for k in value]
        return dict(zip(keys, value.values(), strict=True)) if len(set(keys)) == len(keys) else value


class ImagingSpec(_Part):
    """Scans, labels and landmarks, as paths relative to the case folder."""

    images: Annotated[dict[str, ImageSpec], Field(max_length=50)] = {}
    """Image series by a short name of your own, such as t1 or ct."""
    labels: LabelSpec | None = None
    """The segmentation. Without it a first draft is made from the images, to be corrected by hand."""
    landmarks: str | None = None
    """3D Slicer markups file (.mrk.json) with A:left_tragion, A:right_tragion, A:left_orbitale, A:nasion and
    the same for B."""
    reference: str | None = None
    """The image whose frame everything is brought into; default: the first CT, else the first image."""
    grid_mm: Annotated[Number, Field(ge=0.3, le=5)] = 1.0
    """Spacing of the isotropic planning grid in millimetres."""


class HandAnatomy(_Part):
    """Anatomy as told by people, where no imaging is given."""

    stone_goodrich: Literal["PA", "PV", "TA", "TV", "TV-I", "TV-II", "TV-III"] | None = None
    """Class by Stone and Goodrich: PA, PV, TA, TV-I, TV-II or TV-III."""
    angle_longitudinal_deg: Annotated[Number, Field(ge=0, le=180)] | None = None
    """Angle between the two heads' superior axes in degrees; 180 is one straight line."""
    rotation_axial_deg: Annotated[Number, Field(ge=0, le=180)] | None = None
    """Angle between the two faces about the common axis in degrees; 0 is the same side."""
    shared_sinus: Annotated[bool, Strict()] | None = None
    """Whether a significant dural venous sinus is shared."""
    shared_posterior_fossa: Annotated[bool, Strict()] | None = None
    """Whether the posterior fossa is shared."""
    deepest_shared: Literal["scalp", "skull", "dura", "brain"] | None = None
    """The deepest layer that is joined."""
    site: str | None = None
    """Where the heads are joined; only ``vault`` may be planned."""
    crossings: Annotated[int, Strict(), Field(ge=0, le=200)] | None = None
    """Number of vessels that cross between the children."""
    defects_cm2: dict[
        Child, dict[Literal["scalp", "bone", "dura"], Annotated[Number, Field(ge=0, le=2000)]]
    ] = {}
    """Area to be closed on each child after parting, in square centimetres."""


class Findings(_Part):
    """What clinicians confirmed, for the suitability gates; each with who and when."""

    answer: Literal["met", "not met", "to be confirmed"]
    """Whether the gate is met."""
    by: Annotated[str, Field(min_length=1)]
    """Who says so."""
    on: Day
    """When it was confirmed."""
    note: str = ""
    """What it rests on."""


class Decision(_Part):
    """The team's decision. Empty until a person fills it; never written by the program."""

    choice: dict[Child, Literal["separate", "stage", "wait", "do not separate"]] = {}
    """What was decided, for each child."""
    by: list[str] = []
    """Who decided: names and roles."""
    on: Day | None = None
    """When it was decided."""
    dissent: str = ""
    """Who saw it otherwise, and why."""
    consent: str = ""
    """Who consented for each child, when, and to what."""
    ethics_review: str = ""
    """What the ethics committee said, and when."""
    who_may_stop: list[str] = []
    """Who may stop the operation at any moment."""
    reasons: str = ""
    """Why it was decided so."""
    review_on: Day | None = None
    """When the decision is looked at again."""

    @property
    def is_empty(self) -> bool:
        """Whether nobody has decided yet."""
        return not self.choice


class Observation(_Part):
    """A vessel as angiography, Doppler or a bedside line saw it."""

    vessel: Annotated[str, Field(min_length=1)]
    """Name of the vessel, as in the plan's vessel table."""
    direction: Literal["to A", "to B", "none"] | None = None
    """Where its blood flows to."""
    flow_ml_per_min: Annotated[Number, Field(ge=0, le=10000)] | None = None
    """Flow in millilitres per minute."""
    pressure_mmHg: Annotated[Number, Field(ge=-50, le=300)] | None = None
    """Mean pressure in millimetres of mercury."""
    fills_from: Literal["A", "B", "both"] | None = None
    """From whose arteries contrast reaches it."""
    date: Day
    """When it was seen."""
    method: Annotated[str, Field(min_length=1)]
    """How it was seen, such as catheter angiography."""


class GraftSpec(_Part):
    """A vessel that the surgeon makes."""

    between: Annotated[list[str], Field(min_length=2, max_length=2)]
    """The two nodes of the vessel graph that it joins."""
    radius_mm: Annotated[Number, Field(gt=0, le=20)]
    """Inner radius in millimetres."""
    length_mm: Annotated[Number, Field(gt=0, le=500)]
    """Length in millimetres."""


class WishSpec(_Part):
    """One wish of the surgeon for the division; exactly one kind, and why."""

    before: Annotated[list[str], Field(min_length=2)] | None = None
    """Vessels in the order in which they are to be divided."""
    never: str | None = None
    """A vessel that is not to be divided."""
    together: Annotated[list[str], Field(min_length=2)] | None = None
    """Vessels that are divided as one step."""
    first: Annotated[list[str], Field(min_length=1)] | None = None
    """Vessels that the first exposure reaches: divided before all others."""
    to_A: str | None = None
    """A vessel or node that A keeps."""
    to_B: str | None = None
    """A vessel or node that B keeps."""
    sacrifice: str | None = None
    """A vessel that neither child keeps."""
    graft: GraftSpec | None = None
    """A vein graft that is made before the first division."""
    bypass: GraftSpec | None = None
    """A bypass that is made before the first division."""
    why: str = ""
    """Why it is wished."""

    @property
    def kind(self) -> str:
        """Which of the kinds is given; empty unless it is exactly one."""
        kinds = [k for k in type(self).model_fields if k != "why" and getattr(self, k) is not None]
        return kinds[0] if len(kinds) == 1 else ""


class PlanChoice(_Part):
    """A person's choice among the end states of the front; never written by the program."""

    plan: Annotated[str, Field(min_length=1)]
    """Name of the end state, as in the plan's front: E2."""
    by: Annotated[list[str], Field(min_length=1)]
    """Who chose: names and roles."""
    on: Day
    """When it was chosen."""
    why: Annotated[str, Field(min_length=1)]
    """Why this one, where it is worse for one child than the default."""


class VesselsSpec(_Part):
    """What people know or wish of the vessels."""

    graph: str | None = None
    """A vessel graph edited or written by hand (graph.json), relative to the case folder; it wins over the
    images."""
    accept_contacts: list[str] = []
    """Contacts between vessels that are accepted as open: their names in the vessel table."""
    wishes: Annotated[list[WishSpec], Field(max_length=200)] = []
    """The surgeon's wishes for the division, each honoured and told with its price."""
    choice: PlanChoice | None = None
    """A person's choice among the end states; without it the plan is the one best for the child worse off."""


class Assumption(_Part):
    """The team's own value for an evidence entry."""

    value: Annotated[float, Strict()] | Annotated[int, Strict()] | str | Annotated[bool, Strict()]
    """The value to use instead of the table's."""
    low: Number | None = None
    """Lowest value to reckon with."""
    high: Number | None = None
    """Highest value to reckon with."""
    why: str = ""
    """Why the team sets its own value."""


class CaseFile(_Part):
    """The whole of ``case.yaml``."""

    format: Literal[1]
    """Version of this file's layout; always 1."""
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    """Short name of the case without any child's name: letters, digits, dot, dash, underscore."""
    title: str = ""
    """A line for the top of every page."""
    born: Day | None = None
    """Date of birth, such as 2026-02-14. Give this or expected_birth."""
    expected_birth: Day | None = None
    """Expected date of birth, before birth only."""
    gestation_weeks: Annotated[Number, Field(ge=20, le=44)] | None = None
    """Weeks of pregnancy at birth."""
    twins: dict[Child, TwinSpec] = {}
    """The two children, A and B."""
    imaging: ImagingSpec | None = None
    """Scans, labels and landmarks. Without it the plan runs on `anatomy` or on the protocol's defaults."""
    anatomy: HandAnatomy | None = None
    """Anatomy as told by people, where no imaging is given."""
    body_axis_angle_deg: Annotated[Number, Field(ge=0, le=180)] | None = None
    """Angle between the two body axes in degrees, an input apart from the heads'."""
    suitability: dict[str, Findings] = {}
    """What clinicians confirmed, by gate; a gate asked of each child as heart.A and heart.B."""
    decision: Decision = Decision()
    """The team's decision; empty until a person fills it."""
    protocol: str = "separation"
    """`separation`, `birth`, `emergency_separation`, or the path of an own protocol."""
    operations: Literal[1, 2, 3, "auto"] = 1
    """In how many operations; auto lets the plan choose."""
    observations: list[Observation] = []
    """Vessels as angiography, Doppler or a bedside line saw them."""
    vessels: VesselsSpec = VesselsSpec()
    """A vessel graph given by hand, accepted contacts, and wishes for the division."""
    assumptions: dict[str, Assumption] = {}
    """The team's own values for evidence entries: `id: value` or `id: {value, low, high, why}`."""

    @field_validator("format", "operations", mode="before")
    @classmethod
    def _no_truth_value(cls, value: Any) -> Any:
        """Refuse ``true``, which Python takes for 1."""
        if isinstance(value, bool):
            raise ValueError("a truth value")
        return value

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, data: Any) -> Any:
        """Accept ``id: value`` for ``id: {value: value}``, and a child or finding with nothing given."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        if isinstance(data.get("assumptions"), dict):
            data["assumptions"] = {
                k: {"value": v} if isinstance(v, float | int | str) else v
                for k, v in data["assumptions"].items()
            }
        for name in ("twins", "suitability"):
            if isinstance(data.get(name), dict):
                data[name] = {k: v for k, v in data[name].items() if v is not None}
        return data


class Case:
    """A case folder with its file read.

    Attributes
    ----------
    folder
        Absolute path of the case folder.
    file
        What ``case.yaml`` says.
    path
        ``case.yaml`` as the user named it, for messages.
    """

    def __init__(
        self,
        folder: Path,
        file: CaseFile,
        *,
        path: Path | None = None,
        lines: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.folder = folder
        self.file = file
        self.path = path or folder / "case.yaml"
        self._lines = lines

    @property
    def plan_folder(self) -> Path:
        """Where stations store their results."""
        return self.folder / "plan"

    @property
    def sha256(self) -> str:
        """Hash of all that the file says; comments and layout aside."""
        return sha256_data(self.file.model_dump(mode="json"))

    def section(self, name: str) -> Any:
        """One top-level key as plain JSON data with all defaults filled in, for cache keys."""
        return self.file.model_dump(mode="json", include={name})[name]

    def line_of(self, field: str) -> int | None:
        """Line of ``case.yaml`` where a dotted field stands, or the nearest field around it.

        Parameters
        ----------
        field
            Such as ``imaging.labels.path`` or ``observations[0].vessel``.
        """
        while field:
            if field in self._lines:
                return self._lines[field]
            field = field[: max(field.rfind("."), field.rfind("["), 0)]
        return None

    def located(self, fault: Fault) -> Fault:
        """A fault of a field of ``case.yaml`` with the file's path and the field's line filled in."""
        top = re.split(r"[.\[]", fault.field)[0]
        if fault.file not in ("", self.path.name) or top not in CaseFile.model_fields:
            return fault
        return dataclasses.replace(fault, file=str(self.path), line=fault.line or self.line_of(fault.field))

    def twin(self, twin: Twin) -> TwinSpec:
        """What the file says of one child."""
        key: Child = "A" if twin is Twin.A else "B"
        return self.file.twins.get(key, TwinSpec())

    def imaging_inputs(self) -> Mapping[str, Path]:
        """Every file or folder the imaging section names, by its field."""
        spec = self.file.imaging
        if spec is None:
            return {}
        found = {f"imaging.images.{name}.path": image.path for name, image in spec.images.items()}
        if spec.labels is not None:
            found["imaging.labels.path"] = spec.labels.path
        if spec.landmarks is not None:
            found["imaging.landmarks"] = spec.landmarks
        return {field: self.folder / path for field, path in found.items()}

    def vessel_inputs(self) -> Mapping[str, Path]:
        """Every file the vessels section names, by its field."""
        graph = self.file.vessels.graph
        return {} if graph is None else {"vessels.graph": self.folder / graph}
