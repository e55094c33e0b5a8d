"""The training of a model, from its first step or from where it was stopped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from acoupipe_grain import arguments
from acoupipe_grain.errors import ArgumentError, unknown_name
from acoupipe_grain.extras import import_extra
from acoupipe_grain.interruption import noticed_interruptions
from acoupipe_grain.training.arrays_by_name import with_arrays
from acoupipe_grain.training.checkpoints import Checkpoints
from acoupipe_grain.training.description import begin, description
from acoupipe_grain.training.early_stopping import EarlyStopping
from acoupipe_grain.training.log import TrainingLog
from acoupipe_grain.training.optimisation import learning_rates, optimiser
from acoupipe_grain.training.options import LOSS, TrainingOptions
from acoupipe_grain.training.placement import Placement
from acoupipe_grain.training.plots import draw_examples, plot_history
from acoupipe_grain.training.position import Position
from acoupipe_grain.training.progress import say
from acoupipe_grain.training.result import Result
from acoupipe_grain.training.run import Compiled, Run
from acoupipe_grain.training.step import TrainState, forward, put_together, take_apart, training_step
from acoupipe_grain.training.summary import configuration_text, model_table
from acoupipe_grain.training.task import Batch, Task
from acoupipe_grain.training.training_data import TrainingData, close, pipeline_of

PACKAGES = ("flax", "matplotlib", "optax", "orbax.checkpoint")


def fit(
    module: Any,
    task: Task,
    train: Iterable[Batch],
    validation: Iterable[Batch],
    options: TrainingOptions,
    folder: str | Path,
    *,
    configuration: Mapping[str, Any] | None = None,
    devices: Sequence[jax.Device] | None = None,
    progress: bool = True,
) -> Result:
    """Train a model, or go on with it: stopped or killed at any time, the same call ends with the same parameters.

    They are the same bits on one CPU. The folder gets ``training.json``, ``checkpoints/``, ``log.txt``, ``log.jsonl``
    (see `acoupipe_grain.training.log.TrainingLog`), ``history/<metric>.png``, of a training that was stopped too, and
    ``pictures/example_<n>.png``.

    Parameters
    ----------
    module
        A `flax.nnx.Module`, called with what the task makes of a batch. It is trained in place.
    task
        What is learned, see `acoupipe_grain.training.task.Task`.
    train
        A loader of batches. With ``num_epochs=None`` and ``steps_per_epoch`` in the options each epoch has an order of
        its own.
    validation
        A loader that ends; all its batches are evaluated after each epoch, so give it ``drop_remainder=False``.
    options
        How to train.
    folder
        New, empty, or holding this very training, unfinished or finished.
    configuration
        More JSON values that must be the same when it goes on, such as the options of the model.
    devices
        Devices of this process, over which the items of each batch are shared out; None: all that it has. To send
        batches there ahead of time, give the loader ``device=data_sharding(devices)``.
    progress
        Whether to show progress on the terminal.

    Returns
    -------
    Result
        The module with the parameters of the best epoch, and the history.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type or range, a package of the extra "train" is missing, a loader gives no batch,
        or a batch does not go evenly into the devices; before the first step.
    TrainingError
        If the folder holds something else (the message says what differs), or the loss is no number any more; then the
        last checkpoint is kept.
    """
    for name in PACKAGES:
        import_extra(name, "train", "Trainings")
    if not isinstance(options, TrainingOptions):
        raise ArgumentError(f"options={options!r}: expected TrainingOptions.")
    arguments.flag("progress", progress)
    folder = Path(folder).absolute()
    placement = Placement(devices)
    stopping = EarlyStopping(_smaller_is_better(task, options.monitor), options.patience)
    definitions, model = take_apart(module)
    data = TrainingData(train, options.steps_per_epoch)
    try:
        rates = learning_rates(options, data.steps_per_epoch)
        transformation = optimiser(options, rates)
        pipelines = {"train": data.pipeline, "validation": _pipeline_of_some(validation)}
        described = description(model, task, options, configuration or {}, pipelines)
        begin(folder, described)
        compiled = Compiled(
            training_step(definitions.training, task, transformation, placement, options.training_metrics),
            forward(definitions.evaluation, task),
            rates,
        )
        state = TrainState(model, transformation.init(model.parameters))
        with Checkpoints(folder, options.keep) as checkpoints, noticed_interruptions() as check:
            state, position, sizes = _where_it_was(checkpoints, state, data, stopping, placement)
            with TrainingLog(folder, sizes) as log:
                run = Run(
                    task, options, compiled, data, validation, placement, checkpoints, log, stopping, state, position,
                    check, progress,
                )  # fmt: skip
                _begin_log(run, described, model_table(model))
                _run(run, folder)
                _tell_if_none_is_best(run)
                best = run.best_model()
    finally:
        data.close()
    put_together(module, jax.device_put(best, placement.shared_out.mesh.devices.flat[0]))
    here = placement.replicate(best)
    draw_examples(
        task,
        lambda batch: compiled.forward(here, placement.place(batch))[0],
        validation,
        options.num_pictures,
        folder,
    )
    return Result(module, tuple(position.history), run.best_epoch, folder)


def _where_it_was(
    checkpoints: Checkpoints, state: TrainState, data: TrainingData, stopping: EarlyStopping, placement: Placement
) -> tuple[TrainState, Position, Mapping[str, int] | None]:
    """Return state, position and lengths of the log of the latest checkpoint, and set the others; else the given."""
    step = checkpoints.latest
    if step is None:
        return placement.replicate(state), Position(), None
    saved = checkpoints.progress(step)
    position = Position.from_json(saved["position"])
    placement.require_divisible(position.batch_size)
    data.set_state(saved["data"])
    stopping.restore(saved["best"])
    return placement.replicate(with_arrays(state, checkpoints.arrays(step))), position, saved["log"]


def _run(run: Run, folder: Path) -> None:
    """Do all epochs that are left, and draw those that were done, whatever ends it."""
    try:
        while not run.is_finished:
            run.epoch()
    except KeyboardInterrupt:
        latest = run.checkpoints.latest
        where = "from its beginning" if latest is None else f"from its checkpoint of step {latest}"
        raise KeyboardInterrupt(
            f"training in {folder} stopped after step {run.position.step}. Run the same training again, it goes on "
            f"{where}."
        ) from None
    finally:
        if run.position.history:
            plot_history(run.position.history, folder, _units(run.task), run.best_epoch)


def _tell_if_none_is_best(run: Run) -> None:
    if run.best_epoch is not None:
        return
    text = f"no epoch is the best, as {run.options.monitor!r} never was a number; the model is that of the last"
    run.log.write(text)
    say(text, run.is_shown)


def _begin_log(run: Run, described: Mapping[str, Any], table: str) -> None:
    now, position = time.strftime("%Y-%m-%d %H:%M:%S"), run.position
    if run.is_finished:
        text = f"{now} is finished, after step {position.step} and {position.epoch} epochs"
    elif position.step:
        text = f"{now} goes on after step {position.step}, in epoch {position.epoch + 1}"
    else:
        text = f"{now} begins\n\n{configuration_text(described)}\n\n{table}\n"
    run.log.write(text)
    say(text, run.is_shown)


def _smaller_is_better(task: Task, monitor: str) -> bool:
    metrics = task.metrics
    if LOSS in metrics:
        raise ArgumentError(f"task={type(task).__name__}: has a metric {LOSS!r}, as the loss is called; rename it.")
    if monitor == LOSS:
        return True
    if monitor not in metrics:
        raise unknown_name("monitor", monitor, [LOSS, *metrics])
    smaller: Any = getattr(metrics[monitor], "smaller_is_better", None)
    if not isinstance(smaller, bool):
        raise ArgumentError(
            f"monitor={monitor!r}: the metric does not say whether smaller is better; make it a "
            "acoupipe_grain.training.task.Metric."
        )
    return smaller


def _units(task: Task) -> dict[str, str]:
    return {name: getattr(metric, "unit", "1") for name, metric in task.metrics.items()}


def _pipeline_of_some(validation: Iterable[Batch]) -> Any:
    """Return what identifies the loader of the validation data, which must give a batch."""
    iterator = iter(validation)
    try:
        pipeline = pipeline_of(iterator)
        if next(iterator, None) is None:
            raise ArgumentError("validation: the loader gives no batch; give it records.")
        return pipeline
    finally:
        close(iterator)
