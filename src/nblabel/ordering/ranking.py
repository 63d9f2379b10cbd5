"""Ranking anew what is still open: which items are looked at, for how long, and where they then stand."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from .sequence import Positions, as_array
from .strategies import Pool, Strategy

__all__ = ["Ranked", "gathered", "rank", "reranked", "sample"]

Places = NDArray[np.int64]

_FIRST_BATCH, _LARGEST_BATCH = 32, 1024
_SHARE_OF_TIME = 0.1
"""A batch may take about this share of the time, so that the time is not much overdrawn."""


class Ranked(msgspec.Struct, frozen=True, eq=False):
    """Candidates in the order of a strategy.

    Attributes
    ----------
    positions : array of int
        The source positions looked at, the first to be shown first.
    looked, of : int
        How many were looked at, of how many open ones.
    told : int
        How many of them the strategy had anything to say about; the others come last.
    """

    positions: Places
    looked: int
    of: int
    told: int

    @property
    def words(self) -> str:
        """What was done, as people read it.

        Examples
        --------
        >>> Ranked(np.arange(1400), 1400, 998000, 1400).words
        'looked at 1,400 of 998,000'
        """
        return f"looked at {self.looked:,} of {self.of:,}" if self.looked < self.of else f"looked at all {self.of:,}"


def sample(
    order: range | Positions,
    fixed: int,
    is_open: NDArray[np.bool_],
    count: int = 2000,
    generator: np.random.Generator | None = None,
) -> tuple[Places, int]:
    """Open positions from place ``fixed`` on, drawn at random, and how many open ones there are.

    Each open item is as likely as any other, so what is learnt of the sample holds for all. Of a million items this
    takes milliseconds.

    Parameters
    ----------
    order : range or Positions
        The queue.
    fixed : int
        Places before are not looked at.
    is_open : array of bool
        By source position, whether the item still needs an answer.
    count : int
        How many to draw at most; all in random order if there are no more.
    generator : numpy Generator, optional
        Where the chance comes from.

    Examples
    --------
    >>> drawn, of = sample(range(10), 4, np.arange(10) % 2 == 0, count=2, generator=np.random.default_rng(1))
    >>> len(drawn), of, set(drawn.tolist()) <= {4, 6, 8}
    (2, 3, True)
    """
    generator = generator or np.random.default_rng()
    tail = as_array(order)[fixed:]
    places = np.flatnonzero(is_open[tail])
    drawn = generator.choice(places.size, size=min(count, places.size), replace=False)
    return tail[places[drawn]].astype(np.int64), int(places.size)


def rank(
    strategy: Strategy,
    candidates: Places,
    ask: Callable[[Places], Pool],
    *,
    seconds: float = 2.0,
    about: Pool | None = None,
    of: int | None = None,
    stop: Callable[[], bool] | None = None,
) -> Ranked:
    """Look at candidates batch by batch until the time is used up, and rank those.

    Parameters
    ----------
    strategy : Strategy
        How to rank.
    candidates : array of int
        Source positions in random order, as `sample` gives them: the first ones looked at are then a sample too.
    ask : callable
        Gets some of the positions and returns a `Pool` of exactly these, with what the strategy ``needs`` of
        ``beliefs``, ``features`` and ``items``.
    seconds : float
        After these no further batch is begun; at least one is looked at.
    about : Pool, optional
        What the strategy ``needs`` of ``answered``, ``like`` and ``given``.
    of : int, optional
        How many open items the candidates were drawn from.
    stop : callable, optional
        Asked before each further batch: True ends it as if the time were used up, as somebody waits for the model.

    Examples
    --------
    >>> from nblabel.records import Item
    >>> from nblabel.ordering import ranked
    >>> texts = ["a", "abc", "ab"]
    >>> longest = ranked(lambda items: [len(item.data) for item in items])
    >>> made = rank(longest, np.arange(3), lambda batch: Pool(len(batch), items=[Item(n, texts[n]) for n in batch]))
    >>> made.positions.tolist(), made.words
    ([1, 2, 0], 'looked at all 3')
    """
    looked, size = 0, _FIRST_BATCH
    batches: list[Pool] = []
    ends = time.monotonic() + seconds
    while looked < len(candidates):
        begun = time.monotonic()
        if batches and (begun >= ends or (stop is not None and stop())):
            break
        batch = candidates[looked : looked + size]
        batches.append(ask(batch))
        looked += len(batch)
        took = time.monotonic() - begun
        if took < seconds * _SHARE_OF_TIME / 2:
            size = min(size * 2, _LARGEST_BATCH)
        elif took > seconds * _SHARE_OF_TIME:
            size = max(size // 2, 1)
    count = len(candidates) if of is None else of
    if not looked:
        return Ranked(np.zeros(0, dtype=np.int64), 0, count, 0)
    scores = strategy.rank(Pool.joined(batches, about))
    told = ~np.isnan(scores)
    best = np.argsort(-np.where(told, scores, -np.inf), kind="stable")
    return Ranked(np.asarray(candidates[:looked][best], dtype=np.int64), looked, count, int(told.sum()))


def reranked(
    order: range | Positions,
    fixed: int,
    best: Places,
    *,
    held_out: Places | None = None,
    share: float = 0.0,
    generator: np.random.Generator | None = None,
) -> Positions:
    """The order with its places from ``fixed`` on filled anew: the best first, then the rest as it stands.

    A strategy brings up what is hard or odd, and a score measured on such items tells nothing of the others. So items
    that are held out for measuring are never ranked. Every ``1 / share``-th place is given to one of them, drawn at
    random: their answers remain a random sample of all items, and come in at the same rate, whatever the strategy does.
    Which places these are is counted from the beginning of the order, and so does not shift when it is ranked again
    before the person gets there.

    Parameters
    ----------
    order : range or Positions
        The order as it is.
    fixed : int
        Places before this one keep what they hold.
    best : array of int
        Positions to bring up, the first to be shown first; those that stand before ``fixed`` stay there.
    held_out : array of int, optional
        Positions of which some are mixed in; the others stay with the rest.
    share : float
        Between 0 and 1: how many of the places go to those held out.
    generator : numpy Generator, optional
        Draws them.

    Examples
    --------
    >>> list(reranked(range(6), 2, np.array([5, 3])))
    [0, 1, 5, 3, 2, 4]
    >>> list(reranked(range(6), 2, np.array([5, 3]), held_out=np.array([4]), share=0.5))
    [0, 1, 5, 4, 3, 2]
    """
    array = as_array(order)
    fixed = min(max(fixed, 0), len(array))
    tail = array[fixed:]
    free = np.zeros(int(array.max(initial=0)) + 1, dtype=bool)
    free[tail] = True
    aside = np.zeros(0, dtype=np.int64)
    if held_out is not None and share > 0:
        aside = (generator or np.random.default_rng()).permutation(_among(held_out, free))
    out = np.zeros(free.size, dtype=bool)
    out[aside] = True
    ahead = _among(best, free & ~out)
    front = _mixed(ahead, aside, fixed, share)
    free[front] = False
    return Positions(np.concatenate([array[:fixed], front.astype(array.dtype), tail[free[tail]]]))


def gathered(order: range | Positions, done: NDArray[np.bool_], here: int) -> Positions:
    """The order with all that is done first, then the position ``here``, then what is open: so that it can be ranked.

    Examples
    --------
    >>> list(gathered(range(6), np.array([False, True, False, True, False, False]), here=4))
    [1, 3, 4, 0, 2, 5]
    """
    array = as_array(order)
    rank = np.where(done[array], 0, 2)
    rank[array == here] = 1
    return Positions(array[np.argsort(rank, kind="stable")])


def _among(positions: Places, allowed: NDArray[np.bool_]) -> Places:
    """Those that are allowed, each once, in their order."""
    positions = np.asarray(positions, dtype=np.int64)
    positions = positions[(positions >= 0) & (positions < allowed.size)]
    positions = positions[allowed[positions]]
    return positions[np.sort(np.unique(positions, return_index=True)[1])]


def _mixed(ahead: Places, aside: Places, fixed: int, share: float) -> Places:
    """``ahead`` with one of ``aside`` at every ``1 / share``-th place of the whole order."""
    if not aside.size or not ahead.size:
        return ahead
    places = np.arange(fixed, fixed + ahead.size + aside.size)
    turn = np.floor((places + 1) * min(share, 1.0)) > np.floor(places * min(share, 1.0))
    # it ends with the last that is brought up; whoever has not had a turn by then stays where it is
    turn &= np.cumsum(turn) <= aside.size
    ends = int(np.searchsorted(np.cumsum(~turn), ahead.size)) + 1
    turn = turn[:ends]
    made = np.empty(turn.size, dtype=np.int64)
    made[turn] = aside[: int(turn.sum())]
    made[~turn] = ahead[: int((~turn).sum())]
    return made
