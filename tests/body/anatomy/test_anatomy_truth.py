"""On the reference pair with its true brains: owners of all the rest, and the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from separatrix.body.anatomy.assign import assign_owners
from separatrix.body.anatomy.frames import head_frames
from separatrix.body.anatomy.shared import Body, measure_channel, measure_contact, shared_table
from separatrix.body.imaging import read_volume
from separatrix.body.imaging.landmarks import read_landmarks
from separatrix.body.imaging.model import Scene, Structure
from separatrix.core import Owner

S = Structure
FROM_TRUTH = np.array(
    [0, S.BRAIN, S.BRAIN, S.SKULL, S.SCALP, S.CSF, S.DURA, S.ARTERY, S.ARTERY, S.VEIN, S.VEIN, S.VEIN],
    dtype=np.uint8,
)


@pytest.mark.shared
def test_reference_pair_outside_the_brains(shared_data: Path, evidence) -> None:
    folder = shared_data / "fused_phantom"
    labels, truth = read_volume(folder / "labels.nii.gz"), read_volume(folder / "ownership.nii.gz").array
    tissue = FROM_TRUTH[labels.array]
    brain = tissue == S.BRAIN
    scene = Scene(
        grid=labels.grid,
        images={},
        labels=labels.like(tissue),
        painted=labels.like(np.zeros_like(tissue)),
        landmarks=read_landmarks(folder / "case" / "imaging" / "landmarks.mrk.json"),
    )
    found = assign_owners(
        scene,
        tissue,
        np.where(brain, truth, 0).astype(np.uint8),
        np.where(brain, 1.0, 0.5).astype(np.float32),
        frames=head_frames(scene.landmarks, evidence=evidence),
        evidence=evidence,
    )
    for structure, limit in ((S.SKULL, 0.025), (S.SCALP, 0.012), (S.DURA, 0.05), (S.CSF, 0.06)):
        of = tissue == structure
        assert (found.owner[of] != truth[of]).mean() < limit, structure
    outer = np.isin(tissue, (S.SKULL, S.SCALP))
    for low in (0.6, 0.8, 0.9, 0.95, 0.99):  # what is called so sure is at least so often right
        sure = outer & (found.certainty >= low)
        assert (found.owner[sure] == truth[sure]).mean() >= low
    ring = labels.array == 11
    assert (found.owner[ring] == Owner.SHARED).mean() > 0.9
    assert (truth[found.owner == Owner.SHARED] == Owner.SHARED).mean() > 0.8
    body = Body(
        tissue=tissue,
        owner=found.owner,
        side=found.side,
        certainty=found.certainty,
        adherent=np.zeros_like(tissue),
        grid=scene.grid,
    )
    rows = {
        i.id: i.value
        for i in shared_table(body, measure_contact(body, evidence=evidence), measure_channel(body))
    }
    assert rows["contact_area"] == pytest.approx(35.07, rel=0.08)  # contact_area_mm2 of meta.json
    assert rows["shared_sinus_length"] == pytest.approx(358.7, rel=0.08)  # sum over vessels.json
    assert rows["shared_sinus_calibre"] == pytest.approx(5.3, rel=0.08)
    assert rows["brain_volume_A"] == pytest.approx(745.176)
    assert rows["brain_volume_B"] == pytest.approx(737.604)
