"""From a case's files to a scene: everything read, checked, and brought onto one grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from separatrix.body.imaging import checks
from separatrix.body.imaging.draft import draft_labels
from separatrix.body.imaging.frames import BANNER, Placed, labels_matrix, place_images, reference_of
from separatrix.body.imaging.itk import Float
from separatrix.body.imaging.labels import Labels, read_labels, split_codes
from separatrix.body.imaging.landmarks import Points, read_landmarks
from separatrix.body.imaging.model import Scene, SceneImage
from separatrix.body.imaging.planning import bring_image, planning_grid, resample_codes
from separatrix.body.imaging.sources import Source, read_source
from separatrix.case import Case, ImagingSpec
from separatrix.core import DataMissingError, Fault, Grid, InputError, Progress, Volume
from separatrix.evidence import EvidenceReader, Mark

T = TypeVar("T")


def read_scene(case: Case, *, evidence: EvidenceReader, threads: int, progress: Progress) -> Scene:
    """Read all that a case's imaging section names onto one planning grid.

    Parameters
    ----------
    case
        A case with an imaging section.
    evidence
        Limits and thresholds (``imaging…``).
    threads
        Threads to use; changes no result.
    progress
        Told what is being read.

    Raises
    ------
    InputError
        With every fault of all files at once.
    """
    spec = case.file.imaging
    if spec is None:
        raise DataMissingError(Fault(file=str(case.path), problem="the case names no imaging"))
    return _Reading(case, spec, evidence, threads, progress).scene()


class _Reading:
    """One reading of a case's files, faults collected on the way."""

    def __init__(
        self, case: Case, spec: ImagingSpec, evidence: EvidenceReader, threads: int, progress: Progress
    ) -> None:
        self.case = case
        self.spec = spec
        self.evidence = evidence
        self.threads = threads
        self.progress = progress
        self.faults: list[Fault] = []
        self.notes: list[str] = []

    def scene(self) -> Scene:
        sources = self._sources()
        labels = self._labels()
        points = self._points()
        if labels is None and self.spec.labels is None and sources:
            self._need_ct(sources)
        self._raise()
        reference = reference_of(self.spec, sources)
        placed = self._placed(sources, reference)
        matrix = None
        if labels is not None:
            path = self.spec.labels.path if self.spec.labels else ""
            matrix = (
                self._try(
                    lambda: labels_matrix(
                        labels.codes.grid,
                        [(p.source.volume.grid, p.matrix) for p in placed],
                        reference.volume.grid if reference else None,
                        path,
                    )
                )
                if placed
                else None
            )
            self.faults += checks.extent_faults(labels.codes, path, self.evidence)
        self._raise()
        grid = self._grid(labels, reference, matrix)
        images = self._images(placed, grid)
        structures, painted = self._structures(labels, images, grid, matrix)
        points = _moved_points(points, matrix)
        self.faults += checks.apart_faults(placed, structures.array, grid)
        self._check_points(points, structures, images, grid)
        self._raise()
        self.notes += checks.coverage_notes(placed, structures.array, grid, self.evidence)
        self.notes += checks.date_notes(
            self.case, {i.name: i.acquired for i in images.values()}, self.evidence
        )
        self.progress(1.0, "scene read")
        return Scene(
            grid=grid,
            images=images,
            labels=structures,
            painted=painted,
            landmarks=points,
            is_draft=labels is None,
            notes=tuple(dict.fromkeys(self.notes)),
            assumptions=tuple(e.id for e in self.evidence.used if e.mark is Mark.ASSUMPTION),
        )

    def _try(self, read: Callable[[], T], field: str = "") -> T | None:
        """Run a reader; put its faults, placed in the case file, with the others."""
        try:
            return read()
        except InputError as error:
            self.faults += [self._in_case(f, field) for f in error.faults]
            return None

    def _in_case(self, fault: Fault, field: str) -> Fault:
        """Give a fault its field in the case file, and its file as the case names it."""
        file = fault.file
        if file and Path(file).is_relative_to(self.case.folder):
            file = str(Path(file).relative_to(self.case.folder))
        if not field:
            return replace(fault, file=file)
        problem = f"{fault.field}: {fault.problem}" if fault.field else fault.problem
        return replace(fault, file=file, field=field, problem=problem)

    def _raise(self) -> None:
        if self.faults:
            raise InputError(*self.faults)

    def _sources(self) -> dict[str, Source]:
        found: dict[str, Source] = {}
        for number, (name, spec) in enumerate(self.spec.images.items()):
            self.progress(0.3 * number / len(self.spec.images), f"reading {name}")
            source = self._try(
                lambda name=name, spec=spec: read_source(name, spec, self.case.folder, self.evidence),  # type: ignore[misc]
                f"imaging.images.{name}.path",
            )
            if source is not None:
                found[name] = source
                self.notes += source.notes
        return found

    def _labels(self) -> Labels | None:
        spec = self.spec.labels
        if spec is None:
            return None
        self.progress(0.3, "reading labels")
        path = self.case.folder / spec.path
        labels = self._try(lambda: read_labels(path, spec.structures), "imaging.labels.path")
        self.notes += labels.notes if labels else ()
        return labels

    def _points(self) -> Points:
        if self.spec.landmarks is None:
            return {}
        path = self.case.folder / self.spec.landmarks
        return self._try(lambda: read_landmarks(path), "imaging.landmarks") or {}

    def _need_ct(self, sources: dict[str, Source]) -> None:
        if not any(s.modality == "CT" for s in sources.values()):
            self.faults.append(
                Fault(
                    file=str(self.case.path),
                    field="imaging.labels",
                    problem="there is neither a label map nor a CT to draft one from",
                    expected="a segmentation (.seg.nrrd, .nii.gz, DICOM SEG), or a CT",
                    mend="segment the images in 3D Slicer and name the result under imaging.labels",
                )
            )

    def _placed(self, sources: dict[str, Source], reference: Source | None) -> list[Placed]:
        if reference is None:
            return []
        self.progress(0.4, "placing the images")
        placed = self._try(
            lambda: place_images(
                list(sources.values()), reference, evidence=self.evidence, threads=self.threads
            )
        )
        for item in placed or []:
            self.notes += item.notes
        return placed or []

    def _grid(self, labels: Labels | None, reference: Source | None, matrix: Float | None) -> Grid:
        grid = self._try(
            lambda: planning_grid(
                labels=labels.codes if labels else None,
                image=reference.volume.grid if reference else None,
                spacing_mm=self.spec.grid_mm,
                margin_mm=self.evidence.number("imaging.margin"),
                matrix=matrix,
                frame_id=reference.volume.grid.frame_id if reference else "",
            ),
            "imaging.labels.path" if labels else "imaging.grid_mm",
        )
        self._raise()
        assert grid is not None
        return grid

    def _images(self, placed: Iterable[Placed], grid: Grid) -> dict[str, SceneImage]:
        images = {}
        for item in placed:
            source = item.source
            self.progress(0.6, f"bringing {source.name} onto the planning grid")
            images[source.name] = SceneImage(
                name=source.name,
                modality=source.modality,
                volume=bring_image(
                    source.volume, grid, fill=source.fill, matrix=item.matrix, threads=self.threads
                ),
                acquired=source.acquired,
                source=source.path,
                native=source.volume.grid,
                registration=item.registration,
            )
        return images

    def _structures(
        self, labels: Labels | None, images: dict[str, SceneImage], grid: Grid, matrix: Float | None
    ) -> tuple[Volume, Volume]:
        self.progress(0.8, "bringing the labels onto the planning grid")
        if labels is not None:
            codes = resample_codes(labels.codes, grid, matrix=matrix, threads=self.threads)
            structures, painted = split_codes(codes.array)
            return Volume(structures, grid), Volume(painted, grid)
        ct = next(i for i in images.values() if i.modality == "CT")
        drafted = self._try(lambda: draft_labels(ct.volume, self.evidence), f"imaging.images.{ct.name}.path")
        self._raise()
        assert drafted is not None
        self.notes.append(
            f"{BANNER}no label map was given: labels are a first draft from the CT, to be corrected by hand"
        )
        return drafted, Volume(np.zeros(grid.shape, np.uint8), grid)

    def _check_points(
        self, points: Points, structures: Volume, images: dict[str, SceneImage], grid: Grid
    ) -> None:
        if not points:
            return
        shown = min(images.values(), key=lambda i: i.modality != "CT", default=None)
        skin = self.evidence.number("imaging.draft.skin.low")
        head = checks.head_mask(grid, structures.array, shown, skin)
        if head is None:
            self.notes.append("landmarks were not held against the skin: no image and no scalp shows it")
        else:
            self.faults += checks.landmark_faults(points, head, str(self.spec.landmarks), self.evidence)


def _moved_points(points: Points, matrix: Float | None) -> Points:
    """Take landmarks, which lie in the labels' frame, to the reference frame."""
    if matrix is None:
        return points
    back = np.linalg.inv(matrix)
    return {
        t: {m: back[:3, :3] @ xyz + back[:3, 3] for m, xyz in named.items()} for t, named in points.items()
    }
