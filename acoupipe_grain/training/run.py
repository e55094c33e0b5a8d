"""A training under way: its epochs, what they come to, and the checkpoints that it goes on from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import jax

from acoupipe_grain.training.arrays_by_name import arrays_by_name, with_arrays
from acoupipe_grain.training.averages import add_loss, num_items_of
from acoupipe_grain.training.checkpoints import Checkpoints
from acoupipe_grain.training.early_stopping import EarlyStopping
from acoupipe_grain.training.errors import TrainingError
from acoupipe_grain.training.evaluation import averages_over
from acoupipe_grain.training.history import EpochRecord
from acoupipe_grain.training.log import TrainingLog
from acoupipe_grain.training.options import TrainingOptions
from acoupipe_grain.training.placement import Placement
from acoupipe_grain.training.position import Position
from acoupipe_grain.training.progress import EpochBar, say
from acoupipe_grain.training.step import ModelState, StepReport, TrainState
from acoupipe_grain.training.stopwatch import Stopwatch
from acoupipe_grain.training.summary import epoch_text
from acoupipe_grain.training.task import Batch, Task
from acoupipe_grain.training.training_data import TrainingData


@dataclass(frozen=True)
class Compiled:
    """What a training computes: a step, outputs and losses in evaluation mode, and the learning rate of a step."""

    step: Callable[[TrainState, Batch], tuple[TrainState, StepReport]]
    forward: Callable[[ModelState, Batch], tuple[Any, Any]]
    learning_rate: Callable[[Any], Any]


@dataclass
class Run:
    """A training under way.

    Attributes
    ----------
    task, options, compiled, data, validation, placement
        What is done, and with what.
    checkpoints, log
        What is written in its folder.
    stopping
        The best epoch so far.
    state, position
        Where it is: arrays, and all the rest.
    check
        Called before each batch; what it raises stops the training.
    is_shown
        Whether to show progress on the terminal.
    """

    task: Task
    options: TrainingOptions
    compiled: Compiled
    data: TrainingData
    validation: Iterable[Batch]
    placement: Placement
    checkpoints: Checkpoints
    log: TrainingLog
    stopping: EarlyStopping
    state: TrainState
    position: Position
    check: Callable[[], None]
    is_shown: bool
    _shapes: set[Any] = field(default_factory=set)

    @property
    def is_finished(self) -> bool:
        """Whether all epochs were done, or enough of them without a better one."""
        epoch = self.position.epoch
        return epoch >= self.options.num_epochs or self.stopping.should_stop(epoch)

    def epoch(self) -> None:
        """Do an epoch, or what is left of it, write a checkpoint, evaluate, and complete it.

        What stops an evaluation, which may take long, does not cost the steps before it.

        Raises
        ------
        ArgumentError
            If a batch does not go evenly into the devices; before the first step.
        TrainingError
            If the loss or the gradient is no number any more.
        """
        begun, times = time.perf_counter(), Stopwatch()
        position = self.position
        if not position.has_all_steps:
            self._steps(times)
            position.has_all_steps = True
            self._save(self.data.get_state())
        averages = averages_over(
            self.compiled.forward, self.state.model, self.task, self.validation, self.placement, self.check
        )
        record = EpochRecord(
            epoch=position.epoch + 1,
            step=position.step,
            learning_rate=self._learning_rate(),
            training=position.averages.means(),
            validation=averages.means(),
        )
        position.finish_epoch(record)
        is_best = self.stopping.update(record.epoch, record.step, record.validation[self.options.monitor])
        self._tell(record, is_best, times, time.perf_counter() - begun)
        self.checkpoints.complete(position.step, self._progress(self.data.get_state()), self._best_step)

    def _steps(self, times: Stopwatch) -> None:
        position, options = self.position, self.options
        since_log = Stopwatch()
        due: Any = None  # where the data were when a checkpoint was due
        batches = self.data.epoch(position.step_in_epoch)
        with EpochBar(
            position.epoch + 1, options.num_epochs, self.data.steps_per_epoch, position.step_in_epoch, self.is_shown
        ) as bar:
            while True:
                self.check()
                begun = time.perf_counter()
                if (batch := next(batches, None)) is None:
                    break
                placed = jax.block_until_ready(self._placed(batch))
                waiting = time.perf_counter() - begun
                if due is not None:  # not after the last step: a checkpoint follows there anyway
                    self._save(due)
                    due = None
                begun = time.perf_counter()
                self.state, report = jax.block_until_ready(self.compiled.step(self.state, placed))
                times_of_step = Stopwatch(waiting, time.perf_counter() - begun, num_items_of(batch))
                loss = self._count(report, batch)
                if self._is_compiled(placed):
                    times.add(times_of_step)
                    since_log.add(times_of_step)
                bar.add(loss)
                if options.log_every is not None and position.step % options.log_every == 0:
                    self._log_step(loss, float(report.gradient_norm), since_log)
                    since_log = Stopwatch()
                if options.checkpoint_every is not None and position.step % options.checkpoint_every == 0:
                    due = self.data.get_state()

    def _placed(self, batch: Batch) -> dict[str, jax.Array]:
        num_items = num_items_of(batch)
        if num_items > self.position.batch_size:
            self.placement.require_divisible(num_items)
            self.position.batch_size = num_items
        return self.placement.place(batch)

    def _is_compiled(self, batch: Batch) -> bool:
        """Say whether there was a batch of such shapes before: times are without those of compilation."""
        shapes = tuple((name, array.shape) for name, array in batch.items())
        known = shapes in self._shapes
        self._shapes.add(shapes)
        return known

    def _count(self, report: StepReport, batch: Batch) -> float:
        """Count a step that was done, and return the mean loss of its batch; NaN if all its weights are 0."""
        position = self.position
        position.step += 1
        position.step_in_epoch += 1
        for name, value in (("loss", report.loss_sum), ("norm of the gradient", report.gradient_norm)):
            if not math.isfinite(value):
                raise TrainingError(self._divergence(name, float(value)))
        loss = add_loss(position.averages, report.loss_sum, report.weight)
        if self.options.training_metrics:
            position.averages.add_metrics(self.task, report.outputs, batch)
        return loss

    def _divergence(self, name: str, value: float) -> str:
        latest = self.checkpoints.latest
        kept = "there is no checkpoint yet" if latest is None else f"the checkpoint of step {latest} is kept"
        return (
            f"step {self.position.step}, in epoch {self.position.epoch + 1}: the {name} is {value}; {kept}. Train in "
            "another folder with a smaller learning_rate, with clip_norm or with warmup_steps, and see that the data "
            "and the loss are finite."
        )

    def _learning_rate(self) -> float:
        """Return the learning rate of the step done last."""
        return float(self.compiled.learning_rate(self.position.step - 1))

    def _log_step(self, loss: float, gradient_norm: float, times: Stopwatch) -> None:
        self.log.record(
            {
                "kind": "step",
                "step": self.position.step,
                "epoch": self.position.epoch + 1,
                "loss": loss,
                "gradient_norm": gradient_norm,
                "learning_rate": self._learning_rate(),
                **times.to_json(),
            }
        )

    def _tell(self, record: EpochRecord, is_best: bool, times: Stopwatch, seconds: float) -> None:
        text = epoch_text(record, is_best, times, seconds)
        say(text, self.is_shown)
        self.log.write(text)
        self.log.record(
            {"kind": "epoch", **record.to_json(), "is_best": is_best, **times.to_json(), "seconds": seconds}
        )

    def _save(self, data: Any) -> None:
        self.checkpoints.save(self.position.step, arrays_by_name(self.state), self._progress(data), self._best_step)

    def _progress(self, data: Any) -> dict[str, Any]:
        """Return where the training is, arrays apart, the data being at `data`."""
        return {
            "position": self.position.to_json(),
            "best": self.stopping.to_json(),
            "data": data,
            "log": self.log.sizes(),
        }

    @property
    def best_epoch(self) -> int | None:
        """The number of the best epoch; None: there is none."""
        return None if self.stopping.best is None else self.stopping.best.epoch

    @property
    def _best_step(self) -> int | None:
        return None if self.stopping.best is None else self.stopping.best.step

    def best_model(self) -> ModelState:
        """Return the arrays of the best epoch; of the last one if none was better than another."""
        best = self.stopping.best
        if best is None or best.step == self.position.step:
            return self.state.model
        return with_arrays(self.state, self.checkpoints.arrays(best.step)).model
