"""The array of a data set and some of its source maps: the card's drawings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.plotting.card.histograms import range_in_meters
from acoupipe_grain.plotting.card.label_sample import spread_indices
from acoupipe_grain.plotting.card.markup import Markup, joined, section, tag
from acoupipe_grain.plotting.card.pictures import picture
from acoupipe_grain.plotting.maps import draw_array, draw_map, maps_in
from acoupipe_grain.specs import DataSource, Element, ElementSpec, check_element

MAX_MAPS = 3
"""Most features of which maps are drawn, and records of a single one."""
NUM_RECORDS_OF_SEVERAL = 2

_NEEDED = {"loc": ("xyz", "source"), "source_mask": ("source",), "num_sources": (), "idx": ()}
_MAP_SIZE = (4.2, 3.4)
_ARRAY_SIZE = (4.0, 3.7)


def map_section(
    source: DataSource, setup: MeasurementSetup | None, frequencies: Sequence[float] | None
) -> Markup | None:
    """Return the maps of some records with the true source positions, or None where that cannot be drawn.

    Parameters
    ----------
    source
        The stored data set.
    setup
        Its measurement setup, if it has one.
    frequencies
        Frequencies of its features, Hz, if they are known.

    Raises
    ------
    DataError
        If a record cannot be read, or is not what the specification says.
    """
    if setup is None or not (names := _drawable_maps(source.element_spec, setup)):
        return None
    num_records = MAX_MAPS if len(names) == 1 else NUM_RECORDS_OF_SEVERAL
    records = []
    for index in spread_indices(len(source), num_records):
        element = source[index]
        check_element(element, source.element_spec, f"record {index}")
        drawn = [(name, _with_frequencies(element, name, frequencies)) for name in names]
        records.append([_map_picture(setup, item, name, source.element_spec[name].unit) for name, item in drawn])
    rows = [joined(*row) for row in records] if len(names) > 1 else [joined(*(row[0] for row in records))]
    note = "Circles: the true source positions. Records spread evenly over the data set, the first one among them."
    pictures = (tag("div", row, class_="pictures") for row in rows)
    return section("Source maps", tag("p", note, class_="soft"), *pictures)


def array_picture(setup: MeasurementSetup) -> Markup:
    """Return a drawing of the array, and what array and grid are in words."""
    mics, grid = setup.mic_positions, setup.grid
    num_x, num_y = grid.shape
    array = (
        f"{setup.num_mics} microphones, aperture {setup.aperture:.3g} m, {range_in_meters('x', mics[0])}, "
        f"{range_in_meters('y', mics[1])}, {range_in_meters('z', mics[2])}; reference position "
        f"({', '.join(f'{value:.3g}' for value in setup.reference)}) m"
    )
    points = (
        f"grid: {num_x} × {num_y} points, {range_in_meters('x', [grid.x_min, grid.x_max])}, "
        f"{range_in_meters('y', [grid.y_min, grid.y_max])}, z = {grid.z:g} m"
    )
    return picture(
        lambda _, axis: draw_array(axis, setup),
        alt=f"The array as seen along z: {array}.",
        caption=f"{array}; {points}",
        size=_ARRAY_SIZE,
    )


def _drawable_maps(spec: ElementSpec, setup: MeasurementSetup) -> list[str]:
    if any(name not in spec or spec[name].axes != axes for name, axes in _NEEDED.items()):
        return []
    names = [name for name in maps_in(spec) if spec[name].shape[1:] == setup.grid.shape and spec[name].shape[0]]
    return sorted(names, key=lambda name: name != "sourcemap")[:MAX_MAPS]


def _with_frequencies(element: Element, name: str, frequencies: Sequence[float] | None) -> Element:
    """Return the element with the frequencies of a map as ``f``, or without where nothing says what they are."""
    known = np.asarray(element.get("f", () if frequencies is None else frequencies))
    rest = {key: array for key, array in element.items() if key != "f"}
    return rest | {"f": known} if known.shape == element[name].shape[:1] else rest


def _map_picture(setup: MeasurementSetup, element: Element, name: str, unit: str) -> Markup:
    x, y = element["loc"][:2, element["source_mask"]]
    places = "; ".join(f"({place_x:.2f}, {place_y:.2f})" for place_x, place_y in zip(x, y, strict=True))
    record = f"record {int(element['idx'])}"
    return picture(
        lambda figure, axis: draw_map(figure, axis, setup, element, name, unit),
        alt=f"{name} of {record}; sources at (x, y) = {places} m.",
        caption=f"{name}, {record}",
        size=_MAP_SIZE,
    )
