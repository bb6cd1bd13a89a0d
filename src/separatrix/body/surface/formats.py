"""Triangle meshes as binary STL and GLB, the same bytes for the same mesh on every machine.

Both hold patient LPS millimetres. STL has no place to say so but its header; the GLB says it in
``asset.extras`` (glTF itself would have metres), has a named node per mesh and the twins' colours.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from separatrix.body.surface.model import Mesh
from separatrix.core import Fault, StorageError
from separatrix.core.storage import write_atomic

_STL_HEADER = b"Separatrix; patient LPS; millimetres"
_GLB_MAGIC, _JSON_CHUNK, _BIN_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942
_FLOAT, _UINT = 5126, 5125
_VERTICES, _INDICES = 34962, 34963


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a mesh is shown."""

    colour: str
    """``#rrggbb``."""
    opacity: float = 1.0


def stl_bytes(mesh: Mesh) -> bytes:
    """Binary STL, LPS mm, normals by the right-hand rule."""
    corners = mesh.vertices_mm[mesh.faces].astype("<f4")
    normal = np.cross(
        (corners[:, 1] - corners[:, 0]).astype(np.float64), (corners[:, 2] - corners[:, 0]).astype(np.float64)
    )
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    rows = np.zeros(
        len(mesh.faces), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("unused", "<u2")]
    )
    rows["normal"] = normal
    rows["corners"] = corners
    return _STL_HEADER.ljust(80, b" ") + struct.pack("<I", len(mesh.faces)) + rows.tobytes()


def _linear(colour: str) -> list[float]:
    """An ``#rrggbb`` colour in linear light, as glTF wants it."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    return [round(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4, 6) for c in channels]


def glb_bytes(meshes: Mapping[str, tuple[Mesh, Look]]) -> bytes:
    """One GLB with a node per mesh, in the order given."""
    binary = bytearray()
    views: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []

    def add(data: bytes, target: int, accessor: dict[str, Any]) -> int:
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data), "target": target})
        binary.extend(data)
        accessors.append({"bufferView": len(views) - 1, **accessor})
        return len(accessors) - 1

    nodes: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    materials: list[dict[str, Any]] = []
    for name, (mesh, look) in meshes.items():
        points = mesh.vertices_mm.astype("<f4")
        primitive = {
            "attributes": {
                "POSITION": add(
                    points.tobytes(),
                    _VERTICES,
                    {
                        "componentType": _FLOAT,
                        "count": len(points),
                        "type": "VEC3",
                        "min": [float(v) for v in points.min(axis=0)],
                        "max": [float(v) for v in points.max(axis=0)],
                    },
                )
            },
            "indices": add(
                mesh.faces.astype("<u4").tobytes(),
                _INDICES,
                {"componentType": _UINT, "count": int(mesh.faces.size), "type": "SCALAR"},
            ),
            "material": len(materials),
        }
        material: dict[str, Any] = {
            "name": name,
            "doubleSided": True,
            "pbrMetallicRoughness": {
                "baseColorFactor": [*_linear(look.colour), look.opacity],
                "metallicFactor": 0,
                "roughnessFactor": 0.8,
            },
        }
        if look.opacity < 1:
            material["alphaMode"] = "BLEND"
        nodes.append({"name": name, "mesh": len(items)})
        items.append({"name": name, "primitives": [primitive]})
        materials.append(material)
    description = {
        "asset": {"version": "2.0", "generator": "Separatrix", "extras": {"frame": "LPS", "unit": "mm"}},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(nodes)))}],
        "nodes": nodes,
        "meshes": items,
        "materials": materials,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    text = json.dumps(description, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    return b"".join(
        [
            struct.pack("<III", _GLB_MAGIC, 2, total),
            struct.pack("<II", len(text), _JSON_CHUNK),
            text,
            struct.pack("<II", len(binary), _BIN_CHUNK),
            bytes(binary),
        ]
    )


def write_stl(mesh: Mesh, path: Path) -> None:
    """Store a mesh as binary STL."""
    write_atomic(path, stl_bytes(mesh))


def write_glb(meshes: Mapping[str, tuple[Mesh, Look]], path: Path) -> None:
    """Store meshes with their looks as one GLB."""
    write_atomic(path, glb_bytes(meshes))


def read_glb(path: Path) -> dict[str, Mesh]:
    """Read what `write_glb` wrote: meshes by node name.

    Raises
    ------
    StorageError
        If the file is damaged or not one of ours.
    """
    try:
        raw = path.read_bytes()
        magic, _, total = struct.unpack_from("<III", raw)
        length, _ = struct.unpack_from("<II", raw, 12)
        if magic != _GLB_MAGIC or total != len(raw):
            raise ValueError("not a whole GLB")
        description = json.loads(raw[20 : 20 + length])
        binary = memoryview(raw)[28 + length :]
        if description["asset"]["extras"] != {"frame": "LPS", "unit": "mm"}:
            raise ValueError("not in LPS mm")
        found = {}
        for node in description["nodes"]:
            primitive = description["meshes"][node["mesh"]]["primitives"][0]
            points = _accessed(description, binary, primitive["attributes"]["POSITION"], "<f4")
            faces = _accessed(description, binary, primitive["indices"], "<u4")
            found[str(node["name"])] = Mesh(
                vertices_mm=points.reshape(-1, 3).astype(np.float64),
                faces=faces.reshape(-1, 3).astype(np.int64),
            )
    except (OSError, ValueError, KeyError, IndexError, TypeError, struct.error) as error:
        raise StorageError(
            Fault(file=str(path), problem=f"cannot be read ({error})", mend="run the plan again with --force")
        ) from error
    return found


def _accessed(description: dict[str, Any], binary: memoryview, number: int, kind: str) -> Any:
    view = description["bufferViews"][description["accessors"][number]["bufferView"]]
    start = view["byteOffset"]
    return np.frombuffer(binary[start : start + view["byteLength"]], dtype=kind)
