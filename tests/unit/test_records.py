import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nblabel.annotations import Choice, Span
from nblabel.records import Event, Filter, Patch, Progress, Response, apply_event, fold_undo, newest_group

_ids = st.sampled_from("abcde")
_annotations = st.builds(
    lambda name, start, label: Span(start, start + 2, label, id=name), _ids, st.integers(0, 9), st.sampled_from("XY")
)
_patches = st.builds(
    lambda put, drop, status, flagged, comment, model: Patch(
        put=tuple({a.id: a for a in put}.values()),
        drop=tuple(d for d in set(drop) if d not in {a.id for a in put}),
        status=status,
        flagged=flagged,
        comment=comment,
        model=model,
    ),
    st.lists(_annotations, max_size=3),
    st.lists(_ids, max_size=2),
    st.sampled_from([None, "draft", "submitted", "discarded"]),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, "", "hm"]),
    st.sampled_from([None, None, "", "spacy@1", "spacy@2"]),
)


def _event(n: int, patch: Patch, **more) -> Event:
    return Event(
        id=f"e{n}", item="i", annotator="me", action=more.pop("action", "edit"), patch=patch, at=float(n), **more
    )


def _says(response: Response) -> tuple:
    return (
        response.status,
        {a.id: a for a in response.annotations},
        response.flagged,
        response.comment,
        response.model,
    )


@given(st.lists(_patches, max_size=8))
def test_the_inverses_take_everything_back(patches) -> None:
    response = Response("i", "me")
    before = _says(response)
    taken = []
    for n, patch in enumerate(patches):
        response, inverse = apply_event(response, _event(n, patch))
        taken.append(inverse)
    for n, inverse in enumerate(reversed(taken)):
        response, _ = apply_event(response, _event(100 + n, inverse, action="undo"))
    assert _says(response) == before


@given(st.lists(_patches, min_size=1, max_size=5))
def test_undo_then_redo_is_where_one_was(patches) -> None:
    response = None
    for n, patch in enumerate(patches):
        response, inverse = apply_event(response, _event(n, patch))
    after = _says(response)
    undone, _ = apply_event(response, _event(50, inverse))
    redone, _ = apply_event(undone, _event(51, patches[-1]))
    assert _says(redone) == after


def test_an_edit_makes_a_draft_and_submitting_remembers_what_was_asked() -> None:
    draft, _ = apply_event(None, _event(1, Patch(put=(Choice("good", id="a", field="mood"),)), seconds=2.5))
    assert (draft.status, draft.seconds, draft.created_at) == ("draft", 2.5, 1.0)
    done, _ = apply_event(draft, _event(2, Patch(status="submitted"), seconds=1.0), ["mood"])
    assert (done.status, done.fields, done.seconds) == ("submitted", ("mood",), 3.5)
    again, inverse = apply_event(done, _event(3, Patch(drop=("a",))), ["mood", "note"])
    assert (again.status, again.fields) == ("draft", ("mood",))
    assert inverse.status == "submitted"


def test_undoing_a_second_submission_leaves_the_first() -> None:
    first, _ = apply_event(None, _event(1, Patch(put=(Choice("good", id="a"),), status="submitted")))
    second, inverse = apply_event(first, _event(2, Patch(put=(Choice("bad", id="a"),), status="submitted")))
    again, _ = apply_event(second, _event(3, inverse, action="undo"))
    assert _says(again) == _says(first)


def test_a_question_counts_as_asked_only_when_the_item_is_submitted() -> None:
    done, _ = apply_event(None, _event(1, Patch(status="submitted")), ["mood"])
    flagged, _ = apply_event(done, _event(2, Patch(flagged=True)), ["mood", "note"])
    assert (flagged.status, flagged.fields) == ("submitted", ("mood",))
    edited, inverse = apply_event(done, _event(3, Patch(put=(Choice("good", id="a"),))), ["mood", "note"])
    undone, _ = apply_event(edited, _event(4, inverse, action="undo"), ["mood", "note"])
    assert (undone.status, undone.fields) == ("submitted", ("mood",))


def test_a_flag_alone_leaves_an_item_pending() -> None:
    flagged, inverse = apply_event(None, _event(1, Patch(flagged=True)))
    assert (flagged.status, flagged.flagged, inverse.flagged) == ("pending", True, False)


def test_fold_undo_follows_the_log() -> None:
    a, b, c = (_event(n, Patch()) for n in range(3))
    undo_b = _event(10, Patch(), action="undo", ref="e1")
    redo_b = _event(11, Patch(), action="redo", ref="e1")
    imported = _event(12, Patch(), action="import")
    assert fold_undo([a, b]) == ([a, b], [])
    assert fold_undo([a, b, undo_b]) == ([a], [b])
    assert fold_undo([a, b, undo_b, redo_b]) == ([a, b], [])
    assert fold_undo([a, b, undo_b, c]) == ([a, c], [])
    assert fold_undo([a, imported]) == ([a], [])


def test_an_answer_is_a_persons_as_soon_as_one_touches_what_a_model_said() -> None:
    taken = Patch(put=(Choice("good", id="a"),), status="submitted", model="spacy@3")
    bulk, inverse = apply_event(None, _event(1, taken, action="prelabel"))
    assert (bulk.model, bulk.status) == ("spacy@3", "submitted")
    assert apply_event(bulk, _event(2, inverse, action="undo"))[0].model == ""
    assert apply_event(bulk, _event(2, Patch(flagged=True, comment="hm"), action="flag"))[0].model == "spacy@3"
    for patch in (Patch(status="submitted"), Patch(drop=("a",)), Patch(put=(Choice("bad", id="a"),))):
        own, back = apply_event(bulk, _event(3, patch))
        assert own.model == ""
        assert apply_event(own, _event(4, back, action="undo"))[0].model == "spacy@3"


def test_what_was_done_as_one_is_undone_and_redone_as_one() -> None:
    log = [_event(0, Patch())]
    log += [_event(n, Patch(), action="prelabel", group="g") for n in (1, 2, 3)]
    done, _ = fold_undo(log)
    back = newest_group(done)
    assert [e.id for e in back] == ["e3", "e2", "e1"]
    log += [_event(10 + n, Patch(), action="undo", ref=e.id, group="h") for n, e in enumerate(back)]
    done, undone = fold_undo(log)
    assert [e.id for e in newest_group(done)] == ["e0"]
    again = newest_group(undone)
    assert [e.id for e in again] == ["e1", "e2", "e3"]
    log += [_event(20 + n, Patch(), action="redo", ref=e.id) for n, e in enumerate(again)]
    assert [e.id for e in fold_undo(log)[0]] == ["e0", "e1", "e2", "e3"]
    assert newest_group([]) == []


def test_small_things() -> None:
    assert not Filter()
    assert Filter(text="x")
    assert Progress(10, submitted=3, drafts=1, discarded=2).pending == 4
    assert msgspec.json.encode(Patch()) == b"{}"
