"""The tables as they are now. How a database gets there is in :mod:`nblabel.store.migrations`.

Rows of ``response`` and ``annotation`` are derived from ``event``: the fold of the log, kept so that the
current state is one indexed read. Annotations have rows of their own because an edit must cost its own size,
not the item's, and because labels are looked up.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, String, Table, Text

from .names import Escaped

__all__ = [
    "annotation",
    "bookmark",
    "dataset",
    "event",
    "long_name",
    "meta",
    "metadata",
    "response",
    "schema",
    "trace",
]

metadata = MetaData()

# Bytes, not a language's rules, decide what is equal and what comes first.
_NAME = String(200).with_variant(String(200, collation="C"), "postgresql")
_BODY = Text()

meta = Table(
    "meta",
    metadata,
    Column("name", _NAME, primary_key=True),
    Column("value", Text, nullable=False),
)

long_name = Table(
    "long_name",
    metadata,
    Column("name", _NAME, primary_key=True),
    Column("value", Escaped, nullable=False),
)

dataset = Table(
    "dataset",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", _NAME, nullable=False, unique=True),
    Column("last_seq", BigInteger, nullable=False),
)

schema = Table(
    "schema",
    metadata,
    Column("dataset", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", _NAME, nullable=False),
    Column("body", _BODY, nullable=False),
    sqlite_with_rowid=False,
)

# With rowids: SQLite would walk a clustered key by its first column rather than use these indexes.
event = Table(
    "event",
    metadata,
    Column("dataset", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", _NAME, nullable=False),
    Column("item", _NAME, nullable=False),
    Column("annotator", _NAME, nullable=False),
    Column("action", _NAME, nullable=False),
    Column("at", Double, nullable=False),
    Column("body", _BODY, nullable=False),
    Column("inverse", _BODY, nullable=False),
    # Not the id alone: random ids may meet by chance, and then both events are somebody's work.
    Index("event_by_id", "dataset", "id", "annotator", "item", unique=True),
    Index("event_by_annotator", "dataset", "annotator", "seq"),
    Index("event_by_item", "dataset", "item", "annotator", "seq"),
)

response = Table(
    "response",
    metadata,
    Column("dataset", Integer, primary_key=True, autoincrement=False),
    Column("annotator", _NAME, primary_key=True),
    Column("item", _NAME, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("next_place", BigInteger, nullable=False),
    Column("status", _NAME, nullable=False),
    Column("flagged", Boolean, nullable=False),
    Column("comment", Escaped, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("fields", _BODY, nullable=False),
    Column("key", Escaped, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("content", Escaped, nullable=False),
    Column("model", Escaped, nullable=False),
    Index("response_by_item", "dataset", "item"),
)

annotation = Table(
    "annotation",
    metadata,
    Column("dataset", Integer, primary_key=True, autoincrement=False),
    Column("annotator", _NAME, primary_key=True),
    Column("item", _NAME, primary_key=True),
    Column("id", _NAME, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("label", _NAME, nullable=True),
    Column("body", _BODY, nullable=False),
    Index("annotation_by_label", "dataset", "annotator", "label", "item"),
    sqlite_with_rowid=False,
)

bookmark = Table(
    "bookmark",
    metadata,
    Column("dataset", Integer, primary_key=True, autoincrement=False),
    Column("annotator", _NAME, primary_key=True),
    Column("item", Escaped, nullable=False),
    Column("position", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What models did: shown suggestions and what became of them, trainings. Nothing is derived from it.
trace = Table(
    "trace",
    metadata,
    Column("dataset", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", _NAME, nullable=False),
    Column("kind", _NAME, nullable=False),
    Column("annotator", _NAME, nullable=False),
    Column("item", _NAME, nullable=False),
    Column("at", Double, nullable=False),
    Column("body", _BODY, nullable=False),
    Index("trace_by_id", "dataset", "id", unique=True),
    Index("trace_by_kind", "dataset", "kind", "annotator", "seq"),
)
