"""Initial values of weights by name."""

import jax
import numpy as np
import pytest

from acoupipe_grain.training.models.checks import INITIALIZERS
from acoupipe_grain.training.networks.initialization import initializer


@pytest.mark.parametrize("name", [name for name in INITIALIZERS if name != "orthogonal"])
def test_values_are_those_of_jax(name):
    key, shape = jax.random.key(3), (3, 3, 2, 4)
    np.testing.assert_allclose(
        initializer(name)(key, shape), getattr(jax.nn.initializers, name)()(key, shape), rtol=1e-6
    )


@pytest.mark.parametrize("shape", [(3, 3, 2, 4), (1, 1, 4, 12)])
def test_orthogonal_matrices_are_orthonormal_along_the_shorter_side(shape):
    matrix = np.asarray(initializer("orthogonal")(jax.random.key(0), shape)).reshape(-1, shape[-1])
    product = matrix.T @ matrix if matrix.shape[0] > matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(product, np.eye(min(matrix.shape)), atol=1e-5)
