"""`of`: a callable, a spaCy pipeline, a `Suggester`, or a list of these, behind one checked face."""

from __future__ import annotations

import functools
import inspect
import itertools
import sys
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..annotations import AnyAnnotation
from ..beliefs import Beliefs
from ..errors import NblabelError, SuggestError
from ..records import Item, Labelled, Suggestion
from ..schema import Schema
from . import checks, opinions
from .recipes import Recipe

__all__ = [
    "Adapter",
    "Batched",
    "Learner",
    "Said",
    "Scorer",
    "Suggester",
    "Trainable",
    "View",
    "batched",
    "name_of",
    "of",
]

_KEPT = 2000
"""Answers of models that are remembered while another one learns."""
_PAUSE = 0.5
"""Seconds before a service that failed is asked once more."""
_LASTING = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError)
_LONGEST = 20_000  # characters of a traceback, the last of which count

View: TypeAlias = Callable[[Item], Any]
"""What a model sees of an item, where that is not its data: the pixels of an image."""


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


@runtime_checkable
class Learner(Suggester, Protocol):
    """A `Suggester` that learns from answers; ``learn`` is called in the thread that asks for suggestions.

    Examples
    --------
    >>> class Usual:
    ...     source = "usual"
    ...     seen = Counter()
    ...     def suggest(self, items):
    ...         return [[label for label, _ in self.seen.most_common(1)] for item in items]
    ...     def learn(self, answers):
    ...         self.seen.update(a.label for one in answers for a in one.response.annotations)
    >>> isinstance(Usual(), Learner)
    True
    """

    def learn(self, answers: Sequence[Labelled]) -> None:
        """Take over answers that are new or have changed; the same item may come again, also as not submitted."""
        ...


@runtime_checkable
class Trainable(Learner, Protocol):
    """A `Learner` that collects answers in ``learn``, and makes a new version of itself in ``train``.

    ``train`` may take long: it is called in a thread of its own, while ``suggest`` and ``learn`` go on being called in
    another. It changes over to the new version at its end, at once.

    Attributes
    ----------
    learn_every : int, optional
        After how many new answers it wants to be trained again; 10 if it has none.
    version : str, optional
        Which training its suggestions come from; counted if it has none.
    waiting : str, optional
        Why it cannot be trained yet, in words for a person.

    Examples
    --------
    >>> class Usual:
    ...     source, says = "usual", None
    ...     def __init__(self):
    ...         self.answers = {}
    ...     def suggest(self, items):
    ...         return [[self.says] if self.says else [] for item in items]
    ...     def learn(self, answers):
    ...         for one in answers:
    ...             self.answers[one.item.identity] = [a.label for a in one.response.annotations]
    ...     def train(self, stop):
    ...         counts = Counter(label for labels in list(self.answers.values()) for label in labels)
    ...         if not counts or stop.is_set():
    ...             return False
    ...         self.says = counts.most_common(1)[0][0]
    ...         return True
    >>> isinstance(Usual(), Trainable)
    True
    """

    def train(self, stop: threading.Event) -> bool:
        """Make the next version; False if nothing has changed, as when ``stop`` was set midway."""
        ...


@runtime_checkable
class Scorer(Suggester, Protocol):
    """A `Suggester` that tells how much there is to learn from an item.

    Examples
    --------
    >>> class Lengths:
    ...     source = "lengths"
    ...     def suggest(self, items):
    ...         return [[] for item in items]
    ...     def scores(self, items):
    ...         return [len(item.data) for item in items]
    >>> of(Lengths(), Schema.of({"mood": ["good", "bad"]})).beliefs([Item(0, "Hm")]).scores
    array([2.])
    """

    def scores(self, items: Sequence[Item]) -> Sequence[float]:
        """A number for each item, the larger the more the model would learn from its answer."""
        ...


class Said(list[Any]):
    """What a model suggests for one item, with how likely it holds each label of each field."""

    def __init__(self, annotations: Iterable[Any], likely: dict[str, dict[str, float]]) -> None:
        super().__init__(annotations)
        self.likely = likely


class Adapter(ABC):
    """A model that is asked safely: what it returns is checked against the schema and the text.

    Attributes
    ----------
    source : str
        The name that suggestions carry.
    batch : int
        How many items it is best asked about at once.
    learns : bool
        Whether it wants to hear of answers.
    trains : bool
        Whether it besides makes new versions of itself with ``train``; ``learn`` then only collects.
    learn_every : int
        After how many new answers it wants to learn, or to be trained, again.
    version : str
        Which training its suggestions come from: empty before the first one, then ``"1"``, ``"2"``, ...
    waiting : str
        Why it cannot be trained yet, in words; empty if it can.
    own_limit : float
        Seconds after which it gives up on an item by itself; 0 if it does not.
    """

    source: str
    batch: int = 1
    learns: bool = False
    trains: bool = False
    learn_every: int = 1
    version: str = ""
    waiting: str = ""
    own_limit: float = 0.0

    def __init__(self, schema: Schema, view: View | None = None) -> None:
        self.schema = schema
        self.view = view
        self.last_traceback = ""
        """Where the model raised last; empty if it never did."""
        self._unknown: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def notes(self) -> tuple[str, ...]:
        """Which labels the model gave that the schema does not have, and how often."""
        with self._lock:
            counts = self._unknown.most_common()
        if not counts:
            return ()
        shown = ", ".join(f"{label} ({n})" for label, n in counts[:12])
        more = f" and {len(counts) - 12} more" if len(counts) > 12 else ""
        return (f"{self.name} gives labels that the schema does not have: {shown}{more}",)

    @property
    def name(self) -> str:
        """Its name without the version: what messages tell it by."""
        return self.source.removesuffix(f"@{self.version}") if self.version else self.source

    @property
    def usage(self) -> str:
        """What it has cost so far, in words; empty if it costs nothing."""
        return ""

    def count_unknown(self, labels: Counter[str]) -> None:
        """Remember labels that the schema does not have, for `notes`."""
        with self._lock:
            self._unknown.update(labels)

    def seen(self, item: Item) -> Any:
        """What the model sees of an item."""
        return item.data if self.view is None else self.view(item)

    @abstractmethod
    def answers(self, items: Sequence[Item]) -> list[Any]:
        """What the model returns for each item, unchecked; an exception stands for an item it failed on."""

    def run(self, items: Sequence[Item]) -> list[Suggestion]:
        """A suggestion for each item: the valid annotations, and in ``error`` what was wrong with the others."""
        return [self._checked(item, answer) for item, answer in zip(items, self._asked(items), strict=True)]

    def suggest(self, items: Sequence[Item]) -> list[list[AnyAnnotation]]:
        """The valid annotations for each item, in the order of the items."""
        return [list(suggestion.annotations) for suggestion in self.run(items)]

    def learn(self, answers: Sequence[Labelled]) -> None:  # noqa: B027
        """Take over answers that are new or have changed, in place of what was said of their items before.

        Called in the thread that asks for suggestions, and cheap: what takes long belongs into ``train``.
        """

    def train(self, stop: threading.Event) -> bool:
        """Make the next version from all that was learnt so far, and change over to it at the end.

        Called in a thread of its own, while the version before goes on suggesting and hearing of answers. False if
        nothing has changed: there is too little to learn from (``waiting`` says why), or ``stop`` was set.
        """
        return False

    @property
    def at_once(self) -> bool:
        """Whether ``learn`` alone changes what it suggests."""
        return self.learns and not self.trains

    @property
    def is_ready(self) -> bool:
        """Whether it has anything to say: a model that trains has nothing before it was trained."""
        return bool(self.version) or not self.trains

    def beliefs(self, items: Sequence[Item]) -> Beliefs:
        """How sure it is of what it suggests for some items, as far as it says so."""
        answers = self._asked(items)
        found = [self._checked(item, answer) for item, answer in zip(items, answers, strict=True)]
        likely = [answer.likely if isinstance(answer, Said) else {} for answer in answers]
        return opinions.of_suggestions(found, self.schema, likely)

    def features(self, items: Sequence[Item]) -> NDArray[np.float32]:
        """A row of numbers for each item, near each other where items are alike."""
        from .features import plain

        return plain(items, self.view)

    def fresh(self) -> Adapter | None:
        """The same model, untrained; ``None`` where that makes no sense."""
        return None

    def _asked(self, items: Sequence[Item]) -> list[Any]:
        """One answer or exception for each item: when a batch fails, its items are asked one by one."""
        texts = [item for item in items if not item.problem]
        found = self._each(texts)
        again = [n for n, one in enumerate(found) if _may_pass(one)]
        if again:
            time.sleep(_PAUSE)
            for n, one in zip(again, self._each([texts[n] for n in again]), strict=True):
                found[n] = one
        answers = iter(found)
        return [() if item.problem else next(answers) for item in items]

    def _each(self, items: Sequence[Item]) -> list[Any]:
        found = self._try(items)
        if isinstance(found, OSError):  # a service that is away is away for each item
            return [found for _ in items]
        if isinstance(found, Exception):
            single = [self._try([item]) for item in items] if len(items) > 1 else [found]
            return [one if isinstance(one, Exception) else one[0] for one in single]
        return found

    def _try(self, items: Sequence[Item]) -> list[Any] | Exception:
        if not items:
            return []
        try:
            found = list(itertools.islice(self.answers(items), len(items) + 1))
            if len(found) != len(items):
                given = "more" if len(found) > len(items) else len(found)
                raise SuggestError(f"{self.name} returned {given} lists of suggestions for {len(items)} items")
        except Exception as error:  # a model is the user's code: whatever it raises is shown, not thrown
            self.note_failure(error)
            return error
        return found

    def note_failure(self, error: Exception) -> None:
        """Keep the traceback of a failure."""
        self.last_traceback = "".join(traceback.format_exception(error))[-_LONGEST:]

    def _checked(self, item: Item, answer: Any) -> Suggestion:
        if isinstance(answer, Exception):
            return Suggestion(item.identity, error=_told(self.name, item, answer))
        unknown: Counter[str] = Counter()
        try:
            kept, wrong = checks.checked(answer, item, self.schema, self.source, unknown)
        except Exception as error:  # a generator of the user's raises while it is read
            self.note_failure(error)
            return Suggestion(item.identity, error=_told(self.name, item, error))
        self.count_unknown(unknown)
        told = ""
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            told = f"{self.name} on item {item.key!r}: {wrong[0]}{more}"
        return Suggestion(item.identity, tuple(kept), told)


def _may_pass(found: Any) -> bool:
    """Whether this is the failure of a service, or of the way to it, that may be gone in a moment."""
    return isinstance(found, OSError) and not isinstance(found, _LASTING)


def _told(source: str, item: Item, error: Exception) -> str:
    """One line that says who failed on what, and why."""
    words = str(error).strip().splitlines()
    first = words[0][:500] if words else ""
    if isinstance(error, SuggestError):  # ours: it may name the model or the item itself
        rest = first.removeprefix(source).lstrip(": ")
        return first if f"item {item.key!r}" in first else f"{source} on item {item.key!r}: {rest}"
    if isinstance(error, NblabelError):  # the item cannot be shown to the model
        return f"{source} on item {item.key!r}: {first}"
    return f"{source} on item {item.key!r}: {type(error).__name__}" + (f": {first}" if first else "")


class Batched:
    """A function of many inputs at once; see `batched`."""

    def __init__(self, function: Callable[[list[Any]], Any], size: int) -> None:
        if size < 1:
            raise SuggestError(f"a batch of {size} is none")
        self.function = function
        self.batch = int(size)

    def __call__(self, inputs: list[Any]) -> Any:
        """The answers, one for each input."""
        return self.function(inputs)


def batched(function: Callable[[list[Any]], Any], size: int = 8) -> Batched:
    """A function that takes a list of inputs and returns a list of answers, as something that suggests.

    Models on a graphics card are much faster on several inputs than one by one.

    Examples
    --------
    >>> def lengths(texts):
    ...     return ["long" if len(text) > 9 else "short" for text in texts]
    >>> model = of(batched(lengths, 16), Schema.of({"size": ["short", "long"]}))
    >>> model.batch, [[a.label for a in found] for found in model.suggest([Item(0, "Hi"), Item(1, "Good morning")])]
    (16, [['short'], ['long']])
    """
    return Batched(function, size)


class _Callable(Adapter):
    """A function of the text, or of what is seen of an item."""

    def __init__(self, function: Callable[[Any], Any], schema: Schema, view: View | None = None) -> None:
        super().__init__(schema, view)
        self._function = function
        self._many = isinstance(function, Batched)
        self.batch = function.batch if isinstance(function, Batched) else 1
        self.source = name_of(function)

    def answers(self, items: Sequence[Item]) -> list[Any]:
        if self._many:
            return list(itertools.islice(self._called([self.seen(item) for item in items]), len(items) + 1))
        return [self._answer(item) for item in items]

    def _answer(self, item: Item) -> Any:
        try:
            return self._called(self.seen(item))
        except SuggestError as error:
            return error
        except Exception as error:
            self.note_failure(error)
            return error

    def _called(self, given: Any) -> Any:
        found = self._function(given)
        if inspect.isawaitable(found):
            if inspect.iscoroutine(found):
                found.close()
            raise SuggestError(f"{self.name} is asynchronous, which suggestions cannot wait for")
        return found


class _Given(Adapter):
    """A user's own `Suggester`."""

    def __init__(self, suggester: Suggester, schema: Schema, view: View | None = None) -> None:
        super().__init__(schema, view)
        self._suggester = suggester
        self.batch = int(getattr(suggester, "batch", 8))
        self.learns = bool(getattr(suggester, "learns", self._has("learn")))
        self.trains = self.learns and bool(getattr(suggester, "trains", self._has("train")))
        self.learn_every = int(getattr(suggester, "learn_every", 10 if self.trains else 1))
        self._trained = 0
        self._take_version()

    def _has(self, method: str) -> bool:
        return callable(getattr(self._suggester, method, None))

    def _take_version(self) -> None:
        counted = str(self._trained or "")
        self.version = str(getattr(self._suggester, "version", counted) or "")
        self.waiting = str(getattr(self._suggester, "waiting", ""))
        source = str(self._suggester.source)
        named = not self.version or source.endswith(f"@{self.version}")
        self.source = source if named or not self.trains else f"{source}@{self.version}"

    def learn(self, answers: Sequence[Labelled]) -> None:
        if isinstance(self._suggester, Learner):
            self._suggester.learn(answers)
            self._take_version()

    def train(self, stop: threading.Event) -> bool:
        if not isinstance(self._suggester, Trainable):
            return False
        changed = self._suggester.train(stop) is not False and not stop.is_set()
        self._trained += changed
        self._take_version()
        return changed

    def beliefs(self, items: Sequence[Item]) -> Beliefs:
        if isinstance(self._suggester, Adapter):
            return self._suggester.beliefs(items)
        found = super().beliefs(items)
        if not isinstance(self._suggester, Scorer) or not self._has("scores"):
            return found
        told = opinions.told_scores(self._suggester.scores(self._given(items)), len(items), self.name)
        return msgspec.structs.replace(found, scores=told)

    def features(self, items: Sequence[Item]) -> NDArray[np.float32]:
        if isinstance(self._suggester, Adapter):
            return self._suggester.features(items)
        return super().features(items)

    def fresh(self) -> Adapter | None:
        if not self._has("fresh"):
            return None
        made = self._suggester.fresh()  # type: ignore[attr-defined]
        return None if made is None else _Given(made, self.schema, self.view)

    def answers(self, items: Sequence[Item]) -> list[Any]:
        return list(itertools.islice(self._suggester.suggest(self._given(items)), len(items) + 1))

    def _given(self, items: Sequence[Item]) -> Sequence[Item]:
        """The items with what the model sees of them."""
        if self.view is None:
            return items
        return [msgspec.structs.replace(item, data=self.seen(item)) for item in items]


class _Several(Adapter):
    """Models whose suggestions are merged: what several suggest alike is one suggestion with all their names."""

    def __init__(self, members: Sequence[Adapter], schema: Schema) -> None:
        super().__init__(schema)
        self._members = tuple(members)
        self.batch = min(member.batch for member in members)
        self.learns = any(member.learns for member in members)
        self.trains = any(member.trains for member in members)
        eager = [m.learn_every for m in members if m.trains] or [m.learn_every for m in members if m.learns]
        self.learn_every = min(eager, default=1)
        self.own_limit = max(member.own_limit for member in members)
        self._known: OrderedDict[tuple[int, str], tuple[str, str, Suggestion]] = OrderedDict()
        self._take_versions()

    def _take_versions(self) -> None:
        self.source = " + ".join(member.source for member in self._members)
        self.version = "+".join(member.version for member in self._members if member.version)
        self.waiting = "; ".join(member.waiting for member in self._members if member.waiting)

    @property
    def name(self) -> str:
        return " + ".join(member.name for member in self._members)

    @property
    def at_once(self) -> bool:
        return any(member.at_once for member in self._members)

    def learn(self, answers: Sequence[Labelled]) -> None:
        for member in self._members:
            if member.learns:
                member.learn(answers)
        self._take_versions()

    def train(self, stop: threading.Event) -> bool:
        changed = False
        failures: list[Exception] = []
        for member in self._members:
            if member.trains and not stop.is_set():
                try:
                    changed = member.train(stop) or changed
                except Exception as error:  # the others are trained nevertheless
                    failures.append(error)
        self._take_versions()
        if failures:
            raise failures[0]
        return changed

    def beliefs(self, items: Sequence[Item]) -> Beliefs:
        return opinions.merged([member.beliefs(items) for member in self._members], self._weights())

    def _weights(self) -> Sequence[float]:
        return [1.0] * len(self._members)

    def features(self, items: Sequence[Item]) -> NDArray[np.float32]:
        leading = next((member for member in self._members if member.trains), self._members[0])
        return leading.features(items)

    def fresh(self) -> Adapter | None:
        members = [member.fresh() if member.learns else member for member in self._members]
        if not self.learns or any(member is None for member in members):
            return None
        return self._renewed([member for member in members if member is not None])

    def _renewed(self, members: Sequence[Adapter]) -> Adapter:
        return _Several(members, self.schema)

    @property
    def usage(self) -> str:
        return "; ".join(member.usage for member in self._members if member.usage)

    @property
    def notes(self) -> tuple[str, ...]:
        return (*super().notes, *(note for member in self._members for note in member.notes))

    def answers(self, items: Sequence[Item]) -> list[Any]:
        return [suggestion.annotations for suggestion in self.run(items)]

    def run(self, items: Sequence[Item]) -> list[Suggestion]:
        merged = []
        for of_item in zip(*self._said(items), strict=True):
            sound = [not one.error and m.is_ready for one, m in zip(of_item, self._members, strict=True)]
            annotations, wrong = self._merged([one.annotations for one in of_item], sound)
            errors = [one.error for one in of_item if one.error]
            errors += [f"{self.name}: {what}" for what in wrong]
            merged.append(Suggestion(of_item[0].item, tuple(annotations), "; ".join(errors)))
        for member in self._members:
            self.last_traceback = member.last_traceback or self.last_traceback
        self._take_versions()
        return merged

    def _merged(
        self, groups: Sequence[Sequence[AnyAnnotation]], sound: Sequence[bool]
    ) -> tuple[list[AnyAnnotation], list[str]]:
        return checks.merged(groups, self.schema)

    def _said(self, items: Sequence[Item]) -> list[list[Suggestion]]:
        """What each member suggests; one that does not learn is not asked again because another has learnt."""
        if not self.learns:
            return [member.run(items) for member in self._members]
        made = []
        for n, member in enumerate(self._members):
            known: dict[str, Suggestion] = {}
            for i in () if member.learns else items:
                kept = self._known.get((n, i.identity))
                if kept is not None and kept[:2] == (i.data, member.version):
                    known[i.identity] = kept[2]
            fresh = [i for i in items if i.identity not in known]
            found = {i.identity: one for i, one in zip(fresh, member.run(fresh), strict=True)}
            for i in fresh:
                if isinstance(i.data, str) and not member.learns and not found[i.identity].error:
                    self._known[n, i.identity] = (i.data, member.version, found[i.identity])
            made.append([found[i.identity] if i.identity in found else known[i.identity] for i in items])
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return made


def of(x: Any, schema: Schema, *, view: View | None = None) -> Adapter:
    """What suggests annotations for ``schema``, from what a user has.

    Parameters
    ----------
    x : callable, spaCy Language, scikit-learn classifier, Hugging Face pipeline, Suggester, or a list of these
        A callable takes one text, the upright image as a uint8 array (height, width, 3), or a recording as a `Sound`
        (``samples, rate = sound``), and returns annotations, dicts, tuples ``(start, end, label)``,
        ``(x, y, width, height, label)`` or ``(label, score)``, a bool array for a mask (or ``(array, label)``), what a
        detector returns (``supervision.Detections``, ultralytics' ``Results``), bare labels, a list of these, or all of
        them by field; a score may stand last in each tuple. `batched` is for functions of several inputs. A spaCy
        pipeline suggests its entities, span groups and categories as far as the schema has their labels; so do
        classifiers of scikit-learn and pipelines of transformers, see `classifier` and `hugging_face`. A classifier
        that is not fitted is trained on the answers, see `trainable`. A `Suggester` gets items, whose ``data`` is the
        text, the array or the sound.
    schema : Schema
        The questions; suggestions that do not answer one are dropped and named in the error of their item. Shapes are
        cut at the image's edges, segments at the recording's end.
    view : callable, optional
        What a model sees of an item, if that is not its data: labelers of images hand in the pixels.

    Examples
    --------
    >>> mood = of(lambda text: "good" if "nice" in text else "bad", Schema.of({"mood": ["good", "bad"]}))
    >>> [(a.label, a.source) for a in mood.suggest([Item(0, "nice one")])[0]]
    [('good', 'callable')]
    """
    if isinstance(x, Recipe):
        return x.adapter(schema, view)
    if isinstance(x, Adapter):
        return x if x.schema == schema and view in (None, x.view) else _of_adapter(x, schema, view or x.view)
    if not isinstance(x, type) and callable(getattr(x, "of_schema", None)):
        x = x.of_schema(schema)  # which of the labels is speech
    if _is_language(x):
        if view is not None:
            raise SuggestError("a spaCy pipeline suggests for texts, not for images or recordings")
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
        return _Given(x, schema, view)
    ready = _ready_made(x)
    if ready is not None:
        return ready.adapter(schema, view)
    if inspect.iscoroutinefunction(x) or inspect.iscoroutinefunction(getattr(x, "__call__", None)):  # noqa: B004
        raise SuggestError(f"{name_of(x)} is asynchronous, which suggestions cannot wait for", "wrap it in a function")
    if callable(x):
        return _Callable(x, schema, view)
    raise SuggestError(
        f"a {type(x).__name__} cannot suggest annotations",
        "give a function of the text, the image or the sound, a spaCy pipeline, an object with suggest(items) and "
        "source, or a list of these",
    )


def _of_adapter(adapter: Adapter, schema: Schema, view: View | None) -> Adapter:
    """The same model for another schema."""
    for name in ("_function", "_suggester", "_nlp", "_recipe", "_members"):
        given = getattr(adapter, name, None)
        if given is not None:
            return of(list(given) if name == "_members" else given, schema, view=view)
    return _Given(adapter, schema, view)


def _ready_made(x: Any) -> Recipe | None:
    """Models of libraries that are recognised by what they can do."""
    from .classifiers import classifier, is_estimator
    from .hugging_face import hugging_face, is_pipeline
    from .learners import trainable

    if is_estimator(x):
        base = sys.modules.get("sklearn.base")
        untrained = base is not None and base.is_classifier(x) and not hasattr(x, "classes_")
        return trainable(x) if untrained else classifier(x)
    return hugging_face(x) if is_pipeline(x) else None


def _is_language(x: Any) -> bool:
    """Whether this is a spaCy pipeline; nobody has one without spaCy being loaded."""
    language = sys.modules.get("spacy.language")
    return language is not None and isinstance(x, language.Language)


def name_of(function: Any) -> str:
    """What a function is called where it is told who said something."""
    while isinstance(function, (functools.partial, Batched)):
        function = function.func if isinstance(function, functools.partial) else function.function
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    name = str(name).rpartition("<locals>.")[2]
    return "callable" if "<lambda>" in name else name
