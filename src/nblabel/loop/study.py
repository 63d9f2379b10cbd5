"""How good the model is: answers held out from it, and what it made of them after each training."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator

import msgspec

from ..analytics.curves import flattened
from ..errors import StoreError
from ..records import Labelled
from ..suggest import Runner
from ..suggest.teaching import Point, evaluate, held_out
from ..suggest.trainer import Trained
from .given import submitted
from .host import Host

__all__ = ["Study"]

_KIND = "training"
_MOST = 1000
"""Answers that are measured on at most: the first of them, in the order of the source."""


class Study:
    """The random share of answers that models which train never see, and the learning curve measured on it.

    Parameters
    ----------
    host : Host
        The session.
    share : float
        The share of items held out, chosen by their identities before any training.
    """

    def __init__(self, host: Host, share: float) -> None:
        self._host = host
        self.share = share
        self.points = self._stored()
        self.hint = flattened(self.points)
        """Whether more labels still help, in a sentence; empty if they do, or nobody knows."""

    def is_held(self, identity: str) -> bool:
        """Whether an item is kept from models that train."""
        return self.share > 0 and held_out(identity, self._host.name, self.share)

    def taught(self, rows: Iterable[Labelled]) -> Iterator[Labelled]:
        """Those answers that a model may learn from: neither held out nor its own."""
        return (one for one in rows if not one.response.model and not self.is_held(one.item.identity))

    def held(self) -> list[Labelled]:
        """People's answers to the items held out."""
        people = (one for one in submitted(self._host, self.is_held) if not one.response.model)
        return list(itertools.islice(people, _MOST))

    @property
    def lacks(self) -> str:
        """What is missing before a model can be measured; empty if nothing is."""
        if not self.share:
            return "nothing is held out: only models that are trained on the labels are measured"
        return "" if self.held() else f"none of the answers is among the {self.share:.0%} of items held out"

    def measure(self, runner: Runner, outcome: Trained) -> None:
        """Put a model that has just been trained to the test; a job of the models' thread."""
        rows = self.held()
        if not rows:
            return
        found = evaluate(runner, rows, self._host.schema)
        if found.score is None:
            return
        point = Point(
            labels=outcome.labels,
            held_out=found.answers,
            score=found.score,
            metric=found.metric,
            source=runner.adapter.name,
            version=outcome.version,
            at=time.time(),
            seconds=outcome.seconds,
        )
        self.points.append(point)
        self.hint = flattened(self.points)
        try:
            self._host.store.trace(self._host.name, _KIND, self._host.annotator, [("", point.at, point)])
        except StoreError:  # labels matter more; the point stays in this session
            return

    def _stored(self) -> list[Point]:
        """The curve so far, of this and earlier sessions."""
        host = self._host
        traces = host.store.traces(host.name, _KIND, annotator=host.annotator)
        return [msgspec.convert(trace.body, Point) for trace in traces]

    def points_of(self, name: str) -> list[Point]:
        """The curve of one model; where it was trained on as many labels again, only the newest point counts."""
        return list({one.labels: one for one in self.points if one.source == name}.values())
