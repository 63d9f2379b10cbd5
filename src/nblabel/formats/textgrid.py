"""Praat TextGrids, one file a recording: interval tiers and point tiers, long or short, in UTF-8 or UTF-16.

How segments become tiers is told in `nblabel.formats.tiers`. Praat's text files are read as Praat reads them: what
counts are texts in quotes, and numbers and flags that stand free; all else is decoration, which tools write in many
ways. Tiers without marks are kept. Gaps are filled with empty intervals when written, and are none when read.

Examples
--------
>>> from nblabel.annotations import Segment
>>> from nblabel.records import Item, Labelled, Response
>>> from nblabel.schema import Schema, Segments
>>> schema = Schema.of({"sounds": Segments(["speech"])})
>>> said = Response("", "ann", "submitted", (Segment(0.5, 1.25, "speech", field="sounds"),))
>>> print(text_of(Labelled(Item("a", "a.wav"), said), schema, duration=2.0, short=True))
File type = "ooTextFile"
Object class = "TextGrid"
<BLANKLINE>
0
2
<exists>
1
"IntervalTier"
"sounds"
0
2
3
0
0.5
""
0.5
1.25
"speech"
1.25
2
""
<BLANKLINE>
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from ..annotations import AnyAnnotation
from ..errors import FormatError, InvalidAnnotation
from ..records import Labelled, Report, Response, Status
from ..schema import Schema
from .apart import read_each, write_each
from .base import DEFAULT_FIELDS, Log, Meta, Read, Reading, StrPath, beyond, reading
from .recordings import Recording, cleaned, duration_of, key_of, made_item, only_segments, recordings, segment
from .recordings import shown_seconds as shown
from .tiers import Layout, Mark, Names, Tier

__all__ = ["read", "text_of", "write"]

ENDING = ".TextGrid"
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(")|(![^\n]*)|([^\s"]+)')
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_MOST = 100_000_000
_SORTS = {"IntervalTier": False, "TextTier": True}


# ---- read ----------------------------------------------------------------------------------------


class _Grid(msgspec.Struct):
    start: float
    end: float
    tiers: list[Tier]
    odd: str = ""
    notes: tuple[str, ...] = ()


def read(path: StrPath, *, labels: bool | None = None, schema: Schema | None = None) -> Reading:
    """Read a file, or all files of a folder and the folders in it.

    Each tier is a field, unless the schema knows its name as a label.

    Parameters
    ----------
    path : path-like
        A TextGrid, or a folder of them.
    labels : bool, optional
        Whether marks are labels or texts where the schema does not tell; by default they are labels in a tier where
        none is more than a word.
    schema : Schema, optional
        The questions that are asked; tells labels from texts.
    """
    log = Log()
    found = list(read_each(path, ENDING, log, _grid_of, lambda grid: grid.odd))
    names = Names((grid.tiers for grid, _, _ in found), schema, labels)
    items = [_item(grid, key_of(file, root, ENDING), names, log, n) for n, (grid, file, root) in enumerate(found)]
    return reading(path, items, log)


def _item(grid: _Grid, key: Hashable, names: Names, log: Log, position: int) -> Read:
    made: list[AnyAnnotation] = []
    for note in grid.notes:
        log.drop(key, "", note)
    own = {tier.name for tier in grid.tiers}
    for n, tier in enumerate(grid.tiers):
        for k, mark in enumerate(tier.marks):
            if not mark.text and not tier.points:
                continue
            id_ = f"tier{n}:{k}"
            try:
                place = {"id": id_, "start": mark.start, "end": mark.end}
                made.append(segment({**place, **names.body(tier, own, mark.text)}))
            except InvalidAnnotation as error:
                log.drop(key, id_, f"tier {tier.name!r}: {error}")
    meta = {"tiers": [[tier.name, tier.points] for tier in grid.tiers], "start": grid.start, "end": grid.end}
    return Read(made_item(key, key, position, grid.end), Response("", "", "submitted", tuple(made)), meta)


def _grid_of(path: Path) -> _Grid:
    raw = path.read_bytes()
    if raw.startswith(b"ooBinaryFile"):
        raise FormatError(f"{path} is a binary file of Praat", "save it in Praat as a text file")
    text, notes = _decoded(raw, path)
    tokens = _Tokens(text.replace("\r\n", "\n").replace("\r", "\n"), path)
    kind = tokens.text()
    if kind.startswith("Praat chronological"):
        raise FormatError(f"{path} is a chronological text file of Praat", "save it in Praat as a text file")
    if not kind.startswith("ooTextFile"):
        return _Grid(0, 0, [], "is no text file of Praat")
    what = tokens.text()
    if what != "TextGrid":
        return _Grid(0, 0, [], f"holds a {what[:40]!r} of Praat, not a TextGrid")
    grid = _Grid(tokens.number(), tokens.number(), [], "", notes)
    if tokens.flag() == "<exists>":
        for _ in range(tokens.count()):
            grid.tiers.append(_tier(tokens, path))
    return grid


def _tier(tokens: _Tokens, path: Path) -> Tier:
    sort = tokens.text()
    if sort not in _SORTS:
        raise FormatError(f"{path}, line {tokens.line} has a tier of the class {sort[:40]!r}")
    points = _SORTS[sort]
    name = tokens.text()
    tier = Tier(name if name.strip() else DEFAULT_FIELDS["segment"], points, [])
    tokens.number()
    tokens.number()
    for _ in range(tokens.count()):
        start = tokens.number()
        tier.marks.append(Mark(start, start if points else tokens.number(), tokens.text()))
    return tier


def _decoded(raw: bytes, path: Path) -> tuple[str, tuple[str, ...]]:
    """The text of a file in one of the encodings that Praat writes."""
    try:
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return raw.decode("utf-16"), ()
        if raw[:1] == b"\0" or raw[1:2] == b"\0":
            return raw.decode("utf-16-be" if raw[:1] == b"\0" else "utf-16-le"), ()
        return raw.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        if error.encoding.startswith("utf-16"):
            raise FormatError(f"{path} is not UTF-16 text: {error.reason} at byte {error.start}") from None
    note = "is neither UTF-8 nor UTF-16; it is read as Latin-1, as old versions of Praat write"
    return raw.decode("latin-1"), (note,)


class _Tokens:
    """The texts, numbers and flags of a text file of Praat, in their order."""

    def __init__(self, text: str, path: Path) -> None:
        self._text = text
        self._path = path
        self._at = 0
        self._found = self._all()

    @property
    def line(self) -> int:
        """The line that was read last."""
        return self._text.count("\n", 0, self._at) + 1

    def _all(self) -> Iterator[tuple[str, str]]:
        for found in _TOKEN.finditer(self._text):
            self._at = found.start()
            if found[2]:
                raise FormatError(f"{self._path}, line {self.line} begins a text that has no end")
            if found[1] is not None:
                yield "text", found[1].replace('""', '"')
            elif found[4]:
                word = found[4]
                if _NUMBER.fullmatch(word):
                    yield "number", word
                elif word.startswith("<") and word.endswith(">"):
                    yield "flag", word

    def _next(self, wanted: str) -> str:
        sort, value = next(self._found, ("", ""))
        if sort != wanted:
            if not sort:
                raise FormatError(f"{self._path} ends where a {wanted} should follow", "is the file cut off?")
            raise FormatError(f"{self._path}, line {self.line} has {value[:40]!r} where a {wanted} should stand")
        return value

    def text(self) -> str:
        """The next token, which must be a text."""
        return self._next("text")

    def flag(self) -> str:
        """The next token, which must be a flag."""
        return self._next("flag")

    def number(self) -> float:
        """The next token, which must be a number."""
        return float(self._next("number"))

    def count(self) -> int:
        """The next token, which must be how many follow."""
        found = self.number()
        if not 0 <= found <= _MOST or found != int(found):
            raise FormatError(f"{self._path}, line {self.line} says that {found:g} follow")
        return int(found)


# ---- write ---------------------------------------------------------------------------------------


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    short: bool = False,
    encoding: Literal["utf-8", "utf-16"] = "utf-8",
    statuses: Sequence[Status] = ("submitted",),
    meta: Meta | None = None,
) -> Report:
    """Write one TextGrid a recording into a folder, or the only one to a path that ends in ``.TextGrid``.

    Parameters
    ----------
    path : path-like
        The folder, or the file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions.
    short : bool
        Whether the file holds the bare values only.
    encoding : {"utf-8", "utf-16"}
        How it is stored; Praat reads both.
    statuses : sequence of str
        Which responses are written.
    meta : mapping, optional
        What was read besides, as `Reading.meta` holds it.
    """
    if encoding not in ("utf-8", "utf-16"):
        raise FormatError(f"encoding={encoding!r} is not one that Praat reads", "give 'utf-8' or 'utf-16'")
    log = Log()
    held = list(recordings(rows, log, statuses))
    layout = Layout(schema, (a for one in held for a in one.annotations))

    def document(one: Recording, *_: Any) -> str:
        log.items += 1
        return _document(one, layout, one.duration, short, (meta or {}).get(one.slot, {}), log)

    write_each(path, held, ENDING, log, document, encoding=encoding)
    return log.report(path)


def text_of(
    row: Labelled, schema: Schema, *, duration: float | None = None, short: bool = False, log: Log | None = None
) -> str:
    """The TextGrid of one recording as the text of a file.

    Parameters
    ----------
    row : Labelled
        The item with its response.
    schema : Schema
        The questions.
    duration : float, optional
        The length of the recording in seconds; the item's own, or the end of the last segment, if left out.
    short : bool
        Whether it holds the bare values only.
    log : Log, optional
        Takes notes of what a TextGrid cannot hold.
    """
    one = Recording(row, "", None, duration or duration_of(row.item))
    return _document(one, Layout(schema, one.annotations), one.duration, short, {}, log or Log())


def _document(
    one: Recording, layout: Layout, duration: float | None, short: bool, carried: Mapping[str, Any], log: Log
) -> str:
    segments = only_segments(one, log, "a TextGrid")
    tiers = layout.tiers(segments, one.key, log, points=True)
    by_id = {a.id: a for a in segments}
    for tier in tiers:
        for mark in tier.marks:
            a = by_id[mark.id]
            mark.text = cleaned(mark.text, one.key, a.id, log)
            log.annotations += 1
            log.part(one.key, a, beyond(a, "channel"))
    ends = [mark.end for tier in tiers for mark in tier.marks]
    start = min([float(carried.get("start", 0.0)), *(a.start for a in segments)])
    duration = carried.get("end") if duration is None else duration
    if duration is None:
        log.drop(one.key, "", "the length of the recording is not known; the TextGrid ends with the last segment")
    elif max(ends, default=0.0) > duration:
        log.drop(one.key, "", f"segments reach beyond the recording's {duration:g} s; the TextGrid is as long as they")
    # a grid without any length is none to Praat
    end = max([duration or 0.0, *ends]) or start + 1.0
    return _serialized(start, end, _ordered(tiers, carried), short)


def _ordered(tiers: Sequence[Tier], carried: Mapping[str, Any]) -> list[Tier]:
    """The tiers in the order that they were read in, with empty ones among them; new ones last."""
    made = {(tier.name, tier.points): tier for tier in tiers}
    known = [(str(name), bool(points)) for name, points in carried.get("tiers", ())]
    first = [made.pop(one, Tier(one[0], one[1], [])) for one in dict.fromkeys(known)]
    return [*first, *made.values()]


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _filled(tier: Tier, start: float, end: float) -> list[Mark]:
    """The marks with empty intervals in the gaps."""
    made: list[Mark] = []
    at = start
    for mark in tier.marks:
        if mark.start > at:
            made.append(Mark(at, mark.start, ""))
        made.append(mark)
        at = mark.end
    return [*made, Mark(at, end, "")] if at < end else made


def _serialized(start: float, end: float, tiers: Sequence[Tier], short: bool) -> str:
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]

    def put(depth: int, name: str, value: str) -> None:
        lines.append(value if short else f"{' ' * 4 * depth}{name} {value} ")

    def head(depth: int, text: str) -> None:
        if not short:
            lines.append(" " * 4 * depth + text)

    put(0, "xmin =", shown(start))
    put(0, "xmax =", shown(end))
    put(0, "tiers?", "<exists>")
    put(0, "size =", str(len(tiers)))
    head(0, "item []: ")
    for n, tier in enumerate(tiers, 1):
        marks = tier.marks if tier.points else _filled(tier, start, end)
        what = "points" if tier.points else "intervals"
        head(1, f"item [{n}]:")
        put(2, "class =", '"TextTier"' if tier.points else '"IntervalTier"')
        put(2, "name =", _quoted(tier.name))
        put(2, "xmin =", shown(start))
        put(2, "xmax =", shown(end))
        put(2, f"{what}: size =", str(len(marks)))
        for k, mark in enumerate(marks, 1):
            head(2, f"{what} [{k}]:")
            if tier.points:
                put(3, "number =", shown(mark.start))
                put(3, "mark =", _quoted(mark.text))
            else:
                put(3, "xmin =", shown(mark.start))
                put(3, "xmax =", shown(mark.end))
                put(3, "text =", _quoted(mark.text))
    return "\n".join(lines) + "\n"
