"""Writing what is said: a text for each segment, with the player's keys at hand; and one for the whole recording."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import nblabel as nb

from .audiopage import AudioPage, beeps, leaks
from .test_audio_segments import drafted

pytestmark = pytest.mark.browser

Open = Callable[..., AudioPage]
WORDS = nb.Segments(["Ada", "Ben"], transcript=True, tiers="label", overlap=False)
THREE = [nb.Segment(1.0, 1.4, "Ada"), nb.Segment(3.0, 3.4, "Ben"), nb.Segment(5.0, 5.4, "Ada")]


def typing(page: AudioPage) -> bool:
    return bool(page.transcript.evaluate("(one) => one.getRootNode().activeElement === one"))


def test_texts_are_written_one_after_the_other(audio_page: Open, root: str) -> None:
    page = audio_page(make=drafted(*THREE, segments=WORDS), root=root)
    assert page.transcript.is_disabled()
    page.focus_timeline().press("t").until(lambda: typing(page))
    page.type("good morning")
    page.press("Enter").until(lambda: page.now >= 3.0 and typing(page))
    page.until(lambda: page.transcript.input_value() == "")
    # the next one is played at once
    page.until(lambda: not page.plays and page.now == 3.4)
    page.type("a b r . , 1 2 space").press("Enter").type("and so").press("Shift+Enter").type("on").press("Escape")
    page.holds(texts=["good morning", "a b r . , 1 2 space", "and so\non"])
    page.until(lambda: not typing(page))
    page.picture(f"audio-transcript-{root}")
    assert page.times == [(1.0, 1.4), (3.0, 3.4), (5.0, 5.4)]
    page.press("Enter").at(1)
    assert leaks(page) == []


def test_the_player_is_at_hand_while_typing(audio_page: Open) -> None:
    page = audio_page(make=drafted(nb.Segment(1.0, 8.0, "Ada"), nb.Segment(8.5, 8.9, "Ben"), segments=WORDS))
    page.focus_timeline().press("t").type("one ").press("Control+Space").until(lambda: page.plays and page.now > 1.1)
    page.type("two").press("Control+Space").until(lambda: not page.plays)
    before = page.now
    page.press("Alt+b").until(lambda: page.now < before - 0.9)
    page.press("Alt+r").until(lambda: page.plays)
    page.press("Alt+p").until(lambda: not page.plays)
    page.press("Alt+ArrowDown").until(lambda: page.now >= 8.5 and typing(page))
    page.type("three").press("Alt+ArrowUp").until(lambda: page.transcript.input_value() == "one two")
    page.type("!").holds(texts=["one two!", "three"])
    assert leaks(page) == []


def test_enter_in_the_last_text_leaves_it(audio_page: Open) -> None:
    page = audio_page(make=drafted(*THREE[:2], segments=WORDS))
    page.focus_timeline().press("t").type("one").press("Enter").until(lambda: page.now >= 3.0 and typing(page))
    page.type("two").press("Enter").until(lambda: not typing(page))
    page.press("Enter").at(1)
    assert [one.text for one in page.session.labelled()[0].response.annotations] == ["one", "two"]


def test_one_undo_takes_back_what_was_typed_at_once(audio_page: Open) -> None:
    page = audio_page(make=drafted(*THREE, segments=WORDS))
    page.focus_timeline().press("t").type("hello").press("Escape").holds(texts=["hello", "", ""])
    page.press("Control+z").holds(texts=["", "", ""])


def test_a_suggested_text_is_corrected(audio_page: Open) -> None:
    offered = [nb.Segment(1.0, 1.5, "Ada", text="recognise speech", score=0.8), nb.Segment(3.0, 3.5, "Ben", text="yes")]
    page = audio_page([beeps(), beeps()], segments=WORDS, suggest=lambda _: list(offered))
    page.until(lambda: page.entries("Suggestions").count() == 2)
    # Enter takes what stands there
    page.focus_timeline().press("t").until(lambda: page.transcript.input_value() == "recognise speech")
    page.press("End").type("!").press("Enter").until(lambda: page.transcript.input_value() == "yes")
    page.holds(texts=["recognise speech!"])
    page.press("Enter").holds(texts=["recognise speech!", "yes"])
    assert [one.source == "human" for one in page.segments] == [True, False]


def test_the_keys_stay_with_the_texts(audio_page: Open) -> None:
    """Between segments that have a text there are others; and the one that is written in may go."""
    page = audio_page(
        make=drafted(
            nb.Segment(1.0, 1.4, "Ada", field="segments"),
            nb.Segment(2.0, 2.4, "music", field="sounds"),
            nb.Segment(3.0, 3.4, "Ben", field="segments"),
            segments=WORDS,
            fields={"sounds": nb.Segments(["music"])},
        )
    )
    page.focus_timeline().press("t").type("one").press("Alt+ArrowDown").until(lambda: page.now == 3.0)
    page.type("two").holds(texts=["one", "", "two"])
    page.kernel.do(lambda: page.lab.draft([page.segments[0]]))
    page.until(lambda: page.transcript.is_disabled())
    page.until(lambda: page.timeline.evaluate("(one) => one.getRootNode().activeElement === one"))
    page.press("e").until(lambda: page.count == 2 or page.part("popover").count() == 1)
    assert leaks(page) == []


def test_without_labels(audio_page: Open) -> None:
    page = audio_page([beeps(), beeps()], transcript="segments")
    page.drag(1.0, 2.0).until(lambda: page.count == 1)
    page.press("t").type("hm").press("Escape").holds(texts=["hm"], labels=[""])


def test_a_text_of_the_whole_recording(audio_page: Open) -> None:
    page = audio_page([beeps(), beeps()], transcript="recording", choices=["clean", "noisy"])
    page.focus_timeline().press("t").type("all of ").press("Control+Space").until(lambda: page.plays and page.now > 0.1)
    page.type("it").press("Alt+b", "Control+Space").until(lambda: not page.plays)
    page.press("Escape").holds(written=["all of it"])
    page.choose("noisy").holds(choices=["noisy"])
    page.focus().press("Enter").at(1)
    assert leaks(page) == []
