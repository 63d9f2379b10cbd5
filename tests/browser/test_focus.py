"""Keys belong to the labeler while it has the focus, and to nobody else; what it does not use is the host's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]
TEXTS = ["Ada met Bob in Rome.", "two", "three", "four"]

# Keys by which JupyterLab and Notebook 7 work on cells in command mode, and others that pages care about.
COMMANDS = [
    *"abcdxyzvmoslkjhnpqrf0123456789",
    "Enter",
    "Shift+Enter",
    "ArrowUp",
    "ArrowDown",
    "ArrowLeft",
    "ArrowRight",
    "Space",
    "Shift+Space",
    "Delete",
    "Backspace",
    "Shift+A",
    "Shift+M",
    "Shift+L",
    "Home",
    "End",
    "PageUp",
    "PageDown",
    "/",
    ".",
    ",",
    "?",
]

# A host that listens as early as a page can listen, on the document, and asks as Lumino does whether it may act.
_LISTEN = """
() => {
  window.heard = [];
  window.bubbled = [];
  document.addEventListener("keydown", (event) => {
    for (let node = event.target; node instanceof Element; node = node.parentElement) {
      if (node.hasAttribute("data-lm-suppress-shortcuts")) return;
    }
    window.heard.push(event.key);
  }, true);
  document.addEventListener("keydown", (event) => window.bubbled.push(event.key));
  document.addEventListener("keypress", (event) => window.bubbled.push(event.key));
}
"""


MODIFIERS = {"Shift", "Control", "Alt", "Meta"}


def heard(page: TextPage) -> list[str]:
    """What reached the host, but for modifiers alone: they mean nothing to it."""
    keys = page.page.evaluate("() => [...window.heard, ...window.bubbled]")
    return [key for key in keys if key not in MODIFIERS]


@pytest.mark.parametrize("kind", ["spans", "choices"])
def test_no_key_leaks_to_the_host(text_page: Open, root: str, kind: str) -> None:
    options = {"spans": ["A", "B"]} if kind == "spans" else {"choices": ["yes", "no"]}
    page = text_page(TEXTS, root=root, **options)
    page.page.evaluate(_LISTEN)
    page.focus()
    for key in COMMANDS:
        page.press(key)
        page.press("Escape") if page.part("help").count() else None
    page.press("d", "d")
    assert [key for key in heard(page) if key != "Escape"] == []
    assert set(page.stage.leaked()) <= {"Escape", *MODIFIERS}
    # nor while an input of the labeler is written in
    page.press("Escape", "c")
    page.part("comment").wait_for()
    page.page.evaluate("() => { window.heard = []; window.bubbled = []; }")
    page.type("abdx ENTER 01")
    page.press("Enter", "ArrowUp", "Home", "Backspace")
    assert heard(page) == []


def test_keys_outside_are_not_the_labelers(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, choices=["yes", "no"], root=root)
    before = page.page.locator("#before")
    before.focus()
    page.press("a", "x", "Enter", "1", "f")
    assert "ax" in before.input_value()
    assert page.settle().answers() == {}
    # a click anywhere in the labeler, and they are
    page.focus().press("a").at(1)
    before.click()
    page.press("a")
    assert page.settle().key == "1"


def test_tab_passes_through(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=["A", "B"], choices=["yes", "no", "perhaps"], fields={"note": "text"}, root=root)
    page.page.locator("#before").focus()
    seen = []
    for _ in range(60):
        page.press("Tab")
        now = page.page.evaluate(
            "() => { let at = document.activeElement; if (at.id) return at.id;"
            " while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;"
            " const box = at.getBoundingClientRect();"
            " return at.dataset.testid || at.dataset.label || at.dataset.field || at.title || at.tagName; }"
        )
        seen.append(now)
        if now == "after":
            break
    assert seen[-1] == "after"
    for part in ("nbl-text", "A", "yes", "note", "nbl-submit", "nbl-flag", "nbl-filter", "nbl-help-button"):
        assert part in seen, seen
    assert not {"no", "perhaps"} & set(seen)  # one stop for a group, arrows within
    back = []
    for _ in range(60):
        page.press("Shift+Tab")
        back.append(page.page.evaluate("() => document.activeElement.id"))
        if back[-1] == "before":
            break
    assert back[-1] == "before"
    assert page.settle().answers() == {}


def test_the_focus_can_be_seen(text_page: Open) -> None:
    page = text_page(TEXTS, spans=["A", "B"], choices=["yes", "no", "perhaps"])
    plain = page.root.evaluate("(root) => getComputedStyle(root).boxShadow")
    page.page.locator("#before").focus()
    for _ in range(25):
        page.press("Tab")
        look = page.page.evaluate(
            "() => { const at = document.activeElement; const look = getComputedStyle(at);"
            " const root = at.closest('.nblabel'); return root && { part: at.dataset.testid ?? at.className,"
            " outline: look.outlineStyle, width: parseFloat(look.outlineWidth),"
            " frame: getComputedStyle(root).boxShadow }; }"
        )
        if not look:
            break
        assert look["frame"] not in ("none", plain)  # the whole labeler says that keys go to it
        if look["part"] != "nbl-text":  # which shows its own cursor
            assert look["outline"] != "none", look
            assert look["width"] >= 2
    else:
        raise AssertionError("Tab does not leave the labeler")


def test_what_the_host_means_reaches_it(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=["A", "B"], root=root)
    page.page.evaluate(_LISTEN)
    page.focus()
    passed = ["Control+s", "Control+Shift+c", "Control+b", "F5", "F1", "Control+k", "Control+f"]
    page.page.evaluate("() => addEventListener('keydown', (event) => event.preventDefault())")  # no reload, no search
    for key in passed:
        page.press(key)
    keys = page.page.evaluate("() => window.heard")
    assert [key.lower() for key in keys if key not in MODIFIERS] == ["s", "c", "b", "f5", "f1", "k", "f"]
    page.press("a", "x")
    assert page.page.evaluate("() => window.heard").count("a") == 0  # the mark is back at once
    # a chord that the labeler uses is its own
    page.label("A").drag_words("Ada").holds(marked=[("Ada", "A")])
    page.press("Control+z").holds(spans=[])
    assert "z" not in page.page.evaluate("() => window.heard")


def test_escape_closes_one_thing_after_another_and_then_is_the_hosts(text_page: Open, root: str) -> None:
    page = text_page(TEXTS, spans=["A", "B"], relations=["r"], choices=["yes", "no"], root=root)
    page.page.evaluate(_LISTEN)
    page.label("A").drag_words("Ada").drag_words("Bob").holds(marked=[("Ada", "A"), ("Bob", "A")])
    page.click_words("Ada").press("r")
    page.press("?")
    escapes = "() => window.heard.filter((key) => key === 'Escape').length"
    page.press("Escape")
    page.part("help").wait_for(state="detached")
    assert "Relation from" in page.hint
    page.press("Escape")
    page.until(lambda: page.selected == "Ada")
    assert page.page.evaluate(escapes) == 0
    page.press("Escape")
    page.until(lambda: page.selected == "")
    assert page.page.evaluate(escapes) == 0
    page.press("Escape")
    assert page.page.evaluate(escapes) == 1
    for opener, part in (("filter", "filter-menu"), ("search-button", "search"), ("comment-button", "comment")):
        page.part(opener).click()
        page.part(part).wait_for()
        page.press("Escape")
        page.part(part).wait_for(state="detached")
    assert page.page.evaluate(escapes) == 1
    page.press("Escape")
    assert page.page.evaluate(escapes) == 2


def test_a_clicked_button_leaves_the_keys_alone(text_page: Open, root: str) -> None:
    """Enter after a click on a button submits; it does not press the button again."""
    page = text_page(TEXTS, spans=["A", "B"], root=root)
    page.part("flag").click()
    page.until(lambda: page.session.response.flagged)
    page.press("Enter").at(1)
    assert page.lab.responses["flagged"].tolist() == [True]
    page.label("B")
    page.press("Space").at(2)
    page.drag_words("three").holds(marked=[("three", "B")])


def test_a_button_reached_by_tab_is_pressed_by_enter(text_page: Open) -> None:
    page = text_page(TEXTS, spans=["A", "B"])
    page.page.locator("#before").focus()
    for _ in range(40):
        page.press("Tab")
        if page.part("skip").evaluate("(one) => one === document.activeElement"):
            break
    page.press("Enter").at(1)
    assert page.answers() == {0: ("pending", [])}


@pytest.mark.parametrize("layout", ["azerty", "cyrillic"])
def test_other_keyboard_layouts(text_page: Open, layout: str) -> None:
    """Digits that need Shift, and letters that are not Latin: the key's place says what is meant."""
    page = text_page(TEXTS, choices=["one", "two"])
    page.focus()
    key, code = ("é", "Digit2") if layout == "azerty" else ("а", "KeyF")  # a Cyrillic letter
    page.page.evaluate(
        "([key, code]) => { const at = document.activeElement; at.dispatchEvent(new KeyboardEvent('keydown',"
        " { key, code, bubbles: true, cancelable: true, composed: true })); }",
        [key, code],
    )
    if layout == "azerty":
        page.holds(answers={0: ("submitted", ["two"])})
    else:
        page.until(lambda: page.session.response.flagged)


def test_composing_text_is_left_alone(text_page: Open) -> None:
    page = text_page(TEXTS, choices=["one", "two"])
    page.focus()
    page.page.evaluate(
        "() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
        " { key: 'Enter', code: 'Enter', isComposing: true, bubbles: true, composed: true }))"
    )
    assert page.settle().answers() == {}


def test_copying_takes_the_text_and_nothing_else(text_page: Open, root: str) -> None:
    page = text_page(["Ada met\r\nBob 👩‍👩‍👧 twice."], spans=["A", "B"], root=root)
    page.label("A").drag_words("met\r\nBob 👩‍👩‍👧").until(lambda: len(page.spans) == 1)
    page.click_words("Bob")
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.press("Control+c")
    page.until(lambda: page.page.evaluate("() => navigator.clipboard.readText()").split() == ["met", "Bob", "👩‍👩‍👧"])
