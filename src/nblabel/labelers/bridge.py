"""The kernel's side of the protocol: one page's messages in, answers and news out. Knows no widget."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from ..annotations import AnyAnnotation
from ..errors import NblabelError, ProtocolError, StoreError
from ..media.base import Piece, Shown
from ..media.desk import Desk
from ..protocol import (
    PROTOCOL_VERSION,
    Ack,
    Answer,
    Ask,
    Changed,
    Chunk,
    Entry,
    Events,
    Failure,
    Fetch,
    Find,
    Hello,
    Incoming,
    Items,
    Media,
    Model,
    Move,
    Notice,
    Outgoing,
    Ping,
    Pong,
    Problem,
    Queue,
    Rejected,
    Reordered,
    Suggested,
    Travel,
    Welcome,
    WireItem,
    WireResponse,
    decode,
    encode,
)
from ..protocol import Moved as MovedMessage
from ..records import Item, Suggestion
from ..session import (
    Change,
    Entries,
    Found,
    ModelChanged,
    Moved,
    Noticed,
    QueueChanged,
    Reranked,
    Session,
    problem_of,
)

__all__ = ["Bridge", "Presenter", "Server", "Tool"]

Presenter = Callable[[Item], Shown]
"""What the browser gets of an item at once."""
Server = Callable[[Item, str, tuple[int, ...]], Piece]
"""A piece of an item that the browser asks for; see `nblabel.media.base.Medium.piece`."""
Tool = Callable[[Item, Any], Any]
"""What a tool of the page asks of Python, from JSON values to JSON values; runs in a worker thread."""

BEHIND, AHEAD = 10, 20
WINDOW_BYTES = 1 << 20
"""Items of one message stay below this, the current one excepted: larger ones follow when they are needed."""
HISTORY_BYTES = 256 << 10
CHUNK_BYTES = 1 << 20
PIECES_BYTES = 64 << 20
"""Pieces of which the page has had a first chunk are kept up to here, for the others."""
_log = logging.getLogger("nblabel")


def present_plainly(item: Item) -> Shown:
    """The data as it is, with its tokens."""
    tokens = None if item.tokens is None else tuple(offset for token in item.tokens for offset in token)
    return Shown(item.data, tokens, item.problem)


class Bridge:
    """Answers the browser and tells it the news.

    Parameters
    ----------
    session : Session
        The work that the page shows.
    send : callable
        Takes one message as a dict of JSON values, and a list of buffers where it has any.
    present : callable
        Turns an item into what the browser shows.
    serve : callable, optional
        Makes the pieces of items that the browser asks for.
    tools : dict
        What the page's tools may ask of Python, by name.
    guidelines, keys, options
        Handed to the page as they are.
    """

    def __init__(
        self,
        session: Session,
        send: Callable[..., None],
        *,
        present: Presenter = present_plainly,
        serve: Server | None = None,
        tools: Mapping[str, Tool] | None = None,
        guidelines: str = "",
        keys: Mapping[str, Sequence[str]] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._session = session
        self._send_raw = send
        self._present = present
        self._serve = serve
        self._tools = dict(tools or {})
        self._desk = Desk()
        self._pieces: OrderedDict[tuple[str, str, tuple[int, ...]], Piece] = OrderedDict()
        self._pieces_lock = threading.Lock()
        self._guidelines = guidelines
        self._keys = {action: tuple(chords) for action, chords in (keys or {}).items()}
        self._options = dict(options or {})
        self._context = contextvars.copy_context()
        self._travelled = 0
        self._stop = session.subscribe(self._heard)
        session.within = lambda work: self._context.copy().run(work)

    def close(self) -> None:
        """Say nothing any more."""
        self._stop()
        self._desk.close()

    # ---- in -------------------------------------------------------------------------------------

    def receive(self, content: Any, buffers: Sequence[Any] = ()) -> None:
        """Handle one message; whatever goes wrong is answered, never raised."""
        self._context = contextvars.copy_context()
        reply = content.get("id", 0) if isinstance(content, dict) else 0
        reply = reply if isinstance(reply, int) else 0
        try:
            message = decode(content)
            if isinstance(message, Media | Ask):
                self._take(message)
            else:
                self._send(self._answer(message))
        except Exception as error:  # the page must hear of every failure: it would wait for ever
            self._fail(reply, error)

    def _fail(self, reply: int, error: Exception) -> None:
        if not isinstance(error, NblabelError):
            _log.error("a message from the browser could not be handled", exc_info=error)
        self._send(Failure(reply=reply, problem=problem_of(error), retry=isinstance(error, StoreError)))

    # ---- what takes its time ----------------------------------------------------------------------

    def _take(self, message: Media | Ask) -> None:
        """Answer later, from a worker: labels must not wait behind an image."""
        session = self._session
        position = session.source.locate(message.item)
        if position is None:
            raise ProtocolError(f"the page asked for an item that is not here: {message.item[:80]!r}")
        item = session.source.item(position)
        context = self._context

        def work() -> None:
            try:
                answer, buffers = (
                    self._chunk(item, message) if isinstance(message, Media) else self._used(item, message)
                )
            except Exception as error:
                context.copy().run(self._fail, message.id, error)
            else:
                context.copy().run(self._send, answer, buffers)

        self._desk.take(work)

    def _chunk(self, item: Item, message: Media) -> tuple[Chunk, list[memoryview]]:
        if self._serve is None:
            raise ProtocolError("this labeler has no media")
        key = (message.item, message.part, message.at)
        with self._pieces_lock:
            piece = self._pieces.get(key) if message.offset else None
        if piece is None:
            piece = self._serve(item, message.part, message.at)
            if len(piece.data) > CHUNK_BYTES:
                self._keep(key, piece)
        start = min(max(message.offset, 0), len(piece.data))
        part = memoryview(piece.data)[start : start + CHUNK_BYTES]
        return Chunk(reply=message.id, total=len(piece.data), offset=start, about=piece.about), [part]

    def _keep(self, key: tuple[str, str, tuple[int, ...]], piece: Piece) -> None:
        with self._pieces_lock:
            self._pieces[key] = piece
            self._pieces.move_to_end(key)
            while sum(len(one.data) for one in self._pieces.values()) > PIECES_BYTES and len(self._pieces) > 1:
                self._pieces.popitem(last=False)

    def _used(self, item: Item, message: Ask) -> tuple[Answer, list[memoryview]]:
        tool = self._tools.get(message.tool)
        if tool is None:
            raise ProtocolError(f"this labeler has no tool {message.tool[:40]!r}")
        return Answer(reply=message.id, made=tool(item, message.given)), []

    def _answer(self, message: Incoming) -> Outgoing:
        session = self._session
        session.resync()
        if isinstance(message, Events):
            applied = session.apply(message.events, message.at)
            rejected = tuple(Rejected(*refused) for refused in applied.rejected)
            return Ack(reply=message.id, stored=applied.stored, rejected=rejected, progress=session.progress)
        if isinstance(message, Move):
            session.moved(message.at)
            return Pong(reply=message.id)
        if isinstance(message, Ping):
            session.refresh()
            return Pong(reply=message.id)
        if isinstance(message, Fetch):
            return self._items(message)
        if isinstance(message, Find):
            session.find(message.filter, message.at)
            return self._queue(message.id)
        if isinstance(message, Travel):
            if message.id != self._travelled:  # a page asks again when it hears nothing for long
                (session.undo if message.action == "undo" else session.redo)()
                self._travelled = message.id
            return Ack(reply=message.id, progress=session.progress)
        assert isinstance(message, Hello)
        return self._welcome(message)

    # ---- answers --------------------------------------------------------------------------------

    def _welcome(self, message: Hello) -> Welcome:
        session = self._session
        session.refresh()
        if not message.at:
            session.resume()
        session.watched = True
        notices = tuple(session.notices)
        if message.version != PROTOCOL_VERSION:
            notices += (
                Problem(title="The page and the kernel run different versions of nblabel", hint="reload the page"),
            )
        return self._opening(message.id, notices)

    def _opening(self, reply: int, notices: tuple[Problem, ...] = ()) -> Welcome:
        session = self._session
        done, undone = session.history()
        return Welcome(
            reply=reply,
            version=PROTOCOL_VERSION,
            store=session.store.id,
            dataset=session.name,
            annotator=session.annotator,
            schema=session.schema,
            queue=self._queue(0),
            history=_newest(done),
            redo=_newest(undone),
            guidelines=self._guidelines,
            keys=self._keys,
            options=self._options,
            place=session.store.place,
            notices=notices,
            model=session.models.state,
        )

    def _queue(self, reply: int) -> Queue:
        session = self._session
        upcoming, complete = session.upcoming(session.index, AHEAD)
        return Queue(
            reply=reply,
            queue=session.generation,
            total=len(session),
            index=session.index,
            items=self._window(session.index, upcoming),
            upcoming=tuple(upcoming),
            complete=complete,
            filter=session.filtered,
            progress=session.progress,
        )

    def _items(self, message: Fetch) -> Outgoing:
        session = self._session
        if message.queue != session.generation:  # the page's indexes count in a queue that is gone
            return self._queue(message.id)
        index = min(max(message.index, 0), max(len(session) - 1, 0))
        upcoming, complete = session.upcoming(index, AHEAD)
        return Items(
            reply=message.id,
            queue=session.generation,
            index=index,
            items=self._window(index, upcoming, message.held),
            upcoming=tuple(upcoming),
            complete=complete,
        )

    def _window(self, index: int, upcoming: Sequence[int], held: Sequence[int] = ()) -> tuple[WireItem, ...]:
        """The item at ``index`` and its neighbours but for those held, nearest needed first, bounded in bytes."""
        session = self._session
        total = len(session)
        ahead = range(index + 1, min(index + 1 + AHEAD, total))
        behind = range(index - 1, max(index - 1 - BEHIND, -1), -1)
        wanted = dict.fromkeys([index, *upcoming[:3], *ahead[:3], *behind[:2], *upcoming, *ahead, *behind])
        places = [place for place in wanted if 0 <= place < total]
        states = session.states([session.position(place) for place in places])
        made: list[WireItem] = []
        asked: list[Item] = []
        room = WINDOW_BYTES
        there = set(held)
        for place in places:
            position = session.position(place)
            item = session.source.item(position)
            if place in there:
                asked.append(item)
                continue
            response, done = states[position]
            data, tokens, problem = self._present(item)
            room -= len(data) * 2 if isinstance(data, str) else 1024
            room -= 8 * len(tokens or ()) + sum(_size(a) for a in response.annotations)
            if made and room < 0:
                break
            made.append(
                WireItem(
                    id=item.identity,
                    key=str(item.key),
                    index=place,
                    data=data,
                    show=item.show,
                    tokens=tokens,
                    response=WireResponse(
                        status=response.status,
                        annotations=response.annotations,
                        flagged=response.flagged,
                        comment=response.comment,
                        seconds=response.seconds,
                        model=response.model,
                    ),
                    done=done,
                    suggestions=session.suggestions(item),
                    suggest_error=session.suggest_error(item),
                    changed=response.status != "pending" and session.changed(position),
                    problem=problem,
                )
            )
            asked.append(item)
        session.ask(asked, passing=True)
        return tuple(made)

    # ---- news -----------------------------------------------------------------------------------

    def _heard(self, change: Change) -> None:
        if isinstance(change, Entries):
            self._send(Changed(entries=change.entries, progress=self._session.progress))
        elif isinstance(change, Moved | QueueChanged):
            self._send(MovedMessage(queue=self._queue(0)))
        elif isinstance(change, Reranked):
            upcoming, complete = self._session.upcoming(self._session.index, AHEAD)
            queue = self._session.generation
            self._later(Reordered(queue=queue, fixed=change.fixed, upcoming=tuple(upcoming), complete=complete))
        elif isinstance(change, Found):
            if change.moved:
                self._send(MovedMessage(queue=self._queue(0)))
            if self._session.watched:
                self._send(self._opening(0))
        elif isinstance(change, Suggestion):
            self._later(Suggested(item=change.item, annotations=change.annotations, error=change.error))
        elif isinstance(change, ModelChanged):
            self._later(Model(model=change.model))
        elif isinstance(change, Noticed):
            self._send(Notice(problem=change.problem))

    def _later(self, message: Outgoing) -> None:
        """Send what a worker thread tells.

        ipykernel routes the page's messages to the loop that answered last: in the context of the page's own request
        that stays a subshell, which is served while a cell runs.
        """
        self._context.copy().run(self._send, message)

    def _send(self, message: Outgoing, buffers: Sequence[memoryview] = ()) -> None:
        made = encode(message)
        try:
            msgspec.json.encode(made)
        except UnicodeEncodeError:  # half a surrogate pair cannot travel; a replacement keeps every offset
            made = _whole(made)
        if buffers:
            self._send_raw(made, list(buffers))
        else:
            self._send_raw(made)


def _size(annotation: AnyAnnotation) -> int:
    """Roughly the bytes of an annotation on the wire."""
    many: Sequence[Any] = getattr(annotation, "counts", getattr(annotation, "points", ()))
    return 120 + 8 * len(many) + 24 * sum(len(hole) for hole in getattr(annotation, "holes", ()))


def _newest(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """As many of the newest entries as fit into one message."""
    kept: list[Entry] = []
    room = HISTORY_BYTES
    for entry in reversed(entries[-50:]):
        room -= 200 + sum(_size(a) + 30 for a in (*entry.event.patch.put, *entry.inverse.put))
        if room < 0:
            break
        kept.append(entry)
    return tuple(reversed(kept))


def _whole(value: Any) -> Any:
    """The same JSON values with every lone surrogate replaced by U+FFFD."""
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, list | tuple):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(one) for key, one in value.items()}
    return value
