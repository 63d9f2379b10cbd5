"""YOLO data sets of the four tasks, against supervision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from nblabel import formats
from nblabel.annotations import Box, Choice, Keypoints, Polygon
from nblabel.errors import FormatError
from nblabel.schema import Boxes, Polygons, Schema, Skeletons
from nblabel.shapes import corners, mask_array, rasterize

from .shape_rows import SCHEMA, SIZE, labelled, notes, painted, person, picture, pixels, row, shapes

YOLO = formats.FORMATS["yolo"]


def lay_out(folder: Path, files: dict[str, str], images: dict[str, tuple[int, int]]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name, size in images.items():
        picture(folder / name, size)
    return folder


def lines(folder: Path, name: str = "train/a") -> list[list[float]]:
    text = (folder / "labels" / f"{name}.txt").read_text()
    return [[float(value) for value in line.split()] for line in text.splitlines()]


def close(a: Any, b: Any) -> bool:
    return bool(np.allclose(np.asarray(a, dtype=float), np.asarray(b, dtype=float), atol=1e-6))


# ---- reading -------------------------------------------------------------------------------------

BOXES = "0 0.5 0.5 0.25 0.5\n1 0.125 0.25 0.25 0.5 0.875\n1 0.125 0.25 0.25 0.5 7\n"
ULTRALYTICS = """# Ultralytics
path: ../datasets/x
train: images/train
val: images/val
nc: 2
names:
  0: cat
  1: dog
"""
ROBOFLOW = "train: ../train/images\nval: ../valid/images\n\nnc: 2\nnames: ['cat', 'dog']\n\nroboflow:\n  version: 3\n"


@pytest.mark.parametrize(
    ("files", "image", "part"),
    [
        ({"data.yaml": ULTRALYTICS, "labels/train/a.txt": BOXES}, "images/train/a.jpg", "train"),
        ({"data.yaml": ROBOFLOW, "valid/labels/a.txt": BOXES}, "valid/images/a.png", "val"),
        ({"data.yaml": 'names: ["cat", "dog"]', "labels/in/b c.txt": BOXES}, "images/in/b c.jpg", None),
        (
            {"obj.names": "cat\ndog\n", "obj.data": "classes = 2", "obj_train_data/a.txt": BOXES},
            "obj_train_data/a.jpg",
            None,
        ),
        ({"classes.txt": "cat\ndog", "a.txt": BOXES}, "a.jpg", None),
    ],
)
def test_the_layouts_of_tools_are_read(files: dict[str, str], image: str, part: str | None, tmp_path: Path) -> None:
    lay_out(tmp_path, {**files, "README.txt": "words"}, {image: SIZE})
    found = formats.to_read(tmp_path).read(tmp_path)
    assert found.report.dropped == ()
    (one,) = found.items
    assert (one.item.key, one.item.data, one.item.size) == (image, str(tmp_path / image), SIZE)
    assert one.meta.get("split") == part
    box, sure, tracked = one.response.annotations
    assert box == Box(24, 12, 16, 24, "cat", id="line1", field="boxes")
    assert (sure.label, sure.score, sure.attributes) == ("dog", 0.875, {})  # type: ignore[union-attr]
    assert (tracked.score, tracked.attributes) == (None, {"track": 7})
    assert found.schema is not None
    assert [label.name for label in found.schema.field("boxes").get_labels()] == ["cat", "dog"]
    found.schema.check(one.response.annotations)


def test_outlines_poses_and_rotated_boxes_are_told_apart(tmp_path: Path) -> None:
    square = " ".join(f"{x / 64} {y / 48}" for x, y in corners(Box(20, 10, 16, 8, rotation=30)))
    cases = {
        "segment": ("0 0.1 0.1 0.5 0.1 0.5 0.5\n" + f"0 {square}\n", [Polygon, Polygon]),
        "obb": (f"0 {square}\n0 {square} 0.5\n", [Box, Box]),
        "four": ("0 0.1 0.1 0.5 0.2 0.9 0.9 0.1 0.3\n", [Polygon]),
        "detect": ("0 0.5 0.5 0.2 0.2\n", [Box]),
        "pose": ("0 0.5 0.5 0.5 0.5 0.3 0.3 2 0.9 0.5 1\n", [Keypoints, Box]),
    }
    for name, (text, kinds) in cases.items():
        extra = "kpt_shape: [2, 3]\nskeleton: [[0, 1]]\nkpt_names:\n  0: [nose, tail]\n" if name == "pose" else ""
        folder = lay_out(
            tmp_path / name, {"data.yaml": f"names: [cat]\n{extra}", "labels/a.txt": text}, {"images/a.jpg": SIZE}
        )
        found = YOLO.read(folder)
        (said,) = labelled(found).values()
        assert [type(a) for a in said] == kinds, name
        assert found.report.dropped == ()
    pose = YOLO.read(tmp_path / "pose")
    points, box = pose.items[0].response.annotations
    assert close(points.points, [(19.2, 14.4, 2), (57.6, 24, 1)])  # type: ignore[union-attr]
    assert points.group == box.group == "line1"  # type: ignore[union-attr]
    assert pose.schema is not None
    field = pose.schema.field("keypoints")
    assert isinstance(field, Skeletons)
    assert (field.points, field.edges) == (("nose", "tail"), ((0, 1),))
    (turned, _) = YOLO.read(tmp_path / "obb").items[0].response.annotations
    assert close([turned.x, turned.y, turned.width, turned.height, turned.rotation], [20, 10, 16, 8, 30])  # type: ignore[union-attr]
    as_outline = YOLO.read(tmp_path / "obb", task="segment").items[0].response.annotations
    assert {type(a) for a in as_outline} == {Polygon}
    (skew,) = YOLO.read(tmp_path / "four", task="obb").items[0].response.annotations
    assert isinstance(skew, Polygon)
    assert "no rectangle" in notes(YOLO.read(tmp_path / "four", task="obb").report)[0]


def test_images_without_labels_are_pending_and_empty_ones_submitted(tmp_path: Path) -> None:
    files = {"data.yaml": "names: [cat]", "labels/a.txt": "", "labels/c.txt": "0 0.5 0.5 0.2 0.2"}
    lay_out(tmp_path, files, {"images/a.jpg": SIZE, "images/b.jpg": SIZE})
    found = YOLO.read(tmp_path)
    assert [(one.item.key, one.response.status) for one in found.items] == [
        ("images/a.jpg", "submitted"),
        ("labels/c", "pending"),
        ("images/b.jpg", "pending"),
    ]
    assert notes(found.report) == [
        "its image was not found, so its size is not known and its 1 labels cannot be placed"
    ]
    sized = YOLO.read(tmp_path, sizes={"c": (10, 10)})
    assert labelled(sized)["labels/c"] == (Box(4, 4, 2, 2, "cat", id="line1", field="boxes"),)
    assert YOLO.read(tmp_path / "labels", sizes=lambda name: (10, 10)).report.dropped == ()


def test_images_may_lie_elsewhere(tmp_path: Path) -> None:
    lay_out(tmp_path / "x", {"data.yaml": "names: [cat]", "labels/train/a.txt": "0 0.5 0.5 0.5 0.5"}, {})
    picture(tmp_path / "photos" / "a.jpg", (40, 20))
    (one,) = YOLO.read(tmp_path / "x", images=tmp_path / "photos").items
    assert (one.item.key, one.item.size) == ("a.jpg", (40, 20))
    assert one.response.annotations == (Box(10, 5, 20, 10, "cat", id="line1", field="boxes"),)


def test_the_data_may_lie_where_data_yaml_says(tmp_path: Path) -> None:
    yaml = "path: ../data\ntrain: images/train2017\nval: [images/a, images/b/]\nnames: [cat]"
    files = {"cfg/x.yaml": yaml, **{f"data/labels/{name}.txt": "" for name in ("train2017/a", "b/c", "d/e")}}
    images = {f"data/images/{name}.jpg": SIZE for name in ("train2017/a", "b/c", "d/e")}
    lay_out(tmp_path, files, images)
    found = YOLO.read(tmp_path / "cfg" / "x.yaml")
    assert {one.item.key: one.meta.get("split") for one in found.items} == {
        "images/b/c.jpg": "val",
        "images/d/e.jpg": None,
        "images/train2017/a.jpg": "train",
    }
    assert len(YOLO.read(tmp_path / "cfg").items) == 3


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 0.5 0.5 0.2", "3 values besides the class"),
        ("0 0.5 0.5 0 0.2", "0.0 wide"),
        ("0 nan 0.5 0.2 0.2", "not a finite number"),
        ("0 1e999 0.5 0.2 0.2", "not a finite number"),
        ("cat 0.5 0.5 0.2 0.2", "'cat' is not a number"),
        ("0.5 0.5 0.5 0.2 0.2", "class 0.5 is not a whole number"),
        ("-1 0.5 0.5 0.2 0.2", "class -1.0"),
        ("7 0.5 0.5 0.2 0.2", "class 7 has no name"),
    ],
)
def test_damaged_lines_are_told_with_their_number(line: str, words: str, tmp_path: Path) -> None:
    files = {"data.yaml": "names: [cat]", "labels/a.txt": f"0 0.5 0.5 0.5 0.5\n\n{line}\n"}
    found = YOLO.read(lay_out(tmp_path, files, {"images/a.jpg": SIZE}))
    (dropped,) = found.report.dropped
    assert words in dropped.reason
    assert dropped.key == "images/a.jpg"
    assert "line 3" in dropped.reason or "no name" in words
    assert len(labelled(found)["images/a.jpg"]) == (2 if "no name" in words else 1)


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("names: [a]")
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(FormatError, match="holds no YOLO labels"):
        YOLO.read(inner)
    (tmp_path / "data.yaml").write_text("names: {a: b}")
    with pytest.raises(FormatError, match="class 'a' has no number"):
        YOLO.read(tmp_path)
    (tmp_path / "data.yaml").write_text("names: [a]\nkpt_shape: [99999999, 3]")
    with pytest.raises(FormatError, match="kpt_shape is"):
        YOLO.read(tmp_path)
    (tmp_path / "data.yaml").write_text("- a\n- b")
    with pytest.raises(FormatError, match="has no keys"):
        YOLO.read(tmp_path)
    (tmp_path / "data.yaml").write_text("names: [a]")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(FormatError, match=r"a\.txt is not UTF-8 text: byte 0"):
        YOLO.read(tmp_path)
    with pytest.raises(FormatError, match="did you mean 'detect'"):
        YOLO.read(tmp_path, task="detection")
    (tmp_path / "x.txt").write_text("0 1 1 1 1")
    with pytest.raises(FormatError, match="give its folder"):
        YOLO.read(tmp_path / "x.txt")


def test_names_that_stand_twice_get_their_number(tmp_path: Path) -> None:
    files = {"data.yaml": "names: [cat, cat, '']", "labels/a.txt": "1 0.5 0.5 0.5 0.5"}
    found = YOLO.read(lay_out(tmp_path, files, {"images/a.jpg": SIZE}))
    assert found.schema is not None
    assert [label.name for label in found.schema.field("boxes").get_labels()] == ["cat", "cat (1)", " (2)"]
    assert len(found.report.dropped) == 2


# ---- writing -------------------------------------------------------------------------------------


def test_boxes_are_written_in_shares_and_come_back(tmp_path: Path) -> None:
    said = [Box(24, 12, 16, 24, "dog"), Box(0.5, 0.25, 10.125, 7, "cat")]
    report = YOLO.write(tmp_path / "x", [row(*said, key="photos/a.jpg")], SCHEMA)
    assert report.dropped == ()
    assert (tmp_path / "x" / "data.yaml").read_text() == (
        'train: images/train\nval: images/train\nnames:\n  0: "cat"\n  1: "dog"\n'
    )
    assert lines(tmp_path / "x", "train/photos/a")[0] == [1, 0.5, 0.5, 0.25, 0.5]
    picture(tmp_path / "x" / "images" / "train" / "photos" / "a.jpg")
    back = labelled(YOLO.read(tmp_path / "x"))["images/train/photos/a.jpg"]
    assert [a.label for a in back] == ["dog", "cat"]  # type: ignore[union-attr]
    assert close([(a.x, a.y, a.width, a.height) for a in back], [(a.x, a.y, a.width, a.height) for a in said])  # type: ignore[union-attr]


@pytest.mark.parametrize("task", ["detect", "segment", "obb", "pose"])
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=30
)
@given(said=shapes())
def test_every_line_is_within_the_image_and_every_loss_in_the_report(
    task: Any, said: list[Any], tmp_path: Path
) -> None:
    given_ = row(*said)
    report = YOLO.write(tmp_path / "x", [given_], SCHEMA, task=task)
    found = lines(tmp_path / "x")
    counts = {"detect": {5}, "obb": {9}, "pose": {14}}.get(task)
    for values in found:
        assert len(values) in counts if counts else len(values) % 2 == 1 and len(values) >= 7
        shares = [v for n, v in enumerate(values[1:]) if task != "pose" or n < 4 or (n - 4) % 3 < 2]
        assert all(-1e-9 <= value <= 1 + 1e-9 for value in shares)
    told = {drop.annotation for drop in report.dropped}
    plain = {"detect": [Box], "obb": [Box], "segment": [Polygon], "pose": [Keypoints, Box]}[task]
    for a in given_.response.annotations:
        if a.id not in told:
            assert type(a) in plain
    assert report.annotations == len(found)
    YOLO.read(tmp_path / "x", sizes=lambda name: SIZE, task=task)


def test_shapes_are_made_to_fit_the_task_and_the_report_says_how(tmp_path: Path) -> None:
    holed = Polygon(((4, 4), (40, 4), (40, 40), (4, 40)), "cat", [((10, 10), (20, 10), (20, 20))], id="h")
    said = [
        Box(4, 4, 8, 8, "cat", id="b"),
        Box(20, 20, 20, 8, "cat", 30, id="t"),
        holed,
        painted((1, 1, 9, 9), (20, 20, 5, 5), id="m"),
        Box(60, 40, 20, 20, "dog", id="edge", score=0.5, attributes={}),
        Box(100, 100, 5, 5, "dog", id="out"),
        person(id="k"),
        Choice("day", id="c"),
    ]
    rows = [row(*said)]

    def told(task: str) -> dict[str, str]:
        report = YOLO.write(tmp_path / task, rows, SCHEMA, task=task)
        made: dict[str, str] = {}
        for drop in report.dropped:
            made[drop.annotation] = made.get(drop.annotation, "") + drop.reason + "; "
        return made

    detect = told("detect")
    assert list(detect) == ["c", "t", "h", "m", "edge", "out", "k"]
    assert "upright box" in detect["t"] and "upright box" in detect["m"]  # noqa: PT018
    assert "cut off" in detect["edge"] and "score not written" in detect["edge"]  # noqa: PT018
    assert "outside the image" in detect["out"]
    assert "the task is detect" in detect["k"]
    boxes = lines(tmp_path / "detect")
    assert close(boxes[-1], [1, 62 / 64, 44 / 48, 4 / 64, 8 / 48])
    segment = told("segment")
    assert "outline of its corners" in segment["b"]
    assert "2 outlines" in segment["h"] and "joined by cuts" in segment["h"]  # noqa: PT018
    assert "as the outline of its pixels" in segment["m"]
    back = labelled(YOLO.read(tmp_path / "segment", sizes=lambda name: SIZE))["labels/train/a"]
    assert np.array_equal(rasterize(back[2], SIZE), rasterize(holed, SIZE))  # type: ignore[arg-type]
    assert np.array_equal(rasterize(back[3], SIZE), mask_array(said[3]))  # type: ignore[arg-type]
    obb = told("obb")
    assert "the task is obb" in obb["h"]
    (_, turned, *_) = labelled(YOLO.read(tmp_path / "obb", sizes=lambda name: SIZE, task="obb"))["labels/train/a"]
    assert close([turned.x, turned.width, turned.rotation], [20, 20, 30])  # type: ignore[union-attr]


def test_parts_of_one_object_are_one_outline_also_where_they_overlap(tmp_path: Path) -> None:
    apart = [painted((1, 1, 9, 9), group="a", id="a1"), painted((30, 30, 9, 9), group="a", id="a2")]
    over = [
        Polygon(((0, 0), (20, 0), (20, 20), (0, 20)), "dog", group="b", id="b1"),
        Polygon(((10, 10), (30, 10), (30, 30), (10, 30)), "dog", group="b", id="b2"),
    ]
    report = YOLO.write(tmp_path / "x", [row(*apart, *over)], SCHEMA)
    assert {drop.annotation for drop in report.dropped} == {"a1", "a2", "b1", "b2"}
    one, two = labelled(YOLO.read(tmp_path / "x", sizes=lambda name: SIZE))["labels/train/a"]
    assert np.array_equal(rasterize(one, SIZE), pixels(*apart))  # type: ignore[arg-type]
    assert np.array_equal(rasterize(two, SIZE), pixels(*over))  # type: ignore[arg-type]


def test_poses_have_the_box_of_their_group(tmp_path: Path) -> None:
    said = [
        person((10, 5, 2), (20, 15, 1), (0, 0, 0), group="1"),
        Box(2, 2, 40, 40, "person", group="1"),
        person((10, 5, 2), (200, 15, 2), (30, 30, 2), id="far"),
        Box(3, 3, 5, 5, "person", id="alone"),
    ]
    report = YOLO.write(tmp_path / "x", [row(*said)], SCHEMA)
    assert [drop.annotation for drop in report.dropped] == ["far"]
    pose, far, alone = lines(tmp_path / "x")
    assert close(pose[1:5], [22 / 64, 22 / 48, 40 / 64, 40 / 48])
    assert close(pose[5:], [10 / 64, 5 / 48, 2, 20 / 64, 15 / 48, 1, 0, 0, 0])
    assert far[8:11] == [0, 0, 0]
    assert close(far[1:5], [20 / 64, 17.5 / 48, 20 / 64, 25 / 48])
    assert alone[5:] == [0] * 9
    text = (tmp_path / "x" / "data.yaml").read_text()
    assert 'kpt_shape: [3, 3]\nkpt_names:\n  0: ["head", "hand", "foot"]' in text
    found = YOLO.read(tmp_path / "x", sizes=lambda name: SIZE)
    assert found.schema is not None
    field = found.schema.field("keypoints")
    assert (field.points, field.edges) == (("head", "hand", "foot"), ((0, 1), (1, 2)))  # type: ignore[union-attr]
    back = labelled(found)["labels/train/a"]
    assert [type(a) for a in back] == [Keypoints, Box, Keypoints, Box]
    assert close([back[1].x, back[1].width], [2, 40])  # type: ignore[union-attr]


def test_the_task_is_told_by_what_is_there_or_asked_for(tmp_path: Path) -> None:
    def kinds(schema: Schema, *said: Any) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        YOLO.write(folder, [row(*said)] if said else [], schema)
        text = (folder / "data.yaml").read_text()
        return "pose" if "kpt_shape" in text else str([len(values) for values in lines(folder)] if said else "")

    assert kinds(SCHEMA, Box(1, 1, 5, 5, "cat")) == "[5]"
    assert kinds(SCHEMA, Box(1, 1, 5, 5, "cat", 45), Box(9, 9, 5, 5, "cat")) == "[9, 9]"
    assert kinds(SCHEMA, Box(1, 1, 5, 5, "cat"), painted((1, 1, 5, 5))) == "[9, 9]"
    assert kinds(SCHEMA, Box(1, 1, 5, 5, "person"), person()) == "pose"
    assert kinds(Schema.of({"x": Skeletons(["p"], points=["a", "b"])})) == "pose"
    assert kinds(Schema.of({"x": Polygons(["p"]), "y": Boxes(["q"])})) == ""


def test_parts_of_a_data_set_and_its_images(tmp_path: Path) -> None:
    one = picture(tmp_path / "photos" / "one.jpg")
    rows = [
        row(Box(1, 1, 5, 5, "cat"), key=str(one)),
        row(Box(1, 1, 5, 5, "cat"), key=str(tmp_path / "photos" / "two.jpg")),
        row(key=3, data=one.read_bytes()),
    ]
    report = YOLO.write(
        tmp_path / "x", rows, SCHEMA, split=lambda item: "val" if item.key == 3 else "train", images=True
    )
    files = sorted(
        file.relative_to(tmp_path / "x").as_posix() for file in (tmp_path / "x").rglob("*") if file.is_file()
    )
    assert files == [
        "data.yaml",
        "images/train/one.jpg",
        "images/val/3.png",
        "labels/train/one.txt",
        "labels/train/two.txt",
        "labels/val/3.txt",
    ]
    assert "val: images/val" in (tmp_path / "x" / "data.yaml").read_text()
    assert ["not handed in as a path" in reason for reason in notes(report)] == [True]
    found = YOLO.read(tmp_path / "x")
    meta = found.meta
    YOLO.write(tmp_path / "y", [one for one in found.labelled if one.item.size], found.schema, meta=meta)
    assert (tmp_path / "y" / "labels" / "val" / "3.txt").exists()
    with pytest.raises(FormatError, match="'tset' is no part"):
        YOLO.write(tmp_path / "z", rows, SCHEMA, split="tset")


def test_what_is_there_stays_and_old_labels_are_told(tmp_path: Path) -> None:
    lay_out(tmp_path, {"labels/train/old.txt": "0 0.5 0.5 1 1", "notes.md": "mine"}, {"images/train/a.jpg": SIZE})
    report = YOLO.write(tmp_path, [row(Box(1, 1, 5, 5, "cat"))], SCHEMA)
    assert [(drop.key, "stay" in drop.reason) for drop in report.dropped] == [("labels/train/old.txt", True)]
    assert (tmp_path / "notes.md").read_text() == "mine"
    assert (tmp_path / "labels" / "train" / "old.txt").exists()
    assert (tmp_path / "labels" / "train" / "a.txt").exists()


def test_hostile_names_stay_in_the_folder_and_clashes_are_told(tmp_path: Path) -> None:
    names = ["../../up.jpg", "/etc/passwd.jpg", "a.jpg", "a.png", "c:\\x\\y.jpg", "d\0e.jpg"]
    rows = [row(Box(1, 1, 5, 5, "cat"), key=name) for name in names]
    report = YOLO.write(tmp_path / "x", rows, SCHEMA)
    assert [drop.key for drop in report.dropped] == ["a.png"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["x"]
    found = {file.relative_to(tmp_path / "x").as_posix() for file in (tmp_path / "x").rglob("*.txt")}
    assert {"labels/train/up.txt", "labels/train/passwd.txt", "labels/train/a.txt"} <= found
    assert len(found) == 5


def test_what_data_yaml_says_besides_is_kept(tmp_path: Path) -> None:
    yaml = ROBOFLOW + "kpt_shape: [1, 3]\nflip_idx: [0]\nodd: {a: [1, 'x']}\n"
    lay_out(
        tmp_path / "x",
        {"data.yaml": yaml, "train/labels/a.txt": "1 0.5 0.5 0.5 0.5 0.5 0.5 2"},
        {"train/images/a.jpg": SIZE},
    )
    found = YOLO.read(tmp_path / "x")
    YOLO.write(tmp_path / "y", found.labelled, found.schema, meta=found.meta)
    again = YOLO.read(tmp_path / "y").file["data"]
    for name in ("roboflow", "flip_idx", "odd", "kpt_shape"):
        assert again[name] == found.file["data"][name]
    assert again["names"] == {0: "cat", 1: "dog"}
    assert lines(tmp_path / "y") == [[1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 2]]


@pytest.mark.parametrize("task", ["detect", "segment", "obb"])
def test_supervision_loads_what_is_written(task: Any, tmp_path: Path) -> None:
    sv = pytest.importorskip("supervision")
    shapes_ = {
        "detect": [Box(3, 4, 10, 8, "dog"), Box(30, 20, 8, 8, "cat")],
        "segment": [Polygon(((5, 5), (30, 5), (30, 30)), "dog"), painted((10, 10, 20, 20))],
        "obb": [Box(20, 20, 20, 8, "dog", 30)],
    }
    source = picture(tmp_path / "a.jpg")
    YOLO.write(tmp_path / "x", [row(*shapes_[task], key=str(source))], SCHEMA, task=task, images=True)
    found = sv.DetectionDataset.from_yolo(
        images_directory_path=str(tmp_path / "x" / "images" / "train"),
        annotations_directory_path=str(tmp_path / "x" / "labels" / "train"),
        data_yaml_path=str(tmp_path / "x" / "data.yaml"),
        is_obb=task == "obb",
        force_masks=task == "segment",
    )
    ((_, _, detections),) = list(found)
    assert found.classes == ["cat", "dog"]
    assert detections.class_id.tolist() == [1, 0][: len(detections)]
    if task == "detect":
        assert np.allclose(detections.xyxy, [[3, 4, 13, 12], [30, 20, 38, 28]], atol=1e-4)
    elif task == "segment":
        theirs = detections.mask[1]
        assert (theirs != mask_array(shapes_["segment"][1])).sum() <= 2 * 4 * 21  # type: ignore[arg-type] # edges are drawn
    else:
        assert np.allclose(detections.data["xyxyxyxy"][0], corners(shapes_["obb"][0]), atol=1e-3)  # type: ignore[arg-type]
