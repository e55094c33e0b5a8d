"""Residual blocks with norm and activation before each convolution."""

from __future__ import annotations

from typing import Literal

from flax import nnx
from jax import Array
from jaxtyping import Float

from acoupipe_grain.training.networks.layers import Layers, identity


class PreActivationBlock(nnx.Module):
    """Norm, activation, 3×3 convolution, twice, and the input added to it.

    Source: He, Zhang, Ren, Sun, "Identity mappings in deep residual networks", 2016.

    Parameters
    ----------
    num_inputs, num_filters
        Channels before and after it.
    layers
        What all layers have in common.
    shortcut
        What is added: "identity", the input; "projection", a 1×1 convolution of the input after the first norm and
        activation, for other numbers of channels and strides; None: nothing.
    strides
        Of the first convolution.
    dropout_rate, dropout_position
        Dropout "between" the convolutions, or "after" the addition.
    """

    def __init__(
        self,
        num_inputs: int,
        num_filters: int,
        layers: Layers,
        *,
        shortcut: Literal["identity", "projection"] | None = "identity",
        strides: int = 1,
        dropout_rate: float = 0.0,
        dropout_position: str = "between",
    ) -> None:
        self.activate = layers.activate
        self.shortcut = shortcut
        self.first_norm = layers.normalization(num_inputs)
        self.first = layers.convolution(num_inputs, num_filters, strides=strides)
        self.second_norm = layers.normalization(num_filters)
        self.second = layers.convolution(num_filters, num_filters)
        self.project = layers.convolution(num_inputs, num_filters, 1, strides) if shortcut == "projection" else identity
        self.dropout = layers.dropout(dropout_rate)
        self.dropout_position = dropout_position

    def __call__(self, x: Float[Array, "batch *axes channel"]) -> Float[Array, "batch *reduced filter"]:
        """Return features after it."""
        activated = self.activate(self.first_norm(x))
        y = self.first(activated)
        if self.dropout_position == "between":
            y = self.dropout(y)
        y = self.second(self.activate(self.second_norm(y)))
        if self.shortcut is not None:
            y = y + (x if self.shortcut == "identity" else self.project(activated))
        return self.dropout(y) if self.dropout_position == "after" else y
