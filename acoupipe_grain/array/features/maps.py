"""Source maps and target maps on the grid."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from acoupipe_grain import arguments
from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.measurement import MeasurementSetup


def sourcemap(
    csm_lines: Complex[Array, "*batch line mic mic"],
    steering: Complex[Array, "line point mic"],
    setup: MeasurementSetup,
    bands: Bands,
    *,
    remove_diagonal: Any = None,
) -> Float[Array, "*batch freq x y"]:
    """Return the conventional beamformer's map b(x) = hᴴ C h, Pa² at the reference position, indexed [x, y].

    With the diagonal removed the map is scaled by M/(M−1) and negative values become 0 (as in Acoular).
    """
    num_mics = csm_lines.shape[-1]
    remove_diagonal = arguments.flag("remove_diagonal", remove_diagonal)
    if remove_diagonal:
        csm_lines = csm_lines * (1 - np.eye(num_mics, dtype=np.float32))
    by_line = jnp.moveaxis(csm_lines, -3, 0)
    maps = jax.lax.map(lambda pair: _quadratic_form(*pair), (by_line, steering))
    maps = jnp.moveaxis(maps, 0, -2)
    if remove_diagonal:
        maps = jnp.maximum(maps * (num_mics / (num_mics - 1)), 0)
    total = bands.total(maps, axis=-2)
    return total.reshape(*total.shape[:-1], *setup.grid.shape)


def _quadratic_form(
    matrix: Complex[Array, "*batch mic mic"], vectors: Complex[Array, "point mic"]
) -> Float[Array, "*batch point"]:
    """Return hᴴ C h for every vector h.

    One real matrix product: the quadratic form of [Re h, Im h] with [[Re C, −Im C], [Im C, Re C]].
    """
    real, imag = jnp.real(matrix), jnp.imag(matrix)
    block = jnp.concatenate([jnp.concatenate([real, -imag], axis=-1), jnp.concatenate([imag, real], axis=-1)], axis=-2)
    stacked = jnp.concatenate([jnp.real(vectors), jnp.imag(vectors)], axis=-1)
    return jnp.sum(jnp.matmul(stacked, block, precision=jax.lax.Precision.HIGHEST) * stacked, axis=-1)


def target_map(
    strengths: Float[Array, "*batch freq source"],
    positions: Float[Array, "*batch 3 source"],
    source_mask: Bool[Array, "*batch source"],
    setup: MeasurementSetup,
) -> Float[Array, "*batch freq x y"]:
    """Return the map with each source's strength added at its nearest grid point, Pa²."""
    grid = setup.grid
    origin = jnp.array([grid.x_min, grid.y_min], dtype=jnp.float32)
    steps = jnp.array(grid.steps, dtype=jnp.float32)
    cells = jnp.floor((positions[..., :2, :] - origin[:, None]) / steps[:, None] + 0.5)
    cells = jnp.clip(cells, 0, jnp.array(grid.shape)[:, None] - 1)
    at_x = (cells[..., 0, :, None] == jnp.arange(grid.shape[0])).astype(strengths.dtype)
    at_y = (cells[..., 1, :, None] == jnp.arange(grid.shape[1])).astype(strengths.dtype)
    masked = strengths * source_mask[..., None, :]
    return jnp.einsum("...fj,...jx,...jy->...fxy", masked, at_x, at_y, precision=jax.lax.Precision.HIGHEST)


def targetmap_analytic(
    source_strength_analytic: Float[Array, "*batch freq source"],
    positions: Float[Array, "*batch 3 source"],
    source_mask: Bool[Array, "*batch source"],
    setup: MeasurementSetup,
) -> Float[Array, "*batch freq x y"]:
    """Return the map of the sources' expected strengths, Pa²."""
    return target_map(source_strength_analytic, positions, source_mask, setup)


def targetmap_estimated(
    source_strength_estimated: Float[Array, "*batch freq source"],
    positions: Float[Array, "*batch 3 source"],
    source_mask: Bool[Array, "*batch source"],
    setup: MeasurementSetup,
) -> Float[Array, "*batch freq x y"]:
    """Return the map of the sources' strengths in this realisation, Pa²."""
    return target_map(source_strength_estimated, positions, source_mask, setup)
