"""The log of a training, to be read and as JSON lines; what comes after the checkpoint it goes on from is dropped."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

TEXT, LINES = "log.txt", "log.jsonl"


class TrainingLog:
    """The two files of the log.

    ``log.jsonl`` has an object a line: of "kind" "step" with ``step``, ``epoch``, ``loss`` (of this step's batch),
    ``gradient_norm``, ``learning_rate``, ``examples_per_second`` and ``data_wait``; or "epoch" with ``epoch``,
    ``step``, ``training``, ``validation``, ``learning_rate``, ``is_best``, ``examples_per_second``, ``data_wait`` and
    ``seconds``. What is no number is null.

    Parameters
    ----------
    folder
        Of the training.
    sizes
        How long the files were when the checkpoint was written from which it goes on, bytes; None: it begins.
    """

    def __init__(self, folder: Path, sizes: Mapping[str, int] | None = None) -> None:
        self._files = {}
        for name in (TEXT, LINES):
            self._files[name] = (folder / name).open("ab")
            size = 0 if sizes is None else sizes[name]
            if self._files[name].tell() > size:
                self._files[name].truncate(size)

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()

    def write(self, text: str) -> None:
        """Add lines to read."""
        self._append(TEXT, text)

    def record(self, values: Mapping[str, Any]) -> None:
        """Add a JSON line."""
        self._append(LINES, json.dumps(_finite(dict(values)), allow_nan=False))

    def sizes(self) -> dict[str, int]:
        """Return how long the files are, bytes."""
        return {name: file.tell() for name, file in self._files.items()}

    def _append(self, name: str, text: str) -> None:
        file = self._files[name]
        file.seek(0, 2)
        file.write(f"{text}\n".encode())
        file.flush()


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
