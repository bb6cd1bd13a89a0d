"""Which images share a frame, and bringing the others into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from separatrix.body.imaging.itk import Float
from separatrix.body.imaging.model import Registration
from separatrix.body.imaging.planning import is_congruent
from separatrix.body.imaging.register import Aligner
from separatrix.body.imaging.sources import Source
from separatrix.case import ImagingSpec
from separatrix.core import Fault, GeometryError, Grid, InputError
from separatrix.evidence import EvidenceReader

BANNER = "BANNER: "
"""A note that begins so is shown on every page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where an image stands to the reference frame."""

    source: Source
    registration: Registration | None
    notes: tuple[str, ...] = ()

    @property
    def matrix(self) -> Float | None:
        """4×4, LPS mm: takes a point of the reference frame to the image's; None where they are one."""
        return None if self.registration is None else self.registration.matrix


class _HasModality(Protocol):
    @property
    def modality(self) -> str: ...


Image = TypeVar("Image", bound=_HasModality)


def reference_of(spec: ImagingSpec, sources: Mapping[str, Image]) -> Image | None:
    """The image whose frame everything is brought into: as the case says, or the first CT, or the first."""
    if spec.reference is not None:
        return sources.get(spec.reference)
    ct = next((s for s in sources.values() if s.modality == "CT"), None)
    return ct or next(iter(sources.values()), None)


def place_images(
    sources: Sequence[Source], reference: Source, *, evidence: EvidenceReader, threads: int
) -> list[Placed]:
    """Find where each image stands to the reference.

    Equal DICOM frames of reference are one frame. Different ones are registered, and refused where that
    is poor. Files that name no frame are taken to share the reference's, but the images are asked: where
    they fit clearly better elsewhere they are moved, and a banner says so.

    Raises
    ------
    InputError
        With every image that cannot be placed.
    """
    placed, faults = [], []
    for source in sources:
        try:
            placed.append(_place(source, reference, evidence, threads))
        except InputError as error:
            faults += [
                replace(
                    f,
                    file=source.path,
                    field=f"imaging.images.{source.name}.path",
                    problem=f"'{source.name}' against '{reference.name}': {f.problem}",
                )
                for f in error.faults
            ]
    if faults:
        raise GeometryError(*faults)
    return placed


def _place(source: Source, reference: Source, evidence: EvidenceReader, threads: int) -> Placed:
    ours, theirs = reference.volume.grid.frame_id, source.volume.grid.frame_id
    if source is reference or (ours and ours == theirs):
        return Placed(source=source, registration=None)
    limits = {
        "metric_low": evidence.number("imaging.information.low"),
        "capture_high_mm": evidence.number("imaging.capture.high"),
    }
    aligner = Aligner(reference.volume, reference.modality, source.volume, source.modality, threads=threads)
    if ours and theirs:
        found = aligner.register(**limits)
        note = (
            f"{source.name}: registered to {reference.name} ({_quality(found)}); frames of reference differ"
        )
        return Placed(source=source, registration=found, notes=(note,))
    shift, metric = aligner.check_same_frame()
    is_related = metric >= limits["metric_low"]
    if is_related and shift <= evidence.number("imaging.shift.high"):
        note = f"{source.name}: lies in the frame of {reference.name} (best fit {shift:.1f} mm away)"
        return Placed(source=source, registration=None, notes=(note,))
    try:
        found = aligner.register(**limits)
    except GeometryError as error:
        if not is_related:
            raise
        note = (
            f"{BANNER}{source.name} may not lie in the frame of {reference.name}: they fit better "
            f"{shift:.0f} mm away, but {error.faults[0].problem}; left where its file puts it"
        )
        return Placed(source=source, registration=None, notes=(note,))
    note = (
        f"{BANNER}{source.name} did not lie in the frame of {reference.name} as its file says: "
        f"moved by registration ({_quality(found)})"
    )
    return Placed(source=source, registration=found, notes=(note,))


def _quality(found: Registration) -> str:
    return f"information {found.metric:.2f} nats, independent starts within {found.capture:.1f} mm"


def labels_matrix(
    grid: Grid, placed: Sequence[tuple[Grid, Float | None]], reference: Grid | None, path: str
) -> Float | None:
    """Tell where a label map stands to the reference frame.

    A DICOM segmentation names its frame; any other map belongs to the image whose lattice it shares,
    else to the reference.

    Parameters
    ----------
    grid
        Of the label map.
    placed
        Grid of each image and its matrix (`Placed.matrix`).
    reference
        Grid of the reference image.
    path
        Of the label map, for messages.

    Raises
    ------
    GeometryError
        If it names a frame that no image has.
    """
    if reference is None or grid.frame_id == reference.frame_id != "":
        return None
    if grid.frame_id:
        frames = {g.frame_id for g, _ in placed}
        if grid.frame_id not in frames and "" not in frames:
            raise GeometryError(
                Fault(
                    file=path,
                    field="imaging.labels.path",
                    problem=f"the segmentation's frame of reference {grid.frame_id} is that of no image",
                    expected="the frame of one of the images",
                    mend="name the image that it was drawn on among imaging.images",
                )
            )
        return next((m for g, m in placed if g.frame_id == grid.frame_id), None)
    if is_congruent(grid, reference):
        return None
    return next((m for g, m in placed if is_congruent(grid, g)), None)
