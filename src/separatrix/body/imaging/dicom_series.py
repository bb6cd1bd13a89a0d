"""A DICOM series as one volume: slices sorted, gaps and doubles told, tilt straightened."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging.dicom_headers import Series, Slice, choose_series, scan_folder
from separatrix.body.imaging.itk import quiet_itk
from separatrix.core import Fault, GeometryError, Grid, InputError, Unknown, Volume

Float = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

_SAME_PLACE_MM = 0.01
"""Slices closer than this lie at one place."""

_EVEN_MM = 0.05
"""A slice may lie this far from its even place without the stack being resampled."""

_SAME_AXES = 1e-3
"""Largest difference between two slices' cosines that counts as one orientation."""

_GAP_FACTOR = 1.5
"""A step this many times the usual one means that slices are missing."""

_WANDER_MM = 0.5
"""A slice may lie this far from the line through all slices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomImage:
    """A series as one volume."""

    volume: Volume
    """float32, rescaled (CT: Hounsfield units); the grid's ``frame_id`` is the frame of reference UID."""
    acquired: dt.date | Unknown
    notes: tuple[str, ...]


def read_dicom(path: Path, *, modality: str, series: str | None, gap_mm: float) -> DicomImage:
    """Read one series from a folder (also with several mixed), or an enhanced object from a file.

    Parameters
    ----------
    path
        Folder, or file.
    modality
        ``CT`` or ``MR``.
    series
        SeriesInstanceUID, where several series fit.
    gap_mm
        Widest gap left by missing slices that is bridged by interpolation.

    Raises
    ------
    InputError
        If no series or several fit, patients are mixed, slices are missing or contradict each other.
    GeometryError
        If positions or orientations are missing or vary.
    """
    found, notes = scan_folder(path)
    chosen, more = choose_series(found, path, modality=modality, series=series)
    if chosen.faults:
        raise InputError(*chosen.faults)
    volume, stack_notes = _Stack(chosen, path, gap_mm).volume()
    if modality == "CT" and any(s.rescale is None for s in chosen.slices):
        raise InputError(
            Fault(
                file=str(path),
                field="RescaleSlope, RescaleIntercept",
                problem="the series does not say how to turn its values into Hounsfield units",
                expected="slope and intercept in each slice",
                mend="export the original series from the scanner",
            )
        )
    return DicomImage(
        volume=volume,
        acquired=chosen.acquired,
        notes=(*notes, *more, *(f"{path.name}: {n}" for n in stack_notes)),
    )


class _Stack:
    """The slices of one series on their way to a volume."""

    def __init__(self, series: Series, path: Path, gap_mm: float) -> None:
        self.path = path
        self.gap_mm = gap_mm
        self.notes: list[str] = []
        self.series = series
        first = series.slices[0]
        row, column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
        row /= np.linalg.norm(row)
        column = column - row * (row @ column)
        self.axes = np.column_stack([row, column / np.linalg.norm(column), np.zeros(3)])
        self.axes[:, 2] = np.cross(self.axes[:, 0], self.axes[:, 1])
        self.slices = list(series.slices)

    def volume(self) -> tuple[Volume, list[str]]:
        self._refuse_varying()
        self.slices.sort(key=lambda s: float(np.array(s.position) @ self.axes[:, 2]))
        pixels = _reader(self.slices, self.path)
        images = self._without_doubles([pixels(s) for s in self.slices])
        local = self._places()
        if len(local) < 2:
            raise self._fault("the series holds a single slice", expected="two slices or more")
        steps = np.diff(local[:, 2])
        step = float(np.median(steps))
        self._refuse_gaps(local, steps, step)
        stack = np.stack(images)
        stack, local = self._straightened(stack, local)
        stack, count = self._evened(stack, local, step)
        even = (local[-1, 2] - local[0, 2]) / (count - 1)
        row_mm, column_mm = self.slices[0].pixel_mm
        x, y, z = (float(v) + 0.0 for v in self.axes @ local[0])
        grid = Grid(
            shape=(count, *self.slices[0].shape) if stack.shape[1:] == self.slices[0].shape else stack.shape,
            spacing_mm=(column_mm, row_mm, round(float(even), 6)),
            origin_mm=(x, y, z),
            direction=tuple(float(v) + 0.0 for v in self.axes.ravel()),
            frame_id=self.series.frame_id,
        )
        if not self.series.frame_id:
            self.notes.append("the series names no frame of reference")
        return Volume(stack, grid), self.notes

    def _fault(self, problem: str, *, expected: str = "", mend: str = "") -> InputError:
        return InputError(
            Fault(
                file=str(self.path),
                problem=problem,
                expected=expected,
                mend=mend or "export the whole series again from the scanner",
            )
        )

    def _places(self) -> Float:
        """Positions of the slices along the row, the column and the normal, shape (n, 3), mm."""
        return np.asarray(np.array([s.position for s in self.slices]) @ self.axes)

    def _refuse_varying(self) -> None:
        first = self.slices[0]
        if abs(np.dot(first.orientation[:3], first.orientation[3:])) > _SAME_AXES:
            raise GeometryError(
                Fault(
                    file=str(self.path),
                    field="ImageOrientationPatient",
                    problem="rows and columns are not perpendicular",
                    mend="export the original series from the scanner",
                )
            )
        turned = [
            s for s in self.slices if not np.allclose(s.orientation, first.orientation, atol=_SAME_AXES)
        ]
        sized = [
            s for s in self.slices if s.shape != first.shape or not np.allclose(s.pixel_mm, first.pixel_mm)
        ]
        faults = [
            Fault(
                file=str(self.path),
                field=field,
                problem=f"{len(odd)} of {len(self.slices)} images differ in {what} ({odd[0].file.name})",
                expected=f"one {what} in a series",
                mend="export the series alone, without localizers or reformatted images",
            )
            for odd, field, what in (
                (turned, "ImageOrientationPatient", "orientation"),
                (sized, "Rows, Columns, PixelSpacing", "size"),
            )
            if odd
        ]
        if faults:
            raise GeometryError(*faults)

    def _without_doubles(self, images: list[Image]) -> list[Image]:
        """Drop slices that stand twice with one content; refuse those that contradict."""
        kept: list[Image] = []
        slices: list[Slice] = []
        against, dropped = [], 0
        for item, image in zip(self.slices, images, strict=True):
            if slices and np.linalg.norm(np.subtract(item.position, slices[-1].position)) < _SAME_PLACE_MM:
                if np.array_equal(image, kept[-1]):
                    dropped += 1
                else:
                    against.append(float(np.array(item.position) @ self.axes[:, 2]))
                continue
            kept.append(image)
            slices.append(item)
        if against:
            shown = ", ".join(f"{p:.1f}" for p in against[:5]) + (", …" if len(against) > 5 else "")
            raise self._fault(
                f"{len(against)} slices stand twice at one place with different content (at {shown} mm)",
                expected="one image at each place",
                mend="export one phase or echo of the series alone",
            )
        if dropped:
            self.notes.append(f"{dropped} slices stood twice with the same content; one of each was kept")
        self.slices = slices
        return kept

    def _refuse_gaps(self, local: Float, steps: Float, step: float) -> None:
        wide = [i for i, gap in enumerate(steps) if gap > _GAP_FACTOR * step]
        refused = [i for i in wide if steps[i] > self.gap_mm + _EVEN_MM]
        told = ", ".join(f"{local[i, 2]:.1f} to {local[i + 1, 2]:.1f} mm" for i in (refused or wide)[:8])
        if refused:
            raise self._fault(
                f"slices are missing: usual step {step:.2f} mm, gaps {told}",
                expected=f"no gap over {self.gap_mm:g} mm (imaging.gap.high)",
            )
        if wide:
            missing = sum(round(steps[i] / step) - 1 for i in wide)
            self.notes.append(f"{missing} slices are missing and were interpolated ({told})")

    def _straightened(self, stack: Image, local: Float) -> tuple[Image, Float]:
        """Undo the shear of a tilted gantry by moving each slice within its plane."""
        along = local[:, 2] - local[0, 2]
        shift = local[:, :2] - local[0, :2]
        slope = shift[-1] / along[-1]
        if np.abs(shift - along[:, None] * slope).max() > _WANDER_MM:
            raise GeometryError(
                Fault(
                    file=str(self.path),
                    field="ImagePositionPatient",
                    problem="the slices do not lie on one line",
                    expected="a straight stack",
                    mend="export one straight stack alone",
                )
            )
        row_mm, column_mm = self.slices[0].pixel_mm
        if np.abs(shift).max() < _EVEN_MM * min(row_mm, column_mm):
            return stack, local
        angle = float(np.degrees(np.arctan(np.linalg.norm(slope))))
        self.notes.append(f"a gantry tilt of {angle:.1f}° was straightened by moving each slice in its plane")
        low = np.minimum(shift.min(axis=0), 0)
        pad = [int(np.ceil((shift[:, a] - low[a]).max() / mm)) for a, mm in ((1, row_mm), (0, column_mm))]
        fill = float(stack.min())
        out = np.full((len(stack), stack.shape[1] + pad[0], stack.shape[2] + pad[1]), fill, np.float32)
        for k, image in enumerate(stack):
            move = [(shift[k, 1] - low[1]) / row_mm, (shift[k, 0] - low[0]) / column_mm]
            out[k] = _moved(image, move, out.shape[1:], fill)
        straight = local.copy()
        straight[:, :2] = local[0, :2] + low
        return out, straight

    def _evened(self, stack: Image, local: Float, step: float) -> tuple[Image, int]:
        """Bring unevenly spaced slices onto even steps by linear interpolation."""
        along = local[:, 2] - local[0, 2]
        count = round(float(along[-1] / step)) + 1
        if count == len(stack) and np.abs(along - np.linspace(0, along[-1], count)).max() < _EVEN_MM:
            return stack, count
        wanted = np.linspace(0, along[-1], count)
        after = np.clip(np.searchsorted(along, wanted), 1, len(along) - 1)
        share = ((wanted - along[after - 1]) / (along[after] - along[after - 1])).astype(np.float32)
        self.notes.append(f"{len(stack)} unevenly spaced slices were brought to {count} even steps")
        out = np.empty((count, *stack.shape[1:]), np.float32)
        for k, (upper, part) in enumerate(zip(after, share, strict=True)):
            out[k] = stack[upper - 1] * (1 - part) + stack[upper] * part
        return out, count


def _moved(image: Image, move: Sequence[float], shape: tuple[int, ...], fill: float) -> Image:
    """Place an image in a larger one, moved by (rows, columns), with linear interpolation."""
    from scipy import ndimage

    whole = np.full(shape, fill, np.float32)
    whole[: image.shape[0], : image.shape[1]] = image
    return np.asarray(ndimage.shift(whole, move, order=1, mode="constant", cval=fill), np.float32)


def _reader(slices: Sequence[Slice], path: Path) -> Callable[[Slice], Image]:
    """Give the reader of pixels: single images by GDCM, enhanced objects whole and once."""
    cache: dict[Path, npt.NDArray[np.float32]] = {}

    def read(item: Slice) -> Image:
        if item.frame is None:
            return np.asarray(_pixels(item)[0])
        if item.file not in cache:
            cache[item.file] = _frames(item.file, [s for s in slices if s.file == item.file])
        return np.asarray(cache[item.file][item.frame])

    return read


def _pixels(item: Slice) -> npt.NDArray[np.float32]:
    """Rescaled pixels of a file, shape (frames, rows, columns)."""
    sitk = quiet_itk()
    _refuse_short(item)
    try:
        image = sitk.ReadImage(str(item.file), sitk.sitkFloat32, imageIO="GDCMImageIO")
    except RuntimeError as error:
        raise InputError(
            Fault(
                file=str(item.file),
                problem="the pixels cannot be decoded",
                expected="a whole DICOM file",
                mend="copy or export the series again",
            )
        ) from error
    array = np.asarray(sitk.GetArrayFromImage(image), np.float32)
    return array if array.ndim == 3 else array[None]


def _refuse_short(item: Slice) -> None:
    size = item.file.stat().st_size
    if size < item.file_bytes:
        raise InputError(
            Fault(
                file=str(item.file),
                problem=f"the file is cut short ({size} bytes)",
                expected=f"at least {item.file_bytes} bytes of pixels",
                mend="copy or export the series again",
            )
        )


def _frames(file: Path, slices: Sequence[Slice]) -> npt.NDArray[np.float32]:
    """Rescaled frames of an enhanced object; each frame by its own slope and intercept."""
    import pydicom

    _refuse_short(slices[0])
    rescales = {s.rescale for s in slices}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = pydicom.dcmread(file, force=True)
        try:
            raw = whole.pixel_array.astype(np.float32)
        except Exception as error:  # compressed in a way that only GDCM reads, or damaged
            if len(rescales) == 1:
                return _pixels(slices[0])
            raise InputError(
                Fault(
                    file=str(file),
                    problem="the frames are compressed and rescaled in different ways",
                    mend="export the series uncompressed, or as one file per slice",
                )
            ) from error
    raw = raw if raw.ndim == 3 else raw[None]
    for item in slices:
        slope, intercept = item.rescale or (1.0, 0.0)
        assert item.frame is not None
        raw[item.frame] = raw[item.frame] * slope + intercept
    return raw
