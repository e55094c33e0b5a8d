"""Histograms of labels as pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from acoupipe_grain.plotting.card.markup import Markup
from acoupipe_grain.plotting.card.pictures import picture
from acoupipe_grain.plotting.maps import REFERENCE_PRESSURE

MAX_BARS = 40
MAX_NAME_LENGTH = 16
NUM_CELLS = 32
"""Cells of a histogram of positions, along the longer side."""

_BLUE = "#2f6f9f"


def whole_number_histogram(name: str, values: np.ndarray, label: str, names: Mapping[int, str] | None = None) -> Markup:
    """Return a bar for each whole number from the lowest to the highest; of many, each bar is for several.

    Parameters
    ----------
    name
        The feature's name.
    values
        Whole numbers, or truth values.
    label
        Label of their axis.
    names
        What the numbers stand for, if they do.
    """
    values = values.astype(np.int64)
    low, high = int(values.min()), int(values.max())
    width = 1 if high - low < MAX_BARS else math.ceil((high - low + 1) / _num_bars(values.size))
    edges = np.arange(low, high + width + 1, width) - 0.5
    counts = np.histogram(values, edges)[0]
    most = low + width * int(np.argmax(counts))
    present = np.unique(values).tolist()
    names = names if names and width == 1 and names.keys() >= set(present) else {}
    shown = f"{low} to {high}, most often {most}" + (f" to {most + width - 1}" if width > 1 else "")
    if names:
        shown = f"{len(present)} names, most often {names[most]!r}"

    def draw(_: Any, axis: Any) -> None:
        _draw_bars(axis, edges, counts, label)
        if names:
            axis.set_xticks(present, [_shortened(names[number]) for number in present], rotation=90)
        elif high - low < 12:
            axis.set_xticks(range(low, high + 1))

    return picture(draw, alt=f"Histogram of {name}: {shown}.", caption=f"{name}: {shown}")


def number_histogram(name: str, values: np.ndarray, label: str) -> Markup:
    """Return bars of the same width over the range of finite numbers.

    Parameters
    ----------
    name
        The feature's name.
    values
        Finite numbers.
    label
        Label of their axis.
    """
    values = values.astype(np.float64) + 0.0  # minus zero is zero
    counts, edges = np.histogram(values, _num_bars(values.size))
    shown = f"{values.min():.4g} to {values.max():.4g}, median {np.median(values):.4g}"
    return picture(
        lambda _, axis: _draw_bars(axis, edges, counts, label),
        alt=f"Histogram of {name}: {shown}.",
        caption=f"{name}: {shown}",
    )


def level_histogram(name: str, powers: np.ndarray, frequency: str) -> Markup:
    """Return bars of whole decibels for strengths, of which at least one is positive.

    Parameters
    ----------
    name
        The feature's name.
    powers
        Strengths, Pa², finite.
    frequency
        Of which frequency they are.
    """
    present = powers[powers > 0].astype(np.float64)
    levels = 10 * np.log10(present / REFERENCE_PRESSURE**2)
    low, high = math.floor(levels.min()), math.floor(levels.max()) + 1
    edges = np.linspace(low, high, min(high - low, MAX_BARS) + 1)
    counts = np.histogram(levels, edges)[0]
    shown = f"{levels.min():.1f} to {levels.max():.1f} dB, median {np.median(levels):.1f} dB"
    missing = powers.size - present.size
    left_out = f"; {missing} of {powers.size} are not positive and left out" if missing else ""
    return picture(
        lambda _, axis: _draw_bars(axis, edges, counts, "level / dB re (20 µPa)²", "sources"),
        alt=f"Histogram of the source strengths in {name}: {shown}.",
        caption=f"{name}{f' ({frequency})' if frequency else ''}: {shown}{left_out}",
    )


def position_histogram(
    name: str, positions: Float[np.ndarray, "3 source"], extent: tuple[float, float, float, float] | None
) -> Markup:
    """Return how many sources there are in square cells over x and y.

    Parameters
    ----------
    name
        The feature's name.
    positions
        Finite positions of at least one source, m.
    extent
        What to show of x and y, m: (lowest x, highest x, lowest y, highest y); more where sources lie outside.
        None: what the sources cover.
    """
    x, y, z = positions.astype(np.float64) + 0.0  # minus zero is zero
    x_low, x_high, y_low, y_high = extent or (x[0], x[0], y[0], y[0])
    x_low, x_high, y_low, y_high = min(x_low, *x), max(x_high, *x), min(y_low, *y), max(y_high, *y)
    cell = max(x_high - x_low, y_high - y_low, 1e-3) / NUM_CELLS
    x_edges, y_edges = _edges(x_low, x_high, cell), _edges(y_low, y_high, cell)
    counts = np.histogram2d(x, y, (x_edges, y_edges))[0]

    def draw(figure: Any, axis: Any) -> None:
        ends = (x_edges[0], x_edges[-1], y_edges[0], y_edges[-1])
        image = axis.imshow(counts.T, origin="lower", extent=ends, cmap="Blues", vmin=0, vmax=counts.max())
        axis.set(xlabel="x / m", ylabel="y / m")
        figure.colorbar(image, ax=axis, label="sources in a cell", shrink=0.85, ticks=_whole_numbers())

    shown = f"{x.size} sources, {range_in_meters('x', x)}, {range_in_meters('y', y)}, {range_in_meters('z', z)}"
    alt = f"Histogram of the source positions in {name} over x and y: {shown}."
    return picture(draw, alt=alt, caption=f"{name}: {shown}", size=(4.4, 3.7))


def range_in_meters(name: str, values: Sequence[float] | np.ndarray) -> str:
    """Say which range a coordinate has."""
    low, high = min(values), max(values)
    return f"{name} = {low:.3g} m" if low == high else f"{name} from {low:.3g} to {high:.3g} m"


def _num_bars(num_values: int) -> int:
    return min(MAX_BARS, max(8, math.isqrt(num_values)))


def _shortened(name: object) -> str:
    text = str(name)
    return text if len(text) <= MAX_NAME_LENGTH else f"{text[: MAX_NAME_LENGTH - 1]}…"


def _edges(low: float, high: float, cell: float) -> np.ndarray:
    num_cells = max(1, math.ceil((high - low) / cell - 1e-9))
    edges = low + cell * np.arange(num_cells + 1)
    edges[-1] = max(edges[-1], high)  # rounding must leave nothing outside
    return edges


def _draw_bars(axis: Any, edges: np.ndarray, counts: np.ndarray, label: str, of: str = "records") -> None:
    axis.bar((edges[:-1] + edges[1:]) / 2, counts, np.diff(edges), color=_BLUE, edgecolor="white", linewidth=0.7)
    axis.set(xlabel=label, ylabel=of)
    axis.yaxis.set_major_locator(_whole_numbers())
    axis.spines[["top", "right"]].set_visible(False)
    axis.margins(x=0.02)


def _whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True, nbins=6)
