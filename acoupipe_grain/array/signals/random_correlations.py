"""Random correlation matrices.

D. Lewandowski, D. Kurowicka, H. Joe, "Generating random correlation matrices based on vines and extended onion method",
Journal of Multivariate Analysis 100, 2009: density proportional to det(R)^(η − 1). With η = 1 all correlation matrices
are equally likely; the larger η, the nearer to the identity.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import special


def random_correlation_factor(
    uniforms: Float[np.ndarray, "source dimension"], concentration: float
) -> Float[np.ndarray, "source source"]:
    """Return the lower triangular factor L of a random correlation matrix R = L Lᵀ.

    By a C-vine: the partial correlation of sources i and j > i, given all sources before i (i = 0, 1, ...), is
    2B − 1 with B ~ Beta(b, b), b = η + (d − 2 − i)/2, where d is the dimension. Row j of L then has L_ji = partial
    correlation · √(1 − Σ_{k<i} L_jk²), and L_jj² = 1 − Σ_{k<j} L_jk². A row depends on its own uniform values alone.

    Parameters
    ----------
    uniforms
        In (0, 1), a row for each source; of row j the first j are used. Their number per row is the dimension d of the
        matrix that is drawn; fewer rows give the corner of its factor.
    concentration
        η > 0. The correlation of any two sources is 2B − 1 with B ~ Beta(b, b), b = η + d/2 − 1.
    """
    num_sources, dimension = uniforms.shape
    shapes = concentration + (dimension - 2 - np.arange(dimension)) / 2
    factor = np.zeros((num_sources, num_sources))
    for row in range(num_sources):
        partial = 2 * special.betaincinv(shapes[:row], shapes[:row], uniforms[row, :row]) - 1
        remaining = 1.0
        for column in range(row):
            factor[row, column] = partial[column] * np.sqrt(remaining)
            remaining *= 1 - partial[column] ** 2
        factor[row, row] = np.sqrt(remaining)
    return factor
