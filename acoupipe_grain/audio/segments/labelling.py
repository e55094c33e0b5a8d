"""Labels of segments from labels of parts of their recording."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64

from acoupipe_grain import arguments
from acoupipe_grain.audio.segments.labels import UNKNOWN, LabelledChunk


def label_segments(
    starts: Int64[np.ndarray, " segment"],
    num_samples: int,
    sample_rate: int,
    chunks: Sequence[LabelledChunk],
    min_coverage: float = 0.5,
) -> Int32[np.ndarray, " segment"]:
    """Return the ids of the labels of segments of one recording.

    A segment has the label that chunks cover most of it with, chunks of the same label added up, those that overlap
    too; of labels that cover as much, the one whose chunk comes first in `chunks`, of those that overlap the segment.
    It must cover the part `min_coverage` of the segment or more, else the segment's label is unknown. All of that is
    exact: `min_coverage` means the decimal number as it is written.

    Parameters
    ----------
    starts
        First samples of the segments, in any order.
    num_samples
        Length of a segment, at least 1.
    sample_rate
        Of the samples, Hz, at least 1.
    chunks
        Labelled parts of the recording, in the order of their file.
    min_coverage
        Above 0, at most 1.

    Raises
    ------
    ArgumentError
        If a number has the wrong type or range.
    """
    arguments.integer("num_samples", num_samples, minimum=1)
    arguments.integer("sample_rate", sample_rate, minimum=1)
    coverage = Fraction(repr(arguments.number("min_coverage", min_coverage, above=0, maximum=1)))
    labels = np.full(len(starts), UNKNOWN, dtype=np.int32)
    if not len(starts):
        return labels
    order = np.argsort(starts, kind="stable")
    # Everything below is counted from the first start, in ticks: so small a part of a sample that times are whole.
    samples = np.asarray(starts, dtype=np.int64)[order] - starts[order[0]]
    end = int(samples[-1]) + num_samples
    spans, ticks = _spans(chunks, sample_rate, int(starts[order[0]]), end)
    largest = max(end, num_samples * len(spans)) * ticks
    begins = samples.astype(np.int64 if largest < 2**62 else object) * ticks
    ids, covered = _most_covered(begins, num_samples * ticks, spans)
    labels[order] = np.where(covered >= math.ceil(coverage * num_samples * ticks), ids, UNKNOWN)
    return labels


class _Span(NamedTuple):
    """A labelled part of a recording: its place among the chunks, its label's id, its limits in ticks."""

    place: int
    id: int
    start: int
    end: int


def _spans(chunks: Sequence[LabelledChunk], sample_rate: int, first: int, num_samples: int) -> tuple[list[_Span], int]:
    """Return what of the chunks lies within so many samples from the first one on, and the ticks of a sample."""
    within = []
    for place, chunk in enumerate(chunks):
        start, end = chunk.start * sample_rate - first, chunk.end * sample_rate - first
        if start < num_samples and end > 0:
            within.append((place, chunk.id, max(start, Fraction(0)), min(end, Fraction(num_samples))))
    ticks = math.lcm(*(limit.denominator for _, _, *limits in within for limit in limits))
    return [_Span(place, id_, int(start * ticks), int(end * ticks)) for place, id_, start, end in within], ticks


def _most_covered(begins: np.ndarray, length: int, spans: Sequence[_Span]) -> tuple[np.ndarray, np.ndarray]:
    """Return the label that covers most of each segment, and how much of it; begins are sorted, all is in ticks."""
    ids = np.full(len(begins), UNKNOWN, dtype=np.int32)
    most, first_places = np.zeros_like(begins), np.zeros(len(begins), dtype=np.int64)
    by_id: dict[int, list[_Span]] = {}
    for span in spans:
        by_id.setdefault(span.id, []).append(span)
    for id_, own in by_id.items():
        part, covered, places = _covered_by(begins, length, own)
        better = (covered > most[part]) | ((covered == most[part]) & (covered > 0) & (places < first_places[part]))
        for array, values in ((ids, id_), (most, covered), (first_places, places)):
            array[part] = np.where(better, values, array[part])
    return ids, most


def _covered_by(begins: np.ndarray, length: int, spans: Sequence[_Span]) -> tuple[slice, np.ndarray, np.ndarray]:
    """Return which segments spans may overlap, how much of each they cover, and the place of the first that does."""
    after = np.array([span.start - length for span in spans], dtype=begins.dtype)
    before = np.array([span.end for span in spans], dtype=begins.dtype)
    firsts, stops = np.searchsorted(begins, after, "right"), np.searchsorted(begins, before, "left")
    offset = int(firsts.min())
    part = slice(offset, int(stops.max()))
    covered = np.zeros_like(begins[part])
    places = np.zeros(len(covered), dtype=np.int64)
    for span, first, stop in zip(spans, firsts - offset, stops - offset, strict=True):
        own = begins[part][first:stop]
        places[first:stop] = np.where(covered[first:stop] > 0, places[first:stop], span.place)
        covered[first:stop] += np.minimum(own + length, span.end) - np.maximum(own, span.start)
    return part, covered, places
