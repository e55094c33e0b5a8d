import shutil
import signal

import pytest
from tiny_training import (
    Interrupting,
    Lines,
    assert_same_bits,
    log_of,
    options,
    stream,
    tiny,
    train,
)

import acoupipe_grain as apg

pytestmark = pytest.mark.usefixtures("quick")


def pass_over():
    """Return a loader of one epoch, of three batches of four and one of two."""
    return apg.make_loader(Lines(14), 4, seed=3, drop_remainder=False)


LOADERS = {"stream": stream, "pass": pass_over}


@pytest.fixture(scope="module")
def uninterrupted(quick, tmp_path_factory):
    """Trainings never stopped, and their logs."""
    found = {}
    for kind, loader in LOADERS.items():
        folder = tmp_path_factory.mktemp(kind) / "run"
        chosen = options(steps_per_epoch=4 if kind == "stream" else None)
        found[kind] = train(folder, loader(), chosen), log_of(folder)
    return found


@pytest.mark.parametrize(
    ("number", "every"),
    [
        (1, None),  # before the first checkpoint
        (3, 2),  # within an epoch
        (4, 4),  # at its end
        (6, None),  # within the next, without a checkpoint in it
        *((0, 1), (2, 3), (5, 1), (5, 2), (7, 2), (7, 3)),
    ],
)
@pytest.mark.parametrize("kind", LOADERS)
def test_a_training_interrupted_at_any_step_ends_with_the_same_bits(uninterrupted, tmp_path, kind, number, every):
    chosen = options(checkpoint_every=every, steps_per_epoch=4 if kind == "stream" else None)
    with pytest.raises(RuntimeError, match="stopped here"):
        train(tmp_path / "run", Interrupting(LOADERS[kind](), number, RuntimeError("stopped here")), chosen)
    resumed = train(tmp_path / "run", LOADERS[kind](), chosen)
    whole, log = uninterrupted[kind]
    assert_same_bits(resumed.module, whole.module)
    assert resumed.history == whole.history
    assert resumed.best_epoch == whole.best_epoch
    assert log_of(tmp_path / "run") == log


def test_a_training_interrupted_again_and_again_ends_with_the_same_bits(uninterrupted, tmp_path):
    chosen = options(checkpoint_every=1)
    for number in (2, 3, 2):
        with pytest.raises(RuntimeError):
            train(tmp_path / "run", Interrupting(stream(), number, RuntimeError()), chosen)
    assert_same_bits(train(tmp_path / "run", chosen=chosen).module, uninterrupted["stream"][0].module)


def test_another_course_ends_with_other_bits(uninterrupted, tmp_path):
    other = train(tmp_path / "run", stream(seed=4))
    with pytest.raises(AssertionError):
        assert_same_bits(other.module, uninterrupted["stream"][0].module)


class Signalling:
    """A loader that sends this process an interruption when it is asked for the batch of a number."""

    def __init__(self, loader, number):
        self._loader, self._number = loader, number

    def __iter__(self):
        iterator = iter(self._loader)
        owner, give = self, type(iterator).__next__

        class Iterator(type(iterator)):
            def __next__(self):
                owner._number -= 1
                if owner._number == 0:
                    signal.raise_signal(signal.SIGINT)
                return give(self)

        iterator.__class__ = Iterator
        return iterator


def test_an_interruption_by_the_user_says_where_it_goes_on(uninterrupted, tmp_path):
    chosen = options(checkpoint_every=2)
    with pytest.raises(KeyboardInterrupt, match=r"stopped after step 4.*goes on from its checkpoint of step 4"):
        train(tmp_path / "run", Signalling(stream(), 5), chosen)
    assert_same_bits(train(tmp_path / "run", chosen=chosen).module, uninterrupted["stream"][0].module)


def test_a_finished_training_is_returned_as_it_is(tmp_path):
    first = train(tmp_path / "run")
    before = log_of(tmp_path / "run")
    again = train(tmp_path / "run", Interrupting(stream(), 0, RuntimeError()), module=tiny(options(seed=5)))
    assert_same_bits(again.module, first.module)
    assert again.history == first.history
    assert log_of(tmp_path / "run") == before


def test_more_epochs_follow_as_if_they_had_been_asked_for_at_once(uninterrupted, tmp_path):
    train(tmp_path / "run", chosen=options(num_epochs=1))
    assert_same_bits(train(tmp_path / "run").module, uninterrupted["stream"][0].module)


def test_what_a_killed_process_leaves_of_a_checkpoint_is_not_used(uninterrupted, tmp_path):
    """Orbax writes a folder under a temporary name and renames it when it is complete."""
    chosen = options(checkpoint_every=2, keep=4)
    with pytest.raises(RuntimeError):
        train(tmp_path / "run", Interrupting(stream(), 7, RuntimeError()), chosen)
    saved = tmp_path / "run" / "checkpoints"
    half = saved / "7.orbax-checkpoint-tmp"
    shutil.copytree(saved / "6", half, ignore=shutil.ignore_patterns("commit_success.txt", "progress"))
    assert_same_bits(train(tmp_path / "run", chosen=chosen).module, uninterrupted["stream"][0].module)
    assert not half.exists()
