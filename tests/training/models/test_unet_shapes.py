"""U-Nets: sizes of what comes out, and numbers of parameters."""

import jax
import numpy as np
import pytest
from flax import nnx
from small_networks import abstract, applied, filled, output_shapes, spec

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import LightUNet, UNet
from acoupipe_grain.training.networks.parameters import num_parameters

OLDER_PIPELINE = 7_983_041
"""Keras' count for its network at F = 64, which has no skips in effect; running statistics of batch norm included."""


@pytest.mark.parametrize(
    ("inputs", "outputs", "options"),
    [
        ((64, 64, 1), (64, 64, 1), {}),
        ((33, 33, 2), (33, 33, 3), {}),
        ((64, 64, 1), (32, 32, 1), {"size_ratio": 2}),
        ((36, 36, 1), (9, 9, 1), {"size_ratio": 4}),
        ((64, 64, 16, 1), (64, 64, 16, 1), {}),
        ((64, 64, 11, 1), (64, 64, 11, 1), {}),
        ((33, 33, 11, 1), (33, 33, 11, 1), {"temporal_downsampling": False}),
        pytest.param((64, 64, 16, 1), (32, 32, 16, 1), {"size_ratio": 2}, marks=pytest.mark.slow),
        ((64, 64, 11, 1), (64, 64, 1), {}),
        pytest.param((64, 64, 11, 1), (16, 16, 1), {"size_ratio": 4}, marks=pytest.mark.slow),
    ],
)
def test_outputs_have_the_sizes_that_labels_have(inputs, outputs, options):
    assert output_shapes(UNet(num_filters=2, **options), spec(*inputs), spec(*outputs)) == (2, *outputs)


@pytest.mark.parametrize("upsampling", ["simple", "transpose", "subpixel", "simple_subpixel", "conv_subpixel"])
@pytest.mark.parametrize(
    ("inputs", "downsampling", "skip"),
    [
        ((12, 9, 1), "maxpool", "add"),
        ((9, 12, 3, 1), "avgpool", "concatenate"),
        pytest.param((9, 9, 3, 1), "strided_conv", "add", marks=pytest.mark.slow),
        pytest.param((9, 9, 1), "strided_conv", None, marks=pytest.mark.slow),
    ],
)
def test_all_ways_of_resampling_keep_sizes_with_all_ways_of_joining(upsampling, inputs, downsampling, skip):
    for last in (False, True) if upsampling == "subpixel" else (False,):
        options = LightUNet(
            num_filters=8, upsampling=upsampling, downsampling=downsampling, skip=skip, conv1x1_last=last
        )
        assert output_shapes(options, spec(*inputs), spec(*inputs)) == (2, *inputs)


def test_a_network_takes_other_sizes_than_those_it_was_built_for():
    network = filled(LightUNet(num_filters=2), spec(8, 8, 1), spec(8, 8, 1))
    assert applied(network, np.zeros((3, 5, 12, 1), np.float32)).shape == (3, 5, 12, 1)


def test_without_padding_other_sizes_are_refused_when_they_come():
    network = abstract(LightUNet(num_filters=2, padding="valid"), spec(8, 8, 1), spec(8, 8, 1))
    with pytest.raises(ArgumentError, match="padding='valid': 9 along x is no multiple of 2"):
        network(np.zeros((3, 9, 8, 1), np.float32))


@pytest.mark.parametrize(
    ("options", "inputs", "count"),
    [
        (UNet(), (64, 64, 1), 8_012_993),
        (UNet(skip="add"), (64, 64, 1), 7_971_969),
        (UNet(skip=None), (64, 64, 1), 7_971_969),
        (UNet(), (64, 64, 16, 1), 23_176_385),
        (UNet(skip=None), (64, 64, 16, 1), 23_135_361),
        (LightUNet(), (64, 64, 1), 431_169),
        (LightUNet(skip=None), (64, 64, 1), 431_105),
    ],
)
def test_numbers_of_parameters_are_those_of_the_documentation(options, inputs, count):
    assert num_parameters(abstract(options, spec(*inputs), spec(*inputs))) == count
    assert f"{count:,}".replace(",", " ") in UNet.__doc__ + LightUNet.__doc__


def test_without_skips_it_is_the_older_pipelines_network_but_for_biases_that_batch_norm_would_cancel():
    F = 64
    network = abstract(UNet(skip=None), spec(64, 64, 1), spec(64, 64, 1))
    # Down: 1×1, two 3×3 and the one before the pooling; middle: two; up: 1×1, two 3×3, and 1×1 to 4f channels.
    biases = sum(4 * f for f in (F, 2 * F, 4 * F)) + 2 * 8 * F + sum((1 + 2 + 4) * f for f in (4 * F, 2 * F, F))
    statistics = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.BatchStat)))
    assert (biases, statistics) == (5_952, 5_120)
    assert num_parameters(network) + statistics + biases == OLDER_PIPELINE


def test_without_batch_norm_convolutions_have_the_biases():
    with_norm, without = (
        abstract(UNet(skip=None, batch_norm=has_norm), spec(64, 64, 1), spec(64, 64, 1)) for has_norm in (True, False)
    )
    scales_and_biases_of_norms = 5_120
    assert num_parameters(without) == num_parameters(with_norm) - scales_and_biases_of_norms + 5_952
    assert not jax.tree.leaves(nnx.state(without, nnx.BatchStat))
