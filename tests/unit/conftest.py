"""Fixtures of the unit tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..conftest import missing
from ..postgres import PostgresServer, find_programs


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server."""
    programs = find_programs()
    if programs is None:
        missing("postgres", "no PostgreSQL server here: apt-get install postgresql")
        raise AssertionError
    server = PostgresServer(programs)
    yield server
    server.close()
