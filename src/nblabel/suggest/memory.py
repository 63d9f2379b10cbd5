"""A dictionary that grows while a person labels: what was marked before is suggested from then on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from ..annotations import Span
from ..errors import SuggestError
from ..records import Item, Labelled
from ..schema import Schema, Spans
from .adapters import Adapter, View
from .phrases import Phrases
from .recipes import Recipe

__all__ = ["Memory", "memory"]

Key: TypeAlias = tuple[str, ...]
Place: TypeAlias = tuple[str, str]
_LONGEST = 20  # words: longer ones are sentences, which hardly come again


class Memory(Recipe):
    """What was marked so far, with its options; made by `memory`."""

    def __init__(self, least: int, ignore_case: bool, whole_words: bool, name: str) -> None:
        self.least = least
        self.ignore_case = ignore_case
        self.whole_words = whole_words
        self.name = name

    def adapter(self, schema: Schema, view: View | None) -> Adapter:
        """An empty memory for these questions."""
        if view is not None:
            raise SuggestError("memory() suggests for texts, not for images or recordings")
        if not any(isinstance(field, Spans) for field in schema.fields):
            raise SuggestError(
                "memory() remembers spans, and the schema has no field for them", "such as spans=['CITY']"
            )
        return _Remembering(self, schema)


def memory(*, least: int = 2, ignore_case: bool = False, whole_words: bool = True, name: str = "memory") -> Memory:
    """What suggests the spans that a person has marked before, for ``suggest=``.

    "Berlin" marked twice as CITY is suggested from then on. Where answers disagree the majority counts, and so does the
    phrase being there and not marked; the score is the share of the majority. Answers that are changed or taken back
    change what is remembered.

    Parameters
    ----------
    least : int
        How often something must have been marked.
    ignore_case : bool
        Whether ``berlin`` is Berlin.
    whole_words : bool
        Whether phrases must begin and end where words do.
    name : str
        What the suggestions are told by.

    Examples
    --------
    >>> from nblabel.records import Response
    >>> from nblabel.suggest import of
    >>> cities = of(memory(least=1), Schema.of({"spans": Spans(["CITY"])}))
    >>> said = Response("a", "me", "submitted", (Span(3, 9, "CITY", field="spans"),))
    >>> cities.learn([Labelled(Item(0, "In Berlin", "a"), said)])
    >>> [(a.start, a.end, a.label, a.score) for a in cities.suggest([Item(1, "Berlin!", "b")])[0]]
    [(0, 6, 'CITY', 1.0)]
    """
    if least < 1:
        raise SuggestError(f"memory(least={least!r}) must be 1 or more")
    return Memory(least, ignore_case, whole_words, name)


class _Remembering(Adapter):
    """Phrases with the labels that they were given, and how often they were given none."""

    batch = 32
    learns = True

    def __init__(self, recipe: Memory, schema: Schema) -> None:
        super().__init__(schema)
        self._recipe = recipe
        self.source = recipe.name
        self._phrases = Phrases(ignore_case=recipe.ignore_case, whole_words=recipe.whole_words)
        self._fields = {field.name for field in schema.fields if isinstance(field, Spans)}
        self._given: dict[Key, Counter[Place]] = {}
        self._bare: Counter[Key] = Counter()
        self._of_item: dict[str, tuple[list[tuple[Key, Place]], list[Key]]] = {}
        self._guard = threading.Lock()

    def fresh(self) -> Adapter:
        """An empty memory."""
        return _Remembering(self._recipe, self.schema)

    def learn(self, answers: Sequence[Labelled]) -> None:
        """Take over what was said of items, in place of what was said of them before."""
        with self._guard:
            for one in answers:
                self._forget(one.item.identity)
                if one.response.status == "submitted" and isinstance(one.item.data, str):
                    self._take(one)

    def _take(self, one: Labelled) -> None:
        text = one.item.data
        spans = [a for a in one.response.annotations if isinstance(a, Span) and a.field in self._fields]
        marked = []
        for a in spans:
            phrase = text[a.start : a.end]
            key = self._phrases.key(phrase)
            if 0 < len(key) <= _LONGEST * (1 if self._recipe.whole_words else 10) and phrase == phrase.strip():
                marked.append((key, (a.field, a.label)))
                self._given.setdefault(key, Counter())[a.field, a.label] += 1
                self._phrases.add(phrase, key)
        bare = [
            key
            for start, end, (key,) in self._phrases.find(text)
            if not any(a.start < end and start < a.end for a in spans)
        ]
        self._bare.update(bare)
        self._of_item[one.item.identity] = (marked, bare)

    def _forget(self, identity: str) -> None:
        marked, bare = self._of_item.pop(identity, ((), ()))
        for key, place in marked:
            self._given[key][place] -= 1
        self._bare.subtract(bare)

    def answers(self, items: Sequence[Item]) -> list[Any]:
        """What is remembered of each text."""
        with self._guard:
            return [list(self._annotations(item.data)) for item in items]

    def _annotations(self, text: str) -> Iterator[dict[str, Any]]:
        for start, end, (key,) in self._phrases.find(text):
            counts = self._given[key]
            (field, label), most = counts.most_common(1)[0]
            share = most / max(counts.total() + self._bare[key], 1)
            if most >= self._recipe.least and share > 0.5:
                yield {"kind": "span", "field": field, "start": start, "end": end, "label": label, "score": share}
