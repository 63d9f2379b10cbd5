"""Work that must happen in the thread that asks models, and that somebody waits for."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import TypeVar

from ..errors import SuggestError
from ..suggest import Runner
from ..suggest.runner import Superseded

__all__ = ["waited"]

T = TypeVar("T")

_LOOK_UP = 0.5
"""Seconds after which it is seen that a labeler was closed."""
_numbers = itertools.count()


def waited(runner: Runner, name: str, work: Callable[[], T]) -> T:
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
        except BaseException as error:  # told to who waits, not on the status line
            raised.append(error)
        finally:
            done.set()

    runner.do(f"{name} {next(_numbers)}", job)
    while not done.wait(_LOOK_UP):
        if runner.closed:
            break
    if found:
        return found[0]
    if raised and not isinstance(raised[0], Superseded):
        raise raised[0]
    raise SuggestError(f"{name} was given up, as the labeler was closed")
