"""U-Nets for maps and frames: options, and the shapes that they suit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import checks
from acoupipe_grain.training.models.checks import Activation, Initializer

if TYPE_CHECKING:
    import jax

    from acoupipe_grain.training.networks.unet import UNetNetwork

Padding: TypeAlias = Literal["same", "valid"]
OutputActivation: TypeAlias = Literal["sigmoid", "relu", "lrelu", "softplus", "tanh"]
Upsampling: TypeAlias = Literal["simple", "transpose", "subpixel", "simple_subpixel", "conv_subpixel"]
Downsampling: TypeAlias = Literal["strided_conv", "maxpool", "avgpool"]
DropoutPosition: TypeAlias = Literal["between", "after"]
Skip: TypeAlias = Literal["add", "concatenate"]
_AXES_2D, _AXES_3D = ("x", "y", "channel"), ("x", "y", "frame", "channel")


@dataclass(frozen=True, kw_only=True)
class UNet:
    """A U-Net of residual levels, for images (x, y, channel) or sequences of images (x, y, frame, channel).

    With F = `num_filters`, levels downwards have F, 2F, 4F, ... filters, the middle has twice those of the last one,
    and levels upwards have them in reverse; a 1×1 convolution is the head. A level is a 1×1 convolution, a
    pre-activation residual block (norm, activation, 3×3 convolution, twice; the input is added; dropout) and down- or
    upsampling by 2; the middle is such a block. What a level downwards has before it reduces its size joins what the
    level upwards of that size gives. Convolutions are zero-padded; they have biases only without batch norm, which has
    some of its own and would cancel them. Sequences are convolved along frames too (3×3×3).

    Parameters and, in brackets, running statistics of batch norm for one channel in, one out, F = 64, 2-D and the
    other defaults: 8 012 993 (5 120) with `skip` "concatenate", 7 971 969 (5 120) with "add" or None. With 3-D:
    23 176 385 and 23 135 361.

    Parameters
    ----------
    num_filters
        Filters of the first level, F ≥ 1.
    num_levels
        Levels in either direction, 1 ... 8.
    num_dimensions
        2: images; 3: sequences; None: what the inputs are.
    padding
        What is done where a size is no multiple of 2^`num_levels`. "same": inputs are padded with zeros on both sides,
        and outputs are cropped; "valid": nothing, such sizes are an error when the network is built.
    output_activation
        Function of the output: "sigmoid", "relu", "lrelu", "softplus", "tanh"; None: none.
    upsampling
        f being the filters of the level. "simple": values are repeated, then 3×3 convolution; "transpose": transposed
        3×3 convolution; "subpixel": 1×1 convolution and pixel shuffle (channels become pixels), f channels after it;
        "simple_subpixel": pixel shuffle alone, f/4 channels after it (f/8 where frames are upsampled);
        "conv_subpixel": 1×1 convolution to 2f channels, then pixel shuffle, f/2 (f/4) after it.
    downsampling
        "strided_conv": 5×5 convolution with stride 2; "maxpool", "avgpool": 3×3 convolution, then the largest value or
        the mean of 2×2.
    activation
        "relu", or "lrelu", max(x, 0.3 x).
    conv1x1_last
        Where the 1×1 convolution of upsampling "subpixel" is: False: before the pixel shuffle, to 4f channels (8f);
        True: after it. Of that one only.
    initializer
        Initial values of convolutions, by the name `jax.nn.initializers` has for their distribution.
    batch_norm
        Whether blocks have batch norm (momentum 0.9), or no norm.
    block_shortcut
        Whether the input of a block is added to its output. The middle, which changes the number of channels, has no
        such shortcut.
    dropout_rate
        0 ... 1, 1 excluded.
    dropout_position
        "between" the convolutions of a block, or "after" the block; of a rate above 0 only.
    skip
        How levels join: "add" (through a 1×1 convolution where numbers of channels differ: upsampling
        "simple_subpixel" and "conv_subpixel"), "concatenate"; None: not at all.
    dropout_encoder_only
        Whether dropout is in levels downwards only, not in the middle and upwards; likewise.
    temporal_downsampling
        Whether the axis of frames is down- and upsampled too; of sequences only.
    size_ratio
        Pixels of the input for one of the output along x and y, a divisor of their sizes. The head takes the mean of
        `size_ratio`² pixels of the last level, as labels are reduced by the mean; frames are not.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range or would have no effect, or values do not go together.

    Notes
    -----
    U-Net: Ronneberger, Fischer, Brox, "U-Net: convolutional networks for biomedical image segmentation", 2015. Blocks:
    He, Zhang, Ren, Sun, "Identity mappings in deep residual networks", 2016. Pixel shuffle: Shi et al., "Real-time
    single image and video super-resolution using an efficient sub-pixel convolutional neural network", 2016.
    """

    num_filters: int = 64
    num_levels: int = 3
    num_dimensions: int | None = None
    padding: Padding = "same"
    output_activation: OutputActivation | None = None
    upsampling: Upsampling = "subpixel"
    downsampling: Downsampling = "maxpool"
    activation: Activation = "lrelu"
    conv1x1_last: bool = False
    initializer: Initializer = "glorot_uniform"
    batch_norm: bool = True
    block_shortcut: bool = True
    dropout_rate: float = 0.0
    dropout_position: DropoutPosition = "after"
    skip: Skip | None = "concatenate"
    dropout_encoder_only: bool = False
    temporal_downsampling: bool = True
    size_ratio: int = 1

    def __post_init__(self) -> None:
        dimensions, activation, skip = self.num_dimensions, self.output_activation, self.skip
        checked: dict[str, Any] = {
            "num_filters": arguments.integer("num_filters", self.num_filters, minimum=1),
            "num_levels": arguments.integer("num_levels", self.num_levels, minimum=1, maximum=8),
            "num_dimensions": dimensions
            if dimensions is None
            else arguments.integer("num_dimensions", dimensions, minimum=2, maximum=3),
            "padding": arguments.choice("padding", self.padding, get_args(Padding)),
            "output_activation": activation
            if activation is None
            else arguments.choice("output_activation", activation, get_args(OutputActivation)),
            "upsampling": arguments.choice("upsampling", self.upsampling, get_args(Upsampling)),
            "downsampling": arguments.choice("downsampling", self.downsampling, get_args(Downsampling)),
            "activation": arguments.choice("activation", self.activation, checks.ACTIVATIONS),
            "initializer": arguments.choice("initializer", self.initializer, checks.INITIALIZERS),
            "dropout_rate": checks.dropout_rate(self.dropout_rate),
            "dropout_position": arguments.choice("dropout_position", self.dropout_position, get_args(DropoutPosition)),
            "skip": skip if skip is None else arguments.choice("skip", skip, get_args(Skip)),
            "size_ratio": arguments.integer("size_ratio", self.size_ratio, minimum=1),
        }
        for name in ("conv1x1_last", "batch_norm", "block_shortcut", "dropout_encoder_only", "temporal_downsampling"):
            checked[name] = arguments.flag(name, getattr(self, name))
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        self._require_effect(self.num_dimensions or 3)
        self._require_channels(self.num_dimensions or 2)

    def factors(self, num_dimensions: int) -> tuple[int, ...]:
        """Return the factor by which a level reduces each axis."""
        return (2, 2) if num_dimensions == 2 else (2, 2, 2 if self.temporal_downsampling else 1)

    def build(self, inputs: jax.ShapeDtypeStruct, outputs: jax.ShapeDtypeStruct, *, rngs: Any) -> UNetNetwork:
        """Return the network.

        Parameters
        ----------
        inputs
            An item that goes in: (x, y, channel) or (x, y, frame, channel).
        outputs
            An item that comes out: the same axes, x and y `size_ratio` times smaller; or (x, y, channel) for
            sequences: features are then averaged over frames before the head.
        rngs
            `flax.nnx.Rngs` of initial values and dropout.

        Raises
        ------
        ArgumentError
            If flax is missing, or the shapes do not suit the options.
        """
        checks.require_flax()
        from acoupipe_grain.training.networks.unet import UNetNetwork

        given = checks.shape_of("inputs", inputs, _AXES_2D, _AXES_3D)
        num_dimensions = len(given) - 1
        if self.num_dimensions not in (None, num_dimensions):
            raise ArgumentError(
                f"num_dimensions={self.num_dimensions}: the inputs {given} have {num_dimensions} and channels; leave "
                "it out, or give other inputs."
            )
        self._require_effect(num_dimensions)
        self._require_channels(num_dimensions)
        self.require_sizes(given[:-1])
        wanted = checks.shape_of("outputs", outputs, *((_AXES_2D,) if num_dimensions == 2 else (_AXES_2D, _AXES_3D)))
        self._require_outputs(given, wanted)
        return UNetNetwork(
            self,
            num_inputs=given[-1],
            num_outputs=wanted[-1],
            num_dimensions=num_dimensions,
            averages_frames=len(wanted) < len(given),
            rngs=rngs,
        )

    def require_sizes(self, sizes: tuple[int, ...]) -> None:
        """Raise `ArgumentError` unless images of these sizes, (x, y) or (x, y, frame), can be taken.

        The message names the size and the remedy.
        """
        for size in sizes[:2]:
            if size % self.size_ratio:
                raise ArgumentError(
                    f"size_ratio={self.size_ratio}: {size} pixels are no multiple of it; give a divisor of the sizes "
                    f"{sizes[:2]}, or crop or pad the data."
                )
        if self.padding == "same":
            return
        for axis, size, factor in zip(("x", "y", "frame"), sizes, self.factors(len(sizes)), strict=False):
            multiple = factor**self.num_levels
            if size % multiple:
                raise ArgumentError(
                    f"padding='valid': {size} along {axis} is no multiple of {multiple}, which {self.num_levels} "
                    "levels need; give padding='same', fewer levels, or crop or pad the data."
                )

    def _require_outputs(self, given: tuple[int, ...], wanted: tuple[int, ...]) -> None:
        reduced = tuple(size // self.size_ratio for size in given[:2])
        if wanted[:2] != reduced:
            raise ArgumentError(
                f"outputs={wanted}: expected {reduced} pixels, the inputs {given} having {given[:2]} and size_ratio "
                f"being {self.size_ratio}; give another size_ratio, or labels of that size."
            )
        if len(wanted) == 4 and wanted[2] != given[2]:
            raise ArgumentError(f"outputs={wanted}: expected {given[2]} frames as the inputs have, or no such axis.")

    def _require_effect(self, num_dimensions: int) -> None:
        """Raise `ArgumentError` if an option would have no effect."""
        if self.upsampling != "subpixel":
            reason = f"upsampling={self.upsampling!r} has one place for convolutions; choose 'subpixel'"
            checks.require_default(self, "conv1x1_last", reason)
        if not self.dropout_rate:
            for name in ("dropout_position", "dropout_encoder_only"):
                checks.require_default(self, name, "dropout_rate=0.0 is no dropout; give a higher one")
        if num_dimensions == 2:
            checks.require_default(self, "temporal_downsampling", "images have no axis of frames; give sequences")

    def _require_channels(self, num_dimensions: int) -> None:
        """Raise `ArgumentError` where the pixel shuffle would divide channels into parts of one."""
        parts = math.prod(self.factors(num_dimensions))
        needed = {"simple_subpixel": parts, "conv_subpixel": parts // 2}.get(self.upsampling, 1)
        if self.upsampling == "subpixel" and self.conv1x1_last:
            needed = parts
        if self.num_filters % needed:
            raise ArgumentError(
                f"num_filters={self.num_filters}: upsampling={self.upsampling!r} divides them by {needed}; give a "
                "multiple of it, or another upsampling."
            )


@dataclass(frozen=True, kw_only=True)
class LightUNet(UNet):
    """A `UNet` of one level, the middle having 2F filters: F, 2F, F.

    Parameters for one channel in, one out, F = 64, 2-D and the other defaults: 431 169, with `skip` "add" or None
    431 105.
    """

    num_levels: int = 1
