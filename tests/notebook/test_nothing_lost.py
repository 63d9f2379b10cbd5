"""The promise, in a real JupyterLab: a labelled item is never lost, and never waits for the kernel."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from nblabel.store import open_store

from ..labeler import LabelerPage
from .driver import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

KEYS = {"1": "good", "2": "bad", "3": "mixed"}


def cell(items: int, store: str, name: str = "lab") -> str:
    """A labeler that takes one key an item."""
    return f"""
import nblabel as nb
import pandas as pd

df = pd.DataFrame({{"review": [f"Review number {{i}} is here." for i in range({items})]}})
{name} = nb.TextLabeler(df, text="review", choices={list(KEYS.values())!r}, store={store!r}, annotator="ada")
{name}
"""


ANSWERS = "dict(zip(lab.annotations['key'].tolist(), lab.annotations['label'].tolist()))"


def answers(notebook: Notebook) -> dict[int, str]:
    """What Python holds: item -> label."""
    return {int(key): label for key, label in notebook.kernel.value(ANSWERS).items()}


def labeler(notebook: Notebook, index: int = 0) -> LabelerPage:
    return LabelerPage(notebook.labeler(index)).until_ready().focus()


def label(page: LabelerPage, count: int, told: dict[int, str], chance: random.Random, *, waits: bool = True) -> None:
    """Answer the next items with one key each; what was told is remembered by what the page showed.

    The page goes on by itself, whatever the kernel does, as far as its window of items reaches; with ``waits=False``
    this ends there.
    """
    for _ in range(count):
        if page.waiting:
            if not waits:
                return
            page.until_ready()
        shown = page.key
        while int(shown) in told:  # answered before: a labeler may open there, but asks for nothing
            assert page.part("item-status").inner_text() == "Submitted"
            page.press("n").until_gone_on(shown)
            shown = page.key
        key = chance.choice(list(KEYS))
        told[int(shown)] = KEYS[key]
        page.press(key)
        page.until_gone_on(shown)


def submits(path: Path) -> Counter[str]:
    """How often the log holds a submission, by item."""
    store = open_store(path)
    try:
        return Counter(entry.event.item for entry in store.entries("text") if entry.event.action == "submit")
    finally:
        store.close()


def test_kill_then_reload(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([cell(20, "kill.db")])
    told: dict[int, str] = {}
    chance = random.Random(1)
    nb.run(0)
    label(labeler(nb), 4, told, chance)

    nb.kill()  # right after the label, whether it was acknowledged or not
    nb.recover()
    nb.run(0)
    page = labeler(nb)
    page.until_key(4)
    page.until_saved()
    assert answers(nb) == told
    label(page, 3, told, chance)

    nb.reload()
    nb.run(0)
    page = labeler(nb)
    page.until_key(7)
    page.until_saved()
    assert answers(nb) == told
    label(page, 2, told, chance)
    page.until_saved()
    nb.restart()
    nb.run(0)
    labeler(nb).until_key(9).until_saved()
    assert answers(nb) == told
    assert set(submits(nb.server.folder / "kill.db").values()) == {1}
    assert not nb.kernel.complaints()


def test_labels_while_a_cell_runs(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([cell(40, "busy.db"), "import time; time.sleep(12)"])
    told: dict[int, str] = {}
    nb.run(0)
    page = labeler(nb)
    nb.start(1)
    assert nb.kernel.busy()
    page.focus()
    label(page, 20, told, random.Random(2))
    assert nb.running(1)  # twenty labels, and the cell still runs
    assert page.place == (21, 40)
    assert page.done == 20
    nb.finish(1)
    page.until_saved()
    assert answers(nb) == told
    assert set(submits(nb.server.folder / "busy.db").values()) == {1}


def test_kill_while_nothing_is_acknowledged(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([cell(20, "unacknowledged.db"), "import time; time.sleep(600)"])
    told: dict[int, str] = {}
    nb.run(0)
    page = labeler(nb)
    store = nb.server.folder / "unacknowledged.db"
    nb.start(1)
    page.focus()
    # A labeler that has answered before may be served by a subshell, cell or not: let nothing be stored at all.
    with sqlite3.connect(store, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        label(page, 6, told, random.Random(3))
        assert page.saving in ("unsaved", "busy")
        nb.kill()
        other.execute("ROLLBACK")
    other.close()
    assert not submits(store)
    nb.recover()
    nb.run(0)
    page = labeler(nb)
    page.until_key(6)
    page.until_saved()
    assert answers(nb) == told
    assert set(submits(store).values()) == {1}


def test_a_kernel_that_is_shut_down(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([cell(20, "shut.db")])
    told: dict[int, str] = {}
    chance = random.Random(7)
    nb.run(0)
    page = labeler(nb)
    label(page, 2, told, chance)
    page.until_saved()
    nb.shut_down()
    page.focus()
    label(page, 3, told, chance)
    page.until_saving("gone")
    assert "labels kept in this page" in page.words
    label(page, 1, told, chance)
    nb.start_kernel()
    nb.run(0)
    labeler(nb).until_key(6).until_saved()
    assert answers(nb) == told
    assert set(submits(nb.server.folder / "shut.db").values()) == {1}


def test_labels_without_a_network(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([cell(20, "network.db")])
    told: dict[int, str] = {}
    chance = random.Random(4)
    nb.run(0)
    page = labeler(nb)
    label(page, 2, told, chance)
    with nb.offline():
        nb.until_disconnected()
        label(page, 3, told, chance)
        assert answers(nb).keys() <= {0, 1}
    nb.reconnect()
    page.until_saved()
    assert answers(nb) == told
    page.focus()
    label(page, 2, told, chance)
    page.until_saved()
    assert answers(nb) == told
    assert set(submits(nb.server.folder / "network.db").values()) == {1}


def test_two_views_and_two_notebooks(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([cell(10, "shared.db"), "lab"])
    other = open_notebook([cell(10, "shared.db")])
    told: dict[int, str] = {}
    chance = random.Random(5)
    nb.activate()
    nb.run(0)
    nb.run(1)
    first, second = LabelerPage(nb.labeler(0)).until_ready(), labeler(nb, 1)
    label(second, 2, told, chance)
    first.until_key(2)
    first.focus()
    label(first, 1, told, chance)
    second.until_key(3).until_saved()

    other.activate()
    other.run(0)
    page = labeler(other)
    page.until_key(3)
    label(page, 3, told, chance)
    page.until_saved()
    nb.activate()
    first.part("progress").get_by_text("6 done").wait_for()  # news of other writers comes by itself
    assert answers(nb) == told
    assert answers(other) == told
    assert set(submits(nb.server.folder / "shared.db").values()) == {1}


def test_chaos(open_notebook: Callable[..., Notebook]) -> None:
    """Kills, reloads and cut connections at random moments: nothing lost, nothing doubled."""
    wanted = int(os.environ.get("NBLABEL_CHAOS_LABELS", "60"))
    seed = int(os.environ.get("NBLABEL_CHAOS_SEED", "20261124"))
    every = 20 if wanted <= 100 else 25
    chance = random.Random(seed)
    store = f"chaos-{seed}-{wanted}.db"
    nb = open_notebook([cell(wanted, store), "import time; time.sleep(1.5)"])
    nb.run(0)
    page = labeler(nb)
    told: dict[int, str] = {}
    troubles: Counter[str] = Counter()
    started = time.monotonic()

    def again() -> LabelerPage:
        nb.run(0)
        return labeler(nb)

    while len(told) < wanted:
        left = wanted - len(told)
        label(page, min(left, chance.randint(1, every)), told, chance)
        trouble = chance.choice(["kill", "reload", "cut", "busy and kill", "busy and reload", "restart"])
        troubles[trouble] += 1
        print(f"{len(told)}: {trouble}", flush=True)
        some = min(wanted - len(told), chance.randint(0, 4))
        if trouble == "kill":
            nb.kill()
            nb.recover()
            page.focus()
            label(page, some, told, chance, waits=False)  # there is a kernel again, but no labeler in it
            page = again()
        elif trouble == "reload":
            nb.reload()
            page = again()
        elif trouble == "restart":
            nb.restart()
            page = again()
        elif trouble == "cut":
            with nb.offline():
                label(page, some, told, chance, waits=False)
                nb.sleep(chance.random())
            nb.reconnect()
            nb.until_connected()
            page.focus()
        else:
            nb.start(1)
            page.focus()
            label(page, some, told, chance, waits=False)
            if trouble == "busy and kill":
                nb.kill()
                nb.recover()
            else:
                nb.reload(idle=False)
                nb.until_ready()
            page = again()
    page.until_saved()
    print(f"chaos: {wanted} labels, {dict(troubles)}, {time.monotonic() - started:.0f} s, seed {seed}")
    assert answers(nb) == told
    assert len(told) == wanted
    logged = submits(nb.server.folder / store)
    assert len(logged) == wanted
    assert set(logged.values()) == {1}
