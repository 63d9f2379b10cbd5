"""Databases of older, newer and present layouts."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Connection

from nblabel.annotations import Choice, Span, Text
from nblabel.errors import StoreError
from nblabel.records import Event, Patch
from nblabel.store import Store, open_store
from nblabel.store.migrations import MIGRATIONS
from nblabel.store.places import find_place
from nblabel.store.tables import metadata

Open = Callable[..., Store]


def event(name: str) -> Event:
    return Event(name, "i", "ada", "edit", Patch(put=(Choice("x", id=name),)))


@pytest.fixture(params=["file", "postgres"])
def open_at(request, tmp_path):
    """Opens one database, with the steps given or all there are."""
    where = request.getfixturevalue("postgres").database() if request.param == "postgres" else str(tmp_path / "x.db")
    opened: list[Store] = []

    def make(*steps: Callable[[Connection], None], timeout: float = 60.0) -> Store:
        opened.append(Store(find_place(where), timeout, steps or MIGRATIONS))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def grow(connection: Connection) -> None:
    """A step that a later version might have: a column, filled from what is there."""
    connection.exec_driver_sql("ALTER TABLE dataset ADD COLUMN note TEXT")
    connection.exec_driver_sql("UPDATE dataset SET note = 'was ' || name")


def fail(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE dataset ADD COLUMN other TEXT")
    connection.exec_driver_sql("DROP TABLE bookmark")
    raise RuntimeError("the disk is on fire")


def tables_of(store: Store) -> dict[str, set[str]]:
    with store._engine.connect() as connection:
        look = sqlalchemy.inspect(connection)
        return {name: {column["name"] for column in look.get_columns(name)} for name in look.get_table_names()}


def test_the_steps_lead_to_the_tables_in_use(open_at: Open) -> None:
    store = open_at()
    with store._engine.connect() as connection:
        look = sqlalchemy.inspect(connection)
        assert set(look.get_table_names()) == set(metadata.tables)
        for table in metadata.tables.values():
            there = {column["name"]: column for column in look.get_columns(table.name)}
            assert set(there) == {column.name for column in table.columns}
            for column in table.columns:
                found = there[column.name]
                assert found["nullable"] is (column.nullable and not column.primary_key)
                dialect = connection.dialect
                wanted_type = column.type.compile(dialect)
                # SQLAlchemy 2.0 does not report collations
                assert found["type"].compile(dialect) in (wanted_type, wanted_type.split(" COLLATE ")[0])
            keys = look.get_pk_constraint(table.name)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key]
            indexes = {(i["name"], tuple(i["column_names"]), bool(i["unique"])) for i in look.get_indexes(table.name)}
            wanted = {(i.name, tuple(c.name for c in i.columns), bool(i.unique)) for i in table.indexes}
            assert wanted <= indexes


def test_a_database_of_the_version_before_is_brought_up_to_date(open_at: Open) -> None:
    store = open_at()
    store.append("d", [event("e1"), event("e2")])
    before = (store.id, store.entries("d"), store.response("d", "ada", "i"))
    assert "note" not in tables_of(store)["dataset"]
    newer = open_at(*MIGRATIONS, grow)
    assert (newer.id, newer.entries("d"), newer.response("d", "ada", "i")) == before
    with newer._engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT note FROM dataset").scalar() == "was d"
        assert connection.exec_driver_sql("SELECT value FROM meta WHERE name = 'version'").scalar() == str(
            len(MIGRATIONS) + 1
        )
    newer.append("d", [event("e3")])
    assert open_at(*MIGRATIONS, grow).last_seq("d") == 3


def test_answers_of_the_first_layout_get_the_columns_of_the_second(open_at: Open) -> None:
    old = open_at(MIGRATIONS[0])
    with old._engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO dataset (id, name, last_seq) VALUES (1, 'd', 0)")
        connection.exec_driver_sql(
            "INSERT INTO response VALUES (1, 'ada', 'i', 1, 0, 'submitted', false, '', 1, 1, 1, 1, '[]', '', -1, '')"
        )
    store = open_at()
    store.append("d", [Event("e1", "j", "ada", "prelabel", Patch(status="submitted", model="m@1"))])
    assert [one.model for one in store.responses("d")] == ["", "m@1"]


def test_a_newer_database_is_refused_and_so_is_writing_on_with_the_old_program(open_at: Open) -> None:
    store = open_at()
    store.append("d", [event("e1")])
    open_at(*MIGRATIONS, grow).append("d", [event("e2")])
    with pytest.raises(StoreError, match="newer nblabel") as caught:
        open_at()
    assert "upgrade" in caught.value.hint
    assert not caught.value.retry
    with pytest.raises(StoreError, match="restart the kernel"):
        store.append("d", [event("e3")])
    assert store.last_seq("d") == 2


def test_a_step_that_fails_leaves_the_old_version_untouched(open_at: Open) -> None:
    store = open_at()
    store.append("d", [event("e1")])
    store.set_cursor("d", "ada", "i", 1)
    before = tables_of(store)
    with pytest.raises(RuntimeError, match="on fire"):
        open_at(*MIGRATIONS, grow, fail)
    assert tables_of(store) == before
    assert store.cursor("d", "ada") == ("i", 1)
    store.append("d", [event("e2")])
    assert open_at().last_seq("d") == 2
    assert open_at(*MIGRATIONS, grow).last_seq("d") == 2


def test_a_first_opening_that_fails_leaves_nothing(open_at: Open) -> None:
    with pytest.raises(RuntimeError, match="on fire"):
        open_at(*MIGRATIONS, fail)
    store = open_at()
    store.append("d", [event("e1")])


def test_two_who_open_at_once_bring_it_up_to_date_once(open_at: Open) -> None:
    open_at().append("d", [event("e1")])
    ran: list[int] = []
    barrier = threading.Barrier(4)
    problems: list[Exception] = []

    def step(connection: Connection) -> None:
        ran.append(1)
        grow(connection)

    def work() -> None:
        barrier.wait()
        try:
            assert open_at(*MIGRATIONS, step).last_seq("d") == 1
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(ran) == 1


def test_a_file_that_version_1_wrote_can_still_be_read(tmp_path) -> None:
    """The dump is never made anew: files like it are on people's disks."""
    path = tmp_path / "old.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(Path(__file__).with_name("store_v1.sql").read_text(encoding="utf-8"))
    with open_store(path) as store:
        assert store.id == "5f0c7c1e9d3b4a6f8e2d1c0b9a887766"
        assert store.datasets() == ["reviews"]
        response = store.response("reviews", "ada", "item\\one")
        assert response.annotations == (
            Span(0, 5, "PERSON", id="s1", field="spans"),
            Choice("good", id="c1", field="mood", score=0.5, source="model"),
            Text("a\0b \ud800 😀", id="t1", field="note"),
        )
        assert (response.status, response.fields, response.comment) == ("submitted", ("spans", "mood", "note"), "why\0")
        assert response.model == ""
        assert [one.event.action for one in store.entries("reviews")] == ["edit", "submit", "flag"]
        assert store.states("reviews", "bob" * 100)["long" * 100].flagged
        assert store.labelled_with("reviews", "ada", "good") == {"item\\one"}
        assert store.schema("reviews").names == ("spans", "mood", "note")
        assert store.cursor("reviews", "ada") == ("item\\one", 3)
        store.append("reviews", [event("new")])
        assert store.last_seq("reviews") == 4
        store.trace("reviews", "training", "ada", [("", 1.0, "a")])
        assert [one.body for one in store.traces("reviews", "training")] == ["a"]
