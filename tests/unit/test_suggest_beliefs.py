"""How sure models are of what they suggest, and which of their versions said so."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest

from nblabel import suggest
from nblabel.annotations import Choice, Span
from nblabel.errors import SuggestError
from nblabel.records import Item, Labelled, Response
from nblabel.schema import Choices, Schema, Spans

ALL = Schema.of({"mood": ["good", "bad", "ugly"]})
BOTH = Schema.of({"mood": ["good", "bad"], "topics": Choices(["sea", "sun"], multiple=True), "spans": Spans(["CITY"])})
TEXTS = ["good good day", "bad bad night", "good fun", "bad luck", "ugly thing", "ugly ugly"]
MOODS = ["good", "bad", "good", "bad", "ugly", "ugly"]


def believed(model: Any, *texts: str, schema: Schema = ALL) -> Any:
    return suggest.of(model, schema).beliefs([Item(n, text, str(n)) for n, text in enumerate(texts)])


def table(model: Any, *texts: str, schema: Schema = ALL, field: str = "mood") -> Any:
    return believed(model, *texts, schema=schema).tables[field].likely


# ---- what functions and suggesters say -------------------------------------------------------------


def test_scores_make_a_table_and_the_other_labels_share_what_is_left() -> None:
    answers = {"a": ("good", 0.75), "b": [("bad", 0.25), ("good", 0.5)], "d": []}
    found = believed(lambda text: answers[text], *"abcd")  # c fails
    assert found.count == 4
    assert found.tables["mood"].labels == ("good", "bad", "ugly")
    assert np.allclose(
        found.tables["mood"].likely,
        [[0.75, 0.125, 0.125], [0.5, 0.25, 0.25], [np.nan] * 3, [np.nan] * 3],
        equal_nan=True,
    )
    assert found.marks[0] == {("mood", "good", ())}
    assert found.marks[2] == frozenset()
    assert (found.parts, found.scores, found.members) == (None, None, ())


def test_what_has_no_score_has_no_table() -> None:
    found = believed(lambda text: "good", "a", "b")
    assert found.tables == {}
    assert found.marks == (frozenset({("mood", "good", ())}),) * 2
    failed = believed(lambda text: 1 / 0, "a")  # it could not say, this time
    assert np.isnan(failed.tables["mood"].likely).all()


def test_several_labels_are_questions_of_their_own() -> None:
    found = believed(lambda text: {"topics": [("sea", 0.9)]}, "a", schema=BOTH)
    assert found.tables["topics"].several
    assert np.allclose(found.tables["topics"].likely, [[0.9, np.nan]], equal_nan=True)
    assert "mood" not in found.tables


def test_parts_are_the_scores_of_what_is_marked() -> None:
    answers = {"abc": [(0, 1, "CITY", 0.5), (1, 2, "CITY", 0.75)], "def": [], "ghi": [(0, 1, "CITY")]}
    found = believed(lambda text: answers[text], *answers, schema=BOTH)
    assert [part.tolist() for part in found.parts] == [[0.5, 0.75], [], []]
    assert found.marks[2] == {("spans", "CITY", (0, 1))}
    assert believed(lambda text: (0, 1, "CITY"), "abc", schema=BOTH).parts is None


class Own:
    """Tells how much there is to learn."""

    source = "own"

    def __init__(self, scores: Any) -> None:
        self._scores = scores

    def suggest(self, items: Any) -> Any:
        return [[] for _ in items]

    def scores(self, items: Any) -> Any:
        return self._scores


def test_a_suggesters_own_scores_are_asked_for() -> None:
    assert np.allclose(believed(Own([1, 2.5]), "a", "b").scores, [1, 2.5])
    odd = believed(Own(iter([-3, math.inf, math.nan, np.float32(1)])), *"abcd").scores
    assert np.allclose(odd, [-3, np.nan, np.nan, 1], equal_nan=True)
    for wrong, words in [([1], "gave 1 numbers for 2 items"), (["x", 1], "no numbers"), (None, "no numbers")]:
        with pytest.raises(SuggestError, match=words):
            believed(Own(wrong), "a", "b")
    again = suggest.of(suggest.of(Own([3]), ALL), BOTH)  # bound to other questions
    assert again.beliefs([Item(0, "a", "a")]).scores == [3]


# ---- libraries ---------------------------------------------------------------------------------------


def test_classifiers_have_whole_tables() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, MOODS)
    order = [list(model.classes_).index(label) for label in ("good", "bad", "ugly")]
    expected = model.predict_proba(["good luck", "ugly"])[:, order]
    assert np.allclose(table(model, "good luck", "ugly"), expected)
    # a class that the schema does not have: the others make up the whole
    two = Schema.of({"mood": ["good", "bad"]})
    assert np.allclose(table(model, "good luck", schema=two), expected[:1, :2] / expected[0, :2].sum())
    # classes that share a label
    shared = suggest.classifier(model, labels={"good": "good", "bad": "bad", "ugly": "bad"})
    assert np.allclose(table(shared, "good luck", schema=two), [[expected[0, 0], expected[0, 1:].sum()]])
    rows = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    texts = ["waves", "beam", "waves beam", "cellar"]
    many = make_pipeline(CountVectorizer(), OneVsRestClassifier(LogisticRegression())).fit(texts, rows)
    found = believed(suggest.classifier(many, labels=["sea", "sun"]), *texts, schema=BOTH).tables["topics"]
    assert found.several
    assert np.allclose(found.likely, many.predict_proba(texts))


def test_a_classifier_that_is_fitted_anew_is_another_version() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, MOODS)
    adapter = suggest.of(model, ALL)
    first = adapter.suggest([Item(0, "good", "a")])[0][0].source
    assert first.endswith(f"@{adapter.version}")
    assert adapter.suggest([Item(0, "good", "a")])[0][0].source == first
    same = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, MOODS)
    assert suggest.of(same, ALL).source == first
    several = suggest.of([model, suggest.memory()], Schema.of({"mood": ["good", "bad", "ugly"], "spans": Spans(["A"])}))
    assert several.suggest([Item(0, "good", "a")])[0][0].source == first
    model.fit(TEXTS, MOODS[::-1])
    assert adapter.suggest([Item(0, "good", "a")])[0][0].source != first
    assert several.suggest([Item(1, "good", "b")])[0][0].source == adapter.source  # remembers nothing of before
    assert several.suggest([Item(0, "good", "a")])[0][0].source == adapter.source
    assert several.version == adapter.version


def test_spacy_categories_and_span_groups() -> None:
    spacy = pytest.importorskip("spacy", reason="spaCy is not installed")
    from spacy.language import Language
    from spacy.tokens import SpanGroup

    @Language.component("nblabel_test_beliefs")
    def component(doc: Any) -> Any:
        doc.cats = {"good": 0.25, "bad": 0.75, "topics:sea": 0.25, "topics:sun": 0.5}
        doc.spans["spans"] = SpanGroup(doc, spans=[spacy.tokens.Span(doc, 0, 1, "CITY")])
        doc.spans["spans"].attrs["scores"] = np.array([0.5], np.float32)
        doc.ents = [spacy.tokens.Span(doc, 1, 2, "CITY")]
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("nblabel_test_beliefs")
    found = believed(nlp, "Bonn Rome", "Oslo Bern", schema=BOTH)
    assert np.allclose(found.tables["mood"].likely, [[0.25, 0.75]] * 2)
    assert np.allclose(found.tables["topics"].likely, [[0.25, 0.5]] * 2)
    assert [part.tolist() for part in found.parts] == [[0.5], [0.5]]  # entities have no score
    assert found.marks[0] >= {("spans", "CITY", (0, 4)), ("spans", "CITY", (5, 9)), ("mood", "bad", ())}


def test_hugging_face_scores_all_that_it_gives() -> None:
    class Pipeline:
        task, model = "text-classification", None

        def __call__(self, texts: Any) -> Any:
            return [[{"label": "bad", "score": 0.25}, {"label": "GOOD", "score": 0.625}] for _ in texts]

    assert np.allclose(table(Pipeline(), "a"), [[0.625, 0.25, 0.125]])

    class ZeroShot(Pipeline):
        task = "zero-shot-classification"

        def __call__(self, texts: Any, candidate_labels: Any, multi_label: bool) -> Any:
            scores = [0.75 if multi_label else 1 / len(candidate_labels)] * len(candidate_labels)
            return [{"labels": candidate_labels, "scores": scores} for _ in texts]

    found = believed(ZeroShot(), "a", schema=BOTH)
    assert np.allclose(found.tables["mood"].likely, [[0.5, 0.5]])
    assert np.allclose(found.tables["topics"].likely, [[0.75, 0.75]])


# ---- several -------------------------------------------------------------------------------------------


def test_a_committee_believes_the_mean_of_those_that_could_say() -> None:
    def one(text: str) -> Any:
        return ("good", 0.9)

    def two(text: str) -> Any:
        return ("bad", 1 / (text != "b"))  # fails on b

    model = suggest.committee([one, two, lambda text: "ugly"], weights=[3, 1, 5])
    found = believed(model, "a", "b")
    assert [len(member.tables) for member in found.members] == [1, 1, 0]
    assert np.allclose(found.tables["mood"].likely, [[0.675, 0.2875, 0.0375], [0.9, 0.05, 0.05]])
    assert found.marks[0] == {("mood", label, ()) for label in ("good", "bad", "ugly")}
    plain = believed([one, two], "a")
    assert np.allclose(plain.tables["mood"].likely, [[0.45, 0.525, 0.025]])
    assert len(plain.members) == 2


def test_a_memory_is_as_sure_as_people_agree_and_can_be_begun_anew() -> None:
    schema = Schema.of({"spans": Spans(["CITY"])})
    adapter = suggest.of(suggest.memory(least=1), schema)
    said = Response("a", "me", "submitted", (Span(0, 4, "CITY", field="spans"),))
    adapter.learn([Labelled(Item(0, "Bonn", "a"), said)])
    adapter.learn(
        [Labelled(Item(1, "Bonn", "b"), said), Labelled(Item(2, "Bonn", "c"), Response("c", "me", "submitted"))]
    )
    found = adapter.beliefs([Item(3, "Bonn", "d")])
    assert found.parts is not None
    assert np.allclose(found.parts[0], [2 / 3])
    empty = adapter.fresh()
    assert empty is not None
    assert empty.suggest([Item(3, "Bonn", "d")]) == [[]]
    assert len(adapter.suggest([Item(3, "Bonn", "d")])[0]) == 1


def test_patterns_are_told_by_what_they_are() -> None:
    schema = Schema.of({"spans": Spans(["CITY"])})
    makes: list[Any] = [
        lambda: suggest.patterns(phrases={"CITY": ["Bonn"]}),
        lambda: suggest.patterns(phrases={"CITY": ["Rome"]}),
        lambda: suggest.patterns(phrases={"CITY": ["Bonn"]}, ignore_case=True),
        lambda: suggest.patterns(regex={"CITY": "Bonn"}),
        lambda: suggest.patterns([{"label": "CITY", "pattern": "Bonn"}]),
    ]
    sources = [suggest.of(make(), schema).source for make in makes]
    assert len(set(sources)) == len(makes)
    assert sources == [suggest.of(make(), schema).source for make in makes]
    assert suggest.of(suggest.patterns(phrases={"CITY": ["Bonn"]}, name="towns"), schema).source == "towns"


def test_expressions_without_processes_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> Any:
        raise OSError(138, "emscripten does not support processes.")

    adapter = suggest.of(suggest.patterns(regex={"CITY": "Bonn"}), Schema.of({"spans": Spans(["CITY"])}))
    monkeypatch.setattr("subprocess.Popen", refuse)
    (found,) = adapter.run([Item("k", "Bonn", "a")])
    assert "item 'k': regular expressions need a process of their own" in found.error
    assert "phrases= and patterns of tokens need none" in found.error


# ---- a time limit around all of it ---------------------------------------------------------------------


class Pupil(Own):
    """Trains, and counts its versions."""

    learn_every = 3

    def __init__(self) -> None:
        super().__init__([1.0])
        self.learnt = 0

    def suggest(self, items: Any) -> Any:
        return [[Choice("good", field="mood", score=0.5)] for _ in items]

    def learn(self, answers: Any) -> None:
        self.learnt += len(answers)

    def train(self, stop: threading.Event) -> bool:
        return self.learnt > 0

    def fresh(self) -> Pupil:
        return Pupil()


def test_a_limited_model_learns_trains_and_believes() -> None:
    adapter = suggest.of(suggest.limited(Pupil(), 30), ALL)
    assert (adapter.learns, adapter.trains, adapter.at_once, adapter.learn_every) == (True, True, False, 3)
    here = [Item(0, "a", "a")]
    assert not adapter.train(threading.Event())
    assert (adapter.version, adapter.suggest(here)[0][0].source) == ("", "own")
    adapter.learn([Labelled(here[0], Response("a", "me", "submitted"))])
    assert adapter.train(threading.Event())
    assert (adapter.version, adapter.suggest(here)[0][0].source) == ("1", "own@1")
    found = adapter.beliefs(here)
    assert found.scores == [1.0]
    assert np.allclose(found.tables["mood"].likely, [[0.5, 0.25, 0.25]])
    fresh = adapter.fresh()
    assert fresh is not None
    assert (fresh.version, fresh.trains) == ("", True)


def test_a_limited_model_that_is_late_believes_nothing() -> None:
    free = threading.Event()
    adapter = suggest.of(suggest.limited(lambda text: ("good", 0.5) if free.wait(30) else None, 0.05), ALL)
    try:
        late = adapter.beliefs([Item(0, "a", "a")])
        assert np.isnan(late.tables["mood"].likely).all()
        assert late.marks == (frozenset(),)
    finally:
        free.set()


def test_a_model_that_was_never_trained_does_not_vote() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    voices = [lambda text: ("good", 0.9), linear_model.LogisticRegression()]
    mood = suggest.of(suggest.committee(voices), Schema.of({"mood": ["good", "bad"]}))
    found = [a for a in mood.suggest([Item(0, "Hm", "a")])[0] if isinstance(a, Choice)]
    assert [(a.label, a.score) for a in found] == [("good", 0.9)]
