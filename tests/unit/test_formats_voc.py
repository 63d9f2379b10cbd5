"""Pascal VOC XML, against supervision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from nblabel import formats
from nblabel.annotations import Box, Choice, Polygon
from nblabel.errors import FormatError
from nblabel.formats.markup import text_in, xml_of
from nblabel.records import Item, Labelled, Response
from nblabel.shapes import mask_array, rasterize

from .shape_rows import SCHEMA, SIZE, again, labelled, notes, painted, person, picture, row, shapes

VOC = formats.FORMATS["voc"]

# As labelImg writes it, with what the devkit and other tools add.
LABELIMG = """<annotation verified="yes">
\t<folder>images</folder>
\t<filename>a b.jpg</filename>
\t<path>/home/pi/images/a b.jpg</path>
\t<source>
\t\t<database>Unknown</database>
\t</source>
\t<size>
\t\t<width>64</width>
\t\t<height>48</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
\t<object>
\t\t<name>cat</name>
\t\t<pose>Left</pose>
\t\t<truncated>1</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>10</xmin>
\t\t\t<ymin>20</ymin>
\t\t\t<xmax>30</xmax>
\t\t\t<ymax>40</ymax>
\t\t</bndbox>
\t</object>
\t<object>
\t\t<name>dog &amp; &lt;bone&gt;</name>
\t\t<bndbox><xmax>5.5</xmax><xmin>1.25</xmin><ymin>2</ymin><ymax>4</ymax></bndbox>
\t\t<part>
\t\t\t<name>head</name>
\t\t\t<bndbox><xmin>5.5</xmin><ymin>6</ymin><xmax>7.5</xmax><ymax>8</ymax></bndbox>
\t\t</part>
\t\t<attributes>
\t\t\t<attribute><name>rotation</name><value>30.0</value></attribute>
\t\t\t<attribute><name>colour</name><value>red</value></attribute>
\t\t\t<attribute><name>n</name><value>3</value></attribute>
\t\t</attributes>
\t</object>
</annotation>
"""


def read(path: Path, text: str, **options: Any) -> formats.Reading:
    path.write_text(text)
    return VOC.read(path, **options)


def one_object(inner: str) -> str:
    size = "<size><width>64</width><height>48</height></size>"
    return f"<annotation><filename>a.jpg</filename>{size}<object><name>cat</name>{inner}</object></annotation>"


# ---- reading -------------------------------------------------------------------------------------


def test_a_file_is_read_with_flags_and_attributes(tmp_path: Path) -> None:
    found = read(tmp_path / "x.xml", LABELIMG)
    assert found.report.dropped == ()
    (one,) = found.items
    assert (one.item.key, one.item.data, one.item.size) == ("a b.jpg", "a b.jpg", SIZE)
    cat, dog = one.response.annotations
    attributes = {"truncated": True, "pose": "Left"}
    assert cat == Box(10, 20, 20, 20, "cat", id="object0", field="boxes", attributes=attributes)
    assert dog == Box(
        1.25, 2, 4.25, 2, "dog & <bone>", 30, id="object1", field="boxes", attributes={"colour": "red", "n": 3}
    )
    assert found.schema is not None
    found.schema.check(one.response.annotations)


def test_pixels_may_count_from_one(tmp_path: Path) -> None:
    (one,) = read(tmp_path / "x.xml", LABELIMG, one_based=True).items
    box = one.response.annotations[0]
    assert (box.x, box.y, box.width, box.height) == (9, 19, 21, 21)  # type: ignore[union-attr]


def test_outlines_and_rotated_boxes_of_other_tools(tmp_path: Path) -> None:
    corners = "<bndbox><xmin>0</xmin><ymin>0</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    ring = "<polygon><x1>1</x1><y1>2</y1><x2>3</x2><y2>4.5</y2><x3>5</x3><y3>0</y3></polygon>"
    (one,) = read(tmp_path / "x.xml", one_object(ring + corners)).items
    assert one.response.annotations == (Polygon(((1, 2), (3, 4.5), (5, 0)), "cat", id="object0", field="polygons"),)
    (two,) = read(tmp_path / "x.xml", one_object(ring + ring + corners)).items
    assert [a.group for a in two.response.annotations] == ["object0", "object0"]  # type: ignore[union-attr]
    place = "<cx>20</cx><cy>10</cy><w>8</w><h>4</h><angle>1.5707963267948966</angle>"
    turned = f"<type>robndbox</type><robndbox>{place}</robndbox>"
    (three,) = read(tmp_path / "x.xml", one_object(turned)).items
    assert three.response.annotations == (Box(16, 8, 8, 4, "cat", 90, id="object0", field="boxes"),)
    assert three.meta["objects"] == {"object0": "<type>robndbox</type>\n"}


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("", "has no box"),
        ("<bndbox><xmin>1</xmin></bndbox>", "None is not a number"),
        ("<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>1</xmax><ymax>3</ymax></bndbox>", "must be positive"),
        ("<bndbox><xmin>x</xmin><ymin>1</ymin><xmax>2</xmax><ymax>3</ymax></bndbox>", "'x' is not a number"),
        ("<polygon><x1>1</x1></polygon>", "1 numbers"),
        ("<polygon><x1>1</x1><y1>1</y1></polygon>", "at least 3"),
        ("<robndbox><cx>1</cx></robndbox>", "is not a number"),
    ],
)
def test_damaged_objects_are_told(inner: str, words: str, tmp_path: Path) -> None:
    found = read(tmp_path / "x.xml", one_object(inner))
    (dropped,) = found.report.dropped
    assert (dropped.key, dropped.annotation) == ("a.jpg", "object0")
    assert words in dropped.reason
    assert labelled(found) == {"a.jpg": ()}


def test_a_folder_is_read_whole_and_strangers_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "Annotations"
    (folder / "sub").mkdir(parents=True)
    (folder / "one.xml").write_text(LABELIMG)
    (folder / "two.xml").write_text(LABELIMG)
    (folder / "sub" / "three.xml").write_text(one_object(""))
    (folder / "cvat.xml").write_text("<annotations/>")
    (folder / "none.xml").write_text("<annotation><object><name>x</name></object></annotation>")
    found = formats.to_read(tmp_path).read(tmp_path)
    assert [one.item.key for one in found.items] == ["none", "a b.jpg", "Annotations/two", "sub/a.jpg"]
    said = {drop.key: drop.reason for drop in found.report.dropped}
    assert "begins with <annotations>" in said["Annotations/cvat.xml"]
    assert "another file is of 'a b.jpg'" in said["Annotations/two"]
    with pytest.raises(FormatError, match="begins with <annotations>"):
        VOC.read(folder / "cvat.xml")


# ---- writing -------------------------------------------------------------------------------------


def test_what_was_read_is_written_again(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    found = read(tmp_path / "in" / "x.xml", LABELIMG)
    for one_based in (False, True):
        found = VOC.read(tmp_path / "in", one_based=one_based)
        report = VOC.write(tmp_path / "out", found.labelled, found.schema, meta=found.meta, one_based=one_based)
        back = VOC.read(tmp_path / "out", one_based=one_based)
        assert report.dropped == ()
        assert labelled(back)["a b.jpg"][0] == labelled(found)["a b.jpg"][0]
        assert back.meta == found.meta
    document = xml_of(tmp_path / "out" / "a b.xml")
    assert [child.tag for child in document][:5] == ["folder", "filename", "path", "source", "size"]
    assert document.get("verified") == "yes"
    assert text_in(document, "object/bndbox/xmin") == "10"
    assert text_in(document.findall("object")[1], "part/name") == "head"


def test_corners_are_exact_or_rounded_where_asked(tmp_path: Path) -> None:
    rows = [row(Box(1.25, 2, 4.5, 3, "cat"), Box(0.1, 0.2, 3, 3, "dog"))]
    VOC.write(tmp_path / "x", rows, SCHEMA)
    document = xml_of(tmp_path / "x" / "a.xml")
    assert [one.text for one in document.find("object/bndbox")] == ["1.25", "2", "5.75", "5"]  # type: ignore[union-attr]
    report = VOC.write(tmp_path / "x", rows, SCHEMA, rounded=True, one_based=True)
    document = xml_of(tmp_path / "x" / "a.xml")
    assert [one.text for one in document.find("object/bndbox")] == ["2", "3", "6", "5"]  # type: ignore[union-attr]
    assert ["rounded" in reason for reason in notes(report)] == [True]  # once


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)
@given(said=shapes())
def test_shapes_come_back_as_they_were_or_are_in_the_report(said: list[Any], tmp_path: Path) -> None:
    given_ = row(*said)
    report, found = again("voc", tmp_path / "x", [given_])
    told = {drop.annotation for drop in report.dropped}
    (back,) = labelled(found).values()

    def plain(a: Any) -> Any:
        place = [a.x, a.y, a.width, a.height, a.rotation] if isinstance(a, Box) else list(np.ravel(a.points))
        return (type(a), a.label, a.occluded, sorted(a.attributes.items())), place

    rest = [plain(a) for a in back]
    for a in given_.response.annotations:
        if a.id not in told:
            mark, place = plain(a)
            fit = next(
                one for one in rest if one[0] == mark and len(one[1]) == len(place) and np.allclose(one[1], place)
            )
            rest.remove(fit)


def test_what_is_not_carried_is_told_item_by_item(tmp_path: Path) -> None:
    holed = Polygon(((4, 4), (40, 4), (40, 40), (4, 40)), "cat", [((10, 10), (20, 10), (20, 20))], id="h")
    said = [
        holed,
        painted((1, 1, 9, 9), id="m"),
        person(id="k"),
        Choice("day", id="c"),
        Polygon(((0, 0), (4, 0)), "road", closed=False, id="l"),
        Box(1, 1, 5, 5, "cat", id="b", score=0.5, source="m", z=3, group="g", attributes={"note": "12", "age": 2}),
    ]
    report, found = again("voc", tmp_path / "x", [row(*said), row(key="b.jpg", size=None)])
    told: dict[str, str] = {}
    for drop in report.dropped:
        told[drop.annotation] = told.get(drop.annotation, "") + drop.reason + "; "
    assert set(told) == {"", "h", "m", "k", "c", "l", "b"}
    assert "2 outlines" in told["h"]
    assert "as its outline" in told["m"]
    assert "no keypoints 'person'" in told["k"]
    assert "'note' is '12' and will be read as 12" in told["b"]
    assert "score, source, z, group not written" in told["b"]
    assert "size of the image is not known" in told[""]
    back = labelled(found)["a.jpg"]
    assert np.array_equal(rasterize(back[0], SIZE), rasterize(holed, SIZE))  # type: ignore[arg-type]
    assert np.array_equal(rasterize(back[1], SIZE), mask_array(said[1]))  # type: ignore[arg-type]
    assert back[2].attributes == {"note": 12, "age": 2}


def test_polygons_of_one_group_are_one_object(tmp_path: Path) -> None:
    one, two = ((0, 0), (4, 0), (0, 4)), ((20, 20), (30, 20), (20, 30))
    said = [
        Polygon(one, "cat", group="1"),
        Polygon(two, "cat", group="1"),
        Polygon(two, "cat", group="1", occluded=True),
    ]
    _, found = again("voc", tmp_path / "x", [row(*said)])
    document = xml_of(tmp_path / "x" / "a.xml")
    first, second = document.findall("object")
    assert [corner.text for corner in first.find("bndbox")] == ["0", "0", "30", "30"]  # type: ignore[union-attr]
    assert (len(first.findall("polygon")), len(second.findall("polygon"))) == (2, 1)
    assert [a.group for a in labelled(found)["a.jpg"]] == ["object0", "object0", ""]  # type: ignore[union-attr]


def test_one_image_may_be_a_file_and_several_are_a_folder(tmp_path: Path) -> None:
    one = row(Box(1, 1, 5, 5, "cat"), key="x/a.jpg")
    VOC.write(tmp_path / "a.xml", [one], SCHEMA)
    assert labelled(VOC.read(tmp_path / "a.xml"))["x/a.jpg"][0].label == "cat"  # type: ignore[union-attr]
    with pytest.raises(FormatError, match="would hold one image, and there are 2"):
        VOC.write(tmp_path / "a.xml", [one, row(key="b.jpg")], SCHEMA)
    with pytest.raises(FormatError, match="there are 0"):
        VOC.write(tmp_path / "a.xml", [], SCHEMA)
    names = ["/data/a/1.jpg", "/data/b/1.jpg", "/data/b/1.png"]
    report, found = again("voc", tmp_path / "x", [row(key=name) for name in names])
    assert [drop.key for drop in report.dropped] == ["/data/b/1.png"]
    assert [one.item.key for one in found.items] == ["a/1.jpg", "b/1.jpg"]


def test_signs_that_xml_cannot_hold_are_told(tmp_path: Path) -> None:
    one = Labelled(
        Item("a.jpg", "a.jpg", size=SIZE), Response("", "", "submitted", (Box(1, 1, 2, 2, "\x00\ud800 <é>\r", id="b"),))
    )
    report, found = again("voc", tmp_path / "x", [one])
    assert ["XML cannot hold" in reason for reason in notes(report)] == [True]
    assert labelled(found)["a.jpg"][0].label == "\ufffd\ufffd <é>\r"  # type: ignore[union-attr]


def test_supervision_loads_what_is_written(tmp_path: Path) -> None:
    sv = pytest.importorskip("supervision")
    picture(tmp_path / "images" / "a.jpg")
    said = [Box(3, 4, 10, 8, "dog"), Polygon(((5, 5), (30, 5), (30, 30)), "cat"), painted((10, 10, 20, 20))]
    VOC.write(tmp_path / "x", [row(*said)], SCHEMA, one_based=True)
    found = sv.DetectionDataset.from_pascal_voc(str(tmp_path / "images"), str(tmp_path / "x"), force_masks=True)
    ((_, _, detections),) = list(found)
    assert [found.classes[n] for n in detections.class_id] == ["dog", "cat", "cat"]
    assert detections.xyxy.tolist() == [[3, 4, 13, 12], [5, 5, 30, 30], [10, 10, 30, 30]]
    assert (detections.mask[2] != mask_array(said[2])).sum() <= 4 * 21  # type: ignore[arg-type] # it draws edges
