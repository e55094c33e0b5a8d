"""Maps of sources that models make of cross-spectral matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.experiment import batch_spec, network_for
from acoupipe_grain.training.models import ResidualCNN
from acoupipe_grain.training.tasks import SourceMaps


@pytest.fixture
def task(scenes):
    """Return the task for elements that have no map."""
    spec = {name: item for name, item in scenes[0].element_spec.items() if name != "sourcemap"}
    return SourceMaps(feature="csmtriu", tolerance=0.06, threshold=0.6).for_source(scenes[0], spec)


@pytest.fixture
def batch(scenes):
    return {name: array for name, array in scenes[1].items() if name not in ("sourcemap", "eigmode")}


def loudest(batch):
    """Return the largest power of each item at any microphone and frequency."""
    return np.diagonal(batch["csmtriu"], axis1=-2, axis2=-1).max(axis=(1, 2))


def test_inputs_are_levels_below_the_loudest_microphone_with_the_sign_of_each_entry(task, scenes, batch):
    inputs = np.asarray(task.inputs(batch))
    expected = task.input_shape(scenes[0].element_spec)
    assert (inputs.shape[1:], inputs.dtype) == (expected.shape, expected.dtype) == ((64, 64, 2), np.float32)
    values = np.moveaxis(batch["csmtriu"][2] / loudest(batch)[2], 0, -1)
    levels = 1 + np.maximum(10 * np.log10(np.abs(values)), -30) / 30
    np.testing.assert_allclose(inputs[2], np.sign(values) * levels, atol=1e-5)
    assert inputs.max() == 1
    assert inputs.min() < -0.5


def test_maps_are_on_the_grid_of_the_source(task, scenes, batch):
    assert task.grid == scenes[0].setup.grid
    assert task.output_shape(batch_spec(batch, scenes[0].element_spec)).shape == (17, 17, 3)


def test_a_model_that_knows_the_sources_finds_all_of_them_at_their_level(task, batch, map_of_sources):
    outputs = map_of_sources(task, loudest(batch))
    total, count = task.metrics["localisation_f1"](outputs, batch)
    assert total == count > 0
    for name in ("level_error", "overall_level_error"):
        total, count = task.metrics[name](outputs, batch)
        assert total / count < 1e-3


def test_the_loss_of_levels_is_that_below_the_loudest_microphone(task, batch):
    one = {**batch, "source_mask": np.arange(3) == np.zeros((8, 1))}  # the first source only
    outputs = np.zeros((8, 17, 17, 3), np.float32)
    levels = 1 + 10 * np.log10(batch["source_strength_analytic"][..., 0] / loudest(batch)[:, None]) / 30
    outputs[..., 1:] = levels[:, None, None, :]
    of_presence = SourceMaps(feature="csmtriu", level_weight=0.0, grid=task.grid).loss(outputs, one)
    np.testing.assert_allclose(task.loss(outputs, one), of_presence, atol=1e-5)
    louder = outputs + np.float32([0, 0.2, 0.2])
    np.testing.assert_allclose(task.loss(louder, one) - of_presence, 0.2, atol=1e-5)


def test_what_is_lacking_is_named(scenes):
    without = apg.SyntheticSource(2, mode="analytic", features=("loc", "source_strength_analytic"), f=4000.0)
    with pytest.raises(ArgumentError, match=r"unknown array 'csmtriu'"):
        SourceMaps(feature="csmtriu").for_source(without, dict(without.element_spec))
    with pytest.raises(ArgumentError, match=r"'eigmode' has the axes .*'mode'.* expected \('frequency', 'x', 'y'\)"):
        SourceMaps(feature="eigmode").for_source(scenes[0], dict(scenes[0].element_spec))


def test_matrices_are_drawn_as_such_and_presence_on_the_grid(task, batch):
    figure = Figure()
    outputs = np.full((1, 17, 17, 3), -20.0, dtype=np.float32)
    task.draw(figure, outputs, {name: array[:1] for name, array in batch.items()})
    matrix, presence = (axis.images[0] for axis in figure.axes)
    assert matrix.get_array().shape == (64, 64)
    assert presence.get_extent() == pytest.approx([-0.53125, 0.53125, -0.53125, 0.53125])


def test_a_residual_network_makes_such_maps(task, batch, scenes):
    nnx = pytest.importorskip("flax.nnx")
    options = ResidualCNN(input_kind="csm", num_filters=4, num_blocks=1, strides=(4, 4), width=8)
    network = nnx.eval_shape(lambda: network_for(options, task, batch_spec(batch, scenes[0].element_spec), nnx.Rngs(0)))
    graph, state = nnx.split(network)
    outputs = jax.eval_shape(lambda state: nnx.merge(graph, state)(task.inputs(batch)), state)
    loss = jax.eval_shape(lambda outputs: task.loss(outputs, batch), outputs)
    assert (outputs["map"].shape, loss.shape) == ((8, 17, 17, 3), (8,))


def test_gradients_are_finite(task, batch):
    gradient = jax.grad(lambda outputs: task.loss(outputs, batch).sum())(jnp.zeros((8, 17, 17, 3)))
    assert np.all(np.isfinite(gradient))
    assert np.any(gradient != 0)
