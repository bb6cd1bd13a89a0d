"""Storing anatomy and reading it back, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from separatrix.body.anatomy.model import (
    Anatomy,
    Classification,
    Gate,
    GateState,
    HeadFrame,
    PaintedPrice,
    SharedItem,
)
from separatrix.body.imaging import read_volume, write_volume
from separatrix.core import Fault, Grid, StorageError, Twin, Unknown, Volume
from separatrix.core.storage import read_json, to_json, write_atomic

CERTAINTY_NOTE = "calibrated on synthetic pairs only"
"""Stands wherever a certainty is printed."""

_MAPS: dict[str, np.dtype[Any]] = {
    "ownership": np.dtype(np.uint8),
    "certainty": np.dtype(np.float32),
    "tissue": np.dtype(np.uint8),
    "adherent": np.dtype(np.uint8),
}


def save_anatomy(anatomy: Anatomy, folder: Path) -> None:
    """Write ``result.json`` and, where there was imaging, the four maps as ``.nii.gz``."""
    grid = None
    for name, dtype in _MAPS.items():
        volume: Volume | None = getattr(anatomy, name)
        if volume is not None:
            grid = volume.grid
            write_volume(volume.like(volume.array.astype(dtype, copy=False)), folder / f"{name}.nii.gz")
    write_atomic(folder / "result.json", to_json(_result(anatomy, grid)))


def load_anatomy(folder: Path) -> Anatomy:
    """Read what `save_anatomy` wrote.

    Raises
    ------
    StorageError
        If a file is missing or damaged.
    """
    path = folder / "result.json"
    data = read_json(path)
    try:
        grid = Grid.from_dict(data["grid"]) if data["grid"] else None
        maps = {name: _map(folder, name, grid) for name in _MAPS}
        return _anatomy(data, maps)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(
            Fault(
                file=str(path),
                problem=f"is no anatomy of this version ({type(error).__name__}: {error})",
                mend="run the plan again with --force",
            )
        ) from error


def _map(folder: Path, name: str, grid: Grid | None) -> Volume | None:
    """Read one map; its exact grid stands in ``result.json``, since NIfTI rounds positions."""
    if grid is None:
        return None
    stored = read_volume(folder / f"{name}.nii.gz")
    if stored.array.shape != grid.shape:
        raise ValueError(f"{name} has the shape {stored.array.shape}, expected {grid.shape}")
    return Volume(stored.array.astype(_MAPS[name], copy=False), grid)


def _result(anatomy: Anatomy, grid: Grid | None) -> dict[str, Any]:
    return {
        "format": 1,
        "station": "anatomy",
        "status": "refused" if anatomy.refused_because else "done",
        "because": anatomy.refused_because,
        "classification": _classification_out(anatomy.classification),
        "shared": [{**asdict(item), "value": _plain(item.value)} for item in anatomy.shared],
        "suitability": [_gate_out(gate) for gate in anatomy.suitability],
        "decision": dict(anatomy.decision),
        "painted": [asdict(price) for price in anatomy.painted],
        "frames": {t.value: _frame_out(f) for t, f in anatomy.frames.items()},
        "certainty_note": CERTAINTY_NOTE,
        "grid": grid.to_dict() if grid else None,
        "assumptions": list(anatomy.assumptions),
        "notes": list(anatomy.notes),
    }


def _anatomy(data: Mapping[str, Any], maps: Mapping[str, Volume | None]) -> Anatomy:
    return Anatomy(
        ownership=maps["ownership"],
        certainty=maps["certainty"],
        tissue=maps["tissue"],
        adherent=maps["adherent"],
        frames={Twin(t): _frame_in(f) for t, f in data["frames"].items()},
        classification=_classification_in(data["classification"]),
        shared=tuple(SharedItem(**{**i, "value": _value(i["value"])}) for i in data["shared"]),
        suitability=tuple(_gate_in(g) for g in data["suitability"]),
        painted=tuple(PaintedPrice(**p) for p in data["painted"]),
        refused_because=data["because"],
        decision=data["decision"],
        assumptions=tuple(data["assumptions"]),
        notes=tuple(data["notes"]),
    )


_SCHEMES = ("stone_goodrich", "oconnell", "winston")
_ANGLES = ("angle_longitudinal_deg", "rotation_axial_deg", "angle_bodies_deg")


def _classification_out(found: Classification) -> dict[str, Any]:
    """Give the most likely class of each scheme as one word, the others under ``alternatives``."""
    classes = {name: getattr(found, name) for name in _SCHEMES}
    silent = Unknown("too little is known to class the union").to_dict()
    return {
        **{name: kinds[0] if kinds else silent for name, kinds in classes.items()},
        **{name: _plain(getattr(found, name)) for name in _ANGLES},
        "angle_used": found.angle_used,
        "alternatives": {name: list(kinds[1:]) for name, kinds in classes.items()},
        "notes": list(found.notes),
    }


def _classification_in(data: Mapping[str, Any]) -> Classification:
    classes = {
        name: (data[name], *data["alternatives"][name]) if isinstance(data[name], str) else ()
        for name in _SCHEMES
    }
    return Classification(
        stone_goodrich=classes["stone_goodrich"],
        oconnell=classes["oconnell"],
        winston=classes["winston"],
        angle_longitudinal_deg=_value(data["angle_longitudinal_deg"]),
        rotation_axial_deg=_value(data["rotation_axial_deg"]),
        angle_bodies_deg=_value(data["angle_bodies_deg"]),
        angle_used=data["angle_used"],
        notes=tuple(data["notes"]),
    )


def _gate_out(gate: Gate) -> dict[str, Any]:
    return {
        "id": gate.id,
        "question": gate.question,
        "state": gate.state.value,
        "because": gate.because,
        "source_ids": list(gate.source_ids),
        "twin": gate.twin.value if gate.twin else None,
    }


def _gate_in(data: Mapping[str, Any]) -> Gate:
    return Gate(
        id=data["id"],
        question=data["question"],
        state=GateState(data["state"]),
        because=data["because"],
        source_ids=tuple(data["source_ids"]),
        twin=Twin(data["twin"]) if data["twin"] else None,
    )


def _frame_out(frame: HeadFrame) -> dict[str, list[float]]:
    return {
        "origin_mm": [float(v) for v in frame.origin_mm],
        "right": [float(v) for v in frame.right],
        "facing": [float(v) for v in frame.facing],
        "superior": [float(v) for v in frame.superior],
    }


def _frame_in(data: Mapping[str, Any]) -> HeadFrame:
    return HeadFrame(**{name: np.asarray(values, dtype=np.float64) for name, values in data.items()})


def _plain(value: float | Unknown) -> float | dict[str, str]:
    return value.to_dict() if isinstance(value, Unknown) else float(value)


def _value(data: float | Mapping[str, str]) -> float | Unknown:
    return Unknown(data["unknown_because"]) if isinstance(data, Mapping) else float(data)
