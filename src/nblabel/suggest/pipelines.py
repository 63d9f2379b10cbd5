"""spaCy pipelines as suggesters: entities, span groups and categories, mapped onto the schema's fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..records import Item
from ..schema import Choices, Schema, Spans
from .adapters import Adapter, Said

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

__all__ = ["Pipeline"]


class Pipeline(Adapter):
    """A spaCy pipeline.

    Entities go to the first spans field that has their label, span groups to the field of their name or else
    likewise, categories to the choices field that has their label (or is named in it: ``"field:label"``). Of a field
    that takes one choice the best category is suggested, of others all with a score of at least one half.
    """

    def __init__(self, nlp: Language, schema: Schema) -> None:
        super().__init__(schema)
        self._nlp = nlp
        meta = nlp.meta
        self.source = f"spacy:{meta.get('lang', nlp.lang)}_{meta.get('name', 'pipeline')}-{meta.get('version', '0')}"
        self.batch = 8

    def answers(self, items: Sequence[Item]) -> list[Any]:
        """The annotations of each item."""
        texts = [item.data for item in items]
        docs = self._nlp.pipe(texts) if len(texts) > 1 else (self._nlp(text) for text in texts)
        found = []
        for doc in docs:
            unknown: Counter[str] = Counter()
            annotations = list(self._annotations(doc, unknown))
            found.append(Said(annotations, self._likely(doc.cats)))
            self.count_unknown(unknown)
        return found

    def _likely(self, cats: Mapping[str, float]) -> dict[str, dict[str, float]]:
        made: dict[str, dict[str, float]] = {}
        for cat, score in cats.items():
            for name, label in self._places(cat):
                made.setdefault(name, {})[label] = _rounded(float(score)) or 0.0
        return made

    def _places(self, cat: str) -> list[tuple[str, str]]:
        """Fields and labels that a category stands for."""
        fields = [field for field in self.schema.fields if isinstance(field, Choices)]
        prefix, _, rest = cat.partition(":")
        named = [(f.name, rest) for f in fields if f.name == prefix and f.label(rest)]
        return named or [(f.name, cat) for f in fields if f.label(cat)]

    def _annotations(self, doc: Doc, unknown: Counter[str]) -> Iterator[dict[str, Any]]:
        for ent in doc.ents:
            yield from self._span(ent, "", None, unknown)
        for name, group in doc.spans.items():
            scores = group.attrs.get("scores")
            for n, span in enumerate(group):
                score = float(scores[n]) if scores is not None and n < len(scores) else None
                yield from self._span(span, name, score, unknown)
        yield from self._choices(doc.cats, unknown)

    def _span(self, span: Any, group: str, score: float | None, unknown: Counter[str]) -> Iterator[dict[str, Any]]:
        label = span.label_
        fits = [field.name for field in self.schema.fields if isinstance(field, Spans) and field.label(label)]
        if not fits:
            unknown[label] += 1
        elif span.end_char > span.start_char:
            name = group if group in fits else fits[0]
            body = {"kind": "span", "field": name, "start": span.start_char, "end": span.end_char, "label": label}
            yield {**body, "score": _rounded(score)}

    def _choices(self, cats: Mapping[str, float], unknown: Counter[str]) -> Iterator[dict[str, Any]]:
        fields = [field for field in self.schema.fields if isinstance(field, Choices)]
        asked: dict[str, list[tuple[float, str]]] = {}
        others = 0.0  # the best score of what no field knows
        for cat, score in cats.items():
            fits = self._places(cat)
            if not fits:
                unknown[cat] += 1
                others = max(others, score)
            for name, label in fits:
                asked.setdefault(name, []).append((float(score), label))
        for field in fields:
            scored = asked.get(field.name, [])
            if scored and not field.multiple:
                best = max(scored, key=lambda pair: pair[0])
                certain = best[0] >= 0.5 or (len(scored) > 1 and best[0] > others)
                chosen = [best] if certain or best[0] != best[0] else []  # not a number: told, not hidden
            else:
                chosen = [pair for pair in scored if not pair[0] < 0.5]
            for score, label in chosen:
                yield {"kind": "choice", "field": field.name, "label": label, "score": _rounded(score)}


def _rounded(score: float | None) -> float | None:
    """The score without the last bits of single precision, which may put it above 1."""
    return 1.0 if score is not None and 1.0 < score < 1.0 + 1e-5 else score
