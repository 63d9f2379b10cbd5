"""Parquet: the tidy table of answers with its types, and the whole schema in the file's metadata."""

from __future__ import annotations

import json
import os
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from ..errors import FormatError, MissingExtra
from ..records import Labelled, Report
from ..schema import Schema
from .base import Log, Meta, Reading, StrPath, reading, replacing
from .table import answers, flatten, json_key, key_of_json
from .tidy import keys_column, strings

__all__ = ["read", "write"]

_NAME = b"nblabel"


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtra("a Parquet file", "parquet") from None
    return pa, pq


def write(
    path: StrPath, rows: Iterable[Labelled], schema: Schema, *, item: bool = True, meta: Meta | None = None
) -> Report:
    """Write the tidy table; nested values (attributes of several types, points) stand in it as JSON.

    Parameters
    ----------
    path : path-like
        The file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions; gives the columns, and is kept in the file.
    item : bool
        Whether each row carries its item's text, in the column ``item`` (stored once for equal texts).
    meta : mapping, optional
        Further columns, as `Reading.meta` holds them.
    """
    pa, pq = _arrow()
    log = Log()
    table, types = flatten(list(rows), schema, log, item=item, meta=meta)
    columns: dict[str, pd.Series[Any]] = {}
    nested: list[str] = []
    for name, values in table.items():
        kind = types[name]
        if kind == "object":
            nested.append(name)
            values = [None if v is None else json.dumps(msgspec.to_builtins(v)) for v in values]
            kind = "str"
        if kind == "key":
            columns[name] = _keys(values, log, nested)
        elif kind == "str":
            whole = _whole(values, table["key"], name, log)
            columns[name] = pd.Series(pd.Categorical(whole)) if name == "item" else strings(whole)  # each text once
        else:
            dtype: Any = {"int": "Int64", "float": "float64", "bool": "boolean", "time": "datetime64[us, UTC]"}[kind]
            columns[name] = pd.Series(values, dtype=dtype)
    made = pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)
    note = {"json": nested, "schema": msgspec.to_builtins(schema) if schema.fields else None}
    made = made.replace_schema_metadata({**(made.schema.metadata or {}), _NAME: json.dumps(note).encode()})
    with replacing(path) as part:
        pq.write_table(made, str(part))
    return log.report(path)


def _keys(keys: list[Hashable], log: Log, nested: list[str]) -> pd.Series[Any]:
    column = keys_column(keys)
    if column.dtype != object and all(not isinstance(key, str) or _encodable(key) for key in keys):
        return column
    nested.append("key")
    noted: dict[tuple[type, Hashable], str] = {}
    for key in keys:
        if (type(key), key) not in noted:
            noted[type(key), key] = json.dumps(json_key(key, log))
    return strings([noted[type(key), key] for key in keys])


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole(values: Sequence[str | None], keys: Sequence[Hashable], name: str, log: Log) -> list[str | None]:
    """The texts as Arrow can hold them: lone surrogates become U+FFFD, and the report says so."""
    known: dict[str, str] = {}
    made: list[str | None] = []
    for value, key in zip(values, keys, strict=True):
        if value is None or known.get(value) == value:
            made.append(value)
            continue
        if value not in known:
            whole = value if _encodable(value) else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            known[value] = whole
        if known[value] != value:
            log.drop(key, "", f"{name!r} holds lone surrogates; they are written as U+FFFD")
        made.append(known[value])
    return made


def read(path: StrPath) -> Reading:
    """Read a table that `write` wrote.

    Parameters
    ----------
    path : path-like
        The file.
    """
    pa, pq = _arrow()
    with Path(path).open("rb"):  # the system's own words for a file that is not there
        pass
    try:
        table = pq.read_table(os.fspath(path))
    except (pa.ArrowInvalid, pa.ArrowException) as error:
        raise FormatError(f"{os.fspath(path)} is not a Parquet file: {str(error).splitlines()[0]}") from None
    header = list(table.column_names)
    if "key" not in header or "kind" not in header:
        raise FormatError(
            f"{os.fspath(path)} has the columns {', '.join(map(repr, header[:12]))}, but not 'key' and 'kind'",
            "it is not a table of annotations; a table of texts can be labelled by giving it to the labeler",
        )
    schema, nested = _note(table, path)
    log = Log()
    columns: dict[str, list[Any]] = {}
    for name in header:
        values = _values(table.column(name), pa)
        if name in nested:
            values = [None if v is None else _parsed(v, path) for v in values]
        columns[name] = [key_of_json(v) for v in values] if name == "key" else values
    rows = (dict(zip(header, cells, strict=True)) for cells in zip(*columns.values(), strict=True))
    return reading(path, answers(enumerate(rows), log, path=os.fspath(path)), log, schema=schema)


def _values(column: Any, pa: Any) -> list[Any]:
    """The cells; equal ones of a dictionary as one object, so that a long text is held once."""
    if not pa.types.is_dictionary(column.type):
        found: list[Any] = column.to_pylist()
        return found
    column = column.unify_dictionaries().combine_chunks()
    chunks = column.chunks if hasattr(column, "chunks") else [column]
    made: list[Any] = []
    for chunk in chunks:
        known = chunk.dictionary.to_pylist()
        made += [None if at is None else known[at] for at in chunk.indices.to_pylist()]
    return made


def _note(table: Any, path: StrPath) -> tuple[Schema | None, set[str]]:
    """The schema and the names of the JSON columns, from the file's metadata."""
    raw = (table.schema.metadata or {}).get(_NAME)
    if raw is None:
        return None, set()
    note = _parsed(raw, path)
    try:
        given = note.get("schema")
        return None if given is None else msgspec.convert(given, Schema), set(note.get("json", ()))
    except (AttributeError, TypeError, msgspec.ValidationError) as error:
        raise FormatError(f"{os.fspath(path)} has a damaged schema: {error}") from None


def _parsed(text: str | bytes, path: StrPath) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{os.fspath(path)} holds damaged JSON: {error}") from None
