"""PNG masks: class numbers with a palette, and a file for each object."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from PIL import Image

from nblabel import formats
from nblabel.annotations import Box, Choice, Mask, Polygon
from nblabel.errors import FormatError
from nblabel.schema import Label, Masks, Schema
from nblabel.shapes import mask_array, rasterize

from .shape_rows import SCHEMA, SIZE, again, labelled, notes, painted, person, row, shapes

MASKS = formats.FORMATS["masks"]


def save(path: Path, array: Any, mode: str = "L", palette: list[int] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(array, dtype=np.uint8))
    if palette is not None:
        image.putpalette(palette)
    image.save(path)


def pixels_of(mask: Any) -> list[list[int]]:
    found: list[list[int]] = mask_array(mask).astype(int).tolist()
    return found


# ---- writing -------------------------------------------------------------------------------------


def test_classes_are_numbers_in_the_order_of_labels_with_their_colours(tmp_path: Path) -> None:
    schema = Schema.of({"masks": Masks([Label("cat", "#ff0000"), Label("dog", "#0f0"), "cow"])})
    report, found = again(
        "masks",
        tmp_path / "x",
        [row(painted((1, 2, 3, 4)), painted((20, 20, 5, 5), label="cow"), key="in/a.jpg")],
        schema,
    )
    assert report.dropped == ()
    with Image.open(tmp_path / "x" / "in" / "a.png") as image:
        assert (image.mode, image.size) == ("P", SIZE)
        assert image.getpalette()[:9] == [0, 0, 0, 255, 0, 0, 0, 255, 0]  # type: ignore[index]
        array = np.asarray(image)
    assert np.unique(array).tolist() == [0, 1, 3]
    assert ((array == 1).sum(), array[2, 1], (array == 3).sum()) == (12, 1, 25)
    about = json.loads((tmp_path / "x" / "masks.json").read_text())
    assert about == {
        "classes": {"background": 0, "cat": 1, "dog": 2, "cow": 3},
        "images": {"in/a.png": {"image": "in/a.jpg"}},
    }
    assert formats.to_read(tmp_path / "x").name == "masks"
    assert [(a.label, a.counts) for a in labelled(found)["in/a.jpg"]] == [  # type: ignore[union-attr]
        ("cat", painted((1, 2, 3, 4)).counts),
        ("cow", painted((20, 20, 5, 5)).counts),
    ]
    assert found.schema is not None
    assert [label.name for label in found.schema.field("masks").get_labels()] == ["cat", "dog", "cow"]


def test_what_lies_above_has_the_pixels_and_the_report_says_so(tmp_path: Path) -> None:
    said = [
        painted((0, 0, 10, 10), id="top", z=1),
        painted((5, 5, 10, 10), label="dog", id="low"),
        painted((8, 0, 4, 4), label="dog", id="mid"),
        painted((30, 30, 2, 2), id="other"),
    ]
    report, found = again("masks", tmp_path / "x", [row(*said)])
    assert [(drop.annotation, drop.reason.split(" become")[0]) for drop in report.dropped] == [
        ("mid", "8 pixels of mask 'dog' are covered by what lies above it"),
        ("low", "25 pixels of mask 'dog' are covered by what lies above it"),
        ("", "2 shapes with the label 'dog'"),
        ("", "2 shapes with the label 'cat'"),
    ]
    cat, dog = labelled(found)["a.jpg"]
    top = mask_array(said[0])
    assert np.array_equal(mask_array(cat), top | mask_array(said[3]))  # type: ignore[arg-type]
    assert np.array_equal(mask_array(dog), (mask_array(said[1]) | mask_array(said[2])) & ~top)  # type: ignore[arg-type]


def test_objects_have_files_of_their_own_where_asked_for(tmp_path: Path) -> None:
    labels = ["a/b", "..", "cat 1", "é_2", "x" * 300, ".", "%41"]
    schema = Schema.of({"masks": Masks(labels)})
    said = [painted((n, n, 10, 10), label=label, id=f"m{n}") for n, label in enumerate(labels)]
    report, found = again("masks", tmp_path / "x", [row(*said, key="../in/a.b.jpg")], schema, instances=True)
    assert not [reason for reason in notes(report) if "become one region" in reason]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["x"]
    back = labelled(found)["../in/a.b.jpg"]
    assert [a.counts for a in back] == [a.counts for a in said]  # type: ignore[union-attr]
    assert [a.label for a in back if len(a.label) < 100] == [label for label in labels if len(label) < 100]  # type: ignore[union-attr]
    merged = MASKS.read(tmp_path / "x", instances=False)
    assert len(labelled(merged)["../in/a.b.jpg"]) == len(labels)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=25
)
@given(said=shapes())
def test_every_pixel_is_that_of_the_uppermost_shape(said: list[Any], tmp_path: Path) -> None:
    given_ = row(*said)
    report, found = again("masks", tmp_path / "x", [given_])
    expected = np.zeros(SIZE[::-1], dtype=object)
    expected[:] = ""
    told = {drop.annotation for drop in report.dropped}
    fit = [
        a for a in given_.response.annotations if isinstance(a, (Box, Mask)) or (isinstance(a, Polygon) and a.closed)
    ]
    for a in sorted(fit, key=lambda one: one.z):
        expected[rasterize(a, SIZE)] = a.label
    assert {a.id for a in given_.response.annotations} - {a.id for a in fit} <= told
    got = np.zeros(SIZE[::-1], dtype=object)
    got[:] = ""
    for a in labelled(found)["a.jpg"]:
        got[mask_array(a)] = a.label  # type: ignore[arg-type,union-attr]
    assert np.array_equal(got, expected)


def test_what_is_not_carried_is_told_item_by_item(tmp_path: Path) -> None:
    said = [
        Box(1, 1, 4, 4, "cat", id="grid"),
        Box(1.5, 1, 4, 4, "dog", id="off", score=0.5, group="g"),
        Polygon(((10, 10), (20, 10), (20, 20)), "cat", id="p"),
        Box(0.6, 40, 0.2, 4, "cat", id="thin"),
        Box(200, 1, 4, 4, "cat", id="out"),
        painted((1, 1, 2, 2), size=(10, 10), id="size"),
        person(id="k"),
        Choice("day", id="c"),
        painted((1, 1, 2, 2), label="", id="none"),
    ]
    report = MASKS.write(tmp_path / "x", [row(*said), row(key="b.jpg", size=None)], SCHEMA)
    told: dict[str, str] = {}
    for drop in report.dropped:
        told[drop.annotation] = told.get(drop.annotation, "") + drop.reason + "; "
    assert "grid" not in told or "covered" in told["grid"]
    assert "whose centres" in told["off"] and "score, group not written" in told["off"]  # noqa: PT018
    assert "whose centres" in told["p"]
    assert "no pixels" in told["thin"] and "no pixels" in told["out"]  # noqa: PT018
    assert "not of the image's size" in told["size"]
    assert "no keypoints" in told["k"] and "no choice" in told["c"]  # noqa: PT018
    assert "no label that is a class" in told["none"]
    assert "size of the image is not known" in told[""]


def test_many_classes_take_sixteen_bits(tmp_path: Path) -> None:
    schema = Schema.of({"masks": Masks([f"c{n}" for n in range(300)])})
    _, found = again("masks", tmp_path / "x", [row(painted((1, 1, 3, 3), label="c299"))], schema)
    with Image.open(tmp_path / "x" / "a.png") as image:
        assert image.mode == "I;16"
    assert [a.label for a in labelled(found)["a.jpg"]] == ["c299"]  # type: ignore[union-attr]


def test_keys_and_names_that_clash(tmp_path: Path) -> None:
    rows = [
        row(painted((1, 1, 3, 3)), key=7, data="x/7.jpg"),
        row(key="a.jpg"),
        row(key="a.bmp"),
        row(key="instances/b.jpg"),
    ]
    report, found = again("masks", tmp_path / "x", rows, instances=True)
    assert [(drop.key, "file of 'a.jpg'" in drop.reason) for drop in report.dropped] == [("a.bmp", True)]
    assert {one.item.key for one in found.items} == {7, "a.jpg", "instances/b.jpg"}
    assert len(labelled(found)[7]) == 1


# ---- reading -------------------------------------------------------------------------------------


def test_masks_of_others_are_read_by_number_name_or_colour(tmp_path: Path) -> None:
    save(tmp_path / "a.png", [[0, 1], [2, 2]])
    save(tmp_path / "in" / "b.png", [[0, 255], [1, 1]], palette=[0, 0, 0, 9, 9, 9] * 128)
    found = MASKS.read(tmp_path)
    said = labelled(found)
    assert [(a.label, pixels_of(a)) for a in said["a.png"]] == [  # type: ignore[union-attr]
        ("1", [[0, 1], [0, 0]]),
        ("2", [[0, 0], [1, 1]]),
    ]
    assert [a.label for a in said["in/b.png"]] == ["1"]  # type: ignore[union-attr]
    assert notes(found.report) == ["1 pixels have the value 255, which is no class"]
    named = labelled(MASKS.read(tmp_path, classes=["cat", "dog"]))
    assert [a.label for a in named["a.png"]] == ["cat", "dog"]  # type: ignore[union-attr]
    numbered = labelled(MASKS.read(tmp_path, classes={0: "sky", 2: "dog", 255: "edge"}))
    assert [a.label for a in numbered["a.png"]] == ["sky", "1", "dog"]  # type: ignore[union-attr]
    assert [a.label for a in numbered["in/b.png"]] == ["sky", "1", "edge"]  # type: ignore[union-attr]
    save(tmp_path / "c" / "c.png", [[[0, 0, 0], [128, 0, 0]], [[0, 128, 0], [0, 128, 0]]])
    coloured = labelled(MASKS.read(tmp_path / "c", classes={"#008000": "tree"}))["c.png"]
    assert [(a.label, pixels_of(a)) for a in coloured] == [  # type: ignore[union-attr]
        ("tree", [[0, 0], [1, 1]]),
        ("#800000", [[0, 1], [0, 0]]),
    ]


def test_objects_named_by_image_label_and_number_are_read(tmp_path: Path) -> None:
    white, clear = [255, 255, 255, 255], [0, 0, 0, 255]
    save(tmp_path / "1000_square_0.png", [[white, clear], [clear, clear]])
    save(tmp_path / "1000_square_1.png", [[0, 1], [1, 0]])
    save(tmp_path / "img_2_a_circle_3.png", [[[9, 9, 9], [0, 0, 0]]])
    save(tmp_path / "odd.png", [[1]])
    found = MASKS.read(tmp_path, instances=True)
    said = labelled(found)
    assert [(a.label, pixels_of(a)) for a in said["1000.png"]] == [  # type: ignore[union-attr]
        ("square", [[1, 0], [0, 0]]),
        ("square", [[0, 1], [1, 0]]),
    ]
    assert [a.label for a in said["img.png"]] == ["2_a_circle"]  # type: ignore[union-attr]
    assert [(drop.key, drop.reason) for drop in found.report.dropped] == [
        ("odd.png", "is not named image_label_number.png")
    ]


def test_damaged_and_odd_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    save(tmp_path / "b.png", np.random.default_rng(0).integers(0, 255, (80, 80, 3)))
    (tmp_path / "masks.json").write_text('{"classes": {"x": "1", "y": 2, "z": 2}, "images": [1]}')
    found = MASKS.read(tmp_path)
    reasons = notes(found.report)
    assert any("no PNG image" in reason for reason in reasons)
    assert any("a picture and no mask" in reason for reason in reasons)
    assert sum("masks.json has the class" in reason for reason in reasons) == 2
    assert [(one.item.key, one.response.status) for one in found.items] == [
        ("a.png", "pending"),
        ("b.png", "submitted"),
    ]
    with pytest.raises(FormatError, match="is a file"):
        MASKS.read(tmp_path / "a.png")
    with pytest.raises(FormatError, match="'red' is no class"):
        MASKS.read(tmp_path, classes={"red": "x"})


def test_masks_of_one_image_have_one_size(tmp_path: Path) -> None:
    save(tmp_path / "i_a_0.png", [[1, 0]])
    save(tmp_path / "i_a_1.png", [[1, 0], [0, 1]])
    found = MASKS.read(tmp_path, instances=True)
    assert ["is 2 × 2 pixels" in reason for reason in notes(found.report)] == [True]
    assert len(labelled(found)["i.png"]) == 1
