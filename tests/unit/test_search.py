"""Answers whose items have moved: the work begins without them, and nothing is wrong meanwhile or afterwards."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nblabel import answers, session
from nblabel.labelers.bridge import Bridge
from nblabel.protocol import PROTOCOL_VERSION
from nblabel.records import Event, Patch
from nblabel.schema import Schema
from nblabel.search import Search
from nblabel.session import Change, Found, Session
from nblabel.sources import background, columns, identity, open_source
from nblabel.store import Store, open_store

LABELS = ["good", "bad"]
TEXTS = [f"Text number {n}." for n in range(12)]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[Search]:
    """Opening does not search at all, and searches begin when the test says so."""
    begun: list[Search] = []
    monkeypatch.setattr(answers, "PATIENCE", 0.0)
    monkeypatch.setattr(session, "PATIENCE", 0.0)
    monkeypatch.setattr(background, "quiet", lambda: 30.0)
    monkeypatch.setattr(Search, "start", lambda search: begun.append(search))
    return begun


def opened(store: Store, data: Any = TEXTS, *, into: str | None = None, key: str | None = None) -> Session:
    schema = Schema.of({"choices": LABELS})
    source = open_source(data, column="text" if isinstance(data, pd.DataFrame) else None, key=key)
    live = None if into is None else columns.open(source, into, schema)
    return Session(source, schema, store=store, name="t", annotator="me", columns=live)


def answered(store: Store, data: Any = TEXTS, *, keys: Any = (0, 1, 2), label: str = "good", **options: Any) -> None:
    made = opened(store, data, **options)
    for key in keys:
        made.goto(key)
        made.submit(label)
    made.close()


def tell(search: Search) -> None:
    search._look()


def test_the_work_begins_at_once_and_the_counts_catch_up(slow: list[Search]) -> None:
    store = open_store(":memory:")
    answered(store)
    made = opened(store, TEXTS[::-1])
    heard: list[Change] = []
    made.subscribe(heard.append)
    assert (made.progress.submitted, made.index) == (0, 0)
    assert len(slow) == 1
    tell(slow[0])
    assert heard == [Found(moved=True)]
    assert made.progress.submitted == 3
    assert made.item is not None
    assert made.item.data == TEXTS[3]  # where work had stopped
    assert [made.upcoming(-1, 20)[0][-1], len(made.upcoming(-1, 20)[0])] == [8, 9]


def test_an_item_that_is_shown_knows_its_answer_before(slow: list[Search]) -> None:
    store = open_store(":memory:")
    answered(store)
    made = opened(store, TEXTS[::-1])
    states = made.states(range(8, 12))
    assert [states[n][0].status for n in range(8, 12)] == ["pending", "submitted", "submitted", "submitted"]
    assert [states[n][1] for n in range(8, 12)] == [False, True, True, True]
    assert made.progress.submitted == 3
    tell(slow[0])
    assert made.progress.submitted == 3


def test_who_has_gone_on_is_left_there(slow: list[Search]) -> None:
    store = open_store(":memory:")
    answered(store)
    made = opened(store, TEXTS[::-1])
    heard: list[Change] = []
    made.moved(made.source.identity(4))
    made.subscribe(heard.append)
    tell(slow[0])
    assert heard == [Found(moved=False)]
    assert made.index == 4


def test_an_answer_given_meanwhile_is_the_newer_one(slow: list[Search]) -> None:
    store = open_store(":memory:")
    answered(store)
    made = opened(store, TEXTS[::-1])
    new = Schema.of({"choices": LABELS}).coerce("bad")
    old = made.states([11])[11][0].annotations
    given_ = Event(
        "e", made.source.identity(11), "me", "submit",
        Patch(put=new, drop=tuple(a.id for a in old), status="submitted"), at=1.7e9,
        schema_version=made.schema.version,
    )  # fmt: skip
    assert made.apply([given_]).stored == ("e",)
    tell(slow[0])
    assert made.progress.submitted == 3
    assert [[a.label for a in row.response.annotations] for row in made.labelled()] == [["good"], ["good"], ["bad"]]


def test_answers_to_other_rows_are_no_news(slow: list[Search]) -> None:
    store = open_store(":memory:")
    answered(store)
    answered(store, ["elsewhere", "and there"], keys=(0, 1))
    made = opened(store)
    heard: list[Change] = []
    made.subscribe(heard.append)
    assert (made.progress.submitted, made.index) == (3, 3)
    assert set(slow[-1].wanted) == {open_source(["elsewhere", "and there"]).identity(n) for n in (0, 1)}
    tell(slow[-1])
    assert heard == []
    made.resume()
    assert made._search is not None  # where work stopped is elsewhere: looked for again
    tell(slow[-1])
    assert heard == []
    assert (made.progress.submitted, made.index) == (3, 3)


@pytest.mark.parametrize(
    "ask",
    [
        lambda made: made.labelled(),
        lambda made: made.filter("pending"),
        lambda made: made.submit("good", key=0),
        lambda made: made.undo(),
        lambda made: made.flag(key=0),
        lambda made: made.load([]),
    ],
)
def test_what_python_asks_for_is_whole(slow: list[Search], ask: Callable[[Session], object]) -> None:
    store = open_store(":memory:")
    answered(store, keys=(1, 2, 3))
    made = opened(store, TEXTS[::-1])
    assert made.progress.submitted == 0
    ask(made)
    assert made._search is None
    assert not made.answers.missing
    others = [row for row in made.labelled(status="submitted") if row.item.position not in (0, 8)]
    assert [row.item.data for row in others] == [TEXTS[2], TEXTS[1]]


def test_undo_reaches_what_has_moved(slow: list[Search]) -> None:
    store = open_store(":memory:")
    answered(store)
    made = opened(store, TEXTS[::-1])
    assert made.history() == ([], [])
    tell(slow[0])
    assert len(made.history()[0]) == 3
    assert made.undo()
    assert made.item is not None
    assert made.item.data == TEXTS[2]


def test_live_columns_follow_and_the_users_edits_win(slow: list[Search]) -> None:
    store = open_store(":memory:")
    answered(store, pd.DataFrame({"text": TEXTS}))
    frame = pd.DataFrame({"text": TEXTS[::-1], "label": None})
    frame["label"] = frame["label"].astype(object)
    frame.loc[10, "label"] = "bad"  # the user's own word on what the store has as good
    made = opened(store, frame, into="label")
    assert frame["label"].notna().sum() == 1
    assert made.progress.submitted == 1
    tell(slow[0])
    assert frame["label"].tolist()[9:] == ["good", "bad", "good"]
    assert made.progress.submitted == 3
    assert [row.response.annotations[0].label for row in made.labelled()] == ["good", "bad", "good"]  # type: ignore[union-attr]


def test_a_row_of_the_frame_whose_stored_answer_is_looked_for_counts_once(slow: list[Search]) -> None:
    store = open_store(":memory:")
    answered(store, pd.DataFrame({"text": TEXTS}))
    frame = pd.DataFrame({"text": TEXTS[::-1], "label": [None] * 9 + ["good"] * 3})
    made = opened(store, frame, into="label")
    assert made.progress.submitted == 3
    made.states([11])
    assert made.progress.submitted == 3
    assert len(made.labelled()) == 3
    assert made.progress.submitted == 3
    assert len(store.entries("t")) == 3  # nothing was brought in again


def test_rows_that_change_meanwhile_are_looked_for_anew(slow: list[Search]) -> None:
    store = open_store(":memory:")
    answered(store, pd.DataFrame({"text": TEXTS}))
    frame = pd.DataFrame({"text": TEXTS[::-1]})
    made = opened(store, frame)
    frame.loc[12] = ["One more."]
    assert made.resync()
    assert len(slow) == 2
    before = made.progress
    made._take_found(slow[0], {made.source.identity(0): 0})  # too late
    assert made.progress == before
    tell(slow[1])
    assert made.progress.submitted == 3


def test_news_of_rows_that_are_not_here_make_nobody_wait(slow: list[Search], tmp_path: Any) -> None:
    mine = opened(open_store(tmp_path / "s.db"))
    answered(open_store(tmp_path / "s.db"), ["elsewhere"], keys=(0,))
    answered(open_store(tmp_path / "s.db"), TEXTS[::-1], keys=(0,))
    mine.refresh()
    assert mine.progress.submitted in (0, 1)
    tell(slow[-1])
    assert mine.progress.submitted == 1
    assert mine.states([11])[11][1]


def test_the_latest_news_of_what_has_moved_counts(slow: list[Search], tmp_path: Any) -> None:
    """Another notebook has the rows in another order, so where it saw them tells nothing."""
    answered(open_store(tmp_path / "s.db"), keys=(0, 1))
    mine = opened(open_store(tmp_path / "s.db"))
    theirs = opened(open_store(tmp_path / "s.db"), TEXTS[::-1])
    assert mine.progress.submitted == 2
    theirs.discard(key=11)
    theirs.submit("bad", key=10)
    theirs.flag(key=10)
    mine.refresh()
    tell(slow[-1])
    assert (mine.progress.submitted, mine.progress.discarded, mine.progress.flagged) == (1, 1, 1)
    assert [row.response.status for row in mine.labelled()] == ["discarded", "submitted"]


def test_the_page_is_told(slow: list[Search]) -> None:
    store = open_store(":memory:")
    answered(store)
    made = opened(store, TEXTS[::-1])
    told: list[dict[str, Any]] = []
    bridge = Bridge(made, told.append)
    bridge.receive({"type": "hello", "id": 1, "version": PROTOCOL_VERSION, "at": ""})
    assert told[0]["queue"]["progress"].get("submitted", 0) == 3  # all fit into the window
    assert told[0]["queue"]["index"] == 0
    tell(slow[0])
    assert [one["type"] for one in told[1:]] == ["moved", "welcome"]
    assert told[1]["queue"]["index"] == 8
    assert len(told[2]["history"]) == 3


def test_a_page_that_goes_on_is_not_moved(slow: list[Search]) -> None:
    store = open_store(":memory:")
    answered(store)
    made = opened(store, TEXTS[::-1])
    told: list[dict[str, Any]] = []
    bridge = Bridge(made, told.append)
    bridge.receive({"type": "hello", "id": 1, "version": PROTOCOL_VERSION, "at": ""})
    bridge.receive({"type": "move", "id": 2, "at": made.source.identity(1)})
    tell(slow[0])
    assert [one["type"] for one in told[2:]] == ["welcome"]
    assert told[2]["queue"]["index"] == 1


@pytest.mark.parametrize("named", [False, True])
def test_in_a_thread_of_its_own(named: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PATIENCE", 0.0)
    monkeypatch.setattr(session, "PATIENCE", 0.0)
    size = 30_000
    frame = pd.DataFrame({"text": [f"Text number {n}." for n in range(size)], "id": [f"k{n}" for n in range(size)]})
    store = open_store(":memory:")
    key = "id" if named else None
    answered(store, frame, keys=["k20000", "k5"] if named else [20_000, 5], key=key)
    made = opened(store, frame.sample(frac=1, random_state=1).reset_index(drop=True), key=key)
    ends = time.monotonic() + 60
    while made.progress.submitted < 2:
        assert time.monotonic() < ends
        time.sleep(0.01)
    assert made.item is not None
    assert made.item.data == "Text number 6."


def test_a_session_that_is_gone_ends_its_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PATIENCE", 0.0)
    store = open_store(":memory:")
    answered(store)
    made = opened(store, TEXTS[::-1])
    made.close()
    del made
    ends = time.monotonic() + 20
    while any(thread.name == "nblabel-search" for thread in threading.enumerate()):
        assert time.monotonic() < ends
        time.sleep(0.01)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_is_done_meanwhile_the_end_is_the_same(data: st.DataObject) -> None:
    """Two labelers on equal stores: one knows all at once, the other is told late. They must agree in the end."""
    stores = [open_store(":memory:"), open_store(":memory:")]
    texts = [f"Text {n % 7}." for n in range(12)]  # some stand there twice
    first = data.draw(st.lists(st.integers(0, 11), max_size=6))
    for store in stores:
        answered(store, texts, keys=first)
    order = data.draw(st.permutations(range(12)))
    shuffled = [texts[n] for n in order[: data.draw(st.integers(1, 12))]]
    act = st.tuples(st.integers(0, len(shuffled) - 1), st.sampled_from([*LABELS, "skip"]))
    acts = data.draw(st.lists(act, max_size=6))
    late = data.draw(st.integers(0, 6))
    assert end_of(stores[0], shuffled, acts) == end_of(stores[1], shuffled, acts, late)


def end_of(store: Store, texts: list[str], acts: list[tuple[int, str]], late: int | None = None) -> Any:
    """What a page's acts come to; with ``late``, what has moved is found only after so many."""
    with pytest.MonkeyPatch.context() as patch:
        begun: list[Search] = []
        patch.setattr(Search, "start", lambda search: begun.append(search))
        if late is not None:
            patch.setattr(answers, "PATIENCE", 0.0)
            patch.setattr(session, "PATIENCE", 0.0)
            patch.setattr(background, "quiet", lambda: 30.0)
        made = opened(store, texts)
        for n, (position, what) in enumerate(acts):
            if n == late and begun:
                tell(begun[-1])
            held = made.states([position])[position][0]
            given_ = Patch()
            if what != "skip":
                put = made.schema.coerce(what)
                given_ = Patch(put=put, drop=tuple(a.id for a in held.annotations), status="submitted")
            action: Any = "skip" if what == "skip" else "submit"
            sent = Event(f"e{n}", made.source.identity(position), "me", action, given_, at=1.7e9)
            assert made.apply([sent]).stored == (f"e{n}",)
        made.catch_up()
        rows = [(row.item.position, row.response.status, row.response.annotations) for row in made.labelled()]
        said = [(position, status, [getattr(a, "label", "") for a in held]) for position, status, held in rows]
        return made.progress, said, made.upcoming(-1, 20), len(made.history()[0])


def test_far_down_a_long_source_neighbours_are_known_and_right() -> None:
    rng = random.Random(3)
    texts = [f"t{rng.randrange(9000)}" for _ in range(40_000)]
    source = open_source(pd.Series(texts))
    first = source.identity(30_000)
    assert len(source._identities._near) == 2 * 40 + 1
    seen: dict[str, int] = {}
    expected = []
    for text in texts:
        mark = identity.digest(text).hex()
        expected.append(f"{mark}#{seen[text]}" if text in seen else mark)
        seen[text] = seen.get(text, 0) + 1
    assert first == expected[30_000]
    assert source.identities(range(29_950, 30_050)) == expected[29_950:30_050]
    source._identities.forget()
    assert not source._identities._near
    assert source.identities(np.arange(39_000, 39_200).tolist()) == expected[39_000:39_200]
