"""What is played: all that the page hands to the browser's audio is rendered again, and compared with the recording."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import nblabel as nb

from .audiopage import AudioPage

pytestmark = pytest.mark.browser

Open = Callable[..., AudioPage]
Samples = npt.NDArray[np.float32]

# Notes what is scheduled on any audio context, as it is scheduled.
_LISTEN = """() => {
  const heard = window.heard = [];
  const own = AudioBufferSourceNode.prototype;
  const { start, stop } = own;
  own.start = function (when = this.context.currentTime) {
    const { buffer } = this;
    const data = Array.from({ length: buffer.numberOfChannels }, (_, n) => buffer.getChannelData(n).slice());
    this.entry = { data, when, stop: Infinity, rate: buffer.sampleRate, own: this.context.sampleRate };
    heard.push(this.entry);
    return start.call(this, when);
  };
  own.stop = function (when = this.context.currentTime) {
    if (this.entry) this.entry.stop = Math.min(this.entry.stop, when);
    return stop.call(this, when);
  };
}"""

# Renders it: at the context's own rate, as it was scheduled.
_RENDER = """async () => {
  const heard = window.heard.splice(0); // rendering is heard, too
  if (!heard.length) return null;
  const rate = heard[0].own;
  const channels = Math.max(...heard.map(({ data }) => data.length));
  const first = Math.min(...heard.map(({ when }) => when));
  const last = Math.max(...heard.map(({ when, data, rate }) => when + data[0].length / rate));
  const context = new OfflineAudioContext(channels, Math.ceil(last * rate) + 256, rate);
  for (const { data, when, stop, rate } of heard) {
    const buffer = context.createBuffer(data.length, data[0].length, rate);
    data.forEach((channel, n) => buffer.copyToChannel(channel, n));
    const node = context.createBufferSource();
    node.buffer = buffer;
    node.connect(context.destination);
    node.start(when);
    if (stop < Infinity) node.stop(stop);
  }
  const made = await context.startRendering();
  window.heard.length = 0;
  const from = Math.floor(first * rate + 0.5);
  const text = (data) => {
    const bytes = new Uint8Array(data.slice(from).buffer);
    let made = "";
    for (let n = 0; n < bytes.length; n += 32768) made += String.fromCharCode(...bytes.subarray(n, n + 32768));
    return btoa(made);
  };
  return { rate, channels: Array.from({ length: channels }, (_, n) => text(made.getChannelData(n))) };
}"""


def noise(seconds: float, rate: int = 16_000, channels: int = 1, seed: int = 5) -> Samples:
    """A recording of which every part is unlike every other one."""
    made = np.random.default_rng(seed).uniform(-0.5, 0.5, (round(seconds * rate), channels))
    return made.astype(np.float32)


class Listener:
    """Hears what a page plays."""

    def __init__(self, page: AudioPage) -> None:
        self.page = page
        page.page.evaluate(_LISTEN)

    def forget(self) -> None:
        self.page.page.evaluate("() => { window.heard.length = 0; }")

    def until_quiet(self) -> Listener:
        """Wait until nothing plays any more."""
        self.page.until(lambda: not self.page.plays, timeout=20)
        return self

    def heard(self) -> tuple[Samples, int]:
        """What was heard from the first sample on, with the silence after the last one cut off; and its rate."""
        made = self.page.page.evaluate(_RENDER)
        assert made, "nothing was played"
        data = np.stack([np.frombuffer(base64.b64decode(one), dtype=np.float32) for one in made["channels"]], axis=1)
        loud = np.flatnonzero(np.any(data != 0, axis=1))
        return data[: loud[-1] + 1 if loud.size else 0], made["rate"]


def marked(data: Samples, rate: int, *stretches: tuple[float, float], **options: Any) -> Callable[[], nb.AudioLabeler]:
    """A labeler on one recording with these segments."""

    def make() -> nb.AudioLabeler:
        lab = nb.AudioLabeler([(data, rate)], segments=["speech"], store=":memory:", annotator="ada", **options)
        lab.draft([nb.Segment(start, end, "speech") for start, end in stretches])
        return lab

    return make


def same(found: Samples, wanted: Samples) -> None:
    """Neither a sample more nor a sample less, and every one as it is, but for what adding times does to a float."""
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-9)


def play(page: AudioPage, segment: int = 0) -> None:
    """Select a segment in the list, and play it."""
    page.entries().nth(segment).click()
    page.part("play-selection").click()


@pytest.mark.parametrize("channels", [1, 2])
def test_a_segment_is_heard_to_the_sample(audio_page: Open, channels: int) -> None:
    rate = 16_000
    data = noise(12, rate, channels)
    # the second one goes over the border of the blocks that sound comes in
    frames = [(16_123, 24_001), (60_000, 80_000), (190_000, 192_000)]
    page = audio_page(make=marked(data, rate, *((a / rate, b / rate) for a, b in frames)))
    listener = Listener(page)
    for n, (start, end) in enumerate(frames):
        listener.forget()
        play(page, n)
        page.until(lambda: page.page.evaluate("() => window.heard.length > 0"))
        found, own = listener.until_quiet().heard()
        assert own == rate
        same(found, data[start:end])


@pytest.mark.parametrize("rate", [8000, 11_025, 44_100, 96_000])
def test_rates_are_kept(audio_page: Open, rate: int) -> None:
    data = noise(3, rate)
    page = audio_page(make=marked(data, rate, (1.0, 1.6)))
    listener = Listener(page)
    play(page)
    page.until(lambda: page.page.evaluate("() => window.heard.length > 0"))
    found, own = listener.until_quiet().heard()
    assert own == rate
    same(found, data[rate : rate + round(0.6 * rate)])


def test_a_rate_that_no_browser_plays_is_heard_at_another_one(audio_page: Open) -> None:
    rate = 2000  # of seismometers
    time = np.arange(3 * rate) / rate
    data = (0.5 * np.sin(2 * np.pi * 100 * time)).astype(np.float32)[:, None]
    page = audio_page(make=marked(data, rate, (0.5, 1.5)))
    listener = Listener(page)
    play(page)
    page.until(lambda: page.page.evaluate("() => window.heard.length > 0"))
    found, own = listener.until_quiet().heard()
    assert own >= 8000
    assert abs(len(found) - own) <= 4
    power = np.abs(np.fft.rfft(found[:, 0]))
    assert abs(int(power.argmax()) * own / len(found) - 100) < 2


def test_a_loop_has_no_gap(audio_page: Open) -> None:
    rate = 16_000
    data = noise(3, rate)
    page = audio_page(make=marked(data, rate, (0.5, 0.75)))
    listener = Listener(page)
    page.part("loop").click()
    play(page)
    page.page.wait_for_timeout(1600)
    assert page.plays
    page.part("loop").click()
    found, _ = listener.until_quiet().heard()
    once = data[rate // 2 : rate // 2 + rate // 4]
    rounds = len(found) // len(once)
    assert rounds >= 4
    same(found, np.concatenate([once] * rounds))


@pytest.mark.parametrize("speed", [0.5, 1.5, 2])
def test_speed_changes_length_and_not_pitch(audio_page: Open, speed: float) -> None:
    rate = 16_000
    time = np.arange(5 * rate) / rate
    data = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)[:, None]
    page = audio_page(make=marked(data, rate, (1.0, 3.0)))
    listener = Listener(page)
    page.part("speed").select_option(str(speed))
    play(page)
    page.until(lambda: page.page.evaluate("() => window.heard.length > 0"))
    found, own = listener.until_quiet().heard()
    assert own == rate
    assert abs(len(found) - round(2 * rate / speed)) <= 4  # the tone may end at zero
    middle = found[rate // 10 : -rate // 10, 0]
    power = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert abs(int(power.argmax()) * own / len(middle) / 440 - 1) < 0.01
    assert np.abs(np.diff(middle)).max() < 0.5 * 2 * np.pi * 440 / rate * 1.3  # nothing jumps
    assert page.now == pytest.approx(3.0, abs=1e-3)


def test_playing_goes_on_over_blocks(audio_page: Open) -> None:
    rate = 48_000
    data = noise(6, rate, 2)
    page = audio_page(make=marked(data, rate, (0.2, 5.2)))
    listener = Listener(page)
    play(page)
    page.until(lambda: page.now > 5.19, timeout=20)
    found, _ = listener.until_quiet().heard()
    same(found, data[9600 : 9600 + 5 * rate])


def test_what_is_heard_after_a_seek_is_what_is_there(audio_page: Open) -> None:
    rate = 16_000
    data = noise(40, rate)
    page = audio_page(make=marked(data, rate))
    listener = Listener(page)
    page.head(5.0).press("Space")
    page.until(lambda: page.plays and page.now > 5.1)
    listener.forget()
    page.head(33.0)
    windows = np.lib.stride_tricks.sliding_window_view(data[:, 0], 64)

    def starts() -> list[float]:
        """Where in the recording each block begins; one from before the click may still have come."""
        begun = page.page.evaluate("() => window.heard.map((one) => Array.from(one.data[0].slice(0, 64)))")
        found = [np.flatnonzero(np.all(windows == np.float32(first), axis=1)) for first in begun]
        assert all(len(places) == 1 for places in found)
        return [float(places[0]) / rate for places in found if places[0] / rate > 20]

    page.until(starts)
    assert starts()[0] == pytest.approx(33.0, abs=2 * page.per_pixel)
    page.press("Space").until(lambda: not page.plays)
