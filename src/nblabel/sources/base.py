"""A source: what a user handed in, as items with keys and identities."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import SourceError, UnknownItem
from ..records import Item
from ..schema import Extent
from . import background
from .identity import Contents, Identities, Snapshot, digests, is_hashed, is_key, key_identity, key_of
from .keys import Keys, NamedKeys, plain
from .tables import Column, Rows, Table, is_missing

__all__ = ["ColumnContents", "Source", "TableSource"]

_PROMPT_KEYS = 20_000
"""So many keys are hashed in no time."""


class Source(ABC):
    """Items by position, with the user's key and the store's identity of each.

    A source is a snapshot of positions, not of contents: texts are read when they are shown. When rows are added,
    removed or sorted in place, everything raises `SourceError` until :meth:`refresh` takes the new rows.

    Attributes
    ----------
    owner : object
        The user's own frame, or ``None``.
    generation : int
        Grows with each :meth:`refresh` that found other rows; positions of older ones mean nothing then.
    own_keys : bool
        Whether a key column names the items, so that their contents may change.
    notices : tuple of str
        What did not work but is no reason to stop.
    """

    owner: Any = None
    generation: int = 0
    own_keys: bool = False
    notices: tuple[str, ...] = ()
    uses: tuple[Hashable, ...] = ()
    """The columns that items and keys are read from."""

    @property
    def may_change(self) -> bool:
        """Whether the content of an item may become another while its identity stays."""
        return self.own_keys

    @abstractmethod
    def __len__(self) -> int:
        """How many items there are."""

    @abstractmethod
    def key(self, position: int) -> Hashable:
        """The user's name for an item."""

    @abstractmethod
    def position(self, key: Hashable) -> int:
        """The place of the item with this key; raises `UnknownItem`."""

    @abstractmethod
    def identity(self, position: int) -> str:
        """The store's name for an item."""

    def identities(self, positions: Sequence[int]) -> list[str]:
        """The store's names for some items; much faster than one by one where there are no keys."""
        return [self.identity(position) for position in positions]

    @abstractmethod
    def locate(self, identity: str, hint: int | None = None) -> int | None:
        """The place of an item by its identity, if it is here; ``hint`` is looked at first."""

    def locate_many(self, hints: Mapping[str, int | None], patience: float | None = None) -> dict[str, int]:
        """The places of many items, each with its hint; those that are not here are left out.

        With ``patience``, so are those that their hints do not find, nor a search of about so many seconds.
        """
        found = {identity: self.locate(identity, hint) for identity, hint in hints.items()}
        return {identity: position for identity, position in found.items() if position is not None}

    @abstractmethod
    def settle(self, stop: threading.Event) -> None:
        """Prepare, without hurry, that any item is found at once; until that is so, or ``stop`` is set."""

    def close(self) -> None:  # noqa: B027 - most have nothing to do
        """End what is done in the background: nobody will ask any more."""

    @abstractmethod
    def content(self, position: int) -> str:
        """A hash of the content as it is now."""

    @abstractmethod
    def item(self, position: int) -> Item:
        """The item, read now."""

    def names(self) -> Sequence[str] | None:
        """The path of each item, for sources whose items are files that other tools know by name; empty if it has none.

        ``None`` for sources of anything else.
        """
        return None

    def extent(self, position: int) -> Extent:
        """How far annotations of the item may reach: code points of a text, (width, height) of an image."""
        return None

    def extents(self, positions: Sequence[int]) -> list[Extent]:
        """The same of several items."""
        return [self.extent(position) for position in positions]

    @abstractmethod
    def search(self, text: str) -> npt.NDArray[np.int64]:
        """The places of items that contain this text, without regard to case."""

    @abstractmethod
    def joined(self, columns: Mapping[str, Sequence[Any]]) -> Any:
        """The source in its own kind of frame with columns appended (or replaced, if it has them)."""

    @property
    @abstractmethod
    def changed(self) -> bool:
        """Whether rows were added, removed or moved since it was opened."""

    @abstractmethod
    def check(self) -> None:
        """Raise `SourceError` if rows were added, removed or moved."""

    @abstractmethod
    def refresh(self) -> bool:
        """Take the rows as they are now; whether there were others."""


class TableSource(Source):
    """A source whose items are values of one column of a table.

    What the values mean (texts, paths of images, ...) is up to :meth:`digest_of` and :meth:`item`.
    """

    def __init__(self, table: Table, column: Hashable, *, key: Hashable | None, show: Sequence[Hashable]) -> None:
        self._table = table
        self._column_name = column
        self._key_name = key
        self._show_names = tuple(show)
        self.owner = table.owner
        self.uses = tuple(name for name in (column, key) if name is not None)
        self._open()

    def _open(self) -> None:
        self._column = self._main_column()
        self._shown = [(str(name), self._table.column(name)) for name in self._show_names]
        self.own_keys = self._key_name is not None
        self._keys = self._key_keys() if self.own_keys else self._table.keys()
        self._identities = Identities(self._contents())

    def _main_column(self) -> Column:
        return self._table.column(self._column_name)

    def _contents(self) -> Contents:
        return ColumnContents(self)

    def _key_keys(self) -> Keys:
        name = self._key_name
        column = self._table.column(name)
        gap = column.gap()
        if gap is not None:
            raise SourceError(f"the key column {name!r} has a missing value at row {gap}", "every item needs a key")
        for at in range(min(len(column), 1000)):
            if not is_key(plain(column.value(at))):
                kind = type(column.value(at)).__name__
                raise SourceError(f"the key column {name!r} holds a {kind} at row {at}", "keys are texts or numbers")
        repeat = column.repeat()
        if repeat is not None:
            value = plain(column.value(repeat))
            raise SourceError(
                f"the key column {name!r} has {value!r} twice, again at row {repeat}",
                "every item needs a key of its own",
            )
        return NamedKeys(len(column), column.value, column.values, f"values of {name!r}")

    # ---- what a modality says

    @abstractmethod
    def digest_of(self, value: Any) -> bytes:
        """16 bytes that stand for a value of the column."""

    @abstractmethod
    def text_of(self, value: Any) -> str | None:
        """What a value is shown as if it is a plain text; ``None`` for all else."""

    # ---- names

    def __len__(self) -> int:
        return len(self._table)

    def _row(self, position: int) -> int:
        self._table.check()
        if not 0 <= position < len(self._table):
            raise UnknownItem(position, f"positions run from 0 to {len(self._table) - 1}")
        return int(position)

    def key(self, position: int) -> Hashable:
        """The value of the key column, the index label, the path, or else the position."""
        return self._keys.key(self._row(position))

    def position(self, key: Hashable) -> int:
        """The place of a key."""
        self._table.check()
        return self._keys.position(key)

    def identity(self, position: int) -> str:
        """The key with its type, or a hash of the content with ``#n`` at its n-th repetition."""
        row = self._row(position)
        if self.own_keys:
            return key_identity(self._keys.key(row))
        return self._identities.of(row)

    def identities(self, positions: Sequence[int]) -> list[str]:
        """The identities of some items, in one pass over the source."""
        rows = [self._row(position) for position in positions]
        if self.own_keys:
            return [key_identity(self._keys.key(row)) for row in rows]
        return self._identities.many(rows)

    def locate(self, identity: str, hint: int | None = None) -> int | None:
        """The place of an identity: the hint if it is right, else found in an index."""
        self._table.check()
        if not self.own_keys:
            return self._identities.locate(identity, hint)
        return self._by_key({identity: hint}, None).get(identity)

    def locate_many(self, hints: Mapping[str, int | None], patience: float | None = None) -> dict[str, int]:
        """The places of many identities, in one pass over the source."""
        self._table.check()
        return self._by_key(hints, patience) if self.own_keys else self._identities.locate_many(hints, patience)

    def _by_key(self, hints: Mapping[str, int | None], patience: float | None) -> dict[str, int]:
        size = len(self)
        found = {
            identity: hint
            for identity, hint in hints.items()
            if hint is not None and 0 <= hint < size and key_identity(self._keys.key(hint)) == identity
        }
        left = [identity for identity in hints if identity not in found]
        brief = patience is not None and size > _PROMPT_KEYS
        if brief and not self._keys.prompt:
            return found
        hashed: set[str] = set()  # keys too long to stand in the store
        for identity in left:
            key = key_of(identity)
            if key is not None:
                at = self._keys.find(key)
                if at is not None:
                    found[identity] = at
            elif is_hashed(identity) and not brief:
                hashed.add(identity)
        for row in range(size) if hashed else ():
            name = key_identity(self._keys.key(row))
            if name in hashed:
                found[name] = row
                hashed.discard(name)
                if not hashed:
                    break
        return found

    def settle(self, stop: threading.Event) -> None:
        """Hash keys or contents in the background."""
        if not self.own_keys:
            self._identities.settle(stop)
            return
        while not stop.wait(max(background.quiet(), 0.001)):
            if not background.quiet():
                self._keys.settle()
                return

    def close(self) -> None:
        """End the search through the contents, if one is under way."""
        self._identities.close()

    def content(self, position: int) -> str:
        """A hash of the content as it is now."""
        return self.digest_of(self._column.value(self._row(position))).hex()

    def _identity_of(self, row: int, value: Any) -> str:
        """The identity of a row whose value was just read."""
        return key_identity(self._keys.key(row)) if self.own_keys else self._identities.of(row, self.digest_of(value))

    def _show(self, row: int) -> tuple[tuple[str, str], ...]:
        return tuple((name, shown(column.value(row))) for name, column in self._shown)

    # ---- the table

    def joined(self, columns: Mapping[str, Sequence[Any]]) -> Any:
        """The source in its own kind of frame with columns appended (or replaced, if it has them)."""
        for name, values in columns.items():
            if len(values) != len(self):
                raise SourceError(f"column {name!r} has {len(values)} values for {len(self)} items")
        return self._table.joined(columns, self._keys)

    @property
    def changed(self) -> bool:
        """Whether rows were added, removed or moved since it was opened."""
        return self._table.changed

    def check(self) -> None:
        """Raise `SourceError` if rows were added, removed or moved."""
        self._table.check()

    def refresh(self) -> bool:
        """Take the rows as they are now; whether there were others.

        Contents that were edited in place are looked at anew, too.
        """
        changed = self.changed
        self._identities.forget()
        if changed:
            self._table.adopt()
            self._open()
            self.generation += 1
        return changed


_SHOWN = 2000


def shown(value: Any) -> str:
    """A value as it is shown beside an item; long ones are cut."""
    if is_missing(value):
        return ""
    try:
        if isinstance(value, (list, tuple, set, frozenset)) and len(value) > _SHOWN:
            value = [*list(value)[:_SHOWN], "…"]
        text = value if isinstance(value, str) else str(plain(value))
    except Exception as error:  # an object of the user's may do anything here
        return f"<{type(value).__name__}: {error}>"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


class ColumnContents:
    """A source's column as its identities see it."""

    def __init__(self, source: TableSource, column: Column | None = None) -> None:
        self._digest_of = source.digest_of
        self._text_of = source.text_of
        self._column: Column = source._column if column is None else column  # noqa: SLF001 - made by it
        self._size = len(source)

    @property
    def patience(self) -> int:
        """Searches that are cheaper than the index."""
        return self._column.patience

    def __len__(self) -> int:
        return self._size

    def digest(self, position: int) -> bytes:
        """The digest of one row, now."""
        return self._digest_of(self._column.value(position))

    def digests(self, rows: Sequence[int] | Rows) -> list[bytes]:
        """The digests of some rows."""
        wanted: Rows = rows if isinstance(rows, (slice, np.ndarray)) else np.asarray(rows, dtype=np.int64)
        return digests(self._column.values(wanted), self._digest_of)

    def alike(self, positions: Sequence[int], stop: int) -> Iterator[tuple[int, bytes]]:
        """Rows before ``stop`` that may have the content of one of these."""
        values = self._column.values(np.asarray(positions, dtype=np.int64))
        texts = [self._text_of(value) for value in values]
        wanted = frozenset(text for text in texts if text is not None)
        known: dict[str, bytes] = {}
        for at, value in self._column.alike(wanted, None in texts, stop):
            if type(value) is str:
                mark = known.get(value)
                if mark is None:
                    mark = known[value] = self._digest_of(value)
                yield at, mark
            else:
                yield at, self._digest_of(value)

    def snapshot(self) -> Snapshot:
        """A reader for the background."""
        made = object.__new__(ColumnContents)
        made._digest_of, made._text_of, made._size = self._digest_of, self._text_of, self._size
        made._column = self._column.snapshot()
        return made
