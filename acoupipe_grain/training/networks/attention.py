"""Blocks of transformers with the norm first."""

from __future__ import annotations

import jax
from flax import nnx
from jax import Array
from jaxtyping import Float

from acoupipe_grain.training.networks.initialization import initializer
from acoupipe_grain.training.networks.layers import dropout, linear

_EXPANSION = 2


class Attention(nnx.Module):
    """What some tokens take from others, every one from all of them, added to them: x + A(norm(x), y).

    Without biases: one in the keys would have no effect, others little.
    """

    def __init__(self, width: int, num_heads: int, dropout_rate: float, rngs: nnx.Rngs) -> None:
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(
            num_heads,
            width,
            use_bias=False,
            decode=False,
            kernel_init=initializer("glorot_uniform"),
            keep_rngs=False,
            rngs=rngs,
        )
        self.dropout = dropout(dropout_rate, rngs)

    def __call__(
        self, x: Float[Array, "batch token width"], others: Float[Array, "batch other width"] | None = None
    ) -> Float[Array, "batch token width"]:
        """Return tokens that attended to `others`, or to each other."""
        normed = self.norm(x)
        return x + self.dropout(self.attention(normed, normed if others is None else others))


class FeedForward(nnx.Module):
    """A network of two layers, the first twice as wide, for each token, added to it."""

    def __init__(self, width: int, dropout_rate: float, rngs: nnx.Rngs) -> None:
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.first = linear(width, _EXPANSION * width, rngs)
        self.second = linear(_EXPANSION * width, width, rngs)
        self.dropout = dropout(dropout_rate, rngs)

    def __call__(self, x: Float[Array, "batch token width"]) -> Float[Array, "batch token width"]:
        """Return tokens after it."""
        return x + self.dropout(self.second(jax.nn.gelu(self.first(self.norm(x)))))


class EncoderBlock(nnx.Module):
    """Tokens attend to each other; then the network for each."""

    def __init__(self, width: int, num_heads: int, dropout_rate: float, rngs: nnx.Rngs) -> None:
        self.attention = Attention(width, num_heads, dropout_rate, rngs)
        self.feed_forward = FeedForward(width, dropout_rate, rngs)

    def __call__(self, x: Float[Array, "batch token width"]) -> Float[Array, "batch token width"]:
        """Return tokens after it."""
        return self.feed_forward(self.attention(x))


class DecoderBlock(nnx.Module):
    """Queries attend to each other and to tokens; then the network for each."""

    def __init__(self, width: int, num_heads: int, dropout_rate: float, rngs: nnx.Rngs) -> None:
        self.among_queries = Attention(width, num_heads, dropout_rate, rngs)
        self.to_tokens = Attention(width, num_heads, dropout_rate, rngs)
        self.feed_forward = FeedForward(width, dropout_rate, rngs)

    def __call__(
        self, queries: Float[Array, "batch query width"], tokens: Float[Array, "batch token width"]
    ) -> Float[Array, "batch query width"]:
        """Return queries after it."""
        return self.feed_forward(self.to_tokens(self.among_queries(queries), tokens))
