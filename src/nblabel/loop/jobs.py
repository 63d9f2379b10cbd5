"""Work that must happen in the thread that asks models, and that somebody waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ..errors import SuggestError
from ..suggest import Runner

__all__ = ["waited"]

T = TypeVar("T")


def waited(runner: Runner, name: str, work: Callable[[], T], timeout: float | None = None) -> T:
    """What ``work`` returns in the worker's thread; raises what it raises.

    Models must not be used from several threads, so whoever asks one from Python waits for its turn. Nothing may be
    locked meanwhile that the worker needs.
    """
    done = threading.Event()
    found: list[T] = []
    raised: list[BaseException] = []

    def job() -> None:
        try:
            found.append(work())
        except BaseException as error:
            raised.append(error)
            raise
        finally:
            done.set()

    runner.do(name, job)
    if not done.wait(timeout):
        raise SuggestError(f"{name}: {runner.source} has not come to it in {timeout:g} s", "it may be at work still")
    if raised:
        raise raised[0]
    return found[0]
