"""A text labeler on a test page: where its characters are, and what Python holds.

Places are found by walking the page's text, not by asking the labeler; offsets are Python's code points throughout.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

from playwright.sync_api import Locator

from nblabel import Choice, Relation, Span, Text

from .stagepage import StagePage

__all__ = ["Area", "TextPage"]

# Rows hold the text and nothing else; `data-start` counts code points. Gives the boxes of [start, end), one for each
# text node and line.
_BOXES = """
(root, [start, end]) => {
  const found = [];
  for (const row of root.querySelectorAll(".nbl-row")) {
    let at = Number(row.dataset.start);
    if (at >= end) break;
    const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    while (walker.nextNode() && at < end) {
      const node = walker.currentNode;
      const points = [...node.data];
      if (at + points.length > start) {
        const from = Math.max(0, start - at), to = Math.min(points.length, end - at);
        const range = document.createRange();
        range.setStart(node, points.slice(0, from).join("").length);
        range.setEnd(node, points.slice(0, to).join("").length);
        for (const one of range.getClientRects()) {
          if (one.height > 0) found.push([one.left, one.top, one.right, one.bottom]);
        }
      }
      at += points.length;
    }
  }
  return found;
}
"""

_VISIBLE = """
(root, [start, end]) => {
  let row = null;
  for (const one of root.querySelectorAll(".nbl-row")) if (Number(one.dataset.start) <= start) row = one;
  row?.scrollIntoView({ block: "nearest" });
}
"""

_GRAPHEMES = """
(text) => {
  const ends = [0];
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
    ends.push(ends.at(-1) + [...segment].length);
  }
  return ends;
}
"""


@dataclass(frozen=True)
class Area:
    """A box on the screen."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def is_rtl(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("R", "AL")


class TextPage(StagePage):
    """A text labeler and the Python behind it."""

    @property
    def text(self) -> str:
        """The text of the item that Python shows."""
        return str(self.session.item.data)

    @property
    def spans(self) -> list[tuple[int, int, str]]:
        return sorted((a.start, a.end, a.label) for a in self.annotations if isinstance(a, Span))

    @property
    def marked(self) -> list[tuple[str, str]]:
        """The marked texts with their labels."""
        return [(self.text[start:end], label) for start, end, label in self.spans]

    @property
    def relations(self) -> list[tuple[str, str, str]]:
        """Head's text, label, child's text."""
        held = self.annotations  # of one moment
        spans = {a.id: self.text[a.start : a.end] for a in held if isinstance(a, Span)}
        return sorted((spans[a.head], a.label, spans[a.child]) for a in held if isinstance(a, Relation))

    @property
    def choices(self) -> list[str]:
        return [a.label for a in self.annotations if isinstance(a, Choice)]

    @property
    def texts(self) -> dict[str, str]:
        return {a.field: a.text for a in self.annotations if isinstance(a, Text)}

    def answers(self) -> dict[Any, tuple[str, list[Any]]]:
        """Of every item that is touched: its status, and its annotations in the shortest form."""
        made = {}
        for row in self.session.labelled():
            short: list[Any] = []
            for one in row.response.annotations:
                if isinstance(one, Span):
                    short.append((one.start, one.end, one.label))
                elif isinstance(one, Choice):
                    short.append(one.label)
                elif isinstance(one, Text):
                    short.append({one.field: one.text})
            made[row.item.key] = (row.response.status, short)
        return made

    # ---- places -------------------------------------------------------------------------------------

    def boxes(self, start: int, end: int) -> list[Area]:
        """Where characters are on the screen."""
        found = self.root.evaluate(_BOXES, [start, end])
        return [Area(*box) for box in found]

    def box(self, start: int, end: int) -> Area:
        """The one box of characters on one line and between the same marks."""
        found = self.boxes(start, end)
        assert found, f"characters {start} to {end} are not on the screen"
        return found[0]

    def middle(self, start: int, end: int | None = None) -> tuple[float, float]:
        return self.box(start, start + 1 if end is None else end).middle

    def find(self, words: str, nth: int = 0) -> tuple[int, int]:
        """Where words stand in the text."""
        at = -1
        for _ in range(nth + 1):
            at = self.text.index(words, at + 1)
        return at, at + len(words)

    def into_view(self, start: int, end: int) -> None:
        self.root.evaluate(_VISIBLE, [start, end])

    def graphemes(self, text: str) -> list[int]:
        """The boundaries of characters as people see them."""
        return list(self.page.evaluate(_GRAPHEMES, text))

    def edges(self, start: int, end: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """Points just inside the first and the last character of a range; its ends must be letters."""
        text = self.text
        boundaries = self.graphemes(text)
        first_end = min(b for b in boundaries if b > start)
        last_start = max(b for b in boundaries if b < end)
        first, last = self.boxes(start, first_end), self.boxes(last_start, end)
        assert first, f"character {start} is not on the screen"
        assert last, f"character {last_start} is not on the screen"
        rows = self.root.evaluate(
            "(root, at) => { let row = null; for (const one of root.querySelectorAll('.nbl-row'))"
            " if (Number(one.dataset.start) <= at) row = one; return row.dir; }",
            start,
        )

        def inside(box: Area, character: str, late: bool) -> tuple[float, float]:
            rtl = is_rtl(character) or (rows == "rtl" and not character.isalnum())
            by = min(3.0, (box.right - box.left) / 4)
            return (box.right - by if late != rtl else box.left + by), (box.top + box.bottom) / 2

        return inside(first[0], text[start], False), inside(last[-1], text[last_start], True)

    def drawn(self, kind: str) -> list[Area]:
        """Boxes that the labeler draws over the text: ``"cursor"``, ``"range"``, ``"selected"``, ``"found"``, ..."""
        found = self.root.evaluate(
            "(root, kind) => [...root.querySelectorAll(`.nbl-mark-${kind}`)].map((one) => {"
            " const box = one.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]; })",
            kind,
        )
        return [Area(*box) for box in found]

    # ---- hands --------------------------------------------------------------------------------------

    def drag(self, start: int, end: int, *, held: str = "", backwards: bool = False) -> TextPage:
        """Drag from the first to the last of these characters, with a key held (``"Alt"``)."""
        self.into_view(start, end)
        begin, finish = self.edges(start, end)
        if backwards:
            begin, finish = finish, begin
        return self.drag_points(begin, finish, held=held)

    def drag_points(
        self, begin: tuple[float, float], finish: tuple[float, float], *, held: str = "", steps: int = 3
    ) -> TextPage:
        with self.holding(held):
            self.mouse.move(*begin)
            self.mouse.down()
            self.mouse.move((begin[0] + finish[0]) / 2, (begin[1] + finish[1]) / 2)
            self.mouse.move(*finish, steps=steps)
            self.mouse.up()
        return self

    def drag_words(self, words: str, nth: int = 0, **options: Any) -> TextPage:
        return self.drag(*self.find(words, nth), **options)

    def click_at(self, offset: int, *, double: bool = False) -> TextPage:
        self.into_view(offset, offset + 1)
        x, y = self.middle(offset)
        self.mouse.click(x, y, click_count=1)
        if double:
            self.mouse.click(x, y, click_count=2)
        return self

    def click_words(self, words: str, nth: int = 0, *, double: bool = False) -> TextPage:
        start, end = self.find(words, nth)
        return self.click_at((start + end - 1) // 2, double=double)

    @property
    def surface(self) -> Locator:
        return self.part("text")

    def focus_text(self) -> TextPage:
        """Give the text the focus without marking anything."""
        self.surface.focus()
        return self

    # ---- what the page shows ------------------------------------------------------------------------

    @property
    def rows(self) -> list[str]:
        """The texts of the rows that are drawn."""
        return list(self.root.locator(".nbl-row").all_text_contents())

    @property
    def tags(self) -> list[str]:
        """The tags of marks, as they are read out, in the order of the text."""
        return [tag.get_attribute("aria-label") or "" for tag in self.root.locator(".nbl-tag").all()]

    @property
    def selected(self) -> str:
        """What the list shows as selected."""
        found = self.root.locator(".nbl-entry.nbl-selected .nbl-entry-text")
        return found.first.inner_text() if found.count() else ""

    def entries(self, title: Literal["Spans", "Relations", "Suggestions"]) -> Locator:
        return self.root.locator(f'section[aria-label="{title}"] .nbl-entry')
