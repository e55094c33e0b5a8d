"""When and how strongly a source's sound arrives at receivers, in double precision: delays may be rounded."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.double_precision import in_double_precision

FINE_LINES = 256
"""Lines that share a coarse phase factor."""


class Arrivals(NamedTuple):
    """How sound arrives at receivers.

    Attributes
    ----------
    shift
        Whole samples that all delays have at least.
    whole
        Whole samples of each delay beyond that.
    fraction
        The rest of each delay, in samples, 0 to 1.
    gains
        Spreading r₀/r: 1 at the reference position.
    """

    shift: Int[Array, ""]
    whole: Int[Array, " receiver"]
    fraction: Float[Array, " receiver"]
    gains: Float[Array, " receiver"]


@in_double_precision
def arrivals(
    position: Float[Array, "3"],
    receivers: Float[Array, "3 receiver"],
    setup: MeasurementSetup,
    upsampling: int | None,
) -> Arrivals:
    """Return how a source's sound arrives at receivers.

    Parameters
    ----------
    position
        Position of the source, m.
    receivers
        Positions of the receivers, m.
    setup
        Supplies sampling rate, speed of sound and reference position.
    upsampling
        Delays are rounded to 1/`upsampling` sample. None: exact delays.
    """
    delays, gains = _delays_and_gains(position, receivers, setup, upsampling)
    floor = jnp.floor(delays)
    shift = jnp.min(floor)
    return Arrivals(
        shift.astype(jnp.int32),
        (floor - shift).astype(jnp.int32),
        (delays - floor).astype(jnp.float32),
        gains.astype(jnp.float32),
    )


class PhaseFactors(NamedTuple):
    """Transfer from the reference position's level to receivers at all lines of a period, as a product of two tables.

    Attributes
    ----------
    coarse
        Spreading times e^{−j2πkτ/T} at the lines k = 0, 256, 512, ...
    fine
        e^{−j2πkτ/T} at the lines k = 0 ... 255.
    """

    coarse: Complex[Array, "receiver coarse"]
    fine: Complex[Array, "receiver fine"]


@in_double_precision
def phase_factors(
    position: Float[Array, "3"],
    receivers: Float[Array, "3 receiver"],
    setup: MeasurementSetup,
    upsampling: int | None,
    num_samples: int,
) -> PhaseFactors:
    """Return what a source's spectrum over a period of `num_samples` is multiplied with on its way to receivers.

    Parameters as for `arrivals`.
    """
    delays, gains = _delays_and_gains(position, receivers, setup, upsampling)

    def factors(lines: np.ndarray, gains: Float[Array, " receiver"]) -> Complex[Array, "receiver _"]:
        turns = delays[:, None] * (lines / num_samples)
        angle = (2 * np.pi * (turns - jnp.round(turns))).astype(jnp.float32)
        weight = gains.astype(jnp.float32)[:, None]
        return jax.lax.complex(weight * jnp.cos(angle), -weight * jnp.sin(angle))

    coarse = np.arange(0, num_samples // 2 + 1, FINE_LINES)
    return PhaseFactors(factors(coarse, gains), factors(np.arange(FINE_LINES), jnp.ones_like(gains)))


def _delays_and_gains(
    position: Float[Array, "3"], receivers: Float[Array, "3 receiver"], setup: MeasurementSetup, upsampling: int | None
) -> tuple[Float[Array, " receiver"], Float[Array, " receiver"]]:
    """Return delays in samples and spreading."""
    source = position.astype(jnp.float64)[:, None]
    distances = jnp.sqrt(jnp.sum((receivers.astype(jnp.float64) - source) ** 2, axis=0))
    to_reference = jnp.sqrt(jnp.sum((jnp.asarray(setup.reference)[:, None] - source) ** 2))
    delays = distances / setup.speed_of_sound * setup.sample_rate
    if upsampling is not None:
        # As Acoular rounds: sample n hears floor(1/2 + u (n − τ)) of a signal sampled u times as fast.
        delays = jnp.ceil(delays * upsampling - 0.5) / upsampling
    return delays, to_reference / distances
