"""Pictures of examples: maps where they are, and what models take beside what they find."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import acoupipe_grain as apg
from acoupipe_grain.training.tasks import SourceMaps, SourceSets
from acoupipe_grain.training.tasks.pictures import packed_magnitudes


def first_item(arrays):
    return {name: array[:1] for name, array in arrays.items()}


def drawn(task, scenes, outputs):
    """Return the axes of a figure that a task draws the first item in."""
    figure = Figure()
    task.for_source(scenes[0], dict(scenes[0].element_spec)).draw(figure, outputs, first_item(scenes[1]))
    return figure.axes


def lines_by_label(axis):
    return {line.get_label(): np.transpose(line.get_data()) for line in axis.lines}


class TestSourceMaps:
    def test_points_are_in_the_middle_of_pixels(self, scenes):
        outputs = np.full((1, 17, 17, 3), -20.0, dtype=np.float32)
        outputs[0, 16, 0] = [20.0, 1.0, 1.0]
        for axis in drawn(SourceMaps(), scenes, outputs):
            (image,) = axis.images
            assert image.get_extent() == pytest.approx([-0.53125, 0.53125, -0.53125, 0.53125])
        found = lines_by_label(axis)["predicted"]
        np.testing.assert_allclose(found, [[0.5, -0.5]])
        x_min, x_max, y_min, y_max = image.get_extent()
        column, row = (
            int((found[0, 0] - x_min) / (x_max - x_min) * 17),
            int((found[0, 1] - y_min) / (y_max - y_min) * 17),
        )
        assert np.asarray(image.get_array())[row, column] == np.asarray(image.get_array()).max()


class TestSourceSets:
    @pytest.mark.parametrize("feature", ["eigmode", "csmtriu", "sourcemap"])
    def test_what_a_model_takes_is_shown_beside_what_it_finds(self, scenes, sources_that_are_known, feature):
        shown, axis = drawn(SourceSets(feature=feature), scenes, first_item(sources_that_are_known))
        (image,) = shown.images
        values = scenes[1][feature][0, 0]
        if feature == "csmtriu":
            upper = np.triu(values, 1)
            matrix = upper + 1j * np.tril(values, -1).T
            values = matrix + matrix.conj().T + np.diag(np.diag(values))
        expected = 10 * np.log10(np.abs(values) / np.abs(values).max())
        levels = np.asarray(image.get_array()).T
        np.testing.assert_allclose(levels[expected > -60], expected[expected > -60], atol=1e-3)
        assert image.get_clim() == (-30, 0)
        loc = scenes[1]["loc"][0][:2, scenes[1]["source_mask"][0]].T
        for places in lines_by_label(axis).values():
            np.testing.assert_allclose(places, loc, rtol=1e-6)

    def test_silence_is_drawn_without_a_warning(self, scenes, sources_that_are_known):
        silent = (scenes[0], scenes[1] | {"csmtriu": np.zeros_like(scenes[1]["csmtriu"])})
        assert drawn(SourceSets(feature="csmtriu"), silent, first_item(sources_that_are_known))


def test_magnitudes_are_those_of_the_matrix():
    source = apg.SyntheticSource(1, seed=4, mode="analytic", features=("csm", "csmtriu"), f=2000.0, max_nsources=2)
    element = source[0]
    np.testing.assert_allclose(packed_magnitudes(element["csmtriu"][0]), np.abs(element["csm"][0]), rtol=1e-5)
