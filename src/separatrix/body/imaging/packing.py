"""Gzip that is fast, the same on every run, and strict when read."""

from __future__ import annotations

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from separatrix.core import Fault, InputError

GZIP_MAGIC = b"\x1f\x8b"

_CHUNK = 1 << 22
"""Bytes compressed as one piece; fixed, so that the result does not depend on the number of threads."""

MOST_BYTES = 4_000_000_000
"""A file that grows beyond this when unpacked is no scan of two heads: it would fill the memory."""

_LEVEL = 1
"""Deflate level: images are noise, higher levels cost seconds and save little."""


def _deflate(raw: memoryview, last: bool) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    # A synchronised end lets the pieces stand in a row as one deflate stream.
    return packer.compress(raw) + packer.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


def pack(raw: bytes | memoryview, *, threads: int = 2) -> bytes:
    """Compress into one gzip member without name or time, the same bytes for any number of threads.

    Examples
    --------
    >>> import gzip
    >>> gzip.decompress(pack(b"abc")) == b"abc"
    True
    """
    view = memoryview(raw).cast("B")
    starts = range(0, max(len(view), 1), _CHUNK)
    last = starts[-1]
    with ThreadPoolExecutor(max_workers=max(threads, 1)) as pool:
        parts = list(pool.map(lambda at: _deflate(view[at : at + _CHUNK], at == last), starts))
    head = GZIP_MAGIC + b"\x08\x00\x00\x00\x00\x00\x00\xff"
    tail = struct.pack("<II", zlib.crc32(view), len(view) & 0xFFFFFFFF)
    return b"".join([head, *parts, tail])


def read_bytes(path: Path) -> bytes:
    """Content of a file.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read or is empty.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            Fault(
                file=str(path),
                problem=f"cannot be read ({error.strerror})",
                mend="check the path, and that the file may be read",
            )
        ) from error
    if not raw:
        raise InputError(
            Fault(file=str(path), problem="the file is empty (0 bytes)", mend="copy or export it again")
        )
    return raw


def unpack(raw: bytes, path: Path) -> bytes:
    """Content of gzipped bytes, the check sum tested; bytes that are not gzip are given back as they are.

    Raises
    ------
    InputError
        If the gzip stream is cut short or damaged, or larger than `MOST_BYTES`.
    """
    if not raw.startswith(GZIP_MAGIC):
        return raw
    parts: list[bytes] = []
    while raw:
        reader = zlib.decompressobj(wbits=31)
        try:
            parts.append(reader.decompress(raw, MOST_BYTES - sum(map(len, parts)) + 1))
        except zlib.error as error:
            raise _damaged(path, f"the compressed data are damaged ({error})") from error
        if sum(map(len, parts)) > MOST_BYTES:
            raise InputError(
                Fault(
                    file=str(path),
                    problem=f"the file grows beyond {MOST_BYTES / 1e9:g} GB when unpacked",
                    expected="a scan of two heads",
                    mend="check that it is the right file; crop or resample a larger scan",
                )
            )
        if not reader.eof:
            raise _damaged(path, "the compressed data end too early: the file is cut short")
        raw = reader.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _damaged(path: Path, problem: str) -> InputError:
    return InputError(Fault(file=str(path), problem=problem, mend="copy or export the file again"))
