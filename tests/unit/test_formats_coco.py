"""COCO JSON, against pycocotools and supervision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings

from nblabel import formats
from nblabel.annotations import Box, Choice, Keypoints, Mask, Polygon, Text
from nblabel.errors import FormatError
from nblabel.records import Report
from nblabel.schema import Schema, Skeletons
from nblabel.shapes import area, bounds, mask_array, rasterize

from .shape_rows import SCHEMA, SIZE, again, labelled, notes, painted, person, picture, pixels, row, shapes

COCO = formats.FORMATS["coco"]

# As the tools write it: sparse ids, counts that add up, keypoints of which some are absent, licences and more.
DATA: dict[str, Any] = {
    "info": {"description": "a test", "year": 2020, "contributor": "nobody"},
    "licenses": [{"url": "http://x.org/", "id": 4, "name": "Attribution"}],
    "categories": [
        {
            "supercategory": "person",
            "id": 1,
            "name": "person",
            "keypoints": ["nose", "left_eye", "right_eye"],
            "skeleton": [[1, 2], [1, 3]],
        },
        {"supercategory": "animal", "id": 18, "name": "dog", "color": "#594b6f"},
        {"id": 90, "name": "toothbrush"},
    ],
    "images": [
        {
            "license": 4,
            "file_name": "000000000785.jpg",
            "height": 48,
            "width": 64,
            "id": 785,
            "flickr_url": "http://y/",
        },
        {
            "license": 4,
            "file_name": "val/000000040083.jpg",
            "height": 30,
            "width": 40,
            "id": 40083,
            "date_captured": "2013",
        },
        {"file_name": "empty.jpg", "height": 10, "width": 10, "id": 7},
    ],
    "annotations": [
        {
            "segmentation": [[10.25, 5.5, 30.0, 5.5, 30.0, 25.75, 10.25, 25.75]],
            "num_keypoints": 2,
            "area": 399.9,
            "iscrowd": 0,
            "keypoints": [15, 10, 2, 20, 10, 1, 0, 0, 0],
            "image_id": 785,
            "bbox": [10.25, 5.5, 19.75, 20.25],
            "category_id": 1,
            "id": 442619,
        },
        {  # two parts, and a box that is wider than they are
            "segmentation": [[1, 1, 6, 1, 6, 6], [10, 10, 16, 10, 16, 16, 10, 16]],
            "area": 48.5,
            "iscrowd": 0,
            "image_id": 40083,
            "bbox": [0, 0, 30, 20],
            "category_id": 18,
            "id": 11,
        },
        {
            "segmentation": {"counts": [300, 20, 10, 20, 850], "size": [30, 40]},
            "area": 40,
            "iscrowd": 1,
            "image_id": 40083,
            "bbox": [10, 0, 2, 20],
            "category_id": 18,
            "id": 900100040083,
        },
        {
            "segmentation": {"counts": "P:d0lj0", "size": [30, 40]},
            "area": 20,
            "iscrowd": 0,
            "image_id": 40083,
            "bbox": [10, 0, 2, 30],
            "category_id": 90,
            "id": 12,
            "attributes": {"occluded": True, "colour": "red"},
        },
        {
            "bbox": [1.5, 2.5, 3, 4],
            "image_id": 40083,
            "category_id": 90,
            "id": 13,
            "segmentation": [],
            "area": 12,
            "iscrowd": 0,
            "attributes": {"occluded": False, "rotation": 30.0},
        },
    ],
}


def read(path: Path, data: Any = DATA, **options: Any) -> formats.Reading:
    path.write_text(json.dumps(data))
    return COCO.read(path, **options)


def loaded(path: Path) -> Any:
    """The file in COCO's own library."""
    library = pytest.importorskip("pycocotools.coco")
    return library.COCO(str(path))


# ---- reading -------------------------------------------------------------------------------------


def test_a_data_set_is_read_with_all_its_shapes(tmp_path: Path) -> None:
    found = read(tmp_path / "a.json")
    array = np.zeros((30, 40), dtype=bool)  # what pycocotools compresses so
    array[20:30, 10] = array[0:10, 11] = True
    assert found.report.dropped == ()
    said = labelled(found)
    assert list(said) == ["000000000785.jpg", "val/000000040083.jpg", "empty.jpg"]
    assert [one.item.size for one in found.items] == [(64, 48), (40, 30), (10, 10)]
    assert [one.response.status for one in found.items] == ["submitted"] * 3
    pose, outline = said["000000000785.jpg"]
    assert pose == Keypoints(
        ((15, 10, 2), (20, 10, 1), (0, 0, 0)), "person", id="442619", field="keypoints", group="442619"
    )
    assert isinstance(outline, Polygon)
    assert (outline.points[2], outline.group) == ((30.0, 25.75), "442619")
    one, two, box, crowd, mask, turned = said["val/000000040083.jpg"]
    assert (one.points, len(two.points), one.group, two.group) == (((1, 1), (6, 1), (6, 6)), 4, "11", "11")
    assert (box.x, box.width, box.group) == (0, 30, "11")
    assert (crowd.counts, crowd.attributes) == ((300, 20, 10, 20, 850), {"iscrowd": True})
    assert np.array_equal(mask_array(mask), array)
    assert (mask.occluded, mask.attributes) == (True, {"colour": "red"})
    assert turned == Box(1.5, 2.5, 3, 4, "toothbrush", 30, id="13", field="boxes")
    assert found.schema is not None
    keypoints = found.schema.field("keypoints")
    assert isinstance(keypoints, Skeletons)
    assert (keypoints.points, keypoints.edges) == (("nose", "left_eye", "right_eye"), ((0, 1), (0, 2)))
    labels = found.schema.field("boxes").get_labels()
    assert [(label.name, label.color == "#594b6f") for label in labels] == [
        ("person", False),
        ("dog", True),
        ("toothbrush", False),
    ]
    for item in found.items:
        found.schema.check(item.response.annotations, complete=True)


def test_one_may_ask_for_some_shapes_only(tmp_path: Path) -> None:
    boxes = read(tmp_path / "a.json", shapes="box")
    assert {type(a) for said in labelled(boxes).values() for a in said} == {Box}
    assert [len(said) for said in labelled(boxes).values()] == [1, 4, 0]
    assert boxes.schema is not None
    assert boxes.schema.names == ("boxes",)
    assert {type(a) for said in labelled(read(tmp_path / "a.json", shapes=["box", "mask"])).values() for a in said} == {
        Box,
        Mask,
    }
    assert boxes.report.dropped == ()
    with pytest.raises(FormatError, match="did you mean 'polygon'"):
        read(tmp_path / "a.json", shapes=["polygons"])


def test_results_are_prelabels_with_scores(tmp_path: Path) -> None:
    (tmp_path / "like.json").write_text(json.dumps(DATA))
    results = [
        {"image_id": 785, "category_id": 18, "bbox": [1, 2, 3, 4], "score": 0.875},
        {"image_id": 785, "category_id": 1, "keypoints": [1, 2, 0.9, 3, 4, 0.7, 5, 6, 0.8], "score": 0.5},
        {"image_id": 40083, "category_id": 18, "segmentation": {"size": [30, 40], "counts": [0, 1200]}, "score": 1},
        {"image_id": 1, "category_id": 18, "bbox": [1, 2, 3, 4], "score": 0.1},
    ]
    found = read(tmp_path / "results.json", results, like=tmp_path / "like.json")
    first, second, _ = (one.item for one in found.items)
    assert [(type(a).__name__, a.label, a.score) for a in first.prelabels] == [  # type: ignore[union-attr]
        ("Box", "dog", 0.875),
        ("Keypoints", "person", 0.5),
    ]
    assert [point[2] for point in first.prelabels[1].points] == [2, 2, 2]  # type: ignore[union-attr]
    assert (area(second.prelabels[0]), second.key) == (1200, "val/000000040083.jpg")  # type: ignore[arg-type]
    assert {one.response.status for one in found.items} == {"pending"}
    assert notes(found.report) == ["1 annotations are of an image that is not in the file"]
    alone = read(tmp_path / "results.json", results)
    assert [one.item.key for one in alone.items] == [785, 40083, 1]
    assert alone.items[0].item.prelabels[0].label == "18"  # type: ignore[union-attr]


def test_captions_are_texts(tmp_path: Path) -> None:
    data = {"images": DATA["images"], "annotations": [{"image_id": 785, "id": 3, "caption": "A cat."}]}
    found = read(tmp_path / "a.json", data)
    assert labelled(found)["000000000785.jpg"] == (Text("A cat.", id="3", field="captions"),)
    COCO.write(tmp_path / "b.json", found.labelled, found.schema, meta=found.meta)
    assert json.loads((tmp_path / "b.json").read_text())["annotations"] == data["annotations"]


def damage(**changes: Any) -> dict[str, Any]:
    one = {"id": 5, "image_id": 7, "category_id": 18, "bbox": [1, 1, 2, 2], **changes}
    return {**DATA, "annotations": [one]}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (damage(bbox=[1, 1, 0, 2]), "must be positive"),
        (damage(bbox=[1, 1, None, 2]), "None is not a number"),
        (damage(bbox=[1, 1, 10**400, 2]), "is not a number"),
        (damage(bbox="text"), "is not x, y, width, height"),
        (damage(bbox=None), "neither box nor segmentation nor keypoints"),
        (damage(segmentation=[[1, 2, 3, 4]]), "4 numbers, which make no polygon"),
        (damage(segmentation=[[1, 2, 3, 4, 5, "x"]]), "'x' is not a number"),
        (damage(segmentation={"size": [10, 10]}), "without size or counts"),
        (damage(segmentation={"size": [10, 10], "counts": [5]}), "add up to 100"),
        (damage(segmentation={"size": [10**9, 10**9], "counts": [10**18, 10]}), "add up"),
        (damage(segmentation={"size": [10, 10], "counts": "P"}), "ends within a run"),
        (damage(keypoints=[1, 2]), "not triples"),
        (damage(category_id=5), "category 5 is not in the file"),
        (damage(category_id={}), "not in the file"),
        (damage(score=7), "outside \\[0, 1\\]"),
        (damage(attributes={"a": {"b": 1}}), "attributes"),
        (damage(image_id=None), "names no image"),
        (damage(image_id=99), "not in the file"),
        ({**DATA, "annotations": [3]}, "names no image"),
        ({**DATA, "images": [3, *DATA["images"]]}, "image 0 is not a JSON object"),
        ({**DATA, "categories": [{"name": "x"}]}, "category 0 has no id"),
        ({**DATA, "categories": [{"id": 1, "name": "x"}, {"id": 2, "name": "x"}]}, "two categories are named 'x'"),
        (
            {**DATA, "categories": [{"id": 1, "name": "x", "keypoints": ["a", "b"], "skeleton": [[0, 1]]}]},
            "joins no points",
        ),
    ],
)
def test_what_is_damaged_is_told_and_the_rest_is_read(data: dict[str, Any], words: str, tmp_path: Path) -> None:
    found = read(tmp_path / "a.json", data)
    assert any(pytest.importorskip("re").search(words, reason) for reason in notes(found.report)), notes(found.report)
    assert len(found.items) == 3


@pytest.mark.parametrize("data", [{}, {"images": []}, {"images": 3, "annotations": []}, 7, "x", None])
def test_what_is_no_data_set_is_refused(data: Any, tmp_path: Path) -> None:
    if data == {"images": []}:
        assert read(tmp_path / "a.json", data).items == ()
        return
    with pytest.raises(FormatError, match="is no COCO file"):
        read(tmp_path / "a.json", data)


def test_images_of_one_name_are_told_apart(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "a.jpg"}, {"id": 3}]
    found = read(tmp_path / "a.json", {"images": images, "annotations": []})
    assert [one.item.key for one in found.items] == [1, 2, 3]
    assert [one.item.data for one in found.items] == ["a.jpg", "a.jpg", 3]


# ---- writing -------------------------------------------------------------------------------------


def test_what_did_not_change_is_written_as_it_was(tmp_path: Path) -> None:
    found = read(tmp_path / "a.json")
    report = COCO.write(tmp_path / "b.json", found.labelled, found.schema, meta=found.meta)
    assert report.dropped == ()
    written = json.loads((tmp_path / "b.json").read_text())
    by_id = {one["id"]: one for one in written.pop("annotations")}
    assert by_id == {one["id"]: one for one in DATA["annotations"]}
    assert written == {name: value for name, value in DATA.items() if name != "annotations"}


def test_what_changed_keeps_its_id_and_what_it_has_besides(tmp_path: Path) -> None:
    found = read(tmp_path / "a.json")
    first, *rest = found.labelled
    pose, outline = first.response.annotations
    moved = Polygon(((1, 1), (9, 1), (9, 9)), "person", id=outline.id, field="polygons", group=outline.group)  # type: ignore[union-attr]
    changed = row(pose, moved, Box(1, 2, 3, 4, "cat"), key=first.item.key, size=first.item.size)
    meta = {**found.meta}
    COCO.write(tmp_path / "b.json", [changed, *rest], SCHEMA, meta=meta)
    data = json.loads((tmp_path / "b.json").read_text())
    one, new = (a for a in data["annotations"] if a["image_id"] == 785)
    assert (one["id"], one["category_id"], one["bbox"], one["area"]) == (442619, 1, [1, 1, 8, 8], 32)
    assert one["keypoints"] == DATA["annotations"][0]["keypoints"]
    names = {category["id"]: category["name"] for category in data["categories"]}
    assert names[new["category_id"]] == "cat"
    assert new["category_id"] > 90
    assert new["id"] not in {a["id"] for a in DATA["annotations"]}
    assert data["images"][0] == DATA["images"][0]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=60
)
@given(said=shapes())
@example(
    said=[
        Box(0, 0, 1, 1, "cat", field="boxes"),
        Polygon(((0, 0), (0, 0), (1, 1)), "cat", holes=(((0, 0), (0, 0), (0, 3)),), field="polygons"),
    ]
)
def test_shapes_come_back_as_they_were_or_are_in_the_report(said: list[Any], tmp_path: Path) -> None:
    given_ = row(*said)
    report, found = again("coco", tmp_path / "a.json", [given_])
    ids = {drop.annotation for drop in report.dropped}
    (back,) = labelled(found).values()

    def plain(a: Any) -> str:
        name = {"id": "", "attributes": dict(sorted(a.attributes.items()))}
        if isinstance(a, Keypoints):  # absent points have no place
            name["points"] = tuple(point if point[2] else (0, 0, 0) for point in a.points)  # type: ignore[assignment]
        return repr(type(a)(**{**{field: getattr(a, field) for field in a.__struct_fields__}, **name}))

    kept = [
        plain(a)
        for a in given_.response.annotations
        if a.id not in ids and (not isinstance(a, Keypoints) or any(p[2] for p in a.points))
    ]
    rest = [plain(a) for a in back]
    for one in kept:
        assert one in rest
        rest.remove(one)
    assert len(rest) <= sum(1 for a in given_.response.annotations if a.id in ids)


def test_what_is_not_carried_is_told_item_by_item(tmp_path: Path) -> None:
    holed = Polygon(((0, 0), (40, 0), (40, 40), (0, 40)), "cat", [((10, 10), (20, 10), (20, 20))], id="h")
    rows = [
        row(
            holed,
            Polygon(((0, 0), (4, 0)), "road", closed=False, id="l"),
            Choice("day", id="c"),
            key="a.jpg",
            flagged=True,
            comment="odd",
        ),
        row(key="a.jpg", annotator="bob"),
        row(key="b.jpg", status="discarded"),
        row(Box(1, 1, 2, 2, "cat"), key="c.jpg", size=None),
    ]
    report, found = again("coco", tmp_path / "a.json", rows)
    assert [(drop.key, drop.annotation) for drop in report.dropped] == [
        ("a.jpg", ""),
        ("a.jpg", ""),
        ("a.jpg", ""),
        ("b.jpg", ""),
        ("a.jpg", "l"),
        ("a.jpg", "c"),
        ("a.jpg", "h"),
        ("c.jpg", ""),
    ]
    for words in (
        "comment",
        "flag",
        "'bob'",
        "discarded",
        "no polyline 'road'",
        "no choice 'day'",
        "for its holes",
        "width and height are missing",
    ):
        assert any(words in reason for reason in notes(report)), words
    mask, line, choice = labelled(found)["a.jpg"]  # what stands under our key is read again
    assert (line.label, choice.label) == ("road", "day")  # type: ignore[union-attr]
    assert np.array_equal(mask_array(mask), rasterize(holed, SIZE))  # type: ignore[arg-type]


@pytest.mark.parametrize("rle", ["compressed", "counts"])
def test_pycocotools_sees_the_same_pixels(rle: str, tmp_path: Path) -> None:
    said = [
        Box(3, 4, 10, 8, "cat", id="b"),
        Box(20, 20, 20, 8, "cat", 30, id="t"),
        Polygon(((5, 5), (30, 5), (30, 30)), "dog", id="p"),
        Polygon(((5, 5), (40, 5), (40, 40), (5, 40)), "dog", [((10, 10), (30, 10), (30, 30))], id="h"),
        painted((1, 1, 9, 9), (20, 20, 5, 5), id="m"),
        Polygon(((0, 0), (9, 0), (9, 9)), "dog", group="two", id="q1"),
        Polygon(((20, 0), (40, 0), (40, 9)), "dog", group="two", id="q2"),
        Polygon(((0, 0), (9, 0), (9, 9)), "cat", group="mix", id="x1"),
        painted((40, 30, 9, 9), group="mix", id="x2"),
        person(id="k", group="3"),
        Box(1, 1, 30, 40, "person", group="3", id="kb"),
    ]
    COCO.write(tmp_path / "a.json", [row(*said)], SCHEMA, rle=rle)
    coco = loaded(tmp_path / "a.json")
    raw = coco.loadAnns(coco.getAnnIds())
    parts = [["b"], ["t"], ["p"], ["h"], ["m"], ["q1", "q2"], ["x1", "x2"], ["kb"]]
    by_id = {a.id: a for a in said}
    assert len(raw) == len(parts)
    for entry, ids in zip(raw, parts, strict=True):
        mine = [by_id[one] for one in ids]
        left, top, width, _ = entry["bbox"]
        assert entry["iscrowd"] == 0
        if ids == ["kb"]:
            assert (entry["bbox"], entry["num_keypoints"]) == ([1, 1, 30, 40], 2)
            assert entry["keypoints"] == [10, 5, 2, 20, 15, 1, 0, 0, 0]
            continue
        boxes = [bounds(a) for a in mine]
        near = 1 if isinstance(entry["segmentation"], dict) else 1e-9  # run lengths know whole pixels
        assert (left, top) == pytest.approx((min(b[0] for b in boxes), min(b[1] for b in boxes)), abs=near)
        assert left + width == pytest.approx(max(b[0] + b[2] for b in boxes), abs=near)
        if not isinstance(entry["segmentation"], dict):
            assert entry["area"] == pytest.approx(sum(area(a) for a in mine))
        if not entry["segmentation"]:
            continue
        theirs, ours = coco.annToMask(entry).astype(bool), pixels(*mine)
        exact = isinstance(entry["segmentation"], dict)
        assert (theirs != ours).sum() <= (0 if exact else 60)  # their polygons are drawn on a grid of fifths
    names = [coco.cats[one]["name"] for one in coco.getCatIds()]
    assert names == ["cat", "dog", "person"]
    (cat,) = coco.loadCats(coco.getCatIds(catNms=["person"]))
    assert (cat["keypoints"], cat["skeleton"]) == (["head", "hand", "foot"], [[1, 2], [2, 3]])


def test_supervision_loads_what_is_written(tmp_path: Path) -> None:
    sv = pytest.importorskip("supervision")
    picture(tmp_path / "images" / "a.jpg")
    said = [Box(3, 4, 10, 8, "dog"), Polygon(((5, 5), (30, 5), (30, 30)), "cat"), painted((1, 1, 9, 9))]
    COCO.write(tmp_path / "a.json", [row(*said)], SCHEMA)
    found = sv.DetectionDataset.from_coco(str(tmp_path / "images"), str(tmp_path / "a.json"), force_masks=True)
    ((_, _, detections),) = list(found)
    assert found.classes == ["cat", "dog", "person"]
    assert detections.class_id.tolist() == [1, 0, 0]
    assert detections.xyxy.tolist() == [[3, 4, 13, 12], [5, 5, 30, 30], [1, 1, 10, 10]]
    assert np.array_equal(detections.mask[2], mask_array(said[2]))  # type: ignore[arg-type]


def test_keys_that_are_no_file_names_come_back(tmp_path: Path) -> None:
    rows = [row(Box(1, 1, 2, 2, "cat"), key=7, data="x/7.jpg"), row(key=("a", 1), data=b"..."), row(key="plain.jpg")]
    _, found = again("coco", tmp_path / "a.json", rows)
    assert [one.item.key for one in found.items] == [7, ("a", 1), "plain.jpg"]
    names = [image["file_name"] for image in json.loads((tmp_path / "a.json").read_text())["images"]]
    assert names == ["x/7.jpg", "('a', 1).png", "plain.jpg"]


def test_single_points_and_skeletons_of_several_kinds_keep_their_fields(tmp_path: Path) -> None:
    schema = Schema.of(
        {
            "marks": Skeletons(["tip"]),
            "keypoints": Skeletons(["person"], points=["a", "b"]),
            "animals": Skeletons(["dog"], points=["x", "y", "z"], edges=[("x", "y")]),
        }
    )
    said = [
        Keypoints(((1, 2, 1),), "tip", field="marks"),
        Keypoints(((1, 2, 2), (3, 4, 2)), "person", field="keypoints"),
        Keypoints(((1, 2, 2), (3, 4, 2), (5, 6, 2)), "dog", field="animals"),
    ]
    report, found = again("coco", tmp_path / "a.json", [row(*said)], schema)
    assert report.dropped == ()
    assert [(a.field, a.points) for a in labelled(found)["a.jpg"]] == [(a.field, a.points) for a in said]  # type: ignore[union-attr]
    assert found.schema is not None
    for field in schema.fields:
        other = found.schema.field(field.name)
        assert (other.points, other.edges) == (field.points, field.edges)  # type: ignore[union-attr]


def test_options_are_checked_and_reports_count(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="'compressed' or 'counts'"):
        COCO.write(tmp_path / "a.json", [], SCHEMA, rle="x")
    report = COCO.write(tmp_path / "a.json", [row(Box(1, 1, 2, 2, "cat"), Box(5, 5, 2, 2, "dog"))], SCHEMA, indent=2)
    assert report == Report(1, 2, (), str(tmp_path / "a.json"))
    assert (tmp_path / "a.json").read_text().startswith('{\n  "info"')
