"""Scenes whose sources are known, and outputs of models that know them."""

import numpy as np
import pytest

import acoupipe_grain as apg

GRID = {"x_min": -0.5, "x_max": 0.5, "y_min": -0.5, "y_max": 0.5, "z": 0.5, "increment": 0.0625}


@pytest.fixture(scope="module")
def scenes():
    """Return a source of eight scenes at two frequencies, and its batch."""
    source = apg.SyntheticSource(
        8,
        seed=2,
        mode="analytic",
        features=("sourcemap", "eigmode", "csmtriu", "loc", "source_strength_analytic"),
        f=[2000.0, 4000.0],
        max_nsources=3,
        setup={"grid": GRID},
        min_source_distance=0.3,
    )
    return source, {name: np.array(array) for name, array in next(iter(apg.make_loader(source, 8))).items()}


@pytest.fixture
def map_of_sources(scenes):
    """Return a function that gives the outputs of a model for `SourceMaps` that knows the sources.

    It takes the task, and the power of each item that levels are below.
    """
    batch = scenes[1]

    def of(task, maxima):
        outputs = np.full((8, 17, 17, 3), -20.0, dtype=np.float32)
        for row, maximum in enumerate(maxima):
            for number in np.flatnonzero(batch["source_mask"][row]):
                ix, iy = (np.argmin(abs(axis - batch["loc"][row, i, number])) for i, axis in enumerate(task.grid.axes))
                outputs[row, ix, iy, 0] = 20.0
                level = 10 * np.log10(batch["source_strength_analytic"][row, :, number] / maximum)
                outputs[row, ix, iy, 1:] = 1 + level / task.dynamic_range
        return outputs

    return of


@pytest.fixture
def sources_that_are_known(scenes):
    """Return the outputs of a model for `SourceSets` that knows the sources."""
    batch = scenes[1]
    return {
        "positions": np.moveaxis(batch["loc"], 1, 2)[..., :2],
        "strengths": np.moveaxis(batch["source_strength_analytic"], 1, 2),
        "presence": np.where(batch["source_mask"], 20.0, -20.0).astype(np.float32),
    }
