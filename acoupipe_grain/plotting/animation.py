"""An animation of a recording's source map, segment after segment, with the true positions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.plotting.maps import DYNAMIC_RANGE_DB, REFERENCE_PRESSURE, SMALLEST_POWER
from acoupipe_grain.specs import DataSource

MAP, POSITIONS = "segment_sourcemap", "segment_loc"
SEGMENT_SECONDS = 0.1
"""About how long segments should be: shorter ones show the noise, longer ones blur."""
MAX_FRAMES = 100
FRAMES_PER_SECOND = 12


def animate(
    source: DataSource, setup: MeasurementSetup, path: str | Path, index: int, *, seconds_per_segment: float
) -> None:
    """Draw the maps of all segments of a record in dB, with the sources' positions, as a GIF file.

    Of several frequencies the last one is drawn; of long recordings every second segment, every third, and so on.

    Parameters
    ----------
    source
        A source whose elements have ``segment_sourcemap`` and ``source_mask``, and ``segment_loc`` where sources move,
        or else ``loc``.
    setup
        The measurement setup of the records.
    path
        The file to write, ending in .gif.
    index
        The record to draw.
    seconds_per_segment
        Length of a segment, s.

    Raises
    ------
    ArgumentError
        If the file's name ends otherwise, or the elements lack what is drawn.
    """
    if Path(path).suffix != ".gif":
        raise ArgumentError(f"path={str(path)!r}: expected a name ending in .gif.")
    spec = source.element_spec
    if MAP not in spec or not {POSITIONS, "loc"} & set(spec):
        raise ArgumentError(
            f"features: an animation needs {MAP}, and {POSITIONS} or loc; the elements have {', '.join(spec)}."
        )
    from matplotlib.animation import FuncAnimation, PillowWriter
    from matplotlib.figure import Figure

    element = source[index]
    powers = element[MAP][:, -1]
    shown = np.flatnonzero(powers.reshape(len(powers), -1).max(axis=1) > 0)
    shown = shown[:: max(1, -(-shown.size // MAX_FRAMES))]
    if shown.size == 0:
        raise ArgumentError(f"index={index}: the record has no segment with sound.")
    levels = 10 * np.log10(np.maximum(powers, SMALLEST_POWER) / REFERENCE_PRESSURE**2)
    mask = element["source_mask"]
    grid, highest = setup.grid, levels[shown].max()
    half_x, half_y = grid.steps[0] / 2, grid.steps[1] / 2
    figure = Figure(figsize=(5.2, 4.4), layout="constrained")
    axis = figure.subplots()
    extent = (grid.x_min - half_x, grid.x_max + half_x, grid.y_min - half_y, grid.y_max + half_y)
    image = axis.imshow(
        levels[shown[0]].T, origin="lower", extent=extent, vmin=highest - DYNAMIC_RANGE_DB, vmax=highest
    )
    (marks,) = axis.plot([], [], "o", markerfacecolor="none", markeredgecolor="crimson", markersize=9)
    axis.set(xlabel="x / m", ylabel="y / m")
    figure.colorbar(image, ax=axis, label="level / dB re 20 µPa", shrink=0.85)
    frequency = f", {element['f'][-1]:.0f} Hz" if "f" in element else ""

    def draw(number: int) -> list[Any]:
        segment = shown[number]
        image.set_data(levels[segment].T)
        positions = element[POSITIONS][segment] if POSITIONS in element else element["loc"]
        marks.set_data(*positions[:2, mask])
        middle = (segment + 0.5) * seconds_per_segment
        axis.set_title(f"record {int(element['idx'])}{frequency}: {middle:.2f} s")
        return [image, marks]

    animation = FuncAnimation(figure, draw, frames=shown.size, blit=False)
    animation.save(path, writer=PillowWriter(fps=FRAMES_PER_SECOND), dpi=90)
