r"""Audacity's label tracks, one file a recording: start, end and label a line, parted by tabs.

A line that begins with a backslash has the lowest and highest frequency of the label before it. Labels that start and
end at one time are events. A segment with both a label and a text is written as ``label: text``; a schema that has the
label reads it as it was.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from ..annotations import Segment
from ..errors import InvalidAnnotation
from ..records import Labelled, Report, Response, Status
from ..schema import Schema
from .apart import read_each
from .base import Log, Meta, Read, Reading, StrPath, beyond, reading
from .figures import Fields
from .recordings import (
    Marks,
    Recording,
    are_labels,
    cleaned,
    decoded,
    key_of,
    made_item,
    mark_of,
    only_segments,
    seconds,
    segment,
    shown_seconds,
    write_tracks,
)

__all__ = ["read", "write"]

ENDING = ".txt"


# ---- read ----------------------------------------------------------------------------------------


class _Line(msgspec.Struct):
    """A label of a track as it stands there."""

    number: int
    start: str
    end: str
    mark: str
    low: str = ""
    high: str = ""


class _Track(msgspec.Struct):
    lines: list[_Line]
    odd: str = ""
    notes: list[str] = []


def read(
    path: StrPath, *, labels: bool | None = None, schema: Schema | None = None, encoding: str = "utf-8"
) -> Reading:
    """Read a file, or all ``.txt`` files of a folder and the folders in it.

    Parameters
    ----------
    path : path-like
        A label track, or a folder of them.
    labels : bool, optional
        Whether marks are labels or texts where the schema does not tell; by default they are labels if none is more
        than a word.
    schema : Schema, optional
        The questions that are asked; tells labels from texts.
    encoding : str
        How the file is stored, such as ``"cp1252"``.
    """
    log = Log()
    found = list(read_each(path, ENDING, log, partial(_track, encoding=encoding), lambda track: track.odd))
    words = are_labels(line.mark for track, _, _ in found for line in track.lines)
    marks = Marks(schema, labels=words if labels is None else labels)
    items = []
    for n, (track, file, root) in enumerate(found):
        key = key_of(file, root, ENDING)
        for note in track.notes:
            log.drop(key, "", note)
        made = [one for k, line in enumerate(track.lines) if (one := _segment(line, f"label{k}", key, marks, log))]
        items.append(Read(made_item(key, key, n), Response("", "", "submitted", tuple(made))))
    return reading(path, items, log)


def _track(path: Path, encoding: str) -> _Track:
    track = _Track([])
    for number, line in enumerate(decoded(path, encoding).splitlines(), 1):
        if not line.strip():
            continue
        cells = line.split("\t")
        if cells[0] == "\\":
            if track.lines and len(cells) >= 3:
                track.lines[-1].low, track.lines[-1].high = cells[1], cells[2]
            else:
                track.notes.append(f"line {number} bounds the frequency of no label")
            continue
        try:
            seconds(cells[0], "start")
        except InvalidAnnotation as error:
            if not track.lines and not track.notes:
                track.odd = f"is no label track of Audacity: line {number} begins with {cells[0][:40]!r}"
                return track
            track.notes.append(f"line {number} is not read: {error}")
            continue
        end, rest = cells[0], cells[1:]
        if rest and _is_time(rest[0]):
            end, rest = rest[0], rest[1:]
        track.lines.append(_Line(number, cells[0], end, "\t".join(rest)))
    return track


def _is_time(text: str) -> bool:
    try:
        seconds(text, "end")
    except InvalidAnnotation:
        return False
    return True


def _segment(line: _Line, id_: str, key: Hashable, marks: Marks, log: Log) -> Segment | None:
    try:
        body: dict[str, Any] = {"id": id_, **marks.read(line.mark)}
        body |= {"start": seconds(line.start, "start"), "end": seconds(line.end, "end")}
        for name, text in (("low", line.low), ("high", line.high)):
            bound = seconds(text, name) if text.strip() else -1.0
            if bound >= 0:  # below nothing there is no bound
                body[name] = bound
        return segment(body)
    except InvalidAnnotation as error:
        log.drop(key, id_, f"line {line.number}: {error}")
        return None


# ---- write ---------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write one label track a recording into a folder, or the only one to a path that ends in ``.txt``.

    Parameters
    ----------
    path : path-like
        The folder, or the file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions.
    statuses : sequence of str
        Which responses are written.
    meta : mapping, optional
        Taken as other formats do; a label track holds nothing besides.
    """
    return write_tracks(path, rows, ENDING, statuses, meta, _document)


def _document(one: Recording, fields: Fields, _: Mapping[str, Any], log: Log) -> str:
    lines = []
    for a in only_segments(one, log, "Audacity"):
        mark = cleaned(mark_of(a), one.key, a.id, log, lines=False)
        if a.label and a.text:
            log.drop(one.key, a.id, f"label and text are one there: {mark[:60]!r}")
        lines.append(f"{shown_seconds(a.start)}\t{shown_seconds(a.end)}\t{mark}\n")
        if a.low is not None or a.high is not None:
            low, high = (-1.0 if bound is None else bound for bound in (a.low, a.high))
            lines.append(f"\\\t{shown_seconds(low)}\t{shown_seconds(high)}\n")
        log.annotations += 1
        log.part(one.key, a, beyond(a, "frequency") + fields.lost(a))
    log.items += 1
    return "".join(lines)
