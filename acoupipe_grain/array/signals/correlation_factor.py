"""Triangular factors of correlation matrices, singular ones included."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

SMALLEST_PIVOT = 1e-10
"""Up to this remaining variance a row counts as a combination of those before it."""


def correlation_factor(correlations: Float[np.ndarray, "source source"]) -> Float[np.ndarray, "source source"]:
    """Return the lower triangular L with L Lᵀ = R, the rows of unit length, for a correlation matrix R.

    Cholesky's factor; where R is singular, columns that are not needed are zero. The factor of R's first sources is the
    corner of the factor of R, bit for bit.

    Parameters
    ----------
    correlations
        Symmetric and positive semidefinite with a unit diagonal, shape (J, J); only the lower triangle is read.
    """
    size = len(correlations)
    factor = np.zeros((size, size))
    for row in range(size):
        # Row by row with sums of its own, so that what follows does not change what comes before.
        for column in range(row):
            if factor[column, column] > 0:
                known = _inner(factor[row, :column], factor[column, :column])
                factor[row, column] = (correlations[row, column] - known) / factor[column, column]
        remaining = 1.0 - _inner(factor[row, :row], factor[row, :row])
        if remaining > SMALLEST_PIVOT:
            factor[row, row] = np.sqrt(remaining)
        else:
            factor[row] /= np.sqrt(_inner(factor[row], factor[row]))
    return factor


def _inner(one: Float[np.ndarray, " column"], other: Float[np.ndarray, " column"]) -> float:
    """Return the inner product, summed in order: BLAS orders sums by their number."""
    return float(sum((one * other).tolist()))
