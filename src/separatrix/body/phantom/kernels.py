"""The hot loops: pulling template and hull into the world. Compiled on first use."""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(cache=True, inline="always")
def trilinear(volume, z, y, x):  # type: ignore[no-untyped-def]
    """Value at a fractional index; beyond the border the border's own value."""
    nz, ny, nx = volume.shape
    z = min(max(z, 0.0), nz - 1.001)
    y = min(max(y, 0.0), ny - 1.001)
    x = min(max(x, 0.0), nx - 1.001)
    k, j, i = int(z), int(y), int(x)
    c, b, a = z - k, y - j, x - i
    return (1 - c) * (
        (1 - b) * ((1 - a) * volume[k, j, i] + a * volume[k, j, i + 1])
        + b * ((1 - a) * volume[k, j + 1, i] + a * volume[k, j + 1, i + 1])
    ) + c * (
        (1 - b) * ((1 - a) * volume[k + 1, j, i] + a * volume[k + 1, j, i + 1])
        + b * ((1 - a) * volume[k + 1, j + 1, i] + a * volume[k + 1, j + 1, i + 1])
    )


@nb.njit(cache=True, inline="always")
def head_point(x, y, z, rotation, centre, scale, own, half, step):  # type: ignore[no-untyped-def]
    """Template point of a world point: undo pose and size, then the child's own shape."""
    dx, dy, dz = x - centre[0], y - centre[1], z - centre[2]
    qx = (rotation[0, 0] * dx + rotation[1, 0] * dy + rotation[2, 0] * dz) / scale[0]
    qy = (rotation[0, 1] * dx + rotation[1, 1] * dy + rotation[2, 1] * dz) / scale[1]
    qz = (rotation[0, 2] * dx + rotation[1, 2] * dy + rotation[2, 2] * dz) / scale[2]
    u, v, w = (qx + half) / step, (qy + half) / step, (qz + half) / step
    return (
        qx + trilinear(own[0], w, v, u),
        qy + trilinear(own[1], w, v, u),
        qz + trilinear(own[2], w, v, u),
    )


@nb.njit(cache=True)
def hull_distance(  # type: ignore[no-untyped-def]
    shape, origin, spacing, rotation, centre, scale, own, half, step, hull, hull_origin, hull_step, size
):
    """Signed distance (mm) to a head's unflattened hull on a world grid; float32 [z, y, x]."""
    out = np.empty(shape, np.float32)
    nz, ny, nx = hull.shape
    for k in range(shape[0]):
        for j in range(shape[1]):
            for i in range(shape[2]):
                qx, qy, qz = head_point(
                    origin[0] + i * spacing,
                    origin[1] + j * spacing,
                    origin[2] + k * spacing,
                    rotation,
                    centre,
                    scale,
                    own,
                    half,
                    step,
                )
                a = (qx - hull_origin[0]) / hull_step
                b = (qy - hull_origin[1]) / hull_step
                c = (qz - hull_origin[2]) / hull_step
                # Beyond the hull's own box: its border value plus the way there.
                ox = max(-a, a - (nx - 1), 0.0) * scale[0]
                oy = max(-b, b - (ny - 1), 0.0) * scale[1]
                oz = max(-c, c - (nz - 1), 0.0) * scale[2]
                beyond = hull_step * np.sqrt(ox * ox + oy * oy + oz * oz)
                out[k, j, i] = trilinear(hull, c, b, a) * size + beyond
    return out


@nb.njit(cache=True, inline="always")
def source_height(z, surface, displacement, sign, band):  # type: ignore[no-untyped-def]
    """Height before flattening of a point now at `z`: the full shift on top, none below `band`."""
    t = min(max(sign * (surface - z) / band, 0.0), 1.0)
    return z + displacement * (1 - t) * (1 - t) * (1 + 2 * t)


@nb.njit(cache=True)
def flatten(phi, origin_z, spacing, surface, displacement, sign, band):  # type: ignore[no-untyped-def]
    """A field of the unflattened head, carried along with the flattening; float32 [z, y, x]."""
    nz, ny, nx = phi.shape
    out = np.empty_like(phi)
    for k in range(nz):
        z = origin_z + k * spacing
        for j in range(ny):
            for i in range(nx):
                s = source_height(z, surface[j, i], displacement[j, i], sign, band)
                t = min(max((s - origin_z) / spacing, 0.0), nz - 1.001)
                n = int(t)
                f = t - n
                out[k, j, i] = (1 - f) * phi[n, j, i] + f * phi[n + 1, j, i]
    return out


@nb.njit(cache=True)
def refine(coarse, shape, offset, ratio):  # type: ignore[no-untyped-def]
    """A coarse field on a finer grid: index = offset + ratio * fine index, per axis (z, y, x)."""
    out = np.empty(shape, np.float32)
    for k in range(shape[0]):
        for j in range(shape[1]):
            for i in range(shape[2]):
                out[k, j, i] = trilinear(
                    coarse, offset[0] + ratio * k, offset[1] + ratio * j, offset[2] + ratio * i
                )
    return out


@nb.njit(cache=True)
def pull_brains(  # type: ignore[no-untyped-def]
    shape,
    origin,
    spacing,
    middle,
    gap,
    adherent,
    meeting,
    surface,
    displacement,
    band,
    ribbon,
    rotations,
    centres,
    scales,
    owns,
    half,
    step,
    channels,
    channels_origin,
    csf_t1,
    grey_t1,
):
    """T1 (template units), grey and white share of both brains on the world grid; float32 (3, z, y, x).

    `surface` and `displacement` have shape (2, y, x): the flattened height of each brain's hull and how
    far below or above it the hull's unflattened height lies. Where the brains adhere the sulci's mouths
    are closed by cortex over a depth of `ribbon`; elsewhere fluid fills the `gap`.
    """
    out = np.zeros((3, shape[0], shape[1], shape[2]), np.float32)
    for k in range(shape[0]):
        z = origin[2] + k * spacing
        for j in range(shape[1]):
            y = origin[1] + j * spacing
            for i in range(shape[2]):
                x = origin[0] + i * spacing
                below = min(max((middle[j, i] - z) / spacing + 0.5, 0.0), 1.0)
                t1, grey, white = 0.0, 0.0, 0.0
                for twin in range(2):
                    share = below if twin == 0 else 1 - below
                    if share == 0.0:
                        continue
                    sign = 1.0 if twin == 0 else -1.0
                    s = source_height(z, surface[twin, j, i], displacement[twin, j, i], sign, band)
                    qx, qy, qz = head_point(
                        x, y, s, rotations[twin], centres[twin], scales[twin], owns[twin], half, step
                    )
                    a, b, c = (
                        qx - channels_origin[0],
                        qy - channels_origin[1],
                        qz - channels_origin[2],
                    )
                    p = trilinear(channels[0], c, b, a)
                    g = trilinear(channels[1], c, b, a)
                    w = trilinear(channels[2], c, b, a)
                    depth = sign * (surface[twin, j, i] - z)
                    closed = adherent[j, i] * min(max(1.5 - depth / ribbon, 0.0), 1.0)
                    if closed > 0.0 and depth > -spacing:
                        lack = closed * max(1 - g - w, 0.0)
                        g += lack
                        p += lack * (grey_t1 - csf_t1)
                    t1 += share * p
                    grey += share * g
                    white += share * w
                if meeting[j, i]:
                    top = min(z + spacing / 2, middle[j, i] + gap[j, i] / 2)
                    bottom = max(z - spacing / 2, middle[j, i] - gap[j, i] / 2)
                    film = max(top - bottom, 0.0) / spacing
                    t1 = t1 * (1 - film) + csf_t1 * film
                    grey *= 1 - film
                    white *= 1 - film
                out[0, k, j, i] = t1
                out[1, k, j, i] = grey
                out[2, k, j, i] = white
    return out
