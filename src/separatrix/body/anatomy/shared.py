"""What the children share, as a table with units, ranges and how each was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy.lattice import OFFSETS, shifted
from separatrix.body.anatomy.model import SharedItem
from separatrix.body.anatomy.seam import Seam
from separatrix.body.imaging.model import Structure
from separatrix.core import Grid, Owner, Twin, Unknown
from separatrix.evidence import EvidenceReader

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float32]

_STEP_LENGTHS = (0.9016, 1.289, 1.615)
"""Length of a step over a face, an edge and a corner, in voxels: right in the mean over all directions."""

VENOUS = (Structure.VEIN, Structure.SINUS, Structure.VESSEL)
"""Structures that a shared channel may be labelled as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The maps the table is measured on, all on one grid."""

    tissue: Bytes
    owner: Bytes
    side: Bytes
    certainty: Reals
    adherent: Bytes
    grid: Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Where brain of A meets brain of B."""

    seam: Seam | None
    """The seam of all that lies in the skull; None where the children do not meet there."""
    area_cm2: tuple[float, float, float]
    """Value, low, high, as a flat opening."""
    folded_cm2: tuple[float, float, float]
    """The same along the folds."""
    adherent_cm2: tuple[float, float, float]
    """Part of the flat opening where no gap is seen."""
    fused_ml: tuple[float, float, float]


def measure_contact(body: Body, *, evidence: EvidenceReader) -> Contact:
    """Measure how the brains touch.

    Notes
    -----
    A pair of voxels across the seam is in contact where the way from brain of A to brain of B over
    it, less one voxel, is at most ``anatomy.contact_gap``; its range gives the range of the area. A
    pair is adherent where the delineation saw no gap at one of its voxels; the range is both voxels,
    and one voxel further. Areas are those of the flat opening (`Seam.flat_area_mm2`): where the images
    say little the seam of single voxels is rough, and its area along the folds too large.
    """
    from scipy import ndimage

    gap, narrow_gap, wide_gap = _with_range(evidence, "anatomy.contact_gap")
    inside = np.isin(body.tissue, (Structure.BRAIN, Structure.CSF, Structure.DURA, *VENOUS, Structure.ARTERY))
    seam = Seam.of(body.side, inside, body.grid, margin_mm=wide_gap + 2 * body.grid.spacing_mm[0])
    nothing = (0.0, 0.0, 0.0)
    if seam is None:
        return Contact(
            seam=None, area_cm2=nothing, folded_cm2=nothing, adherent_cm2=nothing, fused_ml=nothing
        )
    brain = body.tissue[seam.box] == Structure.BRAIN
    if any(not (brain & (seam.side == t.code)).any() for t in Twin):
        return Contact(
            seam=seam, area_cm2=nothing, folded_cm2=nothing, adherent_cm2=nothing, fused_ml=nothing
        )
    spacing = body.grid.spacing_mm[0]
    way = np.full(seam.side.shape, -spacing, dtype=np.float32)
    for twin in Twin:
        own = brain & (seam.side == twin.code)
        way += ndimage.distance_transform_edt(~own).astype(np.float32) * np.float32(spacing)
    adherent = body.adherent[seam.box] > 0
    further = ndimage.binary_dilation(adherent, iterations=1)
    flat = [seam.flat_area_mm2(way <= limit) for limit in (gap, narrow_gap, wide_gap)]
    stuck = [
        seam.flat_area_mm2(adherent),
        seam.flat_area_mm2(adherent, both=True),
        seam.flat_area_mm2(further),
    ]
    return Contact(
        seam=seam,
        area_cm2=_cm2(flat),
        folded_cm2=_cm2([_folded_mm2(seam, way, limit) for limit in (gap, narrow_gap, wide_gap)]),
        adherent_cm2=_cm2(stuck),
        fused_ml=_fused_ml(body, seam, evidence),
    )


def _folded_mm2(seam: Seam, way: Reals, limit: float) -> float:
    area = 0.0
    for pairs in seam.pairs():
        crossed = pairs.across != 0
        narrow = np.minimum(way[pairs.near], way[pairs.far])[crossed] <= limit
        area += pairs.area_mm2 * float(narrow.sum())
    return area


def _with_range(evidence: EvidenceReader, entry_id: str) -> tuple[float, float, float]:
    """Give value, low and high of an entry; the value where it has no range."""
    value, entry = evidence.number(entry_id), evidence.entry(entry_id)
    return value, value if entry.low is None else entry.low, value if entry.high is None else entry.high


def _cm2(mm2: list[float]) -> tuple[float, float, float]:
    return mm2[0] / 100, mm2[1] / 100, mm2[2] / 100


def _fused_ml(body: Body, seam: Seam, evidence: EvidenceReader) -> tuple[float, float, float]:
    """Give the brain that is unsure on both sides of the seam: no plane was found through it."""
    from scipy import ndimage

    brain = body.tissue[seam.box] == Structure.BRAIN
    certainty = body.certainty[seam.box]
    volumes = []
    for below in _with_range(evidence, "anatomy.fused_certainty.high"):
        unsure = brain & (certainty < np.float32(below))
        pieces, count = ndimage.label(unsure, structure=np.ones((3, 3, 3)))
        held = [np.bincount(pieces[seam.side == t.code], minlength=count + 1) > 0 for t in Twin]
        both = held[0] & held[1]
        both[0] = False
        volumes.append(float(both[pieces].sum()) * body.grid.voxel_volume_mm3 / 1000)
    return volumes[0], volumes[1], volumes[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """The shared venous channels taken together."""

    volume_ml: float
    length_mm: float
    calibre_mm: tuple[float, float, float]
    """Of a round tube of this length and volume; the narrowest and widest tenth along it."""
    pieces: int


def measure_channel(body: Body) -> Channel | Unknown:
    """Measure the shared venous channel roughly, from the label map.

    Notes
    -----
    Length: the centre line by thinning, each link between its voxels once. Calibre: twice the
    distance from the centre line to the wall. The vessel graph measures both better.
    """
    from scipy import ndimage

    venous = np.isin(body.tissue, VENOUS)
    if not venous.any():
        return Unknown("no veins are labelled")
    shared = venous & (body.owner == Owner.SHARED)
    if not shared.any():
        return Unknown("no venous channel was found on the seam between the children")
    from skimage.morphology import skeletonize

    box = ndimage.find_objects(shared.astype(np.uint8))[0]
    mask = np.pad(shared[box], 1)
    line = skeletonize(mask) > 0  # type: ignore[no-untyped-call]
    spacing = body.grid.spacing_mm[0]
    length = _line_length(line) * spacing
    wall = ndimage.distance_transform_edt(mask)[line] * spacing - spacing / 2
    narrow, broad = (float(v) for v in 2 * np.quantile(wall, (0.1, 0.9)))
    volume = float(shared.sum()) * body.grid.voxel_volume_mm3
    calibre = 2 * float(np.sqrt(volume / (np.pi * max(length, spacing))))
    _, pieces = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    return Channel(
        volume_ml=volume / 1000,
        length_mm=length,
        calibre_mm=(calibre, min(narrow, calibre), max(broad, calibre)),
        pieces=int(pieces),
    )


def _line_length(line: Mask) -> float:
    """Length in voxels of a line of voxels, by the steps of its spanning tree.

    Over all directions of a straight line the steps are right in the mean within 0.5 %, with a standard
    deviation of 2.6 %; along an axis they are 10 % short. The step that closes a ring is left out.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    count = int(line.sum())
    index = np.full(line.shape, -1, dtype=np.int64)
    index[line] = np.arange(count)
    rows, columns, steps = [], [], []
    for offset in OFFSETS:
        near, far = shifted(line.shape, offset)
        linked = line[near] & line[far]
        rows.append(index[near][linked])
        columns.append(index[far][linked])
        steps.append(np.full(int(linked.sum()), _STEP_LENGTHS[sum(abs(o) for o in offset) - 1]))
    graph = coo_array(
        (np.concatenate(steps), (np.concatenate(rows), np.concatenate(columns))), shape=(count, count)
    )
    return float(minimum_spanning_tree(graph).sum())


def shared_table(body: Body, contact: Contact, channel: Channel | Unknown) -> tuple[SharedItem, ...]:
    """Give the table of what is shared."""
    return (*_contact_items(contact), *_channel_items(channel), *_volume_items(body))


def _contact_items(contact: Contact) -> list[SharedItem]:
    area = contact.area_cm2
    items = [
        _item(
            "contact_area",
            "Contact of the brains, as a flat opening",
            area,
            "cm2",
            "surface between the brains where the gap is at most the entry anatomy.contact_gap, seen from "
            "the side where it looks largest, folds not counted; range over that entry's",
        ),
        _item(
            "contact_area_folded",
            "Contact of the brains, along their folds",
            contact.folded_cm2,
            "cm2",
            "area of the same surface with its folds; too large where the owners are unsure, since the "
            "surface is rough there",
        ),
        _item(
            "adherent_area",
            "Contact with no gap seen (adherent)",
            contact.adherent_cm2,
            "cm2",
            "part of the flat opening where the images show no gap; range one voxel either way",
        ),
    ]
    if area[0] > 0:
        fractions = tuple(min(1.0, v / area[0]) for v in contact.adherent_cm2)
        items.append(
            _item(
                "adherent_fraction",
                "Adherent part of the contact",
                (fractions[0], fractions[1], fractions[2]),
                "1",
                "adherent area by contact area",
            )
        )
    else:
        items.append(
            _unknown(
                "adherent_fraction", "Adherent part of the contact", "1", Unknown("the brains do not touch")
            )
        )
    items.append(
        _item(
            "fused_tissue",
            "Brain in which no plane was found",
            contact.fused_ml,
            "ml",
            "brain of both children side by side whose owner is less sure than the entry "
            "anatomy.fused_certainty.high; range over that entry's",
        )
    )
    return items


def _channel_items(channel: Channel | Unknown) -> list[SharedItem]:
    names = (
        ("shared_sinus_length", "Shared venous channel, length", "mm"),
        ("shared_sinus_calibre", "Shared venous channel, calibre", "mm"),
        ("shared_sinus_volume", "Shared venous channel, volume", "ml"),
    )
    if isinstance(channel, Unknown):
        return [_unknown(key, name, unit, channel) for key, name, unit in names]
    length, calibre, volume = names
    return [
        SharedItem(
            id=length[0],
            name=length[1],
            value=channel.length_mm,
            low=None,
            high=None,
            unit=length[2],
            how=f"centre line of the labelled channel, {channel.pieces} piece(s); the vessel graph is surer",
        ),
        _item(
            calibre[0],
            calibre[1],
            channel.calibre_mm,
            calibre[2],
            "diameter of a round tube of this length and volume; range: narrowest and widest tenth along it",
        ),
        SharedItem(
            id=volume[0],
            name=volume[1],
            value=channel.volume_ml,
            low=None,
            high=None,
            unit=volume[2],
            how="voxels of the labelled channel",
        ),
    ]


def _volume_items(body: Body) -> list[SharedItem]:
    brain = body.tissue == Structure.BRAIN
    ml = body.grid.voxel_volume_mm3 / 1000
    held = {t: brain & (body.owner == t.code) for t in Twin}
    # What is expected to be wrongly called: one child's is the other's gain.
    doubt = {t: float((1 - body.certainty[held[t]]).sum(dtype=np.float64)) * ml for t in Twin}
    return [
        _item(
            f"brain_volume_{twin.value}",
            f"Brain of {twin.value}",
            (
                float(held[twin].sum()) * ml,
                float(held[twin].sum()) * ml - doubt[twin],
                float(held[twin].sum()) * ml + doubt[twin.other],
            ),
            "ml",
            "voxels of brain; range: what is expected to be called wrongly, by the certainty map",
        )
        for twin in Twin
    ]


def _item(key: str, name: str, value: tuple[float, float, float], unit: str, how: str) -> SharedItem:
    middle, low, high = value
    return SharedItem(
        id=key, name=name, value=middle, low=min(low, middle), high=max(high, middle), unit=unit, how=how
    )


def _unknown(key: str, name: str, unit: str, because: Unknown) -> SharedItem:
    return SharedItem(id=key, name=name, value=because, low=None, high=None, unit=unit, how="not measured")
