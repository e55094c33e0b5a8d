"""Batches of epoch after epoch, from a loader, at a position that can be stored."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.training.task import Batch


class TrainingData:
    """Batches of epoch after epoch.

    Parameters
    ----------
    loader
        What `acoupipe_grain.make_loader` returns, or another `grain.IterDataset`.
    steps_per_epoch
        Batches of an epoch, of a loader that does not end; None: an epoch is a pass over it.

    Raises
    ------
    ArgumentError
        If the position in the loader cannot be stored.
    """

    def __init__(self, loader: Iterable[Batch], steps_per_epoch: int | None) -> None:
        self._loader = loader
        self.steps_per_epoch = steps_per_epoch
        self._iterator: Any = iter(loader)
        self._is_fresh = True
        if not hasattr(self._iterator, "get_state") or not hasattr(self._iterator, "set_state"):
            self.close()
            raise ArgumentError(
                f"train={type(loader).__name__}: its iterator has no get_state and set_state, so training could not go "
                "on where it was; use acoupipe_grain.make_loader."
            )
        self.pipeline = pipeline_of(self._iterator)

    def epoch(self, num_done: int) -> Iterator[Batch]:
        """Give the batches of an epoch of which `num_done` came already.

        Raises
        ------
        ArgumentError
            If there is none.
        DataError
            If the loader ends within an epoch of a given number of steps.
        """
        for number in itertools.count(num_done):
            if number == self.steps_per_epoch:
                return
            batch = self._next(number)
            if batch is None:
                return
            yield batch

    def _next(self, number: int) -> Batch | None:
        try:
            batch = next(self._iterator)
        except StopIteration:
            if self._is_fresh:
                raise ArgumentError("train: the loader gives no batch; give it records.") from None
            if self.steps_per_epoch is not None:
                raise DataError(
                    f"train: the loader ended after {number} of {self.steps_per_epoch} steps of an epoch; make it with "
                    "num_epochs=None, or leave steps_per_epoch out."
                ) from None
            self._begin_again()
            return None
        self._is_fresh = False
        return batch

    def _begin_again(self) -> None:
        self.close()
        self._iterator = iter(self._loader)
        self._is_fresh = True

    def get_state(self) -> Any:
        """Return the position as a JSON value."""
        return {"is_fresh": self._is_fresh, "position": self._iterator.get_state()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on at a position that `get_state` returned."""
        self._is_fresh = bool(state["is_fresh"])
        self._iterator.set_state(state["position"])

    def close(self) -> None:
        """Stop what reads ahead."""
        close(self._iterator)


def pipeline_of(iterator: Any) -> Any:
    """Return what identifies the loader of an iterator, a JSON value; None if nothing does."""
    state = iterator.get_state() if hasattr(iterator, "get_state") else None
    return state.get("pipeline") if isinstance(state, Mapping) else None


def close(iterator: Any) -> None:
    """Stop what an iterator reads ahead, if it does."""
    if callable(stop := getattr(iterator, "close", None)):
        stop()
