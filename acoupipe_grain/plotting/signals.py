"""A picture of what sources radiate: the spectrogram at the reference position, beside the map in three bands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.plotting.maps import REFERENCE_PRESSURE, SMALLEST_POWER, draw_map
from acoupipe_grain.specs import DataSource, Element

SPECTROGRAM, MAP = "reference_spectrogram", "sourcemap"
BANDS_PER_OCTAVE = 3
"""Of maps."""
CENTERS = (63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0, 31_500.0, 63_000.0)
"""Of octaves, Hz."""
NUM_BANDS = 3
DYNAMIC_RANGE_DB = 60.0


def band_centers(setup: MeasurementSetup) -> list[float]:
    """Return centres of the highest three octaves whose middle third has a spectral line and lies below Nyquist, Hz."""
    half, nyquist = 2 ** (0.5 / BANDS_PER_OCTAVE), setup.sample_rate / 2
    lines = setup.bin_frequencies
    usable = [
        center
        for center in CENTERS
        if center * half <= nyquist and np.any((lines >= center / half) & (lines < center * half * (1 - 1e-9)))
    ]
    if not usable:
        raise ArgumentError(
            f"setup: blocks of {setup.block_size} samples at {setup.sample_rate:g} Hz have no third octave with a "
            "spectral line; use longer blocks."
        )
    return usable[-NUM_BANDS:]


def preview_signals(
    maps: DataSource,
    spectrograms: DataSource,
    setup: MeasurementSetup,
    path: str | Path,
    indices: Sequence[int],
) -> None:
    """Draw, for each record, the spectrogram at the reference position and the maps, as a PNG file.

    Parameters
    ----------
    maps
        A source whose elements have ``sourcemap``, ``loc`` and ``f``: of the bands in `band_centers`.
    spectrograms
        A source of the same scenes whose elements have ``reference_spectrogram`` of all bins.
    setup
        The measurement setup of the records.
    path
        The file to write, ending in .png.
    indices
        Records to draw.

    Raises
    ------
    ArgumentError
        If the file's name ends otherwise.
    """
    if Path(path).suffix != ".png":
        raise ArgumentError(f"path={str(path)!r}: expected a name ending in .png.")
    from matplotlib.figure import Figure

    columns = 1 + len(maps[indices[0]][MAP])
    figure = Figure(figsize=(4.2 * columns, 3.7 * len(indices)), layout="constrained")
    axes = figure.subplots(len(indices), columns, squeeze=False)
    for row, index in zip(axes, indices, strict=True):
        element = maps[index]
        _draw_spectrogram(figure, row[0], setup, spectrograms[index])
        for number, axis in enumerate(row[1:]):
            of_band = element | {MAP: element[MAP][number : number + 1], "f": element["f"][number : number + 1]}
            draw_map(figure, axis, setup, of_band, MAP, "Pa^2")
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _draw_spectrogram(figure: Any, axis: Any, setup: MeasurementSetup, element: Element) -> None:
    powers = np.abs(element[SPECTROGRAM].sum(axis=-1)) ** 2
    levels = 10 * np.log10(np.maximum(powers, SMALLEST_POWER) / REFERENCE_PRESSURE**2)
    duration = len(levels) * setup.hop_size / setup.sample_rate
    extent = (0.0, duration, 0.0, setup.sample_rate / 2000)
    highest = levels.max()
    image = axis.imshow(
        levels.T,
        origin="lower",
        aspect="auto",
        extent=extent,
        vmin=highest - DYNAMIC_RANGE_DB,
        vmax=highest,
        cmap="magma",
    )
    axis.set(xlabel="time / s", ylabel="frequency / kHz", title=f"record {int(element['idx'])}: at the reference")
    figure.colorbar(image, ax=axis, label="level / dB re 20 µPa", shrink=0.85)
