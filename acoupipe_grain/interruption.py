"""Interruptions that are noticed, whatever Python was doing when they came."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def noticed_interruptions() -> Iterator[Callable[[], None]]:
    """Give a function that raises `KeyboardInterrupt` once the process was interrupted.

    Python raises it itself, too, but within a callback, such as JAX's of the garbage collector, it is printed and lost.
    Nothing changes in other threads than the main one, and where the program handles interruptions in its own way.
    """
    was_interrupted = threading.Event()

    def interrupt(number: int, frame: Any) -> None:
        was_interrupted.set()
        signal.default_int_handler(number, frame)

    def check() -> None:
        if was_interrupted.is_set():
            raise KeyboardInterrupt

    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield check
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
