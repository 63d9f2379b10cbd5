"""What comes next is ranked anew while a person works: nothing that they see or are about to do may jump."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]
TEXTS = [f"number {n} has an apple" for n in range(200)]


def bring_up(page: TextPage, *positions: int) -> None:
    """As models do it: from a thread of their own, whatever the kernel is busy with."""
    page.session.bring_up(np.array(positions))


def test_what_is_shown_stays_and_the_next_are_others(text_page: Open) -> None:
    page = text_page(TEXTS, spans=["A", "B"], fields={"note": "text"})
    page.label("A").drag_words("apple").holds(marked=[("apple", "A")])
    note = page.root.locator('textarea[data-field="note"]')
    note.fill("half a sen")
    bring_up(page, 150, 120, 150, 0)
    assert page.session.generation == 2
    note.press_sequentially("tence")
    page.settle()
    expect(note).to_have_value("half a sentence")
    assert page.key == "0"
    assert page.tags == ["A: apple"]
    note.press("Escape")
    page.press("Control+z").until(lambda: page.texts == {})  # what was typed is one step
    page.press("Control+Shift+z").until(lambda: page.texts == {"note": "half a sentence"})
    page.focus()
    for position in (1, 2, 150, 120, 3):
        page.press("Enter").at(position)
    assert page.answers()[0] == ("submitted", [(16, 21, "A"), {"note": "half a sentence"}])
    assert {key for key, (status, _) in page.answers().items() if status == "submitted"} == {0, 1, 2, 150, 120}
    page.press("p").at(120)  # what lies behind is as it was
    page.press("p").at(150)
    assert not page.stage.problems


def test_a_page_that_is_ahead_of_the_kernel(text_page: Open) -> None:
    page = text_page(TEXTS, spans=["A", "B"])
    page.focus()
    with page.kernel.busy():
        for n in range(1, 6):
            page.press("Enter").until_key(n)
        page.label("B").drag_words("apple")
        bring_up(page, 190, 180)  # behind the second, as far as the kernel knows
        page.until(lambda: page.tags == ["B: apple"])
        page.press("Enter").until_key(6)  # nobody waits
        page.press("p").until_key(5)
        assert page.place == (6, 200)
    page.until(lambda: page.place == (8, 200)).at(5)
    assert page.tags == ["B: apple"]
    page.press("Enter").at(6)
    bring_up(page, 77)  # the kernel knows where the page is again
    page.press("Enter").at(7)
    page.press("Enter").at(8)
    page.press("Enter").at(77)
    page.settle()
    done = sorted(key for key, (status, _) in page.answers().items() if status == "submitted")
    assert done == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert [item for item, action in page.log if action == "submit"].count(page.session.source.identity(5)) == 2
    assert not page.stage.problems
