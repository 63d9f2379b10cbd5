from __future__ import annotations

import threading

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nblabel.annotations import Choice, Relation, Span
from nblabel.errors import InvalidAnnotation, NblabelError, SchemaConflict, StoreError, UnknownItem
from nblabel.records import Event, Patch
from nblabel.schema import Choices, Relations, Schema, Spans
from nblabel.session import Entries, Moved, Session
from nblabel.sources import open_source
from nblabel.store import Store, open_store

TEXTS = ["Ada met Charles.", "Grace wrote it.", "Nobody came.", "Alan ran."]
FIELDS = {"spans": Spans(["PERSON", "ORG"]), "relations": Relations(["met"]), "choices": ["good", "bad"]}


def make(store: Store | None = None, data=TEXTS, fields=FIELDS, **options) -> Session:
    options.setdefault("name", "t")
    options.setdefault("annotator", "me")
    column = options.pop("column", None)
    key = options.pop("key", None)
    return Session(
        open_source(data, column=column, key=key), Schema.of(fields), store=store or open_store(":memory:"), **options
    )


def event(session: Session, position: int, action="edit", *, id="e", **patch) -> Event:  # noqa: A002
    return Event(
        id=id,
        item=session.source.identity(position),
        annotator=session.annotator,
        action=action,
        patch=Patch(**patch),
        at=1.7e9,
        schema_version=session.schema.version,
    )


def test_submitting_goes_to_the_next_item_that_needs_an_answer() -> None:
    session = make()
    session.submit("good", key=1)
    assert session.index == 0
    session.submit("bad")
    assert (session.index, session.progress.submitted) == (2, 2)
    session.submit("bad")
    session.submit("bad")
    assert session.progress.pending == 0
    assert session.index == 3


def test_skipped_items_come_again_at_the_end() -> None:
    session = make()
    session.skip()
    for _ in range(3):
        session.submit("good")
    assert session.item.data == TEXTS[0]
    assert session.progress.pending == 1


def test_nothing_is_stored_of_an_answer_that_breaks_a_rule() -> None:
    session = make()
    with pytest.raises(InvalidAnnotation, match="item 0"):
        session.submit([Span(0, 99, "PERSON")])
    assert session.store.last_seq("t") == 0
    assert session.progress.pending == 4


def test_an_answer_replaces_what_its_fields_held() -> None:
    session = make()
    session.draft([Span(0, 3, "PERSON", id="a"), Span(8, 15, "PERSON", id="b"), Relation("a", "b", "met")])
    session.draft("good")
    assert len(session.response.annotations) == 4
    session.draft([Span(0, 3, "ORG", id="a")])
    assert {(a.kind, a.label) for a in session.response.annotations} == {("span", "ORG"), ("choice", "good")}
    session.submit()
    assert session.progress.submitted == 1


def test_undo_and_redo_reach_across_items_and_sessions() -> None:
    store = open_store(":memory:")
    first = make(store)
    first.submit("good")
    first.submit("bad")
    second = make(store)
    assert second.index == 2
    assert second.undo()
    assert (second.index, second.progress.submitted) == (1, 1)
    assert second.undo()
    assert (second.index, second.progress.submitted) == (0, 0)
    assert not second.undo()
    assert second.redo()
    assert second.redo()
    assert not second.redo()
    assert second.progress.submitted == 2
    assert [a.label for row in second.labelled(status="submitted") for a in row.response.annotations] == ["good", "bad"]


def test_a_new_session_goes_on_where_the_last_one_stopped() -> None:
    store = open_store(":memory:")
    first = make(store)
    first.submit("good")
    first.next()
    assert make(store).index == 2


def test_the_answers_follow_their_texts_when_the_source_is_shuffled() -> None:
    store = open_store(":memory:")
    make(store).submit("good", key=2)
    shuffled = make(store, data=list(reversed(TEXTS)))
    (row,) = shuffled.labelled(status="submitted")
    assert row.item.data == TEXTS[2]


def test_another_annotator_starts_afresh_but_shows_in_the_results() -> None:
    store = open_store(":memory:")
    make(store).submit("good")
    other = make(store, annotator="you")
    assert other.index == 0
    assert other.progress.submitted == 0
    assert len(other.labelled(everyone=True)) == 1


def test_a_question_added_later_makes_items_drafts_and_keeps_their_answers() -> None:
    store = open_store(":memory:")
    make(store, fields={"choices": ["good", "bad"]}).submit("good")
    later = make(store, fields={"choices": ["good", "bad"], "note": "text"})
    assert later.schema.version == 2
    assert later.progress.drafts == 1
    response, done = later.states([0])[0]
    assert (response.status, done, response.annotations[0].label) == ("draft", False, "good")


def test_other_questions_under_one_name_are_refused() -> None:
    store = open_store(":memory:")
    make(store, fields={"choices": ["good", "bad"]}).submit("good")
    with pytest.raises(SchemaConflict, match="name="):
        make(store, fields={"choices": ["spam", "ham"]})
    make(store, fields={"choices": ["spam", "ham"]}, name="other").submit("spam")


def test_a_removed_label_keeps_its_answers_and_says_so() -> None:
    store = open_store(":memory:")
    make(store, fields={"choices": ["good", "bad"]}).submit("bad")
    later = make(store, fields={"choices": ["good", "fine"]})
    assert any("bad" in notice.title for notice in later.notices)
    assert later.labelled(status="submitted")[0].response.annotations[0].label == "bad"


@pytest.mark.parametrize(
    ("conditions", "keys"),
    [
        ({"status": "pending"}, [2, 3]),
        ({"status": ["draft", "submitted"]}, [0, 1]),
        ({"label": "PERSON"}, [1]),
        ({"flagged": True}, [3]),
        ({"flagged": False, "status": "pending"}, [2]),
        ({"text": "CAME"}, [2]),
        ({"text": "zzz"}, []),
        ({}, [0, 1, 2, 3]),
    ],
)
def test_filters(conditions, keys) -> None:
    session = make()
    session.submit("good")
    session.draft([Span(0, 5, "PERSON")], key=1)
    session.flag(key=3)
    assert session.filter(**conditions) == len(keys)
    assert [session.source.key(session.position(n)) for n in range(len(session))] == keys


def test_an_empty_queue_is_no_end_of_the_world() -> None:
    session = make()
    session.filter(text="zzz")
    assert session.item is None
    assert session.response is None
    session.next()
    session.previous()
    with pytest.raises(UnknownItem, match=r"filter\(\)"):
        session.submit("good")
    session.filter()
    assert session.item is not None


def test_goto_lifts_a_filter_that_hides_the_item() -> None:
    session = make()
    session.filter(text="came")
    session.goto(0)
    assert (session.index, len(session)) == (0, 4)
    with pytest.raises(UnknownItem):
        session.goto("nope")


def test_unknown_status_and_order_are_named() -> None:
    with pytest.raises(NblabelError, match="pending"):
        make().filter("done")
    with pytest.raises(NblabelError, match="did you mean 'random'"):
        make(order="randm")
    with pytest.raises(NblabelError, match=r"no field has the label 'goood'.*did you mean 'good'"):
        make().filter(label="goood")


def test_a_random_order_is_the_same_after_a_restart() -> None:
    data = [f"text {n}" for n in range(50)]
    store = open_store(":memory:")
    first = make(store, data=data, order="random")
    order = [first.position(n) for n in range(50)]
    assert sorted(order) == list(range(50)) != order
    first.submit("good")
    second = make(store, data=data, order="random")
    assert [second.position(n) for n in range(50)] == order
    assert second.index == 1
    assert make(order=lambda data: [3, 1]).item.data == TEXTS[3]


def test_events_of_a_page_are_stored_once_and_bad_ones_refused() -> None:
    session = make()
    good = event(session, 0, id="e1", put=(Choice("good", id="a", field="choices"),))
    bad = event(session, 0, id="e2", put=(Choice("nope", id="b", field="choices"),))
    after = event(session, 0, "submit", id="e3", status="submitted")
    applied = session.apply([good, bad, after], at=session.source.identity(2))
    assert applied.stored == ("e1", "e3")
    assert [one for one, _ in applied.rejected] == ["e2"]
    assert "nope" in applied.rejected[0][1].title
    assert (session.index, session.progress.submitted) == (2, 1)
    again = session.apply([good, after])
    assert again.stored == ("e1", "e3")
    assert session.store.last_seq("t") == 2


def test_a_page_cannot_submit_what_is_not_complete() -> None:
    session = make(fields={"choices": Choices(["good", "bad"], required=True)})
    applied = session.apply([event(session, 0, "submit", status="submitted")])
    assert not applied.stored
    assert session.progress.submitted == 0


def test_events_under_an_older_schema_are_not_lost() -> None:
    store = open_store(":memory:")
    old = make(store, fields={"choices": ["good", "bad"]})
    waiting = event(old, 0, "submit", put=(Choice("bad", id="a", field="choices"),), status="submitted")
    new = make(store, fields={"choices": ["good", "fine"]})
    assert new.schema.version == 2
    assert new.apply([waiting]).stored == ("e",)
    assert new.labelled()[0].response.annotations[0].label == "bad"


def test_events_for_items_of_another_frame_are_kept() -> None:
    store = open_store(":memory:")
    first = make(store)
    waiting = event(first, 3, "submit", put=(Choice("good", id="a", field="choices"),), status="submitted")
    other = make(store, data=["something else"])
    assert other.apply([waiting]).stored == ("e",)
    assert other.progress.submitted == 0
    assert make(store).progress.submitted == 1


@pytest.mark.parametrize("change", [{"id": ""}, {"id": "x" * 65}, {"annotator": ""}, {"item": ""}])
def test_events_without_a_name_are_refused(change) -> None:
    import msgspec

    session = make()
    assert session.apply([msgspec.structs.replace(event(session, 0), **change)]).rejected


def test_hostile_clocks_are_put_right() -> None:
    import msgspec

    session = make()
    odd = msgspec.structs.replace(event(session, 0, flagged=True), at=float("nan"), seconds=1e18)
    session.apply([odd])
    response = session.response
    assert response.seconds <= 3600
    assert response.updated_at < 4e9


def test_listeners_hear_of_entries_and_moves() -> None:
    session = make()
    heard = []
    stop = session.subscribe(heard.append)
    session.submit("good")
    assert [type(change) for change in heard] == [Entries, Moved]
    assert heard[0].entries[0].event.action == "submit"
    stop()
    session.submit("good")
    assert len(heard) == 2


def test_two_sessions_on_one_store_agree(tmp_path) -> None:
    a, b = make(open_store(tmp_path / "x.db")), make(open_store(tmp_path / "x.db"))
    heard = []
    b.subscribe(heard.append)
    a.submit("good")
    b.submit("bad", key=1)
    b.refresh()
    assert b.progress.submitted == 2
    assert [e.event.item for change in heard for e in getattr(change, "entries", ())] == [
        b.source.identity(1),
        b.source.identity(0),
    ]
    a.refresh()
    assert a.progress.submitted == 2
    assert a.response.status == "submitted"


def test_all_threads_may_act_at_once() -> None:
    session = make(data=[f"text {n}" for n in range(60)])

    def work(low: int) -> None:
        for key in range(low, low + 20):
            session.submit("good", key=key)

    threads = [threading.Thread(target=work, args=(low,)) for low in (0, 20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.progress.submitted == 60
    assert session.store.last_seq("t") == 60


def test_a_store_that_fails_leaves_the_session_as_it_was(tmp_path) -> None:
    session = make(open_store(tmp_path / "x.db"))
    session.submit("good")
    session.store.close()
    (tmp_path / "x.db").write_bytes(b"no database at all" * 400)
    for leftover in tmp_path.glob("x.db-*"):
        leftover.unlink()
    with pytest.raises(StoreError):
        session.submit("bad")
    assert (session.index, session.progress.submitted) == (1, 1)


def test_with_a_key_column_a_changed_text_is_shown_as_changed() -> None:
    store = open_store(":memory:")
    frame = pd.DataFrame({"id": ["a", "b"], "text": ["one", "two"]})
    make(store, data=frame, column="text", key="id").submit("good")
    frame.loc[0, "text"] = "another one"
    later = make(store, data=frame, column="text", key="id")
    assert later.changed(0)
    assert not later.changed(1)
    assert later.progress.submitted == 1


_acts = st.lists(
    st.sampled_from(["good", "bad", "skip", "discard", "undo", "redo", "next", "previous", "flag", "draft"]),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(_acts)
def test_whatever_is_done_a_re_run_finds_the_same(acts) -> None:
    store = open_store(":memory:")
    session = make(store)
    for act in acts:
        if act in ("good", "bad"):
            session.submit(act)
        elif act == "draft":
            session.draft("good")
        else:
            getattr(session, act)()
    again = make(store)
    assert again.progress == session.progress
    seen = [(row.item.key, row.response) for row in session.labelled()]
    assert [(row.item.key, row.response) for row in again.labelled()] == seen
    while session.undo():
        pass
    assert session.progress.pending == 4
    assert all(not row.response.annotations for row in session.labelled())
