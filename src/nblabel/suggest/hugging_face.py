"""Hugging Face's pipelines as suggesters, recognised by their shape: transformers is never imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import MissingExtra, SuggestError
from ..records import Item
from ..schema import Boxes, Choices, Field, Masks, Schema, Spans
from .adapters import Adapter, Said, View
from .names import Names, Renaming
from .recipes import Recipe

__all__ = ["HuggingFace", "hugging_face", "is_pipeline"]

_KINDS: dict[str, type[Field]] = {
    "token-classification": Spans,
    "text-classification": Choices,
    "zero-shot-classification": Choices,
    "object-detection": Boxes,
    "zero-shot-object-detection": Boxes,
    "image-classification": Choices,
    "zero-shot-image-classification": Choices,
    "image-segmentation": Masks,
}
_ALIASES = {"ner": "token-classification", "sentiment-analysis": "text-classification"}
_OF_IMAGES = tuple(task for task in _KINDS if "image" in task or "object" in task)


class HuggingFace(Recipe):
    """A pipeline with its options; made by `hugging_face`."""

    def __init__(self, pipeline: Any, labels: Renaming | None, field: str | None, threshold: float) -> None:
        self.pipeline = pipeline
        self.labels = labels
        self.field = field
        self.threshold = threshold

    def adapter(self, schema: Schema, view: View | None) -> Adapter:
        """The pipeline for these questions."""
        return _Piped(self, schema, view)


def hugging_face(
    pipeline: Any, *, labels: Renaming | None = None, field: str | None = None, threshold: float = 0.5
) -> HuggingFace:
    """A pipeline of transformers, for ``suggest=``; given as it is, it works with the defaults.

    Tokens (with and without an aggregation strategy) become spans, classes choices, detections boxes and segmentations
    masks. Pipelines without training for the task are given the labels of the schema.

    Parameters
    ----------
    pipeline : transformers.Pipeline
        As ``transformers.pipeline(...)`` returns it.
    labels : dict, optional
        Labels of the schema by the pipeline's own, such as ``{"PER": "PERSON", "LABEL_0": None}``; ``None`` leaves out.
    field : str, optional
        The only field that is answered.
    threshold : float
        From which score on a choice is suggested where a field takes several.

    Examples
    --------
    >>> class Pipeline:
    ...     task, model = "text-classification", None
    ...     def __call__(self, texts):
    ...         return [{"label": "LABEL_1", "score": 0.75} for text in texts]
    >>> from nblabel.suggest import of
    >>> mood = of(hugging_face(Pipeline(), labels={"LABEL_1": "good"}), Schema.of({"mood": ["good", "bad"]}))
    >>> [(a.label, a.score, a.source) for a in mood.suggest([Item(0, "Nice.")])[0]]
    [('good', 0.75, 'hf:text-classification')]
    """
    if not is_pipeline(pipeline):
        raise SuggestError(f"a {type(pipeline).__name__} is no pipeline", "give what transformers.pipeline() returns")
    if not 0 <= threshold <= 1:
        raise SuggestError(f"hugging_face(threshold={threshold!r}) must be between 0 and 1")
    return HuggingFace(pipeline, labels, field, threshold)


def is_pipeline(x: Any) -> bool:
    """Whether this is called like a pipeline of transformers."""
    return not isinstance(x, type) and callable(x) and isinstance(getattr(x, "task", None), str) and hasattr(x, "model")


class _Piped(Adapter):
    """A pipeline, asked in batches."""

    batch = 8

    def __init__(self, recipe: HuggingFace, schema: Schema, view: View | None) -> None:
        super().__init__(schema, view)
        self._recipe = recipe
        self._task = _ALIASES.get(recipe.pipeline.task, recipe.pipeline.task)
        kind = _KINDS.get(self._task)
        if kind is None:
            raise SuggestError(
                f"pipelines for {self._task!r} are not known here",
                f"known: {', '.join(_KINDS)}; or give a function that calls it and returns annotations",
            )
        if (self._task in _OF_IMAGES) != (view is not None):
            raise SuggestError(f"a pipeline for {self._task!r} does not suggest for these items")
        self._names = Names(schema, (kind,), recipe.labels, recipe.field)
        if not self._names.fields:
            raise SuggestError(
                f"a pipeline for {self._task!r} answers {kind.__name__}, and the schema has no such field"
            )
        self.source = _source(recipe.pipeline, self._task)

    def answers(self, items: Sequence[Item]) -> list[Any]:
        """The annotations of each item."""
        inputs = [self._input(item) for item in items]
        if self._task.startswith("zero-shot"):
            return self._zero_shot(inputs)
        found = self._called(inputs)
        unknown: Counter[str] = Counter()
        made = []
        for given, item in zip(found, items, strict=True):
            likely: dict[str, dict[str, float]] = {}
            made.append(Said(self._annotations(given, item, unknown, likely), likely))
        self.count_unknown(unknown)
        return made

    def _input(self, item: Item) -> Any:
        if self._task not in _OF_IMAGES:
            return self.seen(item)
        try:
            from PIL import Image
        except ImportError:
            raise MissingExtra("a pipeline for images", "image") from None
        return Image.fromarray(np.ascontiguousarray(self.seen(item)))

    def _called(self, inputs: list[Any], **options: Any) -> list[Any]:
        found = list(self._recipe.pipeline(inputs, **options))
        if len(found) != len(inputs):
            raise SuggestError(f"{self.name} returned {len(found)} answers for {len(inputs)} items")
        return found

    def _annotations(
        self, found: Any, item: Item, unknown: Counter[str], likely: dict[str, dict[str, float]]
    ) -> Iterator[dict[str, Any]]:
        rows = [found] if isinstance(found, Mapping) else list(found)
        if self._task == "token-classification":
            for start, end, name, score in _stretches(rows, item.data, self.name):
                for field, label in self._places(name, unknown):
                    yield {"kind": "span", "field": field, "start": start, "end": end, "label": label, "score": score}
        elif self._task == "object-detection":
            yield from self._boxes(rows, unknown)
        elif self._task == "image-segmentation":
            for row in rows:
                for field, label in self._places(str(row["label"]), unknown):
                    score = row.get("score")
                    mask = np.asarray(row["mask"]) > 0
                    yield {
                        "field": field,
                        "mask": mask,
                        "label": label,
                        "score": None if score is None else _plain(score),
                    }
        else:
            if len(rows) == 1 and isinstance(rows[0], list):  # as top_k=None gave them once
                rows = rows[0]
            scored = [(str(row["label"]), _plain(row["score"])) for row in rows]
            yield from self._choices(scored, unknown, likely)

    def _places(self, name: str, unknown: Counter[str]) -> list[tuple[str, str]]:
        if not self._names.knows(name):
            unknown[name] += 1
        return self._names.places(name)

    def _boxes(self, rows: Sequence[Mapping[str, Any]], unknown: Counter[str]) -> Iterator[dict[str, Any]]:
        for row in rows:
            left, top, right, bottom = (_plain(row["box"][side]) for side in ("xmin", "ymin", "xmax", "ymax"))
            for field, label in self._places(str(row["label"]), unknown):
                sides = {"x": left, "y": top, "width": right - left, "height": bottom - top}
                yield {"kind": "box", "field": field, **sides, "label": label, "score": _plain(row["score"])}

    def _choices(
        self, scored: list[tuple[str, float]], unknown: Counter[str], likely: dict[str, dict[str, float]]
    ) -> Iterator[dict[str, Any]]:
        asked: dict[str, list[tuple[float, str]]] = {}
        best = max((score for _, score in scored), default=0.0)
        for name, score in scored:
            for field, label in self._places(name, unknown):
                asked.setdefault(field, []).append((score, label))
                likely.setdefault(field, {})[label] = score
        for one in self._names.fields:
            pairs = asked.get(one.name, [])
            if isinstance(one, Choices) and not one.multiple:
                pairs = [max(pairs)] if pairs else []
                pairs = [pair for pair in pairs if not pair[0] < best]  # the best may be none of the schema's
            elif len(pairs) > 1 or any(pair[0] < self._recipe.threshold for pair in pairs):
                pairs = [pair for pair in pairs if not pair[0] < self._recipe.threshold]
            for score, label in pairs:
                yield {"kind": "choice", "field": one.name, "label": label, "score": score}

    def _zero_shot(self, inputs: list[Any]) -> list[Any]:
        """Each field is a question of its own, with its labels as what may be answered."""
        made = [Said([], {}) for _ in inputs]
        for one in self._names.fields:
            labels = [label.name for label in one.get_labels()]
            options: dict[str, Any] = {"candidate_labels": labels}
            if self._task == "zero-shot-classification":
                options["multi_label"] = bool(getattr(one, "multiple", False))
            for n, found in enumerate(self._called(inputs, **options)):
                unknown: Counter[str] = Counter()
                if isinstance(found, Mapping):
                    scored = [(str(a), _plain(b)) for a, b in zip(found["labels"], found["scores"], strict=True)]
                elif self._task == "zero-shot-object-detection":
                    made[n] += [box for box in self._boxes(list(found), unknown) if box["field"] == one.name]
                    continue
                else:
                    scored = [(str(row["label"]), _plain(row["score"])) for row in found]
                likely: dict[str, dict[str, float]] = {}
                made[n] += [choice for choice in self._choices(scored, unknown, likely) if choice["field"] == one.name]
                made[n].likely[one.name] = likely.get(one.name, {})
        return made


def _plain(value: Any) -> float:
    number = float(value)
    return 1.0 if 1.0 < number < 1.0 + 1e-5 else number  # the last bits of single precision


def _stretches(
    rows: Sequence[Mapping[str, Any]], text: str, source: str
) -> Iterator[tuple[int, int, str, float | None]]:
    """Start, end, label and score of each entity, put together from tokens where the pipeline has not done so."""
    held: tuple[int, int, str, list[float], int] | None = None  # start, end, label, scores, place of the last token
    for row in rows:
        start, end = row.get("start"), row.get("end")
        if start is None or end is None:
            raise SuggestError(f"{source} does not say where its tokens are", "its tokenizer must be a fast one")
        start, end, score = int(start), int(end), _plain(row["score"])
        if "entity_group" in row:
            while start < end <= len(text) and text[start].isspace():  # some tokenizers count the space before a word
                start += 1
            yield start, end, str(row["entity_group"]), score
            continue
        prefix, _, name = str(row["entity"]).partition("-")
        if prefix not in ("B", "I", "E", "L", "S", "U") or not name:
            prefix, name = "I", str(row["entity"])
        index = int(row.get("index", 0))
        if held is not None:
            joined = name == held[2] and prefix not in ("B", "S", "U") and index == held[4] + 1
            # a word may be cut into pieces, each with a B of its own
            pieces = name == held[2] and start == held[1] and str(row.get("word", "")).startswith("##")
            if joined or pieces:
                held = (held[0], end, name, [*held[3], score], index)
                continue
            yield held[0], held[1], held[2], sum(held[3]) / len(held[3])
        held = None if name == "O" else (start, end, name, [score], index)
    if held is not None:
        yield held[0], held[1], held[2], sum(held[3]) / len(held[3])


def _source(pipeline: Any, task: str) -> str:
    model = pipeline.model
    config = getattr(model, "config", None)
    name = getattr(model, "name_or_path", "") or getattr(config, "_name_or_path", "") or task
    version = getattr(config, "_commit_hash", None)
    return f"hf:{name}" + (f"-{version[:8]}" if isinstance(version, str) and version else "")
