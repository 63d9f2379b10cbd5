"""Where a store is, and what can go wrong with its file."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from nblabel.annotations import Choice
from nblabel.errors import MissingExtra, StoreError
from nblabel.records import Event, Patch
from nblabel.schema import Schema
from nblabel.store import Store, open_store, places
from nblabel.store.mounts import network_file_system
from nblabel.store.places import find_place

WORKER = Path(__file__).with_name("store_worker.py")
SOURCE = Path(__file__).parents[2] / "src"


def event(name: str, item: str = "i", text: str = "x") -> Event:
    return Event(name, item, "ada", "edit", Patch(put=(Choice(text, id="c"),)))


def ids(store: Store) -> list[str]:
    return [one.event.id for one in store.entries("d")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nblabel.db"


def journal_of(path: Path) -> str:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


# ---- places -------------------------------------------------------------------------------------


def test_without_a_place_it_is_in_the_current_folder_or_where_the_variable_says(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("NBLABEL_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    with open_store() as store:
        monkeypatch.chdir(tmp_path / "sub")  # a store stays where it was opened
        store.append("d", [event("e1")])
        assert store.place == str(tmp_path / "nblabel.db")
    assert list((tmp_path / "sub").iterdir()) == []
    monkeypatch.setenv("NBLABEL_STORE", "team.db")
    with open_store() as store:
        assert store.place == str(tmp_path / "sub" / "team.db")
    monkeypatch.setenv("NBLABEL_STORE", ":memory:")
    with open_store() as store:
        assert store.place == ":memory:"
        assert open_store(store) is store


@pytest.mark.parametrize(
    "name", ["with space.db", "50%25?x#y&z.db", "ünïcödé 😀.db", "a'b\"c.db", ":x:.db", "-.db", "\udcff.db"]
)
def test_any_file_name(tmp_path, name: str) -> None:
    with open_store(tmp_path / name) as store:
        store.append("d", [event("e1")])
    assert [one.name for one in tmp_path.iterdir() if not one.name.endswith(("-wal", "-shm"))] == [name]
    with open_store(os.fsencode(tmp_path / name)) as store:
        assert ids(store) == ["e1"]


def test_urls_and_paths(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_place("~/x.db").text == str(tmp_path / "x.db")
    assert find_place(f"sqlite:///{tmp_path}/x.db").path == tmp_path / "x.db"
    assert find_place("sqlite://").memory
    assert find_place("sqlite:///:memory:").memory
    place = find_place("postgresql://ada:pass%20word@hub:5433/labels?sslmode=require&password=other")
    assert place.text == "postgresql+psycopg://ada@hub:5433/labels?sslmode=require"
    assert place.url.password == "pass word"
    url = sqlalchemy.make_url("postgresql+psycopg://ada:secret@hub/labels")
    assert find_place(url).url == url


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("", "not the path"),
        ("a\0b", "not the path"),
        (5, "cannot be opened on 5"),
        ("://", "not a database URL"),
        ("postgresql://u:secret@h:port/d", "not a database URL"),
        ("nosuchkind://host/d", "no kind of database"),
        ("sqlite:///x.db?mode=ro", "has options"),
        ("sqlite:///file:x.db", "has options"),
        ("sqlite+aiosqlite:///x.db", "has options"),
        ("/no/such/folder/x.db", "no folder"),
        ("/", "is a folder"),
        ("/dev/null", "not a file"),
        ("/tmp/" + "x" * 300, "cannot be opened"),
    ],
)
def test_places_that_cannot_be(where: object, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(where)
    assert "secret" not in str(caught.value)
    assert caught.value.hint


def test_a_missing_driver_is_an_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"pip install 'nblabel\[postgres\]'"):
        open_store("postgresql+psycopg://ada@localhost/labels")
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(StoreError, match="pymysql"):
        open_store("mysql+pymysql://ada@localhost/labels")


# ---- journals and network file systems ----------------------------------------------------------

MOUNTS = """\
proc /proc proc rw 0 0
/dev/sda1 / ext4 rw,relatime 0 0
hub:/export/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/local xfs rw 0 0
//server/share /mnt/my\\040share cifs rw 0 0
ada@hub:/ /mnt/ssh fuse.sshfs rw 0 0
scratch /scratch lustre rw 0 0
/dev/sdc1 /mnt/usb fuseblk rw 0 0
gpfs0 /gpfs gpfs rw 0 0
host /mnt/9 9p rw,trans=virtio 0 0
first /mnt/twice nfs rw 0 0
/dev/sdd1 /mnt/twice ext4 rw 0 0
broken line
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/data/x.db", None),
        ("/home/ada/x.db", "nfs4"),
        ("/home", "nfs4"),
        ("/homework/x.db", None),
        ("/home/local/x.db", None),
        ("/mnt/my share/x.db", "cifs"),
        ("/mnt/ssh/a/b/x.db", "fuse.sshfs"),
        ("/scratch/x.db", "lustre"),
        ("/mnt/usb/x.db", None),
        ("/gpfs/x.db", "gpfs"),
        ("/mnt/9/x.db", "9p"),
        ("/mnt/twice/x.db", None),
    ],
)
def test_network_file_systems(path: str, expected: str | None) -> None:
    assert network_file_system(path, MOUNTS) == expected


def test_a_network_file_system_behind_a_link(tmp_path) -> None:
    (tmp_path / "link").symlink_to("/nonexistent-share")
    mounts = "hub:/x /nonexistent-share nfs rw 0 0\n/dev/sda / ext4 rw 0 0"
    assert network_file_system(tmp_path / "link" / "x.db", mounts) == "nfs"
    assert network_file_system(tmp_path / "x.db", mounts) is None
    network_file_system(tmp_path / "x.db")  # the real /proc/mounts can be read, whatever it says


def test_a_rollback_journal_on_a_network_file_system(path, monkeypatch) -> None:
    with open_store(path) as store:
        assert store.notices == ()
        store.append("d", [event("e1")])
    assert journal_of(path) == "wal"
    monkeypatch.setattr(places, "network_file_system", lambda path: "nfs4")
    with open_store(path) as store:
        assert any("network file system (nfs4)" in text and "rollback journal" in text for text in store.notices)
        store.append("d", [event("e2")])
        store.set_cursor("d", "ada", "i", 1)
        assert ids(store) == ["e1", "e2"]
        assert not Path(f"{path}-wal").exists()
    assert journal_of(path) == "delete"
    monkeypatch.undo()
    with open_store(path) as store:
        assert ids(store) == ["e1", "e2"]
    assert journal_of(path) == "wal"


def test_commits_are_durable(path) -> None:
    with open_store(path) as store:
        store.set_cursor("d", "ada", "i", 1)  # this one is not, and must leave the setting as it was
        with store._engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 3
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_every_lookup_has_an_index(path) -> None:
    """By one column alone, SQLite would read a whole data set at each label."""
    asked: list[tuple[str, object]] = []
    with open_store(path) as store:
        store.append("d", [event("e1"), event("e2", "j")])

        @sqlalchemy.event.listens_for(store._engine, "before_cursor_execute")
        def note(connection, cursor, statement, parameters, context, many) -> None:
            if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
                asked.append((statement, parameters[0] if many else parameters))

        store.append("d", [event("e1"), event("e3", text="y"), Event("e4", "j", "ada", "edit", Patch(drop=("c",)))])
        store._cache.__init__()
        store.get("d", "ada", ["i", "j"])
        store.known("d", ["e1", "e2"])
        store.entries("d", annotator="ada", last=3)
        store.entries("d", item="i")
        store.entries("d", item="i", last=3)
        store.entries("d", item="i", annotator="ada")
        store.entries("d", after=2)
        store.labelled_with("d", "ada", "x")
        store.content("d", "i")
        store.cursor("d", "ada")
        store.last_seq("d")
    assert len(asked) > 15
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement, parameters in asked:
            plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + statement, parameters)]
            assert not any(line.startswith("SCAN") for line in plan), statement
            if "event." in statement or "response." in statement or "annotation." in statement:
                assert not any(line.endswith("(dataset=?)") for line in plan), (statement, plan)


# ---- failures -----------------------------------------------------------------------------------


@contextlib.contextmanager
def held(path: Path, how: str = "IMMEDIATE") -> Iterator[None]:
    """Another program in the middle of writing."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"BEGIN {how}")
        yield
        other.execute("ROLLBACK")


def test_a_locked_file(path) -> None:
    with open_store(path, timeout=0.1) as store:
        store.append("d", [event("e1")])
        with held(path):
            with pytest.raises(StoreError, match="locked") as caught:
                store.append("d", [event("e2")])
            assert caught.value.retry
            with pytest.raises(StoreError, match="locked"):
                store.put_schema("d", Schema.of({"a": ["x"]}))
            assert ids(store) == ["e1"]  # reading goes on
            with open_store(path, timeout=0.1) as other:  # and so does opening
                assert ids(other) == ["e1"]
        assert store.append("d", [event("e2")])[0].new
        assert ids(store) == ["e1", "e2"]


def test_a_lock_that_is_let_go_is_waited_for(path) -> None:
    with open_store(path, timeout=20) as store:
        with held(path):
            made: list[object] = []
            thread = threading.Thread(target=lambda: made.extend(store.append("d", [event("e1")])))
            thread.start()
            assert ids(store) == []
        thread.join()
        assert len(made) == 1


def test_a_new_store_where_somebody_writes(path) -> None:
    sqlite3.connect(path).close()
    with held(path, "EXCLUSIVE"), pytest.raises(StoreError, match="locked") as caught:
        open_store(path, timeout=0.1)
    assert caught.value.retry
    open_store(path).close()


def said_by(command: str, path: Path) -> str:
    """What another process says of the store."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    arguments = [sys.executable, str(WORKER), command, str(path)]
    return subprocess.run(arguments, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="nblabel-"))
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_a_read_only_file(open_folder) -> None:
    path = open_folder / "x.db"
    with open_store(path) as store:
        store.append("d", [event("e1")])
    path.chmod(0o444)
    said = said_by("try", path)
    assert said.startswith("opened 1\nTrue ")
    assert "read-only" in said
    with open_store(path) as store:
        assert ids(store) == ["e1"]


def test_a_read_only_folder(open_folder) -> None:
    path = open_folder / "x.db"
    open_folder.chmod(0o555)
    said = said_by("try", path)
    assert said.startswith("True ")
    assert "read-only" in said
    open_folder.chmod(0o777)
    with open_store(path) as store:
        store.append("d", [event("e1")])
    open_folder.chmod(0o555)
    said = said_by("try", path)
    assert "True " in said
    assert "read-only" in said or "cannot be opened" in said
    open_folder.chmod(0o700)
    assert said_by("try", path).startswith("True ")


def test_a_full_disk(path) -> None:
    """A store that may not grow: what was acknowledged stays, and it goes on when there is room."""
    with open_store(path) as store:
        store.append("d", [event("e0")])
        limit = [10_000_000]

        @sqlalchemy.event.listens_for(store._engine, "connect")
        def limited(connection, record) -> None:
            connection.execute(f"PRAGMA max_page_count={limit[0]}")

        limit[0] = 60
        store._engine.dispose()
        done = []

        def fill() -> None:
            for n in range(1000):
                store.append("d", [event(f"e{n + 1}", f"i{n}", "x" * 200), event(f"f{n + 1}", f"j{n}", "y" * 200)])
                done.extend((f"e{n + 1}", f"f{n + 1}"))

        with pytest.raises(StoreError, match=r"disk of .* is full") as caught:
            fill()
        assert caught.value.retry
        assert done
        assert ids(store) == ["e0", *done]
        assert len(list(store.responses("d"))) == 1 + len(done)
        limit[0] = 10_000_000
        store._engine.dispose()
        store.append("d", [event("last")])
        assert ids(store) == ["e0", *done, "last"]


def test_a_write_that_the_system_refuses(path) -> None:
    """A real one: the process may not write larger files."""
    pytest.importorskip("resource")
    *done, refused, last = said_by("limit", path).splitlines()
    assert len(done) > 5
    assert refused.startswith("True ")
    assert last == "last"
    with open_store(path) as store:
        assert ids(store) == [*done, "last"]


@pytest.mark.parametrize("content", [b"key,label\n1,good\n" * 500, b"x", b"SQLite format 3\0", os.urandom(9000)])
def test_files_of_something_else_are_left_alone(path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"not a database|damaged") as caught:
        open_store(path)
    assert not caught.value.retry
    assert path.read_bytes() == content


def test_databases_of_something_else_are_left_alone(path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE meta (mine)")
    content = path.read_bytes()
    with pytest.raises(StoreError, match="something else"):
        open_store(path)
    assert path.read_bytes() == content
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_an_empty_file_becomes_a_store(path) -> None:
    path.touch()
    with open_store(path) as store:
        store.append("d", [event("e1")])


def test_a_damaged_file(path) -> None:
    with open_store(path) as store:
        store.append("d", [event(f"e{n}", f"i{n}") for n in range(500)])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])

    def read() -> None:
        with open_store(path) as store:
            store.entries("d")
            list(store.responses("d"))

    with pytest.raises(StoreError, match="damaged") as caught:
        read()
    assert not caught.value.retry
    assert "copy" in caught.value.hint
    path.write_bytes(whole[:4096] + bytes([0xA5]) * (len(whole) - 4096))
    with pytest.raises(StoreError, match="damaged"), open_store(path) as store:
        store.append("d", [event("new")])


@pytest.mark.parametrize(
    "body", ['{"broken', '\\"x"', '{"kind":"hologram","id":"c"}', '{"kind":"span","start":9,"end":1}']
)
def test_a_damaged_entry_is_named(path, body: str) -> None:
    with open_store(path) as store:
        store.append("d", [event("e1", "the item"), event("e2", "another")])
    with contextlib.closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE annotation SET body = ? WHERE item = 'the item'", (body,))
    with open_store(path) as store:
        with pytest.raises(StoreError, match=r"damaged \(item 'the item'"):
            store.response("d", "ada", "the item")
        assert store.response("d", "ada", "another") is not None
        assert store.states("d", "ada").keys() == {"the item", "another"}
        assert ids(store) == ["e1", "e2"]
    with contextlib.closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE event SET body = ? WHERE id = 'e2'", (body,))
    with open_store(path) as store, pytest.raises(StoreError, match=r"damaged \(entry 2"):
        store.entries("d")


def test_missing_tables_are_damage(path) -> None:
    with open_store(path) as store:
        store.append("d", [event("e1")])
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("DROP TABLE annotation")
        with pytest.raises(StoreError, match="damaged"):
            store.append("d", [event("e2")])
        assert ids(store) == ["e1"]


# ---- a file that goes away ----------------------------------------------------------------------


def test_nothing_is_written_into_a_deleted_file(path) -> None:
    store = open_store(path)
    store.append("d", [event("e1", "a"), event("e2", "b")])
    for each in path.parent.iterdir():
        each.unlink()
    for act in (
        lambda: store.append("d", [event("e3")]),
        lambda: store.entries("d"),
        lambda: store.set_cursor("d", "ada", "i", 1),
        lambda: store.last_seq("d"),
    ):
        with pytest.raises(StoreError, match="moved or deleted") as caught:
            act()
        assert caught.value.retry
        assert "backup" in caught.value.hint
    assert list(path.parent.iterdir()) == []  # nor is an empty one made in its place
    assert store.backup(path) == path  # nothing acknowledged is lost while the kernel lives
    store.close()
    with open_store(path) as saved:
        assert ids(saved) == ["e1", "e2"]
        assert saved.id == store.id
        assert set(saved.states("d", "ada")) == {"a", "b"}


def test_a_new_file_in_the_place_of_a_deleted_one_does_not_mix_with_it(path) -> None:
    """Its write-ahead log and index stay behind when only the main file is deleted: put aside, not thrown away."""
    with open_store(path) as store:
        store.append("d", [event(f"e{n}", f"i{n}") for n in range(50)])
        log = path.with_name("nblabel.db-wal").read_bytes()
        path.unlink()
        with open_store(path) as new:
            [aside] = path.parent.glob("nblabel.db-wal.left-*")
            assert aside.read_bytes() == log
            assert new.id != store.id
            assert new.datasets() == []
            new.append("d", [event(f"n{n}", f"j{n}") for n in range(50)])
            with pytest.raises(StoreError, match="replaced"):
                store.append("d", [event("e50")])
            store.backup(path.with_name("saved.db"))
            assert ids(new) == [f"n{n}" for n in range(50)]
    with open_store(path) as new, open_store(path.with_name("saved.db")) as saved:
        assert ids(new) == [f"n{n}" for n in range(50)]
        assert ids(saved) == [f"e{n}" for n in range(50)]


def test_another_process_makes_a_new_file_in_the_place_of_a_deleted_one(open_folder) -> None:
    path = open_folder / "nblabel.db"
    with open_store(path) as store:
        store.append("d", [event(f"e{n}", f"i{n}") for n in range(50)])
        path.unlink()
        assert said_by("try", path) == "opened 0\nstored\n"
        store.backup(path.with_name("saved.db"))
    with open_store(path) as new, open_store(path.with_name("saved.db")) as saved:
        assert ids(new) == ["try"]
        assert ids(saved) == [f"e{n}" for n in range(50)]


def test_a_file_that_comes_back_is_gone_on_with(path) -> None:
    with open_store(path) as store:
        store.append("d", [event("e1")])
        path.rename(path.with_name("moved"))
        with pytest.raises(StoreError, match="moved"):
            store.append("d", [event("e2")])
        path.with_name("moved").rename(path)
        store.append("d", [event("e2")])
        assert ids(store) == ["e1", "e2"]


def test_a_file_that_is_replaced(path) -> None:
    with open_store(path) as store, open_store(path.with_name("other.db")) as other:
        store.append("d", [event("e1")])
        other.append("d", [event("o1")])
        other.close()
        for each in path.parent.glob("nblabel.db-*"):  # else SQLite would take the old log for the new file's
            each.unlink()
        path.with_name("other.db").replace(path)
        with pytest.raises(StoreError, match="replaced"):
            store.append("d", [event("e2")])
        store.backup(path.with_name("saved.db"))
    with open_store(path) as now, open_store(path.with_name("saved.db")) as saved:
        assert (ids(now), ids(saved)) == (["o1"], ["e1"])


def test_backup(path, tmp_path) -> None:
    with open_store(":memory:") as store:
        store.append("d", [event("e1")])
        store.backup(path)
        with pytest.raises(StoreError, match="there already"):
            store.backup(path)
        with pytest.raises(StoreError, match="backup"):
            store.backup(tmp_path / "no" / "folder.db")
        with pytest.raises(StoreError, match="cannot be written"):
            store.backup(":memory:")
    with open_store(path) as saved:
        assert ids(saved) == ["e1"]
        saved.append("d", [event("e2")])


def test_a_store_that_nobody_holds_lets_go_of_its_file(path) -> None:
    store = open_store(path)
    store.append("d", [event("e1")])
    del store
    gc.collect()
    assert [one.name for one in path.parent.iterdir()] == [path.name]  # the log is folded in at the last close
