"""Hostile texts, labels, columns, guidelines and keys: nothing runs, nothing is fetched, all is shown as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

import nblabel as nb

from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]

RUN = "window.pwned = (window.pwned ?? 0) + 1"
IMG = f'<img src=x onerror="{RUN}">'
SVG = f"<svg/onload='{RUN}'>"
SCRIPT = f"</script><script>{RUN}</script>"
QUOTES = f'" onmouseover="{RUN}" x="'
STYLE = "</style><style>*{display:none}</style>"
BIDI = "\u202egnp.exe\u202c \u2066left\u2069 \u200f\u061c"
TEMPLATE = "${alert(1)} {{constructor.constructor('alert(1)')()}} %s %n"
NASTY = [IMG, SVG, SCRIPT, QUOTES, STYLE, BIDI, TEMPLATE]

GUIDELINES = f"""
# Title {IMG}

{SVG} {SCRIPT}

<img src="http://evil.example/pixel.png" onerror="{RUN}">
![tracker](http://evil.example/tracker.png) ![x](javascript:{RUN})
[click](javascript:{RUN}) [data](data:text/html,<script>{RUN}</script>) [vb](vbscript:x)
[JaVa](  JaVaScRiPt:{RUN}) [tab](java\tscript:{RUN}) [entity](javascript&#58;{RUN}) [entity2](&#x6A;avascript:{RUN})
<javascript:{RUN}> <http://good.example/> [file](file:///etc/passwd) [relative](../../api/kernels)
[good](https://good.example/a?b=c "a title")

<a href="javascript:{RUN}">raw</a> <iframe src="http://evil.example"></iframe> <object data="x"></object>

```html
{IMG}
```

| {IMG} | {QUOTES} |
|-------|------|
| {SVG} | b |

- {IMG}
> {SCRIPT}
"""


@pytest.fixture
def watched(text_page: Open, context: BrowserContext) -> Iterator[Open]:
    """Opens pages that must request nothing but themselves and the bundle, and run nothing else."""
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    opened: list[TextPage] = []

    def open_one(*args: Any, **options: Any) -> TextPage:
        opened.append(text_page(*args, **options))
        return opened[-1]

    yield open_one
    for page in opened:
        page.page.wait_for_timeout(50)
        assert page.page.evaluate("() => window.pwned") is None
        assert not page.stage.problems
    own = r"http://127\.0\.0\.1:\d+/(\w+/|host\.js|static/text\.js|favicon\.ico)"
    assert [url for url in asked if not re.fullmatch(own, url)] == []


def looked_at(page: TextPage) -> None:
    """Opens everything there is to open, leaves the guidelines open, and hovers over what has a title."""
    page.focus().press("?")
    page.part("help").wait_for()
    page.press("Escape", "g")
    page.part("guidelines").wait_for()
    page.part("filter").click()
    page.press("Escape")
    for one in page.root.locator("[title]:visible").all()[:40]:
        box = one.bounding_box()
        if box:
            page.mouse.move(box["x"] + 3, box["y"] + 3)


def elements(page: TextPage) -> list[str]:
    """The names of all elements of the labeler, and their event handlers as attributes."""
    found = page.root.evaluate(
        "(root) => { const seen = new Set();"
        " for (const one of root.querySelectorAll('*')) { seen.add(one.localName);"
        "  for (const attribute of one.getAttributeNames()) if (attribute.startsWith('on')) seen.add(attribute);"
        "  for (const name of ['src', 'srcset', 'data', 'action', 'formaction', 'poster']) {"
        "   if (one.hasAttribute(name)) seen.add(name); } }"
        " return [...seen]; }"
    )
    return list(found)


FORBIDDEN = {"script", "img", "iframe", "object", "embed", "link", "style", "base", "meta", "video", "audio"}


def harmless(page: TextPage) -> None:
    names = set(elements(page))
    assert not names & (FORBIDDEN | {"src", "srcset", "action", "formaction", "poster"})
    assert not [name for name in names if name.startswith("on")]
    for href in page.root.locator("a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))"):
        assert href is None or href.startswith(("https://", "http://", "mailto:"))


def test_texts(watched: Open, root: str) -> None:
    page = watched(NASTY, spans=["A", "B"], root=root)
    for n, text in enumerate(NASTY):
        page.at(n)
        assert "".join(page.rows) == text
        page.drag(*page.find("x") if "x" in text else (0, 3), held="Shift")
        page.press("Escape")
        page.focus_text().press("Control+Home", "Shift+End", "2").until(lambda: bool(page.spans))
        page.click_at(1)
        harmless(page)
        page.press("Escape", "Escape", "Enter")
    page.part("done").wait_for()
    page.until(lambda: page.lab.progress.submitted == len(NASTY))
    assert set(page.lab.annotations["text"]) & set(NASTY)


def test_names_of_labels_fields_columns_and_keys(watched: Open, root: str) -> None:
    pd = pytest.importorskip("pandas")
    labels = [nb.Label(name, description=name, examples=[name]) for name in NASTY]
    frame = pd.DataFrame({"text": ["Ada met Bob."] * 2, IMG: [IMG, SVG], SCRIPT: [QUOTES, STYLE]}, index=[IMG, QUOTES])
    page = watched(
        frame,
        text="text",
        spans=labels,
        relations=[f"rel {IMG}"],
        fields={
            f"field {IMG}": nb.Choices([nb.Label(f"{n} {name}", description=name) for n, name in enumerate(NASTY)]),
            f"note {SVG}": nb.Texts(placeholder=QUOTES, title=IMG, description=SCRIPT),
        },
        show=[IMG, SCRIPT],
        guidelines=GUIDELINES,
        name=IMG,
        annotator=IMG,
        keys={"submit": "s", IMG: IMG},
        root=root,
    )
    assert page.root.locator(".nbl-item-key").get_attribute("title")
    assert IMG in page.root.locator(".nbl-item-key").inner_text()
    assert page.part("show").locator("dd").all_inner_texts() == [IMG, QUOTES]
    page.focus_text().press("ArrowRight", "1").holds(marked=[("Ada", IMG)])
    page.press("ArrowRight", "ArrowRight", "3").holds(marked=[("Ada", IMG), ("Bob", SCRIPT)])
    page.click_words("Ada").press("r")
    page.click_words("Bob").until(lambda: len(page.relations) == 1)
    page.root.locator(".nbl-arc-label").wait_for()
    page.root.locator(".nbl-choice").nth(2).click()
    page.root.locator("textarea").first.fill(IMG)
    page.press("Escape", "f", "c")
    page.part("comment").wait_for()
    page.type(SCRIPT)
    page.press("Escape")
    looked_at(page)
    harmless(page)
    page.picture(f"hostile-{root}")
    page.focus().press("s")
    page.until(lambda: page.lab.progress.submitted == 1)
    row = page.lab.responses.iloc[0]
    assert row["comment"] == SCRIPT
    assert row["key"] == IMG
    assert page.lab.annotations["label"].tolist()[:2] == [IMG, SCRIPT]
    page.part("filter").click()
    page.part("filter-menu").get_by_label("With label").select_option(IMG)
    page.until(lambda: page.place == (1, 1))


def test_guidelines(watched: Open, root: str) -> None:
    page = watched(["text"], choices=["yes", "no"], guidelines=GUIDELINES, root=root)
    page.focus().press("g")
    panel = page.part("guidelines")
    panel.wait_for()
    harmless(page)
    words = panel.inner_text()
    assert "<img src=x onerror=" in words  # shown, not run
    assert "<iframe" in words
    links = panel.locator("a").evaluate_all("(all) => all.map((one) => [one.textContent, one.href])")
    assert ["good", "https://good.example/a?b=c"] in links
    assert {"click", "data", "vb", "JaVa", "tab", "entity", "file", "relative"}.isdisjoint(words for words, _ in links)
    for link in panel.locator("a").all():
        assert "noopener" in (link.get_attribute("rel") or "")
        assert link.get_attribute("target") == "_blank"


def test_suggestions_and_their_errors(watched: Open) -> None:
    def model(text: str) -> list[Any]:
        if text == "two":
            raise RuntimeError(IMG)
        return [{"start": 0, "end": 3, "label": IMG, "source": QUOTES, "score": 0.5}]

    page = watched(["one text", "two"], spans=[IMG, SVG], suggest=model)
    page.until(lambda: page.entries("Suggestions").count() == 1)
    looked_at(page)
    harmless(page)
    page.focus_text().press("a").holds(marked=[("one", IMG)])
    assert page.annotations[0].source == QUOTES
    page.press("Escape", "Enter")
    page.part("suggest-error").locator("summary").click()
    assert IMG in page.part("suggest-error").inner_text()
    harmless(page)


def test_names_that_are_css_and_prototypes(watched: Open) -> None:
    """Names that reach selectors, class names and objects used as maps."""
    names = [
        "__proto__",
        "constructor",
        "toString",
        "a]b'\"\\c",
        "#id .class > *",
        "x; color: red",
        "{}",
        "\u0000\ufffd",
        " lead",
    ]
    page = watched(["Ada met Bob."], spans=names, fields={"__proto__": names, "constructor": "text"})
    for n in range(len(names)):
        page.focus_text().press("Control+Home", str(n + 1)).until(lambda n=n: len(page.spans) == n + 1)
    assert {label for _, label in page.marked} == set(names)
    page.root.locator(".nbl-choice").nth(0).click()
    page.holds(choices=["__proto__"])
    page.root.locator(".nbl-choice").nth(3).click()
    page.holds(choices=["a]b'\"\\c"])
    page.root.locator("textarea").first.fill("hasOwnProperty")
    page.holds(texts={"constructor": "hasOwnProperty"})
    page.click_words("Ada").press("Delete").until(lambda: len(page.spans) == len(names) - 1)
    page.press("Escape", "Enter").until(lambda: page.lab.progress.submitted == 1)


def test_colours_cannot_leave_their_place(watched: Open) -> None:
    with pytest.raises(nb.errors.InvalidSchema):
        nb.Label("A", color="red;background:url(http://evil.example/x.png)")
    page = watched(["Ada met Bob."], spans=[nb.Label("A", color="#fff"), nb.Label("B", color="#000000")])
    page.label("A").drag_words("Ada").label("B").drag_words("Bob").holds(marked=[("Ada", "A"), ("Bob", "B")])


def test_messages_that_are_not_of_the_protocol(text_page: Open) -> None:
    """From a damaged kernel, or from another extension on the same comm: told, not obeyed."""
    page = text_page(["one", "two"], choices=["yes", "no"])
    for content in (
        {"type": "queue", "queue": 1},
        {"type": "moved", "queue": {"items": "x"}},
        {"type": "welcome", "schema": {"fields": [{"kind": IMG}]}},
        {"type": "notice", "problem": {"title": IMG, "hint": SVG, "detail": SCRIPT}},
        {"type": "no such thing"},
        {"nothing": 1},
        "text",
        None,
    ):
        page.kernel.do(lambda content=content: page.lab.send(content))
    page.part("notices").wait_for()
    harmless(page)
    assert page.page.evaluate("() => window.pwned") is None
    page.focus().press("1").at(1)
    page.holds(answers={0: ("submitted", ["yes"])})
