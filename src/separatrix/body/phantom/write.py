"""Writing a pair as a case folder, the way a hospital would send it, with the truth beside it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from separatrix.body.imaging import (
    make_uid,
    write_dicom_series,
    write_landmarks,
    write_segmentation,
    write_volume,
)
from separatrix.body.phantom.model import Pair, Tissue
from separatrix.body.phantom.variants import motion, moved, ragged, thick
from separatrix.core import Fault, InputError
from separatrix.core.storage import to_json, write_atomic
from separatrix.evidence import EvidenceReader, all_entries

STUDY_DATE = dt.date(2026, 11, 16)
"""Day of both scans; the children are as old as the evidence says."""

HIDDEN: dict[str, tuple[Tissue, ...]] = {
    "intracranial": (Tissue.BRAIN_A, Tissue.BRAIN_B, Tissue.CSF, Tissue.DURA),
    "skull": (Tissue.SKULL,),
    "scalp": (Tissue.SCALP,),
    "artery": (Tissue.ARTERY_A, Tissue.ARTERY_B),
    "vein": (Tissue.VEIN_A, Tissue.VEIN_B, Tissue.SHARED_VENOUS),
}
"""What the case shows of the truth's labels: neither the owner nor the gap."""


class _Common(TypedDict):
    patient_id: str
    study_date: dt.date
    seed: int


def write_pair(pair: Pair, folder: Path) -> None:
    """Write the case folder (``case.yaml``, ``imaging/``) and ``truth/``; the same bytes for the same pair.

    Parameters
    ----------
    pair
        From `make_pair`.
    folder
        The case folder; made if missing, and refused if it holds anything.

    Raises
    ------
    InputError
        If the folder is not empty: slices of another pair would mix with this one's.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(
            Fault(file=str(folder), problem="is not empty", expected="a new folder", mend="name another one")
        )
    imaging, truth = folder / "imaging", folder / "truth"
    for part in (imaging, truth):
        part.mkdir(parents=True, exist_ok=True)
    frame = make_uid(pair.options.seed, "frame", "pair")
    common: _Common = {"patient_id": _case_id(pair), "study_date": STUDY_DATE, "seed": pair.options.seed}
    write_dicom_series(
        pair.ct, imaging / "ct", modality="CT", frame_id=frame, description="CT with contrast", **common
    )
    _write_t1(pair, imaging, common)
    labels = pair.labels.array
    if pair.options.ragged:
        labels = ragged(labels, pair.options.seed, pair.options.grid_mm)
    masks = {name: np.isin(labels, values) for name, values in HIDDEN.items()}
    write_segmentation(
        imaging / "labels.seg.nrrd",
        {name: pair.labels.like(mask.astype(np.uint8)) for name, mask in masks.items() if mask.any()},
    )
    write_landmarks(imaging / "landmarks.mrk.json", pair.landmarks)
    write_atomic(folder / "case.yaml", _case_yaml(pair))
    write_truth(pair, truth)


def _write_t1(pair: Pair, imaging: Path, common: _Common) -> None:
    """A NIfTI file; or, for a moved T1, a DICOM series with a frame of reference of its own."""
    options, t1 = pair.options, pair.t1
    if options.t1_moved:
        t1 = moved(t1, motion(options))
    if options.thick_slices_mm is not None:
        t1 = thick(t1, options.thick_slices_mm)
    if options.t1_moved:
        frame = make_uid(options.seed, "frame", "t1")
        write_dicom_series(t1, imaging / "t1", modality="MR", frame_id=frame, description="T1", **common)
    else:
        write_volume(t1, imaging / "t1.nii.gz")


def write_truth(pair: Pair, folder: Path) -> None:
    """Write what is true of the pair: labels, owners, vessels, interface and all measures."""
    write_volume(pair.labels, folder / "labels.nii.gz")
    write_volume(pair.ownership, folder / "ownership.nii.gz")
    np.save(folder / "interface_height.npy", pair.interface_height)
    np.save(folder / "contact.npy", pair.contact)
    np.save(folder / "adherent.npy", pair.adherent)
    write_atomic(folder / "meta.json", to_json(dict(pair.meta)))
    write_atomic(folder / "vessels.json", to_json(vessels_as_data(pair)))


def vessels_as_data(pair: Pair) -> dict[str, Any]:
    """The vessel graph as plain data."""
    return {
        "meta": {"pair": _case_id(pair), "unit": "mm", "frame": "LPS"},
        "nodes": [
            {"id": n.id, "kind": n.kind, "owner": n.owner, "xyz_mm": [round(v, 2) for v in n.xyz_mm]}
            for n in pair.vessels.nodes
        ],
        "edges": [
            {
                "id": e.id,
                "name": e.name,
                "kind": e.kind,
                "a": e.a,
                "b": e.b,
                "label": int(e.label),
                "owner": e.owner,
                "crossing": e.crossing,
                "length_mm": round(e.length_mm, 2),
                "radius_mm": [round(r, 3) for r in e.radius_mm],
                "polyline_mm": np.round(e.polyline_mm, 2).tolist(),
            }
            for e in pair.vessels.edges
        ],
    }


def _case_id(pair: Pair) -> str:
    return f"pair-{pair.options.seed}"


def _case_yaml(pair: Pair) -> str:
    evidence = EvidenceReader(all_entries())
    n = evidence.number
    days = round(n("phantom.age_months") * 365.25 / 12)
    born = STUDY_DATE - dt.timedelta(days=days)
    weight_b = n("phantom.weight_a") * n("phantom.weight_ratio") * pair.options.size_ratio
    t1 = f"{{path: imaging/t1.nii.gz, modality: MR, date: {STUDY_DATE}}}"
    if pair.options.t1_moved:
        t1 = "{path: imaging/t1, modality: MR}"
    return f"""\
format: 1
id: {_case_id(pair)}
title: Demonstration pair {pair.options.seed}, made from an atlas; owners hidden
born: {born}
gestation_weeks: 36
twins:
  A: {{sex: female, weight_kg: {n("phantom.weight_a"):.1f}, haematocrit: {n("phantom.haematocrit_a"):.2f}}}
  B: {{sex: female, weight_kg: {weight_b:.1f}, haematocrit: {n("phantom.haematocrit_b"):.2f}}}
imaging:
  images:
    t1: {t1}
    ct: {{path: imaging/ct, modality: CT}}
  labels:
    path: imaging/labels.seg.nrrd
  landmarks: imaging/landmarks.mrk.json
  grid_mm: {pair.options.grid_mm:g}
protocol: separation
"""
