"""Compiled: how much of what is in each patient's blood is in whose blood a step later.

Loaded only where it is needed. Amounts follow dX/dt = A X with A[j, i] = e_ij / v_i (what flows from i to j)
and A[i, i] = -(l_i + sum of e_ij) / v_i. Off the diagonal nothing is negative, so that the general form only
adds and both keep their digits.
"""

from __future__ import annotations

import math

import numba as nb

from separatrix.team.rehearsal.engine.inner_kernel import inner

TAYLOR_TERMS = 14
"""Terms of the series where the entries' sum is at most a half: what is left out is below 1e-17."""


@nb.njit(cache=True, nogil=True, error_model="numpy")
def pair_mixing(leave_a, leave_b, a_to_b, b_to_a, dt_min):  # type: ignore[no-untyped-def]
    """Share of two amounts that stays or crosses, closed form.

    Parameters
    ----------
    leave_a, leave_b
        Share of each amount that leaves both patients, 1/min.
    a_to_b, b_to_a
        Share of each amount that crosses, 1/min.
    dt_min
        Length of the step.

    Returns
    -------
    a_stays, b_in_a, a_in_b, b_stays
        The entries of exp(A dt), row by row.
    """
    a_out, b_out = leave_a + a_to_b, leave_b + b_to_a
    mean, half = 0.5 * (a_out + b_out), 0.5 * (a_out - b_out)
    root = math.sqrt(half * half + a_to_b * b_to_a)
    if mean + root <= 0.0:
        return 1.0, 0.0, 0.0, 1.0
    # The slower rate from the determinant, whose terms are all positive: exactly 0 where nothing leaves.
    slow = -(leave_a * leave_b + leave_a * b_to_a + leave_b * a_to_b) / (mean + root)
    slowly = math.exp(slow * dt_min)
    if root * dt_min < 1e-12:
        return (
            slowly * (1.0 - half * dt_min),
            slowly * b_to_a * dt_min,
            slowly * a_to_b * dt_min,
            slowly * (1.0 + half * dt_min),
        )
    fell = -math.expm1(-2.0 * root * dt_min)
    slope = slowly * fell / (2.0 * root)
    middle = slowly * (1.0 - 0.5 * fell)
    return max(middle - slope * half, 0.0), slope * b_to_a, slope * a_to_b, max(middle + slope * half, 0.0)


@inner
def mixing_size(m):  # type: ignore[no-untyped-def]
    """Numbers that `mixing` needs room for: its answer, and two matrices of its own."""
    return 3 * m * m


@inner
def mixing(m, work, at, dt_min):  # type: ignore[no-untyped-def]
    """Exponential of A dt of any number of patients, in place of A.

    A is made nonnegative by adding its largest loss q to the diagonal, which exp(-q dt) takes back; the
    series (Horner's way) and the squarings then only add.

    Parameters
    ----------
    m
        Patients.
    work
        float64, A in ``work[at : at + m * m]`` row by row, then room for two more matrices.
    at
        Where A begins.
    dt_min
        Length of the step.
    """
    mm = m * m
    total, spare = at + mm, at + 2 * mm
    largest = 0.0
    for i in range(m):
        largest = max(largest, -work[at + i * m + i])
    scale = 2.0 * largest * dt_min
    squarings = 0
    while scale > 0.5 and squarings < 1000:
        scale *= 0.5
        squarings += 1
    part = dt_min / 2.0**squarings
    for k in range(mm):
        on_diagonal = k % (m + 1) == 0
        work[at + k] = (work[at + k] + (largest if on_diagonal else 0.0)) * part
        work[total + k] = 1.0 if on_diagonal else 0.0
    back = math.exp(-largest * part)
    for turn in range(TAYLOR_TERMS + squarings):
        squares = turn >= TAYLOR_TERMS
        left = total if squares else at
        factor = 1.0 if squares else 1.0 / (TAYLOR_TERMS - turn)
        for i in range(m):
            for j in range(m):
                product = 0.0
                for k in range(m):
                    product += work[left + i * m + k] * work[total + k * m + j]
                work[spare + i * m + j] = product * factor + (1.0 if i == j and not squares else 0.0)
        taken = back if turn == TAYLOR_TERMS - 1 else 1.0
        for k in range(mm):
            work[total + k] = work[spare + k] * taken
    for k in range(mm):
        work[at + k] = work[total + k]
