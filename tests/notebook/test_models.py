"""A model in the loop in a real JupyterLab: it learns from the keys, suggests, and outlives its kernel."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ..labeler import LabelerPage
from .driver import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

MAKE = """
import nblabel as nb

texts = [f"{'lovely room' if n % 2 else 'awful food'} {n}" for n in range(60)]
lab = nb.TextLabeler(
    texts, choices=["good", "bad", "mixed"], fields={"note": "text"}, suggest=nb.suggest.text_classifier(learn_every=5),
    order="uncertainty", store="models.db", annotator="eve",
)
lab
"""
SETTLED = "lab._session.models.runner.settle(20)"
KEYS = {True: "1", False: "2"}  # good, bad


def answer(page: LabelerPage) -> str:
    """Answer the item shown by what its text says, and go on to the next one."""
    key = page.key
    page.press(KEYS["lovely" in page.root.locator(".nbl-item").inner_text()], "Enter").until_gone_on(key)
    return key


def test_a_model_learns_suggests_and_outlives_its_kernel(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([MAKE])
    nb.run(0)
    page = LabelerPage(nb.labeler(0)).until_ready().focus()
    answered = []
    for number in range(12):
        answered.append(answer(page))
        if number % 5 == 4:
            shown = page.key
            page.until_saved()
            assert nb.kernel.value(SETTLED)
            assert page.key == shown  # learning and ranking never take the item away
    assert len(set(answered)) == 12
    page.until_saved()
    shown = page.key
    assert nb.kernel.value(SETTLED)
    assert page.key == shown
    nb.kernel.wait("lab.model.version")

    chip = page.part("model")
    assert "text_classifier" in chip.inner_text()
    page.press("u")
    assert "text_classifier" in page.part("model-panel").inner_text()
    page.press("Escape")
    page.part("model-panel").wait_for(state="detached")

    answered.append(answer(page.focus()))
    shown = page.key
    page.root.locator(".nbl-choice.nbl-suggested").first.wait_for()
    page.press("a", "Enter").until_gone_on(shown).until_saved()
    answered.append(shown)
    chosen = f"[lambda rows: rows['key'].astype(str) == '{shown}']"
    found = nb.kernel.value(f"lab.suggestions(){chosen}[['outcome', 'shown', 'source']].values.tolist()")
    assert len(found) == 1, found
    assert found[0][:2] == ["accepted", True]
    assert "text_classifier" in found[0][2]
    (source,) = nb.kernel.value(f"lab.annotations{chosen}['source'].tolist()")
    assert re.fullmatch(r"text_classifier@\d+", source), source

    assert nb.kernel.value(SETTLED)
    curve = nb.kernel.value("len(lab.learning_curve())")
    assert curve > 0
    assert not nb.kernel.complaints()
    nb.freeze()
    nb.kill()
    nb.recover()
    nb.run(0)
    page = LabelerPage(nb.labeler(0)).until_ready().until_saved()
    assert nb.kernel.value("lab.progress.submitted") == len(answered)
    right = nb.kernel.value("lab.annotations[['key', 'label']].astype(str).values.tolist()")
    assert dict(right) == {k: "good" if int(k) % 2 else "bad" for k in answered}
    assert nb.kernel.value(SETTLED)
    assert nb.kernel.wait("lab.model.labels") >= 5  # taught again by what is stored
    assert nb.kernel.value("len(lab.learning_curve())") >= curve
    assert not nb.kernel.complaints()
    assert not nb.problems
