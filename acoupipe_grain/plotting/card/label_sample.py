"""The labels of some records of a source: numbers of sources, strengths, positions, and other single numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from acoupipe_grain.plotting.maps import PREFERRED_FREQUENCY
from acoupipe_grain.specs import ArraySpec, DataSource, Element, ElementSpec, check_element, element_num_bytes

MAX_RECORDS_READ = 1000
MIN_RECORDS_READ = 64
MAX_BYTES_READ = 2 * 2**30
"""Of large elements fewer records are read, but never less than `MIN_RECORDS_READ`."""


@dataclass(frozen=True)
class LabelSample:
    """Labels of records spread evenly over a source, by the features' names.

    Attributes
    ----------
    num_records
        How many records were read.
    numbers
        The values of features that are single real numbers, other than ``idx``.
    strengths
        The strengths of the sources that there are, Pa².
    frequencies
        Of which frequency or frequencies these strengths are.
    positions
        The positions of the sources that there are, m, shape (3, any).
    """

    num_records: int
    numbers: Mapping[str, np.ndarray]
    strengths: Mapping[str, np.ndarray]
    frequencies: Mapping[str, str]
    positions: Mapping[str, Float[np.ndarray, "3 source"]]


def read_labels(
    source: DataSource, frequencies: Sequence[float] | None = None, max_records: int = MAX_RECORDS_READ
) -> LabelSample:
    """Read the labels of up to `max_records` records; of those, nothing else is kept.

    Of strengths at several frequencies those at the one nearest 4 kHz are kept, or all if nothing says what they are.

    Parameters
    ----------
    source
        Whose records to read.
    frequencies
        Frequencies of the features, Hz, of elements without ``f``.
    max_records
        Most records to read.

    Raises
    ------
    DataError
        If a record cannot be read, or is not what the specification says.
    """
    spec = source.element_spec
    numbers, strengths, positions = _numbers_in(spec), _strengths_in(spec), _positions_in(spec)
    wanted = [*numbers, *strengths, *positions]
    affordable = max(MIN_RECORDS_READ, MAX_BYTES_READ // max(1, element_num_bytes(spec)))
    indices = spread_indices(len(source), min(max_records, affordable)) if wanted else []
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    lines: dict[str, set[float]] = defaultdict(set)
    for index in indices:
        element = source[index]
        check_element(element, spec, f"record {index}")
        for name in numbers:
            found[name].append(element[name].reshape(1))
        for name in positions:
            found[name].append(element[name][:, _sources(element, element[name].shape[-1])])
        for name in strengths:
            values, frequency = _at_preferred_frequency(element, name, frequencies)
            found[name].append(values[..., _sources(element, values.shape[-1])].ravel())
            lines[name] |= set() if frequency is None else {frequency}
    kept = {name: np.concatenate(values, axis=-1) for name, values in found.items()}
    return LabelSample(
        num_records=len(indices),
        numbers={name: kept[name] for name in numbers},
        strengths={name: kept[name] for name in strengths},
        frequencies={name: _frequency(spec[name], lines[name]) for name in strengths},
        positions={name: kept[name] for name in positions},
    )


def spread_indices(num_records: int, num: int) -> list[int]:
    """Return up to `num` record indices, spread evenly, the first record among them."""
    num = min(num, num_records)
    return [number * num_records // num for number in range(num)]


def _numbers_in(spec: ElementSpec) -> list[str]:
    return [name for name, item in spec.items() if not item.shape and name != "idx" and item.dtype != "complex64"]


def _strengths_in(spec: ElementSpec) -> list[str]:
    kinds = (("frequency", "source"), ("source",))
    return [name for name, item in spec.items() if item.unit == "Pa^2" and item.axes in kinds]


def _positions_in(spec: ElementSpec) -> list[str]:
    found = [name for name, item in spec.items() if item.unit == "m" and item.axes == ("xyz", "source")]
    return [name for name in found if spec[name].shape[0] == 3]


def _sources(element: Element, size: int) -> Bool[np.ndarray, " source"]:
    """Return which entries along a source axis are sources: all, if the element does not say."""
    mask = element.get("source_mask")
    if mask is not None and mask.shape == (size,):
        return mask.astype(bool)
    count = element.get("num_sources")
    return np.arange(size) < (size if count is None or count.shape else int(count))


def _at_preferred_frequency(
    element: Element, name: str, frequencies: Sequence[float] | None
) -> tuple[np.ndarray, float | None]:
    """Return strengths at the frequency nearest 4 kHz, and which it is; all and None where nothing says that."""
    values = element[name]
    known = np.asarray(element.get("f", () if frequencies is None else frequencies))
    if not known.size or values.ndim != 2 or known.shape != values.shape[:1]:
        return values, None
    line = int(np.argmin(np.abs(known - PREFERRED_FREQUENCY)))
    return values[line], float(known[line])


def _frequency(spec: ArraySpec, lines: set[float]) -> str:
    num = spec.shape[0] if spec.axes[0] == "frequency" else 1
    if not lines:
        return "" if num == 1 else f"all {num} frequencies together"
    nearest = f"the one nearest 4 kHz of {num} frequencies"
    if len(lines) > 1:
        return f"at {min(lines):g} to {max(lines):g} Hz, in each record {nearest}"
    return f"at {min(lines):g} Hz" if num == 1 else f"at {min(lines):g} Hz, {nearest}"
