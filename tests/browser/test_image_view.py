"""Looking at images: zoom and wheel, minimap, loupe, large images in tiles, files that are broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nblabel as nb

from .imagepage import ImagePage, Looking, coded
from .test_image_shapes import drafted

pytestmark = pytest.mark.browser

Open = Callable[..., ImagePage]


def test_the_wheel_is_the_pages_until_the_labeler_is_used(image_page: Open) -> None:
    page = image_page([coded()], boxes=["cat"])
    page.page.evaluate("() => { document.body.style.paddingBottom = '2000px'; }")
    page.mouse.move(*page.screen(120, 80))
    page.mouse.wheel(0, 120)
    page.until(lambda: page.page.evaluate("() => scrollY") > 50)
    assert page.percent < 300
    page.page.evaluate("() => scrollTo(0, 0)")
    page.focus_image()
    page.mouse.wheel(0, -120)
    page.until(lambda: page.percent > 300)
    assert page.page.evaluate("() => scrollY") == 0
    page.press("z").until(lambda: page.percent < 300)
    # all of it is in sight: further out there is only the page
    page.mouse.wheel(0, 120)
    page.until(lambda: page.page.evaluate("() => scrollY") > 50)


def test_a_large_image_that_is_shown_small_stands_where_it_stood(image_page: Open) -> None:
    """Smaller copies are drawn in its place: each quarter keeps its colour, up to its edges."""
    quarters = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 40, 200)]
    made = np.zeros((3001, 4000, 3), dtype=np.uint8)
    for n, colour in enumerate(quarters):
        made[n // 2 * 1501 :, n % 2 * 2000 :] = colour
    page = image_page([made], boxes=["cat"])
    page.page.wait_for_timeout(600)
    seen = page.colors().astype(int)
    places = []
    for colour in quarters:
        ys, xs = np.nonzero(np.abs(seen - colour).max(axis=2) < 12)
        places.append((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))
    left, top, middle, half = places[0]
    right, bottom = places[3][2:]
    assert abs((right - left) / (bottom - top) - 4000 / 3001) < 0.01
    for x, y, xx, yy in places:
        assert min(abs(x - left), abs(x - middle)) <= 2
        assert min(abs(xx - right), abs(xx - middle)) <= 2
        assert min(abs(y - top), abs(y - half)) <= 2
        assert min(abs(yy - bottom), abs(yy - half)) <= 2
    assert abs(middle - (left + right) / 2) <= 1.5
    assert abs(half - (top + bottom) / 2) <= 1.5


def test_the_minimap_shows_where_and_goes_there(image_page: Open) -> None:
    page = image_page([coded()], boxes=["cat"])
    small = page.root.locator(".nbl-minimap")
    assert small.is_hidden()
    page.focus_image().press("+", "+", "+", "+", "+")
    small.wait_for()
    box = small.bounding_box()
    assert box
    page.mouse.click(box["x"] + 8, box["y"] + 8)
    page.looked_away()
    # the upper left corner is in the middle now
    canvas = page.canvas.bounding_box()
    assert canvas
    x, y = page.screen(0, 0)
    assert abs(x - canvas["x"] - canvas["width"] / 2) < 140
    assert abs(y - canvas["y"] - canvas["height"] / 2) < 140
    assert page.settle().count == 0
    page.press("z")
    small.wait_for(state="hidden")


def test_the_loupe(image_page: Open) -> None:
    page = image_page(make=drafted(nb.Box(60, 40, 80, 60, "cat"), boxes=["cat"])).tool("select").click(100, 70)
    page.look()
    x, y = page.screen(60, 40)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 10, y + 10, steps=3)
    away = 64 + 24

    def enlarged() -> bool:
        red, green, _ = (int(v) for v in page.colors()[round(y + 10 + away) - 20, round(x + 10 + away) - 20])
        there = 60 + (10 + away - 20) / page.look().scale
        return abs(red - 63) < 14 and abs(red - there) > 14 and green < 60

    page.until(enlarged)
    page.mouse.up()
    page.until(lambda: not enlarged())


def test_the_corner_changes_the_height(image_page: Open) -> None:
    page = image_page([coded()], boxes=["cat"])
    box = page.part("picture").bounding_box()
    assert box
    x, y = box["x"] + box["width"] - 5, box["y"] + box["height"] - 5
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 80, steps=4)
    page.mouse.up()
    page.until(lambda: (page.part("picture").bounding_box() or {}).get("height", 0) > box["height"] + 60)
    page.looked_away().drag((40, 30), (100, 90)).holds_box(40, 30, 60, 60)


# ---- large images ----------------------------------------------------------------------------------

AT = (5200, 3300)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6000 × 4000 pixels, some of which tell where they are."""
    made = np.full((4000, 6000, 3), (40, 90, 200), dtype=np.uint8)
    made[::16, :, 2] = 160
    made[AT[1] : AT[1] + 160, AT[0] : AT[0] + 240] = coded()
    path = tmp_path_factory.mktemp("large") / "large.tif"
    Image.fromarray(made).save(path)
    return path


def test_large_images_to_the_pixel(image_page: Open, large: Path) -> None:
    page = image_page([str(large)], boxes=["cat"])
    canvas = page.canvas.bounding_box()
    assert canvas
    scale = min((canvas["width"] - 16) / 6000, (canvas["height"] - 16) / 4000)
    left = canvas["x"] + (canvas["width"] - 6000 * scale) / 2
    top = canvas["y"] + (canvas["height"] - 4000 * scale) / 2
    page._seen = Looking(scale, left, top)
    page.focus_image().move(AT[0] + 120, AT[1] + 80)
    while page.percent < 150:
        before = page.percent
        page.mouse.wheel(0, -200)
        page.until(lambda b=before: page.percent > b)
    page.painted()

    def sharp() -> bool:
        """The patch is here in its own pixels: its colours tell the zoom that the toolbar does."""
        page.looked_away()
        try:
            return abs(page.look().scale * 100 - page.percent) < 2
        except AssertionError:
            return False

    page.until(sharp, timeout=20)
    page.drag((60, 40), (140, 100))
    page.holds_box(AT[0] + 60, AT[1] + 40, 80, 60)
    page.picture("image-large")


# ---- trouble ---------------------------------------------------------------------------------------


def test_a_broken_file_says_so_and_can_be_tried_again(image_page: Open, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (160, 240, 3), dtype=np.uint8)
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    Image.fromarray(coded()).save(good)
    Image.fromarray(noise).save(bad)
    whole = bad.read_bytes()
    bad.write_bytes(whole[: len(whole) // 2])
    page = image_page([str(bad), str(good)], boxes=["cat"], ready=False)
    page.until_ready()
    trouble = page.root.locator('[data-testid="nbl-media-problem"], [data-testid="nbl-item-problem"]')
    trouble.first.wait_for()
    page.picture("image-broken")
    page.focus().press("Space").until(lambda: page.place[0] == 2)
    page.painted()
    page.press("Control+ArrowLeft").until(lambda: page.place[0] == 1)
    again = page.root.get_by_role("button", name="Try again")
    if again.count():
        bad.write_bytes(whole)
        again.click()
        page.painted()
        assert trouble.count() == 0


def test_drawn_images(image_page: Open) -> None:
    pytest.importorskip("ipycanvas")

    def draw(canvas: Any, value: str) -> None:
        canvas.fill_style = value
        canvas.fill_rect(0, 0, 200, 100)
        canvas.fill_style = "white"
        canvas.fill_circle(100, 50, 30)

    page = image_page(["#204060", "#602040"], draw=draw, size=(200, 100), boxes=["spot"])
    canvas = page.canvas.bounding_box()
    assert canvas
    scale = min((canvas["width"] - 16) / 200, (canvas["height"] - 16) / 100)
    left = canvas["x"] + (canvas["width"] - 200 * scale) / 2
    page._seen = Looking(scale, left, canvas["y"] + (canvas["height"] - 100 * scale) / 2)
    x, y = page.screen(20, 20)
    assert tuple(page.colors()[round(y), round(x)]) == (0x20, 0x40, 0x60)
    page.drag((70, 20), (130, 80)).holds_box(70, 20, 60, 60)
    page.press("Escape", "Escape", "Enter").at(1).painted()
    page.until(lambda: tuple(page.colors()[round(y), round(x)]) == (0x60, 0x20, 0x40))


def test_two_views_of_one_labeler(image_page: Open) -> None:
    """Each has a tool, a zoom and a selection of its own; the answers are the same."""
    page = image_page([coded(), coded()], boxes=["cat"])
    page.stage.show()
    second = ImagePage(page.stage)
    second.root = page.stage.view(1)
    page.root = page.stage.view(0)
    second.until_ready()
    second.painted()
    page.tool("pan")
    assert second.held == "box"
    second.drag((40, 30), (100, 90)).holds_box(40, 30, 60, 60)
    page.until(lambda: page.entries().count() == 1)
    second.tool("select").click(70, 60)
    page.until(lambda: second.selected == ["60 × 60"])
    assert page.selected == []
