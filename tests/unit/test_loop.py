"""Models in the loop of a session: taught, measured, followed, and never in the way of the person."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest

import nblabel
from nblabel import ordering, suggest
from nblabel.annotations import Choice
from nblabel.errors import NblabelError, SuggestError
from nblabel.loop import ModelChanged, Options
from nblabel.records import Event, Item, Labelled, Patch
from nblabel.schema import Schema
from nblabel.session import Entries, Found, Reranked, Session
from nblabel.sources import open_source
from nblabel.store import Store, open_store

LONG = 20.0
MOOD = Schema.of({"mood": ["good", "bad"]})


class Counting:
    """Suggests by what it was trained on; knows which answers it has seen, and how often it was trained."""

    source = "counting"

    def __init__(self, learn_every: int = 5, gate: threading.Event | None = None) -> None:
        self.learn_every = learn_every
        self.taught: dict[str, str] = {}
        self.known: dict[str, str] = {}
        self.gate = gate

    def suggest(self, items: Sequence[Item]) -> list[list[tuple[str, float]]]:
        return [[("good" if "good" in item.data else "bad", 0.8)] for item in items]

    def learn(self, answers: Sequence[Labelled]) -> None:
        for one in answers:
            self.taught.pop(one.item.identity, None)
            if one.response.status == "submitted":
                self.taught[one.item.identity] = one.item.data

    def train(self, stop: threading.Event) -> bool:
        if self.gate is not None:
            assert self.gate.wait(LONG)
        self.known = dict(self.taught)
        return True

    def scores(self, items: Sequence[Item]) -> list[float]:
        return [float(item.data.split()[0]) for item in items]


@pytest.fixture
def opened() -> Any:
    made: list[Session] = []

    def open_one(
        texts: Sequence[str],
        model: Any = None,
        *,
        store: Store | None = None,
        order: Any = "sequential",
        **options: Any,
    ) -> Session:

        session = Session(
            open_source(list(texts)),
            MOOD,
            store=store or open_store(":memory:"),
            name="moods",
            annotator="ada",
            order=order,
            suggester=None if model is None else suggest.of(model, MOOD),
            models=Options(**options),
        )
        made.append(session)
        return session

    yield open_one
    for one in made:
        one.close()


Opened = Callable[..., Session]


def texts(count: int) -> list[str]:
    return [f"{n} {'good' if n % 3 else 'bad'} one" for n in range(count)]


def answer(session: Session, count: int) -> None:
    for _ in range(count):
        item = session.item
        assert item is not None
        session.submit("good" if "good" in item.data else "bad")


def settled(session: Session) -> None:
    assert session.models.runner is not None
    assert session.models.runner.settle(LONG)


def test_answers_are_held_out_from_models_that_train_and_they_are_measured_on_them(opened: Opened) -> None:
    model = Counting()
    session = opened(texts(120), model, hold_out=0.25)
    answer(session, 100)
    settled(session)
    held = {one for one in session.source.identities(range(100)) if session.models.study.is_held(one)}
    assert 10 < len(held) < 45
    assert model.known
    assert not held & model.taught.keys()
    state = session.models.state
    assert state is not None
    assert (state.name, state.score, state.metric) == ("counting", 1.0, "accuracy")
    assert state.held_out <= len(held)
    assert [point.labels for point in state.curve] == sorted(point.labels for point in state.curve)
    assert state.labels == len(model.known)


def test_the_curve_goes_on_in_the_next_session(opened: Opened) -> None:
    store = open_store(":memory:")
    first = opened(texts(60), Counting(), store=store)
    answer(first, 30)
    settled(first)
    before = first.models.study.points
    assert before
    again = Counting()
    second = opened(texts(60), again, store=store)
    settled(second)
    assert second.models.study.points[: len(before)] == before
    assert len(again.known) == len({**again.taught})  # taught anew from what is stored
    assert again.known


def test_what_was_taken_over_in_bulk_teaches_nothing(opened: Opened) -> None:
    model = Counting(learn_every=1)
    session = opened(texts(30), model, hold_out=0.0)
    put = Patch(put=(Choice("good", id="m", field="mood", source="counting"),), status="submitted", model="counting")
    assert session.take_over(dict.fromkeys(range(10, 20), put)) == 10
    answer(session, 10)
    settled(session)
    assert sorted(int(one.split()[0]) for one in model.known.values()) == list(range(10))
    assert session.progress.submitted == 20
    session.submit("bad", key=12)  # a person has looked
    settled(session)
    assert len(model.known) == 11


def test_many_are_taken_over_and_taken_back_as_one(opened: Opened) -> None:
    session = opened(texts(2000))
    answer(session, 3)
    session.draft("bad", key=5)
    told: list[Any] = []
    session.subscribe(told.append)
    patches = {
        position: Patch(
            put=(Choice("good", id=f"m{position}", field="mood", source="m@1"),), status="submitted", model="m@1"
        )
        for position in range(1200)
    }
    assert session.take_over(patches) == 1196  # three are answered and one is begun
    assert session.progress.submitted == 1199
    assert not any(isinstance(one, Entries) for one in told)  # listeners look anew, once
    assert sum(isinstance(one, Found) for one in told) == 1
    assert session.undo()
    assert session.progress.submitted == 3
    assert session.progress.drafts == 1
    assert session.redo()
    assert session.progress.submitted == 1199
    assert session.undo()
    assert session.undo()  # the draft
    assert session.progress.drafts == 0
    assert session.undo()
    assert session.progress.submitted == 2


def test_nothing_that_breaks_a_rule_is_taken_over(opened: Opened) -> None:
    session = opened(texts(10))
    fine = Patch(put=(Choice("good", id="a", field="mood"),), status="submitted", model="m")
    wrong = Patch(put=(Choice("nobody knows", id="b", field="mood"),), status="submitted", model="m")
    with pytest.raises(NblabelError, match="nobody knows"):
        session.take_over({0: fine, 1: wrong})
    assert session.progress.submitted == 0


def test_the_order_follows_the_model_and_what_is_next_stays(opened: Opened) -> None:
    session = opened(texts(400), Counting(), order="uncertainty", hold_out=0.0)
    told: list[Any] = []
    session.subscribe(told.append)
    next_ones = [session.position(place) for place in range(3)]
    settled(session)
    assert [session.position(place) for place in range(3)] == next_ones
    assert [session.position(place) for place in range(3, 11)] == sorted(
        set(range(400)) - set(next_ones), reverse=True
    )[:8]
    assert [one for one in told if isinstance(one, Reranked)] == [Reranked(3)]
    generation = session.generation
    answer(session, 5)
    settled(session)
    assert session.generation == generation  # the best were next already
    state = session.models.state
    assert state is not None
    assert state.order.startswith("uncertainty, looked at all")
    assert sorted(session.position(place) for place in range(400)) == list(range(400))


def test_held_out_items_come_in_between_by_chance(opened: Opened) -> None:
    session = opened(texts(1000), Counting(), order="uncertainty", hold_out=0.2)
    settled(session)
    front = session.source.identities([session.position(place) for place in range(3, 203)])
    assert 30 <= sum(session.models.study.is_held(one) for one in front) <= 50


def test_another_order_from_python(opened: Opened) -> None:
    session = opened(texts(50))
    answer(session, 2)
    session.reorder(lambda data: list(range(49, -1, -1)))
    assert [session.position(place) for place in range(9)] == [0, 1, 2, 3, 4, 49, 48, 47, 46]
    with pytest.raises(NblabelError, match="uncertainty"):
        session.reorder("uncertain")
    done = threading.Event()
    session.subscribe(lambda change: done.set() if isinstance(change, Reranked) else None)
    session.reorder(ordering.ranked(lambda items: [-abs(int(item.data.split()[0]) - 20) for item in items]))
    assert done.wait(LONG)  # without a model, in a thread of its own
    assert [session.position(place) for place in range(5, 8)] in ([20, 19, 21], [20, 21, 19])


def test_some_items_are_answered_blind(opened: Opened) -> None:
    session = opened(texts(200), Counting(), blind=0.5, hold_out=0.0)
    session.watched = True
    session.ask(session.source.item(position) for position in range(200))
    told: list[Any] = []
    session.subscribe(told.append)
    settled(session)
    blind = {one for one in session.source.identities(range(200)) if session.models.offers.is_blind(one)}
    assert 60 < len(blind) < 140
    for position in range(100):
        item = session.source.item(position)
        shown = session.suggestions(item)
        assert shown is not None
        assert bool(shown) != (item.identity in blind)
        session.submit("good", key=item.key)
    settled(session)
    frame = session.models.suggestions_frame()
    assert len(frame) == 100
    assert (frame["blind"] == ~frame["shown"]).all()
    assert set(frame["outcome"]) == {"accepted", "rejected"}
    assert frame["blind"].sum() == sum(one in blind for one in session.source.identities(range(100)))
    found = session.models.anchoring()
    assert found["unseen"].tolist() == [int(frame["blind"].sum())]


def test_what_became_of_suggestions_is_kept_in_the_store(opened: Opened) -> None:
    store = open_store(":memory:")
    session = opened(texts(20), Counting(), store=store, hold_out=0.0)
    session.watched = True
    session.ask(session.source.item(position) for position in range(20))
    settled(session)
    for position in range(6):
        assert session.suggestions(session.source.item(position))
        session.submit("good", key=position)
    session.submit("bad", key=0)  # says otherwise now: only that counts
    session.close()
    second = opened(texts(20), Counting(), store=store, hold_out=0.0)
    settled(second)
    frame = second.models.suggestions_frame()
    outcomes = dict(zip(frame["key"], frame["outcome"], strict=True))
    assert outcomes == dict.fromkeys((0, 1, 2, 4, 5), "accepted") | {3: "rejected"}
    assert second.models.state is not None
    assert second.models.state.accepted == pytest.approx(5 / 6)


def test_labelling_goes_on_while_a_model_trains(opened: Opened) -> None:
    gate = threading.Event()
    model = Counting(learn_every=2, gate=gate)
    session = opened(texts(40), model, hold_out=0.0)
    states: list[str] = []
    training = threading.Event()

    def hear(change: Any) -> None:
        if isinstance(change, ModelChanged):
            states.append(change.model.state)
            if change.model.state == "training":
                training.set()

    session.subscribe(hear)
    answer(session, 2)
    assert training.wait(LONG)
    session.ask([session.source.item(30)])
    runner = session.models.runner
    assert runner is not None
    assert runner.wait(LONG)
    assert session.suggestions(session.source.item(30))  # the version before
    answer(session, 8)
    assert session.progress.submitted == 10
    gate.set()
    settled(session)
    assert len(model.known) == 10
    assert states[-1] == "idle"


@pytest.mark.parametrize(
    "wrong", [{"learn_every": 0}, {"learn_every": True}, {"hold_out": 1.0}, {"blind": -0.1}, {"hold_out": "half"}]
)
def test_options_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(NblabelError, match=next(iter(wrong))):
        Options(**wrong)


def test_events_of_pages_reach_models_too(opened: Opened) -> None:
    model = Counting(learn_every=1)
    session = opened(texts(4), model, hold_out=0.0)
    identity = session.source.identity(2)
    patch = Patch(put=(Choice("good", id="c", field="mood"),), status="submitted")
    session.apply([Event("e1", identity, "ada", "submit", patch, at=1.0)])
    settled(session)
    assert model.known == {identity: texts(4)[2]}


class Scoring(Counting):
    """Says "good" of everything, with the score that stands in the text."""

    source = "scoring"

    def suggest(self, items: Sequence[Item]) -> list[list[tuple[str, float]]]:
        return [[("good", float(item.data.split()[1]))] for item in items]


def scored(count: int) -> list[str]:
    """Items whose score says whether they are good."""
    return [f"{n} {(n % 10) / 10:.1f} {'good' if n % 10 >= 5 else 'bad'}" for n in range(count)]


def test_what_the_model_is_sure_of_is_submitted_and_marked_as_its(opened: Opened) -> None:
    session = opened(scored(800), Scoring(learn_every=50), order="random", hold_out=0.4)
    answer(session, 400)
    settled(session)
    session.draft("bad", key=next(session.source.key(p) for p in session.untouched(1)))
    open_before = session.untouched()
    report = session.models.prelabel(0.9, None)
    taken = {p for p in open_before if session.answers.status(p) == "submitted"}
    assert report.items == len(taken) > 60
    assert report.held_out >= 100
    assert 0 < report.expected_error <= 0.1
    assert report.expected_error < report.at_most < 0.2
    assert {session.source.item(p).data.split()[2] for p in taken} == {"good"}
    identities = dict(zip(open_before, session.source.identities(open_before), strict=True))
    assert not any(session.models.study.is_held(identities[p]) for p in taken)  # these are left to people
    sure = {p for p in open_before if p % 10 >= 5 and not session.models.study.is_held(identities[p])}
    assert taken == sure
    settled(session)
    response = session.response_at(min(taken))
    assert response.model == response.annotations[0].source == report.source
    assert report.source.startswith("scoring@")
    assert "undo()" in str(report)
    assert session.undo()
    assert session.untouched() == open_before


def test_nothing_is_taken_over_from_a_model_that_nobody_knows(opened: Opened) -> None:
    session = opened(scored(60), Scoring(), hold_out=0.2)
    answer(session, 20)
    settled(session)
    with pytest.raises(SuggestError, match="held-out answers"):
        session.models.prelabel(0.9, None)
    with pytest.raises(SuggestError, match="threshold"):
        session.models.prelabel(95, None)
    with pytest.raises(SuggestError, match="suggest="):
        opened(scored(5)).models.prelabel(0.9, None)
    assert session.progress.submitted == 20


def test_a_model_that_is_never_right_is_not_trusted(opened: Opened) -> None:
    session = opened([f"{n} 0.9 bad" for n in range(300)], Scoring(), hold_out=0.5)
    answer(session, 200)
    settled(session)
    report = session.models.prelabel(0.6, None)
    assert report.items == 0
    assert "no item" in str(report)
    assert session.progress.submitted == 200


def test_training_on_demand(opened: Opened) -> None:
    model = Counting(learn_every=1000)
    session = opened(texts(40), model, hold_out=0.0)
    answer(session, 7)
    state = session.models.train(LONG)
    assert state is not None
    assert (state.version, state.labels) == ("1", 7)
    assert len(model.known) == 7
    assert session.models.train(LONG) == state  # nothing is new
    with pytest.raises(SuggestError, match="held out"):
        session.models.learning_curve(retrain=True, chart=False)
    assert session.models.learning_curve(retrain=False, chart=False).empty


def test_a_classifier_that_is_not_fitted_is_trained_on_the_answers(opened: Opened) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    session = opened(texts(60), linear_model.LogisticRegression(), learn_every=10, order="diversity")
    answer(session, 30)
    state = session.models.train(LONG)
    assert state is not None
    assert state.name == "LogisticRegression"
    assert state.labels >= 20
    frame = session.models.find_errors(None, 3)
    assert set(frame["field"]) == {"mood"}
    curve = session.models.learning_curve(retrain=True, chart=False)
    assert set(curve["arm"]) == {"model", "random"}
    assert (curve["held_out"] == 30 - state.labels).all()


def test_a_second_look_at_some_items_in_their_order(opened: Opened) -> None:
    session = opened(texts(30))
    answer(session, 20)
    assert session.show_only([7, 3, 11, 3]) == 3
    assert [session.position(place) for place in range(3)] == [7, 3, 11]
    assert session.item is not None
    assert session.item.key == 7
    session.submit("bad")
    session.reorder("random")
    assert [session.position(place) for place in range(len(session))] == [7, 3, 11]
    with pytest.raises(NblabelError, match="99"):
        session.show_only([99])
    session.filter()
    assert len(session) == 30


def test_who_waits_for_a_model_is_told_that_the_labeler_was_closed(opened: Opened) -> None:
    gate, asked = threading.Event(), threading.Event()

    class Held(Scoring):
        def suggest(self, items: Sequence[Item]) -> list[list[tuple[str, float]]]:
            asked.set()
            assert gate.wait(LONG)
            return super().suggest(items)

    session = opened(scored(20), Held(), hold_out=0.0)
    session.ask([session.source.item(0)])
    assert asked.wait(LONG)
    told: list[BaseException] = []

    def wait() -> None:
        try:
            session.models.prelabel(0.9, None)
        except SuggestError as error:
            told.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    session.close()
    thread.join(LONG)
    gate.set()
    assert "closed" in str(told[0])


def test_answers_that_stand_in_the_users_column_are_learnt_too() -> None:
    frame = pd.DataFrame({"text": texts(10), "mood": ["good", None, "bad", *[None] * 7]})
    model = Counting(learn_every=1)
    lab = nblabel.TextLabeler(
        frame, text="text", fields={"mood": ["good", "bad"]}, into={"mood": "mood"}, suggest=model, hold_out=0.0,
        store=":memory:",
    )  # fmt: skip
    settled(lab._session)
    assert sorted(model.known.values()) == [texts(10)[0], texts(10)[2]]
    lab.close()


def test_the_curve_of_several_models_and_what_they_do_now(opened: Opened) -> None:
    session = opened(texts(60), [Counting(), suggest.batched(lambda many: ["good" for _ in many])], hold_out=0.3)
    answer(session, 30)
    settled(session)
    state = session.models.state
    assert state is not None
    assert state.curve
    assert state.state == "idle"


def test_what_was_taken_counts_for_the_version_that_was_seen(opened: Opened) -> None:
    session = opened(texts(3), Counting(), hold_out=0.0)
    session.watched = True
    item = session.source.item(0)
    before = Choice("good", id="x", field="mood", source="counting@1", score=0.8)
    after = Choice("bad", id="y", field="mood", source="counting@2", score=0.9)
    session.models.offers.show(item.identity, (before,))
    session.models.offers.show(item.identity, (after,))  # came while the person decided
    session.submit([before])
    frame = session.models.suggestions_frame()
    assert frame[["label", "version", "outcome"]].values.tolist() == [["good", "1", "accepted"]]
