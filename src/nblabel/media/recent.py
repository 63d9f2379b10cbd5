"""What was used last, kept within a bound."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Recent"]

_Value = TypeVar("_Value")


class Recent(Generic[_Value]):
    """The values that were used last, by key, up to a weight of all together; safe between threads."""

    def __init__(self, most: int, weigh: Callable[[_Value], int] = lambda _: 1) -> None:
        self._most = most
        self._weigh = weigh
        self._weight = 0
        self._lock = threading.Lock()
        self._held: OrderedDict[Hashable, _Value] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """The value of a key; two threads may make it at once, the first one stays."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = make()
        with self._lock:
            if key in self._held:
                return self._held[key]
            self._held[key] = made
            self._weight += self._weigh(made)
            while len(self._held) > 1 and self._weight > self._most:
                self._weight -= self._weigh(self._held.popitem(last=False)[1])
        return made

    def peek(self, key: Hashable) -> _Value | None:
        """The value of a key, if it is here."""
        with self._lock:
            return self._held.get(key)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._held.clear()
            self._weight = 0
