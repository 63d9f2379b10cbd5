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

from ..annotations import (
    HUMAN,
    Annotation,
    AnyAnnotation,
    Choice,
    Keypoints,
    Polygon,
    Relation,
    Segment,
    Shape,
    Span,
    Text,
)
from ..errors import FormatError, InvalidAnnotation, UnknownOption
from ..records import Dropped, Item, Labelled, Report, Response, Status
from ..schema import (
    Attribute,
    Boxes,
    Choices,
    Field,
    Label,
    Masks,
    Polygons,
    Polylines,
    Relations,
    Schema,
    Segments,
    Skeletons,
    Spans,
    Texts,
)

__all__ = [
    "FILE",
    "Format",
    "Log",
    "Meta",
    "Read",
    "Reading",
    "StrPath",
    "beyond",
    "default_field",
    "infer",
    "reading",
    "replacing",
    "sort_of",
    "titled",
]

StrPath: TypeAlias = "str | os.PathLike[str]"
Meta: TypeAlias = "Mapping[tuple[Hashable, str], Mapping[str, Any]]"
"""What a format does not know, by (key, annotator): read from a file and written back into one."""

FILE: tuple[Hashable, str] = (None, "")
"""Where `Meta` holds what belongs to no item but to the file."""

DEFAULT_FIELDS = {
    "span": "spans",
    "relation": "relations",
    "choice": "choices",
    "text": "text",
    "box": "boxes",
    "polygon": "polygons",
    "polyline": "polylines",
    "keypoints": "keypoints",
    "mask": "masks",
    "segment": "segments",
}
"""The field that an annotation of each sort belongs to where a file does not say."""


def sort_of(a: Annotation) -> str:
    """The kind of an annotation, but ``polyline`` for open polygons: what different fields are asked for."""
    return "polyline" if isinstance(a, Polygon) and not a.closed else a.kind


def default_field(a: Annotation) -> str:
    """The field that an annotation belongs to where a file does not say."""
    return DEFAULT_FIELDS.get(sort_of(a), a.kind)


def titled(a: Annotation) -> str:
    """How reports name an annotation."""
    label = getattr(a, "label", "")
    return f"{sort_of(a)} {label!r}" if label else sort_of(a)


def beyond(a: Annotation, *held: str) -> list[str]:
    """What an annotation has besides its place and label, but for what is ``held``."""
    found = {
        "attributes": bool(a.attributes),
        "score": a.score is not None,
        "source": a.source != HUMAN,
    }
    if isinstance(a, Shape):
        found |= {"z": a.z != 0, "group": bool(a.group), "occluded": a.occluded}
    if isinstance(a, Segment):
        found |= {"channel": a.channel is not None, "frequency": a.low is not None or a.high is not None}
    return [name for name, known in found.items() if known and name not in held]


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
    file : dict
        What the file holds besides its items and is not understood.
    """

    items: tuple[Read, ...]
    schema: Schema | None
    report: Report
    file: dict[str, Any] = {}

    @property
    def labelled(self) -> tuple[Labelled, ...]:
        """The rows in the form that formats and tables are written from."""
        return tuple(Labelled(one.item, one.response) for one in self.items)

    @property
    def meta(self) -> dict[tuple[Hashable, str], dict[str, Any]]:
        """What the file holds besides, to be given to ``write(..., meta=reading.meta)``."""
        made = {(one.item.key, one.response.annotator): one.meta for one in self.items if one.meta}
        return {FILE: self.file, **made} if self.file else made


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
    folder : bool
        Whether it is a folder of files, with one for each item.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    module: str
    folder: bool = False

    def _function(self, name: str, options: Mapping[str, Any]) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(importlib.import_module(f".{self.module}", __package__), name)
        known = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
        for option in options:
            if option not in known:
                raise UnknownOption(option, known, f"{name} of the format {self.name!r}")
        return function

    def takes(self, option: str) -> bool:
        """Whether ``read`` has this option."""
        module = importlib.import_module(f".{self.module}", __package__)
        return option in inspect.signature(module.read).parameters

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

    def part(self, key: Hashable, a: Annotation, lost: Sequence[str], *, what: str = "") -> None:
        """Note what of an annotation was not written, if anything."""
        if lost:
            self.drop(key, a.id, f"{what or titled(a)}: {', '.join(lost)} not written")

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


def infer(
    annotations: Iterable[AnyAnnotation],
    *,
    labels: Mapping[str, Sequence[str | Label]] = {},
    skeletons: Mapping[str, Skeletons] = {},
    sorts: Mapping[str, str] = {},
) -> Schema | None:
    """A schema in which these annotations are valid, fields and labels in the order they occur.

    ``labels`` are further labels by field, ``skeletons`` the points and edges of keypoints by field, and ``sorts`` what
    fields are asked for (see `sort_of`): choices where neither says it nor an annotation. A choice field is
    ``multiple`` if one of them holds none of the labels; `reading` finds those with several answers.
    """
    sorts = dict(sorts)
    found: dict[str, dict[str, Label | None]] = {}
    examples: dict[str, Annotation] = {}
    heard: dict[str, set[str]] = {}  # what segments of a field have besides
    attributes: dict[tuple[str, str], dict[str, Attribute]] = {}
    for name, given in labels.items():
        found[name] = {
            one.name if isinstance(one, Label) else one: one if isinstance(one, Label) else None for one in given
        }
    for a in annotations:
        if sorts.setdefault(a.field, sort_of(a)) != sort_of(a):
            continue
        examples.setdefault(a.field, a)
        if isinstance(a, Segment):
            bounded = a.low is not None or a.high is not None
            more = ({"transcript"} if a.text else set()) | ({"frequency"} if bounded else set())
            heard.setdefault(a.field, set()).update(more)
        known = found.setdefault(a.field, {})
        label = str(getattr(a, "label", ""))
        if label:
            known.setdefault(label)
        for attribute, value in a.attributes.items():
            own = attributes.setdefault((a.field, label), {})
            own[attribute] = _attribute(attribute, value, own.get(attribute))
    order = dict.fromkeys([*labels, *skeletons, *sorts])
    has_spans = "span" in sorts.values()
    fields: dict[str, Field] = {}
    for name in order:
        sort = sorts.get(name, "keypoints" if name in skeletons else "choice")
        made = tuple(
            _label(known or Label(label), attributes.get((name, label), {}))
            for label, known in found.get(name, {}).items()
            if label.strip()
        )
        if sort == "text":
            fields[name] = Texts()
        elif sort == "segment":
            more = heard.get(name, set())
            fields[name] = Segments(made, transcript="transcript" in more, frequency="frequency" in more)
        elif not made or (sort == "relation" and not has_spans):
            continue
        elif sort == "keypoints":
            fields[name] = _skeletons(made, skeletons.get(name), examples.get(name))
        elif sort in _FIELDS:
            fields[name] = _FIELDS[sort](made)
    return Schema.of(fields) if fields else None


_FIELDS: dict[str, Callable[[tuple[Label, ...]], Field]] = {
    "span": Spans,
    "choice": Choices,
    "relation": Relations,
    "box": Boxes,
    "polygon": Polygons,
    "polyline": Polylines,
    "mask": Masks,
}


def _skeletons(labels: tuple[Label, ...], known: Skeletons | None, example: Annotation | None) -> Skeletons:
    if known is not None:
        return Skeletons(labels, points=known.points, edges=known.edges)
    n = len(example.points) if isinstance(example, Keypoints) else 1
    return Skeletons(labels, points=tuple(str(k + 1) for k in range(n)) if n > 1 else ())


def _attribute(name: str, value: Any, known: Attribute | None) -> Attribute:
    """What an attribute must be so that this value, and those that were seen before, may stand for it."""
    if value is None:
        return known or Attribute(name)
    sort = "bool" if isinstance(value, bool) else "number" if isinstance(value, (int, float)) else "text"
    if isinstance(value, list) or (known is not None and (known.type == "choice" or known.type != sort)):
        options = known.options if known is not None else ()
        seen = value if isinstance(value, list) else [value]
        return Attribute(name, "choice", tuple(dict.fromkeys([*options, *(str(one) for one in seen)])))
    return Attribute(name, sort)  # type: ignore[arg-type]


def _label(label: Label, attributes: Mapping[str, Attribute]) -> Label:
    known = {one.name for one in label.attributes}
    more = tuple(one for name, one in attributes.items() if name not in known)
    return msgspec.structs.replace(label, attributes=(*label.attributes, *more)) if more else label


def reading(
    path: StrPath,
    items: Sequence[Read],
    log: Log,
    *,
    schema: Schema | None = None,
    labels: Mapping[str, Sequence[str | Label]] = {},
    skeletons: Mapping[str, Skeletons] = {},
    sorts: Mapping[str, str] = {},
    multiple: Iterable[str] = (),
    file: dict[str, Any] | None = None,
) -> Reading:
    """The reading of ``items``: annotations checked, the schema inferred if none is given, submitted fields filled in.

    ``labels``, ``skeletons`` and ``sorts`` are those of `infer`, ``multiple`` the choice fields known to take several,
    and ``file`` what belongs to no item.
    """
    checked = [_checked(one, log) for one in items]
    if schema is None:
        given = (a for one in checked for a in (*one.response.annotations, *one.item.prelabels))
        schema = infer(given, labels=labels, skeletons=skeletons, sorts=sorts)
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
    return Reading(done, schema, log.report(path), file or {})


def _checked(one: Read, log: Log) -> Read:
    """The item without annotations that are beyond its text or point to nothing."""
    response = one.response
    length = len(one.item.data) if isinstance(one.item.data, str) else None
    kept: dict[str, AnyAnnotation] = {}
    for given in response.annotations:
        a = given if given.field else msgspec.structs.replace(given, field=default_field(given))
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
