"""Modes: which quantities a simulation delivers, and how the steps between them and the features go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from acoupipe_grain.array.features import maps, simulation_steps, spectral_steps, welch_steps
from acoupipe_grain.array.features.eigenpairs import eigenmodes, eigenmodes_of_sources, eigenpairs
from acoupipe_grain.array.features.scaling import scaling
from acoupipe_grain.array.simulate.periodic_signals import Propagation
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
    static
        Objects that steps take by name, beside those that all features may take.
    lacks
        Quantities that the sources do not have, with the reason and the remedy.
    """

    name: str
    inputs: tuple[str, ...]
    steps: Mapping[str, Callable[..., Any]]
    static: Mapping[str, Any] = field(default_factory=dict)
    lacks: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_time_domain(self) -> bool:
        """Whether time signals are simulated, or what their spectra would be."""
        return "mic_spectra" in self.steps


_STEPS: Mapping[str, Callable[..., Any]] = {
    "scaling": scaling,
    "source_line_powers": spectral_steps.source_line_powers,
    "noise_line_powers": spectral_steps.noise_line_powers,
    "source_mixing": spectral_steps.source_mixing,
    "directions": spectral_steps.directions,
    "resting_positions": spectral_steps.resting_positions,
    "conventional_lines": maps.conventional_lines,
    "eigenpairs": eigenpairs,
    "eigenmodes": eigenmodes,
}

MODES = {
    "welch": Mode(
        "welch",
        (*SCENE_QUANTITIES, *RECORDING_QUANTITIES),
        {
            **_STEPS,
            "num_averages": welch_steps.num_averages,
            "mic_spectra": welch_steps.mic_spectra,
            "block_positions": welch_steps.block_positions,
            "csm_lines": welch_steps.csm_lines,
            "reference_power": welch_steps.reference_power,
            "noise_power_spectrum": welch_steps.noise_power_spectrum,
        },
    ),
    "analytic": Mode(
        "analytic",
        SCENE_QUANTITIES,
        {
            **_STEPS,
            "transfer": spectral_steps.transfer,
            "source_columns": spectral_steps.source_columns,
            "csm_lines": spectral_steps.analytic_csm_lines,
            "conventional_lines": maps.conventional_lines_of_sources,
            "eigenmodes": eigenmodes_of_sources,
        },
    ),
    "wishart": Mode(
        "wishart",
        (*SCENE_QUANTITIES, "key"),
        {
            **_STEPS,
            "transfer": spectral_steps.transfer,
            "wishart_draw": spectral_steps.wishart_draw,
            "csm_lines": spectral_steps.wishart_csm_lines,
            "reference_power": spectral_steps.reference_power,
            "noise_power_spectrum": spectral_steps.noise_power_spectrum,
        },
    ),
}


def with_simulated_signals(mode: Mode, propagation: Propagation) -> Mode:
    """Return a mode of the time domain with its time signals simulated in JAX."""
    steps = {name: getattr(simulation_steps, name) for name in ("source_waveforms", *RECORDING_QUANTITIES)}
    return replace(
        mode,
        inputs=(*(name for name in mode.inputs if name not in RECORDING_QUANTITIES), "key"),
        steps={**mode.steps, **steps},
        static={"propagation": propagation},
    )


def with_simulated_spectra(mode: Mode, propagation: Propagation) -> Mode:
    """Return a mode of the time domain with its block spectra simulated in JAX.

    Time signals are there too, but with other noise than the spectra.
    """
    signals = with_simulated_signals(mode, propagation)
    spectra = ("source_spectra", "noise_spectra", "mic_spectra", "reference_power", "noise_power_spectrum")
    return replace(signals, steps={**signals.steps, **{name: getattr(simulation_steps, name) for name in spectra}})


SPECIAL_QUANTITIES = (
    "propagation",
    "source_waveforms",
    "source_spectra",
    "noise_spectra",
    "waveforms",
    "signal_line_powers",
    "reference_mixing",
    "emitted_line_powers",
    "responses",
    "source_transfer",
    "reference_mic",
)
"""What modes with simulated signals or spectra, or of special sources, have besides the quantities of `MODES`."""


def in_batches(mode: Mode) -> Mode:
    """Return the mode with the steps that are fastest for many records at once, with larger constants."""
    if mode.steps["conventional_lines"] is not maps.conventional_lines:
        return mode
    return replace(mode, steps={**mode.steps, "conventional_lines": maps.conventional_lines_of_batches})


def mode_by_name(name: Any) -> Mode:
    """Return a mode or raise the error that lists them."""
    if not isinstance(name, str) or name not in MODES:
        raise unknown_name("mode", name, MODES)
    return MODES[name]


def modes_offering(quantity: str) -> list[str]:
    """Return the names of the modes that have a quantity."""
    return [name for name, mode in MODES.items() if quantity in mode.inputs or quantity in mode.steps]
