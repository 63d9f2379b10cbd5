"""Classifiers that are trained on the answers so far: of texts, images and recordings, and any of scikit-learn's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..annotations import Choice
from ..beliefs import Beliefs, Table
from ..errors import MissingExtra, SuggestError
from ..records import Item, Labelled
from ..schema import Choices, Schema
from .adapters import Adapter, View
from .classifiers import _probabilities, is_estimator
from .features import plain
from .names import Names
from .recipes import Recipe
from .rows import Rows, content
from .trainee import Trainee, asked, positive

__all__ = ["Learning", "image_classifier", "sound_classifier", "text_classifier", "trainable"]

Features: TypeAlias = "Callable[[list[Any]], Any] | str | None"
_AT_ONCE = 32
_LONGEST = 20_000
"""Characters of a text that TF-IDF looks at."""


class Learning(Recipe):
    """A classifier that is trained on answers, with its options; made by `text_classifier`, `trainable` and others."""

    def __init__(
        self,
        kind: str,
        model: Any,
        features: Features,
        field: str | None,
        learn_every: int,
        threshold: float,
        name: str,
        seed: int,
    ) -> None:
        try:
            import sklearn  # noqa: F401
        except ImportError:
            raise MissingExtra(f"{kind}()", "learn") from None
        if model is not None and not (is_estimator(model) and hasattr(model, "get_params")):
            given = model.__name__ if isinstance(model, type) else f"a {type(model).__name__}"
            raise SuggestError(f"{given} is no classifier", "give one of scikit-learn's, as LogisticRegression()")
        if features is not None and features != "tfidf" and not callable(features):
            raise SuggestError(f"features={features!r} must make rows of numbers from a list", "give a function")
        if not 0 <= threshold <= 1:
            raise SuggestError(f"threshold={threshold!r} must be between 0 and 1")
        self.kind = kind
        self.model = model
        self.features = features
        self.field = field
        self.learn_every = positive(learn_every, "learn_every")
        self.threshold = threshold
        self.name = name
        self.seed = seed

    def adapter(self, schema: Schema, view: View | None) -> Adapter:
        """The classifier for these questions, not trained yet."""
        if view is not None and self.kind == "text_classifier":
            raise SuggestError(
                "text_classifier() suggests for texts", "take image_classifier() or sound_classifier(), or trainable()"
            )
        return _Classifying(self, schema, view)


def text_classifier(
    *,
    features: Features = "tfidf",
    model: Any = None,
    field: str | None = None,
    learn_every: int = 10,
    threshold: float = 0.5,
    name: str = "text_classifier",
    seed: int = 0,
) -> Learning:
    """A classifier of texts that is trained while a person labels, for ``suggest=``.

    Each field of choices is learnt, also where several labels may hold. Suggestions start when answers with two labels
    are there; scores are probabilities.

    Parameters
    ----------
    features : "tfidf" or callable
        What texts are made into: TF-IDF of words, pairs of words, and runs of 3 to 5 characters; or a function that
        makes a list of texts into rows of numbers, such as `sentence_embeddings`, which is asked once for each answer.
    model : classifier of scikit-learn, optional
        Which is trained on them; logistic regression if not given.
    field : str, optional
        The only field that is learnt.
    learn_every : int
        After how many new answers it is trained again.
    threshold : float
        From which probability on a label is suggested, where a field takes several.
    name : str
        What its suggestions are told by, with the number of the training: ``text_classifier@3``.
    seed : int
        Makes trainings repeatable: the same answers give the same classifier.

    Examples
    --------
    >>> from nblabel.records import Response
    >>> from nblabel.suggest import of
    >>> mood = of(text_classifier(), Schema.of({"mood": ["good", "bad"]}))
    >>> said = [("so good", "good"), ("great fun", "good"), ("so bad", "bad"), ("no fun", "bad")]
    >>> mood.learn([
    ...     Labelled(Item(n, text, str(n)), Response(str(n), "me", "submitted", (Choice(label, field="mood"),)))
    ...     for n, (text, label) in enumerate(said)
    ... ])
    >>> mood.train(threading.Event())
    True
    >>> [(a.label, a.source, a.score > 0.5) for a in mood.suggest([Item(9, "good fun", "9")])[0]]
    [('good', 'text_classifier@1', True)]
    """
    return Learning("text_classifier", model, features or "tfidf", field, learn_every, threshold, name, seed)


def image_classifier(
    *,
    features: Callable[[list[Any]], Any] | None = None,
    model: Any = None,
    field: str | None = None,
    learn_every: int = 10,
    threshold: float = 0.5,
    name: str = "image_classifier",
    seed: int = 0,
) -> Learning:
    """A classifier of whole images that is trained while a person labels, for ``suggest=``.

    Parameters
    ----------
    features : callable, optional
        Makes a list of images (uint8 arrays) into rows of numbers, such as embeddings of a model; colours and edges
        as of `image_features` if not given. Only the rows are kept.
    model, field, learn_every, threshold, name, seed
        As of `text_classifier`.

    Examples
    --------
    >>> from nblabel.suggest import of
    >>> of(image_classifier(learn_every=20), Schema.of({"sky": ["day", "night"]})).waiting
    'needs answers with 2 labels, has 0'
    """
    return Learning("image_classifier", model, features, field, learn_every, threshold, name, seed)


def sound_classifier(
    *,
    features: Callable[[list[Any]], Any] | None = None,
    model: Any = None,
    field: str | None = None,
    learn_every: int = 10,
    threshold: float = 0.5,
    name: str = "sound_classifier",
    seed: int = 0,
) -> Learning:
    """A classifier of whole recordings that is trained while a person labels, for ``suggest=``.

    Parameters
    ----------
    features : callable, optional
        Makes a list of recordings (`Sound`) into rows of numbers; `sound_features` if not given. Only the rows are
        kept.
    model, field, learn_every, threshold, name, seed
        As of `text_classifier`.

    Examples
    --------
    >>> from nblabel.suggest import of
    >>> of(sound_classifier(), Schema.of({"bird": ["wren", "tit"]})).source
    'sound_classifier'
    """
    return Learning("sound_classifier", model, features, field, learn_every, threshold, name, seed)


def trainable(
    model: Any,
    *,
    features: Callable[[list[Any]], Any] | None = None,
    field: str | None = None,
    learn_every: int = 10,
    threshold: float = 0.5,
    name: str = "",
    seed: int = 0,
) -> Learning:
    """A classifier or pipeline of scikit-learn that is trained while a person labels, for ``suggest=``.

    What it has learnt before does not count; `classifier` is for models that are finished.

    Parameters
    ----------
    model : classifier or pipeline
        Is copied, not changed. For a field that takes several labels there is a copy for each of them.
    features : callable, optional
        Makes rows of numbers. Without it a pipeline is handed texts as they are, as it begins with a vectorizer; else
        there are `text_features`, `image_features` and `sound_features`.
    field, learn_every, threshold, name, seed
        As of `text_classifier`; without a name it is the model's class.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from sklearn.pipeline import make_pipeline
    >>> from nblabel.suggest import of
    >>> model = make_pipeline(CountVectorizer(), MultinomialNB())
    >>> of(trainable(model), Schema.of({"mood": ["good", "bad"]})).source
    'MultinomialNB'
    """
    if model is None:
        raise SuggestError("trainable() needs a classifier", "give one of scikit-learn's, as LogisticRegression()")
    steps = getattr(model, "steps", None)
    named = name or type(steps[-1][1] if steps else model).__name__
    return Learning("trainable", model, features, field, learn_every, threshold, named, seed)


class _Lesson(msgspec.Struct, frozen=True):
    """What was chosen for an item.

    Attributes
    ----------
    key : object
        The user's name of the item.
    told : str
        The text; or what tells whether an image or recording is still what it was.
    chosen : dict
        The labels by field.
    """

    key: Any
    told: str
    chosen: dict[str, tuple[str, ...]]


class _Question(msgspec.Struct):
    """One field, and what was trained for it.

    Either one model of all labels, or for each of them a model (a share of answers where there is nothing to tell
    apart), or their weights and offsets: asking 77 models for a text takes longer than making its features.
    """

    labels: tuple[str, ...]
    several: bool
    known: list[int] = []
    whole: Any = None
    apart: list[Any] = []
    lines: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def likely(self, rows: Any) -> NDArray[np.float64]:
        """The probability of each label for each row."""
        count = rows.shape[0] if hasattr(rows, "shape") else len(rows)
        found = np.zeros((count, len(self.labels)))
        if self.whole is not None:
            table = _table(self.whole, rows)
            for column, place in enumerate(np.asarray(self.whole.classes_).tolist()):
                found[:, self.known[int(place)]] = table[:, column]
            return found
        if self.lines is not None:
            found[:, self.known] = 1 / (1 + np.exp(-np.clip(rows @ self.lines[0] + self.lines[1], -500, 500)))
        else:
            for place, model in zip(self.known, self.apart, strict=True):
                found[:, place] = model if isinstance(model, float) else _table(model, rows)[:, -1]
        if not self.several:
            sums = found.sum(axis=1, keepdims=True)
            found = np.divide(found, sums, out=np.full_like(found, np.nan), where=sums > 0)
        return found


class _Made(msgspec.Struct):
    """All that was trained."""

    vectorizer: _Tfidf | None
    questions: dict[str, _Question]


class _Classifying(Trainee[_Lesson, _Made]):
    """Answers to fields of choices, learnt from texts or rows of features."""

    def __init__(self, recipe: Learning, schema: Schema, view: View | None) -> None:
        super().__init__(schema, view, recipe.name, recipe.learn_every)
        self._recipe = recipe
        self._fields = Names(schema, (Choices,), field=recipe.field).fields
        if not self._fields:
            raise SuggestError("a classifier chooses labels, and the schema has no field for that", "such as choices=")
        self._items: dict[str, Item] = {}  # answered, and their rows not made yet
        self._rows: dict[str, tuple[str, NDArray[np.float32]]] = {}
        make = recipe.features if callable(recipe.features) else _plain
        self._shelf = Rows(self.seen, make, recipe.name)
        self.waiting = self.lacking([])

    def fresh(self) -> Adapter:
        """The same classifier, not trained."""
        return self._recipe.adapter(self.schema, self.view)

    @property
    def _raw(self) -> bool:
        """Whether the model, or TF-IDF, is given texts as they are."""
        recipe = self._recipe
        if self.view is not None or recipe.features is not None:
            return recipe.features == "tfidf"
        return hasattr(recipe.model, "steps") or hasattr(getattr(recipe.model, "estimator", None), "steps")

    # ---- what there is to learn -----------------------------------------------------------------

    def lesson(self, one: Labelled) -> _Lesson | None:
        """The labels chosen in each field; kept with the text, or until there are features with the item."""
        chosen: dict[str, tuple[str, ...]] = {}
        for field in self._fields:
            own = {a.label for a in one.response.annotations if isinstance(a, Choice) and a.field == field.name}
            labels = tuple(label.name for label in field.get_labels() if label.name in own)
            if labels or (getattr(field, "multiple", False) and not own and asked(one, field.name)):
                chosen[field.name] = labels
        item = one.item
        if not chosen or item.problem:
            return None
        if self._raw:
            return _Lesson(item.key, item.data, chosen) if isinstance(item.data, str) else None
        told = content(item.data)
        if self._rows.get(item.identity, ("",))[0] != told:
            self._items[item.identity] = item
        return _Lesson(item.key, told, chosen)

    def lacking(self, lessons: Sequence[_Lesson]) -> str:
        """That there are answers with one label only."""
        lacks = [self._lack(field, lessons) for field in self._fields]
        if not all(lacks):
            return ""
        return lacks[0] if len(lacks) == 1 else f"{self._fields[0].name}: {lacks[0]}"

    def _lack(self, field: Any, lessons: Sequence[_Lesson]) -> str:
        own = [one.chosen[field.name] for one in lessons if field.name in one.chosen]
        found = {label for labels in own for label in labels}
        if not field.multiple:
            return "" if len(found) >= 2 else f"needs answers with 2 labels, has {len(found)}"
        if any(0 < sum(label in labels for labels in own) < len(own) for label in found):
            return ""
        return "needs answers with a label and answers without it"

    # ---- training -------------------------------------------------------------------------------

    def made_of(self, lessons: Mapping[str, _Lesson], stop: threading.Event) -> tuple[_Made, tuple[str, ...]] | None:
        """A classifier for each field for which there are answers enough."""
        told: tuple[str, ...] = ()
        if self._raw:
            kept = list(lessons.values())
            rows: Any = [one.told for one in kept]
        else:
            lost = self._make_rows(lessons, stop)
            if stop.is_set():
                return None
            kept = [one for identity, one in lessons.items() if identity in self._rows]
            rows = np.array([self._rows[identity][1] for identity in lessons if identity in self._rows])
            if lost:
                first = f"{lost[0][0]!r}: {lost[0][1]}"
                told = (
                    f"{self._recipe.name} cannot learn from {len(lost)} answered items that it cannot read: {first}",
                )
        vectorizer = None
        if self._recipe.features == "tfidf":
            if not any(text.strip() for text in rows):
                self.waiting = "needs texts that are not empty"
                return None
            vectorizer = _Tfidf()
            rows = vectorizer.rows(rows, fit=True)
        questions = {}
        for field in self._fields:
            if self._lack(field, kept):
                continue
            question = self._trained(field, kept, rows, stop)
            if question is None:
                return None
            questions[field.name] = question
        if not questions:
            self.waiting = self.lacking(kept)
            return None
        return _Made(vectorizer, questions), told

    def _make_rows(self, lessons: Mapping[str, _Lesson], stop: threading.Event) -> list[tuple[Any, str]]:
        """Make the rows that are not known yet; returns which items could not be read, and why."""
        with self._guard:
            for kept in (self._rows, self._items):
                for identity in [one for one in kept if one not in self._lessons]:
                    del kept[identity]
            todo = [self._items[identity] for identity in lessons if identity in self._items]
        lost: list[tuple[Any, str]] = []
        for start in range(0, len(todo), _AT_ONCE):
            if stop.is_set():
                return []
            batch = todo[start : start + _AT_ONCE]
            found = self._shelf.of(batch)
            with self._guard:
                for item, row in zip(batch, found, strict=True):
                    if isinstance(row, Exception):
                        lost.append((item.key, str(row)))
                        continue
                    self._rows[item.identity] = (content(item.data), row)
                    if self._items.get(item.identity) is item:
                        del self._items[item.identity]
        return lost

    def _trained(self, field: Any, lessons: Sequence[_Lesson], rows: Any, stop: threading.Event) -> _Question | None:
        """What is trained for one field; ``None`` if ``stop`` was set."""
        at = [n for n, one in enumerate(lessons) if field.name in one.chosen]
        own = [lessons[n].chosen[field.name] for n in at]
        if len(at) < len(lessons):
            rows = [rows[n] for n in at] if isinstance(rows, list) else rows[at]
        labels = tuple(label.name for label in field.get_labels())
        given = {label for chosen in own for label in chosen}
        known = [n for n, label in enumerate(labels) if label in given]
        question = _Question(labels, field.multiple, known)
        if not field.multiple and not self._is_apart:
            place = {labels[n]: m for m, n in enumerate(known)}
            if stop.is_set():
                return None
            question.whole = self._model().fit(rows, np.array([place[chosen[0]] for chosen in own]))
            return question
        if field.multiple:
            question.known = list(range(len(labels)))
        for n in question.known:
            if stop.is_set():
                return None
            holds = np.array([labels[n] in (chosen if field.multiple else chosen[:1]) for chosen in own])
            count = int(holds.sum())
            if 0 < count < len(holds):
                question.apart.append(self._model().fit(rows, holds.astype(int)))
            else:  # nothing to tell apart: how likely that is to go on (Laplace's rule of succession)
                question.apart.append((count + 1) / (len(holds) + 2))
        if self._is_apart:
            question.lines = _lines(question.apart, rows.shape[1])
            question.apart = []
        return question

    @property
    def _is_apart(self) -> bool:
        """Whether each label has a model of its own: much faster where columns are many and labels, too."""
        return self._recipe.model is None and self._recipe.features == "tfidf"

    def _model(self) -> Any:
        from sklearn.base import clone
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        seed = self._recipe.seed
        if self._recipe.model is not None:
            model = clone(self._recipe.model)
            free = {
                name: seed
                for name, value in model.get_params(deep=True).items()
                if value is None and name.rpartition("__")[2] == "random_state"
            }
            return model.set_params(**free)
        if self._is_apart:
            return LogisticRegression(C=10, solver="liblinear", dual=True, tol=0.01, max_iter=1000, random_state=seed)
        return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))

    # ---- suggesting -----------------------------------------------------------------------------

    def _input(self, items: Sequence[Item]) -> Any:
        assert self.model is not None
        if not self._raw:
            found = self._shelf.of(items)
            for row in found:
                if isinstance(row, Exception):
                    raise row
            return np.array(found)
        seen = [self.seen(item) for item in items]
        if self.model.vectorizer is not None:
            return self.model.vectorizer.rows(seen)
        return seen

    def _likely(self, items: Sequence[Item]) -> dict[str, NDArray[np.float64]]:
        assert self.model is not None
        rows = self._input(items)
        return {name: question.likely(rows) for name, question in self.model.questions.items()}

    def answers(self, items: Sequence[Item]) -> list[Any]:
        """The best label of each item, or all likely ones, for each field."""
        assert self.model is not None
        tables = self._likely(items)
        made: list[list[dict[str, Any]]] = [[] for _ in items]
        for name, likely in tables.items():
            question = self.model.questions[name]
            for n, label in self._chosen(question, likely):
                score = float(likely[n, label])
                made[n].append({"kind": "choice", "field": name, "label": question.labels[label], "score": score})
        return made

    def _chosen(self, question: _Question, likely: NDArray[np.float64]) -> list[tuple[int, int]]:
        """Which labels are suggested for which item."""
        if question.several:
            return [(int(n), int(m)) for n, m in np.argwhere(likely >= self._recipe.threshold)]
        told = np.flatnonzero(~np.isnan(likely.sum(axis=1)))
        return [(int(n), int(likely[n].argmax())) for n in told]

    def believed(self, items: Sequence[Item]) -> Beliefs:
        """The probabilities of all labels."""
        assert self.model is not None
        whole = self.model.questions
        at = [n for n, item in enumerate(items) if not item.problem]
        found = {name: np.full((len(items), len(q.labels)), np.nan) for name, q in whole.items()}
        try:
            groups = [(at, self._likely([items[n] for n in at]))] if at else []
        except Exception:  # one that cannot be read must not hide the others
            groups = []
            for n in at:
                try:
                    groups.append(([n], self._likely([items[n]])))
                except Exception as error:
                    self.note_failure(error)
        for places, tables in groups:
            for name, likely in tables.items():
                found[name][places] = likely
        marks: list[set[Any]] = [set() for _ in items]
        for name, likely in found.items():
            for n, label in self._chosen(whole[name], likely):
                marks[n].add((name, whole[name].labels[label], ()))
        return Beliefs(
            count=len(items),
            tables={name: Table(q.labels, found[name], q.several) for name, q in whole.items()},
            marks=tuple(frozenset(of_item) for of_item in marks),
        )

    def features(self, items: Sequence[Item]) -> NDArray[np.float32]:
        """The rows that it is trained on; for texts without such, those of `text_features`."""
        if self._raw:
            return plain(items, self.view)
        at = [n for n, item in enumerate(items) if not item.problem]
        made = zip(at, self._shelf.of([items[n] for n in at]), strict=True)
        rows = [(n, row) for n, row in made if not isinstance(row, Exception)]
        found = np.zeros((len(items), len(rows[0][1]) if rows else 1), np.float32)
        for n, row in rows:
            found[n] = row
        return found


def _plain(given: list[Any]) -> NDArray[np.float32]:
    return plain([Item(n, one) for n, one in enumerate(given)])


class _Tfidf:
    """TF-IDF of words and of runs of characters, side by side."""

    def __init__(self) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._parts = (
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]"),
            TfidfVectorizer(ngram_range=(3, 5), sublinear_tf=True, analyzer="char_wb"),
        )

    def rows(self, texts: Sequence[str], fit: bool = False) -> Any:
        """A sparse row for each text."""
        from scipy.sparse import hstack

        cut = [text[:_LONGEST] for text in texts]
        return hstack([one.fit_transform(cut) if fit else one.transform(cut) for one in self._parts], format="csr")


def _lines(models: Sequence[Any], width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weights (columns, models) and offsets of logistic regressions; a share has no weights."""
    weights, offsets = np.zeros((width, len(models))), np.zeros(len(models))
    for n, model in enumerate(models):
        if isinstance(model, float):
            offsets[n] = np.log(model / (1 - model))
        else:
            weights[:, n], offsets[n] = model.coef_[0], model.intercept_[0]
    return weights, offsets


def _table(model: Any, rows: Any) -> NDArray[np.float64]:
    """The probability of each class; of a model that does not tell, 1 for what it says."""
    found = _probabilities(model, rows, False)
    if found is not None:
        return found[0]
    said: NDArray[np.float64] = np.equal.outer(np.asarray(model.predict(rows)), np.asarray(model.classes_)).astype(
        float
    )
    return said
