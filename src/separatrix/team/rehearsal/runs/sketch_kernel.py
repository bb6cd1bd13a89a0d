"""Compiled: rows of rehearsals into whole numbers that add up the same in any order."""

from __future__ import annotations

import math
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from separatrix.team.rehearsal.play.arrays import Floats, Ints
from separatrix.team.rehearsal.runs.scales import PER_OCTAVE

Words = npt.NDArray[np.uint64]

MOST_QUANTA = 2.0**31
"""A value of so many quanta or more is left out of the sums and counted as unfit: they cannot overflow."""

PERSON_QUANTUM = 1024.0
"""Quanta in a minute or an hour of a person's sums."""

CHUNK = 64
"""Rows at a time: they stay in the nearest cache while each column is counted."""

OCTAVE_BITS = 52 - int(math.log2(PER_OCTAVE))
FIRST_OCTAVE = 1023 * PER_OCTAVE
LOW_WORD = 0xFFFFFFFF

STEP = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
NO_NUMBER = np.uint64(0x7FF8000000000000)


class Sums(NamedTuple):
    """What is counted of c columns; merging adds, or takes least and most."""

    runs: Ints
    """(1,)"""
    unfit: Ints
    """(1,) values beyond `MOST_QUANTA`, −inf or no number: no operation shows them."""
    finite: Ints
    """(c,)"""
    total: Ints
    """(c,) quanta."""
    squares: Ints
    """(c, 2) of quanta: low and high 32 bits of each, added up apart."""
    least: Floats
    """(c,) inf where no value was finite."""
    most: Floats
    bins: Ints
    """All bins of all columns."""
    hashes: Words
    """(1,) sum of the hashes of all rows, modulo 2^64."""


class Toll(NamedTuple):
    """What the rehearsals asked of p people, and how k complications were met."""

    unfit: Ints
    """(1,) values of people that are not finite or beyond `MOST_QUANTA`."""
    total: Ints
    """(p, 6) quanta."""
    some: Ints
    """(p, 6) rehearsals in which it was above zero."""
    most: Floats
    """(p, 6)"""
    tally: Ints
    """(k, 2, 3) strikes of a complication, during or after the operation, in time, late or nobody."""


@nb.njit(cache=True, nogil=True)
def mixed(word):  # type: ignore[no-untyped-def]
    """One step of SplitMix64 (Steele, Lea, Flood 2014): every bit of the word moves every bit."""
    word = word + STEP
    word = (word ^ (word >> np.uint64(30))) * MIX_1
    word = (word ^ (word >> np.uint64(27))) * MIX_2
    return word ^ (word >> np.uint64(31))


@nb.njit(cache=True, nogil=True)
def count_rows(rows, first, scales, sums):  # type: ignore[no-untyped-def]
    """Count the rows of the rehearsals from number `first` on."""
    bits = rows.view(np.uint64)
    hashes = np.empty(CHUNK, np.uint64)
    columns = rows.shape[1]
    for begin in range(0, rows.shape[0], CHUNK):
        end = min(begin + CHUNK, rows.shape[0])
        for i in range(begin, end):
            hashes[i - begin] = mixed(np.uint64(first + i))
        for c in range(columns):
            quantum, low, per_unit = scales.quantum[c], scales.low[c], scales.per_unit[c]
            zero = scales.first[c]
            last = scales.first[c + 1] - zero - 1
            finite, total, low_squares, high_squares = 0, 0, 0, 0
            least, most = sums.least[c], sums.most[c]
            for i in range(begin, end):
                x = rows[i, c] + 0.0  # -0.0 is 0.0: the least of both must not hang on their order
                word = bits[i, c] if x == x else NO_NUMBER
                hashes[i - begin] = mixed(hashes[i - begin] ^ word)
                if not abs(x) < np.inf:
                    if x != np.inf:
                        sums.unfit[0] += 1
                    continue
                finite += 1
                least, most = min(least, x), max(most, x)
                if per_unit > 0.0:
                    step = (x - low) * per_unit
                    number = 0 if step < 0.0 else last if step >= last - 1 else 1 + int(step)
                elif x < 1.0:
                    number = 0
                else:
                    number = min(1 + int(bits[i, c] >> np.uint64(OCTAVE_BITS)) - FIRST_OCTAVE, last)
                sums.bins[zero + number] += 1
                scaled = x * quantum
                if not abs(scaled) < MOST_QUANTA:
                    sums.unfit[0] += 1
                    continue
                quanta = math.floor(scaled + 0.5)
                total += quanta
                square = quanta * quanta
                low_squares += square & LOW_WORD
                high_squares += square >> 32
            sums.finite[c] += finite
            sums.total[c] += total
            sums.squares[c, 0] += low_squares
            sums.squares[c, 1] += high_squares
            sums.least[c], sums.most[c] = least, most
        for i in range(end - begin):
            sums.hashes[0] += hashes[i]
    sums.runs[0] += rows.shape[0]


@nb.njit(cache=True, nogil=True)
def count_people(people, toll):  # type: ignore[no-untyped-def]
    """Count what one rehearsal asked of each person, (p, 6)."""
    for p in range(people.shape[0]):
        for f in range(people.shape[1]):
            x = people[p, f]
            if x == 0.0:
                continue
            scaled = x * PERSON_QUANTUM
            if not abs(scaled) < MOST_QUANTA:
                toll.unfit[0] += 1
                continue
            toll.total[p, f] += np.int64(math.floor(scaled + 0.5))
            if x > 0.0:
                toll.some[p, f] += 1
            if x > toll.most[p, f]:
                toll.most[p, f] = x
