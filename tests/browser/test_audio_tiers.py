"""Several rows: a field, a label or a channel in each; what is drawn in a row belongs to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import nblabel as nb

from .audiopage import AudioPage, beeps
from .test_audio_segments import drafted

pytestmark = pytest.mark.browser

Open = Callable[..., AudioPage]


def test_a_row_for_each_label(audio_page: Open) -> None:
    page = audio_page([beeps()], segments=nb.Segments(["Ada", "Ben", "Cy"], tiers="label", overlap=False))
    page.drag(1.0, 2.0, page.row(1, 3)).drag(1.5, 3.0, page.row(0, 3)).drag(4.0, 5.0, page.row(2, 3))
    page.holds(labels=["Ben", "Ada", "Cy"])
    page.holds_times((1.0, 2.0), (1.5, 3.0), (4.0, 5.0))
    page.picture("audio-tiers")
    # a segment goes into another row, and gets its label
    page.drag(4.5, 4.5, page.row(2, 3), page.row(1, 3)).holds(labels=["Ben", "Ada", "Ben"])
    page.press("Control+z").holds(labels=["Ben", "Ada", "Cy"])
    # but not where it would lie over another one
    page.drag(2.0, 1.4, page.row(0, 3), page.row(1, 3)).until(lambda: "overlap" in page.hint)
    assert page.settle().labels == ["Ben", "Ada", "Cy"]


def test_a_row_for_each_channel(audio_page: Open) -> None:
    page = audio_page([beeps(channels=2)], segments=nb.Segments(["speech"], tiers="channel"))
    page.drag(1.0, 2.0, page.row(0, 2)).drag(3.0, 4.0, page.row(1, 2))
    page.until(lambda: [one.channel for one in page.segments] == [0, 1])
    # over a channel's wave it is that channel's
    page.drag(5.0, 6.0, page.wave).until(lambda: [one.channel for one in page.segments] == [0, 1, 0])
    page.drag(5.5, 5.5, page.row(0, 2), page.row(1, 2))
    page.until(lambda: [one.channel for one in page.segments] == [0, 1, 1])
    page.press("Shift+ArrowUp").until(lambda: [one.channel for one in page.segments] == [0, 1, 0])
    page.picture("audio-channels")


def test_a_row_is_chosen_by_keys(audio_page: Open) -> None:
    page = audio_page([beeps(channels=3)], segments=nb.Segments(["speech"], tiers="channel"))
    page.home("Shift+ArrowDown").until(lambda: "Channel 1" in page.hint)
    page.press("Shift+ArrowDown").until(lambda: "Channel 2" in page.hint)
    page.picture("audio-row")
    page.press("[", "ArrowRight", "]", "Escape", "Shift+ArrowDown", "ArrowRight", "e")
    page.until(lambda: [one.channel for one in page.segments] == [1, 2])
    # its segments are hidden as one
    page.press("Escape", "Shift+H", "Alt+ArrowUp").until(lambda: page.selected == ["0:00.00–0:01.00 · Channel 2"])


def test_a_row_for_each_field(audio_page: Open) -> None:
    page = audio_page(
        [beeps()],
        segments=nb.Segments(["speech", "music"]),
        fields={"scenes": nb.Segments(["indoors", "outdoors"]), "words": nb.Segments([], transcript=True)},
    )
    # the label in hand is used in its own row only; in another one a label is asked for, or there is none to ask for
    page.label("speech").drag(1.0, 2.0, page.row(0, 3)).holds(labels=["speech"])
    page.drag(3.0, 4.0, page.row(1, 3)).part("popover").locator('.nbl-chip[data-label="outdoors"]').click()
    page.drag(5.0, 6.0, page.row(2, 3)).press("t").type("hello").press("Escape")
    page.holds(labels=["speech", "outdoors", ""], texts=["", "", "hello"])
    assert [one.field for one in page.segments] == ["segments", "scenes", "words"]
    # nor does a segment go into another field's row
    page.drag(1.5, 1.5, page.row(0, 3), page.row(1, 3))
    assert [one.field for one in page.settle().segments] == ["segments", "scenes", "words"]


def test_overlapping_segments_stand_below_each_other(audio_page: Open) -> None:
    page = audio_page(
        make=drafted(nb.Segment(1.0, 5.0, "speech"), nb.Segment(2.0, 3.0, "music"), segments=["speech", "music"])
    )
    # two lanes of 17 pixels each, at the foot
    foot = page.box["height"]
    page.click(2.5, foot - 10).until(lambda: page.selected == ["0:02.00–0:03.00"])
    page.click(2.5, foot - 27).until(lambda: page.selected == ["0:01.00–0:05.00"])


def test_events_and_the_fields_that_take_none(audio_page: Open) -> None:
    page = audio_page([beeps()], segments=nb.Segments(["click"]), fields={"words": nb.Segments(["word"], events=False)})
    # with a label that takes none, an event is still one of the only field that does
    page.label("word").home("ArrowRight", "e").holds(times=[(1.0, 1.0)], labels=["click"])
    # an event is moved as it is
    page.drag(1.0, 1.5, page.row(0, 2)).holds_times((1.5, 1.5))
    assert page.times[0][0] == page.times[0][1]


def test_a_field_that_takes_no_events(audio_page: Open) -> None:
    page = audio_page([beeps()], segments=nb.Segments(["word"], events=False))
    assert "event" not in page.root.inner_text()
    page.home("ArrowRight", "[", "]").until(lambda: "not moved" in page.hint)
    page.press("ArrowRight", "]").holds(times=[(1.0, 2.0)])
    # dragged onto its other end it keeps a frame
    page.drag(2.0, 1.0, page.row()).until(lambda: page.times[0][1] < 1.5)
    assert page.times[0] == pytest.approx((1.0, 1.0 + 1 / 8000), abs=1e-6)


def test_attributes(audio_page: Open) -> None:
    label = nb.Label("speech", attributes=[nb.Attribute("loud", "bool"), nb.Attribute("language")])
    page = audio_page(make=drafted(nb.Segment(1.0, 2.0, "speech"), segments=[label, "music"]))
    page.focus_timeline().press(".", "i")
    page.part("inspector").get_by_label("loud").check()
    page.part("inspector").get_by_label("language").fill("fr")
    page.until(lambda: page.segments[0].attributes == {"loud": True, "language": "fr"})
    # another label has none
    page.press("Escape", "2").until(lambda: page.labels == ["music"] and page.segments[0].attributes == {})
