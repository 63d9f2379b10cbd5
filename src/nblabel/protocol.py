"""Every message between browser and kernel. The TypeScript types are generated from this module.

The browser sends a request with an ``id`` that is unique in its page; the kernel answers each with exactly one
reply whose ``reply`` is that id, and may push notices of its own at any time. Items are named by identity.
Offsets are code points on the wire; the browser converts at its text model.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from .annotations import AnyAnnotation
from .errors import ProtocolError
from .records import Event, Filter, Patch, Progress, Status
from .schema import Schema

__all__ = [
    "PROTOCOL_VERSION",
    "Ack",
    "Answer",
    "Ask",
    "Changed",
    "Chunk",
    "Entry",
    "Events",
    "Failure",
    "Fetch",
    "Find",
    "Hello",
    "Incoming",
    "Items",
    "Media",
    "Model",
    "ModelPoint",
    "ModelState",
    "Move",
    "Moved",
    "Notice",
    "Outgoing",
    "Ping",
    "Pong",
    "Problem",
    "Queue",
    "Rejected",
    "Reordered",
    "Suggested",
    "Travel",
    "Welcome",
    "WireItem",
    "WireResponse",
    "decode",
    "encode",
]

PROTOCOL_VERSION = 1


class Message(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True, forbid_unknown_fields=True
):
    """A tagged message."""


# ---- browser -> kernel ---------------------------------------------------------------------------


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """A page has opened the labeler (or come back) and asks for everything it needs."""

    id: int
    version: int
    at: str = ""
    """The item the page shows, if it shows one already (a reconnect)."""


class Ping(Message, frozen=True, kw_only=True, tag="ping"):
    """Are you there? Sent at render, and while the page is visible; also asks for news of other writers."""

    id: int


class Fetch(Message, frozen=True, kw_only=True, tag="fetch"):
    """Items of the queue around ``index``; with ``pending``, also the next ones still to be answered."""

    id: int
    index: int
    queue: int
    """The generation of the queue that ``index`` counts in; an older one is answered from the new queue."""
    held: tuple[int, ...] = ()
    """Places near ``index`` that the page holds: they are not sent again."""


class Find(Message, frozen=True, kw_only=True, tag="find"):
    """Show only items that pass; an empty filter shows all. Answered by `Queue`."""

    id: int
    filter: Filter
    at: str = ""
    """The item to stay at, if it passes."""


class Events(Message, frozen=True, kw_only=True, tag="events"):
    """What the person did, oldest first, and the item shown afterwards. Answered once all are durable."""

    id: int
    events: tuple[Event, ...] = ()
    at: str = ""


class Move(Message, frozen=True, kw_only=True, tag="move"):
    """The person has gone to another item without answering."""

    id: int
    at: str


class Media(Message, frozen=True, kw_only=True, tag="media"):
    """A piece of what an item shows (the whole image, a tile, ...), from byte ``offset`` on. Answered by `Chunk`."""

    id: int
    item: str
    part: str
    at: tuple[int, ...] = ()
    """Which piece of the part: such as level, column and row of a tile."""
    offset: int = 0


class Ask(Message, frozen=True, kw_only=True, tag="ask"):
    """What only Python can do for a tool, such as a mask from clicks. Answered by `Answer`."""

    id: int
    item: str
    tool: str
    given: Any = None


class Travel(Message, frozen=True, kw_only=True, tag="travel"):
    """Undo or redo what was done to many items at once, which the page does not hold whole. Answered by `Ack`."""

    id: int
    action: Literal["undo", "redo"]


Incoming: TypeAlias = Hello | Ping | Fetch | Find | Events | Move | Media | Ask | Travel


# ---- kernel -> browser ---------------------------------------------------------------------------


class WireResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the page needs of a response."""

    status: Status = "pending"
    annotations: tuple[AnyAnnotation, ...] = ()
    flagged: bool = False
    comment: str = ""
    seconds: float = 0.0
    model: str = ""
    """The source whose suggestions were taken in bulk."""


class WireItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item of the queue with what is said of it.

    ``suggestions`` is null until models were asked. ``done`` tells that it needs no answer any more.
    """

    id: str
    key: str
    index: int
    data: Any
    show: tuple[tuple[str, str], ...] = ()
    tokens: tuple[int, ...] | None = None
    """Flat ``start, end, start, end, ...`` in code points."""
    response: WireResponse = WireResponse()
    done: bool = False
    suggestions: tuple[AnyAnnotation, ...] | None = None
    suggest_error: str = ""
    changed: bool = False
    """The item's content is not what it was when it was answered (with a key column)."""
    problem: str = ""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as people read it; ``detail`` is for copying into a report."""

    title: str
    hint: str = ""
    detail: str = ""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event of the log with the patch that takes it back."""

    event: Event
    inverse: Patch = Patch()


class Queue(Message, frozen=True, kw_only=True, tag="queue"):
    """The queue as it is now; replaces what the page held.

    ``upcoming`` are the indexes of the next items to answer, nearest first, wrapping round at the end;
    ``complete`` tells that the list holds all there are.
    """

    reply: int = 0
    queue: int
    total: int
    index: int
    items: tuple[WireItem, ...]
    upcoming: tuple[int, ...]
    complete: bool = False
    filter: Filter = Filter()
    progress: Progress


class Items(Message, frozen=True, kw_only=True, tag="items"):
    """The answer to `Fetch`: items to add to those held."""

    reply: int
    queue: int
    index: int
    items: tuple[WireItem, ...]
    upcoming: tuple[int, ...]
    complete: bool = False


class ModelPoint(msgspec.Struct, frozen=True):
    """One point of a learning curve: so many labels, this score on the answers held out."""

    labels: int
    score: float


class ModelState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person wants to know of the model that suggests, in words as they are shown.

    ``until_next`` are the answers still missing until it learns again; ``detail`` is the traceback of ``error``.
    """

    name: str
    version: str = ""
    state: Literal["idle", "busy", "training", "failed"] = "idle"
    labels: int = 0
    """How many answers it has learnt from."""
    until_next: int = 0
    held_out: int = 0
    """How many answers ``score`` was measured on."""
    score: float | None = None
    metric: str = ""
    curve: tuple[ModelPoint, ...] = ()
    hint: str = ""
    order: str = ""
    accepted: float | None = None
    """The share of suggestions that were taken as they were."""
    usage: str = ""
    error: str = ""
    detail: str = ""


class Welcome(Message, frozen=True, kw_only=True, tag="welcome"):
    """The answer to `Hello`."""

    reply: int
    version: int
    store: str
    """The store's own id: outboxes of other stores are left alone."""
    dataset: str
    annotator: str
    schema: Schema
    queue: Queue
    history: tuple[Entry, ...] = ()
    """The newest events that can be undone, oldest first."""
    redo: tuple[Entry, ...] = ()
    guidelines: str = ""
    keys: dict[str, tuple[str, ...]] = {}
    """Shortcuts that replace the page's own, by action."""
    options: dict[str, Any] = {}
    """What one kind of labeler needs besides (``height``, ``binary``, ...)."""
    place: str = ""
    """Where labels are stored, as people read it."""
    notices: tuple[Problem, ...] = ()
    model: ModelState | None = None


class Rejected(msgspec.Struct, frozen=True):
    """An event that breaks a rule; it will not be asked for again."""

    id: str
    problem: Problem


class Ack(Message, frozen=True, kw_only=True, tag="ack"):
    """The events named are stored durably (or were already)."""

    reply: int
    stored: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    progress: Progress


class Pong(Message, frozen=True, kw_only=True, tag="pong"):
    """Here."""

    reply: int


class Failure(Message, frozen=True, kw_only=True, tag="failure"):
    """A request failed; nothing was changed. With ``retry`` the page keeps the events and sends them again."""

    reply: int
    problem: Problem
    retry: bool = False


class Changed(Message, frozen=True, kw_only=True, tag="changed"):
    """Events that did not come from this page: from Python, or from another notebook on the same store."""

    entries: tuple[Entry, ...]
    progress: Progress


class Moved(Message, frozen=True, kw_only=True, tag="moved"):
    """Python has gone to another item; its neighbours come along."""

    queue: Queue


class Reordered(Message, frozen=True, kw_only=True, tag="reordered"):
    """What comes next was ranked anew: places before ``fixed`` hold what they held, the others may not.

    The page stays at its item, wherever that stands now.
    """

    queue: int
    fixed: int
    upcoming: tuple[int, ...]
    complete: bool = False


class Suggested(Message, frozen=True, kw_only=True, tag="suggested"):
    """Models have answered for one item."""

    item: str
    annotations: tuple[AnyAnnotation, ...] = ()
    error: str = ""


class Notice(Message, frozen=True, kw_only=True, tag="notice"):
    """Something the person should know."""

    problem: Problem


class Model(Message, frozen=True, kw_only=True, tag="model"):
    """Something about the model that suggests has changed."""

    model: ModelState


class Chunk(Message, frozen=True, kw_only=True, tag="chunk"):
    """The answer to `Media`; its one buffer holds the bytes from ``offset`` on."""

    reply: int
    total: int
    """How many bytes the whole piece has."""
    offset: int = 0
    about: dict[str, Any] = {}
    """What the bytes are (``mime``, ...)."""


class Answer(Message, frozen=True, kw_only=True, tag="answer"):
    """The answer to `Ask`."""

    reply: int
    made: Any = None


Outgoing: TypeAlias = (
    Welcome
    | Queue
    | Items
    | Ack
    | Pong
    | Failure
    | Changed
    | Moved
    | Reordered
    | Suggested
    | Notice
    | Model
    | Chunk
    | Answer
)


def decode(content: Any) -> Incoming:
    """A message from the browser; raises `ProtocolError` for anything else."""
    try:
        message: Incoming = msgspec.convert(content, Incoming)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ProtocolError(f"the browser sent a message that is not of the protocol: {error}") from None
    return message


def encode(message: Outgoing) -> dict[str, Any]:
    """A message for the browser as plain JSON values."""
    made = msgspec.to_builtins(message)
    assert isinstance(made, dict)
    return made
