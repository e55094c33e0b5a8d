"""Down- and upsampling of feature maps, by hand."""

import numpy as np
import pytest
from flax import nnx

from acoupipe_grain.training.networks.layers import Layers
from acoupipe_grain.training.networks.resampling import (
    Downsampling,
    Upsampling,
    padding_to,
    pixels_of_channels,
    repeated,
)


def test_channels_become_pixels_row_by_row():
    x = np.arange(8.0).reshape(1, 1, 2, 4)
    np.testing.assert_array_equal(pixels_of_channels(x, (2, 2))[0, ..., 0], [[0, 1, 4, 5], [2, 3, 6, 7]])


def test_channels_that_remain_are_the_fastest_of_the_old_ones():
    x = np.arange(8.0).reshape(1, 1, 1, 8)
    np.testing.assert_array_equal(pixels_of_channels(x, (2, 2))[0, 1, 0], [4, 5])


def test_channels_become_frames_too_or_not():
    x = np.arange(24.0).reshape(1, 1, 1, 3, 8)
    assert pixels_of_channels(x, (2, 2, 2)).shape == (1, 2, 2, 6, 1)
    np.testing.assert_array_equal(pixels_of_channels(x, (2, 2, 2))[0, 0, 0, :, 0], [0, 1, 8, 9, 16, 17])
    assert pixels_of_channels(x, (2, 2, 1)).shape == (1, 2, 2, 3, 2)
    np.testing.assert_array_equal(pixels_of_channels(x, (2, 2, 1))[0, 1, 0, :, 0], [4, 12, 20])


def test_values_are_repeated_along_their_axes():
    x = np.array([[1.0, 2.0]])[None, ..., None]
    np.testing.assert_array_equal(repeated(x, (2, 3))[0, ..., 0], [[1, 1, 1, 2, 2, 2]] * 2)


@pytest.mark.parametrize(
    ("sizes", "multiples", "padding"),
    [((33, 64), (8, 8), [(3, 4), (0, 0)]), ((11,), (8,), [(2, 3)]), ((1,), (8,), [(3, 4)]), ((5,), (1,), [(0, 0)])],
)
def test_what_lacks_to_a_multiple_is_shared_by_both_sides(sizes, multiples, padding):
    assert padding_to(sizes, multiples) == padding


@pytest.mark.parametrize(("kind", "expected"), [("maxpool", 6.0), ("avgpool", 3.5)])
def test_pooling_takes_the_largest_value_or_the_mean(kind, expected):
    layer = Downsampling(kind, 1, (2, 2), Layers(2, nnx.Rngs(0)))
    layer.convolution = lambda x: x
    assert float(layer(np.array([[1.0, 2.0], [5.0, 6.0]])[None, ..., None])[0, 0, 0, 0]) == expected


@pytest.mark.parametrize(
    ("kind", "last", "kernels", "num_outputs"),
    [
        ("simple", False, {(3, 3, 8, 8)}, 8),
        ("transpose", False, {(3, 3, 8, 8)}, 8),
        ("subpixel", False, {(1, 1, 8, 32)}, 8),
        ("subpixel", True, {(1, 1, 2, 8)}, 8),
        ("simple_subpixel", False, set(), 2),
        ("conv_subpixel", False, {(1, 1, 8, 16)}, 4),
    ],
)
def test_kinds_of_upsampling_have_the_convolutions_that_options_say(kind, last, kernels, num_outputs):
    layer = Upsampling(kind, 8, (2, 2), Layers(2, nnx.Rngs(0)), convolution_last=last)
    found = [leaf.shape for _, leaf in nnx.to_flat_state(nnx.state(layer, nnx.Param))]
    assert (set(found), len(found), layer.num_outputs) == (kernels, len(kernels), num_outputs)


def test_strided_convolutions_are_wider_along_axes_that_they_reduce():
    layer = Downsampling("strided_conv", 2, (2, 2, 1), Layers(3, nnx.Rngs(0)))
    assert layer.convolution.kernel.shape == (5, 5, 3, 2, 2)
    assert layer.convolution.strides == (2, 2, 1)
