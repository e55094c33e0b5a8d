"""The network of a U-Net."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from acoupipe_grain.training.networks.layers import ACTIVATIONS, Layers, identity
from acoupipe_grain.training.networks.pre_activation import PreActivationBlock
from acoupipe_grain.training.networks.resampling import Downsampling, Upsampling, padding_to


class LevelDown(nnx.Module):
    """1×1 convolution, residual block, downsampling."""

    def __init__(self, options: Any, num_inputs: int, num_filters: int, layers: Layers) -> None:
        self.convolution = layers.convolution(num_inputs, num_filters, 1)
        self.block = _block(options, num_filters, num_filters, layers, options.dropout_rate)
        factors = options.factors(layers.num_dimensions)
        self.downsampling = Downsampling(options.downsampling, num_filters, factors, layers)

    def __call__(
        self, x: Float[Array, "batch *axes channel"]
    ) -> tuple[Float[Array, "batch *smaller filter"], Float[Array, "batch *axes filter"]]:
        """Return the features after and before downsampling."""
        x = self.block(self.convolution(x))
        return self.downsampling(x), x


class LevelUp(nnx.Module):
    """1×1 convolution, residual block, upsampling, and the features of the level downwards of that size.

    Attributes
    ----------
    num_outputs
        Channels after it.
    """

    def __init__(self, options: Any, num_inputs: int, num_filters: int, layers: Layers) -> None:
        rate = 0.0 if options.dropout_encoder_only else options.dropout_rate
        self.skip = options.skip
        self.convolution = layers.convolution(num_inputs, num_filters, 1)
        self.block = _block(options, num_filters, num_filters, layers, rate)
        self.upsampling = Upsampling(
            options.upsampling,
            num_filters,
            options.factors(layers.num_dimensions),
            layers,
            convolution_last=options.conv1x1_last,
        )
        channels = self.upsampling.num_outputs
        differs = self.skip == "add" and channels != num_filters
        self.project = layers.convolution(num_filters, channels, 1) if differs else identity
        self.num_outputs = channels + num_filters if self.skip == "concatenate" else channels

    def __call__(
        self, x: Float[Array, "batch *smaller channel"], skipped: Float[Array, "batch *axes filter"]
    ) -> Float[Array, "batch *axes output"]:
        """Return the larger features, joined."""
        x = self.upsampling(self.block(self.convolution(x)))
        if self.skip == "concatenate":
            return jnp.concatenate([x, skipped], axis=-1)
        return x + self.project(skipped) if self.skip == "add" else x


class UNetNetwork(nnx.Module):
    """A U-Net; `UNet` says what it is.

    Parameters
    ----------
    options
        What it is like.
    num_inputs, num_outputs
        Channels.
    num_dimensions
        2 or 3.
    averages_frames
        Whether outputs are without the axis of frames.
    rngs
        Where initial values and dropout get their random numbers.
    """

    def __init__(
        self,
        options: Any,
        *,
        num_inputs: int,
        num_outputs: int,
        num_dimensions: int,
        averages_frames: bool,
        rngs: nnx.Rngs,
    ) -> None:
        norm = "batch" if options.batch_norm else None
        layers = Layers(num_dimensions, rngs, options.activation, options.initializer, norm)
        filters = [options.num_filters * 2**level for level in range(options.num_levels)]
        self.options, self.averages_frames = options, averages_frames
        self.down: nnx.List[LevelDown] = nnx.List()
        channels = num_inputs
        for count in filters:
            self.down.append(LevelDown(options, channels, count, layers))
            channels = count
        rate = 0.0 if options.dropout_encoder_only else options.dropout_rate
        self.middle = _block(options, channels, 2 * channels, layers, rate)
        self.up: nnx.List[LevelUp] = nnx.List()
        channels = 2 * channels
        for count in reversed(filters):
            self.up.append(level := LevelUp(options, channels, count, layers))
            channels = level.num_outputs
        # Where frames are averaged away, the head sees images.
        head = Layers(num_dimensions - averages_frames, rngs, initializer=options.initializer)
        self.head = head.convolution(channels, num_outputs, 1, use_bias=True)

    def __call__(self, x: Float[Array, "batch *axes channel"]) -> Float[Array, "batch *reduced output"]:
        """Return the output of a batch of images (batch, x, y, channel) or sequences (batch, x, y, frame, channel).

        Sizes may be others than those it was built for.

        Raises
        ------
        ArgumentError
            If the sizes do not suit the options.
        """
        sizes = x.shape[1:-1]
        self.options.require_sizes(sizes)
        factors = self.options.factors(len(sizes))
        padding = padding_to(sizes, [factor**self.options.num_levels for factor in factors])
        features = self.decode(*self.encode(jnp.pad(x, [(0, 0), *padding, (0, 0)])))
        features = features[:, *(slice(low, low + size) for (low, _), size in zip(padding, sizes, strict=True))]
        if self.averages_frames:
            features = features.mean(axis=3)
        if (ratio := self.options.size_ratio) > 1:
            window = (ratio, ratio, *(1 for _ in features.shape[3:-1]))
            features = nnx.avg_pool(features, window, window)
        return ACTIVATIONS[self.options.output_activation](self.head(features))

    def encode(
        self, x: Float[Array, "batch *axes channel"]
    ) -> tuple[Float[Array, "batch *smallest filter"], list[Array]]:
        """Return the features after the last level downwards, and those of each level before it is reduced."""
        skipped = []
        for level in self.down:
            x, before = level(x)
            skipped.append(before)
        return x, skipped

    def decode(
        self, x: Float[Array, "batch *smallest filter"], skipped: Sequence[Array]
    ) -> Float[Array, "batch *axes output"]:
        """Return the features before the head, from what `encode` gave."""
        x = self.middle(x)
        for level, features in zip(self.up, reversed(skipped), strict=True):
            x = level(x, features)
        return x


def _block(options: Any, num_inputs: int, num_filters: int, layers: Layers, rate: float) -> PreActivationBlock:
    """Return the residual block of a level, or of the middle, where the number of channels changes."""
    has_shortcut = options.block_shortcut and num_inputs == num_filters
    return PreActivationBlock(
        num_inputs,
        num_filters,
        layers,
        shortcut="identity" if has_shortcut else None,
        dropout_rate=rate,
        dropout_position=options.dropout_position,
    )
