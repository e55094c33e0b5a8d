"""Cross-spectral matrices drawn as Welch's estimate is distributed: complex Wishart matrices.

Welch's average over B overlapping blocks varies like one over K independent ones. Such an average of X Xᴴ, X complex
normal with covariance S = G Gᴴ, is G W Gᴴ with W = A Aᴴ/K from Bartlett's decomposition: A lower triangular,
|A_ii|² ~ Gamma(K − i), i = 0 ... p − 1, below the diagonal complex normal with unit variance. G = [√N | H√Q] has the
sensor noise and the sources as columns, so that the diagonal of W is the draw's own power of each of them.

Sources: N. R. Goodman, "Statistical analysis based on a certain multivariate complex Gaussian distribution", Ann. Math.
Statist. 34, 1963; M. S. Bartlett, "On the theory of statistical regression", Proc. R. Soc. Edinburgh 53, 1933; P. D.
Welch, IEEE Trans. Audio Electroacoust. 15(2), 1967 (averages of overlapping blocks).

Random numbers come from threefry2x32 in its partitionable form, one key for each record and line, in float32: the same
for any batch, any other lines, and either precision.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact, Int, Shaped

from acoupipe_grain.array.matrix_products import gram, product, squared_magnitude
from acoupipe_grain.array.simulate.random_numbers import KEY_IMPLEMENTATION, complex_normal, standard_normal


class WishartDraw(NamedTuple):
    """One draw for each record and line.

    Attributes
    ----------
    csm
        Cross-spectral matrices, Pa².
    source_powers
        This draw's power of each source at the reference position, Pa².
    noise_powers
        This draw's power of each microphone's sensor noise, Pa².
    """

    csm: Complex[Array, "*batch line mic mic"]
    source_powers: Float[Array, "*batch line source"]
    noise_powers: Float[Array, "*batch line mic"]


def effective_averages(
    num_blocks: Int[Array, "*batch"], correlations: Float[np.ndarray, " lag"]
) -> Float[Array, "*batch"]:
    """Return the number K of independent blocks whose average varies as that of overlapping ones.

    K = B / (1 + 2 Σ_l (1 − l/B) ρ_l²) over the hops 0 < l < B (Welch 1967).

    Parameters
    ----------
    num_blocks
        Number B of blocks.
    correlations
        ρ_l, the window's normalised correlation with itself l = 1, 2, ... hops later.
    """
    blocks = jnp.asarray(num_blocks, dtype=jnp.result_type(float))[..., None]
    pairs = jnp.clip(1 - np.arange(1, correlations.size + 1) / blocks, 0)
    return blocks[..., 0] / (1 + 2 * jnp.sum(pairs * correlations**2, axis=-1))


def draw_wishart(
    key: Shaped[Array, "*batch 2"],
    averages: Float[Array, "*batch"],
    transfer: Complex[Array, "*batch line mic source"],
    source_powers: Float[Array, "*batch line source"],
    noise_powers: Float[Array, "*batch line mic"],
    lines: Int[np.ndarray, " line"],
    block_size: int,
    mixing: Complex[Array, "*batch line source signal"] | None = None,
) -> WishartDraw:
    """Draw the cross-spectral matrix of each record and line.

    Where K ≤ p − 1 for p = M + J, K is rounded to a whole number of averages, at least 1, and the matrices have that
    rank. At 0 Hz and at the Nyquist frequency, where spectra are real, they are real Wishart matrices of Re S.

    Parameters
    ----------
    key
        Words of each record's JAX key.
    averages
        Number K of independent averages of each record.
    transfer
        Of `acoupipe_grain.array.simulate.spectral.transfer_functions`.
    source_powers
        Power of each source at the reference position in each line, Pa².
    noise_powers
        Power of each microphone's sensor noise in each line, Pa².
    lines
        Index of each line's frequency bin; it selects the line's random numbers.
    block_size
        Samples of a block, which say where the Nyquist frequency is.
    mixing
        What each source's sound at the reference position takes of independent signals, a matrix of unit rows. None:
        sources are independent.
    """
    columns = transfer * jnp.sqrt(source_powers)[..., None, :]
    if mixing is not None:
        columns = product(columns, mixing)
    is_real = (lines == 0) | (lines == block_size // 2)
    groups = [(np.flatnonzero(is_real == real), real) for real in (False, True) if np.any(is_real == real)]
    draws = []
    for group, real in groups:
        of_group = columns[..., group, :, :], source_powers[..., group, :], noise_powers[..., group, :]
        mixed = None if mixing is None else mixing[..., group, :, :]
        draws.append(_draw_lines(key, averages, *of_group, mixed, lines[group], real))
    order = np.argsort(np.concatenate([group for group, _ in groups]))
    csm, of_sources, of_noise = zip(*draws, strict=True)
    return WishartDraw(
        jnp.concatenate(csm, axis=-3)[..., order, :, :],
        jnp.concatenate(of_sources, axis=-2)[..., order, :],
        jnp.concatenate(of_noise, axis=-2)[..., order, :],
    )


def _draw_lines(
    key: Shaped[Array, "*batch 2"],
    averages: Float[Array, "*batch"],
    columns: Complex[Array, "*batch line mic source"],
    source_powers: Float[Array, "*batch line source"],
    noise_powers: Float[Array, "*batch line mic"],
    mixing: Complex[Array, "*batch line source signal"] | None,
    lines: Int[np.ndarray, " line"],
    real: bool,
) -> WishartDraw:
    """Draw lines that are all complex or all real."""
    dtype = columns.dtype
    if real:
        # Re S = Re H Q Re Hᴴ + Im H Q Im Hᴴ + N; at the reference position the transfer is 1, the first of the two.
        columns = jnp.concatenate([jnp.real(columns), jnp.imag(columns)], axis=-1)
        mixing = None if mixing is None else jnp.concatenate([jnp.real(mixing), jnp.imag(mixing)], axis=-1)
    num_mics, num_sources = noise_powers.shape[-1], source_powers.shape[-1]
    size = num_mics + columns.shape[-1]
    degrees = jnp.where(averages > size - 1, averages, jnp.maximum(jnp.round(averages), 1))
    factors = _factors(key, degrees, lines, size, real) / jnp.sqrt(degrees)[..., None, None, None]
    of_noise = jnp.sqrt(noise_powers)[..., None] * factors[..., :num_mics, :]
    of_sources = factors[..., num_mics:, :]
    if real:
        received = of_noise + jnp.matmul(columns, of_sources, precision=jax.lax.Precision.HIGHEST)
        received = received.astype(dtype)
    else:
        received = of_noise + product(columns, of_sources)
    powers = jnp.sum(squared_magnitude(factors), axis=-1)
    own = powers[..., num_mics : num_mics + num_sources]
    if mixing is not None:
        multiply = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST) if real else product
        own = jnp.sum(squared_magnitude(multiply(mixing, of_sources)), axis=-1)
    return WishartDraw(gram(received), source_powers * own, noise_powers * powers[..., :num_mics])


def _factors(
    key: Shaped[Array, "*batch 2"],
    degrees: Float[Array, "*batch"],
    lines: Int[np.ndarray, " line"],
    size: int,
    real: bool,
) -> Inexact[Array, "*batch line size size"]:
    """Return Bartlett's factors A, E[A Aᴴ] = K, of every record and line."""
    with jax.threefry_partitionable(True):
        records = jax.random.wrap_key_data(key.reshape(-1, 2), impl=KEY_IMPLEMENTATION)
        of_lines = jax.vmap(lambda record: jax.vmap(lambda line: jax.random.fold_in(record, line))(jnp.asarray(lines)))
        factor = jax.vmap(lambda record, degree: jax.vmap(lambda line: _factor(line, degree, size, real))(record))
        drawn = factor(of_lines(records), degrees.reshape(-1).astype(jnp.float32))
    wide = jnp.result_type(float) if real else jnp.result_type(complex)
    return drawn.reshape(*degrees.shape, lines.size, size, size).astype(wide)


def _factor(key: Array, degree: Float[Array, ""], size: int, real: bool) -> Inexact[Array, "size size"]:
    """Return one factor; beyond `degree` columns it is zero."""
    for_diagonal, for_rest = jax.random.split(key)
    shapes = degree - np.arange(size, dtype=np.float32)
    is_drawn = shapes > 0
    shapes = jnp.where(is_drawn, shapes, 1.0)
    if real:
        squared = 2 * jax.random.gamma(for_diagonal, shapes / 2, dtype=jnp.float32)
    else:
        squared = jax.random.gamma(for_diagonal, shapes, dtype=jnp.float32)
    # The whole square is drawn: filling a triangle would take longer.
    normal = (standard_normal if real else complex_normal)(for_rest, (size, size))
    below = np.tri(size, k=-1, dtype=bool)
    return jnp.where(is_drawn, jnp.where(below, normal, jnp.diag(jnp.sqrt(squared))), 0)
