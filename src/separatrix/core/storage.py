"""Files that are whole or not there: atomic writes, swapped-in folders, one writer per case."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from separatrix.core.errors import Fault, StorageError

COMMIT_MARK = "provenance.json"
"""Written last into a station's folder: a folder without it was never finished."""

RUNS = "runs"
"""Folder inside a station's for what people ran beside the plan: no part of its result, outlives it."""

_DISK_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENAMETOOLONG}
)
"""Errors that a disk or a permission causes, and never a mistake of ours."""


def to_json(data: Any) -> str:
    """JSON text, the same for the same data on every machine; refuses NaN and infinity."""
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False, sort_keys=False) + "\n"


def read_json(path: Path) -> Any:
    """Read JSON text.

    Raises
    ------
    StorageError
        If the file cannot be read or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(
            Fault(
                file=str(path),
                problem=f"cannot be read ({error})",
                mend="run the plan again with --force",
            )
        ) from error


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file so that it is either the old one or the whole new one, even after a crash."""
    raw = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".tmp-{path.name}-{os.getpid()}")
    try:
        with temporary.open("wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(
            Fault(
                file=str(path),
                problem=f"cannot be written ({error.strerror})",
                mend="check space and permissions",
            )
        ) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def disk_faults(folder: Path) -> Iterator[None]:
    """Tell a full disk or a missing permission as such, however deep in a library it is met.

    Raises
    ------
    StorageError
        In place of an `OSError` that the disk causes; every other error passes.
    """
    try:
        yield
    except OSError as error:
        cause: BaseException | None = error
        while cause is not None:  # pydicom hides the disk's error behind one of its own
            if isinstance(cause, OSError) and cause.errno in _DISK_ERRORS:
                raise StorageError(
                    Fault(
                        file=str(cause.filename or folder),
                        problem=f"cannot be read or written ({cause.strerror})",
                        mend="check space and permissions",
                    )
                ) from error
            cause = cause.__cause__ or cause.__context__
        raise


def fresh_folder(parent: Path, name: str) -> Path:
    """An empty folder beside the final one, to be filled and then given to `swap_in`."""
    folder = parent / f".tmp-{name}"
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as error:
        raise StorageError(
            Fault(
                file=str(folder),
                problem=f"cannot be made ({error.strerror})",
                mend="check space and permissions",
            )
        ) from error
    return folder


def swap_in(folder: Path, final: Path, mark: Any) -> None:
    """Give a filled folder its final name, keeping the old one until the new one stands.

    Parameters
    ----------
    folder
        What `fresh_folder` gave, filled.
    final
        The name it shall have.
    mark
        Content of the commit mark, written and synced last.
    """
    try:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                with path.open("rb") as stream:
                    os.fsync(stream.fileno())
        write_atomic(folder / COMMIT_MARK, to_json(mark))
        old = final.with_name(f".old-{final.name}")
        if old.exists():
            _discard(old, final)
        if final.exists():
            final.rename(old)
        folder.rename(final)
        _sync_folder(final.parent)
        if old.exists():
            _discard(old, final)
    except OSError as error:
        raise StorageError(
            Fault(
                file=str(final),
                problem=f"cannot be written ({error.strerror})",
                mend="check space and permissions",
            )
        ) from error


def _discard(old: Path, final: Path) -> None:
    """Drop an old result, but not the runs beside it."""
    if (old / RUNS).is_dir() and final.is_dir() and not (final / RUNS).exists():
        (old / RUNS).rename(final / RUNS)
    shutil.rmtree(old)


def recover(parent: Path) -> None:
    """Undo what a killed run left: finish or drop its temporary folders. Call with the lock held."""
    for old in parent.glob(".old-*"):
        final = old.with_name(old.name.removeprefix(".old-"))
        if final.exists():
            _discard(old, final)
        else:  # killed between the two renames
            old.rename(final)
    for left in parent.glob(".tmp-*"):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


@contextlib.contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold the case's lock; the kernel frees it however the process ends.

    Raises
    ------
    StorageError
        If another process holds it; the message names that process.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / ".lock").open("a+")
    except OSError as error:
        raise StorageError(
            Fault(
                file=str(folder),
                problem=f"cannot be written ({error.strerror})",
                mend="check permissions",
            )
        ) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            holder = stream.read().strip() or "unknown"
            raise StorageError(
                Fault(
                    file=str(folder),
                    problem=f"another plan of this case is running (process {holder})",
                    mend="wait until it ends, then run again",
                )
            ) from error
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        recover(folder)
        yield
