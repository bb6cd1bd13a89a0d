"""Keyed draws in plain Python: Philox4x32-10 (Salmon and others, 2011), normals and lengths from them."""

from __future__ import annotations

import math
from collections.abc import Sequence

LOW_32 = 0xFFFFFFFF
OPERATION, PHASE, LENGTH, LOSS, CAUSE, STRIKE, OPTION, THRESHOLD, AFTER, FORCED = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    16,
)
PER_STRIKE = 4
"""The second and third strike of one cause draw with purposes so much higher."""

Uniforms = tuple[float, float, float, float]


def philox(counter: Sequence[int], key: Sequence[int]) -> tuple[int, int, int, int]:
    """Four words of 32 bits for a counter of four and a key of two."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        left, right = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (
            (right >> 32) ^ c1 ^ k0,
            right & LOW_32,
            (left >> 32) ^ c3 ^ k1,
            left & LOW_32,
        )
        k0, k1 = (k0 + 0x9E3779B9) & LOW_32, (k1 + 0xBB67AE85) & LOW_32
    return c0, c1, c2, c3


class Draws:
    """The draws of one replication, by what they are for."""

    def __init__(self, seed: int, replication: int) -> None:
        self.key = (seed & LOW_32, (seed >> 32) & LOW_32)
        self.replication = (replication & LOW_32, (replication >> 32) & LOW_32)

    def uniforms(self, purpose: int, entity: int) -> Uniforms:
        """Four numbers between 0 and 1, both excluded."""
        a, b, c, d = philox((*self.replication, entity, purpose), self.key)
        return (a + 0.5) / 2**32, (b + 0.5) / 2**32, (c + 0.5) / 2**32, (d + 0.5) / 2**32


def normal(u: float, v: float) -> float:
    """Of two uniforms, by Box and Muller."""
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


def from_table(quantiles: Sequence[float], u: float) -> float:
    """The quantile at u, linear between evenly spaced knots."""
    place = u * (len(quantiles) - 1)
    below = int(place)
    return quantiles[below] + (place - below) * (quantiles[below + 1] - quantiles[below])


def poisson_capped(mean: float, u: float, cap: int) -> int:
    """The smallest count whose cumulative probability exceeds u, at most the cap."""
    probability = math.exp(-mean)
    cumulated = probability
    count = 0
    while count < cap and cumulated <= u:
        count += 1
        probability *= mean / count
        cumulated += probability
    return count


def poisson_share(mean: float, count: int, cap: int) -> float:
    """Probability of a count; of the cap, that of so many or more."""
    below = [math.exp(-mean) * mean**k / math.factorial(k) for k in range(cap)]
    return below[count] if count < cap else 1.0 - sum(below)
