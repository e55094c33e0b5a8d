"""All elements of a source, one after the other, as the writers of other formats need them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from typing import Any

from tqdm import tqdm

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.records.batches import batch_size_for, element_batches
from acoupipe_grain.records.description import configuration_of, tables_of
from acoupipe_grain.specs import DataSource, Element, check_element, require_source


def checked_elements(source: DataSource, progress: bool, description: str) -> Iterator[tuple[int, Element]]:
    """Return an iterator over index and element of every record, in order and with the keys in the order of the spec.

    No more is in memory at a time than one record, or two batches where the source computes batches.

    Parameters
    ----------
    source
        Any data source whose elements have fixed shapes.
    progress
        Whether to show a progress bar.
    description
        What the bar is for.

    Raises
    ------
    ArgumentError
        At once: if `source` is no data source, holds no records, or has features with axes of varying length.
    DataError
        On the way: if an element is not what the source's specification says.
    """
    require_source(source)
    arguments.flag("progress", progress)
    if ragged := [name for name, item in source.element_spec.items() if None in item.shape]:
        raise ArgumentError(
            f"source: {', '.join(ragged)} have axes of varying length, for which these files have no room; pad them "
            "to a fixed shape in the source."
        )
    return _elements(source, progress, description)


def _elements(source: DataSource, progress: bool, description: str) -> Iterator[tuple[int, Element]]:
    spec = source.element_spec
    name = repr(source)
    with tqdm(total=len(source), unit="record", disable=not progress, desc=description) as bar:
        for index, element in _every_element(source):
            check_element(element, spec, f"record {index} of {name}")
            yield index, {key: element[key] for key in spec}
            bar.update(1)


def _every_element(source: DataSource) -> Iterator[tuple[int, Element]]:
    for batch in element_batches(source, 0, len(source), batch_size_for(source, len(source))):
        yield from batch


def source_description(source: DataSource) -> dict[str, Any]:
    """Return what files say about the source they were written from, as JSON values.

    Keys: ``configuration`` (what rebuilds the source, or its ``repr``), ``tables`` (names that belong to numbers in the
    elements), ``num_records`` and ``written_by`` (this package and its version).

    Raises
    ------
    ArgumentError
        If the source's configuration or tables are no JSON values.
    """
    return {
        "configuration": configuration_of(source),
        "tables": tables_of(source),
        "num_records": len(source),
        "written_by": f"acoupipe-grain {metadata.version('acoupipe-grain')}",
    }
