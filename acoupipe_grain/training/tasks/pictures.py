"""Pictures of what models take, and of where sources are and are found."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Inexact

from acoupipe_grain.array.grid import RectGrid
from acoupipe_grain.training.tasks.levels import SMALLEST_POWER
from acoupipe_grain.training.tasks.localised import Located

DYNAMIC_RANGE = 30.0  # dB


def extent_of(grid: RectGrid) -> tuple[float, float, float, float]:
    """Return the border of a map's image, m: half a step beyond the outer points, which are in the middle of pixels."""
    half_x, half_y = (step / 2 for step in grid.steps)
    return grid.x_min - half_x, grid.x_max + half_x, grid.y_min - half_y, grid.y_max + half_y


def draw_feature(axis: Any, name: str, values: Inexact[np.ndarray, "freq first second"], axes: tuple[str, ...]) -> None:
    """Draw levels below the maximum at the first frequency: of maps, or of the magnitudes of matrices.

    Parameters
    ----------
    axis
        Where to draw.
    name
        Of the feature; "csmtriu" is one of packed matrices.
    values
        The feature.
    axes
        Names of its axes, the frequency first.
    """
    magnitudes = packed_magnitudes(values[0]) if name == "csmtriu" else np.abs(values[0])
    levels = 10 * np.log10(np.maximum(magnitudes / max(magnitudes.max(), SMALLEST_POWER), SMALLEST_POWER))
    axis.imshow(levels.T, origin="lower", vmin=-DYNAMIC_RANGE, vmax=0, aspect="auto")
    axis.set(title=f"{name} / dB re maximum", xlabel=f"{axes[1]}, number", ylabel=f"{axes[2]}, number")


def packed_magnitudes(packed: Float[np.ndarray, "mic mic"]) -> Float[np.ndarray, "mic mic"]:
    """Return abs(C_ij) of a Hermitian matrix in real numbers: Re C_ij at [i, j] and Im C_ij at [j, i], i < j."""
    above = np.hypot(np.triu(packed, 1), np.tril(packed, -1).T)
    return above + above.T + np.diag(np.abs(np.diag(packed)))


def draw_true(axis: Any, item: Located) -> None:
    """Draw circles about the true sources."""
    axis.plot(*item.true[:, :2].T, "o", markerfacecolor="none", markeredgecolor="crimson", markersize=9, label="true")


def draw_predicted(axis: Any, item: Located, color: str) -> None:
    """Draw crosses at the predicted sources."""
    axis.plot(*item.predicted[:, :2].T, "x", color=color, label="predicted")
