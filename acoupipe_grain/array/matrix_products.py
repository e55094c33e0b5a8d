"""Products of complex matrices as one real product each: faster than complex ones, and the precision can be pinned.

Precision is the highest everywhere: cross-spectral matrices and maps have a dynamic range that TF32 would drown.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Complex, Float, Inexact

from acoupipe_grain.array.source_pairs import SourcePairs, add_sources

_PRECISION = jax.lax.Precision.HIGHEST
_SOURCES_AT_ONCE = 64


def outer_sum(vectors: Complex[Array, "*batch vector line mic"]) -> Complex[Array, "*batch line mic mic"]:
    """Return Σ v vᴴ over many vectors of each line, exactly Hermitian."""
    num_mics = vectors.shape[-1]
    stacked = jnp.concatenate([jnp.real(vectors), jnp.imag(vectors)], axis=-1)
    products = jnp.einsum("...bfi,...bfj->...fij", stacked, stacked, precision=_PRECISION)
    real = products[..., :num_mics, :num_mics] + products[..., num_mics:, num_mics:]
    imag = products[..., num_mics:, :num_mics] - products[..., :num_mics, num_mics:]
    return _hermitian(real, imag)


def gram(columns: Complex[Array, "*batch mic column"]) -> Complex[Array, "*batch mic mic"]:
    """Return G Gᴴ of a matrix of few columns, exactly Hermitian: [[Re, Im], [Im, −Re]] times [Re, Im]ᵀ."""
    num_mics = columns.shape[-2]
    real, imag = jnp.real(columns), jnp.imag(columns)
    upper, lower = jnp.concatenate([real, imag], axis=-1), jnp.concatenate([imag, -real], axis=-1)
    both = jnp.concatenate([upper, lower], axis=-2)
    products = jnp.matmul(both, jnp.swapaxes(upper, -1, -2), precision=_PRECISION)
    return _hermitian(products[..., :num_mics, :], products[..., num_mics:, :])


def _hermitian(real: Float[Array, "*batch mic mic"], imag: Float[Array, "*batch mic mic"]) -> Complex[Array, "..."]:
    symmetric = (real + jnp.swapaxes(real, -1, -2)) / 2
    return jax.lax.complex(symmetric, (imag - jnp.swapaxes(imag, -1, -2)) / 2)


def product(left: Complex[Array, "*#batch i j"], right: Complex[Array, "*#batch j k"]) -> Complex[Array, "... i k"]:
    """Return the matrix product; batch axes broadcast."""
    num_columns = right.shape[-1]
    real, imag = jnp.real(right), jnp.imag(right)
    block = jnp.concatenate([jnp.concatenate([real, imag], axis=-1), jnp.concatenate([-imag, real], axis=-1)], axis=-2)
    stacked = jnp.concatenate([jnp.real(left), jnp.imag(left)], axis=-1)
    result = jnp.matmul(stacked, block, precision=_PRECISION)
    return jax.lax.complex(result[..., :num_columns], result[..., num_columns:])


def quadratic_form(
    matrix: Complex[Array, "*batch mic mic"], vectors: Complex[Array, "point mic"]
) -> Float[Array, "*batch point"]:
    """Return hᴴ C h of a Hermitian matrix C for every vector h.

    The quadratic form of [Re h, Im h] with [[Re C, −Im C], [Im C, Re C]].
    """
    real, imag = jnp.real(matrix), jnp.imag(matrix)
    block = jnp.concatenate([jnp.concatenate([real, -imag], axis=-1), jnp.concatenate([imag, real], axis=-1)], axis=-2)
    stacked = jnp.concatenate([jnp.real(vectors), jnp.imag(vectors)], axis=-1)
    return jnp.sum(jnp.matmul(stacked, block, precision=_PRECISION) * stacked, axis=-1)


def steered_power(
    vectors: Complex[Array, "point mic"],
    sources: Complex[Array, "*batch mic source"],
    source_mask: Bool[Array, "*batch source"],
) -> Float[Array, "*batch point"]:
    """Return Σ |hᴴ a|² over the sources a of each record, for every vector h; only sources in the mask are computed.

    One product for some sources at a time: [Re a, Im a] and [Im a, −Re a] with [Re h, Im h].
    """
    *batch, num_mics, num_sources = sources.shape
    rows = jnp.swapaxes(sources, -1, -2).reshape(-1, num_sources, num_mics)
    stacked = jnp.concatenate([jnp.real(vectors), jnp.imag(vectors)], axis=-1).T
    chunk_size = min(_SOURCES_AT_ONCE, len(rows) * num_sources)

    def add(power: Float[Array, "record point"], pairs: SourcePairs) -> Float[Array, "record point"]:
        some = jnp.where(pairs.is_drawn[:, None], rows[pairs.record, pairs.source], 0)
        real, imag = jnp.real(some), jnp.imag(some)
        upper, lower = jnp.concatenate([real, imag], axis=-1), jnp.concatenate([imag, -real], axis=-1)
        steered = jnp.matmul(jnp.concatenate([upper, lower]), stacked, precision=_PRECISION)
        return power.at[pairs.record].add(steered[:chunk_size] ** 2 + steered[chunk_size:] ** 2)

    mask = source_mask.reshape(len(rows), num_sources)
    power = add_sources(mask, chunk_size, add, jnp.zeros((len(rows), len(vectors)), stacked.dtype))
    return power.reshape(*batch, len(vectors))


def squared_magnitude(values: Inexact[Array, "*n"]) -> Float[Array, "*n"]:
    """Return |v|² without the root."""
    return jnp.real(values) ** 2 + jnp.imag(values) ** 2
