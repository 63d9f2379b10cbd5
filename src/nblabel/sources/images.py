"""Items that are images: paths, bytes, data URIs, PIL images or arrays, alone, in lists, in folders or in a column."""

from __future__ import annotations

import os
import sys
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import SourceError
from ..records import Item
from ..schema import Extent
from .base import Source
from .keys import plain
from .media import (
    TABLES,
    Gauge,
    MediaSource,
    PathTable,
    Sort,
    ValueTable,
    files_of,
    guess,
    is_data_uri,
    labelled,
    listed,
    under,
)
from .opening import no_columns, open_table
from .tables import Column, ListTable, Rows, Table, Unreadable, is_missing

__all__ = ["IMAGES", "ImageSource", "image_files", "open_images"]

_SUFFIXES = frozenset(
    f".{name}"
    for names in (
        ("avif", "bmp", "btf", "dib", "gif", "heic", "heif", "ico", "j2k", "jfif", "jp2", "jpe", "jpeg", "jpg"),
        ("ndpi", "npy", "pbm", "pgm", "png", "pnm", "ppm", "qoi", "scn", "svs", "tga", "tif", "tiff", "webp"),
    )
    for name in names
)


def _is_picture(value: Any) -> bool:
    module = sys.modules.get("PIL.Image")  # nobody has a PIL image without it
    return module is not None and isinstance(value, module.Image)


def _is_image(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim in (2, 3) and value.dtype.kind in "buif"
    return _is_picture(value)


IMAGES = Sort(
    noun="image",
    label="image",
    suffixes=_SUFFIXES,
    more=frozenset((".svg",)),
    names=("image", "path", "file", "filename", "file_name", "image_path"),
    is_one=_is_image,
)


def open_images(
    data: Any,
    gauge: Gauge[tuple[int, int]],
    *,
    column: Hashable | None = None,
    key: Hashable | None = None,
    show: Sequence[Hashable] = (),
    root: str | os.PathLike[str] | None = None,
    bands: Any = None,
    drawn: bool = False,
) -> Source:
    """A source of images from what a user hands in.

    Parameters
    ----------
    data : object
        A path, folder (its images in natural order) or glob; a list of paths, data URIs, bytes, PIL images or arrays;
        a frame or list of dicts with a column of these; one PIL image, or bytes.

        An array is one image if it is (height, width) or (height, width, bands) with 1, 3 or 4 bands; a stack of
        images if it is (n, height, width) with any other last number, or (n, height, width, bands). With ``bands=``
        an array of three dimensions is always one image. Arrays in a list are one image each.
    gauge : Gauge
        Reads sizes.
    column : hashable, optional
        The column of the images; the only one that holds some if not given.
    key : hashable, optional
        A column whose values name the items. Without one, paths are known as they are written, and all else by
        content, so that only a key makes answers independent of the place of files.
    show : sequence of hashable
        Columns shown beside the image.
    root : path-like, optional
        The folder that relative paths lie under.
    bands : object, optional
        Which bands are shown; see above.
    drawn : bool
        The items are no images but what a function draws: any values, or without ``column`` whole rows as dicts.
    """
    if isinstance(data, Source):
        return data
    folder = "" if root is None else str(Path(root).expanduser())
    table = _values(data) if drawn else _table(data, folder, bands is not None, column)
    shown = (show,) if isinstance(show, str) else tuple(show)
    if not table.columns:
        no_columns(table, column, key, shown, use="image")
        return (ValueSource if drawn else ImageSource)(table, None, gauge)
    key = None if key is None else table.pick(key, use="key")
    shown = tuple(table.pick(one, use="show") for one in shown)
    if drawn and column is None:
        return RowSource(table, None, gauge, key=key, show=shown)
    image = guess(table, (key, *shown), IMAGES) if column is None else table.pick(column, use="image")
    kind = ValueSource if drawn else ImageSource
    return kind(table, image, gauge, key=key, show=shown)


# ---- tables ------------------------------------------------------------------------------------------


def image_files(given: str, root: str = "") -> list[str]:
    """The images that a path, a folder or a glob means, in natural order: ``2.png`` before ``10.png``."""
    return files_of(given, root, IMAGES)


def _table(data: Any, root: str, banded: bool, column: Hashable | None) -> Table:
    if isinstance(data, (str, os.PathLike)) and not is_data_uri(data):
        path = os.fspath(data)
        if not isinstance(path, str):
            raise SourceError(f"{path!r} is not a path", "paths are texts")
        if PurePath(path).suffix.lower() in TABLES:
            table = open_table(under(root, path), column=column)
            table.label = "image"
            return table
        return PathTable(image_files(path, root), IMAGES)
    if isinstance(data, (str, bytes, bytearray, memoryview)) or _is_picture(data):
        return ValueTable([data], IMAGES)
    if isinstance(data, (pd.DataFrame, pd.Series, Mapping, set, frozenset)):
        return labelled(open_table(data, column=column), IMAGES)
    if not isinstance(data, np.ndarray) and hasattr(data, "__array__") and hasattr(data, "ndim"):
        module = type(data).__module__.partition(".")[0]
        if module not in ("pandas", "polars", "pyarrow"):  # a tensor
            data = np.asarray(data.detach().cpu() if hasattr(data, "detach") else data)
    if isinstance(data, np.ndarray) and data.dtype.kind not in "OUS":
        return ValueTable(_stack(data, banded), IMAGES)
    if isinstance(data, (list, tuple)):
        return listed(data, IMAGES)
    table = open_table(data, column=column)
    return listed(table.rows, IMAGES) if type(table) is ListTable else labelled(table, IMAGES)


def _values(data: Any) -> Table:
    """Whatever a function draws, one by one."""
    if isinstance(data, (str, os.PathLike)) and PurePath(os.fsdecode(data)).suffix.lower() in TABLES:
        return labelled(open_table(os.fsdecode(data)), IMAGES)
    if isinstance(data, (str, bytes, os.PathLike)):
        raise SourceError("one value is not a list of items", "with draw= hand in a list, a frame or a table's path")
    if isinstance(data, np.ndarray) and data.ndim:
        return ValueTable(list(data), IMAGES)
    if isinstance(data, (list, tuple)) and not any(isinstance(one, Mapping) for one in data[:1]):
        return ValueTable(data, IMAGES)
    return labelled(open_table(data), IMAGES)


def _stack(array: npt.NDArray[Any], banded: bool) -> Any:
    """One image in a list, or a stack as it is: its rows are the images."""
    if array.ndim == 4:
        return array
    if array.ndim == 3 and not banded and array.shape[2] not in (1, 3, 4):
        return array
    if array.ndim in (2, 3):
        return [array]
    raise SourceError(
        f"an array of the shape {array.shape} is no image and no stack of images",
        "an image is (height, width) or (height, width, bands); a stack has one axis more, in front",
    )


# ---- the source --------------------------------------------------------------------------------------


class ImageSource(MediaSource):
    """Images of a list, a folder or a column: read when they are shown."""

    sort = IMAGES

    def item(self, position: int) -> Item:
        """The item with the value that was handed in, and its size if that can be read."""
        row = self._row(position)
        value = self._column.value(row)
        size, problem = self._measure(value)
        identity = self.identity(row)
        return Item(
            key=self._keys.key(row),
            data=value,
            identity=identity,
            position=row,
            show=self._show(row),
            problem=problem,
            size=size,
        )

    def _measure(self, value: Any) -> tuple[tuple[int, int] | None, str]:
        if is_missing(value):
            return None, "no image (missing value)"
        if isinstance(value, Unreadable):
            return None, value.problem
        return self.gauge.measure(value)

    def extent(self, position: int) -> Extent:
        """Width and height of the upright image; ``None`` if it cannot be read."""
        return self._measure(self._column.value(self._row(position)))[0]


class ValueSource(ImageSource):
    """Values that a function draws: each is what it holds, also one that is a text."""

    @property
    def may_change(self) -> bool:
        """A value is its content; only behind a key it may become another."""
        return self.own_keys

    def digest_of(self, value: Any) -> bytes:
        """A hash of the value."""
        return self.gauge.mark(value)

    def content(self, position: int) -> str:
        """A hash of the value as it is now."""
        return self.gauge.mark(self._column.value(self._row(position))).hex()

    def names(self) -> list[str]:
        """There are no files."""
        return [""] * len(self)

    def _measure(self, value: Any) -> tuple[tuple[int, int] | None, str]:
        return (None, value.problem) if isinstance(value, Unreadable) else self.gauge.measure(value)


class RowSource(ValueSource):
    """Rows of a table that a function draws, each as a dict."""

    def _main_column(self) -> Column:
        names = [name for name in dict.fromkeys(self._table.columns) if self._table.columns.count(name) == 1]
        return _RowColumn(len(self._table), {name: self._table.column(name) for name in names})


class _RowColumn(Column):
    """Whole rows as dicts."""

    def __init__(self, size: int, columns: Mapping[Hashable, Column]) -> None:
        self._size = size
        self._columns = columns

    def __len__(self) -> int:
        return self._size

    def value(self, position: int) -> Any:
        """One row, now."""
        return {name: plain(column.value(position)) for name, column in self._columns.items()}

    def values(self, rows: Rows) -> list[Any]:
        """Some rows, now."""
        held = [column.values(rows) for column in self._columns.values()]
        return [dict(zip(self._columns, map(plain, row), strict=True)) for row in zip(*held, strict=True)]

    def snapshot(self) -> Column:
        """The rows as they are now, as far as each column can tell."""
        return _RowColumn(self._size, {name: column.snapshot() for name, column in self._columns.items()})
