"""Which item comes next: an order is a sequence of source positions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..errors import NblabelError, SourceError, nearest
from ..sources import Source

__all__ = ["ORDERS", "Order", "Positions", "positions"]

Order: TypeAlias = "str | Callable[[Any], Sequence[int]]"
ORDERS = ("sequential", "random")


def positions(order: Order, source: Source, seed: str) -> range | Positions:
    """The positions of the source in the order they are to be shown.

    Parameters
    ----------
    order : str or callable
        ``"sequential"``, ``"random"`` (the same permutation for the same ``seed`` and length, so that a re-run
        goes on where it stopped), or a callable that gets the user's own data (a frame, a list, ...) and returns
        positions.
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
    if callable(order):
        return _checked(order(source.owner), n)
    if order == "sequential":
        return range(n)
    if order == "random":
        digest = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        generator = np.random.default_rng(int.from_bytes(digest, "big"))
        kind = np.uint32 if n < 2**32 else np.int64
        return Positions(generator.permutation(np.arange(n, dtype=kind)))
    raise NblabelError(f"order={order!r} is not an order", nearest(str(order), ORDERS) or "or give a callable")


def _checked(given: Sequence[int], n: int) -> Positions:
    array = np.asarray(given)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise SourceError("order= returned something that is not a sequence of integer positions")
    if array.size and (int(array.min()) < 0 or int(array.max()) >= n):
        raise SourceError(f"order= returned a position outside 0 to {n - 1}")
    if np.unique(array).size != array.size:
        raise SourceError("order= returned a position twice")
    return Positions(array)


class Positions(Sequence[int]):
    """Positions held as a compact array, with plain integers coming out."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: Any) -> Any:
        return [int(n) for n in self.array[index]] if isinstance(index, slice) else int(self.array[index])

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """The place of a position; raises `ValueError` if it is not in the order."""
        found = np.flatnonzero(self.array[start:stop] == value)
        if not found.size:
            raise ValueError(f"{value!r} is not in the order")
        return int(found[0]) + start

    def keeping(self, mask: np.ndarray[Any, Any]) -> Positions:
        """The positions for which the mask is true, in the same order."""
        return Positions(self.array[mask[self.array]])
