"""CLEAN-SC: deconvolution by the spatial coherence of sources; equals Acoular's.

In double precision: in single precision, rounding errors decide between maxima of nearly the same size.

Source: P. Sijtsma, "CLEAN based on spatial source coherence", Int. J. Aeroacoustics 6(4), 2007.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from acoupipe_grain import arguments
from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.maps import conventional, map_lines, on_grid, projections
from acoupipe_grain.array.matrix_products import product, squared_magnitude
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.double_precision import in_double_precision, place_of_maximum

COMPONENT_ITERATIONS = 20
"""How often a source component is refined: it appears in its own equation."""


class _Cleaning(NamedTuple):
    """State of the iteration: what is left, what has been found, and whether it still goes on."""

    csm: Complex[Array, "mic mic"]
    dirty: Float[Array, " point"]
    clean: Float[Array, " point"]
    maxima: Float[Array, " iteration"]
    running: Bool[Array, ""]


@in_double_precision
def clean_sc(
    csm_lines: Complex[Array, "*batch line mic mic"],
    steering: Complex[Array, "line point mic"],
    setup: MeasurementSetup,
    bands: Bands,
    *,
    num_iterations: int | None = None,
    damping: float = 0.6,
    patience: int = 3,
    remove_diagonal: Any = None,
) -> Float[Array, "*batch freq x y"]:
    """Return the CLEAN-SC map, Pa², indexed [x, y]: source powers at grid points, 0 elsewhere (Sijtsma 2007).

    Each iteration takes the share `damping` of the strongest source, and all that is coherent with it, out of the
    matrix. There are `num_iterations` of them (None: twice the number of microphones); a map is final earlier where its
    maximum has grown over `patience` iterations. As in Acoular, the iteration goes on where too much has been taken out
    and the largest rest is negative; such powers stand in the map. (Rare with the diagonal removed.)
    """
    default = 2 * setup.num_mics
    iterations = arguments.integer("num_iterations", default if num_iterations is None else num_iterations, minimum=1)
    share = arguments.number("damping", damping, above=0, maximum=1)
    steps = arguments.integer("patience", patience, minimum=1)
    without = arguments.flag("remove_diagonal", remove_diagonal)

    def of_line(
        csm: Complex[Array, "*batch mic mic"], vectors: Complex[Array, "point mic"]
    ) -> Float[Array, "*batch point"]:
        flat = csm.reshape(-1, *csm.shape[-2:]).astype(jnp.complex128)
        clean = jax.vmap(lambda matrix: _clean(matrix, vectors, iterations, share, steps, without))(flat)
        return clean.reshape(*csm.shape[:-2], -1)

    return on_grid(map_lines(of_line, jnp.moveaxis(csm_lines, -3, 0), steering), setup, bands)


def _clean(
    csm: Complex[Array, "mic mic"],
    steering: Complex[Array, "point mic"],
    iterations: int,
    damping: float,
    patience: int,
    remove_diagonal: bool,
) -> Float[Array, " point"]:
    """Return the clean map of one matrix."""
    num_mics = csm.shape[-1]
    steering = steering.astype(csm.dtype)
    normalisation = num_mics / (num_mics - 1) if remove_diagonal else 1.0

    def iterate(number: Array, state: _Cleaning) -> _Cleaning:
        place = place_of_maximum(state.dirty)
        largest = state.dirty[place]
        maxima = state.maxima.at[number].set(largest)
        running = state.running & (largest != 0)
        clean = state.clean.at[place].add(jnp.where(running, damping * largest, 0))
        has_grown = (number > patience) & (largest > maxima[jnp.maximum(number - patience, 0)])
        running = running & ~has_grown
        divisor = jnp.where(running, largest, 1)
        component = _component(state.csm, steering[place] * np.sqrt(normalisation), divisor)
        removed = jnp.where(running, damping * largest, 0)
        dirty = state.dirty - removed * projections(component[:, None], steering, remove_diagonal)[:, 0]
        left = state.csm - removed * component[:, None] * jnp.conj(component)
        return _Cleaning(left, dirty, clean, maxima, running)

    dirty = conventional(csm, steering, remove_diagonal)
    start = _Cleaning(csm, dirty, jnp.zeros_like(dirty), jnp.zeros(iterations, dirty.dtype), jnp.bool_(True))
    return jax.lax.fori_loop(np.int32(0), np.int32(iterations), iterate, start).clean


def _component(
    csm: Complex[Array, "mic mic"], steering: Complex[Array, " mic"], power: Float[Array, ""]
) -> Complex[Array, " mic"]:
    """Return the vector g of unit steered power with which a source of this power explains the matrix off its diagonal.

    g = (C₀ h/P + |g|² h)/√(1 + |h|² · |g|²), C₀ the matrix without diagonal, iterated from h (Sijtsma 2007, appendix).
    """
    off_diagonal = csm * (1 - jnp.eye(csm.shape[-1], dtype=power.dtype))
    explained = product(off_diagonal, steering[:, None])[:, 0] / power

    def refine(_: Array, component: Complex[Array, " mic"]) -> Complex[Array, " mic"]:
        own = squared_magnitude(component)
        return (explained + own * steering) / jnp.sqrt(1 + jnp.sum(squared_magnitude(steering) * own))

    return jax.lax.fori_loop(np.int32(0), np.int32(COMPONENT_ITERATIONS), refine, steering)
