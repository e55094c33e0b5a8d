"""Which prediction learns from which true source: optimal assignments of a batch, in a jitted step."""

from __future__ import annotations

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from scipy.optimize import linear_sum_assignment

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.extras import import_extra

Solver = Literal["optax", "scipy"]

_LARGEST_COST = 1e9
"""What costs that are no numbers become, so that a diverged model gives a NaN loss and no endless loop."""


def assigned_queries(
    cost: Float[Array, "batch query source"], source_mask: Bool[Array, "batch source"], solver: Solver
) -> Int[Array, "batch source"]:
    """Return the query that each source is assigned to: one to one, with the smallest sum of costs.

    Sources that are padding are assigned to queries that no true source takes; leave them out by their mask. Gradients
    do not flow through the assignment.

    Parameters
    ----------
    cost
        What it costs to assign a source to a query, of either sign, shape (batch, K, J) with K ≥ J.
    source_mask
        Which of the J are sources, shape (batch, J).
    solver
        "optax": `optax.assignment.hungarian_algorithm`, on the device, in single precision. "scipy":
        `scipy.optimize.linear_sum_assignment`, called back on the host, which waits for the device.

    Raises
    ------
    ArgumentError
        If there are fewer queries than sources, the solver has another name, or optax is not installed.
    """
    num_queries, num_sources = cost.shape[-2:]
    if num_queries < num_sources:
        raise ArgumentError(
            f"cost: {num_queries} queries for up to {num_sources} sources; give the model at least as many queries "
            "(max_nsources) as the data have."
        )
    # Padding costs the same everywhere, so it has no say in who gets the true sources.
    counted = jnp.where(source_mask[..., None, :], jax.lax.stop_gradient(cost), 0)
    finite = jnp.nan_to_num(counted, nan=0.0, posinf=_LARGEST_COST, neginf=-_LARGEST_COST)
    return _SOLVERS[solver](jnp.clip(finite, -_LARGEST_COST, _LARGEST_COST))


def require_solver(name: str, value: Any) -> Solver:
    """Return the name of a solver that can be used, or raise `ArgumentError`."""
    if value not in _SOLVERS:
        raise ArgumentError(f"{name}={value!r}: expected one of {', '.join(map(repr, _SOLVERS))}.")
    if value == "optax":
        _optax_assignment()
    return value


def _optax_assignment() -> Any:
    return import_extra("optax.assignment", "train", "assignments on the device (or assignment='scipy')")


def _by_optax(cost: Float[Array, "batch query source"]) -> Int[Array, "batch source"]:
    hungarian = _optax_assignment().hungarian_algorithm

    def of_item(matrix: Float[Array, "query source"]) -> Int[Array, " source"]:
        queries, sources = hungarian(matrix)
        return jnp.zeros(matrix.shape[1], jnp.int32).at[sources].set(queries.astype(jnp.int32))

    return jax.vmap(of_item)(cost)


def _by_scipy(cost: Float[Array, "batch query source"]) -> Int[Array, "batch source"]:
    batch, _, num_sources = cost.shape
    shape = jax.ShapeDtypeStruct((batch, num_sources), jnp.int32)
    return jax.pure_callback(_solve_on_host, shape, cost, vmap_method="sequential")


def _solve_on_host(cost: Any) -> np.ndarray:
    matrices = np.asarray(cost)
    rows = [linear_sum_assignment(matrix.T)[1] for matrix in matrices]  # sources in order
    return np.array(rows, np.int32).reshape(matrices.shape[0], matrices.shape[2])


_SOLVERS = {"optax": _by_optax, "scipy": _by_scipy}
