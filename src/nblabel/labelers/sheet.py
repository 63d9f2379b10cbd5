"""A contact sheet on an ipycanvas MultiCanvas: where its tiles lie, and how they are drawn.

Three layers, so that what changes often is drawn without what does not: thumbnails, marks on them, the selection.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..annotations import AnyAnnotation, Box, Choice, Keypoints, Mask, Polygon, Text
from ..errors import MissingExtra
from ..records import Status
from ..schema import Schema, Skeletons
from ..shapes import corners, cropped
from .pad import whole

__all__ = ["DARK", "LIGHT", "Grid", "Palette", "Sheet", "Tile"]

Rect = tuple[float, float, float, float]
_GAP = 8
_INSET = 4
_CAPTION = 20
_FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"
_MOST_SHAPES = 300
"""Of one tile: more cannot be told apart on it, and would be slow to draw."""
_MOST_HALOS = 40


class Palette(NamedTuple):
    """The colours of a sheet itself; those of labels are the schema's."""

    tile: str
    empty: str
    words: str
    faint: str
    accent: str
    good: str
    bad: str
    draft: str


LIGHT = Palette("#f1f2f4", "#e2e4e8", "#3c4043", "#74797f", "#1976d2", "#1b7f3b", "#c62828", "#9a6700")
DARK = Palette("#292b2f", "#1d1f22", "#d5d8dc", "#9aa0a6", "#64b5f6", "#66bb6a", "#ef7b73", "#e0b040")


class Grid(NamedTuple):
    """Where tiles lie, in CSS pixels.

    Examples
    --------
    >>> grid = Grid.of(width=500, side=100, total=7)
    >>> grid.columns, grid.rows, grid.side, grid.rect(4), grid.at(10, 10), grid.at(2, 2)
    (4, 2, 107, (8, 151, 115, 135), 0, None)
    """

    side: int
    columns: int
    total: int

    @classmethod
    def of(cls, *, width: int, side: int, total: int) -> Grid:
        """As many columns as fit, with thumbnails a little larger or smaller than ``side`` to fill the row."""
        whole = side + 2 * _INSET + _GAP
        columns = max(round((width - _GAP) / whole), 1)
        filling = (width - _GAP) // columns - (whole - side)
        return cls(min(max(filling, side * 3 // 4), side * 4 // 3), columns, total)

    @property
    def tile(self) -> tuple[int, int]:
        """Width and height of a tile."""
        return self.side + 2 * _INSET, self.side + _INSET + _CAPTION + 4

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return -(-self.total // self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of all."""
        width, height = self.tile
        columns = min(self.columns, max(self.total, 1))
        return _GAP + columns * (width + _GAP), _GAP + max(self.rows, 1) * (height + _GAP)

    def rect(self, n: int) -> tuple[int, int, int, int]:
        """Left, top, width and height of a tile."""
        row, column = divmod(n, self.columns)
        width, height = self.tile
        return _GAP + column * (width + _GAP), _GAP + row * (height + _GAP), width, height

    def at(self, x: float, y: float) -> int | None:
        """The tile at a place."""
        width, height = self.tile
        column, left = divmod(x - _GAP, width + _GAP)
        row, top = divmod(y - _GAP, height + _GAP)
        n = int(row) * self.columns + int(column)
        inside = 0 <= column < self.columns and row >= 0 and left < width and top < height
        return n if inside and 0 <= n < self.total else None

    def within(self, x0: float, y0: float, x1: float, y1: float) -> list[int]:
        """The tiles that a rectangle touches."""
        (left, right), (top, bottom) = sorted((x0, x1)), sorted((y0, y1))
        found = []
        for n in range(self.total):
            x, y, width, height = self.rect(n)
            if x < right and left < x + width and y < bottom and top < y + height:
                found.append(n)
        return found


class Tile(NamedTuple):
    """What is drawn over one thumbnail.

    Attributes
    ----------
    name : str
        Shown below it.
    status, flagged
        Of this annotator's answer.
    size : (int, int) or None
        Width and height of the image.
    marks : tuple of annotations
        What is on it.
    suggested : bool
        Whether the marks are suggestions.
    current : bool
        Whether the labeler shows it now.
    """

    name: str
    status: Status = "pending"
    flagged: bool = False
    size: tuple[int, int] | None = None
    marks: tuple[AnyAnnotation, ...] = ()
    suggested: bool = False
    current: bool = False


@functools.cache
def _kind() -> Any:
    """The MultiCanvas of ours over ipycanvas', which is imported only here."""
    try:
        from ipycanvas import canvas as module
    except ImportError:
        raise MissingExtra("nb.Gallery draws on ipycanvas, which", "image") from None

    class Layers(module.MultiCanvas):  # type: ignore[misc]
        """Layers with a manager of their own: the one that all canvases share knows no threads."""

        def __init__(self, count: int, **options: Any) -> None:
            manager = module._CanvasManager()  # noqa: SLF001 - there is no other way to have one
            canvases = [module.Canvas(_canvas_manager=manager) for _ in range(count)]
            super(module.MultiCanvas, self).__init__(_canvases=canvases, _canvas_manager=manager, **options)

        @property
        def manager(self) -> Any:
            """What commands go through."""
            return self._canvas_manager

    return Layers


class Sheet:
    """Draws tiles; each method draws all it was asked for in one message. May be used from any thread."""

    def __init__(self, schema: Schema) -> None:
        self.canvas = _kind()(3)
        self._thumbs, self._marks, self._picked = (self.canvas[n] for n in range(3))
        self._colors = {
            (field.name, label.name): label.color for field in schema.fields for label in field.get_labels()
        }
        self._edges = {field.name: field.edges for field in schema.fields if isinstance(field, Skeletons)}
        self._lock = threading.RLock()
        self.grid = Grid(160, 1, 0)
        self.ratio = 1.0
        self.palette = LIGHT

    @contextmanager
    def _hold(self) -> Iterator[None]:
        """Send all that is drawn meanwhile at once."""
        with self._lock:
            manager = self.canvas.manager
            before, manager._caching = manager._caching, True  # noqa: SLF001 - what hold_canvas does
            try:
                yield
            finally:
                if not before:
                    manager.flush()
                    manager._caching = False  # noqa: SLF001

    def lay_out(self, grid: Grid, ratio: float, palette: Palette) -> None:
        """Take a size, clear all, and draw empty tiles."""
        with self._hold():
            self.grid, self.ratio, self.palette = grid, ratio, palette
            width, height = grid.size
            self.canvas.layout.width, self.canvas.layout.height = f"{width}px", f"{height}px"
            self.canvas.width, self.canvas.height = round(width * ratio), round(height * ratio)
            for layer in (self._thumbs, self._marks, self._picked):
                layer.clear()
            self._thumbs.fill_style = palette.tile
            for n in range(grid.total):
                self._fill(self._thumbs, grid.rect(n))

    # ---- thumbnails -----------------------------------------------------------------------------

    def thumbs(self, drawn: Sequence[tuple[int, NDArray[np.uint8] | str]]) -> None:
        """Draw thumbnails, or why there are none."""
        with self._hold():
            for n, thumb in drawn:
                x, y, width, height = self.grid.rect(n)
                self._thumbs.fill_style = self.palette.tile
                self._fill(self._thumbs, (x, y, width, height))
                if isinstance(thumb, str):
                    self._trouble(n, thumb)
                    continue
                self._thumbs.fill_style = self.palette.empty
                self._fill(self._thumbs, self._place(n))
                left, top, _, _ = self._image_rect(n, (thumb.shape[1], thumb.shape[0]))
                self._thumbs.put_image_data(thumb, round(left * self.ratio), round(top * self.ratio))

    def _place(self, n: int) -> Rect:
        """The square that a thumbnail lies in."""
        x, y, _, _ = self.grid.rect(n)
        return x + _INSET, y + _INSET, self.grid.side, self.grid.side

    def _image_rect(self, n: int, size: tuple[int, int]) -> Rect:
        """Where the image itself lies, by its proportions: in whole pixels, as thumbnails are put."""
        left, top, side, _ = self._place(n)
        wide, high = fitted(size, round(side * self.ratio))
        x = round((left + side / 2) * self.ratio - wide / 2)
        y = round((top + side / 2) * self.ratio - high / 2)
        return x / self.ratio, y / self.ratio, wide / self.ratio, high / self.ratio

    def _trouble(self, n: int, problem: str) -> None:
        """A tile without an image says why."""
        left, top, side, _ = self._place(n)
        layer = self._thumbs
        layer.fill_style = self.palette.empty
        self._fill(layer, (left, top, side, side))
        layer.fill_style = self.palette.faint
        self._say(layer, "⚠", left + side / 2, top + side * 0.34, 22, align="center")
        problem = problem.partition(" (")[0]  # what to do about it has no room here
        for row, line in enumerate(_wrapped(problem, max(int(side / 6.2), 8), 3 if side >= 110 else 2)):
            self._say(layer, line, left + side / 2, top + side * 0.52 + row * 14, 11, align="center", most=side - 12)

    # ---- marks ----------------------------------------------------------------------------------

    def marks(self, drawn: Sequence[tuple[int, Tile]]) -> None:
        """Draw what is marked on thumbnails, and their captions."""
        with self._hold():
            for n, tile in drawn:
                self._clear(self._marks, self.grid.rect(n))
                if tile.size is not None:
                    self._shapes(n, tile)
                self._chips(n, tile)
                self._caption(n, tile)

    def _shapes(self, n: int, tile: Tile) -> None:
        assert tile.size is not None
        left, top, wide, high = (side * self.ratio for side in self._image_rect(n, tile.size))
        sx, sy = wide / tile.size[0], high / tile.size[1]
        shapes = sorted((a for a in tile.marks if hasattr(a, "z")), key=lambda a: int(getattr(a, "z", 0)))
        layer = self._marks
        dash = [4 * self.ratio, 2 * self.ratio] if tile.suggested else []
        by_color: dict[str, list[AnyAnnotation]] = {}
        for a in shapes[:_MOST_SHAPES]:
            by_color.setdefault(self._color(a), []).append(a)
        for color, group in by_color.items():
            layer.fill_style = color
            layer.begin_path()
            for a in group:
                if isinstance(a, Mask):
                    self._mask(a, color, (left, top, sx, sy))
                elif isinstance(a, Keypoints):
                    self._skeleton(a, left, top, sx, sy)
                else:
                    for ring, closed in _rings(a):
                        self._trace([(left + x * sx, top + y * sy) for x, y in ring], closed=closed)
            if len(shapes) <= _MOST_HALOS:  # on a photograph of any colour
                layer.set_line_dash([])
                layer.stroke_style = "rgba(0, 0, 0, 0.4)"
                layer.line_width = 3 * self.ratio
                layer.stroke()
            layer.set_line_dash(dash)
            layer.stroke_style = color
            layer.line_width = 1.5 * self.ratio
            layer.stroke()
        layer.set_line_dash([])

    def _trace(self, points: Sequence[tuple[float, float]], *, closed: bool) -> None:
        layer = self._marks
        layer.move_to(*_rounded(points[0]))
        for point in points[1:]:
            layer.line_to(*_rounded(point))
        if closed:
            layer.line_to(*_rounded(points[0]))

    def _skeleton(self, a: Keypoints, left: float, top: float, sx: float, sy: float) -> None:
        points = [(left + x * sx, top + y * sy) for x, y, _ in a.points]
        seen = [visible > 0 for _, _, visible in a.points]
        for one, other in self._edges.get(a.field, ()):
            if max(one, other) < len(points) and seen[one] and seen[other]:
                self._trace([points[one], points[other]], closed=False)
        for point, there in zip(points, seen, strict=True):
            if there:
                self._marks.fill_circle(*_rounded(point), 2 * self.ratio)

    def _mask(self, a: Mask, color: str, frame: Rect) -> None:
        left, top, sx, sy = frame
        x, y, part = cropped(a)
        if not part.size:
            return
        size = (max(round(part.shape[1] * sx), 1), max(round(part.shape[0] * sy), 1))
        rgba = np.zeros((size[1], size[0], 4), np.uint8)
        rgba[..., :3] = [int(color[n : n + 2], 16) for n in (1, 3, 5)]
        rgba[..., 3] = _scaled(part, size) * 0.55
        self._marks.put_image_data(rgba, round(left + x * sx), round(top + y * sy))

    def _color(self, a: AnyAnnotation) -> str:
        color = self._colors.get((a.field, getattr(a, "label", "")), "#888888")
        return color if len(color) == 7 else "#" + "".join(2 * letter for letter in color[1:])

    def _chips(self, n: int, tile: Tile) -> None:
        """Chosen labels and words, along the lower edge of the thumbnail."""
        left, top, side, _ = self._place(n)
        layer, y = self._marks, top + side - 18
        x = left + 4
        hidden = 0
        for a in tile.marks:
            if not isinstance(a, Choice | Text):
                continue
            score = f" {a.score:.2f}" if tile.suggested and a.score is not None else ""
            words = _short(
                a.label if isinstance(a, Choice) else f"“{a.text}”", max(int((side - 20) / 6.4) - len(score), 4)
            )
            width = min(len(words + score) * 6.3 + 12, side - 8)
            if x + width > left + side - 4 + 0.5:
                hidden += 1
                continue
            color = self._color(a) if isinstance(a, Choice) else "#5f6368"
            layer.fill_style = "rgba(255, 255, 255, 0.92)" if tile.suggested else color
            self._fill(layer, (x, y, width, 15))
            if tile.suggested:
                layer.stroke_style = color
                layer.line_width = self.ratio
                layer.set_line_dash([3 * self.ratio, 2 * self.ratio])
                layer.stroke_rect(*(self.ratio * one for one in (x + 0.5, y + 0.5, width - 1, 14)))
                layer.set_line_dash([])
            layer.fill_style = "#202124" if tile.suggested or _is_light(color) else "#ffffff"
            self._say(layer, words + score, x + width / 2, y + 7.5, 11, align="center", most=width - 6)
            x += width + 3
        if hidden:
            layer.fill_style = "rgba(32, 33, 36, 0.8)"
            self._fill(layer, (left + side - 24, y - 17, 20, 14))
            layer.fill_style = "#ffffff"
            self._say(layer, f"+{hidden}", left + side - 14, y - 10, 10, align="center")

    def _caption(self, n: int, tile: Tile) -> None:
        x, y, width, height = self.grid.rect(n)
        middle = y + height - _CAPTION / 2 - 2
        layer, palette = self._marks, self.palette
        self._status(tile.status, x + _INSET + 8, middle)
        room = width - 2 * _INSET - 20 - (14 if tile.flagged else 0)
        layer.fill_style = palette.accent if tile.current else palette.words
        name = _short(tile.name, max(int(room / 6.1), 4))
        weight = "600 " if tile.current else ""
        self._say(layer, name, x + _INSET + 18, middle, 11, most=room, weight=weight)
        if tile.flagged:
            layer.fill_style = palette.bad
            self._say(layer, "⚑", x + width - _INSET - 7, middle, 12, align="center")
        if tile.current:
            layer.fill_style = palette.accent
            self._fill(layer, (x, y + height - 2, width, 2))

    def _status(self, status: Status, x: float, y: float) -> None:
        """A sign for the status, told by its shape as well as by its colour."""
        layer, palette, r = self._marks, self.palette, self.ratio
        layer.line_width = 1.5 * r
        if status == "pending":
            layer.stroke_style = palette.faint
            layer.stroke_circle(x * r, y * r, 4 * r)
        elif status == "draft":
            layer.stroke_style = layer.fill_style = palette.draft
            layer.stroke_circle(x * r, y * r, 4 * r)
            layer.fill_arc(x * r, y * r, 4 * r, math.pi / 2, math.pi * 3 / 2)
        elif status == "submitted":
            layer.fill_style = palette.good
            layer.fill_circle(x * r, y * r, 5 * r)
            self._line(palette.tile, [(x - 2.4, y + 0.2), (x - 0.6, y + 2.0), (x + 2.6, y - 1.8)])
        else:
            layer.fill_style = palette.bad
            layer.fill_circle(x * r, y * r, 5 * r)
            self._line(palette.tile, [(x - 2, y - 2), (x + 2, y + 2)])
            self._line(palette.tile, [(x - 2, y + 2), (x + 2, y - 2)])

    def _line(self, color: str, points: Sequence[tuple[float, float]]) -> None:
        self._marks.stroke_style = color
        self._marks.begin_path()
        self._trace([(x * self.ratio, y * self.ratio) for x, y in points], closed=False)
        self._marks.stroke()

    # ---- selection ------------------------------------------------------------------------------

    def picked(self, drawn: Sequence[tuple[int, bool, bool]]) -> None:
        """Draw which tiles are selected, and where the cursor is: ``(tile, selected, cursor)``."""
        layer, r = self._picked, self.ratio
        with self._hold():
            for n, selected, cursor in drawn:
                x, y, width, height = self.grid.rect(n)
                self._clear(layer, (x - 3, y - 3, width + 6, height + 6))
                if selected:
                    layer.stroke_style = layer.fill_style = self.palette.accent
                    layer.line_width = 3 * r
                    layer.stroke_rect(*(r * one for one in (x - 0.5, y - 0.5, width + 1, height + 1)))
                    layer.fill_circle((x + width - 12) * r, (y + 12) * r, 8 * r)
                    layer.stroke_style = self.palette.tile
                    layer.line_width = 2 * r
                    layer.begin_path()
                    layer.move_to((x + width - 15.5) * r, (y + 12.2) * r)
                    layer.line_to((x + width - 13) * r, (y + 14.8) * r)
                    layer.line_to((x + width - 8.4) * r, (y + 9.4) * r)
                    layer.stroke()
                if cursor:
                    layer.stroke_style = self.palette.words
                    layer.line_width = r
                    layer.set_line_dash([2 * r, 2 * r])
                    layer.stroke_rect(*(r * one for one in (x - 2.5, y - 2.5, width + 5, height + 5)))
                    layer.set_line_dash([])

    # ---- in CSS pixels --------------------------------------------------------------------------

    def _fill(self, layer: Any, rect: Rect) -> None:
        layer.fill_rect(*(round(side * self.ratio, 2) for side in rect))

    def _clear(self, layer: Any, rect: Rect) -> None:
        layer.clear_rect(*(round(side * self.ratio, 2) for side in rect))

    def _say(
        self,
        layer: Any,
        words: str,
        x: float,
        y: float,
        px: float,
        *,
        align: str = "left",
        most: float = 0,
        weight: str = "",
    ) -> None:
        layer.font = f"{weight}{px * self.ratio:g}px {_FONT}"
        layer.text_align, layer.text_baseline = align, "middle"
        width = round(most * self.ratio) if most else None
        layer.fill_text(whole(words), round(x * self.ratio), round(y * self.ratio), width)


def fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Width and height of an image that is brought into a square: as large as fits, also if it is smaller."""
    factor = side / max(*size, 1)
    return max(round(size[0] * factor), 1), max(round(size[1] * factor), 1)


def _rings(a: AnyAnnotation) -> Iterator[tuple[Sequence[tuple[float, float]], bool]]:
    if isinstance(a, Box):
        yield corners(a), True
    elif isinstance(a, Polygon):
        yield a.points, a.closed
        for hole in a.holes:
            yield hole, True


def _scaled(part: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.uint8]:
    """How much of each pixel of a smaller picture a mask fills, in 255ths."""
    from PIL import Image

    whole = Image.fromarray(part.astype(np.uint8) * 255)
    return np.asarray(whole.resize(size, Image.Resampling.BOX if size[0] < part.shape[1] else Image.Resampling.NEAREST))


def _rounded(point: tuple[float, float]) -> tuple[float, float]:
    return round(point[0], 2), round(point[1], 2)


def _is_light(color: str) -> bool:
    red, green, blue = (int(color[n : n + 2], 16) for n in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue > 150


def _short(words: str, most: int) -> str:
    """A text on one line, with its middle left out if it is long: names often differ in their ends."""
    words = " ".join(words.split())
    if len(words) <= most:
        return words
    end = max((most - 1) * 3 // 5, 1)
    return words[: max(most - 1 - end, 1)] + "…" + words[-end:]


def _wrapped(words: str, most: int, lines: int) -> list[str]:
    """A text on a few lines."""
    made = [""]
    for word in words.split():
        if made[-1] and len(made[-1]) + 1 + len(word) > most:
            made.append("")
        made[-1] = f"{made[-1]} {word}".strip()
    if len(made) > lines:
        made = [*made[: lines - 1], " ".join(made[lines - 1 :])]
    return [line if len(line) <= most else line[: most - 1] + "…" for line in made]
