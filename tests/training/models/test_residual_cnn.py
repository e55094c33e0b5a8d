"""Residual networks on maps and matrices."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from flax import nnx
from small_networks import (
    applied,
    assert_no_parameter_is_dead,
    built,
    filled,
    output_shapes,
    random_batch,
    sources_spec,
    spec,
)

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.models import ResidualCNN
from acoupipe_grain.training.networks.residual_cnn import Stage

MAP, SOURCES = {"map": spec(6, 5, 2)}, sources_spec(3, 2, 2)
SMALL = {"num_filters": 4, "num_blocks": 1, "strides": (1, 2)}
WHOLE = {"width": 8}
"""Of networks that describe an item as a whole: all but those from map to map."""


@pytest.mark.parametrize(
    ("kinds", "outputs"),
    [
        ({"input_kind": "map", "output": "map"}, MAP),
        ({"input_kind": "csm", "output": "map"} | WHOLE, MAP),
        ({"output": "sources"} | WHOLE, SOURCES),
        ({"input_kind": "map", "output": "both"} | WHOLE, MAP | SOURCES),
        ({"input_kind": "csm", "output": "both"} | WHOLE, MAP | SOURCES),
    ],
)
@pytest.mark.parametrize("norm", ["group", "batch"])
def test_outputs_have_the_shapes_that_are_asked_for(kinds, outputs, norm):
    options = ResidualCNN(norm=norm, **kinds, **SMALL)
    shapes = output_shapes(options, spec(9, 9, 2), outputs)
    assert shapes == {name: (2, *item.shape) for name, item in outputs.items()}


@pytest.mark.parametrize(
    ("strides", "num_blocks", "filters"), [((1, 2, 2), 2, [4, 8, 16]), ((1, 1), 3, [4, 4]), ((3,), 1, [8])]
)
def test_stages_have_the_blocks_strides_and_filters_of_the_options(strides, num_blocks, filters):
    options = ResidualCNN(num_filters=4, strides=strides, num_blocks=num_blocks)
    network = nnx.eval_shape(lambda: built(options, spec(8, 8, 1), {"map": spec(8, 8, 1)}))
    stages = [module for _, module in nnx.iter_modules(network) if isinstance(module, Stage)]
    assert [len(stage.blocks) for stage in stages] == [num_blocks] * len(strides)
    assert [stage.blocks[-1].second.out_features for stage in stages] == filters
    assert [stage.blocks[0].first.strides for stage in stages] == [(stride, stride) for stride in strides]


@pytest.mark.parametrize(
    "options",
    [
        {"input_kind": "csm", "output": "both", "strides": (1, 2)} | WHOLE,
        pytest.param({"input_kind": "csm", "output": "map"} | WHOLE, marks=pytest.mark.slow),
        pytest.param({"input_kind": "map", "output": "map"}, marks=pytest.mark.slow),
        pytest.param({"input_kind": "map", "output": "sources"} | WHOLE, marks=pytest.mark.slow),
        pytest.param({"input_kind": "map", "output": "both", "norm": "batch"} | WHOLE, marks=pytest.mark.slow),
        pytest.param(
            {"output": "both", "dropout_rate": 0.2, "initializer": "orthogonal"} | WHOLE, marks=pytest.mark.slow
        ),
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_gradients_reach_every_parameter_of_residual_networks(options):
    outputs = {"map": MAP, "sources": SOURCES, "both": MAP | SOURCES}[options["output"]]
    options = {**SMALL, "activation": "lrelu", **options}
    network = filled(ResidualCNN(**options), spec(8, 8, 2), outputs)
    assert_no_parameter_is_dead(network, random_batch(spec(8, 8, 2)))


def test_items_do_not_depend_on_their_batch_and_strengths_are_positive():
    network = filled(ResidualCNN(output="sources", **WHOLE, **SMALL), spec(8, 8, 2), SOURCES)
    batch = random_batch(spec(8, 8, 2), batch_size=6)
    together, alone = applied(network, batch), applied(network, batch[2:3])
    for name in SOURCES:
        np.testing.assert_allclose(together[name][2:3], alone[name], atol=1e-5)
    assert np.all(np.asarray(together["strengths"]) > 0)
    assert np.asarray(together["presence"]).std() > 0


def test_training_with_dropout_differs_and_evaluation_does_not():
    network = filled(ResidualCNN(output="sources", dropout_rate=0.5, **WHOLE, **SMALL), spec(8, 8, 2), SOURCES)
    batch = random_batch(spec(8, 8, 2))
    assert not np.allclose(*(applied(network, batch)["positions"] for _ in range(2)))
    network.eval()
    jax.tree.map(np.testing.assert_array_equal, *(applied(network, batch) for _ in range(2)))


def test_residual_options_are_json_values():
    options = ResidualCNN(strides=[2, 2], output="both")
    assert ResidualCNN(**json.loads(json.dumps(dataclasses.asdict(options)))) == options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_kind": "maps"}, "unknown input_kind 'maps'; did you mean 'map'"),
        ({"output": "source"}, "unknown output 'source'; did you mean 'sources'"),
        ({"strides": ()}, r"strides=\(\): expected a list with one stride for each stage"),
        ({"strides": 2}, "strides=2: expected a list"),
        ({"strides": (1, 5)}, "strides=5: must be at least 1 and at most 4"),
        ({"norm": "layer"}, "unknown norm 'layer'"),
        ({"num_blocks": 0}, "num_blocks=0"),
        ({"width": 0}, "width=0"),
        ({"dropout_rate": -0.1}, "dropout_rate=-0.1"),
        ({"width": 64}, "width=64: would have no effect, a map comes from the pixels of a map; .* or leave it out"),
        (
            {"input_kind": "csm", "output": "sources"},
            "input_kind='csm': would have no effect, output='sources' comes from all pixels together",
        ),
    ],
)
def test_bad_residual_options_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        ResidualCNN(**options)


@pytest.mark.parametrize(
    ("options", "inputs", "outputs", "message"),
    [
        ({}, spec(8, 8, 1), SOURCES, r"outputs=\['positions', 'presence', 'strengths'\]: output='map' gives map; ask"),
        ({"output": "both"}, spec(8, 8, 1), MAP, "output='both' gives map, positions, strengths, presence"),
        ({}, spec(8, 8, 1), spec(8, 8, 1), "output='map' gives map"),
        ({}, spec(8, 8), MAP, r"inputs=\(8, 8\): unsuitable shape; expected \(x, y, frequency\)"),
        ({"input_kind": "csm"}, spec(8, 7, 1), MAP, r"inputs=\(8, 7, 1\): no square matrices"),
        ({"output": "sources"}, spec(8, 8, 1), sources_spec(3, 4, 1), "expected 2 or 3 coordinates"),
        (
            {"output": "sources"},
            spec(8, 8, 1),
            SOURCES | {"presence": spec(4)},
            r"outputs\['presence'\]=\(4,\): positions are of 3 sources",
        ),
    ],
)
def test_shapes_that_residual_networks_cannot_have_are_refused(options, inputs, outputs, message):
    with pytest.raises(ArgumentError, match=message):
        built(ResidualCNN(**options), inputs, outputs)
