"""The features that come with the package."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int

from acoupipe_grain.array.features import beamformers, labels, maps, matrices, radiation_steps, segments
from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.features.clean_sc import clean_sc
from acoupipe_grain.array.features.registry import Feature, add_feature
from acoupipe_grain.array.features.scaling import Scaling
from acoupipe_grain.array.features.spectra import block_spectra, blocks_within
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.errors import ArgumentError


def time_data(time_data: Float[Array, "*batch sample mic"]) -> Float[Array, "*batch sample mic"]:
    """Return the microphone signals, Pa, zero after the recording's end."""
    return time_data


def spectrogram(
    mic_spectra: Complex[Array, "*batch block line mic"],
    num_samples: Int[Array, "*batch"],
    scaling: Scaling,
    setup: MeasurementSetup,
    bands: Bands,
) -> Complex[Array, "*batch block line mic"]:
    """Return the block spectra, phase at the block start, scaled so that their mean square is the CSM's diagonal, Pa.

    Blocks beyond the recording's end are zero.
    """
    if bands.num:
        raise ArgumentError(f"num={bands.num}: a spectrogram has single lines only; use num=0.")
    is_within = blocks_within(mic_spectra.shape[-3], num_samples, setup)
    scale = scaling.spectrogram[:, None].astype(np.float32)
    return jnp.where(is_within[..., None, None], mic_spectra * scale, 0)


def reference_spectrogram(
    reference_signals: Float[Array, "*batch sample source"],
    num_samples: Int[Array, "*batch"],
    scaling: Scaling,
    setup: MeasurementSetup,
    bands: Bands,
) -> Complex[Array, "*batch block line source"]:
    """Return the block spectra of each source alone at the reference position, Pa; otherwise as `spectrogram`."""
    return spectrogram(block_spectra(reference_signals, setup, bands), num_samples, scaling, setup, bands)


def source_strength_estimated(
    reference_power: Float[Array, "*batch freq source"],
) -> Float[Array, "*batch freq source"]:
    """Return the power of each source in this realisation at the reference position, Pa²."""
    return reference_power


def noise_strength_estimated(
    noise_power_spectrum: Float[Array, "*batch freq mic"],
) -> Float[Array, "*batch freq mic"]:
    """Return the sensor noise power of each microphone in this realisation, Pa²."""
    return noise_power_spectrum


for _name, _compute, _axes, _unit in (
    ("time_data", time_data, ("sample", "mic"), "Pa"),
    ("spectrogram", spectrogram, ("block", "frequency", "mic"), "Pa"),
    ("reference_spectrogram", reference_spectrogram, ("block", "frequency", "source"), "Pa"),
    ("csm", matrices.csm, ("frequency", "mic", "mic"), "Pa^2"),
    ("csmtriu", matrices.csmtriu, ("frequency", "mic", "mic"), "Pa^2"),
    ("eigmode", matrices.eigmode, ("frequency", "mic", "mode"), "Pa^2"),
    ("sourcemap", maps.sourcemap, ("frequency", "x", "y"), "Pa^2"),
    ("sourcemap_functional", beamformers.functional, ("frequency", "x", "y"), "Pa^2"),
    ("sourcemap_capon", beamformers.capon, ("frequency", "x", "y"), "Pa^2"),
    ("sourcemap_eigenvalue", beamformers.eigenvalue, ("frequency", "x", "y"), "Pa^2"),
    ("sourcemap_music", beamformers.music, ("frequency", "x", "y"), "1"),
    ("sourcemap_orthogonal", beamformers.orthogonal, ("frequency", "x", "y"), "Pa^2"),
    ("sourcemap_clean_sc", clean_sc, ("frequency", "x", "y"), "Pa^2"),
    *segments.FEATURES,
    ("loc", labels.loc, ("xyz", "source"), "m"),
    ("source_direction", labels.source_direction, ("xyz", "source"), "1"),
    ("source_strength_analytic", labels.source_strength_analytic, ("frequency", "source"), "Pa^2"),
    ("source_strength_estimated", source_strength_estimated, ("frequency", "source"), "Pa^2"),
    ("source_correlation", radiation_steps.source_correlation, ("source", "source"), "1"),
    ("noise_strength_analytic", labels.noise_strength_analytic, ("frequency", "mic"), "Pa^2"),
    ("noise_strength_estimated", noise_strength_estimated, ("frequency", "mic"), "Pa^2"),
    ("targetmap_analytic", maps.targetmap_analytic, ("frequency", "x", "y"), "Pa^2"),
    ("targetmap_estimated", maps.targetmap_estimated, ("frequency", "x", "y"), "Pa^2"),
    ("f", labels.frequencies, ("frequency",), "Hz"),
    ("num", labels.band_number, (), "1"),
    ("seeds", labels.seeds, ("word",), "1"),
):
    add_feature(Feature(_name, _compute, _axes, _unit))


def idx(idx: Int[Array, "*batch"]) -> Int[Array, "*batch"]:
    """Return the record's index."""
    return idx


def num_sources(num_sources: Int[Array, "*batch"]) -> Int[Array, "*batch"]:
    """Return the number of sources."""
    return num_sources


def source_mask(source_mask: Bool[Array, "*batch source"]) -> Bool[Array, "*batch source"]:
    """Return which entries along source axes are sources; the others are zero."""
    return source_mask


def num_samples(num_samples: Int[Array, "*batch"]) -> Int[Array, "*batch"]:
    """Return the length of the recording in samples."""
    return num_samples


ALWAYS = (
    Feature("idx", idx, ()),
    Feature("num_sources", num_sources, ()),
    Feature("source_mask", source_mask, ("source",)),
)
"""What every element carries besides the requested features."""

LENGTH = Feature("num_samples", num_samples, ())
"""What elements carry in addition where recordings differ in length."""
