import numpy as np
import pytest

from acoupipe_grain.audio.segments.grid import SegmentGrid
from acoupipe_grain.errors import ArgumentError


def count(seconds, duration, overlap, rate=16_000):
    return SegmentGrid.from_seconds(duration, overlap, rate).count(round(seconds * rate))


def test_known_numbers_of_segments():
    assert count(12.5, 0.4, 0.3) == 44
    assert count(12.5, 0.4, 0.9) == 303
    assert count(2.0, 3.0, 0.0) == 1
    assert count(20.0, 0.2, 0.5) == 199


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize(("duration", "overlap"), [(0.2, 0.5), (0.4, 0.3), (0.1, 0.9), (0.25, 1 / 3), (0.0999, 0.123)])
def test_segments_lie_within_the_recording_and_none_is_left_out(rate, duration, overlap):
    grid = SegmentGrid.from_seconds(duration, overlap, rate)
    for num_samples in (grid.num_samples, grid.num_samples + 1, 3 * rate, 3 * rate + 17):
        number = grid.count(num_samples)
        starts = grid.starts(number + 1)
        assert starts[0] == 0
        assert starts[number - 1] + grid.num_samples <= num_samples < starts[number] + grid.num_samples
        assert set(np.diff(starts)) <= {int(grid.hop), int(grid.hop) + 1}


def test_a_segment_that_ends_with_the_recording_is_one():
    grid = SegmentGrid.from_seconds(0.5, 0.5, 1000)
    assert [grid.count(number) for number in (499, 500, 749, 750, 751, 1000)] == [1, 1, 1, 2, 2, 3]


def test_decimals_are_meant_as_they_are_written():
    """In floats 0.1 · (1 − 0.9) · 1000 is 9.999999999999998: the last beginnings would be a sample early."""
    grid = SegmentGrid.from_seconds(0.1, 0.9, 1000)
    assert grid.hop == 10
    assert grid.starts(1001)[-1] == 10_000


def test_beginnings_between_samples_are_rounded_down():
    grid = SegmentGrid.from_seconds(0.5, 0.5, 11_025)
    assert grid.starts(4).tolist() == [0, 2756, 5512, 8268]
    assert grid.num_samples == 5512  # 5512.5, to even


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.5, 8000), "duration=0: expected a finite number in s, greater than 0"),
        ((1e-5, 0.0, 8000), "duration=1e-05: is shorter than a sample at 8000 Hz; expected at least 0.000125 s"),
        ((0.5, 1, 8000), "overlap=1: expected a finite number, at least 0, less than 1"),
        ((0.5, 1.5, 8000), "overlap=1.5: expected"),
        ((0.5, -0.1, 8000), "overlap=-0.1: expected"),
        ((0.5, "0.5", 8000), "overlap='0.5'"),
        (
            (0.001, 0.9, 8000),
            "overlap=0.9: segments of 8 samples would begin 0.8 samples apart; .* most 0.875",
        ),
    ],
)
def test_bad_grids_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        SegmentGrid.from_seconds(*arguments)
