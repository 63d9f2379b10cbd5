"""Marking spans with mouse and keys; what counts is what Python holds afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import nblabel as nb

from .textpage import TextPage

pytestmark = pytest.mark.browser

ADA = "Ada Lovelace met Charles Babbage in London."
TEXTS = [ADA, "Grace Hopper found a moth in the relay."]
LABELS = ["PERSON", "ORG", "PLACE"]

Open = Callable[..., TextPage]


# ---- marking ---------------------------------------------------------------------------------------


def test_drag_with_a_sticky_label(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=LABELS, root=root)
    page.label("PERSON")
    page.drag_words("Lovelace").holds(spans=[(4, 12, "PERSON")])
    page.drag_words("Charles Babbage", backwards=True).holds(spans=[(4, 12, "PERSON"), (17, 32, "PERSON")])
    assert page.chip("PERSON").get_attribute("aria-pressed") == "true"
    page.label("PLACE")
    page.drag_words("London").holds(marked=[("Lovelace", "PERSON"), ("Charles Babbage", "PERSON"), ("London", "PLACE")])
    assert page.tags == ["PERSON: Lovelace", "PERSON: Charles Babbage", "PLACE: London"]
    # the label stays when the next item comes
    page.press("Enter").at(1)
    page.drag_words("relay").holds(spans=[(33, 38, "PLACE")])
    assert page.answers() == {
        0: ("submitted", [(4, 12, "PERSON"), (17, 32, "PERSON"), (36, 42, "PLACE")]),
        1: ("draft", [(33, 38, "PLACE")]),
    }


def test_a_drag_without_a_label_offers_the_labels(text_page: Open) -> None:
    page = text_page(TEXTS, spans=LABELS)
    page.drag_words("Charles Babbage")
    popover = page.part("popover")
    popover.locator('.nbl-chip[data-label="ORG"]').click()
    page.holds(marked=[("Charles Babbage", "ORG")])
    assert popover.count() == 0
    page.drag_words("London").press("3").holds(marked=[("Charles Babbage", "ORG"), ("London", "PLACE")])
    page.drag_words("Ada")
    popover.wait_for()
    page.press("Escape")
    popover.wait_for(state="detached")
    assert page.settle().marked == [("Charles Babbage", "ORG"), ("London", "PLACE")]


def test_double_click_marks_a_word(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=LABELS, root=root)
    page.label("PERSON")
    page.click_words("Babbage", double=True).holds(marked=[("Babbage", "PERSON")])
    # without a current label, the labels are offered
    page.label("PERSON")
    assert page.chip("PERSON").get_attribute("aria-pressed") == "false"
    page.click_words("London", double=True)
    page.part("popover").locator('.nbl-chip[data-label="PLACE"]').click()
    page.holds(marked=[("Babbage", "PERSON"), ("London", "PLACE")])


@pytest.mark.parametrize(
    ("keys", "marked"),
    [
        (["1"], "Ada"),
        (["ArrowRight", "1"], "Lovelace"),
        (["ArrowRight", "ArrowRight", "Shift+ArrowRight", "1"], "met Charles"),
        (["End", "ArrowLeft", "1"], "London"),
        (["End", "ArrowLeft", "Shift+Home", "1"], ADA[:-1]),
        (["ArrowRight", "Alt+Shift+ArrowRight", "Alt+Shift+ArrowRight", "1"], "Lovelace m"),
        (["ArrowRight", "Alt+Shift+ArrowLeft", "Alt+Shift+ArrowLeft", "1"], "Lovela"),
        (["ArrowRight", "Alt+ArrowRight", "Alt+ArrowRight", "1"], "m"),
        (["Control+End", "Shift+Control+End", "1"], "."),
        (["ArrowRight", "ArrowRight", "Shift+ArrowLeft", "1"], "Lovelace met"),
        (["ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowLeft", "1"], "Lovelace met"),
    ],
)
def test_marking_with_keys_only(text_page: Open, keys: list[str], marked: str) -> None:
    page = text_page(TEXTS, spans=LABELS)
    page.focus_text().press("ArrowRight")  # the first word
    page.press(*keys).holds(marked=[(marked, "PERSON")])
    assert not page.stage.problems


def test_keys_only_in_a_shadow_root(text_page: Open) -> None:
    page = text_page(TEXTS, spans=LABELS, root="shadow")
    page.stage.page.locator("#before").focus()
    for _ in range(30):  # Tab alone gets there
        page.press("Tab")
        if page.surface.evaluate("(text) => text.getRootNode().activeElement === text"):
            break
    page.press("ArrowRight", "ArrowRight", "1", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "1")
    page.holds(marked=[("Lovelace", "PERSON"), ("Charles Babbage", "PERSON")])
    page.press("Enter").at(1)
    page.holds(answers={0: ("submitted", [(4, 12, "PERSON"), (17, 32, "PERSON")])})


def test_lines_up_and_down(text_page: Open) -> None:
    text = "first line of words\nsecond line of words\n\nlast line of words"
    page = text_page([text], spans=LABELS)
    page.focus_text().press("ArrowRight", "ArrowRight", "ArrowDown", "1")
    page.holds(marked=[("line", "PERSON")])
    assert page.spans[0][0] == text.index("line", 20)
    page.press("ArrowDown", "2").holds(spans=[(27, 31, "PERSON"), (47, 51, "ORG")])
    page.press("ArrowUp", "ArrowUp", "3")
    page.holds(spans=[(6, 10, "PLACE"), (27, 31, "PERSON"), (47, 51, "ORG")])
    page.press("Shift+ArrowDown", "1")
    page.until(lambda: (6, 31, "PERSON") in page.spans)


# ---- snapping --------------------------------------------------------------------------------------


def test_snaps_to_words(text_page: Open) -> None:
    page = text_page(TEXTS, spans=LABELS)
    page.label("PERSON")
    page.drag(6, 9).holds(marked=[("Lovelace", "PERSON")])  # "vel"
    page.drag(19, 28).holds(marked=[("Lovelace", "PERSON"), ("Charles Babbage", "PERSON")])  # "arles Bab"


@pytest.mark.parametrize("key", ["Alt", "Shift"])
def test_characters_while_a_key_is_held(text_page: Open, root: str, key: str) -> None:
    page = text_page(TEXTS, spans=LABELS, root=root)
    page.label("PERSON")
    page.drag(6, 9, held=key).holds(marked=[("vel", "PERSON")])
    page.drag(18, 29, held=key, backwards=True).holds(marked=[("vel", "PERSON"), ("harles Babb", "PERSON")])


def test_snaps_to_spacy_tokens(text_page: Open) -> None:
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("en")
    text = "Don't pay U.S. $12.50 to a.b@c.org."
    page = text_page([text], spans=LABELS, nlp=nlp)
    page.label("PERSON")
    tokens = [token.text for token in nlp(text)]
    assert tokens[:3] == ["Do", "n't", "pay"]
    page.click_at(3, double=True).holds(marked=[("n't", "PERSON")])
    page.click_words("a.b@c.org", double=True).holds(marked=[("n't", "PERSON"), ("a.b@c.org", "PERSON")])
    page.drag(*page.find("2.5")).holds(marked=[("n't", "PERSON"), ("12.50", "PERSON"), ("a.b@c.org", "PERSON")])
    # characters still can be had, and keys step over the same tokens
    page.drag(*page.find("2.5"), held="Alt")
    page.until(lambda: ("2.5", "PERSON") in page.marked)
    page.press("Escape", "Control+Home", "ArrowRight", "ArrowRight", "2")
    page.until(lambda: ("pay", "ORG") in page.marked)


def test_docs_bring_their_own_tokens(text_page: Open) -> None:
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import Doc

    doc = Doc(spacy.blank("en").vocab, words=["New York", "is", "big"], spaces=[True, True, False])
    page = text_page([doc], spans=LABELS)
    page.label("PLACE")
    page.click_at(1, double=True).holds(spans=[(0, 8, "PLACE")])


def test_a_drag_outside_the_text_and_an_empty_one_mark_nothing(text_page: Open) -> None:
    page = text_page(["word\n\n\n   \nlast"], spans=LABELS)
    page.label("PERSON")
    box = page.surface.bounding_box()
    assert box
    x, y = page.middle(0)
    page.drag_points((x + 400, y + 30), (x + 500, y + 50))  # in the empty lines
    page.drag(9, 10)  # blanks
    assert page.settle().spans == []
    # from the first word to far beyond the text: to its end
    page.drag_points((x - 3, y), (box["x"] + box["width"] - 30, box["y"] + box["height"] + 100))
    page.holds(marked=[("word\n\n\n   \nlast", "PERSON")])


# ---- several spans on the same characters ----------------------------------------------------------


def nested(page: TextPage) -> TextPage:
    page.label("PERSON").drag_words("Charles Babbage in London")
    page.label("ORG").drag_words("Babbage in London")
    page.label("PLACE").drag_words("London")
    return page.holds(spans=[(17, 42, "PERSON"), (25, 42, "ORG"), (36, 42, "PLACE")])


def test_nested_spans_stay_visible_and_clickable(text_page: Open, root: str) -> None:
    page = nested(text_page(TEXTS, spans=LABELS, root=root))
    assert sorted(page.tags) == [
        "ORG: Babbage in London",
        "PERSON: Charles Babbage in London",
        "PLACE: London",
    ]
    # every tag lies on the screen for itself
    boxes = [tag.bounding_box() for tag in page.root.locator(".nbl-tag").all()]
    assert all(box and box["width"] > 10 for box in boxes)
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert one
            assert other
            apart = one["x"] + one["width"] <= other["x"] + 1 or other["x"] + other["width"] <= one["x"] + 1
            assert apart or one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
    # clicks on the same place go through all of them, innermost first
    seen = []
    for _ in range(4):
        page.click_words("London")
        page.page.wait_for_timeout(350)  # not a double click
        seen.append(page.selected)
    assert seen == ["London", "Babbage in London", "Charles Babbage in London", "London"]
    # a tag selects its own
    page.root.locator('.nbl-tag[data-label="ORG"]').click()
    page.until(lambda: page.selected == "Babbage in London")
    page.press("Delete").holds(spans=[(17, 42, "PERSON"), (36, 42, "PLACE")])


def test_overlapping_and_equal_spans(text_page: Open) -> None:
    page = text_page(TEXTS, spans=LABELS)
    page.label("PERSON").drag_words("Lovelace met Charles")
    page.label("ORG").drag_words("Charles Babbage")
    page.label("PLACE").drag_words("Charles Babbage")
    page.holds(spans=[(4, 24, "PERSON"), (17, 32, "ORG"), (17, 32, "PLACE")])
    page.drag_words("Charles Babbage")  # the same again is no second one
    assert page.settle().spans == [(4, 24, "PERSON"), (17, 32, "ORG"), (17, 32, "PLACE")]
    assert len(page.tags) == 3
    seen = set()
    for _ in range(3):
        page.click_words("Charles")
        page.page.wait_for_timeout(350)
        seen.add((page.selected, page.root.locator(".nbl-entry.nbl-selected .nbl-entry-label").inner_text()))
    assert seen == {("Lovelace met Charles", "PERSON"), ("Charles Babbage", "ORG"), ("Charles Babbage", "PLACE")}


def test_a_field_without_overlap_replaces(text_page: Open) -> None:
    page = text_page(TEXTS, spans=nb.Spans(LABELS, overlap=False))
    page.label("PERSON").drag_words("Lovelace met").drag_words("London")
    page.holds(spans=[(4, 16, "PERSON"), (36, 42, "PERSON")])
    page.label("ORG").drag_words("met Charles").holds(spans=[(13, 24, "ORG"), (36, 42, "PERSON")])
    page.press("Control+z").holds(spans=[(4, 16, "PERSON"), (36, 42, "PERSON")])


def test_fourteen_spans_on_one_word(text_page: Open) -> None:
    labels = [f"L{n}" for n in range(14)]
    page = text_page(["one word"], spans=labels)
    for name in labels:
        page.lab.draft([nb.Span(4, 8, one) for one in labels[: labels.index(name) + 1]])
    page.until(lambda: len(page.tags) == 14)
    heights = page.root.locator(".nbl-row").bounding_box()
    surface = page.surface.bounding_box()
    assert heights
    assert surface
    assert surface["width"] >= heights["width"]
    assert page.root.locator('.nbl-tag[data-label="L13"]').is_visible()
    page.root.locator('.nbl-tag[data-label="L7"]').click()
    page.press("Delete").until(lambda: len(page.spans) == 13)
    assert (4, 8, "L7") not in page.spans


# ---- changing --------------------------------------------------------------------------------------


def test_relabel(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=LABELS, root=root)
    page.label("PERSON").drag_words("Babbage").drag_words("London").holds(
        spans=[(25, 32, "PERSON"), (36, 42, "PERSON")]
    )
    ids = {a.id for a in page.annotations}
    page.click_words("London").press("3").holds(marked=[("Babbage", "PERSON"), ("London", "PLACE")])
    page.click_words("Babbage")
    page.part("popover").locator("select").select_option(label="ORG")
    page.holds(marked=[("Babbage", "ORG"), ("London", "PLACE")])
    page.click_words("Babbage")
    page.chip("PLACE").click()
    page.holds(marked=[("Babbage", "PLACE"), ("London", "PLACE")])
    assert {a.id for a in page.annotations} == ids  # the same annotations, changed
    page.press("Control+z", "Control+z", "Control+z").holds(marked=[("Babbage", "PERSON"), ("London", "PERSON")])


def drag_handle(page: TextPage, edge: str, to: tuple[float, float], held: str = "") -> TextPage:
    handle = page.root.locator(f".nbl-handle-{edge}")
    handle.wait_for()
    box = handle.bounding_box()
    assert box
    return page.drag_points((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), to, held=held)


def test_resize_by_dragging_edges(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=LABELS, root=root)
    page.label("PERSON").drag_words("Charles").holds(spans=[(17, 24, "PERSON")])
    page.click_words("Charles")
    drag_handle(page, "end", page.middle(28)).holds(marked=[("Charles Babbage", "PERSON")])
    drag_handle(page, "start", page.middle(13)).holds(marked=[("met Charles Babbage", "PERSON")])
    drag_handle(page, "start", page.middle(20), held="Alt")
    page.until(lambda: page.spans[0][0] in (20, 21))
    drag_handle(page, "end", page.middle(38)).until(lambda: page.spans[0][1] == 42)
    assert len(page.spans) == 1
    page.press("Control+z", "Control+z", "Control+z").holds(marked=[("Charles Babbage", "PERSON")])


def test_resize_with_keys(text_page: Open) -> None:
    page = text_page(TEXTS, spans=LABELS)
    page.focus_text().press("ArrowRight", "ArrowRight", "1").holds(marked=[("Lovelace", "PERSON")])
    page.press(".").until(lambda: page.selected == "Lovelace")
    page.press("Shift+ArrowRight").holds(marked=[("Lovelace met", "PERSON")])
    page.press("Control+Shift+ArrowLeft").holds(marked=[("Ada Lovelace met", "PERSON")])
    page.press("Shift+ArrowLeft", "Alt+Shift+ArrowLeft").holds(marked=[("Ada Lovelac", "PERSON")])
    page.press("Control+Shift+ArrowRight").holds(marked=[("Lovelac", "PERSON")])
    page.press(*["Alt+Shift+ArrowLeft"] * 12).holds(marked=[("L", "PERSON")])  # never to nothing
    page.press("Control+z", "Control+z", "Control+z").holds(marked=[("Love", "PERSON")])


def test_delete(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=LABELS, root=root)
    page.label("PERSON").drag_words("Ada").drag_words("Charles").drag_words("London").drag_words("met")
    page.holds(marked=[(word, "PERSON") for word in ("Ada", "met", "Charles", "London")])
    page.click_words("Charles").press("Delete").holds(marked=[(w, "PERSON") for w in ("Ada", "met", "London")])
    page.click_words("London").press("Backspace").holds(marked=[(w, "PERSON") for w in ("Ada", "met")])
    page.click_words("met")
    page.part("delete").click()
    page.holds(marked=[("Ada", "PERSON")])
    row = page.entries("Spans").first
    row.hover()
    row.get_by_title("Delete").click()
    page.holds(spans=[])
    page.press(*["Control+z"] * 4)
    page.holds(marked=[(w, "PERSON") for w in ("Ada", "met", "Charles", "London")])
    page.press("Control+Backspace").holds(spans=[])
    page.press("Control+z").holds(marked=[(w, "PERSON") for w in ("Ada", "met", "Charles", "London")])


def test_apply_to_all_matches(text_page: Open) -> None:
    text = "Ada and Adam met Ada; ADA is Ada."
    page = text_page([text, "x"], spans=LABELS)
    page.label("PERSON").drag(0, 3).holds(spans=[(0, 3, "PERSON")])
    page.click_at(1)
    button = page.part("matches")
    assert "2" in button.inner_text()
    button.click()
    page.holds(spans=[(0, 3, "PERSON"), (17, 20, "PERSON"), (29, 32, "PERSON")])  # not Adam
    page.press("Control+z").holds(spans=[(0, 3, "PERSON")])  # one step
    page.click_at(1).press("m").holds(spans=[(0, 3, "PERSON"), (17, 20, "PERSON"), (29, 32, "PERSON")])


# ---- undo and redo ---------------------------------------------------------------------------------


def test_undo_and_redo_of_each_change(text_page: Open) -> None:
    page = text_page(TEXTS, spans=LABELS)
    states = [page.spans]

    def did(spans: list[tuple[int, int, str]]) -> None:
        page.holds(spans=spans)
        states.append(spans)

    page.label("PERSON").drag_words("Lovelace")
    did([(4, 12, "PERSON")])
    page.click_words("Lovelace").press("2")
    did([(4, 12, "ORG")])
    page.press("Shift+ArrowRight")
    did([(4, 16, "ORG")])
    page.press("Escape").drag_words("London")
    did([(4, 16, "ORG"), (36, 42, "PERSON")])
    page.click_words("met").press("Delete")
    did([(36, 42, "PERSON")])

    assert not page.part("undo").is_disabled()
    for state in reversed(states[:-1]):
        page.press("Control+z").holds(spans=state)
    page.until(lambda: page.part("undo").is_disabled())
    for state in states[1:]:
        page.press("Control+Shift+z").holds(spans=state)
    page.until(lambda: page.part("redo").is_disabled())
    page.part("undo").click()
    page.holds(spans=states[-2])
    page.part("redo").click()
    page.holds(spans=states[-1])
    page.press("Control+z").holds(spans=states[-2])
    page.press("Control+y").holds(spans=states[-1])
    assert len(page.log) == 5 + 5 + 5 + 4  # nothing is ever rewritten


def test_undo_and_redo_across_items(text_page: Open) -> None:
    page = text_page(TEXTS, spans=LABELS)
    page.label("PERSON").drag_words("Lovelace").press("Enter").at(1)
    page.drag_words("Hopper").press("Enter")
    done = {0: ("submitted", [(4, 12, "PERSON")]), 1: ("submitted", [(6, 12, "PERSON")])}
    page.holds(answers=done)
    page.press("Control+z").at(1).holds(answers={**done, 1: ("draft", [(6, 12, "PERSON")])})
    page.press("Control+z").holds(answers={0: done[0], 1: ("pending", [])})
    page.press("Control+z").at(0).holds(answers={0: ("draft", [(4, 12, "PERSON")]), 1: ("pending", [])})
    page.press("Control+Shift+z", "Control+Shift+z", "Control+Shift+z").holds(answers=done)
    # Python's own undo goes on with the same steps
    page.kernel.do(page.lab.undo)
    page.at(1).holds(answers={**done, 1: ("draft", [(6, 12, "PERSON")])})


# ---- the list --------------------------------------------------------------------------------------


def test_the_list_of_spans(text_page: Open) -> None:
    page = nested(text_page(TEXTS, spans=LABELS))
    assert page.entries("Spans").locator(".nbl-entry-text").all_inner_texts() == [
        "Charles Babbage in London",
        "Babbage in London",
        "London",
    ]
    page.entries("Spans").nth(2).locator(".nbl-entry-main").click()
    page.press("2").holds(spans=[(17, 42, "PERSON"), (25, 42, "ORG"), (36, 42, "ORG")])
    assert page.chip("ORG").locator(".nbl-times").inner_text() == "×2"
    page.press("Escape", ",", ",")
    page.until(lambda: page.selected != "")


def test_attributes_of_labels(text_page: Open) -> None:
    person = nb.Label(
        "PERSON",
        attributes=[
            nb.Attribute("title"),
            nb.Attribute("alive", "bool"),
            nb.Attribute("born", "number"),
            nb.Attribute("role", "choice", ("author", "reader")),
        ],
    )
    page = text_page(TEXTS, spans=[person, "ORG"])
    page.label("PERSON").drag_words("Lovelace")
    popover = page.part("popover")
    popover.get_by_label("title").fill("Countess")
    popover.get_by_label("alive").check()
    popover.get_by_label("born").fill("1815")
    popover.get_by_label("role").select_option("author")
    wanted = {"title": "Countess", "alive": True, "born": 1815, "role": "author"}
    page.until(lambda: page.annotations and page.annotations[0].attributes == wanted)
    page.lab.submit()
    assert page.lab.annotations.iloc[0]["attr.title"] == "Countess"
