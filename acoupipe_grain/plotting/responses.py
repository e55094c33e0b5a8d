"""A picture of impulse responses: where they are from, and how they decay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain import arguments
from acoupipe_grain.array import geometry
from acoupipe_grain.array.responses.impulse_responses import ImpulseResponses
from acoupipe_grain.errors import ArgumentError

DYNAMIC_RANGE_DB = 60.0
SMALLEST_POWER = 1e-30  # below, powers count as this, that they have a level


def preview_responses(responses: ImpulseResponses, path: str | Path, source: int | None = None) -> None:
    """Draw the positions, the responses of one source to all microphones, and the decay at the central one, as a PNG.

    Parameters
    ----------
    responses
        The responses.
    path
        The file to write, ending in .png.
    source
        The source whose responses are drawn. None: that nearest to the centre of all.

    Raises
    ------
    ArgumentError
        If the file's name ends otherwise, or there is no such source.
    DataError
        If the responses cannot be read.
    """
    if Path(path).suffix != ".png":
        raise ArgumentError(f"path={str(path)!r}: expected a name ending in .png.")
    points = responses.source_positions
    if source is None:
        source = int(np.argmin(np.linalg.norm(points - points.mean(axis=1, keepdims=True), axis=0)))
    number = arguments.integer("source", source, minimum=0, maximum=responses.num_sources - 1)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 3.9), layout="constrained")
    places, all_mics, decay = figure.subplots(1, 3)
    heard = responses.read([number])[0].astype(np.float64)
    reference = geometry.central_microphone(responses.mic_positions)
    _draw_places(places, responses, number)
    _draw_all(figure, all_mics, heard, responses.sample_rate)
    _draw_decay(decay, heard[reference], responses.sample_rate)
    decay.set_title(f"source {number}, microphone {reference}")
    figure.savefig(path, dpi=110, metadata={"Software": None})


def energy_decay(response: Float[np.ndarray, " tap"]) -> Float[np.ndarray, " tap"]:
    """Return the energy that is still to come at each sample, by all of it (M. R. Schroeder, JASA 37, 409, 1965)."""
    remaining = np.cumsum(response[::-1] ** 2)[::-1]
    return remaining / max(remaining[0], SMALLEST_POWER)


def _draw_places(axis: Any, responses: ImpulseResponses, number: int) -> None:
    points = responses.source_positions
    axis.plot(points[0], points[1], ".", color="lightgray", markersize=3, label="measured points")
    axis.plot(*responses.mic_positions[:2], ".", color="tab:blue", label="microphones")
    axis.plot(*points[:2, number], "o", color="crimson", label=f"source {number}")
    title = f"{responses.num_sources} points, {responses.num_mics} microphones"
    axis.set(xlabel="x / m", ylabel="y / m", aspect="equal", title=title)
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=3, frameon=False)


def _draw_all(figure: Any, axis: Any, heard: Float[np.ndarray, "mic tap"], sample_rate: float) -> None:
    levels = _levels(np.abs(heard) ** 2)
    extent = (0.0, 1e3 * heard.shape[1] / sample_rate, -0.5, len(heard) - 0.5)
    image = axis.imshow(levels, origin="lower", aspect="auto", extent=extent, vmin=-DYNAMIC_RANGE_DB, vmax=0.0)
    axis.set(xlabel="time / ms", ylabel="microphone", title="responses to all microphones")
    figure.colorbar(image, ax=axis, label="dB re maximum")


def _draw_decay(axis: Any, response: Float[np.ndarray, " tap"], sample_rate: float) -> None:
    times = 1e3 * np.arange(response.size) / sample_rate
    axis.plot(times, _levels(response**2), color="tab:blue", linewidth=0.6, label="response")
    axis.plot(times, 10 * np.log10(np.maximum(energy_decay(response), SMALLEST_POWER)), color="crimson", label="decay")
    axis.set(xlabel="time / ms", ylabel="dB", ylim=(-DYNAMIC_RANGE_DB, 3.0))
    axis.legend(frameon=False)


def _levels(powers: np.ndarray) -> np.ndarray:
    """Return levels, dB re the maximum."""
    return 10 * np.log10(np.maximum(powers, SMALLEST_POWER) / max(powers.max(), SMALLEST_POWER))
