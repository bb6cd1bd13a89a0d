"""DICOM headers: which files in a folder are images, of which series, of which patient.

No name of a patient is ever read into a message: patients are told apart by a hash of PatientID.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from separatrix.core import DataMissingError, Fault, GeometryError, InputError, Unknown

if TYPE_CHECKING:
    from pydicom import Dataset

_ENHANCED = {
    "1.2.840.10008.5.1.4.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.2.2",
    "1.2.840.10008.5.1.4.1.1.4.1",
    "1.2.840.10008.5.1.4.1.1.4.4",
}
"""Enhanced CT and MR, and classic ones converted to enhanced."""

SEGMENTATION = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""Segmentation and label map segmentation objects."""

_SERIES_SHOWN = 12
"""Series listed in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One image of a series: a file, or a frame of one."""

    file: Path
    frame: int | None
    """Number of the frame, from 0; None where the file holds one image."""
    shape: tuple[int, int]
    """Rows and columns."""
    position: tuple[float, ...]
    """LPS mm of the centre of the first pixel."""
    orientation: tuple[float, ...]
    """Six cosines: direction of a row, direction of a column."""
    pixel_mm: tuple[float, float]
    """Distance between rows, and between columns."""
    rescale: tuple[float, float] | None
    """Slope and intercept; None where the header has none."""
    file_bytes: int
    """Bytes that the file must hold at least; 0 where its pixels are compressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The images of one series."""

    uid: str
    modality: str
    description: str
    frame_id: str
    """Frame of reference UID, or empty."""
    acquired: dt.date | Unknown
    is_localizer: bool
    slices: tuple[Slice, ...]
    faults: tuple[Fault, ...]
    """What keeps single images from being used."""

    def __str__(self) -> str:
        return f"'{self.description}' ({self.modality}, {len(self.slices)} images, {self.uid})"


def dicom_files(path: Path) -> Iterator[Path]:
    """A file, or all files below a folder in a fixed order; hidden ones left out."""
    if path.is_file():
        yield path
    else:
        yield from sorted(
            p
            for p in path.rglob("*")
            if p.is_file() and not any(part.startswith(".") for part in p.relative_to(path).parts)
        )


def read_header(path: Path) -> Dataset | None:
    """Header of a DICOM file without its pixels, or None where the file is no DICOM object.

    Raises
    ------
    InputError
        If the file says that it is DICOM, but its header cannot be read.
    """
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # Forced: some exports lack the preamble; what is no DICOM then has no class.
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            list(header)  # fields are decoded when first read: here, where a damaged one can be told
            return header if str(header.get("SOPClassUID", "")).startswith("1.2.") else None
        except Exception as error:  # whatever a damaged file, or one of another kind, does to the parser
            if not _says_dicom(path):
                return None
            raise InputError(_damaged(path)) from error


def _says_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def _damaged(path: Path) -> Fault:
    return Fault(
        file=str(path),
        problem="the DICOM header is damaged",
        expected="a whole DICOM file",
        mend="copy or export the series again",
    )


def scan_folder(path: Path) -> tuple[list[Series], list[str]]:
    """All image series of a folder, with notes on what was left aside.

    Raises
    ------
    DataMissingError
        If there is no folder or file, or no DICOM image in it.
    InputError
        If images of two patients lie together.
    """
    if not path.exists():
        raise DataMissingError(
            Fault(file=str(path), problem="there is no such file or folder", mend="check the path")
        )
    headers: dict[str, list[tuple[Path, Dataset]]] = {}
    patients: dict[str, int] = {}
    strangers: list[str] = []
    damaged: list[Fault] = []
    for file in dicom_files(path):
        try:
            header = read_header(file)
        except InputError as error:
            damaged += error.faults
            continue
        if header is None:
            strangers.append(file.name)
        elif "Rows" in header and header.get("SOPClassUID") not in SEGMENTATION:
            headers.setdefault(str(header.get("SeriesInstanceUID", "")), []).append((file, header))
            patient = _patient_hash(header)
            patients[patient] = patients.get(patient, 0) + 1
    if damaged:
        raise InputError(*damaged)
    if not headers:
        raise DataMissingError(
            Fault(
                file=str(path),
                problem=f"no DICOM image found among {len(strangers)} files",
                expected="a folder that holds a DICOM series",
                mend="check the path, or export the series again",
            )
        )
    if len(patients) > 1:
        told = ", ".join(f"{count} images of patient #{key}" for key, count in sorted(patients.items()))
        raise InputError(
            Fault(
                file=str(path),
                problem=f"images of {len(patients)} patients lie in one folder: {told}",
                expected="one patient (the # is a hash of PatientID; names are not shown)",
                mend="put each patient's images into a folder of their own",
            )
        )
    notes = []
    if strangers:
        shown = ", ".join(strangers[:3]) + (", …" if len(strangers) > 3 else "")
        notes.append(f"{path.name}: {len(strangers)} files are not DICOM and were left out ({shown})")
    return [_series(uid, headers[uid]) for uid in sorted(headers)], notes


def _patient_hash(header: Dataset) -> str:
    who = str(header.get("PatientID", "") or "").strip() or str(header.get("PatientName", "") or "").strip()
    return hashlib.sha256(who.encode()).hexdigest()[:8]


def _series(uid: str, found: Sequence[tuple[Path, Dataset]]) -> Series:
    first = found[0][1]
    slices: list[Slice] = []
    faults: list[Fault] = []
    for file, header in found:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                slices += _slices(file, header)
        except InputError as error:
            faults += error.faults
        except (TypeError, ValueError, AttributeError, KeyError, IndexError, NotImplementedError):
            faults.append(_damaged(file))
    frames = sorted({str(h.get("FrameOfReferenceUID", "") or "") for _, h in found})
    if len(frames) > 1:
        faults.append(
            Fault(
                file=str(found[0][0].parent),
                field="FrameOfReferenceUID",
                problem=f"the series {uid} has {len(frames)} frames of reference",
                expected="one",
                mend="export the series again from the scanner",
            )
        )
    kinds = [str(v).upper() for v in _listed(first.get("ImageType"))]
    return Series(
        uid=uid,
        modality=str(first.get("Modality", "")),
        description=str(first.get("SeriesDescription", "") or "no description"),
        frame_id=frames[0] if len(frames) == 1 else "",
        acquired=_date(first),
        is_localizer="LOCALIZER" in kinds,
        slices=tuple(slices),
        faults=tuple(faults),
    )


def _listed(value: Any) -> list[Any]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _date(header: Dataset) -> dt.date | Unknown:
    for name in ("AcquisitionDate", "AcquisitionDateTime", "ContentDate", "SeriesDate", "StudyDate"):
        text = str(header.get(name, "") or "")[:8]
        try:
            return dt.datetime.strptime(text, "%Y%m%d").date()
        except ValueError:
            continue
    return Unknown("the DICOM headers carry no date")


def _slices(file: Path, header: Dataset) -> list[Slice]:
    if header.get("SamplesPerPixel", 1) != 1:
        raise InputError(
            Fault(
                file=str(file),
                field="SamplesPerPixel",
                problem="the image is in colour",
                expected="grey values",
                mend="export the original series, not screen captures",
            )
        )
    if str(header.SOPClassUID) in _ENHANCED or "PerFrameFunctionalGroupsSequence" in header:
        shared = _listed(header.get("SharedFunctionalGroupsSequence"))
        frames = _listed(header.get("PerFrameFunctionalGroupsSequence"))
        return [_frame(file, header, number, [frame, *shared]) for number, frame in enumerate(frames)]
    if header.get("NumberOfFrames", 1) not in (1, None, ""):
        raise InputError(
            Fault(
                file=str(file),
                problem=f"{header.NumberOfFrames} frames without a position for each",
                expected="one image per file, or an enhanced CT or MR object",
                mend="export the original series",
            )
        )
    return [_make(file, header, None, header, header, header, header)]


def _frame(file: Path, header: Dataset, number: int, groups: list[Dataset]) -> Slice:
    def part(name: str) -> Dataset:
        from pydicom import Dataset

        return next((group[name][0] for group in groups if group.get(name)), Dataset())

    return _make(
        file,
        header,
        number,
        part("PlanePositionSequence"),
        part("PlaneOrientationSequence"),
        part("PixelMeasuresSequence"),
        part("PixelValueTransformationSequence"),
    )


def _make(
    file: Path,
    header: Dataset,
    frame: int | None,
    place: Dataset,
    turn: Dataset,
    measures: Dataset,
    values: Dataset,
) -> Slice:
    position = _numbers(place, "ImagePositionPatient", 3)
    orientation = _numbers(turn, "ImageOrientationPatient", 6)
    pixel = _numbers(measures, "PixelSpacing", 2)
    missing = [
        name
        for name, value in (
            ("ImagePositionPatient", position),
            ("ImageOrientationPatient", orientation),
            ("PixelSpacing", pixel),
        )
        if not value
    ]
    if missing:
        raise GeometryError(
            Fault(
                file=str(file),
                field=", ".join(missing),
                problem="the header does not say where the image lies",
                expected="position, orientation and pixel size",
                mend="export the original series from the scanner; position is not guessed",
            )
        )
    slope = _numbers(values, "RescaleSlope", 1)
    intercept = _numbers(values, "RescaleIntercept", 1)
    return Slice(
        file=file,
        frame=frame,
        shape=(int(header.Rows), int(header.Columns)),
        position=position,
        orientation=orientation,
        pixel_mm=(pixel[0], pixel[1]),
        rescale=(slope[0], intercept[0]) if slope and intercept else None,
        file_bytes=_needed_bytes(header),
    )


def _needed_bytes(header: Dataset) -> int:
    """Bytes of the uncompressed pixels; a shorter file was cut, and readers would fill in zeros."""
    syntax = getattr(getattr(header, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is not None and syntax.is_compressed:
        return 0
    bits = int(header.get("BitsAllocated", 16)) * int(header.get("NumberOfFrames", 1) or 1)
    return int(header.Rows) * int(header.Columns) * bits // 8


def _numbers(source: Dataset, name: str, count: int) -> tuple[float, ...]:
    """Numbers of a field, or nothing where it is missing or of another length."""
    try:
        value = source.get(name)
        parts = [value] if isinstance(value, (int, float, str)) else list(value or [])
        numbers = tuple(float(v) for v in parts)
    except (TypeError, ValueError):
        return ()
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else ()


def choose_series(
    found: Sequence[Series], path: Path, *, modality: str, series: str | None
) -> tuple[Series, list[str]]:
    """Take the series that is asked for, or the only one of a modality; with notes.

    Raises
    ------
    InputError
        If none or several fit; the message lists all with description, count and UID.
    """
    if series is not None:
        named = [s for s in found if s.uid == series]
        if named:
            return named[0], []
        raise _unclear(found, path, f"no series has the UID {series}")
    fitting = [s for s in found if s.modality == modality and not s.is_localizer]
    stacks = [s for s in fitting if len(s.slices) > 1] or fitting
    if len(stacks) != 1:
        raise _unclear(found, path, f"{len(stacks)} series fit modality {modality}")
    left = [s for s in found if s is not stacks[0]]
    notes = [f"{path.name}: of {len(found)} series {stacks[0]} was taken"] if left else []
    return stacks[0], notes


def _unclear(found: Sequence[Series], path: Path, problem: str) -> InputError:
    listed = "; ".join(str(s) for s in found[:_SERIES_SHOWN])
    more = f"; and {len(found) - _SERIES_SHOWN} more" if len(found) > _SERIES_SHOWN else ""
    return InputError(
        Fault(
            file=str(path),
            problem=f"{problem}. Found: {listed}{more}",
            expected="one series",
            mend="write its UID as `series:` beside the image's path in case.yaml",
        )
    )
