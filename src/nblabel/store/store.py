"""The store: what was done, durably, and what it comes to."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
from sqlalchemy import URL, ColumnElement, Connection, Engine, Select, and_, insert, or_, select, update
from sqlalchemy import func as sql
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ..annotations import new_id
from ..errors import StoreError
from ..records import Event, Response, Status
from ..schema import Schema
from . import tables as t
from .append import Batch, Stored, write_long_names
from .cache import ResponseCache
from .codec import BODIES, EVENTS, PATCHES, SCHEMAS, Unreadable, canonical
from .engine import BEGIN, make_engine, set_journal
from .failures import damaged, failure, locked
from .migrations import LOCKS, MIGRATIONS, Step, inspect_version, migrate, read_id
from .names import is_packed, pack, unescape
from .places import Place, Watch, find_place
from .rows import RESPONSE_COLUMNS, FieldNames, among, assemble, chunks

__all__ = ["State", "Store", "Trace", "open_store"]

T = TypeVar("T")
_PAGE = 1000


class State(msgspec.Struct, frozen=True):
    """Where one item stands for one annotator, without its annotations.

    ``key`` and ``position`` are what the item was called, and where it stood, when it was last answered.
    """

    status: Status
    flagged: bool
    fields: tuple[str, ...]
    key: str
    position: int


class Trace(msgspec.Struct, frozen=True):
    """Something that a model did, as `Store.trace` was told of it.

    Attributes
    ----------
    seq : int
        Its place among the traces of its data set.
    kind : str
        What the body is.
    annotator, item : str
        Whom and what it concerns; may be empty.
    at : float
        POSIX time.
    body : object
        What was stored, as plain values: ``msgspec.convert`` makes a struct of it again.
    """

    seq: int
    kind: str
    annotator: str
    item: str
    at: float
    body: Any


_open: weakref.WeakSet[Store] = weakref.WeakSet()


def _before_fork() -> None:
    for store in list(_open):
        store.before_fork()  # a SQLite connection must not be carried over


def _after_fork() -> None:
    for store in list(_open):
        store.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


class Store:
    """Events and responses of all data sets in one database; made by `open_store`, safe in any thread.

    Attributes
    ----------
    id : str
        Of the database, given when it was made.
    place : str
        As people read it: the path, or the URL without its password.
    notices : tuple of str
        What the user should know, such as a network file system.

    Examples
    --------
    >>> from nblabel.annotations import Choice
    >>> from nblabel.records import Patch
    >>> store = open_store(":memory:")
    >>> patch = Patch(put=(Choice("good", id="c1"),), status="submitted")
    >>> [stored] = store.append("demo", [Event("e1", "item 1", "ada", "submit", patch)])
    >>> stored.seq, stored.response.status
    (1, 'submitted')
    >>> store.append("demo", [Event("e1", "item 1", "ada", "submit", patch)])[0].new
    False
    >>> store.labelled_with("demo", "ada", "good")
    {'item 1'}
    """

    id: str
    place: str
    notices: tuple[str, ...]

    def __init__(self, place: Place, timeout: float = 5.0, steps: Sequence[Step] = MIGRATIONS) -> None:
        self.place = place.text
        self.notices = ()
        self._timeout = timeout
        self._steps = tuple(steps)
        self._memory = place.memory
        self._watch = None if place.path is None else Watch(place.path)
        self._wal = False
        self._closed = False
        self._field_names = FieldNames()
        self._numbers: dict[str, int] = {}
        self._long: dict[str, str] = {}
        self._schemas: dict[tuple[int, int], Schema] = {}
        self._reset_locks()
        self._engine = make_engine(place, self._watch, timeout)
        self._dialect = self._engine.dialect.name
        self._exact = self._dialect in ("sqlite", "postgresql")
        self._writer, self._reader, self._snapshot = self._engines()
        try:
            self._prepare()
        except BaseException:
            self._engine.dispose()
            raise
        self._finalizer = weakref.finalize(self, self._engine.dispose)
        _open.add(self)

    def __repr__(self) -> str:
        return f"<Store {self.place}{' (closed)' if self._closed else ''}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # ---- opening --------------------------------------------------------------------------------

    def _engines(self) -> tuple[Engine, Engine, Engine]:
        """For writing; for one query; for several queries that must see the same."""
        if self._dialect not in ("sqlite", "postgresql"):
            return self._engine, self._engine, self._engine
        if self._dialect == "sqlite":
            return (
                self._engine.execution_options(**{BEGIN: "IMMEDIATE"}),
                self._engine.execution_options(**{BEGIN: ""}),
                self._engine.execution_options(**{BEGIN: "DEFERRED"}),
            )
        return (
            self._engine,
            self._engine.execution_options(isolation_level="AUTOCOMMIT"),
            self._engine.execution_options(isolation_level="REPEATABLE READ"),
        )

    def _prepare(self) -> None:
        """Bring the database to the present layout, unless it is not ours to touch."""
        version = self._read(lambda connection: inspect_version(connection, self.place, self._steps), together=True)
        notices: list[str] = []
        if self._dialect == "postgresql":
            encoding = self._read(lambda connection: connection.exec_driver_sql("SHOW server_encoding").scalar())
            if encoding != "UTF8":
                raise StoreError(
                    f"{self.place} has the encoding {encoding}, which cannot hold every text",
                    "create the database with ENCODING 'UTF8'",
                )
        elif self._dialect == "sqlite" and self._watch is not None:
            text = self._set_journal(self._watch)
            self._wal = not text
            notices.append(text)
        elif self._dialect != "sqlite":
            notices.append(f"stores on {self._dialect} are not tested; SQLite and PostgreSQL are")
        if version < len(self._steps):
            self._write(lambda connection: migrate(connection, self.place, self._steps))
        self.id = self._read(read_id)
        if self._watch is not None:
            self._watch.arm()
        self.notices = tuple(text for text in notices if text)

    def _set_journal(self, watch: Watch) -> str:
        until = time.monotonic() + self._timeout
        while True:
            try:
                return self._read(lambda connection: set_journal(connection, watch.network))
            except StoreError as error:  # SQLite does not wait for the lock that this takes
                if not isinstance(error.__cause__, DBAPIError) or not error.retry or time.monotonic() > until:
                    raise
                cause = error.__cause__.orig
                if getattr(cause, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                time.sleep(0.01)

    # ---- transactions ---------------------------------------------------------------------------

    def _reset_locks(self) -> None:
        # One writer at a time in this process: threads that waited in SQLite would sleep, not queue.
        self._turn = threading.RLock()
        self._cache = ResponseCache()

    def before_fork(self) -> None:
        """Close what must not be carried into another process."""
        if not self._memory:
            self._engine.dispose()

    def after_fork(self) -> None:
        """In the new process: leave alone what belongs to the old one."""
        if not self._memory:
            self._engine.dispose(close=False)
        self._reset_locks()

    @contextlib.contextmanager
    def _alone(self, needed: bool) -> Iterator[None]:
        if not needed:
            yield
            return
        if not self._turn.acquire(timeout=self._timeout * 2):
            raise locked(self.place)
        try:
            yield
        finally:
            self._turn.release()

    def _run(self, engine: Engine, work: Callable[[Connection], T], alone: bool) -> T:
        for last in (False, True):
            if self._closed:
                raise StoreError(f"the store {self.place} is closed", "open it again")
            if self._watch is not None:
                self._watch.check()
            try:
                with self._alone(alone or self._memory), engine.begin() as connection:
                    return work(connection)
            except DBAPIError as error:
                # A server that was restarted, or a row that another process made first: all work is idempotent.
                again = error.connection_invalidated or isinstance(error, IntegrityError)
                if again and not last and not self._memory:
                    continue
                made = failure(self.place, error)
                if not self._memory and self._dialect == "sqlite":
                    self._engine.dispose()  # what failed may have been the connection: a file opened read-only, say
                raise made from error
            except PoolTimeout as error:
                raise locked(self.place) from error
            except SQLAlchemyError as error:
                raise StoreError(f"{self.place} failed: {error}") from error
            except OverflowError as error:
                raise StoreError(f"{self.place} cannot hold a number: {error}") from None
            except Unreadable as error:
                raise damaged(self.place, str(error)) from error
        raise AssertionError  # the loop returns or raises

    def _read(self, work: Callable[[Connection], T], *, together: bool = False) -> T:
        return self._run(self._snapshot if together else self._reader, work, alone=False)

    def _write(self, work: Callable[[Connection], T]) -> T:
        return self._run(self._writer, work, alone=self._dialect == "sqlite")

    def close(self) -> None:
        """Close all connections; a store in memory is gone then."""
        self._closed = True
        self._finalizer()

    # ---- names ----------------------------------------------------------------------------------

    def _key(self, name: str) -> str:
        if not isinstance(name, str):
            raise StoreError(f"data sets, items and annotators are named by strings, not {name!r}")
        return pack(name, self._exact)

    def _full(self, connection: Connection, name: str) -> str:
        """The whole of a name that stands in a key."""
        if not is_packed(name):
            return unescape(name)
        made = self._long.get(name)
        if made is None:
            made = connection.execute(select(t.long_name.c.value).where(t.long_name.c.name == name)).scalar()
            if made is None:
                raise Unreadable(f"no name for {name!r}")
            if len(self._long) > 10_000:
                self._long.clear()
            self._long[name] = made
        return made

    def _number(self, connection: Connection, name: str) -> int | None:
        """The number of a data set, if it is there."""
        number = self._numbers.get(name)
        if number is None:
            number = self._look_up(connection, self._key(name))
            if number is not None:
                self._numbers[name] = number
        return number

    def _enter(self, connection: Connection, name: str) -> tuple[int, int]:
        """Number and last seq of a data set, made if need be, locked until the transaction ends."""
        key = self._key(name)
        found = self._numbers.get(name) or self._look_up(connection, key) or self._add(connection, key, name)
        if self._dialect == "postgresql":
            connection.execute(select(sql.pg_advisory_xact_lock(LOCKS, found)))
        version = select(t.meta.c.value).where(t.meta.c.name == "version").scalar_subquery()
        own = select(t.meta.c.value).where(t.meta.c.name == "id").scalar_subquery()
        query = select(t.dataset.c.last_seq, version.label("version"), own.label("own")).where(t.dataset.c.id == found)
        if not self._exact:
            query = query.with_for_update()
        row = connection.execute(query).first()
        if row is None or row.own != self.id:
            raise StoreError(f"{self.place} was replaced by another store while it was open", "open it again")
        if row.version != str(len(self._steps)):
            raise StoreError(f"{self.place} was changed by a newer nblabel while it was open", "restart the kernel")
        return found, row.last_seq

    def _look_up(self, connection: Connection, key: str) -> int | None:
        return connection.execute(select(t.dataset.c.id).where(t.dataset.c.name == key)).scalar()

    def _add(self, connection: Connection, key: str, name: str) -> int:
        if self._dialect == "postgresql":
            connection.execute(select(sql.pg_advisory_xact_lock(LOCKS, 0)))
            number = self._look_up(connection, key)
            if number is not None:
                return number
        if is_packed(key):
            write_long_names(connection, {key: name})
        made = connection.execute(insert(t.dataset).values(name=key, last_seq=0))
        return int(made.inserted_primary_key[0])  # type: ignore[index]

    # ---- writing --------------------------------------------------------------------------------

    def append(
        self, dataset: str, events: Sequence[Event], *, hints: Mapping[str, tuple[str, int, str]] = {}
    ) -> list[Stored]:
        """Store events durably, all or none, in their order; those stored before are left alone.

        Parameters
        ----------
        dataset : str
            The data set.
        events : sequence of Event
            What was done. An event is known by id, annotator and item.
        hints : mapping of str to (str, int, str)
            For each item its key as text, its position, and the hash of its content: how it is found and shown
            later.

        Returns
        -------
        list of Stored
            One for each event given, when all of them are on the disk.
        """
        ready = [canonical(one) for one in events]
        if not ready:
            return []
        new: set[int] = set()  # seqs of an attempt whose commit may have got through before its answer was lost
        last: list[Batch] = []

        def work(connection: Connection) -> list[Stored]:
            number, last_seq = self._enter(connection, dataset)
            batch = Batch(
                connection,
                number,
                last_seq,
                exact=self._exact,
                cache=self._cache,
                full=self._full,
                field_names=self._field_names,
                fields_of=lambda connection, version: self._fields_of(connection, number, version),
            )
            made = batch.run(ready, hints)
            again = {one.seq for one in made if not one.new} & new
            new.update(one.seq for one in made if one.new)
            last[:] = [batch]
            return [msgspec.structs.replace(one, new=True) if one.seq in again else one for one in made]

        made = self._write(work)
        last[0].remember()
        return made

    def trace(self, dataset: str, kind: str, annotator: str, rows: Iterable[tuple[str, float, Any]]) -> None:
        """Store durably what models did, all or none; no answer depends on it.

        Parameters
        ----------
        dataset : str
            The data set.
        kind : str
            What the bodies are, such as ``"suggestion"``.
        annotator : str
            Whom it concerns.
        rows : iterable of (str, float, object)
            For each the item (may be empty), the POSIX time, and anything that JSON can hold, or a struct.

        Examples
        --------
        >>> with open_store(":memory:") as store:
        ...     store.trace("demo", "training", "ada", [("", 1.5, {"score": 0.8})])
        ...     [(one.at, one.body) for one in store.traces("demo", "training")]
        [(1.5, {'score': 0.8})]
        """
        ready = [(item, self._key(item), at, BODIES.encode(body)) for item, at, body in rows]
        if not ready:
            return
        name, key, owner = new_id(), self._key(kind), self._key(annotator)
        names = {packed: item for item, packed, _, _ in ready} | {key: kind, owner: annotator}
        long = {packed: whole for packed, whole in names.items() if is_packed(packed)}

        def work(connection: Connection) -> None:
            number, _ = self._enter(connection, dataset)
            of_dataset = select(t.trace.c.seq).where(t.trace.c.dataset == number)
            if connection.execute(of_dataset.where(t.trace.c.id == f"{name}-0")).first() is not None:
                return  # an attempt before this one got through, and its answer was lost
            query = select(sql.max(t.trace.c.seq)).where(t.trace.c.dataset == number)
            last = connection.execute(query).scalar() or 0
            write_long_names(connection, long)
            same = {"dataset": number, "kind": key, "annotator": owner}
            made = [
                {**same, "seq": last + 1 + n, "id": f"{name}-{n}", "item": item, "at": at, "body": body}
                for n, (_, item, at, body) in enumerate(ready)
            ]
            connection.execute(insert(t.trace), made)

        self._write(work)

    def put_schema(self, dataset: str, given: Schema) -> Schema:
        """Store a schema durably: with the version it has if it is known, else with the next one."""
        bare = msgspec.structs.replace(given, version=1)
        digest = hashlib.blake2b(SCHEMAS.encode(bare).encode(), digest_size=20).hexdigest()

        def find(connection: Connection, number: int) -> Schema | None:
            query = select(t.schema.c.version).where(t.schema.c.dataset == number, t.schema.c.digest == digest)
            version = connection.execute(query.order_by(t.schema.c.version.desc())).scalars().first()
            return None if version is None else msgspec.structs.replace(bare, version=version)

        def look(connection: Connection) -> Schema | None:
            number = self._number(connection, dataset)
            return None if number is None else find(connection, number)

        def work(connection: Connection) -> Schema:
            number, _ = self._enter(connection, dataset)
            known = find(connection, number)
            if known is not None:
                return known
            query = select(sql.max(t.schema.c.version)).where(t.schema.c.dataset == number)
            made = msgspec.structs.replace(bare, version=(connection.execute(query).scalar() or 0) + 1)
            row = {"dataset": number, "version": made.version, "digest": digest, "body": SCHEMAS.encode(made)}
            connection.execute(insert(t.schema), row)
            return made

        return self._read(look, together=True) or self._write(work)

    def set_cursor(self, dataset: str, annotator: str, item: str, position: int) -> None:
        """Remember where an annotator is. Survives the process; not synced to the disk, as labels are."""

        def work(connection: Connection) -> None:
            if self._dialect == "postgresql":
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")
            number = self._number(connection, dataset)
            if number is None:
                number, _ = self._enter(connection, dataset)
            at = {"dataset": number, "annotator": self._key(annotator)}
            values = {"item": item, "position": position}
            where = and_(t.bookmark.c.dataset == number, t.bookmark.c.annotator == at["annotator"])
            if connection.execute(update(t.bookmark).where(where).values(values)).rowcount == 0:
                connection.execute(insert(t.bookmark).values({**at, **values}))

        if not self._wal:  # without a write-ahead log, a commit that is not synced may harm the file
            self._write(work)
            return

        def unsynced(connection: Connection) -> None:
            connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    work(connection)
                except BaseException:
                    connection.exec_driver_sql("ROLLBACK")
                    raise
                connection.exec_driver_sql("COMMIT")
            finally:
                connection.exec_driver_sql("PRAGMA synchronous=EXTRA")

        self._run(self._reader, unsynced, alone=True)

    def backup(self, path: str | os.PathLike[str]) -> Path:
        """Write everything to a new SQLite file, even if the file of this store was deleted while it was open.

        Only for stores on SQLite and in memory; PostgreSQL has ``pg_dump``.
        """
        target = find_place(path).path
        if self._dialect != "sqlite" or target is None:
            raise StoreError(f"a backup of {self.place} cannot be written to {path!r}", "use the server's own tools")
        if target.exists():
            raise StoreError(f"{target} is there already", "give the path of a new file")
        if self._closed:
            raise StoreError(f"the store {self.place} is closed", "open it again")
        try:
            # not through _run: this must also work on an open connection whose file is gone
            with self._alone(True), self._reader.connect() as connection:
                connection.exec_driver_sql("VACUUM INTO ?", (str(target),))
        except ValueError as error:
            raise StoreError(f"a backup cannot be written to {path!r}: {error}") from None
        except DBAPIError as error:
            raise failure(f"the backup of {self.place} at {target}", error) from error
        for one in (target, target.parent) if os.name == "posix" else ():  # VACUUM does not sync
            handle = os.open(one, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        return target

    # ---- responses ------------------------------------------------------------------------------

    def response(self, dataset: str, annotator: str, item: str) -> Response | None:
        """What one annotator says of one item."""
        return self.get(dataset, annotator, [item]).get(item)

    def get(self, dataset: str, annotator: str, items: Sequence[str]) -> dict[str, Response]:
        """What one annotator says of some items; items without a response are left out."""
        return {one.item: one for one in self.responses(dataset, annotator=annotator, items=items)}

    def responses(
        self, dataset: str, *, annotator: str | None = None, items: Iterable[str] | None = None
    ) -> Iterator[Response]:
        """Responses by annotator and item, read a thousand at a time; each is as it was at one moment."""
        if items is not None:
            for part in chunks(dict.fromkeys(items), _PAGE):
                yield from self._page(dataset, annotator, part, None)[0]
            return
        after: tuple[str, str] | None = None
        while True:
            found, after = self._page(dataset, annotator, None, after)
            yield from found
            if after is None:
                return

    def _page(
        self, dataset: str, annotator: str | None, items: Sequence[str] | None, after: tuple[str, str] | None
    ) -> tuple[list[Response], tuple[str, str] | None]:
        def work(connection: Connection) -> tuple[list[Response], tuple[str, str] | None]:
            number = self._number(connection, dataset)
            if number is None:
                return [], None
            query = select(*RESPONSE_COLUMNS).where(t.response.c.dataset == number)
            if annotator is not None:
                query = query.where(t.response.c.annotator == self._key(annotator))
            rows: list[Any] = []
            if items is not None:
                for part in chunks(self._key(one) for one in items):
                    rows += connection.execute(query.where(among(connection, t.response.c.item, part))).all()
            else:
                if after is not None and annotator is not None:
                    query = query.where(t.response.c.item > after[1])
                elif after is not None:
                    further = and_(t.response.c.annotator == after[0], t.response.c.item > after[1])
                    query = query.where(or_(t.response.c.annotator > after[0], further))
                query = query.order_by(t.response.c.annotator, t.response.c.item).limit(_PAGE)
                rows += connection.execute(query).all()
            found = assemble(
                connection, number, rows, cache=self._cache, full=self._full, field_names=self._field_names
            )
            more = items is None and len(rows) == _PAGE
            return found, (rows[-1].annotator, rows[-1].item) if more else None

        return self._read(work, together=True)

    def states(self, dataset: str, annotator: str) -> dict[str, State]:
        """Where all items with a response stand, without their annotations."""

        def work(connection: Connection) -> dict[str, State]:
            number = self._number(connection, dataset)
            columns = t.response.c
            query = select(
                columns.item, columns.status, columns.flagged, columns.fields, columns.key, columns.position
            ).where(columns.dataset == number, columns.annotator == self._key(annotator))
            made = {}
            for item, status, flagged, fields, key, position in connection.execute(query):
                made[self._full(connection, item)] = State(status, flagged, self._field_names(fields), key, position)
            return made

        return self._read(work, together=True)

    def hints(self, dataset: str, annotator: str, items: Iterable[str]) -> dict[str, int]:
        """Where items stood when this annotator answered them last; those without an answer are left out."""
        keys = {self._key(item): item for item in items}

        def work(connection: Connection) -> dict[str, int]:
            number = self._number(connection, dataset)
            columns = t.response.c
            made = {}
            for part in chunks(keys):
                query = select(columns.item, columns.position).where(
                    columns.dataset == number,
                    columns.annotator == self._key(annotator),
                    among(connection, columns.item, part),
                )
                made.update({keys[row.item]: row.position for row in connection.execute(query)})
            return made

        return self._read(work, together=True) if keys else {}

    def labelled_with(self, dataset: str, annotator: str, label: str) -> set[str]:
        """The items that have an annotation with this label."""

        def work(connection: Connection) -> set[str]:
            number = self._number(connection, dataset)
            query = select(t.annotation.c.item).where(
                t.annotation.c.dataset == number,
                t.annotation.c.annotator == self._key(annotator),
                t.annotation.c.label == self._key(label),
            )
            found = connection.execute(query.distinct()).scalars().all()
            return {self._full(connection, item) for item in found}

        return self._read(work, together=True)

    def content(self, dataset: str, item: str) -> str | None:
        """The hash that the item's content had when it was last answered; ``None`` if nobody said."""

        def work(connection: Connection) -> str | None:
            query = (
                select(t.response.c.content)
                .where(t.response.c.dataset == self._number(connection, dataset), t.response.c.item == self._key(item))
                .where(t.response.c.content != "")
                .order_by(t.response.c.seq.desc())
                .limit(1)
            )
            return connection.execute(query).scalar()

        return self._read(work)

    # ---- the log --------------------------------------------------------------------------------

    def entries(
        self,
        dataset: str,
        *,
        after: int = 0,
        annotator: str | None = None,
        item: str | None = None,
        last: int | None = None,
    ) -> list[Stored]:
        """Entries of the log in order, without responses.

        Parameters
        ----------
        dataset : str
            The data set.
        after : int
            Only those with a greater seq. None that comes later will have a smaller one.
        annotator, item : str, optional
            Only those by this annotator, of this item.
        last : int, optional
            Only so many of the newest.
        """

        def work(connection: Connection) -> list[Stored]:
            number = self._number(connection, dataset)
            query: Select[Any] = select(t.event.c.seq, t.event.c.body, t.event.c.inverse).where(
                t.event.c.dataset == number
            )
            if after > 0:
                query = query.where(t.event.c.seq > after)
            if annotator is not None:
                query = query.where(t.event.c.annotator == self._key(annotator))
            order: ColumnElement[int] = t.event.c.seq
            if item is not None:
                query = query.where(t.event.c.item == self._key(item))
                order = order + 0  # or SQLite would go through the whole log in its order to find one item's
            if last is None:
                rows = list(connection.execute(query.order_by(order)))
            else:
                rows = list(connection.execute(query.order_by(order.desc()).limit(max(last, 0))))[::-1]
            try:
                events = EVENTS.decode_all([row.body for row in rows])
                inverses = PATCHES.decode_all([row.inverse for row in rows])
            except Unreadable as error:
                raise Unreadable(f"{_first_unreadable(rows)}: {error}") from None
            return [Stored(row.seq, *pair) for row, pair in zip(rows, zip(events, inverses, strict=True), strict=True)]

        return self._read(work)

    def traces(self, dataset: str, kind: str, *, annotator: str | None = None, after: int = 0) -> list[Trace]:
        """What models did, in the order in which it was stored.

        Parameters
        ----------
        dataset, kind : str
            Of which data set, and which kind.
        annotator : str, optional
            Only what concerns this one.
        after : int
            Only those with a greater seq.
        """

        def work(connection: Connection) -> list[Trace]:
            columns = t.trace.c
            query = select(columns.seq, columns.annotator, columns.item, columns.at, columns.body).where(
                columns.dataset == self._number(connection, dataset),
                columns.kind == self._key(kind),
                columns.seq > after,
            )
            if annotator is not None:
                query = query.where(columns.annotator == self._key(annotator))
            rows = connection.execute(query.order_by(columns.seq)).all()
            bodies = BODIES.decode_all([row.body for row in rows])
            return [
                Trace(
                    row.seq, kind, self._full(connection, row.annotator), self._full(connection, row.item), row.at, body
                )
                for row, body in zip(rows, bodies, strict=True)
            ]

        return self._read(work, together=True)

    def known(self, dataset: str, events: Iterable[str | Event]) -> set[str]:
        """Which ids are in the log already; of an `Event` only if it is the same annotator's and item's."""
        asked = [(one, "", "") if isinstance(one, str) else (one.id, one.annotator, one.item) for one in events]
        keys = [tuple(self._key(part) for part in one) for one in asked]

        def work(connection: Connection) -> set[str]:
            number = self._number(connection, dataset)
            found: set[tuple[str, ...]] = set()
            for part in chunks(dict.fromkeys(key[0] for key in keys)):
                query = select(t.event.c.id, t.event.c.annotator, t.event.c.item).where(
                    t.event.c.dataset == number, among(connection, t.event.c.id, part)
                )
                for row in connection.execute(query):
                    found |= {(row.id, "", ""), (row.id, row.annotator, row.item)}
            return {one[0] for one, key in zip(asked, keys, strict=True) if key in found}

        return self._read(work, together=True) if keys else set()

    def last_seq(self, dataset: str) -> int:
        """The seq of the newest entry; 0 if there is none."""

        def work(connection: Connection) -> int:
            query = select(t.dataset.c.last_seq).where(t.dataset.c.name == self._key(dataset))
            return connection.execute(query).scalar() or 0

        return self._read(work)

    # ---- schemas and the rest -------------------------------------------------------------------

    def schema(self, dataset: str, version: int | None = None) -> Schema | None:
        """The latest schema of a data set, or the one with this version."""

        def work(connection: Connection) -> Schema | None:
            number = self._number(connection, dataset)
            if number is None:
                return None
            if version is not None:
                return self._schema_of(connection, number, version)
            query = select(t.schema.c.body).where(t.schema.c.dataset == number)
            body = connection.execute(query.order_by(t.schema.c.version.desc()).limit(1)).scalar()
            return None if body is None else SCHEMAS.decode(body)

        return self._read(work, together=True)

    def _schema_of(self, connection: Connection, number: int, version: int) -> Schema | None:
        made = self._schemas.get((number, version))
        if made is None:
            query = select(t.schema.c.body).where(t.schema.c.dataset == number, t.schema.c.version == version)
            body = connection.execute(query).scalar()
            if body is not None:
                made = self._schemas[number, version] = SCHEMAS.decode(body)
        return made

    def _fields_of(self, connection: Connection, number: int, version: int) -> tuple[str, ...]:
        made = self._schema_of(connection, number, version)
        return () if made is None else made.names

    def cursor(self, dataset: str, annotator: str) -> tuple[str, int] | None:
        """Where an annotator was last: the item, and its position then."""

        def work(connection: Connection) -> tuple[str, int] | None:
            query = select(t.bookmark.c.item, t.bookmark.c.position).where(
                t.bookmark.c.dataset == self._number(connection, dataset),
                t.bookmark.c.annotator == self._key(annotator),
            )
            row = connection.execute(query).first()
            return None if row is None else (row.item, row.position)

        return self._read(work)

    def datasets(self) -> list[str]:
        """The names of all data sets."""

        def work(connection: Connection) -> list[str]:
            found = connection.execute(select(t.dataset.c.name)).scalars().all()
            return sorted(self._full(connection, name) for name in found)

        return self._read(work, together=True)

    def annotators(self, dataset: str) -> list[str]:
        """All who have answered or passed over an item of the data set."""

        def work(connection: Connection) -> list[str]:
            number = self._number(connection, dataset)
            query = select(t.response.c.annotator).where(t.response.c.dataset == number).distinct()
            found = connection.execute(query).scalars().all()
            return sorted(self._full(connection, one) for one in found)

        return self._read(work, together=True)


def _first_unreadable(rows: Iterable[Any]) -> str:
    """Where the log is damaged."""
    for row in rows:
        try:
            EVENTS.decode(row.body)
            PATCHES.decode(row.inverse)
        except Unreadable:
            return f"entry {row.seq}"
    return "the log"


def open_store(where: str | os.PathLike[str] | URL | Store | None = None, *, timeout: float = 5.0) -> Store:
    """Open a store, and make it if there is none.

    Parameters
    ----------
    where : path, str or Store, optional
        The path of a SQLite file, ``":memory:"``, or a database URL such as
        ``postgresql+psycopg://user@host/labels``. A store is given back as it is. If left out, the environment
        variable ``NBLABEL_STORE``, else ``nblabel.db`` in the current folder.
    timeout : float
        How many seconds to wait for a lock or a server.

    Raises
    ------
    StoreError
        If it cannot be opened, is not a label store, or was made by a newer nblabel.

    Examples
    --------
    >>> with open_store(":memory:") as store:
    ...     store.datasets()
    []
    """
    if isinstance(where, Store):
        return where
    return Store(find_place(where), timeout)
