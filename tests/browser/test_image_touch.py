"""Fingers and pens on images: one draws, two move the view, a long press selects."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import BrowserContext

import nblabel as nb

from .imagepage import ImagePage, Place, coded
from .stagepage import Touches
from .test_image_shapes import drafted

pytestmark = pytest.mark.browser

Open = Callable[..., ImagePage]


class Fingers(Touches):
    """Touches the image with one finger or two; places are the image's."""

    def __init__(self, page: ImagePage) -> None:
        super().__init__(page)
        self.page = page

    def tap(self, *points: Place) -> Fingers:
        for point in points:
            self._send("touchStart", self.page.screen(*point))
            self._send("touchEnd")
        return self

    def swipe(self, *points: Place) -> Fingers:
        places = [self.page.screen(*point) for point in points]
        self._send("touchStart", places[0])
        for a, b in itertools.pairwise(places):
            for n in range(1, 5):
                self._send("touchMove", (a[0] + (b[0] - a[0]) * n / 4, a[1] + (b[1] - a[1]) * n / 4))
        self._send("touchEnd")
        return self

    def rest(self, point: Place) -> Fingers:
        self._send("touchStart", self.page.screen(*point))
        self.page.page.wait_for_timeout(650)
        self._send("touchEnd")
        return self

    def pinch(self, middle: Place, before: float, after: float, move: Place = (0, 0)) -> Fingers:
        """Two fingers side by side go apart or together, by screen pixels, and maybe elsewhere."""
        x, y = self.page.screen(*middle)

        def pair(half: float, share: float) -> tuple[Place, Place]:
            dx, dy = move[0] * share, move[1] * share
            return (x - half + dx, y + dy), (x + half + dx, y + dy)

        first = pair(before, 0)
        self._send("touchStart", first[0])
        self._send("touchStart", *first)
        for n in range(1, 7):
            self._send("touchMove", *pair(before + (after - before) * n / 6, n / 6))
        self._send("touchEnd")
        self.page.looked_away()
        return self


def test_a_finger_draws(image_page: Open, phone: BrowserContext) -> None:
    page = image_page([coded(), coded()], boxes=["cat"], polygons=["roof"], masks=["sky"], context=phone)
    finger = Fingers(page)
    page.label("cat")
    finger.swipe((40, 30), (120, 90))
    page.holds_box(40, 30, 80, 60, within=0.8)
    page.label("roof")
    finger.tap((150, 20), (220, 30), (200, 100))
    page.part("finish").click()
    page.holds_points((150, 20), (220, 30), (200, 100), within=0.8)
    # where the screen is narrow, the brush's size takes a line more
    page.label("sky").looked_away()
    finger.swipe((40, 120), (120, 130), (200, 120))
    page.until(lambda: len(page.masks) == 1 and page.masks[0][125, 120])
    page.picture("image-touch")


def test_two_fingers_move_the_view(image_page: Open, phone: BrowserContext) -> None:
    page = image_page([coded()], boxes=["cat"], context=phone)
    fingers = Fingers(page)
    before = page.look()
    x, y = page.screen(120, 80)
    fingers.pinch((120, 80), 30, 75)
    after = page.look()
    assert after.scale == pytest.approx(2.5 * before.scale, rel=0.05)
    assert after.screen((120, 80)) == pytest.approx((x, y), abs=3)
    fingers.pinch((120, 80), 40, 40, (30, -20))
    assert page.look().screen((120, 80)) == pytest.approx((x + 30, y - 20), abs=3)
    assert page.settle().count == 0


def test_a_long_press_selects_and_fingers_edit(image_page: Open, phone: BrowserContext) -> None:
    page = image_page(make=drafted(nb.Box(60, 40, 80, 60, "cat"), boxes=["cat", "dog"]), context=phone)
    finger = Fingers(page)
    assert page.held == "box"
    finger.rest((100, 70))
    page.until(lambda: page.selected == ["80 × 60"])
    assert page.held == "select"
    finger.swipe((60, 40), (40, 30))
    page.holds_box(40, 30, 100, 70, within=0.8)
    finger.swipe((90, 60), (110, 80))
    page.holds_box(60, 50, 100, 70, within=0.8)
    page.part("delete").click()
    page.holds(count=0)


def test_buttons_are_as_large_as_fingers(image_page: Open, phone: BrowserContext) -> None:
    page = image_page([coded()], boxes=["cat"], masks=["sky"], context=phone)
    page.label("sky")
    small = page.root.evaluate(
        "(root) => [...root.querySelectorAll('button, select, input')].filter((one) => {"
        " const box = one.getBoundingClientRect(); return box.width > 0 && (box.height < 32 || box.width < 24); })"
        ".map((one) => `${one.className} ${one.title}`)"
    )
    assert small == []
    assert page.page.evaluate("() => document.documentElement.scrollWidth") <= 400


def test_a_pen_draws_as_a_mouse_does(image_page: Open) -> None:
    page = image_page([coded()], masks=["sky"])

    def pen(kind: str, x: float, y: float, buttons: int) -> None:
        page.canvas.evaluate(
            "(e, [kind, x, y, buttons]) => e.dispatchEvent(new PointerEvent(kind, { pointerId: 7, pointerType: 'pen',"
            " clientX: x, clientY: y, buttons, button: kind === 'pointermove' ? -1 : 0, isPrimary: true, bubbles: true,"
            " composed: true, pressure: 0.4 }))",
            [kind, *page.screen(x, y), buttons],
        )

    page.look()
    # a pointer that no device has cannot be captured
    page.canvas.evaluate("(e) => { e.setPointerCapture = () => undefined; }")
    pen("pointerdown", 60, 60, 1)
    for x in range(60, 161, 10):
        pen("pointermove", x, 60, 1)
    pen("pointerup", 160, 60, 0)
    page.until(lambda: len(page.masks) == 1)
    assert page.masks[0][60, 60:160].all()
    assert np.count_nonzero(page.masks[0]) < 24 * 140
