"""What a user hands in, as rows with named columns that are read when they are shown.

A table of one nameless column (a list, a Series, text files) has no names in ``columns``; its column is ``None``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import SourceError, nearest
from .keys import Keys, PositionKeys

__all__ = [
    "Column",
    "FileRows",
    "ListColumn",
    "ListTable",
    "RecordTable",
    "Rows",
    "Table",
    "Unreadable",
    "is_missing",
    "object_array",
    "pandas_values",
]

Rows = slice | npt.NDArray[np.int64]

_BLOCK = 65_536


def is_missing(value: Any) -> bool:
    """Whether a value is a gap: None, NaN, NaT or NA."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, (float, np.floating, np.datetime64, np.timedelta64)) and bool(value != value)


class Unreadable:
    """Stands for a value that could not be had; ``problem`` says why."""

    def __init__(self, problem: str) -> None:
        self.problem = problem


class Column(ABC):
    """The values of one column, by position."""

    @property
    def patience(self) -> int:
        """How many times all values can be searched in the time that hashing them takes."""
        return 5

    @abstractmethod
    def __len__(self) -> int:
        """How many values there are."""

    @abstractmethod
    def value(self, position: int) -> Any:
        """One value, now."""

    @abstractmethod
    def values(self, rows: Rows) -> list[Any]:
        """Some values, now."""

    def snapshot(self) -> Column:
        """The same for the background."""
        return self

    def alike(self, texts: frozenset[str], odd: bool, stop: int) -> Iterator[tuple[int, Any]]:
        """Values before ``stop`` that may be shown as one of ``texts``; if ``odd``, all that are not texts too."""
        for start in range(0, stop, _BLOCK):
            values = self.values(slice(start, min(start + _BLOCK, stop)))
            for at in [n for n, value in enumerate(values) if type(value) is not str or value in texts]:
                if odd or type(values[at]) is str or not is_missing(values[at]):
                    yield start + at, values[at]

    def gap(self) -> int | None:
        """Where the first missing value is."""
        for start in range(0, len(self), _BLOCK):
            for at, value in enumerate(self.values(slice(start, start + _BLOCK)), start):
                if is_missing(value):
                    return at
        return None

    def repeat(self) -> int | None:
        """Where a value stands that stands before already; values must be hashable."""
        seen: set[Any] = set()
        for start in range(0, len(self), _BLOCK):
            for at, value in enumerate(self.values(slice(start, start + _BLOCK)), start):
                if value in seen:
                    return at
                seen.add(value)
        return None


class Table(ABC):
    """Rows that a user handed in. Nothing is copied."""

    owner: Any = None
    """The user's own frame, if it is one."""
    name: Hashable = None
    """The name of a table's only column, if it has one."""
    label = "text"
    """What a nameless column is called in a frame."""

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The names of the columns; none if the rows are single values."""
        return ()

    @abstractmethod
    def __len__(self) -> int:
        """How many rows there were when it was opened or last adopted."""

    @property
    @abstractmethod
    def changed(self) -> bool:
        """Whether rows were added, removed or moved since."""

    @abstractmethod
    def adopt(self) -> None:
        """Take the rows as they are now."""

    @abstractmethod
    def column(self, name: Hashable) -> Column:
        """The values of one column; reading them raises if the rows have changed."""

    def keys(self) -> Keys:
        """How rows are named if no key column is."""
        return PositionKeys(len(self))

    @abstractmethod
    def text_like(self) -> list[Hashable]:
        """The columns that look as if they held texts."""

    @abstractmethod
    def joined(self, columns: Mapping[str, Sequence[Any]], keys: Keys) -> Any:
        """The rows in their own kind of frame with ``columns`` appended."""

    def check(self) -> None:
        """Raise if the rows are not the ones that were opened."""
        if self.changed:
            raise SourceError(
                "the data has changed since it was opened: rows were added, removed or moved",
                "run the cell that makes the labeler again, or call its refresh(); no label is lost",
            )

    def pick(self, name: Hashable | None, *, use: str, apart: Sequence[Hashable] = ()) -> Hashable:
        """The column with this name, or the only one that looks like texts; raises with the names there are."""
        if not self.columns:
            if name is not None:
                raise SourceError(f"there are no columns, so {use}={name!r} names none")
            return None
        if name is None:
            found = [one for one in self.text_like() if one not in apart]
            if len(found) == 1:
                return found[0]
            if "text" in found:
                return "text"
            names = found or self.columns
            listed = ", ".join(repr(one) for one in names[:20]) + (", ..." if len(names) > 20 else "")
            several = "several columns hold texts" if found else "no column looks as if it held texts"
            raise SourceError(f"{several}: {listed}", f"name one of them, such as {use}={(found or self.columns)[0]!r}")
        if name not in self.columns:
            raise SourceError(f"there is no column {name!r}", nearest(str(name), map(str, self.columns)))
        if self.columns.count(name) > 1:
            raise SourceError(f"{self.columns.count(name)} columns are named {name!r}", "rename them")
        return name


def object_array(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    """An array of these very objects: numpy must not look into lists."""
    made = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):
        made[at] = value
    return made


class FileRows(Sequence[Any]):
    """Rows that are read from files when they are asked for."""

    @property
    def stale(self) -> bool:
        """Whether the files were written to, so that rows may stand elsewhere."""
        return False

    def scan(self) -> None:
        """Find the rows again."""


# ---- lists -------------------------------------------------------------------------------------------


class ListColumn(Column):
    """Values of a list, or of one key of its dicts."""

    def __init__(self, table: ListTable, name: Hashable = None) -> None:
        self._table = table
        self._name = name

    @property
    def patience(self) -> int:
        """One, where looking at a row means to read a file."""
        return 1 if isinstance(self._table.rows, FileRows) else super().patience

    def __len__(self) -> int:
        return len(self._table)

    def value(self, position: int) -> Any:
        """The value, as it is in the list now."""
        self._table.check()
        return self._table.read(self._table.rows[position], self._name)

    def values(self, rows: Rows) -> list[Any]:
        """Values, as they are in the list now."""
        self._table.check()
        held = self._table.rows
        some = held[rows] if isinstance(rows, slice) else [held[int(at)] for at in rows]
        return [self._table.read(one, self._name) for one in some]


class ListTable(Table):
    """A list, tuple or array of texts, or of spaCy Docs; or a sequence that reads its rows from files."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.rows = values
        self._size = len(values)

    def __len__(self) -> int:
        return self._size

    @property
    def changed(self) -> bool:
        """Whether it has become longer or shorter, or its file was written to; a list does not tell more."""
        return len(self.rows) != self._size or (isinstance(self.rows, FileRows) and self.rows.stale)

    def adopt(self) -> None:
        """Take its length now."""
        if isinstance(self.rows, FileRows):
            self.rows.scan()
        self._size = len(self.rows)

    def read(self, row: Any, name: Hashable) -> Any:
        """A row's value."""
        return row

    def column(self, name: Hashable) -> Column:
        """The values of the list."""
        return ListColumn(self, name)

    def text_like(self) -> list[Hashable]:
        """Its only column."""
        return [None]

    def joined(self, columns: Mapping[str, Sequence[Any]], keys: Keys) -> pd.DataFrame:
        """A pandas frame of keys, texts and the columns."""
        self.check()
        held = [_text(one) for one in self.rows]
        names = [keys.key(at) for at in range(self._size)]
        return _frame({"key": names, self.label: held, **columns})


class RecordTable(ListTable):
    """A list of dicts; a key that a dict lacks is a missing value."""

    def __init__(self, values: Sequence[Any]) -> None:
        super().__init__(values)
        self._names: tuple[Hashable, ...] | None = None

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The keys of the first thousand dicts; of all, if a name is not among those."""
        if self._names is None:
            self._names = self._look(1000)
        return self._names

    def _look(self, rows: int) -> tuple[Hashable, ...]:
        names: dict[Hashable, None] = {}
        for row in self.rows[:rows]:
            if isinstance(row, Mapping):
                names.update(dict.fromkeys(row))
        return tuple(names)

    def pick(self, name: Hashable | None, *, use: str, apart: Sequence[Hashable] = ()) -> Hashable:
        """The key with this name; ``"text"`` if none is given and there is one."""
        if name is not None and name not in self.columns:
            self._names = self._look(self._size)
        return super().pick("text" if name is None and "text" in self.columns else name, use=use, apart=apart)

    def read(self, row: Any, name: Hashable) -> Any:
        """The value of a dict at a key."""
        if isinstance(row, Mapping):
            return row.get(name)
        return row if is_missing(row) else Unreadable(f"the row is a {type(row).__name__}, not a dict")

    def text_like(self) -> list[Hashable]:
        """Keys whose first values are texts."""
        found = []
        for name in self.columns:
            some = [row.get(name) for row in self.rows[:100] if isinstance(row, Mapping)]
            kept = [one for one in some if not is_missing(one)]
            if kept and all(isinstance(one, str) for one in kept):
                found.append(name)
        return found

    def joined(self, columns: Mapping[str, Sequence[Any]], keys: Keys) -> pd.DataFrame:
        """A pandas frame of all keys of the dicts and the columns."""
        self.check()
        names = self._look(self._size)
        held = {name: [self.read(row, name) for row in self.rows] for name in names}
        return _frame({**held, **columns})


def _text(value: Any) -> Any:
    """A Doc's text; anything else as it is."""
    return value.text if hasattr(value, "text") and hasattr(value, "ents") else value


def _frame(columns: Mapping[Any, Sequence[Any]]) -> pd.DataFrame:
    return pd.DataFrame({name: pandas_values(values) for name, values in columns.items()})


def pandas_values(values: Any) -> Any:
    """Values as pandas takes them for a column: lists within are values, not rows."""
    if isinstance(values, (pd.Series, pd.Index)):
        return values.array
    if hasattr(values, "dtype"):
        return values
    held = list(values)
    nested = any(isinstance(one, (list, tuple, dict, set, np.ndarray)) for one in held)
    return object_array(held) if nested or not held else pd.Series(held).array
