"""Answers as tidy pandas frames: one row an annotation, and one row a response."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from ..annotations import KINDS, Annotation, Span
from ..records import Labelled
from ..schema import Schema

__all__ = [
    "annotation_columns",
    "annotations_frame",
    "keys_column",
    "kind_of_type",
    "responses_frame",
    "strings",
    "times",
]

_COMMON = ("key", "annotator", "id", "field", "kind", "label", "score", "source")
_SHARED = frozenset(("id", "field", "label", "score", "source", "attributes"))
_RESPONSE = (
    "key",
    "annotator",
    "status",
    "flagged",
    "comment",
    "seconds",
    "created_at",
    "updated_at",
    "schema_version",
    "model",
)


def annotations_frame(rows: Iterable[Labelled], schema: Schema | None = None) -> pd.DataFrame:
    """One row an annotation.

    The columns are ``key, annotator, id, field, kind, label, score, source``, then those of the kinds of annotation
    that the schema asks for or that occur (spans: ``start, end, text``, the text they cover), then attributes as
    ``attr.<name>``. The dtypes do not depend on how many rows there are.

    Examples
    --------
    >>> from nblabel.annotations import Span
    >>> from nblabel.records import Item, Response
    >>> row = Labelled(Item(7, "Ada Lovelace"), Response("", "ann", "submitted", (Span(0, 3, "PERSON", id="a"),)))
    >>> annotations_frame([row])[["key", "kind", "label", "start", "end", "text"]].values.tolist()
    [[7, 'span', 'PERSON', 0, 3, 'Ada']]
    """
    columns, types = annotation_columns(rows, schema)
    return pd.DataFrame({name: _series(values, types[name]) for name, values in columns.items()})


def annotation_columns(
    rows: Iterable[Labelled], schema: Schema | None = None
) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """The columns of `annotations_frame` as lists, and what each holds: str, int, float, bool, key or object."""
    held = [(row, a) for row in rows for a in row.response.annotations]
    kinds = dict.fromkeys(field.annotation for field in schema.fields) if schema is not None else {}
    kinds.update(dict.fromkeys(a.kind for _, a in held))
    own = _own_columns(kinds)
    attributes: dict[str, str] = {}
    if schema is not None:
        for field in schema.fields:
            for label in field.get_labels():
                for attribute in label.attributes:
                    kind = {"text": "str", "number": "float", "bool": "bool"}.get(attribute.type, "object")
                    attributes[attribute.name] = _widest(attributes.get(attribute.name, kind), kind)
    for _, a in held:
        for name, value in a.attributes.items():
            kind = _kind_of(value)
            if kind:
                attributes[name] = _widest(attributes.get(name, kind), kind)

    types = {"key": "key", "score": "float"} | {name: "str" for name in _COMMON if name not in ("key", "score")}
    types = {name: types[name] for name in _COMMON} | own
    columns: dict[str, list[Any]] = {name: [] for name in types}
    for row, a in held:
        columns["key"].append(row.item.key)
        columns["annotator"].append(row.response.annotator)
        columns["kind"].append(a.kind)
        for name in ("id", "field", "score", "source"):
            columns[name].append(getattr(a, name))
        columns["label"].append(getattr(a, "label", None))
        for name in own:
            columns[name].append(_value(row, a, name))
    for name, kind in attributes.items():
        columns[f"attr.{name}"] = [a.attributes.get(name) for _, a in held]
        types[f"attr.{name}"] = kind
    return columns, types


def _own_columns(kinds: Iterable[str]) -> dict[str, str]:
    """The kinds' own columns in their natural order."""
    own: dict[str, str] = {}
    for kind in kinds:
        cls = KINDS.get(kind)
        if cls is None:
            continue
        for member in msgspec.structs.fields(cls):
            if member.name not in _SHARED:
                kind = kind_of_type(member.type)
                own[member.name] = _widest(own.get(member.name, kind), kind)
        if cls is Span:
            own["text"] = "str"
    return own


def kind_of_type(hint: Any) -> str:
    """What a column of values of this type holds: str, int, float, bool or object."""
    names = {int: "int", float: "float", str: "str", bool: "bool", int | None: "int", float | None: "float"}
    return names.get(hint, "object")


def _kind_of(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "int" if isinstance(value, int) else "float"
    return "str" if isinstance(value, str) else "object"


def _widest(one: str, other: str) -> str:
    if one == other:
        return one
    return "float" if {one, other} == {"int", "float"} else "object"


def _value(row: Labelled, a: Annotation, name: str) -> Any:
    if name == "text" and isinstance(a, Span):
        data = row.item.data
        return data[a.start : a.end] if isinstance(data, str) else None
    return getattr(a, name, None)


def responses_frame(rows: Iterable[Labelled]) -> pd.DataFrame:
    """One row for each item and annotator, with times in UTC; ``model`` is the source of answers taken in bulk.

    Examples
    --------
    >>> from nblabel.records import Item, Response
    >>> frame = responses_frame([Labelled(Item("a", "..."), Response("", "ann", "submitted", seconds=2.5))])
    >>> frame[["key", "annotator", "status", "seconds"]].values.tolist()
    [['a', 'ann', 'submitted', 2.5]]
    """
    held = list(rows)
    said = [row.response for row in held]
    columns = {
        "key": keys_column([row.item.key for row in held]),
        "annotator": strings([r.annotator for r in said]),
        "status": strings([r.status for r in said]),
        "flagged": pd.Series([r.flagged for r in said], dtype="bool"),
        "comment": strings([r.comment for r in said]),
        "seconds": pd.Series([r.seconds for r in said], dtype="float64"),
        "created_at": times([r.created_at for r in said]),
        "updated_at": times([r.updated_at for r in said]),
        "schema_version": pd.Series([r.schema_version for r in said], dtype="Int64"),
        "model": strings([r.model for r in said]),
    }
    return pd.DataFrame({name: columns[name] for name in _RESPONSE})


def times(seconds: Sequence[float]) -> pd.Series[Any]:
    """POSIX seconds as UTC timestamps; 0 is no time."""
    micros = np.array([round(s * 1e6) if s > 0 else np.iinfo(np.int64).min for s in seconds], dtype="int64")
    return pd.Series(micros.view("datetime64[us]")).dt.tz_localize("UTC")


def strings(values: Sequence[str | None]) -> pd.Series[Any]:
    """A column of strings in pandas' own string dtype, also where a text holds lone surrogates (Arrow refuses them)."""
    if int(pd.__version__.split(".")[0]) < 3:
        return pd.Series(values, dtype="string[python]")
    try:
        return pd.Series(values, dtype="str")
    except UnicodeEncodeError:
        return pd.Series(values, dtype=pd.StringDtype("python", na_value=np.nan))


def _series(values: list[Any], kind: str) -> pd.Series[Any]:
    if kind == "key":
        return keys_column(values)
    if kind == "str":
        return strings(values)
    if kind == "object":
        return _objects(values)
    return pd.Series(values, dtype={"int": "Int64", "float": "float64", "bool": "boolean"}[kind])


def _objects(values: Sequence[Any]) -> pd.Series[Any]:
    cells = np.empty(len(values), dtype=object)  # filled one by one: lists and tuples stay cells
    for n, value in enumerate(values):
        cells[n] = value
    return pd.Series(cells, dtype=object)


def keys_column(keys: list[Hashable]) -> pd.Series[Any]:
    """Keys in their own type, so that joins find them: never ints as floats, never tuples as columns."""
    types = {type(key) for key in keys}
    if types and all(issubclass(t, (int, np.integer)) and t is not bool for t in types):
        try:
            return pd.Series([int(key) for key in keys], dtype="int64")  # type: ignore[call-overload]
        except OverflowError:
            return _objects(keys)
    if types == {str}:
        return strings(keys)  # type: ignore[arg-type]
    if len(types) == 1 and types <= {pd.Timestamp, float, np.float64}:
        return pd.Series(keys)
    return _objects(keys)
