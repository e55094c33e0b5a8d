"""Time signals of sources and sensor noise in JAX: delays of any fraction of a sample, as phases of a whole period.

Signals are periodic over `num_samples`; a shorter recording is their beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.simulate.arrivals import FINE_LINES, phase_factors
from acoupipe_grain.array.simulate.complex_parts import ComplexParts, product
from acoupipe_grain.array.simulate.random_numbers import noise_waveform
from acoupipe_grain.array.simulate.source_waveforms import SourceWaveforms
from acoupipe_grain.workers import platform


class Sources(NamedTuple):
    """The sources of one record.

    Attributes
    ----------
    waveforms
        What they radiate, of unit power.
    positions
        m.
    strengths
        Mean square pressure at the reference position, Pa².
    num_sources
        How many there are; what follows is padding.
    """

    waveforms: SourceWaveforms
    positions: Float[Array, "3 source"]
    strengths: Float[Array, " source"]
    num_sources: Int[Array, ""]


class Propagation(NamedTuple):
    """How sound gets from sources to receivers.

    Attributes
    ----------
    setup
        Supplies sampling rate, speed of sound and reference position.
    num_samples
        Length of the signals, and their period.
    upsampling
        Delays are rounded to 1/`upsampling` sample. None: exact delays.
    """

    setup: MeasurementSetup
    num_samples: int
    upsampling: int | None


def received_signals(
    sources: Sources,
    receivers: Float[Array, "3 receiver"],
    propagation: Propagation,
    noise: Callable[[Int[Array, ""]], Float[Array, " sample"]] | None = None,
) -> Float[Array, "receiver sample"]:
    """Return what receivers hear of all sources of a record together, Pa.

    Parameters
    ----------
    sources
        The sources.
    receivers
        Positions of the receivers, m.
    propagation
        How sound gets to them.
    noise
        Function of a receiver's number that returns what is added to its signal.
    """
    radiated = _radiated_spectra(sources, receivers, propagation)

    def at_receiver(receiver: Int[Array, ""]) -> Float[Array, " sample"]:
        def add(source: Int[Array, ""], total: ComplexParts) -> ComplexParts:
            factor = product(radiated.coarse.of(source, receiver, None), radiated.fine.of(source, receiver))
            arriving = product(radiated.lines.of(source), factor)
            return ComplexParts(total.real + arriving.real, total.imag + arriving.imag)

        silence = jnp.zeros(radiated.lines.real.shape[1:], jnp.float32)
        total = jax.lax.fori_loop(
            jnp.int32(0), sources.num_sources.astype(jnp.int32), add, ComplexParts(silence, silence)
        )
        signal = _signal(total, propagation.num_samples)
        return signal if noise is None else signal + noise(receiver)

    num_receivers = receivers.shape[1]
    return jax.lax.map(at_receiver, jnp.arange(num_receivers), batch_size=receivers_at_once(num_receivers))


def receivers_at_once(num_receivers: int) -> int:
    """Return of how many receivers signals are best computed at once; it divides their number.

    On the CPU few: what they take stays in the cache.
    """
    if platform() != "cpu":
        return num_receivers
    return max(size for size in (1, 2, 3, 4) if num_receivers % size == 0)


def reference_signals(sources: Sources, propagation: Propagation) -> Float[Array, "source sample"]:
    """Return what each source of a record alone gives at the reference position, Pa; zero for padding."""
    reference = jnp.asarray(propagation.setup.reference)[:, None]
    radiated = _radiated_spectra(sources, reference, propagation)

    def add(source: Int[Array, ""], signals: Float[Array, "source sample"]) -> Float[Array, "source sample"]:
        factor = product(radiated.coarse.of(source, 0, None), radiated.fine.of(source, 0))
        arriving = product(radiated.lines.of(source), factor)
        return signals.at[source].set(_signal(arriving, propagation.num_samples))

    start = jnp.zeros((sources.strengths.size, propagation.num_samples), jnp.float32)
    return jax.lax.fori_loop(jnp.int32(0), sources.num_sources.astype(jnp.int32), add, start)


def noise_signal(
    key: Shaped[Array, "2"], noise_power: Float[Array, ""], mic: Int[Array, ""], num_samples: int
) -> Float[Array, " sample"]:
    """Return the sensor noise of one microphone of a record, Pa; without power nothing is drawn.

    Parameters
    ----------
    key
        Words of the record's key.
    noise_power
        Mean square, Pa².
    mic
        Number of the microphone.
    num_samples
        Length of the signal.
    """
    return jax.lax.cond(
        noise_power > 0,
        lambda: jnp.sqrt(noise_power).astype(jnp.float32) * noise_waveform(key, mic, num_samples),
        lambda: jnp.zeros(num_samples, jnp.float32),
    )


class _Radiated(NamedTuple):
    """What sources radiate, and how it arrives at receivers.

    Attributes
    ----------
    lines
        Spectra over the period, the lines in rows of `FINE_LINES`.
    coarse, fine
        See `PhaseFactors`.
    """

    lines: ComplexParts
    coarse: ComplexParts
    fine: ComplexParts


def _radiated_spectra(sources: Sources, receivers: Float[Array, "3 receiver"], propagation: Propagation) -> _Radiated:
    setup, num_samples, upsampling = propagation
    num_lines = num_samples // 2 + 1
    num_coarse = -(-num_lines // FINE_LINES)
    num_sources, num_receivers = sources.strengths.size, receivers.shape[1]

    def add(source: Int[Array, ""], radiated: _Radiated) -> _Radiated:
        waveform = sources.waveforms.of(source, num_samples) * jnp.sqrt(sources.strengths[source])
        spectrum = jnp.pad(jnp.fft.rfft(waveform), (0, num_coarse * FINE_LINES - num_lines))
        factors = phase_factors(sources.positions[:, source], receivers, setup, upsampling, num_samples)
        own = spectrum.reshape(num_coarse, FINE_LINES), *factors
        return _Radiated(
            *(
                ComplexParts(parts.real.at[source].set(jnp.real(new)), parts.imag.at[source].set(jnp.imag(new)))
                for parts, new in zip(radiated, own, strict=True)
            )
        )

    def empty(*shape: int) -> ComplexParts:
        zeros = jnp.zeros((num_sources, *shape), jnp.float32)
        return ComplexParts(zeros, zeros)

    start = _Radiated(empty(num_coarse, FINE_LINES), empty(num_receivers, num_coarse), empty(num_receivers, FINE_LINES))
    return jax.lax.fori_loop(jnp.int32(0), sources.num_sources.astype(jnp.int32), add, start)


def _signal(spectrum: ComplexParts, num_samples: int) -> Float[Array, " sample"]:
    lines = jax.lax.complex(spectrum.real, spectrum.imag).reshape(-1)
    return jnp.fft.irfft(lines[: num_samples // 2 + 1], num_samples)
