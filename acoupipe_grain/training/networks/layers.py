"""Layers that networks of convolutions are made of, with what all layers of one network have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
from flax import nnx
from jax import Array
from jaxtyping import Float

from acoupipe_grain.training.networks.convolution import convolve_sequences
from acoupipe_grain.training.networks.initialization import initializer

Layer: TypeAlias = Callable[[Array], Array]
"""A module of one argument, or a function."""

_SLOPE = 0.3
_GROUP_SIZE = 8
_MOMENTUM = 0.9


def leaky_relu(x: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
    """Return max(x, 0.3 x)."""
    return jax.nn.leaky_relu(x, _SLOPE)


def identity(x: Array) -> Array:
    """Return what is given."""
    return x


ACTIVATIONS: Mapping[str | None, Layer] = {
    None: identity,
    "relu": jax.nn.relu,
    "lrelu": leaky_relu,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "tanh": jax.numpy.tanh,
}


class Dropout(nnx.Module):
    """Dropout with random numbers drawn along one axis; `acoupipe_grain.training.networks.initialization` says why."""

    def __init__(self, rate: float, rngs: nnx.Rngs) -> None:
        self.of_values = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
        """Return the values; in training some of them are 0, and the others larger."""
        return self.of_values(x.reshape(-1)).reshape(x.shape)


def dropout(rate: float, rngs: nnx.Rngs) -> Layer:
    """Return dropout, or `identity` for the rate 0."""
    return Dropout(rate, rngs) if rate else identity


def linear(num_inputs: int, num_outputs: int, rngs: nnx.Rngs) -> nnx.Linear:
    """Return a linear layer with a bias."""
    return nnx.Linear(num_inputs, num_outputs, kernel_init=initializer("lecun_normal"), rngs=rngs)


@dataclass(frozen=True)
class Layers:
    """Makes layers whose last axis is that of channels.

    Attributes
    ----------
    num_dimensions
        Axes between those of the batch and of channels.
    rngs
        Where initial values and dropout get their random numbers.
    activation, initializer
        Names.
    norm
        "batch", "group" (groups of 8 channels, or of as many as divide them) or None.
    """

    num_dimensions: int
    rngs: nnx.Rngs
    activation: str = "relu"
    initializer: str = "he_normal"
    norm: str | None = "batch"

    @property
    def activate(self) -> Layer:
        """The activation."""
        return ACTIVATIONS[self.activation]

    def convolution(
        self,
        num_inputs: int,
        num_filters: int,
        size: int | Sequence[int] = 3,
        strides: int | Sequence[int] = 1,
        *,
        use_bias: bool | None = None,
    ) -> nnx.Conv:
        """Return a zero-padded convolution; with a bias where there is no norm, unless said."""
        return nnx.Conv(
            num_inputs,
            num_filters,
            self._of_each_axis(size),
            self._of_each_axis(strides),
            use_bias=self.norm is None if use_bias is None else use_bias,
            kernel_init=initializer(self.initializer),
            conv_general_dilated=convolve_sequences if self.num_dimensions == 3 else jax.lax.conv_general_dilated,
            rngs=self.rngs,
        )

    def transposed_convolution(self, num_inputs: int, num_filters: int, strides: Sequence[int]) -> nnx.ConvTranspose:
        """Return a transposed convolution of size 3."""
        return nnx.ConvTranspose(
            num_inputs,
            num_filters,
            self._of_each_axis(3),
            tuple(strides),
            use_bias=self.norm is None,
            kernel_init=initializer(self.initializer),
            rngs=self.rngs,
        )

    def normalization(self, num_channels: int) -> Layer:
        """Return a norm, or `identity`."""
        if self.norm is None:
            return identity
        options: dict[str, Any] = {"epsilon": 1e-5, "use_fast_variance": False, "rngs": self.rngs}
        if self.norm == "group":
            size = math.gcd(num_channels, _GROUP_SIZE)
            return nnx.GroupNorm(num_channels, num_groups=None, group_size=size, **options)
        return nnx.BatchNorm(num_channels, momentum=_MOMENTUM, **options)

    def dropout(self, rate: float) -> Layer:
        """Return dropout, or `identity` for the rate 0."""
        return dropout(rate, self.rngs)

    def _of_each_axis(self, value: int | Sequence[int]) -> tuple[int, ...]:
        return (value,) * self.num_dimensions if isinstance(value, int) else tuple(value)
