"""What formats for recordings share: which are written, under what names, and marks that say a label or a text."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import msgspec

from ..annotations import Segment
from ..errors import FormatError, InvalidAnnotation
from ..records import Item, Labelled, Report, Status
from ..schema import Schema, Segments
from .apart import write_each
from .base import DEFAULT_FIELDS, Log, Meta, StrPath, converted, titled
from .disk import text_of
from .figures import Fields
from .pictures import Picture, path_of

__all__ = [
    "SOUNDS",
    "Marks",
    "Recording",
    "are_labels",
    "cleaned",
    "decoded",
    "duration_of",
    "is_recording",
    "key_of",
    "made_item",
    "mark_of",
    "only_segments",
    "recordings",
    "seconds",
    "segment",
    "shown_seconds",
    "sound_name",
    "with_shared_channel",
    "write_tracks",
]

_ENDINGS = "aac aif aifc aiff amr ape au caf flac m4a m4b mka mp2 mp3 oga ogg opus rf64 snd spx w64 wav wave wma wv"
_VIDEOS = "3gp avi flv m4v mkv mov mp4 mpeg mpg ogv ts weba webm wmv"
SOUNDS = frozenset(f".{ending}" for ending in f"{_ENDINGS} {_VIDEOS}".split())
"""Endings of files that hold sound."""

_LONE = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?")


# ---- which recordings ----------------------------------------------------------------------------


class Recording(Picture, frozen=True):
    """A recording on its way into a file: its row, the name it has there, and its length where it is known."""

    what: ClassVar[str] = "recording"

    duration: float | None = None


def duration_of(item: Item) -> float | None:
    """The length of an item's recording in seconds, where it has been looked up."""
    return item.duration or None


def is_recording(row: Labelled, schema: Schema) -> bool:
    """Whether a row is of a recording rather than of an image or a text."""
    if any(isinstance(field, Segments) for field in schema.fields) or duration_of(row.item) is not None:
        return row.item.size is None
    data = row.item.data
    name = os.fsdecode(data) if isinstance(data, os.PathLike) else data
    named = isinstance(name, str) and len(name) < 4096 and "\n" not in name
    return named and PurePosixPath(str(name)).suffix.lower() in SOUNDS


def made_item(key: Hashable, data: Any, position: int, duration: float | None = None) -> Item:
    """A recording as a file tells of it."""
    return Item(key, data, position=position, duration=duration or None)


def sound_name(item: Item) -> str:
    """The path of an item's recording as it was handed in; for one without a path its key, with an ending.

    Examples
    --------
    >>> sound_name(Item(7, "calls/a.b.flac")), sound_name(Item(7, b"..."))
    ('calls/a.b.flac', '7.wav')
    """
    path = path_of(item)
    name = str(item.key).replace(os.sep, "/").removeprefix("./") if path is None else path
    return name if PurePosixPath(name).suffix.lower() in SOUNDS else f"{name}.wav"


def recordings(
    rows: Iterable[Labelled], log: Log, statuses: Sequence[Status], *, several: bool = False
) -> Iterator[Recording]:
    """The recordings that are written, one answer for each; what their responses have besides is noted.

    Parameters
    ----------
    rows : iterable of Labelled
        What is to be written.
    log : Log
        Takes the notes.
    statuses : sequence of str
        Which responses are written.
    several : bool
        Whether the format holds several answers of one recording.
    """
    seen: dict[str, str] = {}
    for row in log.only(rows, statuses):
        name, said = sound_name(row.item), row.response
        if not several:
            if name in seen:
                log.drop(row.item.key, "", f"the answer of {said.annotator!r} is not written: {seen[name]!r} has one")
                continue
            seen[name] = said.annotator
            for what, known in (("comment", said.comment), ("flag", said.flagged)):
                if known:
                    log.drop(row.item.key, "", f"its {what} is not written")
        yield Recording(row, name, None, duration_of(row.item))


def write_tracks(
    path: StrPath,
    rows: Iterable[Labelled],
    ending: str,
    statuses: Sequence[Status],
    meta: Meta | None,
    document: Callable[[Recording, Fields, Mapping[str, Any], Log], str],
) -> Report:
    """Write one file a recording into a folder, or the only one to a path with the ending.

    ``document`` gives the text of a recording from what was read of it besides; it counts what it writes.
    """
    log = Log()
    held = list(recordings(rows, log, statuses))
    fields = Fields(a for one in held for a in one.annotations)
    write_each(path, held, ending, log, lambda one, *_: document(one, fields, (meta or {}).get(one.slot, {}), log))
    return log.report(path)


def only_segments(recording: Recording, log: Log, what: str) -> list[Segment]:
    """The segments of a recording in the order of time, each with an id; other answers are noted as none of it."""
    made: list[Segment] = []
    for n, a in enumerate(recording.annotations):
        if isinstance(a, Segment):
            made.append(a if a.id else msgspec.structs.replace(a, id=f"segment{n}"))
        else:
            log.drop(recording.key, a.id, f"{what} has no {titled(a)}")
    return sorted(made, key=lambda a: (a.start, a.end))


def key_of(file: Path, root: Path, ending: str) -> str:
    """How a recording is known whose file says no name: by its path in the folder, as it lies there.

    A recording of the same name beside the file gives its ending.
    """
    inside = file.relative_to(root)
    stem = inside.name[: -len(ending)] if inside.name.lower().endswith(ending.lower()) else inside.stem
    beside = next((stem + suffix for suffix in sorted(SOUNDS) if (file.parent / (stem + suffix)).is_file()), stem)
    return inside.with_name(beside or inside.name).as_posix()


# ---- marks ---------------------------------------------------------------------------------------


def are_labels(marks: Iterable[str]) -> bool:
    """Whether marks look like labels: none of them is more than a word.

    Examples
    --------
    >>> are_labels(["speech", "music", ""]), are_labels(["Hello there"])
    (True, False)
    """
    return not any(any(sign.isspace() for sign in mark.strip()) for mark in marks)


def mark_of(a: Segment) -> str:
    """What a segment says, for a format with one text a segment: ``label: text``, or what there is of it."""
    return f"{a.label}: {a.text}" if a.label and a.text else a.label or a.text


class Marks:
    """Marks of a file on their way to labels and texts.

    Parameters
    ----------
    schema : Schema, optional
        The questions: a mark, or what stands before its first colon, is a label if a field has it.
    labels : bool
        Whether marks are labels where no schema tells.
    """

    def __init__(self, schema: Schema | None, *, labels: bool) -> None:
        self._fields = [one for one in schema.fields if isinstance(one, Segments)] if schema is not None else []
        self._labels = labels

    def read(self, mark: str) -> dict[str, str]:
        """Label, text and field of a mark."""
        if not self._fields:
            return {"label" if self._labels else "text": mark, "field": DEFAULT_FIELDS["segment"]}
        head, colon, rest = mark.partition(": ")
        for field in self._fields:
            if field.label(mark):
                return {"label": mark, "field": field.name}
            if colon and field.label(head):
                return {"label": head, "text": rest, "field": field.name}
        plain = next((one for one in self._fields if not one.labels), None)
        if plain is None and mark and not any(one.transcript for one in self._fields):
            return {"label": mark, "field": self._fields[0].name}
        field = plain or next((one for one in self._fields if one.transcript), self._fields[0])
        return {"text": mark, "field": field.name}


def decoded(path: Path, encoding: str) -> str:
    """The text of a file; where it is not UTF-8, the error says how another encoding is given."""
    plain = encoding.lower().replace("_", "-") in ("", "utf-8", "utf8")
    try:
        return text_of(path, "" if plain else encoding)
    except FormatError as error:
        if plain:
            raise FormatError(str(error), "encoding='cp1252' reads what old programs of Windows write") from None
        raise


def cleaned(text: str, key: Hashable, id_: str, log: Log, *, lines: bool = True) -> str:
    """A text that files of text can hold, noted where it had to be changed."""
    made = _LONE.sub("\ufffd", text).replace("\0", "\ufffd")
    if not lines:
        made = re.sub(r"[\r\n\t\v\f\x1c-\x1e\x85\u2028\u2029]+", " ", made)
    if made != text:
        why = "signs that no text file can hold" if lines else "signs or line breaks that the format cannot hold"
        log.drop(key, id_, f"the text {text[:40]!r} has {why}; they are replaced")
    return made


# ---- numbers and segments ------------------------------------------------------------------------


def seconds(text: str, what: str) -> float:
    """A time as it stands in a file, with a point or a comma; raises `InvalidAnnotation`."""
    if not _NUMBER.fullmatch(text.strip()):
        raise InvalidAnnotation(what, f"{text[:60]!r} is not a time")
    return float(text.strip().replace(",", "."))


def shown_seconds(value: float) -> str:
    """A time in as few digits as say it exactly, never with an exponent.

    Examples
    --------
    >>> shown_seconds(1.5), shown_seconds(1e-7), shown_seconds(3.0)
    ('1.5', '0.0000001', '3')
    """
    text = format(Decimal(repr(float(value))), "f")
    return text.removesuffix(".0")


def segment(body: Mapping[str, Any]) -> Segment:
    """A segment of plain values; raises `InvalidAnnotation`."""
    made: Segment = converted(Segment, body)
    return made


def with_shared_channel(found: Sequence[Segment]) -> list[Segment]:
    """Segments of a format in which each has a channel: where all have the first one, it says nothing."""
    if any(a.channel for a in found):
        return list(found)
    return [msgspec.structs.replace(a, channel=None) for a in found]
