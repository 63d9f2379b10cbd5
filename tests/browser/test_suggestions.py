"""What models suggest: shown as suggestions, taken one by one or all at once, and never an answer by themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

import nblabel as nb

from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]
TEXTS = ["Ada met Bob in Rome.", "Cleo met Dan in Oslo.", "Nobody met anybody."]
PLACES = {"Rome", "Oslo"}


def names(text: str) -> list[Any]:
    """Finds what begins with a capital letter."""
    found: list[Any] = []
    at = 0
    for n, word in enumerate(text.rstrip(".").split(" ")):
        if word[:1].isupper() and word != "Nobody":
            label = "PLACE" if word in PLACES else "PERSON"
            found.append(
                {"start": at, "end": at + len(word), "label": label, "score": 0.95 - n / 10, "source": "names-v2"}
            )
        at += len(word) + 1
    return found


def entries(page: TextPage) -> list[str]:
    return page.entries("Suggestions").locator(".nbl-entry-text").all_inner_texts()


def test_shown_with_score_and_source(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=["PERSON", "PLACE"], suggest=names, root=root)
    page.until(lambda: entries(page) == ["Ada", "Bob", "Rome"])
    tags = page.root.locator(".nbl-tag.nbl-suggested")
    expect(tags).to_have_count(3)
    assert tags.first.get_attribute("aria-label") == "Suggested by names-v2: PERSON: Ada"
    assert (tags.first.get_attribute("data-tag") or "").startswith("PERSON 0.95")
    assert tags.first.evaluate("(tag) => getComputedStyle(tag, '::after').borderTopStyle") == "dashed"
    score = page.entries("Suggestions").first.locator(".nbl-score")
    assert score.get_attribute("title") == "Suggested by names-v2, score 0.95"
    assert score.inner_text().endswith("0.95")
    assert page.chip("PERSON").locator(".nbl-times").count() == 0  # not counted
    assert page.settle().answers() == {}


def test_submitting_without_accepting_takes_none(text_page: Open) -> None:
    page = text_page(TEXTS, spans=["PERSON", "PLACE"], suggest=names)
    page.until(lambda: len(entries(page)) == 3)
    page.focus_text().press("Enter").at(1)
    assert page.answers() == {0: ("submitted", [])}
    assert page.lab.annotations.empty


def test_accepted_one_by_one(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=["PERSON", "PLACE"], suggest=names, root=root)
    page.until(lambda: len(entries(page)) == 3)
    # by click on the text and its bar
    page.click_words("Bob")
    page.part("accept").click()
    page.holds(marked=[("Bob", "PERSON")])
    (bob,) = page.annotations
    assert (bob.score, bob.source) == (pytest.approx(0.75), "names-v2")
    # by key: the first one that is open
    page.press("Escape", "a").holds(marked=[("Ada", "PERSON"), ("Bob", "PERSON")])
    # from the list
    page.entries("Suggestions").first.get_by_title("Accept").click()
    page.holds(marked=[("Ada", "PERSON"), ("Bob", "PERSON"), ("Rome", "PLACE")])
    assert page.entries("Suggestions").count() == 0
    assert page.lab.annotations.empty  # a draft is no answer
    page.press("Escape", "Enter").at(1)
    assert page.lab.annotations["source"].tolist() == ["names-v2"] * 3
    # undo brings the suggestion back as one
    page.press("Control+z", "Control+z").at(0)
    page.until(lambda: entries(page) == ["Rome"])
    page.holds(marked=[("Ada", "PERSON"), ("Bob", "PERSON")])


def test_accepted_all_at_once(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=["PERSON", "PLACE"], suggest=names, root=root)
    page.until(lambda: len(entries(page)) == 3)
    page.focus_text().press("Shift+A").holds(marked=[("Ada", "PERSON"), ("Bob", "PERSON"), ("Rome", "PLACE")])
    page.press("Control+z").holds(spans=[])  # one step
    page.until(lambda: len(entries(page)) == 3)
    page.root.get_by_role("button", name="Accept all").click()
    page.holds(marked=[("Ada", "PERSON"), ("Bob", "PERSON"), ("Rome", "PLACE")])
    page.press("Enter").at(1)
    page.until(lambda: entries(page) == ["Cleo", "Dan", "Oslo"])
    page.kernel.do(page.lab.accept)  # so does Python
    page.until(lambda: page.entries("Spans").count() == 3)
    page.holds(marked=[("Cleo", "PERSON"), ("Dan", "PERSON"), ("Oslo", "PLACE")])


def test_rejected(text_page: Open) -> None:
    page = text_page(TEXTS, spans=["PERSON", "PLACE"], suggest=names)
    page.until(lambda: len(entries(page)) == 3)
    page.click_words("Ada").press("x")
    page.until(lambda: entries(page) == ["Bob", "Rome"])
    page.until(lambda: page.selected == "Bob")  # goes on to the next
    page.press("Delete").until(lambda: entries(page) == ["Rome"])
    page.entries("Suggestions").first.get_by_title("Reject").click()
    page.until(lambda: page.entries("Suggestions").count() == 0)
    assert page.settle().spans == []
    page.press("n").at(1)
    page.press("p").at(0)
    assert entries(page) == []  # they do not come again


def test_corrected(text_page: Open) -> None:
    page = text_page(TEXTS, spans=["PERSON", "PLACE"], suggest=names)
    page.until(lambda: len(entries(page)) == 3)
    page.click_words("Rome").press("1").holds(marked=[("Rome", "PERSON")])
    (rome,) = page.annotations
    assert (rome.score, rome.source) == (None, nb.annotations.HUMAN)  # what the person says now
    # a drag with the same label over the same words accepts the suggestion
    page.press("Escape").label("PERSON").drag_words("Ada").holds(marked=[("Ada", "PERSON"), ("Rome", "PERSON")])
    assert {a.source for a in page.annotations} == {"names-v2", "human"}
    assert entries(page) == ["Bob"]


def test_choices_and_texts_are_suggested_too(text_page: Open) -> None:
    def model(text: str) -> dict[str, Any]:
        return {"mood": [nb.Choice("good", score=0.8)], "note": [nb.Text(f"about {text.split()[0]}", score=0.5)]}

    page = text_page(TEXTS, fields={"mood": ["good", "bad", "none"], "note": "text"}, suggest=model)
    expect(page.choice("good")).to_have_class("nbl-choice nbl-suggested")
    assert "0.80" in page.choice("good").inner_text()
    note = page.root.locator(".nbl-text-suggestion")
    assert "about Ada" in note.inner_text()
    assert page.settle().answers() == {}
    page.choose("good").holds(choices=["good"])
    assert page.annotations[0].score == pytest.approx(0.8)
    note.get_by_role("button", name="Use").click()
    page.holds(texts={"note": "about Ada"})
    note.wait_for(state="detached")
    page.press("Enter").at(1)
    page.root.locator(".nbl-text-suggestion").get_by_role("button", name="Dismiss").click()
    page.root.locator(".nbl-text-suggestion").wait_for(state="detached")
    page.choose("bad").press("Enter").at(2)
    assert page.answers() == {
        0: ("submitted", ["good", {"note": "about Ada"}]),
        1: ("submitted", ["bad"]),
    }


def test_relations_are_suggested_with_their_spans(text_page: Open) -> None:
    def model(text: str) -> list[Any]:
        ada, bob = nb.Span(0, 3, "PERSON", id="a"), nb.Span(8, 11, "PERSON", id="b")
        return [ada, bob, nb.Relation("a", "b", "met", id="r")] if text.startswith("Ada") else []

    page = text_page(TEXTS, spans=["PERSON"], relations=["met"], suggest=model)
    page.until(lambda: page.entries("Suggestions").count() == 3)
    label = page.root.locator(".nbl-arc-label.nbl-suggested")
    label.wait_for()
    label.click()
    page.press("a").holds(relations=[("Ada", "met", "Bob")])  # a relation takes its spans along
    assert page.entries("Suggestions").count() == 0


def test_a_failing_model_is_shown_and_labelling_goes_on(text_page: Open, root: str) -> None:
    def broken(text: str) -> list[Any]:
        raise RuntimeError(f"cannot read <b>{text[:3]}</b>")

    page = text_page(TEXTS, spans=["PERSON", "PLACE"], suggest=broken, root=root)
    problem = page.part("suggest-error")
    problem.wait_for()
    problem.locator("summary").click()
    words = problem.inner_text()
    assert "broken" in words
    assert "RuntimeError: cannot read <b>Ada</b>" in words
    page.label("PERSON").drag_words("Ada").press("Enter").at(1)
    assert page.answers() == {0: ("submitted", [(0, 3, "PERSON")])}


def test_suggestions_that_come_late_do_not_disturb(text_page: Open) -> None:
    go = threading.Event()

    def slow(text: str) -> list[Any]:
        go.wait(30)
        return names(text)

    page = text_page(TEXTS, spans=["PERSON", "PLACE"], suggest=slow)
    page.label("PERSON").drag_words("Ada").click_words("Ada").until(lambda: page.selected == "Ada")
    go.set()
    page.until(lambda: page.entries("Suggestions").count() >= 2)
    assert page.selected == "Ada"
    assert page.marked == [("Ada", "PERSON")]


def test_docs_bring_their_entities(text_page: Open) -> None:
    spacy = pytest.importorskip("spacy")
    doc = spacy.blank("en")(TEXTS[0])
    doc.ents = [doc.char_span(0, 3, "PERSON"), doc.char_span(15, 19, "PLACE")]
    page = text_page([doc], spans=["PERSON", "PLACE"])
    page.until(lambda: entries(page) == ["Ada", "Rome"])
    page.focus_text().press("Shift+A").holds(marked=[("Ada", "PERSON"), ("Rome", "PLACE")])


def test_suggestions_survive_a_reload_and_rejected_items_are_asked_no_more(text_page: Open, tmp_path) -> None:
    asked: list[str] = []

    def model(text: str) -> list[Any]:
        asked.append(text)
        return names(text)

    page = text_page(TEXTS, spans=["PERSON", "PLACE"], suggest=model, store=tmp_path / "labels.db")
    page.until(lambda: len(entries(page)) == 3)
    page.focus_text().press("a").holds(marked=[("Ada", "PERSON")])
    page.until(lambda: len(asked) == 3)  # those to come as well
    page.stage.rerun()
    page.until_ready().until(lambda: entries(page) == ["Bob", "Rome"])
    page.holds(marked=[("Ada", "PERSON")])
