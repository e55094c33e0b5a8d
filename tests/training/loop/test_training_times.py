import json

import pytest
from tiny_training import linear, options, stream, train

import acoupipe_grain.training.loop as loop
import acoupipe_grain.training.run as run
from acoupipe_grain.training.stopwatch import Stopwatch

pytestmark = pytest.mark.usefixtures("quick")


class Clock:
    """A clock that goes only when it is told to."""

    now = 0.0

    def perf_counter(self):
        return self.now


class Slow:
    """A loader each of whose batches takes a second."""

    def __init__(self, loader, clock):
        self._loader, self._clock = loader, clock

    def __iter__(self):
        for_batch, clock = iter(self._loader), self._clock

        class Iterator(type(for_batch)):
            def __next__(self):
                clock.now += 1.0
                return super().__next__()

        for_batch.__class__ = Iterator
        return for_batch


def test_the_share_of_waiting_is_that_of_the_time_of_steps_without_compilation(tmp_path, monkeypatch):
    """Steps of 3 s, of 100 s where they are compiled, that is the first, and batches of 1 s."""
    clock, num_steps, make = Clock(), [], loop.training_step

    def slow_step(*arguments):
        step = make(*arguments)

        def slow(*given):
            clock.now += 3.0 if num_steps else 100.0
            num_steps.append(1)
            return step(*given)

        return slow

    monkeypatch.setattr(run, "time", clock)
    monkeypatch.setattr(loop, "training_step", slow_step)
    chosen = options(num_epochs=1, log_every=2)
    train(tmp_path / "run", Slow(stream(), clock), chosen, module=linear(chosen))
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["data_wait"] for line in lines] == [0.25, 0.25, 0.25]
    assert [line["examples_per_second"] for line in lines] == [1.0, 1.0, 1.0]
    assert lines[-1]["seconds"] == 4 * 1.0 + 100.0 + 3 * 3.0
    assert "1 examples/s; data wait 25.0 %" in (tmp_path / "run" / "log.txt").read_text()


def test_without_a_timed_step_there_is_no_rate():
    assert Stopwatch().to_json() == {"examples_per_second": None, "data_wait": None}


def test_times_add_up():
    times = Stopwatch(1.0, 3.0, 8)
    times.add(Stopwatch(1.0, 0.0, 2))
    assert times.to_json() == {"examples_per_second": 2.0, "data_wait": 0.4}
