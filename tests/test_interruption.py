import gc
import os
import signal
import sys
import threading

import pytest

from acoupipe_grain.interruption import noticed_interruptions


@pytest.fixture(autouse=True)
def _interruptible():
    """Jobs in the background ignore interruptions, and hand that down."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interruption_in_a_callback_is_noticed_later(monkeypatch):
    """Python only reports what is raised there."""
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda error: lost.append(error.exc_type))

    def interrupt(phase, _):
        if phase == "start":
            gc.callbacks.remove(interrupt)
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):  # signals are handled between instructions
                pass

    with noticed_interruptions() as check:
        check()
        gc.callbacks.append(interrupt)
        gc.collect()
        assert lost == [KeyboardInterrupt]
        with pytest.raises(KeyboardInterrupt):
            check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def interrupt_and_wait():
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(10)


def test_an_interruption_elsewhere_is_raised_at_once():
    with noticed_interruptions(), pytest.raises(KeyboardInterrupt):
        interrupt_and_wait()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_programs_and_threads_with_their_own_way_are_left_alone():
    seen = []
    signal.signal(signal.SIGINT, lambda *_: seen.append("interrupted"))
    try:
        with noticed_interruptions() as check:
            os.kill(os.getpid(), signal.SIGINT)
            check()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert seen == ["interrupted"]

    def in_thread():
        with noticed_interruptions():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    assert seen[1] is signal.default_int_handler
