"""What is trained, and how, in words: the head of the log."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from acoupipe_grain.training.arrays_by_name import shapes_by_name
from acoupipe_grain.training.history import EpochRecord
from acoupipe_grain.training.step import ModelState
from acoupipe_grain.training.stopwatch import Stopwatch


def model_table(model: ModelState) -> str:
    """Return a table of a model's parameters: names, shapes, and how many numbers they are, with the sum."""
    shapes = shapes_by_name(model.parameters)
    rows = [(name, str(shape), f"{math.prod(shape):,}") for name, shape in shapes.items()]
    rows.append(("parameters", "", f"{sum(math.prod(shape) for shape in shapes.values()):,}"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(f"{name:{widths[0]}}  {shape:{widths[1]}}  {count:>{widths[2]}}" for name, shape, count in rows)


def configuration_text(described: Mapping[str, Any]) -> str:
    """Return the description of a training as lines, without the model, which has a table of its own."""
    lines = []
    for name, value in described.items():
        if name == "model":
            continue
        if isinstance(value, Mapping):
            lines += [f"{name}.{key}: {json.dumps(item)}" for key, item in value.items()]
        else:
            lines.append(f"{name}: {json.dumps(value)}")
    return "\n".join(lines)


def epoch_text(record: EpochRecord, is_best: bool, times: Stopwatch, seconds: float) -> str:
    """Return what an epoch came to in one line."""
    parts = [f"training {_values(record.training)}", f"validation {_values(record.validation)}"]
    parts.append(f"learning rate {record.learning_rate:.3g}")
    if times.examples_per_second is not None:
        parts += [f"{times.examples_per_second:.4g} examples/s", f"data wait {100 * (times.data_wait or 0):.1f} %"]
    parts.append(f"{seconds:.1f} s")
    return f"epoch {record.epoch}, step {record.step}: {'; '.join(parts)}{' (best)' if is_best else ''}"


def _values(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.5g}" for name, value in values.items())
