"""Fingers on a narrow screen: taps, a long press that marks, a swipe that scrolls."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, CDPSession

from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]
TEXT = "Ada Lovelace met Charles Babbage in London in June, and they talked about engines until the evening came."


class Finger:
    """Touches a page as a finger does. (Chromium makes no click of a tap that comes late or soon after a swipe: buttons
    are clicked here where more than one follows another.)
    """

    def __init__(self, page: TextPage) -> None:
        self.page = page
        self._client: CDPSession = page.page.context.new_cdp_session(page.page)

    def _send(self, kind: str, *points: tuple[float, float]) -> None:
        self._client.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        )

    def tap(self, x: float, y: float) -> None:
        self._send("touchStart", (x, y))
        self._send("touchEnd")

    def swipe(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        self._send("touchStart", begin)
        for n in range(1, 6):
            self._send("touchMove", (begin[0] + (end[0] - begin[0]) * n / 5, begin[1] + (end[1] - begin[1]) * n / 5))
        self._send("touchEnd")

    def press(self, begin: tuple[float, float], end: tuple[float, float] | None = None) -> None:
        """Rest until the word is taken, then draw to another place."""
        self._send("touchStart", begin)
        self.page.until(lambda: self.page.drawn("drag"))
        if end is not None:
            for n in range(1, 6):
                point = begin[0] + (end[0] - begin[0]) * n / 5, begin[1] + (end[1] - begin[1]) * n / 5
                self._send("touchMove", point)
        self._send("touchEnd")


def test_a_long_press_marks(text_page: Open, phone: BrowserContext, root: str) -> None:
    page = text_page([TEXT, "next"], spans=["PERSON", "PLACE"], context=phone, root=root)
    finger = Finger(page)
    page.chip("PERSON").click()
    finger.press(page.middle(6))
    page.holds(marked=[("Lovelace", "PERSON")])
    finger.press(page.middle(TEXT.index("Charles") + 2), page.middle(TEXT.index("Babbage") + 3))
    page.holds(marked=[("Lovelace", "PERSON"), ("Charles Babbage", "PERSON")])
    # without a label in hand the labels are offered
    page.chip("PERSON").click()
    finger.press(page.middle(TEXT.index("London") + 2))
    page.part("popover").locator('.nbl-chip[data-label="PLACE"]').click()
    page.holds(marked=[("Lovelace", "PERSON"), ("Charles Babbage", "PERSON"), ("London", "PLACE")])
    page.picture(f"text-touch-{root}")
    page.part("submit").click()
    page.at(1)
    assert page.answers()[0][0] == "submitted"


def test_a_tap_selects_and_its_bar_changes(text_page: Open, phone: BrowserContext) -> None:
    page = text_page([TEXT], spans=["PERSON", "PLACE"], relations=["met"], context=phone)
    finger = Finger(page)
    page.chip("PERSON").click()
    finger.press(page.middle(6))
    page.holds(marked=[("Lovelace", "PERSON")])
    page.chip("PERSON").click()
    finger.tap(*page.middle(6))
    page.until(lambda: page.selected == "Lovelace")
    # the handles are large enough for a finger, and resize
    handle = page.root.locator(".nbl-handle-end").bounding_box()
    assert handle
    assert handle["width"] >= 24
    word = page.middle(TEXT.index("met") + 1)
    finger.swipe((handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2), word)
    page.holds(marked=[("Lovelace met", "PERSON")])
    page.part("delete").click()
    page.holds(spans=[])
    page.part("undo").click()
    page.holds(marked=[("Lovelace met", "PERSON")])


def test_a_swipe_scrolls_and_marks_nothing(text_page: Open, phone: BrowserContext) -> None:
    page = text_page([TEXT * 30], spans=["PERSON"], context=phone, height=300)
    frame = page.surface.bounding_box()
    assert frame
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] - 40
    Finger(page).swipe((x, y), (x, y - 200))
    page.until(lambda: page.surface.evaluate("(text) => text.scrollTop") > 50)
    assert page.settle().spans == []


def test_everything_is_large_enough_for_a_finger(text_page: Open, phone: BrowserContext) -> None:
    page = text_page(
        [TEXT], spans=["PERSON", "PLACE"], fields={"mood": ["good", "bad", "neither"], "note": "text"}, context=phone
    )
    assert page.page.evaluate("() => matchMedia('(pointer: coarse)').matches")
    small = page.root.evaluate(
        "(root) => [...root.querySelectorAll('button, select, input, textarea')].filter((one) => {"
        " const box = one.getBoundingClientRect(); return box.width > 0 && (box.height < 32 || box.width < 24); })"
        ".map((one) => `${one.className} ${one.title}`)"
    )
    assert small == []
    assert page.page.evaluate("() => document.documentElement.scrollWidth") <= 400
    page.choice("good").tap()
    page.holds(choices=["good"])
    page.root.locator("textarea").first.tap()
    page.page.keyboard.insert_text("written with a thumb")
    page.holds(texts={"note": "written with a thumb"})
