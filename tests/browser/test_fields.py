"""Choices, free text, comments, flags: what is asked beside the text, and what becomes of the item."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import nblabel as nb

from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]
TEXTS = ["Lovely film.", "Dreadful film.", "A film.", "No film."]


# ---- choices ---------------------------------------------------------------------------------------


def test_a_single_choice_goes_on_by_itself(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, choices=["good", "bad", "neutral"], root=root)
    page.choose("good").at(1)
    page.focus().press("2").at(2)
    page.press("3").at(3)
    assert page.answers() == {0: ("submitted", ["good"]), 1: ("submitted", ["bad"]), 2: ("submitted", ["neutral"])}
    page.press("Control+z").at(2)
    assert page.choice("neutral").get_attribute("aria-checked") == "true"
    page.press("1").at(3)
    page.press("3")
    page.part("done").wait_for()
    page.holds(
        answers={
            0: ("submitted", ["good"]),
            1: ("submitted", ["bad"]),
            2: ("submitted", ["good"]),
            3: ("submitted", ["neutral"]),
        }
    )
    assert page.done == 4


def test_beside_other_questions_a_choice_waits(text_page: Open) -> None:
    page = text_page(TEXTS, choices=["good", "bad"], fields={"note": "text"})
    page.choose("good").holds(choices=["good"])
    page.choose("bad").holds(choices=["bad"])
    page.choose("bad").holds(choices=[])  # taken back
    assert page.key == "0"
    page.choose("good").press("Enter").at(1)
    assert page.answers() == {0: ("submitted", ["good"])}


def test_multiple_choices(text_page: Open) -> None:
    page = text_page(TEXTS, choices=nb.Choices(["plot", "cast", "music", "looks"], multiple=True))
    page.choose("cast").choose("looks").holds(choices=["cast", "looks"])
    page.press("3", "2").holds(choices=["looks", "music"])
    assert [page.choice(one).get_attribute("aria-checked") for one in ("plot", "music")] == ["false", "true"]
    page.press("Enter").at(1)
    assert page.lab.df["choices"].tolist()[0] == ["music", "looks"]  # in the schema's order


def test_a_hierarchy(text_page: Open) -> None:
    labels = [
        "film",
        nb.Label("drama", parent="film"),
        nb.Label("comedy", parent="film"),
        nb.Label("slapstick", parent="comedy"),
        "book",
    ]
    page = text_page(TEXTS, choices=nb.Choices(labels), fields={"note": "text"})
    left = [page.choice(name).bounding_box() for name in ("film", "comedy", "slapstick", "book")]
    assert all(left)
    places = [box["x"] for box in left if box]
    assert places[0] == places[3] < places[1] < places[2]
    page.choose("slapstick").holds(choices=["slapstick"])
    # by keys: into the group, open and close
    page.press("Tab")
    page.until(lambda: page.choice("slapstick").evaluate("(one) => one === one.getRootNode().activeElement"))
    page.press("Home", "ArrowDown", "Space").holds(choices=["drama"])
    page.press("ArrowDown", "ArrowLeft")  # closes comedy
    page.until(lambda: page.choice("slapstick").count() == 0)
    page.press("ArrowRight").until(lambda: page.choice("slapstick").is_visible())


def test_many_labels_can_be_searched(text_page: Open) -> None:
    page = text_page(TEXTS, choices=nb.Choices([f"topic {n}" for n in range(77)]), fields={"note": "text"})
    page.root.get_by_label("Find a label").fill("topic 61")
    page.choose("topic 61").holds(choices=["topic 61"])


def test_accept_and_reject(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, choices=["yes", "no"], root=root)
    page.focus().press("a", "x", "a")
    page.at(3)
    page.choose("no")
    page.part("done").wait_for()
    page.holds(answers={n: ("submitted", [answer]) for n, answer in enumerate(["yes", "no", "yes", "no"])})


def test_quick_answers_arrive_in_order(text_page: Open) -> None:
    page = text_page([f"text {n}" for n in range(60)], choices=["yes", "no"])
    page.focus()
    for n in range(60):
        if n % 15 == 0:  # faster than any hand; what is ahead must last
            page.until_saved()
        page.page.keyboard.press("a" if n % 3 else "x")
    page.part("done").wait_for()
    page.until(lambda: page.lab.progress.submitted == 60)
    answers = page.answers()
    assert [answers[n] for n in range(60)] == [("submitted", ["yes" if n % 3 else "no"]) for n in range(60)]
    assert len(page.log) == 120  # an edit and a submit each, none doubled


# ---- texts -----------------------------------------------------------------------------------------


def test_free_text(text_page: Open, root: str) -> None:
    page = text_page(
        TEXTS, choices=["good", "bad"], fields={"note": "text", "title": nb.Texts(multiline=False)}, root=root
    )
    note = page.root.locator('textarea[data-field="note"]')
    note.click()
    page.type("a, x and 1 are letters here\nand 👩‍👩‍👧 too")
    page.holds(texts={"note": "a, x and 1 are letters here\nand 👩‍👩‍👧 too"}, choices=[])
    assert len([one for one in page.log if one[1] == "edit"]) < 8  # typing is gathered
    page.press("Control+Enter").at(1)
    assert page.answers()[0] == ("submitted", [{"note": "a, x and 1 are letters here\nand 👩‍👩‍👧 too"}])
    assert note.input_value() == ""
    page.root.locator('input[data-field="title"]').fill("One line")
    page.press("Enter", "1").holds(texts={"title": "One line"}, choices=["good"])
    page.root.locator('input[data-field="title"]').fill("")
    page.holds(texts={})


def test_a_text_that_is_too_long_says_so(text_page: Open) -> None:
    page = text_page(TEXTS, fields={"note": nb.Texts(max_length=10)})
    page.root.locator('textarea[data-field="note"]').fill("123456789012")
    page.root.get_by_text("2 characters too many").wait_for()
    page.press("Control+Enter")
    page.settle()
    assert page.lab.progress.submitted == 0
    assert page.key == "0"
    assert page.texts == {"note": "123456789012"}  # the draft is kept all the same
    assert "10 characters" in page.root.get_by_role("alert").inner_text()
    page.root.locator('textarea[data-field="note"]').fill("1234567890")
    page.press("Control+Enter").at(1)
    assert page.answers() == {0: ("submitted", [{"note": "1234567890"}])}


def test_typing_then_submitting_at_once_loses_nothing(text_page: Open) -> None:
    page = text_page(TEXTS, fields={"note": "text"})
    for n in range(4):
        page.root.locator('textarea[data-field="note"]').click()
        page.type(f"note {n}")
        page.press("Control+Enter")
    page.part("done").wait_for()
    page.holds(answers={n: ("submitted", [{"note": f"note {n}"}]) for n in range(4)})


# ---- the item --------------------------------------------------------------------------------------


def test_comment_and_flag(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, choices=["good", "bad"], fields={"note": "text"}, root=root)
    page.focus().press("f").until(lambda: page.session.response.flagged)
    assert page.root.locator(".nbl-badge-flagged").is_visible()
    page.press("c")
    page.part("comment").wait_for()
    page.type("f is <b>unclear</b> & so on")
    page.press("Escape", "f").until(lambda: not page.session.response.flagged)
    page.until(lambda: page.session.response.comment == "f is <b>unclear</b> & so on")
    page.part("flag").click()
    page.press("Enter").at(1)
    frame = page.lab.responses
    assert frame[["status", "flagged", "comment"]].values.tolist() == [
        ["submitted", True, "f is <b>unclear</b> & so on"]
    ]
    page.part("comment-button").click()
    page.type("second")
    page.press("Control+Enter").at(2)
    assert page.lab.responses["comment"].tolist() == ["f is <b>unclear</b> & so on", "second"]


def test_skip_and_discard(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, choices=["good", "bad"], root=root)
    page.focus().press("Space").at(1)
    page.press("Shift+X").at(2)
    page.part("skip").click()
    page.at(3)
    page.part("discard").click()
    page.at(0)  # what was skipped comes again at the end
    assert page.answers() == {
        0: ("pending", []),
        1: ("discarded", []),
        2: ("pending", []),
        3: ("discarded", []),
    }
    page.press("1").at(2)
    page.press("1")
    page.part("done").wait_for()
    progress = page.until(lambda: page.lab.progress.submitted == 2).lab.progress
    assert (progress.discarded, progress.pending) == (2, 0)
    # undo goes back to the discarded one
    page.press("Control+z", "Control+z").at(2)
    page.part("position").click()
    page.type("2")
    page.press("Enter").at(1)
    assert page.part("item-status").inner_text().strip() == "Discarded"
    page.press("1")
    page.holds(answers={**page.answers(), 1: ("submitted", ["good"])})


@pytest.mark.parametrize(
    ("field", "keys", "words"),
    [
        (nb.Choices(["a", "b", "c"], multiple=True, min=2), ["1"], "needs at least 2 answers, it has 1"),
        (nb.Choices(["a", "b", "c"], multiple=True, max=1), ["1", "2"], "takes at most 1 answer, it has 2"),
        (nb.Choices(["a", "b", "c"], required=True), [], "needs an answer"),
        (nb.Texts(required=True), [], "needs an answer"),
    ],
)
def test_limits_in_words(text_page: Open, field: object, keys: list[str], words: str) -> None:
    page = text_page(TEXTS, spans=["X"], fields={"asked": field})
    page.focus_text().press("Escape", *[str(int(key) + 1) for key in keys])
    page.part("submit").click()
    alert = page.root.get_by_role("alert")
    alert.wait_for()
    assert f"“asked” {words}" in alert.inner_text()
    assert words.split(",")[0] in page.said
    assert page.settle().key == "0"
    assert page.lab.progress.submitted == 0
    page.press("Escape")
    alert.wait_for(state="detached")
    page.part("skip").click()  # there is always a way on
    page.at(1)


def test_limits_of_spans(text_page: Open) -> None:
    page = text_page(TEXTS, spans=nb.Spans(["X", "Y"], min=1, max=2))
    page.focus_text().press("Enter")
    assert "“spans” needs an answer" in page.root.get_by_role("alert").inner_text()
    page.label("X").drag_words("Lovely").drag_words("film").label("Y").drag_words("film").until(
        lambda: len(page.spans) == 3
    )
    page.press("Enter")
    assert "takes at most 2 answers, it has 3" in page.root.get_by_role("alert").inner_text()
    page.press("Control+z", "Enter").at(1)
    assert page.root.get_by_role("alert").count() == 0


# ---- beside it -------------------------------------------------------------------------------------


def test_columns_beside_the_text(text_page: Open, root: str) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "review": TEXTS,
            "author": ["Ann", None, "Çelik 👩‍👩‍👧", "<b>Bob</b>"],
            "stars": [5, 1, 3, 2],
            "a very long column name": ["x" * 300, "", "line\nbreak", "\tтаб"],
        },
        index=["r1", "r2", "r3", "r4"],
    )
    page = text_page(
        frame, text="review", choices=["good", "bad"], show=["author", "stars", "a very long column name"], root=root
    )
    show = page.part("show")
    assert show.locator("dt").all_inner_texts() == ["author", "stars", "a very long column name"]
    assert show.locator("dd").all_inner_texts()[:2] == ["Ann", "5"]
    page.focus().press("1").at("r2")
    assert show.locator("dd").nth(1).inner_text() == "1"
    page.press("1").at("r3")
    assert show.locator("dd").first.inner_text() == "Çelik 👩‍👩‍👧"
    page.press("1").at("r4")
    assert show.locator("dd").first.inner_text() == "<b>Bob</b>"
    assert page.lab.df.loc[["r1", "r2", "r3"], "choices"].tolist() == ["good"] * 3


def test_items_that_cannot_be_shown(text_page: Open) -> None:
    pd = pytest.importorskip("pandas")
    page = text_page(pd.DataFrame({"t": ["fine", None, "", "end"]}), text="t", choices=["good", "bad"])
    page.focus().press("1").at(1)
    problem = page.part("item-problem")
    assert problem.is_visible()
    assert "Space" in problem.inner_text()
    page.press("Shift+X").at(2)
    page.root.get_by_text("This text is empty.").wait_for()
    page.press("2").at(3)
    assert [status for status, _ in page.answers().values()] == ["submitted", "discarded", "submitted"]
