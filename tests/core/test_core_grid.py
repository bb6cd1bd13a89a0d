import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from separatrix.core import GeometryError, Grid, Volume


def rotation(quaternion: np.ndarray) -> tuple[float, ...]:
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    matrix = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return tuple(float(v) for row in matrix for v in row)


quaternions = arrays(float, 4, elements=st.floats(-1, 1)).filter(lambda q: np.linalg.norm(q) > 0.1)
lengths = st.floats(0.2, 5)


@given(
    quaternions, st.tuples(lengths, lengths, lengths), arrays(float, (5, 3), elements=st.floats(-300, 300))
)
def test_index_and_position_are_inverse_on_any_oblique_anisotropic_grid(quaternion, spacing, points):
    grid = Grid(shape=(4, 5, 6), spacing_mm=spacing, origin_mm=(7, -8, 9), direction=rotation(quaternion))
    assert np.allclose(grid.index_to_mm(grid.mm_to_index(points)), points, atol=1e-6)


def test_first_index_runs_along_the_third_axis():
    grid = Grid(shape=(4, 5, 6), spacing_mm=(1, 2, 3), origin_mm=(10, 20, 30))
    assert grid.index_to_mm([1, 0, 0]).tolist() == [10, 20, 33]
    assert grid.index_to_mm([0, 0, 1]).tolist() == [11, 20, 30]


def test_same_lattice_sees_a_shift_of_a_tenth_of_a_millimetre():
    grid = Grid(shape=(4, 5, 6), spacing_mm=(1, 1, 1), origin_mm=(0, 0, 0))
    assert grid.same_lattice(Grid(shape=(4, 5, 6), spacing_mm=(1, 1, 1), origin_mm=(0, 0, 0), frame_id="x"))
    assert not grid.same_lattice(Grid(shape=(4, 5, 6), spacing_mm=(1, 1, 1), origin_mm=(0.1, 0, 0)))


def test_grid_survives_json():
    grid = Grid(shape=(4, 5, 6), spacing_mm=(1, 2, 3), origin_mm=(-1, 0.25, 3), frame_id="1.2.3")
    assert Grid.from_dict(grid.to_dict()) == grid


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"shape": (0, 5, 6)}, "shape"),  # an empty axis
        ({"spacing_mm": (1, 0, 1)}, "spacing_mm"),  # no spacing
        ({"spacing_mm": (1, float("nan"), 1)}, "spacing_mm"),  # unknown spacing
        ({"origin_mm": (0, float("inf"), 0)}, "origin_mm"),  # nowhere
        ({"direction": (1, 0, 0, 0, 1, 0, 0, 1, 0)}, "direction"),  # two axes alike
        ({"direction": (1, 0, 0)}, "direction"),  # too few
    ],
)
def test_impossible_grid_is_refused_by_field(change, word):
    good = {"shape": (4, 5, 6), "spacing_mm": (1, 1, 1), "origin_mm": (0, 0, 0)}
    with pytest.raises(GeometryError) as caught:
        Grid(**(good | change))
    assert [f.field for f in caught.value.faults] == [word]


def test_array_of_another_shape_is_refused():
    grid = Grid(shape=(4, 5, 6), spacing_mm=(1, 1, 1), origin_mm=(0, 0, 0))
    with pytest.raises(GeometryError, match=r"\(6, 5, 4\)"):
        Volume(np.zeros((6, 5, 4)), grid)
