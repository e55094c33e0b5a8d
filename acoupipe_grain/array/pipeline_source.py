"""Users' own graphs of objects as a random-access source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from acoupipe_grain import arguments
from acoupipe_grain.array.features import (
    Feature,
    FeatureComputation,
    FeatureGraph,
    listed_frequencies,
    mode_by_name,
    resolve_bands,
    resolve_features,
)
from acoupipe_grain.array.measurement import MeasurementSetup, as_setup
from acoupipe_grain.array.quantities import checked_quantities
from acoupipe_grain.array.user_graph import GraphPerThread, Parts, UserGraph, require_function, results_of
from acoupipe_grain.callables import UserFunction, checked_key
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.identity import Identified
from acoupipe_grain.seeding import Streams
from acoupipe_grain.specs import MAX_RECORDS, ArraySpec, Element, cast_exactly, check_element, narrowed, spec_to_json
from acoupipe_grain.workers import StartsGrainWorkers

NUM_PROBED = 4
INDEX = "idx"
INDEX_SPEC = ArraySpec((), "int32", (), "1")

FeatureFunction: TypeAlias = Callable[[Any], Mapping[str, Any]]
FeatureLike: TypeAlias = FeatureFunction | str | Feature | Mapping[str, Any]


class PipelineSource(Identified, StartsGrainWorkers):
    """A user's graph of objects, sampled anew for each index: deterministic, thread-safe, picklable.

    For ``source[i]`` every random process of the graph draws from a generator of its own for index i, in the order of
    the graph; then the features are computed. Each thread of each process builds one graph and keeps it, so whatever
    changes must be set by a random process, before it is used. Elements carry ``idx`` besides the features.

    Acoular's cache is switched off: its keys do not notice small changes of arrays.

    Parameters
    ----------
    graph
        Function without arguments that builds the graph and returns its parts, in a mapping or a list. Parts with a
        method ``sample(rng)``, such as those of `acoupipe_grain.sampling`, are random processes. A single one may be
        returned as it is.
    num_records
        Number of records, at least 1.
    features
        A function of the parts that returns a dict of numbers or arrays, or a list of such functions and of registered
        features (names, `feature` objects, mappings). 64-bit results are stored with 32 bits.
    seed, split
        0 ... 2**64 - 1, and "training", "validation" or "test"; together they select the random streams.
    quantities
        Function of the parts that returns what registered features compute from: ``time_data``, ``noise_signals``
        (T, M), ``reference_signals`` (T, J), ``positions`` (3, J), ``strengths`` and ``source_mask`` (J,),
        ``mic_positions`` (3, M), ``noise_power``, ``num_sources``, ``num_samples`` (T unless given), as needed.
    setup, f, num
        Measurement setup (required with registered features), frequencies and bands, as for `SyntheticSource`.
    element_spec
        What elements look like, by name. None: found by computing the first four records, and once more in the
        opposite order in a fresh graph, which must give the same. (What keeps state only now and then may pass.)
    key
        What identifies the graph and all functions in manifests and checkpoints; change it with them. None: their
        ``module:name``, for functions of modules that can be imported.

    Raises
    ------
    ArgumentError
        If an argument cannot be used, a feature lacks a quantity, or a record depends on those computed before it.
    DataError
        If a record is not what `element_spec` says.
    RecordIndexError
        For an index outside 0 ... num_records − 1, negative ones included.
    """

    read_options: Mapping[str, int] = {"num_threads": 0, "prefetch_buffer_size": 0}
    """Options of `grain.ReadOptions`: simulating ahead in threads would fill memory and not be faster."""

    def __init__(
        self,
        graph: Callable[[], Any],
        num_records: int = 10_000,
        *,
        features: FeatureLike | Sequence[FeatureLike],
        seed: int = 0,
        split: str = "training",
        quantities: FeatureFunction | None = None,
        setup: MeasurementSetup | Mapping[str, Any] | None = None,
        f: float | Sequence[float] | None = None,
        num: int = 0,
        element_spec: Mapping[str, ArraySpec] | None = None,
        key: str | None = None,
    ) -> None:
        self.num_records = arguments.integer("num_records", num_records, minimum=1, maximum=MAX_RECORDS)
        self.streams = Streams(seed, split)
        self.key = checked_key(key)
        self._graphs = GraphPerThread(graph)
        requested = list(features) if isinstance(features, list | tuple) else [features]
        if not requested:
            raise ArgumentError("features=[]: expected a function, the name of a feature, or a list of them.")
        self.functions = [require_function("features", item, 1) for item in requested if _is_function(item)]
        registered: list[Any] = [item for item in requested if not _is_function(item)]
        self.features = resolve_features(registered, ()) if registered else ()
        self.quantities = None if quantities is None else require_function("quantities", quantities, 1)
        self._set_measurement(setup, f, num)
        self._declared_spec = None if element_spec is None else _checked_spec(element_spec)
        self.element_spec = self._declared_spec or self._probed_spec()

    def _set_measurement(self, setup: Any, f: Any, num: int) -> None:
        """Prepare the registered features, or refuse what only they would use."""
        self.setup, self.f, self.num, self._computation = None, None, 0, None
        if not self.features:
            for name, value in {"quantities": self.quantities, "setup": setup, "f": f, "num": num or None}.items():
                if value is not None:
                    raise ArgumentError(f"{name}={value!r}: has no effect without registered features; leave it out.")
            return
        if setup is None:
            raise ArgumentError(
                "setup=None: registered features need the measurement setup of your graph; give it, or "
                "MeasurementSetup.default()."
            )
        self.setup = as_setup(setup)
        bands = resolve_bands(self.setup, f, num)
        self.f = listed_frequencies(f)
        self.num = bands.num
        self._computation = FeatureComputation(FeatureGraph(self.features, mode_by_name("welch"), self.setup, bands))

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: JSON values, or objects with `to_json`."""
        functions = [UserFunction(item, self.key) for item in self.functions]
        return {
            "graph": UserFunction(self._graphs.build, self.key),
            "num_records": self.num_records,
            "features": [*functions, *(item.identity for item in self.features)],
            "seed": self.streams.seed,
            "split": self.streams.split,
            "quantities": None if self.quantities is None else UserFunction(self.quantities, self.key),
            "setup": self.setup,
            "f": self.f,
            "num": self.num,
            "element_spec": None if self._declared_spec is None else spec_to_json(self._declared_spec),
        }

    def __len__(self) -> int:
        return self.num_records

    def __getitem__(self, index: int) -> Element:
        index = arguments.record_index(index, self.num_records)
        element = self._computed(self._graphs(), index)
        for name, spec in (self._declared_spec or {}).items():
            if name in element and element[name].dtype != spec.dtype:
                element[name] = cast_exactly(f"{name} of record {index}", element[name], spec.dtype)
        check_element(element, self.element_spec, f"record {index} of the PipelineSource")
        return {name: element[name] for name in self.element_spec}

    def _computed(self, graph: UserGraph, index: int) -> Element:
        parts = graph.sample(self.streams, index)
        element: Element = {INDEX: np.array(index, dtype=np.int32)}
        for function in self.functions:
            for name, value in results_of(function, parts, "features").items():
                if name in element:
                    raise ArgumentError(f"features: {name!r} is given twice; use another name.")
                element[name] = narrowed(name, value)
        if self._computation is None:
            return element
        quantities = self._quantities(parts, index)
        for name in self._computation.graph.inputs:
            if name not in quantities:
                raise ArgumentError(
                    f"quantities: lacks {name!r}, which the registered features need; it has {', '.join(quantities)}. "
                    "Return it from the function given as quantities."
                )
        registered = self._computation(quantities)
        if twice := sorted(set(registered) & set(element)):
            raise ArgumentError(f"features: {', '.join(twice)} given twice; use another name or a label.")
        return element | {item.key: registered[item.key] for item in self.features}

    def _quantities(self, parts: Parts, index: int) -> Element:
        automatic = {INDEX: np.array(index, dtype=np.int32), "seeds": self.streams.identity([index])[0]}
        if self.quantities is None or self.setup is None:
            return automatic
        return checked_quantities(results_of(self.quantities, parts, "quantities"), self.setup) | automatic

    def _probed_spec(self) -> dict[str, ArraySpec]:
        """Return what elements look like, and see that a record does not depend on those computed before it."""
        indices = range(min(NUM_PROBED, self.num_records))
        forwards = {index: self._computed(self._graphs(), index) for index in indices}
        graph = self._graphs.fresh()
        for index in reversed(indices):
            for name, array in self._computed(graph, index).items():
                if not np.array_equal(forwards[index].get(name, ()), array, equal_nan=True):
                    raise ArgumentError(
                        f"graph: record {index} has another {name!r} when other records were computed before it. A "
                        "part keeps state, draws from a generator of its own, or is used before the random process "
                        "that sets it: let processes set every attribute that changes (the seed of a noise generator "
                        "too), in order."
                    )
        units = {item.key: (item.axes, item.unit) for item in self.features}
        return {name: _spec_of(name, array, *units.get(name, (None, "1"))) for name, array in forwards[0].items()}


def _is_function(item: Any) -> bool:
    return callable(item) and not isinstance(item, Feature)


def _spec_of(name: str, array: np.ndarray, axes: tuple[str, ...] | None, unit: str) -> ArraySpec:
    axes = axes or tuple(f"{name}_axis{number}" for number in range(array.ndim))
    return ArraySpec(array.shape, array.dtype.name, axes, unit)


def _checked_spec(element_spec: Any) -> dict[str, ArraySpec]:
    valid = isinstance(element_spec, Mapping) and all(isinstance(spec, ArraySpec) for spec in element_spec.values())
    if not valid or not element_spec:
        raise ArgumentError(
            f"element_spec={element_spec!r}: expected a mapping of names to ArraySpec objects, or None."
        )
    return {INDEX: INDEX_SPEC} | dict(element_spec)
