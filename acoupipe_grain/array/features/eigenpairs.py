"""The eigendecomposition of the cross-spectral matrix, shared by the beamformers that need it."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from acoupipe_grain.array.double_precision import in_double_precision


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
