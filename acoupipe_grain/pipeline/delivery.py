"""The consuming end of a pipeline: transfer to devices, batch computation, transforms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grain
import jax

from acoupipe_grain.errors import ArgumentError


def deliver(
    dataset: grain.IterDataset,
    compute_batch: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None,
    device: Any,
    transforms: Sequence[Any],
    seed: int,
) -> grain.IterDataset:
    """Return `dataset` with its batches sent to `device`, computed and transformed, in this order."""
    if device is not None:
        if not isinstance(device, jax.Device | jax.sharding.Sharding):
            raise ArgumentError(f"device={device!r}: expected a jax.Device, a jax.sharding.Sharding or None.")
        dataset = grain.experimental.device_put(dataset, device, cpu_buffer_size=1, device_buffer_size=2)
    if compute_batch is not None:
        dataset = dataset.map(_BatchComputation(compute_batch, device))
    for number, transform in enumerate(transforms):
        if isinstance(transform, grain.transforms.RandomMap):
            dataset = dataset.random_map(transform, seed=(seed + number + 1) % 2**32)
        elif isinstance(transform, grain.transforms.Map) or callable(transform):
            dataset = dataset.map(transform)
        else:
            raise ArgumentError(
                f"transforms[{number}]={transform!r}: expected a function batch -> batch or a Grain Map or RandomMap."
            )
    return dataset


class _BatchComputation:
    """A source's `compute_batch`, jitted with its constants as arguments and placed beside the batches once."""

    def __init__(self, compute_batch: Any, device: Any) -> None:
        self._compute_batch = compute_batch
        self._device = device
        self._placed: Any = None
        self._jitted = jax.jit(lambda part, batch: part(batch))

    def __call__(self, batch: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._placed is None:
            self._placed = jax.device_put(self._compute_batch, _replicated(self._device))
        return self._jitted(self._placed, batch)


def _replicated(device: Any) -> Any:
    if isinstance(device, jax.sharding.NamedSharding):
        return jax.sharding.NamedSharding(device.mesh, jax.sharding.PartitionSpec())
    return device
