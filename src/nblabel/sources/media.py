"""Items that are files, or stand in memory for one: in lists, in folders or in a column of a table."""

from __future__ import annotations

import copy
import glob
import os
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import SourceError
from .base import ColumnContents, TableSource
from .files import PathKeys
from .identity import Contents, Snapshot, digest
from .keys import Keys
from .opening import open_table
from .tables import ListTable, Rows, Table, Unreadable, is_missing

__all__ = [
    "TABLES",
    "Gauge",
    "MediaSource",
    "PathTable",
    "Sort",
    "ValueTable",
    "files_of",
    "guess",
    "is_data_uri",
    "is_path",
    "labelled",
    "listed",
    "under",
]

TABLES = frozenset((".csv", ".jsonl", ".ndjson", ".parquet", ".tsv"))
_BLOCK = 16_384
_REMEMBERED = 100_000
_Measure = TypeVar("_Measure", covariant=True)


class Sort(NamedTuple):
    """What items are: in words, and how they are recognised.

    Attributes
    ----------
    noun, label : str
        What people call one, and the name of a column of them.
    suffixes, more : frozenset of str
        How names of such files end: those that are looked for in folders, and others that a column may hold.
    names : tuple of str
        What a column of them is often called.
    is_one : callable
        Whether a value that is neither text nor bytes is one.
    """

    noun: str
    label: str
    suffixes: frozenset[str]
    more: frozenset[str]
    names: tuple[str, ...]
    is_one: Callable[[Any], bool]


class Gauge(Protocol[_Measure]):
    """Reads what a file says of itself, such as the size of an image, and a mark of its content."""

    def measure(self, value: Any) -> tuple[_Measure | None, str]:
        """The measure, such as width and height of the upright image, or why there is none."""

    def mark(self, value: Any) -> bytes:
        """16 bytes that stand for the content as it is now."""

    def glance(self, value: Any) -> bytes:
        """16 bytes that tell quickly that a value is not what it was."""


# ---- tables ------------------------------------------------------------------------------------------


class ValueTable(ListTable):
    """A list of what a sort of labeler shows."""

    def __init__(self, rows: Sequence[Any], sort: Sort) -> None:
        super().__init__(rows)
        self.label = sort.label


class PathTable(ValueTable):
    """A list of paths, which are the keys."""

    def keys(self) -> Keys:
        """The paths as they are written."""
        return PathKeys(len(self), self._path, self._paths, "paths")

    def _path(self, at: int) -> str:
        return str(os.fspath(self.rows[at]))

    def _paths(self, rows: slice) -> list[str]:
        return [os.fspath(one) for one in self.rows[rows]]


def labelled(table: Table, sort: Sort) -> Table:
    """The table with the name that its values have in `joined`."""
    table.label = sort.label
    return table


def listed(held: Sequence[Any], sort: Sort) -> Table:
    """A table of values, of paths or of dicts."""
    first = next((one for one in held if not is_missing(one)), None)
    if isinstance(first, Mapping):
        return labelled(open_table(held), sort)
    if len(held) and all(is_path(one) for one in held):
        paths = [os.fspath(one) for one in held]
        if len(set(paths)) < len(paths):
            raise SourceError(f"the {sort.noun} {Counter(paths).most_common(1)[0][0]!r} is given twice")
        return PathTable(held, sort)
    return ValueTable(held, sort)


def is_path(value: Any) -> bool:
    """Whether a value is a path, and not a data URI."""
    if isinstance(value, os.PathLike):
        return isinstance(os.fspath(value), str)
    return type(value) is str and bool(value) and not is_data_uri(value)


def is_data_uri(value: Any) -> bool:
    """Whether a value is a data URI."""
    return isinstance(value, str) and value[:5].lower() == "data:"


def guess(table: Table, apart: Sequence[Hashable], sort: Sort) -> Hashable:
    """The column that holds items of this sort."""
    names = [name for name in table.columns if table.columns.count(name) == 1 and name not in apart]
    found = [name for name in names if _holds(table, name, sort)]
    if len(found) > 1:
        named = [name for name in found if str(name).lower() in sort.names]
        found = named if len(named) == 1 else found
    if len(found) == 1:
        return found[0]
    listed = ", ".join(repr(one) for one in table.columns[:20]) + (", ..." if len(table.columns) > 20 else "")
    several = f"several columns hold {sort.noun}s" if found else f"no column looks as if it held {sort.noun}s"
    some = (found or names or list(table.columns) or ["path"])[0]
    raise SourceError(f"{several}: {listed}", f"name one of them, such as {sort.label}={some!r}")


def _holds(table: Table, name: Hashable, sort: Sort) -> bool:
    column = table.column(name)
    some = [column.value(at) for at in range(min(len(column), 100))]
    kept = [one for one in some if not is_missing(one)]
    return bool(kept) and all(_looks_right(one, sort) for one in kept)


def _looks_right(value: Any, sort: Sort) -> bool:
    if isinstance(value, str):
        return is_data_uri(value) or PurePath(value).suffix.lower() in sort.suffixes | sort.more
    return isinstance(value, (os.PathLike, bytes, bytearray)) or sort.is_one(value)


# ---- files -------------------------------------------------------------------------------------------


def files_of(given: str, root: str, sort: Sort) -> list[str]:
    """The files that a path, a folder or a glob means, in natural order: ``2.png`` before ``10.png``."""
    path = os.path.expanduser(given) if given.startswith("~") else given  # noqa: PTH111
    if not path or "\0" in path:
        raise SourceError(f"{path!r} is not a path")
    if "://" in path[:40]:
        raise SourceError(
            f"{path[:80]!r} is a URL: nblabel opens no network connection",
            f"download the {sort.noun}s and hand in their paths",
        )
    place = under(root, path)
    try:
        if Path(place).is_dir():
            return _in_folder(place, path, sort)
        if Path(place).exists():
            return [path]
    except OSError:  # too long for a path
        pass
    found: list[str] = []
    if glob.has_magic(path) and "\n" not in path:
        matches = glob.glob(path, root_dir=root or None, recursive=True)  # noqa: PTH207
        found = [one for one in matches if Path(under(root, one)).is_file()]
    if not found:
        shown = repr(path if len(path) <= 80 else path[:79] + "…")
        where = str(Path(root).absolute() if root else Path.cwd())
        raise SourceError(f"no file matches {shown}", f"looked in {where!r}")
    return sorted(found, key=_natural)


def under(root: str, path: str) -> str:
    """A path under a folder, otherwise as it is written."""
    return os.path.join(root, path) if root else path  # noqa: PTH118 - a Path would rewrite it


def _in_folder(place: str, path: str, sort: Sort) -> list[str]:
    found = []
    for here, folders, names in os.walk(place):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inner = os.path.relpath(here, place)
        above = path if inner == "." else os.path.join(path, inner)  # noqa: PTH118 - a Path would rewrite the folder
        kept = [name for name in names if PurePath(name).suffix.lower() in sort.suffixes and not name.startswith(".")]
        found += [os.path.join(above, name) for name in kept]  # noqa: PTH118
    if not found:
        raise SourceError(
            f"the folder {place!r} holds no {sort.noun}s", f"these are known: {' '.join(sorted(sort.suffixes))}"
        )
    return sorted(found, key=_natural)


def _natural(path: str) -> list[tuple[int, int | str]]:
    parts = re.split(r"(\d+)", path.casefold())
    made: list[tuple[int, int | str]] = [(0, int(one)) if one.isdecimal() else (1, one) for one in parts if one]
    return [*made, (2, path)]


# ---- contents ----------------------------------------------------------------------------------------


class _Contents(ColumnContents):
    """Digests of media, each kept as long as a glance at its row finds what was there before."""

    def __init__(self, source: MediaSource) -> None:
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
        """The digests of some rows; media are looked at one by one, that never many are in memory."""
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


class MediaSource(TableSource):
    """Files, or what stands in memory for one, of a list, a folder or a column: read when they are shown."""

    sort: ClassVar[Sort]

    def __init__(
        self,
        table: Table,
        column: Hashable,
        gauge: Gauge[Any],
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
            return digest(value, self.sort.noun.encode())
        if isinstance(value, os.PathLike):
            return digest(os.fsdecode(value), self.sort.noun.encode())
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
        """A hash of the item as it is now, also of what a path leads to."""
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

    def names(self) -> list[str]:
        """The paths of the items, as they were handed in."""
        made: list[str] = []
        for start in range(0, len(self), _BLOCK):
            rows = slice(start, min(start + _BLOCK, len(self)))
            values = self._column.values(rows)
            made += ["" if is_data_uri(value) else self.text_of(value) or "" for value in values]
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
                if not is_data_uri(value):
                    said.append(self.text_of(value) or "")
                if any(wanted in str(one).casefold() for one in said if not is_missing(one)):
                    found.append(start + at)
        return np.array(found, dtype=np.int64)
