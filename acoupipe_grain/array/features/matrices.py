"""Features of the cross-spectral matrix."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.eigenpairs import Eigenmodes

PHASE_TIE = 1e-3
"""Components whose magnitudes agree to this fraction of the largest count as equally large."""


def csm(csm_lines: Complex[Array, "*batch line mic mic"], bands: Bands) -> Complex[Array, "*batch freq mic mic"]:
    """Return the cross-spectral matrix E[X Xᴴ] of each line, or summed over each band, Pa²."""
    return bands.total(csm_lines, axis=-3)


def csmtriu(csm: Complex[Array, "*batch freq mic mic"]) -> Float[Array, "*batch freq mic mic"]:
    """Return the matrix in real numbers: Re C_ij at [i, j] for i ≤ j, Im C_ij (i < j) at [j, i], Pa²."""
    return jnp.triu(jnp.real(csm)) + jnp.tril(jnp.swapaxes(jnp.imag(csm), -1, -2), -1)


def eigmode(eigenmodes: Eigenmodes) -> Complex[Array, "*batch freq mic mic"]:
    """Return the eigenvectors scaled by their eigenvalues, column i = λᵢ vᵢ, in ascending order, Pa².

    Phase: the component of largest magnitude (the lowest index within 0.1 % of it) is real and positive. Vectors of
    equal eigenvalues are arbitrary within their subspace.
    """
    real, imag = jnp.real(eigenmodes.vectors), jnp.imag(eigenmodes.vectors)
    squared = real**2 + imag**2
    is_largest = squared >= (1 - PHASE_TIE) ** 2 * squared.max(axis=-2, keepdims=True)
    leading = jnp.take_along_axis(eigenmodes.vectors, jnp.argmax(is_largest, axis=-2)[..., None, :], axis=-2)
    factor = jnp.conj(leading) / jnp.abs(leading) * eigenmodes.values[..., None, :]
    # In real numbers: products of complex arrays take several times as long on the CPU.
    turned_real, turned_imag = jnp.real(factor), jnp.imag(factor)
    return jax.lax.complex(real * turned_real - imag * turned_imag, real * turned_imag + imag * turned_real)
