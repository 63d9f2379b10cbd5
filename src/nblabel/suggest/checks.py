"""What a model returned, made into valid annotations of one item; what is wrong is told and left out."""

from __future__ import annotations

import hashlib
import numbers
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from ..annotations import HUMAN, Annotation, AnyAnnotation, Relation, Segment, Span
from ..errors import InvalidAnnotation
from ..formats.tokens import longest_first
from ..records import Item
from ..schema import Boxes, Masks, Schema, Segments, Spans
from . import pictures, sounds

__all__ = ["checked", "merged"]

_MOST = 20_000
"""So many annotations of one item are looked at: a model may go on for ever."""
_PATIENCE = 1000
"""After so many wrong ones of an item the rest is not looked at."""
_NOT_CONTENT = ("id", "field", "score", "source", "attributes")


def checked(
    answer: Any, item: Item, schema: Schema, source: str, unknown: Counter[str] | None = None
) -> tuple[list[AnyAnnotation], list[str]]:
    """The valid annotations of an answer, and what was wrong with the others.

    Ids are made of the content, so that a model that is asked again gives the same ids. Shapes are cut at the edges of
    the image, segments at the end of the recording. ``unknown`` counts labels of detectors that the schema does not
    have.
    """
    wrong: list[str] = []
    made: list[AnyAnnotation] = []
    for n, (given, field) in enumerate(_elements(answer, schema, Counter() if unknown is None else unknown)):
        if n == _MOST:
            wrong.insert(0, f"more than {_MOST:,} annotations for one item: the rest is left out")
            break
        if len(wrong) >= _PATIENCE:
            break
        try:
            made += _coerced(given, field, schema, source)
        except InvalidAnnotation as error:
            wrong.append(str(error))
    extent = item.size or item.duration or (len(item.data) if isinstance(item.data, str) else None)
    spans = {a.id: a for a in made if not isinstance(a, Relation)}
    ids: dict[str, str] = {}
    kept: list[AnyAnnotation] = []
    for a in made:
        if len(wrong) > _PATIENCE:
            break
        if isinstance(a, Relation):
            continue
        try:
            whole = pictures.fitted(a, extent) if isinstance(extent, tuple) else a
            whole = sounds.clipped(whole, item.duration) if item.duration is not None else whole
            schema.check([whole], extent=extent)
        except InvalidAnnotation as error:
            wrong.append(f"{_told(a)}: {error.rule}" + (f" ({error.hint})" if error.hint else ""))
            continue
        named = _named(whole)
        ids[a.id] = named.id
        kept.append(named)
    for a in made:
        if isinstance(a, Relation):
            try:
                schema.check(
                    [*(spans[end] for end in dict.fromkeys((a.head, a.child)) if end in ids), a], extent=extent
                )
            except InvalidAnnotation as error:
                wrong.append(f"{_told(a)}: {error.rule}" + (f" ({error.hint})" if error.hint else ""))
                continue
            if ids[a.head] == ids[a.child]:
                wrong.append(f"{_told(a)}: head and child are the same span")
                continue
            kept.append(_named(msgspec.structs.replace(a, head=ids[a.head], child=ids[a.child])))
    kept, more = merged([kept], schema)
    return kept, wrong + more


def merged(groups: Iterable[Sequence[AnyAnnotation]], schema: Schema) -> tuple[list[AnyAnnotation], list[str]]:
    """All annotations, each once, with the highest score and the names of all that suggest it.

    The second list tells what was left out, and why.
    """
    found: dict[str, AnyAnnotation] = {}
    for a in (a for group in groups for a in group):
        other = found.get(a.id)
        if other is None:
            found[a.id] = a
            continue
        sources = list(dict.fromkeys((*other.source.split(" + "), *a.source.split(" + "))))
        scores = [score for score in (other.score, a.score) if score is not None]
        best = a if (a.score or 0.0) > (other.score or 0.0) else other
        found[a.id] = msgspec.structs.replace(best, source=" + ".join(sources), score=max(scores, default=None))
    wrong = []
    for field in schema.fields:
        if isinstance(field, Spans) and not field.overlap:
            spans = [a for a in found.values() if isinstance(a, Span) and a.field == field.name]
            spans.sort(key=lambda span: -(span.score or 0.0))
            _, rest = longest_first((span.start, span.end, span) for span in spans)
            for _, _, span in rest:
                wrong.append(f"{_told(span)}: overlaps another, and the field has overlap=False")
                del found[span.id]
        elif isinstance(field, Segments) and not field.overlap:
            tiers: dict[Any, list[Segment]] = {}
            for a in found.values():
                if isinstance(a, Segment) and a.field == field.name:
                    tiers.setdefault(field.tier(a), []).append(a)
            for one in (one for tier in tiers.values() for one in sounds.apart(tier)[1]):
                wrong.append(f"{_told(one)}: overlaps another, and the field has overlap=False")
                del found[one.id]
    left = [a for a in found.values() if isinstance(a, Relation) and not (a.head in found and a.child in found)]
    for a in left:
        wrong.append(f"{_told(a)}: its span was left out")
        del found[a.id]
    return list(found.values()), wrong


def _told(a: Annotation) -> str:
    """How a person recognises a suggestion, whose id says nothing."""
    content = {name: getattr(a, name) for name in a.__struct_fields__ if name not in _NOT_CONTENT}
    return f"{type(a).__name__}({', '.join(f'{name}={_short(value)}' for name, value in content.items())})"


def _elements(answer: Any, schema: Schema, unknown: Counter[str]) -> Iterator[tuple[Any, str | None]]:
    """Each thing that an answer consists of, with the field it was given under."""
    if answer is None:
        return
    if pictures.is_result(answer):
        for one in pictures.results(answer, schema, unknown):
            yield one, one.field
    elif isinstance(answer, Mapping) and "kind" not in answer and answer and set(answer) <= set(schema.names):
        for name, value in answer.items():
            single = isinstance(value, Mapping)
            for given, _ in ((value, None),) if single else _elements(value, schema, unknown):
                yield given, str(name)
    elif isinstance(answer, (str, bytes, Mapping, Annotation, bool, numbers.Number)) or _is_one(answer, schema):
        yield answer, None
    elif isinstance(answer, np.ndarray) and answer.dtype != np.object_ and answer.ndim > 1:
        for row in answer:  # rows of numbers, or a stack of masks
            yield (row if row.ndim > 1 else row.tolist()), None
    elif isinstance(answer, Iterable):
        for given in answer:
            yield given, None
    else:
        yield answer, None


def _is_one(answer: Any, schema: Schema) -> bool:
    """Whether this is one span, segment, box, mask or scored label, not several answers."""
    if _shapes(schema) and (pictures.is_mask(answer) or pictures.is_box(answer)):
        return True
    if not isinstance(answer, (tuple, list)) or not 2 <= len(answer) <= 4:
        return False
    if _is_scored(answer) or (sounds.asks(schema) and sounds.is_segment(answer)):
        return True
    bounds = all(isinstance(end, numbers.Integral) for end in answer[:2])
    if len(answer) == 2:  # (0, 1) may also be two labels
        return bounds and isinstance(answer, tuple) and not any(f.annotation == "choice" for f in schema.fields)
    return bounds and isinstance(answer[2], str)


def _shapes(schema: Schema) -> bool:
    """Whether images are asked about, in which numbers are boxes and arrays are masks."""
    return any(isinstance(field, (Boxes, Masks)) for field in schema.fields)


def _is_scored(given: Any) -> bool:
    return (
        isinstance(given, tuple)
        and len(given) == 2
        and isinstance(given[0], str)
        and isinstance(given[1], numbers.Real)
        and not isinstance(given[1], bool)
    )


def _coerced(given: Any, field: str | None, schema: Schema, source: str) -> list[AnyAnnotation]:
    score: Any = None
    if _shapes(schema) and (pictures.is_mask(given) or pictures.is_box(given)):
        try:
            given, score = pictures.made_of(given, field, schema)
        except TypeError as error:  # a name in a dict that masks do not have
            raise InvalidAnnotation(_short(given), str(error)) from None
    elif _is_scored(given):
        given, score = given
    elif sounds.asks(schema) and sounds.is_segment(given):
        given, score = sounds.made_of(given, field)
    elif isinstance(given, (tuple, list)) and len(given) == 4 and isinstance(given[0], numbers.Integral):
        given, score = given[:3], given[3]
    elif not isinstance(given, (str, Mapping, Annotation, tuple, list, numbers.Number)):
        raise InvalidAnnotation(_short(given), f"{type(given).__name__} is no kind of annotation")
    elif isinstance(given, Mapping):
        given = {name: pictures.plain(value) for name, value in given.items()}
    try:
        if isinstance(given, (tuple, list)) and len(given) == 3 and field is None:
            field = next((f.name for f in schema.fields if isinstance(f, Spans) and f.label(given[2])), None)
        coerced = schema.coerce([given], field)
    except InvalidAnnotation as error:
        if isinstance(given, Annotation):
            raise InvalidAnnotation(_told(given), error.rule, hint=error.hint) from None
        raise
    except Exception as error:  # hostile objects: lengths, hashes and conversions of the user's own
        raise InvalidAnnotation(_short(given), f"{type(error).__name__}: {error}") from None
    made = []
    for a in (sounds.labelled(a, schema) for a in coerced):
        changes: dict[str, Any] = {"source": source} if a.source in (HUMAN, "") else {}
        if score is not None:
            changes["score"] = score
        try:
            made.append(msgspec.structs.replace(a, **changes) if changes else a)
        except InvalidAnnotation as error:
            raise InvalidAnnotation(_short(given), error.rule) from None
    return made


def _short(given: Any) -> str:
    try:
        shown = repr(given)
    except Exception:
        shown = f"<{type(given).__name__}>"
    return shown if len(shown) <= 120 else shown[:120] + "..."


def _named(a: AnyAnnotation) -> AnyAnnotation:
    """The annotation with an id made of what it says."""
    content = {name: getattr(a, name) for name in a.__struct_fields__ if name not in _NOT_CONTENT}
    digest = hashlib.blake2b(digest_size=6)
    digest.update(repr((a.kind, a.field, content)).encode("utf-8", "surrogatepass"))
    return msgspec.structs.replace(a, id=digest.hexdigest())
