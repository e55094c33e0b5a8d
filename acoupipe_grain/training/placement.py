"""Data parallelism: the items of a batch shared out over devices, the model on each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.averages import num_items_of
from acoupipe_grain.training.task import Batch

AXIS = "batch"


def data_sharding(devices: Sequence[jax.Device] | None = None) -> jax.sharding.NamedSharding:
    """Return the sharding of batches over devices: the ``device`` of a loader whose batches go there ahead of time.

    Parameters
    ----------
    devices
        Devices of this process; None: all that it has of the default platform.
    """
    chosen = jax.local_devices() if devices is None else list(devices)
    if not chosen:
        raise ArgumentError("devices=[]: expected at least one jax.Device, or None for all.")
    kinds = (jax.sharding.AxisType.Auto,)
    mesh = jax.sharding.Mesh(np.array(chosen), (AXIS,), axis_types=kinds)
    return jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(AXIS))


class Placement:
    """Where batches and models go.

    Parameters
    ----------
    devices
        As of `data_sharding`.
    """

    def __init__(self, devices: Sequence[jax.Device] | None = None) -> None:
        self.shared_out = data_sharding(devices)
        self.everywhere = jax.sharding.NamedSharding(self.shared_out.mesh, jax.sharding.PartitionSpec())
        self.num_devices = self.shared_out.mesh.size

    def place(self, batch: Batch) -> dict[str, jax.Array]:
        """Share a batch out over the devices; one whose items do not go evenly into them is whole on each."""
        evenly = num_items_of(batch) % self.num_devices == 0
        return jax.device_put(dict(batch), self.shared_out if evenly else self.everywhere)

    def replicate(self, tree: Any) -> Any:
        """Copy arrays to every device; nothing of them is shared with `tree`."""
        return jax.device_put(tree, self.everywhere, may_alias=False)

    def require_divisible(self, num_items: int) -> None:
        """Raise `ArgumentError` unless the items of a batch go evenly into the devices."""
        if num_items % self.num_devices:
            raise ArgumentError(
                f"batch_size={num_items}: does not go evenly into {self.num_devices} devices; use a multiple of "
                f"{self.num_devices}, or fewer devices."
            )
