"""JAX settings of worker processes.

Worker processes are spawned and inherit environment variables but not `jax.config`. Without these settings every
worker would take memory on the accelerator, and 64-bit sources would compute in 32 bits.
"""

from __future__ import annotations

import multiprocessing

import jax
from absl import flags

GRAIN_WORKER_PREFIX = "grain-process-prefetch"


def start_worker(enable_x64: bool) -> None:
    """Keep this process's JAX on the CPU and set its 64-bit mode; call it before any JAX computation."""
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", enable_x64)


def settings_for_workers() -> bool:
    """Return what `start_worker` needs to know of this process."""
    return bool(jax.config.read("jax_enable_x64"))


def start_if_grain_worker(enable_x64: bool) -> None:
    """Do `start_worker` in a Grain worker and nothing elsewhere.

    `grain.DataLoader` offers no initialisation hook, so unpickling a source there does it. A process the user
    spawned keeps its accelerator.
    """
    if multiprocessing.current_process().name.startswith(GRAIN_WORKER_PREFIX):
        start_worker(enable_x64)


def allow_grain_workers() -> None:
    """Mark absl's command-line flags as parsed if nobody has.

    Grain's workers read them and refuse to start in programs that are not run by `absl.app`.
    """
    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()
