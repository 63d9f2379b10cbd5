"""Recordings without a mouse: listening, marking, editing; and no key of it reaches the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import nblabel as nb

from .audiopage import AudioPage, beeps, leaks
from .test_audio_segments import drafted

pytestmark = pytest.mark.browser

Open = Callable[..., AudioPage]


def test_a_recording_is_labelled_by_keys_alone(audio_page: Open, root: str) -> None:
    page = audio_page([beeps(), beeps()], segments=["speech", "music"], choices=["good", "bad"], root=root)
    page.page.locator("#before").focus()
    for _ in range(40):
        page.page.keyboard.press("Tab")
        if page.timeline.evaluate("(one) => one.getRootNode().activeElement === one"):
            break
    page.press("1", "Home", "ArrowRight", "[", "ArrowRight", "ArrowRight", "Alt+ArrowRight", "]")
    page.holds(times=[(1.0, 3.01)], labels=["speech"])
    assert page.said.startswith("speech: 0:01.000 – 0:03.010")
    # one second on, an event; then one that begins where it is and ends 5 seconds later
    page.press("2", "ArrowRight", "e", "[", "Shift+ArrowRight", "]")
    page.holds(times=[(1.0, 3.01), (4.01, 4.01), (4.01, 9.01)], labels=["speech", "music", "music"])
    # the selected one's ends go to the play-head
    page.press("ArrowLeft", "Shift+BracketRight").holds(times=[(1.0, 3.01), (4.01, 4.01), (4.01, 8.01)])
    page.press("Home", "Shift+ArrowRight", "Shift+BracketLeft").holds(times=[(1.0, 3.01), (4.01, 4.01), (5.0, 8.01)])
    page.press("Alt+Shift+ArrowLeft", "Alt+Shift+ArrowLeft").holds(times=[(1.0, 3.01), (4.01, 4.01), (4.98, 7.99)])
    # the one before it
    page.press(",").until(lambda: page.selected == ["0:04.01"])
    page.press("Delete").holds(times=[(1.0, 3.01), (4.98, 7.99)])
    # from edge to edge
    page.press("Home", "Alt+.", "Alt+.").until(lambda: page.now == 3.01)
    page.press("Alt+,").until(lambda: page.now == 1.0)
    page.press("3").holds(choices=["good"])
    page.press("Enter").at(1)
    assert page.log[-1][1] == "submit"
    assert leaks(page) == []


def test_playing(audio_page: Open) -> None:
    page = audio_page(make=drafted(nb.Segment(2.0, 2.3, "speech"), segments=["speech"]))
    page.home("Space").until(lambda: page.plays and page.now > 0.1)
    page.press("Space").until(lambda: not page.plays)
    assert page.place == (1, 2)
    # exactly what is marked
    page.press(".", "r").until(lambda: page.plays or page.now == 2.3)
    page.until(lambda: not page.plays and page.now == 2.3)
    # again and again, until it is told not to
    page.press("l", "r").until(lambda: page.plays)
    page.page.wait_for_timeout(700)
    assert page.plays
    assert 2.0 <= page.now <= 2.3
    page.press("l").until(lambda: not page.plays)
    # seeking while it plays goes on there
    page.press("Home", "Space").until(lambda: page.now > 0.05)
    page.press("Shift+ArrowRight").until(lambda: page.now > 5.05)
    assert page.plays
    page.press("b").until(lambda: 4.0 < page.now < 5.5)
    page.press("Space")
    page.press(">", ">").until(lambda: page.part("speed").input_value() == "1.25")
    page.press("<").until(lambda: page.part("speed").input_value() == "1.1")
    # the mouse does it, too
    page.part("play").click()
    page.until(lambda: page.plays)
    page.part("play").click()
    page.until(lambda: not page.plays)
    assert leaks(page) == []


def test_a_label_key_is_about_what_is_selected_again(audio_page: Open) -> None:
    page = audio_page([beeps()], segments=nb.Segments(["speech", "music"], transcript=True))
    page.label("speech").home("[", "ArrowRight", "]").holds(labels=["speech"])
    # what was just made: the key is about the next one
    page.press("2", "[", "ArrowRight", "]").holds(labels=["speech", "music"])
    page.press("t").type("hello").press("Escape", ",", ".", "1").holds(labels=["speech", "speech"])
    # also where there is no further one to go to
    page.press("ArrowRight", "[", "ArrowRight", "]").holds(labels=["speech", "speech", "music"])
    page.press(".", "1").holds(labels=["speech", "speech", "speech"], texts=["", "hello", ""])


def test_marking_while_it_plays(audio_page: Open) -> None:
    page = audio_page([beeps(), beeps()], segments=["speech"])
    page.home("Space").until(lambda: page.now > 0.2)
    page.press("[").until(lambda: "Begun" in page.hint)
    begun = page.now
    page.until(lambda: page.now > begun + 0.3)
    page.press("]").until(lambda: page.count == 1)
    assert page.plays
    start, end = page.times[0]
    assert 0.15 < start <= begun + 0.01
    assert end > begun + 0.25
    # Enter ends it as well, and submits only then
    page.press("[")
    page.until(lambda: page.now > end + 0.3)
    page.press("Enter").until(lambda: page.count == 2)
    assert page.place == (1, 2)
    page.press("Space", "Enter").until(lambda: page.place == (2, 2))


def test_zoom_and_pan(audio_page: Open) -> None:
    page = audio_page(make=drafted(nb.Segment(4.0, 5.0, "speech"), segments=["speech"]))
    whole = page.per_pixel
    page.zoom("+", "+")
    assert page.per_pixel == pytest.approx(whole / 2.25, rel=0.02)
    page.zoom("-")
    page.zoom(".", "Shift+Z")
    start, per_pixel = page.look()
    assert start == pytest.approx(4.0, abs=0.2)
    assert per_pixel * page.box["width"] == pytest.approx(1.2, abs=0.15)
    page.zoom("PageDown")
    assert page.look()[0] > start + 0.5
    page.zoom("z")
    assert page.per_pixel == pytest.approx(whole, rel=0.01)
    # with the wheel: about the pointer
    x, y = page.screen(7.0, page.wave)
    page.mouse.move(x, y)
    with page.holding("Control"):
        page.mouse.wheel(0, -240)
    page.looked_away()
    assert page.screen(7.0, page.wave)[0] == pytest.approx(x, abs=2)
    assert page.per_pixel < whole / 1.5
    before = page.look()[0]
    page.mouse.move(x, y)
    page.mouse.wheel(0, 200)
    page.looked_away()
    assert page.look()[0] > before
    # and with the strip above
    page.part("overview").click(position={"x": 30, "y": 10})
    page.looked_away()
    assert page.look()[0] < 1.0


def test_the_view_follows_the_play_head_but_not_who_looks_elsewhere(audio_page: Open) -> None:
    page = audio_page([beeps(40.0)], segments=["speech"], speed=2.0)
    page.home(*["+"] * 9, "Space")
    width = 40.0 / 1.5**9
    page.until(lambda: page.now > 2.2 * width)
    page.press("Space")
    start, per_pixel = page.looked_away().look()
    assert start > width
    assert start <= page.now <= start + per_pixel * page.box["width"]
    # looked elsewhere while it plays
    page.press("Home", "Space").until(lambda: page.now > 0.05)
    page.press("PageDown", "PageDown", "PageDown", "PageDown", "PageDown", "PageDown")
    page.page.wait_for_timeout(200)
    page.press("Space")
    assert page.looked_away().look()[0] > 3 * width


def test_no_key_reaches_the_page(audio_page: Open, root: str) -> None:
    page = audio_page(make=drafted(nb.Segment(4.0, 5.0, "speech"), segments=["speech", "music"]), root=root)
    page.focus_timeline()
    keys = [
        *"abdefgilmqrstwyz[],.<>+-=",
        "Space",
        "Home",
        "End",
        "PageUp",
        "PageDown",
        "Delete",
        "Backspace",
        "Shift+Space",
    ]
    arrows = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]
    for key in [*keys, *arrows, *(f"{held}+{one}" for held in ("Shift", "Alt") for one in arrows)]:
        page.press(key)
    assert leaks(page) == []


def test_skip_has_another_key(audio_page: Open) -> None:
    page = audio_page([beeps(), beeps()], segments=["speech"])
    page.focus_timeline().press("Shift+Space").at(1)
    assert page.log[-1][1] == "skip"


def test_keys_can_be_given(audio_page: Open) -> None:
    page = audio_page([beeps()], segments=["speech"], keys={"play": "k", "start": "u", "end": "o"})
    page.home("u", "ArrowRight", "o").holds(times=[(0.0, 1.0)])
    page.press("k").until(lambda: page.plays)
    page.press("k").until(lambda: not page.plays)
    page.press("?").part("help").get_by_text("Begin a segment at the play-head").wait_for()


def test_every_key_is_in_the_help(audio_page: Open) -> None:
    page = audio_page([beeps()], segments=nb.Segments(["speech"], transcript=True), spectrogram=True)
    page.focus_timeline().press("?")
    words = page.part("help").inner_text()
    for one in ("Play, or pause", "Begin a segment", "Split at the play-head", "Write the text", "Spectrogram", "Skip"):
        assert one in words
