"""Items that are images: paths, bytes, data URIs, PIL images or arrays, alone, in lists, in folders or in a column."""

from __future__ import annotations

import copy
import glob
import os
import re
import sys
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import SourceError
from ..records import Item
from ..schema import Extent
from .base import ColumnContents, Source, TableSource
from .files import PathKeys
from .identity import Contents, Snapshot, digest
from .keys import Keys, plain
from .opening import no_columns, open_table
from .tables import Column, ListTable, Rows, Table, Unreadable, is_missing

__all__ = ["Gauge", "ImageSource", "image_files", "open_images"]

_SUFFIXES = frozenset(
    f".{name}"
    for names in (
        ("avif", "bmp", "btf", "dib", "gif", "heic", "heif", "ico", "j2k", "jfif", "jp2", "jpe", "jpeg", "jpg"),
        ("ndpi", "npy", "pbm", "pgm", "png", "pnm", "ppm", "qoi", "scn", "svs", "tga", "tif", "tiff", "webp"),
    )
    for name in names
)
_TABLES = frozenset((".csv", ".jsonl", ".ndjson", ".parquet", ".tsv"))
_NAMES = ("image", "path", "file", "filename", "file_name", "image_path")
_BLOCK = 16_384
_REMEMBERED = 100_000


class Gauge(Protocol):
    """Reads what an image's file says of itself: the size, and a mark of its content."""

    def measure(self, value: Any) -> tuple[tuple[int, int] | None, str]:
        """Width and height of the upright image, or why there are none."""

    def mark(self, value: Any) -> bytes:
        """16 bytes that stand for the content as it is now."""

    def glance(self, value: Any) -> bytes:
        """16 bytes that tell quickly that a value is not what it was."""


def open_images(
    data: Any,
    gauge: Gauge,
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
    image = _guess(table, (key, *shown)) if column is None else table.pick(column, use="image")
    kind = ValueSource if drawn else ImageSource
    return kind(table, image, gauge, key=key, show=shown)


# ---- tables ------------------------------------------------------------------------------------------


class ImageTable(ListTable):
    """A list of images."""

    label = "image"


class PathTable(ImageTable):
    """A list of paths, which are the keys."""

    def keys(self) -> Keys:
        """The paths as they are written."""
        return PathKeys(len(self), self._path, self._paths, "paths")

    def _path(self, at: int) -> str:
        return str(os.fspath(self.rows[at]))

    def _paths(self, rows: slice) -> list[str]:
        return [os.fspath(one) for one in self.rows[rows]]


def _table(data: Any, root: str, banded: bool, column: Hashable | None) -> Table:
    if isinstance(data, (str, os.PathLike)) and not _is_data_uri(data):
        path = os.fspath(data)
        if not isinstance(path, str):
            raise SourceError(f"{path!r} is not a path", "paths are texts")
        if PurePath(path).suffix.lower() in _TABLES:
            table = open_table(_under(root, path), column=column)
            table.label = "image"
            return table
        return PathTable(image_files(path, root))
    if isinstance(data, (str, bytes, bytearray, memoryview)) or _is_picture(data):
        return ImageTable([data])
    if isinstance(data, (pd.DataFrame, pd.Series, Mapping, set, frozenset)):
        return _labelled(open_table(data, column=column))
    if not isinstance(data, np.ndarray) and hasattr(data, "__array__") and hasattr(data, "ndim"):
        module = type(data).__module__.partition(".")[0]
        if module not in ("pandas", "polars", "pyarrow"):  # a tensor
            data = np.asarray(data.detach().cpu() if hasattr(data, "detach") else data)
    if isinstance(data, np.ndarray) and data.dtype.kind not in "OUS":
        return ImageTable(_stack(data, banded))
    if isinstance(data, (list, tuple)):
        return _listed(data)
    table = open_table(data, column=column)
    return _listed(table.rows) if type(table) is ListTable else _labelled(table)


def _values(data: Any) -> Table:
    """Whatever a function draws, one by one."""
    if isinstance(data, (str, os.PathLike)) and PurePath(os.fsdecode(data)).suffix.lower() in _TABLES:
        return _labelled(open_table(os.fsdecode(data)))
    if isinstance(data, (str, bytes, os.PathLike)):
        raise SourceError("one value is not a list of items", "with draw= hand in a list, a frame or a table's path")
    if isinstance(data, np.ndarray) and data.ndim:
        return ImageTable(list(data))
    if isinstance(data, (list, tuple)) and not any(isinstance(one, Mapping) for one in data[:1]):
        return ImageTable(data)
    return _labelled(open_table(data))


def _labelled(table: Table) -> Table:
    table.label = "image"
    return table


def _listed(held: Sequence[Any]) -> Table:
    first = next((one for one in held if not is_missing(one)), None)
    if isinstance(first, Mapping):
        return _labelled(open_table(held))
    if len(held) and all(_is_path(one) for one in held):
        paths = [os.fspath(one) for one in held]
        if len(set(paths)) < len(paths):
            raise SourceError(f"the image {Counter(paths).most_common(1)[0][0]!r} is given twice")
        return PathTable(held)
    return ImageTable(held)


def _is_path(value: Any) -> bool:
    if isinstance(value, os.PathLike):
        return isinstance(os.fspath(value), str)
    return type(value) is str and bool(value) and not _is_data_uri(value)


def _is_data_uri(value: Any) -> bool:
    return isinstance(value, str) and value[:5].lower() == "data:"


def _is_picture(value: Any) -> bool:
    module = sys.modules.get("PIL.Image")  # nobody has a PIL image without it
    return module is not None and isinstance(value, module.Image)


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


def _guess(table: Table, apart: Sequence[Hashable]) -> Hashable:
    """The column that holds images."""
    names = [name for name in table.columns if table.columns.count(name) == 1 and name not in apart]
    found = [name for name in names if _holds_images(table, name)]
    if len(found) > 1:
        named = [name for name in found if str(name).lower() in _NAMES]
        found = named if len(named) == 1 else found
    if len(found) == 1:
        return found[0]
    listed = ", ".join(repr(one) for one in table.columns[:20]) + (", ..." if len(table.columns) > 20 else "")
    several = "several columns hold images" if found else "no column looks as if it held images"
    some = (found or names or list(table.columns) or ["path"])[0]
    raise SourceError(f"{several}: {listed}", f"name one of them, such as image={some!r}")


def _holds_images(table: Table, name: Hashable) -> bool:
    column = table.column(name)
    some = [column.value(at) for at in range(min(len(column), 100))]
    kept = [one for one in some if not is_missing(one)]
    return bool(kept) and all(_looks_like_image(one) for one in kept)


def _looks_like_image(value: Any) -> bool:
    if isinstance(value, str):
        return _is_data_uri(value) or PurePath(value).suffix.lower() in _SUFFIXES | {".svg"}
    if isinstance(value, np.ndarray):
        return value.ndim in (2, 3) and value.dtype.kind in "buif"
    return isinstance(value, (os.PathLike, bytes, bytearray)) or _is_picture(value)


# ---- files -------------------------------------------------------------------------------------------


def image_files(given: str, root: str = "") -> list[str]:
    """The images that a path, a folder or a glob means, in natural order: ``2.png`` before ``10.png``."""
    path = os.path.expanduser(given) if given.startswith("~") else given  # noqa: PTH111
    if not path or "\0" in path:
        raise SourceError(f"{path!r} is not a path")
    if "://" in path[:40]:
        raise SourceError(
            f"{path[:80]!r} is a URL: nblabel opens no network connection",
            "download the images and hand in their paths",
        )
    place = _under(root, path)
    try:
        if Path(place).is_dir():
            return _in_folder(place, path)
        if Path(place).exists():
            return [path]
    except OSError:  # too long for a path
        pass
    found: list[str] = []
    if glob.has_magic(path) and "\n" not in path:
        matches = glob.glob(path, root_dir=root or None, recursive=True)  # noqa: PTH207
        found = [one for one in matches if Path(_under(root, one)).is_file()]
    if not found:
        shown = repr(path if len(path) <= 80 else path[:79] + "…")
        where = str(Path(root).absolute() if root else Path.cwd())
        raise SourceError(f"no file matches {shown}", f"looked in {where!r}")
    return sorted(found, key=_natural)


def _under(root: str, path: str) -> str:
    return os.path.join(root, path) if root else path  # noqa: PTH118 - a Path would rewrite it


def _in_folder(place: str, path: str) -> list[str]:
    found = []
    for here, folders, names in os.walk(place):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inner = os.path.relpath(here, place)
        above = path if inner == "." else os.path.join(path, inner)  # noqa: PTH118 - a Path would rewrite the folder
        kept = [name for name in names if PurePath(name).suffix.lower() in _SUFFIXES and not name.startswith(".")]
        found += [os.path.join(above, name) for name in kept]  # noqa: PTH118
    if not found:
        raise SourceError(f"the folder {place!r} holds no images", f"these are known: {' '.join(sorted(_SUFFIXES))}")
    return sorted(found, key=_natural)


def _natural(path: str) -> list[tuple[int, int | str]]:
    parts = re.split(r"(\d+)", path.casefold())
    made: list[tuple[int, int | str]] = [(0, int(one)) if one.isdecimal() else (1, one) for one in parts if one]
    return [*made, (2, path)]


# ---- contents ----------------------------------------------------------------------------------------


class _Contents(ColumnContents):
    """Digests of images, each kept as long as a glance at its row finds what was there before."""

    def __init__(self, source: ImageSource) -> None:
        super().__init__(source)
        self._glance = source.gauge.glance
        self._kept: dict[int, tuple[bytes, bytes]] = {}
        # columns of paths are searched and hashed in one go
        self._named = all(_is_named(self._column.value(row)) for row in range(min(self._size, 3)))

    def digest(self, position: int) -> bytes:
        """The digest of one row, now."""
        value = self._column.value(position)
        if _is_named(value):
            return self._digest_of(value)
        glance = self._glance(value)
        kept = self._kept.get(position)
        if kept is None or kept[0] != glance:
            kept = self._kept[position] = glance, self._digest_of(value)
        return kept[1]

    def digests(self, rows: Sequence[int] | Rows) -> list[bytes]:
        """The digests of some rows; images are looked at one by one, that never many are in memory."""
        if self._named:
            return super().digests(rows)
        listed = range(*rows.indices(self._size)) if isinstance(rows, slice) else rows
        return [self.digest(int(row)) for row in listed]

    def alike(self, positions: Sequence[int], stop: int) -> Iterator[tuple[int, bytes]]:
        """Rows before ``stop`` that may have the content of one of these."""
        if self._named:
            yield from super().alike(positions, stop)
            return
        for row in range(stop):
            yield row, self.digest(row)

    def snapshot(self) -> Snapshot:
        """A reader for the background."""
        made = copy.copy(self)  # what it finds is kept for both
        made._column = self._column.snapshot()  # noqa: SLF001 - its own kind
        return made


def _is_named(value: Any) -> bool:
    """Whether a value has an identity without its content being looked at."""
    return isinstance(value, (str, os.PathLike, Unreadable)) or is_missing(value)


# ---- the source --------------------------------------------------------------------------------------


class ImageSource(TableSource):
    """Images of a list, a folder or a column: read when they are shown."""

    def __init__(
        self,
        table: Table,
        column: Hashable,
        gauge: Gauge,
        *,
        key: Hashable | None = None,
        show: Sequence[Hashable] = (),
    ) -> None:
        self.gauge = gauge
        self._places: dict[str, int] = {}
        super().__init__(table, column, key=key, show=show)

    @property
    def may_change(self) -> bool:
        """A path stays what it is when its file is written anew."""
        return True

    def digest_of(self, value: Any) -> bytes:
        """A hash of the path as it is written, or of the content of all that is no path."""
        if isinstance(value, str):
            return digest(value, b"image")
        if isinstance(value, os.PathLike):
            return digest(os.fsdecode(value), b"image")
        if is_missing(value):
            return digest("", b"missing")
        if isinstance(value, Unreadable):
            return digest(value.problem, b"unreadable")
        return self.gauge.mark(value)

    def text_of(self, value: Any) -> str | None:
        """The path, or the data URI."""
        if isinstance(value, str):
            return str(value)
        return os.fsdecode(value) if isinstance(value, os.PathLike) else None

    def content(self, position: int) -> str:
        """A hash of the image as it is now, also of what a path leads to."""
        row = self._row(position)
        value = self._column.value(row)
        if isinstance(value, (str, os.PathLike)):
            return self.gauge.mark(value).hex()
        return self._held.digest(row).hex()

    def _contents(self) -> Contents:
        self._held = _Contents(self)
        return self._held

    def identity(self, position: int) -> str:
        """The store's name for an item."""
        return self._given(super().identity(position), position)

    def locate(self, identity: str, hint: int | None = None) -> int | None:
        """The place of an identity; one that was given out here is looked for where it was, before all are hashed."""
        return super().locate(identity, self._places.get(identity) if hint is None else hint)

    def _given(self, identity: str, row: int) -> str:
        if len(self._places) > _REMEMBERED:
            self._places.clear()
        self._places[identity] = row
        return identity

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

    def names(self) -> list[str]:
        """The paths of the images, as they were handed in."""
        made: list[str] = []
        for start in range(0, len(self), _BLOCK):
            rows = slice(start, min(start + _BLOCK, len(self)))
            values = self._column.values(rows)
            made += ["" if _is_data_uri(value) else self.text_of(value) or "" for value in values]
        return made

    def search(self, text: str) -> npt.NDArray[np.int64]:
        """Items whose path, key or shown columns contain this text, without regard to case."""
        wanted = text.casefold()
        found: list[int] = []
        for start in range(0, len(self), _BLOCK):
            rows = slice(start, min(start + _BLOCK, len(self)))
            columns = [column.values(rows) for _, column in self._shown]
            for at, value in enumerate(self._column.values(rows)):
                said = [self._keys.key(start + at), *(column[at] for column in columns)]
                if not _is_data_uri(value):
                    said.append(self.text_of(value) or "")
                if any(wanted in str(one).casefold() for one in said if not is_missing(one)):
                    found.append(start + at)
        return np.array(found, dtype=np.int64)


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
