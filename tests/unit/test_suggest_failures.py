"""Models that do everything wrong, in a real session: labelling goes on, and the error says on which item and what."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nblabel.annotations import Span
from nblabel.records import Item, Labelled, Response
from nblabel.schema import Schema, Spans
from nblabel.session import Session
from nblabel.sources import open_source
from nblabel.store import open_store
from nblabel.suggest import Runner, batched, of
from nblabel.suggest.states import State

SCHEMA = Schema.of({"mood": ["good", "bad"], "spans": Spans(["CITY"])})
LONG = 30.0  # only ever reached by a failure


def _raising(error: BaseException) -> Callable[[str], Any]:
    def model(text: str) -> Any:
        raise error

    return model


def _dying(text: str) -> Iterator[Any]:
    yield (0, 1, "CITY")
    raise RuntimeError("died midway")


def _deep(text: str) -> Any:
    return _deep(text)


class _Liar:
    """A value that raises whenever one looks at it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("do not look")

    def __repr__(self) -> str:
        raise RuntimeError("do not print")


NASTY: list[tuple[str, Any, str]] = [
    ("raises", _raising(ValueError("first\nsecond")), "ValueError: first"),
    ("raises at length", _raising(ValueError("x" * 10**6)), "ValueError: xxx"),
    ("has no memory", _raising(MemoryError()), "MemoryError"),
    ("recurses", _deep, "RecursionError"),
    ("exits", _raising(SystemExit(3)), "SystemExit: 3"),
    ("interrupts", _raising(KeyboardInterrupt()), "KeyboardInterrupt"),
    ("marks beyond the end", lambda text: (0, len(text) + 1, "CITY"), "CITY"),
    ("marks backwards", lambda text: (3, 1, "CITY"), "Span"),
    ("marks before the start", lambda text: (-3, 1, "CITY"), "-3"),
    ("knows other labels", lambda text: "sad", "'sad'"),
    ("knows other labels of spans", lambda text: (0, 1, "TOWN"), "TOWN"),
    ("scores with nan", lambda text: ("good", math.nan), "nan"),
    ("scores with inf", lambda text: ("good", math.inf), "inf"),
    ("scores below 0", lambda text: ("good", -0.5), "-0.5"),
    ("scores above 1", lambda text: ("good", 7.0), "7"),
    ("is sure of nothing", lambda text: object(), "object"),
    ("returns a liar", lambda text: _Liar(), "RuntimeError"),
    ("returns a list of liars", lambda text: [_Liar()], "do not look"),
    ("counts too few", batched(lambda texts: [], 4), "returned 0 lists"),
    ("counts too many", batched(lambda texts: itertools.repeat("good"), 4), "returned more lists"),
    ("returns no list", batched(lambda texts: 3, 4), "TypeError"),
    ("dies midway", _dying, "RuntimeError: died midway"),
    ("never ends", lambda text: itertools.repeat((0, 10**9, "CITY")), "more than 300 annotations"),
    ("returns very much", lambda text: [(0, 1, "CITY")] * 10**5, "more than 300 annotations"),
    ("is asynchronous", batched(lambda texts: _coroutine(), 4), "asynchronous"),
]


async def _coroutine() -> None:
    return None


class Told:
    """What a session tells of suggestions, by item."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def __call__(self, change: Any) -> None:
        if hasattr(change, "error") and hasattr(change, "item"):
            self.errors[change.item] = change.error


@pytest.mark.parametrize(
    ("model", "words"), [(model, words) for _, model, words in NASTY], ids=[n for n, _, _ in NASTY]
)
def test_labelling_goes_on_and_the_error_names_the_item(
    model: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nblabel.suggest.checks._MOST", 300)
    store = open_store(":memory:")
    session = Session(
        open_source(["Bonn", "Rome", "Oslo"]),
        SCHEMA,
        store=store,
        name="x",
        annotator="me",
        suggester=of(model, SCHEMA),
    )
    told = Told()
    session.subscribe(told)
    try:
        here = [session.source.item(n) for n in range(3)]
        session.ask(here)
        session.submit(["good"])  # meanwhile
        assert session.models.runner is not None
        assert session.models.runner.wait(LONG)
        for item in here:
            error = session.suggest_error(item)
            assert words in error
            assert f"item {item.key!r}" in error
            assert len(error) < 1000
            assert told.errors[item.identity] == error
        session.submit([Span(0, 4, "CITY", field="spans")])
        assert session.progress.submitted == 2
    finally:
        session.close()
        store.close()


class Flaky:
    """Raises for one text, whatever it is asked with."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.source = "flaky"
        self.batch = 4

    def suggest(self, items: Any) -> Any:
        if any(item.data == "b" for item in items):
            raise self.error
        return [["good"] for _ in items]


@pytest.mark.parametrize("error", [ValueError("no"), MemoryError(), SystemExit(1), KeyboardInterrupt()])
def test_one_bad_item_of_a_batch_does_not_spoil_the_others(error: BaseException) -> None:
    runner = Runner(Flaky(error), SCHEMA, lambda found: None)
    runner.request([Item(name, name, name) for name in "abcd"])
    assert runner.wait(LONG)
    found = [runner.get(name) for name in "abcd"]
    assert [len(one.annotations) for one in found] == [1, 0, 1, 1]
    assert f"flaky on item 'b': {type(error).__name__}" in found[1].error
    runner.close()


def test_a_model_that_hangs_is_told_and_its_answer_taken_when_it_comes() -> None:
    free, late = threading.Event(), threading.Event()

    def model(text: str) -> str:
        free.wait(LONG)
        return "good"

    states: list[State] = []

    def heard(suggestion: Any) -> None:
        if suggestion.error:
            late.set()

    runner = Runner(model, SCHEMA, heard, timeout=0.05, on_state=lambda: states.append(runner.state()))
    try:
        runner.request([Item("k", "text", "a"), Item("l", "text", "b")])
        assert late.wait(LONG)
        found = runner.get("a")
        assert found is not None
        told = "model on item 'k': took longer than 0.05 s, and is still at it"
        assert found.error.endswith(told)
        assert runner.get("b") is None  # it is never run twice at once
        assert runner.state().state == "failed"
        assert runner.state().error.endswith(told)
        free.set()
        assert runner.wait(LONG)
        found = runner.get("a")
        assert found is not None
        assert ([a.label for a in found.annotations], found.error) == (["good"], "")
        assert runner.settle(LONG)
    finally:
        free.set()
        runner.close()


@pytest.mark.parametrize("ask", ["learn", "rank"])
def test_a_model_that_hangs_while_it_learns_or_ranks_is_told(ask: str) -> None:
    free, told = threading.Event(), threading.Event()

    class Slow:
        source = "slow"

        def suggest(self, items: Any) -> Any:
            free.wait(LONG)
            return [[] for _ in items]

        def learn(self, answers: Any) -> None:
            free.wait(LONG)

    def heard() -> None:
        if runner.state().error:
            told.set()

    here, ranked = Item("k", "text", "a"), []
    runner = Runner(Slow(), SCHEMA, lambda found: None, timeout=0.05, on_state=heard)
    try:
        if ask == "learn":
            runner.learn([Labelled(here, Response("a", "me", "submitted"))])
        else:
            runner.do("rank", lambda: ranked.append(runner.beliefs([here]).count))
        assert told.wait(LONG)
        words = "to learn from answers" if ask == "learn" else "on item 'k'"
        assert words in runner.state().error
        assert "took longer than 0.05 s" in runner.state().error
        free.set()
        assert runner.settle(LONG)
        assert runner.state().error == ""
        assert ranked == ([] if ask == "learn" else [1])
    finally:
        free.set()
        runner.close()


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
def test_no_time_is_no_limit(seconds: float) -> None:
    with pytest.raises(Exception, match="timeout="):
        Runner(lambda text: "good", SCHEMA, lambda found: None, timeout=seconds)


def test_a_service_that_is_away_for_a_moment_is_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nblabel.suggest.adapters._PAUSE", 0.0)
    asked: list[str] = []

    def model(text: str) -> str:
        asked.append(text)
        if asked.count(text) < {"once": 2, "twice": 3}.get(text, 1):
            raise ConnectionResetError("gone")
        if text == "missing":
            raise FileNotFoundError("no such file")
        if text == "bug":
            raise ValueError("a bug")
        return "good"

    names = ["once", "twice", "missing", "bug"]
    found = of(model, SCHEMA).run([Item(name, name, name) for name in names])
    assert [one.error.rpartition(": ")[2] for one in found] == ["", "gone", "no such file", "a bug"]
    assert [asked.count(name) for name in names] == [2, 2, 1, 1]


def test_a_model_that_changes_its_labels_is_told_from_then_on() -> None:
    answers = iter(["good", "fine", "good"])
    adapter = of(lambda text: next(answers), SCHEMA)
    found = [adapter.run([Item(n, "x", str(n))])[0] for n in range(3)]
    assert [len(one.annotations) for one in found] == [1, 0, 1]
    assert "item 1" in found[1].error
    assert "'fine'" in found[1].error
