"""From what users write to a signal: its kind and arguments, a data source of audio, a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from acoupipe_grain.array.signals.colored_noise import ColoredNoise
from acoupipe_grain.array.signals.configured import Configured
from acoupipe_grain.array.signals.correlated_noise import CorrelatedNoise
from acoupipe_grain.array.signals.excerpt_function import ExcerptFunction
from acoupipe_grain.array.signals.recordings import AUDIO, Recordings
from acoupipe_grain.array.signals.signal import Signal
from acoupipe_grain.array.signals.sweeps import Sweeps
from acoupipe_grain.array.signals.tones import Tones
from acoupipe_grain.errors import ArgumentError, unknown_name

WHITE_NOISE = "white_noise"
KINDS: Mapping[str, type[Configured]] = {
    cls.kind: cls for cls in cast(Sequence[type[Configured]], (ColoredNoise, Tones, Sweeps, CorrelatedNoise))
}
"""Classes of signals by their names in configurations."""


def as_signal(value: Any) -> Signal | None:
    """Return what sources radiate; None for white noise.

    Parameters
    ----------
    value
        None or "white_noise"; the name of a kind that needs no arguments; a mapping of ``kind`` and arguments; a
        `Signal`; a data source whose elements hold ``audio``; a function ``fn(rng, num_samples)``, or an object with a
        method ``excerpt(index, source, num_samples)``.

    Raises
    ------
    ArgumentError
        If it is something else, or an argument of it is wrong.
    """
    if value is None or isinstance(value, Signal):
        return value
    if isinstance(value, str):
        value = {"kind": value}
    try:
        if isinstance(value, Mapping):
            return _by_kind({str(name): item for name, item in value.items()})
        if hasattr(value, "element_spec") and AUDIO in value.element_spec:
            return Recordings(value)
        if callable(value) or hasattr(value, "excerpt"):
            return ExcerptFunction(value)
    except ArgumentError as error:
        raise ArgumentError(f"signals: {error}") from None
    shown = type(value).__name__ if hasattr(value, "element_spec") else repr(value)
    raise ArgumentError(
        f"signals={shown}: expected the name or mapping of a kind ({', '.join((WHITE_NOISE, *sorted(KINDS)))}), a "
        "signal such as ColoredNoise(exponent=1.0), a data source whose elements hold 'audio', a function "
        "fn(rng, num_samples), or an object with a method excerpt(index, source, num_samples)."
    )


def _by_kind(given: dict[str, Any]) -> Signal | None:
    if "kind" not in given:
        if "class" in given:
            raise ArgumentError(f"class={given['class']!r}: the configuration of a source; give the source itself.")
        if {"function", "key"} & set(given):
            raise ArgumentError("given by a function of yours, which is not looked up by name; build it in Python.")
        raise ArgumentError("a mapping needs the kind of the signals, such as {kind: colored_noise, exponent: 1.0}.")
    kind = given.pop("kind")
    if kind == WHITE_NOISE:
        if given:
            raise ArgumentError(f"kind={kind!r}: takes no arguments; got {', '.join(given)}.")
        return None
    if not isinstance(kind, str) or kind not in KINDS:
        raise unknown_name("kind", kind, (WHITE_NOISE, *KINDS))
    return cast(Signal, KINDS[kind].from_mapping(given))
