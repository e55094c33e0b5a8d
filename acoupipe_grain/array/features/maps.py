"""Source maps and target maps on the grid."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Inexact

from acoupipe_grain import arguments
from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.matrices import csmtriu
from acoupipe_grain.array.matrix_products import product, quadratic_form, squared_magnitude, steered_power
from acoupipe_grain.array.measurement import MeasurementSetup


def sourcemap(
    conventional_lines: Float[Array, "*batch line point"], setup: MeasurementSetup, bands: Bands
) -> Float[Array, "*batch freq x y"]:
    """Return the conventional beamformer's map b(x) = hᴴ C h, Pa² at the reference position, indexed [x, y].

    With the diagonal removed the map is scaled by M/(M−1) and negative values become 0 (as in Acoular).
    """
    return on_grid(conventional_lines, setup, bands)


def conventional_lines(
    csm_lines: Complex[Array, "*batch line mic mic"],
    steering: Complex[Array, "line point mic"],
    *,
    remove_diagonal: Any = None,
) -> Float[Array, "*batch line point"]:
    """Return hᴴ C h of every line and grid point."""
    without = arguments.flag("remove_diagonal", remove_diagonal)
    lines = jnp.moveaxis(csm_lines, -3, 0)
    maps = map_lines(lambda csm, vectors: conventional(csm, vectors, without), lines, steering)
    return jnp.maximum(maps, 0) if without else maps


def conventional_lines_of_batches(
    csm_lines: Complex[Array, "*batch line mic mic"],
    map_weights: Float[Array, "line element point"],
    *,
    remove_diagonal: Any = None,
) -> Float[Array, "*batch line point"]:
    """Return hᴴ C h as one product of the matrices' M² real numbers with weights: the fastest way for many records."""
    without = arguments.flag("remove_diagonal", remove_diagonal)
    num_mics = csm_lines.shape[-1]
    if without:
        csm_lines = csm_lines * ((1 - np.eye(num_mics, dtype=np.float32)) * (num_mics / (num_mics - 1)))
    packed = csmtriu(csm_lines)
    lines = jnp.moveaxis(packed.reshape(*packed.shape[:-2], num_mics**2), -2, 0)
    maps = map_lines(partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST), lines, map_weights)
    return jnp.maximum(maps, 0) if without else maps


def conventional_lines_of_sources(
    source_columns: Complex[Array, "*batch line mic source"],
    noise_line_powers: Float[Array, "*batch line mic"],
    source_mask: Bool[Array, "*batch source"],
    steering: Complex[Array, "line point mic"],
    *,
    remove_diagonal: Any = None,
) -> Float[Array, "*batch line point"]:
    """Return hᴴ (H Q Hᴴ + N) h = Σ_j |hᴴ (H√Q)_j|² + Σ_m N_m |h_m|², without the matrix."""
    without = arguments.flag("remove_diagonal", remove_diagonal)

    def of_line(
        received: tuple[Complex[Array, "*batch mic source"], Float[Array, "*batch mic"]],
        vectors: Complex[Array, "point mic"],
    ) -> Float[Array, "*batch point"]:
        sources, noise = received
        steered = steered_power(vectors, sources, source_mask)
        # Without the diagonal, the noise goes and each source's own part at every microphone.
        on_diagonal = -jnp.sum(squared_magnitude(sources), axis=-1) if without else noise
        own = jnp.matmul(on_diagonal, squared_magnitude(vectors).T, precision=jax.lax.Precision.HIGHEST)
        return steered + own

    lines = jnp.moveaxis(source_columns, -3, 0), jnp.moveaxis(noise_line_powers, -2, 0)
    maps = map_lines(of_line, lines, steering)
    num_mics = source_columns.shape[-2]
    return jnp.maximum(maps * (num_mics / (num_mics - 1)), 0) if without else maps


def conventional(
    csm: Complex[Array, "*batch mic mic"], steering: Complex[Array, "point mic"], remove_diagonal: bool
) -> Float[Array, "*batch point"]:
    """Return hᴴ C h of one line; without the diagonal scaled by M/(M−1) and possibly negative."""
    num_mics = csm.shape[-1]
    if not remove_diagonal:
        return quadratic_form(csm, steering)
    return quadratic_form(csm * (1 - np.eye(num_mics, dtype=np.float32)), steering) * (num_mics / (num_mics - 1))


def projections(
    modes: Complex[Array, "*batch mic mode"], steering: Complex[Array, "point mic"], remove_diagonal: bool = False
) -> Float[Array, "*batch point mode"]:
    """Return |hᴴ v|² for all steering vectors h and modes v; without the diagonal scaled by M/(M−1)."""
    steering = steering.astype(modes.dtype)
    squared = squared_magnitude(product(jnp.conj(steering), modes))
    if not remove_diagonal:
        return squared
    of_diagonal = jnp.matmul(squared_magnitude(steering), squared_magnitude(modes), precision=jax.lax.Precision.HIGHEST)
    num_mics = steering.shape[-1]
    return (squared - of_diagonal) * (num_mics / (num_mics - 1))


def map_lines(
    of_line: Callable[..., Float[Array, "*batch point"]], lines: Any, steering: Inexact[Array, "line _ _"]
) -> Float[Array, "*batch line point"]:
    """Return the maps of all lines, computed one after the other to save memory.

    Parameters
    ----------
    of_line
        Function of one line's matrices, or what stands for them, and of its steering vectors (point, mic).
    lines
        The matrices of all lines, the lines as the first axis.
    steering
        The steering vectors of all lines, or what stands for them.
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
    resting_positions: Float[Array, "*batch 3 source"],
    source_mask: Bool[Array, "*batch source"],
    setup: MeasurementSetup,
) -> Float[Array, "*batch freq x y"]:
    """Return the map of the sources' expected strengths, Pa²."""
    return target_map(source_strength_analytic, resting_positions, source_mask, setup)


def targetmap_estimated(
    source_strength_estimated: Float[Array, "*batch freq source"],
    resting_positions: Float[Array, "*batch 3 source"],
    source_mask: Bool[Array, "*batch source"],
    setup: MeasurementSetup,
) -> Float[Array, "*batch freq x y"]:
    """Return the map of the sources' strengths in this realisation, Pa²."""
    return target_map(source_strength_estimated, resting_positions, source_mask, setup)
