"""A chat model behind HTTP: a server of our own speaks the real protocol, with all that goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nblabel import suggest
from nblabel.annotations import Span
from nblabel.errors import SuggestError
from nblabel.records import Item, Suggestion
from nblabel.schema import Choices, Label, Schema, Spans
from nblabel.session import Session
from nblabel.sources import open_source
from nblabel.store import open_store

from ..chat_server import DROP, ChatServer, Reply, failed, wrote

SCHEMA = Schema.of(
    {
        "spans": Spans([Label("CITY", description="a town", examples=("Bonn",)), "YEAR"]),
        "mood": ["good", "bad"],
        "topics": Choices(["sea", "sun"], multiple=True),
        "note": "text",
    }
)
KEY = "sk-very-secret-0123"


@pytest.fixture(scope="module")
def process() -> Iterator[ChatServer]:
    made = ChatServer()
    yield made
    made.close()


@pytest.fixture
def server(process: ChatServer) -> ChatServer:
    process.reset()
    return process


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that are waited, without waiting."""
    made: list[float] = []
    monkeypatch.setattr("nblabel.suggest.endpoint.time.sleep", made.append)
    return made


def run(model: Any, *texts: str, schema: Schema = SCHEMA) -> list[Suggestion]:
    return suggest.of(model, schema).run([Item(n, text, str(n)) for n, text in enumerate(texts)])


def test_quotations_become_spans_and_labels_choices(server: ChatServer) -> None:
    text = "😀 Bonn, then Bonn in 1926."
    server.answer(
        wrote(
            {
                "spans": [
                    {"quote": "Bonn", "occurrence": 2, "label": "CITY"},
                    {"quote": "1926", "occurrence": 1, "label": "YEAR"},
                ],
                "mood": "good",
                "topics": ["sea", "sun"],
                "note": "short",
            }
        )
    )
    (found,) = run(suggest.chat(base_url=server.url, model="m-1"), text)
    assert found.error == ""
    spans = [(text[a.start : a.end], a.start, a.label) for a in found.annotations if isinstance(a, Span)]
    assert spans == [("Bonn", 13, "CITY"), ("1926", 21, "YEAR")]
    others = [
        getattr(a, "label", None) or getattr(a, "text", None) for a in found.annotations if not isinstance(a, Span)
    ]
    assert others == ["good", "sea", "sun", "short"]
    assert {a.source.partition("@")[0] for a in found.annotations} == {"m-1"}


def test_what_is_sent(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    model = suggest.chat(
        base_url=server.url + "/",
        model="m-1",
        instructions="Mark towns.",
        examples=[("Rome, Rome", {"spans": [(6, 10, "CITY")], "mood": "good"})],
        key_env="MY_KEY",
        options={"temperature": 0},
    )
    run(model, "Bonn")
    ((path, headers, body),) = server.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    system, user, assistant, last = body["messages"]
    assert "Mark towns." in system["content"]
    assert "- CITY: a town (such as Bonn)" in system["content"]
    assert (user["content"], last) == ("Rome, Rome", {"role": "user", "content": "Bonn"})
    example = {
        "spans": [{"quote": "Rome", "occurrence": 2, "label": "CITY"}],
        "mood": "good",
        "topics": [],
        "note": None,
    }
    assert json.loads(assistant["content"]) == example
    asked = body["response_format"]["json_schema"]
    assert asked["strict"]
    assert asked["schema"]["required"] == ["spans", "mood", "topics", "note"]
    assert asked["schema"]["properties"]["spans"]["items"]["properties"]["label"]["enum"] == ["CITY", "YEAR"]
    assert (body["model"], body["temperature"]) == ("m-1", 0)


def test_nothing_is_sent_before_somebody_asks(server: ChatServer) -> None:
    model = suggest.chat(base_url=server.url, model="m")
    adapter = suggest.of(model, SCHEMA)
    found = adapter.beliefs([Item(0, "x", "a")])  # it does not say how sure it is, and would only cost
    assert (found.count, found.tables, found.marks) == (1, {}, ())
    both = suggest.of([model, lambda text: {"mood": ("good", 0.75)}], SCHEMA).beliefs([Item(0, "x", "a")])
    assert both.tables["mood"].likely.tolist() == [[0.75, 0.25]]
    assert both.marks == (frozenset({("mood", "good", ())}),)
    assert server.asked == []


def test_tokens_and_cost_are_counted(server: ChatServer) -> None:
    model = suggest.chat(base_url=server.url, model="m", prices=(10.0, 50.0))
    adapter = suggest.of(model, SCHEMA)
    adapter.run([Item(n, "x", str(n)) for n in range(3)])
    assert (model.usage.requests, model.usage.prompt_tokens, model.usage.completion_tokens) == (3, 300, 60)
    assert model.usage.cost == pytest.approx(0.006)
    assert "prompt_tokens=300" in repr(model)
    assert adapter.usage == "360 tokens, about $0.01"


def test_a_busy_service_is_asked_again_when_it_says(server: ChatServer, waits: list[float]) -> None:
    server.answer(failed(429, Retry_After="7"), failed(503), failed(500), wrote({"mood": "good"}))
    (found,) = run(suggest.chat(base_url=server.url, model="m"), "x")
    assert [a.label for a in found.annotations] == ["good"]  # type: ignore[union-attr]
    assert waits[0] == 7
    assert [1 <= waits[1] <= 2, 2 <= waits[2] <= 4] == [True, True]
    assert len(server.asked) == 4


def test_retry_after_may_be_a_date_and_is_not_followed_for_ever(server: ChatServer, waits: list[float]) -> None:
    server.answer(
        failed(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
        failed(429, Retry_After="99999"),
        failed(429, Retry_After="soon"),
        wrote({}),
    )
    assert run(suggest.chat(base_url=server.url, model="m"), "x")[0].error == ""
    assert waits[:2] == [0, 60]
    assert 2 <= waits[2] <= 4


def test_a_service_that_stays_busy_is_told(server: ChatServer, waits: list[float]) -> None:
    server.answer(failed(429, "slow down"))
    (found,) = run(suggest.chat(base_url=server.url, model="m", retries=2), "x")
    assert "m on item 0" in found.error
    assert "HTTP 429 (slow down), 3 times" in found.error
    assert len(server.asked) == 3


def test_a_refusal_is_not_repeated_and_the_key_is_told_nowhere(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    server.answer(failed(401, f"Incorrect API key provided: {KEY}"))
    model = suggest.chat(base_url=server.url, model="m", key_env="MY_KEY")
    adapter = suggest.of(model, SCHEMA)
    (found,) = adapter.run([Item(0, "x", "a")])
    assert "HTTP 401" in found.error
    assert "the key in MY_KEY" in found.error
    assert len(server.asked) == 1
    held = [
        found.error,
        adapter.last_traceback,
        repr(model),
        repr(vars(model)),
        repr(vars(adapter)),
        repr(adapter.notes),
    ]
    held.append(repr(vars(model._endpoint)))
    assert not any(KEY in words for words in held)


def test_a_key_is_not_carried_elsewhere(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    server.answer((302, {"Location": server.url + "/other"}, b""))
    (found,) = run(suggest.chat(base_url=server.url, model="m", key_env="MY_KEY"), "x")
    assert "HTTP 302" in found.error
    assert len(server.asked) == 1


def test_without_a_key_nothing_is_sent(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    (found,) = run(suggest.chat(base_url=server.url, model="m", key_env="MY_KEY"), "x")
    assert "MY_KEY holds no key" in found.error
    assert server.asked == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((200, {}, b"<html>"), "did not answer with JSON"),
        ((200, {}, b"[]"), "did not answer with JSON"),
        ((200, {}, b"{}"), "no message"),
        ((200, {}, b'{"choices": []}'), "no message"),
        (wrote('{"mood": "go', "length"), "cut off"),
        (wrote('{"mood": "go'), "did not write JSON"),
        (wrote("[1]"), "did not write an object"),
        (wrote(None), "is empty"),
        (wrote(None, refusal="I will not"), "refuses: I will not"),
        (wrote({"mood": 3, "spans": [7]}), ""),
        (wrote({"spans": [{"quote": "Rome", "occurrence": 1, "label": "CITY"}]}), "does not stand in the text"),
        (wrote({"note": {"a": 1}}), "note"),
    ],
)
def test_nonsense_is_told(server: ChatServer, reply: Reply, words: str) -> None:
    server.answer(reply)
    (found,) = run(suggest.chat(base_url=server.url, model="m"), "Bonn")
    assert found.annotations == ()
    assert words in found.error


def test_unknown_labels_are_reported_and_fences_taken_off(server: ChatServer) -> None:
    server.answer(wrote('```json\n{"mood": "GOOD", "topics": ["moon"]}\n```'))
    adapter = suggest.of(suggest.chat(base_url=server.url, model="m", structured=False), SCHEMA)
    (found,) = adapter.run([Item(0, "x", "a")])
    assert [a.label for a in found.annotations] == ["good"]  # type: ignore[union-attr]
    assert "moon (1)" in adapter.notes[0]
    assert "response_format" not in server.asked[0][2]
    assert '"required": ["spans"' in server.asked[0][2]["messages"][0]["content"]


def test_an_answer_that_ends_midway_is_asked_for_again(server: ChatServer, waits: list[float]) -> None:
    status, _, raw = wrote({"mood": "good"})
    server.answer((status, {"Content-Length": str(len(raw) + 50)}, raw), wrote({"mood": "bad"}))
    (found,) = run(suggest.chat(base_url=server.url, model="m"), "x")
    assert [a.label for a in found.annotations] == ["bad"]  # type: ignore[union-attr]
    assert len(waits) == 1


def test_a_service_that_hangs_is_given_up(server: ChatServer, waits: list[float]) -> None:
    server.hold()
    try:
        (found,) = run(suggest.chat(base_url=server.url, model="m", timeout=0.2, retries=1), "x")
    finally:
        server.release()
    assert "no answer within 0.2 s, 2 times" in found.error


def test_a_service_that_is_away_is_told(waits: list[float]) -> None:
    gone = ChatServer()
    gone.close()
    (found,) = run(suggest.chat(base_url=gone.url, model="m", retries=1), "x")
    assert "cannot be reached" in found.error


def test_a_connection_that_drops_is_begun_anew(server: ChatServer, waits: list[float]) -> None:
    server.answer(DROP, wrote({"mood": "bad"}))
    (found,) = run(suggest.chat(base_url=server.url, model="m"), "x")
    assert [a.label for a in found.annotations] == ["bad"]  # type: ignore[union-attr]
    assert (len(waits), len(server.asked)) == (1, 2)


def test_the_rate_limit_of_a_service_is_kept_to(server: ChatServer) -> None:
    server.limit(2, 0.3)
    found = run(suggest.chat(base_url=server.url, model="m"), "a", "b", "c")
    assert [one.error for one in found] == ["", "", ""]
    assert len(server.asked) == 4  # the third was refused once, and came again when it was allowed to


def test_a_request_that_is_wrong_is_told_and_not_repeated(server: ChatServer) -> None:
    server.answer(failed(400, "no such model"))
    (found,) = run(suggest.chat(base_url=server.url, model="m"), "x")
    assert "HTTP 400 (no such model)" in found.error
    assert len(server.asked) == 1


def test_labelling_goes_on_whatever_the_service_does(server: ChatServer, waits: list[float]) -> None:
    model = suggest.chat(base_url=server.url, model="m", retries=1, prices=(10.0, 50.0))
    server.answer(failed(500), DROP, failed(401, "no key"), wrote("{"), wrote({"mood": "good"}))
    store = open_store(":memory:")
    texts = open_source(["a", "b", "c", "d"])
    session = Session(texts, SCHEMA, store=store, name="x", annotator="me", suggester=suggest.of(model, SCHEMA))
    try:
        here = [texts.item(n) for n in range(4)]
        session.ask(here)
        session.submit(["bad"])
        runner = session.models.runner
        assert runner is not None
        assert runner.settle(30)
        errors = [session.suggest_error(item) for item in here]
        assert ["cannot be reached" in errors[0], "HTTP 401" in errors[1], "not write JSON" in errors[2]] == [True] * 3
        assert all(f"m on item {n}: " in errors[n] for n in range(3))
        assert errors[3] == ""
        assert (runner.state().state, runner.state().usage) == ("idle", "240 tokens, less than $0.01")
        assert session.progress.submitted == 1
    finally:
        session.close()
        store.close()


def test_a_prompt_that_changes_is_another_version(server: ChatServer) -> None:
    first, same, other = (
        suggest.of(suggest.chat(base_url=server.url, model="m", instructions=words), SCHEMA)
        for words in ("Mark towns.", "Mark towns.", "Mark cities.")
    )
    assert first.source == same.source != other.source
    named = suggest.of(suggest.chat(base_url=server.url, model="m", name="mine"), SCHEMA)
    assert named.source == "mine"


def test_requests_keep_their_distance(server: ChatServer, waits: list[float]) -> None:
    run(suggest.chat(base_url=server.url, model="m", per_minute=6), "a", "b", "c")
    assert [round(seconds) for seconds in waits] == [10, 20]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: suggest.chat(base_url="localhost", model="m"), "is no address"),
        (lambda: suggest.chat(base_url="file:///etc/passwd", model="m"), "is no address"),
        (lambda: suggest.chat(base_url="http://me:pw@host/v1", model="m"), "holds a password"),
        (lambda: suggest.chat(base_url="http://host/v1", model="m", timeout=0), "timeout > 0"),
    ],
)
def test_what_is_no_service_is_told(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(SuggestError, match=words):
        make()
