"""Threads that give way to what a person waits for, and end before the interpreter does.

One that is left inside a library's own code when the interpreter ends takes it down.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable

__all__ = ["hush", "quiet", "start"]

_PATIENCE = 5.0
_running: dict[threading.Thread, Callable[[], None]] = {}
_quiet_until = 0.0


def hush(seconds: float) -> None:
    """Something that a person waits for is under way: what nobody waits for should not take its time from it."""
    global _quiet_until
    _quiet_until = max(_quiet_until, time.monotonic() + seconds)


def quiet() -> float:
    """For how many seconds work in the background should still wait."""
    return max(_quiet_until - time.monotonic(), 0.0)


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
