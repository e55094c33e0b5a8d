"""Modes of sources that radiate something else than independent white noise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from acoupipe_grain.array.features import radiation_steps
from acoupipe_grain.array.features.modes import Mode


def with_radiated(mode: Mode, given: Collection[str], lacking: Mapping[str, str]) -> Mode:
    """Return a mode of sources of which other quantities are known than of independent white noise.

    Parameters
    ----------
    mode
        The mode for independent white noise.
    given
        Names of the quantities that are inputs.
    lacking
        Names of those that there are not, with the reason and the remedy.
    """
    steps: dict[str, Callable[..., Any]] = {**mode.steps}
    if "signal_line_powers" in given:
        steps["source_line_powers"] = radiation_steps.line_powers_of_signals
    if "source_mixing" in given and not mode.is_time_domain:
        steps["reference_mixing"] = radiation_steps.reference_mixing
        steps["source_columns"] = radiation_steps.columns_of_correlated_sources
        if "wishart_draw" in steps:
            steps["wishart_draw"] = radiation_steps.wishart_draw_of_correlated_sources
    return replace(mode, inputs=(*mode.inputs, *given), steps=steps, lacks=lacking)


def with_given_waveforms(mode: Mode) -> Mode:
    """Return a mode with time signals simulated in JAX of waveforms that are given to it."""
    return replace(
        mode,
        inputs=(*mode.inputs, "waveforms"),
        steps={**mode.steps, "source_waveforms": radiation_steps.given_waveforms},
    )
