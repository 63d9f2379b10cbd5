"""Suggestions from patterns: phrases, regular expressions, and the patterns of spaCy and Prodigy."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from ..errors import FormatError, MissingExtra, SuggestError
from ..records import Item
from ..schema import Choices, Schema, Spans
from . import versions
from .adapters import Adapter, View
from .expressions import Expressions
from .names import Names
from .phrases import Phrases
from .recipes import Recipe

__all__ = ["Patterns", "patterns"]

Rows: TypeAlias = "str | os.PathLike[str] | Iterable[Mapping[str, Any]]"
Regex: TypeAlias = "str | re.Pattern[str]"


class _Row(msgspec.Struct, frozen=True):
    """A line of a pattern file; what else stands in it (``id``, ``meta``) is not needed."""

    label: str
    pattern: str | list[dict[str, Any]]


class Patterns(Recipe):
    """Patterns with their options; made by `patterns`."""

    def __init__(
        self,
        rows: Sequence[_Row],
        phrases: Sequence[tuple[str, str]],
        regex: Sequence[tuple[str, re.Pattern[str]]],
        options: Mapping[str, Any],
    ) -> None:
        self.rows = rows
        self.phrases = phrases
        self.regex = regex
        self.options = options

    def adapter(self, schema: Schema, view: View | None) -> Adapter:
        """What looks for the patterns whose labels these questions have."""
        if view is not None:
            raise SuggestError("patterns suggest for texts, not for images or recordings")
        return _Matching(self, schema)


def patterns(
    given: Rows | None = None,
    *,
    phrases: Mapping[str, Iterable[str]] | None = None,
    regex: Mapping[str, Regex | Iterable[Regex]] | None = None,
    ignore_case: bool = False,
    whole_words: bool = True,
    field: str | None = None,
    nlp: Any = None,
    lang: str = "en",
    time_limit: float = 1.0,
    name: str = "",
) -> Patterns:
    r"""What looks for patterns in texts, for ``suggest=``.

    A match is suggested as a span where the label is one of a spans field, and as a choice where it is one of a choices
    field.

    Parameters
    ----------
    given : path or list of dicts, optional
        Patterns as spaCy's EntityRuler and Prodigy have them, ``{"label": "CITY", "pattern": ...}``, or a file of them,
        one a line: a text is a phrase in exactly this case, a list of dicts describes tokens.
    phrases : dict, optional
        Phrases by label, any number of them.
    regex : dict, optional
        Regular expressions by label; with a group ``(?P<span>...)`` only that part is marked.
    ignore_case : bool
        Whether ``phrases``, and expressions that are given as texts, match in any case.
    whole_words : bool
        Whether phrases must begin and end where words do; give ``False`` for languages written without spaces.
    field : str, optional
        The only field that is answered.
    nlp : spaCy Language, optional
        Makes the tokens that patterns of dicts describe, such as ``{"POS": "PROPN"}``; else a blank one of ``lang``.
    lang : str
        The language of the tokens, if ``nlp`` is not given.
    time_limit : float
        Seconds that one expression may take for one text; what took longer three times is left out, and told.
    name : str
        What the suggestions are told by; if empty ``patterns``, with a sign that changes with the patterns.

    Examples
    --------
    >>> from nblabel.suggest import of
    >>> found = of(
    ...     patterns(phrases={"CITY": ["Berlin", "New York"]}, regex={"YEAR": r"\b(19|20)\d\d\b"}),
    ...     Schema.of({"spans": Spans(["CITY", "YEAR"])}),
    ... )
    >>> [(a.start, a.end, a.label) for a in found.suggest([Item(0, "From Berlin to New York in 1926")])[0]]
    [(5, 11, 'CITY'), (15, 23, 'CITY'), (27, 31, 'YEAR')]
    """
    if not time_limit > 0:
        raise SuggestError(f"patterns(time_limit={time_limit!r}) must be seconds, more than 0")
    options = {
        "ignore_case": ignore_case,
        "whole_words": whole_words,
        "field": field,
        "nlp": nlp,
        "lang": lang,
        "time_limit": time_limit,
        "name": name,
    }
    rows = [] if given is None else list(_rows(given))
    listed = []
    for label, many in (phrases or {}).items():
        if isinstance(many, str):
            raise SuggestError(f"phrases={{{label!r}: {many!r}}} must be a list of phrases")
        listed += [(str(label), str(phrase)) for phrase in many]
    compiled = [
        (str(label), one) for label, many in (regex or {}).items() for one in _compiled(label, many, ignore_case)
    ]
    if not (rows or listed or compiled):
        raise SuggestError("patterns() has no pattern", "give a file, phrases= or regex=")
    return Patterns(rows, listed, compiled, options)


def _rows(given: Rows) -> Iterator[_Row]:
    where = "patterns()"
    if isinstance(given, (str, os.PathLike)):
        where = str(Path(given))
        try:
            lines = Path(given).read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise FormatError(f"{where} cannot be read: {error}", "give a file with one JSON object a line") from None
        numbered: Iterable[tuple[int, Any]] = [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    else:
        numbered = enumerate(given, 1)
    for n, row in numbered:
        try:
            body = json.loads(row) if isinstance(row, str) else dict(row)
            yield msgspec.convert(body, _Row)
        except (ValueError, TypeError) as error:
            told = f"{where}, line {n}: {error}" if isinstance(given, (str, os.PathLike)) else f"pattern {n}: {error}"
            raise FormatError(told, 'such as {"label": "CITY", "pattern": "Berlin"}') from None


def _compiled(label: Any, many: Regex | Iterable[Regex], ignore_case: bool) -> Iterator[re.Pattern[str]]:
    for one in [many] if isinstance(many, (str, re.Pattern)) else many:
        try:
            made = re.compile(one, re.IGNORECASE if ignore_case else 0) if isinstance(one, str) else one
        except re.error as error:
            raise SuggestError(f"the regular expression {one!r} of {label!r} is not valid: {error}") from None
        if not isinstance(made, re.Pattern) or isinstance(made.pattern, bytes):
            raise SuggestError(f"{one!r} of {label!r} is no regular expression for texts")
        yield made


class _Matching(Adapter):
    """All patterns whose labels the schema has."""

    batch = 8

    def __init__(self, recipe: Patterns, schema: Schema) -> None:
        super().__init__(schema)
        self._recipe = recipe
        options = recipe.options
        self.version = versions.digest(
            [(row.label, row.pattern) for row in recipe.rows],
            recipe.phrases,
            [(label, one.pattern, one.flags) for label, one in recipe.regex],
            options["ignore_case"],
            options["whole_words"],
        )
        self.source = options["name"] or f"patterns@{self.version}"
        self._names = Names(schema, (Spans, Choices), None, options["field"])
        self._kinds = {field.name: field.annotation for field in self._names.fields}
        self._phrases = Phrases(ignore_case=options["ignore_case"], whole_words=options["whole_words"])
        self._exact = Phrases()
        regex = []
        tokens = []
        for label, phrase in recipe.phrases:
            if self._has(label):
                self._phrases.add(phrase, label)
        for label, one in recipe.regex:
            if self._has(label):
                regex.append((label, one))
        for row in recipe.rows:
            if self._has(row.label) and isinstance(row.pattern, str):
                self._exact.add(row.pattern, row.label)
            elif self._has(row.label, count=False):
                tokens.append(row)
        self._labels = [label for label, _ in regex]
        self._regex = Expressions([one for _, one in regex], options["time_limit"])
        self._nlp, self._matcher = _matcher(tokens, options["nlp"], options["lang"])

    @property
    def notes(self) -> tuple[str, ...]:
        """Labels that no field has, and expressions that take too long."""
        slow = [
            f"{self.name}: the expression {pattern!r} took longer than {self._recipe.options['time_limit']:g} s"
            + (" three times and is left out" if out else "")
            for pattern, _, out in self._regex.slow
        ]
        return (*super().notes, *slow)

    def _has(self, label: str, count: bool = True) -> bool:
        if not self._names.knows(label) and count:
            with self._lock:
                self._unknown[label] += 1
        return bool(self._names.places(label))

    def answers(self, items: Sequence[Item]) -> list[Any]:
        """The matches in each text."""
        return [list(self._annotations(item.data)) for item in items]

    def _annotations(self, text: str) -> Iterator[dict[str, Any]]:
        chosen: set[tuple[str, str]] = set()
        for start, end, name in self._matches(text):
            for field, label in self._names.places(name):
                if self._kinds[field] == "span":
                    yield {"kind": "span", "field": field, "start": start, "end": end, "label": label}
                elif (field, label) not in chosen:
                    chosen.add((field, label))
                    yield {"kind": "choice", "field": field, "label": label}

    def _matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        for phrases in (self._phrases, self._exact):
            if phrases.count:
                for start, end, labels in phrases.find(text):
                    for label in labels:
                        yield start, end, label
        for n, start, end in self._regex.find(text):
            yield start, end, self._labels[n]
        if self._matcher is not None:
            doc = self._nlp(text)
            best: dict[str, list[Any]] = {}
            for span in self._matcher(doc, as_spans=True):
                best.setdefault(span.label_, []).append(span)
            for label, spans in best.items():
                taken: set[int] = set()
                for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):  # the longest first
                    if taken.isdisjoint(range(span.start, span.end)):
                        taken.update(range(span.start, span.end))
                        yield span.start_char, span.end_char, label


def _matcher(rows: Sequence[_Row], nlp: Any, lang: str) -> tuple[Any, Any]:
    """The matcher of spaCy for patterns of tokens, if there are any."""
    if not rows:
        return None, None
    try:
        import spacy
        from spacy.matcher import Matcher
    except ImportError:
        raise MissingExtra("a pattern of tokens", "text") from None
    try:
        nlp = nlp or spacy.blank(lang)
    except ImportError as error:
        raise SuggestError(f"spaCy has no language {lang!r}: {error}".splitlines()[0]) from None
    matcher = Matcher(nlp.vocab)
    for row in rows:
        try:
            matcher.add(row.label, [row.pattern])  # type: ignore[list-item]
        except Exception as error:  # spaCy's own errors, of many classes
            raise SuggestError(f"the pattern {row.pattern!r} of {row.label!r}: {error}") from None
    return nlp, matcher
