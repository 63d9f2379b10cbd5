"""What models need of the session they work for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..answers import Answers
from ..protocol import Problem
from ..records import Patch
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

    def draw(self, count: int, generator: np.random.Generator) -> tuple[NDArray[np.int64], int]:
        """Open positions that may be ranked anew, drawn at random, and how many there are."""

    def bring_up(
        self,
        best: NDArray[np.int64],
        *,
        held_out: NDArray[np.int64] | None = None,
        share: float = 0.0,
        generator: np.random.Generator | None = None,
    ) -> None:
        """Put these positions next, behind what the person is about to see."""

    def untouched(self, limit: int | None) -> list[int]:
        """Positions of which nothing is said yet, as they stand in the queue."""

    def take_over(self, patches: Mapping[int, Patch]) -> int:
        """Store what a model suggests for items that are still untouched; returns how many."""

    def ahead(self, count: int) -> list[int]:
        """Positions of the items that come next, the one shown now left out."""
