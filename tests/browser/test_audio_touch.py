"""Fingers on a recording: they scroll and zoom, a long press marks, a tap selects."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

import nblabel as nb

from .audiopage import RULER, AudioPage, Place, beeps
from .stagepage import Touches
from .test_audio_segments import drafted

pytestmark = pytest.mark.browser

Open = Callable[..., AudioPage]


class Fingers(Touches):
    """Touches the timeline; places are on the screen."""

    def __init__(self, page: AudioPage) -> None:
        super().__init__(page)
        self.page = page

    def tap(self, point: Place) -> Fingers:
        self._send("touchStart", point)
        self._send("touchEnd")
        self.page.page.wait_for_timeout(380)
        return self

    def swipe(self, start: Place, end: Place, rest: int = 0) -> Fingers:
        """From one place to another, after a rest at the first."""
        self._send("touchStart", start)
        self.page.page.wait_for_timeout(rest)
        for n in range(1, 6):
            self._send("touchMove", (start[0] + (end[0] - start[0]) * n / 5, start[1] + (end[1] - start[1]) * n / 5))
        self._send("touchEnd")
        return self

    def pinch(self, middle: Place, before: float, after: float) -> Fingers:
        def pair(half: float) -> tuple[Place, Place]:
            return (middle[0] - half, middle[1]), (middle[0] + half, middle[1])

        self._send("touchStart", pair(before)[0])
        self._send("touchStart", *pair(before))
        for n in range(1, 7):
            self._send("touchMove", *pair(before + (after - before) * n / 6))
        self._send("touchEnd")
        self.page.looked_away()
        return self


def test_a_long_press_marks(audio_page: Open, phone: BrowserContext) -> None:
    page = audio_page([beeps(), beeps()], segments=["speech", "music"], context=phone)
    finger = Fingers(page)
    page.label("speech")
    finger.swipe(page.screen(2.0, page.wave), page.screen(4.0, page.wave), rest=550)
    page.holds_times((2.0, 4.0))
    page.picture("audio-touch")
    # a finger that moves at once marks nothing
    finger.swipe(page.screen(6.0, page.wave), page.screen(8.0, page.wave))
    assert page.settle().count == 1


def test_fingers_scroll_and_zoom(audio_page: Open, phone: BrowserContext) -> None:
    page = audio_page([beeps()], segments=["speech"], context=phone)
    fingers = Fingers(page)
    whole = page.per_pixel
    place = page.screen(5.0, page.wave)
    fingers.pinch(place, 25, 75)
    assert page.per_pixel == pytest.approx(whole / 3, rel=0.1)
    assert page.screen(5.0, page.wave)[0] == pytest.approx(place[0], abs=4)
    start = page.look()[0]
    fingers.swipe(place, (place[0] - 100, place[1]))
    page.looked_away()
    assert page.look()[0] == pytest.approx(start + 100 * page.per_pixel, abs=12 * page.per_pixel)
    assert page.settle().count == 0


def test_a_tap_selects_and_edges_are_dragged(audio_page: Open, phone: BrowserContext) -> None:
    page = audio_page(make=drafted(nb.Segment(3.0, 6.0, "speech"), segments=["speech"]), context=phone)
    finger = Fingers(page)
    finger.tap(page.screen(4.5, page.wave))
    page.until(lambda: len(page.selected) == 1)
    finger.swipe(page.screen(6.0, page.wave), page.screen(7.0, page.wave))
    page.holds_times((3.0, 7.0))
    finger.swipe(page.screen(4.0, page.row()), page.screen(5.0, page.row()))
    page.holds_times((4.0, 8.0), within=2.1 * page.per_pixel)
    page.part("delete").click()
    page.holds(count=0)
    # the ruler is scrubbed
    finger.swipe(page.screen(2.0, RULER / 2), page.screen(5.0, RULER / 2))
    page.until(lambda: abs(page.now - 5.0) < 2 * page.per_pixel)


def test_buttons_are_as_large_as_fingers(audio_page: Open, phone: BrowserContext) -> None:
    page = audio_page(
        make=drafted(nb.Segment(3.0, 6.0, "speech"), segments=nb.Segments(["speech"], transcript=True)), context=phone
    )
    Fingers(page).tap(page.screen(4.5, page.wave))
    page.until(lambda: len(page.selected) == 1)
    small = page.root.evaluate(
        "(root) => [...root.querySelectorAll('button, select, input, textarea')].filter((one) => {"
        " const box = one.getBoundingClientRect(); return box.width > 0 && (box.height < 32 || box.width < 24); })"
        ".map((one) => `${one.className} ${one.title}`)"
    )
    assert small == []
    assert page.page.evaluate("() => document.documentElement.scrollWidth") <= 400
