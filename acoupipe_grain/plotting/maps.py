"""Drawings of source maps with the true source positions, and of the array."""

from __future__ import annotations

from typing import Any

import numpy as np

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.specs import Element, ElementSpec

MAP_AXES = ("frequency", "x", "y")
DYNAMIC_RANGE_DB = 20.0
PREFERRED_FREQUENCY = 4000.0  # Hz
REFERENCE_PRESSURE = 2e-5  # Pa
SMALLEST_POWER = 1e-30  # below, powers count as this, that they have a level


def maps_in(spec: ElementSpec) -> list[str]:
    """Return the names of the maps over frequency, x and y."""
    return [name for name, item in spec.items() if item.axes == MAP_AXES]


def draw_map(figure: Any, axis: Any, setup: MeasurementSetup, element: Element, name: str, unit: str) -> None:
    """Draw a map in dB over the grid with the true source positions.

    Of several frequencies the one nearest 4 kHz is drawn, or the last where the element does not have ``f``.

    Parameters
    ----------
    figure, axis
        Where to draw.
    setup
        The measurement setup of the record.
    element
        With the map, ``loc``, ``source_mask``, ``num_sources`` and ``idx``.
    name, unit
        The map's name, and the unit of its values.
    """
    grid = setup.grid
    half_x, half_y = grid.steps[0] / 2, grid.steps[1] / 2
    extent = (grid.x_min - half_x, grid.x_max + half_x, grid.y_min - half_y, grid.y_max + half_y)
    number = int(np.argmin(np.abs(element["f"] - PREFERRED_FREQUENCY))) if "f" in element else -1
    powers = element[name][number]
    is_level = unit == "Pa^2"
    reference = REFERENCE_PRESSURE**2 if is_level else max(powers.max(), SMALLEST_POWER)
    levels = 10 * np.log10(np.maximum(powers, SMALLEST_POWER) / reference)
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


def draw_array(axis: Any, setup: MeasurementSetup) -> None:
    """Draw the microphones and the reference position as seen along z."""
    axis.plot(setup.mic_positions[0], setup.mic_positions[1], ".", color="tab:blue", label="microphones")
    axis.plot(*setup.reference[:2], "x", color="crimson", label="reference")
    axis.set(xlabel="x / m", ylabel="y / m", aspect="equal", title=f"array, {setup.num_mics} microphones")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, frameon=False)
