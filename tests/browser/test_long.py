"""Long texts: only what is near the sight is drawn, and all of it can be reached and marked."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

import nblabel as nb

from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]
LABELS = ["A", "B", "C", "D"]


def long_text() -> str:
    chance = random.Random(1)
    names = ["alpha", "beta", "gamma", "delta", "épsilon", "zeta", "👩‍👩‍👧", "北京", "theta"]
    lines = []
    while sum(map(len, lines)) + len(lines) < 100_000:
        lines.append(" ".join(chance.choices(names, k=chance.choice([3, 12, 40, 0]))) + chance.choice([".", "", "!"]))
    return "\n".join(lines)[:100_000]


TEXT = long_text()


def many_spans() -> list[nb.Span]:
    chance = random.Random(2)
    starts = sorted(chance.sample(range(len(TEXT) - 20), 10_000))
    return [nb.Span(at, at + chance.randint(1, 12), chance.choice(LABELS), id=f"s{n}") for n, at in enumerate(starts)]


@pytest.fixture
def long_page(text_page: Open) -> Callable[[str], TextPage]:
    """100,000 characters with 10,000 spans."""

    def open_one(root: str) -> TextPage:
        page = text_page([TEXT, "short"], spans=LABELS, height=420, root=root)
        page.kernel.do(lambda: page.lab.draft(many_spans()))
        count = page.root.locator('section[aria-label="Spans"] .nbl-count')
        return page.until(lambda: count.count() and "10,000" in count.inner_text())

    return open_one


def drawn(page: TextPage) -> tuple[int, int, int]:
    """How many rows and elements are there, and the height of what is drawn in windows."""
    rows = page.root.locator(".nbl-row").count()
    inside = page.surface.evaluate("(text) => text.querySelectorAll('*').length")
    span = page.surface.evaluate(
        "(text) => { const rows = text.querySelectorAll('.nbl-row'); const first = rows[0].getBoundingClientRect().top;"
        " return (rows[rows.length - 1].getBoundingClientRect().bottom - first) / text.clientHeight; }"
    )
    return rows, inside, span


def test_only_rows_near_the_sight_are_drawn(long_page: Callable[[str], TextPage], root: str) -> None:
    page = long_page(root)
    total = TEXT.count("\n") + 1
    for part in (0.0, 0.35, 0.999, 0.5):
        page.surface.evaluate("(text, part) => { text.scrollTop = part * text.scrollHeight; }", part)
        page.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        rows, inside, windows = drawn(page)
        assert 3 < rows < total / 5
        assert inside < 12_000
        assert windows < 6
        # what is in sight is drawn
        top, bottom = page.surface.evaluate(
            "(text) => { const box = text.getBoundingClientRect();"
            " const rows = [...text.querySelectorAll('.nbl-row')].map((row) => row.getBoundingClientRect());"
            " return [rows[0].top - box.top, rows.at(-1).bottom - box.bottom]; }"
        )
        assert top <= 40 or part == 0
        assert bottom >= -40 or part > 0.9
    # the list beside it draws as little
    assert page.entries("Spans").count() < 60


def test_the_far_end_can_be_reached_and_marked(long_page: Callable[[str], TextPage]) -> None:
    page = long_page("plain")

    def made() -> set[tuple[int, int, str]]:
        return {(a.start, a.end, a.label) for a in page.annotations if not a.id.startswith("s")}

    page.label("B")
    page.focus_text().press("ArrowRight", "Control+End")
    page.until(lambda: page.boxes(len(TEXT) - 1, len(TEXT)))
    # by mouse, with characters
    at = TEXT.rindex("alpha")
    page.drag(at, at + 5, held="Alt").until(lambda: made() == {(at, at + 5, "B")})
    # by keys
    last = (len(TEXT.rstrip()) - 1, len(TEXT.rstrip()), "D")
    page.press("Escape", "Control+End", "4").until(lambda: len(made()) == 2)
    (end,) = made() - {(at, at + 5, "B")}
    assert end[1:] == last[1:]
    page.press("Control+z", "Control+z").until(lambda: made() == set())
    # and back to the start
    page.press("Control+Home", "Shift+ArrowRight", "1")
    page.until(lambda: made() == {(0, len(" ".join(TEXT.split()[:2])), "A")})
    assert len(page.annotations) == 10_001


def test_jumping_to_spans_of_the_list(text_page: Open) -> None:
    page = text_page([TEXT], spans=LABELS, height=420)
    places = [TEXT.index("alpha", n * 9_000) for n in range(11)]
    page.kernel.do(lambda: page.lab.draft([nb.Span(at, at + 5, "A") for at in places]))
    page.until(lambda: page.entries("Spans").count() == 11)
    for n in (10, 3, 7, 0):
        page.entries("Spans").nth(n).locator(".nbl-entry-main").click()
        page.until(lambda n=n: page.drawn("selected"))  # type: ignore[misc]
        (ring,) = page.drawn("selected")[:1]
        box = page.box(places[n], places[n] + 5)
        assert abs(ring.left - box.left) < 5
        frame = page.surface.bounding_box()
        assert frame
        assert frame["y"] <= box.top <= box.bottom <= frame["y"] + frame["height"]
        page.press("2")
        page.until(lambda n=n: (places[n], places[n] + 5, "B") in page.spans)  # type: ignore[misc]


def test_a_drag_beyond_the_edge_scrolls(text_page: Open) -> None:
    page = text_page(["line of words\n" * 400], spans=LABELS, height=300)
    page.label("A")
    frame = page.surface.bounding_box()
    assert frame
    start = page.middle(3)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 5, start[1] + 60)
    page.mouse.move(start[0] + 5, frame["y"] + frame["height"] + 40)
    page.until(lambda: page.surface.evaluate("(text) => text.scrollTop") > 900)
    page.mouse.move(start[0] + 5, frame["y"] + frame["height"] / 2)
    page.mouse.up()
    page.until(lambda: len(page.spans) == 1)
    ((start_at, end_at, _),) = page.spans
    assert start_at == 0
    assert end_at > 20 * 14
    assert page.text[end_at - 1] in "swnef"  # at the end of a word


def test_one_line_of_a_hundred_thousand_characters(text_page: Open) -> None:
    text = ("word " * 20_000).strip()
    page = text_page([text], spans=LABELS, height=300)
    _, inside, _ = drawn(page)
    assert inside < 500
    page.label("A")
    page.focus_text().press("ArrowRight", "Control+End")
    page.until(lambda: page.boxes(len(text) - 1, len(text)))
    page.click_at(len(text) - 2, double=True).holds(spans=[(len(text) - 4, len(text), "A")])


def test_a_million_items_open_like_a_few(text_page: Open) -> None:
    """The page gets a window of them, whatever their number."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"text": pd.Series(["one text", "another text"] * 100_000)})
    page = text_page(frame, text="text", choices=["good", "bad"])
    assert page.place == (1, 200_000)
    assert max(page.kernel.sizes("welcome", up=False)) < 40_000
    page.focus().press("1", "1").at(2)
    page.press("j").type("200000").press("Enter").at(199_999)
    page.press("2").until(lambda: page.lab.progress.submitted == 3)
    assert max(page.kernel.sizes("events")) < 1_000
