"""Which items are shown, in which order, and where the person is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from .answers import Answers
from .ordering import Positions, as_array, gathered, reranked, sample
from .records import Filter
from .sources import Source
from .store import Store

__all__ = ["Queue"]

_KEPT = 2
"""So many open items after the one shown stay next: a page may show them before the kernel hears of it."""
_ASTRAY = 20
"""More open items than this before the one shown were not skipped one by one."""


class Queue:
    """Places 0 to n - 1, each holding a source position; a filter narrows them.

    ``generation`` grows whenever places come to mean other items, so that a page that counts in an older queue is
    noticed.
    """

    def __init__(self, order: range | Positions, source: Source, answers: Answers) -> None:
        self._order = order
        self._shown = order
        self._source = source
        self._answers = answers
        self._chosen = Positions(np.zeros(0, dtype=np.int64))
        self.filter = Filter()
        self.generation = 1
        self.index = 0

    def __len__(self) -> int:
        return len(self._shown)

    def __getitem__(self, place: int) -> int:
        return int(self._shown[place])

    @property
    def order(self) -> range | Positions:
        """All positions, whatever the filter."""
        return self._order

    @property
    def shown(self) -> range | Positions:
        """The positions that pass the filter, in their order."""
        return self._shown

    @property
    def fixed(self) -> int:
        """Places before this one are not ranked: of those behind, so many are shown next that the page may be there."""
        coming = list(islice(self._answers.open_places(self._shown, self.index + 1, len(self)), _KEPT))
        return coming[-1] + 1 if len(coming) == _KEPT else len(self)

    @property
    def astray(self) -> bool:
        """Whether the person stands beyond many open items, having gone there or begun there: they are ranked too."""
        before = as_array(self._shown)[: self.index]
        return int(np.count_nonzero(self._answers.still_open()[before])) > _ASTRAY

    def draw(
        self, count: int = 2000, generator: np.random.Generator | None = None
    ) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
        """Open positions to be ranked, drawn at random, and how many open ones there are; see `ordering.sample`."""
        start = 0 if self.astray else self.fixed
        return sample(self._shown, start, self._answers.still_open(), count, generator)

    def rank(
        self,
        best: np.ndarray[tuple[int], np.dtype[np.int64]],
        *,
        held_out: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None,
        share: float = 0.0,
        generator: np.random.Generator | None = None,
    ) -> int | None:
        """Bring positions up to behind what the person is about to see; see `ordering.reranked`.

        What was answered since they were drawn stays where it is.

        Returns
        -------
        int or None
            Places before this one hold what they held; ``None`` if all do.
        """
        best = self._open(best)
        held_out = None if held_out is None else self._open(held_out)
        order, fixed, stand = self._order, self.fixed, 0
        here = self.position
        if here is not None and self.astray:
            order, fixed = gathered(order, ~self._answers.still_open(), here), 0
            stand = order.index(here) + 1
        elif fixed:
            stand = fixed if self._shown is order else order.index(self[fixed - 1]) + 1
        ranked = reranked(order, stand, best, held_out=held_out, share=share, generator=generator)
        return fixed if self.reorder(ranked, fixed) else None

    def _open(
        self, positions: np.ndarray[tuple[int], np.dtype[np.int64]]
    ) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Those that need an answer; rows may have gone since they were drawn."""
        still_open = self._answers.still_open()
        positions = positions[positions < still_open.size]
        return positions[still_open[positions]]

    def reorder(self, order: Positions, fixed: int) -> bool:
        """Put the same items in another order, from place ``fixed`` of those shown on; whether any has moved.

        The filter stays as it is, with the items that passed it, and the person stays at the item shown.

        Raises
        ------
        ValueError
            If ``order`` is of other items, or changes a place before ``fixed``.
        """
        here = self.position
        if not _alike(self._order, order):
            raise ValueError("the new order is not of the same items")
        shown = order
        if self.filter.chosen:
            self._order = order
            return False
        if self._shown is not self._order:
            passing = np.zeros(len(self._source), dtype=bool)
            passing[as_array(self._shown)] = True
            shown = order.keeping(passing)
        before, after = as_array(self._shown), shown.array
        if not np.array_equal(before[:fixed], after[:fixed]):
            raise ValueError(f"the new order changes a place before {fixed}")
        self._order = order
        self._shown = shown
        if np.array_equal(before, after):
            return False
        self.generation += 1
        if here is not None and self.index >= fixed:
            self.index = self.place_of(here) or 0
        return True

    @property
    def position(self) -> int | None:
        """The source position shown now; ``None`` if the queue is empty."""
        return self[self.index] if len(self) else None

    def place_of(self, position: int) -> int | None:
        """Where a source position stands; ``None`` if the filter hides it."""
        if isinstance(self._shown, range):
            return position if position < len(self._shown) else None
        try:
            return self._shown.index(position)
        except ValueError:
            return None

    def upcoming(self, place: int) -> Iterator[int]:
        """Places of items still to be answered, nearest first after ``place``, wrapping round."""
        yield from self._answers.open_places(self._shown, place + 1, len(self))
        yield from self._answers.open_places(self._shown, 0, min(place + 1, len(self)))

    def next_upcoming(self, place: int, count: int) -> tuple[list[int], bool]:
        """The next ``count`` places to answer after ``place``, and whether these are all there are."""
        found: list[int] = []
        for one in self.upcoming(place):
            if len(found) == count:
                return found, False
            found.append(one)
        return found, True

    def choose(self, positions: Sequence[int]) -> None:
        """Settle what a filter for chosen items shows, in this order."""
        self._chosen = Positions(np.asarray(positions, dtype=np.int64))

    def show(self, wanted: Filter, stay: int | None, store: Store, dataset: str, annotator: str) -> None:
        """Show only items that pass, and stay at the source position ``stay`` if it does."""
        self._shown = self._passing(wanted, store, dataset, annotator) if wanted else self._order
        self.filter = wanted
        self.generation += 1
        place = None if stay is None else self.place_of(stay)
        self.index = next(self.upcoming(-1), 0) if place is None else place

    def _passing(self, wanted: Filter, store: Store, dataset: str, annotator: str) -> Positions:
        answers = self._answers
        keep = np.ones(len(self._source), dtype=bool)
        if wanted.status:
            keep &= np.logical_or.reduce([answers.mask(status) for status in wanted.status])
        if wanted.flagged is not None:
            flagged = self._mask([p for p in answers.stored_positions() if answers.flagged(p)])
            keep &= flagged == wanted.flagged
        if wanted.label:
            stored = store.labelled_with(dataset, annotator, wanted.label)
            hints: dict[str, int | None] = dict.fromkeys(stored)
            hints |= store.hints(dataset, annotator, stored)
            places = self._source.locate_many(hints).values()
            keep &= self._mask([*places, *answers.frame_labelled(wanted.label)])
        if wanted.text:
            keep &= self._mask(self._source.search(wanted.text))
        order = self._chosen if wanted.chosen else self._order
        return Positions(np.flatnonzero(keep)) if isinstance(order, range) else order.keeping(keep)

    def _mask(
        self, positions: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]]
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        made = np.zeros(len(self._source), dtype=bool)
        made[np.asarray(positions, dtype=np.int64)] = True
        return made


def _alike(one: range | Positions, other: Positions) -> bool:
    """Whether two orders are of the same positions."""
    first, second = as_array(one), other.array
    if len(first) != len(second) or not len(first):
        return len(first) == len(second)
    if second.min() < 0 or second.max() > first.max():
        return False
    seen = np.zeros(int(first.max()) + 1, dtype=bool)
    seen[second] = True
    return bool(seen[first].all())
