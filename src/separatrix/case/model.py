"""The nouns of the case file: what a team writes by hand about two children."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from separatrix.core import Twin

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

OWNER_NAMES = ("A", "B", "shared")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TwinSpec(_Part):
    """One child."""

    sex: Literal["female", "male"] | None = None
    weight_kg: Annotated[float, Field(gt=0.2, lt=40)] | None = None
    haematocrit: Annotated[float, Field(gt=0.05, lt=0.8)] | None = None


class ImageSpec(_Part):
    """One image series: a file, or a folder that holds a DICOM series."""

    path: str
    modality: Literal["MR", "CT"]
    date: dt.date | None = None
    series: str | None = None
    """SeriesInstanceUID, where a folder holds several."""


class LabelSpec(_Part):
    """The label map, and what its values mean."""

    path: str
    structures: dict[int | str, str] = {}
    """Value (or segment name) to structure name; may be empty for ``.seg.nrrd`` and DICOM SEG."""


class ImagingSpec(_Part):
    """Scans, labels and landmarks, as paths relative to the case folder."""

    images: dict[str, ImageSpec] = {}
    labels: LabelSpec | None = None
    landmarks: str | None = None
    reference: str | None = None
    """The image whose frame everything is brought into; default: the first CT, else the first image."""
    grid_mm: Annotated[float, Field(ge=0.3, le=5)] = 1.0
    """Spacing of the isotropic planning grid."""


class HandAnatomy(_Part):
    """Anatomy as told by people, where no imaging is given."""

    stone_goodrich: str | None = None
    angle_longitudinal_deg: Annotated[float, Field(ge=0, le=180)] | None = None
    rotation_axial_deg: Annotated[float, Field(ge=0, le=180)] | None = None
    shared_sinus: bool | None = None
    deepest_shared: Literal["scalp", "skull", "dura", "brain"] | None = None
    site: str | None = None
    """Where the heads are joined; only ``vault`` may be planned."""
    crossings: Annotated[int, Field(ge=0, le=200)] | None = None
    """Vessels that cross between the children."""
    defects_cm2: dict[
        Literal["A", "B"], dict[Literal["scalp", "bone", "dura"], Annotated[float, Field(ge=0)]]
    ] = {}


class Findings(_Part):
    """What clinicians confirmed, for the suitability gates; each with who and when."""

    answer: Literal["met", "not met", "to be confirmed"]
    by: str
    on: dt.date
    note: str = ""


class Decision(_Part):
    """The team's decision. Empty until a person fills it; never written by the program."""

    choice: dict[Literal["A", "B"], Literal["separate", "stage", "wait", "do not separate"]] = {}
    by: list[str] = []
    on: dt.date | None = None
    dissent: str = ""
    consent: str = ""
    ethics_review: str = ""
    who_may_stop: list[str] = []
    reasons: str = ""


class Observation(_Part):
    """A vessel as angiography, Doppler or a bedside line saw it."""

    vessel: str
    direction: Literal["to A", "to B", "none"] | None = None
    flow_ml_per_min: float | None = None
    pressure_mmHg: float | None = None
    fills_from: Literal["A", "B", "both"] | None = None
    date: dt.date
    method: str


class Assumption(_Part):
    """The team's own value for an evidence entry."""

    value: float | int | str | bool
    low: float | None = None
    high: float | None = None
    why: str = ""


class CaseFile(_Part):
    """The whole of ``case.yaml``."""

    format: Literal[1]
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    title: str = ""
    born: dt.date | None = None
    expected_birth: dt.date | None = None
    gestation_weeks: Annotated[float, Field(ge=20, le=44)] | None = None
    twins: dict[Literal["A", "B"], TwinSpec] = {}
    imaging: ImagingSpec | None = None
    anatomy: HandAnatomy | None = None
    body_axis_angle_deg: Annotated[float, Field(ge=0, le=180)] | None = None
    """Angle between the two body axes, an input apart from the heads'."""
    suitability: dict[str, Findings] = {}
    decision: Decision = Decision()
    protocol: str = "separation"
    """`separation`, `birth`, `emergency_separation`, or the path of an own protocol."""
    operations: Literal[1, 2, 3, "auto"] = 1
    observations: list[Observation] = []
    assumptions: dict[str, Assumption] = {}

    @model_validator(mode="before")
    @classmethod
    def _short_assumptions(cls, data: Any) -> Any:
        """Accept ``id: value`` for ``id: {value: value}``."""
        if isinstance(data, dict) and isinstance(data.get("assumptions"), dict):
            long = {k: v if isinstance(v, dict) else {"value": v} for k, v in data["assumptions"].items()}
            return {**data, "assumptions": long}
        return data


class Case:
    """A case folder with its file read.

    Attributes
    ----------
    folder
        Absolute path of the case folder.
    file
        What ``case.yaml`` says.
    """

    def __init__(self, folder: Path, file: CaseFile) -> None:
        self.folder = folder
        self.file = file

    @property
    def plan_folder(self) -> Path:
        """Where stations store their results."""
        return self.folder / "plan"

    def twin(self, twin: Twin) -> TwinSpec:
        """What the file says of one child."""
        key: Literal["A", "B"] = "A" if twin is Twin.A else "B"
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
