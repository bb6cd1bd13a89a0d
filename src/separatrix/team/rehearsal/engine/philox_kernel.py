"""Compiled: Philox4x32-10, the counter-based random numbers of Salmon and others (SC11, 2011).

A block of four numbers is a function of what it is for, never of when it is asked for.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

OPERATION, PHASE, LENGTH, BODY_NORMALS, CAUSE, STRIKE, OPTION, THRESHOLD, AFTER_DRAW, FORCED_DRAW = (
    np.int64(purpose) for purpose in (0, 1, 2, 3, 4, 5, 6, 7, 8, 16)
)
"""Purposes; the strike and the option of strike j of a cause are ``STRIKE + 4 j`` and ``OPTION + 4 j``."""

PER_STRIKE = 4

_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLY_0, _MULTIPLY_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_STEP_0, _STEP_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def philox(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    """Ten rounds over a counter of four and a key of two 32-bit words, held in uint64."""
    for _ in range(_ROUNDS):
        first = _MULTIPLY_0 * c0
        second = _MULTIPLY_1 * c2
        c0 = (second >> _HALF) ^ c1 ^ k0
        c1 = second & _LOW
        c2 = (first >> _HALF) ^ c3 ^ k1
        c3 = first & _LOW
        k0 = (k0 + _STEP_0) & _LOW
        k1 = (k1 + _STEP_1) & _LOW
    return c0, c1, c2, c3


@nb.njit(cache=True, nogil=True, error_model="numpy")
def uniforms(seed, replication, entity, purpose):  # type: ignore[no-untyped-def]
    """Four numbers above 0 and below 1, keyed by what they are for.

    Examples
    --------
    >>> [round(u, 6) for u in uniforms(0, 0, 0, 0)]
    [0.399046, 0.88052, 0.735713, 0.605482]
    """
    key, run = np.uint64(seed), np.uint64(replication)
    a, b, c, d = philox(
        run & _LOW,
        run >> _HALF,
        np.uint64(entity),
        np.uint64(purpose),
        key & _LOW,
        key >> _HALF,
    )
    scale = 1.0 / 4294967296.0
    return (
        (np.float64(a) + 0.5) * scale,
        (np.float64(b) + 0.5) * scale,
        (np.float64(c) + 0.5) * scale,
        (np.float64(d) + 0.5) * scale,
    )


@nb.njit(cache=True, nogil=True, error_model="numpy")
def normal_of(u0, u1):  # type: ignore[no-untyped-def]
    """A standard normal number from two uniform ones, by Box and Muller."""
    return math.sqrt(-2.0 * math.log(u0)) * math.cos(2.0 * math.pi * u1)
