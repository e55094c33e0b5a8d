"""Classifiers of segments."""

import dataclasses
import json

import numpy as np
import pytest
from small_networks import applied, assert_no_parameter_is_dead, built, filled, output_shapes, random_batch, spec

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import SegmentCNN

SEGMENT = spec(8, 6, 2)


@pytest.mark.parametrize("segment", [(64, 50, 1), (8, 9, 3)])
def test_a_segment_gets_a_number_for_each_class(segment):
    assert output_shapes(SegmentCNN(num_filters=2), spec(*segment), spec(5)) == (2, 5)


@pytest.mark.parametrize("batch_norm", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_gradients_reach_every_parameter_of_classifiers(batch_norm):
    options = SegmentCNN(num_filters=4, num_blocks=2, batch_norm=batch_norm, activation="lrelu")
    assert_no_parameter_is_dead(filled(options, SEGMENT, spec(3)), random_batch(SEGMENT))


def test_levels_of_bands_do_not_matter_in_training():
    network = filled(SegmentCNN(num_filters=2, num_blocks=1, dropout_rate=0.0), SEGMENT, spec(3))
    batch = random_batch(SEGMENT)
    shifted = 20 * batch - np.linspace(40, 80, 8, dtype=np.float32)[:, None, None]
    np.testing.assert_allclose(applied(network, batch), applied(network, shifted), atol=1e-3)


def test_classifiers_drop_values_when_training_only():
    network = filled(SegmentCNN(num_filters=4, num_blocks=1, dropout_rate=0.5), SEGMENT, spec(3))
    batch = random_batch(SEGMENT)
    assert not np.allclose(*(applied(network, batch) for _ in range(2)))
    network.eval()
    np.testing.assert_array_equal(*(applied(network, batch) for _ in range(2)))


def test_classifier_options_are_json_values():
    options = SegmentCNN(dropout_rate=0.5)
    assert SegmentCNN(**json.loads(json.dumps(dataclasses.asdict(options)))) == options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_blocks": 0}, "num_blocks=0"),
        ({"num_filters": 0}, "num_filters=0"),
        ({"batch_norm": None}, "batch_norm=None"),
        ({"activation": "tanh"}, "unknown activation 'tanh'"),
    ],
)
def test_bad_classifier_options_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        SegmentCNN(**options)


def test_segments_too_short_for_the_blocks_are_refused():
    with pytest.raises(
        ArgumentError, match="num_blocks=3: nothing would be left of 8 bands and 6 frames; give at most 2"
    ):
        built(SegmentCNN(), SEGMENT, spec(3))
