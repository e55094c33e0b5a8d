"""What is drawn and said of a training that was stopped, or that has no best epoch."""

import pytest
from tiny_training import Interrupting, Regression, log_of, options, stream, train

from acoupipe_grain.training import loop
from acoupipe_grain.training.task import Metric


@pytest.fixture
def drawn(quick, monkeypatch):
    """Epochs and the best of them, of each drawing of a history."""
    calls = []

    def draw(history, folder, units, best_epoch):
        calls.append(([record.epoch for record in history], best_epoch))

    monkeypatch.setattr(loop, "plot_history", draw)
    return calls


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError()])
def test_the_epochs_of_a_training_that_is_stopped_are_drawn(drawn, tmp_path, error):
    with pytest.raises(type(error)):
        train(tmp_path / "run", Interrupting(stream(), 6, error))
    assert drawn == [([1], 1)]
    result = train(tmp_path / "run")
    assert drawn[1:] == [([1, 2], result.best_epoch)]


def test_before_the_end_of_an_epoch_nothing_is_drawn(drawn, tmp_path):
    with pytest.raises(RuntimeError):
        train(tmp_path / "run", Interrupting(stream(), 3, RuntimeError()))
    assert drawn == []


class Uncounted(Regression):
    """A task of which nothing is counted."""

    metrics = {"error": Metric(lambda outputs, batch: (0.0, 0), smaller_is_better=True)}


def test_it_is_said_where_no_epoch_is_the_best(drawn, tmp_path):
    for number in range(2):  # also when it is finished already
        result = train(tmp_path / "run", task=Uncounted(), chosen=options(monitor="error"))
        assert result.best_epoch is None
        assert drawn[number:] == [([1, 2], None)]
        assert len(log_of(tmp_path / "run")) == 6
        text = (tmp_path / "run" / "log.txt").read_text()
        assert text.count("no epoch is the best, as 'error' never was a number; the model is that of the last") == 1


def test_nothing_is_said_where_an_epoch_is_the_best(drawn, tmp_path):
    train(tmp_path / "run")
    assert "no epoch is the best" not in (tmp_path / "run" / "log.txt").read_text()
