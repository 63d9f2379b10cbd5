"""Painting masks: brush, eraser, outlines, wand, smart clicks, and what masks and polygons become of one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nblabel as nb
from nblabel.labelers.image import ImageLabeler
from nblabel.shapes import mask_of, rasterize

from .imagepage import ImagePage, coded
from .test_image_shapes import drafted, screen

__all__ = ["screen"]

pytestmark = pytest.mark.browser

Open = Callable[..., ImagePage]
SIZE = (240, 160)


def blocks() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Two discs and a bar of one colour each on grey."""
    made = np.full((160, 240, 3), 90, dtype=np.uint8)
    y, x = np.mgrid[:160, :240] + 0.5
    made[(x - 60) ** 2 + (y - 60) ** 2 < 30**2] = (200, 40, 40)
    made[(x - 170) ** 2 + (y - 60) ** 2 < 30**2] = (200, 40, 40)
    made[120:140, 40:200] = (40, 60, 200)
    return made


def inside(region: Any, points: Any, image: Any, box: Any = None) -> Any:
    """A segmenter for tests: the disc around each positive click, without those around negative ones."""
    made = np.zeros(image.shape[:2], dtype=bool)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    for px, py, positive in points:
        made[(x - px) ** 2 + (y - py) ** 2 < (20 if positive else 12) ** 2] = bool(positive)
    if box is not None:
        left, top, width, height = box
        made |= (x > left) & (x < left + width) & (y > top) & (y < top + height)
    return made & region


def disc(image: Any, points: Any, box: Any = None) -> Any:
    return inside(np.ones(image.shape[:2], dtype=bool), points, image, box)


def capsule(size: tuple[int, int], a: tuple[float, float], b: tuple[float, float], radius: float) -> Any:
    """The pixels whose centres are within a radius of a line."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    (ax, ay), (bx, by) = a, b
    along = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / max((bx - ax) ** 2 + (by - ay) ** 2, 1e-9), 0, 1)
    return np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)) <= radius


def alike(found: Any, wanted: Any, least: float = 0.95) -> bool:
    """Whether two regions are the same but for their edges."""
    return bool((found & wanted).sum() >= least * (found | wanted).sum())


def test_brush_and_eraser(image_page: Open, screen: Any) -> None:
    page = image_page([coded(), coded()], masks=["sky", "road"], context=screen)
    page.label("sky")
    assert page.held == "brush"
    page.drag((60, 50), (160, 90), steps=8).until(lambda: len(page.masks) == 1)
    stroke = capsule((160, 240), (60, 50), (160, 90), 12)
    page.until(lambda: alike(page.masks[0], stroke))
    # the next stroke is of the same mask; with alt it takes away
    page.drag((60, 120), (160, 120), steps=8).until(lambda: page.masks[0].sum() > 1.5 * stroke.sum())
    assert len(page.masks) == 1
    page.drag((100, 20), (100, 150), held="Alt").until(lambda: not page.masks[0][60:80, 100].any())
    page.tool("eraser").drag((160, 120), (120, 120)).until(lambda: not page.masks[0][118:122, 125:160].any())
    # each stroke is undone by itself
    page.press("Control+z", "Control+z", "Control+z").until(lambda: alike(page.masks[0], stroke))
    page.press("Control+z").holds(count=0)
    page.press("Control+Shift+z").until(lambda: alike(page.masks[0], stroke))


def test_a_new_mask_for_every_thing(image_page: Open) -> None:
    page = image_page([coded(), coded()], masks=["sky", "road"])
    page.label("sky").drag((40, 40), (80, 40)).until(lambda: len(page.masks) == 1)
    page.press("n").drag((40, 100), (80, 100)).until(lambda: len(page.masks) == 2)
    # another label is another mask as well
    page.press("2").drag((160, 40), (200, 40)).holds(labels=["sky", "sky", "road"])
    # a selected one is gone on with
    page.tool("select").click(60, 40).press("b").drag((60, 40), (60, 70)).until(lambda: page.masks[0][65, 60])
    assert len(page.masks) == 3
    # size by keys
    before = page.masks[1].sum()
    page.press("n", "1", "]", "]", "]", "]").drag((40, 140), (80, 140))
    page.until(lambda: len(page.masks) == 4 and page.masks[3].sum() > before)


def test_a_stroke_is_small_on_the_wire(image_page: Open) -> None:
    """Neither the image's size nor the number of shapes counts: only what the mask itself is."""
    others = [nb.Box(x, y, 6, 6, "cat") for x in range(0, 230, 8) for y in range(0, 150, 8)]
    page = image_page(make=drafted(*others, boxes=["cat"], masks=["sky"]))
    page.label("sky").drag((40, 40), (80, 40)).until(lambda: len(page.masks) == 1)
    before = len(page.kernel.sizes("events"))
    page.drag((80, 40), (120, 40)).until(lambda: page.masks[0][40, 115])
    page.settle()
    sizes = page.kernel.sizes("events")[before:]
    assert sizes
    assert max(sizes) < 3000


def test_outlines_filled_and_taken_away(image_page: Open) -> None:
    page = image_page([coded()], masks=["sky"])
    page.tool("fill").clicks((40, 30), (200, 30), (200, 130), (40, 130)).press("Enter").until(
        lambda: len(page.masks) == 1
    )
    page.until(
        lambda: alike(page.masks[0], rasterize(nb.Polygon([(40, 30), (200, 30), (200, 130), (40, 130)]), (240, 160)))
    )
    page.press("\\").apart().clicks((80, 60), (160, 60), (160, 100), (80, 100)).press("Enter")
    page.until(lambda: not page.masks[0][65:95, 85:155].any())
    assert page.masks[0][40:55, 50:190].all()


def test_the_wand(image_page: Open) -> None:
    image = blocks()
    page = image_page([image], masks=["thing"], key=None)
    red = (image == (200, 40, 40)).all(axis=2)
    page.tool("wand")
    page._seen = look_of(page)
    page.click(60, 60).until(lambda: len(page.masks) == 1)
    page.until(lambda: alike(page.masks[0], red & (np.arange(240) < 120), 0.97))
    # another tolerance takes it anew, until something else is done
    page.press(*["]"] * 40).until(lambda: page.masks[0].all())
    page.press(*["["] * 40).until(lambda: alike(page.masks[0], red & (np.arange(240) < 120), 0.97))
    assert len(page.masks) == 1
    # with shift wherever the colour is
    page.click(170, 60, held="Shift").until(lambda: alike(page.masks[0], red, 0.97))
    page.click(60, 60, held="Alt").until(lambda: alike(page.masks[0], red & (np.arange(240) > 120), 0.97))
    # a drag to the right is tolerant of everything
    x, y = page.screen(120, 130)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 800, y, steps=4)
    page.until(lambda: "255" in page.part("amount").inner_text())
    page.mouse.up()
    page.until(lambda: page.masks[0].all())


def look_of(page: ImagePage) -> Any:
    """Where an image of this size is, as another one of the same size shows."""
    from .imagepage import Looking

    box = page.canvas.bounding_box()
    assert box
    scale = min((box["width"] - 16) / 240, (box["height"] - 16) / 160)
    return Looking(scale, box["x"] + (box["width"] - 240 * scale) / 2, box["y"] + (box["height"] - 160 * scale) / 2)


# ---- smart -----------------------------------------------------------------------------------------


def test_smart_clicks(image_page: Open) -> None:
    page = image_page([coded(), coded()], masks=["thing", "other"], segmenter=disc)
    page.label("thing").tool("smart")
    page.click(80, 80).until(lambda: "Enter takes it" in page.hint)
    assert page.settle().count == 0
    page.click(110, 80).click(80, 80, button="right")
    page.press("Enter").until(lambda: len(page.masks) == 1)
    wanted = disc(coded(), [(80, 80, 1), (110, 80, 1), (80, 80, 0)])
    assert alike(page.masks[0], wanted, 0.97)
    # a box; the label's key takes it
    page.drag((150, 30), (210, 70)).until(lambda: "Enter takes it" in page.hint)
    page.press("2").holds(labels=["thing", "other"])
    assert alike(page.masks[1], rasterize(nb.Box(150, 30, 60, 40), (240, 160)), 0.95)
    # back takes the last click back, Escape all
    page.click(40, 130).click(200, 130).press("Backspace").until(lambda: "Enter takes it" in page.hint)
    page.press("Escape", "Escape", "Enter").at(1)
    assert page.session.response is None or not page.session.response.annotations


def test_smart_with_keys_alone(image_page: Open) -> None:
    page = image_page([coded(), coded()], masks=["thing"], segmenter=disc)
    page.focus_image().press("s", "ArrowLeft", "Enter").until(lambda: "Enter takes it" in page.hint)
    page.press("Enter").until(lambda: len(page.masks) == 1)
    assert 900 < page.masks[0].sum() < 1600


@pytest.mark.parametrize("kind", ["polygons", "boxes"])
def test_smart_makes_what_the_schema_asks_for(image_page: Open, kind: str) -> None:
    page = image_page([coded()], segmenter=disc, **{kind: ["thing"]})
    page.tool("smart").click(80, 80).until(lambda: "Enter takes it" in page.hint)
    page.press("Enter").until(lambda: page.count == 1)
    if kind == "boxes":
        page.holds_box(60, 60, 40, 40, within=1.5)
    else:
        assert alike(rasterize(page.polygons[0], (240, 160)), disc(coded(), [(80, 80, 1)]), 0.95)


def test_a_segmenter_that_fails_says_so(image_page: Open) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("the model's file is missing")

    page = image_page([coded()], masks=["thing"], segmenter=broken)
    page.tool("smart").click(80, 80).until(lambda: page.root.locator(".nbl-refused").count() == 1)
    page.tool("brush").drag((40, 40), (80, 40)).until(lambda: len(page.masks) == 1)
    page.stage.problems.clear()


def test_without_a_segmenter_there_is_no_smart_tool(image_page: Open) -> None:
    page = image_page([coded()], masks=["thing"], segmenter=False)
    assert page.tools == ["select", "pan", "brush", "eraser", "fill", "wand"]


# ---- masks and polygons ----------------------------------------------------------------------------

SQUARE = nb.Polygon([(40, 30), (120, 30), (120, 110), (40, 110)], "thing")


def test_polygon_to_mask_and_back(image_page: Open) -> None:
    page = image_page(make=drafted(SQUARE, polygons=["thing"], masks=["thing"])).tool("select").click(80, 60)
    page.press("m").until(lambda: len(page.masks) == 1)
    assert np.array_equal(page.masks[0], rasterize(SQUARE, SIZE))
    assert not page.polygons
    page.press("m").until(lambda: len(page.polygons) == 1)
    assert np.array_equal(rasterize(page.polygons[0], SIZE), rasterize(SQUARE, SIZE))
    page.press("Control+z", "Control+z")
    page.until(lambda: bool(page.polygons) and page.near(page.polygons[0].points, SQUARE.points))


def test_merge_and_subtract(image_page: Open) -> None:
    other = nb.Polygon([(100, 60), (180, 60), (180, 140), (100, 140)], "thing")
    hole = nb.Polygon([(50, 40), (70, 40), (70, 60)], "thing")
    page = image_page(make=drafted(SQUARE, other, hole, polygons=["thing"])).tool("select")
    page.click(45, 100).click(60, 45, held="Shift").press("Alt+m").until(lambda: page.polygons[0].holes)
    assert page.near(page.polygons[0].holes[0], hole.points)
    page.press("Control+z").until(lambda: not page.polygons[0].holes)
    page.press("Escape").click(45, 100).click(150, 120, held="Shift").press("Shift+M").until(lambda: page.count == 2)
    both = rasterize(SQUARE, SIZE) | rasterize(other, SIZE)
    assert alike(rasterize(page.polygons[0], SIZE), both, 0.98)


def test_masks_merge_move_and_copy(image_page: Open) -> None:
    first = np.zeros((160, 240), dtype=bool)
    first[20:60, 20:80] = True
    second = np.zeros_like(first)
    second[100:140, 120:200] = True
    page = image_page(make=drafted(mask_of(first, "thing"), mask_of(second, "thing"), masks=["thing"])).tool("select")
    page.click(50, 40).drag((50, 40), (70, 50)).until(
        lambda: np.array_equal(page.masks[0], np.roll(first, (10, 20), (0, 1)))
    )
    page.click(160, 120, held="Shift").press("Shift+M").until(lambda: len(page.masks) == 1)
    assert page.masks[0].sum() == first.sum() + second.sum()
    page.press("Control+c", "Control+ArrowRight").at(1).press("Control+v").until(lambda: len(page.masks) == 1)
    assert page.masks[0].sum() == first.sum() + second.sum()


def test_painting_survives_what_comes_between(image_page: Open) -> None:
    """Undo, another item, and Python's own changes are seen by the brush."""
    page = image_page([coded(), coded()], masks=["sky"])
    page.drag((40, 40), (80, 40)).until(lambda: len(page.masks) == 1)
    page.press("Control+ArrowRight").at(1).drag((40, 100), (80, 100)).until(lambda: len(page.masks) == 1)
    assert not page.masks[0][40, 60]
    page.press("Control+ArrowLeft").at(0).until(lambda: page.masks[0][40, 60] and not page.masks[0][100, 60])
    (held,) = page.annotations
    fresh = mask_of(np.roll(page.masks[0], 60, 1), "sky", id=held.id)

    def change(lab: ImageLabeler = page.lab) -> None:
        lab.draft([fresh])

    page.kernel.do(change)
    page.until(lambda: page.masks[0][40, 120])
    page.settle()
    page.tool("select").click(120, 40).press("b").drag((120, 40), (120, 70)).until(lambda: page.masks[0][65, 120])
    assert not page.masks[0][40, 60]
