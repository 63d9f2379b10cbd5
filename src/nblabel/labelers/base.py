"""What every labeler shares: a widget over a `Session`, its options, its traits and its results."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
import weakref
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from .. import formats, suggest
from ..annotations import Span
from ..errors import InvalidSchema, NblabelError, UnknownOption
from ..formats import tidy
from ..loading import sizes_of
from ..loop import ModelChanged, Options
from ..ordering import Order
from ..records import Item, Progress, Report, Status, Suggestion
from ..schema import Field, FieldLike, Schema
from ..session import Change, Noticed, Session
from ..sources import Source, columns
from ..sources.idle import CellGate
from ..sources.values import MISSING, codec
from ..store import Store, open_store
from .bridge import Bridge, Presenter, Server, Tool, present_plainly
from .models import Modelled

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Labeler", "front_end"]

_STATIC = Path(__file__).resolve().parents[1] / "static"
_UNBUILT = """
export default { render({ el }) {
  el.textContent = "nblabel's front end is not built: run `make build` in the repository, or install a wheel.";
} };
"""


def front_end(name: str, suffix: str) -> Path | str:
    """The built front end of a labeler; a module that says what is missing where it was not built."""
    path = _STATIC / f"{name}.{suffix}"
    if path.exists():
        return path
    return _UNBUILT if suffix == "js" else ""


def default_annotator() -> str:
    """``NBLABEL_ANNOTATOR``, the JupyterHub user, or the name of the account."""
    for name in ("NBLABEL_ANNOTATOR", "JUPYTERHUB_USER"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without a user entry
        return "annotator"


def _item_key(item: Item | None, widget: Any = None) -> str | None:
    return None if item is None else str(item.key)


def _counts(progress: Progress, widget: Any = None) -> dict[str, int]:
    return {
        "total": progress.total,
        "submitted": progress.submitted,
        "drafts": progress.drafts,
        "discarded": progress.discarded,
        "flagged": progress.flagged,
        "pending": progress.pending,
    }


class _Counts(traitlets.Any):
    """Progress: whoever asks for it in Python gets it whole, the page is told what is known so far."""

    def get(self, obj: Any, cls: Any = None) -> Any:
        """The progress, once all answers were looked for."""
        if not obj._telling:  # noqa: SLF001 - made for it
            obj._session.catch_up()  # noqa: SLF001
        return super().get(obj, cls)


class Labeler(Modelled, anywidget.AnyWidget):
    """Base of all labelers; see `TextLabeler`.

    Attributes
    ----------
    item : Item or None
        The item shown now (a trait: it can be observed).
    index : int
        Its place in the queue (a trait).
    value : tuple of annotations
        What is marked on it so far (a trait).
    progress : Progress
        How far the work is (a trait).
    annotator : str
        Who answers (a trait, settled when the labeler is made).
    labels : tuple of str
        The names of all labels (a trait).
    """

    COMMON: ClassVar[tuple[str, ...]] = (
        "key",
        "show",
        "name",
        "store",
        "annotator",
        "suggest",
        "order",
        "learn_every",
        "hold_out",
        "blind",
        "into",
        "guidelines",
        "fields",
        "keys",
        "height",
    )
    OWN: ClassVar[tuple[str, ...]] = ()
    KIND: ClassVar[str] = ""
    _telling = 0

    item = traitlets.Any(None, allow_none=True, read_only=True).tag(sync=True, to_json=_item_key)
    index = traitlets.Int(0, read_only=True).tag(sync=True)
    value = traitlets.Any((), read_only=True)
    progress = _Counts(Progress(0), read_only=True).tag(sync=True, to_json=_counts)
    annotator = traitlets.Unicode("", read_only=True).tag(sync=True)
    labels = traitlets.Any((), read_only=True).tag(sync=True, to_json=lambda names, _: list(names))
    _saves = traitlets.Int(0).tag(sync=True, echo_update=False)

    @classmethod
    def _refuse_unknown(cls, options: Mapping[str, Any]) -> None:
        known = (*cls.OWN, *cls.COMMON)
        for name in options:
            if name not in known:
                raise UnknownOption(name, known, cls.__name__)

    @classmethod
    def _questions(
        cls, given: Mapping[str, tuple[Any, type[Field]]], fields: Mapping[str, FieldLike] | None, example: str
    ) -> dict[str, FieldLike]:
        """The fields asked for by arguments of their own: labels of a kind of field, or the field itself."""
        asked: dict[str, FieldLike] = {
            name: _question(name, one, kind) for name, (one, kind) in given.items() if one is not None
        }
        if not asked and not fields:
            raise InvalidSchema(f"{cls.__name__} was not told what to ask", f"such as {example}")
        return asked

    def __init__(
        self,
        source: Source,
        questions: Mapping[str, FieldLike],
        *,
        present: Presenter = present_plainly,
        serve: Server | None = None,
        tools: Mapping[str, Tool] | None = None,
        view: Callable[[Item], Any] | None = None,
        name: str | None = None,
        store: str | os.PathLike[str] | Store | None = None,
        annotator: str | None = None,
        suggest: Any = None,
        order: Order = "sequential",
        learn_every: int | None = None,
        hold_out: float = 0.2,
        blind: float = 0.0,
        into: str | Mapping[str, str] | None = None,
        guidelines: str | os.PathLike[str] = "",
        fields: Mapping[str, FieldLike] | None = None,
        keys: Mapping[str, str | Sequence[str]] | None = None,
        height: int | str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        asked = dict(questions)
        for field, given in (fields or {}).items():
            if field in asked:
                raise NblabelError(f"fields= asks {field!r} again", "choose another name")
            asked[field] = given
        schema = Schema.of(asked)
        models = Options(learn_every, hold_out, blind)
        live = None if into is None else columns.open(source, into, schema)
        self._store = open_store(store)
        suggester = None if suggest is None else _suggester(suggest, schema, view)
        self._session = Session(
            source,
            schema,
            store=self._store,
            name=name or self.KIND,
            annotator=annotator or default_annotator(),
            order=order,
            suggester=suggester,
            columns=live,
            view=view,
            models=models,
        )
        super().__init__()
        self.set_trait("annotator", self._session.annotator)
        self.set_trait("labels", tuple(label.name for field in schema.fields for label in field.get_labels()))
        self._bridge = Bridge(
            self._session,
            self.send,
            present=present,
            serve=serve,
            tools=tools,
            guidelines=_markdown(guidelines),
            keys=_chords(keys),
            options={**({"height": height} if height is not None else {}), **(options or {})},
        )
        self._show()
        self._session.subscribe(_weakly(self, Labeler._heard))
        self.on_msg(_weakly(self, Labeler._received))
        CellGate.shared().after_each_cell(self._after_cell)

    # ---- wiring ---------------------------------------------------------------------------------

    def _received(self, _widget: Any, content: Any, buffers: Sequence[Any]) -> None:
        self._bridge.receive(content, buffers)
        with self._session.lock:
            self._show()

    def _heard(self, change: Change) -> None:
        if not isinstance(change, Suggestion | Noticed | ModelChanged):
            self._show()

    def _after_cell(self) -> None:
        """Take over what the cell's code has done to the user's frame."""
        self._session.resync()
        self._session.take_edits()

    def _show(self) -> None:
        """Bring the traits up to date with the session."""
        session = self._session
        with self._as_known(), self.hold_sync():
            self.set_trait("index", session.index)
            item = session.item
            if item is None or self.item is None or item.identity != self.item.identity:
                self.set_trait("item", item)
            response = session.response
            self.set_trait("value", () if response is None else response.annotations)
            self.set_trait("progress", session.progress)

    @contextlib.contextmanager
    def _as_known(self) -> Iterator[None]:
        """Traits are read to be told to the page: with what is known so far."""
        self._telling += 1
        try:
            yield
        finally:
            self._telling -= 1

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The traits as the page gets them; only marimo needs the one that tells it to run other cells again."""
        with self._as_known():
            state: dict[str, Any] = super().get_state(key, drop_defaults)
        if not _in_marimo():
            state.pop("_saves", None)
        return state

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take the page's only trait; all others are written by the kernel alone."""
        super().set_state({name: value for name, value in sync_data.items() if name in ("_saves", "layout")})

    def close(self) -> None:
        """End the labeler: the page stops, answers stay in the store."""
        for part in (getattr(self, "_bridge", None), getattr(self, "_session", None)):  # making it may have failed
            if part is not None:
                part.close()
        super().close()

    def __repr__(self) -> str:
        progress = self._session.progress
        return f"{type(self).__name__}({progress.submitted} of {progress.total} submitted, in {self._store.place})"

    # ---- the labelling loop ---------------------------------------------------------------------

    def submit(self, answer: Any = None, *, key: Hashable | None = None, field: str | None = None) -> None:
        """Submit an answer and go on; see `Session.submit`."""
        self._session.submit(answer, key=key, field=field)

    def draft(self, answer: Any, *, key: Hashable | None = None, field: str | None = None) -> None:
        """Save an unfinished answer."""
        self._session.draft(answer, key=key, field=field)

    def skip(self) -> None:
        """Go on without an answer; the item comes again at the end."""
        self._session.skip()

    def discard(self, *, key: Hashable | None = None) -> None:
        """Mark an item as unusable, and go on if it is the current one."""
        self._session.discard(key=key)

    def flag(self, on: bool = True, *, key: Hashable | None = None) -> None:
        """Set or clear the flag of an item."""
        self._session.flag(on, key=key)

    def comment(self, text: str, *, key: Hashable | None = None) -> None:
        """Comment on an item; an empty text removes the comment."""
        self._session.comment(text, key=key)

    def accept(self, ids: Iterable[str] | None = None) -> int:
        """Take suggestions for the current item into its draft; returns how many."""
        return self._session.accept(ids)

    def undo(self) -> bool:
        """Take back the newest action, also one of an earlier session; False if there is none."""
        return self._session.undo()

    def redo(self) -> bool:
        """Repeat the newest action that was taken back; False if there is none."""
        return self._session.redo()

    def goto(self, key: Hashable) -> None:
        """Go to the item with this key."""
        self._session.goto(key)

    def next(self) -> None:
        """Go to the next item of the queue."""
        self._session.next()

    def previous(self) -> None:
        """Go to the item before."""
        self._session.previous()

    def filter(
        self,
        status: Status | Sequence[Status] | None = None,
        *,
        label: str | None = None,
        flagged: bool | None = None,
        text: str | None = None,
    ) -> int:
        """Show only items that pass all conditions given; without any, show all. Returns how many pass."""
        return self._session.filter(status, label=label, flagged=flagged, text=text)

    # ---- results --------------------------------------------------------------------------------

    @property
    def schema(self) -> Schema:
        """The questions, with colours and hotkeys."""
        return self._session.schema

    @property
    def annotations(self) -> pd.DataFrame:
        """One row per annotation of every submitted response, of all annotators of the data set."""
        rows = self._session.labelled(everyone=True, status="submitted")
        return tidy.annotations_frame(rows, self.schema)

    @property
    def responses(self) -> pd.DataFrame:
        """One row per (item, annotator): status, flag, comment, seconds, times, schema version."""
        return tidy.responses_frame(self._session.labelled(everyone=True))

    @property
    def df(self) -> Any:
        """The source joined with this annotator's submitted answers, in the source's own kind of frame.

        A column for each field holds what ``into=`` would write (a label, a list of labels, a list of
        ``(start, end, label)``, a text); ``status`` stands beside them.
        """
        source = self._session.source
        size = len(source)
        made: dict[str, list[Any]] = {field.name: [None] * size for field in self.schema.fields}
        codecs = {field.name: codec(field) for field in self.schema.fields}
        status: list[Any] = ["pending"] * size
        for row in self._session.labelled():
            position = row.item.position
            status[position] = row.response.status
            if row.response.status != "submitted":
                continue
            spans = [a for a in row.response.annotations if isinstance(a, Span)]
            for field in self.schema.fields:
                own = [a for a in row.response.annotations if a.field == field.name]
                value = codecs[field.name].encode(own, spans)
                made[field.name][position] = None if value is MISSING else value
        return source.joined({**made, "status": status})

    def export(self, path: str | os.PathLike[str], format: str | None = None, **options: Any) -> Report:  # noqa: A002
        """Write submitted answers to a file, in the format of its suffix or the one named.

        Returns
        -------
        Report
            What was written, and everything that the format could not carry, item by item.
        """
        chosen = formats.for_path(path, format)
        return chosen.write(path, self._session.labelled(status="submitted"), self.schema, **options)

    def load(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,  # noqa: A002
        *,
        replace: bool = False,
        **options: Any,
    ) -> Report:
        """Take answers from a file or folder; nothing that is here is replaced.

        Items are found by key column or else by content; images by their paths, as far as these tell them apart.

        Parameters
        ----------
        path : path-like
            What `export` or another tool has written.
        format : str, optional
            Its format, where neither the suffix nor the content tells.
        replace : bool
            Whether loaded answers may take the place of ones that are here.

        Returns
        -------
        Report
            How much was taken, and what was not, item by item.
        """
        chosen = formats.to_read(path, format)
        if chosen.takes("sizes"):
            options.setdefault("sizes", sizes_of(self._session.source))
        if chosen.takes("schema"):  # which names are labels
            options.setdefault("schema", self.schema)
        reading = chosen.read(path, **options)
        report = self._session.load(reading.labelled, replace=replace)
        return Report(report.items, report.annotations, (*reading.report.dropped, *report.dropped), str(path))


def _question(name: str, given: Any, kind: type[Field]) -> Field:
    if isinstance(given, Field):
        if not isinstance(given, kind):
            raise InvalidSchema(f"{name}= takes labels or nb.{kind.__name__}, not nb.{type(given).__name__}")
        return given
    if isinstance(given, str | bytes | os.PathLike) or not isinstance(given, Sequence):
        raise InvalidSchema(f"{name}= takes a list of labels, not {given!r}", f"such as {name}=['A', 'B']")
    return kind(labels=tuple(given), name=name)  # type: ignore[call-arg]


def _in_marimo() -> bool:
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def _suggester(given: Any, schema: Schema, view: Callable[[Item], Any] | None) -> Any:
    return suggest.of(given, schema, view=view)


def _weakly(owner: Any, method: Callable[..., None]) -> Callable[..., None]:
    """A callback that does not keep its owner alive."""
    reference = weakref.ref(owner)

    def call(*args: Any) -> None:
        alive = reference()
        if alive is not None:
            method(alive, *args)

    return call


def _markdown(given: str | os.PathLike[str]) -> str:
    """Guidelines as text: a path object is read, a string is Markdown already."""
    if not isinstance(given, os.PathLike):
        return given
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise NblabelError(f"guidelines= cannot be read from {os.fsdecode(given)}: {reason}") from error


def _chords(keys: Mapping[str, str | Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    return {
        str(action): (chords,) if isinstance(chords, str) else tuple(str(chord) for chord in chords)
        for action, chords in (keys or {}).items()
    }
