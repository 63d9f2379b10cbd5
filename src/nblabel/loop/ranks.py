"""Ranking anew what comes next, in the background, by what the model has learnt meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from .. import ordering
from ..errors import UnknownItem
from ..ordering import Pool, Strategy
from ..records import Item
from ..sources import background
from ..suggest import Runner
from ..suggest.features import plain
from ..suggest.rows import Rows
from .host import Host
from .study import Study

__all__ = ["Ranks"]

_CANDIDATES = 2000
_ANSWERED = 500
"""So many answered items stand for all of them where distances are measured."""
_SECONDS = 2.0
_ROWS = 5000
"""Rows of features that are kept."""
View = Callable[[Item], object]


class Ranks:
    """Asks a strategy which of the open items should come next, and puts them there.

    Parameters
    ----------
    host : Host
        The session.
    study : Study
        Knows which items are held out: they are mixed in by chance.
    runner : Runner, optional
        The models' thread, which then ranks too: models must not be used from several threads.
    view : callable, optional
        What features are made from, where that is not an item's data.
    strategy : Strategy, optional
        Nothing is ranked without one.
    """

    def __init__(
        self, host: Host, study: Study, runner: Runner | None, view: View | None, strategy: Strategy | None
    ) -> None:
        self._host = host
        self._study = study
        self._runner = runner
        self._view = view
        self._rows = Rows(lambda item: item, self._made, "the order", _ROWS)
        self._generator = np.random.default_rng()
        self._lock = threading.Lock()
        self._alive = self._again = self._closed = False
        self.strategy = strategy
        self.words = ""
        """What was done last, such as "uncertainty, looked at 2,000 of 998,000"."""
        self.trouble = ""

    def wish(self) -> None:
        """Rank soon. Returns at once."""
        if self.strategy is None or self._closed:
            return
        if self._runner is not None:
            self._runner.do("ranking", self._rank)
            return
        with self._lock:
            self._again = True
            if self._alive:
                return
            self._alive = True
        try:
            background.start(self._work, "nblabel-rank", self.close)
        except RuntimeError:  # no threads here: the order stays as it is
            self._alive = False

    def close(self) -> None:
        """Rank nothing any more."""
        self._closed = True

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._closed or not self._again:
                    self._alive = False
                    return
                self._again = False
            try:
                self._rank()
                self.trouble = ""
            except Exception as error:  # a ranking function of the user's
                self.trouble = f"{type(error).__name__}: {error}"

    def _rank(self) -> None:
        strategy, host = self.strategy, self._host
        if strategy is None or self._closed:
            return
        with host.lock:
            drawn, count = host.draw(_CANDIDATES, self._generator)
            identities = host.source.identities(drawn.tolist()) if self._study.share else ()
        aside = np.zeros(len(drawn), dtype=bool)
        aside[: len(identities)] = [self._study.is_held(one) for one in identities]
        about = self._about(strategy)
        ranked = ordering.rank(
            strategy, drawn[~aside], lambda batch: self._pool(strategy, batch), seconds=_SECONDS, about=about, of=count
        )
        if self._closed or strategy is not self.strategy:
            return
        self.words = f"{strategy.name}, {ranked.words}"
        if not ranked.told:  # nothing to go by yet
            return

        host.bring_up(ranked.positions, held_out=drawn[aside], share=self._study.share, generator=self._generator)

    # ---- what strategies look at ------------------------------------------------------------------

    def _items(self, positions: Sequence[int]) -> list[Item]:
        with self._host.lock:
            return [self._host.source.item(int(position)) for position in positions]

    def _pool(self, strategy: Strategy, positions: NDArray[np.int64]) -> Pool:
        items = self._items(positions.tolist())
        beliefs = self._runner.beliefs(items) if "beliefs" in strategy.needs and self._runner is not None else None
        features = self._features(items) if "features" in strategy.needs else None
        return Pool(len(items), beliefs=beliefs, features=features, items=items)

    def _about(self, strategy: Strategy) -> Pool:
        host = self._host
        answered = like = None
        given: dict[str, dict[str, int]] = {}
        if "answered" in strategy.needs:
            with host.lock:
                done = host.answers.known_positions()
            if len(done) > _ANSWERED:
                done = self._generator.choice(np.array(done), _ANSWERED, replace=False).tolist()
            answered = self._features(self._items(done)) if done else None
        if "like" in strategy.needs:
            with host.lock:
                try:
                    position = host.source.position(strategy.like)
                except UnknownItem:
                    position = None
            like = None if position is None else self._features(self._items([position]))[0]
        if "given" in strategy.needs:
            given = self._given()
        return Pool(0, answered=answered, like=like, given=given)

    def _given(self) -> dict[str, dict[str, int]]:
        host = self._host
        counted: Counter[tuple[str, str]] = Counter()
        for response in host.store.responses(host.name, annotator=host.annotator):
            if response.status == "submitted":
                counted.update({(a.field, str(getattr(a, "label", ""))) for a in response.annotations})
        return {
            field.name: {label.name: counted[field.name, label.name] for label in field.get_labels()}
            for field in host.schema.fields
        }

    def _made(self, items: list[Item]) -> NDArray[np.float32]:
        return plain(items, self._view) if self._runner is None else self._runner.adapter.features(items)

    def _features(self, items: Sequence[Item]) -> NDArray[np.float32]:
        rows = self._rows.of(items)
        return np.stack(cast("list[NDArray[np.float32]]", rows))  # what cannot be read has a row, too: see `plain`
