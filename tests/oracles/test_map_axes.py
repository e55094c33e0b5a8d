"""Maps are indexed [x, y]: a source far to one side appears on that side, in every kind of map and in a preview.

The convention is that of Acoular's `RectGrid`, whose maps have the shape (nxsteps, nysteps) (Acoular 26.8, grids.py);
the place is asymmetric in x, y and sign.
"""

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.features import registered_features

PLACE = (0.3, -0.2)
MAP_NAMES = [name for name in registered_features() if "map" in name and "segment" not in name]


@pytest.fixture(scope="module")
def source():
    grid = apg.RectGrid(-0.4, 0.4, -0.3, 0.3, 0.5, 0.05)
    return apg.SyntheticSource(
        2,
        setup={"grid": grid, "steering": "IV"},
        mode="wishart",
        features=(*MAP_NAMES, "loc"),
        f=4000.0,
        locations=lambda rng, size: np.array([PLACE]).T,
        max_nsources=1,
        noise=0.01,
        mic_pos_noise=False,
    )


def test_there_are_maps_of_all_methods():
    assert len(MAP_NAMES) == 9


@pytest.mark.parametrize("name", MAP_NAMES)
def test_the_maximum_is_at_the_sources_index(source, name):
    spec, record = source.element_spec[name], source[1]
    assert spec.axes == ("frequency", "x", "y")
    assert spec.shape == (1, 17, 13)
    place = np.unravel_index(record[name][0].argmax(), (17, 13))
    x, y = source.setup.grid.axes
    np.testing.assert_allclose((x[place[0]], y[place[1]]), PLACE, atol=1e-9)
    np.testing.assert_allclose(record["loc"][:2, 0], PLACE, rtol=1e-6)


def test_points_are_in_the_order_of_the_maps(source):
    grid = source.setup.grid
    x, y, _ = grid.positions.reshape(3, *grid.shape)
    np.testing.assert_array_equal(x[:, 0], grid.axes[0])
    np.testing.assert_array_equal(y[0], grid.axes[1])
