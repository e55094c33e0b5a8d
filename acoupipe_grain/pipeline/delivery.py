"""The consuming end of a pipeline: transfer to devices, batch computation, transforms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grain
import jax

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.specs import BatchComputation, apply_batch_computation


def deliver(
    dataset: grain.IterDataset,
    compute_batch: BatchComputation | None,
    device: Any,
    transforms: Sequence[Any],
    seeds: Sequence[int],
) -> grain.IterDataset:
    """Return `dataset` with its batches sent to `device`, computed and transformed, in this order.

    There is one seed for each transform.
    """
    if device is not None:
        if not isinstance(device, jax.Device | jax.sharding.Sharding):
            raise ArgumentError(f"device={device!r}: expected a jax.Device, a jax.sharding.Sharding or None.")
        dataset = grain.experimental.device_put(dataset, device, cpu_buffer_size=1, device_buffer_size=2)
    if compute_batch is not None:
        _require_automatic_axes(device)
        dataset = dataset.map(_PlacedComputation(compute_batch, device))
    for number, (transform, seed) in enumerate(zip(transforms, seeds, strict=True)):
        if isinstance(transform, grain.transforms.RandomMap):
            dataset = dataset.random_map(transform, seed=seed)
        elif isinstance(transform, grain.transforms.Map) or callable(transform):
            dataset = dataset.map(transform)
        else:
            raise ArgumentError(
                f"transforms[{number}]={transform!r}: expected a function batch -> batch or a Grain Map or RandomMap."
            )
    return dataset


class _PlacedComputation:
    """A source's `compute_batch`, its constants placed beside the batches once."""

    def __init__(self, compute_batch: Any, device: Any) -> None:
        self._compute_batch = compute_batch
        self._device = device
        self._placed: Any = None
        self._compute: Callable[..., Mapping[str, Any]] = apply_batch_computation

    def __call__(self, batch: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._placed is None:
            self._placed = jax.device_put(self._compute_batch, _replicated(self._device))
            self._compute = _on_each_device(self._device)
        return self._compute(self._placed, batch)


def _on_each_device(device: Any) -> Callable[..., Mapping[str, Any]]:
    """Return the jitted application of a computation to a batch; where records are shared out, of each device's."""
    if not isinstance(device, jax.sharding.NamedSharding):
        return apply_batch_computation
    records = jax.sharding.PartitionSpec(*device.spec[:1])
    everywhere = jax.sharding.PartitionSpec()
    return jax.jit(
        jax.shard_map(
            lambda computation, batch: computation(batch),
            mesh=device.mesh,
            in_specs=(everywhere, records),
            out_specs=records,
            check_vma=False,  # loops as long as the sources drawn differ between devices
        )
    )


def _require_automatic_axes(device: Any) -> None:
    """Refuse meshes whose axes are explicit: computations would have to say how every intermediate is sharded."""
    if not isinstance(device, jax.sharding.NamedSharding):
        return
    kinds = device.mesh.axis_types
    if any(kind is not jax.sharding.AxisType.Auto for kind in kinds):
        raise ArgumentError(
            f"device={device!r}: the mesh has axes of the types {kinds}, and this source computes its batches "
            "with automatic ones; make the mesh with jax.make_mesh(..., axis_types=(jax.sharding.AxisType.Auto,) * "
            f"{len(kinds)})."
        )


def _replicated(device: Any) -> Any:
    if isinstance(device, jax.sharding.NamedSharding):
        return jax.sharding.NamedSharding(device.mesh, jax.sharding.PartitionSpec())
    return device
