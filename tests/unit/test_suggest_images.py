"""Models look at images: they see upright pixels, and what they return becomes shapes within the image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import supervision
from PIL import Image

import nblabel as nb
from nblabel import suggest
from nblabel.annotations import Box, Choice, Keypoints, Mask, Polygon
from nblabel.errors import SuggestError
from nblabel.media.base import MediaError
from nblabel.records import Item, Suggestion
from nblabel.schema import Boxes, Masks, Polygons, Polylines, Schema, Skeletons
from nblabel.shapes import mask_array

SIZE = (40, 30)
SCHEMA = Schema.of(
    {
        "boxes": Boxes(["cat", "dog"]),
        "outlines": Polygons(["pond"]),
        "lines": Polylines(["road"]),
        "pose": Skeletons(["person"], points=["head", "hand"]),
        "regions": Masks(["sky", "cat"]),
        "weather": ["sunny", "dull"],
    }
)
ONE = Schema.of({"boxes": Boxes(["coin"]), "regions": Masks(["coin"])})
PIXELS = np.zeros((30, 40, 3), np.uint8)


def ask(answer: Any, schema: Schema = SCHEMA) -> Suggestion:
    def model(image: Any) -> Any:
        return answer

    (found,) = suggest.of(model, schema, view=lambda item: PIXELS).run([Item("k", "a.png", "id", size=SIZE)])
    return found


def sides(found: Suggestion) -> list[Any]:
    return [(a.x, a.y, a.width, a.height, a.label, a.score) for a in found.annotations if isinstance(a, Box)]


# ---- what models may return --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((1, 2, 3, 4, "cat"), [(1, 2, 3, 4, "cat", None)]),
        ([1.5, 2, 3, 4, "cat"], [(1.5, 2, 3, 4, "cat", None)]),
        ([(1, 2, 3, 4, "cat"), (5, 6, 7, 8, "dog", 0.25)], [(1, 2, 3, 4, "cat", None), (5, 6, 7, 8, "dog", 0.25)]),
        ([[np.float32(1), np.int64(2), 3, 4, np.str_("cat"), np.float32(0.5)]], [(1, 2, 3, 4, "cat", 0.5)]),
        (Box(1, 2, 3, 4, "cat", score=0.5), [(1, 2, 3, 4, "cat", 0.5)]),
        ({"x": 1, "y": 2, "width": 3, "height": 4, "label": "dog", "score": 0.5}, [(1, 2, 3, 4, "dog", 0.5)]),
        ({"boxes": [(1, 2, 3, 4, "cat")], "weather": "dull"}, [(1, 2, 3, 4, "cat", None)]),
        (iter([(1, 2, 3, 4, "cat")]), [(1, 2, 3, 4, "cat", None)]),
        ([], []),
        (None, []),
    ],
)
def test_boxes(answer: Any, expected: list[Any]) -> None:
    found = ask(answer)
    assert found.error == ""
    assert sides(found) == expected
    assert all(a.source == "model" and a.id and a.field for a in found.annotations)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((1, 2, 3, 4), [(1, 2, 3, 4, "coin", None)]),
        ((1, 2, 3, 4, 0.5), [(1, 2, 3, 4, "coin", 0.5)]),
        (np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), [(1, 2, 3, 4, "coin", None), (5, 6, 7, 8, "coin", None)]),
        (np.array([[1, 2, 3, 4, 0.5]]), [(1, 2, 3, 4, "coin", 0.5)]),
        (np.zeros((0, 4)), []),
        ({"boxes": np.array([[1, 2, 3, 4]])}, [(1, 2, 3, 4, "coin", None)]),
    ],
)
def test_where_there_is_one_label_it_may_be_left_out(answer: Any, expected: list[Any]) -> None:
    found = ask(answer, ONE)
    assert found.error == ""
    assert sides(found) == expected


def region() -> Any:
    made = np.zeros((30, 40), bool)
    made[3:9, 5:20] = True
    return made


@pytest.mark.parametrize(
    "answer",
    [
        region(),
        (region(), "coin"),
        (region(), "coin", 0.5),
        [(region(), "coin")],
        {"mask": region(), "label": "coin"},
        [{"mask": region(), "label": "coin", "score": 0.5}],
        region()[None],
        {"regions": region()},
        {"regions": [region()]},
        {"regions": (region(), "coin")},
    ],
)
def test_arrays_of_pixels_are_masks(answer: Any) -> None:
    found = ask(answer, ONE)
    assert found.error == ""
    (mask,) = found.annotations
    assert isinstance(mask, Mask)
    assert (mask.label, mask.field) == ("coin", "regions")
    assert np.array_equal(mask_array(mask), region())
    assert mask.score in (None, 0.5)


def test_every_other_kind_of_answer() -> None:
    found = ask(
        [
            {"points": np.array([[1, 1], [9, 1], [5, 9]]), "label": "pond"},
            {"points": [(1, 1), (9, 1)], "label": "road", "closed": False},
            Keypoints([(1, 2, 2), (3, 4, 1)], "person"),
            {"points": np.array([[1, 2, 2], [5, 4, 1]]), "label": "person", "score": np.float32(0.5)},
            ("sunny", 0.9),
        ]
    )
    assert found.error == ""
    assert [a.field for a in found.annotations] == ["outlines", "lines", "pose", "pose", "weather"]
    pond = found.annotations[0]
    assert isinstance(pond, Polygon)
    assert pond.points == ((1, 1), (9, 1), (5, 9))


# ---- detectors ---------------------------------------------------------------------------------------


def test_detections_of_supervision() -> None:
    masks = np.stack([region(), ~region(), region()])
    found = ask(
        supervision.Detections(
            xyxy=np.array([[1, 2, 11, 12], [5, 5, 60, 20], [0, 0, 9, 9]], dtype=np.float32),
            mask=masks,
            confidence=np.array([0.9, 0.8, 0.7], dtype=np.float32),
            class_id=np.array([15, 16, 2]),
            data={"class_name": np.array(["cat", "dog", "car"])},
        )
    )
    assert found.error == ""
    boxes = [a for a in found.annotations if isinstance(a, Box)]
    assert [(a.x, a.y, a.width, a.height, a.label) for a in boxes] == [(1, 2, 10, 10, "cat"), (5, 5, 35, 15, "dog")]
    assert [a.score for a in boxes] == pytest.approx([0.9, 0.8])
    (mask,) = (a for a in found.annotations if isinstance(a, Mask))
    assert mask.label == "cat"
    assert np.array_equal(mask_array(mask), region())


class Tensor:
    """What torch's tensors are to others: numbers on a device that numpy cannot reach."""

    def __init__(self, values: Any, away: bool = True) -> None:
        self._values, self._away = values, away

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return Tensor(self._values, away=False)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self._away:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return np.asarray(self._values, dtype)


def test_results_of_ultralytics() -> None:
    def tensor(values: Any) -> Any:
        return Tensor(np.asarray(values, np.float32))

    boxes = SimpleNamespace(xyxy=tensor([[1, 2, 11, 12]]), conf=tensor([0.75]), cls=tensor([1]))
    found = ask(SimpleNamespace(boxes=boxes, names={0: "dog", 1: "cat"}, masks=None))
    assert found.error == ""
    assert sides(found) == [(1, 2, 10, 10, "cat", 0.75)]
    masks = SimpleNamespace(data=tensor(region()[None]))
    with_mask = ask(SimpleNamespace(boxes=boxes, names={0: "dog", 1: "cat"}, masks=masks))
    assert [a.kind for a in with_mask.annotations] == ["box", "mask"]


def test_detections_without_names() -> None:
    found = supervision.Detections(xyxy=np.array([[1.0, 2, 11, 12]]))
    assert sides(ask(found, ONE)) == [(1, 2, 10, 10, "coin", None)]
    assert "has no names of classes" in ask(found).error
    assert ask(supervision.Detections.empty()) == Suggestion("id")


def test_labels_that_nobody_asked_for_are_counted_and_noted() -> None:
    def model(image: Any) -> Any:
        xyxy = np.array([[1.0, 1, 9, 9]] * 3)
        return supervision.Detections(xyxy=xyxy, data={"class_name": np.array(["car", "cat", "car"])})

    adapter = suggest.of(model, SCHEMA, view=lambda item: PIXELS)
    for found in adapter.run([Item(n, "x", str(n), size=SIZE) for n in range(2)]):
        assert found.error == ""
        assert len(found.annotations) == 1, "a box; no mask came with it"
    assert len(adapter.notes) == 1
    assert "gives labels that the schema does not have: car (4)" in adapter.notes[0]


# ---- within the image --------------------------------------------------------------------------------


def test_boxes_are_cut_at_the_edges() -> None:
    found = ask([(-5, -5, 20, 20, "cat"), (30, 20, 100, 100, "cat"), (0, 0, 40, 30, "cat")])
    assert found.error == ""
    assert [s[:4] for s in sides(found)] == [(0, 0, 15, 15), (30, 20, 10, 10), (0, 0, 40, 30)]


def test_turned_boxes_keep_their_shape() -> None:
    found = ask(Box(35, 25, 10, 10, "cat", rotation=30))
    (box,) = found.annotations
    assert isinstance(box, Box)
    assert (box.x, box.width, box.rotation) == (35, 10, 30)
    assert "lies outside the image" in ask(Box(60, 60, 10, 10, "cat", rotation=30)).error


def test_polygons_are_cut_and_lines_end_at_the_edges() -> None:
    (pond,) = ask(Polygon([(-10, 5), (20, 5), (20, 15), (-10, 15)], "pond")).annotations
    assert isinstance(pond, Polygon)
    assert set(pond.points) == {(0, 5), (20, 5), (20, 15), (0, 15)}
    (diamond,) = ask(Polygon([(20, -10), (60, 15), (20, 40), (-20, 15)], "pond")).annotations
    assert isinstance(diamond, Polygon)
    assert all(0 <= x <= 40 and 0 <= y <= 30 for x, y in diamond.points)
    (road,) = ask({"points": [(10, 10), (100, 12)], "label": "road", "closed": False}).annotations
    assert isinstance(road, Polygon)
    assert road.points == ((10, 10), (40, 12))


def test_holes_are_cut_too() -> None:
    hole = ((-5, 8), (5, 8), (5, 12), (-5, 12))
    away = ((-9, -9), (-8, -9), (-8, -8))
    (pond,) = ask(Polygon([(-10, 5), (20, 5), (20, 15), (-10, 15)], "pond", holes=(hole, away))).annotations
    assert isinstance(pond, Polygon)
    assert [set(ring) for ring in pond.holes] == [{(0, 8), (5, 8), (5, 12), (0, 12)}]


def test_points_outside_are_absent() -> None:
    (person,) = ask(Keypoints([(5, 5, 2), (50, 5, 2)], "person")).annotations
    assert isinstance(person, Keypoints)
    assert person.points == ((5, 5, 2), (0, 0, 0))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ((50, 50, 5, 5, "cat"), "lies outside the image of 40 × 30 pixels"),
        ((-9, 5, 5, 5, "cat"), "lies outside the image"),
        ((40, 5, 5, 5, "cat"), "lies outside the image"),
        (Polygon([(50, 50), (60, 50), (60, 60)], "pond"), "lies outside the image"),
        (Polygon([(-9, -9), (-5, -9), (-5, -5)], "road", closed=False), "lies outside the image"),
        (Keypoints([(50, 5, 2), (0, 0, 0)], "person"), "lies outside the image"),
        ((np.zeros((30, 40), bool), "sky"), "is empty"),
        ((np.ones((3, 4), bool), "sky"), "is not the image's"),
        ((1, 2, 0, 4, "cat"), "must be positive"),
        ((1, 2, math.nan, 4, "cat"), "must be finite"),
        ((1, 2, 3, 4, "cow"), "unknown label 'cow'"),
        ((1, 2, 3, 4, "cat", 1.5), "outside [0, 1]"),
        ((1, 2, 3, 4), "unknown label ''"),
        ({"mask": np.ones((30, 40), bool), "label": "sky", "colour": 3}, "colour"),
        ({"x": 1, "y": 2, "width": "3", "height": 4, "label": "cat"}, "width"),
        (np.zeros(3), "is no kind of annotation"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_is_kept(bad: Any, words: str) -> None:
    found = ask([(1, 2, 3, 4, "cat"), bad, "sunny"])
    assert [a.kind for a in found.annotations] == ["box", "choice"]
    assert words in found.error
    assert len(found.error) < 400


def test_what_is_told_of_a_large_mask_is_short() -> None:
    noise = np.random.default_rng(0).random((300, 400)) > 0.5
    assert len(ask((noise, "sky")).error) < 400


# ---- what models see ---------------------------------------------------------------------------------


def test_a_suggester_gets_items_with_pixels() -> None:
    class Model:
        source = "finder-2"

        def suggest(self, items: Sequence[Item]) -> list[Any]:
            assert [item.data.shape for item in items] == [(30, 40, 3)] * 2
            assert [item.key for item in items] == [0, 1]
            return [[Box(1, 2, 3, 4, "cat")], []]

    adapter = suggest.of(Model(), SCHEMA, view=lambda item: PIXELS)
    found = adapter.run([Item(0, "a.png", "a", size=SIZE), Item(1, "b.png", "b", size=SIZE)])
    assert [len(one.annotations) for one in found] == [1, 0]
    assert found[0].annotations[0].source == "finder-2"
    assert not any(one.error for one in found)


def test_a_function_of_several_images() -> None:
    seen: list[int] = []

    def finds(images: list[Any]) -> list[Any]:
        seen.append(len(images))
        return [(1, 2, 3, 4, "cat") for _ in images]

    adapter = suggest.of(suggest.batched(finds, 5), SCHEMA, view=lambda item: PIXELS)
    items = [Item(n, "x", str(n), size=SIZE) for n in range(4)]
    assert adapter.batch == 5
    assert adapter.source.endswith("finds")
    assert [len(one.annotations) for one in adapter.run(items)] == [1] * 4
    assert seen == [4]
    other = suggest.of(adapter, ONE)
    assert (other.batch, other.view) == (5, adapter.view), "the same for another schema"


def test_an_image_that_cannot_be_read_costs_only_itself() -> None:
    def view(item: Item) -> Any:
        if item.key == 1:
            raise MediaError("the image is broken: truncated")
        return PIXELS

    def one(image: Any) -> Any:
        return (1, 2, 3, 4, "cat")

    items = [Item(n, "x", str(n), size=SIZE) for n in range(3)]
    for model in (one, suggest.batched(lambda images: [(1, 2, 3, 4, "cat")] * len(images))):
        found = suggest.of(model, SCHEMA, view=view).run(items)
        assert [len(one.annotations) for one in found] == [1, 0, 1]
        assert found[1].error.endswith("on item 1: the image is broken: truncated")


def test_spacy_is_no_model_of_images() -> None:
    spacy = pytest.importorskip("spacy")
    with pytest.raises(SuggestError, match="not for images"):
        suggest.of(spacy.blank("en"), SCHEMA, view=lambda item: PIXELS)


# ---- with a labeler ----------------------------------------------------------------------------------


def bright(image: Any) -> list[Any]:
    ys, xs = np.nonzero(image[..., 0] > 128)
    if not len(xs):
        return []
    return [(xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1, "cat", 0.5)]


def photo(x: int, y: int) -> Any:
    made = np.zeros((30, 40, 3), np.uint8)
    made[y : y + 5, x : x + 8] = 255
    return made


def wait_for(lab: Any) -> tuple[Any, ...]:
    session = lab._session
    session.ask([session.item])
    assert session.models.runner.wait(30)
    return tuple(session.suggestions(session.item) or ())


def test_suggestions_are_no_answers_until_they_are_submitted() -> None:
    lab = nb.ImageLabeler([photo(3, 4), photo(10, 12)], boxes=["cat", "dog"], suggest=bright, store=":memory:")
    (box,) = wait_for(lab)
    assert (box.x, box.y, box.width, box.height, box.label) == (3, 4, 8, 5, "cat")
    assert (box.score, box.source) == (0.5, "bright")
    assert lab.annotations.empty
    assert lab.value == ()
    assert lab.accept() == 1
    assert lab.annotations.empty, "a draft is no answer"
    assert lab.progress.drafts == 1
    lab.submit()
    assert lab.annotations[["label", "x", "y", "score", "source"]].values.tolist() == [["cat", 3, 4, 0.5, "bright"]]


def test_models_see_images_upright(tmp_path: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise
    Image.fromarray(photo(3, 4)).save(tmp_path / "turned.png", exif=exif)
    lab = nb.ImageLabeler([str(tmp_path / "turned.png")], boxes=["cat"], suggest=bright, store=":memory:")
    (box,) = wait_for(lab)
    assert (box.x, box.y, box.width, box.height) == (30 - 4 - 5, 3, 5, 8)


def test_a_model_is_asked_once_about_the_same_array() -> None:
    asked: list[int] = []

    def model(image: Any) -> Any:
        asked.append(1)
        return []

    lab = nb.ImageLabeler([photo(3, 4)], boxes=["cat"], suggest=model, store=":memory:")
    wait_for(lab)
    wait_for(lab)
    assert len(asked) == 1


def test_choices_of_whole_images() -> None:
    lab = nb.ImageLabeler([photo(3, 4)], choices=["day", "night"], suggest=lambda image: "night", store=":memory:")
    (choice,) = wait_for(lab)
    assert isinstance(choice, Choice)
    assert choice.label == "night"
