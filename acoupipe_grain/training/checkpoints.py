"""Checkpoints of a training, written by Orbax: each whole or not there at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from acoupipe_grain.extras import import_extra
from acoupipe_grain.records.format import read_json, write_json

FOLDER = "checkpoints"
COMPLETED = "completed.json"
"""In the folder of a checkpoint: the progress that counts instead of the one it was saved with."""


def has_checkpoint(folder: Path) -> bool:
    """Say whether a training's folder has a checkpoint."""
    return any(path.name.isdigit() for path in (folder / FOLDER).glob("*"))


class Checkpoints:
    """The checkpoints in a training's folder, by step.

    Parameters
    ----------
    folder
        Of the training.
    keep
        How many of the latest are kept, beside the best; None: they are only read.
    """

    def __init__(self, folder: Path, keep: int | None = None) -> None:
        self._orbax = import_extra("orbax.checkpoint", "train", "Checkpoints")
        self._kept = _Kept(keep or 1)
        options = self._orbax.CheckpointManagerOptions(
            # The next step uses the arrays' memory: they are written before it begins.
            enable_async_checkpointing=False,
            cleanup_tmp_directories=keep is not None,
            create=keep is not None,
            read_only=keep is None,
            preservation_policy=self._kept,
            save_root_metadata=False,
        )
        self._folder = (folder / FOLDER).absolute()
        self._manager = self._orbax.CheckpointManager(self._folder, options=options)

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._manager.close()

    @property
    def latest(self) -> int | None:
        """The step of the latest checkpoint; None if there is none."""
        return self._manager.latest_step()

    def save(
        self, step: int, arrays: Mapping[str, np.ndarray], progress: Mapping[str, Any], best_step: int | None
    ) -> None:
        """Write a checkpoint, and afterwards remove those that are neither among the latest nor the best.

        Parameters
        ----------
        step
            Steps done; more than of any checkpoint that is there.
        arrays
            All arrays of the state.
        progress
            All the rest, a JSON mapping.
        best_step
            Which checkpoint is the best; None: none yet.
        """
        self._kept.best_step = best_step
        args = self._orbax.args
        self._manager.save(
            step, args=args.Composite(arrays=args.StandardSave(dict(arrays)), progress=args.JsonSave(dict(progress)))
        )

    def complete(self, step: int, progress: Mapping[str, Any], best_step: int | None) -> None:
        """Give the checkpoint written last another progress, at once or not at all, and remove others as `save` does.

        Parameters
        ----------
        step
            Which one.
        progress
            All but the arrays, a JSON mapping.
        best_step
            As for `save`.
        """
        # As a text: it may hold NaN.
        write_json(self._folder / str(step) / COMPLETED, {"progress": json.dumps(dict(progress))})
        self._kept.best_step = best_step
        steps = sorted(self._manager.all_steps())
        for other, is_kept in zip(steps, self._kept.among(steps), strict=True):
            if not is_kept:
                self._manager.delete(other)

    def arrays(self, step: int) -> dict[str, np.ndarray]:
        """Read the arrays of a checkpoint."""
        args = self._orbax.args
        return self._manager.restore(step, args=args.Composite(arrays=args.StandardRestore())).arrays

    def progress(self, step: int) -> dict[str, Any]:
        """Read all the rest of a checkpoint."""
        if (path := self._folder / str(step) / COMPLETED).is_file():
            completed: dict[str, Any] = json.loads(read_json(path)["progress"])
            return completed
        args = self._orbax.args
        return self._manager.restore(step, args=args.Composite(progress=args.JsonRestore())).progress


class _Kept:
    """Orbax's question which checkpoints are kept, answered."""

    def __init__(self, num_latest: int) -> None:
        self._num_latest = num_latest
        self.best_step: int | None = None

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> list[bool]:
        del context
        return self.among([item.step for item in checkpoints])

    def among(self, steps: Sequence[int]) -> list[bool]:
        """Say of each step, in order, whether its checkpoint is kept."""
        first = len(steps) - self._num_latest
        return [number >= first or step == self.best_step for number, step in enumerate(steps)]
