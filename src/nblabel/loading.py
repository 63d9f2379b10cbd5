"""Answers that were given elsewhere become events of a data set."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from .annotations import new_id
from .answers import Answers
from .errors import NblabelError, UnknownItem
from .records import Dropped, Event, Labelled, Patch
from .schema import Schema
from .sources import Source, open_source

__all__ = ["loaded"]


def loaded(
    rows: Sequence[Labelled], source: Source, answers: Answers, schema: Schema, annotator: str, *, replace: bool
) -> tuple[dict[int, Event], list[Dropped]]:
    """The event for each position that an answer is taken for, and the rows that are not taken, with the reason.

    Rows are matched by key column, else by content; pending and draft ones are passed over.
    """
    events: dict[int, Event] = {}
    dropped: list[Dropped] = []
    answered = [row for row in rows if row.response.status in ("submitted", "discarded")]
    for row, position in zip(answered, _matched(answered, source), strict=True):
        try:
            if position is None:
                raise UnknownItem(row.item.key)
            if not replace and (answers.done(position) or position in events):
                raise NblabelError("is answered already", "replace=True takes the new answer")
            events[position] = _event(position, row, source, answers, schema, annotator)
        except NblabelError as error:
            dropped.append(Dropped(row.item.key, "", str(error)))
    return events, dropped


def _matched(rows: Sequence[Labelled], source: Source) -> list[int | None]:
    if source.own_keys:
        known = {str(source.key(position)): position for position in range(len(source))}
        return [known.get(str(row.item.key)) for row in rows]
    texts = open_source([row.item.data for row in rows])
    return [source.locate(texts.identity(n)) for n in range(len(rows))]


def _event(position: int, row: Labelled, source: Source, answers: Answers, schema: Schema, annotator: str) -> Event:
    """Puts a loaded answer in place of what is there; raises if it breaks a rule."""
    response = row.response
    names = schema.names
    given = [a if a.field in names else msgspec.structs.replace(a, field="") for a in response.annotations]
    made = schema.coerce(given)
    complete = response.status == "submitted"
    schema.check(made, item=source.key(position), extent=source.extent(position), complete=complete)
    kept = {a.id for a in made}
    held = answers.responses([position])[position].annotations
    return Event(
        id=new_id(),
        item=source.identity(position),
        annotator=annotator,
        action="import",
        patch=Patch(
            put=made,
            drop=tuple(a.id for a in held if a.id not in kept),
            status=response.status,
            flagged=response.flagged,
            comment=response.comment,
        ),
        at=time.time(),
        schema_version=schema.version,
    )
