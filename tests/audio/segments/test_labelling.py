import random
from fractions import Fraction

import numpy as np
import pytest

from acoupipe_grain.audio.segments.labelling import label_segments
from acoupipe_grain.audio.segments.labels import GARBAGE, NO_ACTIVITY, UNKNOWN, LabelledChunk
from acoupipe_grain.errors import ArgumentError

RATE = 1000
A, B, C = 0, 1, 2


def chunks(*rows):
    """Return chunks of (start, end, id), times as text or whole numbers of seconds."""
    return [LabelledChunk(Fraction(start), Fraction(end), id_) for start, end, id_ in rows]


def label_of(start, end, labelled, min_coverage=0.5):
    """Return the label of a segment, limits in seconds."""
    samples = round(start * RATE), round(end * RATE)
    return int(label_segments(np.array(samples[:1]), samples[1] - samples[0], RATE, labelled, min_coverage)[0])


def expected_labels(starts, num_samples, sample_rate, labelled, min_coverage):
    """Return what the definition says, segment by segment, in fractions of a second."""
    labels = []
    for first in starts.tolist():
        start, end = Fraction(first, sample_rate), Fraction(first + num_samples, sample_rate)
        covered = {}
        for chunk in labelled:
            if chunk.start < end and chunk.end > start:
                overlap = min(end, chunk.end) - max(start, chunk.start)
                covered[chunk.id] = covered.get(chunk.id, 0) + overlap
        most = max(covered, key=covered.get, default=UNKNOWN)
        is_enough = covered.get(most, 0) >= Fraction(repr(min_coverage)) * (end - start)
        labels.append(most if is_enough else UNKNOWN)
    return labels


@pytest.mark.parametrize(("start", "end", "label"), [(0.2, 0.3, A), (0.6, 1.1, A), (1.7, 1.8, B), (2.5, 2.7, UNKNOWN)])
def test_two_chunks(start, end, label):
    assert label_of(start, end, chunks((0, 1, A), ("1.2", 2, B))) == label


@pytest.mark.parametrize(("start", "label"), [(0.4, A), (0.6, UNKNOWN)])
def test_half_a_segment_is_needed(start, label):
    """0.545 and 0.444 of the segments are covered."""
    assert label_of(start, 1.5, chunks((0, 1, A))) == label


@pytest.mark.parametrize("sample_rate", [7, 1000, 44_100])
@pytest.mark.parametrize(("coverage", "part"), [(0.5, "1/2"), (0.3, "3/10"), (0.1, "1/10"), (1.0, "1"), (0.7, "7/10")])
def test_the_limit_is_inclusive_and_exact(coverage, part, sample_rate):
    """A float that stands for 0.3 is a bit less than it, and 0.1 a bit more: decimals are meant."""
    length = Fraction(10 * sample_rate, sample_rate)
    for less, label in ((0, A), (Fraction(1, 10**15), UNKNOWN)):
        labelled = chunks((0, Fraction(part) * length - less, A))
        assert label_segments(np.array([0]), 10 * sample_rate, sample_rate, labelled, coverage).tolist() == [label]


def test_chunks_of_a_label_are_added_up():
    labelled = chunks((0, "0.3", A), ("0.3", "0.7", B), ("0.7", 1, A))
    assert label_of(0, 1, labelled) == A
    assert label_of(0, 1, labelled, min_coverage=0.61) == UNKNOWN


def test_chunks_that_overlap_count_each():
    assert label_of(0, 1, chunks((0, "0.5", B), (0, "0.3", A), (0, "0.3", A))) == A


def test_of_labels_that_cover_as_much_the_first_one_in_the_file_wins():
    halves = chunks((0, "0.5", B), ("0.5", 1, A))
    assert label_of(0, 1, halves) == B
    assert label_of(0, 1, halves[::-1]) == A
    assert label_of(0, 1, chunks(("0.5", 1, A), (0, "0.5", B))) == A


def test_only_chunks_that_overlap_the_segment_say_which_is_first():
    assert label_of(0, 1, chunks((5, 6, A), (0, "0.5", B), ("0.5", 1, A))) == B


def test_reserved_labels_are_labels():
    assert label_of(0, 1, chunks((0, "0.6", GARBAGE), ("0.4", 1, A))) == GARBAGE
    assert label_of(0, 1, chunks((0, "0.6", NO_ACTIVITY))) == NO_ACTIVITY
    assert label_of(0, 1, chunks((0, "0.6", UNKNOWN), ("0.5", 1, A))) == UNKNOWN


def test_without_chunks_nothing_is_known():
    labels = label_segments(np.arange(3), 10, RATE, [])
    assert labels.dtype == np.int32
    assert labels.tolist() == [UNKNOWN] * 3
    assert label_segments(np.arange(0), 10, RATE, chunks((0, 1, A))).shape == (0,)


def test_a_chunk_that_only_touches_a_segment_does_not_overlap_it():
    assert label_of(1, 2, chunks((0, 1, A), (2, 3, A)), min_coverage=1e-9) == UNKNOWN


def test_chunks_may_reach_far_beyond_the_recording():
    assert label_of(1, 2, chunks((0, Fraction(10) ** 300, A))) == A


def test_segments_may_come_in_any_order():
    starts = np.array([2000, 0, 1000, 0])
    assert label_segments(starts, 1000, RATE, chunks((0, 1, A), (2, 3, C))).tolist() == [C, A, UNKNOWN, A]


@pytest.mark.parametrize("denominator", [1, 3, 1000, 10**6, 10**18])
def test_labels_are_what_the_definition_says(denominator):
    """Random chunks and segments, with times that 64 bits hold and others, often with ties and exact limits."""
    random_ = random.Random(denominator)
    found = set()
    for _ in range(150):
        sample_rate, num_samples = random_.choice([1, 4, 1000]), random_.choice([1, 2, 10, 100])
        scale = random_.choice([1, 10**6])
        starts = np.array([random_.randrange(200) * scale for _ in range(20)])
        labelled = []
        for _ in range(random_.randrange(8)):
            first, length = random_.randrange(200), random_.randrange(1, 40)
            jitter = Fraction(random_.randrange(3), denominator)
            start = Fraction(first, sample_rate) + jitter
            labelled.append(LabelledChunk(start, start + Fraction(length, sample_rate), random_.choice([A, B, C, -1])))
        coverage = random_.choice([0.5, 0.3, 0.25, 1.0, 0.1])
        labels = label_segments(starts, num_samples, sample_rate, labelled, coverage).tolist()
        assert labels == expected_labels(starts, num_samples, sample_rate, labelled, coverage)
        found |= set(labels)
    assert found == {A, B, C, NO_ACTIVITY, UNKNOWN}


def test_many_segments_and_chunks():
    """100 000 segments over 1000 chunks of 20 labels: by NumPy, not one by one."""
    random_ = random.Random(1)
    labelled = []
    for _ in range(1000):
        start = Fraction(random_.randrange(10**9), 10**6)
        labelled.append(
            LabelledChunk(start, start + Fraction(random_.randrange(1, 10**7), 10**6), random_.randrange(20))
        )
    starts = np.arange(100_000) * 441
    labels = label_segments(starts, 44_100, 44_100, labelled)
    some = slice(None, None, 997)
    assert labels[some].tolist() == expected_labels(starts[some], 44_100, 44_100, labelled, 0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1000, [], 0.5), "^num_samples=0: must be at least 1"),
        ((10, 0, [], 0.5), "^sample_rate=0: must be at least 1"),
        ((10, 1000, [], 0), "^min_coverage=0: .*greater than 0, at most 1"),
        ((10, 1000, [], 1.5), "^min_coverage=1.5"),
        ((10, 1000, [], "0.5"), "^min_coverage='0.5'"),
    ],
)
def test_numbers_are_checked(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        label_segments(np.array([0]), *arguments)
