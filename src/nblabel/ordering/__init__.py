"""Which item comes next: an order is a sequence of source positions, and a strategy ranks what is still open anew.

>>> from nblabel import ordering
>>> ordering.of("uncertainty").name
'uncertainty'
>>> ordering.of("random") is None  # nothing to rank by
True
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from ..errors import NblabelError, nearest
from ..sources import Source
from .ranking import Ranked, gathered, rank, reranked, sample
from .sequence import Positions, as_array, checked, shuffled
from .strategies import Pool, Strategy, balanced, disagreement, diversity, ranked, similar, uncertainty

__all__ = [
    "ORDERS",
    "Order",
    "Pool",
    "Positions",
    "Ranked",
    "Strategy",
    "as_array",
    "balanced",
    "disagreement",
    "diversity",
    "gathered",
    "of",
    "positions",
    "rank",
    "ranked",
    "reranked",
    "sample",
    "similar",
    "uncertainty",
]

Order: TypeAlias = "str | Strategy | Callable[[Any], Sequence[int]]"
_STRATEGIES: dict[str, Callable[[], Strategy]] = {
    "uncertainty": uncertainty,
    "diversity": diversity,
    "disagreement": disagreement,
    "balanced": balanced,
}
ORDERS = ("sequential", "random", *_STRATEGIES)


def of(order: Order) -> Strategy | None:
    """The strategy by which open items are ranked anew while the work goes on; ``None`` for an order that stands.

    Parameters
    ----------
    order : str, Strategy or callable
        ``"sequential"``, ``"random"`` and callables on the user's data stand; ``"uncertainty"``, ``"diversity"``,
        ``"disagreement"``, ``"balanced"`` and what the functions of these names, `similar` and `ranked` give do not.

    Raises
    ------
    NblabelError
        If there is no such order; the nearest is named.

    Examples
    --------
    >>> of("diversity").name, of(similar(to=17)).name
    ('diversity', 'similar')
    """
    if isinstance(order, Strategy):
        return order
    if callable(order):
        return None
    if order in _STRATEGIES:
        return _STRATEGIES[order]()
    if order not in ORDERS:
        raise NblabelError(f"order={order!r} is not an order", nearest(str(order), ORDERS) or "or give a callable")
    return None


def positions(order: Order, source: Source, seed: str) -> range | Positions:
    """The positions of the source in the order they are to be shown at first.

    Parameters
    ----------
    order : str, Strategy or callable
        ``"sequential"``, ``"random"`` (the same permutation for the same ``seed`` and length, so that a re-run
        goes on where it stopped), or a callable that gets the user's own data (a frame, a list, ...) and returns
        positions. Where a strategy ranks later, see `of`, the order is ``"random"`` until it does: it has nothing to
        go by before, and a model is best begun on a random sample.
    source : Source
        The items.
    seed : str
        Names the permutation; the data set's name.

    Examples
    --------
    >>> from nblabel.sources import open_source
    >>> list(positions("sequential", open_source(["a", "b", "c"]), "demo"))
    [0, 1, 2]
    """
    n = len(source)
    if of(order) is None:
        if callable(order):
            return checked(order(source.owner), n)
        if order == "sequential":
            return range(n)
    return shuffled(n, seed)
