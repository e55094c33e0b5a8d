import shutil

import pytest
from tiny_training import (
    Interrupting,
    Regression,
    Tiny,
    arrays_of,
    linear,
    options,
    stream,
    tiny,
    train,
    validation,
)

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.errors import TrainingError
from acoupipe_grain.training.evaluation import evaluate
from acoupipe_grain.training.initialisation import init_from

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def trained(quick, tmp_path_factory):
    """A finished training, and its folder."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    return train(folder), folder


def test_a_model_begins_with_what_another_learned_and_random_numbers_of_its_own(trained):
    result, folder = trained
    fresh = tiny(options(seed=7))
    own = arrays_of(fresh)["dropout.rngs.key"]
    assert init_from(fresh, folder) == result.history[result.best_epoch - 1].step
    learned, expected = arrays_of(fresh), arrays_of(result.module)
    for name in learned:
        if "rngs" not in name:
            assert learned[name].tobytes() == expected[name].tobytes(), name
    assert learned["dropout.rngs.key"].tobytes() == own.tobytes()
    assert learned["dropout.rngs.count"] == 0


def test_a_model_of_other_shapes_is_refused(trained):
    with pytest.raises(TrainingError, match=r"holds another model.*parameters\.layers\.0\.bias was \[8\], is \[9\]"):
        init_from(Tiny(options().rngs(), width=9), trained[1])


def test_a_model_of_other_layers_is_refused(trained):
    with pytest.raises(TrainingError, match=r"parameters\.layers\.0\.bias was \[8\], is not there"):
        init_from(linear(options()), trained[1])


def test_a_folder_without_a_training_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="holds no training"):
        init_from(linear(options()), tmp_path)


def test_a_training_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(RuntimeError):
        train(tmp_path / "run", Interrupting(stream(), 1, RuntimeError()))
    with pytest.raises(TrainingError, match="holds no checkpoint yet"):
        init_from(tiny(options()), tmp_path / "run")


def test_a_training_in_its_first_epoch_gives_its_latest_checkpoint(tmp_path):
    with pytest.raises(RuntimeError):
        train(tmp_path / "run", Interrupting(stream(), 3, RuntimeError()), options(checkpoint_every=2))
    assert init_from(tiny(options()), tmp_path / "run") == 2


def test_reading_a_model_changes_nothing_in_the_folder(trained, tmp_path):
    copy = shutil.copytree(trained[1], tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    init_from(tiny(options()), copy)
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before


def test_an_evaluation_is_that_of_the_best_epoch(trained):
    result, _ = trained
    result.module.train()  # evaluated without dropout all the same
    assert evaluate(result.module, Regression(), validation()) == result.history[result.best_epoch - 1].validation


def test_an_evaluation_needs_items(trained):
    with pytest.raises(ArgumentError, match="the loader gives no batch"):
        evaluate(trained[0].module, Regression(), [])
