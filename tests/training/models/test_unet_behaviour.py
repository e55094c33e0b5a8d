"""U-Nets: what skips, dropout, norm, activations and the size ratio do."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from small_networks import applied, built, filled, random_batch, spec

from acoupipe_grain.training.models import LightUNet, UNet
from acoupipe_grain.training.networks.layers import Dropout, Layers
from acoupipe_grain.training.networks.pre_activation import PreActivationBlock

IMAGE = spec(8, 8, 1)


@pytest.mark.parametrize("skip", ["add", "concatenate", pytest.param(None, marks=pytest.mark.slow)])
def test_outputs_depend_on_what_goes_past_the_middle_if_there_are_skips(skip):
    network = filled(UNet(num_filters=2, num_levels=2, skip=skip), IMAGE, IMAGE)

    @nnx.jit
    def decoded(network, batch):
        features, skipped = network.encode(batch)
        full = network.decode(features, skipped)
        return full, [
            network.decode(
                features, [jnp.zeros_like(item) if index == level else item for index, item in enumerate(skipped)]
            )
            for level in range(2)
        ]

    full, without_one = decoded(network, random_batch(IMAGE))
    for features in without_one:
        assert bool(jnp.allclose(features, full)) == (skip is None)


def _error_after_training(skip):
    """Mean squared error of noise of unit variance that is to be reproduced pixel by pixel."""
    network = filled(UNet(num_filters=2, num_levels=2, skip=skip, block_shortcut=False, batch_norm=False), IMAGE, IMAGE)
    graph, parameters, rest = nnx.split(network, nnx.Param, ...)
    optimiser = optax.adam(0.02)

    def error(parameters, batch):
        return jnp.mean((nnx.merge(graph, parameters, rest, copy=True)(batch) - batch) ** 2)

    def step(carry, batch):
        parameters, state = carry
        value, gradients = jax.value_and_grad(error)(parameters, batch)
        updates, state = optimiser.update(gradients, state)
        return (optax.apply_updates(parameters, updates), state), value

    batches = np.random.default_rng(3).standard_normal((100, 8, 8, 8, 1)).astype(np.float32)
    run = jax.jit(lambda carry, batches: jax.lax.scan(step, carry, batches))
    _, errors = run((parameters, optimiser.init(parameters)), batches)
    return float(errors[-10:].mean())


@pytest.mark.parametrize("skip", ["concatenate", pytest.param("add", marks=pytest.mark.slow)])
def test_random_pixels_are_reproduced_through_skips(skip):
    assert _error_after_training(skip) < 0.1


@pytest.mark.slow
def test_random_pixels_are_not_reproduced_without_skips():
    # The middle has 2·2·8 numbers for 64 pixels: at best, half of the variance goes through, and only if it is linear.
    assert _error_after_training(None) > 0.4


def test_training_mode_drops_values_and_updates_statistics_and_evaluation_mode_does_neither():
    network = filled(LightUNet(num_filters=2, dropout_rate=0.5), IMAGE, IMAGE)
    batch = random_batch(IMAGE)
    first, before = applied(network, batch), jax.tree.map(jnp.copy, nnx.state(network, nnx.BatchStat))
    second = applied(network, batch)
    assert not np.allclose(first, second)
    after = jax.tree.leaves(nnx.state(network, nnx.BatchStat))
    assert after
    assert not any(np.allclose(one, other) for one, other in zip(jax.tree.leaves(before), after, strict=True))
    network.eval()
    state = jax.tree.map(jnp.copy, nnx.state(network, nnx.BatchStat))
    np.testing.assert_array_equal(applied(network, batch), applied(network, batch))
    for one, other in zip(jax.tree.leaves(state), jax.tree.leaves(nnx.state(network, nnx.BatchStat)), strict=True):
        np.testing.assert_array_equal(one, other)
    # An item's output does not depend on the others then.
    np.testing.assert_allclose(applied(network, batch)[:1], applied(network, batch[:1]), atol=1e-5)
    network.train()
    assert not np.allclose(applied(network, batch), applied(network, batch))


def test_initial_values_follow_from_the_seed_alone():
    options = LightUNet(num_filters=2)
    one, same, other = (jax.tree.leaves(nnx.state(built(options, IMAGE, IMAGE, seed), nnx.Param)) for seed in (0, 0, 1))
    assert all(leaf.dtype == jnp.float32 for leaf in one)
    for leaf, again in zip(one, same, strict=True):
        np.testing.assert_array_equal(leaf, again)
    assert any(not np.array_equal(leaf, changed) for leaf, changed in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("options", "places"),
    [
        ({"dropout_rate": 0.0}, set()),
        ({"dropout_rate": 0.5}, {"down", "middle", "up"}),
        ({"dropout_rate": 0.5, "dropout_encoder_only": True}, {"down"}),
    ],
)
def test_dropout_is_where_options_say(options, places):
    network = nnx.eval_shape(lambda: built(UNet(num_filters=2, num_levels=2, **options), IMAGE, IMAGE))
    found = {path[0] for path, module in nnx.iter_modules(network) if isinstance(module, Dropout)}
    assert found == places


@pytest.mark.parametrize(("position", "is_zero"), [("after", True), ("between", False)])
def test_dropout_after_a_block_drops_its_input_too(position, is_zero):
    layers = Layers(2, nnx.Rngs(0), norm=None)
    block = PreActivationBlock(2, 2, layers, dropout_rate=0.9, dropout_position=position)
    assert (float((applied(block, random_batch(spec(4, 4, 2))) == 0).mean()) > 0.7) == is_zero


def _seen(options, inputs, outputs):
    """A network whose levels give what they are given, and the head too; and what they were given."""
    network, seen = filled(LightUNet(num_filters=1, skip=None, **options), inputs, outputs), []

    def encode(x):
        seen.append(np.asarray(x))
        return x, []

    network.encode, network.decode = encode, lambda x, skipped: x
    network.head.kernel[...] = jnp.ones_like(network.head.kernel[...])
    network.head.bias[...] = jnp.zeros(1)
    return network, seen


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, lambda x: x),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        ("relu", lambda x: np.maximum(x, 0)),
        ("lrelu", lambda x: np.maximum(x, 0.3 * x)),
        ("softplus", lambda x: np.log1p(np.exp(x))),
        ("tanh", np.tanh),
    ],
)
def test_output_activations_are_functions_of_what_the_head_gives(name, expected):
    network, _ = _seen({"output_activation": name}, IMAGE, IMAGE)
    batch = random_batch(IMAGE)
    np.testing.assert_allclose(network(batch), expected(batch), atol=1e-6)


def test_sizes_that_do_not_fit_are_padded_with_zeros_on_both_sides_and_cropped_again():
    inputs = spec(5, 8, 3, 1)
    network, seen = _seen({"num_levels": 2}, inputs, inputs)
    batch = random_batch(inputs)
    np.testing.assert_allclose(network(batch), batch, atol=1e-6)
    # By hand: 5 lacks three to 8, 3 one to 4; 8 is a multiple of 4.
    np.testing.assert_array_equal(seen[0], np.pad(batch, [(0, 0), (1, 2), (0, 0), (0, 1), (0, 0)]))


def test_the_size_ratio_takes_the_mean_of_pixels_and_leaves_frames():
    network, _ = _seen({"size_ratio": 2}, spec(4, 6, 2, 1), spec(2, 3, 2, 1))
    batch = random_batch(spec(4, 6, 2, 1))
    expected = batch.reshape(4, 2, 2, 3, 2, 2, 1).mean(axis=(2, 4))
    np.testing.assert_allclose(network(batch), expected, atol=1e-6)


def test_outputs_without_frames_are_made_of_their_mean_padding_left_out():
    network, _ = _seen({"num_levels": 2}, spec(4, 4, 3, 1), spec(4, 4, 1))
    batch = random_batch(spec(4, 4, 3, 1))
    np.testing.assert_allclose(network(batch), batch.mean(axis=3), atol=1e-6)
