"""What all formats share: the registry's entry, what a file was read into, and files that are never half written."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import stat
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from ..annotations import AnyAnnotation, Choice, Relation, Span, Text
from ..errors import FormatError, InvalidAnnotation, UnknownOption
from ..records import Dropped, Item, Labelled, Report, Response, Status
from ..schema import Choices, Field, Label, Relations, Schema, Spans, Texts

__all__ = ["Format", "Log", "Meta", "Read", "Reading", "StrPath", "infer", "reading", "replacing"]

StrPath: TypeAlias = "str | os.PathLike[str]"
Meta: TypeAlias = "Mapping[tuple[Hashable, str], Mapping[str, Any]]"
"""What a format does not know, by (key, annotator): read from a file and written back into one."""

DEFAULT_FIELDS = {"span": "spans", "relation": "relations", "choice": "choices", "text": "text"}
"""The field that an annotation of each kind belongs to where a file does not say."""


class Read(msgspec.Struct, frozen=True):
    """One item of a file with what one annotator says of it.

    ``item.identity`` and ``response.item`` are empty: a source gives identities. ``meta`` holds what the format
    found and does not understand, so that it can be written back.
    """

    item: Item
    response: Response
    meta: dict[str, Any] = {}


class Reading(msgspec.Struct, frozen=True):
    """What a file holds.

    Attributes
    ----------
    items : tuple of Read
        Items in the file's order, one for each annotator.
    schema : Schema or None
        The fields and labels that occur in the file, or the whole schema where the file carries it; ``None`` if
        the file has no annotations.
    report : Report
        Counts, and what could not be read.
    """

    items: tuple[Read, ...]
    schema: Schema | None
    report: Report

    @property
    def labelled(self) -> tuple[Labelled, ...]:
        """The rows in the form that formats and tables are written from."""
        return tuple(Labelled(one.item, one.response) for one in self.items)

    @property
    def meta(self) -> dict[tuple[Hashable, str], dict[str, Any]]:
        """What the file holds besides, to be given to ``write(..., meta=reading.meta)``."""
        return {(one.item.key, one.response.annotator): one.meta for one in self.items if one.meta}


class Format(msgspec.Struct, frozen=True):
    """A kind of file that labels are written to and read from.

    Attributes
    ----------
    name : str
        What ``format=`` takes.
    title : str
        What it is, in a few words.
    suffixes : tuple of str
        File endings it is chosen by.
    module : str
        The module of `nblabel.formats` that holds its ``write`` and ``read``; loaded on first use.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    module: str

    def _function(self, name: str, options: Mapping[str, Any]) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(importlib.import_module(f".{self.module}", __package__), name)
        known = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
        for option in options:
            if option not in known:
                raise UnknownOption(option, known, f"{name} of the format {self.name!r}")
        return function

    def write(self, path: StrPath, rows: Iterable[Labelled], schema: Schema | None, **options: Any) -> Report:
        """Write ``rows`` to ``path``: the whole file or, on any failure, nothing.

        Options are those of the format's own ``write``; the report tells what the format could not carry.
        """
        function = self._function("write", options)
        try:
            report: Report = function(path, rows, Schema(()) if schema is None else schema, **options)
        except OSError as error:
            raise _of_system(path, error, "written") from error
        return report

    def read(self, path: StrPath, **options: Any) -> Reading:
        """Read ``path``. Options are those of the format's own ``read``."""
        function = self._function("read", options)
        try:
            found: Reading = function(path, **options)
        except FormatError:
            raise
        except OSError as error:
            raise _of_system(path, error, "read") from error
        except UnicodeDecodeError as error:
            raise FormatError(
                f"{os.fspath(path)} is not UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}",
                f"is it really {self.title}?",
            ) from None
        return found


def _of_system(path: StrPath, error: OSError, done: str) -> FormatError:
    hint = ""
    if isinstance(error, FileNotFoundError):
        hint = "create the folder first" if done == "written" else "check the path"
    elif isinstance(error, PermissionError):
        hint = "choose a place you may write to" if done == "written" else ""
    return FormatError(f"{os.fspath(path)} cannot be {done}: {error.strerror or error}", hint)


@contextlib.contextmanager
def replacing(path: StrPath) -> Iterator[Path]:
    """A file beside ``path`` that takes its place when the block ends well, and vanishes when it does not."""
    target = Path(os.path.realpath(path))  # a link goes on pointing at what it pointed at
    if target.is_dir():
        raise FormatError(f"{os.fspath(path)} is a folder", "give a file name")
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
    os.close(descriptor)
    part = Path(name)
    try:
        part.chmod(_mode(target))
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _mode(target: Path) -> int:
    """The permissions that ``target`` has, or that a new file would get."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask


class Log:
    """Collects what a report says."""

    def __init__(self) -> None:
        self.items = 0
        self.annotations = 0
        self._dropped: list[Dropped] = []

    def drop(self, key: Hashable, annotation: str, reason: str) -> None:
        """Note something that was not carried, or not as it was."""
        self._dropped.append(Dropped(key, annotation, reason))

    def report(self, path: StrPath = "") -> Report:
        """All that was noted."""
        return Report(self.items, self.annotations, tuple(self._dropped), os.fspath(path))

    def only(self, rows: Iterable[Labelled], statuses: Sequence[Status], *, what: str = "file") -> Iterator[Labelled]:
        """The rows with one of these statuses; the others are noted, unless nothing is said of them."""
        for row in rows:
            if row.response.status in statuses:
                yield row
            elif row.response.status != "pending" or row.response.annotations:
                self.drop(row.item.key, "", f"is {row.response.status}, so it is not in the {what}")

    def text(self, row: Labelled) -> str | None:
        """The row's text, or ``None`` with a note."""
        if isinstance(row.item.data, str) and not row.item.problem:
            return row.item.data
        self.drop(row.item.key, "", row.item.problem or f"is not a text but {type(row.item.data).__name__}")
        return None


def infer(annotations: Iterable[AnyAnnotation], *, labels: Mapping[str, Sequence[str]] = {}) -> Schema | None:
    """A schema in which these annotations are valid, fields and labels in the order they occur.

    ``labels`` are further labels of choice fields, by field. A choice field is ``multiple`` if one of them holds
    none of the labels; `reading` finds those with several answers.
    """
    kinds: dict[str, str] = {}
    found: dict[str, dict[str, None]] = {}
    for field, names in labels.items():
        kinds[field] = "choice"
        found[field] = dict.fromkeys(names)
    for a in annotations:
        if kinds.setdefault(a.field, a.kind) == a.kind:
            found.setdefault(a.field, {})
            if getattr(a, "label", ""):
                found[a.field].setdefault(str(getattr(a, "label", "")))
    has_spans = "span" in kinds.values()
    fields: dict[str, Field] = {}
    for name, kind in kinds.items():
        made = tuple(Label(label) for label in found[name] if label.strip())
        if kind == "text":
            fields[name] = Texts()
        elif kind == "span" and made:
            fields[name] = Spans(made)
        elif kind == "choice" and made:
            fields[name] = Choices(made)
        elif kind == "relation" and made and has_spans:
            fields[name] = Relations(made)
    return Schema.of(fields) if fields else None


def reading(
    path: StrPath,
    items: Sequence[Read],
    log: Log,
    *,
    schema: Schema | None = None,
    labels: Mapping[str, Sequence[str]] = {},
    multiple: Iterable[str] = (),
) -> Reading:
    """The reading of ``items``: annotations checked, the schema inferred if none is given, submitted fields filled in.

    ``labels`` are further labels of choice fields and ``multiple`` the choice fields known to take several.
    """
    checked = [_checked(one, log) for one in items]
    if schema is None:
        schema = infer((a for one in checked for a in one.response.annotations), labels=labels)
        several = set(multiple)
        for one in checked:
            fields = [a.field for a in one.response.annotations if isinstance(a, Choice)]
            several.update(field for field in fields if fields.count(field) > 1)
        if schema is not None and several:
            widened = tuple(
                msgspec.structs.replace(f, multiple=True, max=None)
                if isinstance(f, Choices) and f.name in several
                else f
                for f in schema.fields
            )
            schema = msgspec.structs.replace(schema, fields=widened)
    names = schema.names if schema is not None else ()
    done = tuple(
        msgspec.structs.replace(one, response=msgspec.structs.replace(one.response, fields=names))
        if one.response.status == "submitted" and not one.response.fields
        else one
        for one in checked
    )
    log.items = len(done)
    log.annotations = sum(len(one.response.annotations) for one in done)
    return Reading(done, schema, log.report(path))


def _checked(one: Read, log: Log) -> Read:
    """The item without annotations that are beyond its text or point to nothing."""
    response = one.response
    length = len(one.item.data) if isinstance(one.item.data, str) else None
    kept: dict[str, AnyAnnotation] = {}
    for given in response.annotations:
        a = given if given.field else msgspec.structs.replace(given, field=DEFAULT_FIELDS.get(given.kind, given.kind))
        if a.id in kept:
            log.drop(one.item.key, a.id, "has the id of another annotation")
        elif isinstance(a, Span) and length is not None and a.end > length:
            log.drop(one.item.key, a.id, f"span [{a.start}, {a.end}) is beyond the text's {length} characters")
        else:
            kept[a.id] = a
    for a in list(kept.values()):
        if isinstance(a, Relation) and not all(isinstance(kept.get(end), Span) for end in (a.head, a.child)):
            log.drop(one.item.key, a.id, "relation to a span that is not there")
            del kept[a.id]
    return msgspec.structs.replace(one, response=msgspec.structs.replace(response, annotations=tuple(kept.values())))


def converted(kind: type[Any], body: Mapping[str, Any], *, strict: bool = True) -> Any:
    """An annotation from plain values of a file; raises `InvalidAnnotation` that shows them."""
    try:
        return msgspec.convert(dict(body), kind, strict=strict)
    except (msgspec.ValidationError, InvalidAnnotation) as error:
        shown = repr(dict(body))
        raise InvalidAnnotation(shown if len(shown) <= 200 else shown[:200] + "...", str(error)) from None


TEXTUAL: tuple[type[Any], ...] = (Span, Relation, Choice, Text)
"""The kinds of annotation that formats for texts know."""
