"""What comes of labelled images: pixels, masks, crops and overlays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nblabel as nb
from nblabel.errors import InvalidAnnotation, NblabelError, UnknownItem
from nblabel.shapes import mask_of, rasterize

from .images import marked, png_bytes, save_stored, tiled_tiff


def scene() -> np.ndarray[Any, Any]:
    """Every pixel another colour."""
    y, x = np.mgrid[:60, :80]
    return np.dstack([x * 3, y * 4, x + y]).astype(np.uint8)


def blob() -> np.ndarray[Any, Any]:
    """A round region with a hole."""
    y, x = np.mgrid[:60, :80]
    far = np.hypot(x - 40, y - 30)
    return (far < 20) & (far > 6)


def make(image: Any = None, **options: Any) -> nb.ImageLabeler:
    options.setdefault("store", ":memory:")
    options.setdefault("boxes", [nb.Label("cat", color="#ff0000"), nb.Label("dog", color="#0f0")])
    options.setdefault("polygons", ["roof"])
    options.setdefault("polylines", ["road"])
    options.setdefault("masks", [nb.Label("sky", color="#0000ff"), "sea"])
    options.setdefault("keypoints", nb.Skeletons(["person"], points=["a", "b", "c"], edges=[(0, 1), ("b", "c")]))
    return nb.ImageLabeler([scene() if image is None else image], **options)


# ---- pixels ------------------------------------------------------------------------------------------


def test_the_image_as_it_is_shown(tmp_path: Path) -> None:
    path = save_stored(tmp_path / "a.png", marked(), 6)
    lab = make(str(path))
    made = lab.image(str(path))
    assert made.mode == "RGB"
    assert np.array_equal(np.asarray(made), marked())
    assert lab.image(str(path), width=32).size == (32, 24)
    assert lab.image(str(path), width=999).size == (64, 48), "never larger than it is"
    with pytest.raises(NblabelError, match="width=0"):
        lab.image(str(path), width=0)
    with pytest.raises(UnknownItem):
        lab.image("other.png")


# ---- masks -------------------------------------------------------------------------------------------


def test_masks_as_arrays() -> None:
    lab = make()
    sea = np.zeros((60, 80), bool)
    sea[50:, :] = True
    ring = nb.Polygon([(5, 5), (30, 5), (30, 25), (5, 25)], "roof", holes=[[(10, 10), (20, 10), (20, 20), (10, 20)]])
    turned = nb.Box(20, 20, 30, 10, "dog", rotation=33)
    lab.submit([mask_of(blob(), "sky"), mask_of(sea, "sea"), ring, nb.Box(1, 2, 5, 6, "cat"), turned])
    made = lab.mask(0, "masks")
    assert (made.dtype, made.shape) == (np.bool_, (60, 80))
    assert np.array_equal(made, blob() | sea)
    assert np.array_equal(lab.mask(0, "masks", "sky"), blob())
    assert np.array_equal(lab.mask(0, "polygons"), rasterize(ring, (80, 60)))
    assert lab.mask(0, "polygons").sum() == 25 * 20 - 100
    boxes = lab.mask(0, "boxes", "cat")
    assert boxes[2:8, 1:6].all()
    assert boxes.sum() == 30
    assert np.array_equal(lab.mask(0, "boxes", "dog"), rasterize(turned, (80, 60)))
    numbered = lab.mask(0, "masks", instances=True)
    assert numbered.dtype == np.int32
    assert np.array_equal(numbered == 2, sea)
    assert np.array_equal(numbered == 1, blob() & ~sea)
    assert not make().mask(0, "masks").any()


def test_the_field_can_be_left_out_where_there_is_one() -> None:
    lab = nb.ImageLabeler([scene()], masks=["sky"], keypoints=["dot"], store=":memory:")
    lab.draft([mask_of(blob(), "sky")])
    assert np.array_equal(lab.mask(0), blob()), "also of an unfinished answer"
    with pytest.raises(NblabelError, match="several fields ask for areas: boxes, polygons, masks"):
        make().mask(0)
    with pytest.raises(NblabelError, match="asks for nothing that has an inside"):
        make().mask(0, "keypoints")
    with pytest.raises(InvalidAnnotation, match="no such field"):
        make().mask(0, "mask")
    with pytest.raises(InvalidAnnotation, match="no such label"):
        make().mask(0, "masks", "cat")
    with pytest.raises(NblabelError, match="no field asks for areas"):
        nb.ImageLabeler([scene()], choices=["a"], store=":memory:").mask(0)


def test_marks_of_others(tmp_path: Path) -> None:
    options = {"store": tmp_path / "s.db", "name": "both"}
    make(annotator="ada", **options).submit([mask_of(blob(), "sky")])
    lab = make(annotator="bo", **options)
    assert not lab.mask(0, "masks").any()
    assert np.array_equal(lab.mask(0, "masks", annotator="ada"), blob())
    assert np.asarray(lab.render(0, annotator="ada", labels=False))[10, 45, 2] > scene()[10, 45, 2]
    assert not lab.mask(0, "masks", annotator="nobody").any()


# ---- crops -------------------------------------------------------------------------------------------


def test_crops_are_what_was_marked() -> None:
    lab = make()
    lab.submit(
        [
            nb.Box(10, 20, 30, 15, "cat"),
            nb.Box(-5, -5, 10, 10, "cat"),
            nb.Polygon([(5, 5), (15, 5), (5, 12)], "roof"),
            nb.Polygon([(50, 10), (60, 20)], "road", closed=False),
            nb.Keypoints([(1, 1, 0), (20, 30, 2), (40, 50, 1)], "person"),
            mask_of(blob(), "sky"),
        ]
    )
    crops = lab.crops()
    assert list(crops) == ["key", "id", "field", "kind", "label", "image"]
    assert crops.label.tolist() == ["cat", "cat", "roof", "road", "person", "sky"]
    assert [one.size for one in crops.image] == [(30, 15), (5, 5), (10, 7), (10, 10), (20, 20), (39, 39)]
    assert np.array_equal(np.asarray(crops.image[0]), scene()[20:35, 10:40])
    assert np.array_equal(np.asarray(crops.image[1]), scene()[:5, :5])
    assert crops.key.dtype == np.int64
    joined = crops.merge(lab.annotations, on=["key", "id"])
    assert joined.width[0] == 30
    assert lab.crops("boxes").label.tolist() == ["cat", "cat"]
    assert lab.crops(labels="sky").label.tolist() == ["sky"]
    assert lab.crops(labels=["sky", "road"]).label.tolist() == ["road", "sky"]
    assert lab.crops("boxes", pad=5).image[0].size == (40, 25)
    assert lab.crops("boxes", pad=100).image[0].size == (80, 60)
    with pytest.raises(NblabelError, match="pad=-1"):
        lab.crops(pad=-1)
    with pytest.raises(InvalidAnnotation, match="no such field"):
        lab.crops("box")


def test_crops_can_be_cut_along_their_outline() -> None:
    lab = make()
    triangle = nb.Polygon([(5, 5), (15, 5), (5, 12)], "roof")
    lab.submit(
        [
            triangle,
            mask_of(blob(), "sky"),
            nb.Box(1, 1, 5, 5, "cat"),
            nb.Polygon([(1, 1), (9, 9)], "road", closed=False),
        ]
    )
    crops = lab.crops(cut=True).set_index("label").image
    alpha = np.asarray(crops["roof"])[..., 3]
    assert np.array_equal(alpha > 0, rasterize(triangle, (80, 60))[5:12, 5:15])
    sky = np.asarray(crops["sky"])
    assert np.array_equal(sky[..., 3] > 0, blob()[11:50, 21:60])
    assert np.array_equal(sky[blob()[11:50, 21:60]][:, :3], scene()[blob()])
    assert np.asarray(crops["cat"])[..., 3].min() == 255
    assert crops["road"].mode == "RGB"
    padded = np.asarray(lab.crops("boxes", cut=True, pad=2).image[0])[..., 3]
    assert padded.shape == (8, 8) or padded.shape == (9, 9)
    assert padded.max() == 255
    assert padded[-1, -1] == 0


@pytest.mark.parametrize(("rotation", "turn"), [(90, 1), (180, 2), (270, 3), (-90, 3), (360, 0)])
def test_turned_boxes_are_set_straight(rotation: float, turn: int) -> None:
    image = scene()
    lab = make(image)
    # the box marks the same pixels, seen from another side
    wide, high = (20, 12) if turn % 2 == 0 else (12, 20)
    lab.submit([nb.Box(40 - wide / 2, 30 - high / 2, wide, high, "cat", rotation=rotation)])
    made = np.asarray(lab.crops().image[0])
    assert made.shape == (high, wide, 3)
    assert np.array_equal(made, np.rot90(image[24:36, 30:50], turn))


def test_a_box_at_an_angle_is_set_straight() -> None:
    canvas = np.zeros((200, 200, 3), np.uint8)
    box = nb.Box(60, 80, 80, 40, "cat", rotation=30)
    canvas[rasterize(box, (200, 200))] = (200, 100, 50)
    lab = make(canvas)
    lab.submit([box])
    made = np.asarray(lab.crops().image[0]).astype(int)
    assert made.shape == (40, 80, 3)
    assert np.abs(made[2:-2, 2:-2] - [200, 100, 50]).max() == 0
    padded = np.asarray(lab.crops(pad=10).image[0])
    assert padded.shape == (60, 100, 3)
    assert padded[3, 50].max() == 0
    assert padded[30, 50].tolist() == [200, 100, 50]
    corner = make(canvas)
    corner.submit([nb.Box(-20, -20, 60, 60, "cat", rotation=45)])
    assert np.asarray(corner.crops().image[0]).shape == (60, 60, 3)
    assert np.asarray(corner.crops(cut=True).image[0])[0, 0, 3] == 0, "beyond the image nothing is shown"


def test_what_lies_beyond_or_cannot_be_read_has_no_crop(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes(scene()))
    (tmp_path / "b.png").write_bytes(png_bytes(scene()))
    lab = nb.ImageLabeler("*.png", root=tmp_path, boxes=["x"], masks=["m"], store=":memory:")
    lab.submit([nb.Box(1, 1, 5, 5, "x"), nb.Mask((60, 80), (4800,), "m")])
    lab.submit([nb.Box(1, 1, 5, 5, "x")])
    (tmp_path / "b.png").write_bytes(b"broken")
    crops = lab.crops()
    assert [None if one is None else one.size for one in crops.image] == [(5, 5), None, None]
    assert pd.isna(crops.image[1])
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    (tmp_path / "b.png").write_bytes(png_bytes(noise)[:3000])
    assert lab.item is not None
    assert lab.crops(labels="x").image.isna().tolist() == [False, True]
    assert lab.crops(labels="none").empty


# ---- overlays ----------------------------------------------------------------------------------------


def grey() -> np.ndarray[Any, Any]:
    return np.full((300, 400, 3), 90, np.uint8)


def far(pixel: Any, color: tuple[int, int, int]) -> float:
    return float(np.abs(np.asarray(pixel, float) - color).max())


def test_overlays_show_every_kind_of_mark() -> None:
    lab = make(grey())
    mask = np.zeros((300, 400), bool)
    mask[200:280, 300:390] = True
    lab.submit(
        [
            nb.Box(20, 20, 100, 60, "cat"),
            nb.Box(200, 30, 80, 40, "dog", rotation=90),
            nb.Polygon(
                [(20, 150), (120, 150), (120, 250), (20, 250)],
                "roof",
                holes=[[(50, 180), (90, 180), (90, 220), (50, 220)]],
            ),
            nb.Polygon([(150, 280), (250, 200)], "road", closed=False),
            nb.Keypoints([(300, 120, 2), (360, 120, 1), (390, 150, 0)], "person"),
            mask_of(mask, "sky"),
        ]
    )
    image = lab.render(0, line=4, fill=0.5, labels=False)
    assert (image.mode, image.size) == ("RGB", (400, 300))
    made = np.asarray(image)
    colors = {
        label.name: tuple(
            bytes.fromhex((label.color.lstrip("#") * 2)[:6] if len(label.color) == 4 else label.color[1:])
        )
        for field in lab.schema.fields
        for label in field.get_labels()
    }
    colors["dog"] = (0, 255, 0)
    assert far(made[20, 70], (255, 0, 0)) < 40
    assert far(made[50, 20], (255, 0, 0)) < 40
    assert far(made[50, 70], (90, 90, 90)) == 0, "boxes are not filled"
    assert far(made[50, 220], (0, 255, 0)) < 40, "a turned box stands upright"
    assert far(made[50, 203], (90, 90, 90)) == 0
    assert far(made[150, 60], colors["roof"]) < 40
    assert far(made[165, 30], tuple(45 + np.array(colors["roof"]) / 2)) < 6
    assert far(made[200, 70], (90, 90, 90)) == 0, "holes are holes"
    assert far(made[240, 200], colors["road"]) < 60
    assert far(made[120, 300], colors["person"]) < 10
    assert far(made[120, 330], colors["person"]) < 60, "edges"
    assert far(made[120, 360], colors["person"]) > 20, "an occluded point is hollow"
    assert far(made[150, 390], (90, 90, 90)) == 0, "an absent one is not drawn"
    assert far(made[240, 340], (45, 45, 45 + 127)) < 6
    assert np.array_equal(np.asarray(lab.image(0)), grey()), "the image itself is untouched"
    assert np.array_equal(np.asarray(make(grey()).render(0)), grey())
    only = np.asarray(lab.render(0, fields="boxes", labels=False))
    assert far(only[240, 340], (90, 90, 90)) == 0
    assert only[20, 70, 0] > only[20, 70, 1] + 100
    with pytest.raises(InvalidAnnotation):
        lab.render(0, fields="box")


def test_labels_are_written_where_they_can_be_read() -> None:
    lab = make(grey())
    lab.submit([nb.Box(100, 100, 200, 100, "cat"), nb.Box(0, 0, 390, 20, "dog")])
    plain, written = np.asarray(lab.render(0, labels=False)), np.asarray(lab.render(0))
    changed = np.argwhere((plain != written).any(axis=2))
    assert changed.min() >= 0
    above = changed[(changed[:, 0] > 60) & (changed[:, 0] < 100)]
    assert len(above) > 100
    assert (written == (255, 0, 0)).all(axis=2)[80:100].sum() > 50
    with pytest.raises(NblabelError, match="font"):
        lab.render(0, font="none.ttf")


def test_higher_marks_lie_above() -> None:
    lab = make(grey())
    lab.submit([nb.Box(100, 100, 100, 100, "cat", z=5), nb.Box(100, 100, 100, 100, "dog", z=1)])
    assert far(np.asarray(lab.render(0, labels=False, line=5))[150, 100], (255, 0, 0)) < 10


def test_overlays_can_be_scaled() -> None:
    lab = make(grey())
    mask = np.zeros((300, 400), bool)
    mask[100:201, 100:301] = True
    lab.submit([mask_of(mask, "sky"), nb.Box(20, 20, 100, 60, "cat")])
    for width in (50, 133, 200):
        image = lab.render(0, width=width, labels=False, fill=1.0)
        assert image.size == (width, round(width * 0.75))
        made = np.asarray(image)
        scale = width / 400
        assert far(made[round(150 * scale), round(200 * scale)], (0, 0, 255)) < 3
        assert far(made[round(280 * scale), round(390 * scale)], (90, 90, 90)) == 0


def test_large_images_are_rendered_from_a_part_of_their_pixels(tmp_path: Path) -> None:
    path = tiled_tiff(tmp_path / "scan.tif", 6144, {(3, 4): (0, 255, 0)})
    lab = make(str(path))
    lab.submit([nb.Box(2048, 1536, 512, 512, "cat"), nb.Box(3000, 3000, 100, 50, "dog", rotation=20)])
    assert lab.item.size == (6144, 6144)
    image = lab.render(str(path), width=600, line=3)
    assert image.size == (600, 600)
    made = np.asarray(image)
    assert far(made[175, 225], (0, 255, 0)) < 20
    assert far(made[150, 225], (255, 0, 0)) < 120
    crops = lab.crops()
    assert [one.size for one in crops.image] == [(512, 512), (100, 50)]
    assert np.asarray(crops.image[0]).min(axis=(0, 1)).tolist() == [0, 255, 0]
    assert lab.image(str(path), width=100).size == (100, 100)
    assert lab.mask(str(path), "boxes", "cat").sum() == 512 * 512


def test_a_mask_at_the_edge_is_drawn_within() -> None:
    lab = make(grey())
    mask = np.zeros((300, 400), bool)
    mask[-3:, -3:] = True
    mask[:2, :2] = True
    lab.submit([mask_of(mask, "sky"), nb.Polygon([(-50, -50), (500, -50), (500, 400)], "roof")])
    for width in (400, 37, 7):
        assert lab.render(0, width=width).size[0] == width
    with Image.new("RGB", (1, 1)) as dot:
        single = make(np.asarray(dot))
    single.submit([nb.Box(0, 0, 1, 1, "cat"), nb.Mask((1, 1), (0, 1), "sky")])
    assert single.render(0).size == (1, 1)
