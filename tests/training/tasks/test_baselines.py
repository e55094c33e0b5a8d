"""Peaks of beamformer maps as sources: at one level, and at the best of several."""

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.baselines import best_level, peak_picking

LEVELS = [-1.0, -4.0, -12.0]


class Reading:
    """A source that counts how often each record is read."""

    def __init__(self, source, change=lambda element: element):
        self.source, self.change, self.reads = source, change, []
        self.element_spec, self.setup = source.element_spec, source.setup

    def __len__(self):
        return len(self.source)

    def __getitem__(self, index):
        self.reads.append(index)
        return self.change(dict(self.source[index]))


def without_sources(element):
    return element | {"source_mask": np.zeros_like(element["source_mask"])}


def silent(element):
    return without_sources(element) | {"sourcemap": np.zeros_like(element["sourcemap"])}


class TestBestLevel:
    def test_it_has_the_highest_f1_of_all(self, scenes):
        scores = [peak_picking(scenes[0], level=level, tolerance=0.1, frequency=1).f1.mean for level in LEVELS]
        assert len(set(scores)) == len(LEVELS)
        expected = LEVELS[int(np.argmax(scores))]
        assert best_level(scenes[0], levels=LEVELS, tolerance=0.1, frequency=1) == expected
        assert best_level(scenes[0], levels=LEVELS[::-1], tolerance=0.1, frequency=1) == expected

    def test_every_record_is_read_once(self, scenes):
        source = Reading(scenes[0])
        best_level(source, levels=LEVELS)
        assert source.reads == list(range(8))

    @pytest.mark.parametrize("change", [without_sources, silent])
    def test_records_without_sources_are_refused(self, scenes, change):
        with pytest.raises(ArgumentError, match=r"none of its 8 records has a source"):
            best_level(Reading(scenes[0], change), levels=LEVELS)

    def test_what_is_wrong_is_named(self, scenes):
        with pytest.raises(ArgumentError, match=r"levels=\[\]"):
            best_level(scenes[0], levels=[])
        with pytest.raises(ArgumentError, match=r"best_level: unknown array 'map'"):
            best_level(scenes[0], "map", levels=LEVELS)
        with pytest.raises(ArgumentError, match=r"level=1\.0"):
            best_level(scenes[0], levels=[-3.0, 1.0])


def test_peaks_are_sources_down_to_the_level(scenes):
    few, many = (peak_picking(scenes[0], level=level, tolerance=0.1, frequency=1) for level in (-1.0, -12.0))
    num_sources = int(scenes[1]["source_mask"].sum())
    for counts in (few, many):
        assert counts.true_positives + counts.false_negatives == num_sources
    assert few.false_positives < many.false_positives
    assert few.true_positives <= many.true_positives
