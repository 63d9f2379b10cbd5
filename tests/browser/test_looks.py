"""How it looks: contrast and roles (axe), geometry, themes, widths, and pictures for a person to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

import nblabel as nb

from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]

TEXT = (
    "Ada Lovelace met Charles Babbage at a party in London in June 1833. He showed her the small working section of "
    "his Difference Engine, and she understood at once what it was for.\n\n"
    "A decade later she translated an article by Luigi Menabrea of Turin, and her notes to it, signed A. A. L., are "
    "longer than the article itself."
)
SPANS = [("Ada Lovelace", "PERSON"), ("Charles Babbage", "PERSON"), ("London", "PLACE"), ("June 1833", "DATE")]
GUIDELINES = """
# What to mark

Mark **names**, not titles: ~~Dr.~~ *Ada Lovelace*. More in [the manual](https://example.org).

1. People, also fictional ones
2. Places
   - cities
   - countries

| mark | leave |
|------|-------|
| `London` | the party |

> When in doubt, flag the item.
"""


def span(words: str, label: str, **more: Any) -> nb.Span:
    at = TEXT.index(words)
    return nb.Span(at, at + len(words), label, **more)


def model(text: str) -> list[Any]:
    return [
        span("Luigi Menabrea", "PERSON", score=0.91, source="names-v2"),
        span("Turin", "PLACE", score=0.64, source="names-v2"),
        nb.Choice("praise", field="tone", score=0.7, source="names-v2"),
    ]


def full(text_page: Open, **options: Any) -> TextPage:
    """A labeler with everything that there is."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "text": [TEXT, "The second text.", "The third."],
            "source": ["Lives of the Engineers", "b", "c"],
            "year": [1843, 1844, 1845],
            "collection of the library": ["Main", "", "c"],
        },
        index=["lovelace-1", "b", "c"],
    )
    labels = [
        nb.Label("PERSON", description="a human being", examples=["Ada Lovelace"]),
        nb.Label("PLACE", description="a city or country"),
        nb.Label("DATE", attributes=[nb.Attribute("precise", "bool"), nb.Attribute("calendar")]),
        "ORG",
    ]
    suggest = options.pop("suggest", model)
    page = text_page(
        frame,
        text="text",
        spans=labels,
        relations=["met", "lived in"],
        fields={
            "tone": nb.Choices(["praise", "neutral", "blame"], title="Tone"),
            "topics": nb.Choices(
                [
                    "science",
                    nb.Label("mathematics", parent="science"),
                    nb.Label("engines", parent="science"),
                    "society",
                ],
                multiple=True,
                max=2,
            ),
            "note": nb.Texts(placeholder="Anything odd?", max_length=200),
        },
        show=["source", "year", "collection of the library"],
        guidelines=GUIDELINES,
        suggest=suggest,
        **options,
    )
    made = [nb.Span(0, 12, "PERSON", id="a"), *(span(*one, id=str(n)) for n, one in enumerate(SPANS) if n)]
    links = [nb.Relation("a", "1", "met"), nb.Relation("a", "2", "lived in"), nb.Relation("1", "2", "lived in")]
    page.kernel.do(lambda: page.lab.draft([*made, *links, nb.Choice("science", field="topics")]))
    page.until(lambda: len(page.tags) >= 4 and page.root.locator(".nbl-arc-label").count() == 3)
    if suggest is model:
        page.until(lambda: page.entries("Suggestions").count() == 2)
    return page


# ---- geometry --------------------------------------------------------------------------------------

# What is wrong with the places of things: text that leaves its box, words broken to letters, what hangs over the edge.
_FAULTS = """
(root) => {
  const faults = [];
  const name = (one) => `${one.localName}.${one.className} “${one.textContent.slice(0, 30)}”`;
  const frame = root.getBoundingClientRect();
  const seen = (one) => one.getClientRects().length > 0 && getComputedStyle(one).visibility !== "hidden";
  const words = (one) => {
    const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    const boxes = [];
    while (walker.nextNode()) {
      for (const { index, 0: word } of walker.currentNode.data.matchAll(/\\S+/g)) {
        const range = document.createRange();
        range.setStart(walker.currentNode, index);
        range.setEnd(walker.currentNode, index + word.length);
        boxes.push([word, [...range.getClientRects()]]);
      }
    }
    return boxes;
  };
  for (const key of root.querySelectorAll("kbd")) {
    if (!seen(key)) continue;
    const box = key.getBoundingClientRect();
    for (const [word, rects] of words(key)) {
      const out = rects.some((one) => one.left < box.left - 0.5 || one.right > box.right + 0.5
        || one.top < box.top - 3 || one.bottom > box.bottom + 3);
      if (out || rects.length > 1) faults.push(`${name(key)}: ${word} leaves its key`);
    }
  }
  for (const one of root.querySelectorAll("dt, dd, th, td, legend, h2, h3, h4, .nbl-field-title, .nbl-badge")) {
    if (!seen(one)) continue;
    for (const [word, rects] of words(one)) {
      if (word.length < 20 && rects.length > 1) faults.push(`${name(one)}: “${word}” is broken`);
    }
  }
  for (const one of root.querySelectorAll("dt, dd")) {
    if (seen(one) && one.textContent && one.clientWidth < 40) faults.push(`${name(one)}: ${one.clientWidth}px wide`);
  }
  const parts = "button, select, input, textarea, .nbl-popover, .nbl-floating, section, kbd";
  for (const one of root.querySelectorAll(parts)) {
    if (!seen(one)) continue;
    const box = one.getBoundingClientRect();
    if (box.right > frame.right + 1 || box.left < frame.left - 1) faults.push(`${name(one)} hangs over the edge`);
    if (one.localName === "button" && (box.width < 20 || box.height < 20)) {
      faults.push(`${name(one)} is too small to hit: ${box.width}x${box.height}`);
    }
  }
  for (const button of root.querySelectorAll("button")) {
    if (seen(button) && button.scrollWidth > button.clientWidth + 1) faults.push(`${name(button)} is cut`);
  }
  const over = root.scrollWidth - root.clientWidth;
  if (over > 1) faults.push(`the labeler is ${over}px too wide`);
  return faults;
}
"""


def faults(page: TextPage) -> list[str]:
    page.page.mouse.move(1, 1)
    return list(page.root.evaluate(_FAULTS))


# In the manner of what JupyterLab and Notebook 7 say of elements in outputs, and what themes say of all elements.
JUPYTER = """
  a { color: unset; text-decoration: unset; }
  .jp-OutputArea-output dl, .jp-OutputArea-output dt, .jp-OutputArea-output dd { display: block; }
  .jp-OutputArea-output dl { width: 100%; overflow: hidden; padding: 0; margin: 0; }
  .jp-OutputArea-output dt { float: left; width: 20%; font-weight: bold; }
  .jp-OutputArea-output dd { float: left; width: 80%; }
  .jp-OutputArea-output pre { border: none; margin: 0; padding: 0; word-break: break-all; white-space: pre-wrap; }
  .jp-OutputArea-output table, .jp-OutputArea-output td, .jp-OutputArea-output th {
    border: none; padding: 0.5em; text-align: right; white-space: nowrap; max-width: none; font-size: 12px; }
  .jp-OutputArea-output ul, .jp-OutputArea-output ol { padding-left: 2em; margin: 0 0 1em; }
  .jp-OutputArea-output p { margin: 0 0 1em; }
  kbd { display: inline-block; width: 1em; min-width: 0; padding: 3px 5px; border: 1px solid #ccc;
    font: 15px/1 monospace; box-shadow: inset 0 -1px 0 #ccc; white-space: normal; }
  code, kbd, samp, pre { font-family: monospace; font-size: 13px; line-height: 1.3077; }
  button, input, select, textarea { font: 15px Georgia, serif; text-transform: uppercase; border-radius: 0; margin: 4px;
    letter-spacing: 0.1em; text-align: center; }
  label { display: block; width: 100%; margin-bottom: 1em; font-weight: bold; }
  h1, h2, h3, h4 { margin: 1em 0; font-size: 30px; text-transform: uppercase; }
  summary { display: block; } fieldset, legend { border: 3px solid red; padding: 1em; } svg { display: inline; }
"""


def panels(page: TextPage, check: Callable[[str], None]) -> None:
    """Goes through everything that can be open."""
    check("plain")
    page.click_words("Lovelace")
    page.part("popover").wait_for()
    check("popover")
    page.press("Escape")
    page.click_words("June")
    page.until(lambda: page.root.locator(".nbl-attributes").count() == 1)
    check("attributes")
    page.press("Escape", "Escape")
    page.drag_words("understood")
    page.part("popover").wait_for()
    check("labels")
    page.press("Escape")
    page.part("filter").click()
    page.part("filter-menu").wait_for()
    check("filter")
    page.press("Escape", "g")
    page.part("guidelines").wait_for()
    page.press("c")
    page.part("comment").wait_for()
    check("guidelines")
    page.press("Escape")
    page.focus().press("g", "?")
    page.part("help").wait_for()
    check("help")
    page.press("Escape")
    page.part("help").wait_for(state="detached")


@pytest.mark.parametrize("width", [960, 400])
@pytest.mark.parametrize("page_style", ["jupyter", "plain"])
def test_nothing_is_cut_broken_or_out_of_place(
    text_page: Open, context: BrowserContext, page_style: str, width: int
) -> None:
    if page_style == "jupyter":
        # before the labeler's own style sheet, as in a notebook, on every output
        context.add_init_script(
            "addEventListener('DOMContentLoaded', () => {"
            f" const style = document.createElement('style'); style.textContent = {JUPYTER!r};"
            " document.head.prepend(style);"
            " document.getElementById('outputs').className = 'jp-OutputArea-output'; });"
        )
    page = full(text_page, width=width)
    found: dict[str, list[str]] = {}

    def check(state: str) -> None:
        if wrong := faults(page):
            found[state] = wrong
        if page_style == "jupyter":
            page.picture(f"text-in-jupyter-{width}-{state}")

    panels(page, check)
    assert found == {}


def test_in_a_host_with_its_own_styles_it_looks_the_same(text_page: Open) -> None:
    """Sizes and fonts of all parts are those of a plain page, whatever the page says of bare elements."""
    look = """(root) => [...root.querySelectorAll("*")]
      .filter((one) => !one.closest("svg") && one.getClientRects().length)
      .map((one) => {
        const style = getComputedStyle(one);
        const box = one.getBoundingClientRect();
        return [`${one.localName}.${one.className}`, style.fontSize, style.fontWeight, style.textTransform,
          style.fontFamily.slice(0, 30), style.display, style.textAlign, style.borderRadius, Math.round(box.width),
          Math.round(box.height)].join(" ");
      })"""
    page = full(text_page, width=960, suggest=None)
    page.focus().press("g", "c")
    page.part("filter").click()
    for opened in ("filter-menu", "help"):
        page.part(opened).wait_for()
        before = page.root.evaluate(look)
        page.page.evaluate(
            "(css) => { window.mimic = document.createElement('style'); mimic.textContent = css;"
            " document.head.prepend(mimic); document.getElementById('outputs').className = 'jp-OutputArea-output'; }",
            JUPYTER,
        )
        after = page.root.evaluate(look)
        assert [(a, b) for a, b in zip(before, after, strict=True) if a != b] == [], opened
        page.page.evaluate("() => { mimic.remove(); document.getElementById('outputs').className = ''; }")
        page.focus_text().press("?")


# ---- axe -------------------------------------------------------------------------------------------


def violations(page: TextPage) -> list[str]:
    """What axe finds of serious or critical faults."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page.page, context=".cell", options={"resultTypes": ["violations"]}).response
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]} {node['any'][:1]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("width", [960, 400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe(text_page: Open, theme: str, width: int) -> None:
    page = full(text_page, theme=theme, width=width)
    found: dict[str, list[str]] = {}

    def check(state: str) -> None:
        page.page.mouse.move(1, 1)
        if wrong := violations(page):
            found[state] = wrong
        page.picture(f"text-{theme}-{width}-{state}")

    panels(page, check)
    page.focus().press("f", "Enter")
    page.at("b").press("Enter", "Enter")
    page.part("done").wait_for()
    check("done")
    assert found == {}


def test_axe_in_a_shadow_root_and_in_states_of_trouble(text_page: Open) -> None:
    def broken(text: str) -> list[Any]:
        raise RuntimeError("the model's file is missing")

    page = full(text_page, root="shadow", suggest=broken, theme="dark")
    page.part("suggest-error").wait_for()
    page.kernel.do(lambda: page.session.notice("Some annotations do not fit", "look at them", "detail\nof it"))
    page.part("notices").wait_for()
    page.root.locator('textarea[data-field="note"]').fill("x" * 201)
    page.press("Control+Enter")
    page.root.get_by_role("alert").wait_for()
    assert violations(page) == []
    page.picture("text-dark-trouble")
    page.kernel.kill()
    page.focus().press("f").until_saving("gone")
    assert violations(page) == []
    page.picture("text-dark-gone")


def test_it_can_be_read_without_colours(text_page: Open) -> None:
    """What a screen reader is told of the text, its marks and its controls."""
    page = full(text_page)
    tree = page.root.aria_snapshot()
    for words in (
        'region "Text labeler"',
        "progressbar",
        'button "PERSON: Ada Lovelace"',
        'button "Suggested by names-v2: PERSON: Luigi Menabrea"',
        'radio "praise',
        'checkbox "science" [checked]',
        'textbox "note"',
        'button "met: Ada Lovelace to Charles Babbage"',
    ):
        assert words in tree, f"{words} is not in\n{tree}"
    page.focus_text().press(".")
    page.until(lambda: page.said == "PERSON: Ada Lovelace")
    page.press("Delete").until(lambda: "deleted" in page.said)
    page.press("Enter").at("b").until(lambda: page.said.startswith("Item 2 of 3"))


# ---- themes ----------------------------------------------------------------------------------------


def test_follows_the_hosts_theme(text_page: Open, root: str) -> None:
    page = text_page([TEXT], spans=["A", "B"], root=root)
    page.kernel.do(lambda: page.lab.draft([nb.Span(0, 3, "A")]))
    page.until(lambda: len(page.tags) == 1)
    colors = "(root) => [getComputedStyle(root).backgroundColor, getComputedStyle(root).color]"
    light = page.root.evaluate(colors)
    tag = page.root.locator(".nbl-tag")
    ink = tag.evaluate("(tag) => tag.style.color")
    page.stage.theme("dark")
    page.until(lambda: page.root.get_attribute("data-nbl-theme") == "dark")
    dark = page.root.evaluate(colors)
    assert dark != light
    page.until(lambda: tag.evaluate("(tag) => tag.style.color") != ink)
    page.stage.theme("light")
    page.until(lambda: page.root.get_attribute("data-nbl-theme") == "light")
    page.until(lambda: tag.evaluate("(tag) => tag.style.color") == ink)
    assert page.root.evaluate(colors) == light


def test_a_host_without_theme_variables(text_page: Open, context: BrowserContext) -> None:
    """VS Code, Colab, a plain page: its own background and colours, by what the page stands on."""
    context.add_init_script(
        "addEventListener('DOMContentLoaded', () => { const style = document.createElement('style');"
        " style.textContent = 'body { background: #101418 !important; color: #eee }'; document.head.append(style);"
        " for (const name of [...document.styleSheets[0].cssRules[0].style]) if (name.startsWith('--jp')) {"
        "  document.styleSheets[0].cssRules[0].style.removeProperty(name); } });"
    )
    page = text_page([TEXT], spans=["A", "B"])
    assert page.root.get_attribute("data-nbl-theme") == "dark"
    background = page.root.evaluate("(root) => getComputedStyle(root).backgroundColor")
    assert background != "rgba(0, 0, 0, 0)"
    assert violations(page) == []
    page.picture("text-dark-without-variables")


def test_it_grows_and_shrinks_with_its_cell(text_page: Open) -> None:
    page = text_page([TEXT * 3], spans=["A", "B"], choices=["x", "y", "z"])
    at = TEXT.index("Menabrea")
    page.label("A").drag(at, at + 8).holds(spans=[(at, at + 8, "A")])
    for width in (400, 900, 320, 1200):
        page.page.evaluate("(width) => { document.querySelector('.cell').style.width = `${width}px`; }", width)
        page.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert faults(page) == []
        # marks and clicks still meet
        page.click_words("Menabrea").until(lambda: page.selected == "Menabrea")
        (ring, *_) = page.drawn("selected")
        box = page.box(at, at + 8)
        assert abs(ring.left - box.left) < 5
        assert abs(ring.top - box.top) < 5
        page.press("Escape")


def test_height_can_be_bounded(text_page: Open) -> None:
    page = text_page([TEXT * 20], spans=["A"], height=150)
    box = page.surface.bounding_box()
    assert box
    assert box["height"] <= 150
    assert page.surface.evaluate("(text) => text.scrollHeight > text.clientHeight")
