"""What the labels of a data set look like: the card's histograms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from acoupipe_grain.array.measurement import MeasurementSetup
from acoupipe_grain.plotting.card.configured import as_text
from acoupipe_grain.plotting.card.histograms import (
    level_histogram,
    number_histogram,
    position_histogram,
    whole_number_histogram,
)
from acoupipe_grain.plotting.card.label_sample import LabelSample, read_labels
from acoupipe_grain.plotting.card.markup import Markup, joined, section, tag
from acoupipe_grain.plotting.named_numbers import names_of
from acoupipe_grain.specs import DataSource, ElementSpec

MAX_NUMBERS = 12
"""Most features of single numbers that are drawn."""


def label_section(
    source: DataSource,
    setup: MeasurementSetup | None,
    frequencies: Sequence[float] | None,
    tables: Mapping[str, Sequence[str]],
) -> Markup | None:
    """Return the histograms of what there is of labels and single numbers, or None if there is nothing.

    Parameters
    ----------
    source
        The stored data set.
    setup
        Its measurement setup, if it has one.
    frequencies
        Frequencies of its features, Hz, if they are known.
    tables
        Names that belong to numbers in the elements.

    Raises
    ------
    DataError
        If a record cannot be read, or is not what the specification says.
    """
    sample = read_labels(source, frequencies)
    pictures = [*_pictures(sample, source.element_spec, setup, tables)]
    notes = [*_notes(sample)]
    if not pictures and not notes:
        return None
    is_part = sample.num_records < len(source)
    read = (
        f"{sample.num_records:,} of {len(source):,} records, spread evenly"
        if is_part
        else f"all {len(source):,} records"
    )
    return section(
        "Labels",
        tag("p", f"Read from {read}.", class_="soft"),
        tag("div", joined(*pictures), class_="pictures"),
        *(tag("p", note, class_="soft") for note in notes),
    )


def _pictures(
    sample: LabelSample, spec: ElementSpec, setup: MeasurementSetup | None, tables: Mapping[str, Sequence[str]]
) -> Iterator[Markup]:
    if "num_sources" in _drawn(sample):
        yield whole_number_histogram("num_sources", sample.numbers["num_sources"], "number of sources")
    for name, powers in sample.strengths.items():
        powers = powers[np.isfinite(powers)]
        if np.any(powers > 0):
            yield level_histogram(name, powers, sample.frequencies[name])
    for name, positions in sample.positions.items():
        positions = positions[:, np.isfinite(positions).all(axis=0)]
        if positions.size:
            yield position_histogram(name, positions, _extent(setup))
    for name in [name for name in _drawn(sample) if name != "num_sources"][:MAX_NUMBERS]:
        values, unit = sample.numbers[name], spec[name].unit
        label = name if unit == "1" else f"{name} / {unit}"
        if values.dtype.kind in "biu":
            yield whole_number_histogram(name, values, label, names_of(name, tables))
        else:
            yield number_histogram(name, values[np.isfinite(values)], label)


def _notes(sample: LabelSample) -> Iterator[str]:
    constants = [
        f"{name} = {as_text(values[0].item())}" for name, values in sample.numbers.items() if _is_constant(values)
    ]
    if constants:
        yield f"The same in all records read: {', '.join(constants)}."
    broken = [name for name, values in sample.numbers.items() if not np.all(np.isfinite(values))]
    if broken:
        yield f"Not finite in some records: {', '.join(broken)}."
    others = [name for name in _drawn(sample) if name != "num_sources"][MAX_NUMBERS:]
    if others:
        yield f"Not drawn: {', '.join(others)}."


def _drawn(sample: LabelSample) -> list[str]:
    """Return the names of single numbers that differ between records."""
    return [name for name, values in sample.numbers.items() if np.unique(values[np.isfinite(values)]).size > 1]


def _is_constant(values: np.ndarray) -> bool:
    return bool(np.isfinite(values[0]) and np.all(values == values[0]))


def _extent(setup: MeasurementSetup | None) -> tuple[float, float, float, float] | None:
    if setup is None:
        return None
    return setup.grid.x_min, setup.grid.x_max, setup.grid.y_min, setup.grid.y_max
