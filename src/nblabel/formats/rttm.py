"""RTTM of diarisation: a turn of a speaker a line, of one recording or of many.

``SPEAKER file channel onset duration <NA> <NA> name confidence <NA>``: the name is the label, the confidence the score.
Channels count from 1 there, and every line has one; where all are the first one they say nothing. Other lines (of
words, noises or speakers) are kept and written back. The file is the recording's name without folders and ending.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ..annotations import AnyAnnotation, Segment
from ..errors import FormatError, InvalidAnnotation
from ..records import Labelled, Report, Response, Status
from ..schema import Schema, Segments
from .base import DEFAULT_FIELDS, Log, Meta, Read, Reading, StrPath, beyond, reading, replacing
from .disk import files_in, text_of
from .figures import Fields
from .recordings import (
    SOUNDS,
    Recording,
    made_item,
    only_segments,
    recordings,
    seconds,
    segment,
    shown_seconds,
    with_shared_channel,
)

__all__ = ["read", "write"]

_NONE = "<NA>"
_OTHERS = "SEGMENT NOSCORE NO_RT_METADATA LEXEME NON-LEX NON-SPEECH FILLER EDIT IP SU CB A/P SPKR-INFO"
_TYPES = frozenset(("SPEAKER", *_OTHERS.split()))


# ---- read ----------------------------------------------------------------------------------------


def read(path: StrPath, *, schema: Schema | None = None) -> Reading:
    """Read a file, or all files of a folder and the folders in it.

    Parameters
    ----------
    path : path-like
        An RTTM file, or a folder of them.
    schema : Schema, optional
        The questions that are asked: turns belong to the first field for segments that has their label.
    """
    log = Log()
    place = Path(path)
    turns: dict[str, list[Segment]] = {}
    left: dict[str, list[str]] = {}
    for file in files_in(place, {".rttm"}) if place.is_dir() else [place]:
        for number, line in enumerate(text_of(file).splitlines(), 1):
            cells = line.split()
            if not cells or line.startswith(";;"):
                continue
            if len(cells) < 8 or cells[0] not in _TYPES:
                raise FormatError(f"{file}, line {number} is no line of RTTM: {line[:60]!r}")
            key = cells[1]
            turns.setdefault(key, [])
            if cells[0] != "SPEAKER":
                left.setdefault(key, []).append(line)
                log.drop(key, "", f"line {number}, a {cells[0]}, is not read")
                continue
            id_ = f"turn{len(turns[key])}"
            try:
                turns[key].append(_turn(cells, id_, schema))
            except InvalidAnnotation as error:
                log.drop(key, id_, f"line {number}: {error}")
                left.setdefault(key, []).append(line)
    items = []
    for n, (key, own) in enumerate(turns.items()):
        made: tuple[AnyAnnotation, ...] = tuple(with_shared_channel(own))
        more: dict[str, Any] = {"lines": left[key]} if key in left else {}
        items.append(Read(made_item(key, key, n), Response("", "", "submitted", made), more))
    return reading(path, items, log)


def _turn(cells: Sequence[str], id_: str, schema: Schema | None) -> Segment:
    start, length = seconds(cells[3], "onset"), seconds(cells[4], "duration")
    if length < 0:
        raise InvalidAnnotation("turn", f"has the duration {length:g}")
    label = "" if cells[7] == _NONE else cells[7]
    if not re.fullmatch("[1-9][0-9]{0,3}", cells[2]):
        raise InvalidAnnotation("turn", f"has the channel {cells[2]!r}")
    fields = [one for one in (schema.fields if schema else ()) if isinstance(one, Segments)]
    if not any(one.label(label) for one in fields):  # a name is one word there: `write` joins the words of others
        spaced = (name.name for one in fields for name in one.get_labels() if "_".join(name.name.split()) == label)
        label = next(spaced, label)
    field = next((one.name for one in fields if one.label(label)), DEFAULT_FIELDS["segment"])
    body: dict[str, Any] = {"id": id_, "field": field, "label": label, "start": start, "end": start + length}
    body["channel"] = int(cells[2]) - 1
    if len(cells) > 8 and cells[8] != _NONE:
        score = seconds(cells[8], "confidence")
        if not 0 <= score <= 1:
            raise InvalidAnnotation("turn", f"has the confidence {score:g}, outside [0, 1]")
        body["score"] = score
    return segment(body)


# ---- write ---------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write all recordings to one file.

    Parameters
    ----------
    path : path-like
        The file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions.
    statuses : sequence of str
        Which responses are written.
    meta : mapping, optional
        What was read besides, as `Reading.meta` holds it.
    """
    log = Log()
    held = list(recordings(rows, log, statuses))
    fields = Fields(a for one in held for a in one.annotations)
    taken: dict[str, str] = {}
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        for one in held:
            name = PurePosixPath(one.name).name
            stem = name[: -len(PurePosixPath(name).suffix)] if PurePosixPath(name).suffix.lower() in SOUNDS else name
            word = _word(stem, one.key, "", log)
            if taken.setdefault(word, one.name) != one.name:
                log.drop(one.key, "", f"is called {word!r} there, as {taken[word]!r} is; left out")
                continue
            file.writelines(f"{line}\n" for line in _lines(one, word, fields, log))
            file.writelines(f"{line}\n" for line in _kept(meta, one.slot))
            log.items += 1
    return log.report(path)


def _kept(meta: Meta | None, slot: tuple[Hashable, str]) -> Sequence[str]:
    carried: Mapping[str, Any] = (meta or {}).get(slot, {})
    return [str(line) for line in carried.get("lines", ())]


def _word(text: str, key: Hashable, id_: str, log: Log) -> str:
    """The text as one word of a line."""
    made = re.sub(r"[\s\ud800-\udfff]+", "_", text.strip())
    made = made.replace(_NONE, "_NA_") or _NONE
    if made != text and text:
        log.drop(key, id_, f"{text[:60]!r} is written as {made[:60]!r}, as RTTM parts by spaces")
    return made


def _lines(one: Recording, word: str, fields: Fields, log: Log) -> list[str]:
    made = []
    segments = only_segments(one, log, "RTTM")
    several = any(a.channel for a in segments)
    for a in segments:
        name = _word(a.label, one.key, a.id, log)
        score = _NONE if a.score is None else shown_seconds(a.score)
        channel = (a.channel or 0) + 1
        made.append(
            f"SPEAKER {word} {channel} {shown_seconds(a.start)} {_length(a.start, a.end)} {_NONE} {_NONE} "
            f"{name} {score} {_NONE}"
        )
        lost = beyond(a, "score", "channel") + (["text"] if a.text else []) + fields.lost(a)
        if several and a.channel is None:
            lost.append("that it is of all channels")
        elif not several and a.channel == 0:  # all lines of a recording have one, so it says nothing
            lost.append("channel")
        log.annotations += 1
        log.part(one.key, a, lost)
    return made


def _length(start: float, end: float) -> str:
    """The duration in as few digits as give the same end again."""
    exact = end - start
    tries = [round(exact, n) for n in range(3, 16)]
    tries += [exact, math.nextafter(exact, math.inf), math.nextafter(exact, 0.0)]
    return shown_seconds(next((one for one in tries if one >= 0 and start + one == end), exact))
