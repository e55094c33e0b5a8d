"""Of which arrays statistics are asked for, and what counts of them where nobody says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.specs import DataSource, ElementSpec
from acoupipe_grain.statistics.counted import Counted, as_counted
from acoupipe_grain.statistics.counted_rows import CountedRows


def chosen_arrays(arrays: Any, source: DataSource) -> dict[str, CountedRows]:
    """Return what counts, by name of the array, checked against the specification of the source.

    Parameters
    ----------
    arrays
        Names, or what counts by name. None: all arrays of which the source says how they are normalised; of a source
        that says nothing, all of floating-point numbers.
    source
        The source.

    Raises
    ------
    ArgumentError
        If it is something else, there is none, or it does not fit to the source.
    """
    spec = source.element_spec
    if arrays is None:
        floats = {name: Counted() for name, item in spec.items() if np.dtype(item.dtype).kind == "f"}
        chosen = _said_by(source) or floats
    elif isinstance(arrays, Mapping):
        chosen = {name: as_counted(name, value) for name, value in arrays.items()}
    elif isinstance(arrays, list | tuple) and all(isinstance(name, str) for name in arrays):
        said = _said_by(source)
        chosen = {name: said.get(name, Counted()) for name in arrays}
    else:
        raise ArgumentError(
            f"arrays={arrays!r}: expected a list of names, or a mapping of names to what counts, such as "
            "{input: {separate: [input_feature]}}."
        )
    if not chosen:
        raise ArgumentError(
            f"arrays={arrays!r}: no array is asked for"
            + (", and none has floating-point numbers" if arrays is None else "")
            + f"; name some of {', '.join(spec)}."
        )
    return {name: CountedRows(name, counted, spec) for name, counted in chosen.items()}


def _said_by(source: Any) -> dict[str, Counted]:
    """Return what a source with `normalised` and `unvoiced` says: features have statistics of their own."""
    normalised, unvoiced = getattr(source, "normalised", None), getattr(source, "unvoiced", None)
    if not isinstance(normalised, Mapping) or not isinstance(unvoiced, Mapping):
        return {}
    return {
        name: Counted(_last_axis(name, source.element_spec), above=unvoiced.get(name), normalise=flags)
        for name, flags in normalised.items()
    }


def _last_axis(name: str, spec: ElementSpec) -> tuple[str, ...]:
    if name not in spec:
        raise unknown_name("array", name, spec)
    return spec[name].axes[-1:]
