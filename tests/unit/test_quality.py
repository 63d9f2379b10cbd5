"""Answers that are likely mistakes, found by real models on real data."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from nblabel import suggest
from nblabel.annotations import AnyAnnotation, Choice, Span
from nblabel.beliefs import Beliefs, Table
from nblabel.errors import MissingExtra, NblabelError, SuggestError
from nblabel.quality import Judged, find_errors, out_of_sample
from nblabel.records import Item, Labelled, Response
from nblabel.schema import Boxes, Choices, Label, Schema, Spans

DIGITS = Choices(tuple(Label(str(n)) for n in range(10)), name="digit")
TAGS = Choices((Label("odd"), Label("large"), Label("never")), multiple=True, name="tags")


def row(n: int, data: Any, *said: AnyAnnotation, **changes: Any) -> Labelled:
    return Labelled(
        Item(n, data, identity=f"i{n}", position=n),
        Response(f"i{n}", "ann", **{"status": "submitted", **changes}, annotations=said),
    )


class Neighbours:
    """Scikit-learn's nearest neighbours of images of digits: of one field or of several tags."""

    source = "neighbours"
    waiting = ""

    def __init__(self) -> None:
        self.rows: list[Labelled] = []
        self.models: dict[str, Any] = {}

    def learn(self, answers: Sequence[Labelled]) -> None:
        self.rows += answers

    def train(self, stop: threading.Event) -> bool:
        said = [[a.label for a in one.response.annotations] for one in self.rows]
        data = [one.item.data for one in self.rows]
        if self.rows[0].response.annotations and self.rows[0].response.annotations[0].field == "digit":
            self.models = {"digit": KNeighborsClassifier(10).fit(data, [labels[0] for labels in said])}
        else:
            self.models = {
                tag: KNeighborsClassifier(10).fit(data, [tag in labels for labels in said]) for tag in ("odd", "large")
            }
        return True

    def beliefs(self, items: Sequence[Item]) -> Beliefs:
        data = [item.data for item in items]
        if "digit" in self.models:
            model = self.models["digit"]
            likely = model.predict_proba(data) * 1.00001  # as models do that round
            return Beliefs(len(items), {"digit": Table(tuple(model.classes_), likely)})
        likely = np.stack([model.predict_proba(data)[:, 1] for model in self.models.values()], axis=1)
        return Beliefs(len(items), {"tags": Table(tuple(self.models), likely, several=True)})

    def suggest(self, items: Sequence[Item]) -> list[list[AnyAnnotation]]:
        return [[] for _ in items]


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    data, labels = load_digits(return_X_y=True)
    return data[:600] / 16, labels[:600]


def test_flipped_labels_of_real_digits_are_found(digits) -> None:
    data, truth = digits
    rng = np.random.default_rng(0)
    flipped = rng.choice(600, 30, replace=False)
    labels = truth.copy()
    labels[flipped] = (labels[flipped] + rng.integers(1, 10, 30)) % 10
    rows = [row(n, data[n], Choice(str(labels[n]), id="c", field="digit")) for n in range(600)]
    rows += [row(600, data[0], Choice("9", id="c", field="digit"), model="m@1"), row(601, data[1], status="draft")]
    frame = find_errors(out_of_sample(Neighbours, rows), DIGITS)
    assert frame.columns.tolist() == ["key", "annotator", "field", "label", "suggested", "quality", "is_issue"]
    assert sorted(frame["key"]) == list(range(600))  # neither a model's own answers nor drafts
    # by chance 5 % of them would be among the first thirty, that is 1.5
    assert np.isin(frame["key"][:30], flipped).sum() >= 22
    issues = frame[frame["is_issue"]]
    assert np.isin(issues["key"], flipped).mean() > 0.7
    found = issues[issues["key"].isin(flipped)]
    assert (found["suggested"].astype(int) == truth[found["key"]]).mean() > 0.8
    assert frame["quality"].is_monotonic_increasing
    assert frame["quality"].between(0, 1).all()


def test_flipped_labels_are_found_where_several_may_be_chosen(digits) -> None:
    data, truth = digits
    has = np.stack((truth % 2 == 1, truth >= 5), axis=1)
    rng = np.random.default_rng(1)
    flipped = {(n, tag) for n, tag in zip(rng.choice(600, 30, replace=False), rng.integers(0, 2, 30), strict=True)}
    for place in flipped:
        has[place] = ~has[place]
    rows = [
        row(
            n,
            data[n],
            *(Choice(tag, id=tag, field="tags") for tag, yes in zip(("odd", "large"), has[n], strict=True) if yes),
        )
        for n in range(600)
    ]
    frame = find_errors(out_of_sample(Neighbours, rows), TAGS)
    first = frame[:30]
    tags = [("odd", "large").index(one.label or one.suggested) for one in first.itertuples()]
    assert sum(place in flipped for place in zip(first["key"], tags, strict=True)) >= 18  # by chance 0.75
    assert all(bool(one.label) == has[one.key, tag] for one, tag in zip(first.itertuples(), tags, strict=True))
    doubtful = frame[frame["quality"] < 0.5]
    assert ((doubtful["label"] == "") != (doubtful["suggested"] == "")).all()
    sure = frame[(frame["quality"] > 0.5) & ~frame["is_issue"]]
    assert (sure["label"] == sure["suggested"]).all()
    assert len(frame) >= has.sum()


def _remembering(schema: Schema):
    return lambda: suggest.of(suggest.memory(), schema)


def test_marks_that_were_forgotten_or_called_something_else_are_found() -> None:
    schema = Schema.of({"spans": Spans(["CITY", "PERSON"])})
    rows = []
    for n in range(40):
        text = f"{n} years ago Ada went to Berlin"
        start = text.index("Ada")
        ada, berlin = Span(start, start + 3, "PERSON", id="a", field="spans"), text.index("Berlin")
        city = Span(berlin, berlin + 6, "PERSON" if n == 7 else "CITY", id="b", field="spans")
        rows.append(row(n, text, *([ada] if n == 3 else [ada, city])))
    frame = find_errors(out_of_sample(_remembering(schema), rows), schema.fields[0])
    assert frame.columns.tolist()[-2:] == ["start", "end"]
    first = frame[:2].sort_values("key")
    assert first["key"].tolist() == [3, 7]
    assert first["label"].tolist() == ["", "PERSON"]
    assert first["suggested"].tolist() == ["CITY", "CITY"]
    assert first["is_issue"].all()
    assert not frame[2:]["is_issue"].any()
    assert len(frame) == 80


def test_each_answer_is_judged_by_a_model_that_never_saw_its_item() -> None:
    seen: list[tuple[set[str], set[str]]] = []

    class Witness(Neighbours):
        def train(self, stop: threading.Event) -> bool:
            return True

        def beliefs(self, items: Sequence[Item]) -> Beliefs:
            seen.append(({one.item.identity for one in self.rows}, {item.identity for item in items}))
            said = np.array([[float(item.key % 2), 1 - item.key % 2] for item in items])
            return Beliefs(len(items), {"digit": Table(("1", "0"), said)})

    rows = [row(n, "", Choice(str(n % 2), id="c", field="digit")) for n in range(23)]
    rows += [
        Labelled(one.item, Response(one.item.identity, "bob", "submitted", one.response.annotations)) for one in rows
    ]
    judged = out_of_sample(Witness, rows, folds=4, seed=3)
    assert all(not taught & asked for taught, asked in seen)
    assert set().union(*(asked for _, asked in seen)) == {f"i{n}" for n in range(23)}
    assert len(seen) == 4
    # what is said stays with its answer
    assert judged.tables["digit"].likely[:, 0].tolist() == [n % 2 for n in range(23)] * 2
    assert find_errors(judged, DIGITS)["quality"].min() > 0.9


def test_what_a_model_cannot_tell_comes_last() -> None:
    likely = np.array([[0.9, 0.1], [np.nan, np.nan], [0.2, 0.8], [0.1, 0.9]])
    rows = tuple(row(n, "", Choice(label, id="c", field="digit")) for n, label in enumerate(["1", "1", "1", "9"]))
    frame = find_errors(Judged(rows, {"digit": Table(("1", "2"), likely)}, ((),) * 4), DIGITS)
    assert frame["key"].tolist() == [2, 0, 1, 3]
    assert frame["quality"].isna().tolist() == [False, False, True, True]
    empty = find_errors(Judged((), {"digit": Table((), np.zeros((0, 0)))}, ()), DIGITS)
    assert empty.drop(columns="key").dtypes.equals(frame.drop(columns="key").dtypes)
    assert pd.api.types.is_bool_dtype(empty["is_issue"])


def test_what_stands_in_the_way_is_said(monkeypatch, digits) -> None:
    rows = [row(n, digits[0][n], Choice(str(digits[1][n]), id="c", field="digit")) for n in range(40)]
    with pytest.raises(SuggestError, match=r"there are 9 answers .* it takes 10"):
        out_of_sample(Neighbours, rows[:9])
    with pytest.raises(NblabelError, match="folds=1"):
        out_of_sample(Neighbours, rows, folds=1)

    class Waiting(Neighbours):
        def train(self, stop: threading.Event) -> bool:
            self.waiting = "it needs 5 answers for each label"
            return False

    with pytest.raises(SuggestError, match="neighbours could not learn from 32 answers: it needs 5 answers"):
        out_of_sample(Waiting, rows)
    stop = threading.Event()
    stop.set()
    with pytest.raises(SuggestError, match="given up"):
        out_of_sample(Neighbours, rows, stop=stop)
    nothing = Judged((), {}, ())
    with pytest.raises(SuggestError, match="nothing of how likely the labels of 'digit'"):
        find_errors(nothing, DIGITS)
    with pytest.raises(NblabelError, match="'cars' cannot be found: only choices, spans and segments"):
        find_errors(nothing, Boxes((Label("car"),), name="cars"))
    likely = np.array([[0.9, 0.1], [0.2, 0.8]])
    two = tuple(row(n, "", Choice(str(n), id="c", field="digit")) for n in range(2))
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(MissingExtra, match=r"finding mistakes among choices .*nblabel\[quality\]"):
        find_errors(Judged(two, {"digit": Table(("0", "1"), likely)}, ((), ())), DIGITS)
