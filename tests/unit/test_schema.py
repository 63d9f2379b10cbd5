import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nblabel.annotations import Choice, Relation, Span, Text
from nblabel.errors import InvalidAnnotation, InvalidSchema
from nblabel.schema import Attribute, Choices, Label, Relations, Schema, Spans, Texts


def schema() -> Schema:
    return Schema.of(
        {
            "spans": Spans([Label("PERSON", attributes=[Attribute("role", "choice", ("boss", "clerk"))]), "ORG"]),
            "relations": Relations(["works for"]),
            "mood": ["good", "bad"],
            "note": Texts(max_length=5),
        }
    )


def test_hotkeys_are_free_digits_and_stay_out_of_each_others_way() -> None:
    made = Schema.of({"a": Spans(["x", Label("y", hotkey="1"), "z"]), "b": [str(n) for n in range(30)]})
    keys = [label.hotkey for field in made.fields for label in field.get_labels() if label.hotkey]
    assert keys[:3] == ["2", "1", "3"]
    assert "shift+1" in keys
    assert len(keys) == len(set(keys)) == 30
    assert sum(not label.hotkey for field in made.fields for label in field.get_labels()) == 3


def test_two_labels_cannot_have_one_hotkey() -> None:
    with pytest.raises(InvalidSchema, match="hotkey 'q'"):
        Schema.of({"a": [Label("x", hotkey="q"), Label("y", hotkey="q")]})


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=16, unique=True), st.randoms())
def test_up_to_sixteen_labels_have_colours_of_their_own(names: list[str], rnd: random.Random) -> None:
    made = Schema.of({"a": names})
    colors = [label.color for label in made.fields[0].get_labels()]
    assert len(set(colors)) == len(colors)
    alone = Schema.of({"a": [names[0]]}).fields[0].get_labels()[0]
    assert colors[0] == alone.color  # a label keeps its colour whatever follows it


def test_colours_and_hotkeys_can_be_given() -> None:
    label = Schema.of({"a": [Label("x", color="#abc", hotkey="Q")]}).fields[0].get_labels()[0]
    assert (label.color, label.hotkey) == ("#abc", "Q")


@pytest.mark.parametrize("color", ["red; background: url(//x)", "javascript:alert(1)", "#12345", "</style>"])
def test_hostile_colours_are_refused(color: str) -> None:
    with pytest.raises(InvalidSchema, match="color"):
        Label("x", color=color)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "needs a field"),
        ({"a": []}, "no labels"),
        ({"a": "PERSON"}, "cannot be made"),
        ({"a": ["x", "x"]}, "twice"),
        ({"a": ["  "]}, "not empty"),
        ({"r": Relations(["x"])}, "no such spans field"),
        ({"a": [Label("x", parent="y")]}, "unknown parent"),
        ({"a": {"kind": "choices", "labels": [{"name": "x"}], "evil": 1}}, "unknown field"),
    ],
)
def test_what_is_no_schema_says_why(fields, words) -> None:
    with pytest.raises(InvalidSchema, match=words):
        Schema.of(fields)


def test_a_label_cannot_be_its_own_ancestor() -> None:
    with pytest.raises(InvalidSchema, match="ancestor"):
        Choices([Label("x", parent="y"), Label("y", parent="x")])


def test_limits_must_make_sense() -> None:
    with pytest.raises(InvalidSchema, match="max=3"):
        Choices(["x"], max=3)
    with pytest.raises(InvalidSchema, match="limits"):
        Spans(["x"], min=3, max=2)


def test_json_round_trip() -> None:
    made = schema()
    assert msgspec.json.decode(msgspec.json.encode(made), type=Schema) == made


@pytest.mark.parametrize(
    ("answer", "field", "kinds"),
    [
        ("good", None, ["choice"]),
        (["good"], None, ["choice"]),
        ((0, 3, "ORG"), None, ["span"]),
        ([(0, 3, "ORG"), (4, 5, "PERSON")], None, ["span", "span"]),
        ({"start": 0, "end": 3, "label": "ORG"}, None, ["span"]),
        ({"kind": "span", "start": 0, "end": 3, "label": "ORG"}, None, ["span"]),
        ({"spans": [(0, 3, "ORG")], "mood": "bad", "note": "hm"}, None, ["span", "choice", "text"]),
        ("hm", "note", ["text"]),
        (
            [Span(0, 3, "ORG", id="a"), Span(4, 5, "ORG", id="b"), Relation("a", "b", "works for")],
            None,
            ["span", "span", "relation"],
        ),
        (None, None, []),
        ([], None, []),
    ],
)
def test_bare_answers_find_their_field(answer, field, kinds) -> None:
    made = schema().coerce(answer, field)
    assert [a.kind for a in made] == kinds
    assert all(a.id and a.field for a in made)
    schema().check(made, extent=10)


def test_numbers_are_labels_where_the_schema_says_so() -> None:
    made = Schema.of({"grade": [0, 1, 2]})
    assert made.coerce(1)[0].label == "1"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("goood", "did you mean 'good'"),
        ({"moood": "good"}, None),
        ([Span(0, 11, "ORG")], "beyond the text's 10 characters"),
        ([Span(0, 1, "ORGA")], "unknown label 'ORGA'"),
        ([Choice("good", field="spans")], "takes annotations of the kind 'span', not 'choice'"),
        ([Choice("good", field="nope")], "no such field"),
        ([Span(0, 1, "ORG", attributes={"role": "boss"})], "unknown attribute 'role'"),
        ([Span(0, 1, "PERSON", attributes={"role": "king"})], "cannot be 'king'"),
        ([Span(0, 1, "ORG", id="a"), Span(2, 3, "ORG", id="a")], "two annotations have this id"),
        ([Span(0, 1, "ORG", id="a"), Relation("a", "b", "works for")], "'b' is not the id of a span"),
        ({"note": "too long"}, "more than 5 characters"),
        ({"kind": "nonsense"}, "unknown kind"),
        ([object()], "not a label"),
    ],
)
def test_a_broken_rule_names_annotation_rule_and_item(answer, words) -> None:
    def check() -> None:
        schema().check(schema().coerce(answer), item="row 7", extent=10, complete=True)

    with pytest.raises(InvalidAnnotation, match=words) as caught:
        check()
    if caught.value.item is not None:
        assert "row 7" in str(caught.value)


def test_limits_are_checked_only_when_complete() -> None:
    made = Schema.of({"spans": Spans(["A"], min=1, max=1), "mood": Choices(["x", "y"], required=True)})
    made.check([])
    with pytest.raises(InvalidAnnotation, match="needs at least 1"):
        made.check([], complete=True)
    two = made.coerce([(0, 1, "A"), (2, 3, "A")])
    made.check(two)
    with pytest.raises(InvalidAnnotation, match="takes at most 1"):
        made.check(two, complete=True)


def test_a_text_may_be_too_long_while_it_is_written() -> None:
    made = Schema.of({"note": Texts(max_length=5)})
    long = made.coerce({"note": "too long"})
    made.check(long, draft=True)
    for rules in ({}, {"complete": True}):
        with pytest.raises(InvalidAnnotation, match="more than 5 characters"):
            made.check(long, **rules)
    with pytest.raises(InvalidAnnotation, match="more than 5 characters"):
        made.check([], among=long, complete=True)


def test_overlap_can_be_forbidden() -> None:
    made = Schema.of({"spans": Spans(["A"], overlap=False)})
    made.check(made.coerce([(0, 2, "A"), (2, 4, "A")]))
    with pytest.raises(InvalidAnnotation, match="overlap=False"):
        made.check(made.coerce([(0, 3, "A"), (2, 4, "A")]))


def test_what_is_written_into_a_text_field_is_no_label() -> None:
    (made,) = schema().coerce({"note": "good"})
    assert isinstance(made, Text)
    assert made.text == "good"


def test_a_bare_span_goes_to_the_field_that_has_its_label() -> None:
    made = Schema.of({"people": Spans(["PERSON"]), "places": Spans(["CITY"])})
    assert [a.field for a in made.coerce([(0, 1, "CITY"), (2, 3, "PERSON")])] == ["places", "people"]
    with pytest.raises(InvalidAnnotation, match="give field="):
        made.coerce([(0, 1)])
