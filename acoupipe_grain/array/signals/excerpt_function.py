"""Waveforms from users' functions and objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float32

from acoupipe_grain.array.signals.configured import Configured
from acoupipe_grain.array.signals.signal import STREAM, Signal, SignalRecord
from acoupipe_grain.array.signals.unit_power import with_unit_power
from acoupipe_grain.callables import (
    as_numbers,
    callable_identity,
    callable_name,
    callable_text,
    checked_key,
    require_callable,
)
from acoupipe_grain.errors import ArgumentError


@dataclass(frozen=True, eq=False, repr=False)
class ExcerptFunction(Configured, Signal):
    """Waveforms that a function or an object of the user's gives, one call for each source of each record.

    They are scaled to unit power; otherwise they are left as they are. They repeat from their end on.

    Parameters
    ----------
    function
        A function ``fn(rng, num_samples)`` that returns the T samples of a waveform and takes all randomness from
        `rng`, a `numpy.random.Generator` of the record and source. Or an object with a method ``excerpt(index, source,
        num_samples)`` that returns the same for record `index`, source number `source`; called again, it must return
        the same again. Either must be picklable where worker processes are used.
    key
        What identifies the function or object in manifests and checkpoints; change it with it. None: a function's
        ``module:name``, an object's ``to_json()`` or ``configuration``.

    Raises
    ------
    ArgumentError
        If it cannot be called so, or has a key but identifies itself.
    """

    kind: ClassVar[str] = "function"
    has_power_spectrum = False

    function: Any
    key: str | None = None

    def __post_init__(self) -> None:
        checked_key(self.key)
        if not self._is_object:
            if isinstance(self.function, type):
                raise ArgumentError(f"{self.function.__qualname__}: is a class; give an object of it.")
            require_callable(self.function, 2, "a function fn(rng, num_samples)")
            return
        require_callable(self.function.excerpt, 3, "a method excerpt(index, source, num_samples)")
        if self.key is not None and self._identifies_itself:
            raise ArgumentError(f"key={self.key!r}: {self._name} identifies itself; leave the key out.")

    @property
    def _is_object(self) -> bool:
        return hasattr(self.function, "excerpt") and not isinstance(self.function, type)

    @property
    def _identifies_itself(self) -> bool:
        return any(hasattr(type(self.function), name) for name in ("to_json", "configuration"))

    @property
    def _name(self) -> str:
        return type(self.function).__qualname__ if self._is_object else callable_name(self.function)

    def check(self, num_samples: int, sample_rate: float, max_nsources: int) -> None:
        """Accept anything: what the function gives shows when it is called."""

    def waveforms(self, record: SignalRecord) -> Float32[np.ndarray, "source sample"]:
        """Return what the function gives for each source, scaled to unit power, shape (J, T)."""
        return np.stack([self._waveform(record, source) for source in range(record.num_sources)])

    def _waveform(self, record: SignalRecord, source: int) -> Float32[np.ndarray, " sample"]:
        place = f"signals: {self._name}: record {record.index}, source {source}"
        try:
            if self._is_object:
                given = self.function.excerpt(record.index, source, record.num_samples)
            else:
                rng = record.streams.generator(f"{STREAM}.excerpt.{source}", record.index)
                given = self.function(rng, record.num_samples)
        except Exception as error:
            error.add_note(f"While computing {place}.")
            raise
        samples = as_numbers(given)
        if samples.shape != (record.num_samples,) or samples.dtype.kind not in "iuf":
            raise ArgumentError(
                f"{place}: returned {samples.dtype} values of shape {samples.shape}; expected {record.num_samples} "
                "real numbers along one axis."
            )
        scaled = with_unit_power(samples)
        if scaled is None:
            raise ArgumentError(
                f"{place}: returned zeros only, or values that are not finite; expected a signal, which can be scaled "
                "to unit power."
            )
        return scaled

    def to_json(self) -> Any:
        """Return what identifies the function or object.

        Raises
        ------
        ArgumentError
            If nothing does.
        """
        if not self._is_object:
            return callable_identity(self.function, self.key)
        if self._identifies_itself:
            has_json = hasattr(type(self.function), "to_json")
            return {"object": self.function.to_json() if has_json else dict(self.function.configuration)}
        if self.key is None:
            raise ArgumentError(
                f"{self._name}: nothing identifies this object, so what it gives cannot be stored or cached. Give it "
                "a method to_json(), or a key='...' that you change with it."
            )
        return {"key": self.key}

    def __repr__(self) -> str:
        if not self._is_object:
            return f"ExcerptFunction({callable_text(self.function, self.key)})"
        has_text = type(self.function).__repr__ is not object.__repr__
        text = repr(self.function) if has_text else f"{type(self.function).__module__}:{self._name}"
        return f"ExcerptFunction({text}, key={self.key!r})"
