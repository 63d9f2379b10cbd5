"""Single cells of a pandas frame: read and written by position, with dtypes kept wherever they can hold the value."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import SourceError
from .frames import COPY_ON_WRITE
from .keys import plain
from .tables import is_missing
from .values import MISSING, number

__all__ = ["Cells"]


class Cells:
    """The cells of some columns of one frame.

    ``notes`` tell which dtypes could not be kept, and why.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._own: set[str] = set()
        self.notes: list[str] = []

    # ---- reading

    def series(self, name: str) -> pd.Series[Any] | None:
        """A column as it is now; ``None`` if there is none."""
        if name not in self._frame.columns:
            return None
        found = self._frame[name]
        if not isinstance(found, pd.Series):
            raise SourceError(f"several columns are named {name!r}", "rename them")
        return found

    def value(self, name: str, row: int) -> Any:
        """One cell; ``None`` if there is no such column."""
        series = self.series(name)
        return None if series is None else series.iat[row]  # noqa: PD009 - twice as fast as iloc

    def values(self, name: str, rows: npt.NDArray[np.int64]) -> list[Any] | None:
        """Some cells; ``None`` if there is no such column."""
        series = self.series(name)
        if series is None:
            return None
        made: list[Any] = series.take(rows).tolist()
        return made

    # ---- writing

    def create(self, name: str, *, nested: bool) -> None:
        """Add a column of missing values, if there is none of this name."""
        if name not in self._frame.columns:
            self._replace(name, _fresh(self._frame.index, nested=nested))

    def write(self, name: str, row: int, value: Any) -> None:
        """Put a label, a text or a list; `MISSING` empties the cell."""
        self._put(name, row, self._ready(name, value))

    def restore(self, name: str, row: int, raw: Any) -> None:
        """Put back a value that stood there before."""
        self._put(name, row, raw if self._holds(name, raw) else self._ready(name, MISSING if is_missing(raw) else raw))

    def _holds(self, name: str, raw: Any) -> bool:
        dtype = self._frame[name].dtype
        return dtype == _OBJECT or not is_missing(raw)

    def _ready(self, name: str, value: Any) -> Any:
        """The value in the type of its column, which is made to hold it first.

        No Series is left when this returns: while one refers to the column, a write would copy all of it.
        """
        series = self.series(name)
        if series is None:
            raise SourceError(f"the frame has no column {name!r} any more")
        made, dtype, why = _fitted(series, value)
        if dtype is not None:
            self._convert(name, series, dtype, why)
        elif not COPY_ON_WRITE and name not in self._own and getattr(self._frame, "_is_copy", None) is not None:
            # Before pandas 3 a slice shares its cells with the frame it was cut from, which nobody asked to change.
            self._replace(name, series.copy())
        return made

    def _put(self, name: str, row: int, value: Any) -> None:
        frame: Any = self._frame
        at = frame.columns.get_loc(name)
        try:
            frame.iat[row, at] = value  # noqa: PD009 - iloc would spread a list over cells
        except (TypeError, ValueError) as error:
            if "read-only" in str(error):
                self._replace(name, frame[name].copy())
            else:  # a dtype that cannot hold it after all
                self._convert(name, frame[name], _OBJECT, _why(value))
            frame.iat[row, at] = value  # noqa: PD009

    def _convert(self, name: str, series: pd.Series[Any], dtype: Any, why: str) -> None:
        before = str(series.dtype)
        if isinstance(dtype, pd.CategoricalDtype):
            self._replace(name, series.cat.set_categories(dtype.categories))
            return
        if series.isna().to_numpy(dtype=bool).all() and not _numeric(dtype):  # an empty column takes any dtype
            self._replace(name, _fresh(series.index, nested=why == _NESTED))
            return
        self._replace(name, series.astype(dtype))
        self.notes.append(f"column {name!r} was {before} and is {self._frame[name].dtype} now: {why}")

    def _replace(self, name: str, values: pd.Series[Any]) -> None:
        with _quiet(self._frame):
            self._frame[name] = values  # a Series: of anything else pandas would guess the dtype
        self._own.add(name)


_OBJECT = np.dtype(object)
_NESTED = "it holds lists"


def _why(value: Any) -> str:
    return _NESTED if isinstance(value, (list, dict, tuple)) else f"it holds {value!r}"


@contextlib.contextmanager
def _quiet(frame: Any) -> Iterator[None]:
    """No SettingWithCopyWarning: the user asked for this column in this very frame."""
    mark = getattr(frame, "_is_copy", None)
    if mark is None:
        yield
        return
    frame._is_copy = None  # noqa: SLF001 - the warning has no other switch that is safe between threads
    try:
        yield
    finally:
        frame._is_copy = mark  # noqa: SLF001


def _fresh(index: pd.Index[Any], *, nested: bool) -> pd.Series[Any]:
    """A column of missing values: texts in the dtype that pandas has for them, or objects."""
    made: pd.Series[Any]
    if COPY_ON_WRITE and not nested:
        # Strings that are Python objects: one cell is written in no time, where pyarrow would copy the column.
        made = pd.Series(np.nan, index=index, dtype=pd.StringDtype("python", na_value=np.nan))
    else:
        made = pd.Series(np.full(len(index), None, dtype=object), index=index, dtype=_OBJECT, copy=False)
    return made


def _numeric(dtype: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(dtype))


def _fitted(series: pd.Series[Any], value: Any) -> tuple[Any, Any, str]:
    """The value in the type of its column, and the dtype that the column must have first (``None``: it may stay)."""
    dtype: Any = series.dtype
    if value is MISSING or is_missing(value):
        return _gap(dtype)
    if not isinstance(value, str):
        if isinstance(value, (list, dict, tuple)):
            return value, None if dtype == _OBJECT else _OBJECT, _NESTED
        return value, None, ""
    if isinstance(dtype, pd.CategoricalDtype):
        return _category(dtype, value)
    if isinstance(dtype, pd.StringDtype) or _is_arrow_text(dtype):
        return value, None, ""
    if dtype == _OBJECT:
        return _like(_sample(series), value), None, ""
    made, wider = _as_number(dtype, value)
    return made, wider, "" if wider is None else f"it holds {value!r}"


def _gap(dtype: Any) -> tuple[Any, Any, str]:
    why = "it holds missing values"
    if pd.api.types.is_extension_array_dtype(dtype):
        return dtype.na_value, None, ""
    if dtype.kind == "b":
        return pd.NA, pd.BooleanDtype(), why
    if dtype.kind in "iu":
        name = ("U" if dtype.kind == "u" else "") + f"Int{8 * dtype.itemsize}"
        return pd.NA, pd.api.types.pandas_dtype(name), why
    if dtype.kind in "fc":
        return np.nan, None, ""
    return (pd.NaT if dtype.kind in "mM" else None), None, ""


def _category(dtype: pd.CategoricalDtype, text: str) -> tuple[Any, Any, str]:
    categories = [plain(one) for one in dtype.categories]
    for one in categories:
        if str(one) == text:
            return one, None, ""
    value = _like(categories[0] if categories else text, text)
    for one in categories:
        if one == value and isinstance(one, bool) == isinstance(value, bool):
            return one, None, ""
    wider = dtype.categories.append(pd.Index([value]))
    return value, pd.CategoricalDtype(wider, ordered=dtype.ordered), ""


def _is_arrow_text(dtype: Any) -> bool:
    return isinstance(dtype, pd.ArrowDtype) and "string" in str(dtype)


def _sample(series: pd.Series[Any]) -> Any:
    """A value of an object column, to be written alike."""
    some: Sequence[Any] = series.iloc[:1000].tolist()
    return next((plain(one) for one in some if not is_missing(one)), None)


def _like(sample: Any, text: str) -> Any:
    """A label as the values beside it are written: 1 beside 0, "1" beside "0"."""
    if isinstance(sample, bool):
        return {"True": True, "False": False}.get(text, text)
    found = number(text)
    if isinstance(sample, (int, float)) and found is not None:
        if isinstance(sample, float):
            return found
        return int(found) if found.is_integer() else found
    return text


def _as_number(dtype: Any, text: str) -> tuple[Any, Any]:
    """A label in a dtype of numbers or booleans, and a wider dtype if that one cannot hold it."""
    if pd.api.types.is_bool_dtype(dtype):
        found = {"True": True, "False": False}.get(text)
        return (text, _OBJECT) if found is None else (found, None)
    value = number(text)
    if value is None or not _numeric(dtype):
        return text, _OBJECT
    if pd.api.types.is_float_dtype(dtype):
        return value, None
    nullable = pd.api.types.is_extension_array_dtype(dtype)
    if not value.is_integer():
        return value, pd.Float64Dtype() if nullable else np.dtype(np.float64)
    whole = int(text) if text.lstrip("+-").isdigit() else int(value)
    kind = getattr(dtype, "numpy_dtype", dtype)
    if np.iinfo(kind).min <= whole <= np.iinfo(kind).max:
        return whole, None
    if -(2**63) <= whole < 2**63:
        return whole, pd.Int64Dtype() if nullable else np.dtype(np.int64)
    return whole, _OBJECT
