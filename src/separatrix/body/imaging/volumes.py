"""One door for volumes in single files: the ending tells the format."""

from __future__ import annotations

from pathlib import Path

from separatrix.body.imaging.nifti import read_nifti, write_nifti
from separatrix.body.imaging.nrrd import nrrd_bytes, read_nrrd_volume
from separatrix.core import Fault, InputError, Volume

ENDINGS = (".nii", ".nii.gz", ".nrrd")
"""Endings of volumes that can be read and written."""


def _unknown(path: Path) -> InputError:
    return InputError(
        Fault(
            file=str(path),
            problem="a file with this ending is not read as a volume",
            expected=f"{', '.join(ENDINGS)}, or a folder that holds a DICOM series",
            mend="export it from 3D Slicer in one of these formats",
        )
    )


def read_volume(path: Path) -> Volume:
    """Read a volume from a NIfTI or NRRD file, in LPS mm.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another format.
    GeometryError
        If its position or orientation is missing or contradictory.
    """
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        return read_nifti(path)
    if name.endswith(".nrrd"):
        return read_nrrd_volume(path)
    raise _unknown(path)


def write_volume(volume: Volume, path: Path, *, threads: int = 2) -> None:
    """Write a volume as NIfTI or NRRD, by the ending; the same bytes for the same volume."""
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        write_nifti(volume, path, threads=threads)
    elif name.endswith(".nrrd"):
        path.write_bytes(nrrd_bytes(volume.array, volume.grid, {}, threads=threads))
    else:
        raise _unknown(path)
