from __future__ import annotations

import json
from typing import Any

import pytest

from nblabel.annotations import Span
from nblabel.labelers.bridge import WINDOW_BYTES, Bridge
from nblabel.protocol import PROTOCOL_VERSION
from nblabel.schema import Schema, Spans
from nblabel.session import Session
from nblabel.sources import open_source
from nblabel.store import open_store


class Page:
    """The browser's end of a bridge: sends requests, keeps what comes back."""

    def __init__(self, texts: list[str], **options: Any) -> None:
        schema = Schema.of({"spans": Spans(["PERSON"]), "choices": ["good", "bad"]})
        store = options.pop("store", None) or open_store(":memory:")
        self.session = Session(open_source(texts), schema, store=store, name="t", annotator="me", **options)
        self.heard: list[dict[str, Any]] = []
        self.bridge = Bridge(self.session, self.hear)
        self._id = 0

    def hear(self, message: dict[str, Any]) -> None:
        self.heard.append(json.loads(json.dumps(message)))  # as it comes out at the other end

    def ask(self, **message: Any) -> dict[str, Any]:
        self._id += 1
        self.bridge.receive({"id": self._id, **message})
        (answer,) = [m for m in self.heard if m.get("reply") == self._id]
        return answer

    def event(self, position: int, action: str, patch: dict[str, Any], id: str) -> dict[str, Any]:  # noqa: A002
        item = self.session.source.identity(position)
        return {"id": id, "item": item, "annotator": "me", "action": action, "patch": patch, "at": 1.7e9}


def test_a_page_gets_all_it_needs_to_open() -> None:
    page = Page([f"text {n}" for n in range(100)])
    welcome = page.ask(type="hello", version=PROTOCOL_VERSION)
    assert welcome["type"] == "welcome"
    assert welcome["annotator"] == "me"
    queue = welcome["queue"]
    assert (queue["total"], queue["index"], queue["upcoming"][:3]) == (100, 0, [1, 2, 3])
    held = {item["index"]: item for item in queue["items"]}
    assert set(held) == set(range(21))
    assert held[0]["data"] == "text 0"


def test_events_are_acknowledged_once_they_are_stored() -> None:
    page = Page(["one", "two"])
    put = [{"kind": "choice", "label": "good", "id": "a", "field": "choices"}]
    event = page.event(0, "submit", {"put": put, "status": "submitted"}, "e1")
    ack = page.ask(type="events", events=[event], at=page.session.source.identity(1))
    assert ack["stored"] == ["e1"]
    assert ack["progress"]["submitted"] == 1
    assert page.session.index == 1
    assert page.ask(type="events", events=[event])["stored"] == ["e1"]
    assert page.session.store.last_seq("t") == 1


def test_a_refused_event_comes_back_with_its_reason() -> None:
    page = Page(["one"])
    put = [{"kind": "span", "label": "PERSON", "id": "a", "field": "spans", "start": 0, "end": 9}]
    ack = page.ask(type="events", events=[page.event(0, "edit", {"put": put}, "e1")])
    assert "stored" not in ack
    assert "beyond the text" in ack["rejected"][0]["problem"]["title"]


@pytest.mark.parametrize(
    "content",
    [
        {"type": "evil"},
        {"type": "events", "events": [{"id": 1}]},
        {"type": "fetch", "index": "x", "queue": 1},
        {"type": "find", "filter": {"status": ["done"]}},
        "text",
        None,
        {"type": "hello", "version": 1, "extra": {}},
        {"type": "fetch", "index": 10**30, "queue": 1},
    ],
)
def test_whatever_the_browser_sends_is_answered(content: Any) -> None:
    page = Page(["one"])
    page.bridge.receive({"id": 7, **content} if isinstance(content, dict) else content)
    (answer,) = page.heard
    assert answer["type"] in ("failure", "items", "queue")
    if answer["type"] == "failure":
        assert answer["problem"]["title"]


def test_fetch_stays_within_the_queue() -> None:
    page = Page(["one", "two"])
    for index in (-5, 0, 99):
        answer = page.ask(type="fetch", index=index, queue=page.session.generation)
        assert {item["index"] for item in answer["items"]} == {0, 1}
    assert page.ask(type="fetch", index=0, queue=77)["type"] == "queue"


def test_a_filter_gives_a_new_queue() -> None:
    page = Page(["one", "two", "three"])
    queue = page.ask(type="find", filter={"text": "t"})
    assert (queue["total"], queue["queue"]) == (2, page.session.generation)
    assert {item["data"] for item in queue["items"]} == {"two", "three"}
    empty = page.ask(type="find", filter={"text": "zzz"})
    assert (empty["total"], empty["items"], empty["upcoming"], empty["complete"]) == (0, [], [], True)


def test_what_python_does_is_told_to_the_page() -> None:
    page = Page(["one", "two"])
    page.session.submit("good")
    changed, moved = page.heard
    assert changed["type"] == "changed"
    assert changed["entries"][0]["event"]["action"] == "submit"
    assert moved["queue"]["index"] == 1
    page.bridge.close()
    page.session.submit("bad")
    assert len(page.heard) == 2


def test_a_ping_brings_the_news_of_other_notebooks(tmp_path) -> None:
    here = Page(["one", "two"], store=open_store(tmp_path / "x.db"))
    there = Page(["one", "two"], store=open_store(tmp_path / "x.db"))
    there.session.submit("good")
    assert here.ask(type="ping")["type"] == "pong"
    assert [m["type"] for m in here.heard] == ["changed", "pong"]
    assert here.session.progress.submitted == 1


def test_undo_history_comes_with_the_welcome() -> None:
    page = Page(["one", "two"])
    page.session.submit("good")
    page.session.submit("bad")
    page.session.undo()
    welcome = page.ask(type="hello", version=PROTOCOL_VERSION)
    assert [e["event"]["action"] for e in welcome["history"]] == ["submit"]
    assert [e["event"]["action"] for e in welcome["redo"]] == ["submit"]
    (choice,) = page.session.labelled()[0].response.annotations
    assert welcome["history"][0]["inverse"] == {"drop": [choice.id], "status": "pending"}


def test_a_message_of_large_items_stays_small() -> None:
    page = Page(["x" * 300_000 + str(n) for n in range(30)])
    welcome = page.ask(type="hello", version=PROTOCOL_VERSION)
    items = welcome["queue"]["items"]
    assert items[0]["index"] == 0
    assert 1 <= len(items) < 10
    assert len(json.dumps(welcome)) < 2 * WINDOW_BYTES


def test_what_the_page_holds_is_not_sent_again() -> None:
    """So an edit beside large items costs what it costs beside small ones: the page asks only for what is missing."""
    page = Page(["x" * (WINDOW_BYTES // 2 + 1) for _ in range(6)])
    queue = page.ask(type="hello", version=PROTOCOL_VERSION)["queue"]
    held = [item["index"] for item in queue["items"]]
    assert held == [0]
    for _ in range(5):
        items = page.ask(type="fetch", index=0, queue=queue["queue"], held=held)["items"]
        assert len(items) == 1
        held += [item["index"] for item in items]
    assert sorted(held) == [0, 1, 2, 3, 4, 5]
    assert page.ask(type="fetch", index=0, queue=queue["queue"], held=held).get("items", []) == []


def test_half_a_surrogate_pair_does_not_stop_the_queue() -> None:
    page = Page(["a\udc80 \ud83d\ude00 b", "two"])  # a stray byte, and a pair that Python counts as two
    sent = []

    def strict(message: dict[str, Any]) -> None:
        json.dumps(message, ensure_ascii=False).encode("utf-8")
        sent.append(message)

    Bridge(page.session, strict).receive({"type": "hello", "id": 1, "version": 1})
    assert sent[0]["queue"]["items"][0]["data"] == "a\ufffd \ufffd\ufffd b"


def test_suggestions_follow_their_items() -> None:
    from nblabel.suggest import of

    schema = Schema.of({"spans": Spans(["PERSON"]), "choices": ["good", "bad"]})

    def names(text: str) -> list[Span]:
        if "boom" in text:
            raise ValueError("model is ill")
        return [Span(0, 3, "PERSON", score=0.5)]

    page = Page(["one", "two boom"], suggester=of(names, schema))
    page.ask(type="hello", version=PROTOCOL_VERSION)
    assert page.session.models.runner is not None
    assert page.session.models.runner.wait(10)
    told = {m["item"]: m for m in page.heard if m["type"] == "suggested"}
    good = told[page.session.source.identity(0)]["annotations"][0]
    assert (good["start"], good["end"], good["score"], good["source"]) == (0, 3, 0.5, good["source"])
    assert "names" in good["source"]
    assert "model is ill" in told[page.session.source.identity(1)]["error"]
    assert page.session.progress.pending == 2


def test_a_store_that_fails_is_a_failure_to_try_again(tmp_path) -> None:
    page = Page(["one"], store=open_store(tmp_path / "x.db"))
    page.session.store.close()
    (tmp_path / "x.db").write_bytes(b"no database at all" * 400)
    for leftover in tmp_path.glob("x.db-*"):
        leftover.unlink()
    answer = page.ask(type="events", events=[page.event(0, "flag", {"flagged": True}, "e1")])
    assert (answer["type"], answer["retry"]) == ("failure", True)
    assert answer["problem"]["title"]
