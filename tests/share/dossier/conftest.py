"""Two balls joined at the top: the smallest pair that has everything a dossier shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from separatrix.body.anatomy.model import (
    Anatomy,
    Classification,
    Gate,
    GateState,
    HeadFrame,
    PaintedPrice,
    SharedItem,
)
from separatrix.body.imaging.model import Scene, SceneImage, Structure
from separatrix.body.surface.model import Crossed, Mesh, Separatrix
from separatrix.case.model import Case, CaseFile
from separatrix.core import Grid, Owner, Provenance, Twin, Unknown, Volume
from separatrix.evidence import Entry, Kind, Mark
from separatrix.share.dossier import DossierFiles, StationSummary, write_dossier

STEP_MM = 2.5
SHAPE = (64, 36, 44)
"""z, y, x"""


@dataclass(frozen=True)
class Plan:
    """What the stations would hand over."""

    scene: Scene
    anatomy: Anatomy
    separatrix: Separatrix


def _grid(flip: bool) -> Grid:
    """The same box of space, with the lattice's x and y running the other way when flipped."""
    z, y, x = SHAPE
    low = np.array([-(x - 1) / 2, -(y - 1) / 2, -(z - 1) / 2]) * STEP_MM
    high = -low
    sign = -1.0 if flip else 1.0
    origin = (high[0], high[1], low[2]) if flip else tuple(low)
    return Grid(
        shape=SHAPE,
        spacing_mm=(STEP_MM,) * 3,
        origin_mm=origin,
        direction=(sign, 0, 0, 0, sign, 0, 0, 0, 1),
        frame_id="test",
    )


def make_plan(flip: bool = False) -> Plan:
    """A below, B above; A's artery on the patient's left, B's vein at the back: no mirror symmetry."""
    grid = _grid(flip)
    x, y, z = np.moveaxis(grid.index_to_mm(np.stack(np.indices(SHAPE), axis=-1)), -1, 0)
    height = z - 3.0 - 4.0 * np.sin(x / 12.0)  # a wavy interface, A's side negative
    from_a, from_b = np.sqrt(x**2 + y**2 + (z + 30) ** 2), np.sqrt(x**2 + y**2 + (z - 30) ** 2)
    inner = np.minimum(from_a, from_b)
    tissue = np.zeros(SHAPE, np.uint8)
    tissue[inner < 41] = Structure.SCALP
    tissue[inner < 37] = Structure.SKULL
    tissue[inner < 34] = Structure.CSF
    tissue[(inner < 32) & (np.abs(height) > 1.0)] = Structure.BRAIN
    tissue[(np.hypot(x - 18, y) < 3.0) & (z < -8) & (z > -45)] = Structure.ARTERY
    tissue[(np.hypot(x, y - 18) < 3.0) & (z > 8) & (z < 45)] = Structure.VEIN
    tissue[(np.abs(np.hypot(x, y) - 14) < 3.0) & (np.abs(z - 3) < 3.0)] = Structure.SINUS
    body = tissue > 0
    side = np.where(body, np.where(height < 0, 1, 2), 0).astype(np.uint8)
    owner = np.where(tissue == Structure.SINUS, Owner.SHARED, side).astype(np.uint8)
    certainty = np.where(np.abs(height) < 6, 0.8, 1.0).astype(np.float32)
    adherent = ((tissue == Structure.BRAIN) & (np.abs(height) < 5) & (x > 0)).astype(np.uint8)
    mr = (body * (400 - 4 * inner)).astype(np.float32)
    ct = np.where(tissue == Structure.SKULL, 900.0, np.where(body, 40.0, -1000.0)).astype(np.float32)
    images = {
        name: SceneImage(
            name=name,
            modality=modality,
            volume=Volume(array, grid),
            acquired=acquired,
            source=f"imaging/{name}",
            native=grid,
        )
        for name, modality, array, acquired in (
            ("t1", "MR", mr, dt.date(2026, 11, 2)),
            ("ct", "CT", ct, Unknown("the file carries no date")),
        )
    }
    scene = Scene(
        grid=grid,
        images=images,
        labels=Volume(tissue, grid),
        painted=Volume(np.zeros(SHAPE, np.uint8), grid),
        landmarks={twin: {} for twin in Twin},
        notes=("BANNER: date of CT ct is unknown", "12 slices were duplicates"),
    )
    return Plan(scene, _anatomy(grid, tissue, owner, certainty, adherent), _separatrix(grid, side))


def _anatomy(grid: Grid, tissue: Any, owner: Any, certainty: Any, adherent: Any) -> Anatomy:
    up, front = np.array([0.0, 0, 1]), np.array([0.0, -1, 0])
    frames = {
        Twin.A: HeadFrame(
            origin_mm=np.array([0.0, 0, -40]), right=np.array([-1.0, 0, 0]), facing=front, superior=up
        ),
        Twin.B: HeadFrame(
            origin_mm=np.array([0.0, 0, 40]), right=np.array([-1.0, 0, 0]), facing=-front, superior=-up
        ),
    }
    return Anatomy(
        ownership=Volume(owner, grid),
        certainty=Volume(certainty, grid),
        tissue=Volume(tissue, grid),
        adherent=Volume(adherent, grid),
        frames=frames,
        classification=Classification(
            stone_goodrich=("TV-II", "TV-III"),
            oconnell=("total II",),
            winston=("D",),
            angle_longitudinal_deg=172.4,
            rotation_axial_deg=141.2,
        ),
        shared=(
            SharedItem(
                id="contact",
                name="Contact area",
                value=24.6,
                low=22.0,
                high=27.0,
                unit="cm2",
                how="area of the meeting brains",
            ),
            SharedItem(
                id="fused",
                name="Fused tissue",
                value=Unknown("no image tells fusion from adherence"),
                low=None,
                high=None,
                unit="ml",
                how="not measured",
            ),
        ),
        suitability=(
            Gate(
                id="vault",
                question="Is the union of the vault only?",
                state=GateState.MET,
                because="joined above the ears",
                source_ids=("S05",),
            ),
            Gate(
                id="heart",
                question="Can the heart stand alone?",
                state=GateState.NOT_MET,
                because="echo of May",
                source_ids=("S45",),
                twin=Twin.B,
            ),
        ),
        painted=(
            PaintedPrice(
                structure="brain", owner="B", voxels=40, volume_ml=0.6, disagreeing_ml=0.2, extra_cost=0.0042
            ),
        ),
        refused_because="",
        notes=("the sinus is shared",),
    )


def _separatrix(grid: Grid, side: Any) -> Separatrix:
    xs, ys = np.meshgrid(np.linspace(-35, 35, 15), np.linspace(-35, 35, 15))
    vertices = np.stack([xs, ys, 3.0 + 4.0 * np.sin(xs / 12.0)], axis=-1).reshape(-1, 3)
    corner = np.arange(15 * 14).reshape(14, 15)[:, :-1].ravel()
    faces = np.concatenate(
        [
            np.stack([corner, corner + 1, corner + 16], 1),
            np.stack([corner, corner + 16, corner + 15], 1),
        ]
    )
    return Separatrix(
        side=Volume(side, grid),
        surface=Mesh(vertices_mm=vertices, faces=faces.astype(np.int64)),
        parts={},
        areas_cm2={"brain": 3.2, "csf": 20.1, "dura": 1.0, "skull": 6.0, "scalp": 8.0, "vessels": 0.7},
        crossed=(
            Crossed(
                id="sinus-1",
                structure="sinus",
                owner="shared",
                position_mm=(14.0, 0.0, 3.0),
                area_mm2=28.0,
                calibre_mm=6.0,
                calibre_low_mm=4.8,
                calibre_high_mm=7.1,
            ),
        ),
        cost=812.0,
        gap=None,
        gap_bound=0.0006,
        brain_cut_cm2={"A": 2.1, "B": 1.1},
        brain_across_ml={"A": 0.23, "B": 0.0},
    )


def make_case(**changes: Any) -> Case:
    """A case with imaging, born."""
    data: dict[str, Any] = {
        "format": 1,
        "id": "balls-1",
        "title": "Two balls",
        "born": "2026-02-14",
        "twins": {"A": {"sex": "female", "weight_kg": 8.1}, "B": {"weight_kg": 7.8}},
    }
    data |= changes
    return Case(Path("case"), CaseFile.model_validate({k: v for k, v in data.items() if v is not None}))


ENTRIES = (
    Entry(
        id="surface.cost.brain",
        kind=Kind.NUMBER,
        value=10.0,
        low=5.0,
        high=20.0,
        unit="1",
        mark=Mark.ASSUMPTION,
        source_ids=(),
        note="the team must set it",
    ),
    Entry(
        id="classification.angular_below",
        kind=Kind.NUMBER,
        value=140.0,
        low=None,
        high=None,
        unit="deg",
        mark=Mark.EXPERT,
        source_ids=("S01",),
        note="",
    ),
)


def make_stations(**status: tuple[str, str]) -> list[StationSummary]:
    """Three stations; name=(status, because) for those that are not done."""
    reads = {
        "imaging": {},
        "anatomy": {"classification.angular_below": [140.0, None, None]},
        "surface": {"surface.cost.brain": [10.0, 5.0, 20.0]},
    }
    return [
        StationSummary(
            name=name,
            question=f"What of {name}?",
            status=status.get(name, ("done", ""))[0],
            because=status.get(name, ("done", ""))[1],
            notes=(),
            provenance=Provenance(
                station=name,
                version="0.1.0",
                source_sha256="ab" * 32,
                seed=7,
                inputs={"case.imaging": "cd" * 32},
                evidence=read,
                files={"result.json": "12" * 32},
            ),
        )
        for name, read in reads.items()
    ]


@pytest.fixture(scope="session")
def plan() -> Plan:
    return make_plan()


@pytest.fixture(scope="session")
def flipped_plan() -> Plan:
    return make_plan(flip=True)


@pytest.fixture(scope="session")
def case_with() -> Callable[..., Case]:
    return make_case


@pytest.fixture(scope="session")
def stations_with() -> Callable[..., list[StationSummary]]:
    return make_stations


@pytest.fixture(scope="session")
def entries() -> tuple[Entry, ...]:
    return ENTRIES


@pytest.fixture(scope="session")
def written(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> DossierFiles:
    """A whole dossier of the two balls, written once."""
    return write_dossier(
        case=make_case(),
        scene=plan.scene,
        anatomy=plan.anatomy,
        separatrix=plan.separatrix,
        stations=make_stations(),
        entries=ENTRIES,
        folder=tmp_path_factory.mktemp("dossier"),
    )
