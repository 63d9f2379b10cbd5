"""Models that are trained on the answers so far: classifiers of texts, images and recordings."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nblabel import suggest
from nblabel.annotations import Choice
from nblabel.errors import SuggestError
from nblabel.media.sound import Sound
from nblabel.records import Item, Labelled, Response
from nblabel.schema import Choices, Schema, Spans
from nblabel.suggest.features import plain, sound_features, text_features
from nblabel.suggest.learners import image_classifier, sound_classifier, text_classifier, trainable

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

MOOD = Schema.of({"mood": ["good", "bad", "so so"]})
GO = threading.Event()
GOOD = ["a lovely, warm day", "what a great film", "great fun and lovely people", "warm and great"]
BAD = ["a horrible, cold day", "what a boring film", "boring and horrible people", "cold and boring"]


def said(n: Any, data: Any, *labels: str, field: str = "mood", status: Any = "submitted") -> Labelled:
    marked = tuple(Choice(label, field=field, id=f"{n}{label}") for label in labels)
    return Labelled(Item(n, data, str(n)), Response(str(n), "me", status, marked))


def moods() -> list[Labelled]:
    rows = [said(f"g{n}", text, "good") for n, text in enumerate(GOOD)]
    return rows + [said(f"b{n}", text, "bad") for n, text in enumerate(BAD)]


def labels(model: Any, *data: Any) -> list[list[str]]:
    return [[a.label for a in one] for one in model.suggest([Item(n, d, f"t{n}") for n, d in enumerate(data)])]


# ---- learning from texts -------------------------------------------------------------------------


def test_a_text_classifier_waits_for_two_labels_and_then_suggests_by_version() -> None:
    model = suggest.of(text_classifier(), MOOD)
    assert (model.trains, model.version, model.source, model.learn_every) == (True, "", "text_classifier", 10)
    assert labels(model, "great") == [[]]
    assert model.waiting == "needs answers with 2 labels, has 0"
    model.learn(moods()[:4])
    assert not model.train(GO)
    assert model.waiting == "needs answers with 2 labels, has 1"
    model.learn(moods()[4:])
    assert model.train(GO)
    assert (model.version, model.source, model.waiting) == ("1", "text_classifier@1", "")
    assert labels(model, "lovely", "horrible and cold") == [["good"], ["bad"]]
    assert not model.train(GO)  # nothing new
    assert model.version == "1"
    model.learn([said("g9", "lovely lovely", "good")])
    assert model.train(GO)
    assert {a.source for a in model.suggest([Item(0, "warm", "w")])[0]} == {"text_classifier@2"}


def test_beliefs_are_the_probabilities_of_all_labels_and_agree_with_what_is_suggested() -> None:
    model = suggest.of(text_classifier(), MOOD)
    items = [Item(n, text, f"t{n}") for n, text in enumerate(["great", "boring", "😀", ""])]
    assert model.beliefs(items).tables == {}
    model.learn(moods())
    model.train(GO)
    found = model.beliefs([*items, Item(9, None, "x", problem="gone")])
    table = found.tables["mood"]
    assert table.labels == ("good", "bad", "so so")
    assert np.allclose(table.likely[:4].sum(axis=1), 1)
    assert np.all(table.likely[:4, 2] == 0)  # nobody has chosen it
    assert np.isnan(table.likely[4]).all()
    (first,) = model.run(items[:1])[0].annotations
    assert first.score == pytest.approx(table.likely[0].max())
    assert found.marks[0] == {("mood", "good", ())}


def test_an_answer_replaces_the_one_before_and_can_be_taken_back() -> None:
    model = suggest.of(text_classifier(), MOOD)
    model.learn(moods())
    model.learn([said(one.item.key, one.item.data, "so so") for one in moods()[4:]])
    model.train(GO)
    assert labels(model, "horrible and cold") == [["so so"]]
    model.learn([said(one.item.key, one.item.data, status="draft") for one in moods()[4:]])
    assert not model.train(GO)
    assert model.waiting == "needs answers with 2 labels, has 1"
    assert model.version == "1"


def test_whatever_order_answers_come_in_and_in_any_process_the_classifier_is_the_same() -> None:
    rows = moods()
    likely = []
    for seed in (1, 2):
        random.Random(seed).shuffle(rows)
        model = suggest.of(text_classifier(), MOOD)
        for one in rows:
            model.learn([one])
        model.train(GO)
        likely.append(model.beliefs([Item(0, "a warm film", "t")]).tables["mood"].likely)
    assert np.array_equal(*likely)


def test_several_labels_each_have_a_probability_of_their_own() -> None:
    schema = Schema.of({"about": Choices(["sea", "sun", "snow"], multiple=True), "mood": ["good", "bad"]})
    texts = {"waves and a beach": ["sea", "sun"], "waves in a storm": ["sea"], "a hot beach": ["sun"], "waves": ["sea"]}
    texts |= {"hot": ["sun"], "nothing at all": [], "a table": [], "a chair": []}
    rows = [said(n, text, *own, field="about") for n, (text, own) in enumerate(texts.items())]
    model = suggest.of(text_classifier(threshold=0.4), schema)
    model.learn(rows)
    assert model.train(GO)
    found = model.beliefs([Item(0, "hot waves", "a"), Item(1, "a chair", "b")])
    table = found.tables["about"]
    assert "mood" not in found.tables  # nobody has answered it
    assert table.several
    assert table.likely[0, :2].min() > 0.4 > table.likely[1].max()
    assert table.likely[0, 2] == pytest.approx(1 / 10)  # in none of 8 answers
    assert labels(model, "hot waves", "a chair") == [["sea", "sun"], []]


def test_labels_that_the_schema_does_not_have_are_not_learnt() -> None:
    model = suggest.of(text_classifier(), MOOD)
    model.learn([*moods(), said("old", "an old answer", "splendid"), said("other", "x", "good", field="away")])
    assert model.train(GO)
    assert model.beliefs([Item(0, "x", "t")]).tables["mood"].labels == ("good", "bad", "so so")


def test_a_training_that_is_stopped_changes_nothing() -> None:
    stop = threading.Event()
    stop.set()
    for recipe in (text_classifier(), text_classifier(features=text_features)):
        model = suggest.of(recipe, MOOD)
        model.learn(moods())
        assert not model.train(stop)
        assert (model.version, labels(model, "great")) == ("", [[]])
        assert model.train(GO)


def test_suggestions_and_lessons_go_on_while_a_training_runs() -> None:
    begun, end = threading.Event(), threading.Event()

    def features(texts: list[str]) -> Any:
        if threading.current_thread() is training:
            begun.set()
            assert end.wait(30)
        return text_features(texts)

    training = threading.current_thread()
    model = suggest.of(text_classifier(features=features), MOOD)
    model.learn(moods())
    end.set()
    assert model.train(GO)
    end.clear()
    begun.clear()
    model.learn([said("n", "brand new words", "so so"), said("m", "brand new things", "so so")])
    training = threading.Thread(target=model.train, args=(GO,))
    training.start()
    assert begun.wait(30)
    model.learn([said("late", "too late", "so so")])
    assert labels(model, "lovely day") == [["good"]]
    assert model.version == "1"
    end.set()
    training.join(30)
    assert (model.version, labels(model, "brand new")) == ("2", [["so so"]])
    assert model.train(GO)  # the late one


@pytest.mark.parametrize("text", ["", " \r\n ", "😀😀", "\ud800 \x00", "word " * 20_000, "a" * 100_000])
def test_odd_texts_are_learnt_from_and_classified(text: str) -> None:
    model = suggest.of(text_classifier(), MOOD)
    model.learn([*moods(), said("odd", text, "so so")])
    assert model.train(GO)
    (found,) = model.run([Item(0, text, "t")])
    assert not found.error
    assert len(found.annotations) == 1


def test_empty_texts_alone_are_nothing_to_learn_from() -> None:
    model = suggest.of(text_classifier(), MOOD)
    model.learn([said(1, "", "good"), said(2, " ", "bad")])
    assert not model.train(GO)
    assert model.waiting == "needs texts that are not empty"


def test_a_fresh_one_knows_nothing() -> None:
    model = suggest.of(text_classifier(learn_every=7), MOOD)
    model.learn(moods())
    model.train(GO)
    fresh = model.fresh()
    assert fresh is not None
    assert (fresh.version, fresh.learn_every, labels(fresh, "great")) == ("", 7, [[]])
    assert not fresh.train(GO)


# ---- any classifier, any features -----------------------------------------------------------------


def test_any_classifier_is_copied_and_trained_for_each_field() -> None:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    pipeline = make_pipeline(CountVectorizer(), MultinomialNB())
    for given in (pipeline, LinearSVC(), KNeighborsClassifier(1)):
        model = suggest.of(trainable(given), MOOD)
        model.learn(moods())
        assert model.train(GO)
        assert labels(model, "lovely and warm", "what a boring film") == [["good"], ["bad"]]
        assert model.source == f"{type(given.steps[-1][1] if given is pipeline else given).__name__}@1"
        assert not hasattr(given, "classes_")


def test_features_are_asked_for_once_an_item() -> None:
    asked: list[str] = []

    def features(texts: list[str]) -> Any:
        asked.extend(texts)
        return text_features(texts)

    model = suggest.of(text_classifier(features=features), MOOD)
    for one in moods():
        model.learn([one])
        model.train(GO)
    assert sorted(asked) == sorted(GOOD + BAD)
    items = [Item(n, text, f"t{n}") for n, text in enumerate(["great", "cold"])]
    model.run(items)
    model.beliefs(items)
    assert model.features(items).shape == (2, 512)
    assert len(asked) == 10
    model.run([Item(0, "great, again", "t0")])  # what has changed is looked at anew
    assert asked[-1] == "great, again"


def test_features_that_are_no_rows_are_told() -> None:
    model = suggest.of(text_classifier(features=lambda texts: np.zeros(3)), MOOD)
    model.learn(moods())
    with pytest.raises(SuggestError, match=r"gave an array of shape \(3,\) for 8 items"):
        model.train(GO)


def test_what_cannot_be_trained_is_refused() -> None:
    with pytest.raises(SuggestError, match="no classifier"):
        text_classifier(model=object())
    with pytest.raises(SuggestError, match="learn_every=0"):
        text_classifier(learn_every=0)
    with pytest.raises(SuggestError, match="schema has no field"):
        suggest.of(text_classifier(), Schema.of({"parts": Spans(["A"])}))
    with pytest.raises(SuggestError, match="suggests for texts"):
        suggest.of(text_classifier(), MOOD, view=lambda item: None)


# ---- images and recordings -------------------------------------------------------------------------


def test_digits_are_told_apart_and_images_that_are_gone_are_told() -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = (digits.images * 15.9).astype(np.uint8)
    schema = Schema.of({"digit": [str(n) for n in range(10)]})

    def view(item: Item) -> Any:
        if item.data == "gone":
            raise FileNotFoundError("no such file")
        return pixels[int(item.data)]

    model = suggest.of(image_classifier(), schema, view=view)
    rows = [said(n, str(n), str(digits.target[n]), field="digit") for n in range(200)]
    model.learn([*rows, said("g", "gone", "3", field="digit")])
    assert model.train(GO)
    assert model.notes == (
        "image_classifier cannot learn from 1 answered items that it cannot read: 'g': no such file",
    )
    tests = [Item(n, str(n), f"t{n}") for n in range(1000, 1200)]
    table = model.beliefs([*tests, Item("g", "gone", "tg")]).tables["digit"]
    assert np.mean(table.likely[:200].argmax(axis=1) == digits.target[1000:1200]) > 0.8
    assert np.isnan(table.likely[200]).all()
    (found,) = model.run([Item("g", "gone", "tg")])
    assert "no such file" in found.error
    assert model.features([*tests[:2], Item("g", "gone", "tg")])[2].tolist() == [0] * 320


def test_low_and_high_sounds_are_told_apart() -> None:
    def tone(hz: float, seed: int) -> Sound:
        time = np.arange(8000) / 16000
        return Sound.of(0.1 * np.sin(2 * np.pi * hz * time) + 0.01 * np.random.default_rng(seed).random(8000), 16000)

    sounds = [tone(200 + 20 * n, n) for n in range(6)] + [tone(3000 + 99 * n, n) for n in range(6)]
    schema = Schema.of({"pitch": ["low", "high"]})
    model = suggest.of(sound_classifier(), schema, view=lambda item: sounds[item.position])
    rows = [said(n, "x.wav", "low" if n < 6 else "high", field="pitch") for n in range(12)]
    rows = [Labelled(Item(n, "x.wav", str(n), n), one.response) for n, one in enumerate(rows)]
    model.learn(rows[:5] + rows[6:11])
    assert model.train(GO)
    found = model.suggest([rows[5].item, rows[11].item])
    assert [[a.label for a in one] for one in found] == [["low"], ["high"]]


# ---- plain features ---------------------------------------------------------------------------------


def test_features_of_texts_are_the_same_in_every_process_and_in_any_company() -> None:
    code = (
        "from nblabel.suggest.features import text_features; print(text_features(['Ada, 😀 Lovelace']).tobytes().hex())"
    )
    src = Path(suggest.__file__).parents[2]
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=src)
    together = text_features(["", "something else", "Ada, 😀 Lovelace", "\ud800"])
    assert together[2].tobytes().hex() == told.stdout.strip()
    assert np.linalg.norm(together, axis=1) == pytest.approx([0, 1, 1, 1])


def test_plain_features_go_by_kind_and_are_zeros_where_there_is_nothing() -> None:
    sound = Sound.of(np.random.default_rng(0).random(300), 16000)
    picture = np.random.default_rng(0).integers(0, 255, (600, 900, 3), np.uint8)
    items = [Item(0, "a", "a"), Item(1, None, "b", problem="gone")]
    for seen, width in (("a text", 512), (picture, 320), (sound, sound_features([sound]).shape[1])):
        rows = plain(items, lambda item, seen=seen: seen)
        assert rows.shape == (2, width)
        assert rows.dtype == np.float32
        assert np.isfinite(rows).all()
        assert rows[0].any()
        assert not rows[1].any()
    assert plain([]).shape == (0, 512)


def test_of_a_long_recording_only_the_first_minute_is_read() -> None:
    last = 0

    def read(start: int, stop: int) -> Any:
        nonlocal last
        last = max(last, stop)
        return np.random.default_rng(start).random((stop - start, 1), np.float32)

    long = Sound(read, 16000 * 3600, 16000, 1)
    assert np.isfinite(sound_features([long])).all()
    assert last < 16000 * 200
