"""A picture of some records: source maps with the true positions, and the array."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.plotting.maps import draw_array, draw_map, maps_in
from acoupipe_grain.specs import DataSource

NEEDED = ("loc", "source_mask")


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

    Raises
    ------
    ArgumentError
        If the file's name ends otherwise, the elements lack what is drawn, or there is no such map.
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
        draw_map(figure, axis, setup, source[index], name, source.element_spec[name].unit)
    draw_array(axes[len(indices)], setup)
    for axis in axes[len(indices) + 1 :]:
        axis.set_axis_off()
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _chosen_map(source: DataSource, map_name: str | None) -> str:
    maps = maps_in(source.element_spec)
    if not maps:
        raise ArgumentError(
            f"features: a preview needs a map such as sourcemap, the elements have {', '.join(source.element_spec)}."
        )
    if map_name is None:
        return "sourcemap" if "sourcemap" in maps else maps[0]
    if map_name not in maps:
        raise unknown_name("map", map_name, maps)
    return map_name
