"""Drawing and editing shapes with mouse and with keys; what counts is what Python holds afterwards, to half a pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

import nblabel as nb
from nblabel.labelers.image import ImageLabeler

from .imagepage import ImagePage, coded

pytestmark = pytest.mark.browser

Open = Callable[..., ImagePage]
SKELETON = nb.Skeletons(
    ["person"], points=["head", "hand", "foot", "tail"], edges=[("head", "hand"), ("hand", "foot"), ("foot", "tail")]
)


@pytest.fixture(params=[1, 2])
def screen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A screen with one, and one with four device pixels for a CSS pixel."""
    made = browser.new_context(viewport={"width": 1000, "height": 800}, device_scale_factor=request.param)
    yield made
    made.close()


def drafted(*annotations: nb.Annotation, images: int = 2, **options: Any) -> Callable[[], ImageLabeler]:
    """A labeler whose first image has been begun."""

    def make() -> ImageLabeler:
        lab = ImageLabeler([coded() for _ in range(images)], store=":memory:", annotator="ada", **options)
        lab.draft(list(annotations))
        return lab

    return make


# ---- drawing with the mouse ------------------------------------------------------------------------


@pytest.mark.parametrize("zoom", ["", "+ + +", "- - -", "Shift+Z"])
def test_boxes_at_every_zoom(image_page: Open, screen: BrowserContext, zoom: str) -> None:
    page = image_page([coded(), coded()], boxes=["cat", "dog"], context=screen)
    page.label("cat").focus_image()
    page.zoom(*zoom.split())
    if zoom == "Shift+Z":
        page.until(lambda: page.percent == 100)
    before = page.look()
    # where pixels are blended, their colours tell where they are to one pixel only
    within = 1.0 if zoom == "- - -" else 0.5
    page.drag((120, 80), (180, 116)).holds_box(120, 80, 60, 36, within=within)
    # backwards, and by two clicks
    page.drag((110, 72), (90, 60)).holds_box(90, 60, 20, 12, within=within)
    page.clicks((130, 50), (150, 72)).holds_box(130, 50, 20, 22, within=within)
    after = page.looked_away().look()
    assert (after.scale, after.left, after.top) == pytest.approx((before.scale, before.left, before.top), abs=0.5)
    page.holds(labels=["cat"] * 3)


def test_the_screen_and_the_labeler_agree(image_page: Open, screen: BrowserContext) -> None:
    page = image_page([coded()], boxes=["cat"], context=screen).focus_image()
    for keys in ([], ["+", "+", "+", "+"], ["-", "-"], ["z"], ["Shift+Z"]):
        page.zoom(*keys)
        dpr = page.page.evaluate("() => devicePixelRatio")
        assert page.look().scale * dpr * 100 == pytest.approx(page.percent, rel=0.01)
        for point in ((120, 80), (131, 77)):
            page.move(point[0] + 0.5, point[1] + 0.5).until(lambda p=point: page.pointed == f"{p[0]}, {p[1]}")


def test_zoom_keeps_what_is_under_the_pointer(image_page: Open) -> None:
    page = image_page([coded()], boxes=["cat"])
    x, y = page.screen(60.5, 40.5)
    page.focus_image().mouse.move(x, y)
    page.mouse.wheel(0, -300)
    page.mouse.wheel(0, -300)
    page.until(lambda: page.percent > 400)
    page.looked_away()
    assert page.look().screen((60.5, 40.5)) == pytest.approx((x, y), abs=1.5)


def test_rotated_boxes_and_extreme_points(image_page: Open, screen: BrowserContext) -> None:
    page = image_page([coded()], boxes=["cat"], context=screen)
    page.tool("rotated").clicks((60, 60), (120, 60), (90, 100)).holds_box(60, 60, 60, 40, rotation=0)
    # drag along an edge, then the other side: the upper left to lower right edge of a square on its corner
    page.drag((150, 30), (190, 70))
    page.clicks((150, 110))
    page.until(lambda: page.count == 2)
    box = page.annotations[-1]
    assert box.rotation == pytest.approx(45, abs=1)
    centre = box.x + box.width / 2, box.y + box.height / 2
    assert centre == pytest.approx((150, 70), abs=1)
    page.tool("extreme").clicks((50, 10), (20, 30), (40, 50), (80, 20)).holds_box(20, 10, 60, 40)


def test_polygons(image_page: Open, screen: BrowserContext) -> None:
    page = image_page([coded()], polygons=["roof"], context=screen)
    triangle = ((40, 30), (100, 40), (70, 100))
    # closed by a click on the first point, by a double click, by Enter
    page.clicks(*triangle, (40, 30)).holds_points(*triangle)
    page.apart().clicks((150, 30), (200, 40)).click(170, 100, double=True)
    page.holds_points((150, 30), (200, 40), (170, 100))
    page.clicks((20, 110), (60, 110), (60, 150), (20, 150)).press("Enter")
    page.holds_points((20, 110), (60, 110), (60, 150), (20, 150))
    assert page.count == 3
    assert all(one.closed for one in page.polygons)


def test_a_polygons_points_are_taken_back_one_by_one(image_page: Open) -> None:
    page = image_page([coded()], polygons=["roof"])
    page.clicks((40, 30), (100, 40), (90, 60), (70, 100), (10, 10)).press("Backspace", "Control+z")
    page.clicks((20, 120)).press("Enter").holds_points((40, 30), (100, 40), (90, 60), (20, 120))
    # Escape drops it all, and submits nothing
    page.apart().clicks((140, 30), (200, 40)).press("Escape", "Enter")
    page.part("done").wait_for()
    assert len(page.polygons) == 1


def test_a_polygon_drawn_freely(image_page: Open) -> None:
    import math

    page = image_page([coded()], polygons=["roof"])
    circle = [(120 + 50 * math.cos(a / 20 * math.tau), 80 + 50 * math.sin(a / 20 * math.tau)) for a in range(21)]
    page.drag(*circle, steps=4)
    page.until(lambda: page.count == 1)
    (polygon,) = page.polygons
    assert 8 <= len(polygon.points) <= 60
    assert all(abs(math.hypot(x - 120, y - 80) - 50) < 2.5 for x, y in polygon.points)


def test_polylines(image_page: Open) -> None:
    page = image_page([coded()], polylines=["road"])
    page.clicks((20, 20), (80, 60), (140, 20)).click(200, 90, double=True)
    page.holds_points((20, 20), (80, 60), (140, 20), (200, 90))
    assert not page.polygons[0].closed


def test_holes(image_page: Open) -> None:
    page = image_page([coded()], polygons=["roof"])
    page.clicks((20, 20), (200, 20), (200, 140), (20, 140)).press("Enter").until(lambda: page.count == 1)
    page.press("o").apart().clicks((60, 40), (120, 40), (120, 90)).press("Enter")
    page.until(lambda: page.polygons[0].holes)
    assert page.near(page.polygons[0].holes[0], [(60, 40), (120, 40), (120, 90)])
    # not across the outline
    page.apart().clicks((150, 100), (230, 100), (180, 120)).press("Enter")
    page.until(lambda: "inside" in page.hint)
    assert len(page.settle().polygons[0].holes) == 1


def test_points(image_page: Open, screen: BrowserContext) -> None:
    page = image_page([coded()], keypoints=["eye"], context=screen)
    page.clicks((33, 44), (120.5, 80.5)).until(lambda: page.count == 2)
    assert page.near([one.points[0] for one in page.skeletons], [(33, 44, 2), (120.5, 80.5, 2)])


def test_skeletons(image_page: Open) -> None:
    page = image_page([coded()], keypoints=SKELETON)
    # seen, covered, absent, seen
    page.clicks((100, 20)).click(140, 50, button="right").press("Delete").clicks((90, 130))
    page.until(lambda: page.count == 1)
    assert page.near(page.skeletons[0].points, [(100, 20, 2), (140, 50, 1), (0, 0, 0), (90, 130, 2)])
    # q is the second button of the keyboard; Enter leaves the rest out
    page.clicks((20, 20)).move(30, 50).press("q", "Enter").until(lambda: page.count == 2)
    assert page.near(page.skeletons[1].points, [(20, 20, 2), (30, 50, 1), (0, 0, 0), (0, 0, 0)])


def test_a_skeleton_in_a_frame(image_page: Open) -> None:
    page = image_page([coded()], keypoints=SKELETON)
    page.drag((40, 20), (100, 120)).until(lambda: page.count == 1)
    first = page.skeletons[0].points
    assert all(39 < x < 101 and 19 < y < 121 and v == 2 for x, y, v in first)
    # then its points are at hand
    assert page.held == "select"
    page.drag(first[0][:2], (70, 10)).until(lambda: page.near(page.skeletons[0].points[0], (70, 10, 2)))
    # the next one is like it
    page.press("n").drag((140, 20), (200, 120)).until(lambda: page.count == 2)
    second = page.skeletons[1].points
    assert second[0][0] == pytest.approx(170, abs=2)
    assert second[0][1] == pytest.approx(20, abs=1)


def test_what_is_tiny_or_outside(image_page: Open) -> None:
    page = image_page([coded()], boxes=["cat"])
    # a box that leaves the image ends at its edge
    page.drag((200, 120), (262, 200)).holds_box(200, 120, 40, 40)
    page.drag((30, 30), (90, 30.1)).until(lambda: "Too small" in page.hint)
    assert page.settle().count == 1
    page.move(40, 40).drag((30, 30), (90, 60)).holds_box(30, 30, 60, 30)
    assert "Too small" not in page.hint


def test_without_a_label_the_labels_are_offered(image_page: Open) -> None:
    page = image_page([coded()], boxes=["cat", "dog"])
    page.drag((40, 30), (100, 90))
    page.part("popover").locator('.nbl-chip[data-label="dog"]').click()
    page.holds_box(40, 30, 60, 60).holds(labels=["dog"])
    page.drag((120, 30), (180, 90)).press("1").holds(labels=["dog", "cat"])
    page.drag((20, 100), (80, 150)).press("Escape")
    page.part("popover").wait_for(state="detached")
    assert page.settle().labels == ["dog", "cat"]


def test_the_first_click_of_a_newcomer(image_page: Open) -> None:
    page = image_page([coded()], boxes=["cat", "dog"], polygons=["roof"], masks=["sky"])
    assert page.held == "select"
    assert page.hint == "Pick a label, then draw"
    page.label("roof")
    assert page.held == "polygon"
    assert "corners" in page.hint
    page.label("dog")
    assert page.held == "box"
    page.label("sky")
    assert page.held == "brush"
    # a tool that does not suit the label lets go of it
    page.press("r").until(lambda: page.held == "box")
    assert page.chip("sky").get_attribute("aria-pressed") == "false"
    assert page.part("hint").inner_text() == "Drag a box, or click two corners"


# ---- drawing with keys -----------------------------------------------------------------------------


def at_start(page: ImagePage, *keys: str) -> ImagePage:
    """The cursor in the upper left corner of the image."""
    page.focus_image().press(*keys, "ArrowLeft")
    for _ in range(12):
        page.press("Shift+ArrowLeft", "Shift+ArrowUp")
    return page.until(lambda: page.pointed == "0, 0")


def by_pixels(page: ImagePage, x: int = 0, y: int = 0) -> ImagePage:
    """Move the cursor by pixels of the image."""
    for count, forth, back in ((x, "ArrowRight", "ArrowLeft"), (y, "ArrowDown", "ArrowUp")):
        for _ in range(abs(count)):
            page.press(f"Alt+{forth if count > 0 else back}")
    return page


def test_a_box_with_keys_alone(image_page: Open, root: str) -> None:
    page = image_page([coded(48, 32), coded(48, 32)], boxes=["cat", "dog"], root=root)
    at_start(page, "2")
    by_pixels(page, 5, 4).press("Enter")
    by_pixels(page, 20, 10).press("Enter").holds_box(5, 4, 20, 10).holds(labels=["dog"])
    # Escape puts the cursor away; then Enter submits
    page.press("Escape", "Enter").at(1)
    assert page.session.response is None or not page.session.response.annotations


def test_every_kind_with_keys_alone(image_page: Open) -> None:
    page = image_page(
        [coded(48, 32)], boxes=["cat"], polygons=["roof"], polylines=["road"], keypoints=SKELETON, masks=["sky"]
    )
    at_start(page, "p")
    for x, y in ((4, 4), (10, 0), (0, 10)):
        by_pixels(page, x, y).press("Enter")
    page.press("Enter").holds_points((4, 4), (14, 4), (14, 14))
    page.press("Shift+P")
    for x, y in ((1, 0), (10, 0), (0, 10)):
        by_pixels(page, x, y).press("Enter")
    page.press("Enter").holds_points((15, 14), (25, 14), (25, 24))
    page.press("k")
    for x in (0, 2, 4):
        by_pixels(page, x, -2).press("Enter")
    page.press("Delete").until(lambda: len(page.skeletons) == 1)
    assert page.near(page.skeletons[0].points, [(25, 22, 2), (27, 20, 2), (31, 18, 2), (0, 0, 0)])
    page.press("Shift+R")
    for x, y in ((2, 2), (8, 0), (0, 5)):
        by_pixels(page, x, y).press("Enter")
    page.holds_box(33, 20, 8, 5, rotation=0)
    page.press("t")
    for x, y in ((-10, -20), (-4, 4), (4, 4), (6, -4)):
        by_pixels(page, x, y).press("Enter")
    page.holds_box(27, 5, 10, 8)
    page.press("b", "[", "[", "[", "[", "[", "[", "[", "[", "[")
    by_pixels(page, -20, 10).press("Enter")
    by_pixels(page, 6).press("Enter").until(lambda: len(page.masks) == 1)
    assert 6 <= page.masks[0].sum() <= 200
    assert page.labels == ["roof", "road", "person", "cat", "cat", "sky"]


def test_selecting_and_editing_with_keys_alone(image_page: Open) -> None:
    page = image_page(
        make=drafted(
            nb.Box(40, 30, 60, 40, "cat"),
            nb.Polygon([(120, 20), (200, 20), (200, 90)], "roof"),
            boxes=["cat", "dog"],
            polygons=["roof"],
        )
    )
    page.focus_image().press(".").until(lambda: page.selected == ["60 × 40"])
    page.press("ArrowRight", "ArrowDown", "Shift+ArrowRight").holds_box(51, 31, 60, 40, at=0)
    page.press("Alt+ArrowRight", "Alt+ArrowUp").holds_box(51, 31, 61, 39, at=0)
    page.press("2").holds(labels=["dog", "roof"])
    # the first handle is the upper left corner
    page.press("Shift+Period", "ArrowLeft", "ArrowUp").holds_box(50, 30, 62, 40, at=0)
    page.press("Escape", "Alt+]", "Shift+]").holds_box(50, 30, 62, 40, at=0, rotation=16)
    page.press(".", "Shift+Period", "Shift+Period", "ArrowUp").holds_points((120, 20), (200, 19), (200, 90))
    page.press("Insert").holds_points((120, 20), (200, 19), (200, 54.5), (200, 90))
    page.press("Delete").holds_points((120, 20), (200, 19), (200, 90))
    page.press("Delete").holds(labels=["dog"])
    page.press("Control+z").holds(labels=["dog", "roof"])
    page.press("Control+Backspace").holds(count=0)


# ---- editing with the mouse ------------------------------------------------------------------------


@pytest.fixture
def one_box(image_page: Open) -> ImagePage:
    return image_page(make=drafted(nb.Box(60, 40, 80, 60, "cat"), boxes=["cat", "dog"])).tool("select")


def test_moving_and_resizing(one_box: ImagePage) -> None:
    page = one_box.click(100, 70)
    page.until(lambda: page.selected == ["80 × 60"])
    page.drag((100, 70), (120, 60)).holds_box(80, 30, 80, 60)
    page.drag((80, 30), (70, 20)).holds_box(70, 20, 90, 70)
    page.drag((160, 55), (180, 50)).holds_box(70, 20, 110, 70)
    page.drag((125, 90), (130, 100)).holds_box(70, 20, 110, 80)
    # not beyond the image's edge
    page.drag((125, 60), (20, 60)).holds_box(0, 20, 110, 80)
    page.press("Control+z").holds_box(70, 20, 110, 80)
    page.press("Control+z", "Control+z", "Control+z", "Control+z").holds_box(60, 40, 80, 60)
    page.press("Control+Shift+z").holds_box(80, 30, 80, 60)


def test_turning(one_box: ImagePage) -> None:
    page = one_box.click(100, 70)
    away = 22 / page.look().scale
    page.drag((100, 40 - away), (200, 70)).holds_box(60, 40, 80, 60, rotation=90)
    # its handles have turned with it
    page.drag((100 + 30, 70 - 40), (100 + 30, 70 - 50)).until(lambda: page.annotations[0].width > 85)


def test_clicks_select_what_lies_below(image_page: Open) -> None:
    boxes = (nb.Box(20, 20, 160, 120, "cat"), nb.Box(60, 50, 80, 60, "dog"), nb.Box(80, 60, 30, 30, "cat"))
    page = image_page(make=drafted(*boxes, boxes=["cat", "dog"])).tool("select")
    for size in ("30 × 30", "80 × 60", "160 × 120", "30 × 30"):
        page.click(90, 70).until(lambda s=size: page.selected == [s])
    page.click(220, 150).until(lambda: page.selected == [])
    # with shift several, which go together
    page.click(30, 30).click(70, 55, held="Shift").until(lambda: len(page.selected) == 2)
    page.drag((30, 30), (40, 35)).until(lambda: page.boxes[:2] == [(30, 25, 160, 120), (70, 55, 80, 60)])
    page.press("Delete").holds(boxes=[(80, 60, 30, 30)])


def test_a_rubber_band(image_page: Open) -> None:
    boxes = (nb.Box(20, 20, 30, 30, "cat"), nb.Box(60, 50, 30, 30, "dog"), nb.Box(180, 100, 30, 30, "cat"))
    page = image_page(make=drafted(*boxes, boxes=["cat", "dog"])).tool("select")
    page.drag((10, 10), (100, 90)).until(lambda: len(page.selected) == 2)
    page.press("1").holds(labels=["cat", "cat", "cat"])
    page.press("Control+a").until(lambda: len(page.selected) == 3)
    page.press("Shift+ArrowRight").until(lambda: [b[0] for b in page.boxes] == [30, 70, 190])
    page.press("Control+z").until(lambda: [b[0] for b in page.boxes] == [20, 60, 180])


def test_polygons_points_by_mouse(image_page: Open) -> None:
    square = [(60, 40), (160, 40), (160, 120), (60, 120)]
    page = image_page(make=drafted(nb.Polygon(square, "roof"), polygons=["roof"])).tool("select").click(100, 80)
    page.drag((60, 40), (40, 30)).holds_points((40, 30), *square[1:])
    # the middle of an edge is a new point, by drag and by click
    page.drag((160, 80), (200, 80)).holds_points((40, 30), (160, 40), (200, 80), (160, 120), (60, 120))
    page.click(110, 120).holds_points((40, 30), (160, 40), (200, 80), (160, 120), (110, 120), (60, 120))
    page.click(200, 80, held="Alt").holds_points((40, 30), (160, 40), (160, 120), (110, 120), (60, 120))
    page.press("Shift+S").holds_points((40, 30), (160, 40), (160, 120), (60, 120))
    # with ctrl it snaps to others' points
    page.tool("polygon").apart().clicks((200, 20), (220, 60))
    with page.holding("Control"):
        page.clicks((161.5, 41.5))
    page.press("Enter").holds_points((200, 20), (220, 60), (160, 40), within=0.2)


def test_copies(image_page: Open) -> None:
    page = image_page(make=drafted(nb.Box(60, 40, 80, 60, "cat"), boxes=["cat", "dog"])).tool("select").click(100, 70)
    page.press("Control+d").until(lambda: page.count == 2)
    (_, copy) = page.boxes
    assert copy[2:] == (80, 60)
    assert copy[0] > 60
    page.press("Control+c", "Control+ArrowRight").at(1).press("Control+v").until(lambda: page.boxes == [copy])
    page.press("Control+ArrowLeft").at(0)
    page.focus_image().press(".", "Control+b").at(1)
    page.until(lambda: (60, 40, 80, 60) in page.boxes)
    assert len({one.id for one in page.annotations}) == 2


def test_order_groups_and_looks(image_page: Open) -> None:
    boxes = (nb.Box(20, 20, 100, 80, "cat"), nb.Box(60, 50, 100, 80, "dog"))
    page = image_page(make=drafted(*boxes, boxes=["cat", "dog"])).tool("select").click(30, 30)
    page.press("PageUp").until(lambda: page.annotations[0].z == 1)
    page.press("q").until(lambda: page.annotations[0].occluded)
    page.press("Control+a", "Shift+G").until(
        lambda: page.annotations[0].group and page.annotations[0].group == page.annotations[1].group
    )
    page.press("Alt+g").until(lambda: not page.annotations[0].group)
    # what is locked stays where it is
    page.click(30, 30).press("l").drag((30, 30), (60, 60)).press("Delete", "ArrowRight")
    assert page.settle().boxes == [(20, 20, 100, 80), (60, 50, 100, 80)]
    page.press("l").press("ArrowRight").holds(boxes=[(21, 20, 100, 80), (60, 50, 100, 80)])
    # what is hidden is not there for the pointer
    page.press("Shift+H").click(30, 30).until(lambda: page.selected == [])
    page.press("Alt+Shift+H").click(30, 30).until(lambda: page.selected != [])
    page.press("Alt+h").click(150, 120).until(lambda: page.selected == [])


def test_attributes(image_page: Open) -> None:
    car = nb.Label("car", attributes=[nb.Attribute("truncated", "bool"), nb.Attribute("make", "text")])
    page = image_page([coded()], boxes=[car, "tree"])
    page.label("car").drag((60, 40), (140, 100))
    page.root.get_by_label("truncated").check()
    page.until(lambda: page.annotations[0].attributes == {"truncated": True})
    page.focus_image().press("v").click(100, 70).press("i", "Tab", "Tab", "Tab", "Tab")
    page.root.get_by_label("make").fill("Volvo")
    page.until(lambda: page.annotations[0].attributes == {"truncated": True, "make": "Volvo"})
    page.press("Escape").press("2").holds(labels=["tree"])
    assert page.annotations[0].attributes == {}


def test_the_list_beside_the_image(one_box: ImagePage) -> None:
    page = one_box
    page.entries().locator(".nbl-entry-main").click()
    page.until(lambda: page.selected == ["80 × 60"])
    page.entries().hover()
    page.entries().get_by_title("Lock").click()
    page.drag((100, 70), (120, 60))
    assert page.settle().boxes == [(60, 40, 80, 60)]
    page.entries().get_by_title("Lock").click()
    page.entries().get_by_title("Delete").click()
    page.holds(count=0)


# ---- around ----------------------------------------------------------------------------------------


def test_space(image_page: Open) -> None:
    page = image_page([coded(), coded(), coded()], boxes=["cat"])
    page.focus_image().zoom("+", "+", "+", "+")
    before = page.look()
    # held, the pointer moves the view
    x, y = page.screen(120, 80)
    page.mouse.move(x, y)
    page.page.keyboard.down("Space")
    page.mouse.down()
    page.mouse.move(x + 40, y - 30, steps=4)
    page.mouse.up()
    page.page.keyboard.up("Space")
    page.looked_away()
    assert page.look().screen((0, 0)) == pytest.approx((before.left + 40, before.top - 30), abs=1.5)
    assert page.settle().count == 0
    # a tap skips
    page.press("Space").at(1)
    assert [action for _, action in page.log] == ["skip"]


def test_no_key_leaks(image_page: Open) -> None:
    page = image_page([coded(), coded()], boxes=["cat"], polygons=["roof"], masks=["sky"])
    page.focus_image()
    for key in "vhrtpobekwsnq[]zl.,a":
        page.press(key)
    page.press("Escape", "Shift+A", "ArrowLeft", "Delete", "Backspace", "PageUp", "Insert")
    assert page.stage.leaked() == []


def test_submit_keeps_what_is_begun(image_page: Open) -> None:
    page = image_page([coded(), coded()], polygons=["roof"])
    page.clicks((40, 30), (100, 40), (70, 100))
    page.part("submit").click()
    page.at(1)
    ((key, (status, made)),) = {
        r.item.key: (r.response.status, r.response.annotations) for r in page.session.labelled()
    }.items()
    assert (key, status) == (0, "submitted")
    assert page.near(made[0].points, [(40, 30), (100, 40), (70, 100)])


def test_choices_beside_the_image(image_page: Open) -> None:
    page = image_page([coded(), coded()], boxes=["cat"], choices=["day", "night"])
    page.choose("night").holds(choices=["night"])
    page.drag((40, 30), (100, 90)).holds_box(40, 30, 60, 60, at=-1)
    page.press("Escape", "Escape", "Enter").at(1)
