"""The compiled loop of the renderer; imported only where pictures are drawn."""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt


@numba.njit(cache=True)
def fill(
    screen: npt.NDArray[np.float64],
    faces: npt.NDArray[np.int64],
    facing: npt.NDArray[np.float64],
    depth: npt.NDArray[np.float32],
    shade: npt.NDArray[np.float32],
) -> None:
    """Draw triangles into a depth and a shade buffer; the nearest one wins.

    Parameters
    ----------
    screen
        Shape (V, 3): column, row and depth (greater is nearer) of every vertex.
    faces
        Shape (F, 3).
    facing
        Shape (V,): brightness of every vertex.
    depth, shade
        Shape (rows, columns); changed in place.
    """
    rows, columns = depth.shape
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
        cx, cy = screen[c, 0], screen[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0:
            continue
        top, bottom = math.floor(min(ay, by, cy)), math.ceil(max(ay, by, cy))
        left, right = math.floor(min(ax, bx, cx)), math.ceil(max(ax, bx, cx))
        for row in range(max(top, 0), min(bottom + 1, rows)):
            y = row + 0.5
            for column in range(max(left, 0), min(right + 1, columns)):
                x = column + 0.5
                u = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
                v = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
                w = 1.0 - u - v
                if u < 0.0 or v < 0.0 or w < 0.0:
                    continue
                z = u * screen[a, 2] + v * screen[b, 2] + w * screen[c, 2]
                if z > depth[row, column]:
                    depth[row, column] = z
                    shade[row, column] = u * facing[a] + v * facing[b] + w * facing[c]
