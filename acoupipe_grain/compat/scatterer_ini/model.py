"""Options of the U-Net in ``config.ini``, checked and in this package's names; no network is built of them here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from acoupipe_grain.compat.scatterer_ini.entries import Entry
from acoupipe_grain.compat.scatterer_ini.frames import num_frames
from acoupipe_grain.compat.scatterer_ini.sections import Sections

_ACTIVATIONS = {"lrelu": "lrelu", "relu": "relu"}
_INITIALIZERS = (
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
)
_SPELLINGS: Mapping[str, Mapping[str, Any]] = {
    "Padding": {"same": "same", "valid": "valid"},
    "OutputActivation": {"sigmoid": "sigmoid", **_ACTIVATIONS, "none": None},
    "UpSampling": {
        "simple": "simple",
        "transpose": "transpose",
        "transposed": "transpose",
        "subpixel": "subpixel",
        "simple_subpixel": "simple_subpixel",
        "conv_subpixel": "conv_subpixel",
    },
    "DownSampling": {"strided_conv": "strided_conv", "maxpool": "maxpool", "avgpool": "avgpool"},
    "Activation": _ACTIVATIONS,
    "Initializer": {name: name for name in _INITIALIZERS},
    "SkipConnection": {"add": "add", "concat": "concatenate", "concatenate": "concatenate", "none": None},
}
"""What may be given for a key, and the value here."""


def _spelled(entry: Entry) -> Any:
    return entry.choice(_SPELLINGS[entry.key])


def _dropout_rate(entry: Entry) -> float:
    return 0.0 if entry.is_none else entry.number(minimum=0, below=1)


def _dropout_position(entry: Entry) -> str:
    # The key's "Warning" is WRN, a wide residual network: it drops between the two convolutions of a block.
    return "between" if entry.flag() else "after"


_MEANINGS: Mapping[str, tuple[str, Callable[[Entry], Any]]] = {
    "NumFilter": ("num_filters", lambda entry: entry.integer(minimum=1)),
    "Padding": ("padding", _spelled),
    "OutputActivation": ("output_activation", _spelled),
    "UpSampling": ("upsampling", _spelled),
    "DownSampling": ("downsampling", _spelled),
    "Activation": ("activation", _spelled),
    # That program's network has the 1×1 convolution before the pixel shuffle where the key is True.
    "Conv1DLater": ("conv1x1_last", lambda entry: not entry.flag()),
    "Initializer": ("initializer", _spelled),
    "BatchNorm": ("batch_norm", Entry.flag),
    "Shortcut": ("block_shortcut", Entry.flag),
    "DropOutRate": ("dropout_rate", _dropout_rate),
    "DropOutWarning": ("dropout_position", _dropout_position),
    "SkipConnection": ("skip", _spelled),
    "DropOutEncoderOnly": ("dropout_encoder_only", Entry.flag),
    "TemporalDownScaling": ("temporal_downsampling", Entry.flag),
}


def model_options(sections: Sections) -> dict[str, Any]:
    """Return the options that the section [MODEL] gives, by name here, without those that have no effect.

    That program has switches of what is not there, such as dropout and frames; they are checked.

    Raises
    ------
    ArgumentError
        If a value is unknown or of the wrong type.
    """
    given = {key: sections.get("MODEL", key) for key in _MEANINGS}
    options = {_MEANINGS[key][0]: _MEANINGS[key][1](entry) for key, entry in given.items() if entry is not None}
    left_out = _without_effect(options, is_moving=num_frames(sections) is not None)
    return {name: value for name, value in options.items() if name not in left_out}


def _without_effect(options: Mapping[str, Any], is_moving: bool) -> set[str]:
    """Return the options that have no effect with the others."""
    names = set()
    if options.get("upsampling", "subpixel") != "subpixel":
        names.add("conv1x1_last")
    if not options.get("dropout_rate"):
        names |= {"dropout_position", "dropout_encoder_only"}
    if not is_moving:
        names.add("temporal_downsampling")
    return names
