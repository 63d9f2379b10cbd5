"""Sequences of source positions, held compactly."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError

__all__ = ["Positions", "as_array", "checked", "shuffled"]


def shuffled(n: int, seed: str) -> Positions:
    """All positions in an order that is always the same for one seed and length."""
    digest = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    generator = np.random.default_rng(int.from_bytes(digest, "big"))
    kind = np.uint32 if n < 2**32 else np.int64
    return Positions(generator.permutation(np.arange(n, dtype=kind)))


def as_array(order: range | Positions) -> NDArray[np.integer]:
    """The positions of an order, not copied where they are held."""
    if isinstance(order, Positions):
        return order.array
    return np.arange(len(order), dtype=np.uint32 if len(order) < 2**32 else np.int64)


def checked(given: Sequence[int], n: int) -> Positions:
    """What the user's function gave, if it can be an order of ``n`` items."""
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

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.array, dtype=dtype) if copy else np.asarray(self.array, dtype=dtype)

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """The place of a position; raises `ValueError` if it is not in the order."""
        found = np.flatnonzero(self.array[start:stop] == value)
        if not found.size:
            raise ValueError(f"{value!r} is not in the order")
        return int(found[0]) + start

    def keeping(self, mask: np.ndarray[Any, Any]) -> Positions:
        """The positions for which the mask is true, in the same order."""
        return Positions(self.array[mask[self.array]])
