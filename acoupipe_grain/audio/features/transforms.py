"""Standardisation and principal components, fitted elsewhere, applied to features."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from jaxtyping import Float64

from acoupipe_grain.errors import ArgumentError

MAX_SHOWN = 5


class _Arrays:
    """Dataclasses of arrays: compared by content, read-only wherever they are, pickled as what they are made from."""

    def _values(self) -> dict[str, np.ndarray]:
        return {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]

    def to_json(self) -> dict[str, Any]:
        """Return the arrays as lists of numbers."""
        return {name: array.tolist() for name, array in self._values().items()}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        mine, others = self._values(), other._values()
        return all(np.array_equal(mine[name], others[name]) for name in mine)

    def __hash__(self) -> int:
        return hash(self._digest())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(self._values().values())

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in self._values().items())
        return f"{type(self).__name__}({shapes}, {self._digest()[:16]})"

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for array in self._values().values():
            digest.update(repr(array.shape).encode() + array.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False, repr=False)
class Standardization(_Arrays):
    """Numbers minus their mean, over their scale; compared by content.

    Parameters
    ----------
    mean
        Shape (size,), scikit-learn's ``StandardScaler.mean_``; one number for features that have a frame axis only.
    scale
        Shape (size,), above 0, ``StandardScaler.scale_``.

    Raises
    ------
    ArgumentError
        If an array has another shape, or a number is not finite, or a scale not above 0.
    """

    mean: Float64[np.ndarray, " size"]
    scale: Float64[np.ndarray, " size"]

    def __post_init__(self) -> None:
        mean, scale = _checked("mean", self.mean, 1), _checked("scale", self.scale, 1)
        if mean.shape != scale.shape:
            raise ArgumentError(f"scale: has the shape {scale.shape}, and mean {mean.shape}; expected the same.")
        if (wrong := np.flatnonzero(scale <= 0)).size:
            raise ArgumentError(
                f"scale: entries {_listed(wrong)} are {_listed(scale[wrong])}; expected standard deviations above 0, "
                "and 1 of numbers that are always the same."
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "scale", scale)


@dataclass(frozen=True, eq=False, repr=False)
class PrincipalComponents(_Arrays):
    """Coordinates along principal components, (x - mean) @ components.T; compared by content.

    They are not whitened, also of a scikit-learn ``PCA(whiten=True)``; the standardisation that follows does that with
    ``mean=zeros``, ``scale=sqrt(pca.explained_variance_)``.

    Parameters
    ----------
    mean
        Shape (size,), scikit-learn's ``PCA.mean_``.
    components
        Shape (component, size), ``PCA.components_``.

    Raises
    ------
    ArgumentError
        If an array has another shape, or a number is not finite.
    """

    mean: Float64[np.ndarray, " size"]
    components: Float64[np.ndarray, "component size"]

    def __post_init__(self) -> None:
        mean, components = _checked("mean", self.mean, 1), _checked("components", self.components, 2)
        if components.shape[1:] != mean.shape:
            raise ArgumentError(
                f"components: has the shape {components.shape}, and mean {mean.shape}; expected a row of "
                f"{mean.size} numbers for every component."
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "components", components)


def _checked(name: str, value: Any, num_axes: int) -> Float64[np.ndarray, "..."]:
    """Return a read-only copy of an array of finite numbers."""
    try:
        array = np.array(value)
    except ValueError as error:
        raise ArgumentError(f"{name}: is no array of numbers ({error}).") from None
    if array.dtype.kind not in "iuf":
        raise ArgumentError(f"{name}={value!r:.80}: expected an array of real numbers.")
    array = np.array(array, dtype=np.float64, order="C", ndmin=1) + 0.0  # minus zero is zero
    if array.ndim != num_axes or not array.size:
        expected = "(size,)" if num_axes == 1 else "(component, size)"
        raise ArgumentError(f"{name}: has the shape {array.shape}; expected {expected}.")
    if not np.isfinite(array).all():
        places = np.argwhere(~np.isfinite(array))
        raise ArgumentError(
            f"{name}: entries {_listed(places.squeeze(-1) if num_axes == 1 else places)} are not finite."
        )
    array.flags.writeable = False
    return array


def _listed(values: Sequence[Any] | np.ndarray) -> str:
    shown = ", ".join(str(value) for value in np.asarray(values)[:MAX_SHOWN].tolist())
    return f"{shown}, ..." if len(values) > MAX_SHOWN else shown
