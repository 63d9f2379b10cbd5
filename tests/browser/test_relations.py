"""Relations from span to span: by mouse and keys, and what becomes of them when their spans go."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import nblabel as nb

from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]
TEXT = "Ada Lovelace met Charles Babbage in London."
SPANS = [nb.Span(4, 12, "PERSON"), nb.Span(17, 32, "PERSON"), nb.Span(36, 42, "PLACE")]
MET = ("Lovelace", "met", "Charles Babbage")
IN = ("Charles Babbage", "in", "London")


def related(text_page: Open, **options: object) -> TextPage:
    """A page with three spans, and two labels to relate them."""
    page = text_page([TEXT, "next"], spans=["PERSON", "PLACE"], relations=["met", "in"], **options)
    page.kernel.do(lambda: page.lab.draft(SPANS))
    page.until(lambda: len(page.tags) == 3)
    return page


def arc(page: TextPage, label: str) -> object:
    return page.root.locator(f'.nbl-arc-label[data-label="{label}"]')


def test_by_mouse(text_page: Open, root: str) -> None:
    page = related(text_page, root=root)
    page.click_words("Lovelace")
    page.part("relate").click()
    assert "Lovelace" in page.hint
    page.click_words("Babbage")
    page.part("popover").locator('.nbl-chip[data-label="met"]').click()
    page.holds(relations=[MET])
    # a label of the palette first, then the other span
    page.click_words("Babbage")
    page.label("in")
    page.click_words("London")
    page.holds(relations=[IN, MET])
    assert page.root.locator(".nbl-arc-label").count() == 2
    assert [row.inner_text() for row in page.entries("Relations").locator(".nbl-entry-label").all()] == ["met", "in"]


def test_by_keys_only(text_page: Open, root: str) -> None:
    page = related(text_page, root=root)
    page.focus_text().press(".", "r", ".")
    assert "Charles Babbage" in page.hint
    page.press("Enter", "3").holds(relations=[MET])  # the label's key
    page.press(".")  # the next span
    page.until(lambda: page.selected == "Charles Babbage")
    page.press("4", ".", "Enter").holds(relations=[IN, MET])  # the label first
    page.press(",", ",", "r", ".", ".", "Escape")  # changed my mind
    assert page.settle().relations == [IN, MET]
    page.press("Escape", "Escape", "Enter").at(1)
    assert page.answers()[0][0] == "submitted"


def test_nothing_relates_to_itself_or_twice(text_page: Open) -> None:
    page = related(text_page)
    page.click_words("Lovelace").press("3")
    page.click_words("Lovelace")
    assert page.settle().relations == []
    page.click_words("Babbage").holds(relations=[MET])
    page.press("3")
    page.click_words("Babbage")
    assert page.settle().relations == [MET]
    page.press("Escape", "Escape")
    page.click_words("Lovelace").press("4")
    page.click_words("Babbage").holds(relations=[("Lovelace", "in", "Charles Babbage"), MET])


def test_arcs_are_clickable_and_cover_no_text(text_page: Open, root: str) -> None:
    page = related(text_page, root=root)
    a, b, c = (one.id for one in page.annotations)
    arcs = [nb.Relation(a, b, "met"), nb.Relation(b, c, "in"), nb.Relation(a, c, "in"), nb.Relation(c, a, "met")]
    page.kernel.do(lambda: page.lab.draft(arcs, field="relations"))
    page.until(lambda: page.root.locator(".nbl-arc-label").count() == 4)
    text = page.boxes(0, len(TEXT))
    tops = min(box.top for box in text)
    for label in page.root.locator(".nbl-arc-label").all():
        box = label.bounding_box()
        assert box
        assert box["y"] + box["height"] <= tops + 3
    lines = page.root.locator(".nbl-arc-line").all()
    assert len(lines) == 4
    for line in lines:
        box = line.bounding_box()
        assert box
        assert box["y"] + box["height"] <= tops + 3
    # a click on one selects it; its bar changes it
    labels = page.root.locator(".nbl-arc-label")
    first = next(one for one in labels.all() if (one.get_attribute("aria-label") or "").startswith("met: Lovelace"))
    first.click()
    page.part("popover").locator("select").select_option(label="in")
    page.until(lambda: ("Lovelace", "in", "Charles Babbage") in page.relations)
    page.part("popover").get_by_title("Turn the arrow round").click()
    page.until(lambda: ("Charles Babbage", "in", "Lovelace") in page.relations)
    page.press("Delete").until(lambda: len(page.relations) == 3)
    page.press("Control+z", "Control+z", "Control+z").until(lambda: MET in page.relations)
    assert len(page.relations) == 4


def test_deleting_a_span_takes_its_relations_and_undo_brings_both_back(text_page: Open, root: str) -> None:
    page = related(text_page, root=root)
    page.click_words("Lovelace").press("3")
    page.click_words("Babbage").press("Escape")
    page.click_words("Babbage").press("4")
    page.click_words("London").holds(relations=[IN, MET])
    page.press("Escape")
    page.click_words("Babbage").press("Delete").holds(relations=[], spans=[(4, 12, "PERSON"), (36, 42, "PLACE")])
    assert page.root.locator(".nbl-arc-label").count() == 0
    page.press("Control+z").holds(relations=[IN, MET], spans=[(one.start, one.end, one.label) for one in SPANS])
    page.until(lambda: page.root.locator(".nbl-arc-label").count() == 2)
    page.press("Control+Shift+z").holds(relations=[], spans=[(4, 12, "PERSON"), (36, 42, "PLACE")])
    page.press("Control+z").holds(relations=[IN, MET])


def test_relations_of_certain_spans_only(text_page: Open) -> None:
    page = text_page(
        [TEXT],
        spans=["PERSON"],
        fields={"places": nb.Spans(["PLACE"]), "links": nb.Relations(["knows"], spans="spans")},
    )
    page.kernel.do(lambda: page.lab.draft([*SPANS[:2], nb.Span(36, 42, "PLACE", field="places")]))
    page.until(lambda: len(page.tags) == 3)
    page.click_words("Lovelace").press("r")
    page.click_words("London")
    assert page.settle().relations == []
    page.click_words("Babbage").holds(relations=[("Lovelace", "knows", "Charles Babbage")])  # its only label


def test_relations_over_lines_and_far_away(text_page: Open) -> None:
    text = "First Ada.\n" + "filler words here\n" * 120 + "Last Babbage."
    end = len(text)
    page = text_page([text], spans=["PERSON"], relations=["met"])
    page.kernel.do(lambda: page.lab.draft([nb.Span(6, 9, "PERSON"), nb.Span(end - 8, end - 1, "PERSON")]))
    page.until(lambda: page.entries("Spans").count() == 2)
    page.click_words("Ada").press("r", ".")  # brings the other one into sight
    page.press("Enter").holds(relations=[("Ada", "met", "Babbage")])
    page.until(lambda: page.root.locator(".nbl-arc-line").count() == 1)
    assert page.boxes(end - 8, end - 1)
    page.root.locator('.nbl-entry-main[title^="Ada"]').first.click()
    page.until(lambda: page.boxes(6, 9))
    assert page.root.locator(".nbl-arc-line").count() == 1  # it leads out of sight
