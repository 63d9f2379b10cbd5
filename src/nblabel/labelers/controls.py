"""The controls around a gallery's sheet: filters above it, what can be done with the selection, and pages below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import ipywidgets as w

from ..records import Progress
from ..schema import Choices, Schema
from .pad import whole
from .survey import STATUSES, Sort, Wanted

__all__ = ["SIZES", "Asked", "Controls", "Shown", "counted"]

SIZES = {"small": 104, "medium": 160, "large": 240}
"""Longer side of thumbnails in pixels."""


class Asked(NamedTuple):
    """What the filters' controls say, as `Gallery.filter` takes it."""

    status: str | None
    label: str | None
    flagged: bool | None
    score: float | None
    disagreement: float | None
    text: str | None


class Shown(NamedTuple):
    """What the words beside the pages tell."""

    found: int
    total: int
    picked: int
    page: int
    pages: int


class Controls:
    """Widgets of ipywidgets, which the keyboard reaches and the host's theme paints.

    Parameters
    ----------
    schema : Schema
        Its labels can be filtered by, and chosen.
    suggests : bool
        Whether there are suggestions to accept.
    side : int
        Of the thumbnails.
    act : dict
        What to do, by name: ``filter(asked)``, ``sort(by, reverse)``, ``size(side)``, ``label(name)``, ``turn(page)``
        and, without arguments, ``refresh, all, none, accept, submit, discard, flag, undo, open``.
    run : callable
        Does what a control asks for, and shows what goes wrong.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        suggests: bool,
        side: int,
        act: Mapping[str, Callable[..., Any]],
        run: Callable[[Callable[[], Any]], None],
    ) -> None:
        self._act = act
        self._run = run
        self._setting = False
        self._shown = Shown(0, 0, 0, 0, 1)
        self._made: list[Any] = []
        self.filters = self._row(self._make_filters(schema, side))
        self.actions = self._row(self._make_actions(schema, suggests))
        self.pages = self._row(self._make_pages())

    def close(self) -> None:
        """Take all from the page."""
        for widget in self._made:
            widget.close()

    # ---- making ---------------------------------------------------------------------------------

    def _row(self, widgets: Sequence[Any]) -> Any:
        layout = w.Layout(flex_flow="row wrap", align_items="center", width="100%")
        return self._keep(w.HBox(list(widgets), layout=layout))

    def _keep(self, widget: Any) -> Any:
        self._made.append(widget)
        return widget

    def _dropdown(self, options: Sequence[Any], told: str, width: int) -> Any:
        return self._keep(w.Dropdown(options=options, tooltip=told, layout=w.Layout(width=f"{width}px")))

    def _button(self, words: str, told: str, name: str, icon: str = "", *given: Callable[[], Any]) -> Any:
        made = self._keep(w.Button(description=words, tooltip=told, icon=icon, layout=w.Layout(width="auto")))
        made.on_click(lambda _: self._run(lambda: self._act[name](*(one() for one in given))))
        return made

    def _make_filters(self, schema: Schema, side: int) -> list[Any]:
        labels = dict.fromkeys(label.name for field in schema.fields for label in field.get_labels())
        statuses = [("Any status", ""), *((one.capitalize(), one) for one in STATUSES), ("Flagged", "flagged")]
        self._status = self._dropdown(statuses, "Show items with this status", 104)
        self._label = self._dropdown(
            [("Any label", ""), *((name, name) for name in labels)], "Show items with this label", 120
        )
        scores = [("Any score", -1.0), ("Scored", 0.0), *((f"Score ≥ 0.{n}", n / 10) for n in (5, 6, 7, 8, 9))]
        self._score = self._dropdown(scores, "Show items whose least certain mark has at least this score", 106)
        others = [("Any answers", 0.0), ("Annotators differ", 1e-9), ("All differ", 1.0)]
        self._others = self._dropdown(others, "Show items on which the answers of annotators differ", 126)
        self._text = self._keep(
            w.Text(
                placeholder="Find in names",
                continuous_update=False,
                tooltip="Show items whose name or columns hold this",
                layout=w.Layout(width="118px"),
            )
        )
        orders = [
            ("In order", ("order", False)),
            ("By status", ("status", False)),
            ("By label", ("label", False)),
            ("Least certain", ("score", False)),
            ("Most certain", ("score", True)),
            ("Most disputed", ("disagreement", False)),
        ]
        self._order = self._dropdown(orders, "Order of the items", 114)
        sizes = [(name.capitalize(), number) for name, number in SIZES.items()]
        if side not in SIZES.values():
            sizes.append((f"{side} px", side))
        self._size = self._dropdown(sizes, "Size of the thumbnails", 88)
        self._size.value = side
        for control in (self._status, self._label, self._score, self._others, self._text):
            control.observe(lambda _: self._changed("filter", self._asked()), "value")
        self._order.observe(lambda change: self._changed("sort", *change["new"]), "value")
        self._size.observe(lambda change: self._changed("size", change["new"]), "value")
        refresh = self._button("", "Look again which items pass", "refresh", "refresh")
        return [
            self._status, self._label, self._score, self._others, self._text, self._order, self._size, refresh
        ]  # fmt: skip

    def _make_actions(self, schema: Schema, suggests: bool) -> list[Any]:
        names = dict.fromkeys(
            label.name for field in schema.fields if isinstance(field, Choices) for label in field.get_labels()
        )
        made = [
            self._button("Select all", "Select all items that pass, also on other pages", "all"),
            self._button("None", "Select nothing", "none"),
        ]
        if names:
            choose = self._dropdown(list(names), "Label for the selected items", 130)
            told = "Choose this label for all selected items"
            made += [choose, self._button("Label", told, "label", "tag", lambda: choose.value)]
        if suggests:
            made.append(self._button("Accept", "Take the suggestions for all selected items", "accept", "check"))
        made += [
            self._button("Submit", "Submit the answers of all selected items", "submit", "check-circle"),
            self._button("Discard", "Mark all selected items as unusable", "discard", "ban"),
            self._button("Flag", "Flag all selected items; if all have a flag, take it away", "flag", "flag"),
            self._button("Undo", "Take back the last operation", "undo", "undo"),
            self._button("Open", "Show the selected item in the labeler", "open", "external-link"),
        ]
        return made

    def _make_pages(self) -> list[Any]:
        def turn(words: str, told: str, to: Callable[[], int]) -> Any:
            return self._button(words, told, "turn", "", to)

        self._before = [
            turn("«", "First page", lambda: 0),
            turn("‹", "Page before", lambda: self._shown.page - 1),
        ]
        self._after = [
            turn("›", "Next page", lambda: self._shown.page + 1),
            turn("»", "Last page", lambda: self._shown.pages - 1),
        ]
        self._where = self._keep(w.Label(""))
        self._words = self._keep(w.Label("", layout=w.Layout(flex="1 1 auto", margin="0 0 0 12px")))
        self._bar = self._keep(w.IntProgress(0, 0, 1, layout=w.Layout(width="140px", display="none")))
        self._counts = self._keep(w.Label(""))
        return [*self._before, self._where, *self._after, self._words, self._bar, self._counts]

    # ---- from the page --------------------------------------------------------------------------

    def _changed(self, name: str, *given: Any) -> None:
        """A person has changed a control; what Python sets is known to it."""
        if not self._setting:
            self._run(lambda: self._act[name](*given))

    def _asked(self) -> Asked:
        status = self._status.value
        return Asked(
            status=None if status in ("", "flagged") else status,
            label=self._label.value or None,
            flagged=True if status == "flagged" else None,
            score=None if self._score.value < 0 else self._score.value,
            disagreement=self._others.value or None,
            text=self._text.value or None,
        )

    # ---- to the page ----------------------------------------------------------------------------

    def show_filter(self, wanted: Wanted, sort: Sort, reverse: bool) -> None:
        """Show what Python has set; a control that has no such value shows all."""
        status = "flagged" if wanted.flagged else wanted.status[0] if len(wanted.status) == 1 else ""
        values = (
            (self._status, status, ""),
            (self._label, wanted.label, ""),
            (self._score, -1.0 if wanted.score is None else wanted.score, -1.0),
            (self._others, wanted.disagreement or 0.0, 0.0),
            (self._order, (sort, reverse), ("order", False)),
        )
        with self._set():
            for control, value, other in values:
                control.value = value if value in [one[1] for one in control.options] else other
            self._text.value = wanted.text

    def show_size(self, side: int) -> None:
        """Show the size of thumbnails."""
        with self._set():
            if side not in [one[1] for one in self._size.options]:
                self._size.options = [*self._size.options, (f"{side} px", side)]
            self._size.value = side

    @contextmanager
    def _set(self) -> Iterator[None]:
        self._setting = True
        try:
            yield
        finally:
            self._setting = False

    def show(self, shown: Shown) -> str:
        """Show how many items pass and are selected, and which page it is; returns it in words."""
        self._shown = shown
        self._where.value = f"Page {shown.page + 1} of {shown.pages}"
        for button in self._before:
            button.disabled = shown.page == 0
        for button in self._after:
            button.disabled = shown.page >= shown.pages - 1
        found = "" if shown.found == shown.total else f"{shown.found} of "
        words = f"{found}{counted(shown.total)} · {shown.picked} selected"
        self._words.value = words
        return words

    def tell(self, words: str) -> None:
        """Say what came of something, in the place of that."""
        self._words.value = whole(words)

    def show_progress(self, progress: Progress) -> None:
        """Show how far the labelling is."""
        parts = [
            (progress.submitted, "submitted"),
            (progress.drafts, "draft" if progress.drafts == 1 else "drafts"),
            (progress.pending, "pending"),
        ]
        more = [(progress.discarded, "discarded"), (progress.flagged, "flagged")]
        self._counts.value = " · ".join(f"{n} {word}" for n, word in [*parts, *(one for one in more if one[0])])

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[int], None]]:
        """Show how far a long operation is."""
        bar = self._bar
        bar.max, bar.value = total, 0
        bar.layout.display = ""

        def show(done: int) -> None:
            bar.value = done

        try:
            yield show
        finally:
            bar.layout.display = "none"


def counted(n: int) -> str:
    """``1 item``, ``2 items``."""
    return f"{n} item" if n == 1 else f"{n} items"
