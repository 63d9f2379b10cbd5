"""Tokens as ``[start, end)`` in code points: a simple tokenizer, and spans in terms of tokens."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias, TypeVar

from ..annotations import Span
from ..errors import FormatError, nearest

__all__ = ["Alignment", "Tokens", "align", "check_alignment", "longest_first", "simple", "usable"]

Tokens: TypeAlias = "Sequence[tuple[int, int]]"
Alignment: TypeAlias = Literal["expand", "contract", "strict"]

_PIECE = re.compile(r"\w+|[^\w\s]")
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")


def simple(text: str) -> list[tuple[int, int]]:
    """Tokens without a language: runs of letters, digits and underscores with their marks, and single other signs.

    Examples
    --------
    >>> [("Ana's café, 5%"[a:b]) for a, b in simple("Ana's café, 5%")]
    ['Ana', "'", 's', 'café', ',', '5', '%']
    """
    made: list[tuple[int, int]] = []
    glue = False  # the last token ends with a mark, so that letters go on with it
    for piece in _PIECE.finditer(text):
        start, end = piece.span()
        first = text[start]
        touches = bool(made) and made[-1][1] == start
        mark = first in _JOINERS or unicodedata.category(first).startswith("M")
        if touches and (mark or (glue and first.isalnum())):
            made[-1] = (made[-1][0], end)
        else:
            made.append((start, end))
        glue = mark and text[made[-1][0]].isalnum()
    return made


def usable(tokens: Iterable[Sequence[int]] | None, text: str) -> list[tuple[int, int]] | None:
    """The tokens if they ascend within the text without overlap, else ``None``; empty ones are left out."""
    if tokens is None:
        return None
    made: list[tuple[int, int]] = []
    last = 0
    for token in tokens:
        if len(token) != 2:
            return None
        start, end = int(token[0]), int(token[1])
        if start < last or end < start or end > len(text):
            return None
        if end > start:
            made.append((start, end))
            last = end
    return made


def check_alignment(alignment: str) -> Alignment:
    """The alignment; raises `FormatError` unless it is one of the three."""
    known: tuple[Alignment, ...] = ("expand", "contract", "strict")
    for one in known:
        if one == alignment:
            return one
    raise FormatError(f"there is no alignment {alignment!r}", nearest(str(alignment), known))


def align(tokens: Tokens, start: int, end: int, alignment: Alignment = "strict") -> tuple[int, int] | None:
    """The half-open range of tokens for the characters ``[start, end)``; ``None`` where there is none.

    ``strict`` wants both ends at token ends, ``contract`` takes the tokens that lie wholly inside, ``expand`` those
    that share a character.

    Examples
    --------
    >>> tokens = [(0, 4), (4, 6), (7, 13)]
    >>> align(tokens, 0, 6), align(tokens, 0, 5), align(tokens, 0, 5, "contract"), align(tokens, 0, 5, "expand")
    ((0, 2), None, (0, 1), (0, 2))
    """
    if alignment == "expand":
        first = bisect_right(tokens, start, key=lambda token: token[1])
        last = bisect_left(tokens, end, key=lambda token: token[0])
    else:
        first = bisect_left(tokens, start, key=lambda token: token[0])
        last = bisect_right(tokens, end, key=lambda token: token[1])
    if first >= last:
        return None
    if alignment == "strict" and (tokens[first][0] != start or tokens[last - 1][1] != end):
        return None
    return first, last


Placed = TypeVar("Placed", bound="tuple[int, int, Span]")


def longest_first(spans: Iterable[Placed]) -> tuple[list[Placed], list[Placed]]:
    """Spans over tokens ``(first, last, span)``, parted into those that do not overlap and the rest.

    The longest is kept, of equals the first; both lists are in the order of the text.
    """
    free: list[tuple[int, int]] = []  # kept ranges in order
    kept: list[Placed] = []
    rest: list[Placed] = []
    for one in sorted(spans, key=lambda s: (s[0] - s[1], s[0])):
        first, last = one[0], one[1]
        at = bisect_left(free, (first, last))
        clear = (at == 0 or free[at - 1][1] <= first) and (at == len(free) or free[at][0] >= last)
        if clear:
            free.insert(at, (first, last))
            kept.append(one)
        else:
            rest.append(one)
    kept.sort(key=lambda s: s[0])
    rest.sort(key=lambda s: s[0])
    return kept, rest
