"""Models of scikit-learn, and what has the shape of Hugging Face's pipelines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nblabel import suggest
from nblabel.annotations import Box, Mask, Span
from nblabel.errors import SuggestError
from nblabel.records import Item, Suggestion
from nblabel.schema import Boxes, Choices, Masks, Schema, Spans

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC

TEXTS = ["good good day", "bad bad night", "good fun", "bad luck", "ugly thing", "ugly ugly"]
MOODS = ["good", "bad", "good", "bad", "ugly", "ugly"]
MOOD = Schema.of({"mood": ["good", "bad"]})
ALL = Schema.of({"mood": ["good", "bad", "ugly"]})
TOPICS = Schema.of({"topics": Choices(["sea", "sun"], multiple=True)})


def ask(model: Any, *texts: str, schema: Schema = ALL) -> list[Suggestion]:
    return suggest.of(model, schema).run([Item(n, text, str(n)) for n, text in enumerate(texts)])


def said(found: Suggestion) -> list[tuple[str, float | None]]:
    return [(a.label, a.score) for a in found.annotations]  # type: ignore[union-attr]


# ---- scikit-learn --------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [LogisticRegression(), SGDClassifier(random_state=0), LinearSVC(), RidgeClassifier()])
def test_a_pipeline_over_texts_suggests_its_best_class_with_a_score(last: Any) -> None:
    model = make_pipeline(TfidfVectorizer(), last).fit(TEXTS, MOODS)
    found = ask(model, "good", "bad", "ugly")
    assert [[label for label, _ in said(one)] for one in found] == [["good"], ["bad"], ["ugly"]]
    assert all(1 / 3 < score <= 1 for one in found for _, score in said(one) if score is not None)
    assert all(score is not None for one in found for _, score in said(one))
    assert found[0].annotations[0].source.startswith(f"sklearn:TfidfVectorizer+{type(last).__name__}-1.")


def test_scores_are_the_models_probabilities() -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, MOODS)
    (found,) = ask(model, "good luck")
    assert said(found) == [("good", pytest.approx(model.predict_proba(["good luck"]).max()))]


def test_two_classes_with_a_margin_have_a_score() -> None:
    model = make_pipeline(TfidfVectorizer(), LinearSVC()).fit(TEXTS[:4], MOODS[:4])
    (found,) = ask(model, "good day")
    margin = model.decision_function(["good day"])[0]
    assert said(found) == [("good", pytest.approx(1 / (1 + math.exp(-abs(margin)))))]


def test_features_are_made_of_many_inputs_at_once() -> None:
    vectors = CountVectorizer()
    model = RandomForestClassifier(20, random_state=0).fit(vectors.fit_transform(TEXTS), MOODS)
    found = ask(suggest.classifier(model, features=vectors.transform, name="forest 3"), "good good day", "ugly ugly")
    assert [said(one)[0][0] for one in found] == ["good", "ugly"]
    assert found[0].annotations[0].source == "forest 3"


def test_classes_that_the_schema_does_not_have_are_reported() -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, MOODS)
    adapter = suggest.of(model, MOOD)
    found = adapter.run([Item(0, "ugly ugly", "a"), Item(1, "good good", "b")])
    assert [said(one)[:1] and said(one)[0][0] for one in found] == [[], "good"]
    assert adapter.notes[0].endswith("gives labels that the schema does not have: ugly (1)")


@pytest.mark.parametrize("labels", [{1: "good", 0: "bad"}, ["bad", "good"], {"1": "good", "0": None}])
def test_classes_are_given_names(labels: Any) -> None:
    numbers = [int(mood == "good") for mood in MOODS]
    model = suggest.classifier(
        make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, numbers), labels=labels
    )
    adapter = suggest.of(model, MOOD)
    found = adapter.run([Item(0, "good good", "a"), Item(1, "bad ugly", "b")])
    expected = [] if isinstance(labels, dict) and None in labels.values() else ["bad"]
    assert [[label for label, _ in said(one)] for one in found] == [["good"], expected]
    assert adapter.notes == ()


def test_names_are_found_whatever_their_case() -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, [mood.upper() for mood in MOODS])
    assert [label for label, _ in said(ask(model, "bad")[0])] == ["bad"]


def test_several_labels_at_once() -> None:
    binarizer = MultiLabelBinarizer().fit([["sea", "sun"]])
    rows = binarizer.transform([["sea"], ["sun"], ["sea", "sun"], []])
    texts = ["waves", "beam", "waves beam", "cellar"]
    one_each = OneVsRestClassifier(LogisticRegression(C=100))
    model = make_pipeline(CountVectorizer(), one_each).fit(texts, rows)
    found = ask(suggest.classifier(model, labels=list(binarizer.classes_)), *texts, schema=TOPICS)
    assert [[label for label, _ in said(one)] for one in found] == [["sea"], ["sun"], ["sea", "sun"], []]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (suggest.classifier(LogisticRegression()), "fit the classifier first"),
        (suggest.classifier(make_pipeline(TfidfVectorizer(), LogisticRegression())), "no classes"),
        (LinearRegression().fit([[0], [1]], [0, 1]), "regressors and clusterings do not suggest"),
        (suggest.classifier(DummyClassifier().fit([[0], [1]], ["a", "b"]), labels=["good"]), "1 names for 2 classes"),
        (suggest.classifier(DummyClassifier().fit([[0], [1]], ["a", "b"]), labels={"a": "goood"}), "mean 'good'"),
        (suggest.classifier(DummyClassifier().fit([[0], [1]], ["a", "b"]), field="moood"), "mean 'mood'"),
    ],
)
def test_what_cannot_classify_is_told_at_once(model: Any, words: str) -> None:
    with pytest.raises(SuggestError, match=words):
        suggest.of(model, ALL)


def test_a_classifier_needs_choices() -> None:
    with pytest.raises(SuggestError, match="no field for that"):
        suggest.of(DummyClassifier().fit([[0], [1]], ["a", "b"]), Schema.of({"spans": Spans(["A"])}))


def test_a_model_that_gives_no_numbers_is_told() -> None:
    class Broken(DummyClassifier):  # type: ignore[misc]
        def predict_proba(self, rows: Any) -> Any:
            return np.full((len(rows), 3), np.nan)

    (found,) = ask(Broken().fit(TEXTS, MOODS), "good")
    assert found.annotations == ()
    assert "score is nan" in found.error


def test_images_are_classified_by_cheap_features() -> None:
    rng = np.random.default_rng(0)
    dark = [rng.integers(0, 60, (30, 40, 3), dtype=np.uint8) for _ in range(6)]
    light = [rng.integers(180, 255, (50, 20, 3), dtype=np.uint8) for _ in range(6)]
    model = LogisticRegression().fit(suggest.image_features([*dark, *light]), ["bad"] * 6 + ["good"] * 6)
    adapter = suggest.of(model, MOOD, view=lambda item: item.data)
    found = adapter.run([Item(0, light[0], "a"), Item(1, dark[0], "b")])
    assert [said(one)[0][0] for one in found] == ["good", "bad"]
    other = LogisticRegression().fit([[0.0], [1.0]], ["good", "bad"])
    with pytest.raises(SuggestError, match="trained on 1 features"):
        suggest.of(other, MOOD, view=lambda item: item.data)
    mean = suggest.classifier(other, features=lambda images: [[image.mean() / 255] for image in images])
    (found,) = suggest.of(mean, MOOD, view=lambda item: item.data).run([Item(0, dark[0], "a")])
    assert said(found)[0][0] == "good"


def test_an_adapter_of_a_classifier_serves_another_schema() -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, MOODS)
    adapter = suggest.of(model, MOOD)
    assert said(suggest.of(adapter, ALL).run([Item(0, "ugly ugly", "a")])[0])[0][0] == "ugly"


# ---- Hugging Face --------------------------------------------------------------------------------


class Config:
    _commit_hash = "0123456789abcdef"


class Model:
    name_or_path = "org/model"
    config = Config()


class Pipeline:
    """What a pipeline of transformers answers for each input, as its documentation shows it."""

    def __init__(self, task: str, answer: Any) -> None:
        self.task = task
        self.model = Model()
        self.answer = answer
        self.options: list[dict[str, Any]] = []
        self.inputs: list[Any] = []

    def __call__(self, inputs: Any, **options: Any) -> Any:
        self.options.append(options)
        self.inputs += inputs
        return [self.answer(one, **options) if callable(self.answer) else self.answer for one in inputs]


NAMES = Schema.of({"spans": Spans(["PER", "LOC"])})
WOLFGANG = "Wolfgang lives in Berlin."


def token(entity: str, score: float, index: int, word: str, start: int, end: int) -> dict[str, Any]:
    score = np.float32(score)
    return {"entity": entity, "score": score, "index": index, "word": word, "start": start, "end": end}


def test_aggregated_tokens_are_spans() -> None:
    rows = [
        {"entity_group": "PER", "score": np.float32(0.75), "word": "Wolfgang", "start": 0, "end": 8},
        {"entity_group": "LOC", "score": np.float32(0.5), "word": " Berlin", "start": 17, "end": 24},
        {"entity_group": "MISC", "score": np.float32(0.5), "word": "lives", "start": 9, "end": 14},
    ]
    adapter = suggest.of(Pipeline("ner", rows), NAMES)
    (found,) = adapter.run([Item("k", WOLFGANG, "id")])
    assert found.error == ""
    assert [(a.start, a.end, a.label, a.score) for a in found.annotations if isinstance(a, Span)] == [
        (0, 8, "PER", 0.75),
        (18, 24, "LOC", 0.5),
    ]
    assert adapter.source == "hf:org/model-01234567"
    assert adapter.notes[0].endswith("MISC (1)")


def test_bare_tokens_are_put_together() -> None:
    rows = [
        token("B-PER", 1.0, 1, "Wolf", 0, 4),
        token("I-PER", 0.5, 2, "##gang", 4, 8),
        token("I-LOC", 0.5, 5, "Ber", 18, 21),
        token("B-LOC", 0.75, 6, "##lin", 21, 24),
        token("B-LOC", 0.25, 7, ".", 24, 25),
    ]
    (found,) = ask(Pipeline("token-classification", rows), WOLFGANG, schema=NAMES)
    assert [(a.start, a.end, a.label, a.score) for a in found.annotations if isinstance(a, Span)] == [
        (0, 8, "PER", 0.75),
        (18, 24, "LOC", 0.625),
        (24, 25, "LOC", 0.25),
    ]


def test_tokens_without_a_place_are_told() -> None:
    row = {"entity": "I-PER", "score": 0.5, "index": 1, "word": "Wolfgang", "start": None, "end": None}
    (found,) = ask(Pipeline("ner", [row]), WOLFGANG, schema=NAMES)
    assert "must be a fast one" in found.error


@pytest.mark.parametrize(
    "answer",
    [
        {"label": "POSITIVE", "score": 0.75},
        [{"label": "POSITIVE", "score": 0.75}, {"label": "NEGATIVE", "score": 0.25}],
        [[{"label": "POSITIVE", "score": 0.75}, {"label": "NEGATIVE", "score": 0.25}]],
    ],
)
def test_classes_of_texts_are_choices(answer: Any) -> None:
    schema = Schema.of({"mood": ["positive", "negative"]})
    found = ask(Pipeline("sentiment-analysis", answer), "a", "b", schema=schema)
    assert [said(one) for one in found] == [[("positive", 0.75)]] * 2


def test_classes_are_renamed_and_unknown_ones_reported() -> None:
    pipe = Pipeline("text-classification", {"label": "LABEL_1", "score": 0.75})
    adapter = suggest.of(pipe, MOOD)
    assert said(adapter.run([Item(0, "a", "a")])[0]) == []
    assert "LABEL_1 (1)" in adapter.notes[0]
    named = suggest.hugging_face(pipe, labels={"LABEL_1": "good", "LABEL_0": None})
    assert said(ask(named, "a", schema=MOOD)[0]) == [("good", 0.75)]


def test_zero_shot_is_asked_with_the_labels_of_each_field() -> None:
    def answer(text: str, candidate_labels: list[str], multi_label: bool) -> dict[str, Any]:
        return {"sequence": text, "labels": candidate_labels, "scores": [0.75, 0.625] if multi_label else [0.75, 0.25]}

    pipe = Pipeline("zero-shot-classification", answer)
    schema = Schema.of({"mood": ["good", "bad"], "topics": Choices(["sea", "sun"], multiple=True)})
    (found,) = ask(pipe, "a", schema=schema)
    assert said(found) == [("good", 0.75), ("sea", 0.75), ("sun", 0.625)]
    assert pipe.options == [
        {"candidate_labels": ["good", "bad"], "multi_label": False},
        {"candidate_labels": ["sea", "sun"], "multi_label": True},
    ]


IMAGE = np.zeros((20, 30, 3), np.uint8)


def of_image(pipe: Any, schema: Schema) -> Suggestion:
    adapter = suggest.of(pipe, schema, view=lambda item: IMAGE)
    (found,) = adapter.run([Item("k", "a.png", "id", size=(30, 20))])
    return found


def test_detections_are_boxes() -> None:
    pytest.importorskip("PIL", reason="pillow is not installed")
    rows = [{"score": 0.75, "label": "cat", "box": {"xmin": 1, "ymin": 2, "xmax": 11, "ymax": 22}}]
    pipe = Pipeline("object-detection", rows)
    found = of_image(pipe, Schema.of({"boxes": Boxes(["cat", "dog"])}))
    assert [(a.x, a.y, a.width, a.height, a.label, a.score) for a in found.annotations if isinstance(a, Box)] == [
        (1, 2, 10, 18, "cat", 0.75)
    ]
    assert type(pipe.inputs[0]).__module__ == "PIL.Image"
    found = of_image(
        Pipeline("zero-shot-object-detection", lambda image, candidate_labels: rows),
        Schema.of({"boxes": Boxes(["cat"])}),
    )
    assert len(found.annotations) == 1


def test_images_get_classes_and_masks() -> None:
    pytest.importorskip("PIL", reason="pillow is not installed")
    rows = [{"label": "good", "score": 0.75}, {"label": "bad", "score": 0.25}]
    assert said(of_image(Pipeline("image-classification", rows), MOOD)) == [("good", 0.75)]
    zero = Pipeline("zero-shot-image-classification", lambda image, candidate_labels: rows)
    assert said(of_image(zero, MOOD)) == [("good", 0.75)]
    mask = np.zeros((20, 30), np.uint8)
    mask[2:5, 3:7] = 255
    found = of_image(
        Pipeline("image-segmentation", [{"label": "cat", "score": None, "mask": mask}]),
        Schema.of({"m": Masks(["cat"])}),
    )
    assert found.error == ""
    assert [sum(a.counts[1::2]) for a in found.annotations if isinstance(a, Mask)] == [12]


@pytest.mark.parametrize(
    ("pipe", "schema", "words"),
    [
        (Pipeline("summarization", None), MOOD, "not known here"),
        (Pipeline("ner", None), MOOD, "answers Spans"),
        (Pipeline("object-detection", None), MOOD, "does not suggest for these items"),
    ],
)
def test_pipelines_that_do_not_fit_are_told(pipe: Any, schema: Schema, words: str) -> None:
    with pytest.raises(SuggestError, match=words):
        suggest.of(pipe, schema)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"label": "good", "score": math.nan}, "score is nan"),
        ({"label": "good", "score": 7}, "outside"),
        ({"lable": "good"}, "KeyError"),
        (3, "TypeError"),
    ],
)
def test_nonsense_is_told(answer: Any, words: str) -> None:
    (found,) = ask(Pipeline("text-classification", answer), "a", schema=MOOD)
    assert found.annotations == ()
    assert words in found.error
