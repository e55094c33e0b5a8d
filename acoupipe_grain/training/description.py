"""What identifies a training in its folder, so that only the same one goes on there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from acoupipe_grain.callables import callable_identity
from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.records.format import PARTIAL_SUFFIX, read_json, write_json
from acoupipe_grain.records.plan import differences, in_short
from acoupipe_grain.training.arrays_by_name import shapes_by_name
from acoupipe_grain.training.checkpoints import has_checkpoint
from acoupipe_grain.training.errors import TrainingError
from acoupipe_grain.training.options import TrainingOptions
from acoupipe_grain.training.step import ModelState
from acoupipe_grain.training.task import Task

NAME = "training.json"
FORMAT_VERSION = 1
CHANGEABLE = ("checkpoint_every", "keep", "log_every", "num_pictures")
"""Options that do not change what comes out."""


def description(
    model: ModelState, task: Task, options: TrainingOptions, configuration: Mapping[str, Any], data: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what identifies a training, as a JSON mapping.

    Parameters
    ----------
    model
        Of its arrays the names and shapes count.
    task, options
        What is learned, and how.
    configuration
        More JSON values that identify it, such as the options of the model.
    data
        What identifies the loaders, by name.

    Raises
    ------
    ArgumentError
        If the configuration holds something that JSON does not, or nothing identifies a field of the task.
    """
    try:
        given = json.loads(json.dumps(dict(configuration), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"configuration: expected JSON values ({error}).") from error
    return {
        "training_format_version": FORMAT_VERSION,
        "options": options.to_json(),
        "task": _task_json(task),
        "model": {name: list(shape) for name, shape in shapes_by_name(model).items()},
        "configuration": given,
        "data": dict(data),
    }


def begin(folder: Path, described: Mapping[str, Any]) -> None:
    """Make a folder ready for a training: new, empty, or holding this very one, or one that has no checkpoint yet.

    Raises
    ------
    TrainingError
        If it holds something else, or another training; the message says what differs.
    """
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"folder={str(folder)!r}: a file of this name exists; choose another folder.")
    if (folder / NAME).is_file():
        begun = read_description(folder)
        lines = differences(_compared(begun, described), _compared(described, begun))
        if lines and has_checkpoint(folder):
            raise TrainingError(
                f"folder={str(folder)!r}: holds another training; choose another folder, delete this one, or train as "
                f"it was begun: {in_short(lines)}."
            )
    elif folder.exists() and (found := sorted(p.name for p in folder.iterdir() if p.suffix != PARTIAL_SUFFIX)):
        raise TrainingError(
            f"folder={str(folder)!r}: not empty, and no training; it holds {', '.join(found[:5])}"
            f"{', ...' if len(found) > 5 else ''}. Choose another folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / NAME, described)


def read_description(folder: Path) -> dict[str, Any]:
    """Return the description of the training in a folder.

    Raises
    ------
    TrainingError
        If it holds none that this version reads.
    """
    try:
        described = read_json(folder / NAME)
    except DataError as error:
        raise TrainingError(f"folder={str(folder)!r}: holds no training ({error})") from error
    if (version := described.get("training_format_version")) != FORMAT_VERSION:
        raise TrainingError(
            f"folder={str(folder)!r}: training_format_version={version!r}; this version of acoupipe_grain reads "
            f"{FORMAT_VERSION}. Use the version that wrote it."
        )
    return described


def _compared(described: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be as in the other; more or fewer epochs may follow where no schedule depends on them."""
    are_constant = all(item["options"].get("schedule") == "constant" for item in (described, other))
    left_out = (*CHANGEABLE, *(("num_epochs",) if are_constant else ()))
    options = {name: value for name, value in described["options"].items() if name not in left_out}
    return {**described, "options": options}


def _task_json(task: Task) -> dict[str, Any]:
    values: dict[str, Any] = (
        {item.name: getattr(task, item.name) for item in fields(task) if item.compare} if is_dataclass(task) else {}
    )
    return {"class": type(task).__name__, **{name: _json(name, value) for name, value in values.items()}}


def _json(name: str, value: Any) -> Any:
    if hasattr(value, "to_json"):
        value = value.to_json()
    elif callable(value) and not is_dataclass(value):
        value = callable_identity(value, None)
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError):
        text = repr(value)
    if " at 0x" in text:
        raise ArgumentError(f"task: nothing identifies its {name}={text}; give it a repr that says what it is.")
    return text
