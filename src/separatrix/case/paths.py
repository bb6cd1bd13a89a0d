"""Paths that a case names: inside its folder, there, and of the right kind."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from separatrix.case.document import Document, Place
from separatrix.case.faults import near, shown
from separatrix.case.model import PROTOCOL_NAMES, CaseFile
from separatrix.core import Fault

Wanted = Literal["file", "file or folder"]

_MADE_BY_PLAN = "plan"
"""The folder of results: never an input."""


def path_faults(file: CaseFile, document: Document, folder: Path) -> Iterator[Fault]:
    """Faults of every path that the file names.

    Parameters
    ----------
    folder
        The case folder, absolute and without symbolic links.
    """
    if file.imaging is not None:
        for name, image in file.imaging.images.items():
            yield from _path_faults(
                image.path, ("imaging", "images", name, "path"), document, folder, "file or folder"
            )
        if file.imaging.labels is not None:
            yield from _path_faults(
                file.imaging.labels.path, ("imaging", "labels", "path"), document, folder, "file or folder"
            )
        if file.imaging.landmarks is not None:
            yield from _path_faults(
                file.imaging.landmarks, ("imaging", "landmarks"), document, folder, "file"
            )
    if file.vessels.graph is not None:
        yield from _path_faults(file.vessels.graph, ("vessels", "graph"), document, folder, "file")
    if is_own_protocol(file.protocol):
        yield from _path_faults(file.protocol, ("protocol",), document, folder, "file")


def is_own_protocol(protocol: str) -> bool:
    """Whether ``protocol:`` names a file rather than one that the program brings."""
    return protocol not in PROTOCOL_NAMES and (
        "/" in protocol or "\\" in protocol or protocol.lower().endswith((".yaml", ".yml"))
    )


def _path_faults(
    written: str, place: Place, document: Document, folder: Path, wanted: Wanted
) -> Iterator[Fault]:
    refusal = _refused_form(written)
    if refusal:
        problem, mend = refusal
        yield document.fault(
            place, f"{shown(written)} {problem}", expected="a path inside the case folder", mend=mend
        )
        return
    try:
        path = (folder / written).resolve()
        yield from _target_faults(path, written, place, document, folder, wanted)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its links lead in a circle"
        yield document.fault(
            place, f"{shown(written)} cannot be looked up ({reason})", mend="correct the path"
        )


def _refused_form(written: str) -> tuple[str, str] | None:
    """What is wrong with a path as it is written, before the disk is asked."""
    if not written.strip():
        return "is no path", "write the path of the file"
    if re.search(r"[\x00-\x1f\x7f]", written):
        return "holds control characters", "write the path plainly"
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", written):
        return "is an address on a network", "copy the file into the case folder"
    if re.match(r"[A-Za-z]:[\\/]", written) or written.startswith(("/", "\\", "~")):
        return "is an absolute path", "copy the file into the case folder and write its path from there"
    if "\\" in written:
        return "holds a backslash", f"write / between folders: {shown(written.replace(chr(92), '/'))}"
    return None


def _target_faults(
    path: Path, written: str, place: Place, document: Document, folder: Path, wanted: Wanted
) -> Iterator[Fault]:
    inside = "a path inside the case folder"
    if not path.is_relative_to(folder):
        how = "leads out of the case folder"
        if ".." not in Path(written).parts:
            how += " through a symbolic link"
        mend = "copy the file into the case folder"
        yield document.fault(place, f"{shown(written)} {how}", expected=inside, mend=mend)
    elif path == folder:
        yield document.fault(
            place,
            f"{shown(written)} is the case folder itself",
            expected=inside,
            mend="name the scan inside it",
        )
    elif path.is_relative_to(folder / _MADE_BY_PLAN):
        yield document.fault(
            place,
            f"{shown(written)} lies in plan/, which the program makes and replaces",
            expected=inside,
            mend="copy it to imaging/",
        )
    elif not path.exists():
        yield document.fault(
            place, f"{shown(written)} is not there", expected=f"a {wanted}", mend=_near_files(folder, written)
        )
    elif path.is_dir():
        if wanted == "file":
            yield document.fault(
                place, f"{shown(written)} is a folder", expected="a file", mend="name the file inside it"
            )
        else:
            yield from _folder_faults(path, written, place, document, folder)
    elif not path.is_file():
        yield document.fault(place, f"{shown(written)} is neither file nor folder", expected=f"a {wanted}")
    elif path.stat().st_size == 0:
        yield document.fault(
            place, f"{shown(written)} is empty (0 bytes)", mend="copy the file again from where it comes from"
        )
    elif not os.access(path, os.R_OK):
        yield document.fault(
            place, f"{shown(written)} may not be read", mend="give yourself the right to read it (chmod u+r)"
        )


def _folder_faults(
    path: Path, written: str, place: Place, document: Document, folder: Path
) -> Iterator[Fault]:
    """Everything under a folder of slices must be a file, and lie inside the case too."""
    files = 0
    for entry in sorted(path.rglob("*")):
        inner = f"{shown(written)} holds '{entry.relative_to(path).as_posix()}', which"
        if entry.is_symlink() and not entry.resolve().is_relative_to(folder):
            yield document.fault(
                place,
                f"{inner} leads out of the case folder through a symbolic link",
                expected="files inside the case folder",
                mend="copy the files themselves",
            )
            return
        if entry.is_file():
            files += 1
        elif not entry.is_dir():
            yield document.fault(place, f"{inner} is neither file nor folder", mend="delete it there")
            return
    if not files:
        yield document.fault(
            place,
            f"the folder {shown(written)} is empty",
            expected="a DICOM series",
            mend="copy the series into it",
        )


def _near_files(folder: Path, written: str) -> str:
    """Names that do stand where the path looked, in the deepest folder of it that exists."""
    parent = folder
    for number, part in enumerate(parts := Path(written).parts, start=1):
        if number < len(parts) and (parent / part).is_dir():
            parent /= part
            continue
        names = [entry.name for entry in parent.iterdir() if not entry.name.startswith(".")]
        where = "the case folder" if parent == folder else f"'{parent.relative_to(folder).as_posix()}'"
        if not names:
            return f"{where} is empty: copy the file there"
        return f"look in {where}: {near(part, names)}"
    return ""
