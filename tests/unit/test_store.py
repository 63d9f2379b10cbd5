"""One suite for all stores: a SQLite file, memory, and a real PostgreSQL server."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nblabel.annotations import (
    Box,
    Choice,
    Cuboid,
    Keyframe,
    Keypoints,
    Mask,
    Polygon,
    Ranking,
    Rating,
    Relation,
    Segment,
    Span,
    Text,
    Track,
    new_id,
)
from nblabel.errors import InvalidAnnotation, StoreError
from nblabel.records import Event, Patch, Response, apply_event
from nblabel.schema import Schema, Spans
from nblabel.store import State, Store, open_store
from nblabel.store.cache import ResponseCache

HOSTILE = [
    "",
    " ",
    "a\0b",
    "\0",
    "\ud800",
    "\udc00\ud83d",
    "\ud83d\ude00",  # two surrogates, which are not the emoji
    "😀👩‍👩‍👧",
    "\\",
    "\\u0000",
    "\\h",
    "\\\\h" * 3,
    "'; DROP TABLE event; --",
    "%_?:x%(y)s",
    "<img src=x onerror=alert(1)>",
    "A",
    "a",
    "a ",
    "é",
    "e\u0301",
    "\ufffe\uffff",
    "\u2028\u202e",
    "x" * 5000,
    "x" * 5001,
    "😀" * 3000,
    "\ud800" * 2000,
]


@pytest.fixture(params=["file", "memory", "postgres"])
def reopen(request, tmp_path):
    """Opens the same empty database again and again."""
    opened: list[Store] = []
    if request.param == "memory":
        store = open_store(":memory:", timeout=60)
        opened.append(store)
        yield lambda: store
    else:
        where = tmp_path / "labels.db" if request.param == "file" else request.getfixturevalue("postgres").database()

        def make() -> Store:
            opened.append(open_store(where, timeout=60))  # the machine may be busy
            return opened[-1]

        yield make
    for store in opened:
        store.close()


@contextlib.contextmanager
def cold(reopen: Callable[[], Store], others: Sequence[Store]) -> Iterator[Store]:
    """The same database with nothing in memory yet; the store in memory is what it is."""
    store = reopen()
    yield store
    if store not in others:
        store.close()


@pytest.fixture
def pair(reopen: Callable[[], Store]) -> tuple[Store, Store]:
    return reopen(), reopen()


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()


def event(name="e1", item="i", annotator="ada", action="edit", at=1.0, seconds=0.0, version=1, **patch) -> Event:
    return Event(name, item, annotator, action, Patch(**patch), seconds=seconds, at=at, schema_version=version)


KINDS = [
    Span(
        0, 5, "PERSON", id="a1", field="spans", attributes={"gender": "f", "n": 1, "x": 0.5, "y": None, "z": ["p", "q"]}
    ),
    Span(3, 9, "ORG", id="a2", score=0.25, source="model 1"),
    Relation("a1", "a2", "knows", id="a3"),
    Choice("good", id="a4"),
    Text("two\nlines\0and NUL", id="a5"),
    Rating(4, "stars", id="a6"),
    Ranking((("a", "b"), ("c",)), id="a7"),
    Box(0.1, 1e-300, 3, 4.5, "car", rotation=-12.5, id="a8"),
    Polygon(((0, 0), (1, 0), (1, 1)), "roof", holes=(((0.2, 0.1), (0.3, 0.1), (0.3, 0.2)),), id="a9"),
    Polygon(((0, 0), (1, 0)), "line", closed=False, id="a10"),
    Keypoints(((1, 2, 2), (0, 0, 0)), "hand", id="a11"),
    Mask((2, 3), (1, 4, 1), "cat", id="a12"),
    Segment(0.5, 0.5, "beep", text="hm", channel=1, low=20, high=400, id="a13"),
    Track((Keyframe(0, 1, 2, 3, 4), Keyframe(9, 1, 2, 3, 4, outside=True, occluded=True)), "bus", id="a14"),
    Cuboid(1, 2, 3, 4, 5, 6, 0.1, "truck", id="a15"),
]


def test_every_kind_of_annotation_comes_back(reopen) -> None:
    [stored] = reopen().append("d", [event(put=tuple(KINDS), status="submitted", comment="c", flagged=True)])
    assert stored.response is not None
    assert stored.response.annotations == tuple(KINDS)
    again = reopen()
    assert again.response("d", "ada", "i") == stored.response
    [entry] = again.entries("d")
    assert (entry.seq, entry.event, entry.inverse) == (1, stored.event, stored.inverse)
    assert entry.event.patch.put == tuple(KINDS)
    assert entry.response is None


def test_hostile_texts_come_back_and_are_told_apart(reopen) -> None:
    names = [text or "item" for text in HOSTILE]
    events = [
        event(f"e{text}", text, text, put=(Choice(text, id="c", field=text), Text(text, id="t" + text)), comment=text)
        for text in names
    ]
    for dataset in names:
        reopen().append(dataset, events[:2])
    store = reopen()
    store.append("d", events, hints={text: (text, 3, text) for text in names})
    store.append("d", [event(f"x{text}", text, "everyone", put=(Choice(text, id="c"),)) for text in names])
    store.set_cursor("d", names[5], names[6], 3)
    again = reopen()
    assert set(again.datasets()) == {*names, "d"}
    assert set(again.annotators("d")) == {*names, "everyone"}
    for one in events:
        response = again.response("d", one.annotator, one.item)
        assert response is not None
        assert response.annotations == one.patch.put
        assert (response.item, response.annotator, response.comment) == (one.item, one.annotator, one.item)
        assert again.states("d", one.annotator) == {one.item: State("draft", False, (), one.item, 3)}
        assert again.labelled_with("d", one.annotator, one.item) == {one.item}
        assert again.labelled_with("d", "everyone", one.item) == {one.item}
        assert again.content("d", one.item) == one.item
        assert [entry.event for entry in again.entries("d", annotator=one.annotator)] == [one]
    assert {one.item for one in again.responses("d", annotator="everyone")} == set(names)
    assert again.cursor("d", names[5]) == (names[6], 3)
    assert again.known("d", [one.id for one in events]) == {one.id for one in events}
    assert again.labelled_with("d", "everyone", "%") == set()


def test_a_replay_changes_nothing(reopen) -> None:
    store = reopen()
    first = event("e1", put=(Choice("x", id="c"),), seconds=2.0)
    second = event("e2", comment="hm", seconds=3.0)
    [one] = store.append("d", [first])
    assert one.new
    made = store.append("d", [first, second, second, first])
    assert [(s.seq, s.new) for s in made] == [(1, False), (2, True), (2, False), (1, False)]
    assert made[1].response == made[2].response == made[3].response == store.response("d", "ada", "i")
    again = reopen().append("d", [second, first])
    assert [(s.seq, s.new, s.event) for s in again] == [(2, False, second), (1, False, first)]
    assert again[0].inverse == Patch(comment="")
    response = reopen().response("d", "ada", "i")
    assert again[0].response == again[1].response == response
    assert response is not None
    assert response.seconds == 5.0
    assert reopen().last_seq("d") == 2


def test_one_id_by_chance_on_two_items_loses_neither(store) -> None:
    events = [event("e1", "i"), event("e1", "j"), event("e1", "i", "bob")]
    assert [s.new for s in store.append("d", events)] == [True] * 3
    assert [s.new for s in store.append("d", events)] == [False] * 3
    assert len(store.entries("d")) == 3
    assert store.known("d", ["e1", "e2"]) == {"e1"}
    assert store.known("d", [event("e1", "k")]) == set()
    assert store.known("d", [event("e1", "j")]) == {"e1"}
    assert store.known("nowhere", ["e1"]) == set()


def test_data_sets_are_apart(store) -> None:
    store.append("one", [event(put=(Choice("x", id="c"),))], hints={"i": ("k", 1, "h")})
    store.append("two", [event(comment="else")])
    assert store.datasets() == ["one", "two"]
    assert store.response("two", "ada", "i").annotations == ()
    assert store.labelled_with("two", "ada", "x") == set()
    assert store.content("two", "i") is None
    assert (store.last_seq("one"), store.last_seq("two"), store.last_seq("three")) == (1, 1, 0)
    assert store.cursor("one", "ada") is None


def test_an_unknown_data_set_is_empty(store) -> None:
    assert store.response("d", "ada", "i") is None
    assert list(store.responses("d")) == []
    assert store.states("d", "ada") == {}
    assert store.entries("d") == []
    assert store.schema("d") is None
    assert store.schema("d", 1) is None
    assert store.annotators("d") == []
    assert store.append("d", []) == []
    assert store.datasets() == []


def test_annotations_keep_the_order_of_the_fold(reopen) -> None:
    def put(*ids: str) -> tuple[Choice, ...]:
        return tuple(Choice(f"{one}{n}", id=one) for n, one in enumerate(ids))

    patches = [
        Patch(put=put("c", "b", "a")),
        Patch(put=put("b")),  # changed where it is
        Patch(put=put("c", "d"), drop=("c",)),  # dropped and put again: goes to the end
        Patch(drop=("a", "d", "never")),
        Patch(put=put("a", "e", "a")),
        Patch(drop=("b",), put=put("z")),
    ]
    for batches in ([1] * 6, [6], [2, 4], [3, 3]):
        store = reopen()
        dataset = str(batches)
        expected: Response | None = None
        events = [Event(f"e{n}", "i", "ada", "edit", patch) for n, patch in enumerate(patches)]
        rest = iter(events)
        for size in batches:
            part = list(itertools.islice(rest, size))
            for one, stored in zip(part, store.append(dataset, part), strict=True):
                expected, inverse = apply_event(expected, one)
                assert (stored.response, stored.inverse) == (expected, inverse)
        assert reopen().response(dataset, "ada", "i") == expected


def test_hints_are_kept_until_newer_ones_come(reopen) -> None:
    store = reopen()
    store.append("d", [event("e1", "i"), event("e2", "j")], hints={"i": ("key", 7, "hash"), "unused": ("", 0, "")})
    store.append("d", [event("e3", "i", flagged=True)])
    assert store.states("d", "ada") == {
        "i": State("pending", True, (), "key", 7),
        "j": State("pending", False, (), "", -1),
    }
    assert (store.content("d", "i"), store.content("d", "j")) == ("hash", None)
    store.append("d", [event("e4", "i", "bob")], hints={"i": ("other", 8, "newer")})
    assert reopen().content("d", "i") == "newer"
    assert reopen().states("d", "ada")["i"].key == "key"


def test_labels_follow_edits(store) -> None:
    store.append("d", [event("e1", put=(Span(0, 1, "A", id="s"), Span(1, 2, "A", id="t"), Text("A", id="u")))])
    store.append(
        "d", [event("e2", "j", put=(Span(0, 1, "A", id="s"),)), event("e3", "k", "bob", put=(Choice("A", id="s"),))]
    )
    assert store.labelled_with("d", "ada", "A") == {"i", "j"}
    store.append("d", [event("e4", put=(Span(0, 1, "B", id="s"),)), event("e5", "j", drop=("s",))])
    assert store.labelled_with("d", "ada", "A") == {"i"}
    assert store.labelled_with("d", "ada", "B") == {"i"}
    store.append("d", [event("e6", drop=("t",))])
    assert store.labelled_with("d", "ada", "A") == set()
    assert store.labelled_with("d", "bob", "A") == {"k"}


def test_entries_by_annotator_item_and_age(store) -> None:
    for n in range(12):
        store.append("d", [event(f"e{n}", f"i{n % 3}", ["ada", "bob"][n % 2], comment=str(n))])
    every = store.entries("d")
    assert [one.seq for one in every] == list(range(1, 13))
    assert [one.seq for one in store.entries("d", after=10)] == [11, 12]
    assert [one.seq for one in store.entries("d", annotator="ada")] == [1, 3, 5, 7, 9, 11]
    assert [one.seq for one in store.entries("d", annotator="ada", last=2)] == [9, 11]
    assert [one.seq for one in store.entries("d", item="i0", annotator="bob")] == [4, 10]
    assert [one.seq for one in store.entries("d", item="i0", after=4)] == [7, 10]
    assert store.entries("d", last=0) == []
    assert store.entries("d", annotator="carol") == []
    assert [one.inverse.comment for one in every[:4]] == ["", "", "", ""]


def test_schema_versions(reopen) -> None:
    one = Schema.of({"mood": ["good", "bad"]})
    two = Schema.of({"mood": ["good", "bad"], "note": "text"})
    hostile = Schema.of({"\ud800\0": Spans([text for text in HOSTILE if text.strip()])})
    store = reopen()
    assert [store.put_schema("d", s).version for s in (one, two, one, hostile, two)] == [1, 2, 1, 3, 2]
    assert reopen().put_schema("d", msgspec.structs.replace(one, version=9)) == one
    assert store.put_schema("other", two).version == 1
    again = reopen()
    assert again.schema("d") == msgspec.structs.replace(hostile, version=3)
    assert again.schema("d", 1) == one
    assert again.schema("d", 2).fields == two.fields
    assert again.schema("d", 4) is None


def test_a_submitted_response_knows_which_fields_were_asked(reopen) -> None:
    store = reopen()
    store.put_schema("d", Schema.of({"mood": ["good", "bad"]}))
    store.put_schema("d", Schema.of({"mood": ["good", "bad"], "note": "text"}))
    [one] = store.append("d", [event("e1", status="submitted")])
    assert one.response.fields == ("mood",)
    made = reopen().append(
        "d", [event("e2", status="submitted", version=2), event("e3", "j", status="submitted", version=7)]
    )
    assert [s.response.fields for s in made] == [("mood", "note"), ()]
    assert {key: state.fields for key, state in store.states("d", "ada").items()} == {"i": ("mood", "note"), "j": ()}


def test_what_models_did_is_kept_in_its_order(reopen) -> None:
    store = reopen()
    store.append("d", [event(action="prelabel", status="submitted", model="spacy@3")])
    bodies = [{"score": 0.5, "text": text} for text in HOSTILE]
    store.trace("d", "suggestion", "ada", [(item, 2.5, body) for item, body in zip(HOSTILE, bodies, strict=True)])
    store.trace("d", "suggestion", "bob" * 100, [("i", 3.5, Patch(status="draft"))])
    store.trace("d", "training", "ada", [("", 4.5, [1, None])])
    store.trace("d", "training", "ada", [])
    store.trace("other", "training", "ada", [("", 4.5, 7)])
    again = reopen()
    assert again.response("d", "ada", "i").model == "spacy@3"
    found = again.traces("d", "suggestion", annotator="ada")
    assert [(one.item, one.at, one.body) for one in found] == [
        (item, 2.5, body) for item, body in zip(HOSTILE, bodies, strict=True)
    ]
    [newest] = again.traces("d", "suggestion", after=found[-1].seq)
    assert (newest.annotator, newest.kind) == ("bob" * 100, "suggestion")
    assert msgspec.convert(newest.body, Patch) == Patch(status="draft")
    assert [one.body for one in again.traces("d", "training")] == [[1, None]]
    assert [one.body for one in again.traces("other", "training")] == [7]
    assert again.traces("d", "never") == again.traces("never", "training") == []


def test_what_models_did_is_stored_once_though_the_answer_of_the_database_is_lost(reopen) -> None:
    store = reopen()
    run = store._write

    def work_twice(work):
        run(work)  # gets through, and nobody hears of it
        return run(work)

    store._write = work_twice
    store.trace("d", "training", "ada", [("", 1.0, 1), ("", 1.0, 2)])
    assert [one.body for one in store.traces("d", "training")] == [1, 2]


def test_cursors(reopen) -> None:
    store = reopen()
    store.set_cursor("d", "ada", "i", 3)
    store.set_cursor("d", "bob", "j", 4)
    store.set_cursor("d", "ada", "k", 5)
    again = reopen()
    assert (again.cursor("d", "ada"), again.cursor("d", "bob"), again.cursor("d", "carol")) == (
        ("k", 5),
        ("j", 4),
        None,
    )
    store.append("d", [event()])
    assert store.cursor("d", "ada") == ("k", 5)


def test_responses_page_by_page(store) -> None:
    events = [
        event(f"{who}{n}", f"i{n}", who, put=(Choice(f"l{n}", id="c"),)) for who in ("ada", "bob") for n in range(1203)
    ]
    made = store.append("d", events)
    assert [one.seq for one in made] == list(range(1, len(events) + 1))
    found = list(store.responses("d"))
    assert len(found) == len(events)
    assert {(r.annotator, r.item): r for r in found} == {(s.event.annotator, s.event.item): s.response for s in made}
    assert [(r.annotator, r.item) for r in found] == sorted((r.annotator, r.item) for r in found)
    assert len(list(store.responses("d", annotator="bob"))) == 1203
    some = [f"i{n}" for n in range(0, 1203, 2)]
    assert {r.item for r in store.responses("d", annotator="bob", items=[*some, "never", some[0]])} == set(some)
    assert len(list(store.responses("d", items=["i5", "i6"]))) == 4
    got = store.get("d", "ada", ["i7", "never"])
    assert got == {"i7": made[7].response}


def test_what_is_stored_later_is_seen_by_those_who_have_it_open(reopen) -> None:
    one, two = reopen(), reopen()
    one.append("d", [event("e1", put=(Choice("x", id="c"),))])
    assert two.response("d", "ada", "i") == one.response("d", "ada", "i")
    two.append("d", [event("e2", put=(Choice("y", id="c"),))])
    assert one.response("d", "ada", "i").annotations == (Choice("y", id="c"),)
    [entry] = one.entries("d", after=1)
    assert entry.event.id == "e2"
    [stored] = one.append("d", [event("e3", put=(Choice("z", id="d"),))])
    assert [a.label for a in stored.response.annotations] == ["y", "z"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (event(put=(Choice("x"),)), "no id"),
        (event(put=(Choice("x", id="c", attributes={"w": float("nan")}),)), "not finite"),
        (event(put=(Choice("x", id="c", attributes={"w": object()}),)), "cannot be stored"),
        (event(put=(Choice("x", id="c", attributes={"w": {"deep": 1}}),)), "cannot be stored"),
        (event(put=("x",)), "not an annotation"),
        (event(at=float("inf")), "finite"),
        (event(seconds=float("nan")), "finite"),
        (event(version=2**40), "schema_version"),
        (event(version=-1), "schema_version"),
        (event(action="shout"), "cannot be stored"),
        (event(status="lost"), "cannot be stored"),
        (event(item=5), "cannot be stored"),
        (event(comment=["x"]), "cannot be stored"),
    ],
)
def test_what_could_not_be_read_again_is_refused(wrong: Event, words: str) -> None:
    store = open_store(":memory:")
    with pytest.raises(InvalidAnnotation, match=words):
        store.append("d", [event("fine"), wrong])
    assert store.entries("d") == []
    assert store.datasets() == []


def test_a_batch_that_fails_leaves_nothing(store) -> None:
    store.append("d", [event("e0", put=(Choice("x", id="c"),))])
    before = (store.response("d", "ada", "i"), store.entries("d"))
    with pytest.raises(StoreError):  # the hint's position is no integer of the database's
        store.append("d", [event("e1", comment="new"), event("e2", "j")], hints={"j": ("", 2**70, "")})
    assert (store.response("d", "ada", "i"), store.entries("d")) == before
    assert store.last_seq("d") == 1
    [one] = store.append("d", [event("e1", comment="new")])
    assert (one.seq, one.new, one.response.comment) == (2, True, "new")


def test_threads_lose_nothing_and_double_nothing(store) -> None:
    def work(me: int) -> None:
        for n in range(40):
            own = event(f"{me}-{n}", f"own {me}", put=(Choice("x", id=f"{me}-{n}"),))
            shared = event(f"{me}+{n}", "shared", put=(Choice("x", id=f"{me}+{n}"),), seconds=1.0)
            store.append("d", [own, shared])
            store.append("d", [shared])
            store.states("d", "ada")
            store.set_cursor("d", "ada", "shared", n)

    problems: list[BaseException] = []

    def guarded(me: int) -> None:
        try:
            work(me)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=guarded, args=(me,)) for me in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    log = store.entries("d")
    assert [one.seq for one in log] == list(range(1, 481))
    assert len({one.event.id for one in log}) == 480
    expected = None
    for one in log:
        if one.event.item == "shared":
            expected, inverse = apply_event(expected, one.event)
            assert inverse == one.inverse
    assert store.response("d", "ada", "shared") == expected
    assert expected.seconds == 240.0


def test_whoever_asks_for_what_is_newer_misses_nothing(reopen) -> None:
    """A seq that is seen is never followed by a smaller one, however many write."""
    stores = [reopen() for _ in range(3)]
    seen: list[int] = []
    done = threading.Event()

    def write(me: int) -> None:
        for n in range(40):
            stores[me].append("d", [event(f"{me}-{n}-{k}", f"i{n}") for k in range(n % 3 + 1)])

    def watch() -> None:
        store = reopen()
        while True:
            last = done.is_set()
            seen.extend(one.seq for one in store.entries("d", after=seen[-1] if seen else 0))
            if last:
                return

    threads = [threading.Thread(target=write, args=(me,)) for me in range(3)]
    watcher = threading.Thread(target=watch)
    for thread in (*threads, watcher):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()
    assert seen == list(range(1, stores[0].last_seq("d") + 1))
    assert len(seen) == 3 * sum(n % 3 + 1 for n in range(40))


def test_a_response_is_never_half_old_and_half_new(reopen) -> None:
    """It comes from two tables, which must be read as they were at one moment."""
    writer, reader = reopen(), reopen()
    done = threading.Event()

    def write() -> None:
        n = 0
        while not done.is_set():
            n += 1
            writer.append("d", [event(f"e{n}", comment=str(n), put=(Choice(str(n), id="c"),))])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(400):
            reader._cache = ResponseCache()
            response = reader.response("d", "ada", "i")
            assert response is None or response.comment == response.annotations[0].label
    finally:
        done.set()
        thread.join()


def test_names_on_a_database_that_may_fold_case(tmp_path) -> None:
    """What stands in keys there is hashed unless it is plain; names come back whole all the same."""
    with open_store(tmp_path / "x.db") as store:
        store._exact = False
        names = ["A", "a", "a ", "ä", "plain-name_1.x", *(text for text in HOSTILE if text)]
        names = list(dict.fromkeys(names))
        store.append(
            "D", [event(f"E{n}", n, n, put=(Choice(n, id="c"),)) for n in names], hints={n: (n, 1, n) for n in names}
        )
        assert store.datasets() == ["D"]
        assert store.annotators("D") == sorted(names)
        for name in names:
            assert store.labelled_with("D", name, name) == {name}
            assert list(store.get("D", name, names)) == [name]
            assert [one.event.id for one in store.entries("D", item=name)] == [f"E{name}"]


def test_a_closed_store_says_so(reopen) -> None:
    store = reopen()
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.append("d", [event()])
    assert "closed" in repr(store)


# ---- random events against the plain fold -------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=()), max_size=4)
IDS = st.sampled_from(["a", "b", "c", "d"])
LABELS = st.sampled_from(["x", "y", "\ud800", "a\0b", ""])
ANNOTATIONS = st.one_of(
    st.builds(
        lambda one, label, start, more: Span(start, start + more, label, id=one),
        IDS,
        LABELS,
        st.integers(0, 9),
        st.integers(1, 9),
    ),
    st.builds(lambda one, label, score: Choice(label, id=one, score=score), IDS, LABELS, st.none() | st.floats(0, 1)),
    st.builds(lambda one, text, key: Text(text, id=one, attributes={key: text}), IDS, TEXTS, TEXTS),
)
PATCHES = st.builds(
    Patch,
    put=st.lists(ANNOTATIONS, max_size=4).map(tuple),
    drop=st.lists(IDS, max_size=2).map(tuple),
    status=st.sampled_from([None, None, "draft", "submitted", "discarded", "pending"]),
    flagged=st.sampled_from([None, True, False]),
    comment=st.none() | TEXTS,
    model=st.sampled_from([None, None, "", "spacy@1", "m\0\ud800"]),
)
EVENTS = st.builds(
    Event,
    id=st.uuids().map(str),
    item=st.sampled_from(["i", "j", "k\0", "\ud800", "long " * 100]),
    annotator=st.sampled_from(["ada", "bob"]),
    action=st.sampled_from(["edit", "submit", "flag"]),
    patch=PATCHES,
    seconds=st.floats(0, 100),
    at=st.floats(0, 2e9),
    schema_version=st.integers(1, 3),
)
SCHEMAS = [Schema.of({"mood": ["x", "y"]}), Schema.of({"mood": ["x", "y"], "note": "text"})]


def fold(events: list[Event]) -> tuple[list[tuple[Event, Patch]], dict[tuple[str, str], Response]]:
    """What the store should hold: log and responses."""
    log: list[tuple[Event, Patch]] = []
    responses: dict[tuple[str, str], Response] = {}
    seen: set[tuple[str, str, str]] = set()
    for one in events:
        name = (one.id, one.annotator, one.item)
        if name not in seen:
            seen.add(name)
            where = (one.annotator, one.item)
            fields = SCHEMAS[one.schema_version - 1].names if one.schema_version <= len(SCHEMAS) else ()
            responses[where], inverse = apply_event(responses.get(where), one, fields)
            log.append((one, inverse))
    return log, responses


def assert_holds(store: Store, dataset: str, events: list[Event]) -> None:
    log, responses = fold(events)
    assert [(one.event, one.inverse) for one in store.entries(dataset)] == log
    assert store.last_seq(dataset) == len(log)
    assert {(r.annotator, r.item): r for r in store.responses(dataset)} == responses
    assert store.annotators(dataset) == sorted({who for who, _ in responses})
    for who in ("ada", "bob"):
        own = {item: r for (name, item), r in responses.items() if name == who}
        assert store.get(dataset, who, list(own)) == own
        assert {item: (s.status, s.flagged, s.fields) for item, s in store.states(dataset, who).items()} == {
            item: (r.status, r.flagged, r.fields) for item, r in own.items()
        }
        for label in ("x", "y", "\ud800", "a\0b", "", "never"):
            having = {item for item, r in own.items() if label in [getattr(a, "label", None) for a in r.annotations]}
            assert store.labelled_with(dataset, who, label) == having


_datasets = itertools.count()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=st.lists(EVENTS, max_size=14), data=st.data())
def test_the_store_is_the_fold_of_its_log_whatever_is_replayed(reopen, pair, events: list[Event], data) -> None:
    """Batches of any size, by two who take turns, with replays of anything sent before."""
    stores = pair
    dataset = f"d{next(_datasets)}"
    for schema in SCHEMAS:
        stores[0].put_schema(dataset, schema)
    sent: list[Event] = []
    rest = list(events)
    while rest:
        size = data.draw(st.integers(1, 5))
        batch, rest = rest[:size], rest[size:]
        for again in data.draw(st.lists(st.sampled_from(sent), max_size=3)) if sent else []:
            batch.insert(data.draw(st.integers(0, len(batch))), again)
        before = len(fold(sent)[0])
        stored = data.draw(st.sampled_from(stores)).append(dataset, batch)
        sent += batch
        log, _ = fold(sent)
        assert sum(one.new for one in stored) == len(log) - before
        assert [(one.event, one.inverse) for one in stored if one.new] == log[before:]
        _, responses = fold(sent)
        last = stored[-1]
        assert last.response == responses[last.event.annotator, last.event.item]
    with cold(reopen, stores) as third:
        for store in (*stores, third):
            assert_holds(store, dataset, sent)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patches=st.lists(PATCHES, min_size=1, max_size=6))
def test_inverses_take_everything_back_and_the_patch_brings_it_again(store, patches: list[Patch]) -> None:
    dataset = f"d{next(_datasets)}"

    def says(response: Response) -> tuple[object, ...]:
        return (sorted(map(repr, response.annotations)), response.flagged, response.comment, response.model)

    [first] = store.append(dataset, [event("start")])
    states = [says(first.response)]
    done = []
    for patch in patches:
        [one] = store.append(dataset, [Event(new_id(), "i", "ada", "edit", patch)])
        done.append(one)
        states.append(says(one.response))
    for n in reversed(range(len(patches))):
        undo = Event(new_id(), "i", "ada", "undo", done[n].inverse, ref=done[n].event.id)
        [one] = store.append(dataset, [undo])
        assert says(one.response) == states[n]
        [redone] = store.append(dataset, [Event(new_id(), "i", "ada", "redo", done[n].event.patch, ref=undo.ref)])
        assert says(redone.response) == states[n + 1]
        store.append(dataset, [Event(new_id(), "i", "ada", "undo", redone.inverse, ref=undo.ref)])
