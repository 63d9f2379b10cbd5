"""WebVTT, one file a recording: cues with a time, a voice and a text.

A voice (``<v Ada>``) is a label; a cue with several voices becomes a segment for each. Other tags are left out of the
text, which is noted. What was read and did not change is written back as it stood there, with tags, names and settings
of cues, notes, styles and regions. Times are whole milliseconds.
"""

from __future__ import annotations

import html
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ..annotations import AnyAnnotation, Segment
from ..errors import InvalidAnnotation
from ..records import Labelled, Report, Response, Status
from ..schema import Schema, Segments
from .apart import read_each
from .base import DEFAULT_FIELDS, Log, Meta, Read, Reading, StrPath, beyond, reading
from .disk import text_of
from .figures import Fields
from .recordings import Recording, key_of, made_item, only_segments, segment, write_tracks
from .subtitles import Cue, checked, clock, lines_of, milliseconds, timed

__all__ = ["read", "write"]

ENDING = ".vtt"
_TAG = re.compile(r"<([^>]*)>?")
_VOICE = re.compile(r"v(?:\.[^\s>]*)?(?:[ \t\n]+(.*))?", re.DOTALL)
_BLOCKS = ("NOTE", "STYLE", "REGION")


# ---- read ----------------------------------------------------------------------------------------


class _File(msgspec.Struct):
    head: str
    cues: list[Cue]
    blocks: list[tuple[int, str]]
    """Notes, styles and regions, each with how many cues stand before it."""
    odd: str = ""
    notes: list[str] = []


def read(path: StrPath, *, schema: Schema | None = None) -> Reading:
    """Read a file, or all files of a folder and the folders in it.

    Parameters
    ----------
    path : path-like
        A WebVTT file, or a folder of them.
    schema : Schema, optional
        The questions that are asked: cues belong to the first field for segments that has their voice as a label.
    """
    log = Log()
    items = []
    for n, (file, place, root) in enumerate(read_each(path, ENDING, log, _file_of, lambda file: file.odd)):
        items.append(_item(file, key_of(place, root, ENDING), schema, log, n))
    return reading(path, items, log)


def _file_of(path: Path) -> _File:
    lines = text_of(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not re.match(r"WEBVTT(?:[ \t]|$)", lines[0]):
        return _File("", [], [], "is no WebVTT file: it does not begin with WEBVTT")
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            if "-->" in line and any("-->" in one for one in blocks[-1]):
                blocks.append([])  # a cue follows without an empty line
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    made = _File("\n".join(blocks[0]), [], [])
    for block in blocks[1:]:
        at = next((n for n, line in enumerate(block[:2]) if "-->" in line), None)
        cue = None if at is None else timed(block[at])
        if cue is not None and at is not None:
            cue.name = block[0] if at else ""
            cue.payload = "\n".join(block[at + 1 :])
            made.cues.append(cue)
        elif block and at is None and block[0].split(maxsplit=1)[0].rstrip(":") in _BLOCKS:
            made.blocks.append((len(made.cues), "\n".join(block)))
        elif block:
            made.notes.append(f"{block[0][:60]!r} begins neither a cue nor a note, so it is not read")
    return made


def _item(file: _File, key: Hashable, schema: Schema | None, log: Log, position: int) -> Read:
    for note in file.notes:
        log.drop(key, "", note)
    made: list[AnyAnnotation] = []
    cues: dict[str, dict[str, str]] = {}
    for n, cue in enumerate(file.cues):
        id_ = f"cue{n}"
        try:
            found = _segments(checked(cue, f"cue {cue.name or n + 1}"), id_)
        except InvalidAnnotation as error:
            log.drop(key, id_, str(error))
            continue
        made += [_placed(one, schema) for one in found]
        if _parts(cue.payload)[1]:
            log.drop(key, id_, f"tags of {cue.payload[:60]!r} are not read")
        cues[id_] = {"payload": cue.payload, "name": cue.name, "settings": cue.settings}
    meta: dict[str, Any] = {"head": file.head, "cues": cues}
    meta |= {"blocks": [list(one) for one in file.blocks]} if file.blocks else {}
    return Read(made_item(key, key, position), Response("", "", "submitted", tuple(made)), meta)


def _segments(cue: Cue, id_: str) -> list[Segment]:
    """A segment for each voice of a cue."""
    parts, _ = _parts(cue.payload)
    return [
        segment({"id": f"{id_}:{n}" if n else id_, "start": cue.start, "end": cue.end, "label": voice, "text": text})
        for n, (voice, text) in enumerate(parts)
    ]


def _placed(a: Segment, schema: Schema | None) -> Segment:
    fields = [one for one in (schema.fields if schema is not None else ()) if isinstance(one, Segments)]
    field = next((one.name for one in fields if a.label and one.label(a.label)), "")
    if not field and not a.label:
        field = next((one.name for one in fields if not one.labels or one.transcript), "")
    return msgspec.structs.replace(a, field=field or DEFAULT_FIELDS["segment"])


def _parts(payload: str) -> tuple[list[tuple[str, str]], bool]:
    """What each voice of a cue says, and whether there are other tags."""
    made: list[tuple[str, str]] = []
    voice, text, odd = "", "", False
    at = 0

    def close() -> None:
        if voice or text.strip():
            made.append((voice, html.unescape(text)))

    for found in _TAG.finditer(payload):
        text += payload[at : found.start()]
        at = found.end()
        speaks = _VOICE.fullmatch(found[1])
        if speaks:
            close()
            voice, text = " ".join(html.unescape(speaks[1] or "").split()), ""
            odd = odd or found[1].split()[0] != "v"
        elif found[1].strip() == "/v":
            close()
            voice, text = "", ""
        else:
            odd = True
    text += payload[at:]
    close()
    return made or [("", "")], odd


# ---- write ---------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write one file a recording into a folder, or the only one to a path that ends in ``.vtt``.

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
    segments = only_segments(one, log, "WebVTT")
    cues: dict[str, Any] = dict(carried.get("cues", {}))
    groups: dict[str, list[Segment]] = {}
    for a in segments:
        first = a.id.partition(":")[0]
        groups.setdefault(first if first in cues else a.id, []).append(a)
    blocks = [str(carried.get("head") or "WEBVTT")]
    notes = [(int(n), str(text)) for n, text in carried.get("blocks", ())]
    order = {id_: n for n, id_ in enumerate(cues)}
    passed = 0
    for id_, own in groups.items():
        passed = max(passed, order.get(id_, -1))
        blocks += [text for n, text in notes if n <= passed]
        notes = [(n, text) for n, text in notes if n > passed]
        known = cues.get(id_)
        if known is not None and _same(own, str(known["payload"])):
            blocks.append(_cue(own[0], str(known["payload"]), known, one.key, log))
        else:
            blocks += [_cue(a, _payload(a, one.key, log), known or {}, one.key, log) for a in own]
        for a in own:
            log.annotations += 1
            log.part(one.key, a, beyond(a) + fields.lost(a))
    log.items += 1
    return "\n\n".join([*blocks, *(text for _, text in notes)]) + "\n"


def _same(own: Sequence[Segment], payload: str) -> bool:
    """Whether segments say what a payload says, at one time."""
    said = [(a.label, a.text) for a in sorted(own, key=lambda a: (len(a.id), a.id))]
    return said == _parts(payload)[0] and len({(a.start, a.end) for a in own}) == 1


def _cue(a: Segment, payload: str, known: Mapping[str, Any], key: Hashable, log: Log) -> str:
    start, end = milliseconds(a, key, log)
    lines = [str(known["name"])] if known.get("name") else []
    settings = f" {known['settings']}" if known.get("settings") else ""
    lines.append(f"{clock(start, '.')} --> {clock(end, '.')}{settings}")
    return "\n".join([*lines, *([payload] if payload else [])])


def _payload(a: Segment, key: Hashable, log: Log) -> str:
    voice = " ".join(a.label.split())
    if voice != a.label:
        log.drop(key, a.id, f"the label {a.label!r} is written as {voice!r}")
    text = _escaped(lines_of(a.text, key, a.id, log))
    return f"<v {_escaped(lines_of(voice, key, a.id, log))}>{text}" if voice else text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
