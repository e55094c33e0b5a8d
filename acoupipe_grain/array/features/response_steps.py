"""Steps of sources that are heard through impulse responses, in every mode."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, Int, Shaped

from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.simulation_steps import as_columns, each_record, within
from acoupipe_grain.array.features.spectral_steps import independent_averages
from acoupipe_grain.array.matrix_products import product, squared_magnitude
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.simulate.periodic_signals import Propagation, noise_signal
from acoupipe_grain.array.simulate.response_signals import HeardSources, heard_alone, heard_signals
from acoupipe_grain.array.simulate.source_waveforms import SourceWaveforms
from acoupipe_grain.array.simulate.wishart import WishartDraw, draw_wishart


def transfer(
    source_transfer: Complex[Array, "*batch source line mic"],
) -> Complex[Array, "*batch line mic source"]:
    """Return the transfer from what each source emits to the microphones."""
    return jnp.moveaxis(source_transfer, -3, -1)


def received_line_powers(
    transfer: Complex[Array, "*batch line mic source"],
    emitted_line_powers: Float[Array, "*batch line source"],
    reference_mic: int,
) -> Float[Array, "*batch line source"]:
    """Return the expected power of each source at the reference microphone in each line, Pa²."""
    return emitted_line_powers * squared_magnitude(transfer[..., reference_mic, :])


def received_columns(
    transfer: Complex[Array, "*batch line mic source"], emitted_line_powers: Float[Array, "*batch line source"]
) -> Complex[Array, "*batch line mic source"]:
    """Return H√Q: what independent sources contribute to the microphones in each line, Pa."""
    return transfer * jnp.sqrt(emitted_line_powers)[..., None, :]


def received_columns_of_correlated_sources(
    transfer: Complex[Array, "*batch line mic source"],
    emitted_line_powers: Float[Array, "*batch line source"],
    source_mixing: Float[Array, "*batch source signal"],
) -> Complex[Array, "*batch line mic signal"]:
    """Return what independent signals contribute to the microphones through all sources in each line, Pa."""
    columns = transfer * jnp.sqrt(emitted_line_powers)[..., None, :]
    return product(columns, _emitted_mixing(source_mixing, emitted_line_powers))


def received_wishart_draw(
    key: Shaped[Array, "*batch 2"],
    num_samples: Int[Array, "*batch"],
    transfer: Complex[Array, "*batch line mic source"],
    emitted_line_powers: Float[Array, "*batch line source"],
    noise_line_powers: Float[Array, "*batch line mic"],
    setup: MeasurementSetup,
    bands: Bands,
    reference_mic: int,
) -> WishartDraw:
    """Return a draw of the cross-spectral matrix of every line, and of the powers it is made of."""
    averages = independent_averages(num_samples, setup)
    drawn = key, averages, transfer, emitted_line_powers, noise_line_powers, bands.lines, setup.block_size
    return _at_reference(draw_wishart(*drawn), transfer, reference_mic)


def received_wishart_draw_of_correlated_sources(
    key: Shaped[Array, "*batch 2"],
    num_samples: Int[Array, "*batch"],
    transfer: Complex[Array, "*batch line mic source"],
    emitted_line_powers: Float[Array, "*batch line source"],
    noise_line_powers: Float[Array, "*batch line mic"],
    source_mixing: Float[Array, "*batch source signal"],
    setup: MeasurementSetup,
    bands: Bands,
    reference_mic: int,
) -> WishartDraw:
    """Return a draw of the cross-spectral matrix of every line, and of the powers it is made of."""
    averages = independent_averages(num_samples, setup)
    drawn = key, averages, transfer, emitted_line_powers, noise_line_powers, bands.lines, setup.block_size
    mixing = _emitted_mixing(source_mixing, emitted_line_powers)
    return _at_reference(draw_wishart(*drawn, mixing), transfer, reference_mic)


def _emitted_mixing(
    source_mixing: Float[Array, "*batch source signal"], emitted_line_powers: Float[Array, "*batch line source"]
) -> Complex[Array, "*batch line source signal"]:
    """Return what each source takes of independent signals in each line; responses have the delays."""
    shape = (*emitted_line_powers.shape[:-1], *source_mixing.shape[-2:])
    mixing = source_mixing.astype(emitted_line_powers.dtype)[..., None, :, :]
    return jnp.broadcast_to(mixing, shape).astype(jnp.result_type(complex))


def _at_reference(
    draw: WishartDraw, transfer: Complex[Array, "*batch line mic source"], reference_mic: int
) -> WishartDraw:
    """Return a draw with the sources' powers at the reference microphone for those that they emit."""
    return draw._replace(source_powers=draw.source_powers * squared_magnitude(transfer[..., reference_mic, :]))


def time_data(
    key: Shaped[Array, "*batch 2"],
    source_waveforms: SourceWaveforms,
    responses: Float[Array, "*batch source mic tap"],
    strengths: Float[Array, "*batch source"],
    num_sources: Int[Array, "*batch"],
    noise_power: Float[Array, "*batch"],
    num_samples: Int[Array, "*batch"],
    propagation: Propagation,
) -> Float[Array, "*batch sample mic"]:
    """Return the microphone signals, Pa, zero after the recording's end."""
    period = propagation.num_samples

    def of_record(
        key: Shaped[Array, "2"], sources: HeardSources, noise_power: Float[Array, ""]
    ) -> Float[Array, "mic sample"]:
        def noise(mic: Int[Array, ""]) -> Float[Array, " sample"]:
            return noise_signal(key, noise_power, mic, period)

        return heard_signals(sources, period, noise)

    sources = HeardSources(source_waveforms, responses, strengths, num_sources)
    return within(as_columns(each_record(of_record, num_samples.shape, key, sources, noise_power)), num_samples)


def reference_signals(
    source_waveforms: SourceWaveforms,
    responses: Float[Array, "*batch source mic tap"],
    strengths: Float[Array, "*batch source"],
    num_sources: Int[Array, "*batch"],
    num_samples: Int[Array, "*batch"],
    propagation: Propagation,
    reference_mic: int,
) -> Float[Array, "*batch sample source"]:
    """Return the signal of each source alone at the reference microphone, Pa, zero after the recording's end."""
    at_reference = responses[..., reference_mic, :]
    sources = HeardSources(source_waveforms, at_reference[..., None, :], strengths, num_sources)
    signals = each_record(lambda record: heard_alone(record, propagation.num_samples), num_samples.shape, sources)
    return within(as_columns(signals), num_samples)
