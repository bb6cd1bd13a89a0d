"""NRRD files, the format of 3D Slicer: header fields, voxels, and their place in LPS millimetres."""

from __future__ import annotations

import bz2
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from separatrix.body.imaging.packing import MOST_BYTES, pack, read_bytes, unpack
from separatrix.core import Fault, GeometryError, Grid, InputError, Volume

_SPACES = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
"""Known spaces and the signs that turn their axes to LPS."""

_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_TYPE_OF = {name: kind for kind, names in _TYPES.items() for name in names}
_NAME_OF = {np.dtype(kind): (names[0] if kind != "u1" else "unsigned char") for kind, names in _TYPES.items()}

_PERPENDICULAR = 1e-3
"""Largest cosine between two axes of a lattice that counts as perpendicular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nrrd:
    """What an NRRD file holds."""

    layers: npt.NDArray[Any]
    """Shape (layers, z, y, x); one layer for a plain volume."""
    grid: Grid
    fields: Mapping[str, str]
    """Standard fields, names in lower case."""
    keys: Mapping[str, str]
    """Key/value pairs (``key:=value``), names as written."""


def read_nrrd(path: Path) -> Nrrd:
    """Read a ``.nrrd`` file with attached data.

    Raises
    ------
    InputError
        If the file is damaged, detached or of an unknown kind.
    GeometryError
        If its space is missing or unknown: refused, not guessed.
    """
    raw = read_bytes(path)
    fields, keys, start = _header(raw, path)
    sizes, layer_axis = _sizes(fields, path)
    grid = _grid(fields, sizes, layer_axis, path)
    array = _voxels(raw[start:], fields, sizes, path)
    layers = array[..., None] if layer_axis is None else np.moveaxis(array, len(sizes) - 1 - layer_axis, -1)
    return Nrrd(layers=np.moveaxis(layers, -1, 0), grid=grid, fields=fields, keys=keys)


def _fault(path: Path, problem: str, *, field: str = "", expected: str = "", mend: str = "") -> Fault:
    return Fault(file=str(path), field=field, problem=problem, expected=expected, mend=mend)


def _header(raw: bytes, path: Path) -> tuple[dict[str, str], dict[str, str], int]:
    end = re.search(rb"\r?\n\r?\n", raw)
    if not raw.startswith(b"NRRD000") or end is None:
        raise InputError(
            _fault(
                path,
                "this is no NRRD file with attached data (its header is missing or cut short)",
                expected="a .nrrd file in one piece",
                mend="export the file again from 3D Slicer as .nrrd or .seg.nrrd",
            )
        )
    fields: dict[str, str] = {}
    keys: dict[str, str] = {}
    for line in raw[: end.start()].decode("utf-8", errors="replace").splitlines()[1:]:
        if line.startswith("#"):
            continue
        if ":=" in line and (": " not in line or line.index(":=") < line.index(": ")):
            key, value = line.split(":=", 1)
            keys[key] = value.replace("\\n", "\n").replace("\\\\", "\\")
        elif ":" in line:
            key, value = line.split(":", 1)
            fields[key.strip().lower()] = value.strip()
    if "data file" in fields or "datafile" in fields:
        raise InputError(
            _fault(
                path,
                "the header and the voxels are in two files",
                expected="one file",
                mend="save it as .nrrd (not .nhdr)",
            )
        )
    return fields, keys, end.end()


def _sizes(fields: Mapping[str, str], path: Path) -> tuple[list[int], int | None]:
    """Sizes, fastest axis first, and which axis (if any) counts layers instead of space."""
    try:
        sizes = [int(s) for s in fields["sizes"].split()]
    except (KeyError, ValueError):
        sizes = []
    directions = _directions(fields)
    flat = [axis for axis, vector in enumerate(directions) if vector is None]
    if len(sizes) == 4 and len(directions) == 4 and len(flat) == 1 and min(sizes) >= 1:
        return sizes, flat[0]
    if len(sizes) != 3 or min(sizes) < 1:
        raise InputError(
            _fault(
                path,
                f"sizes are '{fields.get('sizes', '')}'",
                field="sizes",
                expected="three counts of voxels (four where segments stand in layers)",
                mend="export a single 3D volume",
            )
        )
    return sizes, None


def _directions(fields: Mapping[str, str]) -> list[npt.NDArray[np.float64] | None]:
    found: list[npt.NDArray[np.float64] | None] = []
    for text in re.findall(r"none|\([^)]*\)", fields.get("space directions", "")):
        found.append(None if text == "none" else np.array([_real(v) for v in text[1:-1].split(",")]))
    return found


def _real(text: str) -> float:
    """Number, or NaN where the text is none: what it stands for is told as a whole."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _grid(fields: Mapping[str, str], sizes: list[int], layer_axis: int | None, path: Path) -> Grid:
    space = fields.get("space", "").lower()
    signs = _SPACES.get(space)
    units = set(re.findall(r'"([^"]*)"', fields.get("space units", ""))) - {"", "mm"}
    faults = []
    if signs is None:
        faults.append(
            _fault(
                path,
                f"the space is {f'{space!r}' if space else 'not told'}",
                field="space",
                expected="left-posterior-superior, right-anterior-superior or left-anterior-superior",
                mend="export the file again from 3D Slicer; left and right are not guessed",
            )
        )
    if units:
        faults.append(
            _fault(
                path,
                f"lengths are in {', '.join(sorted(units))}",
                field="space units",
                expected="mm",
                mend="export the file again with millimetres as its unit",
            )
        )
    try:
        vectors = [v for v in _directions(fields) if v is not None]
        matrix = np.column_stack(vectors) if vectors else np.empty((0, 0))
        origin = np.array([float(v) for v in fields.get("space origin", "").strip("() ").split(",") if v])
    except ValueError:
        matrix, origin = np.empty((0, 0)), np.empty(0)
    if matrix.shape != (3, 3) or origin.shape != (3,) or not np.isfinite([*matrix.ravel(), *origin]).all():
        faults.append(
            _fault(
                path,
                "the file does not say where its voxels lie",
                field="space directions, space origin",
                expected="three vectors and a point, in millimetres",
                mend="export the file again from 3D Slicer; position is not guessed",
            )
        )
    if faults:
        raise GeometryError(*faults)
    assert signs is not None
    lengths = np.linalg.norm(matrix, axis=0)
    axes = np.array(signs)[:, None] * matrix / np.where(lengths > 0, lengths, 1)
    if lengths.min() <= 0 or np.abs(axes.T @ axes - np.eye(3)).max() > _PERPENDICULAR:
        raise GeometryError(
            _fault(
                path,
                "the axes are sheared or of length 0",
                field="space directions",
                expected="perpendicular axes",
                mend="resample the image to a straight lattice first (3D Slicer: Resample Scalar Volume)",
            )
        )
    x, y, z = (n for axis, n in enumerate(sizes) if axis != layer_axis)
    sx, sy, sz = (float(v) for v in np.round(lengths, 9))
    ox, oy, oz = (float(v) + 0.0 for v in np.array(signs) * origin)
    return Grid(
        shape=(z, y, x),
        spacing_mm=(sx, sy, sz),
        origin_mm=(ox, oy, oz),
        direction=tuple(float(v) + 0.0 for v in axes.ravel()),
    )


def _voxels(raw: bytes, fields: Mapping[str, str], sizes: list[int], path: Path) -> npt.NDArray[Any]:
    kind = _TYPE_OF.get(fields.get("type", "").lower())
    encoding = fields.get("encoding", "").lower()
    skips = [fields.get(name, "0") for name in ("byte skip", "byteskip", "line skip", "lineskip")]
    if kind is None or encoding not in ("raw", "gzip", "gz", "bzip2", "bz2") or set(skips) != {"0"}:
        raise InputError(
            _fault(
                path,
                f"type '{fields.get('type', '')}', encoding '{encoding}', skips {skips}",
                field="type, encoding",
                expected="whole or real numbers, encoding raw or gzip, nothing skipped",
                mend="export the file again from 3D Slicer",
            )
        )
    if encoding in ("gzip", "gz"):
        if not raw.startswith(b"\x1f\x8b"):
            raise InputError(
                _fault(path, "the compressed data are damaged or missing", mend="export the file again")
            )
        raw = unpack(raw, path)
    elif encoding.startswith("bz"):
        try:
            raw = bz2.BZ2Decompressor().decompress(raw, max_length=MOST_BYTES)
        except (OSError, ValueError) as error:
            raise InputError(
                _fault(path, f"the compressed data are damaged ({error})", mend="export the file again")
            ) from error
    order: Literal["<", ">"] = ">" if fields.get("endian", "little").lower() == "big" else "<"
    dtype = np.dtype(kind).newbyteorder(order)
    count = math.prod(sizes)
    if len(raw) < count * dtype.itemsize:
        raise InputError(
            _fault(
                path,
                f"the file is cut short: {len(raw)} bytes of voxels",
                expected=f"{count * dtype.itemsize} bytes for {'×'.join(map(str, sizes))} voxels",
                mend="copy or export the file again",
            )
        )
    return np.frombuffer(raw, dtype, count).reshape(sizes[::-1]).astype(dtype.newbyteorder("="))


def nrrd_bytes(layers: npt.NDArray[Any], grid: Grid, keys: Mapping[str, str], *, threads: int = 2) -> bytes:
    """Content of an NRRD file as 3D Slicer writes it, gzip inside.

    Parameters
    ----------
    layers
        Shape (z, y, x) for a plain volume, or (layers, z, y, x).
    grid
        Place of the voxels.
    keys
        Key/value pairs, written in their order.
    """
    array = layers.astype(np.uint8) if layers.dtype == bool else layers
    dtype = array.dtype.newbyteorder("=")
    vectors = [f"({','.join(_number(v) for v in column)})" for column in (grid.axes * grid.spacing_mm).T]
    sizes = [*grid.shape[::-1]]
    if array.ndim == 4:
        vectors, sizes = ["none", *vectors], [array.shape[0], *sizes]
        array = np.moveaxis(array, 0, -1)
    lines = [
        "NRRD0004",
        "# Complete NRRD file format specification at:",
        "# http://teem.sourceforge.net/nrrd/format.html",
        f"type: {_NAME_OF[dtype]}",
        f"dimension: {len(sizes)}",
        "space: left-posterior-superior",
        f"sizes: {' '.join(map(str, sizes))}",
        f"space directions: {' '.join(vectors)}",
        f"kinds: {'list ' if len(sizes) == 4 else ''}domain domain domain",
        *(["endian: little"] if dtype.itemsize > 1 else []),
        "encoding: gzip",
        f"space origin: ({','.join(_number(v) for v in grid.origin_mm)})",
        *(f"{key}:={value.replace(chr(10), ' ')}" for key, value in keys.items()),
    ]
    little = np.ascontiguousarray(array, dtype=dtype.newbyteorder("<"))
    return ("\n".join(lines) + "\n\n").encode() + pack(little.tobytes(), threads=threads)


def _number(value: float) -> str:
    return repr(float(value) + 0.0).removesuffix(".0")


def read_nrrd_volume(path: Path) -> Volume:
    """Read a NRRD file of one layer."""
    found = read_nrrd(path)
    if found.layers.shape[0] != 1:
        raise InputError(
            _fault(
                path,
                f"the file holds {found.layers.shape[0]} layers",
                expected="one volume",
                mend="if it is a segmentation of 3D Slicer, name it .seg.nrrd and give it as labels",
            )
        )
    return Volume(np.ascontiguousarray(found.layers[0]), found.grid)
