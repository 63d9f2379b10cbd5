"""Appending: a batch of events becomes log entries and the responses they lead to, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from ..annotations import AnyAnnotation
from ..records import Event, Patch, Response, apply_event
from .cache import ResponseCache
from .codec import EVENTS, PATCHES
from .names import is_packed, pack
from .rows import RESPONSE_COLUMNS, FieldNames, among, annotation_row, assemble, chunks, response_row
from .tables import annotation, dataset, event, long_name, response

__all__ = ["Batch", "Stored"]

Hints = Mapping[str, tuple[str, int, str]]
Name = tuple[str, str]  # annotator and item as they stand in keys


class Stored(msgspec.Struct, frozen=True):
    """An event in the log.

    Attributes
    ----------
    seq : int
        Its place in the log of its data set: 1, 2, 3, ... in the order of commits.
    event : Event
        What was done.
    inverse : Patch
        What takes it back.
    response : Response or None
        The response after it; `Store.entries` leaves it out.
    new : bool
        Whether this call stored it; a replay was there already.
    """

    seq: int
    event: Event
    inverse: Patch
    response: Response | None = None
    new: bool = False


class _Working:
    """One response while the batch goes over it, with what must be written of its annotations."""

    def __init__(self, before: Response | None, next_place: int) -> None:
        self.stored = before is not None
        self.response = before
        self.seq = 0
        self.next_place = next_place
        self.before = {one.id for one in before.annotations} if before is not None else set()
        self.now = set(self.before)
        self.touched: dict[str, int | None] = {}  # id -> its new place, None where it keeps its own

    def take(self, one: Event, fields: Iterable[str]) -> Patch:
        self.response, inverse = apply_event(self.response, one, fields)
        for key in one.patch.drop:
            self.now.discard(key)
            self.touched[key] = None
        for put in one.patch.put:
            if put.id in self.now:
                self.touched.setdefault(put.id, None)
            else:  # behind the others, as in apply_event
                self.now.add(put.id)
                self.touched[put.id] = self.next_place
                self.next_place += 1
        return inverse


_AT_ROW = (
    response.c.dataset == bindparam("at_dataset"),
    response.c.annotator == bindparam("at_annotator"),
    response.c.item == bindparam("at_item"),
)

_AT_ANNOTATION = (
    annotation.c.dataset == bindparam("at_dataset"),
    annotation.c.annotator == bindparam("at_annotator"),
    annotation.c.item == bindparam("at_item"),
    annotation.c.id == bindparam("at_id"),
)


class Batch:
    """Events on their way into the log. Made anew for each attempt; nothing outlives a transaction that fails."""

    def __init__(
        self,
        connection: Connection,
        number: int,
        last_seq: int,
        *,
        exact: bool,
        cache: ResponseCache,
        full: Callable[[Connection, str], str],
        field_names: FieldNames,
        fields_of: Callable[[Connection, int], tuple[str, ...]],
    ) -> None:
        self._connection = connection
        self._dataset = number
        self._seq = last_seq
        self._exact = exact
        self._cache = cache
        self._full = full
        self._field_names = field_names
        self._fields_of = fields_of
        self._working: dict[Name, _Working] = {}
        self._fields: dict[int, tuple[str, ...]] = {}

    def run(self, events: Sequence[tuple[Event, str]], hints: Hints) -> list[Stored]:
        """Fold and write the events (each with its text); those that are in the log already are only returned."""
        names = [
            (pack(one.id, self._exact), pack(one.annotator, self._exact), pack(one.item, self._exact))
            for one, _ in events
        ]
        known = self._known({name[0] for name in names})
        fresh = [name[1:] for name in names if name not in known]
        self._load(fresh)
        made: list[Stored] = []
        rows: list[dict[str, Any]] = []
        for name, (one, body) in zip(names, events, strict=True):
            working = self._working.get(name[1:])
            before = known.get(name)
            if before is not None:
                now = working.response if working is not None else None
                made.append(msgspec.structs.replace(before, response=now))
                continue
            assert working is not None
            version = one.schema_version
            if version not in self._fields:
                self._fields[version] = self._fields_of(self._connection, version)
            inverse = working.take(one, self._fields[version])
            self._seq += 1
            working.seq = self._seq
            stored = Stored(self._seq, one, inverse, working.response, True)
            known[name] = msgspec.structs.replace(stored, new=False)
            made.append(stored)
            rows.append(
                {
                    "dataset": self._dataset,
                    "seq": self._seq,
                    "id": name[0],
                    "item": name[2],
                    "annotator": name[1],
                    "action": one.action,
                    "at": one.at,
                    "body": body,
                    "inverse": PATCHES.encode(inverse),
                }
            )
        if rows:
            self._connection.execute(insert(event), rows)
            self._write_names(one for one, _ in events)
            self._write_responses(hints)
            self._write_annotations()
            self._connection.execute(update(dataset).where(dataset.c.id == self._dataset).values(last_seq=self._seq))
        return self._fill(made, names)

    def remember(self) -> None:
        """After the commit: keep the new responses at hand."""
        for (annotator, item), working in self._working.items():
            if working.response is not None and working.seq:
                self._cache.put((self._dataset, annotator, item), working.seq, working.response)

    # ---- reading --------------------------------------------------------------------------------

    def _known(self, ids: set[str]) -> dict[tuple[str, str, str], Stored]:
        found = {}
        for part in chunks(ids):
            query = select(
                event.c.id, event.c.annotator, event.c.item, event.c.seq, event.c.body, event.c.inverse
            ).where(event.c.dataset == self._dataset, among(self._connection, event.c.id, part))
            for row in self._connection.execute(query):
                one = Stored(row.seq, EVENTS.decode(row.body), PATCHES.decode(row.inverse))
                found[row.id, row.annotator, row.item] = one
        return found

    def _load(self, names: Iterable[Name]) -> None:
        """Read the responses that the events change, each once."""
        by_annotator: dict[str, dict[str, None]] = {}
        for annotator, item in names:
            if (annotator, item) not in self._working:
                by_annotator.setdefault(annotator, {})[item] = None
        for annotator, items in by_annotator.items():
            for part in chunks(items):
                query = select(*RESPONSE_COLUMNS).where(
                    response.c.dataset == self._dataset,
                    response.c.annotator == annotator,
                    among(self._connection, response.c.item, part),
                )
                rows = self._connection.execute(query).all()
                there = assemble(
                    self._connection,
                    self._dataset,
                    rows,
                    cache=self._cache,
                    full=self._full,
                    field_names=self._field_names,
                )
                for row, before in zip(rows, there, strict=True):
                    self._working[annotator, row.item] = _Working(before, row.next_place)
            for item in items:
                self._working.setdefault((annotator, item), _Working(None, 0))

    def _fill(self, made: list[Stored], names: Sequence[tuple[str, str, str]]) -> list[Stored]:
        """Replays of items that the batch does not change get the response as it stands."""
        self._load(name[1:] for one, name in zip(made, names, strict=True) if one.response is None)
        return [
            one if one.response is not None else msgspec.structs.replace(one, response=self._working[name[1:]].response)
            for one, name in zip(made, names, strict=True)
        ]

    # ---- writing --------------------------------------------------------------------------------

    def _write_names(self, events: Iterable[Event]) -> None:
        long: dict[str, str] = {}
        for one in events:
            for name in (one.annotator, one.item):
                packed = pack(name, self._exact)
                if is_packed(packed):
                    long[packed] = name
        write_long_names(self._connection, long)

    def _write_responses(self, hints: Hints) -> None:
        inserts: list[dict[str, Any]] = []
        updates: list[dict[str, Any]] = []
        hinted: list[dict[str, Any]] = []
        for (annotator, item), working in self._working.items():
            after = working.response
            if after is None or not working.seq:
                continue
            row = response_row(after, working.seq, working.next_place, self._exact)
            hint = hints.get(after.item)
            if not working.stored:
                key, position, content = hint or ("", -1, "")
                inserts.append({**row, "dataset": self._dataset, "key": key, "position": position, "content": content})
                continue
            row = {name: value for name, value in row.items() if name not in ("annotator", "item")}
            row |= {"at_dataset": self._dataset, "at_annotator": annotator, "at_item": item}
            if hint is None:
                updates.append(row)
            else:
                hinted.append({**row, "key": hint[0], "position": hint[1], "content": hint[2]})
        if inserts:
            self._connection.execute(insert(response), inserts)
        for some in (updates, hinted):
            if some:
                values: dict[str, Any] = {name: bindparam(name) for name in some[0] if not name.startswith("at_")}
                self._connection.execute(update(response).where(*_AT_ROW).values(values), some)

    def _write_annotations(self) -> None:
        inserts: list[dict[str, Any]] = []
        updates: list[dict[str, Any]] = []
        moves: list[dict[str, Any]] = []
        deletes: list[dict[str, Any]] = []
        for (annotator, item), working in self._working.items():
            if not working.touched or working.response is None:
                continue
            now: dict[str, AnyAnnotation] = {
                one.id: one for one in working.response.annotations if one.id in working.touched
            }
            names = {"dataset": self._dataset, "annotator": annotator, "item": item}
            for key, place in working.touched.items():
                at = {"at_dataset": self._dataset, "at_annotator": annotator, "at_item": item}
                at["at_id"] = pack(key, self._exact)
                if key not in now:
                    if key in working.before:
                        deletes.append(at)
                    continue
                row = annotation_row(now[key], names, place or 0, self._exact)
                if key not in working.before:
                    inserts.append(row)
                    continue
                changed = {"label": row["label"], "body": row["body"]}
                if place is None:
                    updates.append({**at, **changed})
                else:
                    moves.append({**at, **changed, "place": place})
        if deletes:
            self._connection.execute(delete(annotation).where(*_AT_ANNOTATION), deletes)
        for some in (updates, moves):
            if some:
                values: dict[str, Any] = {name: bindparam(name) for name in some[0] if not name.startswith("at_")}
                self._connection.execute(update(annotation).where(*_AT_ANNOTATION).values(values), some)
        if inserts:
            self._connection.execute(insert(annotation), inserts)


def write_long_names(connection: Connection, names: Mapping[str, str]) -> None:
    """Keep the whole of names that stand in keys as hashes."""
    for part in chunks(sorted(names)):  # in one order, or two servers' clients could block each other
        query = select(long_name.c.name).where(among(connection, long_name.c.name, part))
        there = set(connection.execute(query).scalars())
        rows = [{"name": name, "value": names[name]} for name in part if name not in there]
        if rows:
            connection.execute(insert(long_name), rows)
