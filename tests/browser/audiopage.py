"""An audio labeler on a test page: where times are on the screen, and what Python holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from playwright.sync_api import Locator

from nblabel import Choice, Segment, Text

from .stagepage import StagePage

__all__ = ["AudioPage", "beeps", "leaks"]

Place = tuple[float, float]
RULER = 24  # CSS pixels


def beeps(
    seconds: float = 10.0,
    rate: int = 8000,
    channels: int = 1,
    at: Sequence[float] = (1.0, 3.0, 5.0, 7.0),
    *,
    pitch: float = 440.0,
) -> tuple[np.ndarray[Any, np.dtype[np.float32]], int]:
    """A second of a tone at each of these times, and a little noise everywhere."""
    time = np.arange(round(seconds * rate)) / rate
    made = np.random.default_rng(3).normal(0, 0.003, (time.size, channels))
    for n, start in enumerate(at):
        inside = (time >= start) & (time < start + 1)
        made[inside, n % channels] += 0.6 * np.sin(2 * np.pi * pitch * (1 + n / 4) * time[inside])
    return made.astype(np.float32), rate


def leaks(page: StagePage) -> list[str]:
    """Keys that the host's shortcuts got, but those that are never a labeler's."""
    return [key for key in page.stage.leaked() if key not in ("Escape", "Tab", "Shift", "Control", "Alt", "Meta")]


class AudioPage(StagePage):
    """An audio labeler and the Python behind it; places are seconds, and pixels from the timeline's top."""

    _seen: tuple[float, float] | None = None  # seconds at the left edge, seconds a pixel

    # ---- what Python holds --------------------------------------------------------------------------

    @property
    def segments(self) -> list[Segment]:
        return [one for one in self.annotations if isinstance(one, Segment)]

    @property
    def times(self) -> list[tuple[float, float]]:
        return [(round(one.start, 6), round(one.end, 6)) for one in self.segments]

    @property
    def labels(self) -> list[str]:
        return [one.label for one in self.segments]

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.segments]

    @property
    def count(self) -> int:
        return len(self.annotations)

    @property
    def written(self) -> list[str]:
        """Texts of the whole recording."""
        return [one.text for one in self.annotations if isinstance(one, Text)]

    @property
    def choices(self) -> list[str]:
        return [one.label for one in self.annotations if isinstance(one, Choice)]

    def holds_times(self, *wanted: tuple[float, float], within: float | None = None) -> AudioPage:
        """Wait until these are the segments, each end to a pixel (or so many seconds)."""
        near = 1.01 * self.per_pixel if within is None else within

        def there() -> bool:
            return len(self.times) == len(wanted) and bool(
                np.all(np.abs(np.asarray(self.times) - np.asarray(wanted)) <= near + 1e-9)
            )

        try:
            return self.until(there)
        except AssertionError:
            raise AssertionError(f"Python holds {self.times}, not {wanted} to {near}") from None

    # ---- places -------------------------------------------------------------------------------------

    @property
    def timeline(self) -> Locator:
        return self.part("timeline")

    def painted(self) -> AudioPage:
        """Wait until the waves are here and drawn."""
        self.stage.until("root.querySelector('.nbl-recording')?.dataset.state === 'ready'")
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self

    @property
    def box(self) -> dict[str, float]:
        found = self.timeline.bounding_box()
        assert found
        return dict(found)

    @property
    def now(self) -> float:
        """Where the play-head is, as the labeler tells it."""
        return self._seconds(self.part("time").inner_text())

    @property
    def duration(self) -> float:
        return self._seconds(self.part("duration").inner_text().replace("/", "").replace("≈", ""))

    @staticmethod
    def _seconds(words: str) -> float:
        made = 0.0
        for part in words.strip().split(":"):
            made = made * 60 + float(part)
        return made

    def look(self) -> tuple[float, float]:
        """Which time is where: found by clicking on the ruler, as a person does."""
        if self._seen is None:
            box = self.box
            places = [20.0, box["width"] - 20.0]
            found = []
            for x in places:
                self.mouse.click(box["x"] + x, box["y"] + RULER / 2)
                self.page.wait_for_timeout(30)
                found.append(self.now)
            per_pixel = (found[1] - found[0]) / (places[1] - places[0])
            self._seen = (found[0] - places[0] * per_pixel, per_pixel)
        return self._seen

    @property
    def per_pixel(self) -> float:
        return self.look()[1]

    def looked_away(self) -> AudioPage:
        """The view has changed: where things are is to be found again."""
        self._seen = None
        return self

    def zoom(self, *keys: str) -> AudioPage:
        """Change the view by keys."""
        self.press(*keys)
        return self.looked_away()

    def screen(self, time: float, y: float) -> Place:
        start, per_pixel = self.look()
        box = self.box
        return box["x"] + (time - start) / per_pixel, box["y"] + y

    @property
    def wave(self) -> float:
        """The middle of the first channel's wave, from the timeline's top."""
        return RULER + 26.0

    def row(self, name: int = 0, rows: int = 1) -> float:
        """The middle of a row's first lane, from the timeline's top: rows stand at its foot, all of one height."""
        height = 27.0 if rows == 1 else 41.0
        return self.box["height"] - height * (rows - name) + (12.0 if rows == 1 else 27.0)

    def row_of(self, lane: int, lanes: int) -> float:
        """The middle of a lane of the only row, from the timeline's top."""
        return self.box["height"] - 3.0 - 17.0 * (lanes - lane) + 8.0

    # ---- hands --------------------------------------------------------------------------------------

    def focus_timeline(self) -> AudioPage:
        """Give the timeline the focus without marking anything."""
        self.timeline.focus()
        return self

    def at(self, key: object) -> AudioPage:
        super().at(key)
        return self.painted().looked_away()

    def head(self, time: float) -> AudioPage:
        """Put the play-head at a time by a click on the ruler; to a pixel."""
        self.mouse.click(*self.screen(time, RULER / 2))
        return self

    def home(self, *steps: str) -> AudioPage:
        """Put the play-head at the start, and go on from there by keys: exact."""
        return self.focus_timeline().press("Home", *steps)  # type: ignore[return-value]

    def click(self, time: float, y: float, *, held: str = "", double: bool = False) -> AudioPage:
        place = self.screen(time, y)
        with self.holding(held):
            if double:
                self.mouse.dblclick(*place)
            else:
                self.mouse.click(*place)
        self.page.wait_for_timeout(380)
        return self

    def drag(
        self,
        start: float,
        end: float,
        y: float | None = None,
        to: float | None = None,
        *,
        held: str = "",
        steps: int = 4,
    ) -> AudioPage:
        """Press at a time, let go at another one."""
        first = self.wave if y is None else y
        places = self.screen(start, first), self.screen(end, first if to is None else to)
        self.mouse.move(*places[0])
        with self.holding(held):
            self.mouse.down()
            self.mouse.move(*places[1], steps=steps)
            self.mouse.up()
        return self

    def drag_pixels(self, x: float, to: float, y: float) -> AudioPage:
        """The same by places on the screen."""
        self.mouse.move(x, y)
        self.mouse.down()
        self.mouse.move(to, y, steps=4)
        self.mouse.up()
        return self

    # ---- what the page shows ------------------------------------------------------------------------

    def entries(self, title: str = "Segments") -> Locator:
        return self.root.locator(f'section[aria-label="{title}"] .nbl-entry')

    @property
    def selected(self) -> list[str]:
        """What the lists show as selected."""
        return self.root.locator(".nbl-entry.nbl-selected .nbl-entry-text").all_inner_texts()

    @property
    def plays(self) -> bool:
        return self.part("play").get_attribute("data-playing") == "true"

    @property
    def transcript(self) -> Locator:
        return self.part("transcript")
