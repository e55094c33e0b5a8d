"""Transformers of eigenmodes."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from small_networks import applied, assert_no_parameter_is_dead, built, filled, output_shapes, sources_spec, spec

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import EigenmodeTransformer
from acoupipe_grain.training.networks.eigenmode_transformer import mode_tokens

SMALL = EigenmodeTransformer(num_layers=1, num_heads=2, width=8, dropout_rate=0.0)
MODES, SOURCES = spec(2, 4, 4, dtype="complex64"), sources_spec(3, 2, 2)


def random_modes(batch_size=2, scale=1.0):
    """Scaled eigenvectors of random Hermitian matrices, eigenvalues ascending."""
    rng = np.random.default_rng(7)
    parts = rng.standard_normal((2, batch_size, *MODES.shape))
    matrix = parts[0] + 1j * parts[1]
    values, vectors = np.linalg.eigh(matrix @ matrix.conj().swapaxes(-1, -2))
    return (scale * vectors * values[..., None, :]).astype(np.complex64), scale * values


def test_tokens_are_eigenvectors_as_long_as_their_level_is_high():
    modes, values = random_modes(scale=1e-3)
    tokens = np.asarray(mode_tokens(modes, 3)).reshape(2, 2, 3, 4, 2)
    vectors = (modes / values[..., None, :].astype(np.float32))[..., 1:]
    level = np.log1p(values[..., 1:] / 4e-10) / np.log1p(1 / 4e-10)
    expected = 2 * level[..., None, :] * vectors  # √4 microphones
    np.testing.assert_allclose(tokens[..., 0], expected.real.swapaxes(-1, -2), atol=1e-5)
    np.testing.assert_allclose(tokens[..., 1], expected.imag.swapaxes(-1, -2), atol=1e-5)


def test_tokens_keep_levels_and_have_none_of_silence():
    modes = np.zeros((1, 1, 2, 2), np.complex64)
    modes[0, 0, 0, 1] = 1.0
    np.testing.assert_allclose(mode_tokens(modes, 2)[0, 0], [[0, 0, 0, 0], [2**0.5, 0, 0, 0]], atol=1e-6)
    # Of 94 dB at 1 Pa², what is 20 dB quieter lacks 20.
    length = float(jnp.linalg.norm(mode_tokens(0.01 * modes, 1))) / 2**0.5
    assert length == pytest.approx(1 - 20 / (10 * np.log10(1 / 4e-10)), abs=1e-4)


def test_complex_numbers_and_their_parts_give_the_same():
    network = filled(SMALL, MODES, SOURCES)
    modes, _ = random_modes()
    of_complex, of_parts = applied(network, modes), applied(network, np.stack([modes.real, modes.imag], axis=-1))
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, atol=1e-5), of_complex, of_parts)
    assert np.all(np.asarray(of_complex["strengths"]) > 0)


@pytest.mark.parametrize(
    ("num_tokens", "sources", "inputs"),
    [(None, (3, 2, 2), MODES), (1, (5, 3, 1), spec(2, 4, 4, 2)), (4, (1, 2, 1), MODES)],
)
def test_sources_have_the_shapes_that_are_asked_for(num_tokens, sources, inputs):
    options = dataclasses.replace(SMALL, num_tokens=num_tokens, num_layers=2)
    outputs = sources_spec(*sources)
    assert output_shapes(options, inputs, outputs) == {name: (2, *item.shape) for name, item in outputs.items()}


@pytest.mark.parametrize(
    "options", [SMALL, pytest.param(dataclasses.replace(SMALL, num_layers=2, dropout_rate=0.1), marks=pytest.mark.slow)]
)
def test_gradients_reach_every_parameter_of_transformers(options):
    assert_no_parameter_is_dead(filled(options, MODES, SOURCES), random_modes()[0])


def test_sources_change_places_with_the_queries():
    network = filled(SMALL, MODES, SOURCES)
    modes, _ = random_modes()
    before = applied(network, modes)
    order = np.array([2, 0, 1])
    network.queries[...] = network.queries[...][order]
    after = applied(network, modes)
    for name, values in before.items():
        assert not np.allclose(values, after[name])
        np.testing.assert_allclose(values[:, order], after[name], atol=1e-5)


def test_only_the_strongest_modes_count_if_so_many_are_kept():
    network = filled(dataclasses.replace(SMALL, num_tokens=2), MODES, SOURCES)
    modes, _ = random_modes()
    weak, strong = modes.copy(), modes.copy()
    weak[..., :2] *= 0.5
    strong[..., 2:] *= 0.5
    expected, of_weak, of_strong = (applied(network, item)["positions"] for item in (modes, weak, strong))
    np.testing.assert_array_equal(of_weak, expected)
    assert not np.allclose(of_strong, expected)


def test_transformers_drop_values_when_training_only():
    network = filled(dataclasses.replace(SMALL, dropout_rate=0.5), MODES, SOURCES)
    modes, _ = random_modes()
    assert not np.allclose(*(applied(network, modes)["positions"] for _ in range(2)))
    network.eval()
    jax.tree.map(np.testing.assert_array_equal, *(applied(network, modes) for _ in range(2)))


def test_transformer_options_are_json_values():
    assert EigenmodeTransformer(**json.loads(json.dumps(dataclasses.asdict(SMALL)))) == SMALL


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 100}, "width=100: no multiple of num_heads=8; give 104"),
        ({"num_layers": 0}, "num_layers=0"),
        ({"num_heads": 0}, "num_heads=0"),
        ({"num_tokens": 0}, "num_tokens=0"),
        ({"dropout_rate": 1}, "dropout_rate=1"),
    ],
)
def test_bad_transformer_options_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        EigenmodeTransformer(**options)


@pytest.mark.parametrize(
    ("options", "inputs", "outputs", "message"),
    [
        ({}, spec(2, 4, 4), SOURCES, "expected complex numbers"),
        ({}, spec(2, 4, 4, 2, dtype="complex64"), SOURCES, "expected complex numbers"),
        ({}, spec(2, 4, 4, 3), SOURCES, "real ones"),
        ({}, spec(4, 4), SOURCES, "unsuitable shape"),
        ({"num_tokens": 5}, MODES, SOURCES, "num_tokens=5: there are 4 modes"),
        ({}, MODES, {"map": spec(4, 4, 1)}, r"outputs=\['map'\]: EigenmodeTransformer gives positions, strengths"),
    ],
)
def test_shapes_that_transformers_cannot_have_are_refused(options, inputs, outputs, message):
    with pytest.raises(ArgumentError, match=message):
        built(EigenmodeTransformer(**options), inputs, outputs)


def test_no_vector_for_the_frequency_if_there_is_one():
    names = {path[0] for path, _ in nnx.to_flat_state(nnx.state(filled(SMALL, MODES, SOURCES), nnx.Param))}
    assert "of_frequency" in names
    alone = nnx.eval_shape(lambda: built(SMALL, spec(1, 4, 4, dtype="complex64"), SOURCES))
    assert "of_frequency" not in {path[0] for path, _ in nnx.to_flat_state(nnx.state(alone, nnx.Param))}
