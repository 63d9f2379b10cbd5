"""How answers stand in the cells of a user's frame: labels, lists of labels, lists of spans, texts.

=================  =========================================================================
field              value of the cell
=================  =========================================================================
``Choices``        the label, in the type of the column; a list of labels with ``multiple``
``Spans``          a list of ``(start, end, label)``
``Relations``      a list of ``{"head": (start, end), "child": (start, end), "label": label}``
``Texts``          the text
shapes             a list of dicts: ``{"x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0, "label": label}``,
                   ``{"points": [(x, y), ...], "label": label}``, ``{"size": (height, width), "counts": [...], ...}``
=================  =========================================================================

Lists are also read from dicts, arrays, and the texts that they become in a CSV file.
"""

from __future__ import annotations

import ast
import hashlib
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from ..annotations import KINDS, Annotation, AnyAnnotation, Choice, Relation, Segment, Shape, Span, Text
from ..errors import InvalidAnnotation, SourceError
from ..schema import AnyField, Choices, Extent, Relations, Schema, Segments, Spans, Texts
from .keys import plain
from .tables import is_missing

__all__ = ["MISSING", "Codec", "Unfit", "codec", "is_blank", "number"]

MISSING: Any = object()
"""Nothing to write: the cell is to hold its column's missing value."""

Place: TypeAlias = tuple[int, int, str]
_LONGEST = 5_000_000


class Unfit(Exception):
    """A value is not an answer to its field."""


def is_blank(value: Any) -> bool:
    """Whether a cell holds no answer: a missing value or an empty text."""
    return is_missing(value) or (isinstance(value, str) and not value)


def number(text: str) -> float | None:
    """The number that a label is, if it is one."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) and "_" not in text else None


class Codec(ABC):
    """Reads and writes the cells of one field."""

    nested = True
    """Whether cells hold lists."""

    def __init__(self, field: AnyField) -> None:
        self.field = field
        self.name = field.name
        self._rules = Schema((field,))

    def decode(self, raw: Any, *, spans: Sequence[Span] = (), extent: Extent = None) -> tuple[AnyAnnotation, ...]:
        """The annotations of a cell that is not blank; raises `Unfit`.

        ``spans`` are those of the same row, which relations connect; ``extent`` is that of the item.
        """
        try:
            made = self._decode(plain(raw), spans)
            if not isinstance(self.field, Relations):
                self._rules.check(made, extent=extent)
        except InvalidAnnotation as error:
            raise Unfit(error.rule) from None
        except (TypeError, ValueError, OverflowError) as error:
            raise Unfit(str(error)) from None
        return made

    def good(self, raw: Any, *, spans: Sequence[Span] = (), extent: Extent = None) -> bool:
        """Whether a cell that is not blank is an answer."""
        try:
            self.decode(raw, spans=spans, extent=extent)
        except Unfit:
            return False
        return True

    @abstractmethod
    def _decode(self, raw: Any, spans: Sequence[Span]) -> tuple[AnyAnnotation, ...]:
        """The same without the schema's rules."""

    @abstractmethod
    def encode(self, annotations: Sequence[AnyAnnotation], spans: Sequence[Span] = ()) -> Any:
        """What a cell holds for these annotations of the field, or `MISSING`."""

    @abstractmethod
    def shape(self, annotations: Iterable[AnyAnnotation], spans: Sequence[Span] = ()) -> tuple[Any, ...]:
        """What the annotations say, in one order and without ids: equal for equal answers."""

    def fits(self, series: pd.Series[Any]) -> npt.NDArray[np.bool_] | None:
        """Which cells hold answers, where that can be told without looking at each."""
        return None

    def _id(self, *said: Any) -> str:
        """The same id for the same answer, so that reading twice gives the same annotations."""
        text = "\x1f".join([self.name, *map(str, said)])
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def codec(field: AnyField) -> Codec:
    """The reader and writer of a field's cells."""
    if isinstance(field, Choices):
        return _Several(field) if field.multiple else _Single(field)
    if isinstance(field, Spans):
        return _Spans(field)
    if isinstance(field, Relations):
        return _Relations(field)
    if isinstance(field, Texts):
        return _Texts(field)
    if isinstance(field, Segments):
        return _Segments(field)
    if issubclass(KINDS[field.annotation], Shape):
        return _Shapes(field)
    raise SourceError(f"answers to the field {field.name!r} cannot stand in a column", "use lab.df or lab.annotations")


def _entries(raw: Any) -> list[Any]:
    """The entries of a list, an array, or the text of one."""
    if isinstance(raw, str):
        raw = _parsed(raw)
    if isinstance(raw, np.ndarray):
        raw = raw.tolist()
    if isinstance(raw, (list, tuple)):
        return list(raw)
    if isinstance(raw, (set, frozenset)):
        return sorted(raw, key=str)
    raise Unfit(f"a {type(raw).__name__} is not a list")


def _parsed(text: str) -> Any:
    """What a list has become in a CSV file: JSON, or Python's way of writing it."""
    if len(text) > _LONGEST:
        raise Unfit("the text is too long to be a list")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise Unfit("the text is not a list") from None


# ---- choices -----------------------------------------------------------------------------------------


class _Labels:
    """Which raw values mean which label: 1, 1.0 and "1" are the label "1"."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self.order = {name: at for at, name in enumerate(self.names)}
        self._numbers = {found: name for name in reversed(self.names) if (found := number(name)) is not None}

    def of(self, raw: Any) -> str | None:
        """The label that a value means."""
        if isinstance(raw, (list, tuple, dict, set)):
            return None
        text = str(raw)
        if text in self.order:
            return text
        return self._numbers.get(raw) if isinstance(raw, (int, float)) and not isinstance(raw, bool) else None

    @property
    def words(self) -> bool:
        """Whether only a text can mean one of them."""
        return not self._numbers and "True" not in self.order and "False" not in self.order

    @property
    def numbers(self) -> list[float]:
        """The labels that are numbers."""
        return list(self._numbers)


class _Single(Codec):
    """One label in a cell."""

    nested = False

    def __init__(self, field: AnyField) -> None:
        super().__init__(field)
        self.labels = _Labels(label.name for label in field.get_labels())

    def _decode(self, raw: Any, spans: Sequence[Span]) -> tuple[AnyAnnotation, ...]:
        label = self.labels.of(raw)
        if label is None:
            raise Unfit("not a label of the schema")
        return (Choice(label, field=self.name, id=self._id(label)),)

    def encode(self, annotations: Sequence[AnyAnnotation], spans: Sequence[Span] = ()) -> Any:
        return next((a.label for a in annotations if isinstance(a, Choice)), MISSING)

    def shape(self, annotations: Iterable[AnyAnnotation], spans: Sequence[Span] = ()) -> tuple[Any, ...]:
        return tuple(sorted(a.label for a in annotations if isinstance(a, Choice)))

    def fits(self, series: pd.Series[Any]) -> npt.NDArray[np.bool_] | None:
        dtype = series.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            good = [self.labels.of(plain(one)) is not None for one in dtype.categories]
            codes = np.asarray(series.cat.codes)
            made: npt.NDArray[np.bool_] = np.append(np.array(good, dtype=bool), False)[codes]  # -1 is a gap
            return made
        if pd.api.types.is_bool_dtype(dtype):
            wanted: list[Any] = [value for value in (True, False) if str(value) in self.labels.names]
        elif pd.api.types.is_numeric_dtype(dtype):
            wanted = list(self.labels.numbers)
        elif isinstance(dtype, pd.StringDtype) or (dtype.kind == "O" and self.labels.words):
            wanted = list(self.labels.names)
        else:
            return None  # one by one: True is found among numbers as 1
        if not wanted:
            return np.zeros(len(series), dtype=bool)
        try:
            return series.isin(wanted).to_numpy(dtype=bool)
        except (TypeError, ValueError, OverflowError):  # a list among the values, or labels too large for the type
            return None


class _Several(Codec):
    """A list of labels in a cell."""

    def __init__(self, field: AnyField) -> None:
        super().__init__(field)
        self.labels = _Labels(label.name for label in field.get_labels())

    def _decode(self, raw: Any, spans: Sequence[Span]) -> tuple[AnyAnnotation, ...]:
        alone = self.labels.of(raw) if not isinstance(raw, (list, tuple)) else None
        given = [alone] if alone is not None else [self.labels.of(plain(one)) for one in _entries(raw)]
        if None in given:
            raise Unfit("not labels of the schema")
        return tuple(Choice(str(one), field=self.name, id=self._id(one)) for one in dict.fromkeys(given))

    def good(self, raw: Any, *, spans: Sequence[Span] = (), extent: Extent = None) -> bool:
        if type(raw) is list and all(type(one) is str and one in self.labels.order for one in raw):
            return True
        return super().good(raw, spans=spans, extent=extent)

    def encode(self, annotations: Sequence[AnyAnnotation], spans: Sequence[Span] = ()) -> Any:
        return list(self.shape(annotations))

    def shape(self, annotations: Iterable[AnyAnnotation], spans: Sequence[Span] = ()) -> tuple[Any, ...]:
        order = self.labels.order
        return tuple(
            sorted({a.label for a in annotations if isinstance(a, Choice)}, key=lambda one: order.get(one, -1))
        )


# ---- spans and relations -----------------------------------------------------------------------------


def _integer(value: Any) -> int:
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise Unfit(f"{value!r} is not an offset")
    return int(value)


class _Spans(Codec):
    """A list of ``(start, end, label)`` in a cell."""

    def __init__(self, field: AnyField) -> None:
        super().__init__(field)
        self._labels = {label.name for label in field.get_labels()}

    def _decode(self, raw: Any, spans: Sequence[Span]) -> tuple[AnyAnnotation, ...]:
        labels = [label.name for label in self.field.get_labels()]
        entries = [raw] if isinstance(raw, Mapping) else _entries(raw)
        if entries and all(not isinstance(one, (Mapping, list, tuple, np.ndarray, Span)) for one in entries):
            entries = [entries]  # a lone (start, end, label)
        made, seen = [], Counter[Place]()
        for one in entries:
            place = _place(one, labels)
            made.append(Span(*place, field=self.name, id=self._id(*place, seen[place])))
            seen[place] += 1
        return tuple(made)

    def encode(self, annotations: Sequence[AnyAnnotation], spans: Sequence[Span] = ()) -> Any:
        return list(self.shape(annotations))

    def shape(self, annotations: Iterable[AnyAnnotation], spans: Sequence[Span] = ()) -> tuple[Any, ...]:
        return tuple(sorted((a.start, a.end, a.label) for a in annotations if isinstance(a, Span)))

    def good(self, raw: Any, *, spans: Sequence[Span] = (), extent: Extent = None) -> bool:
        if type(raw) is list and self._plainly(raw, extent if isinstance(extent, int) else 2**53):
            return True
        return super().good(raw, spans=spans, extent=extent)

    def _plainly(self, raw: list[Any], length: int) -> bool:
        """Whether it is beyond doubt; a million rows are looked at when a labeler opens."""
        if len(raw) > 1 and not getattr(self.field, "overlap", True):
            return False
        for one in raw:
            if type(one) is not tuple or len(one) != 3:
                return False
            start, end, label = one
            if (
                type(start) is not int
                or type(end) is not int
                or label not in self._labels
                or not 0 <= start < end <= length
            ):
                return False
        return True


def _place(one: Any, labels: Sequence[str] = ()) -> Place:
    """Start, end and label of a span, however it is written; a label may be left out where there is one only."""
    if isinstance(one, Span):
        return one.start, one.end, one.label
    if isinstance(one, Mapping):
        if "start" not in one or "end" not in one:
            raise Unfit("a span needs start and end")
        start, end, label = one["start"], one["end"], one.get("label")
    else:
        parts = list(one) if isinstance(one, (list, tuple, np.ndarray)) else [one]
        if len(parts) not in (2, 3):
            raise Unfit("a span is (start, end, label)")
        start, end, label = (*parts, None)[:3]
    if is_missing(label) and len(labels) == 1:
        label = labels[0]
    return _integer(start), _integer(end), "" if is_missing(label) else str(label)


class _Relations(Codec):
    """A list of ``{"head": (start, end), "child": (start, end), "label": label}`` in a cell."""

    def _decode(self, raw: Any, spans: Sequence[Span]) -> tuple[AnyAnnotation, ...]:
        names = {label.name for label in self.field.get_labels()}
        made, seen = [], Counter[tuple[str, str, str]]()
        for one in [raw] if isinstance(raw, Mapping) else _entries(raw):
            if not isinstance(one, Mapping) or "head" not in one or "child" not in one:
                raise Unfit("a relation needs head and child")
            label = "" if is_missing(one.get("label")) else str(one["label"])
            if label not in names:
                raise Unfit("not a label of the schema")
            said = (_end(one["head"], spans), _end(one["child"], spans), label)
            made.append(Relation(*said, field=self.name, id=self._id(*said, seen[said])))
            seen[said] += 1
        return tuple(made)

    def encode(self, annotations: Sequence[AnyAnnotation], spans: Sequence[Span] = ()) -> Any:
        many = Counter((span.start, span.end) for span in spans)

        def end(place: Place) -> tuple[Any, ...]:
            return place if many[place[:2]] > 1 else place[:2]  # the label tells spans of one place apart

        return [
            {"head": end(head), "child": end(child), "label": label}
            for head, child, label in self.shape(annotations, spans)
        ]

    def shape(self, annotations: Iterable[AnyAnnotation], spans: Sequence[Span] = ()) -> tuple[Any, ...]:
        places = {span.id: (span.start, span.end, span.label) for span in spans}
        return tuple(
            sorted(
                (places[a.head], places[a.child], a.label)
                for a in annotations
                if isinstance(a, Relation) and a.head in places and a.child in places
            )
        )


def _end(given: Any, spans: Sequence[Span]) -> str:
    """The id of the span that an end of a relation means."""
    start, end, label = _place(given)
    fits = [span for span in spans if (span.start, span.end) == (start, end) and label in ("", span.label)]
    if not fits:
        raise Unfit(f"the row has no span ({start}, {end})")
    return fits[0].id


# ---- shapes on images --------------------------------------------------------------------------------

_NOT_SAID = frozenset(("id", "field", "score", "source"))


class _Shapes(Codec):
    """A list of dicts in a cell, each with what the shape's own kind says; defaults are left out."""

    def _decode(self, raw: Any, spans: Sequence[Span]) -> tuple[AnyAnnotation, ...]:
        entries = [raw] if isinstance(raw, (Mapping, Shape)) else _entries(raw)
        if entries and all(isinstance(one, (int, float, str)) for one in entries):
            entries = [entries]  # a lone (x, y, width, height, label)
        made, seen = [], Counter[str]()
        for one in entries:
            body = _listed(one)
            if isinstance(body, dict) and self.field.annotation == "keypoints":
                body["points"] = [[x, y, int(v)] for x, y, v in body.get("points", ())]  # floats, in parquet
            if isinstance(body, dict) and len(self.field.get_labels()) == 1:
                body.setdefault("label", self.field.get_labels()[0].name)
            shape, *_ = self._rules.coerce([tuple(body) if isinstance(body, list) else body], self.name)
            said = repr(_said(shape))
            made.append(msgspec.structs.replace(shape, id=self._id(said, seen[said])))
            seen[said] += 1
        return tuple(made)

    def encode(self, annotations: Sequence[AnyAnnotation], spans: Sequence[Span] = ()) -> Any:
        return [_said(a) for a in annotations if isinstance(a, Shape)]

    def shape(self, annotations: Iterable[AnyAnnotation], spans: Sequence[Span] = ()) -> tuple[Any, ...]:
        return tuple(sorted(repr(_said(a)) for a in annotations if isinstance(a, Shape)))


def _said(a: Annotation) -> dict[str, Any]:
    """What a shape says, by the names of its struct; closed or not is the field's matter."""
    body = {name: getattr(a, name) for name in a.__struct_fields__ if name not in _NOT_SAID and name != "closed"}
    needed = {"label", *(one.name for one in msgspec.structs.fields(a) if one.required)}
    return {name: value for name, value in body.items() if name in needed or value}


def _listed(value: Any) -> Any:
    """Arrays within a cell as lists, numpy's numbers as Python's; what parquet files fill dicts up with is left out."""
    if isinstance(value, np.ndarray):
        return _listed(value.tolist())
    if isinstance(value, Mapping):
        return {str(name): _listed(one) for name, one in value.items() if not is_missing(one)}
    if isinstance(value, (list, tuple)):
        return [_listed(one) for one in value]
    return plain(value)


# ---- segments ----------------------------------------------------------------------------------------


class _Segments(Codec):
    """A list of ``(start, end, label)`` in a cell; of dicts, where the field asks for more than that."""

    def __init__(self, field: Segments) -> None:
        super().__init__(field)
        attributes = any(label.attributes for label in field.labels)
        self._plain = not (field.transcript or field.frequency or field.tiers == "channel" or attributes)

    def _decode(self, raw: Any, spans: Sequence[Span]) -> tuple[AnyAnnotation, ...]:
        entries = [raw] if isinstance(raw, (Mapping, Segment)) else _entries(raw)
        if entries and all(isinstance(one, (int, float, str)) for one in entries):
            entries = [entries]  # a lone (start, end, label)
        made, seen = [], Counter[str]()
        for one in entries:
            body = _listed(one)
            if isinstance(body, dict):
                body = {name: value for name, value in body.items() if value is not None}
                body |= {"channel": int(body["channel"])} if "channel" in body else {}  # floats, in parquet
            if isinstance(body, dict) and len(self.field.get_labels()) == 1:
                body.setdefault("label", self.field.get_labels()[0].name)
            segment, *_ = self._rules.coerce([tuple(body) if isinstance(body, list) else body], self.name)
            said = repr(_told(segment))
            made.append(msgspec.structs.replace(segment, id=self._id(said, seen[said])))
            seen[said] += 1
        return tuple(made)

    def encode(self, annotations: Sequence[AnyAnnotation], spans: Sequence[Span] = ()) -> Any:
        return [self._cell(a) for a in self._ordered(annotations)]

    def _cell(self, a: Segment) -> Any:
        said = _told(a)
        return (a.start, a.end, a.label) if self._plain and set(said) <= {"start", "end", "label"} else said

    def shape(self, annotations: Iterable[AnyAnnotation], spans: Sequence[Span] = ()) -> tuple[Any, ...]:
        return tuple(repr(_told(a)) for a in self._ordered(annotations))

    @staticmethod
    def _ordered(annotations: Iterable[AnyAnnotation]) -> list[Segment]:
        found = [a for a in annotations if isinstance(a, Segment)]
        return sorted(found, key=lambda a: (a.start, a.end, repr(_told(a))))


def _told(a: AnyAnnotation) -> dict[str, Any]:
    """What a segment says; channel 0 and 0 Hz are said, too."""
    body = {name: getattr(a, name) for name in a.__struct_fields__ if name not in _NOT_SAID}
    return {name: value for name, value in body.items() if name == "label" or value not in (None, "", {})}


# ---- texts -------------------------------------------------------------------------------------------


class _Texts(Codec):
    """The text in a cell; a list of them, if there are several."""

    nested = False

    def _decode(self, raw: Any, spans: Sequence[Span]) -> tuple[AnyAnnotation, ...]:
        given = raw if isinstance(raw, list) else [raw]
        if any(isinstance(one, (list, tuple, dict, set, np.ndarray, bytes)) for one in given):
            raise Unfit(f"a {type(given[0]).__name__} is not a text")
        return tuple(Text(str(one), field=self.name, id=self._id(one, at)) for at, one in enumerate(given))

    def encode(self, annotations: Sequence[AnyAnnotation], spans: Sequence[Span] = ()) -> Any:
        texts = [a.text for a in annotations if isinstance(a, Text)]
        return MISSING if not any(texts) else texts[0] if len(texts) == 1 else texts

    def shape(self, annotations: Iterable[AnyAnnotation], spans: Sequence[Span] = ()) -> tuple[Any, ...]:
        return tuple(a.text for a in annotations if isinstance(a, Text) and a.text)

    def good(self, raw: Any, *, spans: Sequence[Span] = (), extent: Extent = None) -> bool:
        longest = getattr(self.field, "max_length", None)
        if type(raw) is str:
            return longest is None or len(raw) <= longest
        return super().good(raw, spans=spans, extent=extent)

    def fits(self, series: pd.Series[Any]) -> npt.NDArray[np.bool_] | None:
        if getattr(self.field, "max_length", None) is not None or not isinstance(series.dtype, pd.StringDtype):
            return None
        return series.notna().to_numpy(dtype=bool) & (series != "").to_numpy(dtype=bool)
