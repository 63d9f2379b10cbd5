"""polars, pyarrow and other frames through narwhals."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import narwhals as nw
import numpy as np

from ..errors import SourceError
from .keys import Keys
from .tables import Column, Rows, Table, is_missing

__all__ = ["NativeTable", "wrap"]

_BLOCK = 262_144


def wrap(data: Any) -> nw.DataFrame[Any] | nw.Series[Any] | None:
    """The data as narwhals sees it, collected if it is lazy; ``None`` if narwhals does not know it."""
    made: Any = nw.from_native(_chunked(data), pass_through=True, allow_series=True)
    if isinstance(made, nw.LazyFrame):
        return made.collect()
    return made if isinstance(made, (nw.DataFrame, nw.Series)) else None


def _chunked(data: Any) -> Any:
    """Arrow's single arrays and batches, which narwhals does not take."""
    if type(data).__module__.partition(".")[0] != "pyarrow":
        return data
    import pyarrow as pa

    if isinstance(data, pa.Array):
        return pa.chunked_array([data])
    return pa.Table.from_batches([data]) if isinstance(data, pa.RecordBatch) else data


class NativeColumn(Column):
    """The values of a narwhals Series."""

    def __init__(self, get: Callable[[], nw.Series[Any]]) -> None:
        self._get = get

    def __len__(self) -> int:
        return len(self._get())

    def value(self, position: int) -> Any:
        """One value as a Python object."""
        return self._get().item(position)

    def values(self, rows: Rows) -> list[Any]:
        """Values as Python objects."""
        series = self._get()
        made: list[Any] = series[rows].to_list() if isinstance(rows, slice) else series[rows.tolist()].to_list()
        return made

    def snapshot(self) -> Column:
        """The column as it is now."""
        series = self._get()
        return NativeColumn(lambda: series)

    def alike(self, texts: frozenset[str], odd: bool, stop: int) -> Iterator[tuple[int, Any]]:
        """Candidates, found by the frame's own library where the dtype says that all values are texts."""
        series = self._get()
        if series.dtype != nw.String:
            yield from super().alike(texts, odd, stop)
            return
        wanted = [text for text in texts if not _unencodable(text)]
        for start in range(0, stop, _BLOCK):
            part = series[start : min(start + _BLOCK, stop)]
            mask = np.zeros(len(part), dtype=bool)
            if wanted:  # pyarrow has no type for an empty list
                mask |= np.asarray(part.is_in(wanted).fill_null(False).to_numpy(), dtype=bool)
            if odd:
                mask |= np.asarray(part.is_null().to_numpy(), dtype=bool)
            for at in np.flatnonzero(mask).tolist():
                yield start + at, part.item(at)

    def gap(self) -> int | None:
        """Where the first missing value is."""
        series = self._get()
        missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
        return int(missing.argmax()) if missing.any() else None

    def repeat(self) -> int | None:
        """Where the first repeated value is."""
        series = self._get()
        if series.n_unique() == len(series):
            return None
        return super().repeat()


def _unencodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


class NativeTable(Table):
    """A polars or pyarrow frame or column, or another that narwhals knows."""

    def __init__(self, data: nw.DataFrame[Any] | nw.Series[Any]) -> None:
        self._data = data
        self._size = len(data)
        if isinstance(data, nw.DataFrame):
            self.owner = data.to_native()
        else:
            self.name = data.name or None

    def __len__(self) -> int:
        return self._size

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The names of the columns."""
        return tuple(self._data.columns) if isinstance(self._data, nw.DataFrame) else ()

    @property
    def changed(self) -> bool:
        """Whether it has become longer or shorter in place."""
        return len(self._data) != self._size

    def adopt(self) -> None:
        """Take its length now."""
        self._size = len(self._data)

    def column(self, name: Hashable) -> Column:
        """The values of one column."""

        def get() -> nw.Series[Any]:
            self.check()
            if isinstance(self._data, nw.Series):
                return self._data
            try:
                return self._data.get_column(str(name))
            except Exception as error:  # each library has its own
                raise SourceError(f"the frame has no column {name!r} any more ({error})") from error

        return NativeColumn(get)

    def text_like(self) -> list[Hashable]:
        """Columns of strings, categories or objects that are strings."""
        if isinstance(self._data, nw.Series):
            return [None]
        found: list[Hashable] = []
        for name, dtype in self._data.schema.items():
            if dtype in (nw.String, nw.Categorical, nw.Enum):
                found.append(name)
            elif dtype in (nw.Object, nw.Unknown):
                kept = [one for one in self._data.get_column(name)[:100].to_list() if not is_missing(one)]
                if kept and all(isinstance(one, str) for one in kept):
                    found.append(name)
        return found

    def joined(self, columns: Mapping[str, Sequence[Any]], keys: Keys) -> Any:
        """A frame of the same library with the columns appended."""
        self.check()
        frame = self._data
        if isinstance(frame, nw.Series):
            frame = frame.alias(frame.name or self.label).to_frame()
        made = [_series(name, values, frame.implementation) for name, values in columns.items()]
        return frame.with_columns(*made).to_native()


def _series(name: str, values: Sequence[Any], backend: Any) -> nw.Series[Any]:
    """A column of these values; as JSON, where the library has no type for them all."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    held = [_structured(one) for one in values]
    try:
        return nw.new_series(name, held, backend=backend)
    except Exception:  # each library has its own
        texts = [None if one is None else msgspec.json.encode(one, enc_hook=str).decode() for one in held]
        return nw.new_series(name, texts, nw.String, backend=backend)


def _structured(value: Any) -> Any:
    """Spans as structs: no column of these libraries holds tuples of numbers and texts."""
    if is_missing(value):
        return None
    if isinstance(value, tuple) and len(value) == 3 and isinstance(value[2], str):
        return {"start": value[0], "end": value[1], "label": value[2]}
    if isinstance(value, dict):
        return {key: _structured(one) for key, one in value.items()}
    return [_structured(one) for one in value] if isinstance(value, (list, tuple)) else value
