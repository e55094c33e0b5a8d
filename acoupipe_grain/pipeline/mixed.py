"""Several sources as one, their records alternating in fixed proportions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.pipeline.proportions import MAX_PERIOD, Pattern, fractions_of, whole_numbers
from acoupipe_grain.specs import ArraySpec, DataSource, Element, ElementSpec, require_source
from acoupipe_grain.workers import StartsGrainWorkers


def mixed(
    sources: Sequence[DataSource], weights: Sequence[float] | None = None, num_records: int | None = None
) -> MixedSource:
    """Return a source in which the records of several sources alternate in fixed proportions.

    With the weights [3, 1], three in four records are of the first source and one is of the second, spread evenly:
    0, 0, 1, 0, and so on. At any point, each of D sources is at most (D − 1)/2 records away from its share of those so
    far. Each source is read in its own order, beginning with its first record, and none of its records comes twice.
    Elements are unchanged: their ``idx``, if they have one, is that of their own source.

    Elements are read one by one and complete; where a source offers `compute_batch` or vectorised access, it is not
    used. Simulations that need it for their speed are better exported first, and what is stored is mixed.

    `grain.MapDataset.mix` alternates Grain's own data sets likewise. It rounds the proportions (7 to 3 becomes 233 to
    100), and its result lacks the specification, the tables and the identifying ``repr`` that `make_loader`, its
    checkpoints and `acoupipe_grain.export` need.

    Parameters
    ----------
    sources
        Data sources with the same `element_spec` and the same tables.
    weights
        A positive number for each source, in any unit: whole, or a fraction with a denominator up to 1000, such as 0.7.
        Reduced to whole numbers without a common divisor, their sum is the period, at most 1 000 000 records. None: the
        lengths of the sources, of which all records then come.
    num_records
        Length of the mixture. None: as many records as there are before one of the sources is used up.

    Raises
    ------
    ArgumentError
        If the sources do not go together, a weight is no such number, the period is too long, or a source is too short
        for `num_records`; the message says which one, and what differs or how much there can be.
    """
    sources = _checked_sources(sources)
    lengths = [len(source) for source in sources]
    whole_weights = whole_numbers(lengths if weights is None else fractions_of(weights, len(sources)))
    if (period := sum(whole_weights)) > MAX_PERIOD:
        raise ArgumentError(
            f"weights={weights!r}: the order of the sources{' by their lengths' if weights is None else ''} repeats "
            f"after {period} records only, expected at most {MAX_PERIOD}; give rounder weights, such as [2, 1]."
        )
    pattern = Pattern.of(whole_weights)
    used_up = [pattern.first_index_of(number, length) for number, length in enumerate(lengths)]
    available = min(used_up)
    if num_records is None:
        return MixedSource(sources, pattern, available)
    num_records = arguments.integer("num_records", num_records, minimum=1)
    if num_records > available:
        raise ArgumentError(
            f"num_records={num_records}: sources[{used_up.index(available)}] is used up after {available} records of "
            f"the mixture; use at most {available}, a smaller weight for it, or a longer source."
        )
    return MixedSource(sources, pattern, num_records)


class MixedSource(StartsGrainWorkers):
    """What `mixed` returns: deterministic, thread-safe and picklable as the sources it reads.

    Optional attributes of the protocol: ``tables`` where the sources have them, ``read_options`` where any of them has,
    ``configuration`` where all of them have one.

    Parameters
    ----------
    sources
        Sources whose elements go together.
    pattern
        Their order.
    num_records
        Length of the mixture, for which the sources suffice.
    """

    def __init__(self, sources: Sequence[DataSource], pattern: Pattern, num_records: int) -> None:
        self.sources: tuple[Any, ...] = tuple(sources)
        self.num_records = num_records
        self._pattern = pattern

    @property
    def weights(self) -> tuple[int, ...]:
        """Records of each source in a period."""
        return self._pattern.weights

    @property
    def element_spec(self) -> ElementSpec:
        """Specification of every array of an element."""
        return self.sources[0].element_spec

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Names that belong to numbers in the elements."""
        return self.sources[0].tables

    @property
    def read_options(self) -> Mapping[str, int]:
        """Options of `grain.ReadOptions`: of each, the smallest that a source asks for."""
        given = [options for source in self.sources if (options := getattr(source, "read_options", None))]
        if not given:
            raise AttributeError("none of the mixed sources has 'read_options'")
        names = dict.fromkeys(name for options in given for name in options)
        return {name: min(options[name] for options in given if name in options) for name in names}

    @property
    def configuration(self) -> Mapping[str, Any]:
        """A JSON mapping that identifies the mixture, with those of the sources; it is not rebuilt from it."""
        configurations = [source.configuration for source in self.sources]
        if not all(configurations):
            # An empty one identifies nothing, and among others it would pass for one that does.
            return {}
        return {
            "class": "mixed",
            "sources": configurations,
            "weights": list(self.weights),
            "num_records": self.num_records,
        }

    def __len__(self) -> int:
        return self.num_records

    def __getitem__(self, index: int) -> Element:
        number, index_in_source = self._pattern.locate(arguments.record_index(index, self.num_records))
        return self.sources[number][index_in_source]

    def __repr__(self) -> str:
        return f"mixed({list(self.sources)!r}, weights={list(self.weights)}, num_records={self.num_records})"


def _checked_sources(sources: Any) -> tuple[DataSource, ...]:
    """Return the sources, whose elements have the same specification and refer to the same tables."""
    if not isinstance(sources, list | tuple) or not sources:
        raise ArgumentError(f"sources={sources!r}: expected a list of data sources, at least one.")
    for number, source in enumerate(sources):
        try:
            require_source(source)
        except ArgumentError as error:
            raise ArgumentError(f"sources[{number}]: {error}") from None
        if differences := _spec_differences(source.element_spec, sources[0].element_spec):
            raise ArgumentError(
                f"sources[{number}]: its elements differ from those of sources[0]: {'; '.join(differences)}. Make the "
                "sources with the same features and sizes."
            )
        tables, expected = _tables_of(source), _tables_of(sources[0])
        if names := [name for name in {**tables, **expected} if tables.get(name) != expected.get(name)]:
            raise ArgumentError(
                f"sources[{number}]: its tables differ from those of sources[0]: {', '.join(names)}. Numbers in the "
                "elements refer to them; make the sources with the same names in the same order."
            )
    return tuple(sources)


def _spec_differences(spec: ElementSpec, expected: ElementSpec) -> list[str]:
    differences = [f"{name!r} is missing" for name in expected if name not in spec]
    differences += [f"{name!r} is not expected" for name in spec if name not in expected]
    for name in (name for name in spec if name in expected):
        for part in ArraySpec.__dataclass_fields__:
            value, other = getattr(spec[name], part), getattr(expected[name], part)
            if value != other:
                differences.append(f"{name!r} has the {part} {value!r}, not {other!r}")
    return differences


def _tables_of(source: DataSource) -> dict[str, list[str]]:
    return {name: list(values) for name, values in getattr(source, "tables", {}).items()}
