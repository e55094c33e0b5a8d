"""Modes of sources that are heard through impulse responses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from acoupipe_grain.array.features import response_steps
from acoupipe_grain.array.features.modes import Mode


def with_received_spectra(mode: Mode, reference_mic: int) -> Mode:
    """Return a mode without time signals of sources whose transfer to the microphones is given.

    Parameters
    ----------
    mode
        The mode of what these sources radiate.
    reference_mic
        Index of the microphone at the reference position.
    """
    steps: dict[str, Callable[..., Any]] = {**mode.steps, "transfer": response_steps.transfer}
    # What the sources' powers are without responses, they emit.
    steps["emitted_line_powers"] = steps.pop("source_line_powers")
    steps["source_line_powers"] = response_steps.received_line_powers
    is_correlated = "source_mixing" in mode.inputs
    if "wishart_draw" in steps:
        steps["wishart_draw"] = (
            response_steps.received_wishart_draw_of_correlated_sources
            if is_correlated
            else response_steps.received_wishart_draw
        )
    else:
        steps["source_columns"] = (
            response_steps.received_columns_of_correlated_sources if is_correlated else response_steps.received_columns
        )
    static = {**mode.static, "reference_mic": reference_mic}
    return replace(mode, inputs=(*mode.inputs, "source_transfer"), steps=steps, static=static)


def with_received_signals(mode: Mode, reference_mic: int) -> Mode:
    """Return a mode with time signals simulated in JAX of sources whose responses are given; parameters as above."""
    steps = {name: getattr(response_steps, name) for name in ("time_data", "reference_signals")}
    static = {**mode.static, "reference_mic": reference_mic}
    return replace(mode, inputs=(*mode.inputs, "responses"), steps={**mode.steps, **steps}, static=static)
