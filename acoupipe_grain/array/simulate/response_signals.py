"""Time signals of sources that are heard through impulse responses in JAX, by overlap-save convolution.

Signals are periodic over their length T. A block of L samples of a waveform, transformed and multiplied with the
transform of a response of K taps, gives L − K + 1 samples of their convolution (A. V. Oppenheim and R. W. Schafer,
"Discrete-Time Signal Processing", chapter 8). Blocks of all sources are added before they are transformed back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from acoupipe_grain.array.simulate.complex_parts import ComplexParts, product
from acoupipe_grain.array.simulate.periodic_signals import receivers_at_once
from acoupipe_grain.array.simulate.source_waveforms import SourceWaveforms

SHORTEST_BLOCK = 2048
"""Samples; shorter ones are not faster."""


class HeardSources(NamedTuple):
    """The sources of one record, and how they are heard.

    Attributes
    ----------
    waveforms
        What they radiate, of unit power.
    responses
        From each source to each microphone.
    strengths
        Mean square pressure of white noise at the reference microphone, Pa².
    num_sources
        How many there are; what follows is padding.
    """

    waveforms: SourceWaveforms
    responses: Float[Array, "source mic tap"]
    strengths: Float[Array, " source"]
    num_sources: Int[Array, ""]


class Blocks(NamedTuple):
    """How signals are cut.

    Attributes
    ----------
    length
        Samples of a block.
    step
        Samples from one block to the next, which are those that it gives.
    num_blocks
        Blocks of a period.
    """

    length: int
    step: int
    num_blocks: int


def blocks_of(num_samples: int, num_taps: int) -> Blocks:
    """Return the blocks of signals and responses of so many samples: powers of two, four times as long as responses."""
    wanted = max(4 * num_taps, SHORTEST_BLOCK)
    length = 2 ** int(np.ceil(np.log2(min(wanted, num_samples + num_taps - 1))))
    step = length - num_taps + 1
    return Blocks(length, step, -(-num_samples // step))


def heard_signals(
    sources: HeardSources,
    num_samples: int,
    noise: Callable[[Int[Array, ""]], Float[Array, " sample"]],
) -> Float[Array, "mic sample"]:
    """Return what microphones hear of all sources of a record together, Pa.

    Parameters
    ----------
    sources
        The sources.
    num_samples
        Length of the signals, and their period.
    noise
        Function of a microphone's number that returns what is added to its signal.
    """
    num_mics, num_taps = sources.responses.shape[1:]
    blocks = blocks_of(num_samples, num_taps)
    radiated = _radiated_blocks(sources, num_samples, blocks)

    def at_mic(mic: Int[Array, ""]) -> Float[Array, " sample"]:
        def add(source: Int[Array, ""], total: ComplexParts) -> ComplexParts:
            arriving = product(radiated.of(source), _transform(sources.responses[source, mic], blocks))
            return ComplexParts(total.real + arriving.real, total.imag + arriving.imag)

        silence = jnp.zeros(radiated.real.shape[1:], jnp.float32)
        total = jax.lax.fori_loop(
            jnp.int32(0), sources.num_sources.astype(jnp.int32), add, ComplexParts(silence, silence)
        )
        return _signal(total, num_samples, blocks) + noise(mic)

    return jax.lax.map(at_mic, jnp.arange(num_mics), batch_size=receivers_at_once(num_mics))


def heard_alone(sources: HeardSources, num_samples: int) -> Float[Array, "source sample"]:
    """Return what the first microphone hears of each source of a record alone, Pa; zero for padding."""
    blocks = blocks_of(num_samples, sources.responses.shape[-1])
    radiated = _radiated_blocks(sources, num_samples, blocks)

    def add(source: Int[Array, ""], signals: Float[Array, "source sample"]) -> Float[Array, "source sample"]:
        arriving = product(radiated.of(source), _transform(sources.responses[source, 0], blocks))
        return signals.at[source].set(_signal(arriving, num_samples, blocks))

    start = jnp.zeros((sources.strengths.size, num_samples), jnp.float32)
    return jax.lax.fori_loop(jnp.int32(0), sources.num_sources.astype(jnp.int32), add, start)


def _radiated_blocks(sources: HeardSources, num_samples: int, blocks: Blocks) -> ComplexParts:
    """Return the transforms of all blocks of what sources radiate, shape (J, blocks, lines)."""
    before = sources.responses.shape[-1] - 1
    starts = np.arange(blocks.num_blocks) * blocks.step - before
    places = np.mod(starts[:, None] + np.arange(blocks.length), num_samples)

    def add(source: Int[Array, ""], radiated: ComplexParts) -> ComplexParts:
        waveform = sources.waveforms.of(source, num_samples) * jnp.sqrt(sources.strengths[source])
        spectra = jnp.fft.rfft(waveform[places])
        return ComplexParts(
            radiated.real.at[source].set(jnp.real(spectra)), radiated.imag.at[source].set(jnp.imag(spectra))
        )

    zeros = jnp.zeros((sources.strengths.size, blocks.num_blocks, blocks.length // 2 + 1), jnp.float32)
    start = ComplexParts(zeros, zeros)
    return jax.lax.fori_loop(jnp.int32(0), sources.num_sources.astype(jnp.int32), add, start)


def _transform(response: Float[Array, " tap"], blocks: Blocks) -> ComplexParts:
    spectrum = jnp.fft.rfft(response, blocks.length)
    return ComplexParts(jnp.real(spectrum), jnp.imag(spectrum))


def _signal(spectra: ComplexParts, num_samples: int, blocks: Blocks) -> Float[Array, " sample"]:
    """Return the signal of its blocks' transforms; what a block's end wraps into its beginning is left out."""
    convolved = jnp.fft.irfft(jax.lax.complex(spectra.real, spectra.imag), blocks.length)
    return convolved[:, blocks.length - blocks.step :].reshape(-1)[:num_samples]
