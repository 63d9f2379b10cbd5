"""pandas frames and Series as tables: read in place, by position."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import SourceError
from .keys import Keys, label_keys
from .tables import Column, Rows, Table, is_missing, pandas_values

__all__ = ["COPY_ON_WRITE", "FrameColumn", "FrameTable", "SeriesTable"]

COPY_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3
"""Whether a frame never shares what is written to with another frame."""
_BLOCK = 262_144


class FrameColumn(Column):
    """The values of a Series that is looked up anew each time."""

    def __init__(self, get: Callable[[], pd.Series[Any]]) -> None:
        self._get = get

    @property
    def patience(self) -> int:
        """Texts are searched by pandas."""
        return 15 if _all_text(self._get().dtype) else 5

    def __len__(self) -> int:
        return len(self._get())

    def value(self, position: int) -> Any:
        """The value in the frame now."""
        return self._get().iat[position]  # noqa: PD009 - twice as fast as iloc

    def values(self, rows: Rows) -> list[Any]:
        """The values in the frame now."""
        series = self._get()
        some: Any = series.iloc[rows] if isinstance(rows, slice) else series.take(rows)
        made: list[Any] = some.tolist()
        return made

    def snapshot(self) -> Column:
        """The column as it is now: copy-on-write keeps it so while the user changes the frame."""
        series = self._get()
        return FrameColumn(lambda: series)

    def alike(self, texts: frozenset[str], odd: bool, stop: int) -> Iterator[tuple[int, Any]]:
        """Candidates, found by pandas where the dtype says that all values are texts."""
        series = self._get()
        if not _all_text(series.dtype) or len(texts) * _ISIN > stop:
            yield from super().alike(texts, odd, stop)
            return
        wanted = list(texts)
        for start in range(0, stop, _BLOCK):
            part = series.iloc[start : min(start + _BLOCK, stop)]
            mask = part.isin(wanted).to_numpy(dtype=bool)
            if odd:
                mask = mask | part.isna().to_numpy(dtype=bool)  # pandas gives it read-only
            found = np.flatnonzero(mask)
            for begin in range(0, len(found), 4096):
                block = found[begin : begin + 4096]
                yield from zip((block + start).tolist(), part.take(block).tolist(), strict=True)

    def gap(self) -> int | None:
        """Where the first missing value is."""
        missing = self._get().isna().to_numpy(dtype=bool)
        return int(missing.argmax()) if missing.any() else None

    def repeat(self) -> int | None:
        """Where the first repeated value is."""
        array = self._get().array
        if len(array.unique()) == len(array):
            return None
        return int(pd.Series(array, copy=False).duplicated().to_numpy(dtype=bool).argmax())


_ISIN = 150
"""One text more to look for costs pandas as much as so many rows cost Python."""


def _all_text(dtype: Any) -> bool:
    return isinstance(dtype, pd.StringDtype) or str(dtype) in {"string[pyarrow]", "large_string[pyarrow]"}


def _looks_like_text(series: pd.Series[Any]) -> bool:
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return bool(len(dtype.categories)) and all(isinstance(one, str) for one in dtype.categories[:100])
    if _all_text(dtype):
        return True
    if dtype.kind != "O":
        return False
    kept = [one for one in series.iloc[:100].tolist() if not is_missing(one)]
    return bool(kept) and all(isinstance(one, str) or hasattr(one, "ents") for one in kept)


class _PandasTable(Table):
    """What frames and Series share: an index, whose replacement tells that rows have moved."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self._index: pd.Index[Any] = data.index
        self._size = len(data)

    def __len__(self) -> int:
        return self._size

    @property
    def changed(self) -> bool:
        """Whether rows were added, removed, sorted in place or named anew."""
        index = self._data.index
        return len(index) != self._size or not index.is_(self._index)

    def adopt(self) -> None:
        """Take the rows as they are now."""
        self._index = self._data.index
        self._size = len(self._data)

    def keys(self) -> Keys:
        """The index labels, where they name each row."""
        return label_keys(self._index)

    def _join(self, frame: pd.DataFrame, columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
        self.check()
        made = frame.copy(deep=not COPY_ON_WRITE)
        for name, values in columns.items():
            made[name] = pandas_values(values)
        return made


class FrameTable(_PandasTable):
    """A pandas frame."""

    def __init__(self, frame: pd.DataFrame, *, own: bool = True) -> None:
        super().__init__(frame)
        self.owner = frame if own else None

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The names of the columns now."""
        return tuple(self._data.columns)

    def series(self, name: Hashable) -> pd.Series[Any]:
        """One column as it is now."""
        self.check()
        try:
            found = self._data[name]
        except KeyError:
            raise SourceError(f"the frame has no column {name!r} any more") from None
        if not isinstance(found, pd.Series):
            raise SourceError(f"several columns of the frame are named {name!r}", "rename them")
        return found

    def column(self, name: Hashable) -> Column:
        """The values of one column."""
        return FrameColumn(lambda: self.series(name))

    def text_like(self) -> list[Hashable]:
        """Columns of strings or Docs; those whose name is not unique are left out."""
        names = self.columns
        return [name for name in names if names.count(name) == 1 and _looks_like_text(self._data[name])]

    def pick(self, name: Hashable | None, *, use: str, apart: Sequence[Hashable] = ()) -> Hashable:
        """The column with this name, or the only one with texts."""
        found = super().pick(name, use=use, apart=apart)
        if self._data.columns.nlevels > 1 and not isinstance(found, tuple):
            raise SourceError("the columns of the frame have several levels", f"give {use}= a tuple of all of them")
        return found

    def joined(self, columns: Mapping[str, Sequence[Any]], keys: Keys) -> pd.DataFrame:
        """The frame, with its index and dtypes, and the columns; the user's own is not touched."""
        return self._join(self._data, columns)


class SeriesTable(_PandasTable):
    """A pandas Series."""

    def __init__(self, series: pd.Series[Any]) -> None:
        super().__init__(series)
        self.name = series.name

    def column(self, name: Hashable) -> Column:
        """Its values."""

        def get() -> pd.Series[Any]:
            self.check()
            return self._data  # type: ignore[no-any-return]

        return FrameColumn(get)

    def text_like(self) -> list[Hashable]:
        """Its only column."""
        return [None]

    def joined(self, columns: Mapping[str, Sequence[Any]], keys: Keys) -> pd.DataFrame:
        """A frame of the Series and the columns, with its index."""
        name = self.label if self._data.name is None else self._data.name
        return self._join(self._data.to_frame(name), columns)
