"""Checkpoints that say what they belong to."""

from __future__ import annotations

import atexit
import contextlib
import gc
import sys
import weakref
from collections.abc import Mapping
from typing import Any

import grain

from acoupipe_grain.errors import ArgumentError

_unfinished: weakref.WeakSet[Any] = weakref.WeakSet()


@atexit.register
def _close_iterators() -> None:
    """Close what the program left open, while the modules that Grain's own clean-up needs are still there."""
    for iterator in list(_unfinished):
        # One that another thread is waiting for cannot be closed before its next batch comes.
        if not iterator.is_busy:
            with contextlib.suppress(Exception):
                iterator.close()
            iterator.release()
    gc.collect()
    shared_memory = sys.modules.get("grain._src.python.ipc.shared_memory_array")
    deleting = getattr(getattr(shared_memory, "SharedMemoryArray", None), "_del_thread_pool", None)
    if deleting is not None:
        # Grain's thread deletes shared memory one after the other; cut off, it leaves false reports of leaks.
        with contextlib.suppress(Exception):
            deleting.apply_async(int).get(timeout=10)


class CheckpointGuard(grain.IterDataset):
    """A data set whose iterator's state names its pipeline and is refused by any other.

    Parameters
    ----------
    parent
        The data set.
    pipeline
        JSON values that must agree between saving and restoring.
    """

    def __init__(self, parent: grain.IterDataset, pipeline: Mapping[str, Any]) -> None:
        super().__init__(parent)
        self._pipeline = dict(pipeline)

    def __iter__(self) -> grain.DatasetIterator:
        return _GuardedIterator(iter(self._parent), self._pipeline)

    def __str__(self) -> str:
        return f"Loader({self._pipeline})"


class _GuardedIterator(grain.DatasetIterator):
    def __init__(self, parent: grain.DatasetIterator, pipeline: Mapping[str, Any]) -> None:
        super().__init__(parent)
        self._pipeline = pipeline
        self.is_busy = False
        _unfinished.add(self)

    def __next__(self) -> Any:
        self.is_busy = True
        try:
            return next(self._parent)
        finally:
            self.is_busy = False

    def release(self) -> None:
        """Forget the pipeline; the iterator cannot be used afterwards."""
        self._parents = ()

    def get_state(self) -> dict[str, Any]:
        """Return the position and the pipeline it belongs to, as JSON values."""
        return {"pipeline": dict(self._pipeline), "position": self._parent.get_state()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue at a saved position; refused unless it was saved by a loader made with the same arguments."""
        saved = state.get("pipeline") if isinstance(state, Mapping) else None
        if not isinstance(saved, Mapping) or set(state) != {"pipeline", "position"}:
            raise ArgumentError("state: not saved by an iterator of make_loader.")
        differences = [
            f"{name} was {saved.get(name)!r}, is {value!r}"
            for name, value in self._pipeline.items()
            if saved.get(name) != value
        ]
        if differences:
            raise ArgumentError(
                "state: saved by a different loader ("
                + "; ".join(differences)
                + "); make the loader with the saved values."
            )
        try:
            self._parent.set_state(state["position"])
        except (KeyError, TypeError) as error:
            raise ArgumentError(
                f"state: its position is damaged or of another version of Grain ({error!r})."
            ) from error
