"""Save states in words, the outbox, a store that fails, and what is left when views and models go."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

import nblabel as nb
from nblabel.store import open_store

from .harness import Stage
from .textpage import TextPage

pytestmark = pytest.mark.browser

Open = Callable[..., TextPage]
TEXTS = [f"text {n}" for n in range(12)]


def labeler(store: Any, **options: Any) -> Callable[[], nb.TextLabeler]:
    return lambda: nb.TextLabeler(TEXTS, choices=["good", "bad"], store=store, annotator="ada", **options)


def submits(page: TextPage) -> list[str]:
    return [item for item, action in page.log if action == "submit"]


def again(page: TextPage) -> TextPage:
    """The same page with a new view of the labeler."""
    return TextPage(page.stage).until_ready()


# ---- states ----------------------------------------------------------------------------------------


def test_words_for_every_state(text_page: Open, tmp_path: Path, root: str) -> None:
    page = text_page(make=labeler(tmp_path / "labels.db"), root=root)
    assert page.words.strip() == "Saved"
    assert "labels.db" in (page.part("status").get_attribute("title") or "")
    page.focus()
    page.kernel.delay = 0.4
    page.press("1")
    page.until_saving("unsaved")
    assert "unsaved" in page.words
    page.until_saved()
    page.kernel.delay = 0.0
    with page.kernel.busy():
        page.press("1", "2", "1").until_key(4)  # no waiting
        page.until_saving("busy")
        expect(page.part("status")).to_contain_text("Kernel busy")
        expect(page.part("status")).to_contain_text("kept in this page")
        assert page.lab.progress.submitted == 1
        assert page.done == 4
        page.picture(f"state-busy-{root}")
    page.until_saved().at(4)
    assert len(submits(page)) == 4
    page.kernel.kill()
    page.press("2").until_key(5)
    page.until_saving("gone")
    expect(page.part("status")).to_contain_text("Kernel gone")
    expect(page.part("status")).to_contain_text("kept in this page")
    page.picture(f"state-gone-{root}")
    page.stage.restart()
    page = again(page)
    page.until_saved().at(5)
    assert len(submits(page)) == len(set(submits(page))) == 5


def test_many_unsaved_ones_are_counted(text_page: Open) -> None:
    page = text_page(make=labeler(":memory:"))
    page.focus()
    with page.kernel.busy():
        page.press("1", "1", "1").until_key(3)
        page.until_saving("busy")
        assert "labels kept in this page (6 unsaved)" in page.words  # each is chosen and submitted
    page.until_saved()
    assert page.words.strip() == "Saved"


def test_a_host_that_tells_nothing_of_its_kernel(text_page: Open) -> None:
    """marimo and Colab: only silence shows that the kernel is busy or gone."""
    page = text_page(make=labeler(":memory:"), bare=True, root="shadow")
    page.focus()
    with page.kernel.busy():
        page.press("1", "2").until_key(2)
        page.until_saving("busy")
    page.until_saved()
    assert len(submits(page)) == 2


def test_a_cut_connection(text_page: Open) -> None:
    page = text_page(make=labeler(":memory:"))
    page.focus()
    page.stage.cut()
    page.press("1", "2", "1").until_key(3)
    page.until_saving("gone")
    page.stage.mend(lossy=True)  # what was on its way is lost, and sent again
    page.until_saved()
    assert page.answers() == {n: ("submitted", [label]) for n, label in enumerate(["good", "bad", "good"])}
    assert len(submits(page)) == 3


# ---- the outbox ------------------------------------------------------------------------------------


def test_a_reload_while_the_kernel_is_dead(text_page: Open, tmp_path: Path, root: str) -> None:
    page = text_page(make=labeler(tmp_path / "labels.db"), root=root)
    page.focus().press("1").at(1)
    page.until_saved()
    page.kernel.kill()
    page.press("2", "1").until_key(3)
    page.press("f")
    page.stage.reload()
    assert page.page.locator(".nblabel").count() == 0
    page.stage.restart()
    page = again(page)
    page.until_saved().at(3)
    page.until(lambda: page.session.response.flagged)
    assert page.answers() == {
        0: ("submitted", ["good"]),
        1: ("submitted", ["bad"]),
        2: ("submitted", ["good"]),
        3: ("pending", []),
    }
    assert len(submits(page)) == len(set(submits(page))) == 3
    # and once more, with nothing left to bring: nothing is doubled
    page.stage.reload()
    page.stage.rerun()
    page = again(page)
    page.until_saved()
    assert len(page.log) == len({*page.log}) == 7


def test_half_a_sentence_survives_a_reload(text_page: Open, tmp_path: Path) -> None:
    def make() -> nb.TextLabeler:
        return nb.TextLabeler(TEXTS, fields={"note": "text"}, store=tmp_path / "labels.db", annotator="ada")

    page = text_page(make=make)
    page.root.locator('textarea[data-field="note"]').click()
    page.type("half a sent")
    page.stage.reload()  # at once: what was typed last is not sent yet
    page.stage.rerun()
    page = again(page)
    expect(page.root.locator('textarea[data-field="note"]')).to_have_value("half a sent")
    page.holds(texts={"note": "half a sent"})


def test_another_data_set_or_annotator_does_not_get_them(text_page: Open, tmp_path: Path) -> None:
    page = text_page(make=labeler(tmp_path / "labels.db"))
    page.focus()
    page.kernel.kill()
    page.press("1").until_key(1)
    page.stage.reload()
    page.kernel.make = labeler(tmp_path / "labels.db", name="other")
    page.stage.restart()
    other = again(page)
    assert other.settle().key == "0"
    assert other.answers() == {}
    page.kernel.make = labeler(tmp_path / "labels.db")
    page.stage.rerun()
    page = again(page)
    page.until_saved().at(1)
    assert page.answers() == {0: ("submitted", ["good"])}


def test_the_outbox_is_empty_once_all_is_stored(text_page: Open) -> None:
    page = text_page(make=labeler(":memory:"))
    page.focus().press("1", "2", "1").at(3)
    page.until_saved()
    rows = """() => new Promise((done) => {
      const opening = indexedDB.open("nblabel");
      opening.onsuccess = () => {
        const count = opening.result.transaction("events").objectStore("events").count();
        count.onsuccess = () => { opening.result.close(); done(count.result); };
      };
    })"""
    page.until(lambda: page.page.evaluate(rows) == 0)


# ---- a store that fails ----------------------------------------------------------------------------


def failing(page: TextPage, words: str) -> None:
    """The status line tells, and the details can be read and copied; nothing is lost meanwhile."""
    page.until_saving("error")
    assert "Not saved" in page.words
    assert "kept in this page" in page.words
    page.part("details").click()
    panel = page.root.get_by_role("dialog", name="What happened")
    assert words in panel.inner_text()
    panel.locator("summary").click()
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.get_by_role("button", name="Copy").click()
    page.until(lambda: words in page.page.evaluate("() => navigator.clipboard.readText()"))
    page.picture(f"state-error-{words.split()[0]}")
    page.press("Escape")
    panel.wait_for(state="detached")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_locked_store(text_page: Open, tmp_path: Path, root: str) -> None:
    path = tmp_path / "labels.db"
    page = text_page(make=lambda: labeler(open_store(path, timeout=0.2))(), root=root)
    page.focus().press("1").at(1)
    page.until_saved()
    with locked(path):
        page.press("2", "1").until_key(3)
        failing(page, "locked")
        page.focus().press("2").until_key(4)  # work goes on
    page.until_saved().at(4)
    assert page.answers() == {n: ("submitted", [one]) for n, one in enumerate(["good", "bad", "good", "bad"])}
    assert len(submits(page)) == 4


def test_a_store_that_may_not_be_written(text_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "labels.db"
    store = open_store(path)
    page = text_page(make=labeler(store))
    page.focus().press("1").at(1)
    page.until_saved()
    with store._engine.connect() as connection:  # as a read-only mount refuses it, also for root
        connection.exec_driver_sql("PRAGMA query_only=ON")
    page.press("2").until_key(2)
    failing(page, "read-only")
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=OFF")
    page.until_saved()
    assert page.answers() == {0: ("submitted", ["good"]), 1: ("submitted", ["bad"])}


def test_a_damaged_store(text_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "labels.db"
    page = text_page(make=labeler(path))
    page.focus().press("1").at(1)
    page.until_saved()
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("ALTER TABLE annotation RENAME TO lost")
    page.press("2").until_key(2)
    failing(page, "damaged")
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("ALTER TABLE lost RENAME TO annotation")
    page.until_saved(timeout=40)
    assert page.answers() == {0: ("submitted", ["good"]), 1: ("submitted", ["bad"])}


def test_a_handler_that_fails_is_told(text_page: Open) -> None:
    """An answer that Python refuses is shown, taken back, and kept to be copied."""
    page = text_page(["some text"], spans=["A"])
    page.kernel.do(lambda: setattr(page.session, "schema", nb.Schema.of({"spans": nb.Spans(["B"])})))
    page.drag_words("some")
    notice = page.part("notices")
    notice.wait_for()
    assert "Not stored" in notice.inner_text()
    notice.locator("summary").click()
    assert '"label": "A"' in notice.inner_text()
    assert page.settle().spans == []
    page.until(lambda: page.tags == [])
    notice.get_by_title("Close the notice").click()
    notice.wait_for(state="detached")


# ---- several views ---------------------------------------------------------------------------------


def test_two_views_agree_on_spans(text_page: Open, root: str) -> None:
    page = text_page(["Ada met Bob.", "next"], spans=["A", "B"], root=root)
    page.stage.show()
    second = TextPage(page.stage)
    second.root = page.stage.view(1)
    page.root = page.stage.view(0)
    second.until_ready()
    page.label("A").drag_words("Ada")
    second.until(lambda: second.tags == ["A: Ada"])
    second.label("B").drag_words("Bob")
    page.until(lambda: page.tags == ["A: Ada", "B: Bob"])
    assert page.chip("A").get_attribute("aria-pressed") == "true"  # the label in hand is each view's own
    assert second.chip("A").get_attribute("aria-pressed") == "false"
    second.press("Control+z", "Control+z")
    page.until(lambda: page.tags == [])
    second.press("Control+Shift+z")
    page.until(lambda: page.tags == ["A: Ada"])
    page.focus().press("Enter")
    second.at(1)
    assert page.answers() == {0: ("submitted", [(0, 3, "A")])}


# ---- clean-up --------------------------------------------------------------------------------------

# Counts what the bundle has begun and not ended; must run before anything else in the page. Listeners on elements go
# with these; on what lives longer than a view they are counted.
_COUNTERS = """
(() => {
  const held = (window.__held = { listeners: 0, timers: 0, observers: 0, channels: 0 });
  const ours = () => new Error().stack.includes("/static/");
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const known = new WeakMap();
  const name = (type, options) => `${type} ${typeof options === "boolean" ? options : Boolean(options?.capture)}`;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    if (!(this instanceof Element) && listener && ours()) {
      const all = known.get(this) ?? new Map();
      known.set(this, all);
      const own = all.get(name(type, options)) ?? new Set();
      all.set(name(type, options), own);
      if (!own.has(listener)) held.listeners += 1;
      own.add(listener);
      const gone = () => { if (own.delete(listener)) held.listeners -= 1; };
      if (options?.once) addEventListener.call(this, type, gone, options);
      options?.signal?.addEventListener("abort", gone);
    }
    return addEventListener.call(this, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    if (known.get(this)?.get(name(type, options))?.delete(listener)) held.listeners -= 1;
    return removeEventListener.call(this, type, listener, options);
  };
  const timers = new Set();
  for (const [set, clear] of [
    ["setTimeout", "clearTimeout"], ["setInterval", "clearInterval"], ["requestAnimationFrame", "cancelAnimationFrame"],
  ]) {
    const [start, stop] = [window[set], window[clear]];
    window[set] = (run, ...rest) => {
      const counts = ours();
      const id = start((...args) => {
        if (set !== "setInterval" && timers.delete(`${clear} ${id}`)) held.timers -= 1;
        run(...args);
      }, ...rest);
      if (counts) { timers.add(`${clear} ${id}`); held.timers += 1; }
      return id;
    };
    window[clear] = (id) => { if (timers.delete(`${clear} ${id}`)) held.timers -= 1; stop(id); };
  }
  for (const one of ["ResizeObserver", "MutationObserver", "IntersectionObserver"]) {
    const Real = window[one];
    window[one] = class extends Real {
      #open = false;
      observe(...args) {
        if (!this.#open && ours()) { this.#open = true; held.observers += 1; }
        super.observe(...args);
      }
      disconnect() { if (this.#open) { this.#open = false; held.observers -= 1; } super.disconnect(); }
    };
  }
  const Channel = window.BroadcastChannel;
  window.BroadcastChannel = class extends Channel {
    constructor(...args) { super(...args); held.channels += 1; }
    close() { held.channels -= 1; super.close(); }
  };
})();
"""


def test_nothing_is_left_when_views_and_models_go(stage: Callable[..., Stage], context: Any, root: str) -> None:
    context.add_init_script(_COUNTERS)
    texts = ["Ada met Bob.", "next", *TEXTS]

    def make() -> nb.TextLabeler:
        options = {"spans": ["A", "B"], "relations": ["met"], "fields": {"mood": ["good", "bad"], "note": "text"}}
        return nb.TextLabeler(texts, **options, guidelines="# Hi", store=":memory:", annotator="ada")

    opened = stage(make, root=root)
    page = TextPage(opened).until_ready()
    opened.hide()
    page.page.wait_for_function("() => window.__held.timers < 3")  # those that end by themselves
    before = page.page.evaluate("() => ({ ...window.__held })")
    assert before["listeners"] > 0  # of the model's own: the counting works
    for _ in range(3):
        opened.show()
        page = TextPage(opened).until_ready()
        assert page.page.evaluate("() => window.__held.listeners") > before["listeners"]
        page.drag_words("Ada")  # use it all: panels, drags, keys, popovers
        page.press("Escape", "?", "Escape", "g", "g", "/", "Escape", "c", "Escape", "j", "Escape")
        page.focus_text().press("ArrowRight", "1", ".", "Shift+ArrowRight", "Delete")
        page.part("filter").click()
        page.until_saved()
        opened.hide()
    page.page.wait_for_function(
        "(before) => Object.entries(before).every(([one, count]) => window.__held[one] <= count)", arg=before
    )
    # the model goes: then there is nothing at all
    opened.lab.close()
    page.page.wait_for_function("() => Object.values(window.__held).every((count) => count === 0)")
    assert opened.census() == {"listeners": [], "slots": 0}
    assert page.page.locator(".nblabel, [class^=nbl]").count() == 0
    assert not opened.problems


def test_elements_of_removed_views_can_be_forgotten(stage: Callable[..., Stage]) -> None:
    """A view that is gone is not held by a listener, a timer or the engine: the browser collects it."""
    opened = stage(labeler(":memory:"))
    page = TextPage(opened).until_ready()
    page.focus().press("1").until_key(1)
    opened.show()
    TextPage(opened).until_ready()
    page.page.evaluate("() => { window.kept = new WeakRef(document.querySelectorAll('.nblabel')[1]); }")
    opened.hide()
    page.page.evaluate("() => { for (const view of window.host.views) if (!view.open) view.cell = view.ended = null; }")
    client = page.page.context.new_cdp_session(page.page)
    for _ in range(20):
        client.send("HeapProfiler.collectGarbage")
        if page.page.evaluate("() => window.kept.deref() === undefined"):
            break
        page.page.wait_for_timeout(50)
    assert page.page.evaluate("() => window.kept.deref() === undefined")
