"""Patterns, what is remembered of answers, committees, and sessions whose models learn."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from nblabel import suggest
from nblabel.annotations import AnyAnnotation, Span
from nblabel.errors import FormatError, SuggestError
from nblabel.records import Item, Labelled, Response, Suggestion
from nblabel.schema import Choices, Schema, Spans
from nblabel.session import Session
from nblabel.sources import open_source
from nblabel.store import open_store
from nblabel.suggest.phrases import Phrases

LONG = 30.0  # only ever reached by a failure
SCHEMA = Schema.of({"spans": Spans(["CITY", "YEAR"]), "topics": Choices(["travel", "food"], multiple=True)})


def run(model: Any, *texts: str, schema: Schema = SCHEMA) -> list[Suggestion]:
    return suggest.of(model, schema).run([Item(n, text, str(n)) for n, text in enumerate(texts)])


def marked(found: Suggestion) -> list[tuple[int, int, str]]:
    return [(a.start, a.end, a.label) for a in found.annotations if isinstance(a, Span)]


def chosen(found: Suggestion) -> list[str]:
    return [a.label for a in found.annotations if not isinstance(a, Span)]  # type: ignore[union-attr]


# ---- phrases -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "phrase", "text", "expected"),
    [
        ({}, "Berlin", "Berlin, berlin, Berliner, Berlin", [(0, 6), (26, 32)]),
        ({"ignore_case": True}, "Berlin", "BERLIN berlin", [(0, 6), (7, 13)]),
        ({"whole_words": False}, "Berlin", "Berliner", [(0, 6)]),
        ({"whole_words": False}, "東京", "私は東京都に", [(2, 4)]),
        ({}, "New York", "New\n  York New-York", [(0, 10)]),
        ({}, "U.S.", "the U.S. and US", [(4, 8)]),
        ({}, "Zoë", "Zoë Zoe\u0308 Zoe", [(0, 3), (4, 8)]),
        ({}, "Zoe", "Zoe\u0308", []),
        ({}, "क", "का क", [(3, 4)]),
        ({}, "Berlin", "😀Berlin😀", [(1, 7)]),
        ({}, "  ", "a b", []),
        ({"ignore_case": True}, "STRASSE", "Straße", [(0, 6)]),
    ],
)
def test_phrases_are_found(options: Any, phrase: str, text: str, expected: list[tuple[int, int]]) -> None:
    phrases = Phrases(**options)
    phrases.add(phrase, "x")
    assert [(start, end) for start, end, _ in phrases.find(text)] == expected


def test_the_longest_phrase_is_found_and_may_mean_several_things() -> None:
    phrases = Phrases()
    for phrase, meaning in [("New", 1), ("New York City", 2), ("New York City", 3), ("York", 4), ("New York City", 2)]:
        phrases.add(phrase, meaning)
    assert list(phrases.find("New York City in New York")) == [(0, 13, (2, 3)), (17, 20, (1,)), (21, 25, (4,))]


@given(st.text(max_size=30), st.lists(st.text(min_size=1, max_size=4), max_size=5), st.booleans(), st.booleans())
def test_whatever_is_found_is_one_of_the_phrases(text: str, given: list[str], case: bool, words: bool) -> None:
    phrases = Phrases(ignore_case=case, whole_words=words)
    for phrase in given:
        phrases.add(phrase, phrase)
    last = 0
    for start, end, meanings in phrases.find(text):
        assert last <= start < end <= len(text)
        assert all(phrases.key(meaning.strip()) == phrases.key(text[start:end]) for meaning in meanings)
        last = end


def test_a_hundred_thousand_phrases() -> None:
    many = [f"Town {n}" for n in range(100_000)]
    (found,) = run(suggest.patterns(phrases={"CITY": many}), "From Town 7 to Town 99999, not Town 100000")
    assert marked(found) == [(5, 11, "CITY"), (15, 25, "CITY")]


# ---- patterns ------------------------------------------------------------------------------------


def test_expressions_mark_their_matches() -> None:
    model = suggest.patterns(
        regex={"YEAR": [r"\b\d{4}\b", re.compile("mcm[a-z]*", re.I)], "CITY": r"in (?P<span>[A-Z]\w+)"}
    )
    found = run(model, "😀 in Berlin 1926", "MCMXXVI", "")
    assert [marked(one) for one in found] == [[(12, 16, "YEAR"), (5, 11, "CITY")], [(0, 7, "YEAR")], []]
    assert found[0].annotations[0].source.startswith("patterns@")


def test_expressions_that_explode_are_ended_and_left_out() -> None:
    model = suggest.patterns(regex={"YEAR": ["(a+)+b", r"\d{4}"]}, time_limit=0.2)
    adapter = suggest.of(model, SCHEMA)
    hostile = "a" * 40 + " 1926"
    found = adapter.run([Item(n, hostile, str(n)) for n in range(5)])
    assert [marked(one) for one in found] == [[(41, 45, "YEAR")]] * 5
    assert adapter.notes == ("patterns: the expression '(a+)+b' took longer than 0.2 s three times and is left out",)


def test_expressions_keep_lone_surrogates_apart() -> None:
    assert marked(run(suggest.patterns(regex={"YEAR": r"\d+"}), "\ud800 1\n2")[0]) == [(2, 3, "YEAR"), (4, 5, "YEAR")]


def test_labels_decide_the_kind_and_unknown_ones_are_reported() -> None:
    adapter = suggest.of(suggest.patterns(phrases={"CITY": ["Bonn"], "food": ["soup"], "ORG": ["UN", "EU"]}), SCHEMA)
    (found,) = adapter.run([Item(0, "soup, soup in Bonn", "a")])
    assert (marked(found), chosen(found)) == ([(14, 18, "CITY")], ["food"])
    assert adapter.notes == ("patterns gives labels that the schema does not have: ORG (2)",)


def test_prodigys_pattern_files(tmp_path: Path) -> None:
    path = tmp_path / "patterns.jsonl"
    rows = [
        {"label": "CITY", "pattern": "Berlin", "id": "b"},
        {"label": "CITY", "pattern": [{"lower": "new"}, {"lower": "york"}, {"lower": "city", "op": "?"}]},
        {"label": "YEAR", "pattern": [{"SHAPE": "dddd"}]},
        {"label": "GPE", "pattern": [{"LOWER": "x"}]},
    ]
    path.write_text("\ufeff" + "\n".join(json.dumps(row) for row in rows) + "\n\n", "utf-8")
    adapter = suggest.of(suggest.patterns(path), SCHEMA)
    (found,) = adapter.run([Item(0, "Berlin, berlin and NEW YORK City in 1926", "a")])
    assert sorted(marked(found)) == [(0, 6, "CITY"), (19, 32, "CITY"), (36, 40, "YEAR")]
    assert "GPE (1)" in adapter.notes[0]


def test_patterns_of_tokens_may_need_a_pipeline() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    model = suggest.patterns([{"label": "CITY", "pattern": [{"IS_SENT_START": True}]}], nlp=nlp)
    assert marked(run(model, "Bonn is. Rome too.")[0]) == [(0, 4, "CITY"), (9, 13, "CITY")]
    (found,) = run(suggest.patterns([{"label": "CITY", "pattern": [{"POS": "PROPN"}]}]), "Bonn")
    assert "E155" in found.error


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: suggest.patterns(), SuggestError, "no pattern"),
        (lambda: suggest.patterns(regex={"YEAR": "("}), SuggestError, "is not valid"),
        (lambda: suggest.patterns(regex={"YEAR": [b"x"]}), SuggestError, "no regular expression"),
        (lambda: suggest.patterns(phrases={"CITY": "Bonn"}), SuggestError, "must be a list"),
        (lambda: suggest.patterns("nowhere.jsonl"), FormatError, "cannot be read"),
        (lambda: suggest.patterns([{"label": "CITY"}]), FormatError, "pattern 1: .*missing required field `pattern`"),
        (lambda: suggest.patterns(phrases={"CITY": ["x"]}, time_limit=0), SuggestError, "more than 0"),
    ],
)
def test_what_is_no_pattern_is_told(make: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_lines_of_a_file_are_named(tmp_path: Path) -> None:
    path = tmp_path / "patterns.jsonl"
    path.write_text('{"label": "CITY", "pattern": "a"}\n{"label": \n')
    with pytest.raises(FormatError, match="line 2"):
        suggest.patterns(path)


# ---- memory --------------------------------------------------------------------------------------


def answer(text: str, *spans: tuple[int, int, str], name: str = "", status: Any = "submitted") -> Labelled:
    annotations = tuple(Span(*span, field="spans", id=str(n)) for n, span in enumerate(spans))
    item = Item(0, text, name or text)
    return Labelled(item, Response(item.identity, "me", status, annotations))


def test_what_was_marked_twice_is_suggested() -> None:
    adapter = suggest.of(suggest.memory(), SCHEMA)
    assert adapter.learns
    adapter.learn([answer("Berlin a", (0, 6, "CITY"))])
    assert adapter.suggest([Item(9, "Berlin")]) == [[]]
    adapter.learn([answer("Berlin b", (0, 6, "CITY"))])
    ((found,),) = adapter.suggest([Item(9, "in Berlin")])
    assert isinstance(found, Span)
    assert (found.start, found.end, found.label, found.score, found.source) == (3, 9, "CITY", 1.0, "memory")


def test_the_majority_counts_and_so_does_what_was_not_marked() -> None:
    adapter = suggest.of(suggest.memory(least=1), SCHEMA)
    adapter.learn(
        [answer("1926 a", (0, 4, "CITY")), answer("1926 b", (0, 4, "YEAR")), answer("1926 c", (0, 4, "YEAR"))]
    )
    ((found,),) = adapter.suggest([Item(9, "1926")])
    assert isinstance(found, Span)
    assert (found.label, found.score) == ("YEAR", 2 / 3)
    adapter.learn([answer("1926 d")])
    assert adapter.suggest([Item(9, "1926")]) == [[]]


def test_answers_that_change_change_what_is_remembered() -> None:
    adapter = suggest.of(suggest.memory(least=1), SCHEMA)
    adapter.learn([answer("Bonn", (0, 4, "YEAR"), name="a")])
    adapter.learn([answer("Bonn", (0, 4, "CITY"), name="a")])
    ((found,),) = adapter.suggest([Item(9, "Bonn")])
    assert (found.label, found.score) == ("CITY", 1.0)  # type: ignore[union-attr]
    adapter.learn([answer("Bonn", (0, 4, "CITY"), name="a", status="draft")])
    assert adapter.suggest([Item(9, "Bonn")]) == [[]]


def test_memory_needs_spans_of_texts() -> None:
    with pytest.raises(SuggestError, match="no field"):
        suggest.of(suggest.memory(), Schema.of({"mood": ["good"]}))
    with pytest.raises(SuggestError, match="1 or more"):
        suggest.memory(least=0)


# ---- committees ----------------------------------------------------------------------------------

MOOD = Schema.of({"mood": ["good", "bad"]})


def voices(*answers: Any) -> list[Callable[[str], Any]]:
    made = []
    for n, one in enumerate(answers):

        def voice(text: str, one: Any = one) -> Any:
            if isinstance(one, Exception):
                raise one
            return one

        voice.__qualname__ = f"v{n}"
        made.append(voice)
    return made


def voted(found: Suggestion) -> list[tuple[str, float, str]]:
    return [(a.label, round(a.score or 0, 3), a.source) for a in found.annotations]  # type: ignore[union-attr]


def test_votes_are_averaged_by_weight() -> None:
    three = voices(("good", 0.5), ("bad", 0.75), "good")
    assert voted(run(suggest.committee(three), "x", schema=MOOD)[0]) == [("good", 0.5, "v0 + v2")]
    assert voted(run(suggest.committee(three, weights=[1, 8, 1]), "x", schema=MOOD)[0]) == [("bad", 0.6, "v1")]
    assert voted(run(suggest.committee(three, threshold=0.6), "x", schema=MOOD)[0]) == []


def test_spans_of_several_members_are_one() -> None:
    two = voices([(0, 4, "CITY", 0.8), (5, 9, "YEAR", 0.4)], [(0, 4, "CITY", 0.6)])
    (found,) = run(suggest.committee(two), "Bonn 1926")
    assert voted(found) == [("CITY", 0.7, "v0 + v1"), ("YEAR", 0.2, "v0")]


def test_a_member_that_fails_does_not_vote() -> None:
    (found,) = run(suggest.committee(voices(("good", 0.5), ValueError("no"))), "x", schema=MOOD)
    assert voted(found) == [("good", 0.5, "v0")]
    assert "v1 on item 0: ValueError: no" in found.error


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"members": []}, "list of models"),
        ({"members": voices("a"), "weights": [1, 2]}, "1 members and 2 weights"),
        ({"members": voices("a"), "weights": [-1]}, "from 0 on"),
        ({"members": voices("a"), "weights": [0]}, "not all"),
        ({"members": voices("a"), "threshold": 2}, "between 0 and 1"),
    ],
)
def test_what_is_no_committee_is_told(options: Any, words: str) -> None:
    with pytest.raises(SuggestError, match=words):
        suggest.committee(**options)


# ---- sessions whose models learn -----------------------------------------------------------------


def session(texts: Sequence[str], model: Any, store: Any = None) -> Session:
    schema = Schema.of({"spans": Spans(["CITY"])})
    return Session(
        open_source(list(texts)), schema, store=store or open_store(":memory:"), name="demo", annotator="me",
        suggester=suggest.of(model, schema),
    )  # fmt: skip


def settled(one: Session) -> None:
    assert one.models.runner is not None
    assert one.models.runner.wait(LONG)


def spans_of(one: Session, position: int) -> list[tuple[int, int]]:
    return [(a.start, a.end) for a in one.suggestions(one.source.item(position)) or () if isinstance(a, Span)]


def test_a_session_teaches_and_asks_again_about_what_comes() -> None:
    one = session(["Berlin one", "Berlin two", "in Berlin", "Bonn"], suggest.memory())
    one.ask([one.source.item(n) for n in range(4)])
    settled(one)
    one.submit([Span(0, 6, "CITY")])
    settled(one)
    assert spans_of(one, 2) == []
    one.submit([Span(0, 6, "CITY")])
    settled(one)
    one.undo()
    settled(one)
    one.redo()
    settled(one)
    one.goto(0)
    one.submit([Span(0, 6, "CITY")])
    settled(one)
    assert spans_of(one, 2) == [] or spans_of(one, 2) == [(3, 9)]
    one.ask([one.source.item(2)])
    settled(one)
    assert spans_of(one, 2) == [(3, 9)]
    one.close()


def test_answers_of_earlier_sessions_are_learnt_from() -> None:
    store = open_store(":memory:")
    texts = ["Berlin one", "Berlin two", "in Berlin"]
    first = session(texts, lambda text: None, store)
    first.submit([Span(0, 6, "CITY")])
    first.submit([Span(0, 6, "CITY")])
    first.close()
    second = session(texts, suggest.memory(), store)
    second.ask([second.source.item(2)])
    settled(second)
    assert spans_of(second, 2) == [(3, 9)]
    second.close()


def test_what_is_shown_now_does_not_change_and_others_are_not_asked_again() -> None:
    asked: list[str] = []

    def other(text: str) -> None:
        asked.append(text)

    texts = ["Berlin one", "Berlin two", "Berlin three"]
    one = session(texts, [suggest.memory(least=1), other])
    one.ask([one.source.item(n) for n in range(3)])
    settled(one)
    one.submit([Span(0, 6, "CITY")])
    settled(one)
    assert one.index == 1
    assert spans_of(one, 1) == []
    assert spans_of(one, 2) == [(0, 6)]
    assert asked == texts
    one.close()


class Own:
    source = "own-1"

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def suggest(self, items: Sequence[Item]) -> list[list[AnyAnnotation]]:
        return [[] for _ in items]

    def learn(self, answers: Sequence[Labelled]) -> None:
        self.heard += [(one.item.data, one.response.status) for one in answers]
        if len(self.heard) == 1:
            raise ValueError("once")


def test_an_own_suggester_hears_of_submits_and_of_what_becomes_of_them() -> None:
    own = Own()
    assert isinstance(own, suggest.Learner)
    one = session(["a", "b"], own)
    one.draft([Span(0, 1, "CITY")])
    settled(one)
    assert own.heard == []
    one.submit([Span(0, 1, "CITY")])
    settled(one)
    one.undo()
    settled(one)
    assert own.heard == [("a", "submitted"), ("a", "draft")]
    assert one.models.runner is not None
    assert "ValueError: once" in one.models.runner.last_traceback
    one.close()


# ---- models that hang ----------------------------------------------------------------------------


def test_a_model_that_hangs_is_given_up_and_others_go_on() -> None:
    free = threading.Event()
    busy: list[str] = []

    def slow(text: str) -> str:
        busy.append(text)
        if text == "b":
            free.wait(LONG)
        return "good"

    adapter = suggest.of([suggest.limited(slow, 0.1), *voices("bad")], MOOD)
    found = [adapter.run([Item(text, text, text)])[0] for text in "abc"]
    assert [chosen(one) for one in found] == [["good", "bad"], ["bad"], ["bad"]]
    assert [one.error.partition(": ")[2] for one in found] == [
        "",
        "took longer than 0.1 s",
        "is still busy with an earlier item",
    ]
    free.set()
    for thread in threading.enumerate():
        if thread.name == "nblabel-limited":
            thread.join(LONG)
    assert chosen(adapter.run([Item("d", "d", "d")])[0]) == ["good", "bad"]
    assert busy == ["a", "b", "d"]
