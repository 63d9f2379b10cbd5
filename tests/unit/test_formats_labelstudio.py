"""Label Studio JSON of images."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from nblabel import formats
from nblabel.annotations import Box, Choice, Keypoints, Mask, Polygon, Span, Text
from nblabel.errors import FormatError
from nblabel.formats.markup import xml_of
from nblabel.formats.rle import brush_of
from nblabel.schema import Attribute, Boxes, Choices, Label, Schema, Skeletons
from nblabel.shapes import corners, mask_array, rasterize

from .shape_rows import SCHEMA, SIZE, again, labelled, notes, painted, person, row, shapes

STUDIO = formats.FORMATS["labelstudio"]
WIDE, HIGH = SIZE
BRUSH = painted((10, 10, 5, 4))


def result(id_: str, type_: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    same = {
        "original_width": WIDE,
        "original_height": HIGH,
        "image_rotation": 0,
        "to_name": "image",
        "origin": "manual",
    }
    return {**same, "id": id_, "type": type_, "from_name": type_.removesuffix("labels"), "value": value, **more}


RESULTS = [
    result(
        "r1",
        "rectanglelabels",
        {"x": 25, "y": 50, "width": 12.5, "height": 25, "rotation": 0, "rectanglelabels": ["cat"]},
    ),
    result(
        "r2",
        "rectanglelabels",
        {"x": 50, "y": 25, "width": 25, "height": 12.5, "rotation": 30, "rectanglelabels": ["dog"]},
        score=0.75,
    ),
    result(
        "e1",
        "ellipselabels",
        {"x": 50, "y": 50, "radiusX": 25, "radiusY": 12.5, "rotation": 90, "ellipselabels": ["cat"]},
    ),
    result("p1", "polygonlabels", {"points": [[0, 0], [50, 0], [50, 50]], "closed": True, "polygonlabels": ["cat"]}),
    result(
        "p2",
        "polygonlabels",
        {"points": [[0, 0], [50, 50]], "closed": False, "polygonlabels": ["road"]},
        from_name="lines",
    ),
    result("k1", "keypointlabels", {"x": 50, "y": 25, "width": 0.3, "keypointlabels": ["nose"]}, parentID="r1"),
    result("b1", "brushlabels", {"format": "rle", "rle": brush_of(BRUSH), "brushlabels": ["cat"]}),
    result("s1", "brush", {"format": "rle", "rle": brush_of(BRUSH)}, from_name="brush"),
    result("s1", "labels", {"labels": ["dog"]}, from_name="tag"),
    # what a region says by controls of its own
    result(
        "r1",
        "choices",
        {"x": 25, "y": 50, "width": 12.5, "height": 25, "rotation": 0, "choices": ["red"]},
        from_name="colour",
    ),
    result(
        "r1",
        "textarea",
        {"x": 25, "y": 50, "width": 12.5, "height": 25, "rotation": 0, "text": ["a plate"]},
        from_name="plate",
    ),
    result("r1", "rating", {"rating": 4}, from_name="stars"),
    # and the image
    {"id": "c1", "type": "choices", "from_name": "time", "to_name": "image", "value": {"choices": ["day", "dusk"]}},
    {"id": "t1", "type": "textarea", "from_name": "note", "to_name": "image", "value": {"text": ["words"]}},
    {"from_id": "r1", "to_id": "r2", "type": "relation", "direction": "right"},
    result("v1", "vectorlabels", {"vertices": [], "vectorlabels": ["cat"]}),
]
TASK: dict[str, Any] = {
    "id": 10764,
    "annotations": [
        {
            "id": 11996,
            "completed_by": {"id": 1, "email": "ann@x.org", "first_name": ""},
            "result": RESULTS,
            "was_cancelled": False,
            "ground_truth": True,
            "created_at": "2025-05-02T13:40:45.998046Z",
            "updated_at": "2025-05-02T14:46:24.793056Z",
            "lead_time": 172.763,
            "unique_id": "c3ef7786",
        },
        {"id": 11997, "completed_by": 2, "result": [], "was_cancelled": True},
    ],
    "file_upload": "8f0d1a2b-cat.jpg",
    "drafts": [],
    "predictions": [
        {"model_version": "m-1", "score": 0.5, "result": [RESULTS[0]]},
        {"model_version": "m-2", "result": [RESULTS[1]]},
    ],
    "data": {"title": "a title", "image": "/data/upload/18/8f0d1a2b-cat.jpg"},
    "meta": {},
    "inner_id": 1,
}


def read(path: Path, data: Any = None, **options: Any) -> formats.Reading:
    path.write_text(json.dumps([TASK] if data is None else data))
    return STUDIO.read(path, **options)


def task(*results: Any, **more: Any) -> list[Any]:
    return [{"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"result": list(results)}], **more}]


# ---- reading -------------------------------------------------------------------------------------


def test_a_task_is_read_with_each_response(tmp_path: Path) -> None:
    found = read(tmp_path / "a.json")
    assert sorted(notes(found.report)) == [
        "a vectorlabels is not read",
        "result 14, a relation, is not read",
        "the ellipse 'cat' is read as a polygon of 64 points",
    ]
    one, two = found.items
    assert one.item is two.item
    assert (one.item.key, one.item.data, one.item.size) == (*["/data/upload/18/8f0d1a2b-cat.jpg"] * 2, SIZE)
    assert (one.response.annotator, one.response.status, two.response.annotator, two.response.status) == (
        *("ann@x.org", "submitted"),
        *("2", "discarded"),
    )
    assert (one.response.seconds, one.response.created_at) == (172.763, 1746193245.998046)
    said = {a.id: a for a in one.response.annotations}
    assert list(said) == ["r1", "r2", "e1", "p1", "p2", "k1", "b1", "s1", "c1", "c1:1", "t1"]
    box = said["r1"]
    assert box == Box(
        *(16, 24, 8, 12, "cat"),
        id="r1",
        field="rectangle",
        group="r1",
        attributes={"colour": "red", "plate": "a plate", "stars": 4},
    )
    turned = said["r2"]
    assert isinstance(turned, Box)
    assert (turned.score, turned.label, turned.rotation) == (0.75, "dog", 30)
    assert np.allclose(corners(turned)[0], (32, 12))  # it turns about its top left corner there
    angle = math.radians(30)
    assert np.allclose(corners(turned)[1], (32 + 16 * math.cos(angle), 12 + 16 * math.sin(angle)))
    ring = np.array(said["e1"].points)  # type: ignore[union-attr]
    assert np.allclose([ring.min(axis=0), ring.max(axis=0)], [(26, 8), (38, 40)], atol=0.05)
    assert said["p1"].points == ((0, 0), (32, 0), (32, 24))  # type: ignore[union-attr]
    assert (said["p2"].closed, said["p2"].field) == (False, "lines")  # type: ignore[union-attr]
    assert said["k1"] == Keypoints(((32, 12, 2),), "nose", id="k1", field="keypoint", group="r1")
    assert isinstance(said["b1"], Mask)
    assert said["b1"].counts == BRUSH.counts
    assert (said["s1"].label, said["s1"].field) == ("dog", "tag")  # type: ignore[union-attr]
    assert [said[one] for one in ("c1", "c1:1", "t1")] == [
        Choice("day", id="c1", field="time"),
        Choice("dusk", id="c1:1", field="time"),
        Text("words", id="t1", field="note"),
    ]
    assert found.schema is not None
    assert getattr(found.schema.field("time"), "multiple", None) is True
    found.schema.check(one.response.annotations)


def test_predictions_are_prelabels_where_asked_for(tmp_path: Path) -> None:
    assert read(tmp_path / "a.json").items[0].item.prelabels == ()
    first, second = read(tmp_path / "a.json", predictions=True).items[0].item.prelabels
    assert (first.score, first.source, first.id, first.label) == (0.5, "m-1", "prediction0:r1", "cat")  # type: ignore[union-attr]
    assert (second.score, second.source) == (0.75, "m-2")
    (alone,) = read(tmp_path / "a.json", [{**TASK, "annotations": []}], predictions=True).items
    assert (alone.response.status, len(alone.item.prelabels)) == ("pending", 2)


def test_the_image_of_a_task_is_found_or_named(tmp_path: Path) -> None:
    def key(data: dict[str, Any], results: list[Any] = [], **options: Any) -> Any:  # noqa: B006
        found = read(tmp_path / "a.json", [{"id": 5, "data": data, "annotations": [{"result": results}]}], **options)
        return [one.item.key for one in found.items] or notes(found.report)

    assert key({"text": "words", "photo": "https://x.org/a%20b.JPG?w=1"}) == ["https://x.org/a%20b.JPG?w=1"]
    assert key({"other": "b.png", "image": "c"}, [{**RESULTS[0], "source": "$image"}]) == ["c"]
    assert key({"a": "x.png", "b": "y.png"}, image="b") == ["y.png"]
    assert key({"text": "words"}) == ["the task has no image"]
    assert key({"image": "/data/local-files/?d=photos/a.jpg"}) == ["/data/local-files/?d=photos/a.jpg"]


def test_sizes_may_be_given_where_results_do_not_say_them(tmp_path: Path) -> None:
    plain = {name: value for name, value in RESULTS[0].items() if not name.startswith("original")}
    found = read(tmp_path / "a.json", task(plain))
    assert notes(found.report) == ["rectangle: does not say how large its image is"]
    sized = read(tmp_path / "a.json", task(plain), sizes={"a.jpg": (100, 100)})
    assert sized.items[0].item.size == (100, 100)
    assert sized.items[0].response.annotations[0].x == 25  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        (
            result("x", "rectanglelabels", {"x": 1, "y": 1, "width": 0, "height": 5, "rectanglelabels": ["a"]}),
            "must be positive",
        ),
        (result("x", "rectanglelabels", {"x": "q", "y": 1, "width": 1, "height": 5}), "'q' is not a number"),
        (result("x", "rectanglelabels", {"x": 1, "y": 1, "width": 1, "height": 5}, image_rotation=90), "turned by 90°"),
        (result("x", "polygonlabels", {"points": [[1, 1], [2]]}), "no list of points"),
        (result("x", "polygonlabels", {"points": [[1, 1], [2, 2]]}), "at least 3"),
        (result("x", "brushlabels", {"format": "rle", "rle": [1, 2]}), "ends too early"),
        (result("x", "brushlabels", {"format": "png", "rle": []}), "stored as 'png'"),
        (result("x", "brushlabels", {"format": "rle", "rle": brush_of(BRUSH)}, original_width=9), "not the image's"),
        (
            result("x", "brushlabels", {"rle": [0] * 9}, original_width=10**9, original_height=10**9),
            "cannot be unpacked",
        ),
        (
            result("x", "rectanglelabels", {"x": 1, "y": 1, "width": 1, "height": 5, "rectanglelabels": ["a", "b"]}),
            "labels a, b",
        ),
        (result("x", "videorectangle", {"sequence": []}), "videorectangle is not read"),
        (result("x", "choices", {"choices": 5}), "choices is not read"),
        ({"type": "rectanglelabels", "value": 3}, "rectanglelabels, is not read"),
        ("text", "a str, is not read"),
    ],
)
def test_damaged_results_are_told(given_: Any, words: str, tmp_path: Path) -> None:
    found = read(tmp_path / "a.json", task(given_, RESULTS[0]))
    assert any(words in reason for reason in notes(found.report)), notes(found.report)
    assert found.items[0].response.annotations[-1].id == "r1"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("x", "not a list of tasks"),
        ([1], "not a list of tasks"),
        ([{"image": "a.jpg", "label": [{"x": 1}]}], r"none has 'data'.*JSON_MIN"),
    ],
)
def test_what_is_no_export_is_refused(data: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=words):
        read(tmp_path / "a.json", data)


def test_tasks_and_annotations_that_stand_twice_are_told(tmp_path: Path) -> None:
    twice = {**TASK, "annotations": [{"result": []}, {"result": [RESULTS[0]]}]}
    found = read(tmp_path / "a.json", [twice, twice])
    assert [one.item.key for one in found.items] == [twice["data"]["image"], f"{twice['data']['image']} (10764)"]
    assert [len(one.response.annotations) for one in found.items] == [1, 1]
    assert len(found.report.dropped) == 3


# ---- writing -------------------------------------------------------------------------------------


def test_what_did_not_change_is_written_as_it_was(tmp_path: Path) -> None:
    found = read(tmp_path / "a.json")
    report = STUDIO.write(tmp_path / "b.json", found.labelled, found.schema, meta=found.meta)
    assert report.dropped == ()
    assert report.items == 1
    (written,) = json.loads((tmp_path / "b.json").read_text())
    first, second = written["annotations"]
    assert sorted(map(json.dumps, first.pop("result"))) == sorted(map(json.dumps, RESULTS))
    assert {name: first[name] for name in TASK["annotations"][0] if name != "result"} == {
        name: value for name, value in TASK["annotations"][0].items() if name != "result"
    }
    assert (second["was_cancelled"], second["result"], second["completed_by"]) == (True, [], 2)
    assert {name: written[name] for name in TASK if name != "annotations"} == {
        name: value for name, value in TASK.items() if name != "annotations"
    }


def test_what_changed_is_written_anew_and_the_rest_stays(tmp_path: Path) -> None:
    found = read(tmp_path / "a.json")
    one, two = found.labelled
    said = [a for a in one.response.annotations if a.id not in ("c1:1", "p1")]
    said[1] = Box(0, 0, 32, 24, "cat", id="r2", field="rectangle")
    changed = row(*said, key=one.item.key, annotator=one.response.annotator)
    STUDIO.write(tmp_path / "b.json", [changed, two], found.schema, meta=found.meta)
    (written,) = json.loads((tmp_path / "b.json").read_text())
    results = {one["id"] + one["type"]: one for one in written["annotations"][0]["result"] if "id" in one}
    assert results["r2rectanglelabels"]["value"] == {
        **dict.fromkeys(("x", "y", "rotation"), 0),
        **dict.fromkeys(("width", "height"), 50),
        "rectanglelabels": ["cat"],
    }
    assert results["c1choices"]["value"] == {"choices": ["day"]}
    assert "p1polygonlabels" not in results
    assert results["r1rectanglelabels"] == RESULTS[0]
    assert results["r1rating"] == RESULTS[11]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)
@given(said=shapes())
def test_shapes_come_back_as_they_were_or_are_in_the_report(said: list[Any], tmp_path: Path) -> None:
    given_ = row(*said)
    report, found = again("labelstudio", tmp_path / "a.json", [given_])
    told = {drop.annotation for drop in report.dropped}
    (back,) = labelled(found).values()

    def plain(a: Any) -> Any:
        if isinstance(a, Box):
            place = [a.x, a.y, a.width, a.height, a.rotation]
        elif isinstance(a, Keypoints):
            place = [v for x, y, seen in a.points for v in ((x, y, seen) if seen else (0, 0, 0))]
        else:
            place = list(a.counts) if isinstance(a, Mask) else [float(v) for v in np.ravel(a.points)]
        more = (a.occluded, a.z, a.score, a.source, a.group, a.field, sorted(a.attributes.items()))
        return (type(a), a.id, a.label, more), place

    rest = {plain(a)[0][1]: plain(a) for a in back}
    for a in given_.response.annotations:
        if a.id not in told:
            mark, place = plain(a)
            other = rest.pop(a.id)
            assert other[0] == mark
            assert np.allclose(other[1], place, atol=1e-9)


def test_responses_of_several_people_are_annotations_of_one_task(tmp_path: Path) -> None:
    rows = [
        row(Box(1, 1, 4, 4, "cat"), annotator="ann", seconds=2.5, comment="odd", flagged=True, created_at=5.0),
        row(Choice("day"), annotator="bob", status="discarded"),
        row(key=7, data="x/7.jpg", status="draft"),
        row(key=8, data="x/8.jpg"),
    ]
    report, found = again("labelstudio", tmp_path / "a.json", rows)
    assert [(drop.key, "draft" in drop.reason) for drop in report.dropped] == [(7, True)]
    assert report.items == 2
    assert [(one.item.key, one.response.annotator, one.response.status) for one in found.items] == [
        ("a.jpg", "ann", "submitted"),
        ("a.jpg", "bob", "discarded"),
        (8, "", "submitted"),
    ]
    first = found.items[0].response
    assert (first.seconds, first.comment, first.flagged, first.created_at) == (2.5, "odd", True, 5.0)
    assert json.loads((tmp_path / "a.json").read_text())[1]["data"] == {"image": "x/8.jpg"}


def test_attributes_are_controls_of_their_region_where_they_read_the_same(tmp_path: Path) -> None:
    attributes = [
        Attribute("colour", "choice", ("red", "blue")),
        Attribute("tame", "bool"),
        Attribute("note"),
        Attribute("tags", "choice", ("a", "b")),
    ]
    schema = Schema.of(
        {"boxes": Boxes([Label("cat", attributes=attributes)]), "more": Choices(["x", "y"], multiple=True)}
    )
    values = {"colour": "red", "tame": True, "note": "n", "tags": ["a", "b"], "age": 3, "one": ["a"]}
    said = [
        Box(1, 1, 4, 4, "cat", id="b", attributes=values),
        Choice("x", id="q", field="more", score=0.5),
        Choice("y", id="r", field="more"),
    ]
    report, found = again("labelstudio", tmp_path / "a.json", [row(*said)], schema)
    assert report.dropped == ()
    box, x, y = labelled(found)["a.jpg"]
    assert box.attributes == values
    assert (x, y) == (said[1], said[2])
    results = json.loads((tmp_path / "a.json").read_text())[0]["annotations"][0]["result"]
    assert [(one["id"], one["type"], one["from_name"]) for one in results] == [
        ("b", "rectanglelabels", "boxes"),
        ("b", "choices", "colour"),
        ("b", "textarea", "note"),
        ("b", "choices", "tags"),
        ("q", "choices", "more"),
    ]
    assert results[1]["value"]["x"] == results[0]["value"]["x"]


def test_what_label_studio_has_no_place_for_is_told(tmp_path: Path) -> None:
    said = [
        Span(0, 3, "x", id="s", field="spans"),
        Polygon(((4, 4), (40, 4), (40, 40), (4, 40)), "cat", [((10, 10), (20, 10), (20, 20))], id="h"),
        person((1, 1, 0), (1, 1, 0), (1, 1, 0), id="none"),
        person((10, 5, 2), (20, 15, 1), (0, 0, 0), id="k", group="g"),
        Box(1, 1, 30, 30, "person", id="kb", group="g"),
    ]
    report, found = again(
        "labelstudio", tmp_path / "a.json", [row(*said), row(Box(1, 1, 2, 2, "cat", id="n"), key="b.jpg", size=None)]
    )
    assert [drop.annotation for drop in report.dropped] == ["s", "h", "none", "n"]
    by_id = {a.id: a for a in labelled(found)["a.jpg"]}
    assert np.array_equal(rasterize(by_id["h"], SIZE), rasterize(said[1], SIZE))  # type: ignore[arg-type]
    assert by_id["s"] == said[0]
    assert by_id["k"].points == ((10, 5, 2), (20, 15, 1), (0, 0, 0))  # type: ignore[union-attr]
    assert by_id["k"].group == by_id["kb"].group == "g"  # type: ignore[union-attr]
    assert found.schema is not None
    field = found.schema.field("keypoints")
    assert isinstance(field, Skeletons)
    assert field.points == ("head", "hand", "foot")
    results = json.loads((tmp_path / "a.json").read_text())[0]["annotations"][0]["result"]
    assert [one.get("parentID") for one in results if one["type"] == "keypointlabels"] == ["kb", "kb"]


def test_a_labeling_config_is_written_and_read(tmp_path: Path) -> None:
    STUDIO.write(
        tmp_path / "a.json", [row(Box(1, 1, 4, 4, "cat"), painted((1, 1, 4, 4)))], SCHEMA, config=tmp_path / "c.xml"
    )
    config = xml_of(tmp_path / "c.xml")
    controls = {one.get("name"): one.tag for one in config}
    assert controls == {
        "image": "Image",
        "boxes": "RectangleLabels",
        "polygons": "PolygonLabels",
        "polylines": "PolygonLabels",
        "keypoints": "KeyPointLabels",
        "masks": "BrushLabels",
        "choices": "Choices",
        "text": "TextArea",
    }
    assert [one.get("value") for one in config.find("KeyPointLabels")] == ["person", "head", "hand", "foot"]  # type: ignore[union-attr]
    found = STUDIO.read(tmp_path / "a.json", config=tmp_path / "c.xml")
    assert found.schema is not None
    assert [(label.name, label.color) for label in found.schema.field("boxes").get_labels()] == [
        (label.name, label.color) for label in SCHEMA.field("boxes").get_labels()
    ]
    named = (
        '<View><RectangleLabels name="boxes" toName="i"><Label value="x" background="red"/></RectangleLabels></View>'
    )
    (tmp_path / "c.xml").write_text(named)
    found = STUDIO.read(tmp_path / "a.json", config=tmp_path / "c.xml")
    assert found.schema is not None
    assert [label.name for label in found.schema.field("boxes").get_labels()] == ["x", "cat"]


def test_brushes_are_those_of_the_mask(tmp_path: Path) -> None:
    mask = painted((3, 4, 20, 7), (40, 30, 9, 9))
    _, found = again("labelstudio", tmp_path / "a.json", [row(mask)])
    (back,) = labelled(found)["a.jpg"]
    assert np.array_equal(mask_array(back), mask_array(mask))  # type: ignore[arg-type]
