"""What the page keeps in the browser's own storage, in a real browser: a fake cannot tell what a reload kills."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nblabel as nb

from ..labeler import LabelerPage
from .harness import Stage

pytestmark = pytest.mark.browser

KEYS_THEN_RELOAD = """(keys) => {
  const root = [...document.querySelectorAll('.nblabel')].at(-1);
  for (const key of keys) {
    const init = { key, code: `Digit${key}`, bubbles: true, cancelable: true, composed: true };
    root.dispatchEvent(new KeyboardEvent('keydown', init));
  }
  location.reload();
}"""


def labeler(store: str | Path) -> Callable[[], nb.TextLabeler]:
    return lambda: nb.TextLabeler([f"text {n}" for n in range(40)], choices=["good", "bad"], store=store)


def test_a_reload_in_the_same_instant_loses_nothing(stage: Callable[..., Stage], tmp_path: Path) -> None:
    page = stage(labeler(tmp_path / "labels.db"))
    LabelerPage(page.el).until_ready().focus()
    expected: list[str] = []
    for turn in range(6):
        keys = ["1", "2"] if turn % 2 else ["2"]
        with page.kernel.busy():  # nothing gets through before the page is gone
            with page.page.expect_navigation():
                page.page.evaluate(KEYS_THEN_RELOAD, keys)
            page.page.wait_for_function("() => window.host !== undefined")
        page.kernel.kill(tell=False)  # and what was on its way dies with the kernel
        page.restart()
        expected += ["good" if key == "1" else "bad" for key in keys]
        LabelerPage(page.el).until_ready().until_key(len(expected)).until_saved()
        assert page.lab.annotations["label"].tolist() == expected
        LabelerPage(page.el).focus()
    log = page.lab._store.entries("text")
    assert len({entry.event.id for entry in log}) == len(log)


def test_two_pages_share_what_is_unsaved(stage: Callable[..., Stage], tmp_path: Path) -> None:
    page = stage(labeler(tmp_path / "labels.db"))
    shown = LabelerPage(page.el).until_ready().focus()
    page.kernel.kill()
    shown.press("1", "1", "2")
    shown.until_key(3)
    page.page.wait_for_function(
        "() => document.querySelector('.nblabel').textContent.includes('labels kept in this page')", timeout=10_000
    )
    page.kernel.restart()
    page.kernel.rerun()
    page.show()  # a new output beside the old one, whose kernel is gone
    LabelerPage(page.view(1)).until_ready().until_key(3).until_saved()
    assert page.lab.annotations["label"].tolist() == ["good", "good", "bad"]
    # the old one hears that its labels are stored, and claims no more
    page.page.wait_for_function(
        "() => !document.querySelector('.nblabel').textContent.includes('labels kept in this page')", timeout=10_000
    )
