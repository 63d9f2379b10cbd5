"""What a person wants to know of the model at work, and what went wrong with it last."""

from __future__ import annotations

import threading
import traceback
from typing import Literal, TypeAlias

import msgspec

__all__ = ["State", "Trouble", "Troubles"]

Doing: TypeAlias = Literal["idle", "busy", "training", "failed"]


class State(msgspec.Struct, frozen=True):
    """The state of a model.

    Attributes
    ----------
    name, version : str
        What suggestions are told by, without the version; and the training they come from.
    state : {"idle", "busy", "training", "failed"}
        What it does, or that it failed last.
    labels : int
        How many answers it has learnt from.
    until_next : int
        How many answers are missing until it learns again.
    waiting : str
        Why it cannot be trained yet.
    usage : str
        What it has cost so far, in words.
    error, detail : str
        What went wrong last, and the traceback; empty when it has gone well since.
    """

    name: str
    version: str = ""
    state: Doing = "idle"
    labels: int = 0
    until_next: int = 0
    waiting: str = ""
    usage: str = ""
    error: str = ""
    detail: str = ""


class Trouble(msgspec.Struct, frozen=True):
    """Something that went wrong: in a line, and where."""

    error: str
    detail: str = ""


class Troubles:
    """The last trouble of each kind of work, until that work goes well again.

    Examples
    --------
    >>> troubles = Troubles()
    >>> troubles.note("training", "too little memory")
    >>> troubles.note("asking", "no such file")
    >>> troubles.clear("asking")
    >>> troubles.last.error
    'too little memory'
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_kind: dict[str, Trouble] = {}
        self.last_traceback = ""

    @property
    def last(self) -> Trouble | None:
        """The newest trouble that is not over; ``None`` if all is well."""
        with self._lock:
            return next(reversed(self._by_kind.values()), None)

    def note(self, kind: str, error: str, detail: str = "") -> None:
        """Something went wrong."""
        with self._lock:
            self._by_kind.pop(kind, None)
            self._by_kind[kind] = Trouble(error, detail)
            self.last_traceback = detail or self.last_traceback

    def raised(self, kind: str, source: str, problem: BaseException) -> str:
        """Something raised; the line that tells of it."""
        words = (str(problem).strip().splitlines() or [""])[0][:500]
        told = f"{source}: {type(problem).__name__}" + (f": {words}" if words else "")
        self.note(kind, told, "".join(traceback.format_exception(problem)))
        return told

    def clear(self, kind: str) -> None:
        """Forget the trouble with a kind of work that goes well."""
        with self._lock:
            self._by_kind.pop(kind, None)
