"""Counter-based randomness: the same draw for any number of threads, blocks or machines."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A Philox stream of its own for each purpose.

    Parameters
    ----------
    seed
        The case's seed.
    *purpose
        Names and numbers that tell this stream from all others, such as ``"phantom", "sulci", 3``.

    Examples
    --------
    >>> a, b = generator(1, "noise"), generator(1, "noise")
    >>> bool(a.random() == b.random())
    True
    >>> bool(generator(1, "noise").random() == generator(1, "bias").random())
    False
    """
    text = "\x1f".join([str(int(seed)), *(f"{type(p).__name__}:{p}" for p in purpose)])
    key = np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
