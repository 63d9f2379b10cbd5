"""The user's own names for items, and back: positions, index labels, a key column, paths."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import UnknownItem, nearest

__all__ = ["Keys", "NamedKeys", "PositionKeys", "label_keys", "plain"]

_FEW = 20_000  # names that a misspelt one is compared with


def plain(value: Any) -> Any:
    """A value without numpy's types, as people write it."""
    if isinstance(value, np.generic):
        if isinstance(value, np.datetime64):
            return pd.Timestamp(value)
        if isinstance(value, np.timedelta64):
            return pd.Timedelta(value)
        return value.item()
    if type(value) is tuple:
        return tuple(plain(one) for one in value)
    return value


class Keys(ABC):
    """Names of the rows of one source."""

    @abstractmethod
    def key(self, position: int) -> Hashable:
        """The name of a row."""

    @abstractmethod
    def find(self, key: Hashable) -> int | None:
        """The row of a name, if there is one."""

    @abstractmethod
    def position(self, key: Hashable) -> int:
        """The row of a name; raises `UnknownItem`."""

    @property
    @abstractmethod
    def prompt(self) -> bool:
        """Whether any name is found at once."""

    @abstractmethod
    def settle(self) -> None:
        """Make it so that any name is found at once."""


class PositionKeys(Keys):
    """Rows are named by their places; ``why`` tells when a user might expect other names."""

    def __init__(self, size: int, why: str = "") -> None:
        self._size = size
        self._why = why

    def key(self, position: int) -> int:
        """The place itself."""
        return position

    def find(self, key: Hashable) -> int | None:
        """The place, if there is one."""
        try:
            if isinstance(key, (bool, np.bool_)):
                raise TypeError
            at = operator.index(key)  # type: ignore[arg-type]
        except TypeError:
            return None
        return at if 0 <= at < self._size else None

    @property
    def prompt(self) -> bool:
        """There is nothing to look up."""
        return True

    def settle(self) -> None:
        """There is nothing to do."""

    def position(self, key: Hashable) -> int:
        """The place itself; raises if there is no such place."""
        at = self.find(key)
        if at is None:
            span = f"keys are positions, 0 to {self._size - 1}" if self._size else "there are no items"
            raise UnknownItem(key, f"{span}; {self._why}" if self._why else span)
        return at


class NamedKeys(Keys):
    """Rows are named by distinct values, read when they are needed.

    Looking a name up needs a hash of every name: four bytes a row, made at the first look-up (eight after many).
    """

    def __init__(self, size: int, get: Callable[[int], Any], some: Callable[[slice], Sequence[Any]], what: str) -> None:
        self._size = size
        self._get = get
        self._some = some
        self._what = what
        self._last = -1
        self._tags: np.ndarray[Any, np.dtype[np.uint32]] | None = None
        self._order: np.ndarray[Any, np.dtype[np.uint32]] | None = None
        self._lookups = 0

    def key(self, position: int) -> Hashable:
        """The name of a row."""
        made: Hashable = plain(self._get(position))
        return made

    def position(self, key: Hashable) -> int:
        """The row of a name."""
        wanted = plain(key)
        try:
            hash(wanted)
        except TypeError:
            raise UnknownItem(key, f"keys are {self._what}; a {type(key).__name__} cannot be one") from None
        at = self.find(wanted)
        if at is None:
            raise UnknownItem(key, self._hint(wanted))
        return at

    def find(self, key: Hashable) -> int | None:
        """The row of a name, if there is one."""
        wanted = plain(key)
        for near in (self._last + 1, self._last):  # loops go through the keys in order
            if 0 <= near < self._size and _same(self.key(near), wanted):
                self._last = near
                return near
        for at in self._tagged(hash(wanted) & 0xFFFFFFFF):
            if _same(self.key(int(at)), wanted):
                self._last = int(at)
                return self._last
        return None

    @property
    def prompt(self) -> bool:
        """Whether the hashes are there."""
        return self._tags is not None

    def settle(self) -> None:
        """Hash every name."""
        self._tagged(0)

    def _tagged(self, tag: int) -> np.ndarray[Any, Any]:
        if self._tags is None:
            tags = np.empty(self._size, dtype=np.uint32)
            for start in range(0, self._size, 16_384):
                some = self._some(slice(start, start + 16_384))
                made = (hash(plain(one)) & 0xFFFFFFFF for one in some)
                tags[start : start + len(some)] = np.fromiter(made, dtype=np.uint32, count=len(some))
            self._tags = tags
        self._lookups += 1
        if self._order is None:
            if self._lookups < 32:
                return np.flatnonzero(self._tags == tag)
            self._order = np.argsort(self._tags, kind="stable").astype(np.uint32)
        wanted = np.uint32(tag)
        first = np.searchsorted(self._tags, wanted, side="left", sorter=self._order)
        end = np.searchsorted(self._tags, wanted, side="right", sorter=self._order)
        return self._order[first:end]

    def _hint(self, key: Any) -> str:
        if not self._size:
            return "there are no items"
        known = self.key(0)
        if type(known) is not type(key) and not (isinstance(known, (int, float)) and isinstance(key, (int, float))):
            return f"keys are {self._what}, such as {known!r}, which is a {type(known).__name__}"
        if isinstance(key, str) and self._size <= _FEW:
            close = nearest(key, (str(plain(one)) for one in self._some(slice(0, self._size))))
            if close:
                return close
        return f"keys are {self._what}, such as {known!r}"


def _same(there: Any, wanted: Any) -> bool:
    if isinstance(there, bool) != isinstance(wanted, bool):  # True == 1
        return False
    try:
        return bool(there == wanted)
    except (TypeError, ValueError):
        return False


def label_keys(index: pd.Index[Any]) -> Keys:
    """Keys from the labels of a frame, where they name each row; else positions."""
    size = len(index)
    if isinstance(index, pd.RangeIndex):
        if index.start == 0 and index.step == 1:
            return PositionKeys(size)
    elif _gaps(index):
        return PositionKeys(size, "the index has missing labels")
    elif not _unique(index):
        return PositionKeys(size, "the labels of the index repeat")
    elif not isinstance(index, pd.MultiIndex) and size and not _hashable(index[0]):
        return PositionKeys(size, "the labels of the index cannot be keys")
    return NamedKeys(size, index.__getitem__, lambda rows: index[rows].tolist(), "the labels of the index")


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _gaps(index: pd.Index[Any]) -> bool:
    if isinstance(index, pd.MultiIndex):
        return any(bool((np.asarray(codes) == -1).any()) for codes in index.codes)
    return bool(np.any(pd.isna(index.array)))  # index.hasnans would leave a mask in the user's frame


def _unique(index: pd.Index[Any]) -> bool:
    """Whether no label repeats, without the hash table that ``index.is_unique`` leaves behind in the user's frame."""
    if isinstance(index, pd.MultiIndex):
        return not index.duplicated().any()
    numbers = isinstance(index.dtype, np.dtype) and index.dtype.kind in "iufmM"
    if numbers and (index.is_monotonic_increasing or index.is_monotonic_decreasing):
        return bool(index.is_unique)  # known from the same pass
    try:
        return len(index.array.unique()) == len(index)
    except TypeError:  # labels that cannot be hashed
        return False
