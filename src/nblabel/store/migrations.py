"""How a database comes to the tables of :mod:`nblabel.store.tables`, step by step.

Each step is a function that is never changed once released; a database says in its ``meta`` table how many it
has been through. All missing steps run in one transaction, so that a failure leaves what was there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
    update,
)

from ..errors import StoreError
from .tables import meta, metadata

__all__ = ["MIGRATIONS", "inspect_version", "migrate", "read_id"]

APPLICATION = "nblabel"
LOCKS = 0x6E626C62
"""First key of our advisory locks on PostgreSQL ("nblb")."""


def _first(connection: Connection) -> None:
    """Event log, responses, schema versions, bookmarks."""
    name = String(200).with_variant(String(200, collation="C"), "postgresql")
    made = MetaData()

    def of_dataset(*columns: str) -> list[Column[object]]:
        first: list[Column[object]] = [Column("dataset", Integer, primary_key=True, autoincrement=False)]
        return first + [Column(column, name, primary_key=True) for column in columns]

    Table("meta", made, Column("name", name, primary_key=True), Column("value", Text, nullable=False))
    Table("long_name", made, Column("name", name, primary_key=True), Column("value", Text, nullable=False))
    Table(
        "dataset",
        made,
        Column("id", Integer, primary_key=True),
        Column("name", name, nullable=False, unique=True),
        Column("last_seq", BigInteger, nullable=False),
    )
    Table(
        "schema",
        made,
        *of_dataset(),
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("digest", name, nullable=False),
        Column("body", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    Table(
        "event",
        made,
        *of_dataset(),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("id", name, nullable=False),
        Column("item", name, nullable=False),
        Column("annotator", name, nullable=False),
        Column("action", name, nullable=False),
        Column("at", Double, nullable=False),
        Column("body", Text, nullable=False),
        Column("inverse", Text, nullable=False),
        Index("event_by_id", "dataset", "id", "annotator", "item", unique=True),
        Index("event_by_annotator", "dataset", "annotator", "seq"),
        Index("event_by_item", "dataset", "item", "annotator", "seq"),
    )
    Table(
        "response",
        made,
        *of_dataset("annotator", "item"),
        Column("seq", BigInteger, nullable=False),
        Column("next_place", BigInteger, nullable=False),
        Column("status", name, nullable=False),
        Column("flagged", Boolean, nullable=False),
        Column("comment", Text, nullable=False),
        Column("seconds", Double, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("updated_at", Double, nullable=False),
        Column("schema_version", Integer, nullable=False),
        Column("fields", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("content", Text, nullable=False),
        Index("response_by_item", "dataset", "item"),
    )
    Table(
        "annotation",
        made,
        *of_dataset("annotator", "item", "id"),
        Column("place", BigInteger, nullable=False),
        Column("label", name, nullable=True),
        Column("body", Text, nullable=False),
        Index("annotation_by_label", "dataset", "annotator", "label", "item"),
        sqlite_with_rowid=False,
    )
    Table(
        "bookmark",
        made,
        *of_dataset("annotator"),
        Column("item", Text, nullable=False),
        Column("position", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    made.create_all(connection, checkfirst=False)
    rows = {"application": APPLICATION, "id": uuid.uuid4().hex, "version": "0"}
    connection.execute(insert(meta), [{"name": key, "value": value} for key, value in rows.items()])


def _second(connection: Connection) -> None:
    """Whose suggestions a response was taken from in bulk, and what models did."""
    connection.exec_driver_sql("ALTER TABLE response ADD COLUMN model TEXT NOT NULL DEFAULT ''")
    name = String(200).with_variant(String(200, collation="C"), "postgresql")
    made = MetaData()
    Table(
        "trace",
        made,
        Column("dataset", Integer, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("id", name, nullable=False),
        Column("kind", name, nullable=False),
        Column("annotator", name, nullable=False),
        Column("item", name, nullable=False),
        Column("at", Double, nullable=False),
        Column("body", Text, nullable=False),
        Index("trace_by_id", "dataset", "id", unique=True),
        Index("trace_by_kind", "dataset", "kind", "annotator", "seq"),
    )
    made.create_all(connection, checkfirst=False)


Step = Callable[[Connection], None]
MIGRATIONS: tuple[Step, ...] = (_first, _second)


def _about(connection: Connection) -> dict[str, str]:
    """The rows of the ``meta`` table, or nothing if it is not ours."""
    columns = {column["name"] for column in inspect(connection).get_columns("meta")}
    if not {"name", "value"} <= columns:
        return {}
    return {row.name: row.value for row in connection.execute(select(meta.c.name, meta.c.value))}


def inspect_version(connection: Connection, place: str, steps: Sequence[Step] = MIGRATIONS) -> int:
    """How many steps the database has been through; 0 if it is empty.

    Raises
    ------
    StoreError
        If it belongs to something else, or to a newer nblabel.
    """
    there = set(inspect(connection).get_table_names())
    if not there:
        return 0
    about = _about(connection) if "meta" in there else {}
    if about.get("application") != APPLICATION:
        ours = there & set(metadata.tables)
        if connection.dialect.name == "sqlite":
            raise StoreError(
                f"{place} is a database of something else",
                "give the path of a new file, or of one that nblabel made",
            )
        if ours:
            raise StoreError(
                f"{place} has a table {min(ours)!r} that nblabel did not make",
                "give nblabel a database or a search_path of its own",
            )
        return 0
    version = about.get("version", "")
    if not version.isdecimal():
        raise StoreError(f"{place} is damaged: its version is {version!r}")
    if int(version) > len(steps):
        raise StoreError(
            f"{place} was made by a newer nblabel (layout {version}; this one knows layouts up to {len(steps)})",
            "pip install --upgrade nblabel",
        )
    return int(version)


def migrate(connection: Connection, place: str, steps: Sequence[Step] = MIGRATIONS) -> None:
    """Run the steps that are missing, inside the transaction that the connection has begun.

    The lock makes a second process wait; it then finds nothing left to do.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(LOCKS, -1)))
    version = inspect_version(connection, place, steps)
    for step in steps[version:]:
        step(connection)
    if version < len(steps):
        connection.execute(update(meta).where(meta.c.name == "version").values(value=str(len(steps))))


def read_id(connection: Connection) -> str:
    """The id that the database was given when it was made."""
    return str(connection.execute(select(meta.c.value).where(meta.c.name == "id")).scalar_one())
