"""The human brain image behind the pair: MNI152 (2009a, symmetric), as the package nilearn carries it.

The files are found without importing nilearn. They hold the brain only; every other layer is built.
Copyright (C) 1993-2009 Louis Collins, McConnell Brain Imaging Centre, Montreal Neurological Institute.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from separatrix.body.imaging import read_volume
from separatrix.body.phantom.model import Singles
from separatrix.core import DataMissingError, Fault, Volume

_FILE = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"

CSF_T1 = 76.0
"""T1 of cerebrospinal fluid in the template's units (mean where neither grey nor white matter is likely)."""

GREY_T1 = 166.0
"""T1 of cortex in the template's units (mean where grey matter is almost sure)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The brain in its own space: LPS mm about the anterior commissure, 1 mm voxels."""

    channels: Singles
    """Shape (3, z, y, x): T1 in the template's units, share of grey and of white matter (0 to 1)."""
    origin_mm: tuple[float, float, float]
    """LPS position (x, y, z) of voxel [0, 0, 0]; axes are parallel to LPS, spacing 1 mm."""

    @property
    def tissue(self) -> Singles:
        """Share of grey and white matter together."""
        return np.asarray(np.minimum(self.channels[1] + self.channels[2], 1), dtype=np.float32)


def template_files() -> dict[str, Path]:
    """The three files by their short name (t1, gm, wm).

    Raises
    ------
    DataMissingError
        If nilearn or one of its files is not there.
    """
    spec = find_spec("nilearn")
    mend = "install the extra: pip install 'separatrix[demo]' (make demo does it)"
    if spec is None or spec.origin is None:
        raise DataMissingError(
            Fault(
                problem="the brain image of the demonstration pair is not installed (package nilearn)",
                mend=mend,
            )
        )
    folder = Path(spec.origin).parent / "datasets" / "data"
    found = {name: folder / _FILE.format(name) for name in ("t1", "gm", "wm")}
    missing = [
        Fault(file=str(path), problem="is not there", expected="nilearn with its data files", mend=mend)
        for path in found.values()
        if not path.is_file()
    ]
    if missing:
        raise DataMissingError(*missing)
    return found


@functools.cache
def load_template() -> Template:
    """Read the template and turn it to LPS.

    Raises
    ------
    DataMissingError
        If its files are not installed (extra ``demo``).
    """
    volumes = {name: read_volume(path) for name, path in template_files().items()}
    arrays = {name: _to_lps(v).array.astype(np.float32) for name, v in volumes.items()}
    t1 = np.where(arrays["t1"] > 0, arrays["t1"], np.float32(CSF_T1))
    return Template(
        channels=np.ascontiguousarray(np.stack([t1, arrays["gm"] / 255, arrays["wm"] / 255])),
        origin_mm=_to_lps(volumes["t1"]).grid.origin_mm,
    )


def _to_lps(volume: Volume) -> Volume:
    """Flip axes that run against LPS; the template's are all parallel to it."""
    from separatrix.core import Grid

    grid, array = volume.grid, volume.array
    origin = np.asarray(grid.origin_mm)
    for axis in range(3):
        step = grid.axes[:, axis]
        if step[axis] < 0:
            count = grid.shape[2 - axis]
            origin = origin + step * grid.spacing_mm[axis] * (count - 1)
            array = np.flip(array, 2 - axis)
    x, y, z = (float(v) for v in origin)
    return Volume(
        np.ascontiguousarray(array),
        Grid(shape=grid.shape, spacing_mm=grid.spacing_mm, origin_mm=(x, y, z), frame_id=grid.frame_id),
    )
