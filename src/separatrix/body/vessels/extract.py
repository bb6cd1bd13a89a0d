"""From images and anatomy to the vessel graph of both children."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from separatrix.body.anatomy import Anatomy
from separatrix.body.imaging import Scene, native_image, native_labels
from separatrix.body.imaging.itk import resample
from separatrix.body.vessels.assemble import Measured, assemble
from separatrix.body.vessels.centreline import refine
from separatrix.body.vessels.contacts import Contact, place_touches, touching_trees
from separatrix.body.vessels.edits import accept_contacts, edited_graph
from separatrix.body.vessels.gaps import close_gaps
from separatrix.body.vessels.kinds import Named, find_stems, name_vessels
from separatrix.body.vessels.loops import open_loops
from separatrix.body.vessels.lumen import Lumen, contrast_of, fill_lumen, has_contrast
from separatrix.body.vessels.model import Bools, DroppedPiece, Reals, VesselGraph
from separatrix.body.vessels.radius import Profile, measure_profile, volume_radii_mm
from separatrix.body.vessels.seam import meetings_at_seam, part_arteries, part_by_side, part_ends_at_seam
from separatrix.body.vessels.sections import Field
from separatrix.body.vessels.sideways import part_sideways
from separatrix.body.vessels.skeleton import Piece, cut_out, sketch_vessels
from separatrix.body.vessels.sketch import Course, Sketch, Tree
from separatrix.body.vessels.surroundings import Surroundings, survey
from separatrix.body.vessels.trees import tree_masks
from separatrix.case import Case
from separatrix.core import DataMissingError, Fault, Grid, Progress, Volume
from separatrix.evidence import EvidenceReader, Mark

MOST_VOXELS = 120_000_000
"""A thick-sliced label map is brought onto an even lattice of no more voxels."""

_LEAST_VOXELS = 0.6
"""Least rough radius, in voxels."""

_DEPTH_EXCESS = 0.35
"""The depth of a line in a mask is greater than the radius by about this part of a voxel."""


def extract_graph(
    case: Case,
    scene: Scene,
    anatomy: Anatomy,
    *,
    evidence: EvidenceReader,
    threads: int,
    progress: Progress,
) -> VesselGraph:
    """Draw the graph of all vessels from the label map and the images; a graph edited by hand wins.

    Parameters
    ----------
    case
        For the label map and images as they came.
    scene
        How they were placed, and which images there are.
    anatomy
        Whose is what.
    evidence
        Limits (``flow.graph…``, ``anatomy.shared…``), viscosity.
    threads
        Threads for reading; changes no result.

    Raises
    ------
    DataMissingError
        If no vessel is labelled, or the anatomy has no maps.
    InputError
        If the case's own graph has faults or does not fit the images, or an accepted contact is none.

    Notes
    -----
    Skeleton, then touches parted and gaps closed, then centrelines and sections; see
    ``docs/method/vessel-graph.md``. A vessel narrower than some 1.7 voxels may be missing or broken.
    """
    drawn = _draw(case, scene, anatomy, evidence, threads, progress)
    graph = edited_graph(case, drawn, scene.grid, evidence=evidence) or drawn
    graph = accept_contacts(graph, case.file.vessels.accept_contacts)
    return replace(graph, assumptions=tuple(e.id for e in evidence.used if e.mark is Mark.ASSUMPTION))


def _draw(
    case: Case,
    scene: Scene,
    anatomy: Anatomy,
    evidence: EvidenceReader,
    threads: int,
    progress: Progress,
) -> VesselGraph:
    """The graph as the images give it."""
    progress(0.0, "reading the vessels on their own lattice")
    around = survey(anatomy)
    lumens, contrast_note = _read_lumens(case, scene, evidence=evidence, threads=threads)
    progress(0.3, "thinning the vessels to lines")
    drawing = _Drawing.of(lumens, around, evidence)
    progress(0.5, "measuring the vessels")
    measured = drawing.measure()
    progress(0.8, "naming the vessels")
    named = name_vessels(drawing.sketch, drawing.mean_radius_mm(measured), around, evidence=evidence)
    nodes, edges = assemble(
        drawing.sketch,
        named,
        measured,
        drawing.contacts(measured),
        calibre_step=evidence.number("flow.graph.calibre_step"),
    )
    progress(1.0, "vessels drawn")
    return VesselGraph(
        nodes=nodes,
        edges=edges,
        viscosity_mPa_s=evidence.number("flow.viscosity"),
        dropped=tuple(drawing.dropped),
        notes=(*contrast_note, *drawing.sketch.notes, *named.notes, *_loop_note(drawing.sketch, named)),
    )


def _read_lumens(
    case: Case, scene: Scene, *, evidence: EvidenceReader, threads: int
) -> tuple[dict[Tree, Lumen], list[str]]:
    labels = native_labels(case, scene, most_voxels=MOST_VOXELS, threads=threads)
    masks, called = tree_masks(labels.array)
    every = masks[Tree.ARTERIAL] | masks[Tree.VENOUS]
    whole = cut_out(every, labels.grid)
    if whole is None:
        raise DataMissingError(
            Fault(
                file=str(case.path),
                field="imaging.labels",
                problem="no vessel is labelled",
                expected="structures artery, vein, sinus or vessel",
                mend="segment the vessels on CT or MR with contrast, or give a graph under vessels.graph",
            )
        )
    image, notes = _contrast_image(case, scene, whole, evidence=evidence, threads=threads)
    notes += called
    lumens = {}
    for tree, mask in masks.items():
        piece = cut_out(mask, labels.grid)
        if piece is not None:
            box = tuple(slice(f, f + n) for f, n in zip(piece.first, piece.mask.shape, strict=True))
            lumens[tree] = fill_lumen(piece, _boxed(every, box), image)
    for tree, lumen in lumens.items():
        used = (
            f"grey values used at {100 * lumen.grey_share:.0f} % of their walls"
            if lumen.level
            else "mask only"
        )
        notes.append(f"calibre of {'arteries' if tree is Tree.ARTERIAL else 'veins'}: {used}")
    return lumens, notes


def _boxed(mask: Bools, box: tuple[slice, ...]) -> Bools:
    """A box of a mask that may begin one voxel before it or end one after."""
    low = [max(0, -s.start) for s in box]
    high = [max(0, s.stop - n) for s, n in zip(box, mask.shape, strict=True)]
    inner = mask[tuple(slice(max(0, s.start), s.stop) for s in box)]
    return np.pad(inner, list(zip(low, high, strict=True)))


def _contrast_image(
    case: Case, scene: Scene, whole: Piece, *, evidence: EvidenceReader, threads: int
) -> tuple[Volume | None, list[str]]:
    """The image that shows blood best, on the labels' lattice in a box around the vessels; and in words."""
    best, name = 0.0, ""
    index = np.argwhere(whole.mask) + np.array(whole.first)
    for image in scene.images.values():
        mask = np.zeros(image.volume.grid.shape, dtype=np.bool_)
        at = np.rint(image.volume.grid.mm_to_index(whole.grid.index_to_mm(index))).astype(int)
        inside = ((at >= 0) & (at < np.array(mask.shape))).all(axis=1)
        mask[tuple(at[inside].T)] = True
        contrast = contrast_of(image.volume, mask)
        if contrast > best:
            best, name = contrast, image.name
    if not has_contrast(best):
        return None, ["no image shows the vessels with contrast: their calibre is that of the label map"]
    native = native_image(case, scene, name, evidence=evidence)
    note = f"calibre from {name}: contrast {best:.0f} times the scatter beside the vessels"
    if native.grid.same_lattice(whole.grid):
        return native, [note]
    return resample(native, whole.grid, way="linear", fill=float(native.array.min()), threads=threads), [note]


@dataclass(slots=True)
class _Drawing:
    """The sketch on its way, with what it is drawn from."""

    sketch: Sketch
    lumens: Mapping[Tree, Lumen]
    evidence: EvidenceReader
    dropped: list[DroppedPiece]

    @classmethod
    def of(cls, lumens: Mapping[Tree, Lumen], around: Surroundings, evidence: EvidenceReader) -> _Drawing:
        """Thin, close gaps, part what merely touches, drop what is too short."""
        sketch = Sketch()
        for tree, lumen in lumens.items():
            sketch_vessels(lumen.piece, tree, sketch)
        drawing = cls(sketch=sketch, lumens=lumens, evidence=evidence, dropped=[])
        drawing._close_gaps(around)
        drawing._part(around)
        drawing._drop_short()
        return drawing

    @property
    def fields(self) -> dict[Tree, Field]:
        return {tree: lumen.field for tree, lumen in self.lumens.items()}

    def rough_mm(self, course: Course) -> float:
        """Radius of a course to within a voxel, from the depth of its line in the mask."""
        piece = self.lumens[course.tree].piece
        voxel = min(piece.grid.spacing_mm)
        depth = float(np.median(piece.depth_at(course.points_mm)))
        return max(depth - _DEPTH_EXCESS * voxel, _LEAST_VOXELS * voxel)

    def _close_gaps(self, around: Surroundings) -> None:
        def apart(one: Reals, other: Reals) -> bool:
            return around.twin_at(one) is not around.twin_at(other)

        closed = close_gaps(
            self.sketch,
            self.fields,
            {tree: lumen.level is not None for tree, lumen in self.lumens.items()},
            self.rough_mm,
            longest_voxels=self.evidence.number("flow.graph.longest_gap"),
            apart=apart,
        )
        if closed:
            self.sketch.notes.append(f"{closed} gap(s) in vessels were closed; each is marked")

    def _part(self, around: Surroundings) -> None:
        """Part what merely touches: side by side, A's from B's, and where veins close loops."""
        part_sideways(
            self.sketch, self.fields, self.rough_mm, self.evidence.number("flow.graph.contact.sideways")
        )
        parted = self._part_children(around)
        if parted:
            self.sketch.notes.append(
                f"vessels of A and of B touch in {parted} place(s) of the label map and were parted there: "
                "whether blood passes, angiography must tell"
            )
        opened = self._open_loops(around)
        if opened:
            self.sketch.notes.append(
                f"{opened} loop(s) of veins besides the circumferential sinus were opened where they are "
                "weakest, and the place listed as a contact: accept it if the vein truly has two ways out"
            )
        widest = self.evidence.number("anatomy.shared_radius.low")
        for place in meetings_at_seam(self.sketch, around.seam_distance_mm, self.rough_mm, widest_mm=widest):
            told = ", ".join(f"{v:.0f}" for v in place)
            self.sketch.notes.append(
                f"a thin vessel of one child ends on one of the other at ({told}) mm: drawn as joined; "
                "whether they merely touch, angiography must tell"
            )

    def _part_children(self, around: Surroundings) -> int:
        between = self.evidence.number("flow.graph.contact.between")
        widest = self.evidence.number("anatomy.shared_radius.low")
        seam = around.seam_distance_mm
        parted = part_by_side(self.sketch, seam, self.rough_mm, between, widest_mm=widest)
        self.sketch.merge_through()
        rough = {n: self.rough_mm(c) for n, c in self.sketch.courses.items()}
        stems = find_stems(self.sketch, rough, around, self.evidence)
        parted += part_arteries(self.sketch, stems, seam, between)
        parted += part_ends_at_seam(self.sketch, seam, self.rough_mm, between, widest_mm=widest)
        self.sketch.merge_through()
        return parted

    def _open_loops(self, around: Surroundings) -> int:
        opened = open_loops(
            self.sketch,
            self.fields,
            self.rough_mm,
            around.seam_distance_mm,
            wide_mm=self.evidence.number("flow.graph.sinus_radius"),
            reach_mm=self.evidence.number("anatomy.shared_reach") + around.grid.spacing_mm[0],
            probability=self.evidence.number("flow.graph.contact.loop"),
        )
        self.sketch.merge_through()
        return opened

    def _drop_short(self) -> None:
        """Leave out pieces of the map that make no vessel, and list them."""
        from scipy import ndimage

        least = self.evidence.number("flow.graph.least_piece")
        for joints in self.sketch.components():
            numbers = [n for n, c in self.sketch.courses.items() if c.a in joints]
            courses = [self.sketch.courses[n] for n in numbers]
            length = sum(c.length_mm + 2 * self.rough_mm(c) for c in courses)
            if length < least:
                self.sketch.remove(numbers)
        for tree, lumen in self.lumens.items():
            pieces, count = ndimage.label(lumen.piece.mask, structure=np.ones((3, 3, 3)))
            kept = set(_labels_along(pieces, lumen.piece, self.sketch, tree))
            volume = np.bincount(pieces.ravel(), minlength=count + 1) * lumen.piece.grid.voxel_volume_mm3
            for n in sorted(set(range(1, count + 1)) - kept):
                centre = np.argwhere(pieces == n).mean(axis=0) + lumen.piece.first
                x, y, z = (round(float(v), 1) for v in lumen.piece.grid.index_to_mm(centre))
                self.dropped.append(
                    DroppedPiece(
                        volume_mm3=round(float(volume[n]), 2),
                        centre_mm=(x, y, z),
                        because=f"{tree.value}: shorter than {least:g} mm and joined to nothing",
                    )
                )

    def measure(self) -> dict[int, Measured]:
        """Refine all courses and measure their radii."""
        rough = {n: self.rough_mm(c) for n, c in self.sketch.courses.items()}
        fine = refine(self.sketch, self.fields, rough)
        profiles = {n: measure_profile(f, self.fields[f.course.tree]) for n, f in fine.items()}
        found = {}
        for tree, lumen in self.lumens.items():
            numbers = [n for n, c in self.sketch.courses.items() if c.tree is tree]
            pad = [f - g for f, g in zip(lumen.piece.first, lumen.field.first, strict=True)]
            mask = np.pad(lumen.piece.mask, [(p, p) for p in pad])
            by_volume = volume_radii_mm([profiles[n] for n in numbers], mask, lumen.field)
            for n, radius in zip(numbers, by_volume, strict=True):
                found[n] = self._judged(n, profiles[n], radius)
        return {n: found[n] for n in self.sketch.courses}

    def _judged(self, number: int, profile: Profile, by_volume_mm: float) -> Measured:
        marks = list(self.sketch.courses[number].marks)
        clean = profile.radius_mm[profile.clean]
        if len(clean) and np.isfinite(by_volume_mm):
            usual = float(np.sqrt((clean**2).mean()))
            off = abs(by_volume_mm / usual - 1)
            if off > self.evidence.number("flow.graph.disagreement"):
                marks.append(f"volume and section disagree {100 * off:.0f} %")
        else:
            marks.append("no clean section: calibre from the depth in the mask")
        voxel = self.fields[self.sketch.courses[number].tree].voxel_mm
        half = self.evidence.number("flow.graph.radius_doubt") * voxel
        doubt = float(np.hypot(half / np.sqrt(3), profile.scatter_mm))
        return Measured(profile=profile, radius_sd_mm=doubt, marks=tuple(marks))

    def mean_radius_mm(self, measured: Mapping[int, Measured]) -> dict[int, float]:
        """Mean radius of each vessel."""
        return {n: float(m.profile.radius_mm.mean()) for n, m in measured.items()}

    def contacts(self, measured: Mapping[int, Measured]) -> list[Contact]:
        """All contacts, placed on the measured vessels."""
        radius = self.mean_radius_mm(measured)
        found = place_touches(self.sketch, radius)
        if len(self.lumens) == 2:
            arterial, venous, first, grid = _common_box(*(self.lumens[t].piece for t in Tree))
            found += touching_trees(
                self.sketch,
                radius,
                arterial,
                venous,
                lambda index: grid.index_to_mm(index + first),
                self.evidence.number("flow.graph.contact.artery_vein"),
            )
        return found


def _labels_along(pieces: npt.NDArray[np.int32], piece: Piece, sketch: Sketch, tree: Tree) -> list[int]:
    """Labels of the mask's pieces that a course runs in."""
    points = [c.points_mm for c in sketch.courses.values() if c.tree is tree]
    if not points:
        return []
    index = np.rint(piece.grid.mm_to_index(np.concatenate(points))).astype(int) - piece.first
    index = np.clip(index, 0, np.array(pieces.shape) - 1)
    return [int(n) for n in np.unique(pieces[tuple(index.T)]) if n]


def _common_box(one: Piece, other: Piece) -> tuple[Bools, Bools, Reals, Grid]:
    """Both masks in one box, its first index, and the grid."""
    first = np.minimum(one.first, other.first)
    last = np.maximum(np.add(one.first, one.mask.shape), np.add(other.first, other.mask.shape))
    found = []
    for piece in (one, other):
        pad = [
            (int(f - o), int(end - f - n))
            for f, o, end, n in zip(piece.first, first, last, piece.mask.shape, strict=True)
        ]
        found.append(np.pad(piece.mask, pad))
    return found[0], found[1], first.astype(np.float64), one.grid


def _loop_note(sketch: Sketch, named: Named) -> list[str]:
    """Loops of the veins besides the ring: real ones are few."""
    veins = [c for c in sketch.courses.values() if c.tree is Tree.VENOUS]
    joints = {j for c in veins for j in (c.a, c.b)}
    pieces = sum(1 for p in sketch.components() if p & joints)
    loops = len(veins) - len(joints) + pieces - named.is_closed
    if loops <= 0:
        return []
    return [f"{loops} loop(s) of veins besides the circumferential sinus: veins that touch in the label map?"]
