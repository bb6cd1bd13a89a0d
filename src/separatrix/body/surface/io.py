"""Storing a separatrix and reading it back exactly."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from separatrix.body.imaging import read_volume, write_volume
from separatrix.body.surface.formats import Look, read_glb, write_glb, write_stl
from separatrix.body.surface.model import Crossed, Mesh, Separatrix
from separatrix.core import Fault, Grid, StorageError, Twin, Volume
from separatrix.core.storage import read_json, to_json, write_atomic

SHEET_COLOUR = "#2a9d8f"
"""The cut: neither twin's colour."""


def save_separatrix(separatrix: Separatrix, folder: Path) -> None:
    """Store a separatrix.

    Parameters
    ----------
    separatrix
        What `cut` found.
    folder
        Must exist. Gets ``separatrix.stl`` (the sheet as a thin watertight body), ``separatrix.glb``
        (sheet, thin body and both bodies), ``body-A.stl``, ``body-B.stl``, ``side.nii.gz``,
        ``crossed.csv`` and ``result.json``.
    """
    looks = {"separatrix": Look(colour=SHEET_COLOUR)}
    meshes = {"separatrix": separatrix.surface}
    if separatrix.sheet_solid is not None:
        meshes["separatrix-solid"] = separatrix.sheet_solid
        looks["separatrix-solid"] = Look(colour=SHEET_COLOUR)
    for name, mesh in separatrix.parts.items():
        meshes[f"body-{name}"] = mesh
        looks[f"body-{name}"] = Look(colour=Twin(name).colour, opacity=0.5)
        write_stl(mesh, folder / f"body-{name}.stl")
    write_glb({name: (mesh, looks[name]) for name, mesh in meshes.items()}, folder / "separatrix.glb")
    write_stl(separatrix.sheet_solid or separatrix.surface, folder / "separatrix.stl")
    write_volume(separatrix.side, folder / "side.nii.gz")
    write_atomic(folder / "crossed.csv", _crossed_table(separatrix))
    write_atomic(folder / "result.json", to_json(_result(separatrix)))


def _result(separatrix: Separatrix) -> dict[str, Any]:
    return {
        "format": 1,
        "station": "surface",
        "status": "done",
        "because": "",
        "areas_cm2": dict(separatrix.areas_cm2),
        "crossed": [asdict(c) for c in separatrix.crossed],
        "brain_cut_cm2": dict(separatrix.brain_cut_cm2),
        "brain_across_ml": dict(separatrix.brain_across_ml),
        "cost": separatrix.cost,
        "gap": separatrix.gap,
        "gap_bound": separatrix.gap_bound,
        "grid": separatrix.side.grid.to_dict(),
        "assumptions": list(separatrix.assumptions),
        "notes": list(separatrix.notes),
    }


def _crossed_table(separatrix: Separatrix) -> str:
    stream = io.StringIO()
    names = [f.name for f in fields(Crossed) if f.name != "position_mm"]
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*names, "x_mm", "y_mm", "z_mm"])
    for crossed in separatrix.crossed:
        row = [getattr(crossed, name) for name in names]
        numbers = [f"{v:.2f}" if isinstance(v, float) else v for v in row]
        writer.writerow([*numbers, *(f"{v:.1f}" for v in crossed.position_mm)])
    return stream.getvalue()


def load_separatrix(folder: Path) -> Separatrix:
    """Read what `save_separatrix` stored.

    Raises
    ------
    StorageError
        If a file is missing or damaged.
    """
    data = read_json(folder / "result.json")
    meshes = read_glb(folder / "separatrix.glb")
    try:
        crossed = tuple(
            Crossed(**{**item, "position_mm": tuple(item["position_mm"])}) for item in data["crossed"]
        )
        parts: dict[str, Mesh] = {twin.value: meshes[f"body-{twin.value}"] for twin in Twin}
        return Separatrix(
            # the file holds the lattice in single precision and no frame id
            side=Volume(read_volume(folder / "side.nii.gz").array, Grid.from_dict(data["grid"])),
            surface=meshes["separatrix"],
            parts=parts,
            areas_cm2=data["areas_cm2"],
            crossed=crossed,
            cost=data["cost"],
            gap=data["gap"],
            gap_bound=data["gap_bound"],
            notes=tuple(data["notes"]),
            sheet_solid=meshes.get("separatrix-solid"),
            assumptions=tuple(data["assumptions"]),
            brain_cut_cm2=data["brain_cut_cm2"],
            brain_across_ml=data["brain_across_ml"],
        )
    except (KeyError, TypeError) as error:
        raise StorageError(
            Fault(
                file=str(folder / "result.json"),
                problem=f"holds no separatrix ({error})",
                mend="run the plan again with --force",
            )
        ) from error
