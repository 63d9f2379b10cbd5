"""LabelMe JSON, against supervision."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from nblabel import formats
from nblabel.annotations import Box, Choice, Keypoints, Mask, Polygon, Text
from nblabel.errors import FormatError
from nblabel.formats.pictures import png_of
from nblabel.schema import Skeletons
from nblabel.shapes import mask_array, rasterize

from .images import chunk
from .shape_rows import SCHEMA, SIZE, again, labelled, notes, painted, person, picture, row, shapes

LABELME = formats.FORMATS["labelme"]


def shape(type_: str, points: Any, label: Any = "cat", **more: Any) -> dict[str, Any]:
    return {
        "label": label,
        "points": points,
        "group_id": None,
        "description": "",
        "shape_type": type_,
        "flags": {},
        **more,
    }


def png(array: Any) -> str:
    return base64.b64encode(png_of(np.asarray(array, dtype=np.uint8))).decode()


# a PNG file that only says that it is huge
HUGE = base64.b64encode(
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", b"")
    + chunk(b"IEND", b"")
).decode()

# As LabelMe 5 writes it (and X-AnyLabeling beside it).
DATA: dict[str, Any] = {
    "version": "5.4.1",
    "flags": {"day": True, "night": False, "__ignore__": False},
    "shapes": [
        shape("rectangle", [[30.5, 40.0], [10.5, 20.25]], flags={"tame": True, "old": False}, group_id=3),
        shape("polygon", [[1, 2], [30.5, 2], [30, 20.25]], description="a note", other=[1]),
        shape("circle", [[20, 20], [20, 25]]),
        shape("line", [[0, 0], [5, 6]]),
        shape("linestrip", [[0, 0], [5, 6], [7, 8]]),
        shape("point", [[5, 6]], "tip"),
        shape("points", [[5, 6], [7, 8]], "tip"),
        shape("mask", [[20.0, 10.0], [22.0, 11.0]], mask=png([[0, 1, 1], [1, 1, 0]])),
        shape("rotation", [[23, 9], [23, 13], [21, 13], [21, 9]], direction=1.57, score=0.5, attributes={"n": 1}),
        shape("oriented_rectangle", [[23, 9], [23, 13], [21, 13], [21, 9]]),
    ],
    "imagePath": "..\\photos\\a.jpg",
    "imageData": None,
    "imageHeight": 48,
    "imageWidth": 64,
    "checked": True,
}


def read(path: Path, data: Any = DATA) -> formats.Reading:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return LABELME.read(path)


# ---- reading -------------------------------------------------------------------------------------


def test_a_file_is_read_with_all_its_shapes(tmp_path: Path) -> None:
    found = read(tmp_path / "in" / "a.json")
    assert notes(found.report) == ["the circle 'cat' is read as a polygon of 64 points"]
    (one,) = found.items
    assert (one.item.key, one.item.data, one.item.size) == ("../photos/a.jpg", "../photos/a.jpg", SIZE)
    day, box, outline, circle, line, strip, *tips, mask, turned, same = one.response.annotations
    assert day == Choice("day", id="flag:day", field="choices")
    assert box == Box(
        *(10.5, 20.25, 20, 19.75, "cat"), id="shape0", field="boxes", group="3", attributes={"tame": True, "old": False}
    )
    assert outline == Polygon(((1, 2), (30.5, 2), (30, 20.25)), "cat", id="shape1", field="polygons")
    ring = np.array(circle.points)  # type: ignore[union-attr]
    assert np.allclose([ring.min(axis=0), ring.max(axis=0)], [(15, 15), (25, 25)])
    assert [(a.closed, len(a.points), a.field) for a in (line, strip)] == [
        (False, 2, "polylines"),
        (False, 3, "polylines"),
    ]  # type: ignore[union-attr]
    assert [a.points for a in tips] == [((5, 6, 2),), ((5, 6, 2),), ((7, 8, 2),)]  # type: ignore[union-attr]
    assert [a.group for a in tips] == ["", "shape6", "shape6"]  # type: ignore[union-attr]
    assert isinstance(mask, Mask)
    expected = np.zeros((48, 64), dtype=bool)
    expected[10:12, 20:23] = [[False, True, True], [True, True, False]]
    assert np.array_equal(mask_array(mask), expected)
    assert np.allclose([turned.x, turned.y, turned.width, turned.height, turned.rotation], [20, 10, 4, 2, 90])  # type: ignore[union-attr]
    assert (turned.score, turned.attributes, same.rotation) == (0.5, {"n": 1}, 90)  # type: ignore[union-attr]
    schema = found.schema
    assert schema is not None
    assert [label.name for label in schema.field("choices").get_labels()] == ["day", "night", "__ignore__"]
    schema.check(one.response.annotations)
    picture(tmp_path / "photos" / "a.jpg")
    assert LABELME.read(tmp_path / "in").items[0].item.data == str(tmp_path / "in" / "../photos/a.jpg")


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        (shape("rectangle", [[1, 1]]), "has 1 points"),
        (shape("rectangle", [[1, 1], [1, 2]]), "must be positive"),
        (shape("rectangle", [[1, 1], ["x", 2]]), "'x' is not a number"),
        (shape("rectangle", "x"), "no list of points"),
        (shape("polygon", [[1, 1], [2, 2]]), "at least 3"),
        (shape("hexagon", [[1, 1], [2, 2]]), "'hexagon', which is not known"),
        (shape("circle", [[1, 1]]), "not two points"),
        (shape("point", []), "no points"),
        (shape("mask", [[0, 0], [1, 1]]), "no image of its pixels"),
        (shape("mask", [[0, 0], [1, 1]], mask="?"), "not base64"),
        (shape("mask", [[0, 0], [1, 1]], mask=base64.b64encode(b"GIF89a").decode()), "no PNG image"),
        (
            shape("mask", [[0, 0], [1, 1]], mask=HUGE),
            "cannot be unpacked",
        ),
        (shape("mask", [[0, 0], [1, 1]], mask=png(np.zeros((2, 2, 3)))), "several channels"),
        (shape("polygon", [[1, 1], [2, 2], [3, 1]], score=9), "outside [0, 1]"),
        (7, "not a JSON object"),
    ],
)
def test_damaged_shapes_are_told(given_: Any, words: str, tmp_path: Path) -> None:
    found = read(tmp_path / "a.json", {**DATA, "flags": {}, "shapes": [given_, shape("rectangle", [[0, 0], [2, 2]])]})
    (dropped,) = found.report.dropped
    assert (dropped.key, dropped.annotation) == ("../photos/a.jpg", "shape0")
    assert words in dropped.reason
    assert len(found.items[0].response.annotations) == 1


def test_a_folder_is_read_whole_and_strangers_are_told(tmp_path: Path) -> None:
    for name, data in (
        ("a.json", DATA),
        ("b.json", DATA),
        ("x/c.json", {**DATA, "imagePath": "c.jpg"}),
        ("coco.json", {"images": []}),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(data))
    found = formats.to_read(tmp_path).read(tmp_path)
    assert [one.item.key for one in found.items] == ["../photos/a.jpg", "b", "x/c.jpg"]
    said = [(drop.key, drop.reason[:20]) for drop in found.report.dropped if "circle" not in drop.reason]
    assert said == [("b", "another file is of '"), ("coco.json", "is no LabelMe file: ")]
    with pytest.raises(FormatError, match="is no LabelMe file"):
        LABELME.read(tmp_path / "coco.json")


# ---- writing -------------------------------------------------------------------------------------


def test_what_was_read_is_written_again(tmp_path: Path) -> None:
    found = read(tmp_path / "in" / "a.json")
    (tmp_path / "out").mkdir()
    report = LABELME.write(tmp_path / "out" / "a.json", found.labelled, found.schema, meta=found.meta)
    assert report.dropped == ()
    back = LABELME.read(tmp_path / "out" / "a.json")

    def plain(reading: formats.Reading) -> list[str]:  # points of one shape are several now
        said = reading.items[0].response.annotations
        return [repr(type(a)(**{**{name: getattr(a, name) for name in a.__struct_fields__}, "id": ""})) for a in said]

    assert plain(back) == plain(found)
    assert back.schema == found.schema
    data = json.loads((tmp_path / "out" / "a.json").read_text())
    assert {name: data[name] for name in ("version", "flags", "checked", "imageData", "imageHeight", "imageWidth")} == {
        name: DATA[name] for name in ("version", "flags", "checked", "imageData", "imageHeight", "imageWidth")
    }
    assert data["shapes"][1] == {**DATA["shapes"][1], "mask": None}
    assert (data["shapes"][0]["group_id"], data["shapes"][0]["flags"]) == (3, {"tame": True, "old": False})
    assert data["shapes"][9]["direction"] == 1.57
    types = [one["shape_type"] for one in data["shapes"]]
    assert types == [
        *("rectangle", "polygon", "polygon", "line", "linestrip", "point", "point", "point", "mask"),
        *["oriented_rectangle"] * 2,
    ]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)
@given(said=shapes())
def test_shapes_come_back_as_they_were_or_are_in_the_report(said: list[Any], tmp_path: Path) -> None:
    given_ = row(*said)
    report, found = again("labelme", tmp_path / "x", [given_])
    told = {drop.annotation for drop in report.dropped}
    (back,) = labelled(found).values()

    def plain(a: Any) -> str:
        name: dict[str, Any] = {"id": "", "attributes": dict(sorted(a.attributes.items()))}
        if isinstance(a, Keypoints):  # absent points have no place
            name["points"] = tuple(point if point[2] else (0, 0, 0) for point in a.points)
        return repr(type(a)(**{**{field: getattr(a, field) for field in a.__struct_fields__}, **name}))

    rest = [plain(a) for a in back]
    for a in given_.response.annotations:
        if a.id not in told:
            assert plain(a) in rest
            rest.remove(plain(a))


def test_skeletons_are_points_of_a_group_and_come_together_again(tmp_path: Path) -> None:
    said = [
        person((10, 5, 2), (20, 15, 1), (0, 0, 0), id="k", z=2, attributes={}),
        person((1, 1, 0), (1, 1, 0), (1, 1, 0), id="none"),
    ]
    report, found = again("labelme", tmp_path / "x", [row(*said)])
    assert [(drop.annotation, "all points" in drop.reason) for drop in report.dropped] == [("none", True)]
    points = json.loads((tmp_path / "x" / "a.json").read_text())["shapes"]
    assert [(one["label"], one["points"], one["shape_type"], one["group_id"]) for one in points] == [
        ("head", [[10, 5]], "point", 1),
        ("hand", [[20, 15]], "point", 1),
    ]
    assert labelled(found)["a.jpg"] == (person((10, 5, 2), (20, 15, 1), (0, 0, 0), id="k", z=2, field="keypoints"),)
    assert found.schema is not None
    field = found.schema.field("keypoints")
    assert isinstance(field, Skeletons)
    assert (field.points, field.edges) == (("head", "hand", "foot"), ((0, 1), (1, 2)))


def test_choices_are_flags_and_what_labelme_has_no_place_for_is_told(tmp_path: Path) -> None:
    said = [
        Choice("day", id="c", field="choices", score=0.5),
        Text("words", id="t", field="text"),
        Polygon(((4, 4), (40, 4), (40, 40), (4, 40)), "cat", [((10, 10), (20, 10), (20, 20))], id="h"),
        painted(id="e"),
        Box(1, 1, 4, 4, "cat", id="g", group="crowd"),
    ]
    report, found = again("labelme", tmp_path / "x", [row(*said, flagged=True)])
    data = json.loads((tmp_path / "x" / "a.json").read_text())
    assert data["flags"] == {"day": True, "night": False}
    assert [drop.annotation for drop in report.dropped] == ["", "t", "h", "e"]
    day, outline, box, text = labelled(found)["a.jpg"]
    assert (day, text) == (said[0], said[1])
    assert np.array_equal(rasterize(outline, SIZE), rasterize(said[2], SIZE))  # type: ignore[arg-type]
    assert (box.group, data["shapes"][1]["group_id"]) == ("crowd", 1)  # type: ignore[union-attr]


def test_a_shape_that_was_moved_elsewhere_is_read_where_it_is(tmp_path: Path) -> None:
    LABELME.write(tmp_path / "x", [row(Box(10, 10, 20, 8, "cat", 30.125))], SCHEMA)
    file = tmp_path / "x" / "a.json"
    assert LABELME.read(file).items[0].response.annotations[0].rotation == 30.125  # type: ignore[union-attr]
    data = json.loads(file.read_text())
    data["shapes"][0]["points"] = [[x + 5, y] for x, y in data["shapes"][0]["points"]]
    file.write_text(json.dumps(data))
    (box,) = LABELME.read(file).items[0].response.annotations
    assert np.allclose([box.x, box.y, box.rotation], [15, 10, 30.125])  # type: ignore[union-attr]


def test_images_are_named_as_seen_from_their_files(tmp_path: Path) -> None:
    one = picture(tmp_path / "photos" / "one.jpg")
    _, found = again(
        "labelme", tmp_path / "labels", [row(key=str(one)), row(key="gone.jpg"), row(key=("k", 1), data=b"...")]
    )
    paths = {file.name: json.loads(file.read_text())["imagePath"] for file in (tmp_path / "labels").glob("*.json")}
    assert paths == {"one.json": "../photos/one.jpg", "gone.json": "gone.jpg", "('k', 1).json": "('k', 1).png"}
    assert {one.item.key for one in found.items} == {str(one), "gone.jpg", ("k", 1)}


@pytest.mark.parametrize(
    "hostile", [{"names": 5, "edges": [[0], ["a", 1]], "more": {"z": "x"}}, {"point": -1}, {"point": 10**9}, {"of": []}]
)
def test_what_stands_under_our_key_is_not_trusted(hostile: dict[str, Any], tmp_path: Path) -> None:
    ours = {"skeleton": "person", "of": "k", "point": 0, **hostile}
    data = {
        **DATA,
        "nblabel": {"flags": 3, "details": 4, "said": [5, {"kind": "x"}], "key": {"a": 1}},
        "shapes": [shape("point", [[1, 2]], nblabel=ours)],
    }
    found = read(tmp_path / "a.json", data)
    assert len(found.items) == 1
    assert found.items[0].item.key == '{"a": 1}'


def test_supervision_loads_what_is_written(tmp_path: Path) -> None:
    loader = pytest.importorskip("supervision.dataset.formats.labelme")
    said = [
        Box(3, 4, 10, 8, "dog"),
        Polygon(((5, 5), (30, 5), (30, 30)), "cat"),
        Polygon(((40, 5), (50, 5), (50, 30)), "cat", group="7"),
    ]
    LABELME.write(tmp_path / "x", [row(*said)], SCHEMA)
    classes, _, found = loader.load_labelme_annotations(str(tmp_path), str(tmp_path / "x"))
    (detections,) = found.values()
    assert [classes[n] for n in detections.class_id] == ["dog", "cat", "cat"]
    assert detections.xyxy.tolist() == [[3, 4, 13, 12], [5, 5, 30, 30], [40, 5, 50, 30]]
