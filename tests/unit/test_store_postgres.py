"""What is special about a server: it goes away, comes back, is shared, and has opinions."""

from __future__ import annotations

import threading
import time

import pytest
import sqlalchemy

from nblabel.annotations import Choice
from nblabel.errors import StoreError
from nblabel.records import Event, Patch
from nblabel.store import Store, open_store
from nblabel.store.migrations import LOCKS

from ..postgres import PostgresServer

pytestmark = pytest.mark.postgres


def event(name: str, item: str = "i") -> Event:
    return Event(name, item, "ada", "edit", Patch(put=(Choice("x", id=name),)))


def ids(store: Store) -> list[str]:
    return [one.event.id for one in store.entries("d")]


def run(server: PostgresServer, url: str, *statements: str) -> None:
    with server.connect(url) as connection:
        connection.autocommit = True
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.database()


def test_the_server_goes_away_and_comes_back(postgres: PostgresServer, url: str) -> None:
    with open_store(url, timeout=20) as store:
        store.append("d", [event("e1")])
        postgres.stop()
        try:
            for act in (lambda: store.append("d", [event("e2")]), lambda: store.entries("d")):
                with pytest.raises(StoreError, match="cannot be reached") as caught:
                    act()
                assert caught.value.retry
                assert postgres.password not in str(caught.value)
        finally:
            postgres.start()
        [stored] = store.append("d", [event("e2")])
        assert (stored.seq, stored.new) == (2, True)
        assert ids(store) == ["e1", "e2"]
        postgres.stop()
        postgres.start()
        assert ids(store) == ["e1", "e2"]  # nobody notices a restart between two uses


def test_a_connection_that_is_cut_in_the_middle_is_made_again(postgres: PostgresServer, url: str) -> None:
    with open_store(url, timeout=60) as store, postgres.connect(url) as other:
        store.append("d", [event("e1")])
        other.execute("BEGIN")
        other.execute("SELECT last_seq FROM dataset FOR UPDATE")  # the next append waits for this row
        made: list[object] = []
        thread = threading.Thread(target=lambda: made.extend(store.append("d", [event("e2")])))
        thread.start()
        waiting = None
        while waiting is None:
            with postgres.connect(url) as third:
                waiting = third.execute(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                ).fetchone()
        with postgres.connect(url) as third:
            third.execute("SELECT pg_terminate_backend(%s)", waiting)
        other.rollback()
        thread.join()
        assert len(made) == 1
        assert made[0].new
        assert made[0].seq == 2
        assert ids(store) == ["e1", "e2"]


def test_a_commit_whose_answer_is_lost_is_still_new(postgres: PostgresServer, url: str) -> None:
    with open_store(url) as store:
        store.append("d", [event("e1")])
        cut = threading.Event()

        @sqlalchemy.event.listens_for(store._engine, "commit")
        def commit_and_die(connection) -> None:
            if not cut.is_set():
                cut.set()
                connection.connection.driver_connection.commit()
                connection.connection.driver_connection.close()

        [stored] = store.append("d", [event("e2")])
        assert cut.is_set()
        assert (stored.seq, stored.new) == (2, True)
        assert ids(store) == ["e1", "e2"]
        assert store.append("d", [event("e2")])[0].new is False


def test_a_lock_that_is_not_let_go(postgres: PostgresServer, url: str) -> None:
    with open_store(url, timeout=0.2) as store, postgres.connect(url) as other:
        store.append("d", [event("e1")])
        other.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreError, match="locked") as caught:
            store.append("d", [event("e2")])
        assert caught.value.retry
        other.rollback()
        store.append("d", [event("e2")])
        assert ids(store) == ["e1", "e2"]


def test_data_sets_do_not_wait_for_each_other(postgres: PostgresServer, url: str) -> None:
    with open_store(url, timeout=0.5) as store, postgres.connect(url) as other:
        store.append("d", [event("e1")])
        store.append("busy", [event("e1")])
        other.execute(f"SELECT pg_advisory_xact_lock({LOCKS}, id) FROM dataset WHERE name = 'busy'")
        with pytest.raises(StoreError, match="locked"):
            store.append("busy", [event("e2")])
        store.append("d", [event("e2")])
        store.append("new", [event("e2")])


@pytest.mark.parametrize(
    ("state", "words", "retry"),
    [
        ("53100", "disk of .* is full", True),
        ("25006", "cannot be written to", True),
        ("40P01", "locked", True),
        ("42501", "ask for the right", True),
        ("57P01", "cannot be reached", True),
        ("XX001", "is damaged", False),
        ("22000", "failed: no luck", False),
    ],
)
def test_what_the_server_says_in_our_words(
    postgres: PostgresServer, url: str, state: str, words: str, retry: bool
) -> None:
    with open_store(url) as store:
        store.append("d", [event("e1")])
        run(
            postgres,
            url,
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN RAISE EXCEPTION 'no luck' USING ERRCODE = '{state}'; END$$",
            "CREATE TRIGGER refuse BEFORE INSERT ON annotation FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        with pytest.raises(StoreError, match=words) as caught:
            store.append("d", [event("e2")])
        assert caught.value.retry is retry
        assert "INSERT" not in str(caught.value)
        run(postgres, url, "DROP TRIGGER refuse ON annotation")
        assert ids(store) == ["e1"]
        assert store.append("d", [event("e2")])[0].seq == 2


def test_rights(postgres: PostgresServer, url: str) -> None:
    with open_store(url) as store:
        store.append("d", [event("e1")])
    run(
        postgres,
        url,
        "CREATE ROLE reader LOGIN PASSWORD 'reads'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
    )
    theirs = url.replace(f"ada:{postgres.password}", "reader:reads")
    try:
        with open_store(theirs) as store:
            assert ids(store) == ["e1"]
            with pytest.raises(StoreError, match="permission denied"):
                store.append("d", [event("e2")])
        empty = postgres.database().replace(f"ada:{postgres.password}", "reader:reads")
        with pytest.raises(StoreError, match="permission denied"):
            open_store(empty)
    finally:
        run(postgres, url, "DROP OWNED BY reader", "DROP ROLE reader")


def test_wrong_addresses(postgres: PostgresServer, url: str) -> None:
    for wrong in (
        url.replace(postgres.password, "guess"),
        url + "_no",
        url.replace(f":{postgres.port}", ":1"),
    ):
        with pytest.raises(StoreError, match="cannot be reached") as caught:
            open_store(wrong, timeout=2)
        assert caught.value.retry
        assert postgres.password not in str(caught.value)
        assert "guess" not in str(caught.value)


def test_a_database_that_cannot_hold_every_text(postgres: PostgresServer) -> None:
    with pytest.raises(StoreError, match="LATIN1"):
        open_store(postgres.database("LATIN1"))


def test_a_database_that_others_use_too(postgres: PostgresServer, url: str) -> None:
    run(postgres, url, "CREATE TABLE theirs (a int)")
    with open_store(url) as store:
        store.append("d", [event("e1")])
    taken = postgres.database()
    run(postgres, taken, "CREATE TABLE event (a int)")
    with pytest.raises(StoreError, match="table 'event' that nblabel did not make") as caught:
        open_store(taken)
    assert "search_path" in caught.value.hint
    run(postgres, taken, "CREATE SCHEMA labels")
    with open_store(taken + "?options=-csearch_path%3Dlabels") as store:
        store.append("d", [event("e1")])
        assert ids(store) == ["e1"]


def test_a_server_that_is_set_to_be_strict(postgres: PostgresServer, url: str) -> None:
    """Under the server's own default, writers that waited would see an old snapshot and fail."""
    name = url.rsplit("/", 1)[1]
    run(postgres, url, f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    stores = [open_store(url, timeout=60) for _ in range(3)]
    problems: list[Exception] = []

    def work(me: int) -> None:
        try:
            for n in range(25):
                stores[me].append("d", [event(f"{me}-{n}")])
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(me,)) for me in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(stores[0].response("d", "ada", "i").annotations) == 75
    for store in stores:
        store.close()


def test_an_answer_comes_after_the_commit_is_written(postgres: PostgresServer, url: str) -> None:
    name = url.rsplit("/", 1)[1]
    for setting, kept in (("off", "on"), ("local", "local")):
        run(postgres, url, f"ALTER DATABASE {name} SET synchronous_commit = '{setting}'")
        with open_store(url) as store:
            store.set_cursor("d", "ada", "i", 1)  # which does not wait, and must leave the setting as it was
            with store._engine.connect() as connection:
                assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == kept


def test_a_database_made_anew_behind_our_back(postgres: PostgresServer, url: str) -> None:
    with open_store(url) as store:
        store.append("d", [event("e1")])
        run(postgres, url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        with pytest.raises(StoreError):
            store.append("d", [event("e2")])
        with open_store(url) as other:
            other.append("d", [event("o1")])
            with pytest.raises(StoreError, match="replaced"):
                store.append("d", [event("e2")])
            assert ids(other) == ["o1"]


def test_the_connection_is_in_utf8_whatever_the_environment_says(url: str, monkeypatch) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with open_store(url) as store:
        store.append("d", [event("e1", "😀")])
        assert store.response("d", "ada", "😀") is not None


def test_connections_are_given_back(postgres: PostgresServer, url: str) -> None:
    with open_store(url) as store:
        threads = [threading.Thread(target=store.append, args=("d", [event(f"e{n}")])) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for _ in store.responses("d"):
            break
        query = """SELECT count(*), count(*) FILTER (WHERE state <> 'idle') FROM pg_stat_activity
                   WHERE application_name = 'nblabel' AND datname = current_database()"""
        until = time.monotonic() + 20
        while True:
            with postgres.connect(url) as other:
                count, busy = other.execute(query).fetchone()
            if (count <= 2 and busy == 0) or time.monotonic() > until:
                break
        assert count <= 2
        assert busy == 0
