"""Features over consecutive segments of the recording: how a scene changes while sources move.

A segment is a number of consecutive blocks of Welch's method, `blocks_per_segment`. The next one begins with the block
after its last, so that where blocks overlap, neighbours share samples. Blocks that are left over at the end of the
longest recording belong to none; segments that do not lie within a shorter recording are zero.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int, Shaped

from acoupipe_grain import arguments
from acoupipe_grain.array.features import maps
from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.scaling import Scaling
from acoupipe_grain.array.matrix_products import outer_sum
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.errors import ArgumentError

BLOCKS_PER_SEGMENT = 16


def segment_csm(
    mic_spectra: Complex[Array, "*batch block line mic"],
    num_samples: Int[Array, "*batch"],
    scaling: Scaling,
    setup: MeasurementSetup,
    bands: Bands,
    *,
    blocks_per_segment: Any = BLOCKS_PER_SEGMENT,
) -> Complex[Array, "*batch segment freq mic mic"]:
    """Return Welch's cross-spectral matrix of each segment from its blocks alone, per line or band, Pa²."""
    lines = _by_line_and_segment(mic_spectra, blocks_per_segment)
    scale = (scaling.welch / blocks_per_segment).astype(np.float32)

    def of_line(line: tuple[Complex[Array, "segment *batch block mic"], Float[Array, ""]]) -> Complex[Array, "..."]:
        spectra, factor = line
        return _cross_products(jnp.moveaxis(spectra, 0, -3)) * factor

    matrices = bands.total(jnp.moveaxis(jax.lax.map(of_line, (lines, scale)), 0, -3), axis=-3)
    is_within = _segments_within(lines.shape[1], blocks_per_segment, num_samples, setup)
    return jnp.where(is_within[..., None, None, None], matrices, 0)


def segment_sourcemap(
    mic_spectra: Complex[Array, "*batch block line mic"],
    num_samples: Int[Array, "*batch"],
    steering: Complex[Array, "line point mic"],
    scaling: Scaling,
    setup: MeasurementSetup,
    bands: Bands,
    *,
    blocks_per_segment: Any = BLOCKS_PER_SEGMENT,
    remove_diagonal: Any = None,
) -> Float[Array, "*batch segment freq x y"]:
    """Return the conventional beamformer's map of each segment, Pa² at the reference position, indexed [x, y].

    It is that of the segment's cross-spectral matrix; where it has fewer blocks than there are microphones, the sum of
    their maps is less work. With the diagonal removed it is scaled by M/(M−1), and negative values become 0.
    """
    without = arguments.flag("remove_diagonal", remove_diagonal)
    lines = _by_line_and_segment(mic_spectra, blocks_per_segment)
    scale = (scaling.welch / blocks_per_segment).astype(np.float32)

    def of_segment(
        spectra: Complex[Array, "*batch block mic"], vectors: Complex[Array, "point mic"]
    ) -> Float[Array, "*batch point"]:
        if blocks_per_segment < setup.num_mics:
            return maps.projections(jnp.swapaxes(spectra, -1, -2), vectors, without).sum(axis=-1)
        return maps.conventional(_cross_products(spectra), vectors, without)

    def of_line(
        line: tuple[Complex[Array, "segment *batch block mic"], Float[Array, ""]], vectors: Complex[Array, "point mic"]
    ) -> Float[Array, "*batch segment point"]:
        spectra, factor = line
        return jnp.moveaxis(jax.lax.map(lambda segment: of_segment(segment, vectors), spectra), 0, -2) * factor

    by_line = maps.map_lines(of_line, (lines, scale), steering)
    by_segment = maps.on_grid(jnp.maximum(by_line, 0) if without else by_line, setup, bands)
    is_within = _segments_within(lines.shape[1], blocks_per_segment, num_samples, setup)
    return jnp.where(is_within[..., None, None, None], by_segment, 0)


def block_loc(block_positions: Float[Array, "*batch block 3 source"]) -> Float[Array, "*batch block 3 source"]:
    """Return where each source emitted what arrives at the reference position at the middle of each block, m."""
    return block_positions


def segment_loc(
    block_positions: Float[Array, "*batch block 3 source"],
    num_samples: Int[Array, "*batch"],
    setup: MeasurementSetup,
    *,
    blocks_per_segment: Any = BLOCKS_PER_SEGMENT,
) -> Float[Array, "*batch segment 3 source"]:
    """Return the mean position of each source over the blocks of each segment, m."""
    segments = _by_segment(block_positions, blocks_per_segment, axis=-3)
    is_within = _segments_within(segments.shape[-4], blocks_per_segment, num_samples, setup)
    return jnp.where(is_within[..., None, None], segments.mean(axis=-3), 0)


FEATURES = (
    ("segment_csm", segment_csm, ("segment", "frequency", "mic", "mic"), "Pa^2"),
    ("segment_sourcemap", segment_sourcemap, ("segment", "frequency", "x", "y"), "Pa^2"),
    ("block_loc", block_loc, ("block", "xyz", "source"), "m"),
    ("segment_loc", segment_loc, ("segment", "xyz", "source"), "m"),
)
"""Name, function, axes and unit of each."""


def _by_segment(values: Shaped[Array, "..."], blocks_per_segment: Any, axis: int) -> Shaped[Array, "..."]:
    """Return an array with its axis of blocks (negative) split into one of whole segments and one of their blocks."""
    arguments.integer("blocks_per_segment", blocks_per_segment, minimum=1)
    axis += values.ndim
    num_blocks = values.shape[axis]
    count = num_blocks // blocks_per_segment
    if count == 0:
        raise ArgumentError(
            f"blocks_per_segment={blocks_per_segment}: the longest recording has only {num_blocks} blocks; expected at "
            "most that many."
        )
    whole = jax.lax.slice_in_dim(values, 0, count * blocks_per_segment, axis=axis)
    return whole.reshape(*values.shape[:axis], count, blocks_per_segment, *values.shape[axis + 1 :])


def _by_line_and_segment(
    mic_spectra: Complex[Array, "*batch block line mic"], blocks_per_segment: Any
) -> Complex[Array, "line segment *batch block_of_segment mic"]:
    segments = _by_segment(mic_spectra, blocks_per_segment, axis=-3)
    return jnp.moveaxis(segments, (-2, -4), (0, 1))


def _segments_within(
    num_segments: int, blocks_per_segment: int, num_samples: Int[Array, "*batch"], setup: MeasurementSetup
) -> Bool[Array, "*batch segment"]:
    """Return which segments lie within `num_samples` samples; the others are padding."""
    num_blocks = jnp.asarray(setup.num_blocks(num_samples))
    return (jnp.arange(num_segments) + 1) * blocks_per_segment <= num_blocks[..., None]


def _cross_products(spectra: Complex[Array, "*batch block mic"]) -> Complex[Array, "*batch mic mic"]:
    """Return Σ X Xᴴ over the blocks."""
    return outer_sum(spectra[..., None, :])[..., 0, :, :]
