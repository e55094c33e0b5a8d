"""Pictures of a training: every metric over the epochs, and items with what the model says about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import jax

from acoupipe_grain.extras import import_extra
from acoupipe_grain.training.averages import num_items_of
from acoupipe_grain.training.evaluation import each
from acoupipe_grain.training.history import EpochRecord
from acoupipe_grain.training.task import Batch

HISTORY, PICTURES = "history", "pictures"
DPI, ANIMATION_DPI = 110, 70
EXAMPLE_SIZE = (12.0, 4.0)  # inches
FRAMES_PER_SECOND = 6


def plot_history(
    history: Sequence[EpochRecord], folder: Path, units: Mapping[str, str] | None = None, best_epoch: int | None = None
) -> list[Path]:
    """Draw the loss and each metric over the epochs, of training and validation, and return the PNG files.

    Parameters
    ----------
    history
        The epochs; at least one.
    folder
        Of the training; the files are ``history/<metric>.png``.
    units
        Units of metrics by name; without one, or "1": none is written.
    best_epoch
        The epoch to be marked.
    """
    names = dict.fromkeys(name for record in history for name in (*record.training, *record.validation))
    paths = []
    for name in names:
        figure = _figure((6.0, 3.6))
        axis = figure.subplots()
        for kind in ("training", "validation"):
            points = [(item.epoch, getattr(item, kind)[name]) for item in history if name in getattr(item, kind)]
            if points:
                axis.plot(*zip(*points, strict=True), ".-", label=kind)
        if best_epoch is not None:
            axis.axvline(best_epoch, color="0.6", linestyle="--", label="best epoch", zorder=0)
        unit = (units or {}).get(name, "1")
        axis.set(xlabel="epoch", ylabel=name if unit == "1" else f"{name} / {unit}")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend()
        paths.append(_save(figure, folder / HISTORY / f"{name.replace('/', '_')}.png"))
    return paths


def draw_examples(
    task: Any, outputs_of: Callable[[Batch], Any], batches: Iterable[Batch], num_items: int, folder: Path
) -> list[Path]:
    """Draw the first items of a loader by the task's ``draw``, what moves by its ``animate`` too; return the files.

    Parameters
    ----------
    task
        The task.
    outputs_of
        Gives a model's outputs of a batch.
    batches
        The loader.
    num_items
        How many items to draw.
    folder
        Of the training; the files are ``pictures/example_<n>.png`` and ``.gif``. None if the task cannot draw.
    """
    if not hasattr(task, "draw"):
        return []
    paths = []
    for number, item in enumerate(islice(_items(outputs_of, batches), num_items)):
        path = folder / PICTURES / f"example_{number}.png"
        figure = _figure(EXAMPLE_SIZE)
        task.draw(figure, *item)
        paths.append(_save(figure, path))
        paths += _animated(task, item, path.with_suffix(".gif"))
    return paths


def _items(outputs_of: Callable[[Batch], Any], batches: Iterable[Batch]) -> Iterator[tuple[Any, Batch]]:
    """Yield outputs and batch of each item by itself."""
    for batch in each(batches):
        found = jax.device_get((outputs_of(batch), dict(batch)))
        for number in range(num_items_of(batch)):
            yield jax.tree.map(lambda array, number=number: array[number : number + 1], found)


def _animated(task: Any, item: tuple[Any, Batch], path: Path) -> list[Path]:
    figure = _figure(EXAMPLE_SIZE)
    moving = task.animate(figure, *item) if hasattr(task, "animate") else None
    if moving is None:
        return []
    animation = import_extra("matplotlib.animation", "train", "Pictures")
    writer = animation.PillowWriter(fps=FRAMES_PER_SECOND)
    draw, num_frames = moving
    animation.FuncAnimation(figure, draw, frames=num_frames, blit=False).save(path, writer=writer, dpi=ANIMATION_DPI)
    return [path]


def _figure(size: tuple[float, float]) -> Any:
    return import_extra("matplotlib.figure", "train", "Pictures").Figure(figsize=size, layout="constrained")


def _save(figure: Any, path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    return path
