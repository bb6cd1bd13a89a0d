"""NIfTI-1 and NIfTI-2 files: read with every doubt told, written byte for byte the same.

NIfTI positions are RAS millimetres; they are turned to LPS here and nowhere else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging.packing import pack, read_bytes, unpack
from separatrix.core import Fault, GeometryError, Grid, InputError, Volume

Float = npt.NDArray[np.float64]
Order = Literal["<", ">"]

_ORDERS: tuple[Order, Order] = ("<", ">")
"""Bytes of a number: the low one first, or the high one."""

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])

_AGREE_MM = 0.05
"""Millimetres by which the two positions of a corner, by qform and by sform, may differ."""

_AGREE_SPACING = 0.005
"""Share by which the voxel size told twice (pixdim and sform) may differ."""

_PERPENDICULAR = 1e-3
"""Largest cosine between two axes of a lattice that counts as perpendicular."""

_NIFTI1 = np.dtype(
    {
        "names": [
            "sizeof_hdr", "dim", "datatype", "bitpix", "pixdim", "vox_offset", "scl_slope", "scl_inter",
            "xyzt_units", "descrip", "qform_code", "sform_code", "quatern", "qoffset", "sform", "magic",
        ],
        "formats": [
            "<i4", ("<i2", 8), "<i2", "<i2", ("<f4", 8), "<f4", "<f4", "<f4",
            "u1", "S80", "<i2", "<i2", ("<f4", 3), ("<f4", 3), ("<f4", (3, 4)), "S4",
        ],
        "offsets": [0, 40, 70, 72, 76, 108, 112, 116, 123, 148, 252, 254, 256, 268, 280, 344],
        "itemsize": 348,
    }
)  # fmt: skip
_NIFTI2 = np.dtype(
    {
        "names": [
            "sizeof_hdr", "magic", "datatype", "bitpix", "dim", "pixdim", "vox_offset", "scl_slope",
            "scl_inter", "qform_code", "sform_code", "quatern", "qoffset", "sform", "xyzt_units",
        ],
        "formats": [
            "<i4", "S8", "<i2", "<i2", ("<i8", 8), ("<f8", 8), "<i8", "<f8",
            "<f8", "<i4", "<i4", ("<f8", 3), ("<f8", 3), ("<f8", (3, 4)), "<i4",
        ],
        "offsets": [0, 4, 12, 14, 16, 104, 168, 176, 184, 344, 348, 352, 376, 400, 500],
        "itemsize": 540,
    }
)  # fmt: skip

_TYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
_CODES = {np.dtype(kind): code for code, kind in _TYPES.items()}
_UNITS = {1: "metres", 3: "micrometres"}


def read_nifti(path: Path) -> Volume:
    """Read a ``.nii`` or ``.nii.gz`` file.

    Returns
    -------
    Volume
        The values with the file's scaling applied, on a grid in LPS mm. ``frame_id`` is empty: NIfTI
        names no frame of reference.

    Raises
    ------
    InputError
        If the file is damaged, or holds no single 3D image.
    GeometryError
        If position or unit are missing or told twice in two ways: refused, not guessed.
    """
    raw = unpack(read_bytes(path), path)
    header, order = _header(raw, path)
    shape = _shape(header, path)
    grid = _grid(header, shape, path)
    return Volume(_values(raw, header, order, shape, path), grid)


def _fault(path: Path, problem: str, *, field: str = "", expected: str = "", mend: str = "") -> Fault:
    return Fault(file=str(path), field=field, problem=problem, expected=expected, mend=mend)


def _header(raw: bytes, path: Path) -> tuple[Any, Order]:
    for layout, magics in ((_NIFTI1, (b"n+1",)), (_NIFTI2, (b"n+2",))):
        for order in _ORDERS:
            size = int(np.frombuffer(raw[:4].ljust(4, b"\0"), f"{order}i4")[0])
            if size != layout.itemsize or len(raw) < size:
                continue
            header = np.frombuffer(raw[:size], layout.newbyteorder(order))[0]
            if bytes(header["magic"])[:3] in magics:
                return header, order
    raise InputError(
        _fault(
            path,
            "this is no NIfTI file (its header is missing or cut short)",
            expected="a .nii or .nii.gz file in one piece",
            mend="export the image again, or give the file its true ending",
        )
    )


def _shape(header: Any, path: Path) -> tuple[int, int, int]:
    dim = [int(d) for d in header["dim"]]
    axes = dim[1 : dim[0] + 1] if 1 <= dim[0] <= 7 else []
    if len(axes) < 3 or min(axes) < 1 or any(d != 1 for d in axes[3:]):
        raise InputError(
            _fault(
                path,
                f"the image has the size {axes or dim}",
                field="dim",
                expected="three counts of voxels, one time point",
                mend="export a single 3D volume",
            )
        )
    return axes[2], axes[1], axes[0]


def _values(
    raw: bytes, header: Any, order: Order, shape: tuple[int, int, int], path: Path
) -> npt.NDArray[Any]:
    kind = _TYPES.get(int(header["datatype"]))
    if kind is None:
        raise InputError(
            _fault(
                path,
                f"voxels are of type {int(header['datatype'])}",
                field="datatype",
                expected="one whole or real number per voxel (no colours, no complex numbers)",
                mend="export the image as a grey-value or label volume",
            )
        )
    dtype = np.dtype(kind).newbyteorder(order)
    start, count = int(header["vox_offset"]), int(np.prod(shape))
    if start < 0 or len(raw) < start + count * dtype.itemsize:
        raise InputError(
            _fault(
                path,
                f"the file is cut short: {max(len(raw) - start, 0)} bytes of voxels",
                expected=f"{count * dtype.itemsize} bytes for {shape[2]}×{shape[1]}×{shape[0]} voxels",
                mend="copy or export the file again",
            )
        )
    array = np.frombuffer(raw, dtype, count, start).reshape(shape).astype(dtype.newbyteorder("="))
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0.0 or not np.isfinite([slope, inter]).all() or (slope, inter) == (1.0, 0.0):
        return array  # the format's way to say: not scaled
    return (array * slope + inter).astype(np.float32)


def _grid(header: Any, shape: tuple[int, int, int], path: Path) -> Grid:
    faults = []
    unit = _UNITS.get(int(header["xyzt_units"]) & 7)
    if unit:
        faults.append(
            _fault(
                path,
                f"lengths are in {unit}",
                field="xyzt_units",
                expected="millimetres",
                mend="export the image again with millimetres as its unit",
            )
        )
    affines = {}
    if header["sform_code"] > 0:
        affines["sform"] = np.asarray(header["sform"], dtype=np.float64)
    if header["qform_code"] > 0:
        affines["qform"] = _qform(header)
    if not affines:
        faults.append(
            _fault(
                path,
                "the file does not say where its voxels lie (qform_code and sform_code are both 0)",
                field="qform_code, sform_code",
                expected="a code of 1 or more for at least one of them",
                mend="export the image again from the scanner; left and right are not guessed",
            )
        )
    else:
        faults += _contradictions(affines, header, shape, path)
    if faults:
        raise GeometryError(*faults)
    matrix = affines.get("sform", affines.get("qform"))
    assert matrix is not None
    spacing = np.linalg.norm(matrix[:, :3], axis=0)
    lps = _RAS_TO_LPS @ matrix
    return _tidy_grid(shape, spacing, lps[:, 3], lps[:, :3] / spacing)


def _tidy_grid(shape: tuple[int, int, int], spacing: Float, origin: Float, axes: Float) -> Grid:
    """Give the grid, float32 noise below a millionth taken away."""
    sx, sy, sz = (float(v) for v in np.round(spacing, 6))
    ox, oy, oz = (float(v) + 0.0 for v in np.round(origin, 6))
    return Grid(
        shape=shape,
        spacing_mm=(sx, sy, sz),
        origin_mm=(ox, oy, oz),
        direction=tuple(float(v) + 0.0 for v in np.round(axes, 9).ravel()),
    )


def _qform(header: Any) -> Float:
    """Give the 3×4 RAS matrix of the quaternion."""
    b, c, d = (float(v) for v in header["quatern"])
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ]
    )
    steps = np.asarray(header["pixdim"][1:4], dtype=np.float64)
    handed = -1.0 if header["pixdim"][0] < 0 else 1.0
    scaled = rotation * steps * [1.0, 1.0, handed]
    return np.column_stack([scaled, np.asarray(header["qoffset"], dtype=np.float64)])


def _contradictions(
    affines: dict[str, Float], header: Any, shape: tuple[int, int, int], path: Path
) -> list[Fault]:
    faults = []
    for name, matrix in affines.items():
        lengths = np.linalg.norm(matrix[:, :3], axis=0)
        if not np.isfinite(matrix).all() or lengths.min() <= 0:
            faults.append(
                _fault(
                    path,
                    "the matrix is not one of a lattice",
                    field=name,
                    expected="three finite axes that are not 0",
                    mend="export the image again",
                )
            )
            continue
        axes = matrix[:, :3] / lengths
        if np.abs(axes.T @ axes - np.eye(3)).max() > _PERPENDICULAR:
            faults.append(
                _fault(
                    path,
                    "the axes are sheared, not perpendicular",
                    field=name,
                    expected="perpendicular axes",
                    mend="resample the image to a straight lattice first (3D Slicer: Resample Scalar Volume)",
                )
            )
        told = np.asarray(header["pixdim"][1:4], dtype=np.float64)
        if name == "sform" and np.abs(lengths / np.where(told > 0, told, np.nan) - 1).max() > _AGREE_SPACING:
            faults.append(
                _fault(
                    path,
                    f"voxel size is told twice in two ways: {_three(told)} mm in pixdim, "
                    f"{_three(lengths)} mm in the sform",
                    field="pixdim",
                    expected="one size",
                    mend="export the image again from the scanner or from 3D Slicer",
                )
            )
    if not faults and len(affines) == 2:
        corners = np.array([[x, y, z, 1.0] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
        corners[:, :3] *= np.array(shape[::-1]) - 1
        apart = np.linalg.norm(corners @ (affines["sform"] - affines["qform"]).T, axis=1).max()
        if apart > _AGREE_MM:
            faults.append(
                _fault(
                    path,
                    f"the file holds two positions (qform and sform) that lie up to {apart:.1f} mm apart",
                    field="qform_code, sform_code",
                    expected="one position, or two that agree",
                    mend="find out which is right and export the image with that one alone: not guessed",
                )
            )
    return faults


def _three(values: npt.ArrayLike) -> str:
    return " × ".join(f"{v:.4g}" for v in np.asarray(values, dtype=np.float64))


def nifti_bytes(volume: Volume) -> bytes:
    """Content of a NIfTI-1 file for a volume, not compressed.

    Notes
    -----
    Bool arrays are stored as uint8. qform and sform both carry the position (code 1, scanner).
    """
    array = volume.array.astype(np.uint8) if volume.array.dtype == bool else volume.array
    dtype = array.dtype.newbyteorder("=")
    if dtype not in _CODES:
        raise InputError(
            Fault(
                problem=f"cannot store voxels of type {array.dtype} as NIfTI",
                expected="whole or real numbers",
            )
        )
    grid = volume.grid
    axes_ras = _RAS_TO_LPS @ grid.axes
    offset = _RAS_TO_LPS @ np.asarray(grid.origin_mm)
    handed = 1.0 if np.linalg.det(axes_ras) > 0 else -1.0
    header = np.zeros((), _NIFTI1)
    header["sizeof_hdr"] = 348
    header["dim"] = [3, *grid.shape[::-1], 1, 1, 1, 1]
    header["datatype"], header["bitpix"] = _CODES[dtype], dtype.itemsize * 8
    header["pixdim"] = [handed, *grid.spacing_mm, 0, 0, 0, 0]
    header["vox_offset"], header["scl_slope"] = 352, 1
    header["xyzt_units"] = 2
    header["qform_code"] = header["sform_code"] = 1
    header["quatern"] = _quaternion(axes_ras * [1.0, 1.0, handed])
    header["qoffset"] = offset
    header["sform"] = np.column_stack([axes_ras * np.asarray(grid.spacing_mm), offset])
    header["magic"] = b"n+1"
    little = np.ascontiguousarray(array, dtype=dtype.newbyteorder("<"))
    return header.tobytes() + b"\0\0\0\0" + little.tobytes()


def _quaternion(rotation: Float) -> Float:
    """Vector part (b, c, d) of the unit quaternion of a rotation, its scalar part ≥ 0."""
    from scipy.spatial.transform import Rotation

    x, y, z, w = Rotation.from_matrix(rotation).as_quat()
    return np.array([x, y, z]) * (-1.0 if w < 0 else 1.0)


def write_nifti(volume: Volume, path: Path, *, threads: int = 2) -> None:
    """Write a ``.nii`` or ``.nii.gz`` file, the same bytes for the same volume."""
    raw = nifti_bytes(volume)
    path.write_bytes(pack(raw, threads=threads) if path.name.endswith(".gz") else raw)
