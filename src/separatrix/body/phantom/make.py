"""Making a pair from its options."""

from __future__ import annotations

import functools

import numpy as np

from separatrix.body.phantom.build import Heads, build_heads
from separatrix.body.phantom.images import add_vessels, scan, tissue_images
from separatrix.body.phantom.model import Bytes, Pair, PairOptions, Reals, Tissue
from separatrix.body.phantom.shape import LANDMARKS, Layers, fit_scale, read_layers
from separatrix.body.phantom.template import load_template
from separatrix.body.phantom.truth import describe
from separatrix.body.phantom.vessels import grow_vessels
from separatrix.core import Owner, Progress, Volume, silent
from separatrix.evidence import EvidenceReader, all_entries

_OWNER_OF = {
    Tissue.ARTERY_A: Owner.A,
    Tissue.VEIN_A: Owner.A,
    Tissue.ARTERY_B: Owner.B,
    Tissue.VEIN_B: Owner.B,
    Tissue.SHARED_VENOUS: Owner.SHARED,
}
"""Vessels belong by connection, not by place."""


def make_pair(options: PairOptions | None = None, *, progress: Progress = silent) -> Pair:
    """Make a pair of joined heads with its truth; equal options make equal bytes.

    Parameters
    ----------
    options
        What pair to make; None for the demonstration pair.
    progress
        Hears how far the work is.

    Returns
    -------
    Pair
        Images and truth on one grid (LPS mm, axes parallel to the patient's).

    Raises
    ------
    DataMissingError
        If the brain image of the extra ``demo`` is not installed.
    """
    options = options or PairOptions()
    evidence = EvidenceReader(all_entries())
    progress(0.0, "reading the brain image")
    template = load_template()
    layers, scale = _nine_months_old()
    progress(0.1, "joining the heads")
    heads = build_heads(options, template, scale, layers, gap_mm=evidence.number("phantom.gap"))
    progress(0.4, "growing the vessels")
    network = grow_vessels(options, heads, layers)
    labels = label_tissue(heads, layers)
    painted = network.labels()
    labels[painted > 0] = painted[painted > 0]
    ownership = own(heads, labels)
    progress(0.7, "scanning")
    t1, ct = tissue_images(heads, layers)
    add_vessels(t1, ct, network)
    grid, seed, spacing = heads.grid, options.seed, options.grid_mm
    landmarks = {
        twin: {mark: pose.to_world(np.asarray(at)) for mark, at in LANDMARKS.items()}
        for twin, pose in heads.poses.items()
    }
    vessels = network.truth()
    interface = heads.interface
    meta = describe(options, heads, layers, labels, landmarks, vessels)
    progress(1.0, "the pair is made")
    return Pair(
        options=options,
        t1=Volume(scan(t1, "t1", seed, spacing), grid),
        ct=Volume(scan(ct, "ct", seed, spacing), grid),
        labels=Volume(labels, grid),
        ownership=Volume(ownership, grid),
        interface_height=interface.middle.astype(np.float32),
        contact=interface.contact,
        adherent=interface.contact & (interface.adherent > 0.5),
        landmarks=landmarks,
        vessels=vessels,
        meta=meta,
    )


@functools.cache
def _nine_months_old() -> tuple[Layers, Reals]:
    """Layers and scale of a child of size 1; the same for every pair."""
    evidence = EvidenceReader(all_entries())
    layers = read_layers(evidence)
    return layers, fit_scale(load_template(), layers, evidence)


def label_tissue(heads: Heads, layers: Layers) -> Bytes:
    """The truth's label map, vessels left out."""
    distance, brain = heads.distance, heads.brain
    out = np.zeros(heads.grid.shape, np.uint8)
    out[heads.soft.skin < 0] = Tissue.SCALP
    out[(out > 0) & (heads.soft.bone < 0)] = Tissue.SKULL
    out[heads.soft.air < 0] = Tissue.BACKGROUND
    inner = layers.csf + layers.dura
    out[distance < inner + heads.bone_mm] = Tissue.SKULL
    out[distance < inner] = Tissue.DURA
    out[distance < layers.csf] = Tissue.CSF
    tissue = (brain[1] + brain[2] > 0.5) & (distance < layers.csf)
    on_a = heads.on_a()
    out[tissue & on_a] = Tissue.BRAIN_A
    out[tissue & ~on_a] = Tissue.BRAIN_B
    return out


def own(heads: Heads, labels: Bytes) -> Bytes:
    """Whose each voxel is: tissue by the interface, continued through all layers; vessels by connection."""
    out = np.where(heads.on_a(), np.uint8(Owner.A), np.uint8(Owner.B))
    out[labels == Tissue.BACKGROUND] = Owner.NONE
    for label, owner in _OWNER_OF.items():
        out[labels == label] = owner
    return np.asarray(out, dtype=np.uint8)
