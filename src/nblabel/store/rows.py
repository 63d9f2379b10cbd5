"""Responses out of rows, and rows out of responses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ARRAY, Column, ColumnElement, Connection, String, any_, literal, select

from ..annotations import AnyAnnotation
from ..records import Response
from .cache import ResponseCache
from .codec import ANNOTATIONS, NAMES, Unreadable
from .names import pack
from .tables import annotation, response

__all__ = ["CHUNK", "RESPONSE_COLUMNS", "FieldNames", "among", "annotation_row", "assemble", "chunks", "response_row"]

CHUNK = 400
"""How many values one query asks for at a time; SQLite and drivers have limits."""

T = TypeVar("T")

RESPONSE_COLUMNS = (
    response.c.annotator,
    response.c.item,
    response.c.seq,
    response.c.next_place,
    response.c.status,
    response.c.flagged,
    response.c.comment,
    response.c.seconds,
    response.c.created_at,
    response.c.updated_at,
    response.c.schema_version,
    response.c.fields,
    response.c.model,
)


def among(connection: Connection, column: Column[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Whether a column holds one of the values; PostgreSQL takes them as one parameter."""
    if len(values) == 1:
        return column == values[0]
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(String)))
    return column.in_(values)


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The values in lists of at most ``size``."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


class FieldNames:
    """Names of fields from their column; the same few texts stand in every row."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {"[]": ()}

    def __call__(self, text: str) -> tuple[str, ...]:
        """The names that a text lists."""
        made = self._known.get(text)
        if made is None:
            if len(self._known) > 1000:
                self._known.clear()
            made = self._known[text] = NAMES.decode(text)
        return made


def assemble(
    connection: Connection,
    dataset: int,
    rows: Sequence[Any],
    *,
    cache: ResponseCache,
    full: Callable[[Connection, str], str],
    field_names: FieldNames,
) -> list[Response]:
    """Responses from their rows (`RESPONSE_COLUMNS`), with annotations from the cache or read here.

    ``full`` gives the whole of a name that stands in a key. The rows must come from the same snapshot.
    """
    made: list[Response | None] = [cache.get((dataset, row.annotator, row.item), row.seq) for row in rows]
    missing: defaultdict[str, list[str]] = defaultdict(list)
    for row, held in zip(rows, made, strict=True):
        if held is None:
            missing[row.annotator].append(row.item)
    bodies: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for annotator, items in missing.items():
        for part in chunks(items):
            query = (
                select(annotation.c.item, annotation.c.body)
                .where(
                    annotation.c.dataset == dataset,
                    annotation.c.annotator == annotator,
                    among(connection, annotation.c.item, part),
                )
                .order_by(annotation.c.place)
            )
            for item, body in connection.execute(query):
                bodies[annotator, item].append(body)
    for n, row in enumerate(rows):
        if made[n] is not None:
            continue
        annotations: Sequence[AnyAnnotation] = ()
        texts = bodies.get((row.annotator, row.item))
        if texts:
            try:
                annotations = ANNOTATIONS.decode_all(texts)
            except Unreadable as error:
                raise Unreadable(f"item {full(connection, row.item)!r}: {error}") from None
        one = made[n] = Response(
            full(connection, row.item),
            full(connection, row.annotator),
            row.status,
            tuple(annotations),
            row.flagged,
            row.comment,
            row.seconds,
            row.created_at,
            row.updated_at,
            row.schema_version,
            field_names(row.fields),
            row.model,
        )
        cache.put((dataset, row.annotator, row.item), row.seq, one)
    return [one for one in made if one is not None]


def response_row(one: Response, seq: int, next_place: int, exact: bool) -> dict[str, Any]:
    """The columns of a response that its events decide."""
    return {
        "annotator": pack(one.annotator, exact),
        "item": pack(one.item, exact),
        "seq": seq,
        "next_place": next_place,
        "status": one.status,
        "flagged": one.flagged,
        "comment": one.comment,
        "seconds": one.seconds,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "schema_version": one.schema_version,
        "fields": NAMES.encode(one.fields),
        "model": one.model,
    }


def annotation_row(one: AnyAnnotation, names: Mapping[str, Any], place: int, exact: bool) -> dict[str, Any]:
    """The row of one annotation; ``names`` are data set, annotator and item as they stand in keys."""
    label = getattr(one, "label", None)
    return {
        **names,
        "id": pack(one.id, exact),
        "place": place,
        "label": None if label is None else pack(label, exact),
        "body": ANNOTATIONS.encode(one),
    }
