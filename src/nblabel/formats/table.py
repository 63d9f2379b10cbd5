"""What CSV and Parquet share: the tidy table of a file, and answers made of its rows again.

One row an annotation, with the columns of `tidy.annotations_frame`, then those of its response (``status, flagged,
comment, seconds, created_at, updated_at, schema_version``) and the item's text (``item``). A response without
annotations has one row whose ``kind`` is empty.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ..annotations import KINDS, AnyAnnotation
from ..errors import FormatError, InvalidAnnotation
from ..records import Item, Labelled, Response
from ..schema import Schema
from .base import Log, Meta, Read, converted
from .tidy import annotation_columns, kind_of_type

__all__ = ["RESPONSE", "answers", "flatten", "is_json_column", "json_key", "key_of_json", "plain_key"]

RESPONSE = ("status", "flagged", "comment", "seconds", "created_at", "updated_at", "schema_version")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = {kind: msgspec.structs.fields(cls) for kind, cls in KINDS.items()}
_MEMBERS = {m.name: m.type for members in _FIELDS.values() for m in members if m.name != "attributes"}
_OURS = {"key", "annotator", "kind", "item", *_MEMBERS, *RESPONSE}


def is_json_column(name: str) -> bool:
    """Whether a column's cells are not plain text or numbers: attributes, points and the like."""
    return name.startswith("attr.") or (name in _MEMBERS and kind_of_type(_MEMBERS[name]) == "object")


def flatten(
    rows: Sequence[Labelled], schema: Schema | None, log: Log, *, item: bool, meta: Meta | None = None
) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """The table's columns as lists, and what each holds (see `tidy.annotation_columns`; ``time`` are datetimes)."""
    columns, types = annotation_columns(rows, schema)
    order: list[tuple[Labelled, int | None]] = []  # the row of the annotation table, or None
    at = 0
    for row in rows:
        n = len(row.response.annotations)
        order += [(row, at + k) for k in range(n)] or [(row, None)]
        at += n
        log.items += 1
        log.annotations += n
    table = {name: [None if place is None else values[place] for _, place in order] for name, values in columns.items()}
    table["key"] = [row.item.key for row, _ in order]
    table["annotator"] = [row.response.annotator for row, _ in order]
    said = [row.response for row, _ in order]
    table["status"] = [r.status for r in said]
    table["flagged"] = [r.flagged for r in said]
    table["comment"] = [r.comment for r in said]
    table["seconds"] = [r.seconds for r in said]
    table["created_at"] = [_time(r.created_at) for r in said]
    table["updated_at"] = [_time(r.updated_at) for r in said]
    table["schema_version"] = [r.schema_version for r in said]
    kinds = ("str", "bool", "str", "float", "time", "time", "int")
    types = {**types, **dict(zip(RESPONSE, kinds, strict=True))}
    if item:
        table["item"] = [row.item.data if isinstance(row.item.data, str) else None for row, _ in order]
        types["item"] = "str"
        for row in rows:
            log.text(row)
    if meta:
        found = [meta.get((row.item.key, row.response.annotator), {}) for row, _ in order]
        for name in dict.fromkeys(name for one in found for name in one):
            if name not in table:
                table[name] = [one.get(name) for one in found]
                types[name] = "object"
    return table, types


def _time(seconds: float) -> datetime | None:
    return _EPOCH + timedelta(microseconds=round(seconds * 1e6)) if seconds > 0 else None


def answers(rows: Iterable[tuple[int, Mapping[str, Any]]], log: Log, *, path: object) -> list[Read]:
    """Items with their responses from a table's rows, given with their line; missing cells are ``None``.

    The rows of one response need not stand together. Columns that are not ours go to ``meta``.
    """
    made: dict[tuple[Hashable, str], tuple[Mapping[str, Any], list[AnyAnnotation]]] = {}
    for line, row in rows:
        key = row.get("key")
        name = (key, str(row.get("annotator") or ""))
        try:
            _, annotations = made.setdefault(name, (row, []))
        except TypeError:
            raise FormatError(f"{path}, row {line}: {key!r} cannot be a key") from None
        kind = row.get("kind")
        if not kind:
            continue
        try:
            annotations.append(_annotation(str(kind), row, f"row{len(annotations)}"))
        except InvalidAnnotation as error:
            log.drop(key, str(row.get("id") or ""), f"row {line}: {error}")
    items = []
    for n, ((key, annotator), (row, annotations)) in enumerate(made.items()):
        extra = {k: v for k, v in row.items() if k not in _OURS and not k.startswith("attr.") and v is not None}
        response = _response(row, annotator, tuple(annotations), path)
        items.append(Read(Item(key, row.get("item"), position=n), response, extra))
    return items


def _annotation(kind: str, row: Mapping[str, Any], made_id: str) -> AnyAnnotation:
    cls = KINDS.get(kind)
    if cls is None:
        raise InvalidAnnotation(repr(kind), "is not a kind of annotation")
    body: dict[str, Any] = {}
    for member in _FIELDS[kind]:
        value = row.get(member.name)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            value = "" if member.type is str and member.required else None
        if value is not None and not (value == "" and member.type is not str):
            body[member.name] = value
    body.setdefault("id", made_id)
    body["id"] = str(body["id"]) or made_id
    made: AnyAnnotation = converted(cls, body, strict=False)
    attributes = {k[5:]: v for k, v in row.items() if k.startswith("attr.") and v is not None}
    if attributes:
        body = {**msgspec.to_builtins(made), "attributes": attributes}
        made = converted(cls, body)
    return made


def _response(row: Mapping[str, Any], annotator: str, annotations: tuple[AnyAnnotation, ...], path: object) -> Response:
    given = {name: row.get(name) for name in RESPONSE}
    body = {name: value for name, value in given.items() if value is not None and value != ""}
    for name in ("created_at", "updated_at"):
        if name in body:
            body[name] = _posix(body[name], path)
    body.setdefault("status", "submitted")
    try:
        response = msgspec.convert({"item": "", "annotator": annotator, **body}, Response, strict=False)
    except msgspec.ValidationError as error:
        raise FormatError(f"{path}, key {row.get('key')!r}: {error}") from None
    return msgspec.structs.replace(response, annotations=annotations)


def _posix(value: Any, path: object) -> float:
    try:
        when = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise FormatError(f"{path}: {value!r} is not a time", "write it as 2024-05-01T12:00:00+00:00") from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return (when - _EPOCH) / timedelta(seconds=1)


# ---- keys ----------------------------------------------------------------------------------------


def plain_key(key: Hashable) -> Any:
    """The key as JSON can hold it, or ``None`` if it cannot; tuples become lists."""
    if isinstance(key, (str, bool, int)) or key is None:
        return key
    if isinstance(key, float):
        return key if math.isfinite(key) else None
    if isinstance(key, tuple):
        parts = [plain_key(part) for part in key]
        return None if any(made is None and part is not None for made, part in zip(parts, key, strict=True)) else parts
    item = getattr(key, "item", None)  # numpy's scalars
    if callable(item):
        scalar = item()
        return plain_key(scalar) if isinstance(scalar, (str, bool, int, float)) else None
    return None


def json_key(key: Hashable, log: Log) -> Any:
    """The key for a JSON file; one that JSON cannot hold becomes text, and the report says so."""
    plain = plain_key(key)
    if plain is None and key is not None:
        plain = key.isoformat() if hasattr(key, "isoformat") else str(key)
        log.drop(key, "", f"the key, a {type(key).__name__}, is written as the text {plain!r}")
    return plain


def key_of_json(value: Any) -> Hashable:
    """The key that `json_key` wrote."""
    if isinstance(value, list):
        return tuple(key_of_json(part) for part in value)
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    key: Hashable = value
    return key
