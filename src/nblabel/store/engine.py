"""Engines: connections that commit durably, wait for locks, and notice a missing driver."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from ..errors import MissingExtra, StoreError
from .places import Place, Watch

__all__ = ["BEGIN", "make_engine", "set_journal"]

BEGIN = "nblabel_begin"
"""Execution option: how a transaction begins on SQLite; with an empty one, each statement is its own."""

APPLICATION_ID = 0x6E626C62
"""What ``file`` finds in the header of our SQLite files ("nblb")."""


def _sqlite_connection(path: str, timeout: float, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=timeout, check_same_thread=False, isolation_level=None, uri=bool(mode))
    try:
        # EXTRA is FULL with a write-ahead log, and with a rollback journal also syncs the folder
        connection.execute("PRAGMA synchronous=EXTRA")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.execute("PRAGMA journal_size_limit=67108864")
    except BaseException:
        connection.close()
        raise
    return connection


def _sqlite_engine(place: Place, watch: Watch | None, timeout: float) -> Engine:
    options: dict[str, Any] = {"hide_parameters": True}
    if watch is None:
        made = create_engine(
            URL.create("sqlite"),
            creator=lambda: _sqlite_connection(":memory:", timeout, ""),
            poolclass=StaticPool,
            **options,
        )
    else:
        # Only os.stat may look at the file: closing any other handle on it would drop SQLite's locks (POSIX).
        uri = watch.path.as_uri()

        def connect() -> sqlite3.Connection:
            watch.check()
            # once open, a missing file must not be created anew
            mode = "rw" if watch.armed else "rwc"
            return _sqlite_connection(f"{uri}?mode={mode}", timeout, mode)

        made = create_engine(URL.create("sqlite", database=place.text), creator=connect, max_overflow=-1, **options)

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        how = connection.get_execution_options().get(BEGIN, "DEFERRED")
        if how:
            connection.exec_driver_sql(f"BEGIN {how}")

    return made


def _server_engine(place: Place, timeout: float) -> Engine:
    url = place.url
    assert url is not None
    backend = url.get_backend_name()
    psycopg = url.drivername == "postgresql+psycopg"
    arguments: dict[str, Any] = {}
    if psycopg:  # a dead network must not look like a long answer
        arguments = {
            "connect_timeout": max(2, round(timeout)),
            "application_name": "nblabel",
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 20000,
            "client_encoding": "utf8",
        }
        arguments = {key: value for key, value in arguments.items() if key not in url.query}
    try:
        made = create_engine(
            url,
            **({"isolation_level": "READ COMMITTED"} if backend == "postgresql" else {}),
            connect_args=arguments,
            pool_size=2,  # a team's notebooks share the server's connections
            pool_timeout=max(timeout, 1.0),
            hide_parameters=True,
        )
    except NoSuchModuleError:
        raise StoreError(
            f"there is no kind of database {url.drivername!r}", "use a path, ':memory:' or postgresql+psycopg://"
        ) from None
    except ImportError as error:
        if backend == "postgresql":
            raise MissingExtra("PostgreSQL stores", "postgres") from error
        raise StoreError(f"{place.text} needs the package {error.name!r}", f"pip install {error.name}") from error
    except (ArgumentError, TypeError) as error:
        raise StoreError(f"{place.text} cannot be opened: {error}") from None
    if made.dialect.is_async:
        raise StoreError(f"{place.text} names an asynchronous driver", "use postgresql+psycopg://")
    if backend == "postgresql":

        @event.listens_for(made, "connect")
        def prepare(connection: Any, record: object) -> None:
            cursor = connection.cursor()
            cursor.execute(f"SET lock_timeout = {max(1, round(timeout * 1000))}")
            # a server that answers before it has written is asked not to
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false)"
                " WHERE current_setting('synchronous_commit') = 'off'"
            )
            cursor.close()
            connection.commit()

    return made


def _check_file(path: Path) -> None:
    """Raise `StoreError` where no store can be."""
    if path.is_dir():
        raise StoreError(f"{path} is a folder", "give the path of a file, such as nblabel.db in that folder")
    if not path.parent.is_dir():
        raise StoreError(f"there is no folder {path.parent}", "make it first, or give another path")
    if not path.exists():
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise StoreError(
                f"{path} cannot be created: its folder is read-only",
                "make it writable, or keep labels elsewhere with store= or NBLABEL_STORE",
                retry=True,
            )
        return
    if not path.is_file():
        raise StoreError(f"{path} is not a file", "give the path of a new file, or of one that nblabel made")
    if 0 < path.stat().st_size < 512:  # SQLite would take it for an empty one
        raise StoreError(f"{path} is not a database", "give the path of a new file, or of one that nblabel made")


def make_engine(place: Place, watch: Watch | None, timeout: float) -> Engine:
    """An engine for a place; `watch` guards its file, if it is one."""
    if place.url is not None:
        return _server_engine(place, timeout)
    if watch is not None:
        try:
            _check_file(watch.path)
            watch.put_aside()
        except StoreError:
            raise
        except OSError as error:  # no right to look there, a name that is too long
            words = error.strerror or str(error)
            raise StoreError(f"{place.text} cannot be opened: {words}", "give another path", retry=True) from None
    return _sqlite_engine(place, watch, timeout)


def set_journal(connection: Connection, network: str | None) -> str:
    """Choose the journal of a SQLite file, outside of any transaction; a sentence if it is not the usual one."""
    wanted = "delete" if network else "wal"
    if connection.exec_driver_sql("PRAGMA application_id").scalar() == 0:
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
    got = str(connection.exec_driver_sql(f"PRAGMA journal_mode={wanted}").scalar())
    if network:
        return f"network file system ({network}): labels are saved with a rollback journal, which is safe but slower"
    if got != wanted:
        return f"the file system has no write-ahead log: labels are saved with a {got} journal, which is slower"
    return ""
