"""Several processes on one store, and processes that are killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nblabel.records import Response, apply_event
from nblabel.store import Store, open_store

WORKER = Path(__file__).with_name("store_worker.py")
SOURCE = Path(__file__).parents[2] / "src"


def start(*arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.Popen(
        [sys.executable, str(WORKER), *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=environment
    )


def release(folder: Path, processes: list[subprocess.Popen[str]]) -> None:
    """Let all begin at the same moment."""
    while len(list(folder.iterdir())) < len(processes):
        assert all(process.poll() is None for process in processes)
        time.sleep(0.01)
    (folder / "go").touch()


def finish(process: subprocess.Popen[str]) -> list[str]:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return out.split()


def assert_whole(store: Store, acknowledged: list[str]) -> None:
    """All that was acknowledged is there, once, and the responses are what the log says."""
    log = store.entries("d")
    ids = [one.event.id for one in log]
    assert len(set(ids)) == len(ids)
    assert set(acknowledged) <= set(ids)
    assert [one.seq for one in log] == list(range(1, len(log) + 1))
    responses: dict[str, Response] = {}
    for one in log:
        responses[one.event.item], inverse = apply_event(responses.get(one.event.item), one.event)
        assert inverse == one.inverse
    assert {one.item: one for one in store.responses("d")} == responses


@pytest.fixture(params=["file", "journal", "postgres"])
def where(request, tmp_path) -> str:
    """An address; a file called journal is taken to lie on a network file system."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres").database()
    return str(tmp_path / f"{request.param}.db")


two = pytest.mark.parametrize("where", ["file", "postgres"], indirect=True)


def test_processes_write_to_one_store_at_once(where: str, tmp_path) -> None:
    folder = tmp_path / "ready"
    folder.mkdir()
    network = "nfs4" if where.endswith("journal.db") else ""
    count = 20 if network else 50  # each commit syncs three times there
    processes = [start("append", where, folder, me, count, 4, network) for me in range(4)]
    release(folder, processes)
    acknowledged = [name for process in processes for name in finish(process)]
    assert len(acknowledged) == len(set(acknowledged)) == 4 * count * 4
    with open_store(where) as store:
        assert_whole(store, acknowledged)
        assert store.last_seq("d") == len(acknowledged)


def test_nothing_acknowledged_is_lost_when_a_process_is_killed(where: str, tmp_path) -> None:
    acknowledged: list[str] = []
    folder = tmp_path / "ready"
    folder.mkdir()
    (folder / "go").touch()
    dice = random.Random(7)
    network = "nfs4" if where.endswith("journal.db") else ""
    for me in range(3):
        process = start("append", where, folder, me, 100_000, 3, network)
        assert process.stdout is not None
        for _ in range(dice.randrange(5, 60)):
            acknowledged += process.stdout.readline().split()
        time.sleep(dice.random() * 0.004)
        process.send_signal(signal.SIGKILL)
        acknowledged += [name for line in process.stdout.readlines() if line.endswith("\n") for name in line.split()]
        process.wait()
        process.stdout.close()
        with open_store(where) as store:
            assert_whole(store, acknowledged)
            batches = {one.event.id.rsplit("-", 1)[0] for one in store.entries("d")}
            assert store.last_seq("d") == 3 * len(batches)  # whole batches or nothing


@two
def test_processes_that_make_one_store_at_once_do_not_fight(where: str, tmp_path) -> None:
    folder = tmp_path / "ready"
    folder.mkdir()
    processes = [start("open", where, folder) for _ in range(4)]
    release(folder, processes)
    assert len({name for process in processes for name in finish(process)}) == 1


@two
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_store_may_be_used_on_both_sides_of_a_fork(where: str) -> None:
    acknowledged = finish(start("fork", where))
    with open_store(where) as store:
        assert_whole(store, acknowledged)
        assert store.last_seq("d") == 2 * (5 + 30 + 30 + 5) == len(acknowledged)
