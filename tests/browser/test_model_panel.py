"""What the page shows of the model: the chip in the footer, and the panel that it opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator

import nblabel as nb
from nblabel.protocol import ModelPoint, ModelState
from nblabel.session import ModelChanged

from .stagepage import StagePage
from .test_looks import faults, violations
from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., Any]

TEXTS = ["Ada Lovelace met Charles Babbage at a party in London in June 1833.", "The second text.", "The third."]
EVIL = "<img src=x onerror=window.hacked=1>"
TRACE = "Traceback (most recent call last):\n  File 'model.py', line 3, in predict\nValueError: no file"
GOOD = ModelState(
    name="topic-classifier",
    version="4",
    labels=64,
    until_next=6,
    held_out=24,
    score=0.8567,
    metric="accuracy",
    curve=tuple(ModelPoint(n, s) for n, s in [(10, 0.52), (20, 0.66), (32, 0.74), (40, 0.79), (52, 0.84), (64, 0.86)]),
    hint="More answers hardly help any more: the last 24 brought less than 0.02.",
    order="uncertain first, looked at 1,400 of 998,000",
    accepted=0.724,
    usage="18,234 tokens, about $0.04",
)
FAILED = ModelState(name="names", state="failed", labels=12, error="names on item 3: ValueError: no file", detail=TRACE)


def suggest(text: str) -> list[nb.Span]:
    return [nb.Span(0, 3, "PERSON", score=0.9)]


def open_text(text_page: Open, **options: Any) -> TextPage:
    page = text_page(TEXTS, spans=["PERSON", "PLACE"], choices=["good", "bad"], **{"suggest": suggest, **options})
    page.part("model").wait_for()
    # what its own model says comes first: then nothing is under way that could follow what the test tells
    page.until(lambda: page.part("model").get_attribute("data-state") == "idle")
    assert isinstance(page, TextPage)
    return page


def tell(page: StagePage, state: ModelState) -> None:
    """Have the page told of a model in this state, as the models' own threads do."""
    page.kernel.do(lambda: page.session.tell(ModelChanged(state)))
    chip = page.part("model")
    page.until(lambda: chip.get_attribute("data-state") == state.state)
    if state.state == "idle":  # as it may have been before
        page.until(lambda: state.name in chip.inner_text())


def panel(page: StagePage) -> Locator:
    page.part("model-panel").wait_for()
    return page.part("model-panel")


def focused(page: StagePage) -> str:
    """Which part has the focus."""
    return str(page.root.evaluate("(root) => root.getRootNode().activeElement?.dataset.testid ?? ''")).removeprefix(
        "nbl-"
    )


def test_without_a_model_there_is_nothing_of_it(text_page: Open) -> None:
    page = text_page(TEXTS, spans=["PERSON"])
    page.focus().press("u", "?")
    page.part("help").wait_for()
    assert "model" not in page.part("help").inner_text().lower()
    assert page.part("model").count() == page.part("model-panel").count() == 0


@pytest.mark.parametrize(("theme", "width"), [("light", 1240), ("dark", 400)])
def test_shows_what_is_known(text_page: Open, theme: str, width: int) -> None:
    page = open_text(text_page, theme=theme, width=width)
    found: dict[str, list[str]] = {}

    def check(state: str) -> None:
        if wrong := [*faults(page), *violations(page)]:
            found[state] = wrong
        page.picture(f"model-{theme}-{width}-{state}")

    tell(page, GOOD)
    page.until(lambda: page.part("model").inner_text().split() == ["topic-classifier", "0.86"])
    check("idle")
    page.part("model").click()
    told = panel(page).inner_text()
    for words in (
        "version 4",
        "64 answers",
        "6 more answers",
        "0.86 accuracy, on 24 answers held out",
        "72 %",
        "$0.04",
    ):
        assert words in told, f"{words} is not in {told}"
    assert GOOD.hint in told
    assert GOOD.order in told
    assert GOOD.usage in told
    picture = panel(page).get_by_role("img")
    assert "0.52 after 10" in str(picture.get_attribute("aria-label"))
    assert picture.locator("circle").count() == 6
    check("panel")
    tell(page, FAILED)
    assert "failed" in page.part("model").inner_text()
    page.until(lambda: page.said == FAILED.error)
    panel(page).get_by_text("Details").click()
    assert "no file" in panel(page).locator("pre").inner_text()
    check("failed")
    tell(page, ModelState(name="names", version="1", state="training", labels=30, until_next=10))
    assert "learning" in page.part("model").inner_text()
    check("training")
    assert found == {}


def test_by_keyboard(text_page: Open, root: str) -> None:
    """The focus goes in, Escape gives it back, and the labels' keys go on working."""
    page = open_text(text_page, root=root)
    page.focus_text().press("?")
    page.part("help").wait_for()
    assert "how good it is" in page.part("help").inner_text()
    page.press("Escape").focus_text().press("u")
    panel(page)
    page.until(lambda: focused(page) == "model-panel")
    page.press("Escape")
    page.part("model-panel").wait_for(state="detached")
    page.until(lambda: focused(page) == "text")
    page.part("model").focus()
    page.press("Tab", "Shift+Tab", "Enter")
    page.until(lambda: focused(page) == "model-panel")
    page.press("f", "Escape")
    page.part("model-panel").wait_for(state="detached")
    page.until(lambda: focused(page) == "model")
    page.until(lambda: page.session.response is not None and page.session.response.flagged)
    page.press("Enter")
    panel(page)
    page.part("model").click()  # closes it again
    page.part("model-panel").wait_for(state="detached")


def test_a_model_that_fails_is_in_nobodys_way(text_page: Open) -> None:
    def broken(text: str) -> list[Any]:
        raise RuntimeError(EVIL)

    page = text_page(TEXTS, spans=["PERSON"], suggest=broken)
    page.part("suggest-error").wait_for()
    page.until(lambda: page.part("model").get_attribute("data-state") == "failed")
    page.part("model").click()
    assert EVIL in panel(page).inner_text()
    page.drag(0, 12).press("1").holds(spans=[(0, 12, "PERSON")])
    tell(page, ModelState(name=EVIL, version=EVIL, state="failed", error=EVIL, detail=EVIL, hint=EVIL, order=EVIL))
    page.until(lambda: panel(page).inner_text().count(EVIL) >= 5)
    assert page.page.evaluate("() => window.hacked") is None
    assert page.root.locator("img").count() == 0
    page.press("Enter").at(1)


@pytest.mark.parametrize("kind", ["image", "audio"])
def test_in_the_other_labelers(request: pytest.FixtureRequest, kind: str) -> None:
    np = pytest.importorskip("numpy")
    data = [np.zeros((40, 60, 3), np.uint8)] if kind == "image" else [(np.zeros(8000, np.float32), 8000)]
    page = request.getfixturevalue(f"{kind}_page")(data, choices=["good", "bad"], suggest=lambda _: [])
    tell(page, GOOD)
    page.focus().press("u")
    panel(page)
    page.picture(f"model-{kind}")
    assert faults(page) == []
