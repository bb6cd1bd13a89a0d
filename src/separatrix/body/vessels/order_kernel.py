"""Two dynamic programmes over all subsets, in place: the least peak and the least burden of any order.

States are taken in numbers' order, so every predecessor (one bit less) is done before. The low six bits
form blocks of 64: predecessors that differ in an upper bit are compared 64 at a time.
"""

from __future__ import annotations

import numba as nb
import numpy as np

BLOCK = 64
"""States compared together."""


@nb.njit(cache=True, nogil=True)
def least_over_orders(table, add):  # type: ignore[no-untyped-def]
    """Turn costs of states (2^k,) into the least over all orders that lead there, in place.

    With `add` the sum of costs along the way, otherwise the largest of them. The state with nothing clamped
    costs nothing and is never part of a peak.
    """
    size = table.size
    width = min(BLOCK, size)
    least = np.empty(width)
    start = 0.0 if add else -np.inf
    for block in range(0, size, width):
        for i in range(width):
            least[i] = np.inf
        bit = width
        while bit < size:
            if block & bit:
                before = table[block - bit : block - bit + width]
                for i in range(width):
                    least[i] = before[i] if before[i] < least[i] else least[i]
            bit <<= 1
        here = table[block : block + width]
        if block == 0:
            least[0] = start
            here[0] = start
        for i in range(width):
            low, bit = least[i], 1
            while bit < width:
                if i & bit and here[i - bit] < low:
                    low = here[i - bit]
                bit <<= 1
            if i or block:
                here[i] = here[i] + low if add else (here[i] if here[i] > low else low)
