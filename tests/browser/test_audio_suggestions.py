"""Suggested segments: seen as such, listened to, accepted, rejected, changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import nblabel as nb

from .audiopage import AudioPage, beeps

pytestmark = pytest.mark.browser

Open = Callable[..., AudioPage]
OFFERED = [
    nb.Segment(1.0, 2.0, "speech", score=0.9),
    nb.Segment(3.0, 4.0, "speech", score=0.4),
    nb.Segment(3.5, 4.5, "music", score=0.7),
]


def offered(audio_page: Open, count: int = 3, **options: Any) -> AudioPage:
    given: dict[str, Any] = {"segments": ["speech", "music"], "suggest": lambda _: list(OFFERED), **options}
    page = audio_page([beeps(), beeps(at=(2.0,))], **given)
    return page.until(lambda: page.entries("Suggestions").count() == count)  # type: ignore[return-value]


def test_one_by_one(audio_page: Open) -> None:
    page = offered(audio_page)
    page.focus_timeline().press("a").holds(times=[(1.0, 2.0)], labels=["speech"])
    assert page.segments[0].score == 0.9
    # the next one is selected, and the play-head goes there
    page.until(lambda: page.now == 3.0)
    page.press("x").until(lambda: page.entries("Suggestions").count() == 1)
    page.press("a").holds(labels=["speech", "music"])
    page.press("Enter").at(1)


def test_with_the_mouse(audio_page: Open) -> None:
    page = offered(audio_page)
    page.click(1.5, page.wave).part("accept").click()
    page.holds(times=[(1.0, 2.0)])
    row = page.entries("Suggestions").first
    row.hover()
    row.get_by_role("button", name="Reject speech").click()
    page.until(lambda: page.entries("Suggestions").count() == 1)
    page.picture("audio-suggestions")
    page.press("Control+z").holds(count=0)
    page.until(lambda: page.entries("Suggestions").count() == 2)


def test_by_score(audio_page: Open) -> None:
    page = offered(audio_page)
    page.root.get_by_label("Least score").fill("0.6")
    page.part("sift-accept").click()
    page.holds(labels=["speech", "music"])
    page.until(lambda: page.entries("Suggestions").count() == 1)


def test_all_at_once_but_none_over_another(audio_page: Open) -> None:
    # those that overlap each other do not even come: see the notice
    page = offered(audio_page, 2, segments=nb.Segments(["speech", "music"], overlap=False))
    page.part("suggest-error").get_by_text("Some suggestions for this item are missing").wait_for()
    page.drag(4.3, 6.0).part("popover").locator('.nbl-chip[data-label="music"]').click()
    page.press("Shift+A").holds(labels=["music", "speech"])
    page.until(lambda: "overlap" in page.hint)
    # nor alone
    page.press("a").until(lambda: "overlap" in page.hint)
    assert page.settle().count == 2
    assert page.entries("Suggestions").count() == 1


def test_what_is_changed_is_a_persons(audio_page: Open) -> None:
    page = offered(audio_page)
    page.drag(2.0, 2.5, page.row_of(0, 2)).until(lambda: page.count == 1)
    assert page.segments[0].source == "human"
    assert page.segments[0].score is None
    page.holds_times((1.0, 2.5))
    # another label as well
    page.click(3.2, page.row_of(0, 2)).press("2").holds(labels=["speech", "music"])
    assert page.segments[1].source == "human"


def test_a_model_that_fails_is_said(audio_page: Open) -> None:
    def broken(_sound: Any) -> list[Any]:
        raise ValueError("no such voice")

    page = audio_page([beeps()], segments=["speech"], suggest=broken)
    page.part("suggest-error").get_by_text("There are no suggestions for this item").wait_for()
    page.part("suggest-error").get_by_text("Details").click()
    page.part("suggest-error").get_by_text("no such voice").wait_for()
    page.drag(1.0, 2.0).holds_times((1.0, 2.0))
