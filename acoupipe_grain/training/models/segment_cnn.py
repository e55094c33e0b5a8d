"""Small networks of convolutions that say of which class a segment of audio is: options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import checks
from acoupipe_grain.training.models.checks import Activation, Initializer

if TYPE_CHECKING:
    import jax

    from acoupipe_grain.training.networks.segment_cnn import SegmentNetwork


@dataclass(frozen=True, kw_only=True)
class SegmentCNN:
    """A network of convolutions from log-mel spectra (mel, frame, channel) to one number for each class.

    Batch norm of each mel band, then blocks of a 3×3 convolution, batch norm, activation and the largest value of 2×2,
    filters doubling from block to block; the mean over bands and frames, dropout, and a linear layer. What comes out
    are log-odds of several classes that may all be there, or numbers for a softmax: the loss decides.

    Parameters
    ----------
    num_filters
        Filters of the first block, at least 1.
    num_blocks
        At least 1; each halves bands and frames, of which one at least must remain.
    activation
        "relu", or "lrelu", max(x, 0.3 x).
    batch_norm
        Whether there is batch norm (momentum 0.9); without it, convolutions have biases.
    dropout_rate
        Before the linear layer; 0 ... 1, 1 excluded.
    initializer
        Initial values of convolutions, by the name `jax.nn.initializers` has for their distribution.

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """

    num_filters: int = 16
    num_blocks: int = 3
    activation: Activation = "relu"
    batch_norm: bool = True
    dropout_rate: float = 0.2
    initializer: Initializer = "he_normal"

    def __post_init__(self) -> None:
        checked: dict[str, Any] = {
            "num_filters": arguments.integer("num_filters", self.num_filters, minimum=1),
            "num_blocks": arguments.integer("num_blocks", self.num_blocks, minimum=1),
            "activation": arguments.choice("activation", self.activation, checks.ACTIVATIONS),
            "batch_norm": arguments.flag("batch_norm", self.batch_norm),
            "dropout_rate": checks.dropout_rate(self.dropout_rate),
            "initializer": arguments.choice("initializer", self.initializer, checks.INITIALIZERS),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def build(self, inputs: jax.ShapeDtypeStruct, outputs: jax.ShapeDtypeStruct, *, rngs: Any) -> SegmentNetwork:
        """Return the network.

        Parameters
        ----------
        inputs
            A segment that goes in: (mel, frame, channel).
        outputs
            What comes out: (class,).
        rngs
            `flax.nnx.Rngs` of initial values and dropout.

        Raises
        ------
        ArgumentError
            If flax is missing, or the shapes do not suit the options.
        """
        checks.require_flax()
        from acoupipe_grain.training.networks.segment_cnn import SegmentNetwork

        num_bands, num_frames, num_channels = checks.shape_of("inputs", inputs, ("mel", "frame", "channel"))
        (num_classes,) = checks.shape_of("outputs", outputs, ("class",))
        if min(num_bands, num_frames) < 2**self.num_blocks:
            raise ArgumentError(
                f"num_blocks={self.num_blocks}: nothing would be left of {num_bands} bands and {num_frames} frames; "
                f"give at most {min(num_bands, num_frames).bit_length() - 1}, or longer segments."
            )
        return SegmentNetwork(self, num_bands=num_bands, num_channels=num_channels, num_classes=num_classes, rngs=rngs)
