"""Shapes through the tables and Prodigy's tasks, and what the formats for images share."""

from __future__ import annotations

import contextlib
import json
import os
import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from nblabel import formats
from nblabel.annotations import Box, Choice, Polygon, Span, Text
from nblabel.errors import FormatError, InvalidAnnotation
from nblabel.formats import disk, markup
from nblabel.formats.base import Log, beyond, infer
from nblabel.formats.figures import box_of_corners, bridged, is_bounds, rings_of, things
from nblabel.formats.pictures import image_size, item_name, number, safe_name, size_of, within
from nblabel.formats.rle import brush_of, coco_counts, coco_string, mask_of_brush, mask_of_rows, row_runs
from nblabel.formats.tidy import annotations_frame
from nblabel.formats.yaml import yaml_of
from nblabel.records import Item
from nblabel.schema import Skeletons
from nblabel.shapes import corners, mask_array, mask_of, polygons_of, rasterize

from .images import exif, stored
from .shape_rows import SCHEMA, SIZE, again, labelled, notes, painted, person, pixels, row, shapes

QUICK = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)


# ---- tables and tasks ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet"])
@QUICK
@given(said=shapes(), more=st.booleans())
def test_tables_and_tasks_hold_every_shape(name: str, said: list[Any], more: bool, tmp_path: Path) -> None:
    extra = [Choice("day", field="choices", score=0.5), Text("dusk", field="text")] if more else []
    rows = [row(*said, *extra), row(key="b/c.jpg")]
    report, found = again(name, tmp_path / f"x.{name}", rows)
    assert report.dropped == found.report.dropped == ()
    assert labelled(found) == {one.item.key: one.response.annotations for one in rows}
    assert [one.item.data for one in found.items] == ["a.jpg", "b/c.jpg"]


def test_shapes_have_columns_of_their_own() -> None:
    said = (
        Box(1, 2, 3, 4, "cat", 30, z=2, group="g", occluded=True, attributes={"tame": True}),
        Polygon(((0, 0), (4, 0), (0, 4)), "dog", [((1, 1), (2, 1), (1, 2))]),
        painted((0, 0, 1, 1)),
    )
    frame = annotations_frame([row(*said)], SCHEMA)
    box = frame.iloc[0]
    assert box[["x", "y", "width", "height", "rotation", "z", "group"]].tolist() == [1, 2, 3, 4, 30, 2, "g"]
    assert (bool(box["occluded"]), bool(box["attr.tame"])) == (True, True)
    assert frame.iloc[1]["points"] == said[1].points and frame.iloc[1]["holes"] == said[1].holes  # noqa: PT018
    assert (frame.iloc[2]["size"], frame.iloc[2]["counts"]) == (said[2].size, said[2].counts)


def test_prodigys_own_tasks_for_images_are_read_and_written_as_they_were(tmp_path: Path) -> None:
    task = {
        "image": "photos/cat.jpg",
        "width": 64,
        "height": 48,
        "spans": [
            {
                "id": "0c81b7c5",
                "label": "cat",
                "color": "yellow",
                "x": 10,
                "y": 5,
                "width": 20,
                "height": 10,
                "points": [[10, 5], [10, 15], [30, 15], [30, 5]],
                "center": [20, 10],
                "type": "rect",
            },
            {"label": "dog", "points": [[1, 2], [5, 2], [3, 9.5]], "type": "polygon", "x": 1, "y": 2},
            {"label": "dog", "points": [[40, 40], [60, 40], [60, 44]], "type": "rect"},
        ],
        "answer": "accept",
        "_input_hash": 7,
        "_view_id": "image_manual",
    }
    path = tmp_path / "tasks.jsonl"
    path.write_text(
        json.dumps(task) + "\n" + json.dumps({"image": "data:image/png;base64,xx", "answer": "ignore"}) + "\n"
    )
    found = formats.for_path(path).read(path)
    first, second = found.items
    assert (first.item.key, first.item.data, first.item.size) == ("photos/cat.jpg", "photos/cat.jpg", SIZE)
    box, outline, corner = first.response.annotations
    assert box == Box(10, 5, 20, 10, "cat", id="0c81b7c5", field="boxes")
    assert outline == Polygon(((1, 2), (5, 2), (3, 9.5)), "dog", id="span:1", field="polygons")
    assert (corner.x, corner.y, corner.width, corner.height) == (40, 40, 20, 4)
    assert (second.item.key, second.item.data[:5]) == (1, "data:")
    assert found.schema is not None
    assert found.schema.names == ("boxes", "polygons")
    formats.for_path(path).write(path, found.labelled, found.schema, meta=found.meta)
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert written[0]["spans"][0] == task["spans"][0]  # type: ignore[index]
    assert {key: written[0][key] for key in task if key != "spans"} == {k: v for k, v in task.items() if k != "spans"}
    assert written[1]["answer"] == "ignore"


def test_a_task_with_a_text_and_an_image_is_of_the_text_unless_it_is_drawn_on(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    tasks = [
        {"text": "Ada", "image": "a.jpg", "spans": [{"start": 0, "end": 3, "label": "P"}]},
        {"text": "Ada", "image": "a.jpg", "spans": [{"points": [[0, 0], [4, 0], [0, 4]], "label": "P"}]},
    ]
    path.write_text("".join(json.dumps(task) + "\n" for task in tasks))
    text, image = formats.for_path(path).read(path).items
    assert (text.item.data, type(text.response.annotations[0])) == ("Ada", Span)
    assert (image.item.data, type(image.response.annotations[0])) == ("a.jpg", Polygon)


# ---- the schema that a file tells ----------------------------------------------------------------


@QUICK
@given(shapes())
def test_a_schema_is_told_by_shapes_and_they_are_valid_in_it(said: list[Any]) -> None:
    given_ = row(*said).response.annotations
    schema = infer(given_)
    if not said:
        assert schema is None
        return
    assert schema is not None
    schema.check(given_, complete=True)


def test_fields_are_told_with_their_labels_points_and_attributes() -> None:
    said = row(
        person(), Box(0, 0, 1, 1, "cat", attributes={"tame": True, "age": 2, "tags": ["a"]})
    ).response.annotations
    plain = infer(said)
    assert plain is not None
    assert getattr(plain.field("keypoints"), "points", None) == ("1", "2", "3")
    known = Skeletons(["person"], points=["head", "hand", "foot"], edges=[(0, 1)])
    schema = infer(
        said, labels={"boxes": ["dog"], "masks": ["x"]}, skeletons={"keypoints": known}, sorts={"masks": "mask"}
    )
    assert schema is not None
    assert (getattr(schema.field("keypoints"), "points", None), schema.field("masks").annotation) == (
        known.points,
        "mask",
    )
    cat = schema.field("boxes").label("cat")
    assert [label.name for label in schema.field("boxes").get_labels()] == ["dog", "cat"]
    assert cat is not None
    assert [(one.name, one.type) for one in cat.attributes] == [("tame", "bool"), ("age", "number"), ("tags", "choice")]


# ---- which format --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "format_"),
    [
        ("a.json", '{"info": {}, "images": [], "annotations": []}', "coco"),
        ("a.json", '{"annotations": [{"id": 1, "data": {"shapes": 1}}], "images": []}', "coco"),
        ("a.json", '[{"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5}]', "coco"),
        ("a.json", '\ufeff{"version": "5.5.0", "flags": {"images": true}, "shapes": [], "imagePath": "a"}', "labelme"),
        ("a.json", '[{"id": 1, "data": {"image": "a"}, "annotations": []}]', "labelstudio"),
        ("a.json", '[{"annotations": [{"result": []}], "id": 5}]', "labelstudio"),
        ("a.xml", "<?xml version='1.0'?><!-- <annotations> --><annotation><filename>a</filename></annotation>", "voc"),
        ("a.xml", "<annotations><version>1.1</version></annotations>", "cvat"),
        ("data.yaml", "names: [a]", "yolo"),
        ("d/data.yaml", "names: [a]", "yolo"),
        ("d/labels/train/a.txt", "0 1 1 1 1", "yolo"),
        ("d/Annotations/a.xml", "<annotation/>", "voc"),
        ("d/a.json", '{"shapes": [], "imagePath": "a"}', "labelme"),
        ("d/masks.json", "{}", "masks"),
        ("d/a.png", "", "masks"),
    ],
)
def test_what_is_read_tells_its_format(name: str, content: str, format_: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    assert formats.to_read(tmp_path / "d" if name.startswith("d/") else file).name == format_


def test_what_tells_nothing_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"rows": []}')
    with pytest.raises(FormatError, match=r"several formats.*format= one of"):
        formats.to_read(tmp_path / "a.json")
    with pytest.raises(FormatError, match="no ending"):
        formats.to_read(tmp_path)
    assert formats.to_read(tmp_path / "a.json", "coco").name == "coco"
    assert formats.to_read("nowhere.csv").name == "csv"


# ---- folders and names ---------------------------------------------------------------------------


def fill(path: Path, names: list[str], *, broken: bool = False) -> None:
    with disk.filling(path) as part:
        for name in names:
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_text("new")
        assert part != path
        if broken:
            raise RuntimeError("it broke")


def test_a_new_folder_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="it broke"):
        fill(tmp_path / "new", ["a.txt"], broken=True)
    assert list(tmp_path.iterdir()) == []
    fill(tmp_path / "new", ["in/a.txt"])
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o777 & ~umask
    assert (tmp_path / "new" / "in" / "a.txt").read_text() == "new"


def test_files_join_a_folder_and_leave_others_alone(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("in/mine.txt", "in/a.txt", "blocked"):
        (tmp_path / name).write_text("old")
    fill(tmp_path, ["in/a.txt"])
    assert ((tmp_path / "in" / "a.txt").read_text(), (tmp_path / "in" / "mine.txt").read_text()) == ("new", "old")
    for clash in ("blocked/a.txt", "in"):  # a file where a folder should be, and the other way round
        with pytest.raises(FormatError, match=r"is a file|is a folder"):
            fill(tmp_path, [clash, "fine.txt"])
        assert not (tmp_path / "fine.txt").exists()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["blocked", "in"]


@given(st.text() | st.text(alphabet="./\\:a~\0 ", max_size=12))
def test_no_name_leads_out_of_a_folder(name: str) -> None:
    made = safe_name(name)
    assert made and not made.startswith("/")  # noqa: PT018
    assert not {"", ".", ".."} & set(made.split("/"))
    assert "\0" not in made and "\\" not in made and ":" not in made  # noqa: PT018
    assert all(len(part.encode()) <= 200 for part in made.split("/"))


def test_images_lie_below_the_folder_they_share() -> None:
    assert within(["/data/a/x.jpg", "/data/b/x.jpg", "c.jpg"]) == {
        "/data/a/x.jpg": "a/x.jpg",
        "/data/b/x.jpg": "b/x.jpg",
        "c.jpg": "c.jpg",
    }
    assert item_name(Item(3, Path("a") / "b.jpg")) == "a/b.jpg"
    assert item_name(Item("k", "data:image/png;base64,AA")) == "k.png"
    assert item_name(Item("x/y.tif", np.zeros((2, 2)))) == "x/y.tif"
    assert size_of("train/a.jpg", {"a.jpg": (3, 4)}) == size_of("train/a.jpg", lambda name: (3, 4)) == (3, 4)
    assert size_of("train/a.jpg", {"a": (3, 4)}) == (3, 4)
    assert size_of("b.jpg", {"a": (3, 4)}) is None


def test_the_size_of_a_file_is_that_of_the_upright_image(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(stored(np.zeros((48, 64, 3), dtype=np.uint8), 6)).save(path, exif=exif(6))
    with Image.open(path) as image:
        assert image.size == SIZE[::-1]
    assert image_size(path) == SIZE
    path.write_bytes(b"no image")
    assert image_size(path) is None


# ---- shapes of formats ---------------------------------------------------------------------------


def test_shapes_of_one_group_and_label_are_one_thing() -> None:
    polygon = Polygon(((0, 0), (4, 0), (0, 4)), "cat", group="1", id="p")
    box, other = Box(0, 0, 4, 4, "cat", group="1", id="b"), Box(1, 1, 4, 4, "cat", group="1", id="c")
    named = Box(0, 0, 4, 4, "dog", group="1", id="d")
    marked = Polygon(((0, 0), (4, 0), (0, 4)), "cat", group="1", id="q", attributes={"tame": True})
    line = Polygon(((0, 0), (4, 0)), "cat", group="1", closed=False, id="l")
    alone = Polygon(((9, 9), (12, 9), (9, 12)), "cat", id="a")
    found = things([polygon, box, other, named, marked, line, alone, painted((0, 0, 2, 2), group="1", id="m")])
    assert [[one.id for one in thing.shapes] for thing in found] == [["b", "p", "m"], ["c"], ["d"], ["q"], ["l"], ["a"]]
    assert found[0].box_or_bounds == (0, 0, 4, 4)
    assert is_bounds((0.5, 0, 3.5, 4), [polygon])
    assert not is_bounds((0, 0, 8, 4), [polygon])


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 44), st.integers(1, 25), st.integers(1, 25)),
        min_size=1,
        max_size=6,
    )
)
def test_one_ring_with_cuts_covers_what_all_rings_do(parts: list[tuple[int, int, int, int]]) -> None:
    array = np.zeros(SIZE[::-1], dtype=bool)
    for x, y, width, height in parts:
        array[y : y + height, x : x + width] ^= True
    if array.any():
        ring = bridged(rings_of(mask_of(array)))
        assert np.array_equal(rasterize(Polygon(ring), SIZE), array)


def test_many_rings_are_joined_in_steps_that_grow_with_their_number() -> None:
    array = np.zeros((300, 600), dtype=bool)
    array[::3, ::3] = True
    rings = rings_of(mask_of(array))
    assert len(rings) == 20_000
    assert np.array_equal(rasterize(Polygon(bridged(rings)), (600, 300)), array)


@given(
    st.floats(-50, 50),
    st.floats(-50, 50),
    st.floats(1, 50),
    st.floats(1, 50),
    st.floats(-179, 179),
    st.integers(0, 3),
    st.booleans(),
)
def test_corners_in_any_order_make_the_same_rectangle(
    x: float, y: float, w: float, h: float, turn: float, first: int, back: bool
) -> None:
    points = list(corners(Box(x, y, w, h, rotation=turn)))
    turned = points[first:] + points[:first]
    found = box_of_corners(turned[::-1] if back else turned)
    assert found is not None
    made = corners(Box(*found[:4], rotation=found[4]))
    assert all(min(np.hypot(a - c, b - d) for c, d in points) < 1e-6 for a, b in made)
    if not first and not back:
        assert np.allclose(found, (x, y, w, h, turn), atol=1e-6)


def test_what_is_no_rectangle_is_none() -> None:
    assert box_of_corners([(0, 0), (10, 0), (14, 5), (4, 5)]) is None
    assert box_of_corners([(0, 0), (10, 0), (10, 5)]) is None
    assert box_of_corners([(0, 0), (10, 0), (10, 0), (0, 0)]) is None


def test_what_an_annotation_has_besides() -> None:
    a = Box(0, 0, 1, 1, "cat", score=0.5, source="m", z=1, group="g", occluded=True, attributes={"tame": True})
    assert beyond(a) == ["attributes", "score", "source", "z", "group", "occluded"]
    assert beyond(a, "z", "group", "occluded", "score") == ["attributes", "source"]
    assert beyond(Box(0, 0, 1, 1)) == []


# ---- run lengths ---------------------------------------------------------------------------------

BITMAPS = st.tuples(
    st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32), st.floats(0, 1), st.integers(1, 9)
).map(
    lambda given_: np.kron(
        np.random.default_rng(given_[2]).random(given_[:2]) < given_[3], np.ones((given_[4], given_[4]), dtype=bool)
    )
)


@given(BITMAPS)
def test_cocos_strings_are_those_of_pycocotools(array: np.ndarray) -> None:
    coco = pytest.importorskip("pycocotools.mask")
    theirs = coco.encode(np.asfortranarray(array.astype(np.uint8)))["counts"].decode()
    mask = mask_of(array)
    assert coco_string(mask.counts) == theirs
    assert coco_counts(theirs) == mask.counts


@given(BITMAPS)
def test_runs_of_rows_and_brushes_give_the_mask_again(array: np.ndarray) -> None:
    size = (array.shape[1], array.shape[0])
    mask = mask_of(array, "cat", id="m")
    assert mask_of_rows(row_runs(array), *size, (0, 0), size, label="cat", id="m") == mask
    assert mask_of_brush(brush_of(mask), size, label="cat", id="m") == mask


def test_a_brush_is_written_as_label_studio_writes_it() -> None:
    array = np.zeros((5, 7), dtype=bool)
    array[1:4, 2:6] = True
    # mask2rle(array * 255) of label_studio_sdk.converter.brush 2.1.2
    theirs = [0, 0, 0, 140, 57, 27, 254, 35, 0, 191, 255, 108, 2, 255, 253, 176, 11, 255, 248, 124, 0]
    assert brush_of(mask_of(array)) == theirs


def test_a_brush_of_colours_is_read_by_how_opaque_it_is() -> None:
    """As the canvas of Label Studio gives it: four channels, single values, words of eight bits."""
    pixels_ = [(10, 20, 30, 255), (10, 20, 30, 100), (0, 0, 0, 0), (1, 2, 3, 200)]
    bits = f"{16:032b}{7:05b}" + "".join(f"{n - 1:04b}" for n in (3, 4, 8, 16))
    values = [value for pixel in pixels_ for value in pixel]
    bits += f"001{len(values) - 1:04b}" + "".join(f"{value:08b}" for value in values)
    bits += "0" * (-len(bits) % 8)
    rle = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    assert mask_array(mask_of_brush(rle, (2, 2))).tolist() == [[True, False], [False, True]]
    faint = [1 if value else 0 for value in (0, 0, 0, 1)] * 4
    bits = f"{16:032b}{7:05b}" + "".join(f"{n - 1:04b}" for n in (3, 4, 8, 16))
    bits += f"001{15:04b}" + "".join(f"{value:08b}" for value in faint)
    bits += "0" * (-len(bits) % 8)
    rle = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    assert mask_array(mask_of_brush(rle, (2, 2))).all()  # where nothing is more than faint


@pytest.mark.parametrize("size", [(5, 7), (1 << 20, 1 << 20), (0, 5)])
@given(rle=st.lists(st.integers(0, 255), max_size=30) | st.just("text") | st.just([999]))
def test_damaged_brushes_are_refused(rle: Any, size: tuple[int, int]) -> None:
    with pytest.raises(InvalidAnnotation):
        mask_of_brush(rle, size)


@pytest.mark.parametrize("text", ["é", "\x7f", "P", "oooooooooooooo1", " "])
def test_damaged_strings_are_refused(text: str) -> None:
    with pytest.raises(InvalidAnnotation):
        coco_counts(text)


def test_sizes_that_no_image_has_are_not_unpacked() -> None:
    for width, height, size in ((1 << 16, 1 << 16, (9, 9)), (2, 2, (1 << 20, 1 << 20)), (-1, -4, (2, 2))):
        with pytest.raises(InvalidAnnotation, match="cannot be unpacked"):
            mask_of_rows([0, 4], width, height, (0, 0), size)
    with pytest.raises(InvalidAnnotation, match="add up"):
        mask_of_rows([0, 5], 2, 2, (0, 0), (2, 2))


def test_numbers_are_finite_numbers() -> None:
    assert (number("1.5", "x"), number(2, "x")) == (1.5, 2.0)
    for odd in ("", None, "nan", "inf", True, [1], "1,5", 10**400, {"a": 1}):
        with pytest.raises(InvalidAnnotation):
            number(odd, "x")


# ---- JSON, XML and YAML --------------------------------------------------------------------------


def test_json_says_where_it_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    log = Log()
    path.write_bytes(b"\xef\xbb\xbf" + b'{"a": NaN, "b": [Infinity, -Infinity, 1]}')
    assert disk.json_of(path, log) == {"a": None, "b": [None, None, 1]}
    assert "NaN" in notes(log.report())[0]
    for raw, words in (
        (b'{"a": 1,\n "b": }', "line 2, column 7"),
        (b"\xff\xfe{}", "not UTF-8 text: byte 0"),
        (b"[" * 100_000, "cannot|can be read"),
        (b"1" * 10_000, "can be read"),
        (b"", "line 1, column 1"),
    ):
        path.write_bytes(raw)
        with pytest.raises(FormatError, match=words):
            disk.json_of(path, log)
    assert json.loads(disk.dumps({"a": "\ud800"})) == {"a": "\ud800"}


BOMB = """<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;"><!ENTITY z "&y;&y;&y;&y;&y;&y;&y;&y;">]>
<annotation><filename>&z;</filename></annotation>"""
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><filename>&x;</filename></annotation>'


@pytest.mark.parametrize("name", ["voc", "cvat"])
@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (BOMB.encode(), "line 2 declares a document type"),
        (OUTSIDE.encode(), "declares a document type"),
        (b"<annotation>&x;</annotation>", "line 1, column 13 is not XML: undefined entity"),
        (b"<annotation><filename></annotation>", "line 1, column 25 is not XML: mismatched tag"),
        (b"<a>" * 5000, "nested 100 deep"),
        (b"", "not XML"),
        (b"\xff\xfe\xff", "not XML"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "not XML"),
    ],
)
def test_hostile_xml_is_refused_with_its_line(name: str, raw: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(raw)
    with pytest.raises(FormatError, match=words):
        formats.FORMATS[name].read(path)


@given(st.text(), st.text())
def test_xml_holds_every_text_that_it_can(text: str, attribute: str) -> None:
    root = markup.Element("a")
    markup.add(root, "b", text + "x", c=attribute)
    odd: list[str] = []
    raw = markup.serialized(root, odd).encode("utf-8", "replace")
    (found,) = markup.parsed(raw, "x")
    if not odd:
        assert found.text == text + "x"
        assert found.get("c") == attribute
    assert [markup.serialized(one, []) for one in markup.restored(markup.kept([found]))] == [
        markup.serialized(found, [])
    ]


VALUES = st.recursive(
    st.text(st.sampled_from(string.printable), max_size=8)
    | st.sampled_from(
        [
            "no",
            "null",
            "- a",
            "a: b",
            "#x",
            "a #b",
            "it's",
            '"q"',
            "1",
            "1.5",
            "[a",
            "{b",
            "x,y",
            "*a",
            "&b",
            "|",
            "é  ",
        ]
    )
    | st.integers(-999, 999)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(string.ascii_letters + " _", min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text(string.ascii_letters + " _-", min_size=1, max_size=8) | st.integers(0, 99), VALUES, max_size=5
    ),
    st.sampled_from([True, False, None]),
    st.sampled_from([20, 80, 1000]),
    st.sampled_from([2, 4]),
)
def test_plain_yaml_is_read_as_pyyaml_reads_it(value: Any, style: bool | None, width: int, indent: int) -> None:
    yaml = pytest.importorskip("yaml")
    text = yaml.safe_dump(value, default_flow_style=style, width=width, indent=indent, sort_keys=False)
    if "? " not in text:  # keys that take several lines
        assert yaml_of(text, "x") == yaml.safe_load(text) == value


DATA_YAML = """# a data set
path: ../datasets/coco8 # its folder
train: images/train
val: [a, b,
   c]   # two lines
names:
  0: person
  1: 'it''s'
  2: "traffic: light"
kpt_shape: [17, 3]
roboflow:
  url: https://universe.roboflow.com/x/y
download: |
  import x
    y
list:
- a
- b: 1
  c: ~
"""


def test_yaml_as_data_sets_have_it() -> None:
    assert yaml_of(DATA_YAML, "x") == {
        "path": "../datasets/coco8",
        "train": "images/train",
        "val": ["a", "b", "c"],
        "names": {0: "person", 1: "it's", 2: "traffic: light"},
        "kpt_shape": [17, 3],
        "roboflow": {"url": "https://universe.roboflow.com/x/y"},
        "download": "import x\n  y\n",
        "list": ["a", {"b": 1, "c": None}],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x 1\nb: *x", "line 1: '&'"),
        ("a: 1\nb: !!python/object:os.system {}", "line 2: '!'"),
        ("a: [1, 2", "line 1.*does not end"),
        ("a: 1\n  b: 2", "line 2"),
        ("a: 1\na: 2", "line 2.*twice"),
        ("a: 'x' y", "follows a value"),
        ("[" * 2000, "nested too deep"),
        ("%YAML 1.1\n---\na: 1", "directives"),
        ("a:\n  - 1\n b: 2", "line 3"),
    ],
)
def test_yaml_that_is_not_plain_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        yaml_of(text, "data.yaml")


@given(st.text(alphabet="ab:-[]{},'\"#\n &*|>?!%@01.\t", max_size=40))
def test_any_text_is_a_value_or_refused(text: str) -> None:
    with contextlib.suppress(FormatError):  # anything else fails the test
        yaml_of(text, "x")


def test_outlines_of_masks_are_rings_for_formats() -> None:
    mask = painted((2, 2, 10, 10))
    assert rings_of(mask) == [polygons_of(mask)[0][0]]
    assert np.array_equal(pixels(Polygon(rings_of(mask)[0])), mask_array(mask))
