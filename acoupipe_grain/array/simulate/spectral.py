"""The cross-spectral matrix of a scene without time signals: what Welch's estimate tends to for long blocks.

C = H Q Hᴴ + N, with H_mj = (r₀ⱼ/r_mj) e^{−jk(r_mj−r₀ⱼ)}, the sources' powers at the reference position on the diagonal
of Q, and the sensor noise's on that of N. See docs/physics.md. The transfer function is that of E. Sarradj, Advances in
Acoustics and Vibration, 2012, article 292695.

Computed in float32, or in float64 where JAX's 64-bit mode is on.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Complex, Float

from acoupipe_grain.array.matrix_products import gram


def transfer_functions(
    positions: Float[Array, "*batch 3 source"],
    source_mask: Bool[Array, "*batch source"],
    mic_positions: Float[Array, "*batch 3 mic"],
    reference: Float[Array, "3"],
    wavenumbers: Float[Array, " line"],
) -> Complex[Array, "*batch line mic source"]:
    """Return the transfer from each source's sound at the reference position to the microphones; 0 for padding.

    Parameters
    ----------
    positions
        Source positions, m.
    source_mask
        Which entries are sources.
    mic_positions
        Microphone positions, m.
    reference
        Position where the transfer is 1, m.
    wavenumbers
        k = 2πf/c, rad/m.
    """
    dtype = jnp.result_type(float)
    sources, mics = positions.astype(dtype), mic_positions.astype(dtype)
    origin = reference.astype(dtype)[:, None]
    to_reference = jnp.linalg.norm(sources - origin, axis=-2)[..., None, :]
    to_mics = jnp.linalg.norm(mics[..., :, None] - sources[..., None, :], axis=-3)
    to_mics = jnp.where(source_mask[..., None, :], to_mics, 1.0)
    # r_m − r₀ = (r_m² − r₀²)/(r_m + r₀), written so that nearly equal distances do not cancel.
    middle = mics[..., :, None] + origin[..., None] - 2 * sources[..., None, :]
    detour = jnp.sum((mics - origin)[..., None] * middle, axis=-3) / (to_mics + to_reference)
    spreading = jnp.where(source_mask[..., None, :], to_reference / to_mics, 0.0)[..., None, :, :]
    phase = wavenumbers.astype(dtype)[:, None, None] * detour[..., None, :, :]
    return jax.lax.complex(spreading * jnp.cos(phase), -spreading * jnp.sin(phase))


def analytic_csm(
    source_columns: Complex[Array, "*batch line mic source"], noise_powers: Float[Array, "*batch line mic"]
) -> Complex[Array, "*batch line mic mic"]:
    """Return H Q Hᴴ + N for each line, Pa².

    Parameters
    ----------
    source_columns
        H√Q: what independent signals of unit power in each line contribute to the microphones, Pa.
    noise_powers
        Power of each microphone's sensor noise in each line, Pa².
    """
    return gram(source_columns) + noise_powers[..., None] * jnp.eye(noise_powers.shape[-1])
