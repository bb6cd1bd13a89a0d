"""Starting a case: a commented ``case.yaml`` that reads cleanly before anything is filled in."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from separatrix.case.schema import SCHEMA_NAME
from separatrix.core import Fault, InputError
from separatrix.core.storage import write_atomic

_STARTER = "starter.yaml"


def new_case(folder: Path) -> Path:
    """Make a case folder with a commented ``case.yaml``, its schema, and an empty ``imaging/``.

    Parameters
    ----------
    folder
        The folder to make; it may exist, but not hold a case.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If a case is there already, or the folder cannot be made.
    StorageError
        If the disk or a permission stands in the way of writing.
    """
    folder = Path(folder)
    path = folder / "case.yaml"
    try:
        if path.exists() or path.is_symlink():
            raise InputError(
                Fault(
                    file=str(path),
                    problem="a case is there already; it was left as it is",
                    mend="choose another folder",
                )
            )
        (folder / "imaging").mkdir(parents=True, exist_ok=True)
    except InputError:  # a ValueError too, but ours
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            Fault(file=str(folder), problem=f"cannot be made ({reason})", mend="choose another folder")
        ) from None
    package = resources.files("separatrix.case")
    write_atomic(folder / SCHEMA_NAME, (package / SCHEMA_NAME).read_bytes())
    text = (package / _STARTER).read_text(encoding="utf-8")
    write_atomic(path, text.replace("id: my-case", f"id: {_id_from(folder.resolve().name)}", 1))
    return folder


def _id_from(name: str) -> str:
    """A folder's name with what an id may not hold replaced."""
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:64]
    return f'"{text}"' if text and text[0].isalnum() else "my-case"
