"""What is said of items: responses, and the events that change them.

A response is the fold of its events: each carries a patch (annotations put by id, ids dropped, and new values
of status, flag, comment and model), so that an edit costs its own size, not the item's. `apply_event` is pure and
stands in TypeScript too (``js/src/core/patch.ts``); both are tested on the same golden cases.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from .annotations import AnyAnnotation

__all__ = [
    "Action",
    "Dropped",
    "Event",
    "Filter",
    "Item",
    "Labelled",
    "Patch",
    "Progress",
    "Report",
    "Response",
    "Status",
    "Suggestion",
    "apply_event",
    "fold_undo",
    "newest_group",
]

Status: TypeAlias = Literal["pending", "draft", "submitted", "discarded"]
Action: TypeAlias = Literal[
    "edit", "submit", "skip", "discard", "flag", "comment", "undo", "redo", "import", "prelabel"
]


class Item(msgspec.Struct, frozen=True, eq=False):
    """One thing to label.

    Attributes
    ----------
    key : hashable
        The user's own name for it: key column, index label, position or path.
    data : object
        What is shown: a ``str`` for texts.
    identity : str
        The store's name for it.
    position : int
        Its place in the source, from 0.
    show : tuple of (str, str)
        Columns shown beside it.
    tokens : tuple of (int, int), optional
        ``[start, end)`` of its tokens in code points, where a tokenizer was given.
    prelabels : tuple of annotations
        Annotations that came with it (a Doc's entities): suggestions, not answers.
    problem : str
        Why it cannot be shown; empty if it can.
    size : (int, int), optional
        Width and height of an image in pixels, where they have been looked up.
    duration : float, optional
        Seconds of a recording, where they are known for certain.
    """

    key: Hashable
    data: Any
    identity: str = ""
    position: int = 0
    show: tuple[tuple[str, str], ...] = ()
    tokens: tuple[tuple[int, int], ...] | None = None
    prelabels: tuple[AnyAnnotation, ...] = ()
    problem: str = ""
    size: tuple[int, int] | None = None
    duration: float | None = None


class Patch(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A change of one response; ``None`` leaves a value as it is.

    Only of ``model`` it does not: whoever changes annotations or status without naming a model is a person, and then
    the answer is a person's.
    """

    put: tuple[AnyAnnotation, ...] = ()
    drop: tuple[str, ...] = ()
    status: Status | None = None
    flagged: bool | None = None
    comment: str | None = None
    model: str | None = None


class Event(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One immutable entry of the log.

    ``id`` is made where the event is made, so that a replay is recognised. ``seconds`` are the active seconds
    spent on the item since its last event; ``at`` is the POSIX time of the action. ``ref`` is the id of the
    event that an undo takes back or a redo repeats. Events of one ``group`` are undone and redone as one.
    """

    id: str
    item: str
    annotator: str
    action: Action
    patch: Patch = Patch()
    seconds: float = 0.0
    at: float = 0.0
    schema_version: int = 1
    ref: str = ""
    group: str = ""


class Response(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """All that one annotator says of one item.

    ``fields`` are the questions that were asked whenever it was submitted: a field added later makes the item
    pending again for that question, with its answers kept. ``model`` is the source whose suggestions were taken in
    bulk, and nobody has touched since; empty for what a person says.
    """

    item: str
    annotator: str
    status: Status = "pending"
    annotations: tuple[AnyAnnotation, ...] = ()
    flagged: bool = False
    comment: str = ""
    seconds: float = 0.0
    created_at: float = 0.0
    updated_at: float = 0.0
    schema_version: int = 1
    fields: tuple[str, ...] = ()
    model: str = ""


def _model_after(before: str, patch: Patch, touched: bool) -> str:
    if patch.model is not None:
        return patch.model
    return "" if touched or patch.status is not None else before


def apply_event(before: Response | None, event: Event, fields: Iterable[str] = ()) -> tuple[Response, Patch]:
    """The response after ``event``, and the patch that takes it back.

    Parameters
    ----------
    before : Response or None
        The item's response by the event's annotator so far.
    event : Event
        What was done.
    fields : iterable of str
        The questions of the event's schema version; remembered if the event submits.
    """
    old = before or Response(event.item, event.annotator, created_at=event.at)
    patch = event.patch
    held = {a.id: a for a in old.annotations}
    undo_put = tuple(held[key] for key in patch.drop if key in held)
    undo_put += tuple(held[a.id] for a in patch.put if a.id in held and held[a.id] != a and a.id not in patch.drop)
    undo_drop = tuple(a.id for a in patch.put if a.id not in held)
    for key in patch.drop:
        held.pop(key, None)
    for a in patch.put:
        held[a.id] = a
    touched = bool(patch.put or patch.drop)
    status = patch.status
    if status is None:
        status = "draft" if touched else old.status
    model = _model_after(old.model, patch, touched)
    # annotations alone would make a draft of it again
    back = status != old.status or (old.status != "draft" and bool(undo_put or undo_drop))
    inverse = Patch(
        put=undo_put,
        drop=undo_drop,
        status=old.status if back else None,
        flagged=old.flagged if patch.flagged is not None and patch.flagged != old.flagged else None,
        comment=old.comment if patch.comment is not None and patch.comment != old.comment else None,
    )
    if _model_after(model, inverse, bool(undo_put or undo_drop)) != old.model:
        inverse = msgspec.structs.replace(inverse, model=old.model)
    asked = old.fields
    if patch.status == "submitted" and event.action != "undo":
        asked = tuple(dict.fromkeys((*asked, *fields)))
    after = msgspec.structs.replace(
        old,
        status=status,
        annotations=tuple(held.values()),
        flagged=old.flagged if patch.flagged is None else patch.flagged,
        comment=old.comment if patch.comment is None else patch.comment,
        seconds=old.seconds + event.seconds,
        updated_at=event.at,
        schema_version=event.schema_version,
        fields=asked,
        model=model,
    )
    return after, inverse


def fold_undo(events: Iterable[Event]) -> tuple[list[Event], list[Event]]:
    """The events that can be undone and redone, newest last, from one annotator's log in order."""
    done: dict[str, Event] = {}
    undone: dict[str, Event] = {}
    for event in events:
        if event.action in ("undo", "redo"):
            source, target = (done, undone) if event.action == "undo" else (undone, done)
            if event.ref in source:
                target[event.ref] = source.pop(event.ref)
        elif event.action != "import":
            done[event.id] = event
            undone = {}
    return list(done.values()), list(undone.values())


def newest_group(stack: Sequence[Event]) -> list[Event]:
    """What is undone (or redone) next, in the order in which to do it, from a stack of `fold_undo`.

    Examples
    --------
    >>> bulk = [Event(name, name, "me", "prelabel", group="g") for name in ("a", "b")]
    >>> [event.id for event in newest_group([Event("c", "c", "me", "submit"), *bulk])]
    ['b', 'a']
    """
    if not stack:
        return []
    newest = stack[-1]
    if not newest.group:
        return [newest]
    return [event for event in reversed(stack) if event.group == newest.group]


class Filter(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which items the queue shows; all conditions must hold, an empty one always does.

    ``label`` keeps items with an annotation of that label; ``text`` is found in the item without regard to case.
    ``chosen`` keeps those that Python has chosen, in its order.
    """

    status: tuple[Status, ...] = ()
    label: str = ""
    flagged: bool | None = None
    text: str = ""
    chosen: bool = False

    def __bool__(self) -> bool:
        return self != Filter()


class Progress(msgspec.Struct, frozen=True):
    """How far the work is, in items of the source (``flagged`` overlaps the others)."""

    total: int
    submitted: int = 0
    drafts: int = 0
    discarded: int = 0
    flagged: int = 0

    @property
    def pending(self) -> int:
        """Items of which nothing is said yet."""
        return self.total - self.submitted - self.drafts - self.discarded


class Suggestion(msgspec.Struct, frozen=True, omit_defaults=True):
    """What models suggest for one item; ``error`` tells why they could not."""

    item: str
    annotations: tuple[AnyAnnotation, ...] = ()
    error: str = ""


class Labelled(msgspec.Struct, frozen=True):
    """An item with one annotator's response: what formats and tables are written from."""

    item: Item
    response: Response


class Dropped(msgspec.Struct, frozen=True):
    """Something that a format could not carry: which item, which annotation (id, may be empty), and why."""

    key: Hashable
    annotation: str
    reason: str


class Report(msgspec.Struct, frozen=True):
    """What came of writing or reading: counts, and all that was dropped or moved, item by item."""

    items: int = 0
    annotations: int = 0
    dropped: tuple[Dropped, ...] = ()
    path: str = ""

    def __str__(self) -> str:
        text = f"{self.annotations} annotations of {self.items} items"
        text += f" in {self.path}" if self.path else ""
        if self.dropped:
            shown = "; ".join(f"{d.key!r}: {d.reason}" for d in self.dropped[:3])
            more = f" and {len(self.dropped) - 3} more" if len(self.dropped) > 3 else ""
            text += f"; {len(self.dropped)} not carried whole ({shown}{more})"
        return text
