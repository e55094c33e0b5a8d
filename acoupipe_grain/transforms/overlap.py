"""Long arrays in pieces that overlap, and pieces put together again, one fading into the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Inexact

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError

Spans: TypeAlias = Sequence[tuple[int, int]]
"""Where pieces begin and end, the end excluded."""


def overlapping_spans(length: int, max_length: int, overlap: int) -> list[tuple[int, int]]:
    """Return the spans of pieces that cover a length.

    All but the last are `max_length` long. The last one is as long as is needed, longer than `overlap`: nothing is
    a piece that the one before it has in full.

    Parameters
    ----------
    length
        What is covered, at least 1: frames or samples.
    max_length
        Of a piece, at least 1.
    overlap
        Part of a piece that the next one has, too, 0 ... `max_length` / 2: never more than two overlap.

    Returns
    -------
    (start, stop) of each; 100 in pieces of 40 that overlap by 5: (0, 40), (35, 75), (70, 100)

    Raises
    ------
    ArgumentError
        If a value has the wrong type or range.
    """
    length = arguments.integer("length", length, minimum=1)
    max_length = arguments.integer("max_length", max_length, minimum=1)
    if arguments.integer("overlap", overlap, minimum=0) > max_length // 2:
        raise ArgumentError(
            f"overlap={overlap!r}: must be at most half of max_length={max_length}, {max_length // 2}; use longer "
            "pieces."
        )
    starts = range(0, max(length - overlap, 1), max_length - overlap)
    return [(start, min(start + max_length, length)) for start in starts]


def scaled_spans(spans: Spans, factor: int) -> list[tuple[int, int]]:
    """Return the same spans at a rate that is a multiple, such as those of samples for spans of frames.

    Raises
    ------
    ArgumentError
        If `factor` is no positive integer.
    """
    factor = arguments.integer("factor", factor, minimum=1)
    return [(start * factor, stop * factor) for start, stop in spans]


def cross_faded(pieces: Sequence[Any], spans: Spans) -> Inexact[np.ndarray, "time ..."]:
    """Return pieces put together, the end of each fading linearly into the beginning of the next.

    Where n samples overlap, the next piece has the weights 1/(n + 1) ... n/(n + 1), and the one before what is missing
    to 1, exactly: where both are the same, so is the result, bit by bit.

    Parameters
    ----------
    pieces
        Arrays of finite floating-point or complex numbers, (time, ...), of the lengths of the spans, otherwise of one
        shape and dtype.
    spans
        Where they begin and end, as `overlapping_spans` has them, at the rate of the pieces: see `scaled_spans`.

    Returns
    -------
    Array of shape (time, ...) from 0 to the end of the last span, of the dtype of the pieces

    Raises
    ------
    ArgumentError
        If spans leave gaps, or three of them overlap, or a piece does not fit its span or the first piece.
    """
    arrays = _checked(pieces, spans)
    whole = np.empty((spans[-1][1], *arrays[0].shape[1:]), dtype=arrays[0].dtype)
    covered = 0
    for array, (start, stop) in zip(arrays, spans, strict=True):
        num_faded = covered - start
        weights = np.arange(1, num_faded + 1) / (num_faded + 1)
        by_time = weights.astype(array.real.dtype).reshape(-1, *(1,) * (array.ndim - 1))
        before = whole[start:covered]
        # a (1 - w) + b w in a form that returns a where a is b.
        before += (array[:num_faded] - before) * by_time
        whole[covered:stop] = array[num_faded:]
        covered = stop
    return whole


def _checked(pieces: Sequence[Any], spans: Spans) -> list[np.ndarray]:
    """Return the pieces as arrays."""
    if not len(spans) or len(pieces) != len(spans):
        raise ArgumentError(
            f"pieces: there are {len(pieces)}, for {len(spans)} spans; expected one for each, at least one."
        )
    _require_neighbours(spans)
    arrays = [np.asarray(piece) for piece in pieces]
    first = arrays[0]
    if first.dtype.kind not in "fc":
        raise ArgumentError(
            f"pieces[0]: has dtype {first.dtype}; expected NumPy's floating-point or complex numbers, others do not "
            "fade."
        )
    for number, (array, (start, stop)) in enumerate(zip(arrays, spans, strict=True)):
        expected = (stop - start, *first.shape[1:])
        if array.shape != expected:
            raise ArgumentError(
                f"pieces[{number}]: has the shape {array.shape}, expected {expected} for its span ({start}, {stop}); "
                "give spans at the rate of the pieces, see `scaled_spans`."
            )
        if array.dtype != first.dtype:
            raise ArgumentError(f"pieces[{number}]: has dtype {array.dtype}, pieces[0] {first.dtype}; convert it.")
    return arrays


def _require_neighbours(spans: Spans) -> None:
    """Raise `ArgumentError` unless every span begins in the one before, after the one before that, and ends later."""
    earlier = [(0, 0), (0, 0), *spans]
    for number, (start, stop) in enumerate(spans):
        (_, end_before_last), (_, end_of_last) = earlier[number : number + 2]
        if not end_before_last <= start <= end_of_last < stop:
            raise ArgumentError(
                f"spans[{number}]={(start, stop)!r}: must begin between {end_before_last} and {end_of_last} and end "
                "after it; `overlapping_spans` makes such spans."
            )
