"""The network of `EigenmodeTransformer`."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jaxtyping import Complex, Float

from acoupipe_grain.training.losses.decibels import REFERENCE_POWER
from acoupipe_grain.training.networks.attention import DecoderBlock, EncoderBlock
from acoupipe_grain.training.networks.layers import linear
from acoupipe_grain.training.networks.source_output import sources_of


def mode_tokens(
    modes: Complex[Array, "batch frequency mic mode"] | Float[Array, "batch frequency mic mode 2"], num_modes: int
) -> Float[Array, "batch frequency {num_modes} 2*mic"]:
    """Return tokens of scaled eigenvectors, as `EigenmodeTransformer` says: those of the last `num_modes` columns.

    Parameters
    ----------
    modes
        λᵢ vᵢ in column i, eigenvalues ascending, Pa²; complex, or real and imaginary parts.
    num_modes
        How many to keep.
    """
    modes = modes[:, :, :, -num_modes:]
    parts = jnp.stack([modes.real, modes.imag], axis=-1) if jnp.iscomplexobj(modes) else modes
    squared = (parts**2).sum(axis=(2, 4), keepdims=True)
    # The square of an eigenvalue below 1e-19 Pa² is 0 in single precision, and so is its level.
    values = jnp.sqrt(jnp.where(squared > 0, squared, 1))
    level = jnp.log1p(values / REFERENCE_POWER) / math.log1p(1 / REFERENCE_POWER)
    num_mics = parts.shape[2]
    tokens = jnp.where(squared > 0, parts * (level / values * math.sqrt(num_mics)), 0)
    return jnp.moveaxis(tokens, 2, 3).reshape(*tokens.shape[:2], num_modes, 2 * num_mics)


class EigenmodeNetwork(nnx.Module):
    """A transformer of eigenmodes; `EigenmodeTransformer` says what it is.

    Parameters
    ----------
    options
        What it is like.
    num_frequencies, num_mics, num_modes
        What goes in; `num_modes` are kept.
    source_sizes
        Numbers of sources, coordinates and frequencies.
    rngs
        Where initial values and dropout get their random numbers.
    """

    def __init__(
        self,
        options: Any,
        *,
        num_frequencies: int,
        num_mics: int,
        num_modes: int,
        source_sizes: tuple[int, int, int],
        rngs: nnx.Rngs,
    ) -> None:
        num_sources, self.num_coordinates, num_outputs = source_sizes
        self.num_modes = num_modes
        width, of_blocks = options.width, (options.width, options.num_heads, options.dropout_rate, rngs)
        self.embedding = linear(2 * num_mics, width, rngs)
        self.of_rank = _vectors(num_modes, width, 0.02, rngs)
        # One frequency's would be a bias, which there is already.
        self.of_frequency = _vectors(num_frequencies, width, 0.02, rngs) if num_frequencies > 1 else None
        self.encoder = nnx.List([EncoderBlock(*of_blocks) for _ in range(options.num_layers)])
        self.encoder_norm = nnx.LayerNorm(width, rngs=rngs)
        self.queries = _vectors(num_sources, width, 1.0, rngs)
        self.decoder = DecoderBlock(*of_blocks)
        self.decoder_norm = nnx.LayerNorm(width, rngs=rngs)
        self.head = linear(width, 1 + self.num_coordinates + num_outputs, rngs)

    def __call__(
        self, modes: Complex[Array, "batch frequency mic mode"] | Float[Array, "batch frequency mic mode 2"]
    ) -> dict[str, Array]:
        """Return positions, strengths and presence of sources, from scaled eigenvectors in ascending order, Pa²."""
        tokens = self.embedding(mode_tokens(modes, self.num_modes)) + self.of_rank[...]
        if self.of_frequency is not None:
            tokens = tokens + self.of_frequency[...][:, None]
        tokens = tokens.reshape(tokens.shape[0], -1, tokens.shape[-1])
        for block in self.encoder:
            tokens = block(tokens)
        queries = jnp.broadcast_to(self.queries[...], (tokens.shape[0], *self.queries.shape))
        queries = self.decoder(queries, self.encoder_norm(tokens))
        return sources_of(self.head(self.decoder_norm(queries)), self.num_coordinates)


def _vectors(count: int, width: int, deviation: float, rngs: nnx.Rngs) -> nnx.Param[Array]:
    """Return learned vectors, normally distributed at first."""
    return nnx.Param(deviation * jax.random.normal(rngs.params(), (count * width,), jnp.float32).reshape(count, width))
