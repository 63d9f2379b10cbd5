"""A PostgreSQL server of the tests' own: started on a free port in a new folder, stopped by its pid."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

_NAMES = ("postgres", "initdb")


def find_programs() -> Path | None:
    """The folder of the server's programs; Debian keeps them out of PATH."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if all((folder / name).is_file() for name in _NAMES)), None)


def _other_user() -> str | None:
    """The server refuses to run as root: whom to run it as then."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise RuntimeError("there is no user to run PostgreSQL as")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgresServer:
    """A server with the user ``ada``; databases are made on demand."""

    def __init__(self, programs: Path, *, fsync: bool = False) -> None:
        self._programs = programs
        self._user = _other_user()
        # not pytest's folder, which another user may not enter; and a socket's path must be short
        self.folder = Path(tempfile.mkdtemp(prefix="nblabel-pg-"))
        self.port = _free_port()
        self.password = secrets.token_hex(8)
        self._fsync = fsync
        self._count = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._init()
            self.start()
        except BaseException:
            self.close()
            raise

    def _init(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(self.password)
        if self._user is not None:
            for path in (self.folder, secret):
                shutil.chown(path, self._user)
        command = [self._programs / "initdb", "-D", self.folder / "data", "-U", "ada", "--pwfile", secret]
        command += ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-sync"]
        done = subprocess.run(command, user=self._user, cwd="/", capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr or done.stdout}")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "port": str(self.port),
            "fsync": "on" if self._fsync else "off",
            "shared_buffers": "16MB",
            "max_connections": "60",
        }
        command = [str(self._programs / "postgres"), "-D", str(self.folder / "data")]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, user=self._user, cwd="/", stdout=log, stderr=log)
        until = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self._address("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()}") from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server as its administrator would; connections are cut."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(30)
            self._process = None

    def close(self) -> None:
        """Stop the server, which need not write anything any more, and remove its files."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _address(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=ada password={self.password} dbname={database}"

    def connect(self, url: str) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of its own to a database made by `database`."""
        return psycopg.connect(self._address(url.rsplit("/", 1)[1]))

    def database(self, encoding: str = "UTF8") -> str:
        """The URL of a new, empty database."""
        name = f"labels{next(self._count)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            query = sql.SQL("CREATE DATABASE {} ENCODING {} LOCALE 'C' TEMPLATE template0")
            if encoding == "UTF8":
                query = sql.SQL("CREATE DATABASE {} ENCODING {}")
            connection.execute(query.format(sql.Identifier(name), sql.Literal(encoding)))
        return f"postgresql+psycopg://ada:{self.password}@127.0.0.1:{self.port}/{name}"
