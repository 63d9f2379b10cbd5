"""`Gallery`: a contact sheet of a labeler's images, for looking over, selecting and labelling many at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import ipywidgets as w
import msgspec

from ..annotations import AnyAnnotation, Choice, new_id
from ..errors import InvalidAnnotation, NblabelError, nearest
from ..protocol import Entry
from ..records import Action, Event, Item, Patch, Response, Status, Suggestion
from ..schema import Choices, Texts
from ..session import Change, Entries, Moved, QueueChanged, Session
from .base import Labeler
from .controls import SIZES, Asked, Controls, Shown, counted
from .pad import Gesture, Pad
from .picking import Picking
from .sheet import Grid
from .survey import SORTS, Sort, Survey, Wanted
from .wall import View, Wall

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Gallery"]

_WAVE = 200
"""Items that models are asked about at once."""
_AT_ONCE = 100
"""Items changed by one step of a bulk operation."""
_KEPT = 50
"""Operations that can be undone."""


@runtime_checkable
class _Pictured(Protocol):
    """A labeler whose items have thumbnails."""

    def thumbnail(self, item: Item, side: int = ...) -> Image: ...


class Gallery:
    """A contact sheet of a labeler's images.

    What is shown can be narrowed by status, label, score, or where annotators differ; one image is opened in the
    labeler by a double click, and many can be labelled, accepted, submitted, discarded or flagged at once. All that
    can be done with the mouse is a method here, too.

    Parameters
    ----------
    lab : ImageLabeler
        The labeler whose items are shown. What either does, the other shows at once.
    size : int or {"small", "medium", "large"}
        Longer side of the thumbnails in pixels.
    per_page : int
        How many items a page shows, up to 500.
    height : int or str
        Height of the sheet, which scrolls, in pixels or as CSS length.

    Notes
    -----
    Each item of a bulk operation is an event of its own, so that ``lab.undo()`` takes back one image after another;
    `undo` takes back the last operation of this gallery as a whole.

    Galleries need a host that shows ipywidgets and ipycanvas: JupyterLab, Notebook, VS Code.

    Examples
    --------
    >>> import numpy as np
    >>> import nblabel as nb
    >>> photos = [np.full((40, 60, 3), 40 * n, dtype=np.uint8) for n in range(6)]
    >>> lab = nb.ImageLabeler(photos, choices=["day", "night"], store=":memory:")
    >>> gallery = nb.Gallery(lab)
    >>> gallery.select([0, 1, 2])
    >>> gallery.label("night")
    3
    >>> gallery.filter("pending"), gallery.shown
    (3, (3, 4, 5))
    >>> gallery.undo(), len(lab.annotations)
    (True, 0)
    >>> gallery.close()
    """

    def __init__(
        self, lab: Labeler, *, size: int | str = "medium", per_page: int = 200, height: int | str = 560
    ) -> None:
        if not isinstance(lab, _Pictured):
            raise NblabelError(
                f"{type(lab).__name__} has no thumbnails for a gallery", "a gallery shows what nb.ImageLabeler labels"
            )
        if isinstance(per_page, bool) or not 1 <= int(per_page) <= 500:
            raise NblabelError(f"per_page={per_page!r} is not a number from 1 to 500")
        self._lab = lab
        self._session: Session = lab._session  # noqa: SLF001 - a labeler and its gallery are one thing
        self._per_page = int(per_page)
        self._view = View(side=_side(size))
        self._wanted = Wanted()
        self._sort: Sort = "order"
        self._reverse = False
        self._page = 0
        self._survey = Survey(self._session)
        self._found: list[int] = self._survey.passing(self._wanted)
        self._members = set(self._found)
        self._picking = Picking()
        self._mine: dict[str, Entry | None] = {}
        self._operations: list[dict[str, Entry]] = []
        self._unread: set[str] = set()
        self._reading = threading.Lock()
        self._asked: set[int] = set()
        self._rows = self._session.source.generation
        self._closed = False
        self._wall = Wall(self._session, lab.thumbnail, self._news)
        self._pad = Pad()
        self._controls = Controls(
            self._session.schema,
            suggests=self._session.suggests,
            side=self._view.side,
            act={
                "filter": self._filter,
                "sort": lambda by, reverse: self.sort(by, reverse=reverse),
                "size": self._resize,
                "label": self.label,
                "turn": self._turn,
                "refresh": self.refresh,
                "all": self.select,
                "none": lambda: self.select([]),
                "accept": self.accept,
                "submit": self.submit,
                "discard": self.discard,
                "flag": self._flag,
                "undo": self.undo,
                "open": self.open,
            },
            run=self._do,
        )
        self.widget = self._arranged(f"{height}px" if isinstance(height, int) else str(height))
        """What is displayed, for use in other layouts of ipywidgets."""
        self._pad.on_msg(lambda _widget, content, _buffers: self._do(lambda: self._received(Gesture.of(content))))
        self._wall.canvas.on_client_ready(self._wall.redraw)
        self._stop = self._session.subscribe(self._heard)
        self._show_current()
        self._lay_out()
        self._controls.show_progress(self._session.progress)
        self._ask_models()

    def __repr__(self) -> str:
        return f"Gallery({len(self)} of {len(self._session.source)} items, {len(self._picking.picked)} selected)"

    def __len__(self) -> int:
        """How many items pass the filter."""
        return len(self._found)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def close(self) -> None:
        """End the gallery; the labeler goes on."""
        if self._closed:
            return
        self._closed = True
        self._stop()
        self._wall.close()
        self._controls.close()
        for widget in (self._pad, self._wall.canvas, self._stage, self.widget):
            widget.close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the page is drawn; whether that came in time."""
        return self._wall.wait(timeout)

    # ---- what is shown --------------------------------------------------------------------------

    def filter(
        self,
        status: Status | Sequence[Status] | None = None,
        *,
        label: str | None = None,
        flagged: bool | None = None,
        score: float | None = None,
        disagreement: float | bool | None = None,
        text: str | None = None,
    ) -> int:
        """Show only items that pass all conditions given; without any, show all. Returns how many pass.

        Labels and scores are those of your answer, or of suggestions where you have not said anything. An item that
        ceases to pass, because it was labelled, stays until `refresh` or the next filter.

        Parameters
        ----------
        status : str or sequence of str, optional
            ``"pending"``, ``"draft"``, ``"submitted"``, ``"discarded"``.
        label : str, optional
            Items with a mark of this label.
        flagged : bool, optional
            Whether they carry a flag.
        score : float, optional
            Items whose least certain mark has at least this score.
        disagreement : float or bool, optional
            Items on which at least this share of the pairs of annotators differ, ``True`` for any. Submitted answers
            differ where one has a label, a number of marks of a label, or words that the other has not; where marks
            lie is not compared.
        text : str, optional
            Items whose path, key or shown columns contain this.
        """
        labels = {one.name for field in self._session.schema.fields for one in field.get_labels()}
        self._wanted = Wanted.of(status, label, flagged, score, disagreement, text, labels)
        self._find()
        return len(self)

    def sort(self, by: Sort = "order", *, reverse: bool = False) -> None:
        """Order the items.

        Parameters
        ----------
        by : str
            ``"order"`` (the source's), ``"status"``, ``"label"``, ``"score"`` (least certain first) or
            ``"disagreement"`` (most first). Items that have none come last.
        reverse : bool
            The other way round.
        """
        if by not in SORTS:
            raise NblabelError(f"{by!r} is no order", nearest(str(by), SORTS))
        self._sort, self._reverse = by, bool(reverse)
        self._find()

    def refresh(self) -> None:
        """Look again which items pass, and read thumbnails anew."""
        self._wall.forget()
        self._survey.load()
        self._find()

    @property
    def shown(self) -> tuple[Hashable, ...]:
        """The keys of the items on this page."""
        return tuple(self._session.source.key(position) for position in self._on_page())

    @property
    def page(self) -> int:
        """The number of the page, from 0; can be set."""
        return self._page

    @page.setter
    def page(self, number: int) -> None:
        self._page = min(max(int(number), 0), self.pages - 1)
        self._lay_out()

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(-(-len(self._found) // self._per_page), 1)

    @property
    def size(self) -> int:
        """Longer side of the thumbnails in pixels; can be set."""
        return self._view.side

    @size.setter
    def size(self, side: int | str) -> None:
        self._resize(side)

    @property
    def disagreement(self) -> float | None:
        """The share of items, of those that several annotators have submitted, on which they differ; see `filter`."""
        self._read()
        return self._survey.disagreement

    # ---- selection ------------------------------------------------------------------------------

    @property
    def selected(self) -> tuple[Hashable, ...]:
        """The keys of the selected items, also of those on other pages."""
        return tuple(self._session.source.key(position) for position in self._picking.picked)

    def select(self, keys: Hashable | Iterable[Hashable] | None = None) -> None:
        """Select these items and no others: keys, one key, or all that pass the filter if left out."""
        if keys is None:
            self._picking.take(self._found)
        else:
            several = isinstance(keys, Iterable) and not isinstance(keys, str | bytes | tuple)
            wanted: list[Any] = list(keys) if several else [keys]  # type: ignore[arg-type]
            self._picking.take([self._session.source.position(key) for key in wanted])
        self._show_picked()

    def open(self, key: Hashable | None = None) -> None:
        """Show an item in the labeler: the selected one if no key is given."""
        if key is None:
            if len(self._picking.picked) != 1:
                raise NblabelError(f"{counted(len(self._picking.picked))} are selected", "select one, or name its key")
            key = self.selected[0]
        self._lab.goto(key)

    # ---- many at once ---------------------------------------------------------------------------

    def label(self, label: str, field: str | None = None, *, submit: bool | None = None) -> int:
        """Choose a label for all selected items. Returns for how many.

        Parameters
        ----------
        label : str
            A label of a choices field; of one that takes several it is added, else it replaces what was chosen.
        field : str, optional
            The field, where several have the label.
        submit : bool, optional
            Whether the answers are submitted; if left out, they are where nothing but choices is asked, and where they
            had been submitted before.
        """
        asked = self._choices(label, field)
        simple = all(isinstance(one, Choices | Texts) for one in self._session.schema.fields)

        def change(position: int, response: Response) -> tuple[Action, Patch] | None:
            held = [a for a in response.annotations if a.field == asked.name]
            same = any(isinstance(a, Choice) and a.label == label for a in held)
            done = response.status == "submitted"
            status = done or (simple if submit is None else submit)
            if same and (done or not status):
                return None
            put = () if same else (Choice(label, field=asked.name, id=new_id()),)
            drop = () if same or asked.multiple else tuple(a.id for a in held)
            return ("submit", Patch(put=put, drop=drop, status="submitted")) if status else ("edit", Patch(put, drop))

        return self._change(f"Labelled {label}", change)

    def accept(self, score: float | None = None, *, submit: bool = False) -> int:
        """Take the suggestions for all selected items into their answers. Returns for how many.

        Models that have not looked at an item yet are asked to, and it is left as it is.

        Parameters
        ----------
        score : float, optional
            Only suggestions with at least this score.
        submit : bool
            Whether the answers are submitted.
        """

        def change(position: int, response: Response) -> tuple[Action, Patch] | None:
            suggestions = self._session.suggestions(self._session.source.item(position)) or ()
            put = self._acceptable(suggestions, response, score)
            if not put:
                return None
            keep = submit or response.status == "submitted"
            return ("submit", Patch(put=put, status="submitted")) if keep else ("edit", Patch(put=put))

        done = self._change("Accepted", change)
        late = self._survey.unasked(self._picking.picked, len(self._picking.picked))
        if late and self._session.suggests:
            self._session.ask([self._session.source.item(position) for position in late[:_WAVE]])
            self._tell(f"Accepted: {counted(done)}; models have yet to look at {counted(len(late))}")
        return done

    def submit(self) -> int:
        """Submit the answers of all selected items as they stand. Returns how many."""
        return self._change(
            "Submitted",
            lambda _, said: None if said.status == "submitted" else ("submit", Patch(status="submitted")),
        )

    def discard(self) -> int:
        """Mark all selected items as unusable. Returns how many."""
        return self._change(
            "Discarded",
            lambda _, said: None if said.status == "discarded" else ("discard", Patch(status="discarded")),
        )

    def flag(self, on: bool = True) -> int:
        """Set or clear the flag of all selected items. Returns of how many."""
        return self._change(
            "Flagged" if on else "Unflagged",
            lambda _, said: None if said.flagged == bool(on) else ("flag", Patch(flagged=bool(on))),
        )

    def undo(self) -> bool:
        """Take back the last operation of this gallery; False if there is none.

        Items that have been changed since stay as they are.
        """
        while self._operations:
            operation = self._operations.pop()
            if operation:
                events = [
                    self._event(entry.event.item, "undo", entry.inverse, ref=entry.event.id)
                    for entry in reversed(operation.values())
                ]
                for start in range(0, len(events), _AT_ONCE):
                    self._apply(events[start : start + _AT_ONCE])
                self._tell(f"Undone: {counted(len(events))}")
                return True
        self._tell("Nothing to undo")
        return False

    def _choices(self, label: str, field: str | None) -> Choices:
        fits = [
            one
            for one in self._session.schema.fields
            if isinstance(one, Choices) and one.label(label) and field in (None, one.name)
        ]
        if len(fits) == 1:
            return fits[0]
        if fits:
            names = [one.name for one in fits]
            raise InvalidAnnotation(f"label {label!r}", "several fields have it", hint=f"give field= one of {names}")
        known = [
            one.name
            for each in self._session.schema.fields
            if isinstance(each, Choices) and field in (None, each.name)
            for one in each.get_labels()
        ]
        raise InvalidAnnotation(f"label {label!r}", "no choices field has it", hint=nearest(label, known))

    def _acceptable(
        self, suggestions: Sequence[AnyAnnotation], response: Response, score: float | None
    ) -> tuple[AnyAnnotation, ...]:
        """What can be taken: nothing twice, and one choice where one is asked for."""
        held = {a.id for a in response.annotations}
        full = {a.field for a in response.annotations}
        single = {one.name for one in self._session.schema.fields if one.max == 1}
        wanted = [a for a in suggestions if a.id not in held and (score is None or (a.score or 0.0) >= score)]
        taken: list[AnyAnnotation] = []
        for a in sorted(wanted, key=lambda a: -(a.score or 0.0)):
            if a.field in single:
                if a.field in full:
                    continue
                full.add(a.field)
            taken.append(a)
        return tuple(taken)

    def _change(self, what: str, change: Callable[[int, Response], tuple[Action, Patch] | None]) -> int:
        """Change all selected items, some at a time; what the schema refuses is told."""
        positions = list(self._picking.picked)
        if not positions:
            self._tell("Nothing is selected")
            return 0
        session, refused = self._session, []
        operation: dict[str, Entry] = {}
        with self._controls.progress(len(positions)) as progress:
            for start in range(0, len(positions), _AT_ONCE):
                part = positions[start : start + _AT_ONCE]
                with session.lock:
                    events = []
                    for position, (response, _) in session.states(part).items():
                        changed = change(position, response)
                        if changed is not None:
                            action, patch = changed
                            events.append(self._event(session.source.identity(position), action, patch))
                    entries, problems = self._apply(events)
                operation.update({entry.event.item: entry for entry in entries})
                refused += problems
                progress(start + len(part))
        if operation:
            self._operations = [*self._operations, operation][-_KEPT:]
        told = f"{what}: {counted(len(operation))}"
        if refused:
            told += f"; {len(refused)} refused: {refused[0]}"
        self._tell(told)
        return len(operation)

    def _event(self, identity: str, action: Action, patch: Patch, ref: str = "") -> Event:
        return Event(
            id=new_id(),
            item=identity,
            annotator=self._session.annotator,
            action=action,
            patch=patch,
            at=time.time(),
            schema_version=self._session.schema.version,
            ref=ref,
        )

    def _apply(self, events: Sequence[Event]) -> tuple[list[Entry], list[str]]:
        """Store events; returns them with what takes them back, and why others were refused."""
        with self._session.lock:
            self._mine = dict.fromkeys(event.id for event in events)
            applied = self._session.apply(events)
            entries = [entry for entry in self._mine.values() if entry is not None]
            self._mine = {}
        return entries, [problem.title for _, problem in applied.rejected]

    # ---- news -----------------------------------------------------------------------------------

    def _heard(self, change: Change) -> None:
        """Called by whoever changed something, with the session's lock held: looked at by the worker."""
        if isinstance(change, Entries):
            self._unread.update(entry.event.item for entry in change.entries)
            for entry in change.entries:
                if entry.event.id in self._mine:
                    self._mine[entry.event.id] = entry
                elif entry.event.annotator == self._session.annotator:
                    for operation in self._operations:  # what was changed since stays as it is
                        operation.pop(entry.event.item, None)
        if isinstance(change, Entries | Suggestion | Moved | QueueChanged):
            self._wall.tell(change)

    def _news(self, changes: list[Any]) -> set[int]:
        """In the worker: which items look different now."""
        source, changed, suggested = self._session.source, set[int](), set[int]()
        if source.generation != self._rows:  # the user's code has added, removed or moved rows
            self._rows = source.generation
            self._picking.clear()
            self._asked = set()
            self._survey.load()
            self._find()
            return set()
        for change in changes:
            if isinstance(change, Entries):
                changed |= {p for e in change.entries if (p := source.locate(e.event.item)) is not None}
            elif isinstance(change, Suggestion):
                position = source.locate(change.item)
                if position is not None:
                    self._survey.suggested(position, change.annotations)
                    suggested.add(position)
            else:
                self._show_current()
        self._read()
        if suggested:
            self._join(suggested)
            self._ask_models()
        self._controls.show_progress(self._session.progress)
        return changed | suggested

    def _read(self) -> None:
        """Bring the survey up to date with what was heard."""
        with self._reading:
            heard = {self._unread.pop() for _ in range(len(self._unread))}
            positions = {p for one in heard if (p := self._session.source.locate(one)) is not None}
            if positions:
                self._survey.update(positions)

    def _join(self, positions: Iterable[int]) -> None:
        """Items that pass now that models have spoken come last: nothing moves under the pointer."""
        if not (self._wanted.label or self._wanted.score is not None):
            return
        fresh = [p for p in positions if p not in self._members and self._survey.passes(p, self._wanted)]
        if fresh:
            room = (self._page + 1) * self._per_page - len(self._found)
            self._found += fresh
            self._members.update(fresh)
            if room > 0:
                self._lay_out()
            self._show_words()

    def _ask_models(self) -> None:
        """Have models look at the page, and at all items if the filter or the order depends on what they say."""
        session = self._session
        if not session.suggests:
            return
        open_ = self._survey.unasked(self._on_page(), self._per_page)
        wanted = [position for position in open_ if position not in self._asked]
        waiting = len(self._survey.unasked(self._asked, _WAVE))
        if (self._wanted.label or self._wanted.score is not None or self._sort in ("score", "label")) and (
            waiting < _WAVE // 4
        ):
            every = (position for position in range(len(session.source)) if position not in self._asked)
            wanted += self._survey.unasked(every, _WAVE)
        if not wanted:
            return
        self._asked.update(wanted)
        items = [session.source.item(position) for position in dict.fromkeys(wanted)]
        for item in items:
            self._survey.suggested(item.position, session.suggestions(item))
        session.ask(items)

    def _show_current(self) -> None:
        item = self._session.item
        self._wall.show_current(None if item is None else item.position)

    # ---- which items ----------------------------------------------------------------------------

    def _find(self) -> None:
        """Look which items pass, and show the first page of them."""
        self._read()
        self._found = self._survey.passing(self._wanted, self._sort, reverse=self._reverse)
        self._members = set(self._found)
        self._page = 0
        self._controls.show_filter(self._wanted, self._sort, self._reverse)
        self._lay_out()
        self._ask_models()

    def _on_page(self) -> list[int]:
        start = self._page * self._per_page
        return self._found[start : start + self._per_page]

    def _lay_out(self) -> None:
        self._wall.lay_out(self._on_page(), self._view)
        self._pad.cover(self._wall.grid.size)
        self._show_picked()

    # ---- controls -------------------------------------------------------------------------------

    def _arranged(self, height: str) -> Any:
        layout = w.Layout(
            width="100%", height=height, overflow="hidden scroll", display="block", border="1px solid #9aa0a666"
        )
        self._stage = w.Box([self._wall.canvas, self._pad], layout=layout)
        controls = self._controls
        return w.VBox([controls.filters, controls.actions, self._stage, controls.pages], layout=w.Layout(width="100%"))

    def _do(self, act: Callable[[], Any]) -> None:
        """Do what a control asks for; what goes wrong is told beside it."""
        if self._closed:
            return
        self._wall.in_page()
        try:
            act()
        except NblabelError as error:
            self._tell(str(error))
        except Exception as error:  # a callback that raises would be lost
            self._tell(f"{type(error).__name__}: {error}")

    def _tell(self, words: str) -> None:
        """Say what came of something."""
        self._controls.tell(words)
        self._pad.say(words)

    def _filter(self, asked: Asked) -> None:
        self.filter(**asked._asdict())

    def _resize(self, side: int | str) -> None:
        self._view = msgspec.structs.replace(self._view, side=_side(side))
        self._controls.show_size(self._view.side)
        self._lay_out()

    def _turn(self, page: int) -> None:
        self.page = page
        self._ask_models()

    def _flag(self) -> None:
        self._read()
        flagged = [self._survey.of(position).flagged for position in self._picking.picked]
        self.flag(not (flagged and all(flagged)))

    def _show_picked(self) -> None:
        self._wall.pick(self._picking.picked, self._picking.cursor)
        self._show_words()

    def _show_words(self) -> None:
        total, picked = len(self._session.source), len(self._picking.picked)
        words = self._controls.show(Shown(len(self._found), total, picked, self._page, self.pages))
        self._pad.name(f"Contact sheet: {words}")

    # ---- pointer and keys -----------------------------------------------------------------------

    def _received(self, gesture: Gesture | None) -> None:
        """What was done on the sheet."""
        if gesture is None:
            return
        picking, page = self._picking, self._wall.positions
        if gesture.do == "page":
            self._look(gesture)
        elif gesture.do == "click":
            picking.click(page, self._at(gesture), more=gesture.more, extend=gesture.range)
            self._show_picked()
        elif gesture.do == "drag":
            tiles = self._wall.grid.within(gesture.x or 0.0, gesture.y or 0.0, gesture.x1, gesture.y1)
            picking.take([page[n] for n in tiles if n < len(page)], more=gesture.more)
            self._show_picked()
        elif gesture.do == "open":
            position = picking.cursor if gesture.x is None else self._at(gesture)
            if position is not None:
                self.open(self._session.source.key(position))
        elif gesture.do == "move":
            self._go(gesture)
        elif gesture.do == "toggle" and picking.cursor is not None:
            picking.click(page, picking.cursor, more=True)
            self._show_picked()
            self._describe(picking.cursor)
        elif gesture.do == "all":
            picking.take(page)
            self._show_picked()
        elif gesture.do == "none":
            self.select([])
        elif gesture.do == "undo":
            self.undo()

    def _at(self, gesture: Gesture) -> int | None:
        """The item under the pointer."""
        page = self._wall.positions
        tile = self._wall.grid.at(gesture.x or 0.0, gesture.y or 0.0)
        return page[tile] if tile is not None and tile < len(page) else None

    def _look(self, gesture: Gesture) -> None:
        """The page has a width, a density and a theme."""
        before = self._view
        self._view = msgspec.structs.replace(
            before,
            width=int(min(max(gesture.width, 120), 8000)),
            ratio=round(min(max(gesture.ratio, 1.0), 2.0), 2),
            dark=gesture.dark,
        )
        grids = [Grid.of(width=view.width, side=view.side, total=1) for view in (before, self._view)]
        if grids[0] != grids[1] or (before.ratio, before.dark) != (self._view.ratio, self._view.dark):
            self._lay_out()

    def _go(self, gesture: Gesture) -> None:
        """Go to another item by keys, over the edge of the page if it is asked for."""
        if gesture.to in ("before", "after"):
            page = self._page + (1 if gesture.to == "after" else -1)
            if not 0 <= page < self.pages:
                return
            self._turn(page)
        grid, positions = self._wall.grid, self._wall.positions
        goal = self._picking.move(positions, gesture.to, grid.columns, more=gesture.more, extend=gesture.range)
        self._show_picked()
        if goal is not None:
            _, top, _, height = grid.rect(goal)
            self._pad.reveal(max(top - 8, 0), top + height + 8)
            self._describe(positions[goal])

    def _describe(self, position: int) -> None:
        """Tell screen readers of an item."""
        standing = self._survey.of(position)
        words = [str(self._session.source.key(position)), standing.status, *sorted(standing.labels)]
        self._pad.say(", ".join([*words, "selected"] if position in self._picking.picked else words))


def _side(size: int | str) -> int:
    """Pixels of a thumbnail's longer side."""
    if isinstance(size, str):
        if size not in SIZES:
            raise NblabelError(f"size={size!r} is no size", nearest(size, SIZES))
        return SIZES[size]
    if isinstance(size, bool) or not 48 <= int(size) <= 512:
        raise NblabelError(f"size={size!r} is not a number of pixels from 48 to 512")
    return int(size)
