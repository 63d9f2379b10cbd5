"""CVAT XML 1.1 for images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from nblabel import formats
from nblabel.annotations import Box, Choice, Keypoints, Mask, Polygon, Text
from nblabel.errors import FormatError
from nblabel.formats.markup import text_in, xml_of
from nblabel.schema import Skeletons
from nblabel.shapes import mask_array, rasterize

from .shape_rows import SCHEMA, SIZE, again, labelled, notes, painted, person, row, shapes

CVAT = formats.FORMATS["cvat"]

# As CVAT 2 writes it: a skeleton with its drawing, a mask with runs in its own box, attributes of all types.
_NODE = (
    '<circle r="1.5" cx="{0}" cy="22" data-type="element node" data-element-id="{0}" data-node-id="{0}" {1}></circle>'
)
SVG = (
    '<line x1="36.8" y1="47.7" x2="86.8" y2="10.7" stroke="black" data-type="edge" data-node-from="2" '
    'stroke-width="0.5" data-node-to="3"></line><line x1="25.1" y1="22.6" x2="36.8" y2="47.7" stroke="black" '
    'data-type="edge" data-node-from="1" stroke-width="0.5" data-node-to="2"></line>'
) + "".join(_NODE.format(n, f'data-label-name="{name}"') for n, name in enumerate(("head", "hand", "foot"), 1))


def attribute(name: str, type_: str, default: str, values: str) -> str:
    return (
        f"<attribute><name>{name}</name><mutable>False</mutable><input_type>{type_}</input_type>"
        f"<default_value>{default}</default_value><values>{values}</values></attribute>"
    )


ESCAPED = SVG.replace("<", "&lt;").replace(">", "&gt;")
LINES, NUMBERS = "a\nb c\n002", "0\n9\n1"
DATA = f"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <job>
      <id>4</id>
      <labels>
        <label>
          <name>car</name>
          <color>#2080c0</color>
          <type>any</type>
          <attributes>
            {attribute("parked", "checkbox", "false", "false")}
            {attribute("model", "select", "a", LINES)}
            {attribute("doors", "number", "0", NUMBERS)}
            {attribute("plate", "text", "", "")}
          </attributes>
        </label>
        <label><name>person</name><type>skeleton</type><attributes></attributes><svg>{ESCAPED}</svg></label>
        <label><name>head</name><type>points</type><attributes></attributes><parent>person</parent></label>
        <label><name>hand</name><type>points</type><attributes></attributes><parent>person</parent></label>
        <label><name>foot</name><type>points</type><attributes></attributes><parent>person</parent></label>
        <label><name>good_frame</name><type>tag</type><attributes></attributes></label>
        <label><name>wheel</name><type>points</type><attributes></attributes></label>
      </labels>
    </job>
    <dumped>2024-09-25 11:38:28.799808+03:00</dumped>
  </meta>
  <image id="0" name="dir/a.jpg" width="64" height="48" subset="Train" task_id="4">
    <box label="car" source="manual" occluded="1" xtl="10.50" ytl="20.25" xbr="30.50" ybr="40.25" z_order="4"
         group_id="2" rotation="30.00">
      <attribute name="parked">true</attribute>
      <attribute name="model">002</attribute>
      <attribute name="doors">5</attribute>
      <attribute name="plate">12</attribute>
    </box>
    <polygon label="car" source="auto" occluded="0" points="1.00,2.00;30.5,2;30,20.25" z_order="1"></polygon>
    <polyline label="car" source="manual" occluded="0" points="0,0;5.5,6" z_order="0"></polyline>
    <points label="wheel" source="manual" occluded="0" points="5.00,6.00;7,8" z_order="5"></points>
    <points label="wheel" source="manual" occluded="0" points="9,9" z_order="0"></points>
    <tag label="good_frame" source="manual"></tag>
    <skeleton label="person" source="manual" z_order="0">
      <points label="foot" source="manual" outside="0" occluded="1" points="12.5,6.25"></points>
      <points label="head" source="manual" outside="0" occluded="0" points="5,9"></points>
      <points label="hand" source="manual" outside="1" occluded="0" points="6,16"></points>
    </skeleton>
    <mask label="car" source="semi-auto" occluded="0" rle="1, 2, 1, 4" left="20" top="10" width="4" height="2"
          z_order="0" custom="x"></mask>
    <ellipse label="car" source="manual" occluded="0" cx="20" cy="20" rx="10" ry="5" rotation="90"></ellipse>
    <cuboid label="car" source="manual" occluded="0" xtl1="1" ytl1="1"></cuboid>
  </image>
  <image id="7" name="empty.jpg" width="10" height="10"></image>
  <track id="0" label="car"><box frame="0" keyframe="1" xtl="1" ytl="1" xbr="2" ybr="2"/></track>
</annotations>
"""


def read(path: Path, text: str = DATA) -> formats.Reading:
    path.write_text(text, encoding="utf-8")
    return CVAT.read(path)


# ---- reading -------------------------------------------------------------------------------------


def test_a_task_is_read_with_all_its_shapes(tmp_path: Path) -> None:
    found = read(tmp_path / "annotations.xml")
    assert sorted(notes(found.report)) == [
        "a cuboid of 'car' is no shape that is known",
        "the ellipse 'car' is read as a polygon of 64 points",
        "track 0 of 'car' is of a video; images are read here",
    ]
    assert [(one.item.key, one.item.size) for one in found.items] == [("dir/a.jpg", SIZE), ("empty.jpg", (10, 10))]
    box, polygon, line, one, two, three, tag, pose, mask, ellipse = found.items[0].response.annotations
    assert box == Box(
        *(10.5, 20.25, 20, 20, "car", 30),
        id="box0",
        field="boxes",
        attributes={"parked": True, "model": "002", "doors": 5, "plate": "12"},
        z=4,
        group="2",
        occluded=True,
    )
    assert (polygon.source, polygon.z, polygon.points[1]) == ("auto", 1, (30.5, 2))  # type: ignore[union-attr]
    assert (line.closed, line.field) == (False, "polylines")  # type: ignore[union-attr]
    assert [a.points[0][:2] for a in (one, two, three)] == [(5, 6), (7, 8), (9, 9)]  # type: ignore[union-attr]
    assert one.group == two.group != three.group == ""  # type: ignore[union-attr]
    assert tag == Choice("good_frame", id="tag5", field="choices")
    assert pose.points == ((5, 9, 2), (6, 16, 0), (12.5, 6.25, 1))  # type: ignore[union-attr]
    assert isinstance(mask, Mask)
    expected = np.zeros((48, 64), dtype=bool)
    expected[10:12, 20:24] = [[False, True, True, False], [True, True, True, True]]
    assert np.array_equal(mask_array(mask), expected)
    assert mask.source == "semi-auto"
    ring = np.array(ellipse.points)  # type: ignore[union-attr]
    assert np.allclose([ring.min(axis=0), ring.max(axis=0)], [(15, 10), (25, 30)], atol=0.1)  # turned by 90 degrees
    schema = found.schema
    assert schema is not None
    car = schema.field("boxes").label("car")
    assert car is not None
    assert car.color == "#2080c0"
    assert [(one.name, one.type, one.options) for one in car.attributes] == [
        ("parked", "bool", ()),
        ("model", "choice", ("a", "b c", "002")),
        ("doors", "number", ()),
        ("plate", "text", ()),
    ]
    field = schema.field(pose.field)
    assert isinstance(field, Skeletons)
    assert (field.points, field.edges) == (("head", "hand", "foot"), ((1, 2), (0, 1)))
    assert getattr(schema.field("choices"), "multiple", None) is True
    schema.check(found.items[0].response.annotations)


def test_a_folder_has_one_file_of_annotations(tmp_path: Path) -> None:
    (tmp_path / "annotations.xml").write_text(DATA)
    assert formats.to_read(tmp_path).name == "cvat"
    assert len(CVAT.read(tmp_path).items) == 2
    (tmp_path / "annotations.xml").rename(tmp_path / "a.xml")
    (tmp_path / "b.xml").write_text(DATA)
    with pytest.raises(FormatError, match="holds 2 XML files"):
        CVAT.read(tmp_path)
    (tmp_path / "b.xml").write_text("<annotation/>")
    with pytest.raises(FormatError, match="begins with <annotation>"):
        CVAT.read(tmp_path / "b.xml")


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ('<box label="a" xtl="1" ytl="1" xbr="1" ybr="2"/>', "must be positive"),
        ('<box label="a" xtl="1" ytl="x" xbr="1" ybr="2"/>', "'x' is not a number"),
        ('<box label="a" xtl="1" ytl="1" xbr="2" ybr="2" z_order="x"/>', "'x' is not a number"),
        ('<polygon label="a" points="1,2;3,4"/>', "at least 3"),
        ('<polygon label="a" points="1,2;3;4,5"/>', "no pair"),
        ('<points label="a" points=""/>', "no points"),
        ('<mask label="a" rle="1,2" left="0" top="0" width="2" height="2"/>', "add up"),
        ('<mask label="a" rle="0,99999999999" left="0" top="0" width="99999" height="99999"/>', "cannot be unpacked"),
        ('<mask label="a" rle="1.5" left="0" top="0" width="2" height="2"/>', "not a whole number"),
        ('<mask label="a" rle="4" left="0" top="0" width="2"/>', "None is not a number"),
        (
            '<skeleton label="s"><points label="x" points="1,1"><attribute name="q"/></points></skeleton>',
            "attributes of the point",
        ),
        ("<hexagon/>", "no shape that is known"),
    ],
)
def test_damaged_elements_are_told(element: str, words: str, tmp_path: Path) -> None:
    text = f'<annotations><image id="3" name="a.jpg" width="9" height="9">{element}</image></annotations>'
    found = read(tmp_path / "a.xml", text)
    (dropped,) = found.report.dropped
    assert (dropped.key, dropped.annotation[-1:]) == ("a.jpg", "0")
    assert words in dropped.reason


def test_names_that_stand_twice_are_told_apart(tmp_path: Path) -> None:
    image = '<image id="{}" name="a.jpg" width="9" height="x"/>'
    found = read(tmp_path / "a.xml", f"<annotations>{image.format(1)}{image.format(2)}</annotations>")
    assert [one.item.key for one in found.items] == ["a.jpg", "a.jpg (2)"]
    assert [one.item.size for one in found.items] == [None, None]
    assert len(found.report.dropped) == 3


# ---- writing -------------------------------------------------------------------------------------


def test_what_was_read_is_written_again(tmp_path: Path) -> None:
    found = read(tmp_path / "a.xml")
    report = CVAT.write(tmp_path / "b.xml", found.labelled, found.schema, meta=found.meta)
    assert report.dropped == ()
    back = CVAT.read(tmp_path / "b.xml")

    def plain(reading: formats.Reading) -> list[Any]:
        return [
            [(type(a), a.label, a.attributes, getattr(a, "z", 0), getattr(a, "points", None)) for a in said]  # type: ignore[union-attr]
            for said in labelled(reading).values()
        ]

    assert plain(back) == plain(found)
    assert [one.item.key for one in back.items] == [one.item.key for one in found.items]
    before, after = xml_of(tmp_path / "a.xml"), xml_of(tmp_path / "b.xml")
    assert text_in(after, "meta/dumped") == text_in(before, "meta/dumped")
    assert [text_in(one, "name") for one in after.iter("label")] == [
        text_in(one, "name") for one in before.iter("label")
    ]
    assert text_in(after, "meta/job/labels/label[2]/svg") == SVG
    assert dict(after.find("image").attrib) == dict(before.find("image").attrib)  # type: ignore[union-attr]
    mask = after.find("image/mask")
    assert mask is not None
    assert [mask.get(name) for name in ("rle", "left", "top", "width", "height", "custom")] == [
        *("1, 2, 1, 4", "20", "10", "4", "2", "x")
    ]
    assert [one.get("points") for one in after.findall("image/points")] == ["5,6;7,8", "9,9"]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)
@given(said=shapes())
def test_shapes_come_back_as_they_were_or_are_in_the_report(said: list[Any], tmp_path: Path) -> None:
    given_ = row(*said)
    report, found = again("cvat", tmp_path / "a.xml", [given_])
    told = {drop.annotation for drop in report.dropped}
    groups = any(drop.annotation == "" for drop in report.dropped)
    (back,) = labelled(found).values()

    def plain(a: Any) -> Any:
        if isinstance(a, Box):
            place = [a.x, a.y, a.width, a.height, a.rotation]
        else:
            place = list(a.counts) if isinstance(a, Mask) else [float(v) for v in np.ravel(a.points)]
        if isinstance(a, Keypoints):
            place = [v for x, y, seen in a.points for v in (x, y, seen)]
        group = a.group if not groups else ""
        return (type(a), a.label, a.occluded, a.z, group, sorted(a.attributes.items())), place

    rest = [plain(a) for a in back]
    for a in given_.response.annotations:
        if a.id not in told:
            mark, place = plain(a)
            fit = next(
                one for one in rest if one[0] == mark and len(one[1]) == len(place) and np.allclose(one[1], place)
            )
            rest.remove(fit)


def test_labels_are_written_with_types_attributes_and_skeletons(tmp_path: Path) -> None:
    _, found = again(
        "cvat", tmp_path / "a.xml", [row(person(), Box(1, 1, 2, 2, "cat"), Choice("day"), painted((1, 1, 2, 2)))]
    )
    labels = {text_in(one, "name"): one for one in xml_of(tmp_path / "a.xml").iterfind("meta/task/labels/label")}
    assert {name: text_in(one, "type") for name, one in labels.items()} == {
        "cat": "any",
        "dog": "any",
        "road": "polyline",
        "person": "skeleton",
        "head": "points",
        "hand": "points",
        "foot": "points",
        "day": "tag",
        "night": "tag",
    }
    assert [text_in(labels[name], "parent") for name in ("head", "cat")] == ["person", ""]
    assert [text_in(one, "input_type") for one in labels["cat"].iter("attribute")] == ["checkbox", "number", "text"]
    schema = found.schema
    assert schema is not None
    pose = schema.field("keypoints")
    assert isinstance(pose, Skeletons)
    assert (pose.points, pose.edges) == (("head", "hand", "foot"), ((0, 1), (1, 2)))
    assert schema.field("boxes").label("cat") is not None
    assert schema.field("boxes").get_labels()[0].color == SCHEMA.field("boxes").get_labels()[0].color


def test_what_is_not_carried_is_told_item_by_item(tmp_path: Path) -> None:
    holed = Polygon(((4, 4), (40, 4), (40, 40), (4, 40)), "cat", [((10, 10), (20, 10), (20, 20))], id="h")
    said = [
        holed,
        Text("words", id="t", field="text"),
        Box(1, 1, 5, 5, "cat", id="b", score=0.5, source="m", group="g"),
        painted(id="e"),
        Keypoints(((1, 2, 1),), "cat", id="p"),
    ]
    report, found = again("cvat", tmp_path / "a.xml", [row(*said), row(key="b.jpg", size=None)])
    told: dict[str, str] = {}
    for drop in report.dropped:
        told[drop.annotation] = told.get(drop.annotation, "") + drop.reason + "; "
    assert set(told) == {"", "h", "t", "b", "e", "p"}
    assert "joined by cuts" in told["h"]
    assert "no text" in told["t"]
    assert "score, source not written" in told["b"]
    assert "the group 'g' is written as the number 1" in told[""]
    assert "is empty" in told["e"]
    assert "is occluded" in told["p"]
    back = labelled(found)["a.jpg"]
    assert np.array_equal(rasterize(back[0], SIZE), rasterize(holed, SIZE))  # type: ignore[arg-type]
    assert (back[1].group, back[1].source) == ("1", "auto")  # type: ignore[union-attr]


def test_points_of_one_group_are_one_element_unless_the_group_has_more(tmp_path: Path) -> None:
    point = [
        Keypoints(((n, n, 2),), "tip", group=group, field="keypoints")
        for n, group in enumerate(["a", "a", "b", "5", "5", ""])
    ]
    CVAT.write(tmp_path / "a.xml", [row(*point, Box(1, 1, 2, 2, "cat", group="b"))], SCHEMA)
    found = xml_of(tmp_path / "a.xml").findall("image/points")
    assert [(one.get("points"), one.get("group_id")) for one in found] == [
        ("0,0;1,1", None),
        ("2,2", "1"),
        ("3,3", "5"),
        ("4,4", "5"),
        ("5,5", None),
    ]
