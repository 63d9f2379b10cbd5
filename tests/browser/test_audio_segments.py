"""Marking and editing segments with the mouse; what counts is what Python holds afterwards, to one pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nblabel as nb

from .audiopage import AudioPage, beeps

pytestmark = pytest.mark.browser

Open = Callable[..., AudioPage]


def drafted(*annotations: nb.Annotation, items: int = 2, data: Any = None, **options: Any) -> Callable[[], Any]:
    """A labeler whose first recording has been begun."""

    def make() -> Any:
        sounds = data or [beeps(at=(n + 1.0, n + 3.0)) for n in range(items)]
        lab = nb.AudioLabeler(sounds, store=":memory:", annotator="ada", **options)
        lab.draft(list(annotations))
        return lab

    return make


def test_drags_become_segments(audio_page: Open, root: str) -> None:
    page = audio_page([beeps(), beeps(at=(2.0,))], segments=["speech", "music"], root=root)
    page.label("speech").drag(1.0, 2.0)
    page.holds_times((1.0, 2.0))
    # from right to left, and in the row below
    page.drag(4.0, 3.0).holds_times((1.0, 2.0), (3.0, 4.0))
    page.label("music").drag(5.0, 6.5, page.row())
    page.holds_times((1.0, 2.0), (3.0, 4.0), (5.0, 6.5))
    page.holds(labels=["speech", "speech", "music"])
    # every end is a frame of the recording
    assert all(abs(time * 8000 - round(time * 8000)) < 1e-6 for one in page.times for time in one)
    assert page.entries().count() == 3
    page.press("Control+z").holds(labels=["speech", "speech"])
    page.press("Control+z", "Control+z").holds(count=0)
    page.press("Control+Shift+Z").holds(labels=["speech"])
    page.picture(f"audio-segments-{root}")


def test_a_drag_without_a_label_asks_for_one(audio_page: Open) -> None:
    page = audio_page([beeps()], segments=["speech", "music"])
    page.drag(1.0, 2.0)
    page.part("popover").wait_for()
    assert page.settle().count == 0
    page.press("2").holds(labels=["music"])
    page.drag(3.0, 4.0).part("popover").locator('.nbl-chip[data-label="speech"]').click()
    page.holds(labels=["music", "speech"])
    # Escape drops it, Enter does not submit before
    page.drag(5.0, 6.0).press("Enter").until(lambda: "label" in page.hint)
    page.press("Escape").until(lambda: page.part("popover").count() == 0)
    assert page.settle().labels == ["music", "speech"]


@pytest.mark.parametrize("zoom", [0, 3])
def test_edges_and_bodies_are_dragged(audio_page: Open, zoom: int) -> None:
    page = audio_page(make=drafted(nb.Segment(4.0, 6.0, "speech"), segments=["speech"]))
    page.focus_timeline()
    if zoom:
        page.head(5.0).zoom(*["+"] * zoom)
    y = page.row()
    page.drag(6.0, 5.5, y).holds_times((4.0, 5.5))
    page.drag(4.0, 4.4, y).holds_times((4.4, 5.5))
    page.drag(5.0, 5.2, y).holds_times((4.6, 5.7), within=2.1 * page.per_pixel)
    # over the waves its edges can be dragged while it is selected
    start, end = page.times[0]
    page.drag(end, 5.3).holds_times((start, 5.3))
    # past its other end
    page.drag(start, 5.6, y).holds_times((5.3, 5.6), within=2.1 * page.per_pixel)
    page.press("Control+z").holds_times((start, 5.3), within=2.1 * page.per_pixel)
    assert page.count == 1


def test_the_closest_view_is_exact_to_the_sample(audio_page: Open) -> None:
    page = audio_page([beeps()], segments=["speech"])
    page.home("ArrowRight", "ArrowRight")
    page.press(*["+"] * 30)
    box = page.box
    # eight pixels are one frame
    x, y = box["x"] + 200, box["y"] + page.wave
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 160, y, steps=4)
    page.mouse.up()
    page.until(lambda: page.count == 1)
    start, end = page.times[0]
    assert round((end - start) * 8000) in (19, 20, 21)
    assert abs(start - 2.0) < 0.02
    # edges can be taken hold of here, too
    page.drag_pixels(x + 160, x + 240, y)
    page.until(lambda: round((page.times[0][1] - start) * 8000) in (29, 30, 31))


def test_overlaps_are_refused_with_a_hint(audio_page: Open) -> None:
    page = audio_page(make=drafted(nb.Segment(4.0, 6.0, "speech"), segments=nb.Segments(["speech"], overlap=False)))
    # what begins in free time ends where the next one begins
    page.drag(2.0, 5.0).holds_times((4.0, 6.0), (2.0, 4.0))
    page.press("Control+z").holds_times((4.0, 6.0))
    # what begins in another one is not made
    page.drag(5.0, 7.0).until(lambda: "overlap" in page.hint)
    page.picture("audio-overlap")
    assert page.settle().count == 1
    page.drag(7.0, 8.0).holds_times((4.0, 6.0), (7.0, 8.0))
    # nor is it resized or moved over one
    page.drag(7.0, 5.0, page.row()).holds_times((4.0, 6.0), (6.0, 8.0))
    page.home(*["ArrowRight"] * 5, "[", "ArrowRight", "ArrowRight", "]").until(lambda: "overlap" in page.hint)
    assert page.settle().count == 2


def test_segments_snap(audio_page: Open) -> None:
    page = audio_page(make=drafted(nb.Segment(4.0, 6.0, "speech"), segments=["speech", "music"]))
    page.label("music")
    near = 4 * page.per_pixel
    page.drag(2.0, 4.0 - near)
    page.until(lambda: page.count == 2 and page.times[1][1] == 4.0)
    page.drag(6.0 + 2 * near, 7.0)  # beside the edge: on it, one would move that
    page.until(lambda: page.count == 3 and page.times[2][0] == 6.0)
    # alt does not snap
    page.press("Escape").drag(8.0, 6.0 + near, held="Alt")
    page.until(lambda: page.count == 4)
    assert 6.0 < page.times[3][0] < 6.0 + 2 * near
    # nor does anything once it is off
    page.part("snap").click()
    page.drag(1.0, 4.0 - near)
    page.until(lambda: page.count == 5)
    assert page.times[4][1] != 4.0


def test_snapping_to_zero_crossings(audio_page: Open) -> None:
    sound = beeps(pitch=100.0)
    page = audio_page([sound], segments=["speech"])
    page.part("adjust").click()
    page.part("adjustments").get_by_label("zero crossings").check()
    page.press("Escape")
    # what is played is what is snapped to: it has to be here
    page.home("Space").until(lambda: page.now > 0.05)
    page.press("Space").drag(1.2, 1.7)
    page.until(lambda: page.count == 1)
    wave = sound[0][:, 0]
    for time in page.times[0]:
        at = round(time * 8000)
        assert (wave[at - 1] < 0) != (wave[at] < 0), (time, wave[at - 2 : at + 2])


def test_clicks_select_and_put_the_play_head(audio_page: Open) -> None:
    page = audio_page(
        make=drafted(nb.Segment(2.0, 5.0, "speech"), nb.Segment(3.0, 4.0, "music"), segments=["speech", "music"])
    )
    # of two at one place first the shorter one, then the other
    page.click(3.5, page.wave).until(lambda: page.selected == ["0:03.00–0:04.00"])
    assert page.now == pytest.approx(3.5, abs=2 * page.per_pixel)
    page.click(3.5, page.wave).until(lambda: page.selected == ["0:02.00–0:05.00"])
    page.click(8.0, page.wave).until(lambda: page.selected == [])
    page.click(3.5, page.wave).click(2.5, page.wave, held="Control")
    page.until(lambda: len(page.selected) == 2)
    page.part("inspector").get_by_text("2 segments").wait_for()
    # a label key changes both
    page.press("2").holds(labels=["music", "music"])
    page.part("merge").click()
    page.holds_times((2.0, 5.0), within=0)


def test_a_double_click_plays_it(audio_page: Open) -> None:
    page = audio_page(make=drafted(nb.Segment(2.0, 2.4, "speech"), segments=["speech"]))
    page.click(2.2, page.wave, double=True)
    page.until(lambda: page.plays or page.now > 2.39)
    page.until(lambda: not page.plays)
    assert page.now == pytest.approx(2.4, abs=0.002)


def test_split_merge_fill_and_rest(audio_page: Open) -> None:
    page = audio_page(make=drafted(nb.Segment(2.0, 4.0, "speech", text="one"), segments=["speech", "music"]))
    page.home(*["ArrowRight"] * 3, "s").holds(times=[(2.0, 3.0), (3.0, 4.0)])
    page.press("Control+z").holds(times=[(2.0, 4.0)])
    page.press("s").holds(times=[(2.0, 3.0), (3.0, 4.0)])
    page.press("Control+a", "m").holds(times=[(2.0, 4.0)], texts=["one"])
    page.press("Escape").label("music").press("d").holds(
        times=[(2.0, 4.0), (0.0, 2.0), (4.0, 10.0)], labels=["speech", "music", "music"]
    )
    page.press("Control+z").holds(count=1)
    page.click(3.0, page.row()).part("fill").click()
    page.holds(times=[(0.0, 10.0)])


def test_copies_go_to_the_play_head_and_to_other_items(audio_page: Open) -> None:
    page = audio_page(make=drafted(nb.Segment(2.0, 3.0, "speech", text="hm"), segments=["speech"]))
    page.click(2.5, page.row()).press("Control+c").home(*["ArrowRight"] * 5, "Control+v")
    page.holds(times=[(2.0, 3.0), (5.0, 6.0)], texts=["hm", "hm"])
    page.press("Control+d").holds(times=[(2.0, 3.0), (5.0, 6.0), (6.0, 7.0)])
    page.press("Control+ArrowRight").at(1).home("ArrowRight", "Control+v").holds(times=[(1.0, 2.0)])


def test_times_are_written_exactly(audio_page: Open) -> None:
    page = audio_page(make=drafted(nb.Segment(2.0, 3.0, "speech"), segments=["speech"]))
    page.click(2.5, page.row())
    start, end = page.part("inspector").get_by_label("Start"), page.part("inspector").get_by_label("End")
    start.fill("1.2345")
    start.press("Enter")
    page.holds(times=[(1.2345, 3.0)])
    end.fill("0:04,5")
    end.press("Tab")
    page.holds(times=[(1.2345, 4.5)])
    end.fill("soon")
    end.press("Enter")
    page.until(lambda: "no time" in page.hint)
    assert end.input_value() == "0:04.500"
    # behind the end of the recording is its end
    end.fill("99")
    end.press("Enter")
    page.holds(times=[(1.2345, 10.0)])
    page.press("Escape", "Control+z").holds(times=[(1.2345, 4.5)])


def test_snapping_to_the_quietest_moment(audio_page: Open) -> None:
    rate = 8000
    sound = 0.4 * np.random.default_rng(5).uniform(-1, 1, 10 * rate).astype(np.float32)
    hush = [(2.0, 2.1), (6.0, 6.1)]
    for start, end in hush:
        sound[round(start * rate) : round(end * rate)] = 0
    page = audio_page([(sound, rate)], segments=["speech"])
    page.part("adjust").click()
    page.part("adjustments").get_by_label("the quietest moment near").check()
    page.press("Escape").home(*["ArrowRight"] * 4, "+").looked_away()
    page.drag(2.05 - 4 * page.per_pixel, 6.05 + 4 * page.per_pixel)
    page.until(lambda: page.count == 1)
    for time, (start, end) in zip(page.times[0], hush, strict=True):
        assert start + 0.03 < time < end - 0.03
    # alt leaves it where it is let go
    page.press("Escape").drag(3.0, 5.95, held="Alt").holds_times(page.times[0], (3.0, 5.95))


def test_what_is_locked_or_hidden(audio_page: Open) -> None:
    page = audio_page(
        make=drafted(nb.Segment(2.0, 4.0, "speech"), nb.Segment(6.0, 7.0, "music"), segments=["speech", "music"])
    )
    y = page.row()
    first = page.entries().first
    first.hover()
    first.get_by_role("button", name="Lock speech").click()
    # it can be selected, but not dragged: neither its edges nor the whole of it
    page.click(3.0, y).until(lambda: "locked" in page.hint)
    page.press("Delete").until(lambda: page.hint == "It is locked")
    page.press("Alt+Shift+ArrowRight").until(lambda: page.hint == "It is locked")
    assert page.part("delete").is_disabled()
    assert page.settle().times == [(2.0, 4.0), (6.0, 7.0)]
    page.press("Shift+L", "Alt+Shift+ArrowRight").holds(times=[(2.01, 4.01), (6.0, 7.0)])
    # what is hidden is not there for the mouse
    page.click(6.5, y).press("Shift+H", "Escape").click(6.5, y)
    assert page.selected == []
    page.click(3.0, y).press("Alt+H").until(lambda: "shown" in page.said)
    page.picture("audio-solo")
    page.press("Alt+Shift+H").click(6.5, y).until(lambda: len(page.selected) == 1)


def test_boxes_on_the_spectrogram(audio_page: Open) -> None:
    page = audio_page([beeps()], segments=nb.Segments(["whistle"], frequency=True), spectrogram=True)
    box = page.box
    top, bottom = page.wave + 62, box["height"] - 40
    page.drag(3.0, 4.0, top + 10, bottom - 10)
    page.until(lambda: page.count == 1)
    (one,) = page.segments
    assert (one.start, one.end) == (pytest.approx(3, abs=2 * page.per_pixel), pytest.approx(4, abs=2 * page.per_pixel))
    assert one.low is not None
    assert one.high is not None
    assert 0 < one.low < one.high < 4000
    page.picture("audio-box")
    # its upper side, then all of it
    page.drag(3.5, 3.5, top + 10, top + 40).until(lambda: page.segments[0].high < one.high)
    now = page.segments[0]
    assert (now.start, now.end, now.low) == (one.start, one.end, one.low)
    page.drag(3.5, 5.5, (top + bottom) / 2, (top + bottom) / 2).until(lambda: page.segments[0].start > 4.9)
    moved = page.segments[0]
    assert moved.low == now.low
    # exactly, by number
    low = page.part("inspector").get_by_label("Lowest frequency in hertz")
    low.fill("123")
    low.press("Enter")
    page.until(lambda: page.segments[0].low == 123)
    # over the waves a segment has no frequencies
    page.press("Escape", "Escape").drag(7.0, 8.0).until(lambda: page.count == 2)
    assert page.segments[1].low is None


def test_corners_of_boxes(audio_page: Open) -> None:
    segments = nb.Segments(["whistle"], frequency=True)
    made = nb.Segment(3.0, 5.0, "whistle", low=800.0, high=2000.0)
    page = audio_page(make=drafted(made, segments=segments, spectrogram={"scale": "linear"}))
    page.click(4.0, page.row()).until(lambda: len(page.selected) == 1)
    # where its sides are: found by where they are taken hold of
    height = page.box["height"]
    edges = []
    for y in range(int(page.wave), int(height)):
        page.mouse.move(*page.screen(4.0, y))
        if page.timeline.evaluate("(one) => one.style.cursor") == "ns-resize":
            edges.append(y)
    high = edges[0] + 5
    low = edges[-1] - 5
    assert low - high > 20
    page.drag(5.0, 5.5, low, low + 12)
    page.until(lambda: page.segments[0].low < 800 and page.segments[0].end > 5.4)
    one = page.segments[0]
    assert (one.start, one.high) == (3.0, 2000)
    page.drag(3.0, 2.5, high, high - 12)
    page.until(lambda: page.segments[0].high > 2000 and page.segments[0].start < 2.6)
    assert (page.segments[0].end, page.segments[0].low) == (one.end, one.low)


def test_what_has_no_fields_can_still_be_marked_to_listen(audio_page: Open) -> None:
    page = audio_page([beeps(), beeps()], choices=["good", "bad"])
    page.drag(2.0, 2.5).until(lambda: "0:02." in page.part("reads").inner_text())
    page.press("r").until(lambda: page.now > 2.3 and not page.plays)
    assert page.now == pytest.approx(2.5, abs=2 * page.per_pixel)
    assert page.count == 0
    page.choose("good").holds(count=0)


def test_edges_on_the_waves_are_taken_whatever_is_selected(audio_page: Open) -> None:
    page = audio_page([beeps()], segments=["a", "b"])
    page.focus_timeline().press("1").drag(2, 4).press("Escape", "2")
    page.drag(4, 5).holds_times((2, 5))
    # with alt a new one begins there
    page.press("Escape").drag(5, 7, held="Alt").until(lambda: len(page.times) == 2)
    assert sorted(page.labels) == ["a", "b"]


def test_the_hint_of_an_event_is_about_events(audio_page: Open) -> None:
    page = audio_page([beeps()], segments=["a"])
    page.focus_timeline().press("1", "Home", "ArrowRight", "e").until(lambda: page.times == [(1.0, 1.0)])
    page.until(lambda: page.hint.startswith("An event"))
