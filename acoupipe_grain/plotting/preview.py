"""A picture of some records: source maps with the true positions, and the array."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.specs import DataSource, Element

NEEDED = ("loc", "source_mask")
MAP_AXES = ("frequency", "x", "y")
DYNAMIC_RANGE_DB = 20.0
PREFERRED_FREQUENCY = 4000.0  # Hz
REFERENCE_PRESSURE = 2e-5  # Pa


def preview(
    source: DataSource,
    setup: MeasurementSetup,
    path: str | Path,
    indices: Sequence[int] = (0, 1, 2),
    map_name: str | None = None,
) -> None:
    """Draw source maps in dB over the grid with the true source positions, and the array, as a PNG file.

    Of several frequencies the one nearest 4 kHz is drawn, or the last where elements do not have ``f``.

    Parameters
    ----------
    source
        A source whose elements have a map over frequency, x and y, and ``loc``.
    setup
        The measurement setup of the records.
    path
        The file to write, ending in .png.
    indices
        Records to draw.
    map_name
        The map to draw. None: ``sourcemap``, or the first one there is.
    """
    if Path(path).suffix != ".png":
        raise ArgumentError(f"path={str(path)!r}: expected a name ending in .png.")
    if missing := [name for name in NEEDED if name not in source.element_spec]:
        raise ArgumentError(
            f"features: a preview needs {', '.join(missing)}, the elements have {', '.join(source.element_spec)}."
        )
    name = _chosen_map(source, map_name)
    from matplotlib.figure import Figure

    columns = min(len(indices) + 1, 4)
    rows = -(-(len(indices) + 1) // columns)
    figure = Figure(figsize=(4.2 * columns, 3.7 * rows), layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    for axis, index in zip(axes, indices, strict=False):
        _draw_map(figure, axis, setup, source[index], name, source.element_spec[name].unit)
    _draw_array(axes[len(indices)], setup)
    for axis in axes[len(indices) + 1 :]:
        axis.set_axis_off()
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _chosen_map(source: DataSource, map_name: str | None) -> str:
    maps = [name for name, spec in source.element_spec.items() if spec.axes == MAP_AXES]
    if not maps:
        raise ArgumentError(
            f"features: a preview needs a map such as sourcemap, the elements have {', '.join(source.element_spec)}."
        )
    if map_name is None:
        return "sourcemap" if "sourcemap" in maps else maps[0]
    if map_name not in maps:
        raise unknown_name("map", map_name, maps)
    return map_name


def _draw_map(figure: Any, axis: Any, setup: MeasurementSetup, element: Element, name: str, unit: str) -> None:
    grid = setup.grid
    half_x, half_y = grid.steps[0] / 2, grid.steps[1] / 2
    extent = (grid.x_min - half_x, grid.x_max + half_x, grid.y_min - half_y, grid.y_max + half_y)
    number = int(np.argmin(np.abs(element["f"] - PREFERRED_FREQUENCY))) if "f" in element else -1
    powers = element[name][number]
    is_level = unit == "Pa^2"
    levels = 10 * np.log10(np.maximum(powers, 1e-30) / (REFERENCE_PRESSURE**2 if is_level else powers.max()))
    image = axis.imshow(
        levels.T, origin="lower", extent=extent, vmax=levels.max(), vmin=levels.max() - DYNAMIC_RANGE_DB
    )
    x, y = element["loc"][:2, element["source_mask"]]
    axis.plot(x, y, "o", markerfacecolor="none", markeredgecolor="white", markeredgewidth=2.2, markersize=9)
    axis.plot(x, y, "o", markerfacecolor="none", markeredgecolor="crimson", markersize=9)
    frequency = f"{element['f'][number]:.0f} Hz" if "f" in element else f"line {number % len(element[name]) + 1}"
    count = int(element["num_sources"])
    title = f"record {int(element['idx'])}: {count} source{'s' if count > 1 else ''}, {frequency}"
    axis.set_title(title if name == "sourcemap" else f"{title}\n{name}")
    axis.set(xlabel="x / m", ylabel="y / m")
    figure.colorbar(image, ax=axis, label="level / dB re 20 µPa" if is_level else "dB re maximum", shrink=0.85)


def _draw_array(axis: Any, setup: MeasurementSetup) -> None:
    axis.plot(setup.mic_positions[0], setup.mic_positions[1], ".", color="tab:blue", label="microphones")
    axis.plot(*setup.reference[:2], "x", color="crimson", label="reference")
    axis.set(xlabel="x / m", ylabel="y / m", aspect="equal", title=f"array, {setup.num_mics} microphones")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, frameon=False)
