"""From scenes to time signals or block spectra in JAX: the steps before those of mode "welch"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int, Shaped

from acoupipe_grain.array.features import spectra
from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.scaling import Scaling
from acoupipe_grain.array.features.welch_steps import power_of_spectra
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.simulate.arrival_spectra import ArrivalSpectra, arrival_spectra, kernel_layout, lost_power
from acoupipe_grain.array.simulate.noise_spectra import are_circular, noise_block_spectra
from acoupipe_grain.array.simulate.periodic_signals import (
    Propagation,
    Sources,
    noise_signal,
    received_signals,
    receivers_at_once,
)
from acoupipe_grain.array.simulate.periodic_signals import reference_signals as signals_at_reference
from acoupipe_grain.array.simulate.source_waveforms import DrawnWaveforms, SourceWaveforms

MAX_LOST_POWER = 3e-5
"""Lines of which a larger share would be lost in spectra without time signals are computed from time signals: by
default the last three."""
MAX_LENGTHS = 18
"""Up to this many block lengths of kernels, all lines together, spectra without time signals are faster: by default
twelve lines."""


def have_spectra_without_signals(setup: MeasurementSetup, bands: Bands) -> bool:
    """Return whether block spectra of these lines are computed without the time signals of the microphones."""
    length = bands.lines.size * kernel_layout(setup).length
    is_faster = length <= MAX_LENGTHS * setup.block_size
    return is_faster and bool(np.all(lost_power(setup, bands.lines) <= MAX_LOST_POWER))


def noise_is_drawn_as_spectra(setup: MeasurementSetup, bands: Bands) -> bool:
    """Return whether block spectra of the sensor noise are drawn without its time signal."""
    return bands.lines.size == 1 and are_circular(setup, int(bands.lines[0]))


def noise_signals(
    key: Shaped[Array, "*batch 2"], noise_power: Float[Array, "*batch"], propagation: Propagation
) -> Float[Array, "*batch sample mic"]:
    """Return the sensor noise of every microphone over a whole period."""

    def of_record(key: Shaped[Array, "2"], noise_power: Float[Array, ""]) -> Float[Array, "mic sample"]:
        def of_mic(mic: Int[Array, ""]) -> Float[Array, " sample"]:
            return noise_signal(key, noise_power, mic, propagation.num_samples)

        num_mics = propagation.setup.num_mics
        return jax.lax.map(of_mic, jnp.arange(num_mics), batch_size=receivers_at_once(num_mics))

    return as_columns(each_record(of_record, noise_power.shape, key, noise_power))


def source_waveforms(key: Shaped[Array, "*batch 2"]) -> SourceWaveforms:
    """Return the waveforms of all sources: white noise, drawn when it is needed."""
    return DrawnWaveforms(key)


def time_data(
    key: Shaped[Array, "*batch 2"],
    source_waveforms: SourceWaveforms,
    positions: Float[Array, "*batch 3 source"],
    strengths: Float[Array, "*batch source"],
    num_sources: Int[Array, "*batch"],
    mic_positions: Float[Array, "*batch 3 mic"],
    noise_power: Float[Array, "*batch"],
    num_samples: Int[Array, "*batch"],
    propagation: Propagation,
) -> Float[Array, "*batch sample mic"]:
    """Return the microphone signals, Pa, zero after the recording's end."""

    def of_record(
        key: Shaped[Array, "2"], sources: Sources, mics: Float[Array, "3 mic"], noise_power: Float[Array, ""]
    ) -> Float[Array, "mic sample"]:
        def noise(mic: Int[Array, ""]) -> Float[Array, " sample"]:
            return noise_signal(key, noise_power, mic, propagation.num_samples)

        return received_signals(sources, mics, propagation, noise)

    sources = Sources(source_waveforms, positions, strengths, num_sources)
    received = each_record(of_record, num_samples.shape, key, sources, mic_positions, noise_power)
    return within(as_columns(received), num_samples)


def reference_signals(
    source_waveforms: SourceWaveforms,
    positions: Float[Array, "*batch 3 source"],
    strengths: Float[Array, "*batch source"],
    num_sources: Int[Array, "*batch"],
    num_samples: Int[Array, "*batch"],
    propagation: Propagation,
) -> Float[Array, "*batch sample source"]:
    """Return the signal of each source alone at the reference position, Pa, zero after the recording's end."""
    sources = Sources(source_waveforms, positions, strengths, num_sources)
    signals = each_record(lambda record: signals_at_reference(record, propagation), num_samples.shape, sources)
    return within(as_columns(signals), num_samples)


def source_spectra(
    key: Shaped[Array, "*batch 2"],
    positions: Float[Array, "*batch 3 source"],
    strengths: Float[Array, "*batch source"],
    source_mask: Bool[Array, "*batch source"],
    mic_positions: Float[Array, "*batch 3 mic"],
    arrival_kernels: Complex[Array, "line phase place"],
    propagation: Propagation,
    bands: Bands,
) -> ArrivalSpectra:
    """Return the block spectra of the sources without their time signals at the microphones."""
    batch = source_mask.shape[:-1]
    computed = arrival_spectra(
        key.reshape(-1, *key.shape[-1:]),
        positions.reshape(-1, *positions.shape[-2:]),
        strengths.reshape(-1, *strengths.shape[-1:]),
        source_mask.reshape(-1, *source_mask.shape[-1:]),
        mic_positions.reshape(-1, *mic_positions.shape[-2:]),
        arrival_kernels,
        bands.lines,
        propagation,
    )
    return ArrivalSpectra(*(array.reshape(*batch, *array.shape[1:]) for array in computed))


def noise_spectra(
    key: Shaped[Array, "*batch 2"], noise_power: Float[Array, "*batch"], propagation: Propagation, bands: Bands
) -> Complex[Array, "*batch block line mic"]:
    """Return the block spectra of the sensor noise: drawn as such for a single line, else of its time signal."""
    setup, period, _ = propagation
    num_blocks = setup.num_blocks(period)
    if not noise_is_drawn_as_spectra(setup, bands):
        return spectra.block_spectra(noise_signals(key, noise_power, propagation), setup, bands)

    def of_record(key: Shaped[Array, "2"], noise_power: Float[Array, ""]) -> Complex[Array, "block line mic"]:
        return noise_block_spectra(key, noise_power, setup, int(bands.lines[0]), num_blocks)[:, None]

    return each_record(of_record, noise_power.shape, key, noise_power)


def mic_spectra(
    source_spectra: ArrivalSpectra, noise_spectra: Complex[Array, "*batch block line mic"]
) -> Complex[Array, "*batch block line mic"]:
    """Return the block spectra of the microphone signals."""
    return source_spectra.mics + noise_spectra


def reference_power(
    source_spectra: ArrivalSpectra,
    num_samples: Int[Array, "*batch"],
    num_averages: Shaped[Array, "*batch"],
    scaling: Scaling,
    setup: MeasurementSetup,
    bands: Bands,
) -> Float[Array, "*batch freq source"]:
    """Return Welch's power of every source alone at the reference position, Pa²."""
    blocks = jnp.moveaxis(source_spectra.reference, -3, -1)
    return power_of_spectra(blocks, num_samples, num_averages, scaling, setup, bands)


def noise_power_spectrum(
    noise_spectra: Complex[Array, "*batch block line mic"],
    num_samples: Int[Array, "*batch"],
    num_averages: Shaped[Array, "*batch"],
    scaling: Scaling,
    setup: MeasurementSetup,
    bands: Bands,
) -> Float[Array, "*batch freq mic"]:
    """Return Welch's power of the sensor noise alone, Pa²."""
    return power_of_spectra(noise_spectra, num_samples, num_averages, scaling, setup, bands)


def each_record(function: Callable[..., Any], batch: tuple[int, ...], *arrays: Any) -> Any:
    """Return a function of single records applied to all records, one after the other."""
    if not batch:
        return function(*arrays)
    flat = jax.tree.map(lambda array: array.reshape(-1, *array.shape[len(batch) :]), arrays)
    computed = jax.lax.map(lambda record: function(*record), flat)
    return jax.tree.map(lambda array: array.reshape(*batch, *array.shape[1:]), computed)


def as_columns(signals: Float[Array, "*batch channel sample"]) -> Float[Array, "*batch sample channel"]:
    """Return signals with the samples as rows."""
    return jnp.swapaxes(signals, -1, -2)


def within(
    signals: Float[Array, "*batch sample channel"], num_samples: Int[Array, "*batch"]
) -> Float[Array, "*batch sample channel"]:
    """Return signals with zeros after the recording's end."""
    is_within = jnp.arange(signals.shape[-2]) < num_samples[..., None]
    return jnp.where(is_within[..., None], signals, 0)
