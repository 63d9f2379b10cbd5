"""Items that are texts: what is shown of a value, its tokens, and the annotations it came with."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import uuid
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from ..annotations import AnyAnnotation
from ..records import Item
from ..schema import Extent
from .base import TableSource
from .docs import doc_prelabels, doc_tokens, is_doc
from .identity import digest
from .keys import plain
from .tables import Table, Unreadable, is_missing

__all__ = ["Reading", "TextSource", "Tokenizer", "read_text"]

Tokenizer: TypeAlias = Callable[[str], Iterable[Any]]
"""A spaCy pipeline, or anything that gives ``(start, end)`` of each token of a text."""

_BLOCK = 16_384
_PLAIN = (bool, int, float, complex, decimal.Decimal, fractions.Fraction, uuid.UUID)
_TIMES = (dt.date, dt.time, dt.timedelta)


class Reading(NamedTuple):
    """A value as a text; ``problem`` says why there is none. ``sort`` tells contents apart that are no texts."""

    text: str
    problem: str = ""
    sort: bytes = b""


def read_text(value: Any) -> Reading:
    """What is shown of a value.

    Examples
    --------
    >>> read_text("fine").text, read_text(7).text, read_text(None).problem
    ('fine', '7', 'no text (missing value)')
    """
    if type(value) is str:
        return Reading(value)
    if is_missing(value):
        return Reading("", "no text (missing value)", b"missing")
    if isinstance(value, str):
        return Reading(str(value))
    if is_doc(value):
        return Reading(value.text)
    value = plain(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        raw = bytes(value)
        try:
            return Reading(raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            return Reading("", f"not a text: bytes that are not UTF-8 (byte {error.start})", b"bytes")
    if isinstance(value, (_PLAIN, _TIMES)):
        return Reading(str(value))
    if isinstance(value, Unreadable):
        return Reading("", value.problem, b"unreadable")
    kind = type(value).__name__
    return Reading("", f"not a text: the value is {'an' if kind[0] in 'aeiou' else 'a'} {kind}", b"other")


def _digest(value: Any) -> bytes:
    if type(value) is str:
        return digest(value)
    reading = read_text(value)
    if reading.sort in (b"bytes", b"other"):
        return digest(_stable(value), reading.sort)
    return digest(reading.text or reading.problem, reading.sort) if reading.problem else digest(reading.text)


def _stable(value: Any) -> str:
    """The same text for the same value in every session."""
    try:
        return msgspec.json.encode(value, order="deterministic").decode()
    except Exception:  # any object may stand here
        return type(value).__name__


class TextSource(TableSource):
    """Texts of a list, a column, files, or spaCy Docs."""

    def __init__(
        self,
        table: Table,
        column: Hashable,
        *,
        key: Hashable | None = None,
        show: Sequence[Hashable] = (),
        tokenizer: Tokenizer | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._tokenize = _tokenize_with(tokenizer)
        super().__init__(table, column, key=key, show=show)

    def digest_of(self, value: Any) -> bytes:
        """A hash of the text: a number and its text are one content."""
        return _digest(value)

    def text_of(self, value: Any) -> str | None:
        """The text of a value that has one."""
        reading = read_text(value)
        return None if reading.sort else reading.text

    def item(self, position: int) -> Item:
        """The item, read now; a value that is no text gives an empty one and says why."""
        row = self._row(position)
        value = self._column.value(row)
        reading = read_text(value)
        prelabels: tuple[AnyAnnotation, ...] = ()
        tokens: tuple[tuple[int, int], ...] | None
        if is_doc(value):
            tokens, prelabels = doc_tokens(value), doc_prelabels(value)
        else:
            tokens = self._tokens(row, reading.text) if not reading.problem else None
        return Item(
            key=self._keys.key(row),
            data=reading.text,
            identity=self._identity_of(row, value),
            position=row,
            show=self._show(row),
            tokens=tokens,
            prelabels=prelabels,
            problem=reading.problem,
        )

    def extent(self, position: int) -> int:
        """The length of the text."""
        return len(read_text(self._column.value(self._row(position))).text)

    def extents(self, positions: Sequence[int]) -> list[Extent]:
        """The lengths of the texts."""
        values = self._column.values(np.asarray(positions, dtype=np.int64))
        return [len(value) if type(value) is str else len(read_text(value).text) for value in values]

    def search(self, text: str) -> npt.NDArray[np.int64]:
        """Items whose text contains this one, without regard to case."""
        wanted = text.casefold()
        found: list[int] = []
        for start in range(0, len(self), _BLOCK):
            values = self._column.values(slice(start, min(start + _BLOCK, len(self))))
            found += [
                at
                for at, value in enumerate(values, start)
                if wanted in (value if type(value) is str else read_text(value).text).casefold()
            ]
        return np.array(found, dtype=np.int64)

    def _tokens(self, row: int, text: str) -> tuple[tuple[int, int], ...] | None:
        if self._tokenize is None:
            return None
        try:
            tokens = tuple((int(start), int(end)) for start, end in self._tokenize(text))
            ends = [0, *(end for _, end in tokens)]
            if any(start < before or end <= start for before, (start, end) in zip(ends, tokens, strict=False)):
                raise ValueError("tokens must follow one another as (start, end)")
            if ends[-1] > len(text):
                raise ValueError(f"a token ends at {ends[-1]}, beyond the text's {len(text)} characters")
        except Exception as error:  # the user's own function: labeling goes on without its tokens
            name = getattr(self._tokenizer, "__name__", type(self._tokenizer).__name__)
            if not self.notices:
                told = f"the tokenizer {name} failed at item {self._keys.key(row)!r}: {type(error).__name__}: {error}"
                self.notices = (told,)
            return None
        return tokens


def _tokenize_with(tokenizer: Tokenizer | None) -> Callable[[str], Iterable[tuple[int, int]]] | None:
    """A function of texts; a spaCy pipeline gives its tokenizer only."""
    if tokenizer is None:
        return None
    own: Any = tokenizer
    if hasattr(own, "vocab"):  # a Language or a Tokenizer
        make = getattr(own, "tokenizer", own)
        return lambda text: doc_tokens(make(text))
    return own  # type: ignore[no-any-return]
