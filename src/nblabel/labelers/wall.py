"""The worker behind a gallery: makes thumbnails, draws a page from its top, and draws again what has changed."""

from __future__ import annotations

import contextvars
import math
import threading
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import NblabelError
from ..media.desk import Desk
from ..records import Item
from ..session import Session
from .sheet import DARK, LIGHT, Grid, Sheet, Tile, fitted

__all__ = ["Thumbnail", "View", "Wall"]

Thumbnail: TypeAlias = Callable[[Item, int], Any]
"""A PIL image of an item that is about as large as a square of this side."""
_Thumb: TypeAlias = "NDArray[np.uint8] | str"
_BATCH = 12
"""Tiles drawn at once: a page fills from its top, and no message is large."""
_CACHE = 96 << 20
_PIXELS = 12_000_000
_LONGEST = 16_000
"""Of a canvas: a page of hundreds is drawn less sharply rather than not at all."""


class View(msgspec.Struct, frozen=True):
    """What a page has room for, and how it looks: widths in CSS pixels, the screen's pixels for one of them."""

    side: int = 160
    width: int = 980
    ratio: float = 1.0
    dark: bool = False


class Wall:
    """One page of tiles.

    Two locks are never held at once in the wrong order: the wall's own is not held while the session is asked, as the
    session tells news while it holds its own.

    Parameters
    ----------
    session : Session
        Whose items are shown.
    thumbnail : callable
        Makes their thumbnails; called in the worker.
    news : callable
        Called in the worker with all that `tell` was given since; returns the positions that look different now.
    """

    def __init__(self, session: Session, thumbnail: Thumbnail, news: Callable[[list[Any]], Collection[int]]) -> None:
        self._session = session
        self._thumbnail = thumbnail
        self._news_heard = news
        self._sheet = Sheet(session.schema)
        self._lock = threading.RLock()
        self._idle = threading.Condition(self._lock)
        self._desk = Desk(workers=1)
        self._context = contextvars.copy_context()
        self._positions: list[int] = []
        self._places: dict[int, int] = {}
        self._fresh: deque[int] = deque()
        self._stale: dict[int, None] = {}
        self._news: deque[Any] = deque()
        self._generation = 0
        self._working = False
        self._picked: set[int] = set()
        self._cursor: int | None = None
        self._current: int | None = None
        self._cache: OrderedDict[tuple[str, int], _Thumb] = OrderedDict()
        self._cached = 0
        self.last_traceback = ""
        """Where something raised last that nobody expected; empty if nothing did."""

    @property
    def canvas(self) -> Any:
        """The widget."""
        return self._sheet.canvas

    @property
    def grid(self) -> Grid:
        """Where the tiles lie."""
        return self._sheet.grid

    @property
    def positions(self) -> list[int]:
        """What the page shows, in order."""
        with self._lock:
            return list(self._positions)

    def place(self, position: int) -> int | None:
        """The tile of an item; ``None`` if it is not on this page."""
        return self._places.get(position)

    def in_page(self) -> None:
        """Answers to a message of the page go where it came from; see `Bridge`."""
        self._context = contextvars.copy_context()

    def close(self) -> None:
        """End the worker once its present tile is done."""
        with self._lock:
            self._generation += 1
            self._fresh.clear()
            self._stale.clear()
        self._desk.close()

    # ---- what is asked --------------------------------------------------------------------------

    def lay_out(self, positions: Sequence[int], view: View) -> None:
        """Show these items; their tiles are drawn soon."""
        with self._lock:
            self._generation += 1
            self._positions = list(positions)
            self._places = {position: n for n, position in enumerate(positions)}
            self._stale.clear()
            self._fresh = deque(self._positions)
            grid = Grid.of(width=view.width, side=view.side, total=len(positions))
            width, height = grid.size
            ratio = min(view.ratio, math.sqrt(_PIXELS / (width * height)), _LONGEST / height)
            self._run(self._sheet.lay_out, grid, ratio, DARK if view.dark else LIGHT)
            self._draw_picked(self._positions)
        self._soon()

    def redraw(self) -> None:
        """Draw all again: a new view of the canvas is empty."""
        sheet = self._sheet
        with self._lock:
            self._generation += 1
            self._fresh = deque(self._positions)
            self._run(sheet.lay_out, sheet.grid, sheet.ratio, sheet.palette)
            self._draw_picked(self._positions)
        self._soon()

    def touch(self, positions: Iterable[int]) -> None:
        """Draw the marks and captions of these items again."""
        with self._lock:
            self._stale.update(dict.fromkeys(p for p in positions if p in self._places))
        self._soon()

    def tell(self, change: Any) -> None:
        """Have a change looked at soon; may be called with the session's lock held."""
        self._news.append(change)
        self._soon()

    def pick(self, picked: Collection[int], cursor: int | None) -> None:
        """Show which items are selected, and which the keys are at; at once."""
        with self._lock:
            changed = self._picked ^ set(picked)
            if cursor != self._cursor:
                changed |= {one for one in (cursor, self._cursor) if one is not None}
            self._picked, self._cursor = set(picked), cursor
            self._draw_picked(changed)

    def show_current(self, position: int | None) -> None:
        """Show which item the labeler is at."""
        with self._lock:
            before, self._current = self._current, position
        self.touch(one for one in {before, position} if one is not None and before != position)

    def forget(self) -> None:
        """Make all thumbnails anew."""
        with self._lock:
            self._cache.clear()
            self._cached = 0

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all is drawn; whether that came in time."""
        with self._idle:
            return self._idle.wait_for(lambda: not (self._working or self._fresh or self._stale or self._news), timeout)

    def _draw_picked(self, positions: Iterable[int]) -> None:
        drawn = [
            (self._places[position], position in self._picked, position == self._cursor)
            for position in positions
            if position in self._places
        ]
        if drawn:
            self._run(self._sheet.picked, drawn)

    def _run(self, function: Callable[..., Any], *args: Any) -> None:
        """Draw in the context of the page's last message: ipykernel sends to the loop that answered it."""
        self._context.copy().run(function, *args)

    # ---- in the worker --------------------------------------------------------------------------

    def _soon(self) -> None:
        self._desk.take(self._work)

    def _work(self) -> None:
        try:
            while self._step():
                pass
        except Exception:  # the worker must live on: later pages have nothing to do with it
            self.last_traceback = traceback.format_exc()
        finally:
            with self._idle:
                self._working = False
                self._idle.notify_all()

    def _step(self) -> bool:
        """Do what is most urgent; whether there was anything to do."""
        with self._lock:
            self._working = True
            news = [self._news.popleft() for _ in range(len(self._news))]
            generation = self._generation
            fresh = stale = None
            if not news:
                fresh = [self._fresh.popleft() for _ in range(min(_BATCH, len(self._fresh)))]
                if not fresh:
                    stale = list(self._stale)[: 2 * _BATCH]
                    for position in stale:
                        del self._stale[position]
        if news:
            self.touch_quietly(self._news_heard(news))
        elif fresh:
            self._draw(generation, fresh, thumbs=True)
        elif stale:
            self._draw(generation, stale, thumbs=False)
        else:
            return False
        return True

    def touch_quietly(self, positions: Iterable[int]) -> None:
        """`touch` from the worker itself."""
        with self._lock:
            self._stale.update(dict.fromkeys(p for p in positions if p in self._places))

    def _draw(self, generation: int, positions: Sequence[int], *, thumbs: bool) -> None:
        source, session = self._session.source, self._session
        items = {position: source.item(position) for position in positions}
        states = session.states(positions)
        suggestions = {p: session.suggestions(item) or () for p, item in items.items() if not item.problem}
        images: list[tuple[int, _Thumb]] = []
        tiles: list[tuple[int, Tile]] = []
        for position, item in items.items():
            if generation != self._generation:
                return
            response = states[position][0]
            said = bool(response.annotations) or response.status in ("submitted", "discarded")
            if thumbs:
                images.append((position, self._thumb(item)))
            tile = Tile(
                name=_name(item),
                status=response.status,
                flagged=response.flagged,
                size=item.size,
                marks=response.annotations if said else suggestions.get(position, ()),
                suggested=not said,
                current=position == self._current,
            )
            tiles.append((position, tile))
        with self._lock:
            if generation != self._generation:
                return
            if images:
                self._run(self._sheet.thumbs, [(self._places[position], image) for position, image in images])
            self._run(self._sheet.marks, [(self._places[position], tile) for position, tile in tiles])

    def _thumb(self, item: Item) -> _Thumb:
        """A thumbnail as it is put on the canvas, or why there is none."""
        side = round(self._sheet.grid.side * self._sheet.ratio)
        key = (item.identity, side)
        with self._lock:
            known = self._cache.get(key)
            if known is not None:
                self._cache.move_to_end(key)
                return known
        made = self._made(item, side)
        with self._lock:
            self._cache[key] = made
            self._cached += _bytes(made)
            while self._cached > _CACHE and len(self._cache) > 1:
                self._cached -= _bytes(self._cache.popitem(last=False)[1])
        return made

    def _made(self, item: Item, side: int) -> _Thumb:
        if item.problem:
            return item.problem
        try:
            image = self._thumbnail(item, side)
            size = fitted(item.size or image.size, side)
            if image.size != size:
                grows = size[0] > image.width
                image = image.resize(size, 0 if grows and side >= 4 * max(image.size) else None)
            return np.asarray(image.convert("RGB"))
        except NblabelError as error:
            return error.message
        except Exception as error:  # a broken file, or the user's own code
            self.last_traceback = traceback.format_exc()
            return f"{type(error).__name__}: {error}"


def _bytes(thumb: _Thumb) -> int:
    return thumb.nbytes if isinstance(thumb, np.ndarray) else 2 * len(thumb)


def _name(item: Item) -> str:
    """What an item is called below its thumbnail: of a path, the file's name."""
    return str(item.key).replace("\\", "/").rstrip("/").rpartition("/")[2] or str(item.key)
