"""The network of `SegmentCNN`."""

from __future__ import annotations

from typing import Any

from flax import nnx
from jax import Array
from jaxtyping import Float

from acoupipe_grain.training.networks.layers import Layers, linear


class SegmentNetwork(nnx.Module):
    """A classifier of segments; `SegmentCNN` says what it is.

    Parameters
    ----------
    options
        What it is like.
    num_bands, num_channels
        Of what goes in.
    num_classes
        Numbers that come out.
    rngs
        Where initial values and dropout get their random numbers.
    """

    def __init__(self, options: Any, *, num_bands: int, num_channels: int, num_classes: int, rngs: nnx.Rngs) -> None:
        norm = "batch" if options.batch_norm else None
        layers = Layers(2, rngs, options.activation, options.initializer, norm)
        self.band_norm = layers.normalization(num_bands)
        self.blocks: nnx.List[SegmentBlock] = nnx.List()
        channels = num_channels
        for index in range(options.num_blocks):
            self.blocks.append(SegmentBlock(channels, options.num_filters * 2**index, layers))
            channels = options.num_filters * 2**index
        self.dropout = layers.dropout(options.dropout_rate)
        self.linear = linear(channels, num_classes, rngs)

    def __call__(self, x: Float[Array, "batch mel frame channel"]) -> Float[Array, "batch class"]:
        """Return a number for each class, of a batch of segments."""
        x = self.band_norm(x.swapaxes(1, 3)).swapaxes(1, 3)
        for block in self.blocks:
            x = block(x)
        return self.linear(self.dropout(x.mean(axis=(1, 2))))


class SegmentBlock(nnx.Module):
    """3×3 convolution, norm, activation, and the largest value of 2×2."""

    def __init__(self, num_inputs: int, num_filters: int, layers: Layers) -> None:
        self.convolution = layers.convolution(num_inputs, num_filters)
        self.norm = layers.normalization(num_filters)
        self.activate = layers.activate

    def __call__(self, x: Float[Array, "batch mel frame channel"]) -> Float[Array, "batch _mel _frame filter"]:
        """Return the smaller features."""
        return nnx.max_pool(self.activate(self.norm(self.convolution(x))), (2, 2), (2, 2))
