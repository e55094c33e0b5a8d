"""Source maps and target maps on the grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from acoupipe_grain import arguments
from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.matrix_products import quadratic_form
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
    without = arguments.flag("remove_diagonal", remove_diagonal)
    lines = jnp.moveaxis(csm_lines, -3, 0)
    maps = map_lines(lambda csm, vectors: conventional(csm, vectors, without), lines, steering)
    return on_grid(jnp.maximum(maps, 0) if without else maps, setup, bands)


def conventional(
    csm: Complex[Array, "*batch mic mic"], steering: Complex[Array, "point mic"], remove_diagonal: bool
) -> Float[Array, "*batch point"]:
    """Return hᴴ C h of one line; without the diagonal scaled by M/(M−1) and possibly negative."""
    num_mics = csm.shape[-1]
    if not remove_diagonal:
        return quadratic_form(csm, steering)
    return quadratic_form(csm * (1 - np.eye(num_mics, dtype=np.float32)), steering) * (num_mics / (num_mics - 1))


def map_lines(
    of_line: Callable[..., Float[Array, "*batch point"]], lines: Any, steering: Complex[Array, "line point mic"]
) -> Float[Array, "*batch line point"]:
    """Return the maps of all lines, computed one after the other to save memory.

    Parameters
    ----------
    of_line
        Function of one line's matrices, or what stands for them, and of its steering vectors (point, mic).
    lines
        The matrices of all lines, the lines as the first axis.
    steering
        The steering vectors of all lines.
    """
    return jnp.moveaxis(jax.lax.map(lambda pair: of_line(*pair), (lines, steering)), 0, -2)


def on_grid(
    maps: Float[Array, "*batch line point"], setup: MeasurementSetup, bands: Bands
) -> Float[Array, "*batch freq x y"]:
    """Return maps summed over the lines of each band, points arranged as on the grid."""
    total = bands.total(maps, axis=-2)
    return total.reshape(*total.shape[:-1], *setup.grid.shape)


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
