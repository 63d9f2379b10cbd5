"""Offsets: what a person marks on the page is what Python's slices give, whatever the text is made of."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator

import pytest

import nblabel as nb

from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]

NASTY = {
    "astral": "𝒜da 𝕃ovelace 🦄 met 𐍈𐌰𐌹 in 🏙️ today",
    "zwj": "the 👩‍👩‍👧‍👦 family and 🏳️‍🌈 flag, 👍🏽 okay 🇩🇪🇫🇷 end",
    "combining": "cafe\u0301 nai\u0308ve Zo\u0308e e\u0301\u0323\u0302x a\u030a end",
    "hebrew": "פגשתי את עדה לאבלייס בלונדון אתמול",
    "arabic": "قابلت آدا لوفلايس في لندن أمس",
    "mixed": "She said שלום עולם to Ada and مرحبا to Bob",
    "chinese": "我昨天在北京大学见到了艾达洛夫莱斯教授。",
    "japanese": "昨日、東京でエイダ・ラブレスさんに会いました。",
    "thai": "เมื่อวานฉันพบเอดาที่กรุงเทพ",
    "devanagari": "मैंने कल दिल्ली में एडा से मुलाकात की",
    "crlf": "first line\r\nsecond line 🦄 here\r\n\r\nfourth line\rfifth\u2028sixth\u2029last",
    "tabs": "name\tAda\tLovelace\n\tindented\t\ttwice",
    "spaces": "  two  blanks\u00a0and\u2003wide \u200b ones  ",
    "bidi controls": "a \u202eevil\u202c b \u2066isolate\u2069 c",
    "lone surrogates": "half \ud83d and \udc00 pair, whole 🦄 one",
    "controls": "a\x00b c\x07d \x1b[31mred\x1b[0m \ufeffmark \u00adhyphen",
    "markup": "<b>bold</b> &amp; <!-- x --> </script> `code`",
}


def as_shown(text: str) -> str:
    """Halves of surrogate pairs cannot travel: the page shows a replacement, of the same length."""
    return "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in text)


def words(page: TextPage, text: str) -> list[tuple[int, int]]:
    """Stretches of letters in one direction on one line, cut at what people see as characters."""
    text = text.replace("\u202eevil", "\u202e....")  # shown backwards: where a drag begins there is arguable
    boundaries = page.graphemes(as_shown(text))
    found = []
    start = None
    for here, there in zip(boundaries, [*boundaries[1:], boundaries[-1]], strict=False):
        good = here < len(text) and text[here].isalnum()
        if good and start is None:
            start = here
        if not good and start is not None:
            found.append((start, here))
            start = None
        if here == there:
            break
    return [(a, b) for a, b in found if b - a > 2]


def each(page: TextPage, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Goes through the items that these names stand for."""
    for n, name in enumerate(names):
        page.kernel.do(lambda n=n: page.lab.goto(n))  # type: ignore[misc]
        page.at(n)
        yield name, NASTY[name]


def test_rows_hold_the_text(text_page: Open, root: str) -> None:
    page = text_page(list(NASTY.values()), spans=["A", "B"], root=root)
    for name, text in each(page, NASTY):
        shown = as_shown(text)
        drawn = page.root.locator(".nbl-row").evaluate_all(
            "(all) => all.map((one) => [+one.dataset.start, one.textContent])"
        )
        for start, row in drawn:
            assert shown[start : start + len(row)] == row, name
        # marks made in Python stand in the page at the same characters: the list names them
        boundaries = page.graphemes(shown)
        ends = [(0, 3), (len(text) - 3, len(text))]
        places = [(max(b for b in boundaries if b <= a), min(b for b in boundaries if b >= z)) for a, z in ends]
        marks = [nb.Span(*place, label) for place, label in zip(places, "AB", strict=True)]
        page.kernel.do(lambda marks=marks: page.lab.draft(marks))  # type: ignore[misc]
        page.until(lambda: page.entries("Spans").count() == 2)
        titles = page.entries("Spans").locator(".nbl-entry-main").evaluate_all("(all) => all.map((one) => one.title)")
        assert [title.split() for title in titles] == [shown[a:z].split() for a, z in places], name
    assert not page.stage.problems


@pytest.mark.parametrize("part", range(3))
def test_random_selections_equal_slices(text_page: Open, part: int) -> None:
    names = list(NASTY)[part::3]
    page = text_page([NASTY[name] for name in names], spans=["A"])
    for name, text in each(page, names):
        chance = random.Random(name)
        boundaries = page.graphemes(as_shown(text))
        found = words(page, text)
        wanted: list[tuple[int, int, str]] = []
        for n in range(4):
            # letters of one word, by the mouse with Alt: every character counts
            first, last = chance.choice(found)
            start, end = sorted(chance.sample([b for b in boundaries if first <= b <= last], 2))
            if len([b for b in boundaries if start <= b <= end]) < 3:
                start, end = first, last  # a drag of a few pixels is a click
            page.drag(start, end, held="Alt", backwards=n % 2 == 1)
            wanted = sorted({*wanted, (start, end, "A")})
            page.holds(spans=wanted)
        assert {one for one, _ in page.marked} == {text[a:b] for a, b, _ in wanted}, name
    assert not page.stage.problems


KEYED = ["zwj", "combining", "hebrew", "mixed", "chinese", "crlf", "tabs"]


def test_keys_mark_what_the_page_frames(text_page: Open) -> None:
    """Wherever keys lead to: Python gets the characters that lie in the frame that the page draws."""
    page = text_page([NASTY[name] for name in KEYED], spans=["A"])
    page.focus_text()
    for name, text in each(page, KEYED):
        chance = random.Random(name)
        page.press("ArrowRight")
        boundaries = page.graphemes(text)
        places = [page.boxes(a, b) for a, b in itertools.pairwise(boundaries)]
        marked = set()
        for _ in range(6):
            arrows = ["ArrowLeft", "ArrowRight", "Alt+ArrowLeft", "Alt+ArrowRight"]
            page.press(*chance.choices(arrows, k=chance.randint(1, 4)))
            more = ["Shift+ArrowLeft", "Shift+ArrowRight", "Alt+Shift+ArrowRight", "Alt+Shift+ArrowLeft", "Shift+End"]
            page.press(*chance.choices(more, k=chance.randint(0, 2)))
            frames = page.drawn("range") or page.drawn("cursor")
            page.press("1").until(lambda: len(page.spans) == 1)
            ((start, end, _),) = page.spans
            marked.add((start, end))
            first, last = boundaries.index(start), boundaries.index(end)  # never within a character
            for n, grapheme in enumerate(places):
                for one in grapheme:
                    x, y = one.middle
                    framed = any(box.left <= x <= box.right and box.top <= y <= box.bottom for box in frames)
                    if one.right - one.left > 4:
                        assert framed == (first <= n < last), (name, text[start:end])
            page.press("Control+Backspace").holds(spans=[])
        assert len(marked) > 2


def test_selections_across_lines(text_page: Open, root: str) -> None:
    text = NASTY["crlf"]
    page = text_page([text], spans=["A"], root=root)  # a label alone needs no choosing
    start, end = text.index("line"), text.index("here") + 4
    page.drag(start, end, held="Alt").holds(spans=[(start, end, "A")])
    assert "\r\n" in page.marked[0][0]
    assert len(page.rows) >= 6
    page.drag(text.index("fourth"), text.index("last") + 4)
    page.until(lambda: (text.index("fourth"), len(text), "A") in page.spans)


def test_words_of_each_script(text_page: Open) -> None:
    """A double click takes the word that a reader of the language sees."""
    texts = [
        NASTY["hebrew"],
        NASTY["arabic"],
        NASTY["japanese"],
        NASTY["chinese"],
        NASTY["devanagari"],
        NASTY["combining"],
    ]
    wanted = ["לאבלייס", "لوفلايس", "東京", "北京大学", "दिल्ली", "cafe\u0301"]
    page = text_page(texts, spans=["A"])
    for n, word in enumerate(wanted):
        page.at(n)
        at = page.text.index(word)
        page.click_at(at, double=True)
        page.until(lambda at=at: page.spans and page.spans[0][0] == at)  # type: ignore[misc]
        marked = page.marked[0][0]
        assert marked == word or (word == "北京大学" and marked == "北京")  # dictionaries differ
        page.press("Enter")
    page.until(lambda: page.lab.progress.submitted == len(texts))


def test_a_right_to_left_text_reads_from_the_right(text_page: Open) -> None:
    page = text_page([NASTY["hebrew"]], spans=["A"])
    row = page.root.locator(".nbl-row").first
    assert row.get_attribute("dir") == "rtl"
    surface = page.surface.bounding_box()
    assert surface
    first = page.box(0, 1)
    assert first.right > surface["x"] + surface["width"] * 0.8
    page.focus_text().press("ArrowLeft")  # begins
    page.press("ArrowLeft")  # the next word is on the left
    assert "Shift+← takes in the next word" in page.hint
    page.press("1").holds(marked=[(NASTY["hebrew"].split()[1], "A")])
    page.click_words(NASTY["hebrew"].split()[1])
    assert "Shift+← moves the end" in page.hint
    page.press("Shift+ArrowLeft").holds(marked=[(" ".join(NASTY["hebrew"].split()[1:3]), "A")])


def test_the_frame_and_the_export_slice_the_same(text_page: Open, tmp_path) -> None:
    text = NASTY["zwj"]
    page = text_page([text], spans=["A"])
    family = text.index("👩"), text.index(" family")
    page.drag(*page.find("the"), held="Alt")
    page.click_at(family[0], double=True).holds(spans=[(0, 3, "A"), (*family, "A")])
    page.press("Enter").until(lambda: page.lab.progress.submitted == 1)
    frame = page.lab.annotations
    assert frame["text"].tolist() == ["the", "👩‍👩‍👧‍👦"]
    assert [text[a:b] for a, b in zip(frame["start"], frame["end"], strict=True)] == frame["text"].tolist()
    page.lab.export(tmp_path / "out.csv")
    assert "👩‍👩‍👧‍👦" in (tmp_path / "out.csv").read_text("utf-8")
