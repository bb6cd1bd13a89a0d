"""The demonstration case: made once, planned like any other."""

from __future__ import annotations

from pathlib import Path

from separatrix.core import Fault, InputError, Progress, silent
from separatrix.core.runtime import settle_compiled_cache
from separatrix.core.storage import disk_faults, fresh_folder, read_json, to_json, write_atomic

_RECIPE = "pair.json"


def make_demo(folder: Path, *, seed: int = 1, progress: Progress = silent) -> None:
    """Make the demonstration case, unless the very same one is there already.

    Parameters
    ----------
    folder
        Case folder to make. One that holds anything but this demonstration pair is left alone.
    seed
        Seed of the pair.

    Raises
    ------
    InputError
        If `folder` holds something else.
    DataMissingError
        If the brain image of the extra ``demo`` is not installed.
    StorageError
        If the disk is full or may not be written.
    """
    with disk_faults(folder):
        _make(folder, seed=seed, progress=progress)


def _make(folder: Path, *, seed: int, progress: Progress) -> None:
    recipe = {"format": 1, "seed": seed}
    if (folder / _RECIPE).exists() and read_json(folder / _RECIPE) == recipe:
        return
    if folder.is_file() or (folder.exists() and any(folder.iterdir())):
        raise InputError(
            Fault(
                file=str(folder),
                problem="holds something other than this demonstration pair",
                mend="name another folder: separatrix demo DIR",
            )
        )
    making = fresh_folder(folder.parent, folder.name)
    settle_compiled_cache()
    from separatrix.body.phantom import PairOptions, make_pair, write_pair  # compiles on import

    pair = make_pair(PairOptions(seed=seed), progress=progress)
    write_pair(pair, making)
    write_atomic(making / _RECIPE, to_json(recipe))
    if folder.exists():
        folder.rmdir()
    making.rename(folder)
