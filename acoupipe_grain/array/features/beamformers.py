"""Beamformers from the eigenpairs of the cross-spectral matrix; each equals Acoular's of the same name.

In double precision: Capon's and MUSIC's maps rest on the smallest eigenvalues. Matrices without full rank (no sensor
noise, fewer averages than microphones) have defined maps here, where Acoular divides by rounding errors.

Sources: R. P. Dougherty, "Functional beamforming", BeBeC-2014-01; J. Capon, "High-resolution frequency-wavenumber
spectrum analysis", Proc. IEEE 57(8), 1969; E. Sarradj, C. Schulze, A. Zeibig, "Identification of noise source
mechanisms using orthogonal beamforming", Noise and Vibration: Emerging Methods, 2005; R. O. Schmidt, "Multiple emitter
location and signal parameter estimation", IEEE Trans. Antennas Propag. 34(3), 1986; E. Sarradj, "A fast signal subspace
approach for the determination of absolute levels from phased microphone array measurements", J. Sound Vib. 329, 2010.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from acoupipe_grain import arguments
from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.eigenpairs import Eigenpairs
from acoupipe_grain.array.features.maps import map_lines, on_grid, projections
from acoupipe_grain.array.matrix_products import squared_magnitude
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.double_precision import in_double_precision, place_of_maximum
from acoupipe_grain.errors import ArgumentError

MUSIC_MAXIMUM = 4e-10
"""Largest value of a MUSIC map: 0 dB re 20 µPa."""


@in_double_precision
def functional(
    eigenpairs: Eigenpairs,
    steering: Complex[Array, "line point mic"],
    setup: MeasurementSetup,
    bands: Bands,
    *,
    gamma: float = 50.0,
    remove_diagonal: Any = None,
) -> Float[Array, "*batch freq x y"]:
    """Return the functional beamformer's map ‖h‖² (hᴴ C^{1/γ} h/‖h‖²)^γ, Pa², indexed [x, y] (Dougherty 2014).

    It needs the whole matrix. Eigenvalues that are rounding errors count as 0.
    """
    _require_diagonal("functional", remove_diagonal)
    exponent = arguments.number("gamma", gamma, minimum=1)

    def of_line(pairs: Eigenpairs, vectors: Complex[Array, "point mic"]) -> Float[Array, "*batch point"]:
        roots = jnp.where(pairs.values > pairs.rounding, pairs.values, 0) ** (1 / exponent)
        norm = jnp.sum(squared_magnitude(vectors.astype(pairs.vectors.dtype)), axis=-1)
        return norm * (jnp.sum(projections(pairs.vectors, vectors) * roots[..., None, :], axis=-1) / norm) ** exponent

    return on_grid(map_lines(of_line, eigenpairs, steering), setup, bands)


@in_double_precision
def capon(
    eigenpairs: Eigenpairs,
    steering: Complex[Array, "line point mic"],
    setup: MeasurementSetup,
    bands: Bands,
    *,
    remove_diagonal: Any = None,
) -> Float[Array, "*batch freq x y"]:
    """Return Capon's minimum variance map 1/(M² hᴴ C⁻¹ h), Pa², indexed [x, y] (Capon 1969).

    It needs the whole matrix. Eigenvalues are at least the rounding errors of the matrix, so that one without sensor
    noise has an inverse.
    """
    _require_diagonal("capon", remove_diagonal)

    def of_line(pairs: Eigenpairs, vectors: Complex[Array, "point mic"]) -> Float[Array, "*batch point"]:
        inverse = 1 / jnp.maximum(pairs.values, pairs.rounding)
        return 1 / (setup.num_mics**2 * jnp.sum(projections(pairs.vectors, vectors) * inverse[..., None, :], axis=-1))

    return on_grid(map_lines(of_line, eigenpairs, steering), setup, bands)


@in_double_precision
def eigenvalue(
    eigenpairs: Eigenpairs,
    steering: Complex[Array, "line point mic"],
    setup: MeasurementSetup,
    bands: Bands,
    *,
    component: int = -1,
    remove_diagonal: Any = None,
) -> Float[Array, "*batch freq x y"]:
    """Return the map λ |hᴴ v|² of one eigenpair, Pa², indexed [x, y] (Sarradj et al. 2005).

    `component` counts eigenvalues in ascending order from 0, or from the largest with −1, −2, ... With the diagonal
    removed the map is scaled by M/(M−1) and negative values become 0.
    """
    num_mics = setup.num_mics
    number = arguments.integer("component", component, minimum=-num_mics, maximum=num_mics - 1) % num_mics
    without = arguments.flag("remove_diagonal", remove_diagonal)

    def of_line(pairs: Eigenpairs, vectors: Complex[Array, "point mic"]) -> Float[Array, "*batch point"]:
        projected = projections(pairs.vectors[..., number : number + 1], vectors, without)
        return pairs.values[..., number : number + 1] * projected[..., 0]

    maps = map_lines(of_line, eigenpairs, steering)
    return on_grid(jnp.maximum(maps, 0) if without else maps, setup, bands)


@in_double_precision
def music(
    eigenpairs: Eigenpairs,
    steering: Complex[Array, "line point mic"],
    setup: MeasurementSetup,
    bands: Bands,
    *,
    num_components: int = 1,
    remove_diagonal: Any = None,
) -> Float[Array, "*batch freq x y"]:
    """Return the MUSIC pseudospectrum min(d)/d, indexed [x, y], scaled so that each line's maximum is 0 dB re 20 µPa.

    d = hᴴ (Σ λ v vᴴ) h is the steering vector's power in the noise subspace, spanned by the eigenvectors of all but the
    `num_components` largest eigenvalues (Schmidt 1986; weighted by the eigenvalues as in Acoular). It says where
    sources are, not how strong, and needs the whole matrix; bands are sums of their lines.
    """
    _require_diagonal("music", remove_diagonal)
    count = arguments.integer("num_components", num_components, minimum=1, maximum=setup.num_mics - 1)

    def of_line(pairs: Eigenpairs, vectors: Complex[Array, "point mic"]) -> Float[Array, "*batch point"]:
        projected = projections(pairs.vectors[..., :-count], vectors)
        power = jnp.sum(projected * pairs.values[..., None, :-count], axis=-1)
        power = jnp.maximum(power, jnp.finfo(power.dtype).tiny)
        return MUSIC_MAXIMUM * power.min(axis=-1, keepdims=True) / power

    return on_grid(map_lines(of_line, eigenpairs, steering), setup, bands)


@in_double_precision
def orthogonal(
    eigenpairs: Eigenpairs,
    steering: Complex[Array, "line point mic"],
    setup: MeasurementSetup,
    bands: Bands,
    *,
    num_components: int = 1,
    remove_diagonal: Any = None,
) -> Float[Array, "*batch freq x y"]:
    """Return the orthogonal beamformer's map, Pa², indexed [x, y] (Sarradj 2010).

    Each of the `num_components` largest eigenvalues, divided by M, stands where the map of its eigenvector is largest;
    the rest is 0.
    """
    count = arguments.integer("num_components", num_components, minimum=1, maximum=setup.num_mics)
    without = arguments.flag("remove_diagonal", remove_diagonal)

    def of_line(pairs: Eigenpairs, vectors: Complex[Array, "point mic"]) -> Float[Array, "*batch point"]:
        largest = pairs.values[..., -count:]
        projected = projections(pairs.vectors[..., -count:], vectors, without)
        places = place_of_maximum(jnp.swapaxes(projected, -1, -2))
        at_places = jax.nn.one_hot(places, vectors.shape[0], dtype=largest.dtype, axis=-1)
        return jnp.sum(at_places * (largest / setup.num_mics)[..., None], axis=-2)

    return on_grid(map_lines(of_line, eigenpairs, steering), setup, bands)


def _require_diagonal(method: str, remove_diagonal: Any) -> None:
    if arguments.flag("remove_diagonal", remove_diagonal):
        raise ArgumentError(
            f"remove_diagonal=True: the {method} beamformer is defined for the whole cross-spectral matrix only; give "
            f"its option remove_diagonal=False (left out, it is the setup's)."
        )
