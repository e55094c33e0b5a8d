"""Maps of sources and sources one by one, learned together."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.experiment import Training, batch_spec, described, network_for, rebuilt
from acoupipe_grain.training.models import ResidualCNN, UNet
from acoupipe_grain.training.tasks import SourceMaps, SourceMapsAndSets, SourceSets

OPTIONS = {"maps": {"tolerance": 0.06, "threshold": 0.6}, "sets": {"floor": 1e-3, "assignment": "scipy"}}
FEATURES = ("sourcemap", "csmtriu")


def task_for(scenes, **options):
    return SourceMapsAndSets(**OPTIONS, **options).for_source(scenes[0], dict(scenes[0].element_spec))


@pytest.fixture(params=FEATURES)
def task(request, scenes):
    return task_for(scenes, feature=request.param, set_weight=0.5)


@pytest.fixture
def both(scenes, task):
    """Return the two tasks by themselves."""
    source, spec = scenes[0], dict(scenes[0].element_spec)
    maps = SourceMaps(feature=task.feature, **OPTIONS["maps"]).for_source(source, spec)
    return maps, SourceSets(feature=task.feature, **OPTIONS["sets"]).for_source(source, spec)


@pytest.fixture
def outputs(scenes, sources_that_are_known):
    rng = np.random.default_rng(5)
    sources = {
        name: (array * rng.uniform(0.9, 1.1, array.shape)).astype(np.float32)
        for name, array in sources_that_are_known.items()
    }
    return {"map": rng.normal(size=(8, 17, 17, 3)).astype(np.float32), **sources}


def test_a_model_takes_what_sets_take_and_gives_what_both_give(task, both, scenes):
    spec, (maps, sets) = scenes[0].element_spec, both
    np.testing.assert_array_equal(task.inputs(scenes[1]), sets.inputs(scenes[1]))
    assert task.input_shape(spec) == sets.input_shape(spec)
    assert task.output_shape(spec) == {"map": maps.output_shape(spec), **sets.output_shape(spec)}


def test_the_loss_is_the_sum_of_both(task, both, scenes, outputs):
    expected = both[0].loss(outputs["map"], scenes[1]) + 0.5 * both[1].loss(outputs, scenes[1])
    np.testing.assert_allclose(task.loss(outputs, scenes[1]), expected, rtol=1e-6)


def test_metrics_and_predictions_are_those_of_both(task, both, scenes, outputs):
    batch, names = scenes[1], []
    for prefix, alone in zip(("map_", "set_"), both, strict=True):
        for name, metric in alone.metrics.items():
            names.append(prefix + name)
            ours = task.metrics[prefix + name]
            np.testing.assert_equal(ours(outputs, batch), metric(outputs, batch))
            assert (ours.smaller_is_better, ours.unit) == (metric.smaller_is_better, metric.unit)
        for name, array in alone.predictions(outputs, batch).items():
            np.testing.assert_array_equal(task.predictions(outputs, batch)[prefix + name], array)
    assert list(task.metrics) == names
    assert len(task.predictions(outputs, batch)) == 5


def test_gradients_reach_all_outputs_and_are_finite(task, scenes, outputs):
    gradients = jax.grad(lambda given: task.loss(given, scenes[1]).sum())(jax.tree.map(jnp.asarray, outputs))
    for array in gradients.values():
        assert np.all(np.isfinite(array))
        assert np.any(array != 0)


def test_both_are_drawn(task, scenes, outputs):
    figure = Figure()
    task.draw(figure, *({name: array[:1] for name, array in given.items()} for given in (outputs, scenes[1])))
    assert len(figure.subfigs) == 2
    assert all(len(part.axes) == 2 for part in figure.subfigs)


@pytest.mark.parametrize("feature", FEATURES)
def test_a_residual_network_gives_both(feature, scenes):
    nnx = pytest.importorskip("flax.nnx")
    task, batch = task_for(scenes, feature=feature), scenes[1]
    spec = batch_spec(batch, scenes[0].element_spec)
    kind = "csm" if feature == "csmtriu" else "map"
    options = ResidualCNN(output="both", input_kind=kind, num_filters=4, num_blocks=1, strides=(2,), width=8)
    graph, state = nnx.split(nnx.eval_shape(lambda: network_for(options, task, spec, nnx.Rngs(0))))
    found = jax.eval_shape(lambda state: nnx.merge(graph, state)(task.inputs(batch)), state)
    assert {name: item.shape[1:] for name, item in found.items()} == {
        name: item.shape for name, item in task.output_shape(spec).items()
    }
    assert jax.eval_shape(lambda given: task.loss(given, batch), found).shape == (8,)
    with pytest.raises(ArgumentError, match=r"model UNet for task SourceMapsAndSets"):
        network_for(UNet(), task, spec, nnx.Rngs(0))


def test_it_is_rebuilt_from_json(task):
    Training(task="SourceMapsAndSets", model="ResidualCNN")
    assert rebuilt(json.loads(json.dumps(described(ResidualCNN(output="both"), task, {}))))[1] == task


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"maps": {"spred": 1.0}}, r"unknown option of maps 'spred'; did you mean 'spread'"),
            ({"sets": {"spread": 1.0}}, r"unknown option of sets 'spread'"),
            (
                {"sets": {"feature": "csmtriu"}},
                r"sets: 'feature' is the same for both tasks; give it to SourceMapsAndSe",
            ),
            ({"maps": {"grid": None}}, r"maps: 'grid' is the same for both"),
            ({"maps": {"spread": 0}}, r"maps: spread=0: expected"),
            ({"sets": {"floor": -1.0}}, r"sets: floor=-1\.0"),
            ({"maps": [1]}, r"maps=\[1\]: expected a mapping of options of SourceMaps"),
            ({"set_weight": 0}, r"set_weight=0"),
            ({"feature": "eigmode"}, r"unknown feature 'eigmode'"),
        ],
    )
    def test_what_is_wrong_is_named(self, options, message):
        with pytest.raises(ArgumentError, match=message):
            SourceMapsAndSets(**options)

    def test_options_that_are_changed_later_do_not_change_the_task(self):
        options = {"spread": 2.0}
        task = SourceMapsAndSets(maps=options)
        options["spread"] = 3.0
        assert task == SourceMapsAndSets(maps={"spread": 2.0})
        assert task.of_maps.spread == 2.0

    def test_what_elements_lack_is_named(self, scenes):
        spec = {name: item for name, item in scenes[0].element_spec.items() if name != "csmtriu"}
        with pytest.raises(ArgumentError, match=r"unknown array 'csmtriu'"):
            SourceMapsAndSets(feature="csmtriu").for_source(scenes[0], spec)
