"""What databases complain of, in words that say what to do."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from ..errors import StoreError

__all__ = ["failure", "locked"]

_ELSEWHERE = "or keep labels elsewhere with store= or NBLABEL_STORE"


def locked(place: str) -> StoreError:
    """Somebody else is writing, and does not end."""
    return StoreError(
        f"{place} is locked: another program has been writing to it for too long",
        "close that program or wait, then try again; nothing was stored",
        retry=True,
    )


def _read_only(place: str) -> StoreError:
    return StoreError(
        f"{place} cannot be written to: it is read-only", f"make file and folder writable, {_ELSEWHERE}", retry=True
    )


def _full(place: str) -> StoreError:
    return StoreError(f"the disk of {place} is full", f"free some space and try again, {_ELSEWHERE}", retry=True)


def damaged(place: str, words: str) -> StoreError:
    """What is there cannot be read."""
    return StoreError(
        f"{place} is damaged ({words})",
        "keep a copy of it as it is, restore a backup or recover it with the database's own tools, " + _ELSEWHERE,
    )


def unreachable(place: str, words: str) -> StoreError:
    """There is no answer from the server."""
    return StoreError(
        f"{place} cannot be reached: {words}", "see that the server runs and the address is right", retry=True
    )


def _of_sqlite(place: str, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest are details of the same
    words = str(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL):
        return locked(place)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return _read_only(place)
    if code == sqlite3.SQLITE_FULL:
        return _full(place)
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreError(
            f"{place} cannot be opened ({words})",
            f"see that you may read and write file and folder, {_ELSEWHERE}",
            retry=True,
        )
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(
            f"{place} is not a database, or its beginning is damaged",
            "give the path of a new file, or of one that nblabel made",
        )
    if code == sqlite3.SQLITE_IOERR:
        return StoreError(f"reading or writing {place} failed ({words})", f"look at the disk, {_ELSEWHERE}", retry=True)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR):  # a missing table or column, or worse
        return damaged(place, words)
    if code == sqlite3.SQLITE_TOOBIG:
        return StoreError(f"{place} cannot hold this: it is larger than 1 GB")
    return StoreError(f"{place} failed: {words}")


def _of_postgres(place: str, error: BaseException, disconnected: bool) -> StoreError:
    state = str(getattr(error, "sqlstate", None) or "")
    lines = str(error).strip().splitlines()
    words = lines[0] if lines else type(error).__name__
    if state in ("55P03", "40P01", "40001"):
        return locked(place)
    if state == "53100":
        return _full(place)
    if state == "25006":
        return StoreError(
            f"{place} cannot be written to: {words}", "give the address of the primary server", retry=True
        )
    if state == "42501":
        return StoreError(f"{place}: {words}", "ask for the right to read and write its tables", retry=True)
    if state[:2] in ("XX", "42"):  # damaged pages; tables that are gone
        return damaged(place, words)
    if disconnected or state[:2] in ("08", "53", "57", "58", "28", "3D") or type(error).__name__ == "OperationalError":
        return unreachable(place, words)
    return StoreError(f"{place} failed: {words}")


def failure(place: str, error: DBAPIError) -> StoreError:
    """The error of a database as a `StoreError`."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(place, cause)
    if cause is None:
        return StoreError(f"{place} failed: {error}")
    return _of_postgres(place, cause, error.connection_invalidated)
