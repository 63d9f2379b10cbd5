"""A labeler on a test page, and the Python behind it: what tests of every modality ask of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

from playwright.sync_api import Locator

from ..labeler import LabelerPage
from .harness import Stage

__all__ = ["StagePage", "Touches"]


class StagePage(LabelerPage):
    """A labeler and the Python behind it."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.el)
        self.stage = stage
        self.kernel = stage.kernel
        self.mouse = self.page.mouse

    # ---- what Python holds --------------------------------------------------------------------------

    @property
    def lab(self) -> Any:
        return self.stage.lab

    @property
    def session(self) -> Any:
        return self.lab._session

    @property
    def annotations(self) -> tuple[Any, ...]:
        """Of the current item, as Python has them."""
        response = self.session.response
        return () if response is None else response.annotations

    @property
    def log(self) -> list[tuple[Any, str]]:
        """Every event that the store holds: item and action, oldest first."""
        return [(one.event.item, one.event.action) for one in self.session.store.entries(self.session.name)]

    # ---- waiting ------------------------------------------------------------------------------------

    def at(self, key: object) -> Self:
        """Wait until page and Python show the item with this key."""
        self.until_key(key)
        return self.until(lambda: self.session.item is not None and self.session.item.key == key)

    def holds(self, timeout: float = 8, **wanted: Any) -> Self:
        """Wait until Python holds these values of this page's properties."""
        ends = time.monotonic() + timeout
        while True:
            held = {name: value() if callable(value := getattr(self, name)) else value for name in wanted}
            if held == wanted:
                return self
            if time.monotonic() > ends:
                raise AssertionError(f"Python holds {held}, not {wanted}")
            self.page.wait_for_timeout(15)

    def settle(self) -> Self:
        """Wait until the page has drawn what was done and Python has stored it: for what must *not* have changed."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.until_saved()
        self.kernel.settle()
        return self

    # ---- hands and what the page shows ---------------------------------------------------------------

    @contextlib.contextmanager
    def holding(self, key: str) -> Iterator[None]:
        if key:
            self.page.keyboard.down(key)
        try:
            yield
        finally:
            if key:
                self.page.keyboard.up(key)

    def label(self, name: str) -> Self:
        """Click a label of the palette."""
        self.chip(name).click()
        return self

    def chip(self, name: str) -> Locator:
        return self.part("palette").locator(f'.nbl-chip[data-label="{name}"]')

    def choose(self, name: str) -> Self:
        self.choice(name).click()
        return self

    def choice(self, name: str) -> Locator:
        return self.root.locator(f'.nbl-choice[data-label="{name}"]')

    def picture(self, name: str) -> None:
        """Keep a picture of all of it; the window is as high as the page, so that what sticks to its foot is there."""
        size = self.page.viewport_size
        assert size
        height = int(self.page.evaluate("() => document.documentElement.scrollHeight"))
        if height > size["height"]:
            self.page.set_viewport_size({"width": size["width"], "height": height})
        self.stage.screenshot(name)
        self.page.set_viewport_size(size)

    @property
    def hint(self) -> str:
        return self.part("hint").inner_text()

    @property
    def said(self) -> str:
        """The last words for screen readers."""
        return self.part("live").inner_text().replace("\u00a0", "")

    def until(self, check: Callable[[], Any], timeout: float = 8) -> Self:
        """Wait until something of the page holds; what is not there yet does not."""

        def holds() -> bool:
            try:
                return bool(check())
            except IndexError:
                return False

        self.stage.until_python(holds, timeout=timeout)
        return self


class Touches:
    """Fingers on a page; places are on the screen."""

    def __init__(self, page: StagePage) -> None:
        self._client = page.page.context.new_cdp_session(page.page)

    def _send(self, kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        self._client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
