"""Live columns of the user's own frame: answers stand in it as they are given, and what stands there is an answer."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from ..annotations import AnyAnnotation, Span
from ..errors import SourceError, UnknownItem, nearest
from ..schema import Extent, Relations, Schema, Spans
from .base import Source
from .cells import Cells
from .idle import CellGate
from .tables import is_missing
from .values import MISSING, Codec, Unfit, codec, is_blank

__all__ = ["LiveColumns", "open"]


def open(  # noqa: A001 - read as columns.open(...)
    source: Source, into: str | Mapping[str, str], schema: Schema, *, gate: CellGate | None = None
) -> LiveColumns:
    """The live columns that ``into=`` asks for.

    Parameters
    ----------
    source : Source
        Of a pandas frame.
    into : str or mapping
        The column of the only field, or what the columns of several fields begin with (``into_field``); or the
        column of each field by name.
    schema : Schema
        What is asked.
    gate : CellGate, optional
        Lets writes through; the one of the running shell if not given.

    Examples
    --------
    >>> from nblabel.sources import open_source
    >>> frame = pd.DataFrame({"text": ["fine", "awful"], "label": ["good", None]})
    >>> live = open(open_source(frame, column="text"), "label", Schema.of({"choices": ["good", "bad"]}))
    >>> live.read(0)[0].label
    'good'
    >>> live.write(1, Schema.of({"choices": ["good", "bad"]}).coerce("bad"))
    >>> frame["label"].tolist()
    ['good', 'bad']
    """
    frame = source.owner
    if not isinstance(frame, pd.DataFrame):
        raise SourceError("into= needs a pandas frame", "without one, lab.df holds the data joined with the answers")
    if frame.columns.nlevels > 1:
        raise SourceError("into= cannot add a column to columns of several levels", "use lab.df")
    names = _names(into, schema)
    for field, name in names.items():
        if not isinstance(name, str) or not name:
            raise SourceError(f"into= gives the field {field!r} the column {name!r}", "name it with a text")
        if name in source.uses:
            raise SourceError(f"into= would overwrite the column {name!r}, which the items come from", "choose another")
        if list(frame.columns).count(name) > 1:
            raise SourceError(f"several columns are named {name!r}", "rename them")
    twice = [name for name, n in Counter(names.values()).items() if n > 1]
    if twice:
        raise SourceError(f"into= gives two fields the column {twice[0]!r}", "each needs its own")
    return LiveColumns(source, frame, names, schema, gate or CellGate.shared())


def _names(into: str | Mapping[str, str], schema: Schema) -> dict[str, str]:
    if isinstance(into, Mapping):
        for field in into:
            if field not in schema.names:
                raise SourceError(
                    f"into= names the field {field!r}, which is not asked", nearest(str(field), schema.names)
                )
        if not into:
            raise SourceError("into= names no field", f"such as into={{{schema.names[0]!r}: 'label'}}")
        return {name: into[name] for name in schema.names if name in into}
    if len(schema.names) == 1:
        return {schema.names[0]: into}
    return {name: f"{into}_{name}" for name in schema.names}


class _Write(NamedTuple):
    annotations: tuple[AnyAnnotation, ...] | None
    before: tuple[AnyAnnotation, ...] | None
    identity: str
    generation: int


class _Unfit(NamedTuple):
    cells: int
    examples: tuple[str, ...]


class LiveColumns:
    """Answers in columns of the user's frame, both ways.

    Reading looks at the frame as it is. Writing waits for the end of a running cell (see `CellGate`), changes only
    cells whose answer is another, and keeps dtypes and the order of columns. Values that are no answers stay where
    they are until a person answers the row, and come back when that is undone. Safe to use from several threads.

    Attributes
    ----------
    columns : dict of str to str
        The column of each field.
    fields : tuple of str
        The fields that have one.
    """

    def __init__(
        self, source: Source, frame: pd.DataFrame, columns: Mapping[str, str], schema: Schema, gate: CellGate
    ) -> None:
        self.columns = dict(columns)
        self.fields = tuple(columns)
        self._source = source
        self._gate = gate
        self._codecs: dict[str, Codec] = {field: codec(schema.field(field)) for field in columns}
        # spans first: relations refer to them
        self._order = sorted(columns, key=lambda field: isinstance(schema.field(field), Relations))
        self._lock = threading.RLock()
        self._cells = Cells(frame)
        self._waiting: dict[int, _Write] = {}
        self._before: dict[tuple[str, int], Any] = {}
        self._seen: dict[int, dict[str, Any]] = {}
        self._held: dict[str, npt.NDArray[np.bool_]] = {}  # which cells held a value when they were last looked at
        self._unfit: dict[str, _Unfit] = {}  # what the last look at all cells has counted, until it is told
        self._failures: Counter[str] = Counter()
        self._gate.run(self._create)

    def _create(self) -> None:
        with self._lock:
            if not self._source.changed:
                for field, name in self.columns.items():
                    self._cells.create(name, nested=self._codecs[field].nested)

    # ---- from the frame

    def read(self, position: int) -> tuple[AnyAnnotation, ...] | None:
        """What the frame (or a write that waits) says of a row; ``None`` if nothing.

        Annotations read twice have the same ids.
        """
        with self._lock:
            waiting = self._waiting.get(position)
            if waiting is not None and waiting.annotations is not None:
                return tuple(a for a in waiting.annotations if a.field in self._codecs)
            self._source.check()
            raws = {field: self._cells.value(name, position) for field, name in self.columns.items()}
            self._seen[position] = {field: _mark(raw) for field, raw in raws.items()}
            return self._decode(raws, self._source.extent(position))

    def _decode(self, raws: Mapping[str, Any], extent: Extent) -> tuple[AnyAnnotation, ...] | None:
        made: list[AnyAnnotation] | None = None
        for field in self._order:
            if field in raws and not is_blank(raws[field]):
                try:
                    found = self._codecs[field].decode(raws[field], spans=_spans(made or ()), extent=extent)
                except Unfit:
                    continue
                made = [*(made or ()), *found]
        return None if made is None else tuple(made)

    def answered(self, field: str | None = None) -> npt.NDArray[np.bool_]:
        """Which rows hold an answer, to this field or (``None``) to any."""
        with self._lock:
            self._source.check()
            fields = self.fields if field is None else (field,)
            made = np.zeros(len(self._source), dtype=bool)
            for one in fields:
                made |= self._survey(one)
            for position, write in self._waiting.items():
                if write.annotations is not None and 0 <= position < len(made):
                    made[position] = made[position] or any(a.field in fields for a in write.annotations)
            return made

    def edited(self) -> list[int]:
        """Rows whose answer was changed by the user's code since it was last read or written here, ascending.

        Asking again tells only what was changed after that. Rows that wait to be written, and values that are no
        answers, are left out; so are all rows of a column that was removed.
        """
        with self._lock:
            self._unfit.clear()
            if self._source.changed:
                return []
            rows = np.array(sorted(row for row in self._seen if row not in self._waiting), dtype=np.int64)
            found: set[int] = set()
            for field, name in self.columns.items():
                raws = self._cells.values(name, rows)
                if raws is None:
                    for seen in self._seen.values():
                        seen.pop(field, None)
                    continue
                for row, raw in zip(rows.tolist(), raws, strict=True):
                    seen = self._seen[row]
                    mark = _mark(raw)
                    if field in seen and seen[field] != mark:
                        self._before.pop((field, row), None)  # the value is the user's own now
                        if self._is_answer(field, row, raw):
                            found.add(row)
                    seen[field] = mark
            return sorted(found)

    def refilled(self) -> npt.NDArray[np.int64]:
        """Rows that the user's code has filled or emptied since it was last asked or all were looked at, ascending."""
        with self._lock:
            if self._source.changed:
                return np.zeros(0, dtype=np.int64)
            made = np.zeros(len(self._source), dtype=bool)
            for field, name in self.columns.items():
                series = self._cells.series(name)
                held = np.zeros_like(made) if series is None else series.notna().to_numpy(dtype=bool)
                before = self._held.get(field)
                made |= held if before is None else held != before
                self._held[field] = np.array(held)
            return np.flatnonzero(made)

    def answers_at(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which of these rows hold an answer, to any field."""
        with self._lock:
            self._source.check()
            made = np.zeros(len(rows), dtype=bool)
            for field, name in self.columns.items():
                series = self._cells.series(name)
                if series is None:
                    continue
                part = series.take(rows)
                fits = self._codecs[field].fits(part)
                if fits is None:
                    held = part.notna().to_numpy(dtype=bool)
                    fits = np.zeros(len(rows), dtype=bool)
                    fits[held] = [good for _, good in self._look(field, rows[held])]
                made |= fits
            waiting = [row for row, write in self._waiting.items() if write.annotations]
            return made | np.isin(rows, np.array(waiting, dtype=np.int64))

    def _is_answer(self, field: str, row: int, raw: Any) -> bool:
        """Whether a cell holds an answer to its field, or none at all."""
        if is_blank(raw):
            return True
        spans: list[AnyAnnotation] = []
        if isinstance(self._codecs[field].field, Relations):
            raws = {one: self._cells.value(self.columns[one], row) for one in self._span_fields()}
            spans = list(self._decode(raws, None) or ())
        return self._codecs[field].good(raw, spans=_spans(spans), extent=self._source.extent(row))

    # ---- into the frame

    def write(
        self,
        position: int,
        annotations: Sequence[AnyAnnotation] | None,
        *,
        before: Sequence[AnyAnnotation] | None = None,
        identity: str = "",
    ) -> None:
        """Have the frame say this of a row; at once, or at the end of the running cell.

        Parameters
        ----------
        position : int
            The row.
        annotations : sequence of annotations, or None
            The answer; those to other fields are passed over. ``None``: there is no answer (any more), so that what
            stood in the row before the first write of this object comes back.
        before : sequence of annotations, optional
            With ``None``: an answer of an earlier session that is taken back; it is removed if it still stands there.
        identity : str, optional
            The item's identity: finds the row if the frame is sorted before the write is let through.
        """
        said = None if annotations is None else tuple(annotations)
        if not identity and self._gate.running:
            with contextlib.suppress(SourceError, UnknownItem):
                identity = self._source.identity(position)
        with self._lock:
            held = None if before is None else tuple(before)
            self._waiting[position] = _Write(said, held, identity, self._source.generation)
        self._gate.run(self.flush)

    def flush(self) -> None:
        """Write what waits. The gate calls it; call it also after the source's `refresh`."""
        with self._lock:
            if not self._waiting or self._source.changed:
                return  # rows have moved: written after the refresh, by identity
            waiting, self._waiting = self._waiting, {}
            for position, write in waiting.items():
                try:
                    row = self._row(position, write)
                    if row is not None:
                        self._put(row, write)
                except Exception as error:  # one row must not keep the others from being written
                    self._failures[f"{type(error).__name__}: {error}"] += 1

    def refresh(self) -> None:
        """The source has other rows now: forget what was seen of the old ones, and write what waits."""
        with self._lock:
            self._seen.clear()
            self._before.clear()
            self._held.clear()
            self._unfit.clear()
        self._gate.run(self._create)
        self._gate.run(self.flush)

    @property
    def waiting(self) -> int:
        """How many rows wait to be written."""
        return len(self._waiting)

    def _row(self, position: int, write: _Write) -> int | None:
        row: int | None = position
        if write.generation != self._source.generation:
            row = self._source.locate(write.identity) if write.identity else None
        if row is None or not 0 <= row < len(self._source):
            self._failures["the row is not in the frame any more"] += 1
            return None
        return row

    def _put(self, row: int, write: _Write) -> None:
        spans = _spans(write.annotations or ())
        for field, name in self.columns.items():
            made = self._codecs[field]
            raw = self._cells.value(name, row)
            if write.annotations is None:
                self._take_back(field, row, raw, write.before)
                continue
            own = [a for a in write.annotations if a.field == field]
            value = made.encode(own, spans)
            held = self._shape(field, row, raw)
            if value is MISSING:
                if held is None:  # nothing there, or nothing that was shown as an answer
                    continue
            elif held is not None and held == made.shape(own, spans):
                continue
            self._before.setdefault((field, row), raw)
            self._set(field, row, value)
        raws = {field: self._cells.value(name, row) for field, name in self.columns.items()}
        for field, raw in raws.items():
            if field in self._held:
                self._held[field][row] = not is_missing(raw)
        if row in self._seen or write.annotations is not None:
            self._seen[row] = {field: _mark(raw) for field, raw in raws.items()}

    def _take_back(self, field: str, row: int, raw: Any, before: tuple[AnyAnnotation, ...] | None) -> None:
        if (field, row) in self._before:
            self._cells.create(self.columns[field], nested=self._codecs[field].nested)
            self._cells.restore(self.columns[field], row, self._before.pop((field, row)))
        elif before is not None:
            held = self._shape(field, row, raw)
            own = [a for a in before if a.field == field]
            if held is not None and held == self._codecs[field].shape(own, _spans(before)):
                self._set(field, row, MISSING)

    def _shape(self, field: str, row: int, raw: Any) -> tuple[Any, ...] | None:
        """What a cell says as an answer; ``None`` if it is none."""
        if is_blank(raw):
            return None
        spans: tuple[Span, ...] = ()
        if isinstance(self._codecs[field].field, Relations):
            raws = {one: self._cells.value(self.columns[one], row) for one in self._span_fields()}
            spans = _spans(self._decode(raws, None) or ())
        try:
            return self._codecs[field].shape(self._codecs[field].decode(raw, spans=spans), spans)
        except Unfit:
            return None

    def _span_fields(self) -> list[str]:
        return [field for field, made in self._codecs.items() if isinstance(made.field, Spans)]

    def _set(self, field: str, row: int, value: Any) -> None:
        self._unfit.pop(field, None)
        name = self.columns[field]
        self._cells.create(name, nested=self._codecs[field].nested)
        self._cells.write(name, row, value)

    # ---- what the user should know

    def problems(self) -> tuple[str, ...]:
        """What stands in the columns but is no answer, what could not be written, which dtypes had to change."""
        with self._lock:
            told = []
            if self._source.changed:
                told.append(
                    "rows of the frame were added, removed or moved: run the cell that makes the labeler again;"
                    f" {self.waiting} answers wait to be written, all are in the store"
                )
            else:
                told += [text for field in self.fields if (text := self._unfit_values(field))]
            told += self._cells.notes
            told += [
                f"{n} answer{'s' * (n > 1)} could not be written into the frame ({reason}); they are in the store"
                for reason, n in self._failures.items()
            ]
            return tuple(told)

    def _unfit_values(self, field: str) -> str:
        try:
            if field not in self._unfit:
                self._survey(field)
        except SourceError as error:
            return error.message
        unfit = self._unfit.pop(field)
        return _unfit(self.columns[field], unfit, self._codecs[field].field.annotation) if unfit.cells else ""

    def _survey(self, field: str) -> npt.NDArray[np.bool_]:
        """Which cells of a column are answers, at a glance as far as its dtype allows; counts those that are not."""
        name, made = self.columns[field], self._codecs[field]
        self._unfit[field] = _Unfit(0, ())
        series = self._cells.series(name)
        none = np.zeros(len(self._source), dtype=bool)
        held = none if series is None else series.notna().to_numpy(dtype=bool)
        self._held[field] = np.array(held)
        if series is None or not held.any():
            return none
        fits = made.fits(series)
        if fits is None:
            fits = np.zeros(len(series), dtype=bool)
            for row, good in self._look(field, np.flatnonzero(held)):
                fits[row] = good
        rest = np.flatnonzero(held & ~fits)
        examples: dict[str, None] = {}
        unfit = 0
        for start in range(0, len(rest), 4096):
            for raw in series.take(rest[start : start + 4096]).tolist():
                if not is_blank(raw):
                    unfit += 1
                    if len(examples) < 3:
                        examples[_short(raw)] = None
        self._unfit[field] = _Unfit(unfit, tuple(examples))
        return fits

    def _look(self, field: str, rows: npt.NDArray[np.int64]) -> Iterator[tuple[int, bool]]:
        """Whether each of these cells is an answer, one by one."""
        wanted = [field]
        if isinstance(self._codecs[field].field, Relations):
            wanted = [*self._span_fields(), field]
        spans = any(isinstance(self._codecs[one].field, Spans) for one in wanted)
        for start in range(0, len(rows), 4096):
            block = rows[start : start + 4096]
            columns = {one: self._cells.values(self.columns[one], block) for one in wanted}
            extents = self._source.extents(block.tolist()) if spans else [None] * len(block)
            for at, row in enumerate(block.tolist()):
                made: list[AnyAnnotation] = []
                for one in wanted[:-1]:
                    raws = columns[one]
                    if raws is not None and not is_blank(raws[at]):
                        with contextlib.suppress(Unfit):
                            made += self._codecs[one].decode(raws[at], extent=extents[at])
                raw = (columns[field] or ())[at]
                yield row, not is_blank(raw) and self._codecs[field].good(raw, spans=_spans(made), extent=extents[at])


def _spans(annotations: Sequence[AnyAnnotation]) -> tuple[Span, ...]:
    return tuple(a for a in annotations if isinstance(a, Span))


def _mark(raw: Any) -> Hashable:
    """What a value is compared by: lists may be changed in place, so they are remembered as they were."""
    if is_missing(raw):
        return None
    if isinstance(raw, (str, bool, int, float)):
        return raw
    try:
        return msgspec.json.encode(raw)
    except Exception:  # any object may stand in the user's frame
        return repr(raw)


def _short(raw: Any) -> str:
    text = repr(raw)
    return text if len(text) <= 40 else text[:39] + "…"


def _unfit(name: str, unfit: _Unfit, kind: str) -> str:
    one = unfit.cells == 1
    what = {"choice": "label", "span": "span", "relation": "relation"}.get(kind)
    answers = (
        ("answer" if what is None else f"{what} of the schema")
        if one
        else ("answers" if what is None else f"{what}s of the schema")
    )
    values = "1 value" if one else f"{unfit.cells:,} values"
    more = ", ..." if unfit.cells > len(unfit.examples) else ""
    return (
        f"{values} of {name!r} {'is' if one else 'are'} no {answers}"
        f" ({', '.join(unfit.examples)}{more}): kept until the item is answered"
    )
