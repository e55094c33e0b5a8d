"""What an imaging system shows of point scatterers: a Gaussian point spread, or a ring, in closed form.

The value at the distance d from a scatterer is exp(−(d − µ)²/(2σ²)), d in units in which a kernel of N − 1 points spans
−1 ... 1: a pixel is 2/(N − 2) of them. At integer positions this is the convolution of single pixels with that kernel;
between pixels it is exact where a convolution would have to round.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

MERGES: dict[str, Callable[[Array, Array], Array]] = {"sum": jnp.add, "max": jnp.maximum}
"""What is shown where point spreads overlap."""


def point_spreads(
    positions: Float[Array, "*batch 2 scatterer"],
    is_shown: Bool[Array, "*batch scatterer"],
    size: int,
    sigma: float,
    mu: float = 0.0,
    merge: str = "sum",
) -> Float[Array, "*batch x y"]:
    """Return frames of point spreads, peak 1; pure and jittable, all but the first two arguments static.

    Parameters
    ----------
    positions
        x and y of the scatterers in pixels, fractions of them too; x is the frame's first axis.
    is_shown
        Which scatterers there are.
    size
        N, pixels of either axis, at least 3.
    sigma
        Width of the point spread, σ; 0.1 are 3.1 pixels of 64.
    mu
        Distance at which it is largest, µ: 0, or the radius of a ring.
    merge
        "sum" or "max" of what the scatterers show.
    """
    pixel = 2 / (size - 2)
    offsets = (jnp.arange(size, dtype=positions.dtype) - positions[..., None]) * pixel  # (..., 2, scatterer, pixel)
    num_scatterers = positions.shape[-1]
    if mu == 0:
        along = jnp.exp(-(offsets**2) / (2 * sigma**2))
        x, y = along[..., 0, :, :] * is_shown[..., None], along[..., 1, :, :]
        if merge == "sum":
            return jnp.einsum("...kx,...ky->...xy", x, y, precision=jax.lax.Precision.HIGHEST)
        spreads = [x[..., k, :, None] * y[..., k, None, :] for k in range(num_scatterers)]
        return reduce(MERGES[merge], spreads)
    spreads = []
    for k in range(num_scatterers):
        distance = jnp.hypot(offsets[..., 0, k, :, None], offsets[..., 1, k, None, :])
        spreads.append(jnp.exp(-((distance - mu) ** 2) / (2 * sigma**2)) * is_shown[..., k, None, None])
    return reduce(MERGES[merge], spreads)


def marked_pixels(
    pixels: Float[Array, "*batch 2 point"], is_shown: Bool[Array, "*batch point"], size: int
) -> Float[Array, "*batch x y"]:
    """Return frames with 1 at the given pixels, whole numbers, and 0 elsewhere; pure and jittable."""
    at = (jnp.arange(size, dtype=pixels.dtype) == pixels[..., None]).astype(jnp.float32)
    x, y = at[..., 0, :, :] * is_shown[..., None], at[..., 1, :, :]
    # Counts of points are exact in any precision that has whole numbers up to them.
    return (jnp.einsum("...kx,...ky->...xy", x, y) > 0).astype(jnp.float32)
