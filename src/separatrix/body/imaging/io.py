"""Storing a scene and reading it back, to the last bit."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np

from separatrix.body.imaging.labels import structure_volumes_ml
from separatrix.body.imaging.model import Landmark, Registration, Scene, SceneImage
from separatrix.body.imaging.nifti import write_nifti
from separatrix.body.imaging.volumes import read_volume
from separatrix.core import Fault, Grid, InputError, StorageError, Twin, Unknown, Volume
from separatrix.core.storage import read_json, to_json

_RESULT = "result.json"


def save_scene(scene: Scene, folder: Path) -> None:
    """Store a scene: ``result.json``, ``labels.nii.gz``, ``painted.nii.gz``, ``image-NAME.nii.gz``.

    The same scene gives the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_nifti(scene.labels, folder / "labels.nii.gz")
    write_nifti(scene.painted, folder / "painted.nii.gz")
    for number, image in enumerate(scene.images.values()):
        write_nifti(image.volume, folder / _image_file(number, image.name))
    (folder / _RESULT).write_text(to_json(_to_data(scene)), encoding="utf-8")


def _image_file(number: int, name: str) -> str:
    """Give a file name that is safe for any image name."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in name)
    return f"image-{safe}.nii.gz" if safe == name else f"image-{number}-{safe}.nii.gz"


def _to_data(scene: Scene) -> dict[str, Any]:
    return {
        "format": 1,
        "station": "imaging",
        "status": "done",
        "because": "",
        "is_draft": scene.is_draft,
        "grid": scene.grid.to_dict(),
        "volumes_ml": structure_volumes_ml(scene.labels),
        "images": [_image_data(number, image) for number, image in enumerate(scene.images.values())],
        "landmarks_lps_mm": {
            twin.value: {m.value: [float(v) for v in xyz] for m, xyz in points.items()}
            for twin, points in scene.landmarks.items()
        },
        "assumptions": list(scene.assumptions),
        "notes": list(scene.notes),
    }


def _image_data(number: int, image: SceneImage) -> dict[str, Any]:
    found = image.registration
    return {
        "name": image.name,
        "file": _image_file(number, image.name),
        "modality": image.modality,
        "acquired": image.acquired.to_dict() if isinstance(image.acquired, Unknown) else str(image.acquired),
        "source": image.source,
        "native_grid": image.native.to_dict(),
        "registration": None
        if found is None
        else {
            "matrix_lps_mm": [[float(v) for v in row] for row in found.matrix],
            "information_nats": found.metric,
            "capture_mm": found.capture,
        },
    }


def load_scene(folder: Path) -> Scene:
    """Read what `save_scene` stored.

    Raises
    ------
    StorageError
        If a file is missing or damaged.
    """
    data = read_json(folder / _RESULT)
    try:
        grid = Grid.from_dict(data["grid"])
        images = [_load_image(folder, item, grid) for item in data["images"]]
        return Scene(
            grid=grid,
            images={image.name: image for image in images},
            labels=_load_volume(folder / "labels.nii.gz", grid),
            painted=_load_volume(folder / "painted.nii.gz", grid),
            landmarks={
                Twin(t): {Landmark(m): np.array(xyz, dtype=np.float64) for m, xyz in points.items()}
                for t, points in data["landmarks_lps_mm"].items()
            },
            is_draft=data["is_draft"],
            notes=tuple(data["notes"]),
            assumptions=tuple(data["assumptions"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(
            Fault(
                file=str(folder / _RESULT),
                problem=f"the stored scene cannot be read ({error})",
                mend="run the plan again with --force",
            )
        ) from error


def _load_volume(path: Path, grid: Grid) -> Volume:
    stored = read_volume(path)
    if not stored.grid.same_lattice(grid):
        raise InputError(Fault(file=str(path), problem="lies on another grid than the scene"))
    return Volume(stored.array, grid)


def _load_image(folder: Path, data: dict[str, Any], grid: Grid) -> SceneImage:
    acquired, found = data["acquired"], data["registration"]
    return SceneImage(
        name=data["name"],
        modality=data["modality"],
        volume=_load_volume(folder / data["file"], grid),
        acquired=dt.date.fromisoformat(acquired)
        if isinstance(acquired, str)
        else Unknown(acquired["unknown_because"]),
        source=data["source"],
        native=Grid.from_dict(data["native_grid"]),
        registration=None
        if found is None
        else Registration(
            matrix=np.array(found["matrix_lps_mm"], dtype=np.float64),
            metric=found["information_nats"],
            capture=found["capture_mm"],
        ),
    )
