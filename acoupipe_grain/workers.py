"""JAX settings of worker processes.

Worker processes are spawned and inherit environment variables but not `jax.config`. Without these settings every
worker would take memory on the accelerator, and 64-bit sources would compute in 32 bits.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
import threading
from typing import Any

import jax
from absl import flags

from acoupipe_grain.errors import ArgumentError, DataError

GRAIN_WORKER_PREFIX = "grain-process-prefetch"
_ENABLE_X64 = "_enable_x64"


def start_worker(enable_x64: bool, platform: str = "cpu") -> None:
    """Do `use_platform`, and end this process with its parent; call it before any JAX computation."""
    use_platform(platform, enable_x64)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def use_platform(platform: str, enable_x64: bool) -> None:
    """Keep this process's JAX on the CPU unless it is to use another platform, and set its 64-bit mode."""
    if platform == "cpu":
        jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", enable_x64)


def _exit_after(parent: Any) -> None:
    """End this process when its parent is gone: a killed parent cannot tell its workers to stop."""
    parent.join()
    os._exit(1)


def platform() -> str:
    """Return the platform that JAX computes on by default here: "cpu", "gpu", ..."""
    chosen = jax.config.jax_default_device  # type: ignore[attr-defined]
    return chosen.platform if isinstance(chosen, jax.Device) else chosen or jax.default_backend()


def num_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def require_spawnable(num_workers: int) -> None:
    """Raise `ArgumentError` where worker processes cannot be started: they import the main script anew."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise ArgumentError(
            f"num_workers={num_workers}: a worker process came by this line while importing the main script; put the "
            'script\'s main part under `if __name__ == "__main__":`, or use num_workers=0.'
        )
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script is not None and not os.path.exists(script):
        raise ArgumentError(
            f"num_workers={num_workers}: worker processes import the main script, and {script!r} is no file; save the "
            "script to a file, or use num_workers=0."
        )


def settings_for_workers() -> bool:
    """Return what `start_worker` needs to know of this process."""
    return bool(jax.config.read("jax_enable_x64"))


def transportable(error: Exception, where: str) -> Exception:
    """Return an exception that finds its way out of a worker process: `error` itself, or its text in a `DataError`.

    One whose class lives in the main script, or takes other arguments than its message, does not pickle; its worker
    would hang or lose it.
    """
    if multiprocessing.parent_process() is None:
        return error
    try:
        travels = type(error).__module__ != "__main__" and type(pickle.loads(pickle.dumps(error))) is type(error)
    except Exception:
        travels = False
    return error if travels else DataError(f"{where}: {type(error).__name__}: {error}")


class StartsGrainWorkers:
    """A picklable object that does `start_worker` when it arrives in a Grain worker.

    `grain.DataLoader` offers no initialisation hook, so unpickling a source there is the one. A process that the user
    spawned keeps its accelerator.
    """

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {_ENABLE_X64: settings_for_workers()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        enable_x64 = state.pop(_ENABLE_X64)
        if multiprocessing.current_process().name.startswith(GRAIN_WORKER_PREFIX):
            start_worker(enable_x64)
        self.__dict__.update(state)


def cpu_device() -> jax.Device:
    """Return the CPU as a JAX device, whatever the default device is."""
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError as error:
        raise ArgumentError(
            f"JAX_PLATFORMS={jax.config.values['jax_platforms']!r}: records are computed on the CPU, which is not "
            "one of these platforms; add it, for example JAX_PLATFORMS=cuda,cpu."
        ) from error


def allow_grain_workers() -> None:
    """Mark absl's command-line flags as parsed if nobody has.

    Grain's workers read them and refuse to start in programs that are not run by `absl.app`.
    """
    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()
