"""The images of a case as they come: each read from its format, and looked over for nonsense."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from separatrix.body.imaging.dicom_series import read_dicom
from separatrix.body.imaging.volumes import ENDINGS, read_volume
from separatrix.case import ImageSpec
from separatrix.core import Fault, InputError, Unknown, Volume
from separatrix.evidence import EvidenceReader

_CT_LOWEST = -1024.0
"""Hounsfield units of air; scanners fill what lies outside their circle with less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An image on the lattice it was acquired on."""

    name: str
    modality: str
    volume: Volume
    """float32."""
    acquired: dt.date | Unknown
    path: str
    notes: tuple[str, ...]

    @property
    def fill(self) -> float:
        """Value outside the image: air for CT, nothing for MR."""
        return _CT_LOWEST if self.modality == "CT" else 0.0


def read_source(name: str, spec: ImageSpec, folder: Path, evidence: EvidenceReader) -> Source:
    """Read one image of a case, by its path.

    Raises
    ------
    InputError
        With every fault: damaged, unclear, without position, or with values that make no sense.
    """
    path = folder / spec.path
    acquired: dt.date | Unknown
    notes: tuple[str, ...]
    if path.name.lower().endswith(ENDINGS):
        volume, acquired, notes = read_volume(path), _told_date(spec), ()
    else:
        gap_mm = evidence.number("imaging.gap.high")
        image = read_dicom(path, modality=spec.modality, series=spec.series, gap_mm=gap_mm)
        volume, acquired, notes = image.volume, image.acquired, image.notes
        if spec.date is not None and spec.date != acquired:
            notes = (*notes, f"{name}: date {spec.date} of the case file taken; the headers say {acquired}")
            acquired = spec.date
    faults = [*_value_faults(volume, spec, path, evidence), *_extent_faults(volume, path, evidence)]
    if faults:
        raise InputError(*faults)
    array = volume.array.astype(np.float32, copy=False)
    if spec.modality == "CT":
        array = np.maximum(array, np.float32(_CT_LOWEST))
    return Source(
        name=name,
        modality=spec.modality,
        volume=volume.like(array),
        acquired=acquired,
        path=spec.path,
        notes=notes,
    )


def _told_date(spec: ImageSpec) -> dt.date | Unknown:
    return spec.date or Unknown("the file format holds no date and case.yaml gives none (`date:`)")


def _value_faults(volume: Volume, spec: ImageSpec, path: Path, evidence: EvidenceReader) -> Iterator[Fault]:
    array = volume.array
    if min(array.shape) < 2:
        yield Fault(
            file=str(path),
            problem=f"the image holds {'×'.join(map(str, array.shape[::-1]))} voxels",
            expected="a volume of several slices",
            mend="export the whole series",
        )
        return
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        bad = int(array.size - np.count_nonzero(np.isfinite(array)))
        yield Fault(
            file=str(path),
            problem=f"{bad} voxels hold no number (NaN or infinity)",
            expected="finite numbers",
            mend="export the image again, or replace them by air",
        )
        return
    low, high = float(array.min()), float(array.max())
    if low == high:
        yield Fault(
            file=str(path),
            problem=f"the image is constant ({low:g} everywhere)",
            expected="a picture",
            mend="export the image again",
        )
    elif spec.modality == "CT" and (
        low > evidence.number("imaging.ct_air.high")
        or not evidence.number("imaging.ct_bone.low") <= high <= evidence.number("imaging.ct_value.high")
    ):
        yield Fault(
            file=str(path),
            problem=f"the values run from {low:g} to {high:g}: no Hounsfield units of a head",
            expected="air near -1000, bone above 150",
            mend="export the CT with its rescale applied; if it is an MR, write modality: MR",
        )


def _extent_faults(volume: Volume, path: Path, evidence: EvidenceReader) -> Iterator[Fault]:
    longest = max(volume.grid.extent_mm)
    low, high = evidence.number("imaging.extent.low"), evidence.number("imaging.image_extent.high")
    if not low <= longest <= high:
        yield Fault(
            file=str(path),
            problem=f"the image is {longest:.4g} mm long",
            expected=f"{low:g} to {high:g} mm",
            mend="export it with millimetres as its unit (metres or micrometres?)",
        )
