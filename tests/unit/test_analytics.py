"""What became of suggestions, and what learning curves tell."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nblabel.analytics import (
    Outcome,
    acceptance,
    anchoring,
    curve_chart,
    curve_frame,
    flattened,
    outcomes,
    split_source,
    suggestions,
    suggestions_frame,
)
from nblabel.annotations import AnyAnnotation, Box, Choice, Polygon, Rating, Relation, Segment, Span, Text
from nblabel.errors import MissingExtra, NblabelError
from nblabel.intervals import difference, wilson
from nblabel.records import Response

# ---- one answer ----------------------------------------------------------------------------------

_labels = st.sampled_from("AB")
_ids = st.sampled_from(["", *"abcd"])
_sources = st.sampled_from(["m@1", "n"])
_annotations: st.SearchStrategy[AnyAnnotation] = st.one_of(
    st.builds(
        lambda start, size, label, name, source: Span(start, start + size, label, id=name, field="s", source=source),
        st.integers(0, 9),
        st.integers(1, 4),
        _labels,
        _ids,
        _sources,
    ),
    st.builds(
        lambda label, name, source: Choice(label, id=name, field="c", source=source, score=0.5), _labels, _ids, _sources
    ),
    st.builds(lambda text, name: Text(text, id=name, field="t"), st.sampled_from(["x", "\ud800"]), _ids),
)


def fates(offered: list[AnyAnnotation], given: list[AnyAnnotation]) -> list[str]:
    made = outcomes(
        offered, Response("i", "ann", "submitted", tuple(given)), key="7", shown=True, blind=False, seconds=2.0, at=5.0
    )
    assert all((one.item, one.key, one.annotator, one.seconds, one.at) == ("i", "7", "ann", 2.0, 5.0) for one in made)
    return [one.outcome for one in made]


def named(annotations: list[AnyAnnotation], prefix: str) -> list[AnyAnnotation]:
    return [msgspec.structs.replace(one, id=f"{prefix}{n}", source="human") for n, one in enumerate(annotations)]


@settings(deadline=None)
@given(st.lists(_annotations, max_size=6))
def test_what_is_kept_or_made_again_by_hand_is_accepted_and_what_is_gone_rejected(offered) -> None:
    assert fates(offered, offered) == ["accepted"] * len(offered)
    assert fates(offered, named(offered, "h")[::-1]) == ["accepted"] * len(offered)
    assert fates(offered, []) == ["rejected"] * len(offered)


@settings(deadline=None)
@given(st.lists(_annotations, max_size=6), st.lists(_annotations, max_size=6), st.randoms())
def test_outcomes_do_not_depend_on_the_order_of_the_answer_or_on_ids_made_up(offered, answer, rng) -> None:
    answer = named(answer, "h")
    made = fates(offered, answer)
    rng.shuffle(answer)
    assert sorted(fates(offered, answer)) == sorted(made)
    # each edit of a model has an answer of its own that says something else
    for source in {one.source for one in offered}:
        own = [fate for fate, one in zip(made, offered, strict=True) if one.source == source]
        assert own.count("edited") <= len(answer)


@settings(deadline=None)
@given(st.lists(_annotations, max_size=5), st.lists(_annotations, max_size=5))
def test_one_models_suggestions_say_nothing_of_anothers(offered, answer) -> None:
    both = fates(offered, answer)
    for source in {one.source for one in offered}:
        alone = [n for n, one in enumerate(offered) if one.source == source]
        assert fates([offered[n] for n in alone], answer) == [both[n] for n in alone]


_placed = st.one_of(
    _annotations,
    st.builds(
        lambda x, y, w, label: Box(x, y, w, 3, label, field="b"),
        st.integers(0, 6),
        st.integers(0, 3),
        st.integers(1, 5),
        _labels,
    ),
    st.builds(lambda start, size: Segment(start, start + size, field="g"), st.integers(0, 5), st.integers(0, 3)),
    st.builds(lambda value, label: Rating(value, label, field="r"), st.integers(1, 3), _labels),
    st.builds(lambda head, label: Relation(head, "z", label, field="l"), st.sampled_from("ab"), _labels),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(_placed, max_size=9), st.lists(_placed, max_size=9))
def test_neighbours_are_all_that_would_be_found_by_comparing_everything(offered, given) -> None:
    one, other = list(enumerate(offered)), list(enumerate(given))
    everything = [
        (-suggestions._common(a, b), n, m)
        for n, a in one
        for m, b in other
        if suggestions._bucket(a) == suggestions._bucket(b) and suggestions._common(a, b) > 0
    ]
    assert sorted(suggestions._near(one, other)) == sorted(everything)


@pytest.mark.parametrize(
    ("offered", "given", "fate"),
    [
        (Span(0, 3, "A", id="a"), Span(0, 5, "A", id="a"), "edited"),
        (Span(0, 3, "A", id="a"), Span(2, 5, "B", id="b"), "edited"),
        (Span(0, 3, "A", id="a"), Span(3, 5, "A", id="b"), "rejected"),
        (Span(0, 3, "A", id="a"), Span(0, 3, "A", id="a", attributes={"sure": True}), "edited"),
        (
            Span(0, 3, "A", id="a", attributes={"x": 1, "y": 2}),
            Span(0, 3, "A", id="b", attributes={"y": 2, "x": 1}),
            "accepted",
        ),
        (Span(0, 3, "A", id="a", field="one"), Span(0, 3, "A", id="b", field="two"), "rejected"),
        (Choice("A", id="a"), Choice("B", id="a"), "rejected"),
        (Choice("A", id="a"), Choice("B", id="b"), "rejected"),
        (Text("I here you", id="a"), Text("I hear you", id="b"), "edited"),
        (Rating(3, "tone", id="a"), Rating(4, "tone", id="b"), "edited"),
        (Rating(3, "tone", id="a"), Rating(3, "facts", id="b"), "rejected"),
        (Box(0, 0, 10, 10, "cat", id="a"), Box(1, 0, 10, 10, "dog", id="b"), "edited"),
        (Box(0, 0, 10, 10, "cat", id="a"), Box(9, 0, 10, 10, "cat", id="b"), "rejected"),
        (Box(500, 300, 10, 20, "cat", id="a"), Box(501, 300, 10, 20, "dog", id="b"), "edited"),
        (Box(500, 300, 10, 20, "cat", id="a"), Box(507, 300, 10, 20, "dog", id="b"), "rejected"),
        (
            Polygon(((500, 300), (510, 300), (510, 320)), "cat", id="a"),
            Polygon(((501, 300), (510, 300), (510, 320)), "cat", id="b"),
            "edited",
        ),
        (Segment(1, 1, "beep", id="a"), Segment(1, 1, "click", id="b"), "edited"),
        (Segment(0, 2, "a", text="hi", id="a"), Segment(0.1, 2, "a", text="hi", id="b"), "edited"),
    ],
)
def test_what_counts_as_an_edit(offered, given, fate) -> None:
    assert fates([offered], [given]) == [fate]


def test_an_answer_is_the_edit_of_one_suggestion_only() -> None:
    long, short = Span(0, 10, "ORG", id="a"), Span(0, 4, "PERSON", id="b")
    assert fates([long, short], [long]) == ["accepted", "rejected"]
    assert fates([short, long], [Span(0, 9, "ORG", id="h")]) == ["rejected", "edited"]


def test_relations_are_the_same_between_marks_that_are_the_same() -> None:
    ada, bob, knows = Span(0, 3, "P", id="a"), Span(9, 12, "P", id="b"), Relation("a", "b", "knows", id="r")
    by_hand = [Span(9, 12, "P", id="y"), Span(0, 3, "P", id="x"), Relation("x", "y", "knows", id="z")]
    assert fates([ada, bob, knows], by_hand) == ["accepted"] * 3
    assert fates([knows], [Relation("a", "b", "hates", id="q")]) == ["edited"]
    assert fates([ada, bob, knows], [*by_hand[:2], Relation("y", "x", "knows", id="z")])[2] == "rejected"


def test_sources_are_split_into_name_and_version() -> None:
    for source, split in {
        "name@3": ("name", "3"),
        "me@home@12": ("me@home", "12"),
        "@3": ("@3", ""),
        "name@": ("name@", ""),
        "": ("", ""),
        "en_core_web_sm-3.8.0": ("en_core_web_sm", "3.8.0"),
        "en_core_web_sm-3.8.0@2": ("en_core_web_sm-3.8.0", "2"),
        "gpt-4.1-mini": ("gpt-4.1-mini", ""),
        "a@1 + b@2": ("a + b", "1 + 2"),
        "a + b": ("a + b", ""),
    }.items():
        assert split_source(source) == split


# ---- many of them --------------------------------------------------------------------------------


def outcome(fate: str = "accepted", **changes: Any) -> Outcome:
    body: dict[str, Any] = {
        "item": "i",
        "key": "7",
        "annotator": "ann",
        "field": "mood",
        "label": "good",
        "kind": "choice",
        "source": "m",
        "version": "1",
        "score": 0.5,
        "shown": True,
        "blind": False,
        "seconds": 2.0,
        "at": 1_714_566_000.25,
    }
    return Outcome(**{**body, "outcome": fate, **changes})


def test_outcomes_travel_as_json_and_stand_in_typed_frames() -> None:
    one = outcome(score=None, key="a\ud800")
    assert msgspec.convert(msgspec.to_builtins(one), Outcome) == one
    empty, full = suggestions_frame([]), suggestions_frame([one], {"i": 7})
    assert full["key"].tolist() == [7]
    assert suggestions_frame([one])["key"].tolist() == ["a\ud800"]
    assert full["at"][0] == pd.Timestamp("2024-05-01 12:20:00.25", tz="UTC")
    assert empty.drop(columns="key").dtypes.equals(full.drop(columns="key").dtypes)
    for make in (acceptance, anchoring):
        for by in ((), ("source", "shown")):
            assert make(empty, by).dtypes.equals(make(full, by).dtypes)
            assert len(make(empty, by)) == (0 if by else 1)
    assert pd.isna(acceptance(empty, ())["share"][0])


def test_acceptance_counts_what_was_seen() -> None:
    rows = [outcome(n) for n in ["accepted"] * 6 + ["edited"] * 3 + ["rejected"]]
    rows += [outcome("rejected", version="2", label="bad")] * 2 + [outcome("rejected", shown=False)] * 5
    frame = acceptance(suggestions_frame(rows))
    assert frame.columns.tolist()[:3] == ["source", "version", "label"]
    first = frame.iloc[0]
    assert first[["version", "suggested", "accepted", "edited", "rejected"]].tolist() == ["1", 10, 6, 3, 1]
    assert first["share"] == 0.6
    assert (round(first["low"], 3), round(first["high"], 3)) == (0.313, 0.832)
    assert frame.iloc[1][["suggested", "share", "low"]].tolist() == [2, 0.0, 0.0]
    assert acceptance(suggestions_frame(rows), ["source"])["suggested"].tolist() == [12]
    with pytest.raises(NblabelError, match=r"no column 'labels' \(did you mean 'label'\?\)"):
        acceptance(suggestions_frame(rows), ["labels"])


def test_anchoring_compares_what_was_seen_with_what_was_kept_back_by_chance() -> None:
    rows = [outcome()] * 56 + [outcome("edited")] * 14
    rows += [outcome(shown=False, blind=True)] * 48 + [outcome("rejected", shown=False, blind=True)] * 32
    rows += [outcome("rejected", shown=False)] * 9  # came too late: not by chance
    [made] = anchoring(suggestions_frame(rows)).to_dict("records")
    assert (made["seen"], made["seen_agreed"], made["unseen"], made["unseen_agreed"]) == (70, 56, 80, 48)
    assert (round(made["difference"], 4), round(made["low"], 4), round(made["high"], 4)) == (0.2, 0.0524, 0.3339)
    assert pd.isna(anchoring(suggestions_frame([outcome()]))["difference"][0])
    assert anchoring(suggestions_frame(rows), ["label"])["label"].tolist() == ["good"]


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(1, 40))
def test_intervals_hold_the_share_and_mirror(hits: int, more: int) -> None:
    total = hits + more
    low, high = (float(bound) for bound in wilson(hits, total))
    assert 0 <= low <= hits / total <= high <= 1
    other_low, other_high = wilson(total - hits, total)
    assert (float(other_low), float(other_high)) == pytest.approx((1 - high, 1 - low))
    below, above = difference(hits, total, total - hits, total)
    assert -1 <= below <= 2 * hits / total - 1 <= above <= 1


# ---- learning curves -----------------------------------------------------------------------------


class Point(msgspec.Struct, frozen=True):
    labels: int
    held_out: int
    score: float
    metric: str = "accuracy"
    source: str = "m"
    version: str = "1"
    at: float = 0.0
    seconds: float = 0.5
    arm: str = "asked"


LABELS = [20, 40, 60, 80, 120, 160, 200, 240, 300]


def curve(scores: Any, held_out: int = 200, **changes: Any) -> list[Point]:
    return [Point(n, held_out, float(s), **changes) for n, s in zip(LABELS, scores, strict=True)]


def test_curves_have_intervals_where_scores_are_shares() -> None:
    frame = curve_frame([*curve(np.full(9, 0.9)), *curve(np.full(9, 0.8), metric="F1", arm="random")])
    assert frame.columns.tolist() == [
        *("arm", "labels", "held_out", "score", "low", "high", "metric", "source", "version", "at", "seconds")
    ]
    low, high = (float(bound) for bound in wilson(180, 200))
    assert frame.loc[0, ["low", "high"]].tolist() == pytest.approx([low, high])
    assert frame[frame["metric"] == "F1"][["low", "high"]].isna().all(axis=None)
    assert frame["labels"].tolist() == LABELS * 2
    assert curve_frame([]).dtypes.equals(frame.dtypes)


def _contrast(one: str, other: str) -> float:
    def light(color: str) -> float:
        parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([light(one), light(other)])
    return (high + 0.05) / (low + 0.05)


def test_the_chart_can_be_read_on_light_and_dark_pages() -> None:
    points = [*curve(np.full(9, 0.9)), *curve(np.full(9, 0.8), arm="random")]
    made = curve_chart(curve_frame(points)).to_dict()
    config = made["config"]
    assert config["background"] == "transparent"
    assert len(made["layer"]) == 3  # band, line, dots
    scale = made["layer"][1]["encoding"]["color"]["scale"]
    assert scale["domain"] == ["asked", "random"]
    for page in ("#ffffff", "#111111"):
        assert _contrast(config["axis"]["labelColor"], page) > 4
        assert all(_contrast(color, page) >= 3 for color in scale["range"])
    alone = curve_chart(curve_frame(curve(np.full(9, 0.9), metric="F1"))).to_dict()
    assert len(alone["layer"]) == 2
    assert alone["layer"][0]["encoding"]["color"]["legend"] is None
    assert "F1" in alone["layer"][0]["encoding"]["y"]["title"]
    curve_chart(curve_frame([])).to_dict()


def test_a_missing_altair_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(MissingExtra, match=r"chart of a learning curve .*nblabel\[charts\]"):
        curve_chart(curve_frame([]))


def test_a_flat_curve_is_said_to_be_flat() -> None:
    rising_then_flat = [0.4, 0.6, 0.7, 0.795, 0.80, 0.802, 0.801, 0.803, 0.802]
    said = flattened(curve(rising_then_flat))
    assert "less than 0.02 of accuracy (0.80 on 200 held-out answers)" in said
    assert flattened(curve(np.full(9, 0.7), metric="F1")) != ""
    versions = [msgspec.structs.replace(one, source=f"m@{n}") for n, one in enumerate(curve(rising_then_flat))]
    assert flattened(versions) == said
    assert curve_frame(versions)["source"].unique().tolist() == ["m"]
    # another model's points, and those of another order, say nothing of this one
    assert flattened([*curve(np.linspace(0.1, 0.9, 9), source="other"), *curve(rising_then_flat)]) == said


@pytest.mark.parametrize(
    "points",
    [
        curve(np.linspace(0.5, 0.9, 9)),
        curve(0.3 + 0.05 * np.log2(LABELS)),  # five points of a hundred at each doubling
        curve(np.full(9, 0.8), held_out=20),
        curve(np.full(9, 0.8))[:4],  # not yet twice
        curve([0.8] * 9)[-2:],
        [Point(100 + n, 200, 0.8) for n in range(9)],  # no doubling
    ],
)
def test_nothing_is_said_of_a_curve_that_rises_or_is_too_short(points) -> None:
    assert flattened(points) == ""


def test_noise_is_not_taken_for_flatness() -> None:
    """Rising by three points at a doubling, measured on 60 answers each: seldom flat; never with fewer answers."""
    rng = np.random.default_rng(0)
    said = 0
    for _ in range(200):
        scores = rng.binomial(60, 0.5 + 0.03 * np.log2(LABELS)) / 60
        said += flattened(curve(scores, held_out=60)) != ""
        assert flattened(curve(scores, held_out=40)) == ""
    assert said <= 10
