"""An image labeler on a test page: where the image's pixels are on the screen, and what Python holds.

Where pixels are is read off the screen, not asked of the labeler: in the images made here colours are coordinates.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Locator

from nblabel import Box, Choice, Keypoints, Mask, Polygon
from nblabel.shapes import mask_array

from .stagepage import StagePage

__all__ = ["ImagePage", "coded"]

_BLUE = 60  # of every pixel of a coded image: what is drawn over it has another one
Place = tuple[float, float]


def coded(width: int = 240, height: int = 160) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """An image whose red is x and whose green is y, so that any part of it tells where it is; at most 256 × 256."""
    made = np.empty((height, width, 3), dtype=np.uint8)
    made[..., 0] = np.arange(width)[None, :]
    made[..., 1] = np.arange(height)[:, None]
    made[..., 2] = _BLUE
    return made


@dataclass(frozen=True)
class Looking:
    """Screen pixels of the page for one of the image, and where its origin is."""

    scale: float
    left: float
    top: float

    def screen(self, point: Place) -> Place:
        return self.left + point[0] * self.scale, self.top + point[1] * self.scale


def _line(values: Any, places: Any) -> tuple[float, float]:
    """Slope and start of the line through many points, whatever a few of them say."""
    slope, start = np.polyfit(places, values, 1)
    for _ in range(4):
        off = np.abs(values - (slope * places + start))
        good = off <= max(0.6, float(np.percentile(off, 80)))
        slope, start = np.polyfit(places[good], values[good], 1)
    return float(slope), float(start)


class ImagePage(StagePage):
    """An image labeler and the Python behind it; coordinates are those of the image's pixels."""

    _seen: Looking | None = None

    # ---- what Python holds --------------------------------------------------------------------------

    def of(self, kind: type[Any]) -> list[Any]:
        return [one for one in self.annotations if isinstance(one, kind)]

    @property
    def boxes(self) -> list[tuple[float, ...]]:
        """x, y, width, height to a tenth of a pixel, in the order of the answer."""
        return [tuple(round(v, 1) for v in (b.x, b.y, b.width, b.height)) for b in self.of(Box)]

    @property
    def labels(self) -> list[str]:
        return [one.label for one in self.annotations]

    @property
    def count(self) -> int:
        return len(self.annotations)

    @property
    def polygons(self) -> list[Polygon]:
        return self.of(Polygon)

    @property
    def skeletons(self) -> list[Keypoints]:
        return self.of(Keypoints)

    @property
    def masks(self) -> list[np.ndarray[Any, np.dtype[np.bool_]]]:
        return [mask_array(one) for one in self.of(Mask)]

    @property
    def choices(self) -> list[str]:
        return [one.label for one in self.of(Choice)]

    def near(self, found: Any, wanted: Any, within: float = 0.5) -> bool:
        """Whether points or numbers are the same to half a pixel."""
        a, b = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
        return a.shape == b.shape and bool(np.all(np.abs(a - b) <= within + 1e-6))

    def holds_box(self, *wanted: float, at: int = -1, rotation: float | None = None, within: float = 0.5) -> ImagePage:
        """Wait until a box is here, to half a pixel."""

        def there() -> bool:
            boxes = self.of(Box)
            if not boxes:
                return False
            one = boxes[at]
            turned = rotation is None or abs((one.rotation - rotation + 180) % 360 - 180) <= 1.5
            return turned and self.near((one.x, one.y, one.width, one.height), wanted, within)

        try:
            return self.until(there)
        except AssertionError:
            raise AssertionError(f"Python holds {self.of(Box)}, not {wanted}, {rotation}") from None

    def holds_points(self, *wanted: Place, within: float = 0.5) -> ImagePage:
        """Wait until the last polygon has these points."""

        def there() -> bool:
            return bool(self.polygons) and self.near(self.polygons[-1].points, wanted, within)

        try:
            return self.until(there)
        except AssertionError:
            raise AssertionError(f"Python holds {self.polygons}, not {wanted}") from None

    # ---- places -------------------------------------------------------------------------------------

    @property
    def canvas(self) -> Locator:
        return self.part("image")

    def painted(self) -> ImagePage:
        """Wait until the image is here and drawn."""
        self.stage.until("root.querySelector('.nbl-picture')?.dataset.state === 'ready'")
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self

    def colors(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """What the page shows, in device pixels."""
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))

    def look(self) -> Looking:
        """Where the image is on the screen now; found in its colours."""
        if self._seen is not None:
            return self._seen
        self.mouse.move(1, 1)
        self.canvas.scroll_into_view_if_needed()
        self.painted()
        box = self.canvas.bounding_box()
        assert box
        shown = self.colors().astype(float)
        dpr = float(self.page.evaluate("() => devicePixelRatio"))
        own = np.abs(shown[..., 2] - _BLUE) <= 1
        left, top = int(box["x"] * dpr) + 2, int(box["y"] * dpr) + 2
        right, bottom = int((box["x"] + box["width"]) * dpr) - 2, int((box["y"] + box["height"]) * dpr) - 2
        own[:top] = own[bottom:] = own[:, :left] = own[:, right:] = False
        rows, columns = np.nonzero(own)
        assert rows.size > 100, "the image is not on the screen"
        pick = np.random.default_rng(0).choice(rows.size, min(rows.size, 20_000), replace=False)
        rows, columns = rows[pick], columns[pick]
        sx, x0 = _line(shown[rows, columns, 0] + 0.5, (columns + 0.5) / dpr)
        sy, y0 = _line(shown[rows, columns, 1] + 0.5, (rows + 0.5) / dpr)
        assert abs(sx / sy - 1) < 0.02, (sx, sy)
        scale = 2 / (sx + sy)
        self._seen = Looking(scale, -x0 / sx, -y0 / sy)
        return self._seen

    def looked_away(self) -> ImagePage:
        """The view has changed: where things are is to be found again."""
        self._seen = None
        return self

    def screen(self, x: float, y: float) -> Place:
        """Where a place of the image is on the screen."""
        return self.look().screen((x, y))

    def zoom(self, *keys: str) -> ImagePage:
        """Change the view by keys."""
        self.press(*keys)
        return self.looked_away()

    # ---- hands --------------------------------------------------------------------------------------

    def tool(self, name: str) -> ImagePage:
        """Click a tool."""
        self.part(f"tool-{name}").click()
        return self

    @property
    def tools(self) -> list[str]:
        """The tools that are offered."""
        found = self.root.locator('[data-testid^="nbl-tool-"]').all()
        return [(one.get_attribute("data-testid") or "").removeprefix("nbl-tool-") for one in found]

    @property
    def held(self) -> str:
        """The tool in hand."""
        found = self.root.locator('[data-testid^="nbl-tool-"][aria-pressed="true"]')
        return (found.get_attribute("data-testid") or "").removeprefix("nbl-tool-")

    def focus_image(self) -> ImagePage:
        """Give the image the focus without drawing anything."""
        self.canvas.focus()
        return self

    def move(self, x: float, y: float) -> ImagePage:
        self.mouse.move(*self.screen(x, y))
        return self

    def click(self, x: float, y: float, *, held: str = "", button: Any = "left", double: bool = False) -> ImagePage:
        with self.holding(held):
            self.mouse.move(*self.screen(x, y))
            self.mouse.down(button=button)
            self.mouse.up(button=button)
            if double:
                self.mouse.down(button=button)
                self.mouse.up(button=button)
        self.apart()
        return self

    def apart(self) -> ImagePage:
        """Let the time of a double click pass."""
        self.page.wait_for_timeout(360)
        return self

    def clicks(self, *points: Place) -> ImagePage:
        """One click after the other; places must be apart."""
        for x, y in points:
            self.mouse.move(*self.screen(x, y))
            self.mouse.down()
            self.mouse.up()
        return self

    def drag(self, *points: Place, held: str = "", button: Any = "left", steps: int = 3) -> ImagePage:
        """Press at the first place, move through the others, let go at the last."""
        places = [self.screen(x, y) for x, y in points]
        with self.holding(held):
            self.mouse.move(*places[0])
            self.mouse.down(button=button)
            for place in places[1:]:
                self.mouse.move(*place, steps=steps)
            self.mouse.up(button=button)
        return self

    # ---- what the page shows ------------------------------------------------------------------------

    def entries(self, title: str = "Shapes") -> Locator:
        return self.root.locator(f'section[aria-label="{title}"] .nbl-entry')

    @property
    def selected(self) -> list[str]:
        """What the lists show as selected."""
        return self.root.locator(".nbl-entry.nbl-selected .nbl-entry-text").all_inner_texts()

    @property
    def percent(self) -> float:
        """The zoom as the toolbar tells it."""
        return float(self.part("zoom").inner_text().replace("%", ""))

    @property
    def pointed(self) -> str:
        """Where the pointer or the cursor is, as the labeler tells it."""
        return self.part("place").inner_text()

    @property
    def measures(self) -> str:
        return self.part("size").inner_text()
