"""How the audio labeler looks: axe in both themes, nothing cut off, pictures of every state; what is read aloud."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext

import nblabel as nb

from .audiopage import AudioPage, beeps
from .test_looks import JUPYTER, faults, violations

pytestmark = pytest.mark.browser

Open = Callable[..., AudioPage]
RATE = 16000


def talk(seconds: float = 12.0, seed: int = 1, channels: int = 1) -> tuple[Any, int]:
    """Something that looks like two people who talk: harmonics that rise and fall, in syllables, with pauses."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    made = rng.normal(0, 0.004, (time.size, channels))
    at = 0.4
    while at < seconds - 1:
        lasts = rng.uniform(0.5, 1.8)
        inside = (time >= at) & (time < at + lasts)
        own = time[inside] - at
        loud = np.sqrt(np.sin(np.pi * own / lasts)) * (0.55 + 0.45 * np.sin(2 * np.pi * rng.uniform(3, 5) * own))
        phase = 2 * np.pi * np.cumsum(rng.uniform(110, 220) * (1 + 0.15 * np.sin(2 * np.pi * 1.3 * own))) / RATE
        voice = sum(np.sin(k * phase) / k**1.1 * (1 + np.cos(2 * k * own)) for k in range(1, 18))
        made[inside, rng.integers(channels)] += loud * voice * 0.2 * rng.uniform(0.5, 1)
        at += lasts + rng.uniform(0.15, 0.9)
    return np.clip(made, -1, 1).astype(np.float32), RATE


SPEAKERS = nb.Segments(
    [nb.Label("Ada", attributes=[nb.Attribute("loud", "bool"), nb.Attribute("language")]), "Ben"],
    tiers="label",
    transcript=True,
)
MADE = [
    nb.Segment(0.4, 1.6, "Ada", text="Good morning, and welcome", attributes={"language": "en"}),
    nb.Segment(2.0, 3.4, "Ben", text="Thank you."),
    nb.Segment(3.1, 4.6, "Ada", text="Shall we start?"),
    nb.Segment(5.5, 5.5, "Ben"),
]
OFFERED = [
    nb.Segment(8.2, 9.6, "Ada", text="and so on", score=0.93, source="whisper"),
    nb.Segment(9.9, 11.0, "Ben", score=0.41, source="whisper"),
]


def full(audio_page: Open, **options: Any) -> AudioPage:
    """A recording with everything that there is to see."""
    given: dict[str, Any] = {
        "segments": SPEAKERS,
        "choices": ["clean", "noisy"],
        "fields": {"summary": nb.Texts(placeholder="What is it about?")},
        "spectrogram": True,
        "suggest": lambda _: list(OFFERED),
        "guidelines": "Mark **who** speaks.",
        **options,
    }
    page = audio_page([talk(), talk(seed=2), talk(seed=3)], **given)
    page.kernel.do(lambda: page.lab.draft(list(MADE)))
    page.until(lambda: page.entries().count() == len(MADE))
    page.until(lambda: page.entries("Suggestions").count() == len(OFFERED))
    return page


def panels(page: AudioPage, check: Callable[[str], None]) -> None:
    """Goes through every state, and everything that can be open."""
    check("plain")
    page.focus_timeline().press("Home", ".").until(lambda: len(page.selected) == 1)
    check("segment")
    page.press("t").type(" to all of you")
    check("transcript")
    page.press("Escape", "Control+z", "Control+a").until(lambda: len(page.selected) == len(MADE))
    check("several")
    page.press("Escape").home(*["ArrowRight"] * 8, ".").part("accept").wait_for()
    check("suggestion")
    page.press("Escape").home("Shift+ArrowRight", "[", "ArrowRight", "ArrowRight").until(lambda: "Begun" in page.hint)
    check("begun")
    page.press("]").part("popover").wait_for()
    check("labels")
    page.press("Escape").looked_away().zoom("+", "+", "+")
    page.page.wait_for_timeout(300)
    check("zoomed")
    page.press("z").part("adjust").click()
    page.part("adjustments").wait_for()
    check("adjustments")
    page.press("Escape").focus_timeline().press("?")
    page.part("help").wait_for()
    check("help")
    page.press("Escape")
    page.part("help").wait_for(state="detached")


@pytest.mark.parametrize("width", [1000, 400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe(audio_page: Open, theme: str, width: int) -> None:
    page = full(audio_page, theme=theme, width=width)
    found: dict[str, list[str]] = {}

    def check(state: str) -> None:
        page.picture(f"audio-{theme}-{width}-{state}")
        if wrong := violations(page):  # type: ignore[arg-type]
            found[state] = wrong

    panels(page, check)
    assert found == {}


@pytest.mark.parametrize("width", [1000, 400])
def test_nothing_is_cut_broken_or_out_of_place(audio_page: Open, context: BrowserContext, width: int) -> None:
    context.add_init_script(
        "addEventListener('DOMContentLoaded', () => {"
        f" const style = document.createElement('style'); style.textContent = {JUPYTER!r};"
        " document.head.prepend(style);"
        " document.getElementById('outputs').className = 'jp-OutputArea-output'; });"
    )
    page = full(audio_page, width=width)
    found: dict[str, list[str]] = {}

    def check(state: str) -> None:
        page.picture(f"audio-in-jupyter-{width}-{state}")
        if wrong := list(page.root.evaluate(faults.__globals__["_FAULTS"])):
            found[state] = wrong

    panels(page, check)
    assert found == {}


def test_it_can_be_read_without_seeing(audio_page: Open) -> None:
    """What a screen reader is told of the recording, its segments and its player."""
    page = full(audio_page)
    tree = page.root.aria_snapshot()
    for words in (
        'region "Audio labeler"',
        'application "Recording',
        'toolbar "Player"',
        'button "Play"',
        'combobox "Speed"',
        'list "Segments: 4 entries"',
        "0:00.40–0:01.60 · Good morning, and welcome",
        'group "Selected segment"',
    ):
        assert words in tree, f"{words} is not in\n{tree}"
    page.focus_timeline().press("Home", ".").until(lambda: page.said.startswith("Ada: 0:00.400 – 0:01.600, 1.200 s"))
    page.press("Delete").until(lambda: "deleted" in page.said)
    page.press("ArrowRight").until(lambda: page.said == "0:01.400")


def test_the_list_of_many_segments_is_short(audio_page: Open) -> None:
    page = audio_page([beeps(100.0)], segments=["speech"])
    many = [nb.Segment(n / 50, n / 50 + 0.01, "speech") for n in range(5000)]
    page.kernel.do(lambda: page.lab.draft(many))
    page.until(lambda: page.root.locator('section[aria-label="Segments"] .nbl-count').inner_text() == "5,000")
    assert page.entries().count() < 60
    page.focus_timeline().press("End", ",").until(lambda: page.selected == ["1:39.98–1:39.99"])
    assert page.entries().last.get_attribute("aria-posinset") == "5000"


def test_height_can_be_given(audio_page: Open) -> None:
    page = audio_page([talk()], segments=["a"], height=420)
    assert page.box["height"] == pytest.approx(420, abs=1)


class Behind(np.ndarray[Any, Any]):
    """Samples of which the later ones come only once they may."""

    gate = threading.Event()

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice) and (place.start or 0) >= 1 << 20:
            assert self.gate.wait(60)
        return super().__getitem__(place)


def test_progress_is_shown_and_the_labeler_usable_while_waves_are_computed(audio_page: Open) -> None:
    sound = np.concatenate([beeps(10.0)[0][:, 0]] * 40).view(Behind)
    Behind.gate.set()

    def make() -> Any:
        lab = nb.AudioLabeler([(sound, 8000)], segments=["speech"], spectrogram=False, store=":memory:")
        Behind.gate.clear()
        return lab

    page = audio_page(make=make, ready=False)
    try:
        page.until_ready()
        page.part("computing").wait_for()
        bar = page.root.get_by_role("progressbar", name="Waves computed")
        page.until(lambda: bar.get_attribute("aria-valuenow") == "33")
        assert "32 %" in page.part("computing").inner_text()
        # what is there can be marked meanwhile
        page.drag(20.0, 60.0).holds_times((20.0, 60.0))
        page.picture("audio-computing")
    finally:
        Behind.gate.set()
    page.part("computing").wait_for(state="detached")
    page.painted()


def test_a_recording_that_is_missing(audio_page: Open, tmp_path: Any) -> None:
    sf = pytest.importorskip("soundfile")
    good, broken = tmp_path / "good.wav", tmp_path / "broken.wav"
    sf.write(good, *talk(2.0))
    broken.write_bytes(b"RIFF\x24\x00\x00\x00WAVEnothing of use")
    page = audio_page([str(good), str(tmp_path / "none.wav"), str(broken)], segments=["speech"])
    for _ in range(2):
        page.focus().press("Control+ArrowRight")
        page.part("item-problem").wait_for()
        assert page.part("recording").is_hidden()
        assert page.part("player").count() == 0
    page.picture("audio-missing")
    # the queue goes on, and back
    page.press("Control+ArrowLeft", "Control+ArrowLeft").until(lambda: page.place[0] == 1)
    page.painted()
    assert page.part("player").is_visible()


def test_without_questions_about_segments_nothing_of_them_is_shown(audio_page: Open) -> None:
    page = audio_page([talk(), talk(seed=2)], choices=["clean", "noisy"], transcript="recording", spectrogram=False)
    assert page.part("side").count() == 0
    assert page.part("inspector").count() == 0
    assert page.part("snap").count() == 0
    assert page.part("spectrogram").count() == 0
    page.picture("audio-transcript-only")
