"""Down- and upsampling of feature maps by whole factors, and the padding that whole factors need."""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Float

from acoupipe_grain.training.networks.layers import Layer, Layers, identity


def repeated(x: Float[Array, "batch *axes channel"], factors: Sequence[int]) -> Float[Array, "batch *larger channel"]:
    """Return every value `factors` times along the axes between batch and channel."""
    for axis, factor in enumerate(factors, start=1):
        x = jnp.repeat(x, factor, axis=axis) if factor > 1 else x
    return x


def pixels_of_channels(
    x: Float[Array, "batch *axes channel"], factors: Sequence[int]
) -> Float[Array, "batch *larger channel"]:
    """Return channels as pixels, the pixel shuffle of Shi et al. (2016).

    The channel (i, j, ..., c) in row-major order of `factors` and the channels that remain is the pixel at i, j, ...
    of those that one becomes.
    """
    sizes, count = x.shape[1:-1], len(factors)
    x = x.reshape(x.shape[0], *sizes, *factors, -1)
    pairs = [axis for pair in zip(range(1, count + 1), range(count + 1, 2 * count + 1), strict=True) for axis in pair]
    x = x.transpose(0, *pairs, 2 * count + 1)
    return x.reshape(x.shape[0], *(size * factor for size, factor in zip(sizes, factors, strict=True)), x.shape[-1])


def padding_to(sizes: Sequence[int], multiples: Sequence[int]) -> list[tuple[int, int]]:
    """Return how many pixels each axis lacks before and after it to be a multiple."""
    missing = [-size % multiple for size, multiple in zip(sizes, multiples, strict=True)]
    return [(count // 2, count - count // 2) for count in missing]


class Downsampling(nnx.Module):
    """Reduces axes by factors: `kind` is "strided_conv", "maxpool" or "avgpool" as `UNet` has them."""

    def __init__(self, kind: str, num_filters: int, factors: tuple[int, ...], layers: Layers) -> None:
        self.kind, self.factors = kind, factors
        if kind == "strided_conv":
            size = [5 if factor > 1 else 3 for factor in factors]
            self.convolution = layers.convolution(num_filters, num_filters, size, factors)
        else:
            self.convolution = layers.convolution(num_filters, num_filters)

    def __call__(self, x: Float[Array, "batch *axes channel"]) -> Float[Array, "batch *smaller channel"]:
        """Return the smaller features."""
        x = self.convolution(x)
        if self.kind == "maxpool":
            return nnx.max_pool(x, self.factors, self.factors)
        return nnx.avg_pool(x, self.factors, self.factors) if self.kind == "avgpool" else x


class Upsampling(nnx.Module):
    """Enlarges axes by factors: `kind` and `convolution_last` are `upsampling` and `conv1x1_last` of `UNet`.

    Attributes
    ----------
    num_outputs
        Channels after it.
    """

    def __init__(
        self, kind: str, num_filters: int, factors: tuple[int, ...], layers: Layers, *, convolution_last: bool
    ) -> None:
        parts = math.prod(factors)
        self.kind, self.factors = kind, factors
        self.num_outputs = num_filters
        before: Layer = identity
        after: Layer = identity
        if kind == "simple":
            after = layers.convolution(num_filters, num_filters)
        elif kind == "transpose":
            before = layers.transposed_convolution(num_filters, num_filters, factors)
        elif kind == "simple_subpixel":
            self.num_outputs = num_filters // parts
        elif kind == "conv_subpixel":
            before = layers.convolution(num_filters, 2 * num_filters, 1)
            self.num_outputs = 2 * num_filters // parts
        elif convolution_last:
            after = layers.convolution(num_filters // parts, num_filters, 1)
        else:
            before = layers.convolution(num_filters, parts * num_filters, 1)
        self.before, self.after = before, after

    def __call__(self, x: Float[Array, "batch *axes channel"]) -> Float[Array, "batch *larger channel"]:
        """Return the larger features."""
        x = self.before(x)
        if self.kind == "simple":
            x = repeated(x, self.factors)
        elif self.kind != "transpose":
            x = pixels_of_channels(x, self.factors)
        return self.after(x)
