"""Where a store is: what the user wrote, made into an address; and whether the file is still the one opened."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import StoreError
from .mounts import network_file_system

__all__ = ["Place", "Watch", "find_place"]

_SECRETS = ("password", "passfile", "sslpassword", "sslkey")


class Place(msgspec.Struct, frozen=True):
    """An address, and how people read it: a file has a path, memory has none, a server has a URL."""

    text: str
    path: Path | None = None
    url: URL | None = None

    @property
    def memory(self) -> bool:
        """Whether it ends with the process."""
        return self.path is None and self.url is None


def _shown(url: URL) -> str:
    query = {key: value for key, value in url.query.items() if key not in _SECRETS}
    bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, query)
    return bare.render_as_string(hide_password=False)


def _of_url(text: str) -> Place:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # its words would show the password
        raise StoreError(
            "the store's address is not a database URL", "such as postgresql+psycopg://user@host/database"
        ) from None
    if url.get_backend_name() == "sqlite":
        if url.drivername not in ("sqlite", "sqlite+pysqlite") or url.query or (url.database or "").startswith("file:"):
            raise StoreError(f"the SQLite URL {_shown(url)!r} has options", "give the path of the file instead")
        return find_place(url.database or ":memory:")
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    return Place(_shown(url), url=url)


def find_place(where: str | os.PathLike[str] | URL | None) -> Place:
    """The place that a user means.

    Examples
    --------
    >>> find_place("postgres://ada:secret@hub/labels").text
    'postgresql+psycopg://ada@hub/labels'
    """
    if where is None:
        where = os.environ.get("NBLABEL_STORE", "").strip() or "nblabel.db"
    if isinstance(where, URL):
        return _of_url(where.render_as_string(hide_password=False))
    if isinstance(where, str):
        if where == ":memory:":
            return Place(where)
        if "://" in where:
            return _of_url(where)
    try:
        given = os.fsdecode(where)
    except TypeError:
        raise StoreError(
            f"a store cannot be opened on {where!r}", "give a path, ':memory:' or a database URL"
        ) from None
    if not given or "\0" in given:
        raise StoreError(f"{given!r} is not the path of a store", "give a path, ':memory:' or a database URL")
    path = Path(given).expanduser().absolute()  # a later chdir must not move the store
    return Place(str(path), path=path)


class Watch:
    """Tells when the file behind open connections has been deleted or replaced.

    Connections to a deleted file go on working, into the void: so each use of the store looks first. Nothing is
    created in its place, since the new file would hide that the old labels are gone; they can be saved with
    `Store.backup` for as long as the kernel lives.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.network = network_file_system(path)
        self._known: tuple[int, int] | None = None

    def put_aside(self) -> None:
        """Rename what a deleted file has left beside it, before a new one is made.

        SQLite would take an old write-ahead log, or the index that a running kernel still uses, for the new file's.
        """
        sides = [self.path.with_name(self.path.name + end) for end in ("-wal", "-shm", "-journal")]
        left = {side: side.stat().st_ino for side in sides if side.exists()}
        if self.path.exists():  # asked last: what was there before a missing file cannot be a new one's
            return
        for side, number in left.items():
            with contextlib.suppress(OSError):
                if side.stat().st_ino == number:
                    side.rename(side.with_name(f"{side.name}.left-{number}"))

    def arm(self) -> None:
        """The file is open now; from here on it must stay."""
        try:
            there = self.path.stat()
        except OSError as error:
            raise StoreError(f"{self.path} went away while it was opened: {error.strerror}", retry=True) from None
        self._known = (there.st_dev, there.st_ino)

    @property
    def armed(self) -> bool:
        """Whether the file was opened before."""
        return self._known is not None

    def check(self) -> None:
        """Raise `StoreError` if the path no longer leads to the file that was opened."""
        if self._known is None:
            return
        hint = "put the file back, save what this kernel still holds with store.backup(path), or open a new store"
        try:
            there = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise StoreError(f"{self.path} was moved or deleted while it was open", hint, retry=True) from None
        except OSError as error:
            words = error.strerror or str(error)
            raise StoreError(
                f"{self.path} cannot be reached: {words}", "see that its disk is there", retry=True
            ) from None
        # some network file systems give a file a new number now and then
        if self.network is None and (there.st_dev, there.st_ino) != self._known:
            raise StoreError(f"{self.path} was replaced by another file while it was open", hint, retry=True)
