"""What models need of the session they work for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..answers import Answers
from ..ordering import Positions
from ..protocol import Problem
from ..records import Patch, Response
from ..schema import Schema
from ..sources import Source
from ..store import Store

__all__ = ["Host"]


class Host(Protocol):
    """A session, as seen by its models."""

    lock: threading.RLock
    source: Source
    schema: Schema
    store: Store
    name: str
    annotator: str
    answers: Answers
    notices: list[Problem]
    watched: bool
    """Whether a page shows the items."""

    def locate(self, identity: str) -> int | None:
        """Where the item with this identity stands in the source."""

    def tell(self, change: Any) -> None:
        """Let everybody who subscribed hear of something."""

    def notice(self, title: str, hint: str = "", detail: str = "") -> None:
        """Tell the person something, once."""

    def queue(self) -> tuple[range | Positions, int]:
        """The positions of all items in their order, and how many of its places must stay as they are."""

    def arrange(self, ranked: Callable[[range | Positions, int], Positions]) -> None:
        """Put what comes next in another order: ``ranked`` gets what `queue` gives."""

    def untouched(self, limit: int | None) -> list[int]:
        """Positions of which nothing is said yet, as they stand in the queue."""

    def take_over(self, patches: Mapping[int, Patch]) -> int:
        """Store what a model suggests for items that are still untouched; returns how many."""

    def ahead(self, count: int) -> list[int]:
        """Positions of the items that come next, the one shown now left out."""

    def response_at(self, position: int) -> Response:
        """What the annotator says of an item."""
