"""`of`: a callable, a spaCy pipeline, a `Suggester`, or a list of these, behind one checked face."""

from __future__ import annotations

import functools
import inspect
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from ..annotations import AnyAnnotation
from ..errors import SuggestError
from ..records import Item, Suggestion
from ..schema import Schema
from . import checks

__all__ = ["Adapter", "Suggester", "name_of", "of"]


@runtime_checkable
class Suggester(Protocol):
    """Anything that suggests annotations for items.

    Attributes
    ----------
    source : str
        The name, with its version, that its suggestions carry.
    """

    source: str

    def suggest(self, items: Sequence[Item]) -> list[list[AnyAnnotation]]:
        """Annotations for each item, in the order of the items."""
        ...


class Adapter(ABC):
    """A model that is asked safely: what it returns is checked against the schema and the text.

    Attributes
    ----------
    source : str
        The name that suggestions carry.
    batch : int
        How many items it is best asked about at once.
    """

    source: str
    batch: int = 1

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.last_traceback = ""
        """Where the model raised last; empty if it never did."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the model, such as labels that the schema does not have."""
        return ()

    @abstractmethod
    def answers(self, items: Sequence[Item]) -> list[Any]:
        """What the model returns for each item, unchecked; an exception stands for an item it failed on."""

    def run(self, items: Sequence[Item]) -> list[Suggestion]:
        """A suggestion for each item: the valid annotations, and in ``error`` what was wrong with the others."""
        return [self._checked(item, answer) for item, answer in zip(items, self._asked(items), strict=True)]

    def suggest(self, items: Sequence[Item]) -> list[list[AnyAnnotation]]:
        """The valid annotations for each item, in the order of the items."""
        return [list(suggestion.annotations) for suggestion in self.run(items)]

    def _asked(self, items: Sequence[Item]) -> list[Any]:
        """One answer or exception for each item: when a batch fails, its items are asked one by one."""
        texts = [item for item in items if not item.problem]
        found = self._try(texts)
        if isinstance(found, OSError):  # a service that is away is away for each item
            found = [found for _ in texts]
        elif isinstance(found, Exception):
            single = [self._try([item]) for item in texts] if len(texts) > 1 else [found]
            found = [one if isinstance(one, Exception) else one[0] for one in single]
        answers = iter(found)
        return [() if item.problem else next(answers) for item in items]

    def _try(self, items: Sequence[Item]) -> list[Any] | Exception:
        if not items:
            return []
        try:
            found = list(self.answers(items))
            if len(found) != len(items):
                raise SuggestError(f"{self.source} returned {len(found)} lists of suggestions for {len(items)} items")
        except Exception as error:  # a model is the user's code: whatever it raises is shown, not thrown
            self.note_failure(error)
            return error
        return found

    def note_failure(self, error: Exception) -> None:
        """Keep the traceback of a failure."""
        self.last_traceback = "".join(traceback.format_exception(error))

    def _checked(self, item: Item, answer: Any) -> Suggestion:
        if isinstance(answer, Exception):
            return Suggestion(item.identity, error=_told(self.source, item, answer))
        try:
            kept, wrong = checks.checked(answer, item, self.schema, self.source)
        except Exception as error:  # a generator of the user's raises while it is read
            self.note_failure(error)
            return Suggestion(item.identity, error=_told(self.source, item, error))
        told = ""
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            told = f"{self.source} on item {item.key!r}: {wrong[0]}{more}"
        return Suggestion(item.identity, tuple(kept), told)


def _told(source: str, item: Item, error: Exception) -> str:
    """One line that says who failed on what, and why."""
    words = str(error).strip().splitlines()
    first = words[0] if words else ""
    if isinstance(error, SuggestError):
        return first
    return f"{source} on item {item.key!r}: {type(error).__name__}" + (f": {first}" if first else "")


class _Callable(Adapter):
    """A function of the text, or of what ``view`` makes of the item."""

    def __init__(
        self, function: Callable[[Any], Any], schema: Schema, view: Callable[[Item], Any] | None = None
    ) -> None:
        super().__init__(schema)
        self._function = function
        self._view = view
        self.source = name_of(function)

    def answers(self, items: Sequence[Item]) -> list[Any]:
        return [self._answer(item) for item in items]

    def _answer(self, item: Item) -> Any:
        try:
            found = self._function(item.data if self._view is None else self._view(item))
        except Exception as error:
            self.note_failure(error)
            return error
        if inspect.isawaitable(found):
            if inspect.iscoroutine(found):
                found.close()
            return SuggestError(f"{self.source} is asynchronous, which suggestions cannot wait for")
        return found


class _Given(Adapter):
    """A user's own `Suggester`."""

    def __init__(self, suggester: Suggester, schema: Schema) -> None:
        super().__init__(schema)
        self._suggester = suggester
        self.source = str(suggester.source)
        self.batch = int(getattr(suggester, "batch", 8))

    def answers(self, items: Sequence[Item]) -> list[Any]:
        return list(self._suggester.suggest(items))


class _Several(Adapter):
    """Models whose suggestions are merged: what several suggest alike is one suggestion with all their names."""

    def __init__(self, members: Sequence[Adapter], schema: Schema) -> None:
        super().__init__(schema)
        self._members = tuple(members)
        self.source = " + ".join(member.source for member in members)
        self.batch = min(member.batch for member in members)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(note for member in self._members for note in member.notes)

    def answers(self, items: Sequence[Item]) -> list[Any]:
        return [suggestion.annotations for suggestion in self.run(items)]

    def run(self, items: Sequence[Item]) -> list[Suggestion]:
        merged = []
        for of_item in zip(*(member.run(items) for member in self._members), strict=True):
            annotations, wrong = checks.merged([one.annotations for one in of_item], self.schema)
            errors = [one.error for one in of_item if one.error]
            errors += [f"{self.source}: {what}" for what in wrong]
            merged.append(Suggestion(of_item[0].item, tuple(annotations), "; ".join(errors)))
        for member in self._members:
            self.last_traceback = member.last_traceback or self.last_traceback
        return merged


def of(x: Any, schema: Schema, *, view: Callable[[Item], Any] | None = None) -> Adapter:
    """What suggests annotations for ``schema``, from what a user has.

    Parameters
    ----------
    x : callable, spaCy Language, Suggester, or a list of these
        A callable takes one text and returns annotations, dicts, tuples ``(start, end, label)`` or
        ``(label, score)``, bare labels, a list of these, or all of them by field. A spaCy pipeline suggests its
        entities, span groups and categories as far as the schema has their labels.
    schema : Schema
        The questions; suggestions that do not answer one are dropped and named in the error of their item.
    view : callable, optional
        Makes what a callable takes from an item: of an image its pixels. The item's data if left out.

    Examples
    --------
    >>> mood = of(lambda text: "good" if "nice" in text else "bad", Schema.of({"mood": ["good", "bad"]}))
    >>> [(a.label, a.source) for a in mood.suggest([Item(0, "nice one")])[0]]
    [('good', 'callable')]
    """
    if isinstance(x, Adapter):
        return x if x.schema == schema else _of_adapter(x, schema, view)
    if _is_language(x):
        from .pipelines import Pipeline

        return Pipeline(x, schema)
    if isinstance(x, (list, tuple)):
        if not x:
            raise SuggestError("suggest= is an empty list", "give a callable or a spaCy pipeline, or leave it out")
        members = [of(one, schema, view=view) for one in x]
        return members[0] if len(members) == 1 else _Several(members, schema)
    if isinstance(x, str):
        raise SuggestError(f"suggest= is the text {x!r}", f"load the pipeline first: suggest=spacy.load({x!r})")
    if not isinstance(x, type) and isinstance(x, Suggester) and callable(x.suggest):
        return _Given(x, schema)
    if inspect.iscoroutinefunction(x) or inspect.iscoroutinefunction(getattr(x, "__call__", None)):  # noqa: B004
        raise SuggestError(f"{name_of(x)} is asynchronous, which suggestions cannot wait for", "wrap it in a function")
    if callable(x):
        return _Callable(x, schema, view)
    raise SuggestError(
        f"a {type(x).__name__} cannot suggest annotations",
        "give a function of the text, a spaCy pipeline, an object with suggest(items) and source, or a list of these",
    )


def _of_adapter(adapter: Adapter, schema: Schema, view: Callable[[Item], Any] | None) -> Adapter:
    """The same model for another schema."""
    for name in ("_function", "_suggester", "_nlp", "_members"):
        given = getattr(adapter, name, None)
        if given is not None:
            seen = view or getattr(adapter, "_view", None)
            return of(list(given) if name == "_members" else given, schema, view=seen)
    return _Given(adapter, schema)


def _is_language(x: Any) -> bool:
    """Whether this is a spaCy pipeline; nobody has one without spaCy being loaded."""
    language = sys.modules.get("spacy.language")
    return language is not None and isinstance(x, language.Language)


def name_of(function: Any) -> str:
    """What a function is called where it is told who said something."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    name = str(name).rpartition("<locals>.")[2]
    return "callable" if "<lambda>" in name else name
