"""Decoded responses kept in memory, so that one more edit of a large item does not decode it again."""

from __future__ import annotations

import threading
from collections import OrderedDict

from ..records import Response

__all__ = ["ResponseCache"]

Name = tuple[int, str, str]


class ResponseCache:
    """The responses used last, by data set, annotator and item; each is valid for one seq only.

    The limit counts annotations and responses together, since either may be many.
    """

    def __init__(self, limit: int = 50_000) -> None:
        self._limit = limit
        self._weight = 0
        self._held: OrderedDict[Name, tuple[int, Response]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Name, seq: int) -> Response | None:
        """The response, if what is held is as new as the row that has this seq."""
        with self._lock:
            held = self._held.get(name)
            if held is None or held[0] != seq:
                return None
            self._held.move_to_end(name)
            return held[1]

    def put(self, name: Name, seq: int, response: Response) -> None:
        """Hold a response; the oldest ones make room."""
        with self._lock:
            before = self._held.pop(name, None)
            if before is not None:
                self._weight -= 1 + len(before[1].annotations)
                if before[0] > seq:  # a slow reader must not push out what is newer
                    seq, response = before[0], before[1]
            self._held[name] = (seq, response)
            self._weight += 1 + len(response.annotations)
            while self._weight > self._limit and len(self._held) > 1:
                _, (_, oldest) = self._held.popitem(last=False)
                self._weight -= 1 + len(oldest.annotations)
