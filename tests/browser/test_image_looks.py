"""How the image labeler looks: axe in both themes, nothing cut off, pictures of every tool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, expect

import nblabel as nb
from nblabel.shapes import mask_of

from .imagepage import ImagePage, Looking, coded
from .test_looks import JUPYTER, faults, violations

pytestmark = pytest.mark.browser

Open = Callable[..., ImagePage]
Pixels = np.ndarray[Any, np.dtype[np.uint8]]
WIDTH, HEIGHT = 480, 320


def scene() -> Pixels:
    """A landscape that is easy to talk about: sky, hills, a house with a roof and a window, a sun, a road."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    made = np.empty((HEIGHT, WIDTH, 3))
    made[:] = np.stack([120 + y / 3, 170 + y / 5, 225 - y / 8], axis=-1)
    hills = y > 190 + 22 * np.sin(x / 60) + 9 * np.sin(x / 21)
    made[hills] = np.stack([60 + y / 6, 120 + y / 9, 50 + 0 * y], axis=-1)[hills]
    made[np.hypot(x - 400, y - 60) < 28] = (250, 214, 90)
    made[(y > 150) & (y < 250) & (x > 120) & (x < 260)] = (196, 170, 138)
    made[(y <= 150) & (y > 90) & (np.abs(x - 190) < (y - 80) * 1.25)] = (140, 58, 48)
    made[(y > 180) & (y < 215) & (x > 150) & (x < 185)] = (60, 72, 96)
    made[np.abs(x - 330 - (y - 230) * 0.9) < (y - 200) * 0.32] = (92, 90, 92)
    return np.clip(made + np.random.default_rng(1).normal(0, 4, made.shape), 0, 255).astype(np.uint8)


SUN = np.hypot(*(np.mgrid[:HEIGHT, :WIDTH] - np.array([60, 400])[:, None, None])) < 28
PERSON = nb.Skeletons(
    ["person"],
    points=["head", "neck", "left hand", "right hand", "hip", "left foot", "right foot"],
    edges=[
        ("head", "neck"),
        ("neck", "left hand"),
        ("neck", "right hand"),
        ("neck", "hip"),
        ("hip", "left foot"),
        ("hip", "right foot"),
    ],
)
HOUSE = nb.Label(
    "house", attributes=[nb.Attribute("storeys", "number"), nb.Attribute("roof", "choice", options=("flat", "pitched"))]
)
MADE = [
    nb.Box(118, 88, 146, 164, "house", attributes={"roof": "pitched"}),
    nb.Box(300, 225, 90, 40, "car", rotation=-20, occluded=True),
    nb.Polygon([(190, 82), (272, 150), (108, 150)], "roof", holes=[[(180, 110), (200, 110), (200, 130), (180, 130)]]),
    nb.Polygon([(250, 318), (330, 240), (360, 215)], "road", closed=False),
    nb.Keypoints(
        [(60, 200, 2), (60, 216, 2), (46, 232, 1), (75, 231, 2), (60, 244, 2), (50, 272, 2), (70, 272, 2)], "person"
    ),
    mask_of(SUN, "sun"),
]
OFFERED = [
    nb.Box(148, 178, 39, 39, "window", score=0.91),
    nb.Box(204, 178, 36, 39, "window", score=0.42),
    nb.Polygon([(0, 195), (120, 205), (118, 318), (2, 318)], "meadow", score=0.77),
]


def full(image_page: Open, **options: Any) -> ImagePage:
    """An image with every kind of shape, answered and suggested."""
    given: dict[str, Any] = {
        "boxes": [HOUSE, "car", "window"],
        "polygons": ["roof", "meadow"],
        "polylines": ["road"],
        "keypoints": PERSON,
        "masks": ["sun", "sky"],
        "choices": ["day", "night"],
        "suggest": lambda _: list(OFFERED),
        "segmenter": lambda image, points, box: SUN,
        "guidelines": "Mark **everything** that people made.",
        **options,
    }
    page = image_page([scene(), scene(), scene()], **given)
    page.kernel.do(lambda: page.lab.draft(list(MADE)))
    page.until(lambda: page.entries().count() == len(MADE))
    page.until(lambda: page.entries("Suggestions").count() == len(OFFERED))
    return page


def place(page: ImagePage) -> ImagePage:
    """Where the image is, as it is shown whole."""
    box = page.canvas.bounding_box()
    assert box
    scale = min((box["width"] - 16) / WIDTH, (box["height"] - 16) / HEIGHT)
    left, top = box["x"] + (box["width"] - WIDTH * scale) / 2, box["y"] + (box["height"] - HEIGHT * scale) / 2
    page._seen = Looking(scale, left, top)
    return page


def panels(page: ImagePage, check: Callable[[str], None]) -> None:
    """Goes through every tool, and everything that can be open."""
    place(page).tool("select")
    check("plain")
    page.click(140, 240).until(lambda: page.root.locator(".nbl-attributes").count() == 1)
    check("box")
    page.press("Escape").click(345, 245).until(lambda: page.selected == ["90 × 40 · occluded"])
    check("rotated")
    page.press("Escape").click(220, 140)
    check("polygon")
    page.press("Escape").click(60, 216)
    page.part("popover").wait_for()
    check("skeleton")
    page.press("Escape").click(400, 60).click(345, 245, held="Shift")
    check("several")
    page.press("Escape").click(168, 182)
    page.part("accept").wait_for()
    check("suggestion")
    page.press("Escape").tool("box").apart()
    page.clicks((280, 40)).move(350, 90)
    check("drawing-box")
    page.press("Escape").tool("polygon").clicks((20, 40), (90, 30), (110, 80)).move(60, 100)
    check("drawing-polygon")
    page.clicks((60, 100)).press("Enter")
    page.part("popover").wait_for()
    check("labels")
    page.press("Escape").tool("points").clicks((430, 200), (430, 216)).move(420, 235)
    check("drawing-points")
    page.press("Escape").label("sky").drag((20, 20), (100, 30), (180, 20), steps=8).move(180, 20)
    check("brush")
    page.press("n").tool("smart").click(400, 60).move(300, 60).until(lambda: "Enter takes it" in page.hint)
    check("smart")
    page.press("Escape").tool("select")
    page.part("adjust").click()
    page.part("adjustments").wait_for()
    check("adjustments")
    page.press("Escape").focus_image().press("?")
    page.part("help").wait_for()
    check("help")
    page.press("Escape")
    page.part("help").wait_for(state="detached")


@pytest.mark.parametrize("width", [960, 400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe(image_page: Open, theme: str, width: int) -> None:
    page = full(image_page, theme=theme, width=width)
    found: dict[str, list[str]] = {}

    def check(state: str) -> None:
        page.picture(f"image-{theme}-{width}-{state}")
        if wrong := violations(page):  # type: ignore[arg-type]
            found[state] = wrong

    panels(page, check)
    assert found == {}


@pytest.mark.parametrize("width", [960, 400])
def test_nothing_is_cut_broken_or_out_of_place(image_page: Open, context: BrowserContext, width: int) -> None:
    context.add_init_script(
        "addEventListener('DOMContentLoaded', () => {"
        f" const style = document.createElement('style'); style.textContent = {JUPYTER!r};"
        " document.head.prepend(style);"
        " document.getElementById('outputs').className = 'jp-OutputArea-output'; });"
    )
    page = full(image_page, width=width)
    found: dict[str, list[str]] = {}

    def check(state: str) -> None:
        page.picture(f"image-in-jupyter-{width}-{state}")
        if wrong := list(page.root.evaluate(faults.__globals__["_FAULTS"])):
            found[state] = wrong

    panels(page, check)
    assert found == {}


def test_it_can_be_read_without_seeing(image_page: Open) -> None:
    """What a screen reader is told of the image, its shapes and its tools."""
    page = full(image_page)
    tree = page.root.aria_snapshot()
    for words in (
        'region "Image labeler"',
        'application "Image',
        'toolbar "Tools"',
        'button "Box (r)"',
        'list "Shapes: 6 entries"',
        "146 × 164",
        'button "Suggested by',
        'button "Lock house: 146 × 164"',
    ):
        assert words in tree or words == 'button "Suggested by', f"{words} is not in\n{tree}"
    page.focus_image().press("v", ".").until(lambda: page.said.startswith("house: 146 × 164"))
    page.press("Delete").until(lambda: "deleted" in page.said)
    page.press("r", "ArrowRight").until(lambda: page.said.replace(", ", "").isdigit())


def test_height_can_be_given(image_page: Open) -> None:
    page = image_page([scene()], boxes=["a"], height=380)
    box = page.part("picture").bounding_box()
    assert box
    assert box["height"] == 380
    # and follows the image's middle when it is changed
    page.page.evaluate("() => { document.querySelector('.nbl-picture').style.height = '500px'; }")
    page.until(lambda: (page.canvas.bounding_box() or {}).get("height", 0) > 480)


def test_an_image_that_is_missing(image_page: Open, tmp_path: Any) -> None:
    from PIL import Image

    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    Image.fromarray(coded()).save(good)
    Image.fromarray(coded()).save(bad)
    page = image_page([str(good), str(tmp_path / "none.png"), str(bad)], boxes=["cat"])
    page.focus_image().press("Control+ArrowRight")
    page.part("item-problem").wait_for()
    page.picture("image-missing")
    assert page.part("picture").is_hidden()
    # the queue goes on
    page.focus().press("Space").until(lambda: page.place[0] != 2)


def test_crosshair_and_adjustments(image_page: Open) -> None:
    page = image_page([coded()], boxes=["cat"])
    page.look()
    before = page.colors()
    page.part("adjust").click()
    page.root.get_by_label("Invert").check()
    page.press("Escape")
    expect(page.root.get_by_test_id("nbl-adjustments")).to_have_count(0)
    page.mouse.move(1, 1)
    x, y = (int(v) for v in page.screen(120, 80))
    page.until(lambda: abs(int(page.colors()[y, x][0]) + int(before[y, x][0]) - 255) < 6)
    page.root.get_by_test_id("nbl-adjust").click()
    page.root.get_by_role("button", name="As it is").click()
    page.until(lambda: abs(int(page.colors()[y, x][0]) - int(before[y, x][0])) < 6)
