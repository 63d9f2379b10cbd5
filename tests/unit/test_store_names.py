"""Strings and structs at the boundary to the database."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nblabel.annotations import Choice, Text
from nblabel.records import Event, Patch, Response
from nblabel.store.cache import ResponseCache
from nblabel.store.codec import ANNOTATIONS, EVENTS, Unreadable, canonical
from nblabel.store.names import LONGEST, escape, is_packed, pack, unescape

ANY = st.text(st.characters(exclude_categories=()))
# strings that look like what escape() makes
TRICKY = st.text(st.sampled_from(["\\", "u", "h", "0", "d", "8", "\0", "\ud800", "\udc00", "a"]), max_size=12)


@given(ANY | TRICKY)
def test_escapes_are_undone_and_fit_any_database(text: str) -> None:
    made = escape(text)
    assert unescape(made) == text
    assert "\0" not in made
    made.encode()


@given(ANY | TRICKY, ANY | TRICKY)
def test_names_are_told_apart(one: str, two: str) -> None:
    for exact in (True, False):
        assert (pack(one, exact) == pack(two, exact)) == (one == two)
        made = pack(one, exact)
        assert len(made.encode()) <= LONGEST
        if exact and not is_packed(made):
            assert unescape(made) == one


def test_long_names_are_told_apart_and_keep_their_length() -> None:
    names = ["x" * n for n in range(150, 170)] + [
        "😀" * 39,
        "😀" * 40,
        "😀" * 41,
        "\0" * 26,
        "\0" * 27,
        "\\h" + "0" * 40,
    ]
    assert len({pack(name) for name in names}) == len(names)
    assert [is_packed(pack("x" * n)) for n in (LONGEST, LONGEST + 1)] == [False, True]
    assert not is_packed(pack("\\h" + "0" * 40))
    # where a database may take these for the same, they must not meet
    assert len({pack(name, False).lower().rstrip() for name in ("a", "A", "a ", "ä", "å")}) == 5


@given(st.builds(lambda one, text, key: Text(text, id=one, field=key, attributes={key: [text, one]}), ANY, ANY, ANY))
def test_any_text_comes_back(annotation: Text) -> None:
    made = ANNOTATIONS.encode(annotation)
    made.encode()
    assert "\0" not in made
    assert ANNOTATIONS.decode(made) == annotation
    plain = Choice("x", id="c")
    both = [made, ANNOTATIONS.encode(plain), made]
    assert ANNOTATIONS.decode_all(both) == [annotation, plain, annotation]


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**200), 2**200))
def test_numbers_come_back_exactly(at: float, number: int) -> None:
    event = Event("e", "i", "a", "edit", Patch(put=(Choice("x", id="c", attributes={"n": number, "f": at}),)), at=at)
    again, text = canonical(event)
    assert EVENTS.decode(text) == again == event


@pytest.mark.parametrize("text", ["", "{", "\\", '\\{"id":1}', "[]", '{"id":"e"}', "[" * 100_000, '"\\ud800"'])
def test_what_is_no_event_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        EVENTS.decode(text)
    with pytest.raises(Unreadable):
        EVENTS.decode_all([text])


def test_plain_texts_are_plain_json() -> None:
    event = Event("e", "i \\ 😀", "a", "edit")
    assert json.loads(EVENTS.encode(event)) == {"id": "e", "item": "i \\ 😀", "annotator": "a", "action": "edit"}


def test_the_cache_forgets_the_oldest_and_never_serves_the_stale() -> None:
    cache = ResponseCache(limit=10)
    answers = [Response(f"i{n}", "a", annotations=tuple(Choice("x", id=str(k)) for k in range(3))) for n in range(3)]
    for n, answer in enumerate(answers):
        cache.put((1, "a", answer.item), n, answer)
    assert cache.get((1, "a", "i0"), 0) is None  # three of weight four are too many
    assert cache.get((1, "a", "i1"), 1) is answers[1]
    assert cache.get((1, "a", "i1"), 2) is None
    newer = Response("i1", "a", comment="newer")
    cache.put((1, "a", "i1"), 5, newer)
    cache.put((1, "a", "i1"), 1, answers[1])  # by a reader that was slow
    assert cache.get((1, "a", "i1"), 5) is newer
    large = Response("large", "a", annotations=tuple(Choice("x", id=str(k)) for k in range(100)))
    cache.put((1, "a", "large"), 1, large)
    assert cache.get((1, "a", "large"), 1) is large
    assert cache.get((1, "a", "i1"), 5) is None
