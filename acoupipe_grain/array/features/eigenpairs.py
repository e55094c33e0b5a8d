"""Eigendecompositions of cross-spectral matrices: for beamformers in double precision, for modes in single."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.matrix_products import gram, product
from acoupipe_grain.double_precision import in_double_precision
from acoupipe_grain.one_at_a_time import after


class Eigenpairs(NamedTuple):
    """Eigenvalues and eigenvectors of Hermitian matrices, in float64 and complex128.

    Attributes
    ----------
    values
        In ascending order, Pa²; those that are negative by rounding are 0.
    vectors
        Orthonormal, as columns.
    rounding
        Size of the eigenvalues that come from rounding the matrix to single precision: smaller ones mean nothing.
    """

    values: Float[Array, "*batch mode"]
    vectors: Complex[Array, "*batch mic mode"]
    rounding: Float[Array, "*batch 1"]


@in_double_precision
def eigenpairs(csm_lines: Complex[Array, "*batch line mic mic"]) -> Eigenpairs:
    """Return the eigenpairs of every line's matrix, the lines as the first axis: (line, *batch, ...)."""
    values, vectors = jnp.linalg.eigh(jnp.moveaxis(csm_lines, -3, 0).astype(jnp.complex128))
    # The norm of a matrix of independent rounding errors grows with √M, that of the matrix itself with M. Scenes and
    # steering vectors are rounded to single precision in either mode of JAX.
    rounding = 2 * float(np.finfo(np.float32).eps) / np.sqrt(csm_lines.shape[-1]) * values[..., -1:]
    return Eigenpairs(jnp.maximum(values, 0), vectors, rounding)


class Eigenmodes(NamedTuple):
    """Eigenvalues and eigenvectors of Hermitian matrices in single precision.

    Attributes
    ----------
    values
        In ascending order, Pa².
    vectors
        Orthonormal, as columns.
    """

    values: Float[Array, "*batch freq mode"]
    vectors: Complex[Array, "*batch freq mic mode"]


def eigenmodes(csm: Complex[Array, "*batch freq mic mic"]) -> Eigenmodes:
    """Return the eigenvalues and eigenvectors of each line's matrix, or of that of each band."""
    return Eigenmodes(*jnp.linalg.eigh(csm))


def eigenmodes_of_sources(
    csm: Complex[Array, "*batch freq mic mic"],
    source_columns: Complex[Array, "*batch line mic source"],
    noise_line_powers: Float[Array, "*batch line mic"],
    bands: Bands,
) -> Eigenmodes:
    """Return the eigenvalues and eigenvectors of H Q Hᴴ + n I, the noise being the same at all microphones.

    With H√Q = U R, U unitary: the eigenvectors of R Rᴴ, which has as many rows as there are sources, turned by U, and
    the other columns of U, which have the noise alone. Bands, sums of such matrices, are decomposed as they are.
    """
    if bands.membership is not None:
        return eigenmodes(csm)
    num_mics = source_columns.shape[-2]
    rank = min(source_columns.shape[-2:])
    unitary, triangular = jnp.linalg.qr(source_columns, mode="complete")
    (small,) = after(unitary, [gram(triangular[..., :rank, :])])
    values, vectors = jnp.linalg.eigh(small)
    turned = product(unitary[..., :rank], vectors)
    of_noise = jnp.zeros((*values.shape[:-1], num_mics - rank), values.dtype)
    powers = jnp.concatenate([of_noise, jnp.maximum(values, 0)], axis=-1) + noise_line_powers[..., :1]
    return Eigenmodes(powers, jnp.concatenate([unitary[..., rank:], turned], axis=-1))
