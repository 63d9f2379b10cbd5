"""The worker that asks models off the labelling path."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from nblabel.records import Item, Suggestion
from nblabel.schema import Schema
from nblabel.suggest import Runner

SCHEMA = Schema.of({"mood": ["good", "bad"]})
LONG = 30.0  # only ever reached by a failure


def items(*names: str) -> list[Item]:
    return [Item(name, f"text {name}", name) for name in names]


class Told:
    """What the runner told, in order."""

    def __init__(self) -> None:
        self.all: list[Suggestion] = []
        self.threads: set[int] = set()

    def __call__(self, suggestion: Suggestion) -> None:
        self.threads.add(threading.get_ident())
        self.all.append(suggestion)

    @property
    def names(self) -> list[str]:
        return [one.item for one in self.all]


class Gate:
    """A model that waits to be let through, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.begun = threading.Semaphore(0)
        self.free = threading.Semaphore(0)

    def __call__(self, text: str) -> str:
        self.asked.append(text.removeprefix("text "))
        self.begun.release()
        self.free.acquire()
        return "good"

    def open(self, times: int = 100) -> None:
        self.free.release(times)


@pytest.fixture
def made() -> Any:
    runners: list[Runner] = []

    def make(model: Callable[[str], Any], told: Callable[[Suggestion], None], **options: Any) -> Runner:
        runners.append(Runner(model, SCHEMA, told, **options))
        return runners[-1]

    yield make
    for runner in runners:
        runner.close()


def test_results_are_told_and_kept(made: Any) -> None:
    told = Told()
    runner = made(lambda text: "good", told)
    assert runner.get("a") is None
    runner.request(items("a", "b"))
    assert runner.wait(LONG)
    assert told.names == ["a", "b"]
    assert told.threads.isdisjoint({threading.get_ident()})
    found = runner.get("a")
    assert found is told.all[0]
    assert [a.label for a in found.annotations] == ["good"]
    assert runner.get(items("b")[0]) is told.all[1]


def test_nothing_is_asked_twice_unless_it_changed(made: Any) -> None:
    asked: list[str] = []

    def model(text: str) -> str:
        asked.append(text)
        return "good"

    told = Told()
    runner = made(model, told)
    runner.request(items("a", "b"))
    assert runner.wait(LONG)
    runner.request(items("b", "a"))
    assert runner.wait(LONG)
    assert asked == ["text a", "text b"]
    changed = Item("a", "other", "a")
    assert runner.get(changed) is None
    runner.request([changed])
    assert runner.wait(LONG)
    assert asked == ["text a", "text b", "other"]
    assert runner.get(changed) is not None
    assert runner.get(items("a")[0]) is None


def test_the_newest_request_comes_first_and_duplicates_are_merged(made: Any) -> None:
    gate, told = Gate(), Told()
    runner = made(gate, told)
    runner.request(items("a", "b", "c"))
    assert gate.begun.acquire(timeout=LONG)  # a is being asked about
    runner.request(items("a", "c", "d"))
    gate.open()
    assert runner.wait(LONG)
    assert gate.asked == ["a", "c", "d", "b"]
    assert told.names == gate.asked


def test_a_model_that_hangs_blocks_nobody(made: Any) -> None:
    gate, told = Gate(), Told()
    runner = made(gate, told)
    runner.request(items("a"))
    assert gate.begun.acquire(timeout=LONG)
    runner.request(items("b"))
    assert runner.get("a") is None
    assert not runner.wait(0.0)
    runner.close()
    assert runner.wait(LONG)
    gate.open()
    assert told.all == []


def test_only_one_thread_asks(made: Any) -> None:
    threads: set[int] = set()

    def model(text: str) -> str:
        threads.add(threading.get_ident())
        return "good"

    told = Told()
    runner = made(model, told)
    callers = [
        threading.Thread(target=runner.request, args=[items(*(f"{n}-{k}" for k in range(20)))]) for n in range(5)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert runner.wait(LONG)
    assert sorted(told.names) == sorted(f"{n}-{k}" for n in range(5) for k in range(20))
    assert len(threads) == 1


def test_failures_become_suggestions_with_an_error_and_the_worker_goes_on(made: Any) -> None:
    def model(text: str) -> str:
        if text == "text b":
            raise ValueError("first line\nsecond line")
        if text == "text c":
            raise SystemExit(3)
        return "good"

    told = Told()
    runner = made(model, told)
    runner.request(items("a", "b", "c", "d"))
    assert runner.wait(LONG)
    errors = {one.item: one.error for one in told.all}
    assert errors["a"] == errors["d"] == ""
    assert errors["b"].endswith("ValueError: first line")
    assert "SystemExit" in errors["c"]
    assert "SystemExit" in runner.last_traceback
    runner.request(items("b"))  # a failure is an answer too: it is not asked for again and again
    assert runner.wait(LONG)
    assert len(told.all) == 4


def test_a_receiver_that_raises_does_not_end_the_worker(made: Any) -> None:
    seen: list[str] = []

    def receiver(suggestion: Suggestion) -> None:
        seen.append(suggestion.item)
        raise RuntimeError("page is gone")

    runner = made(lambda text: "good", receiver)
    runner.request(items("a", "b"))
    assert runner.wait(LONG)
    assert seen == ["a", "b"]
    assert "page is gone" in runner.last_traceback


def test_invalidate_forgets_results_and_what_is_under_way(made: Any) -> None:
    gate, told = Gate(), Told()
    runner = made(gate, told)
    runner.request(items("a", "b"))
    assert gate.begun.acquire(timeout=LONG)
    runner.invalidate()
    runner.request(items("a"))
    gate.open()
    assert runner.wait(LONG)
    assert gate.asked == ["a", "a"]
    assert told.names == ["a"]  # only the second answer counts
    runner.invalidate()
    assert runner.get("a") is None


def test_the_cache_is_bounded_and_forgets_the_longest_unused(made: Any) -> None:
    told = Told()
    runner = made(lambda text: "good", told, cache=3)
    runner.request(items("a", "b", "c"))
    assert runner.wait(LONG)
    assert runner.get("a") is not None
    runner.request(items("d"))
    assert runner.wait(LONG)
    assert [name for name in "abcd" if runner.get(name)] == ["a", "c", "d"]


def test_what_waits_is_bounded_but_never_the_newest_request(made: Any) -> None:
    gate, told = Gate(), Told()
    runner = made(gate, told)
    runner.request(items("first"))
    assert gate.begun.acquire(timeout=LONG)
    runner.request(items(*(f"old{n}" for n in range(600))))
    runner.request(items(*(f"new{n}" for n in range(450))))
    gate.open(2000)
    assert runner.wait(LONG)
    assert gate.asked[1:451] == [f"new{n}" for n in range(450)]
    assert gate.asked[451:] == [f"old{n}" for n in range(50)]


def test_after_close_nothing_is_asked(made: Any) -> None:
    told = Told()
    runner = made(lambda text: "good", told)
    runner.close()
    runner.request(items("a"))
    assert runner.wait(LONG)
    assert told.all == []
    assert runner.get("a") is None


def test_no_thread_runs_before_the_first_request(made: Any) -> None:
    before = threading.active_count()
    runner = made(lambda text: "good", Told())
    assert threading.active_count() == before
    runner.request([])
    assert threading.active_count() == before


def test_a_worker_without_work_ends_and_another_begins(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nblabel.suggest.runner._IDLE", 0.01)
    told = Told()
    runner = made(lambda text: "good", told)
    runner.request(items("a"))
    assert runner.wait(LONG)
    for thread in threading.enumerate():
        if thread.name == "nblabel-suggest":
            thread.join(LONG)
    assert not any(thread.name == "nblabel-suggest" for thread in threading.enumerate())
    runner.request(items("b"))
    assert runner.wait(LONG)
    assert told.names == ["a", "b"]


def test_without_threads_labelling_goes_on(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    runner = made(lambda text: "good", Told())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        runner.request(items("a"))
    assert runner.get("a") is None
    assert "can't start new thread" in runner.last_traceback
    runner.request(items("b"))
    assert runner.wait(LONG)
    assert runner.get("a") is not None
