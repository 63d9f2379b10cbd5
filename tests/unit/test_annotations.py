import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nblabel.annotations import (
    KINDS,
    AnyAnnotation,
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
)
from nblabel.errors import InvalidAnnotation

ONE_OF_EACH: list[AnyAnnotation] = [
    Span(0, 5, "PERSON", id="s", score=0.5, source="model", attributes={"gender": "f"}),
    Relation("s", "t", "knows"),
    Choice("good"),
    Text("a note\n\ud83d"),
    Rating(4, "quality"),
    Ranking(["a", ("b", "c")]),
    Box(1, 2.5, 3, 4, "car", 30),
    Polygon([(0, 0), (1, 0), (1, 1)], "roof", holes=[[(0.1, 0.1), (0.2, 0.1), (0.2, 0.2)]]),
    Polygon([(0, 0), (1, 0)], "road", closed=False),
    Keypoints([(1, 2, 2), (3, 4, 0)], "hand"),
    Mask((2, 3), (1, 4, 1), "sky"),
    Segment(0.5, 0.5, "click"),
    Segment(0, 1.25, "speech", text="hello", channel=1, low=100, high=8000),
    Track([Keyframe(0, 1, 2, 3, 4), Keyframe(9, 1, 2, 3, 4, outside=True)], "bird"),
    Cuboid(1, 2, 3, 4, 2, 1.5, 0.3, "car"),
]


def test_every_kind_is_covered() -> None:
    assert {a.kind for a in ONE_OF_EACH} == set(KINDS)


@pytest.mark.parametrize("annotation", ONE_OF_EACH, ids=lambda a: a.kind)
def test_messagepack_and_builtins_round_trip(annotation: AnyAnnotation) -> None:
    assert msgspec.convert(msgspec.to_builtins(annotation), AnyAnnotation) == annotation
    if annotation.kind != "text":  # a lone surrogate is no UTF-8
        assert msgspec.json.decode(msgspec.json.encode(annotation), type=AnyAnnotation) == annotation


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Span(5, 2, "X"), "greater than start"),
        (lambda: Span(2, 2, "X"), "greater than start"),
        (lambda: Span(-1, 2, "X"), "negative"),
        (lambda: Span(1.5, 2, "X"), "start must be an integer"),
        (lambda: Span(True, 2, "X"), "start must be an integer"),
        (lambda: Span("a", 2, "X"), "start must be an integer"),
        (lambda: Span(0, 2, 7), "label must be a string"),
        (lambda: Span(0, 2, "X", score=1.5), r"outside \[0, 1\]"),
        (lambda: Span(0, 2, "X", score=math.nan), "finite"),
        (lambda: Span(0, 2, "X", attributes=[1]), "attributes must be a dict"),
        (lambda: Relation("a", "a", "X"), "same annotation"),
        (lambda: Relation("", "a", "X"), "ids of annotations"),
        (lambda: Choice(None), "label must be a string"),
        (lambda: Rating(math.inf), "finite"),
        (lambda: Rating("4"), "must be a number"),
        (lambda: Ranking(["a", ("b", "a")]), "ranked twice"),
        (lambda: Box(0, 0, 0, 1), "must be positive"),
        (lambda: Box(0, math.nan, 1, 1), "finite"),
        (lambda: Polygon([(0, 0), (1, 1)]), "at least 3"),
        (lambda: Polygon([(0, 0), (1, 1), (2, math.inf)]), "finite"),
        (lambda: Polygon([1, 2, 3]), "pairs"),
        (lambda: Keypoints([(1, 2, 3)]), "visible"),
        (lambda: Mask((2, 2), (1, 2)), "add up to 4"),
        (lambda: Mask((2, 2), (5, -1)), "non-negative"),
        (lambda: Segment(2, 1), "greater than start"),
        (lambda: Segment(0, 1, low=200, high=100), "greater than low"),
        (lambda: Track([Keyframe(3, 0, 0, 1, 1), Keyframe(3, 0, 0, 1, 1)]), "ascend"),
        (lambda: Track([]), "one Keyframe or more"),
        (lambda: Cuboid(0, 0, 0, 1, -1, 1), "positive"),
    ],
)
def test_rules_name_what_is_wrong(make, rule) -> None:
    with pytest.raises(InvalidAnnotation, match=rule):
        make()


def test_what_arrives_is_validated_like_what_is_made() -> None:
    with pytest.raises(msgspec.ValidationError, match="greater than start"):
        msgspec.json.decode(b'{"kind":"span","start":5,"end":4,"label":"X"}', type=AnyAnnotation)
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(b'{"kind":"choice","label":"X","evil":1}', type=AnyAnnotation)


def test_numpy_numbers_become_plain_ones() -> None:
    span = Span(np.int64(1), np.uint8(4), "X", score=np.float32(0.5))
    assert (type(span.start), type(span.end), type(span.score)) == (int, int, float)


@given(st.integers(), st.integers())
def test_a_span_is_half_open_and_never_empty(start: int, end: int) -> None:
    if 0 <= start < end:
        assert (Span(start, end).start, Span(start, end).end) == (start, end)
    else:
        with pytest.raises(InvalidAnnotation):
            Span(start, end)
