"""Pictures of a training: every metric over the epochs, and items with what the model says about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from acoupipe_grain.extras import import_extra
from acoupipe_grain.training.averages import num_items_of
from acoupipe_grain.training.evaluation import each
from acoupipe_grain.training.history import EpochRecord
from acoupipe_grain.training.task import Batch

HISTORY, PICTURES = "history", "pictures"
DPI = 110


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
    """Draw the first items of a loader by the task's ``draw``, and return the PNG files; none if it cannot draw.

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
        Of the training; the files are ``pictures/example_<n>.png``.
    """
    paths: list[Path] = []
    if not hasattr(task, "draw") or not num_items:
        return paths
    for batch in each(batches):
        outputs, batch = jax.device_get((outputs_of(batch), dict(batch)))
        for number in range(min(num_items_of(batch), num_items - len(paths))):
            item = slice(number, number + 1)
            figure = _figure((12.0, 4.0))
            task.draw(figure, *jax.tree.map(lambda array, item=item: array[item], (outputs, batch)))
            paths.append(_save(figure, folder / PICTURES / f"example_{len(paths)}.png"))
        if len(paths) == num_items:
            break
    return paths


def _figure(size: tuple[float, float]) -> Any:
    return import_extra("matplotlib.figure", "train", "Pictures").Figure(figsize=size, layout="constrained")


def _save(figure: Any, path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    return path
