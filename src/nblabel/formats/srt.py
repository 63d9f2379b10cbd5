"""SRT subtitles (SubRip), one file a recording: numbered texts with a time.

Markup (``<i>``) is part of the text, as the format has no way to say that it is not. A segment with both a label and
a text is written as ``label: text``; a schema that has the label reads it as it was. Times are whole milliseconds.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from ..annotations import AnyAnnotation
from ..errors import InvalidAnnotation
from ..records import Labelled, Report, Response, Status
from ..schema import Schema
from .apart import read_each
from .base import Log, Meta, Read, Reading, StrPath, beyond, reading
from .figures import Fields
from .recordings import Marks, Recording, decoded, key_of, made_item, mark_of, only_segments, segment, write_tracks
from .subtitles import Cue, checked, clock, lines_of, milliseconds, timed

__all__ = ["read", "write"]

ENDING = ".srt"


# ---- read ----------------------------------------------------------------------------------------


class _File(msgspec.Struct):
    cues: list[Cue]
    odd: str = ""
    before: str = ""


def read(path: StrPath, *, labels: bool = False, schema: Schema | None = None, encoding: str = "utf-8") -> Reading:
    """Read a file, or all files of a folder and the folders in it.

    Parameters
    ----------
    path : path-like
        An SRT file, or a folder of them.
    labels : bool
        Whether what it says are labels rather than texts, where the schema does not tell.
    schema : Schema, optional
        The questions that are asked; tells labels from texts.
    encoding : str
        How the file is stored, such as ``"cp1252"``.
    """
    log = Log()
    marks = Marks(schema, labels=labels)
    items = []
    for n, (file, place, root) in enumerate(
        read_each(path, ENDING, log, partial(_file_of, encoding=encoding), lambda file: file.odd)
    ):
        key = key_of(place, root, ENDING)
        if file.before:
            log.drop(key, "", f"begins with {file.before[:60]!r}, which is not read")
        made: list[AnyAnnotation] = []
        settings: dict[str, str] = {}
        for k, cue in enumerate(file.cues):
            id_ = f"cue{k}"
            try:
                whole = checked(cue, f"subtitle {cue.name or k + 1}")
                made.append(segment({"id": id_, "start": whole.start, "end": whole.end, **marks.read(whole.payload)}))
            except InvalidAnnotation as error:
                log.drop(key, id_, str(error))
                continue
            if cue.settings:
                settings[id_] = cue.settings
        meta: dict[str, Any] = {"settings": settings} if settings else {}
        items.append(Read(made_item(key, key, n), Response("", "", "submitted", tuple(made)), meta))
    return reading(path, items, log)


def _file_of(path: Path, encoding: str) -> _File:
    lines = decoded(path, encoding).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    times = [(n, cue) for n, line in enumerate(lines) if (cue := timed(line)) is not None]
    if not times and any(line.strip() for line in lines):
        return _File([], "is no SRT file: it has no line of times")
    starts = []
    for n, cue in times:
        numbered = n > 0 and lines[n - 1].strip().isdecimal()
        cue.name = lines[n - 1].strip() if numbered else ""
        starts.append(n - 1 if numbered else n)
    for (n, cue), after in zip(times, [*starts, len(lines)][1:], strict=True):
        cue.payload = "\n".join(lines[n + 1 : after]).strip("\n")
    before = "\n".join(lines[: starts[0]]).strip() if starts else ""
    return _File([cue for _, cue in times], "", before)


# ---- write ---------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write one file a recording into a folder, or the only one to a path that ends in ``.srt``.

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
        What was read besides, as `Reading.meta` holds it.
    """
    return write_tracks(path, rows, ENDING, statuses, meta, _document)


def _document(one: Recording, fields: Fields, carried: Mapping[str, Any], log: Log) -> str:
    blocks = []
    for n, a in enumerate(only_segments(one, log, "SRT"), 1):
        start, end = milliseconds(a, one.key, log)
        settings = carried.get("settings", {}).get(a.id)
        times = f"{clock(start, ',')} --> {clock(end, ',')}" + (f" {settings}" if settings else "")
        text = _arrowless(lines_of(mark_of(a), one.key, a.id, log), one.key, a.id, log)
        if a.label and a.text:
            log.drop(one.key, a.id, f"label and text are one there: {text[:60]!r}")
        blocks.append(f"{n}\n{times}\n{text}\n")
        log.annotations += 1
        log.part(one.key, a, beyond(a) + fields.lost(a))
    log.items += 1
    return "\n".join(blocks)


def _arrowless(text: str, key: Hashable, id_: str, log: Log) -> str:
    """The text without lines that would be read as times."""
    if not any(timed(line) for line in text.split("\n")):
        return text
    log.drop(key, id_, f"the text {text[:40]!r} has a line of times; its arrow is written as '->'")
    return text.replace("-->", "->")
