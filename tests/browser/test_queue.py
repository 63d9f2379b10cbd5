"""Finding one's way: position, filter, search, guidelines, help; and Python's actions that the page follows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

import nblabel as nb

from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]
TEXTS = [f"{color} {thing}" for color in ("Red", "Green", "Blue") for thing in ("apple", "pear", "Äpfel", "plum")]


def shown(page: TextPage) -> str:
    return "\n".join(page.rows)


# ---- position --------------------------------------------------------------------------------------


def test_back_and_forth(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, choices=["good", "bad"], fields={"note": "text"}, root=root)
    page.focus().press("n", "n").at(2)
    assert page.place == (3, 12)
    page.press("p").at(1)
    page.press("Control+ArrowRight", "Control+ArrowRight", "Control+ArrowLeft").at(2)
    page.root.get_by_role("button", name="Next item").click()
    page.at(3)
    page.root.get_by_role("button", name="Previous item").click()
    page.at(2)
    page.press("j").type("9").press("Enter").at(8)
    page.press("j").type("999").press("Enter").at(11)
    page.press("j").type("x").press("Enter")
    assert page.settle().key == "11"
    page.press("j").type("1").press("Escape")
    assert page.settle().key == "11"
    assert page.answers() == {}  # looking is not answering
    page.press("p", "p").at(9)  # the keys are back
    # Python stays where the person is, also after the cell runs again
    page.until(lambda: page.lab.index == 9)


def test_the_progress_bar(text_page: Open) -> None:
    page = text_page(TEXTS, choices=["good", "bad"])
    page.focus().press("1", "1", "Shift+X", "f").at(3)
    bar = page.root.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "3")
    expect(bar).to_have_attribute("aria-valuetext", "2 of 12 items submitted · 1 discarded · 1 flagged · 9 left")
    assert page.done == 3
    page.until(lambda: page.lab.progress.flagged == 1)


# ---- filter and search -----------------------------------------------------------------------------


def test_search(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, choices=["good", "bad"], root=root)
    page.focus().press("/").type("äPFEL").press("Enter")
    page.at(2)
    assert page.place == (1, 3)
    assert len(page.drawn("found")) == 1  # what was searched for is marked in the text
    page.press("1").at(6)
    page.press("2").at(10)
    page.press("1")
    page.part("done").wait_for()
    page.part("done").get_by_role("button", name="Show all items").click()
    page.until(lambda: page.place[1] == 12)
    assert {key: answer for key, (_, answer) in page.answers().items()} == {2: ["good"], 6: ["bad"], 10: ["good"]}
    page.focus().press("/").type("no such thing").press("Enter")
    page.part("empty").wait_for()
    page.root.get_by_role("button", name="Show all items").first.click()
    page.until(lambda: page.place[1] == 12)


def test_filters(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=["A", "B"], root=root)
    page.label("A").drag_words("apple").press("Enter").at(1)
    page.press("f", "Enter").at(2)
    page.label("B").drag_words("pfel").press("Shift+X").at(3)
    page.drag_words("plum").holds(spans=[(4, 8, "B")])
    page.part("filter").click()
    menu = page.part("filter-menu")
    menu.get_by_label("Submitted").check()
    page.until(lambda: page.place[1] == 2)
    menu.get_by_label("Draft").check()
    page.until(lambda: page.place[1] == 3)
    assert "submitted" in page.root.locator(".nbl-filter-line").inner_text()
    menu.get_by_label("With label").select_option("B")
    page.until(lambda: page.place == (1, 1)).at(3)
    menu.get_by_label("Draft").uncheck()
    page.part("empty").wait_for()
    menu.get_by_label("With label").select_option("A")
    page.until(lambda: page.place == (1, 1)).at(0)
    menu.get_by_label("With label").select_option("")
    menu.get_by_label("Flagged").check()
    page.until(lambda: page.place == (1, 1)).at(1)
    page.press("Escape")
    menu.wait_for(state="detached")
    page.root.locator(".nbl-filter-line button").click()
    page.until(lambda: page.place[1] == 12)
    for click in (page.part("filter").click, page.page.locator("#before").click):
        page.part("filter").click()
        menu.wait_for()
        click()
        menu.wait_for(state="detached")


# ---- guidelines and help ---------------------------------------------------------------------------

GUIDELINES = """
# How to label

Mark **every** person. See [the paper](https://example.org/paper).

1. Names
2. Titles

| do | don't |
|----|-------|
| Ada | the |
"""


def test_guidelines(text_page: Open, root: str) -> None:
    labels = [
        nb.Label("PERSON", description="a human being", examples=["Ada Lovelace", "Dr. Who"]),
        nb.Label("ORG", description="an organisation"),
    ]
    page = text_page(TEXTS, spans=labels, guidelines=GUIDELINES, root=root)
    page.focus().press("g")
    panel = page.part("guidelines")
    panel.wait_for()
    assert panel.locator("h1").inner_text() == "How to label"
    assert panel.locator("strong").inner_text() == "every"
    assert panel.locator("ol > li").all_inner_texts() == ["Names", "Titles"]
    assert panel.locator("td").all_inner_texts() == ["Ada", "the"]
    link = panel.get_by_role("link", name="the paper")
    assert link.get_attribute("href") == "https://example.org/paper"
    assert link.get_attribute("target") == "_blank"
    assert "noopener" in (link.get_attribute("rel") or "")
    for words in ("a human being", "Ada Lovelace", "Dr. Who", "an organisation"):
        panel.get_by_text(words).wait_for()
    # it stays beside the work
    page.label("PERSON").drag_words("apple").press("Enter").at(1)
    assert panel.is_visible()
    page.press("g")
    panel.wait_for(state="detached")
    page.part("guidelines-button").click()
    panel.wait_for()


def help_keys(page: TextPage) -> dict[str, list[str]]:
    page.part("help").wait_for()
    rows = page.part("help").locator("dl > div")
    return {row.locator("dd").inner_text(): row.locator("kbd").all_inner_texts() for row in rows.all()}


def test_help_lists_the_keys_in_force(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=["PERSON", nb.Label("ORG", hotkey="o")], choices=["good", "bad"], root=root)
    page.focus().press("?")
    keys = help_keys(page)
    assert keys["Submit and go on"] == ["Enter", "Ctrl+Enter"]
    assert keys["PERSON"] == ["1"]
    assert keys["ORG"] == ["o"]
    assert keys["Flag, or take the flag off"] == ["f"]
    # while it is open, keys do nothing else
    page.press("Enter", "f", "1")
    page.part("help").wait_for()
    page.press("Escape")
    page.part("help").wait_for(state="detached")
    assert page.settle().answers() == {}
    page.press("f").until(lambda: page.session.response.flagged)  # the focus has come back


def test_remapped_keys(text_page: Open) -> None:
    keys = {"submit": "s", "flag": ["!", "ctrl+b"], "skip": "q", "label:spans:ORG": "o", "nonsense": "y", "help": "F1"}
    page = text_page(TEXTS, spans=["PERSON", "ORG"], choices=["good", "bad"], keys=keys)
    page.focus_text().press("ArrowRight", "o").holds(marked=[("Red", "ORG")])
    page.press("!").until(lambda: page.session.response.flagged)
    page.press("Control+b").until(lambda: not page.session.response.flagged)
    page.press("Escape", "Enter", "f")  # the old keys mean nothing now
    assert page.settle().key == "0"
    assert not page.session.response.flagged
    page.press("s").at(1)
    page.press("q").at(2)
    page.press("F1")
    listed = help_keys(page)
    assert listed["Submit and go on"] == ["s"]
    assert listed["Flag, or take the flag off"] == ["!", "Ctrl+B"]
    assert listed["ORG"] == ["o"]
    assert "nonsense" in page.part("help").inner_text()  # a mistake is told, not swallowed
    page.press("Escape")
    # buttons show them too
    assert page.part("submit").locator("kbd").inner_text() == "s"


def test_the_users_own_key_wins_over_a_label_that_was_given_one(text_page: Open) -> None:
    page = text_page(TEXTS, spans=["PERSON", nb.Label("FRUIT", hotkey="f")])
    page.focus_text().press("ArrowRight", "f").holds(marked=[("Red", "FRUIT")])
    assert not page.settle().session.response.flagged
    page.press("?")
    assert help_keys(page)["FRUIT"] == ["f"]
    assert "Flag, or take the flag off" not in help_keys(page)  # it has no key now


# ---- Python leads ----------------------------------------------------------------------------------


def test_python_acts_and_the_page_follows(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=["A", "B"], choices=["good", "bad"], fields={"note": "text"}, root=root)
    run = page.kernel.do
    run(lambda: page.lab.draft([nb.Span(0, 3, "A"), nb.Choice("good"), nb.Text("from Python", field="note")]))
    page.until(lambda: page.tags == ["A: Red"])
    expect(page.choice("good")).to_have_attribute("aria-checked", "true")
    expect(page.root.locator('textarea[data-field="note"]')).to_have_value("from Python")
    run(page.lab.flag)
    page.root.locator(".nbl-badge-flagged").wait_for()
    run(lambda: page.lab.comment("hello"))
    expect(page.part("comment")).to_have_value("hello")
    run(page.lab.submit)
    page.until_key(1)
    assert page.done == 1
    run(page.lab.skip)
    page.until_key(2)
    run(page.lab.discard)
    page.until_key(3)
    run(lambda: page.lab.goto(0))
    page.until_key(0)
    assert page.part("item-status").inner_text().strip() == "Submitted"
    run(lambda: page.lab.submit([nb.Span(4, 9, "B")], key=0, field="spans"))
    page.until_key(1)
    run(page.lab.undo)
    page.until_key(0)
    page.until(lambda: page.tags == ["A: Red"])
    run(page.lab.redo)
    page.until(lambda: page.tags == ["B: apple"])
    # the person's own undo takes back what Python did
    page.focus().press("Control+z").until(lambda: page.tags == ["A: Red"])
    page.holds(spans=[(0, 3, "A")])
    run(lambda: page.lab.filter(text="pear"))
    page.until(lambda: page.place[1] == 3)
    run(page.lab.filter)
    page.until(lambda: page.place[1] == 12)
    run(lambda: (page.lab.next(), page.lab.next(), page.lab.previous()))
    page.until(lambda: page.key == str(page.lab.item.key))
    assert not page.stage.problems


def test_an_answer_from_python_elsewhere_arrives_in_the_list_of_what_is_done(text_page: Open) -> None:
    page = text_page(TEXTS, choices=["good", "bad"])
    page.kernel.do(lambda: [page.lab.submit("bad", key=n) for n in (1, 2, 3)])
    page.until(lambda: page.done == 3)
    page.focus().press("1").at(4)  # what Python answered is not asked again
    assert page.answers() == {0: ("submitted", ["good"]), **{n: ("submitted", ["bad"]) for n in (1, 2, 3)}}


def test_all_is_answered(text_page: Open) -> None:
    page = text_page(TEXTS[:2], choices=["good", "bad"])
    page.focus().press("1", "2")
    done = page.part("done")
    done.wait_for()
    assert "lab.annotations" in done.inner_text()
    done.get_by_role("button", name="Look through").click()
    page.at(0)
    page.press("2").at(1)  # a second look changes the answer and goes on
    page.holds(answers={0: ("submitted", ["bad"]), 1: ("submitted", ["bad"])})


def test_nothing_to_label(text_page: Open) -> None:
    page = text_page([], choices=["good", "bad"])
    assert "no items" in page.part("empty").inner_text()
    page.press("1", "Enter", "Space")
    assert page.settle().answers() == {}
