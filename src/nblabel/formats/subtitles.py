"""What formats for subtitles share: clock times in whole milliseconds, and texts without empty lines."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

import msgspec

from ..annotations import Segment
from ..errors import InvalidAnnotation
from .base import Log
from .recordings import cleaned

__all__ = ["TIMING", "Cue", "clock", "lines_of", "milliseconds", "timed"]

_CLOCK = r"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
TIMING = re.compile(rf"\s*{_CLOCK}[ \t]*-->[ \t]*{_CLOCK}(?:[ \t]+(\S.*))?[ \t]*")
"""A line that says when a cue is shown."""


class Cue(msgspec.Struct):
    """A cue as it stands in a file."""

    start: float
    end: float
    payload: str
    name: str = ""
    settings: str = ""


def timed(line: str) -> Cue | None:
    """A cue without its text, from its line of times; ``None`` if the line is none."""
    found = TIMING.fullmatch(line)
    if found is None:
        return None
    start, end = (_seconds(found.groups()[n : n + 4]) for n in (0, 4))
    return Cue(start, end, "", settings=(found[9] or "").rstrip())


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, whole, fraction = parts
    thousandths = int((fraction or "0").ljust(3, "0"))
    return ((int(hours or 0) * 60 + int(minutes or 0)) * 60_000 + int(whole or 0) * 1000 + thousandths) / 1000


def clock(thousandths: int, point: str) -> str:
    """A time as ``hours:minutes:seconds`` with milliseconds.

    Examples
    --------
    >>> clock(3_723_004, ".")
    '01:02:03.004'
    """
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def milliseconds(a: Segment, key: Hashable, log: Log) -> tuple[int, int]:
    """Start and end in whole milliseconds, at least one apart; what changes is noted."""
    start, end = round(a.start * 1000), round(a.end * 1000)
    if a.start == a.end:
        log.drop(key, a.id, f"the event at {a.start:g} s is written as one millisecond long")
    elif start / 1000 != a.start or end / 1000 != a.end:
        log.drop(key, a.id, f"[{a.start!r}, {a.end!r}) is rounded to milliseconds")
    return start, max(end, start + 1)


def lines_of(text: str, key: Hashable, id_: str, log: Log) -> str:
    """A text without empty lines, which would end its cue."""
    made = cleaned(text, key, id_, log).replace("\r\n", "\n").replace("\r", "\n")
    kept = "\n".join(line for line in made.split("\n") if line.strip())
    if kept != made:
        log.drop(key, id_, f"empty lines of the text {text[:40]!r} are left out")
    return kept


def checked(cue: Cue, what: str) -> Cue:
    """The cue; raises `InvalidAnnotation` if it ends before it starts."""
    if cue.end < cue.start:
        raise InvalidAnnotation(what, f"ends at {cue.end:g} s, before it starts at {cue.start:g} s")
    return cue
