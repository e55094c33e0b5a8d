"""Options of U-Nets: what is refused, where and with which remedy; what config.ini names."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from small_networks import abstract, built, spec

from acoupipe_grain.compat.scatterer_ini import read_scatterer_ini
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import LightUNet, UNet

CONF = Path(__file__).parents[3] / "conf" / "scatterers.ini"
MOVING = "[DATA]\nMovement = True\nMovementDuration = 4\nMovementVelocity = 2\nTracks = True\n"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("num_filters", 0, "num_filters=0: must be at least 1"),
        ("num_levels", 9, "num_levels=9: must be at least 1 and at most 8"),
        ("num_dimensions", 1, "num_dimensions=1: must be at least 2 and at most 3"),
        ("padding", "sama", "unknown padding 'sama'; did you mean 'same'"),
        ("output_activation", "softmax", "unknown output_activation 'softmax'"),
        ("upsampling", "subpixl", "did you mean 'subpixel'"),
        ("downsampling", "max", "unknown downsampling 'max'; did you mean 'maxpool'"),
        ("activation", "gelu", "Available: lrelu, relu"),
        ("conv1x1_last", "yes", "conv1x1_last='yes': expected true or false"),
        ("initializer", "zeros", "unknown initializer 'zeros'"),
        ("batch_norm", 1, "batch_norm=1: expected true or false"),
        ("dropout_rate", 1.0, "dropout_rate=1.0: expected a finite number, at least 0, less than 1"),
        ("dropout_position", "before", "unknown dropout_position 'before'"),
        ("skip", "concat", "unknown skip 'concat'; did you mean 'concatenate'"),
        ("size_ratio", 0, "size_ratio=0: must be at least 1"),
    ],
)
def test_bad_values_are_refused_when_options_are_made(option, value, message):
    with pytest.raises(ArgumentError) as refusal:
        UNet(**{option: value})
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("options", "divisor"),
    [
        ({"upsampling": "simple_subpixel"}, 4),
        ({"upsampling": "conv_subpixel"}, 2),
        ({"upsampling": "subpixel", "conv1x1_last": True}, 4),
        ({"upsampling": "simple_subpixel", "num_dimensions": 3}, 8),
        ({"upsampling": "conv_subpixel", "num_dimensions": 3}, 4),
        ({"upsampling": "simple_subpixel", "num_dimensions": 3, "temporal_downsampling": False}, 4),
    ],
)
def test_pixel_shuffles_need_filters_that_divide(options, divisor):
    UNet(num_filters=divisor, **options)
    with pytest.raises(ArgumentError, match=f"divides them by {divisor}; give a multiple"):
        UNet(num_filters=divisor + 1, **options)


def test_pixel_shuffles_of_sequences_are_checked_when_the_inputs_say_that_they_are_some():
    options = UNet(num_filters=4, upsampling="simple_subpixel")
    with pytest.raises(ArgumentError, match="divides them by 8"):
        built(options, spec(8, 8, 8, 1), spec(8, 8, 8, 1))


@pytest.mark.parametrize(
    ("options", "inputs", "outputs", "message"),
    [
        (
            {"padding": "valid"},
            (64, 36, 1),
            (64, 36, 1),
            "padding='valid': 36 along y is no multiple of 8.*padding='same'",
        ),
        ({"padding": "valid"}, (64, 64, 11, 1), (64, 64, 11, 1), "11 along frame is no multiple of 8"),
        ({"size_ratio": 2}, (33, 33, 1), (16, 16, 1), "size_ratio=2: 33 pixels are no multiple of it"),
        ({}, (64, 64, 1), (32, 32, 1), r"expected \(64, 64\) pixels.*give another size_ratio"),
        ({"size_ratio": 2}, (64, 64, 1), (64, 64, 1), r"expected \(32, 32\) pixels"),
        ({}, (64, 64, 11, 1), (64, 64, 16, 1), "expected 11 frames"),
        ({"num_dimensions": 2}, (64, 64, 11, 1), (64, 64, 1), "num_dimensions=2.*have 3 and channels"),
        ({"num_dimensions": 3}, (64, 64, 1), (64, 64, 1), "num_dimensions=3.*have 2 and channels"),
        ({}, (64, 64), (64, 64, 1), r"inputs=\(64, 64\): unsuitable shape; expected \(x, y, channel\) or"),
        ({}, (64, 64, 1), (64, 64, 16, 1), r"outputs=\(64, 64, 16, 1\): unsuitable shape"),
    ],
)
def test_shapes_that_do_not_suit_are_refused_before_anything_is_built(options, inputs, outputs, message):
    with pytest.raises(ArgumentError, match=message):
        built(UNet(**options), spec(*inputs), spec(*outputs))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"conv1x1_last": True, "upsampling": "simple"}, "conv1x1_last=True: .*upsampling='simple'.*choose 'subpixel'"),
        ({"conv1x1_last": True, "upsampling": "conv_subpixel"}, "conv1x1_last=True: would have no effect"),
        ({"dropout_position": "between"}, r"dropout_position='between': .*dropout_rate=0\.0 is no dropout"),
        ({"dropout_encoder_only": True}, r"dropout_encoder_only=True: .*dropout_rate=0\.0 is no dropout"),
        ({"temporal_downsampling": False, "num_dimensions": 2}, "temporal_downsampling=False: .*images have no axis"),
    ],
)
@pytest.mark.parametrize("kind", [UNet, LightUNet])
def test_options_without_effect_are_refused(kind, options, message):
    with pytest.raises(ArgumentError, match=message):
        kind(**options)


def test_an_option_of_sequences_is_refused_when_the_inputs_are_images():
    with pytest.raises(ArgumentError, match="temporal_downsampling=False: would have no effect, images have no axis"):
        built(UNet(temporal_downsampling=False), spec(8, 8, 1), spec(8, 8, 1))


def test_shapes_must_be_said():
    with pytest.raises(ArgumentError, match=r"inputs=64: expected a jax.ShapeDtypeStruct of shape \(x, y, channel\)"):
        built(UNet(), 64, spec(64, 64, 1))


def test_without_padding_suitable_sizes_are_accepted_and_frames_may_stay_as_they_are():
    abstract(UNet(padding="valid"), spec(64, 40, 1), spec(64, 40, 1))
    abstract(UNet(padding="valid", temporal_downsampling=False), spec(16, 16, 11, 1), spec(16, 16, 11, 1))


@pytest.mark.parametrize("options", [UNet(num_filters=8, skip=None, dropout_rate=0.3), LightUNet(upsampling="simple")])
def test_options_are_json_values_and_frozen(options):
    values = json.loads(json.dumps(dataclasses.asdict(options)))
    assert type(options)(**values) == options
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.num_filters = 3


def test_numpy_values_become_json_values():
    json.dumps(dataclasses.asdict(UNet(num_filters=np.int64(4), dropout_rate=np.float32(0.5), batch_norm=np.True_)))


def test_a_light_unet_has_one_level_and_the_same_options():
    assert LightUNet().num_levels == 1
    assert {item.name for item in dataclasses.fields(LightUNet)} == {item.name for item in dataclasses.fields(UNet)}
    assert dataclasses.replace(UNet(), num_levels=1) == UNet(**dataclasses.asdict(LightUNet()))


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("Padding", ("same", "valid")),
        ("OutputActivation", ("sigmoid", "lrelu", "relu", "None")),
        ("UpSampling", ("simple", "transpose", "transposed", "subpixel", "simple_subpixel", "conv_subpixel")),
        ("DownSampling", ("strided_conv", "maxpool", "avgpool")),
        ("Activation", ("lrelu", "relu")),
        ("Conv1DLater", ("True", "False")),
        ("Initializer", ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal")),
        ("Initializer", ("lecun_uniform", "lecun_normal", "orthogonal")),
        ("BatchNorm", ("True", "False")),
        ("Shortcut", ("True", "False")),
        ("DropOutRate", ("0.3", "0", "None")),
        ("DropOutWarning", ("True", "False")),
        ("SkipConnection", ("add", "concat", "concatenate", "None")),
        ("DropOutEncoderOnly", ("True", "False")),
        ("TemporalDownScaling", ("True", "False")),
    ],
)
def test_every_value_of_config_ini_is_one_of_these_options(tmp_path, key, values):
    for value in values:
        path = tmp_path / "config.ini"
        needed = "DropOutRate = 0.5\n" if key in ("DropOutWarning", "DropOutEncoderOnly") else ""
        path.write_text(f"{MOVING}[MODEL]\n{needed}{key} = {value}\n")
        given = read_scatterer_ini(path).model
        assert len(given) == (2 if needed else 1)
        assert given.items() <= dataclasses.asdict(UNet(**given)).items()


def test_a_whole_config_ini_builds_a_network_for_frames_and_for_tracks():
    options = UNet(**read_scatterer_ini(CONF).model)
    assert options.num_filters == 64
    assert options.skip == "add"
    abstract(options, spec(64, 64, 1), spec(64, 64, 1))
    abstract(options, spec(64, 64, 16, 1), spec(64, 64, 1))
