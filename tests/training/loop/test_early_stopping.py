from dataclasses import dataclass, field

import pytest
from tiny_training import Regression, assert_same_bits, linear, options, train

from acoupipe_grain.training.early_stopping import Best, EarlyStopping
from acoupipe_grain.training.task import Metric

NAN = float("nan")


def epochs_until_stop(values, smaller_is_better, patience):
    """Return how many epochs there are, and the number of the best."""
    stopping = EarlyStopping(smaller_is_better, patience)
    for epoch, value in enumerate(values, start=1):
        stopping.update(epoch, 10 * epoch, value)
        if stopping.should_stop(epoch):
            break
    return epoch, None if stopping.best is None else stopping.best.epoch


@pytest.mark.parametrize(
    ("values", "smaller_is_better", "patience", "expected"),
    [
        ([5, 4, 1, 2, 3, 2, 2, 2, 0, 0], True, 5, (8, 3)),
        ([5, 6, 9, 2, 3, 2, 2, 2, 10, 0], False, 5, (8, 3)),
        ([3, 3, 3, 3], True, 2, (3, 1)),  # an equal value is no better one
        ([5, NAN, 4, NAN, NAN, 1], True, 2, (5, 3)),
        ([NAN, NAN, NAN, 1], True, 3, (3, None)),
        ([1, 2, 3, 4], True, None, (4, 1)),
        ([1, 2, 0.5, 4], True, 1, (2, 1)),
    ],
)
def test_it_stops_once_so_many_epochs_were_no_better(values, smaller_is_better, patience, expected):
    assert epochs_until_stop(values, smaller_is_better, patience) == expected


def test_it_goes_on_from_what_was_stored():
    first = EarlyStopping(True, 3)
    first.update(1, 10, 0.25)
    other = EarlyStopping(True, 3)
    other.restore(first.to_json())
    assert other.best == Best(epoch=1, step=10, value=0.25)
    assert not other.update(2, 20, 0.25)
    assert other.update(3, 30, 0.125)
    other.restore(EarlyStopping(True, 3).to_json())
    assert other.best is None


@dataclass(frozen=True)
class Scripted(Regression):
    """A task with a metric that is as written, epoch after epoch."""

    values: tuple[float, ...] = ()
    _left: list[float] = field(default_factory=list, init=False, compare=False)

    def __post_init__(self):
        self._left.extend(self.values)

    @property
    def metrics(self):
        return {"score": Metric(self._score, smaller_is_better=True)}

    def _score(self, outputs, batch):
        """Give an epoch's value with its last batch, of two items, and nothing with the others."""
        return (self._left.pop(0), 1) if len(batch["x"]) == 2 else (0, 0)


def train_scripted(folder, values, **changes):
    chosen = options(monitor="score", steps_per_epoch=1, log_every=None, **changes)
    return train(folder, module=linear(chosen), task=Scripted(values=tuple(values)), chosen=chosen)


SCRIPT = [5.0, 4.0, 1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 0.0, 0.0]


@pytest.mark.usefixtures("quick")
def test_best_at_epoch_3_with_patience_5_stops_after_epoch_8_and_restores_the_best(tmp_path):
    result = train_scripted(tmp_path / "run", SCRIPT, num_epochs=10, patience=5)
    assert [record.validation["score"] for record in result.history] == SCRIPT[:8]
    assert result.best_epoch == 3
    three = train_scripted(tmp_path / "three", SCRIPT, num_epochs=3, patience=5)
    assert_same_bits(result.module, three.module)
    again = train_scripted(tmp_path / "run", SCRIPT, num_epochs=10, patience=5)
    assert_same_bits(again.module, three.module)
    assert len(again.history) == 8


@pytest.mark.usefixtures("quick")
def test_the_latest_checkpoints_are_kept_and_the_best(tmp_path):
    train_scripted(tmp_path / "run", [3.0, 1.0, 2.0, 4.0, 5.0], num_epochs=5, keep=1)
    assert {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()} == {"2", "5"}


@pytest.mark.usefixtures("quick")
def test_without_any_value_the_last_epoch_is_returned(tmp_path):
    result = train_scripted(tmp_path / "run", [NAN, NAN], num_epochs=2)
    two = train_scripted(tmp_path / "two", [2.0, 1.0], num_epochs=2)
    assert result.best_epoch is None
    assert_same_bits(result.module, two.module)
