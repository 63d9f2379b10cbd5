"""What is held out, how models are measured, and their learning curves: against scikit-learn and by hand."""

from __future__ import annotations

import math
import random
import threading
from collections import Counter
from typing import Any

import msgspec
import pytest

from nblabel.annotations import AnyAnnotation, Box, Choice, Segment, Span, Text
from nblabel.errors import SuggestError
from nblabel.records import Item, Labelled, Response
from nblabel.schema import Boxes, Choices, Schema, Segments, Spans
from nblabel.suggest import memory, of
from nblabel.suggest.teaching import Point, curve, evaluate, held_out

LABELS = ["good", "bad", "so so"]
MOOD = Schema.of({"mood": LABELS})


def row(name: str, *answers: AnyAnnotation, status: Any = "submitted", **item: Any) -> Labelled:
    data = item.pop("data", f"a text named {name}")
    return Labelled(Item(name, data, name, **item), Response(name, "me", status, answers))


def saying(suggestions: dict[str, Any], schema: Schema) -> Any:
    """A model that says of each item what is written here."""

    class Model:
        source = "model"

        def suggest(self, items: Any) -> Any:
            return [suggestions.get(item.identity, []) for item in items]

    return of(Model(), schema)


# ---- held out --------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_the_share_that_is_held_out_is_kept(share: float) -> None:
    names = [f"item {n}" for n in range(10_000)]
    held = {name for name in names if held_out(name, "reviews", share)}
    spread = math.sqrt(share * (1 - share) / len(names))
    assert abs(len(held) / len(names) - share) < 4 * spread
    assert {name for name in reversed(names) if held_out(name, "reviews", share)} == held
    other = {name for name in names if held_out(name, "letters", share)}
    assert abs(len(held & other) / len(names) - share**2) < 4 * spread  # as if thrown anew
    assert held <= {name for name in names if held_out(name, "reviews", share + 0.1)}


def test_nothing_and_everything_can_be_held_out() -> None:
    assert not any(held_out(str(n), "x", 0) for n in range(1000))
    assert all(held_out(str(n), "x", 1) for n in range(1000))
    assert held_out("\ud800", "x", 1)


# ---- measures --------------------------------------------------------------------------------------


def test_single_choices_are_measured_as_scikit_learn_does() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = random.Random(3)
    truth = [rng.choice(LABELS) for _ in range(200)]
    said = [rng.choice([label, *LABELS[:2]]) for label in truth]
    rows = [row(str(n), Choice(label, field="mood")) for n, label in enumerate(truth)]
    found = evaluate(saying({str(n): [(label, 0.5)] for n, label in enumerate(said)}, MOOD), rows, MOOD)
    assert (found.answers, found.metric) == (200, "accuracy")
    assert found.score == pytest.approx(metrics.accuracy_score(truth, said))
    assert found.by_field["mood"] == {
        "accuracy": found.score,
        "macro F1": pytest.approx(metrics.f1_score(truth, said, average="macro")),
    }
    assert Counter(found.pairs) == Counter((0.5, a == b) for a, b in zip(truth, said, strict=True))


def test_several_choices_are_measured_as_scikit_learn_does() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    schema = Schema.of({"topics": Choices(LABELS, multiple=True)})
    rng = random.Random(4)
    truth = [[int(rng.random() < 0.5) for _ in LABELS] for _ in range(100)]
    said = [[int(rng.random() < 0.2 + 0.6 * on) for on in of_item] for of_item in truth]
    rows = [
        row(str(n), *(Choice(label, field="topics") for label, on in zip(LABELS, of_item, strict=True) if on))
        for n, of_item in enumerate(truth)
    ]
    answers = {str(n): [label for label, on in zip(LABELS, one, strict=True) if on] for n, one in enumerate(said)}
    found = evaluate(saying(answers, schema), rows, schema)
    assert (found.metric, found.pairs) == ("F1", ())
    assert found.score == pytest.approx(metrics.f1_score(truth, said, average="micro"))


def test_failures_and_silence_count_as_wrong_and_open_questions_do_not_count() -> None:
    rows = [
        row("a", Choice("good", field="mood")),
        row("b", Choice("good", field="mood")),
        row("c", Choice("good", field="mood")),
        row("d"),
        row("e", Choice("good", field="mood"), status="draft"),
        row("f", Choice("good", field="mood"), problem="cannot be read"),
    ]
    found = evaluate(saying({"a": ["good"], "c": ["nonsense"], "d": ["bad"]}, MOOD), rows, MOOD)
    assert (found.answers, found.score) == (4, pytest.approx(1 / 3))
    assert evaluate(saying({}, MOOD), rows[3:], MOOD).score is None
    assert evaluate(saying({}, MOOD), [], MOOD) == evaluate(saying({}, MOOD), rows[4:], MOOD)


def test_spans_must_be_the_same() -> None:
    schema = Schema.of({"spans": Spans(["CITY", "ORG"])})
    rows = [
        row("a", Span(0, 1, "CITY", field="spans"), Span(2, 6, "ORG", field="spans")),
        row("b"),
    ]
    said = {"a": [(0, 1, "CITY", 0.9), (2, 5, "ORG", 0.8), (7, 9, "ORG", 0.7)], "b": [(0, 1, "ORG", 0.6)]}
    found = evaluate(saying(said, schema), rows, schema)
    assert (found.score, found.metric) == (2 * 1 / (2 + 4), "F1")
    assert found.pairs == ((0.9, True), (0.8, False), (0.7, False), (0.6, False))


def test_boxes_and_segments_must_overlap_by_half() -> None:
    boxes = Schema.of({"boxes": Boxes(["cat", "dog"])})
    rows = [
        row("a", Box(0, 0, 10, 10, "cat", field="boxes"), Box(50, 50, 10, 10, "cat", field="boxes"), size=(100, 100)),
        row("b", Box(0, 0, 10, 10, "dog", field="boxes"), size=(100, 100)),
    ]
    said = {
        "a": [(0, 0, 10, 5.1, "cat", 0.9), (0, 0, 10, 10, "cat", 0.8), (50, 50, 4.9, 10, "cat", 0.7)],
        "b": [(0, 0, 10, 10, "cat", 0.6)],
    }
    found = evaluate(saying(said, boxes), rows, boxes)
    # the surest takes the first, so that the same place is not counted twice
    assert (found.score, found.metric) == (2 * 1 / (3 + 4), "F1")
    assert found.pairs == ((0.9, True), (0.8, False), (0.7, False), (0.6, False))
    turned = [row("a", Box(0, 0, 10, 10, "cat", rotation=30, field="boxes"), size=(100, 100))]
    assert evaluate(saying(said, boxes), turned, boxes).score is None
    speech = Schema.of({"parts": Segments(["speech"])})
    rows = [row("a", Segment(1.0, 3.0, "speech", field="parts"), duration=10.0)]
    heard = {"a": [Segment(1.5, 3.0, "speech", field="parts"), Segment(5.0, 6.0, "speech", field="parts")]}
    assert evaluate(saying(heard, speech), rows, speech).score == pytest.approx(2 / 3)


def test_several_fields_are_averaged_and_texts_left_out() -> None:
    schema = Schema.of({"mood": LABELS, "spans": Spans(["CITY"]), "note": "text"})
    rows = [row("a", Choice("good", field="mood"), Span(0, 1, "CITY", field="spans"), Text("x", field="note"))]
    found = evaluate(saying({"a": ["good"]}, schema), rows, schema)
    assert found.by_field == {"mood": {"accuracy": 1.0, "macro F1": 1.0}, "spans": {"F1": 0.0}}
    assert (found.score, found.metric) == (0.5, "mean of accuracy and F1")


# ---- curves ----------------------------------------------------------------------------------------


class Usual:
    """Says what most answers said, once it was trained."""

    source = "usual"

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.says = ""

    def suggest(self, items: Any) -> Any:
        return [[self.says] if self.says else [] for _ in items]

    def learn(self, answers: Any) -> None:
        self.seen += [a.label for one in answers for a in one.response.annotations]

    def train(self, stop: threading.Event) -> bool:
        self.says = Counter(self.seen).most_common(1)[0][0]
        return True

    def fresh(self) -> Usual:
        return Usual()


def test_a_curve_trains_anew_on_more_and_more() -> None:
    model = Usual()
    rows = [row(str(n), Choice("bad" if n < 3 else "good", field="mood")) for n in range(10)]
    held = [row(f"held {n}", Choice("good" if n else "bad", field="mood")) for n in range(4)]
    points = curve(of(model, MOOD), rows, held, [2, 8, 8, 50, 0], order="given")
    assert [(one.labels, one.score, one.held_out, one.arm) for one in points] == [
        (2, 0.25, 4, "model"),
        (8, 0.75, 4, "model"),
        (10, 0.75, 4, "model"),
    ]
    assert {(one.metric, one.source, one.version) for one in points} == {("accuracy", "usual@1", "1")}
    assert (model.seen, model.says) == ([], "")  # it stays as it is
    mixed = curve(of(model, MOOD), rows, held, [1], seed=1)
    random.Random(1).shuffle(order := list(range(10)))
    assert [(one.score, one.arm) for one in mixed] == [(0.25 if order[0] < 3 else 0.75, "random")]
    stop = threading.Event()
    stop.set()
    assert curve(of(model, MOOD), rows, held, [1], stop=stop) == []


def test_what_learns_at_once_has_a_curve_too_and_what_does_not_learn_has_none() -> None:
    schema = Schema.of({"spans": Spans(["CITY"])})
    rows = [row(str(n), Span(0, 4, "CITY", field="spans"), data=f"Bonn {n}") for n in range(3)]
    points = curve(of(memory(least=2), schema), rows, rows, [1, 2], order="given")
    assert [one.score for one in points] == [0.0, 1.0]
    with pytest.raises(SuggestError, match="cannot be trained from nothing"):
        curve(of(lambda text: "good", MOOD), rows, rows, [1])


def test_points_can_be_stored() -> None:
    point = Point(10, 5, 0.5, "accuracy", "m@1", "1", 1.0, 2.0, arm="random")
    assert msgspec.convert(msgspec.to_builtins(point), Point) == point
