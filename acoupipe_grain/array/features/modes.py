"""Modes: which quantities a simulation delivers, and how the steps between them and the features go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jaxtyping import Array, Complex, Float, Int

from acoupipe_grain.array.features import spectra
from acoupipe_grain.array.features.bands import Bands
from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.errors import unknown_name

SCENE_QUANTITIES = (
    "positions",
    "strengths",
    "mic_positions",
    "noise_power",
    "num_samples",
    "seeds",
    "idx",
    "num_sources",
    "source_mask",
)
RECORDING_QUANTITIES = ("time_data", "reference_signals", "noise_signals")


@dataclass(frozen=True)
class Mode:
    """One way from a scene to features.

    Attributes
    ----------
    inputs
        Quantities given from outside: of the scene and of its recording.
    steps
        Functions that compute further quantities, as features do, but in this mode's way.
    """

    name: str
    inputs: tuple[str, ...]
    steps: Mapping[str, Callable[..., Any]]


def mic_spectra(
    time_data: Float[Array, "*batch sample mic"], setup: MeasurementSetup, bands: Bands
) -> Complex[Array, "*batch block line mic"]:
    """Return the block spectra of the microphone signals."""
    return spectra.block_spectra(time_data, setup, bands)


def csm_lines(
    mic_spectra: Complex[Array, "*batch block line mic"],
    num_samples: Int[Array, "*batch"],
    setup: MeasurementSetup,
    bands: Bands,
) -> Complex[Array, "*batch line mic mic"]:
    """Return Welch's cross-spectral matrix of every line, Pa²."""
    weights = spectra.block_weights(mic_spectra.shape[-3], num_samples, setup)
    return spectra.cross_power(mic_spectra, weights, spectra.welch_scale(setup, bands))


def _strength(
    signals: Float[Array, "*batch sample channel"],
    num_samples: Int[Array, "*batch"],
    setup: MeasurementSetup,
    bands: Bands,
) -> Float[Array, "*batch freq channel"]:
    blocks = spectra.block_spectra(signals, setup, bands)
    weights = spectra.block_weights(blocks.shape[-3], num_samples, setup)
    return bands.total(spectra.mean_power(blocks, weights, spectra.welch_scale(setup, bands)), axis=-2)


def reference_power(
    reference_signals: Float[Array, "*batch sample source"],
    num_samples: Int[Array, "*batch"],
    setup: MeasurementSetup,
    bands: Bands,
) -> Float[Array, "*batch freq source"]:
    """Return Welch's power of every source alone at the reference position, Pa²."""
    return _strength(reference_signals, num_samples, setup, bands)


def noise_power_spectrum(
    noise_signals: Float[Array, "*batch sample mic"],
    num_samples: Int[Array, "*batch"],
    setup: MeasurementSetup,
    bands: Bands,
) -> Float[Array, "*batch freq mic"]:
    """Return Welch's power of the sensor noise alone, Pa²."""
    return _strength(noise_signals, num_samples, setup, bands)


MODES = {
    "welch": Mode(
        "welch",
        (*SCENE_QUANTITIES, *RECORDING_QUANTITIES),
        {
            "mic_spectra": mic_spectra,
            "csm_lines": csm_lines,
            "reference_power": reference_power,
            "noise_power_spectrum": noise_power_spectrum,
        },
    ),
}


def mode_by_name(name: Any) -> Mode:
    """Return a mode or raise the error that lists them."""
    if not isinstance(name, str) or name not in MODES:
        raise unknown_name("mode", name, MODES)
    return MODES[name]


def modes_offering(quantity: str) -> list[str]:
    """Return the names of the modes that have a quantity."""
    return [name for name, mode in MODES.items() if quantity in mode.inputs or quantity in mode.steps]
