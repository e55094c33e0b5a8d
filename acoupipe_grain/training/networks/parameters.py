"""Parameters of networks, counted."""

from __future__ import annotations

import math

import jax
from flax import nnx


def num_parameters(module: nnx.Module) -> int:
    """Return how many numbers of a network are trained.

    Running statistics and the state of random numbers do not count. The network may be abstract, as
    `flax.nnx.eval_shape` returns it: nothing is computed then.
    """
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(nnx.state(module, nnx.Param)))
