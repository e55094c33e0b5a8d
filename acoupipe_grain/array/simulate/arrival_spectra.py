"""Windowed block spectra of delayed sources without their time signals at the microphones.

The windowed DFT of a source delayed by τ samples is Σ_i s(i) κ(i − b H + τ) in block b (hop H), with the kernel
κ(u) = Σ_n w(n) e^{−jωn} sinc(n − u): the source's blocks, a little longer than the window, times a matrix with a column
for each microphone. κ is tabulated between samples and nearly zero outside the window, the more so the further the line
is from the Nyquist frequency and the smoother the window; `lost_power` says how nearly.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int, Shaped

from acoupipe_grain.array import geometry
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.array.simulate.arrivals import Arrivals, arrivals
from acoupipe_grain.array.simulate.periodic_signals import Propagation
from acoupipe_grain.array.simulate.random_numbers import source_waveform
from acoupipe_grain.array.source_pairs import SourcePairs, add_sources
from acoupipe_grain.workers import platform

TAIL = 8
"""Samples before and after the window in which the kernel is kept."""
PHASES = 128
"""Places between two samples where the kernel is tabulated; between them it is interpolated linearly."""
MAX_DISPLACEMENT = 0.015
"""Largest displacement of a microphone, m: beyond what the default distribution reaches."""


class KernelLayout(NamedTuple):
    """Which samples of a source make a block's spectrum.

    Attributes
    ----------
    first
        The first one, relative to the block's start and to the shortest delay.
    length
        Their number, whole hops.
    spread
        Largest difference of two delays, in samples, rounded up.
    """

    first: int
    length: int
    spread: int


def kernel_layout(setup: MeasurementSetup) -> KernelLayout:
    """Return which samples are needed wherever the source is."""
    longest = geometry.aperture(setup.receivers) + 2 * MAX_DISPLACEMENT
    spread = math.ceil(longest / setup.speed_of_sound * setup.sample_rate) + 1
    needed = setup.block_size + 2 * TAIL + spread
    return KernelLayout(-TAIL - spread, -(-needed // setup.hop_size) * setup.hop_size, spread)


def kernel_table(setup: MeasurementSetup, lines: Int[np.ndarray, " line"]) -> Complex[np.ndarray, "line phase place"]:
    """Return κ(i + p/P) e^{jω p/P} at whole samples i and P + 1 places p from one to the next.

    Of the samples i, the first is `KernelLayout.first`; turned like this, the kernel changes slowly with p.
    """
    layout = kernel_layout(setup)
    omega = 2 * np.pi * lines / setup.block_size
    table = np.empty(kernel_table_shape(setup, lines), dtype=np.complex64)
    for phase in range(PHASES + 1):
        kernel = _kernel(setup, lines, layout.first, table.shape[2], phase / PHASES)
        table[:, phase] = kernel * np.exp(1j * omega * phase / PHASES)[:, None]
    return table


def _kernel(
    setup: MeasurementSetup, lines: Int[np.ndarray, " line"], first: int, count: int, fraction: float
) -> Complex[np.ndarray, "line place"]:
    """Return κ(i + fraction) of every line at `count` whole samples i from `first` on."""
    from scipy.signal import fftconvolve  # takes long to import

    block = np.arange(setup.block_size)
    windowed = setup.window_values * np.exp(-2j * np.pi / setup.block_size * np.outer(lines, block))
    # Σ_n w(n) e^{−jωn} sinc(i + fraction − n): a convolution.
    places = first - setup.block_size + 1 + np.arange(count + setup.block_size - 1)
    return fftconvolve(windowed, np.sinc(places + fraction)[None], mode="valid", axes=-1)


def kernel_table_shape(setup: MeasurementSetup, lines: Int[np.ndarray, " line"]) -> tuple[int, int, int]:
    """Return the shape of `kernel_table`'s array."""
    layout = kernel_layout(setup)
    return lines.size, PHASES + 1, layout.length + layout.spread


def lost_power(setup: MeasurementSetup, lines: Int[np.ndarray, " line"]) -> Float[np.ndarray, " line"]:
    """Return the share of each line's power that lies outside the samples where the kernel is kept, at most.

    The squares of κ at all whole samples, however delayed, sum to those of the window.
    """
    power = [
        np.sum(np.abs(_kernel(setup, lines, -TAIL, setup.block_size + 2 * TAIL, fraction)) ** 2, axis=1)
        for fraction in np.arange(8) / 8
    ]
    return 1 - np.min(power, axis=0) / np.sum(setup.window_values**2)


class ArrivalSpectra(NamedTuple):
    """Block spectra of all sources, unscaled.

    Attributes
    ----------
    mics
        At the microphones, of all sources together.
    reference
        At the reference position, of each source alone.
    """

    mics: Complex[Array, "record block line mic"]
    reference: Complex[Array, "record source block line"]


def arrival_spectra(
    key: Shaped[Array, "record 2"],
    positions: Float[Array, "record 3 source"],
    strengths: Float[Array, "record source"],
    source_mask: Bool[Array, "record source"],
    mic_positions: Float[Array, "record 3 mic"],
    table: Complex[Array, "line phase place"],
    lines: Int[np.ndarray, " line"],
    propagation: Propagation,
) -> ArrivalSpectra:
    """Return the block spectra of the sources of a batch of records; work is proportional to the sources drawn.

    Parameters
    ----------
    key
        Words of each record's key.
    positions, strengths, source_mask
        Of the sources: m, Pa² at the reference position, and which entries are sources.
    mic_positions
        m.
    table, lines
        Of `kernel_table`.
    propagation
        Supplies setup, period and the resolution of delays.
    """
    setup, num_samples, upsampling = propagation
    num_blocks = setup.num_blocks(num_samples)
    reference = jnp.broadcast_to(jnp.asarray(setup.reference), (len(key), 3))[..., None]
    receivers = jnp.concatenate([mic_positions, reference.astype(mic_positions.dtype)], axis=-1)

    def of_source(record: Int[Array, ""], source: Int[Array, ""]) -> Complex[Array, "block line receiver"]:
        arriving = arrivals(positions[record, :, source], receivers[record], setup, upsampling)
        frames = _frames(source_waveform(key[record], source, num_samples), arriving.shift, setup, num_blocks)
        kernels = _kernels(table, arriving, lines, setup) * jnp.sqrt(strengths[record, source])
        parts = jnp.stack([jnp.real(kernels), jnp.imag(kernels)])
        both = jnp.einsum("bt,plrt->pblr", frames, parts, precision=jax.lax.Precision.HIGHEST)
        return jax.lax.complex(both[0], both[1])

    def add(total: ArrivalSpectra, pairs: SourcePairs) -> ArrivalSpectra:
        spectra = jax.vmap(of_source)(pairs.record, pairs.source)
        spectra = jnp.where(pairs.is_drawn[:, None, None, None], spectra, 0)
        return ArrivalSpectra(
            total.mics.at[pairs.record].add(spectra[..., :-1]),
            total.reference.at[pairs.record, pairs.source].add(spectra[..., -1]),
        )

    size = num_blocks, lines.size
    start = ArrivalSpectra(
        jnp.zeros((len(key), *size, setup.num_mics), jnp.complex64),
        jnp.zeros((*source_mask.shape, *size), jnp.complex64),
    )
    # On the CPU one after the other: what one source takes stays in the cache.
    at_once = 1 if platform() == "cpu" else min(16, source_mask.size)
    return add_sources(source_mask, at_once, add, start)


def _frames(
    waveform: Float[Array, " sample"], shift: Int[Array, ""], setup: MeasurementSetup, num_blocks: int
) -> Float[Array, "block tap"]:
    """Return the samples of a periodic waveform, `shift` samples later, that make each block's spectrum."""
    layout, hop = kernel_layout(setup), setup.hop_size
    parts = layout.length // hop
    length = (num_blocks + parts - 1) * hop
    repeats = -(-(length + waveform.size) // waveform.size)
    start = jnp.mod(layout.first - shift, waveform.size)
    segments = jax.lax.dynamic_slice(jnp.tile(waveform, repeats), (start,), (length,)).reshape(-1, hop)
    return jnp.concatenate([segments[part : part + num_blocks] for part in range(parts)], axis=1)


def _kernels(
    table: Complex[Array, "line phase place"],
    arriving: Arrivals,
    lines: Int[np.ndarray, " line"],
    setup: MeasurementSetup,
) -> Complex[Array, "line receiver tap"]:
    """Return the kernel of every line and receiver."""
    length = kernel_layout(setup).length
    place = arriving.fraction * PHASES
    phase = jnp.clip(jnp.floor(place).astype(jnp.int32), 0, PHASES - 1)
    weight = (place - phase)[:, None]

    def at(phase: Int[Array, ""], whole: Int[Array, ""]) -> Complex[Array, "line tap"]:
        return jax.lax.dynamic_slice(table, (jnp.int32(0), phase, whole), (len(lines), 1, length))[:, 0]

    rows = jax.vmap(at, out_axes=1)
    kernel = rows(phase, arriving.whole) * (1 - weight) + rows(phase + 1, arriving.whole) * weight
    omega = (2 * np.pi * lines / setup.block_size).astype(np.float32)[:, None]
    angle = omega * arriving.fraction
    turned = kernel * jax.lax.complex(jnp.cos(angle), -jnp.sin(angle))[..., None]
    return turned * arriving.gains[:, None]
