"""scikit-learn's classifiers and pipelines as suggesters, recognised by their shape and never imported."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import SuggestError
from ..records import Item
from ..schema import Choices, Schema
from . import versions
from .adapters import Adapter, Said, View
from .names import Names
from .recipes import Recipe

__all__ = ["Classifier", "classifier", "image_features", "is_estimator"]

Features: TypeAlias = Callable[[list[Any]], Any]
"""Rows of numbers for a list of texts, images or recordings."""
_GRID = 8


class Classifier(Recipe):
    """A classifier with its options; made by `classifier`."""

    def __init__(
        self,
        model: Any,
        features: Features | None,
        labels: Mapping[Any, str | None] | Sequence[str] | None,
        field: str | None,
        threshold: float,
        name: str,
    ) -> None:
        self.model = model
        self.features = features
        self.labels = labels
        self.field = field
        self.threshold = threshold
        self.name = name

    def adapter(self, schema: Schema, view: View | None) -> Adapter:
        """The classifier for these questions."""
        return _Classified(self, schema, view)


def classifier(
    model: Any,
    *,
    features: Features | None = None,
    labels: Mapping[Any, str | None] | Sequence[str] | None = None,
    field: str | None = None,
    threshold: float = 0.5,
    name: str = "",
) -> Classifier:
    """A fitted scikit-learn classifier or pipeline, for ``suggest=``; given as it is, it works with the defaults.

    Parameters
    ----------
    model : classifier or pipeline
        Fitted; with ``predict_proba`` or ``decision_function`` suggestions have a score. Scores made of
        ``decision_function`` only rank: they are no probabilities until `sklearn.calibration.CalibratedClassifierCV`
        makes some of them.
    features : callable, optional
        Makes the rows that the model was trained on from a list of texts, images (arrays) or recordings, such as
        ``vectorizer.transform``. Without it texts are handed over as they are, and images as `image_features`.
    labels : dict or sequence, optional
        Labels of the schema by the model's classes, ``None`` for those to leave out; or names for them in the order of
        ``classes_``. Classes that the schema does not have are reported.
    field : str, optional
        The field that is answered, where several have the labels.
    threshold : float
        From which score on a label is suggested, where a model may give several to one item.
    name : str
        What its suggestions are told by; if empty the classes of the model and scikit-learn's version, with a sign that
        changes when the model is fitted anew.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from nblabel.suggest import of
    >>> model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["so good", "so bad"], [1, 0])
    >>> mood = of(classifier(model, labels={1: "good", 0: "bad"}), Schema.of({"mood": ["good", "bad"]}))
    >>> [(a.label, a.score > 0.5) for a in mood.suggest([Item(0, "good")])[0]]
    [('good', True)]
    """
    if not is_estimator(model):
        raise SuggestError(f"a {type(model).__name__} is no classifier", "give one of scikit-learn's, fitted")
    if not 0 <= threshold <= 1:
        raise SuggestError(f"classifier(threshold={threshold!r}) must be between 0 and 1")
    return Classifier(model, features, labels, field, threshold, name)


def is_estimator(x: Any) -> bool:
    """Whether this predicts and is fitted, as scikit-learn's estimators do."""
    return not isinstance(x, type) and all(callable(getattr(x, name, None)) for name in ("predict", "fit"))


def image_features(images: Sequence[Any]) -> NDArray[np.float32]:
    """Cheap features of images, for training a classifier that is then handed to ``suggest=``.

    Mean colours of 8 by 8 tiles, and how much the brightness changes in each of eight directions, tile by tile of 4
    by 4. They tell scenes and colours apart, not things.

    Parameters
    ----------
    images : sequence of arrays
        Each (height, width, 3) or (height, width), of 8 bits.

    Examples
    --------
    >>> image_features([np.zeros((20, 30, 3), np.uint8), np.zeros((5, 5), np.uint8)]).shape
    (2, 320)
    """
    return np.stack([_features(np.asarray(image)) for image in images]) if len(images) else np.zeros((0, 320), "f4")


def _features(image: NDArray[Any]) -> NDArray[np.float32]:
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    pixels = image[..., :3].astype(np.float32) / 255
    colours = _tiles(pixels, _GRID)
    grey = pixels.mean(axis=2)
    down, across = np.zeros_like(grey), np.zeros_like(grey)
    down[:-1], across[:, :-1] = np.diff(grey, axis=0), np.diff(grey, axis=1)
    angle = ((np.arctan2(down, across) / (2 * np.pi) + 1) * 8).astype(int) % 8
    power = np.hypot(down, across)
    directions = np.stack([np.where(angle == n, power, 0) for n in range(8)], axis=2)
    return np.concatenate([colours.ravel(), _tiles(directions, _GRID // 2).ravel()]).astype(np.float32)


def _tiles(values: NDArray[Any], side: int) -> NDArray[Any]:
    """The means of ``side`` by ``side`` tiles; small images are spread out first."""
    for axis in (0, 1):
        if values.shape[axis] < side:
            values = np.repeat(values, -(-side // values.shape[axis]), axis=axis)
        starts = np.arange(side) * values.shape[axis] // side
        sizes = np.diff(np.append(starts, values.shape[axis]))
        sums = np.add.reduceat(values, starts, axis=axis)
        values = sums / sizes.reshape([-1 if n == axis else 1 for n in range(values.ndim)])
    return values


class _Classified(Adapter):
    """A classifier asked for rows of features."""

    batch = 32

    def __init__(self, recipe: Classifier, schema: Schema, view: View | None) -> None:
        super().__init__(schema, view)
        self._recipe = recipe
        model = recipe.model
        classes = _classes(model)
        given = recipe.labels
        if given is not None and not isinstance(given, Mapping):
            given = list(given)
            if len(classes) != 1 or len(classes[0]) != len(given):
                raise SuggestError(
                    f"classifier(labels=) has {len(given)} names for {sum(map(len, classes))} classes",
                    "one for each of model.classes_, or a dict",
                )
            given = dict(zip(classes[0], given, strict=True))
        self._classes = classes
        self._names = Names(schema, (Choices,), given and {str(k): v for k, v in given.items()}, recipe.field)
        if not self._names.fields:
            raise SuggestError("a classifier chooses labels, and the schema has no field for that", "such as choices=")
        self._features = recipe.features
        if view is not None and self._features is None:
            self._features = image_features
            wanted = getattr(model, "n_features_in_", 320)
            if wanted != 320:
                raise SuggestError(
                    f"the classifier was trained on {wanted} features; an image has 320 of nb.suggest.image_features",
                    "give nb.suggest.classifier(model, features=...)",
                )
        self._seen: tuple[int, ...] = ()
        self._take_version()

    def _take_version(self) -> None:
        """Tell the model by what it has been fitted to, also when it was fitted anew since."""
        parts = versions.fitted(self._recipe.model)
        seen = tuple(id(part) for part in parts.values())
        if seen != self._seen:
            self._seen = seen
            self.version = versions.digest(*sorted(parts.items()))
            self.source = self._recipe.name or f"{_source(self._recipe.model)}@{self.version}"

    def answers(self, items: Sequence[Item]) -> list[Any]:
        """The best label of each item, or all likely ones."""
        self._take_version()
        given = [self.seen(item) for item in items]
        rows = given if self._features is None else self._features(given)
        scored = self._scored(rows)
        return [self._chosen(of_item) for of_item in zip(*scored, strict=True)]

    def _scored(self, rows: Any) -> list[list[tuple[bool, list[tuple[str, float | None]]]]]:
        """For each output of the model and each item: whether several may hold, and the classes with their scores."""
        model = self._recipe.model
        several = _is_multilabel(model)
        likely = _probabilities(model, rows, several)
        if likely is None:
            found = np.asarray(model.predict(rows))
            columns = [found] if found.ndim == 1 else list(found.T)
            if several:
                return [
                    [(True, [(c, None) for c, on in zip(self._classes[0], row, strict=True) if on]) for row in found]
                ]
            return [[(False, [(str(one), None)]) for one in column] for column in columns]
        made = []
        for classes, table in zip(self._classes, likely, strict=True):
            if table.shape[1] != len(classes):
                raise SuggestError(f"{self.name} gave {table.shape[1]} scores for {len(classes)} classes")
            made.append([(several, list(zip(classes, row, strict=True))) for row in table.tolist()])
        return made

    def _chosen(self, outputs: Sequence[tuple[bool, list[tuple[str, float | None]]]]) -> Said:
        unknown: Counter[str] = Counter()
        made = []
        likely: dict[str, dict[str, float]] = {}
        for several, scored in outputs:
            for name, score in scored:
                for field, label in self._names.places(name) if score is not None else ():
                    told = likely.setdefault(field, {})
                    told[label] = min(told.get(label, 0.0) + (score or 0.0), 1.0)  # classes may share a label
            if several:
                kept = [(c, s) for c, s in scored if s is None or not s < self._recipe.threshold]
            else:  # not a number: told, not hidden
                kept = [max(scored, key=lambda one: np.inf if one[1] != one[1] else one[1] or 0.0)] if scored else []
            for name, score in kept:
                if not self._names.knows(name):
                    unknown[name] += 1
                for field, label in self._names.places(name):
                    made.append({"kind": "choice", "field": field, "label": label, "score": score})
        self.count_unknown(unknown)
        return Said(made, likely)


def _classes(model: Any) -> list[list[str]]:
    """The names of the classes of each output."""
    try:
        classes = model.classes_
    except AttributeError:
        raise SuggestError(
            f"{type(model).__name__} has no classes",
            "fit the classifier first; regressors and clusterings do not suggest labels",
        ) from None
    if isinstance(classes, (list, tuple)):  # several outputs
        return [[str(one) for one in output] for output in classes]
    return [[str(one) for one in np.asarray(classes).tolist()]]


def _is_multilabel(model: Any) -> bool:
    steps = getattr(model, "steps", None)
    last = steps[-1][1] if steps else getattr(model, "best_estimator_", model)
    return bool(getattr(last, "multilabel_", False))


def _probabilities(model: Any, rows: Any, several: bool) -> list[NDArray[Any]] | None:
    """A table of scores for each output; ``None`` if the model has none to give."""
    if hasattr(model, "predict_proba"):
        found = model.predict_proba(rows)
        tables = [np.asarray(one, float) for one in found] if isinstance(found, list) else [np.asarray(found, float)]
        return [np.where(table > 1, np.minimum(table, 1), table) for table in tables]  # the last bits of a sum
    if not hasattr(model, "decision_function"):
        return None
    margin = np.asarray(model.decision_function(rows), float)
    if margin.ndim == 1 or several:
        likely = 1 / (1 + np.exp(-np.clip(margin, -500, 500)))
        return [likely if margin.ndim > 1 else np.stack([1 - likely, likely], axis=1)]
    risen = np.exp(margin - margin.max(axis=1, keepdims=True))
    return [risen / risen.sum(axis=1, keepdims=True)]


def _source(model: Any) -> str:
    steps = getattr(model, "steps", None)
    names = [type(step).__name__ for _, step in steps] if steps else [type(model).__name__]
    package = type(model).__module__.partition(".")[0]
    version = getattr(sys.modules.get(package), "__version__", "")
    return f"{package}:{'+'.join(names)}" + (f"-{version}" if version else "")
