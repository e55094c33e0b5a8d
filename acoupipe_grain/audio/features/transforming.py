"""Features standardised and projected on principal components."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Shaped

from acoupipe_grain.audio.features.transforms import PrincipalComponents, Standardization
from acoupipe_grain.double_precision import in_double_precision
from acoupipe_grain.errors import ArgumentError


@in_double_precision
def transformed(
    values: Shaped[Array, "*batch frame"],
    scaler: Standardization | None,
    pca: PrincipalComponents | None,
    name: str,
    *,
    has_size: bool = True,
) -> Float32[Array, "*new_batch frame"]:
    """Return the principal components of every frame, if `pca` is given, then standardised, if `scaler` is.

    In double precision: what is subtracted may be much larger than what is left.

    Parameters
    ----------
    values
        Shape (..., size, frame).
    scaler, pca
        What is done.
    name
        Of the feature, for messages.
    has_size
        Whether frames have a size; otherwise values are (..., frame), a number each.

    Raises
    ------
    ArgumentError
        If their sizes are not that of the feature called `name`.
    """
    if jnp.iscomplexobj(values):
        raise ArgumentError(f"scaler or pca of feature {name!r}: its numbers are complex; leave it out.")
    exact = values.astype(jnp.float64) if has_size else values.astype(jnp.float64)[..., np.newaxis, :]
    if pca is not None:
        _require_size("pca", pca.mean.size, exact.shape[-2], f"feature {name!r}")
        centred = exact - pca.mean[:, np.newaxis]
        exact = jnp.matmul(pca.components, centred, precision=jax.lax.Precision.HIGHEST)
    if scaler is not None:
        what = f"feature {name!r}" if pca is None else f"the pca of feature {name!r}"
        _require_size("scaler", scaler.mean.size, exact.shape[-2], what)
        exact = (exact - scaler.mean[:, np.newaxis]) / scaler.scale[:, np.newaxis]
    return exact.astype(jnp.float32) if has_size else exact.astype(jnp.float32)[..., 0, :]


def _require_size(argument: str, size: int, expected: int, what: str) -> None:
    if size != expected:
        raise ArgumentError(
            f"{argument}: is of {size} numbers, and {what} has {expected}; use one that was fitted to it."
        )
