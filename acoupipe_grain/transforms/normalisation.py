"""Arrays brought to the mean 0 and the standard deviation 1 by the statistics of a data set, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import mask_key
from acoupipe_grain.statistics.statistics import Statistics


class _Scaling(ABC):
    """Scales the arrays of a batch that it has statistics of; a JAX pytree whose leaves are means and deviations."""

    def __init__(self, statistics: Statistics) -> None:
        if not isinstance(statistics, Statistics):
            raise ArgumentError(f"statistics={statistics!r}: expected Statistics, such as compute_statistics returns.")
        arrays = statistics.arrays.items()
        self._axes = tuple((name, array.axes) for name, array in arrays)
        self._scales = {
            name: tuple(number.astype(np.float32).reshape(array.broadcast_shape) for number in (array.mean, array.std))
            for name, array in arrays
        }

    def tree_flatten(self) -> tuple[Any, Any]:
        return (self._scales,), self._axes

    @classmethod
    def tree_unflatten(cls, axes: Any, leaves: Any) -> Any:
        scaling = object.__new__(cls)
        scaling._axes, (scaling._scales,) = axes, leaves
        return scaling

    def __call__(self, batch: Any) -> dict[str, Any]:
        """Return the batch with scaled arrays, float32, and all others as they are."""
        if not isinstance(batch, Mapping):
            names = ", ".join(f"{name!r}: ..." for name, _ in self._axes)
            raise ArgumentError(f"batch: is a {type(batch).__name__}; expected a mapping of arrays, {{{names}}}.")
        arrays = {name: batch[name] for name, _ in self._axes if name in batch}
        for name, array in arrays.items():
            if np.dtype(getattr(array, "dtype", float)).kind == "c":
                raise ArgumentError(f"batch: {name!r} is complex; expected real numbers.")
        if not arrays:
            raise ArgumentError(
                f"batch: has the arrays {', '.join(batch)}, and there are statistics of "
                f"{', '.join(name for name, _ in self._axes)}; name them alike."
            )
        masks = {name: _padding_masks(name, axes, batch) for name, axes in self._axes if name in arrays}
        for name, axes in self._axes:
            if name in arrays:
                self._check(name, axes, np.shape(arrays[name]))
        involved = jax.tree_util.tree_leaves((arrays, masks, self._scales))
        of_jax = any(isinstance(array, jax.Array) for array in involved)
        scaled = _scaled_by_jax(self, arrays, masks) if of_jax else self.scaled(arrays, masks, np)
        return {**batch, **scaled}

    def scaled(self, arrays: Mapping[str, Any], masks: Mapping[str, list[Any]], numpy: Any) -> dict[str, Any]:
        """Return scaled arrays, computed by NumPy or `jax.numpy`; 0 where a mask says that there is padding."""
        result = {}
        for name, array in arrays.items():
            mean, std = self._scales[name]
            scaled = self._scale(numpy.asarray(array, numpy.float32), mean, std)
            for mask in masks[name]:
                scaled = numpy.where(mask, scaled, numpy.float32(0))
            result[name] = scaled
        return result

    @abstractmethod
    def _scale(self, array: Any, mean: Any, std: Any) -> Any:
        """Return an array scaled, by NumPy or JAX."""

    def _check(self, name: str, axes: tuple[str, ...], shape: tuple[int, ...]) -> None:
        expected = np.shape(self._scales[name][0])
        found = shape[len(shape) - len(axes) :]
        if len(shape) < len(axes) or any(size not in (1, of) for size, of in zip(expected, found, strict=True)):
            sizes = dict(zip(axes, expected, strict=True))
            separate = {axis: size for axis, size in sizes.items() if size != 1}
            raise ArgumentError(
                f"batch: {name!r} has the shape {shape}; the statistics are of the axes {axes}"
                + (f", with {separate}." if separate else ".")
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(name for name, _ in self._axes)})"


@jax.tree_util.register_pytree_node_class
class Normalisation(_Scaling):
    """(x − mean) / standard deviation of a batch's arrays: batch → batch, picklable.

    It is a transform of `make_loader`, and a JAX pytree: give it to a jitted training step as an argument, and no
    numbers become constants of the program. Arrays may be NumPy's or JAX's, with any batch axes; the results are of
    the same kind, float32. Arrays without statistics are untouched, and arrays that the batch lacks are not asked for.

    Of a padded axis only what is there is scaled: where the batch has ``<axis>_mask`` (batch, <axis>), entries where it
    is false become 0.

    Parameters
    ----------
    statistics
        Means and standard deviations, by name of the array.

    Raises
    ------
    ArgumentError
        If it is something else; called, if a batch has none of the arrays, or one of another shape.
    """

    def _scale(self, array: Any, mean: Any, std: Any) -> Any:
        scaled = array - mean
        scaled /= std
        return scaled


@jax.tree_util.register_pytree_node_class
class Denormalisation(_Scaling):
    """x · standard deviation + mean of a batch's arrays, which undoes `Normalisation`, padding included.

    Parameters
    ----------
    statistics
        Means and standard deviations, by name of the array.

    Raises
    ------
    ArgumentError
        If it is something else; called, if a batch has none of the arrays, or one of another shape.
    """

    def _scale(self, array: Any, mean: Any, std: Any) -> Any:
        scaled = array * std
        scaled += mean
        return scaled


def normalise(batch: Mapping[str, Any], statistics: Statistics) -> dict[str, Any]:
    """Return a batch with arrays of mean 0 and standard deviation 1, see `Normalisation`."""
    return Normalisation(statistics)(batch)


def denormalise(batch: Mapping[str, Any], statistics: Statistics) -> dict[str, Any]:
    """Return a batch in its own units, see `Denormalisation`."""
    return Denormalisation(statistics)(batch)


_scaled_by_jax = jax.jit(lambda scaling, arrays, masks: scaling.scaled(arrays, masks, jnp))


def _padding_masks(name: str, axes: tuple[str, ...], batch: Mapping[str, Any]) -> list[Any]:
    """Return the masks of a batch's padded axes, bool, with all axes of an array."""
    num_batch_axes = np.ndim(batch[name]) - len(axes)
    masks = []
    for place, axis in enumerate(axes):
        mask = batch.get(mask_key(axis))
        if mask is None or np.ndim(mask) != num_batch_axes + 1:
            continue
        expected = (*np.shape(batch[name])[:num_batch_axes], np.shape(batch[name])[num_batch_axes + place])
        if np.shape(mask) != expected:
            raise ArgumentError(
                f"batch: {mask_key(axis)!r} has the shape {np.shape(mask)}, expected {expected} for {name!r} with "
                f"the axes {axes}."
            )
        after = len(axes) - 1 - place
        masks.append((mask != 0).reshape(*expected[:-1], *[1] * place, expected[-1], *[1] * after))
    return masks
