"""A model with what another training learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acoupipe_grain.records.plan import differences, in_short
from acoupipe_grain.training.arrays_by_name import shapes_by_name, with_arrays
from acoupipe_grain.training.checkpoints import Checkpoints, has_checkpoint
from acoupipe_grain.training.description import read_description
from acoupipe_grain.training.errors import TrainingError
from acoupipe_grain.training.step import ModelState, put_together, take_apart

LEARNED = ("parameters.", "statistics.")


def init_from(module: Any, folder: str | Path) -> int:
    """Give a module the parameters, and the batch statistics that belong to them, of a training's best epoch.

    The optimiser, random numbers, counters and data of that training do not matter. Without a finished epoch they are
    those of its latest checkpoint.

    Parameters
    ----------
    module
        A `flax.nnx.Module` of the same parameters; afterwards it is in evaluation mode.
    folder
        The folder of the training.

    Returns
    -------
    int
        The step after which they were so.

    Raises
    ------
    TrainingError
        If the folder holds no training, or none of such a model: the message says what differs; or no checkpoint yet.
    """
    folder = Path(folder).absolute()
    described = read_description(folder)
    _, model = take_apart(module)
    saved, wanted = _learned(described["model"]), _learned(_as_lists(model))
    if lines := differences(saved, wanted):
        raise TrainingError(
            f"folder={str(folder)!r}: holds another model; make the model with its options: {in_short(lines)}."
        )
    if not has_checkpoint(folder):
        raise TrainingError(f"folder={str(folder)!r}: holds no checkpoint yet; train there first.")
    with Checkpoints(folder) as checkpoints:
        latest = checkpoints.latest
        assert latest is not None
        best = checkpoints.progress(latest)["best"]
        step = latest if best is None else int(best["step"])
        arrays = {name.removeprefix("model."): array for name, array in checkpoints.arrays(step).items()}
    own = model._replace(random=None)
    learned: ModelState = with_arrays(own, arrays)
    put_together(module, learned._replace(random=model.random))
    return step


def _as_lists(model: ModelState) -> dict[str, Any]:
    return {name: list(shape) for name, shape in shapes_by_name(model).items()}


def _learned(shapes: dict[str, Any]) -> dict[str, Any]:
    return {name: shape for name, shape in shapes.items() if name.startswith(LEARNED)}
