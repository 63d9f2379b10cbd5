"""Threads that end before the interpreter does: one that is left inside a library's own code takes it down."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable

__all__ = ["start"]

_PATIENCE = 5.0
_running: dict[threading.Thread, Callable[[], None]] = {}


def start(work: Callable[[], None], name: str, stop: Callable[[], None]) -> None:
    """Do ``work`` in a thread; ``stop`` asks it to end soon, when the interpreter is about to.

    Raises
    ------
    RuntimeError
        Where there are no threads (JupyterLite).
    """

    def run() -> None:
        try:
            work()
        finally:
            _running.pop(thread, None)

    thread = threading.Thread(target=run, name=name, daemon=True)
    _running[thread] = stop
    try:
        thread.start()
    except RuntimeError:
        _running.pop(thread, None)
        raise


@atexit.register
def _end() -> None:
    running = dict(_running)
    for stop in running.values():
        stop()
    ends = time.monotonic() + _PATIENCE
    for thread in running:
        thread.join(max(ends - time.monotonic(), 0.0))
