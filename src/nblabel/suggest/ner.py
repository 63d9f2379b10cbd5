"""spaCy's entity recognisers, trained on the spans that a person has marked so far."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..annotations import Span
from ..beliefs import Beliefs
from ..errors import MissingExtra, SuggestError
from ..records import Item, Labelled
from ..schema import Schema, Spans
from .adapters import Adapter, View
from .names import Names
from .recipes import Recipe
from .spacy_courses import Course, Found, Task, blank, copied
from .trainee import Trainee, asked, positive

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["Entities", "entities"]

_SURROGATE = re.compile("[\ud800-\udfff]")


class Entities(Recipe):
    """A recogniser of spans that is trained on answers, with its options; made by `entities`."""

    def __init__(
        self,
        lang: str,
        nlp: Any,
        kind: Literal["ner", "spancat"],
        field: str | None,
        learn_every: int,
        threshold: float,
        name: str,
        seed: int,
    ) -> None:
        if kind not in ("ner", "spancat"):
            raise SuggestError(f"entities(kind={kind!r}) must be 'ner' or 'spancat'")
        if not 0 < threshold < 1:
            raise SuggestError(f"entities(threshold={threshold!r}) must lie between 0 and 1")
        try:
            from spacy.language import Language
        except ImportError:
            raise MissingExtra("entities()", "text") from None
        if nlp is not None and not isinstance(nlp, Language):
            raise SuggestError(f"entities(nlp={nlp!r}) is no pipeline of spaCy", "load it first, with spacy.load()")
        try:
            self.start = blank(lang) if nlp is None else nlp
        except ImportError as error:
            raise SuggestError(f"spaCy has no language {lang!r}: {error}".splitlines()[0]) from None
        self.kind = kind
        self.field = field
        self.learn_every = positive(learn_every, "learn_every")
        self.threshold = threshold
        self.name = name
        self.seed = seed

    def adapter(self, schema: Schema, view: View | None) -> Adapter:
        """The recogniser for these questions, not trained yet."""
        if view is not None:
            raise SuggestError("entities() suggests for texts, not for images or recordings")
        return _Recognising(self, schema)


def entities(
    *,
    lang: str = "en",
    nlp: Language | None = None,
    kind: Literal["ner", "spancat"] = "ner",
    field: str | None = None,
    learn_every: int = 10,
    threshold: float = 0.5,
    name: str = "entities",
    seed: int = 0,
) -> Entities:
    """A recogniser of spans that is trained while a person marks them, for ``suggest=``.

    A first training goes over all answers several times; each later one resumes from the weights before with what is
    new and a part of what is not, so that it takes seconds however many answers there are. When labels are added to the
    answers it begins anew. Spans whose ends are not borders of tokens cannot be learnt, and are told in the notes.

    Parameters
    ----------
    lang : str
        The language of the tokens.
    nlp : spaCy Language, optional
        What to begin with instead of ``spacy.blank(lang)``: its tokens, and its recogniser if it has one. Is copied.
    kind : {"ner", "spancat"}
        How spans are found. ``"spancat"`` allows for spans that overlap, and needs more answers; fields that forbid
        overlaps take ``"ner"`` in any case.
    field : str, optional
        The only field that is learnt.
    learn_every : int
        After how many new answers it is trained again.
    threshold : float
        From which probability on a span is suggested. Of ``"ner"`` that is the share of likely readings of the text
        (spaCy's beam) that have it.
    name : str
        What its suggestions are told by, with the number of the training: ``entities@3``.
    seed : int
        Makes trainings repeatable.

    Examples
    --------
    >>> from nblabel.records import Response
    >>> from nblabel.suggest import of
    >>> cities = of(entities(), Schema.of({"spans": Spans(["CITY"])}))
    >>> texts = ["I live in Berlin now", "I live in Paris now", "We met in Rome", "He is in Oslo"]
    >>> said = [Response(t, "me", "submitted", (Span(10, 16, "CITY", field="spans"),)) for t in texts[:1]]
    >>> cities.learn([Labelled(Item(0, texts[0], texts[0]), said[0])])
    >>> cities.train(threading.Event())
    True
    >>> [(a.label, a.source) for a in cities.suggest([Item(0, texts[0], texts[0])])[0]]
    [('CITY', 'entities@1')]

    The pipeline is there to be kept: ``cities.nlp.to_disk("cities")``.

    >>> [ent.text for ent in cities.nlp(texts[0]).ents]
    ['Berlin']
    """
    return Entities(lang, nlp, kind, field, learn_every, threshold, name, seed)


class _Lesson(msgspec.Struct, frozen=True):
    """The spans of a text by field: start, end, label."""

    key: Any
    text: str
    marked: dict[str, tuple[tuple[int, int, str], ...]]


class _Recognising(Trainee[_Lesson, dict[str, Any]]):
    """A pipeline of spaCy for each field of spans."""

    batch = 16

    def __init__(self, recipe: Entities, schema: Schema) -> None:
        super().__init__(schema, None, recipe.name, recipe.learn_every)
        self._recipe = recipe
        self._fields = [f for f in Names(schema, (Spans,), field=recipe.field).fields if isinstance(f, Spans)]
        if not self._fields:
            raise SuggestError("entities() marks spans, and the schema has no field for them", "such as spans=['CITY']")
        self._courses: dict[str, Course] = {}
        self.waiting = self.lacking([])

    def fresh(self) -> Adapter:
        """The same recogniser, not trained."""
        return self._recipe.adapter(self.schema, None)

    @property
    def pipelines(self) -> dict[str, Language]:
        """Copies of the trained pipelines of spaCy by field; none before the first training."""
        made = {field: copied(nlp) for field, nlp in (self.model or {}).items()}
        for nlp in made.values():
            if "spancat" in nlp.pipe_names:  # which looks at less likely ones, too, while it suggests
                nlp.get_pipe("spancat").cfg["threshold"] = self._recipe.threshold  # type: ignore[attr-defined]
        return made

    @property
    def nlp(self) -> Language:
        """The trained pipeline of spaCy, such as to keep it with ``to_disk``; of one field, or see ``pipelines``."""
        made = self.pipelines
        if len(made) != 1:
            why = f"has {len(made)} pipelines: {', '.join(made)}" if made else f"is not trained yet: {self.waiting}"
            raise SuggestError(f"{self.source} {why}", "take one of .pipelines" if made else "")
        return next(iter(made.values()))

    # ---- what there is to learn -----------------------------------------------------------------

    def lesson(self, one: Labelled) -> _Lesson | None:
        """The spans marked in each field."""
        text = one.item.data
        if not isinstance(text, str) or one.item.problem:
            return None
        marked = {}
        for field in self._fields:
            labels = {label.name for label in field.get_labels()}
            spans = sorted(
                (a.start, a.end, a.label)
                for a in one.response.annotations
                if isinstance(a, Span) and a.field == field.name and a.label in labels
            )
            if spans or asked(one, field.name):
                marked[field.name] = tuple(spans)
        return _Lesson(one.item.key, _clean(text), marked) if marked and text.strip() else None

    def lacking(self, lessons: Sequence[_Lesson]) -> str:
        """That nothing is marked yet."""
        return "" if any(any(one.marked.values()) for one in lessons) else "needs an answer with a span, has none"

    # ---- training -------------------------------------------------------------------------------

    def made_of(
        self, lessons: Mapping[str, _Lesson], stop: threading.Event
    ) -> tuple[dict[str, Any], tuple[str, ...]] | None:
        """A pipeline for each field in which something is marked."""
        made: dict[str, Any] = {}
        notes: list[str] = []
        for field in self._fields:
            tasks = {
                identity: Task(one.key, one.text, one.marked[field.name])
                for identity, one in lessons.items()
                if field.name in one.marked
            }
            if not any(task.marked for task in tasks.values()):
                continue
            course = self._courses.get(field.name)
            kind = self._recipe.kind if field.overlap else "ner"
            if course is None or not course.fits(tasks):
                course = self._courses[field.name] = Course(self._recipe.start, kind, tasks, self._recipe.seed)
            if not course.go_on(tasks, stop):
                return None
            made[field.name] = course.finished()
            notes += [f"{self._recipe.name}: {told}" for told in course.notes]
        return made, tuple(notes)

    # ---- suggesting -----------------------------------------------------------------------------

    def _found(self, items: Sequence[Item]) -> dict[str, list[Found]]:
        assert self.model is not None
        texts = [_clean(item.data) if isinstance(item.data, str) else "" for item in items]
        return {field: Found.all(nlp, texts) for field, nlp in self.model.items()}

    def answers(self, items: Sequence[Item]) -> list[Any]:
        """The spans of each text that are likely enough."""
        made: list[list[dict[str, Any]]] = [[] for _ in items]
        for field, of_items in self._found(items).items():
            for n, (start, end, label, score) in self._likely(field, of_items):
                made[n].append(
                    {"kind": "span", "field": field, "start": start, "end": end, "label": label, "score": score}
                )
        return made

    def _likely(self, field: str, of_items: Sequence[Found]) -> list[tuple[int, tuple[int, int, str, float]]]:
        known = next(one for one in self._fields if one.name == field)
        return [
            (n, span)
            for n, found in enumerate(of_items)
            for span in found.above(self._recipe.threshold, known.overlap)
            if known.label(span[2])
        ]

    def believed(self, items: Sequence[Item]) -> Beliefs:
        """How sure it is of each token: of the label, or of there being none."""
        kept = [n for n, item in enumerate(items) if not item.problem and isinstance(item.data, str)]
        parts: list[list[NDArray[np.float64]]] = [[] for _ in items]
        marks: list[set[Any]] = [set() for _ in items]
        for field, of_items in self._found([items[n] for n in kept]).items():
            for n, found in zip(kept, of_items, strict=True):
                parts[n].append(found.sure)
            for m, (start, end, label, _) in self._likely(field, of_items):
                marks[kept[m]].add((field, label, (start, end)))
        return Beliefs(
            count=len(items),
            parts=tuple(np.concatenate([np.zeros(0), *of_item]) for of_item in parts),
            marks=tuple(frozenset(of_item) for of_item in marks),
        )


def _clean(text: str) -> str:
    """The text with halves of surrogate pairs replaced, which spaCy cannot store; no place moves."""
    return _SURROGATE.sub("\ufffd", text)
