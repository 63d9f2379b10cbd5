"""What models need of the session they work for."""

from __future__ import annotations

import threading
from typing import Any, Protocol

from ..answers import Answers
from ..protocol import Problem
from ..records import Response
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

    def locate(self, identity: str) -> int | None:
        """Where the item with this identity stands in the source."""

    def tell(self, change: Any) -> None:
        """Let everybody who subscribed hear of something."""

    def notice(self, title: str, hint: str = "", detail: str = "") -> None:
        """Tell the person something, once."""

    def ahead(self, count: int) -> list[int]:
        """Positions of the items that come next, the one shown now left out."""

    def response_at(self, position: int) -> Response:
        """What the annotator says of an item."""
