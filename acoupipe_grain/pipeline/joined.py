"""What several sources that are read as one have in common: elements that go together, and where they came from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import ArraySpec, DataSource, Element, ElementSpec, lengths_of, mask_key, require_source
from acoupipe_grain.workers import StartsGrainWorkers

PROVENANCE = "source_index"
"""What elements call the number of the source that they are of."""
PROVENANCE_SPEC = ArraySpec((), "int32", (), "1")


class JoinedSource(StartsGrainWorkers):
    """Records of several sources: deterministic, thread-safe and picklable as the sources it reads.

    Optional attributes of the protocol: ``tables`` where the sources have them, ``read_options`` where any of them has,
    ``lengths`` and ``configuration`` where all of them have one, ``normalised`` and ``unvoiced`` where they agree.

    Parameters
    ----------
    sources
        Sources whose elements go together, as `checked_sources` says.
    provenance
        Whether elements have ``source_index``, the number of the source that they are of.
    """

    kind: ClassVar[str]
    """What such a source is called."""

    def __init__(self, sources: Sequence[DataSource], provenance: bool) -> None:
        self.sources: tuple[Any, ...] = tuple(sources)
        self.provenance = provenance

    @abstractmethod
    def locate(self, index: int) -> tuple[int, int]:
        """Return the number of the source that a record is of, and its index there."""

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """JSON values that tell, with the sources, one such source from any other."""

    @cached_property
    def element_spec(self) -> ElementSpec:
        """Specification of every array of an element; axes are ragged that have several lengths."""
        spec = joined_spec(self.sources)
        return {**spec, PROVENANCE: PROVENANCE_SPEC} if self.provenance else spec

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Names that belong to numbers in the elements; with provenance ``<number>/<name>`` where sources differ."""
        return joined_tables(self.sources, self.provenance)

    @property
    def read_options(self) -> Mapping[str, int]:
        """Options of `grain.ReadOptions`: of each, the smallest that a source asks for."""
        given = [options for source in self.sources if (options := getattr(source, "read_options", None))]
        if not given:
            raise AttributeError(f"none of the sources of {self.kind!r} has 'read_options'")
        names = dict.fromkeys(name for options in given for name in options)
        return {name: min(options[name] for options in given if name in options) for name in names}

    @property
    def normalised(self) -> Mapping[str, np.ndarray]:
        """Which entries of arrays are to be normalised, as the sources say; an error if they do not agree."""
        return self._said_by_all("normalised")

    @property
    def unvoiced(self) -> Mapping[str, np.ndarray]:
        """Up to which values entries of arrays do not count in statistics, as the sources say; as above."""
        return self._said_by_all("unvoiced")

    def _said_by_all(self, name: str) -> Mapping[str, np.ndarray]:
        said = [getattr(source, name) for source in self.sources]
        if any(
            given.keys() != said[0].keys() or not all(np.array_equal(given[key], said[0][key]) for key in given)
            for given in said
        ):
            raise ArgumentError(
                f"{self.kind}: its sources do not agree on {name!r}; say yourself what counts in statistics of them, "
                "arrays={...}."
            )
        return said[0]

    @cached_property
    def lengths(self) -> Mapping[str, np.ndarray]:
        """How long axes that follow from data are in each record, by name, as far as all sources know it."""
        known = lengths_by_source(self.sources)
        if not known:
            return {}
        places = [self.locate(index) for index in range(len(self))]
        return {axis: np.array([parts[number][index] for number, index in places]) for axis, parts in known.items()}

    @property
    def configuration(self) -> Mapping[str, Any]:
        """A JSON mapping that identifies it, with those of the sources; it is not rebuilt from it."""
        configurations = [source.configuration for source in self.sources]
        if not all(configurations):
            # An empty one identifies nothing, and among others it would pass for one that does.
            return {}
        told = {"provenance": True} if self.provenance else {}
        return {"class": self.kind, "sources": configurations, **self.identity, **told}

    @abstractmethod
    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Element:
        number, index_in_source = self.locate(arguments.record_index(index, len(self)))
        element = self.sources[number][index_in_source]
        return {**element, PROVENANCE: np.array(number, dtype=np.int32)} if self.provenance else element

    def __repr__(self) -> str:
        told = {**self.identity, **({"provenance": True} if self.provenance else {})}
        listed = "".join(f", {name}={value}" for name, value in told.items())
        return f"{self.kind}({list(self.sources)!r}{listed})"


def checked_sources(sources: Any, provenance: bool) -> tuple[DataSource, ...]:
    """Return the sources, whose elements go together.

    Elements have the same arrays, and the same sizes but along axes that follow from data (ragged ones, and those of
    which the sources have ``lengths``). Tables are the same, unless elements tell which source they are of.

    Raises
    ------
    ArgumentError
        If it is no list of sources, or one differs from the first; the message says in what.
    """
    if not isinstance(sources, list | tuple) or not sources:
        raise ArgumentError(f"sources={sources!r}: expected a list of data sources, at least one.")
    for number, source in enumerate(sources):
        try:
            require_source(source)
        except ArgumentError as error:
            raise ArgumentError(f"sources[{number}]: {error}") from None
        if differences := _differences(source, sources[0]):
            raise ArgumentError(
                f"sources[{number}]: its elements differ from those of sources[0]: {'; '.join(differences)}. Make the "
                "sources with the same features and sizes."
            )
        if provenance and PROVENANCE in source.element_spec:
            raise ArgumentError(
                f"provenance=True: elements of sources[{number}] have {PROVENANCE!r} already; leave provenance out, or "
                "select the records before they are joined."
            )
        tables, expected = _tables_of(source), _tables_of(sources[0])
        names = [name for name in {**tables, **expected} if tables.get(name) != expected.get(name)]
        if names and not provenance:
            raise ArgumentError(
                f"sources[{number}]: its tables differ from those of sources[0]: {', '.join(names)}. Numbers in the "
                "elements refer to them; make the sources with the same names in the same order, or ask for "
                "provenance=True, which keeps the tables apart."
            )
    return tuple(sources)


def lengths_by_source(sources: Sequence[DataSource]) -> dict[str, list[np.ndarray]]:
    """Return how long axes are in the records of each source, by name, as far as all sources know it."""
    known = [lengths_of(source) for source in sources]
    axes = [axis for axis in known[0] if all(axis in lengths for lengths in known)]
    return {axis: [lengths[axis] for lengths in known] for axis in axes}


def joined_spec(sources: Sequence[DataSource]) -> dict[str, ArraySpec]:
    """Return the specification of elements of any of the sources: axes are ragged that have several lengths."""
    spec = {}
    for name, item in sources[0].element_spec.items():
        sizes = zip(*(source.element_spec[name].shape for source in sources), strict=True)
        spec[name] = replace(item, shape=tuple(given[0] if len(set(given)) == 1 else None for given in sizes))
    return spec


def joined_tables(sources: Sequence[DataSource], provenance: bool) -> dict[str, Sequence[str]]:
    """Return the tables of all sources: one where they are equal, else one of each source, named by its number.

    Raises
    ------
    AttributeError
        If no source has any.
    """
    tables = [_tables_of(source) for source in sources]
    if not any(tables):
        raise AttributeError("the sources have no 'tables'")
    joined: dict[str, Sequence[str]] = {}
    for name in dict.fromkeys(name for of_source in tables for name in of_source):
        if all(of_source.get(name) == tables[0].get(name) for of_source in tables):
            joined[name] = tables[0][name]
        else:
            assert provenance
            joined |= {f"{number}/{name}": rows[name] for number, rows in enumerate(tables) if name in rows}
    return joined


def _differences(source: DataSource, first: DataSource) -> list[str]:
    spec, expected = source.element_spec, first.element_spec
    differences = [f"{name!r} is missing" for name in expected if name not in spec]
    differences += [f"{name!r} is not expected" for name in spec if name not in expected]
    for name in (name for name in spec if name in expected):
        for part in ArraySpec.__dataclass_fields__:
            value, other = getattr(spec[name], part), getattr(expected[name], part)
            if value != other and not (part == "shape" and _may_differ(name, source, first)):
                differences.append(f"{name!r} has the {part} {value!r}, not {other!r}")
    return differences


def _may_differ(name: str, source: DataSource, first: DataSource) -> bool:
    """Say whether the sizes of an array differ along axes only that follow from data, and that batches can pad."""
    one, other = source.element_spec[name], first.element_spec[name]
    if one.axes != other.axes:
        return False
    for axis, size, expected in zip(one.axes, one.shape, other.shape, strict=True):
        follows = all(size is None or axis in lengths_of(item) for item, size in ((source, size), (first, expected)))
        if size != expected and not (follows and mask_key(axis) not in source.element_spec):
            return False
    return True


def _tables_of(source: DataSource) -> dict[str, list[str]]:
    return {name: list(values) for name, values in getattr(source, "tables", {}).items()}
