"""The store's names for items: the key where the user gave one, else a hash of the content.

Equal contents are told apart by their order: the n-th repetition has the suffix ``#n``. The identity of one item
is found without hashing the others, by a vectorised search for equal contents before it. Finding an item by its
identity needs a hash of every row, unless somebody knows where it was last: four bytes a row, made in the background
when somebody first asks, at once if that one waits.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import functools
import hashlib
import math
import re
import threading
import time
import uuid
import weakref
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import SourceError
from . import background

__all__ = [
    "Contents",
    "Identities",
    "Snapshot",
    "digest",
    "digests",
    "is_hashed",
    "is_key",
    "key_identity",
    "key_of",
]

_LONGEST_KEY = 300  # in an index of PostgreSQL an entry has 2,700 bytes
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_HASHED = "k:h:"


def digest(content: str, sort: bytes = b"") -> bytes:
    """The 16 bytes that stand for a content; ``sort`` keeps apart contents that look alike but are not texts."""
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16, person=sort).digest()


def digests(values: Iterable[Any], mark: Callable[[Any], bytes]) -> list[bytes]:
    """The digests of values, each distinct string hashed once."""
    known: dict[str, bytes] = {}
    made = []
    for value in values:
        if type(value) is str:
            found = known.get(value)
            if found is None:
                found = known[value] = mark(value)
            made.append(found)
        else:
            made.append(mark(value))
    return made


# ---- items with a key of their own -------------------------------------------------------------------


def is_key(value: object) -> bool:
    """Whether a value of a key column can name an item."""
    if isinstance(value, (float, decimal.Decimal)):
        return math.isfinite(value)
    if value is pd.NaT:
        return False
    return isinstance(value, (str, int, bytes, dt.date, dt.timedelta, uuid.UUID))


def key_identity(key: Hashable) -> str:
    """The identity of an item with this key: equal keys have equal identities, ``1`` and ``"1"`` differ.

    Examples
    --------
    >>> key_identity(1), key_identity("1"), key_identity(1.0)
    ('k:i:1', 'k:s:1', 'k:i:1')
    """
    text = _key_text(key)
    if len(text) > _LONGEST_KEY or _UNSTORABLE.search(text):  # databases refuse them
        return _HASHED + digest(text).hex()
    return "k:" + text


def _key_text(key: Hashable) -> str:
    if isinstance(key, bool):
        return f"b:{key}"
    if isinstance(key, (int, float)):  # a column of integers with a gap comes as floats
        return f"i:{int(key)}" if isinstance(key, int) or key.is_integer() else f"f:{key!r}"
    if isinstance(key, str):
        return f"s:{key}"
    if isinstance(key, bytes):
        return f"y:{key.hex()}"
    if isinstance(key, dt.datetime):
        return f"t:{pd.Timestamp(key).isoformat()}"
    if isinstance(key, dt.date):
        return f"d:{key.isoformat()}"
    if isinstance(key, dt.timedelta):
        return f"p:{pd.Timedelta(key).isoformat()}"
    if isinstance(key, decimal.Decimal):
        return f"n:{_decimal(key)}"
    if isinstance(key, uuid.UUID):
        return f"u:{key}"
    raise SourceError(f"{key!r} cannot be the key of an item: it is a {type(key).__name__}", "use texts or numbers")


def _decimal(key: decimal.Decimal) -> str:
    """The same text for equal numbers, whatever precision is set."""
    sign, digits, exponent = key.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    short = text.rstrip("0")
    return f"{'-' * sign}{short}E{int(exponent) + len(text) - len(short)}" if short else "0"


_PARSE: dict[str, Callable[[str], Hashable]] = {
    "b": lambda text: text == "True",
    "i": int,
    "f": float,
    "s": str,
    "y": bytes.fromhex,
    "t": pd.Timestamp,
    "d": dt.date.fromisoformat,
    "p": pd.Timedelta,
    "n": decimal.Decimal,
    "u": uuid.UUID,
}


def key_of(identity: str) -> Hashable | None:
    """The key that an identity was made of; ``None`` if it holds only a hash, or is none of ours."""
    mark, _, rest = identity.partition(":")
    sort, _, text = rest.partition(":")
    if mark != "k" or sort not in _PARSE:
        return None
    try:
        return _PARSE[sort](text)
    except (ValueError, ArithmeticError):
        return None


def is_hashed(identity: str) -> bool:
    """Whether an identity was made of a key that cannot stand in the store itself."""
    return identity.startswith(_HASHED)


# ---- items named by their content --------------------------------------------------------------------


class Snapshot(Protocol):
    """Reads contents for the background: what it holds does not change under it where that can be had."""

    def digests(self, rows: slice | npt.NDArray[np.int64]) -> list[bytes]:
        """The digests of some rows."""


class Contents(Protocol):
    """What identities need to know of a source.

    ``patience`` tells how many times all rows can be searched in the time that hashing them takes.
    """

    @property
    def patience(self) -> int:
        """Searches that are cheaper than the index."""

    def __len__(self) -> int:
        """How many rows there are."""

    def digest(self, position: int) -> bytes:
        """The digest of one row, now."""

    def digests(self, positions: Sequence[int]) -> list[bytes]:
        """The digests of some rows, now."""

    def alike(self, positions: Sequence[int], stop: int) -> Iterator[tuple[int, bytes]]:
        """Rows before ``stop``, ascending, that may have the content of one of ``positions``, with their digests."""

    def snapshot(self) -> Snapshot:
        """A reader for the background."""


class _AbandonedError(Exception):
    """The index was dropped while somebody waited for it."""


_FAR = 10_000
"""Looking at what comes before a row costs something from here on."""
_BESIDE = 40
"""So many neighbours on each side are looked at together with such a row: whoever shows it will ask for them."""
_REMEMBERED = 4096
_FASTEST = 2_000_000
"""No index grows by more rows in a second."""


class _Index:
    """Four bytes of every row's digest in source order, and which rows repeat earlier ones."""

    def __init__(self, size: int) -> None:
        self.tags = np.zeros(size, dtype=np.uint32)
        self.built = 0
        self.complete = False
        self.failure: Exception | None = None
        self.awaited = threading.Event()
        self.cancelled = False
        self.repeats = np.zeros(0, dtype=np.uint32)
        self.ordinals = np.zeros(0, dtype=np.uint32)

    def cancel(self) -> None:
        """Build it no further."""
        self.cancelled = True
        self.awaited.set()

    def ordinal(self, position: int) -> int:
        """How many earlier rows have this row's content."""
        at = int(np.searchsorted(self.repeats, position))
        return int(self.ordinals[at]) if at < len(self.repeats) and self.repeats[at] == position else 0

    def candidates(self, tag: int, ordinal: int) -> npt.NDArray[np.int64]:
        """Rows that have this tag and are the ``ordinal``-th repetition of their content."""
        rows: npt.NDArray[np.int64]
        if ordinal:
            rows = self.repeats[self.ordinals == ordinal].astype(np.int64)
            rows = rows[self.tags[rows] == tag]
        else:
            rows = np.flatnonzero(self.tags == tag)
            if len(self.repeats):
                rows = rows[~np.isin(rows, self.repeats)]
        return rows


def _tag(mark: bytes) -> int:
    return int.from_bytes(mark[:4], "little")


def _parse(identity: str) -> tuple[bytes, int] | None:
    mark, sharp, ordinal = identity.partition("#")
    try:
        found = bytes.fromhex(mark), int(ordinal) if sharp else 0
    except ValueError:
        return None
    return found if len(found[0]) == 16 and (found[1] > 0) == bool(sharp) else None


class Identities:
    """Identities of rows by their content, and back.

    Safe to use from several threads. The contents may change while it is used; a row whose content is not what
    the index holds makes the index be built anew.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._ready = threading.Condition()
        self._index: _Index | None = None
        self._scanned = 0
        self._waiting = 0
        self._near: dict[int, tuple[bytes, int]] = {}  # far rows that were looked at, until the index is there
        self._drops = 0

    # ---- from rows to identities

    def of(self, position: int, mark: bytes | None = None) -> str:
        """The identity of one row; ``mark`` is its digest, if that is known already."""
        mark = self._contents.digest(position) if mark is None else mark
        return _name(mark, self._ordinals({position: mark})[position])

    def many(self, positions: Sequence[int]) -> list[str]:
        """The identities of some rows: one pass over the source for all of them."""
        marks = dict(zip(positions, self._contents.digests(positions), strict=True))
        ordinals = self._ordinals(marks)
        return [_name(marks[position], ordinals[position]) for position in positions]

    def _ordinals(self, marks: Mapping[int, bytes]) -> dict[int, int]:
        if not marks:
            return {}
        index = self._index
        last = max(marks)
        if index is not None and any(
            position < index.built and index.tags[position] != _tag(mark) for position, mark in marks.items()
        ):
            self.forget()  # edited since it was looked at
            index = None
        if index is None or not index.complete:
            near = self._near
            if all(near.get(position, (None, 0))[0] == mark for position, mark in marks.items()):
                return {position: near[position][1] for position in marks}
            # Every look at what comes before costs, more and more down a long source; after some the index is cheaper.
            self._scanned += last
            enough = self._contents.patience * max(_FAR, len(self._contents))
            if self._scanned > enough:
                index = self._whole()
            elif last > _FAR:
                self.start()
                return self._with_neighbours(marks, last)
            elif self._scanned > enough // 2:
                self.start()
        if index is not None and index.complete:
            self._near = {}
            return {position: index.ordinal(position) for position in marks}
        return self._count(marks, last)

    def _with_neighbours(self, marks: Mapping[int, bytes], last: int) -> dict[int, int]:
        """Count for the rows around the last one too, and remember it until the index is there."""
        drops = self._drops
        rows = range(max(last - _BESIDE, 0), min(last + _BESIDE + 1, len(self._contents)))
        more = [position for position in rows if position not in marks]
        asked = {**dict(zip(more, self._contents.digests(more), strict=True)), **marks}
        counted = self._count(asked, max(asked))
        known = self._near if len(self._near) < _REMEMBERED else {}
        known = {**known, **{position: (mark, counted[position]) for position, mark in asked.items()}}
        if drops == self._drops:
            self._near = known
        return {position: counted[position] for position in marks}

    def _count(self, marks: Mapping[int, bytes], last: int) -> dict[int, int]:
        before: dict[bytes, list[int]] = {mark: [] for mark in marks.values()}
        for position, mark in self._contents.alike(list(marks), last):
            if mark in before:
                before[mark].append(position)
        return {position: bisect_left(before[mark], position) for position, mark in marks.items()}

    # ---- from identities to rows

    def locate(self, identity: str, hint: int | None = None) -> int | None:
        """The row with this identity; ``hint`` is tried first."""
        parsed = _parse(identity)
        if parsed is None:
            return None
        mark, ordinal = parsed
        if hint is not None and self._is(hint, mark, ordinal):
            return hint
        for _ in range(3):  # again if the index is dropped meanwhile, or turns out to be stale
            index = self._index
            if index is not None and index.complete:
                found, stale = self._look_up(index, mark, ordinal)
                if not stale:
                    return found
                self.forget()
            else:
                with contextlib.suppress(_AbandonedError):
                    return self._follow(self.start(), mark, ordinal)
        return None

    def _is(self, row: int, mark: bytes, ordinal: int) -> bool:
        if not 0 <= row < len(self._contents) or self._contents.digest(row) != mark:
            return False
        return self._ordinals({row: mark})[row] == ordinal

    def locate_many(self, hints: Mapping[str, int | None], patience: float | None = None) -> dict[str, int]:
        """The rows of many identities, each with its hint; those that are not here are left out.

        With ``patience``, so are those that are not found in about so many seconds.
        """
        parsed = {identity: one for identity in hints if (one := _parse(identity)) is not None}
        size = len(self._contents)
        tried = {i: hint for i in parsed if (hint := hints[i]) is not None and 0 <= hint < size}
        rows = sorted(set(tried.values()))
        marks = dict(zip(rows, self._contents.digests(rows), strict=True))
        close = {i: hint for i, hint in tried.items() if marks[hint] == parsed[i][0]}
        ordinals = self._ordinals({hint: marks[hint] for hint in close.values()})
        found = {i: hint for i, hint in close.items() if ordinals[hint] == parsed[i][1]}
        left = [i for i in parsed if i not in found]
        if not left:
            return found
        index = self._whole(patience)
        if index is None:
            return found
        tags = np.array([_tag(parsed[i][0]) for i in left], dtype=np.uint32)
        rows_there = np.flatnonzero(np.isin(index.tags, np.unique(tags)))
        rows_there = rows_there[np.argsort(index.tags[rows_there], kind="stable")]
        there = index.tags[rows_there]
        first = np.searchsorted(there, tags, side="left")
        end = np.searchsorted(there, tags, side="right")
        pairs = [
            (i, int(row))
            for i, a, b in zip(left, first, end, strict=True)
            for row in rows_there[a:b]
            if index.ordinal(int(row)) == parsed[i][1]
        ]
        for (i, row), mark in zip(pairs, self._contents.digests([row for _, row in pairs]), strict=True):
            if mark == parsed[i][0]:
                found[i] = row
        return found

    def _look_up(self, index: _Index, mark: bytes, ordinal: int) -> tuple[int | None, bool]:
        stale = False
        for row in index.candidates(_tag(mark), ordinal):
            now = self._contents.digest(int(row))
            if now == mark:
                return int(row), False
            stale = stale or _tag(now) != _tag(mark)
        return None, stale

    def _follow(self, index: _Index, mark: bytes, ordinal: int) -> int | None:
        """Look through the index while it grows: the rows come in source order, so the first match is the one."""
        done = seen = 0
        while True:
            built = self._wait(index, done + 1)
            for row in np.flatnonzero(index.tags[done:built] == _tag(mark)) + done:
                if self._contents.digest(int(row)) == mark:
                    if seen == ordinal:
                        return int(row)
                    seen += 1
            if built >= len(index.tags):
                return None
            done = built

    # ---- the index

    def start(self) -> _Index:
        """Begin to build the index in the background, if it is not there."""
        with self._ready:
            if self._index is None or self._index.failure is not None:
                self._index = _Index(len(self._contents))
                work = functools.partial(_build, weakref.ref(self), self._index, self._contents.snapshot())
                try:
                    background.start(work, "nblabel-index", self._index.cancel)
                except RuntimeError:  # JupyterLite has no threads
                    self._index.awaited.set()
                    work()
            return self._index

    def forget(self) -> None:
        """The contents are others now: drop the index; the next question makes a new one."""
        with self._ready:
            if self._index is not None and not self._index.complete:
                self._index.failure = self._index.failure or _AbandonedError()
            self._index = None
            self._scanned = 0
            self._near = {}
            self._drops += 1
            self._ready.notify_all()

    def close(self) -> None:
        """Nobody will ask any more: end what is done in the background."""
        with self._ready:
            if self._index is not None and not self._index.complete:
                self._index.cancel()
                self.forget()

    @property
    def indexed(self) -> bool:
        """Whether the index is complete."""
        return self._index is not None and self._index.complete

    def settle(self, stop: threading.Event) -> None:
        """Wait, without hurrying it, until the index is complete or ``stop`` is set."""
        while not stop.is_set():
            index = self.start()
            with contextlib.suppress(_AbandonedError):
                self._wait(index, patience=0.25, urgent=False)
                if index.complete:
                    return

    @overload
    def _whole(self, patience: None = None) -> _Index: ...

    @overload
    def _whole(self, patience: float | None) -> _Index | None: ...

    def _whole(self, patience: float | None = None) -> _Index | None:
        """The complete index; ``None`` if it is not there in time."""
        while True:
            index = self.start()
            with contextlib.suppress(_AbandonedError):
                if patience is None or patience * _FASTEST > len(index.tags):
                    self._wait(index, patience=patience)
                return index if index.complete else None

    def _wait(
        self, index: _Index, rows: int | None = None, *, patience: float | None = None, urgent: bool = True
    ) -> int:
        """Until this many rows are in the index, or all is done, or patience has run out: how many there are."""

        def enough() -> bool:
            return index.complete or index.failure is not None or (rows is not None and index.built >= rows)

        with self._ready:
            self._waiting += urgent
            if urgent:
                index.awaited.set()
            try:
                self._ready.wait_for(enough, patience)
            finally:
                self._waiting -= urgent
            if index.failure is not None:
                raise index.failure
            return index.built

    def _advance(self, index: _Index, built: int) -> bool:
        """Tell who waits; whether somebody does."""
        with self._ready:
            index.built = built
            self._ready.notify_all()
            if not self._waiting:
                index.awaited.clear()
            return self._waiting > 0

    def _end(self, index: _Index, failure: Exception | None = None) -> None:
        with self._ready:
            index.failure = index.failure or failure
            index.complete = index.failure is None
            self._ready.notify_all()


def _name(mark: bytes, ordinal: int) -> str:
    return f"{mark.hex()}#{ordinal}" if ordinal else mark.hex()


def _build(owner: weakref.ref[Identities], index: _Index, snapshot: Snapshot) -> None:
    """Fill the index. Holds the identities only by a weak reference, so that a closed labeler ends it."""
    try:
        ended = _fill(owner, index, snapshot)
        if ended:
            index.repeats, index.ordinals = _repetitions(index.tags, snapshot)
    except Exception as error:  # whoever waits must be told, whatever it was
        me = owner()
        if me is not None:
            me._end(index, error)  # noqa: SLF001
    else:
        me = owner()
        if me is not None and ended:
            me._end(index)  # noqa: SLF001


def _fill(owner: weakref.ref[Identities], index: _Index, snapshot: Snapshot) -> bool:
    size, start, step = len(index.tags), 0, 256
    awaited = index.awaited.is_set()
    while start < size:
        # A pause after each part, and a longer one while somebody waits for other things, unless it is for this.
        while not awaited and not index.awaited.wait(max(background.quiet(), 0.001)) and background.quiet():
            pass
        if index.cancelled:
            return False
        began = time.perf_counter()
        stop = min(start + step, size)
        marks = b"".join(mark[:4] for mark in snapshot.digests(slice(start, stop)))
        index.tags[start:stop] = np.frombuffer(marks, dtype="<u4")
        me = owner()
        if me is None or me._index is not index:  # noqa: SLF001
            return False
        awaited = me._advance(index, stop)  # noqa: SLF001
        del me
        took = time.perf_counter() - began
        # About 3 ms at a time, so that a cell or a handler is never kept waiting.
        step = min(max(int(step * min(0.003 / max(took, 1e-6), 4.0)), 16), 16_384)
        start = stop
    return True


def _repetitions(
    tags: npt.NDArray[np.uint32], snapshot: Snapshot
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Rows whose content stands in an earlier row, ascending, and how many times it does."""
    none = np.zeros(0, dtype=np.uint32)
    twice = np.sort(tags)
    twice = np.unique(twice[1:][twice[1:] == twice[:-1]])
    if not len(twice):
        return none, none
    found = []
    for start in range(0, len(tags), 65_536):  # in blocks: the index must stay small while it is made, too
        part = tags[start : start + 65_536]
        near = np.minimum(np.searchsorted(twice, part), len(twice) - 1)
        found.append(np.flatnonzero(twice[near] == part) + start)
    rows = np.concatenate(found)
    halves = np.empty((len(rows), 2), dtype=np.uint64)
    for start in range(0, len(rows), 1024):
        block = rows[start : start + 1024]
        halves[start : start + len(block)] = np.frombuffer(b"".join(snapshot.digests(block)), dtype=np.uint64).reshape(
            -1, 2
        )
    order = np.lexsort((rows, halves[:, 1], halves[:, 0]))
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (halves[order[1:]] != halves[order[:-1]]).any(axis=1)
    places = np.arange(len(rows))
    counted = np.empty(len(rows), dtype=np.int64)
    counted[order] = places - np.maximum.accumulate(np.where(new, places, 0))
    repeated = counted > 0
    return rows[repeated].astype(np.uint32), counted[repeated].astype(np.uint32)
