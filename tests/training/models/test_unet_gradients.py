"""U-Nets: every parameter of every variant is trained."""

import pytest
from small_networks import assert_no_parameter_is_dead, filled, random_batch, spec

from acoupipe_grain.training.models import LightUNet, UNet


@pytest.mark.parametrize(
    "options",
    [
        {},
        {
            "upsampling": "simple",
            "downsampling": "strided_conv",
            "skip": "add",
            "batch_norm": False,
            "activation": "relu",
        },
        {"upsampling": "transpose", "downsampling": "avgpool", "skip": None, "block_shortcut": False},
    ],
    ids=lambda options: "-".join(map(str, options.values())) or "defaults",
)
def test_gradients_reach_every_parameter(options):
    network = filled(LightUNet(num_filters=4, **options), spec(8, 8, 1), spec(8, 8, 1))
    assert_no_parameter_is_dead(network, random_batch(spec(8, 8, 1)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "inputs", "outputs"),
    [
        ({"num_levels": 3}, (16, 16, 1), (16, 16, 1)),
        ({"skip": "add", "num_levels": 2, "size_ratio": 2}, (10, 10, 2), (5, 5, 2)),
        ({"upsampling": "simple_subpixel", "skip": "add", "output_activation": "softplus"}, (8, 8, 1), (8, 8, 1)),
        ({"upsampling": "simple_subpixel", "output_activation": "sigmoid"}, (8, 8, 1), (8, 8, 1)),
        ({"upsampling": "conv_subpixel", "skip": "add", "output_activation": "tanh"}, (8, 8, 1), (8, 8, 1)),
        ({"conv1x1_last": True, "initializer": "orthogonal", "output_activation": "lrelu"}, (9, 9, 1), (9, 9, 1)),
        ({"dropout_rate": 0.2, "dropout_position": "between", "initializer": "he_normal"}, (8, 8, 1), (8, 8, 1)),
        ({"dropout_rate": 0.2, "dropout_encoder_only": True, "initializer": "lecun_uniform"}, (8, 8, 1), (8, 8, 1)),
        ({"block_shortcut": False, "batch_norm": False, "initializer": "glorot_normal"}, (8, 8, 1), (8, 8, 1)),
        ({"padding": "valid", "output_activation": "relu", "initializer": "he_uniform"}, (8, 8, 1), (8, 8, 1)),
        ({}, (8, 8, 3, 1), (8, 8, 3, 1)),
        ({"downsampling": "strided_conv", "skip": "add"}, (8, 8, 4, 1), (8, 8, 4, 1)),
        (
            {"temporal_downsampling": False, "downsampling": "avgpool", "upsampling": "transpose"},
            (8, 8, 3, 1),
            (8, 8, 1),
        ),
        ({"temporal_downsampling": False, "downsampling": "strided_conv", "size_ratio": 2}, (8, 8, 3, 1), (4, 4, 3, 1)),
    ],
    ids=str,
)
def test_gradients_reach_every_parameter_of_further_variants(options, inputs, outputs):
    network = filled(UNet(**{"num_filters": 4, "num_levels": 1} | options), spec(*inputs), spec(*outputs))
    assert_no_parameter_is_dead(network, random_batch(spec(*inputs)))
