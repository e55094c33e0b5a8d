"""Linear algebra and Fourier transforms of one program, one after the other.

On the CPU, XLA runs independent operations at the same time; those of LAPACK and the Fourier transforms hold a thread
of its pool while they wait for others of the same pool. As many of them at once as there are threads wait for ever
(jaxlib 0.10.2: two eigendecompositions on two cores). A dependency that XLA cannot see through keeps them apart.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr

from acoupipe_grain.double_precision import in_double_precision

WAITING = {
    *("cholesky", "eig", "eigh", "fft", "geqp3", "geqrf", "hessenberg", "householder_product", "lu", "qr", "schur"),
    *("svd", "triangular_solve", "tridiagonal", "tridiagonal_solve"),
}
"""JAX primitives that wait for threads."""

in_turn = threading.Lock()
"""To be held by whoever computes by the record what waits for threads: two would wait for each other for ever."""


class OneAtATime:
    """Functions of one program, of which those that wait for threads run one after the other."""

    def __init__(self) -> None:
        self._last: Any = None  # what the last of them returned

    @property
    def has_waited(self) -> bool:
        """Whether any of the functions so far waits for threads."""
        return self._last is not None

    def __call__(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        """Return `function` of the arguments; those that are no arrays are static."""
        places = [place for place, argument in enumerate(arguments) if _is_array(argument)]
        if not places:
            return function(*arguments)
        others: list[Any] = []

        def of_arrays(*arrays: Any) -> Any:
            given = list(arguments)
            for place, array in zip(places, arrays, strict=True):
                given[place] = array
            result = function(*given)
            if all(hasattr(leaf, "dtype") for leaf in jax.tree.leaves(result)):
                return result
            others.append(result)  # no arrays: the caller's to refuse
            return None

        arrays = [arguments[place] for place in places]
        program = jax.jit(of_arrays)
        waits = _waits(program.trace(*arrays).jaxpr.jaxpr)
        if others:
            return others[0]
        if not waits:
            return program(*arrays)
        if self._last is not None:
            arrays = after(self._last, arrays)
        self._last = program(*arrays)
        return self._last


def _is_array(argument: Any) -> bool:
    leaves = jax.tree.leaves(argument)
    return bool(leaves) and all(isinstance(leaf, jax.Array) for leaf in leaves)


def _waits(jaxpr: Jaxpr) -> bool:
    """Return whether a program contains an operation that waits for threads."""
    return any(
        equation.primitive.name in WAITING or any(map(_waits, _programs_in(equation.params))) for equation in jaxpr.eqns
    )


def _programs_in(parameters: dict[str, Any]) -> list[Jaxpr]:
    """Return the programs that an operation runs: the bodies of loops, the branches of conditions."""
    values = [item for value in parameters.values() for item in (value if isinstance(value, list | tuple) else [value])]
    return [
        value.jaxpr if isinstance(value, ClosedJaxpr) else value
        for value in values
        if isinstance(value, ClosedJaxpr | Jaxpr)
    ]


@in_double_precision  # some of the numbers are
def after(results: Any, arguments: Sequence[Any]) -> list[Any]:
    """Return the arguments, available only after the results: a zero that is made of them is added."""
    numbers = [leaf for leaf in jax.tree.leaves(results) if jnp.issubdtype(leaf.dtype, jnp.inexact) and leaf.size]
    if not numbers:
        return list(arguments)
    magnitude = sum(jnp.abs(number.ravel()[0]).astype(jnp.float32) for number in numbers)
    zero = jnp.where(jnp.isnan(magnitude), 0.0, jnp.minimum(magnitude, 0.0))

    def later(leaf: jax.Array) -> jax.Array:
        return leaf + zero.astype(leaf.dtype) if jnp.issubdtype(leaf.dtype, jnp.inexact) else leaf

    return [jax.tree.map(later, argument) for argument in arguments]
