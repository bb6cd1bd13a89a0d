"""Writing a volume as a DICOM series, so that the demonstration pair takes a hospital's road."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from separatrix.core import Fault, InputError, Volume

if TYPE_CHECKING:
    from pydicom import Dataset

_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
_MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"

_CT_INTERCEPT = -1024
"""Hounsfield units of the stored value 0."""


def make_uid(seed: int, *purpose: str | int) -> str:
    """Give a DICOM UID under the root for UUIDs (2.25), the same for the same seed and purpose.

    Examples
    --------
    >>> make_uid(1, "frame") == make_uid(1, "frame"), make_uid(1, "frame") == make_uid(2, "frame")
    (True, False)
    """
    text = "\x1f".join(str(part) for part in (seed, *purpose))
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    return f"2.25.{number}"


def write_dicom_series(
    volume: Volume,
    folder: Path,
    *,
    modality: Literal["CT", "MR"],
    patient_id: str,
    study_date: dt.date,
    frame_id: str,
    seed: int,
    description: str = "",
) -> None:
    """Write one file per slice, the same bytes for the same arguments.

    Parameters
    ----------
    volume
        CT in Hounsfield units, MR in whole scanner units from 0; values are rounded.
    folder
        Folder for the files ``0001.dcm`` …; made if missing.
    modality
        Which kind of image object to write.
    patient_id
        Goes to PatientID; the name stays empty.
    study_date
        Study, series, acquisition and content date.
    frame_id
        FrameOfReferenceUID; two series with the same one share a coordinate system.
    seed
        Together with modality and frame it makes the study, series and instance UIDs.
    description
        SeriesDescription.

    Raises
    ------
    InputError
        If the values do not fit 16 bits.
    """
    stored = _stored(volume.array, modality)
    folder.mkdir(parents=True, exist_ok=True)
    study = make_uid(seed, "study", patient_id, study_date.isoformat())
    series = make_uid(seed, "series", modality, patient_id, study_date.isoformat(), description)
    places = volume.grid.index_to_mm([[k, 0, 0] for k in range(stored.shape[0])])
    for number, (pixels, place) in enumerate(zip(stored, places, strict=True), start=1):
        image = _image(volume, pixels, place, modality)
        day = study_date.strftime("%Y%m%d")
        image.StudyDate = image.SeriesDate = image.AcquisitionDate = image.ContentDate = day
        image.StudyTime = image.SeriesTime = image.AcquisitionTime = image.ContentTime = "120000"
        image.PatientID = patient_id
        image.PatientName = image.PatientBirthDate = image.PatientSex = ""
        image.StudyInstanceUID, image.SeriesInstanceUID = study, series
        image.FrameOfReferenceUID = frame_id
        image.SOPInstanceUID = make_uid(seed, series, number)
        image.StudyID, image.SeriesNumber, image.InstanceNumber = "1", 1 if modality == "CT" else 2, number
        image.SeriesDescription = description or f"Separatrix {modality}"
        _save(image, folder / f"{number:04d}.dcm")


def _stored(array: npt.NDArray[Any], modality: str) -> npt.NDArray[np.uint16]:
    shifted = np.rint(np.asarray(array, dtype=np.float32)) - (_CT_INTERCEPT if modality == "CT" else 0)
    if modality == "CT":
        shifted = np.maximum(shifted, 0)  # below air there is nothing to tell
    if not np.isfinite(shifted).all() or shifted.min() < 0 or shifted.max() > 65535:
        raise InputError(
            Fault(
                problem=f"{modality} values from {np.min(array)} to {np.max(array)} do not fit 16 bits",
                expected="finite Hounsfield units, or MR values from 0 to 65535",
            )
        )
    return shifted.astype("<u2")


def _image(volume: Volume, pixels: npt.NDArray[np.uint16], place: npt.NDArray[Any], modality: str) -> Dataset:
    from pydicom import Dataset

    grid = volume.grid
    image = Dataset()
    image.SpecificCharacterSet = "ISO_IR 192"
    image.SOPClassUID = _CT_IMAGE if modality == "CT" else _MR_IMAGE
    image.Modality = modality
    image.Manufacturer = "Separatrix"
    image.AccessionNumber = image.ReferringPhysicianName = image.PositionReferenceIndicator = ""
    image.PatientPosition = "HFS"
    image.ImagePositionPatient = [_decimal(v) for v in place]
    image.ImageOrientationPatient = [_decimal(v) for v in (*grid.axes[:, 0], *grid.axes[:, 1])]
    image.PixelSpacing = [_decimal(grid.spacing_mm[1]), _decimal(grid.spacing_mm[0])]
    image.SliceThickness = _decimal(grid.spacing_mm[2])
    image.SpacingBetweenSlices = _decimal(grid.spacing_mm[2])
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows, image.Columns = pixels.shape
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
    if modality == "CT":
        image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        image.RescaleIntercept, image.RescaleSlope, image.RescaleType = str(_CT_INTERCEPT), "1", "HU"
        image.KVP, image.AcquisitionNumber = "100", 1
    else:
        image.ImageType = ["ORIGINAL", "PRIMARY", "M"]
        image.ScanningSequence, image.SequenceVariant = "GR", "MP"
        image.ScanOptions, image.MRAcquisitionType = "", "3D"
        image.EchoTime, image.RepetitionTime, image.InversionTime = "3", "2000", "900"
        image.EchoTrainLength, image.AcquisitionNumber = "1", 1
    image.PixelData = pixels.tobytes()
    return image


def _decimal(value: float) -> str:
    """Give a number as DICOM writes decimals: 16 characters at most."""
    from pydicom.valuerep import format_number_as_ds

    return format_number_as_ds(float(value) + 0.0)


def _save(image: Dataset, path: Path) -> None:
    from pydicom import FileMetaDataset
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = image.SOPClassUID
    meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE)
    meta.ImplementationClassUID = UID(make_uid(0, "separatrix"))
    image.file_meta = meta
    image.save_as(path, enforce_file_format=True)
