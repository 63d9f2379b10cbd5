"""Rows of features by item, each made once: reading an image takes longer than classifying it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SuggestError
from ..records import Item
from .versions import sign

__all__ = ["Rows", "content"]

Row = NDArray[np.float32]
_KEPT = 20_000
_AT_ONCE = 32


class Rows:
    """Makes rows of features of items, and remembers them.

    Parameters
    ----------
    seen : callable
        What is seen of an item: its text, pixels or sound.
    make : callable
        Makes a list of these into rows.
    who : str
        For messages.
    limit : int
        How many rows are remembered, the longest unused forgotten first.
    """

    def __init__(
        self, seen: Callable[[Item], Any], make: Callable[[list[Any]], Any], who: str, limit: int = _KEPT
    ) -> None:
        self._seen = seen
        self._make = make
        self._who = who
        self._limit = limit
        self._known: OrderedDict[str, tuple[str, Row]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, items: Sequence[Item]) -> list[Row | Exception]:
        """A row for each item; an exception for one that cannot be read. Raises what the maker of rows raises."""
        told = [content(item.data) for item in items]
        found: list[Row | Exception | None] = [None] * len(items)
        with self._lock:
            for n, item in enumerate(items):
                known = self._known.get(item.identity) if item.identity else None
                if known is not None and known[0] == told[n]:
                    found[n] = known[1]
                    self._known.move_to_end(item.identity)
        todo = [n for n, row in enumerate(found) if row is None]
        for start in range(0, len(todo), _AT_ONCE):
            at, given = [], []
            for n in todo[start : start + _AT_ONCE]:
                try:
                    given.append(self._seen(items[n]))
                    at.append(n)
                except Exception as error:  # a file that is gone
                    found[n] = error
            for n, row in zip(at, self._made(given), strict=True):
                found[n] = row
                self._keep(items[n].identity, told[n], row)
        return [SuggestError("there is no row") if row is None else row for row in found]

    def _made(self, given: list[Any]) -> Sequence[Row]:
        if not given:
            return []
        rows = self._make(given)
        rows = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, np.float32)
        if rows.ndim != 2 or len(rows) != len(given):
            raise SuggestError(
                f"features= of {self._who} gave an array of shape {rows.shape} for {len(given)} items",
                "one row of numbers for each",
            )
        return list(rows)

    def _keep(self, identity: str, told: str, row: Row) -> None:
        if not identity:
            return
        with self._lock:
            self._known[identity] = (told, row.copy())  # not the whole batch with it
            self._known.move_to_end(identity)
            while len(self._known) > self._limit:
                self._known.popitem(last=False)


def content(data: Any) -> str:
    """What tells that something is still what it was: a text or path itself, of numbers a sample."""
    return data if isinstance(data, str) else sign(data)
