"""What stops a validation costs no step: it is done again, and all goes on as if nothing had happened."""

import pytest
from tiny_training import Interrupting, Lines, assert_same_bits, log_of, options, stream, train, validation

import acoupipe_grain as apg
from acoupipe_grain.training.checkpoints import Checkpoints

pytestmark = pytest.mark.usefixtures("quick")


def pass_over():
    """Return a loader of one epoch, of three batches of four and one of two."""
    return apg.make_loader(Lines(14), 4, seed=3, drop_remainder=False)


LOADERS = {"stream": stream, "pass": pass_over}
ASKED_FOR = {"stream": 4, "pass": 5}
"""How often an epoch asks for a batch: of a pass also to learn that there is none."""


def chosen(kind, **changes):
    return options(steps_per_epoch=4 if kind == "stream" else None, **changes)


@pytest.fixture(scope="module")
def uninterrupted(quick, tmp_path_factory):
    """Trainings never stopped, and their logs."""
    folders = {kind: tmp_path_factory.mktemp(kind) / "run" for kind in LOADERS}
    return {kind: (train(folder, LOADERS[kind](), chosen(kind)), log_of(folder)) for kind, folder in folders.items()}


@pytest.mark.parametrize("every", [None, 4])
@pytest.mark.parametrize("epoch", [1, 2])
@pytest.mark.parametrize("kind", LOADERS)
def test_a_validation_is_done_again_and_no_step_is(uninterrupted, tmp_path, kind, epoch, every):
    """A validation has three batches; before the training, the first of them is looked at."""
    stopped = Interrupting(validation(), 1 + 3 * (epoch - 1) + 1, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt, match=f"goes on from its checkpoint of step {4 * epoch}"):
        train(tmp_path / "run", LOADERS[kind](), chosen(kind, checkpoint_every=every), validation=stopped)
    left = Interrupting(LOADERS[kind](), ASKED_FOR[kind] * (2 - epoch), AssertionError("a step was repeated"))
    resumed = train(tmp_path / "run", left, chosen(kind, checkpoint_every=every))
    whole, log = uninterrupted[kind]
    assert_same_bits(resumed.module, whole.module)
    assert resumed.history == whole.history
    assert resumed.best_epoch == whole.best_epoch
    assert log_of(tmp_path / "run") == log


def test_a_validation_may_be_stopped_again_and_again(uninterrupted, tmp_path):
    for number in (1, 2, 2):
        with pytest.raises(RuntimeError):
            train(tmp_path / "run", validation=Interrupting(validation(), 1 + number, RuntimeError()))
    assert_same_bits(train(tmp_path / "run").module, uninterrupted["stream"][0].module)


def test_checkpoints_that_are_neither_the_latest_nor_the_best_go_when_the_best_is_known(tmp_path):
    train(tmp_path / "run", chosen=options(keep=1, num_epochs=3))
    with Checkpoints(tmp_path / "run") as checkpoints:
        best = checkpoints.progress(12)["best"]["step"]
    kept = {int(path.name) for path in (tmp_path / "run" / "checkpoints").iterdir()}
    assert kept == {12, best}
