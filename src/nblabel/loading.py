"""Answers that were given elsewhere become events of a data set."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Sequence

import msgspec

from .annotations import AnyAnnotation, Segment, new_id
from .answers import Answers
from .errors import InvalidAnnotation, NblabelError, UnknownItem
from .formats.pictures import plain_name
from .records import Dropped, Event, Item, Labelled, Patch
from .schema import Extent, Schema
from .sources import Source, open_source

__all__ = ["loaded", "sizes_of"]

_WHOLE = 1 << 16
_UPLOADED = re.compile(r"[0-9a-f]{8}-(.+)")
"""How Label Studio names what was uploaded."""


def loaded(
    rows: Sequence[Labelled], source: Source, answers: Answers, schema: Schema, annotator: str, *, replace: bool
) -> tuple[dict[int, Event], list[Dropped]]:
    """The event for each position that an answer is taken for, and what is not taken, with the reason.

    Rows are matched by key column, else by content; images by their paths, as far as these tell them apart. Pending and
    draft ones are passed over.
    """
    events: dict[int, Event] = {}
    dropped: list[Dropped] = []
    answered = [row for row in rows if row.response.status in ("submitted", "discarded")]
    for row, position in zip(answered, _matched(answered, source), strict=True):
        try:
            if not isinstance(position, int):
                raise position or UnknownItem(row.item.key)
            if not replace and (answers.done(position) or position in events):
                raise NblabelError("is answered already", "replace=True takes the new answer")
            events[position], lost = _event(position, row, source, answers, schema, annotator)
            dropped += lost
        except NblabelError as error:
            dropped.append(Dropped(row.item.key, "", str(error)))
    return events, dropped


# ---- which item --------------------------------------------------------------------------------------


def _matched(rows: Sequence[Labelled], source: Source) -> list[int | NblabelError | None]:
    """The place of each row's item, or why there is none."""
    names = source.names()
    if names is not None:
        return _by_name(rows, source, names)
    if source.own_keys:
        known = {str(source.key(position)): position for position in range(len(source))}
        return [known.get(str(row.item.key)) for row in rows]
    texts = open_source([row.item.data for row in rows])
    return [source.locate(texts.identity(n)) for n in range(len(rows))]


def _by_name(rows: Sequence[Labelled], source: Source, names: Sequence[str]) -> list[int | NblabelError | None]:
    keys = {str(source.key(position)): position for position in range(len(source))}
    paths = _Paths(names)
    made: list[int | NblabelError | None] = []
    ends: dict[int, dict[str, int]] = {}  # how much of its path each name shares, by position
    for row in rows:
        known = keys.get(str(row.item.key))
        found: int | NblabelError | None = known if source.own_keys else None
        if found is None:
            found, alike = paths.best(_named(row.item))
            if isinstance(found, int):
                ends.setdefault(found, {})[_named(row.item)[0]] = alike
        made.append(known if found is None and known is not None else found)
    for n, row in enumerate(rows):
        position = made[n]
        own = ends.get(position, {}) if isinstance(position, int) else {}
        mine = own.get(_named(row.item)[0], 0)
        if mine and sum(length >= mine for length in own.values()) > 1:  # another name fits as well or better
            others = ", ".join(repr(name) for name in list(own)[:4])
            made[n] = NblabelError(f"{others} could all be of {names[position]!r}")  # type: ignore[index]
    return made


def _named(item: Item) -> list[str]:
    """The names that a file has for an item: its key, and the path of its image."""
    data = os.fsdecode(item.data) if isinstance(item.data, os.PathLike) else item.data
    return list(dict.fromkeys([str(item.key), *([data] if isinstance(data, str) else [])]))


class _Paths:
    """Finds items by their paths, or by ends of them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._parts = [_parts(name) for name in names]
        self._whole: dict[tuple[str, ...], list[int]] = {}
        self._files: dict[str, list[int]] = {}
        self._stems: dict[str, list[int]] = {}
        for position, parts in enumerate(self._parts):
            if parts:
                self._whole.setdefault(parts, []).append(position)
                self._files.setdefault(parts[-1], []).append(position)
                self._stems.setdefault(_stem(parts[-1]), []).append(position)

    def best(self, names: Iterable[str]) -> tuple[int | NblabelError | None, int]:
        """The item whose path shares the longest end with one of the names, and how long that is.

        Several that share as much are an error; files of other endings, and names that were uploaded, are looked at
        last.
        """
        wanted = [parts for name in names if (parts := _parts(plain_name(name)))]
        for parts in wanted:
            found = self._whole.get(parts, [])
            if len(found) == 1:
                return found[0], _WHOLE
        named = ((self._files, _same), (self._files, _uploaded), (self._stems, _same), (self._stems, _stem))
        for known, name in named:  # formats with a file for each recording say its name without ending
            for parts in wanted:
                near = {position: _common(parts, self._parts[position]) for position in known.get(name(parts[-1]), [])}
                most = max(near.values(), default=0)
                best = [position for position, length in near.items() if length == most]
                if len(best) == 1:
                    return best[0], most + 1
                if best:
                    several = ", ".join(repr("/".join(self._parts[position])) for position in best[:4])
                    return NblabelError(f"{len(best)} items could be meant: {several}"), 0
        return None, 0


def _same(name: str) -> str:
    return name


def _uploaded(name: str) -> str:
    found = _UPLOADED.fullmatch(name)
    return found[1] if found else ""


def _stem(name: str) -> str:
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many folders above the file are the same."""
    n = 0
    for a, b in zip(one[-2::-1], other[-2::-1], strict=False):
        if a != b:
            break
        n += 1
    return n


def sizes_of(source: Source) -> Callable[[str], tuple[int, int] | None]:
    """Width and height of a source's images by name, for files that say places in shares of them."""
    names = source.names()
    paths = _Paths(names or ())

    def size(name: str) -> tuple[int, int] | None:
        position, _ = paths.best([name])
        extent = source.extent(position) if isinstance(position, int) else None
        return extent if isinstance(extent, tuple) else None

    return size


# ---- what is taken of it -----------------------------------------------------------------------------


def _event(
    position: int, row: Labelled, source: Source, answers: Answers, schema: Schema, annotator: str
) -> tuple[Event, list[Dropped]]:
    """Puts a loaded answer in place of what is there; raises if it breaks a rule."""
    response = row.response
    extent = source.extent(position)
    if isinstance(extent, tuple) and row.item.size not in (None, extent):
        (width, height), (w, h) = row.item.size or (0, 0), extent
        raise NblabelError(f"was labelled at {width} × {height} pixels, and the image here has {w} × {h}")
    names = schema.names
    given = [a if a.field in names else msgspec.structs.replace(a, field="") for a in response.annotations]
    lost: list[Dropped] = []
    made = _fitting(schema.coerce(given), schema, extent, row, lost)
    complete = response.status == "submitted"
    schema.check(made, item=source.key(position), extent=extent, complete=complete)
    kept = {a.id for a in made}
    held = answers.responses([position])[position].annotations
    event = Event(
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
    return event, lost


def _fitting(
    annotations: Iterable[AnyAnnotation], schema: Schema, extent: Extent, row: Labelled, lost: list[Dropped]
) -> tuple[AnyAnnotation, ...]:
    """The annotations without attributes that are not asked for, and without what lies outside of the item."""
    made: list[AnyAnnotation] = []
    for a in annotations:
        label = schema.field(a.field).label(str(getattr(a, "label", "")))
        asked = {one.name for one in label.attributes} if label is not None else set()
        more = [name for name in a.attributes if name not in asked]
        if more:
            a = msgspec.structs.replace(a, attributes={k: v for k, v in a.attributes.items() if k in asked})
            lost.append(Dropped(row.item.key, a.id, f"attributes that are not asked for: {', '.join(map(repr, more))}"))
        if isinstance(extent, float) and isinstance(a, Segment) and a.start <= extent < a.end:
            if a.end > extent + 0.001:
                lost.append(Dropped(row.item.key, a.id, f"cut off at the recording's end, {extent:g} s"))
            a = msgspec.structs.replace(a, end=extent)
        if isinstance(extent, tuple | float):
            try:
                schema.check([a], extent=extent)
            except InvalidAnnotation as error:
                schema.check([a])  # what is wrong with it anywhere is not dropped
                lost.append(Dropped(row.item.key, a.id, f"left out: {error.rule}"))
                continue
        made.append(a)
    return tuple(made)
