"""The labelling loop without any widget: queue, answers, undo, progress, suggestions.

Everything the browser can do is a method here, and both paths run the same code: an action becomes an
`Event`, the store makes it durable, and whoever subscribed hears of it. All methods may be called from any
thread.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
import traceback
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from . import ordering
from .annotations import AnyAnnotation, Relation, new_id
from .answers import PATIENCE, Answers
from .errors import InvalidAnnotation, NblabelError, SchemaConflict, UnknownItem, nearest
from .live import LiveAnswers
from .loading import loaded
from .loop import Loop, ModelChanged, Options
from .places import Queue
from .protocol import Entry, Problem
from .records import (
    Action,
    Event,
    Filter,
    Item,
    Labelled,
    Patch,
    Progress,
    Report,
    Response,
    Status,
    Suggestion,
    apply_event,
    fold_undo,
    newest_group,
)
from .schema import Schema
from .search import Search
from .sources import Source, background
from .sources.columns import LiveColumns
from .store import Store, Stored
from .suggest import Suggester

__all__ = [
    "Applied",
    "Change",
    "Entries",
    "Found",
    "ModelChanged",
    "Moved",
    "Noticed",
    "QueueChanged",
    "Reranked",
    "Session",
    "problem_of",
]

UNDO_DEPTH = 200
"""How many of the newest events undo can reach."""
_MAX_SECONDS = 3600.0
"""More active seconds than this in one event are a broken clock."""
_BRIEFLY, _AT_OPENING = 0.2, 0.6
"""Seconds that work in the background waits when the page asks for something, and when it is about to open."""
_MANY = 500
"""More events at once are not told one by one: who listens looks at everything anew."""
_SHOWN = 2000
"""So many items that were shown are remembered by their places: what is done next is done to one of them."""


class Entries(msgspec.Struct, frozen=True):
    """Events were stored."""

    entries: tuple[Entry, ...]


class Moved(msgspec.Struct, frozen=True):
    """Python has gone to another item."""


class Reranked(msgspec.Struct, frozen=True):
    """What comes next was ranked anew; places before ``fixed`` hold what they held."""

    fixed: int


class QueueChanged(msgspec.Struct, frozen=True):
    """Python has changed which items the queue shows."""


class Found(msgspec.Struct, frozen=True):
    """There are answers that were not known: of items that have moved since, or filled into the user's columns.

    ``moved``: and the item where work had stopped was found.
    """

    moved: bool = False


class Noticed(msgspec.Struct, frozen=True):
    """Something a person should know."""

    problem: Problem


Change: TypeAlias = Entries | Moved | Reranked | QueueChanged | Found | Suggestion | ModelChanged | Noticed


class Applied(msgspec.Struct, frozen=True):
    """What became of events from a page: the ids stored, and the problems of those refused, by id."""

    stored: tuple[str, ...]
    rejected: tuple[tuple[str, Problem], ...]


class Session:
    """One annotator at work on one source with one schema.

    Parameters
    ----------
    source : Source
        The items.
    schema : Schema
        The questions. Its version is settled with the store.
    store : Store
        Where answers are kept.
    name : str
        The data set: answers of one store are kept apart by it.
    annotator : str
        Who answers.
    order : str or callable
        See `nblabel.ordering.positions`.
    suggester : Suggester, optional
        Asked in the background for the items about to be shown.
    columns : LiveColumns, optional
        The user's own columns that answers are written to and read from.
    view : callable, optional
        What models see of an item, where that is not its data.
    models : Options
        How models are taught and measured.

    Examples
    --------
    >>> from nblabel.sources import open_source
    >>> from nblabel.store import open_store
    >>> schema = Schema.of({"mood": ["good", "bad"]})
    >>> texts, store = open_source(["fine", "awful"]), open_store(":memory:")
    >>> session = Session(texts, schema, store=store, name="demo", annotator="me")
    >>> session.submit("good")
    >>> session.item.data, session.progress.submitted
    ('awful', 1)
    """

    def __init__(
        self,
        source: Source,
        schema: Schema,
        *,
        store: Store,
        name: str,
        annotator: str,
        order: ordering.Order = "sequential",
        suggester: Suggester | None = None,
        columns: LiveColumns | None = None,
        view: Callable[[Item], Any] | None = None,
        models: Options = Options(),  # noqa: B008 - frozen
    ) -> None:
        background.hush(_AT_OPENING)
        self.lock = threading.RLock()
        self.within: Callable[[Callable[[], None]], None] = lambda work: work()
        """How to do what listeners hear of from the background."""
        self.watched = False
        """Whether a page shows the items: what is suggested then is seen."""
        self._listeners: list[Callable[[Change], None]] = []
        self.source = source
        self.store = store
        self.name = name
        self.annotator = annotator
        self.notices: list[Problem] = [Problem(title=text) for text in store.notices]
        self.schema = self._settle(schema)
        self._seq = store.last_seq(name)
        self._own: set[str] = set()
        self._search: Search | None = None
        self._sought: tuple[str, int] | None = None  # where work stopped, while it is not known where that is now
        self._later: list[Stored] = []  # news of items that are looked for
        self._untouched = True
        self._places: dict[str, int] = {}  # of items that were shown
        self.answers = Answers(source, self.schema, store, name, annotator, columns)
        self._live = (
            None if columns is None else LiveAnswers(columns, source, self.answers, store, self.schema, name, annotator)
        )
        self._order = order
        self._queue = Queue(ordering.positions(order, source, name), source, self.answers)
        self.models = Loop(self, suggester, ordering.of(order), view, models)
        self._queue.index = self._start()
        if self._live is not None:
            self._append(self._live.reconcile(self.answers.stored_positions()))
            self.notices += [Problem(title=text) for text in self._live.problems()]
        self._seek()
        self.models.begin()
        background.hush(_AT_OPENING)

    # ---- opening --------------------------------------------------------------------------------

    def _settle(self, schema: Schema) -> Schema:
        """The schema with the version that the store gives it; refuses to mix two sets of questions."""
        known = self.store.schema(self.name)
        if known is not None:
            old = {field.name: field for field in known.fields}
            for field in schema.fields:
                before = old.get(field.name)
                if before is None:
                    continue
                names = {label.name for label in field.get_labels()}
                names_before = {label.name for label in before.get_labels()}
                other = before.annotation != field.annotation or (names and names_before and not names & names_before)
                if other and self.store.states(self.name, self.annotator):
                    raise SchemaConflict(
                        f"data set {self.name!r} in {self.store.place} holds answers to another question {field.name!r}"
                        f" ({', '.join(sorted(names_before)) or before.annotation})",
                        "give this labeler a name= of its own",
                    )
                gone = sorted(names_before - names)
                if gone and not other:
                    self.notices.append(
                        Problem(
                            title=f"Labels removed from {field.name!r}: {', '.join(gone)}",
                            hint="Answers that carry them are kept as they are.",
                        )
                    )
        return self.store.put_schema(self.name, schema)

    def _start(self) -> int:
        """Where work stopped, else the first item without an answer."""
        place = self._stopped()
        return next(self._queue.upcoming(-1), 0) if place is None else place

    def _stopped(self) -> int | None:
        """The place in the queue where the annotator was last, in whichever notebook, as far as it is seen at once."""
        cursor = self.store.cursor(self.name, self.annotator)
        if cursor is None:
            return None
        identity, hint = cursor
        patience = 0.0 if self.answers.missing else PATIENCE
        position = self.source.locate_many({identity: hint}, patience).get(identity)
        self._sought = cursor if position is None else None
        return None if position is None else self._queue.place_of(position)

    def resume(self) -> None:
        """A page opens anew: go where work stopped, as another labeler on this store may have gone on since."""
        with self.lock:
            place = self._stopped()
            if place is not None:
                self._queue.index = place
            self._seek()

    # ---- what is not where it was -----------------------------------------------------------------

    def _wanted(self) -> dict[str, int | None]:
        wanted: dict[str, int | None] = {one: state.position for one, state in self.answers.missing.items()}
        if self._sought is not None:
            wanted.setdefault(*self._sought)
        return wanted

    def _seek(self) -> None:
        """Look in the background for items that are not where they were: nobody waits for them."""
        wanted = self._wanted()
        search = self._search
        if search is not None and search.generation == self.source.generation and wanted.keys() <= search.wanted.keys():
            return
        if search is not None:
            search.stop()
        self._search = Search(self.source, wanted, self._hear_found) if wanted else None
        if self._search is not None:
            self._search.start()

    def catch_up(self) -> None:
        """Find now what is still looked for: before anything that must know all answers."""
        with self.lock:
            search = self._search
            if search is not None:
                self._take_found(search, search.now())

    def _hear_found(self, search: Search, found: dict[str, int]) -> None:
        self.within(lambda: self._take_found(search, found))

    def _take_found(self, search: Search, found: dict[str, int]) -> None:
        with self.lock:
            if search is not self._search or search.generation != self.source.generation:
                return
            self._search = None
            placed = self.answers.place(search.wanted, found)
            later, self._later = self._later, []
            for one in later:
                if one.event.item in found:
                    self._places[one.event.item] = found[one.event.item]
                    self._note(one)
            position = None if self._sought is None else found.get(self._sought[0])
            self._sought = None
            place = None if position is None else self._queue.place_of(position)
            moved = place is not None and self._untouched and place != self._queue.index
            if place is not None and moved:
                self._queue.index = place
            if self._live is not None:
                self._append(self._live.reconcile(placed))
            if placed or moved or any(one.event.item in found for one in later):
                self.tell(Found(moved))

    def resync(self) -> bool:
        """Take rows that the user's code has added, removed or moved since; whether there were any."""
        background.hush(_BRIEFLY)
        with self.lock:
            if not self.source.changed:
                return False
            self.source.refresh()
            if self._live is not None:
                self._live.refresh()
            self._places.clear()
            self._later.clear()
            self.answers.load()
            wanted, generation = self._queue.filter, self._queue.generation
            wanted = Filter() if wanted.chosen else wanted  # rows have moved: who chose them chooses again
            self._queue = Queue(ordering.positions(self._order, self.source, self.name), self.source, self.answers)
            self._queue.generation = generation
            self._queue.index = self._start()
            self._seek()
            self.find(wanted)
            self.tell(QueueChanged())
            return True

    def close(self) -> None:
        """Stop the background work; the store stays open, as others may share it."""
        with self.lock:
            self._listeners.clear()
            if self._search is not None:
                self._search.stop()
            self.source.close()
            self.models.close()

    # ---- listeners ------------------------------------------------------------------------------

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Hear of every change; the returned function ends it. A listener must not block."""
        with self.lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self.lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def tell(self, change: Change) -> None:
        """Let everybody who subscribed hear of something."""
        for listener in list(self._listeners):
            listener(change)

    def notice(self, title: str, hint: str = "", detail: str = "") -> None:
        """Tell whoever listens, and keep it for pages that open later."""
        problem = Problem(title=title, hint=hint, detail=detail)
        with self.lock:
            self.notices.append(problem)
            self.tell(Noticed(problem))

    # ---- queue ----------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def index(self) -> int:
        """Place of the current item in the queue, from 0."""
        return self._queue.index

    @property
    def generation(self) -> int:
        """Grows whenever places of the queue come to mean other items."""
        return self._queue.generation

    @property
    def item(self) -> Item | None:
        """The item shown now; ``None`` if the queue is empty."""
        with self.lock:
            position = self._queue.position
            return None if position is None else self.source.item(position)

    @property
    def filtered(self) -> Filter:
        """The filter in force."""
        return self._queue.filter

    @property
    def progress(self) -> Progress:
        """Counts over all items, whatever the filter."""
        with self.lock:
            return self.answers.progress

    @property
    def response(self) -> Response | None:
        """What the annotator says of the current item so far."""
        with self.lock:
            position = self._queue.position
            return None if position is None else self.answers.responses([position])[position]

    def position(self, index: int) -> int:
        """The source position at a place of the queue."""
        return self._queue[index]

    def upcoming(self, index: int, count: int) -> tuple[list[int], bool]:
        """The next ``count`` places to answer after ``index``, and whether these are all there are."""
        with self.lock:
            return self._queue.next_upcoming(index, count)

    def filter(
        self,
        status: Status | Sequence[Status] | None = None,
        *,
        label: str | None = None,
        flagged: bool | None = None,
        text: str | None = None,
    ) -> int:
        """Show only items that pass all conditions given; without any, show all. Returns how many pass."""
        statuses = (status,) if isinstance(status, str) else tuple(status or ())
        known = ("pending", "draft", "submitted", "discarded")
        for one in statuses:
            if one not in known:
                raise NblabelError(f"status {one!r} is not a status", f"known: {', '.join(known)}")
        with self.lock:
            self.resync()
            names = [one.name for field in self.schema.fields for one in field.get_labels()]
            if label and label not in names and not self.store.labelled_with(self.name, self.annotator, label):
                raise NblabelError(f"no field has the label {label!r}", nearest(label, names))
            self.find(Filter(status=statuses, label=label or "", flagged=flagged, text=text or ""))
            self.tell(QueueChanged())
            return len(self._queue)

    def show_only(self, keys: Sequence[Hashable]) -> int:
        """Show only these items, in this order, from the first on; returns how many there are."""
        with self.lock:
            self.resync()
            self._queue.choose(list(dict.fromkeys(self.source.position(key) for key in keys)))
            self.find(Filter(chosen=True))
            self._queue.index = 0
            self.tell(QueueChanged())
            return len(self._queue)

    def find(self, wanted: Filter, at: str = "") -> None:
        """Set the filter and stay at the item with the identity ``at`` (the current one) if it passes."""
        with self.lock:
            if wanted:
                self._untouched = False
                self.catch_up()
            here = self.locate(at) if at else None
            stay = self._queue.position if here is None else here
            self._queue.show(wanted, stay, self.store, self.name, self.annotator)

    def locate(self, identity: str) -> int | None:
        """Where the item with this identity stands in the source."""
        return self.source.locate(identity, self._places.get(identity))

    def goto(self, key: Hashable) -> None:
        """Go to the item with this key; a filter that hides it is lifted."""
        with self.lock:
            self.resync()
            position = self.source.position(key)
            place = self._queue.place_of(position)
            if place is None:
                self.find(Filter())
                place = self._queue.place_of(position)
                if place is None:
                    raise UnknownItem(key, "order= leaves it out")
                self.tell(QueueChanged())
            self._go(place)

    def next(self) -> None:
        """Go to the next item of the queue, answered or not."""
        with self.lock:
            self._go(min(self._queue.index + 1, max(len(self._queue) - 1, 0)))

    def previous(self) -> None:
        """Go to the item before."""
        with self.lock:
            self._go(max(self._queue.index - 1, 0))

    def _go(self, place: int) -> None:
        self._untouched = False
        self._queue.index = place
        position = self._queue.position
        if position is not None:
            self.store.set_cursor(self.name, self.annotator, self.source.identity(position), position)
        self.tell(Moved())

    def moved(self, identity: str) -> None:
        """The page has gone to this item."""
        with self.lock:
            position = self.locate(identity)
            place = None if position is None else self._queue.place_of(position)
            if position is not None and place is not None:
                self._untouched = False
                self._queue.index = place
                self.store.set_cursor(self.name, self.annotator, identity, position)

    # ---- actions from Python --------------------------------------------------------------------

    def _target(self, key: Hashable | None) -> int:
        self.resync()
        self.catch_up()
        if key is not None:
            return self.source.position(key)
        position = self._queue.position
        if position is None:
            raise UnknownItem(None, "the queue is empty: filter() shows all items again")
        return position

    def _replacing(self, position: int, answer: Any, field: str | None) -> Patch:
        """The patch that puts ``answer`` in place of what its fields hold."""
        made = self.schema.coerce(answer, field)
        held = self.answers.responses([position])[position].annotations
        if field is not None:
            fields = {field}
        elif isinstance(answer, dict) and "kind" not in answer and set(answer) <= set(self.schema.names):
            fields = set(answer)
        else:
            fields = {a.field for a in made} or set(self.schema.names)
        kept = {a.id for a in made}
        drop = {a.id for a in held if a.field in fields and a.id not in kept}
        drop |= {a.id for a in held if isinstance(a, Relation) and {a.head, a.child} & drop}
        return Patch(put=made, drop=tuple(a.id for a in held if a.id in drop))

    def submit(self, answer: Any = None, *, key: Hashable | None = None, field: str | None = None) -> None:
        """Submit an answer and, for the current item, go on to the next that needs one.

        Parameters
        ----------
        answer : object, optional
            Annotations, dicts, bare labels, or a dict of these by field; they replace what their fields hold.
            ``None`` takes the draft as it stands.
        key : hashable, optional
            Any item instead of the current one.
        field : str, optional
            The field that the answer is for.

        Raises
        ------
        InvalidAnnotation
            If the answer breaks a rule of the schema; nothing is stored then.
        """
        with self.lock:
            position = self._target(key)
            patch = Patch() if answer is None else self._replacing(position, answer, field)
            self._act(position, "submit", msgspec.structs.replace(patch, status="submitted"))
            if position == self._queue.position:
                self._advance()

    def draft(self, answer: Any, *, key: Hashable | None = None, field: str | None = None) -> None:
        """Save an unfinished answer; like the browser does with every edit."""
        with self.lock:
            position = self._target(key)
            self._act(position, "edit", self._replacing(position, answer, field))

    def skip(self) -> None:
        """Go on without an answer; the item comes again at the end."""
        with self.lock:
            self._act(self._target(None), "skip", Patch())
            self._advance()

    def discard(self, *, key: Hashable | None = None) -> None:
        """Mark an item as unusable, and go on if it is the current one."""
        with self.lock:
            position = self._target(key)
            self._act(position, "discard", Patch(status="discarded"))
            if position == self._queue.position:
                self._advance()

    def flag(self, on: bool = True, *, key: Hashable | None = None) -> None:
        """Set or clear the flag of an item."""
        with self.lock:
            self._act(self._target(key), "flag", Patch(flagged=bool(on)))

    def comment(self, text: str, *, key: Hashable | None = None) -> None:
        """Comment on an item; an empty text removes the comment."""
        with self.lock:
            self._act(self._target(key), "comment", Patch(comment=str(text)))

    def accept(self, ids: Iterable[str] | None = None) -> int:
        """Take suggestions for the current item into its draft: all, or those with these ids. Returns how many."""
        with self.lock:
            item = self.item
            if item is None:
                return 0
            wanted = None if ids is None else set(ids)
            put = tuple(a for a in self.suggestions(item) or () if wanted is None or a.id in wanted)
            if put:
                self._act(item.position, "edit", Patch(put=put))
            return len(put)

    def undo(self) -> bool:
        """Take back the newest action of this annotator, in whatever session; False if there is none."""
        return self._travel("undo")

    def redo(self) -> bool:
        """Repeat the newest action that was taken back; False if there is none."""
        return self._travel("redo")

    def _travel(self, action: Action) -> bool:
        with self.lock:
            self.refresh()
            self.catch_up()
            done, undone = self.history()
            entries = {entry.event.id: entry for entry in (done if action == "undo" else undone)}
            wanted = newest_group([entry.event for entry in entries.values()])
            if not wanted:
                return False
            where = self._here({event.item for event in wanted})  # history() leaves out items of other sources
            patches = {
                where[event.item]: (entries[event.id].inverse if action == "undo" else event.patch, event.id)
                for event in wanted
            }
            self._store(self._all_made(action, patches))
            place = self._queue.place_of(where[wanted[-1].item])
            if place is not None:
                self._go(place)
            return True

    def history(self) -> tuple[list[Entry], list[Entry]]:
        """What can be undone and redone on the items of this source, newest last; see `catch_up`."""
        with self.lock:
            log = self._log()
            inverses = {stored.event.id: stored.inverse for stored in log}
            known = self._here({stored.event.item for stored in log})
            here = [stored.event for stored in log if stored.event.item in known]
            done, undone = fold_undo(here)
            return (
                [Entry(event, inverses[event.id]) for event in done],
                [Entry(event, inverses[event.id]) for event in undone],
            )

    def _log(self) -> list[Stored]:
        """The newest events; what was done to many items at once is in it whole or not at all."""
        depth = UNDO_DEPTH
        while True:
            log = self.store.entries(self.name, annotator=self.annotator, last=depth)
            if len(log) < depth or not log[0].event.group:
                return log
            depth *= 4

    def _here(self, items: Iterable[str]) -> dict[str, int]:
        """Where those items are that were shown or answered before; what is still looked for is left out."""
        hints: dict[str, int | None] = {one: self._places.get(one) for one in items}
        hints |= self.store.hints(self.name, self.annotator, [one for one, hint in hints.items() if hint is None])
        return self.source.locate_many(hints, 0.0)

    def _advance(self) -> None:
        self._go(next(self._queue.upcoming(self._queue.index), self._queue.index))

    def _act(self, position: int, action: Action, patch: Patch) -> None:
        self._store([self._made(position, action, patch, self.response_at(position))])

    def _all_made(self, action: Action, patches: Mapping[int, tuple[Patch, str]]) -> list[Event]:
        """New events that are undone as one, by position with the event that each takes back or repeats."""
        group = new_id() if len(patches) > 1 else ""
        made = []
        positions = list(patches)
        for start in range(0, len(positions), _MANY):
            part = positions[start : start + _MANY]
            for position, before in self.answers.responses(part).items():
                patch, ref = patches[position]
                made.append(self._made(position, action, patch, before, ref=ref, group=group))
        return made

    def _made(
        self, position: int, action: Action, patch: Patch, before: Response, *, ref: str = "", group: str = ""
    ) -> Event:
        """A new event; raises if it breaks a rule."""
        event = Event(
            id=new_id(),
            item=self.source.identity(position),
            annotator=self.annotator,
            action=action,
            patch=patch,
            at=time.time(),
            schema_version=self.schema.version,
            ref=ref,
            group=group,
        )
        after, _ = apply_event(before, event, self.schema.names)
        self._check(event, after, position, self.schema)
        return event

    # ---- events from a page ---------------------------------------------------------------------

    def apply(self, events: Sequence[Event], at: str = "") -> Applied:
        """Check and store events from a page; rejected ones leave no trace, and the others are durable.

        Raises
        ------
        StoreError
            If the store refuses; nothing is stored then, and the same events may be sent again.
        """
        with self.lock:
            rejected: list[tuple[str, Problem]] = []
            self._untouched = self._untouched and not events
            good: list[Event] = []
            held: dict[tuple[str, str], Response] = {}
            schemas = {self.schema.version: self.schema}
            known = self.store.known(self.name, events)
            for event in events:
                if event.id in known:  # a replay: durable already, whatever the rules say today
                    good.append(event)
                    continue
                if event.schema_version not in schemas:
                    schemas[event.schema_version] = self.store.schema(self.name, event.schema_version) or self.schema
                schema = schemas[event.schema_version]
                try:
                    event = self._plausible(event)
                    position = self.locate(event.item)
                    before = held.get((event.item, event.annotator)) or self._before(event, position)
                    after, _ = apply_event(before, event, schema.names)
                    self._check(event, after, position, schema)
                except NblabelError as error:
                    rejected.append((event.id, problem_of(error)))
                    continue
                held[event.item, event.annotator] = after
                good.append(event)
            self._store(good)
            if at:
                self.moved(at)
            return Applied(tuple(event.id for event in good), tuple(rejected))

    def _before(self, event: Event, position: int | None) -> Response | None:
        if position is not None and event.annotator == self.annotator:
            return self.answers.responses([position])[position]
        return self.store.response(self.name, event.annotator, event.item)

    @staticmethod
    def _plausible(event: Event) -> Event:
        """The event with a sane clock; raises if a name is empty or endless."""
        names = (("id", event.id, 64), ("item", event.item, 4096), ("annotator", event.annotator, 256))
        for what, value, most in names:
            if not value or len(value) > most:
                raise InvalidAnnotation(f"event {event.id[:64]!r}", f"its {what} must have 1 to {most} characters")
        now = time.time()
        sane = math.isfinite(event.at) and 0 < event.at < now + 86400
        seconds = event.seconds if math.isfinite(event.seconds) else 0.0
        return msgspec.structs.replace(
            event, at=event.at if sane else now, seconds=min(max(seconds, 0.0), _MAX_SECONDS)
        )

    def _check(self, event: Event, after: Response, position: int | None, schema: Schema) -> None:
        schema.check(
            event.patch.put,
            among=after.annotations,
            item=None if position is None else self.source.key(position),
            extent=None if position is None else self.source.extent(position),
            complete=event.patch.status == "submitted",
            draft=event.patch.status != "submitted",
        )

    def _store(self, events: Sequence[Event]) -> None:
        """Append events durably, bring everything that depends on them up to date, and tell."""
        if not events:
            return
        imports: list[Event] = []
        for item in dict.fromkeys(event.item for event in events if event.annotator == self.annotator):
            position = self.locate(item)
            if position is not None and self._live is not None:
                imports += self._live.import_of(position, item)
        self._append([*imports, *events])

    def _append(self, events: Sequence[Event]) -> None:
        if not events:
            return
        hints: dict[str, tuple[str, int, str]] = {}
        for event in events:
            position = self.locate(event.item)
            if position is not None:
                hints[event.item] = (str(self.source.key(position)), position, self.source.content(position))
        self._take(self.store.append(self.name, events, hints=hints))

    def _take(self, stored: Sequence[Stored]) -> None:
        fresh = [one for one in stored if one.new]
        for one in fresh:
            self._own.add(one.event.id)
            self._note(one)
            if one.seq == self._seq + 1:
                self._seq = one.seq
                self._own.discard(one.event.id)
        if len(fresh) > _MANY:
            self.tell(Found())
        elif fresh:
            self.tell(Entries(tuple(Entry(one.event, one.inverse) for one in fresh)))

    def _note(self, stored: Stored) -> None:
        event, response = stored.event, stored.response
        if event.annotator != self.annotator:
            return
        position = self.locate(event.item)
        if position is None:
            return
        if response is None:
            response = self.store.response(self.name, self.annotator, event.item)
        if response is None:
            return
        self.answers.note(position, response)
        self.models.answered(position, response)
        if self._live is not None:
            self._live.write(position, stored, response)

    def refresh(self) -> None:
        """Take over what other processes have written to the store since."""
        with self.lock:
            if self.store.last_seq(self.name) == self._seq:
                return
            news = self.store.entries(self.name, after=self._seq)
            others = [one for one in news if one.event.id not in self._own]
            for one in news:
                self._seq = max(self._seq, one.seq)
                self._own.discard(one.event.id)
            own = {one.event.item for one in others if one.event.annotator == self.annotator}
            self._places |= self._here(own)
            for one in others:
                if one.event.item in self._places:
                    self._note(one)
                elif one.event.annotator == self.annotator:
                    self._later.append(one)
            for response in self.store.get(self.name, self.annotator, [*(own - self._places.keys())]).values():
                self.answers.expect(response)  # of a row that is searched for, or of another frame
            self._seek()
            if others:
                self.tell(Entries(tuple(Entry(one.event, one.inverse) for one in others)))

    def take_edits(self) -> None:
        """After a cell has run: answers that its code wrote into the columns become the annotator's own."""
        if self._live is None:
            return
        with self.lock:
            edits = self._live.edits()
            self._append(edits)
            rows = self._live.refilled()
            if edits:
                self.answers.load()
                self._seek()
            elif len(rows):
                self.answers.recount(rows)
            if len(rows):
                self.tell(Found())

    # ---- answers from files ---------------------------------------------------------------------

    def load(self, rows: Sequence[Labelled], *, replace: bool = False) -> Report:
        """Take answers that were given elsewhere, matched by key column or else by content.

        Parameters
        ----------
        rows : sequence of Labelled
            As a format's ``read`` gives them; pending and draft ones are passed over.
        replace : bool
            Whether an answer may take the place of one that is here.

        Returns
        -------
        Report
            How much was taken, and what was not, item by item.
        """
        with self.lock:
            self.resync()
            self.catch_up()
            events, dropped = loaded(rows, self.source, self.answers, self.schema, self.annotator, replace=replace)
            self._append(list(events.values()))
            if self._live is not None:
                self._live.write_all(events)
            count = sum(len(event.patch.put) for event in events.values())
            return Report(items=len(events), annotations=count, dropped=tuple(dropped))

    # ---- suggestions ----------------------------------------------------------------------------

    def suggestions(self, item: Item) -> tuple[AnyAnnotation, ...] | None:
        """What came with the item and what models suggest; ``None`` while models have not answered."""
        return self.models.suggestions(item)

    def suggest_error(self, item: Item) -> str:
        """Why models could not suggest for this item; empty if they could."""
        return self.models.error(item)

    def ask(self, items: Iterable[Item], *, passing: bool = False) -> None:
        """Have models look at these items in the background; those ``passing`` by only while they are near."""
        self.models.ask(items, passing=passing)

    def draw(self, count: int, generator: np.random.Generator) -> tuple[NDArray[np.int64], int]:
        """Open positions that may be ranked anew, drawn at random, and how many there are."""
        with self.lock:
            return self._queue.draw(count, generator)

    def bring_up(
        self,
        best: NDArray[np.int64],
        *,
        held_out: NDArray[np.int64] | None = None,
        share: float = 0.0,
        generator: np.random.Generator | None = None,
    ) -> None:
        """Put these positions next, behind what the person is about to see; see `places.Queue.rank`."""
        with self.lock:
            fixed = self._queue.rank(best, held_out=held_out, share=share, generator=generator)
            if fixed is not None:
                self.tell(Reranked(fixed))

    def reorder(self, order: ordering.Order) -> None:
        """Choose anew which items come next; the one shown stays."""
        with self.lock:
            self.resync()
            strategy = ordering.of(order)
            if strategy is None:
                self.bring_up(ordering.as_array(ordering.positions(order, self.source, self.name)).astype(np.int64))
            self._order = order
            self.models.rank_by(strategy)

    def untouched(self, limit: int | None = None) -> list[int]:
        """Positions of which nothing is said yet, as they stand in the queue; so many at most."""
        with self.lock:
            self.resync()
            self.refresh()
            self.catch_up()
            order = ordering.as_array(self._queue.order)
            found: list[int] = order[self.answers.mask("pending")[order]][:limit].tolist()
            return found

    def take_over(self, patches: Mapping[int, Patch]) -> int:
        """Store what a model suggests for items that are still untouched, as one thing to undo; returns how many."""
        with self.lock:
            open_ = self.answers.mask("pending")
            events = self._all_made("prelabel", {p: (patch, "") for p, patch in patches.items() if open_[p]})
            self._store(events)
            return len(events)

    def ahead(self, count: int) -> list[int]:
        """Positions of the items that come next, the one shown now left out."""
        with self.lock:
            places, _ = self.upcoming(self.index, count)
            return [self.position(place) for place in places if place != self.index]

    def response_at(self, position: int) -> Response:
        """What the annotator says of an item."""
        return self.answers.responses([position])[position]

    # ---- results --------------------------------------------------------------------------------

    def labelled(self, *, everyone: bool = False, status: Status | None = None) -> list[Labelled]:
        """Items with their responses, in the source's order; see `Answers.labelled`."""
        with self.lock:
            self.resync()
            self.refresh()
            self.catch_up()
            return list(self.answers.labelled(everyone=everyone, status=status))

    def said(self, key: Hashable, annotator: str | None = None) -> Labelled:
        """The item with this key, and what an annotator (this one if not named) says of it so far."""
        with self.lock:
            self.resync()
            self.refresh()
            position = self.source.position(key)
            item = self.source.item(position)
            if annotator is None or annotator == self.annotator:
                return Labelled(item, self.answers.responses([position])[position])
            found = self.store.response(self.name, annotator, item.identity)
            return Labelled(item, found or Response(item.identity, annotator))

    def states(self, positions: Sequence[int]) -> dict[int, tuple[Response, bool]]:
        """Response and done-ness of each position, with the status as the fields asked now see it."""
        with self.lock:
            made = {}
            if len(self._places) > _SHOWN:
                self._places.clear()
            for position, response in self.answers.responses(positions).items():
                self._places[response.item] = position
                status = self.answers.status(position)
                if status != response.status:
                    response = msgspec.structs.replace(response, status=status)
                made[position] = (response, self.answers.done(position))
            return made

    def everyone(self, positions: Iterable[int] | None = None) -> Iterator[tuple[int, Response]]:
        """What all annotators say of some items, or of all, by position; this one's status as `states` sees it."""
        with self.lock:
            self.resync()
            self.refresh()
            wanted = self.answers.stored_positions() if positions is None else list(positions)
            hints: dict[str, int | None] = dict(zip(self.source.identities(wanted), wanted, strict=True))
            framed = [] if self._live is None else range(len(self.source)) if positions is None else wanted
            framed = [position for position in framed if self.answers.in_frame(position)]
        stored = self.store.responses(self.name, items=None if positions is None else hints)
        while rows := list(itertools.islice(stored, 500)):
            with self.lock:
                places = self.source.locate_many({one.item: hints.get(one.item) for one in rows})
                own = [places[one.item] for one in rows if one.annotator == self.annotator and one.item in places]
                states = self.states(own)
            for one in rows:
                place = places.get(one.item)
                if place is not None:
                    yield place, states[place][0] if one.annotator == self.annotator else one
        for start in range(0, len(framed), 500):
            for place, (response, _) in self.states(framed[start : start + 500]).items():
                yield place, response

    @property
    def suggests(self) -> bool:
        """Whether models are asked for suggestions."""
        return self.models.suggests

    def changed(self, position: int) -> bool:
        """Whether an answered item's content is not what it was."""
        if not self.source.may_change:  # identities are hashes of contents
            return False
        known = self.store.content(self.name, self.source.identity(position))
        return known is not None and known != self.source.content(position)


def problem_of(error: BaseException) -> Problem:
    """An error as the labeler shows it; the traceback goes to the copyable detail."""
    if isinstance(error, NblabelError):
        return Problem(title=error.message, hint=error.hint, detail=getattr(error, "detail", "") or str(error))
    detail = "".join(traceback.format_exception(error))
    return Problem(title=f"{type(error).__name__}: {error}", detail=detail)
