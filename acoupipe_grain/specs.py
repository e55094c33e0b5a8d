"""What a data source is and what its elements look like.

Everything above this module (loading, storing, verifying) knows a source through `DataSource` and `ArraySpec` only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import jax
import numpy as np

from acoupipe_grain.errors import ArgumentError, DataError

Element: TypeAlias = dict[str, np.ndarray]

MAX_RECORDS = 2**31 - 1
"""Most records of a source: elements carry their index as int32."""


@dataclass(frozen=True)
class ArraySpec:
    """Shape, dtype, axis names and unit of one array of an element.

    Parameters
    ----------
    shape
        Sizes of the axes; None for an axis that differs between elements.
    dtype
        NumPy name of a dtype of at most 32 bits per real number ("float32", "complex64", "int32", ...).
    axes
        One name per axis, for example ``("frequency", "mic", "mic")``.
    unit
        Unit of the values, "1" if they have none.
    """

    shape: tuple[int | None, ...]
    dtype: str
    axes: tuple[str, ...]
    unit: str = "1"

    def __post_init__(self) -> None:
        if not isinstance(self.axes, tuple | list) or not all(isinstance(axis, str) for axis in self.axes):
            raise ArgumentError(f"axes={self.axes!r}: expected a tuple of names.")
        if any(size is not None and size < 0 for size in self.shape):
            raise ArgumentError(f"shape={self.shape}: sizes must be at least 0, or None for a ragged axis.")
        if len(self.axes) != len(self.shape):
            raise ArgumentError(f"axes={self.axes}: expected {len(self.shape)} names for the shape {self.shape}.")
        try:
            dtype = np.dtype(self.dtype)
        except TypeError:
            raise ArgumentError(f"dtype={self.dtype!r}: not the name of a NumPy dtype.") from None
        if dtype.kind not in "biufc" or dtype.itemsize > (8 if dtype.kind == "c" else 4):
            raise ArgumentError(
                f"dtype={self.dtype!r}: expected numbers of at most 32 bits (complex64 for complex ones); wider ones "
                "would be narrowed silently on their way to a device."
            )

    @property
    def num_bytes(self) -> int:
        """Size of one array in bytes, counting ragged axes as 1."""
        return self.num_bytes_of({})

    def num_bytes_of(self, sizes: Mapping[str, int]) -> int:
        """Return the size of one array in bytes, its ragged axes as long as `sizes` says, or else 1."""
        named = zip(self.axes, self.shape, strict=True)
        lengths = (sizes.get(axis, 1) if size is None else size for axis, size in named)
        return math.prod(lengths) * np.dtype(self.dtype).itemsize

    def mismatch(self, array: Any) -> str | None:
        """Say how `array` differs from this specification, or return None."""
        if not isinstance(array, np.ndarray):
            return f"is a {type(array).__name__}, not a NumPy array"
        if array.dtype != np.dtype(self.dtype):
            return f"has dtype {array.dtype}, not {self.dtype}"
        sizes_fit = array.ndim == len(self.shape) and all(
            expected in (None, size) for size, expected in zip(array.shape, self.shape, strict=True)
        )
        return None if sizes_fit else f"has shape {array.shape}, not {self.shape}"

    def to_json(self) -> dict[str, Any]:
        """Return the specification as a JSON mapping."""
        return {"shape": list(self.shape), "dtype": self.dtype, "axes": list(self.axes), "unit": self.unit}

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> ArraySpec:
        """Rebuild a specification from `to_json`."""
        return cls(tuple(mapping["shape"]), mapping["dtype"], tuple(mapping["axes"]), mapping["unit"])


ElementSpec: TypeAlias = Mapping[str, ArraySpec]


@runtime_checkable
class DataSource(Protocol):
    """A random-access source of elements: deterministic, thread-safe, picklable.

    ``repr(source)`` identifies the content (configuration and versions; no path, address or time). Optional
    attributes:

    ``inputs``, ``compute_batch``
        A cheap source of the same length, and a pure, jittable `jax.tree_util.Partial` that turns its batches into
        batches of elements. It runs in the consuming process, after workers and device transfer.
        ``inputs.batch(indices)`` may return stacked elements in one vectorised call.
    ``configuration``
        A JSON mapping that identifies and, where it can, rebuilds the source. It raises `ArgumentError` where nothing
        identifies a part of the source; then what the source gives is not stored.
    ``read_options``
        The `grain.ReadOptions` that suit the source, as keyword arguments.
    ``tables``
        Lists of names that belong to numbers in the elements.
    ``lengths``
        How long axes are in each record that follow from data and may differ, by name, (record,), known without reading
        the records. An axis has one length in all arrays of an element; None stands for it in the specification if it
        differs between elements.
    ``normalised``, ``unvoiced``
        By name of arrays: which entries of their last axis are to be normalised, bool, and the values up to which they
        do not count in statistics, −inf where all count.
    """

    @property
    def element_spec(self) -> ElementSpec:
        """Specification of every array of an element."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Element: ...


def require_source(source: Any) -> DataSource:
    """Return `source` if it follows the protocol, else raise an error that says what is missing."""
    required = ("__len__", "__getitem__", "element_spec")
    missing = [name for name in required if not hasattr(source, name)]
    if missing:
        raise ArgumentError(
            f"source={type(source).__name__}: not a data source, it lacks {', '.join(missing)}. "
            "See acoupipe_grain.specs.DataSource."
        )
    spec = source.element_spec
    if not isinstance(spec, Mapping) or not all(isinstance(item, ArraySpec) for item in spec.values()):
        raise ArgumentError(f"source={type(source).__name__}: element_spec must map names to ArraySpec objects.")
    if type(source).__repr__ is object.__repr__:
        raise ArgumentError(
            f"source={type(source).__name__}: needs a __repr__ that identifies its content; checkpoints and exports "
            "compare it."
        )
    if len(source) == 0:
        raise ArgumentError(f"source={source!r}: holds no records.")
    return source


BatchComputation: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def compute_batch_of(source: Any) -> BatchComputation | None:
    """Return the source's batch computation, or None if its elements come complete from ``source[i]``."""
    return getattr(source, "compute_batch", None)


def inputs_of(source: Any) -> Any:
    """Return the source whose elements are read: `source`, or the inputs of its batch computation."""
    return source if compute_batch_of(source) is None else source.inputs


def batch_of(source: Any) -> Callable[[Sequence[int]], Element] | None:
    """Return the source's vectorised access to many elements, or None if it has none."""
    batch = getattr(source, "batch", None)
    return batch if callable(batch) else None


apply_batch_computation = jax.jit(lambda computation, batch: computation(batch))
"""A `compute_batch` applied to a batch of inputs, jitted once per kind, its constants passed as arguments."""


def check_element(element: Any, spec: ElementSpec, name: str) -> None:
    """Raise `DataError` naming `name` and the offending key unless `element` is exactly what `spec` says."""
    if not isinstance(element, dict):
        raise DataError(f"{name} is a {type(element).__name__}, expected a dict of arrays.")
    missing, extra = sorted(set(spec) - set(element)), sorted(set(element) - set(spec))
    if missing or extra:
        problems = [f"lacks the keys {missing}"] if missing else []
        problems += [f"has the unexpected keys {extra}"] if extra else []
        raise DataError(f"{name} {' and '.join(problems)}.")
    for key, array_spec in spec.items():
        if problem := array_spec.mismatch(element[key]):
            raise DataError(f"{name}: {key!r} {problem}.")


NARROWER = {"float64": "float32", "complex128": "complex64", "int64": "int32", "uint64": "uint32"}
"""Names of the dtypes that take the place of wider ones."""


def narrowed(name: str, value: Any) -> np.ndarray:
    """Return a number or an array of numbers as a C-contiguous array of a dtype that elements may have.

    Raises
    ------
    DataError
        If it holds something else than numbers, or numbers that 32 bits do not hold.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DataError(f"{name!r}: holds no array of numbers ({error}).") from error
    if array.dtype.kind not in "biufc":
        raise DataError(f"{name!r}: holds {array.dtype} ({value!r:.80}), expected numbers.")
    native = array.dtype.newbyteorder("=")
    return cast_exactly(name, array, NARROWER.get(native.name, native.name))


def cast_exactly(name: str, array: np.ndarray, dtype: str) -> np.ndarray:
    """Return a C-contiguous copy of another dtype of the same kind, rounded but nothing lost.

    Raises
    ------
    DataError
        If the dtype is of another kind, integers do not fit, or finite numbers become infinite.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        result = np.array(array, dtype=dtype, order="C")
    if result.dtype == array.dtype:
        return result
    is_whole = result.dtype.kind in "biu"
    fits = result == array if array.dtype.kind in "biu" else np.isfinite(result) == np.isfinite(array)
    if not np.can_cast(array.dtype, result.dtype, casting="same_kind") and not (is_whole and array.dtype.kind in "iu"):
        raise DataError(f"{name!r}: has dtype {array.dtype}, which does not become {dtype} without loss.")
    if not np.all(fits):
        raise DataError(f"{name!r}: {array[~fits].ravel()[0]} does not fit into {dtype}; scale it.")
    return result


def ragged_axes(spec: ElementSpec) -> tuple[str, ...]:
    """Return the names of the axes whose lengths differ between elements."""
    named = (pair for item in spec.values() for pair in zip(item.axes, item.shape, strict=True))
    return tuple(dict.fromkeys(axis for axis, size in named if size is None))


def length_key(axis: str) -> str:
    """Return what batches call the lengths of an axis."""
    return f"{axis}_length"


def mask_key(axis: str) -> str:
    """Return what batches call the mask of an axis."""
    return f"{axis}_mask"


def lengths_of(source: Any) -> Mapping[str, np.ndarray]:
    """Return how long axes of a source's records are, by name, as far as it knows without reading them."""
    return getattr(source, "lengths", {})


def element_num_bytes(spec: ElementSpec, sizes: Mapping[str, int] | None = None) -> int:
    """Return the size of one element in bytes, its ragged axes as long as `sizes` says, or else 1."""
    return sum(array_spec.num_bytes_of(sizes or {}) for array_spec in spec.values())


def mean_num_bytes(source: DataSource, start: int = 0, stop: int | None = None) -> int:
    """Return the size of a source's elements in bytes, on average over records as far as it knows their lengths."""
    parts = {axis: np.asarray(lengths)[start:stop] for axis, lengths in lengths_of(source).items()}
    return element_num_bytes(source.element_spec, {axis: math.ceil(part.mean()) for axis, part in parts.items()})


def largest_num_bytes(source: Any, sizes: Mapping[str, int] | None = None) -> int:
    """Return the size of a source's largest element in bytes, as far as it, or `sizes`, knows how long its axes are."""
    known = {axis: int(np.max(lengths)) for axis, lengths in lengths_of(source).items()}
    return element_num_bytes(source.element_spec, {**known, **(sizes or {})})


def spec_to_json(spec: ElementSpec) -> dict[str, Any]:
    """Return an element specification as a JSON mapping."""
    return {name: array_spec.to_json() for name, array_spec in spec.items()}


def spec_from_json(mapping: Mapping[str, Any]) -> dict[str, ArraySpec]:
    """Rebuild an element specification from `spec_to_json`."""
    return {name: ArraySpec.from_json(value) for name, value in mapping.items()}


def stack_elements(elements: Iterable[Mapping[str, np.ndarray]]) -> Element:
    """Stack elements along a new first axis; an error names the key and the shapes or dtypes that differ."""
    elements = list(elements)
    batch: Element = {}
    for key in elements[0]:
        try:
            arrays = [element[key] for element in elements]
        except KeyError:
            raise DataError(f"cannot batch: some elements have no {key!r}.") from None
        kinds = sorted({f"{np.asarray(array).dtype}{np.shape(array)}" for array in arrays})
        if len(kinds) > 1:
            raise DataError(f"cannot batch {key!r}: its arrays differ between elements: {', '.join(kinds)}.")
        batch[key] = np.stack(arrays)
    if any(len(element) != len(batch) for element in elements):
        raise DataError("cannot batch: the elements do not all have the same keys.")
    return batch
