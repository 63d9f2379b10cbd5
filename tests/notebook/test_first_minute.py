"""The first minute with a labeler, by keys alone, in every host: what Python holds is what was marked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ..labeler import LabelerPage
from .driver import Notebook
from .marimo import MarimoNotebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

PEOPLE = [
    ("Ada", "Lovelace", "Charles", "Babbage", "London"),
    ("Jane", "Austen", "Walter", "Scott", "Bath"),
    ("Emma", "Woodhouse", "George", "Knightley", "Highbury"),
    ("Marie", "Curie", "Albert", "Einstein", "Brussels"),
    ("Élisabeth", "Brontë", "Søren", "Kierkegaard", "København"),
    ("Herman", "Melville", "Nathaniel", "Hawthorne", "Lenox"),
    ("Mary", "Shelley", "Percy", "Shelley", "Geneva"),
    ("Анна", "Каренина", "Алексей", "Вронский", "Москва"),
    ("Frederick", "Douglass", "Abraham", "Lincoln", "Washington"),
    ("Phileas", "Fogg", "Jean", "Passepartout", "Bombay"),
]
TEXTS = [f"{a} {b} met {c} {d} in {city}." for a, b, c, d, city in PEOPLE]
MOODS = ["good" if n % 3 else "bad" for n in range(len(TEXTS))]

MAKE = f"""
import nblabel as nb
import pandas as pd

df = pd.DataFrame({{"text": {TEXTS!r}}}, index=[f"r{{n}}" for n in range({len(TEXTS)})])
lab = nb.TextLabeler(
    df, text="text", spans=["PERSON", "PLACE"], choices=["good", "bad"], into={{"choices": "mood"}}, store=STORE
)
"""


def spans(text: str, place: tuple[str, str, str, str, str]) -> list[tuple[int, int, str]]:
    a, b, c, d, city = place
    marked = [(f"{a} {b}", "PERSON"), (f"{c} {d}", "PERSON"), (city, "PLACE")]
    return [(text.index(name), text.index(name) + len(name), label) for name, label in marked]


EXPECTED = [spans(text, place) for text, place in zip(TEXTS, PEOPLE, strict=True)]


def label_by_keys(page: LabelerPage, key: Callable[[int], str], count: int = len(TEXTS)) -> None:
    """Mark three names and a mood on each text, and never touch the mouse again."""
    page.until_ready().focus()
    for number in range(count):
        page.until_key(key(number))
        page.press("Control+Home", "Shift+ArrowRight", "1")  # the first two words are a person
        page.press("ArrowRight", "ArrowRight", "Shift+ArrowRight", "1")  # met, then the next two
        page.press("ArrowRight", "ArrowRight", "2")  # in, then the place
        page.press("3" if MOODS[number] == "good" else "4", "Enter")


def test_ten_texts_with_keys_only(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([MAKE.replace("STORE", "'minute.db'") + "lab", "lab", "lab.df"])
    nb.run(0)
    page = LabelerPage(nb.labeler(0)).until_ready()
    nb.traffic.clear()
    label_by_keys(page, lambda number: f"r{number}")
    page.part("done").wait_for()
    page.until_saved()

    rows = nb.kernel.value(
        "lab.annotations[lab.annotations['kind'] == 'span'][['key', 'start', 'end', 'label', 'text']].values.tolist()"
    )
    held: dict[str, list[tuple[int, int, str]]] = {}
    for key, start, end, name, text in rows:
        held.setdefault(key, []).append((int(start), int(end), name))
        assert text == TEXTS[int(key[1:])][int(start) : int(end)]
    assert [sorted(held[f"r{n}"]) for n in range(len(TEXTS))] == [sorted(one) for one in EXPECTED]
    assert nb.kernel.value("df['mood'].tolist()") == MOODS  # the user's own frame
    assert nb.kernel.value("lab.df['status'].tolist()") == ["submitted"] * len(TEXTS)

    nb.kernel.run("docs = lab.docs('en')")
    ents = nb.kernel.value("[[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in docs]")
    assert [[tuple(e) for e in doc] for doc in ents] == EXPECTED
    assert nb.kernel.value("[max(doc.cats, key=doc.cats.get) for doc in docs]") == MOODS

    nb.run(2)
    assert not nb.kernel.complaints()
    assert not nb.problems
    # No media and no history go along with a label: the last ones cost what the first ones did.
    sizes = nb.traffic.sizes("comm_msg")
    assert max(sizes[-10:]) < 2 * max(sizes[:10])
    nb.theme("dark")
    nb.page.wait_for_timeout(700)
    nb.screenshot("jupyterlab-dark")
    nb.theme("light")


def test_keys_do_not_leak_into_the_notebook(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook(["x = 1", MAKE.replace("STORE", "'leak.db'") + "lab", "x"])
    nb.run(1)
    page = LabelerPage(nb.labeler(1)).until_ready().focus()
    before, pid = nb.sources(), nb.kernel.pid
    page.press("a", "b", "x", "d", "d", "m", "y", "r", "z", "c", "Escape")
    page.focus()
    page.press(
        "0", "0", "i", "i", "l", "Shift+l", "o", "Shift+o", "Enter", "Shift+Enter", "Control+Enter", "Space", "s"
    )
    page.press("ArrowUp", "ArrowDown", "k", "Delete", "Backspace", "Control+z", "Control+Shift+z", "Control+a")
    assert nb.sources() == before
    assert nb.kernel.value("__import__('os').getpid()") == pid  # "0 0" would have restarted it
    assert not nb.outputs(2)  # and Enter would have run a cell

    page.focus()
    nb.js("(nb.panel(path).content.widgets[0].model.sharedModel.setSource('x = 2'), null)")
    nb.until("nb.panel(path).context.model.dirty")
    page.press("Control+s")  # the host's, and it works from inside
    nb.until("!nb.panel(path).context.model.dirty")
    assert "x = 2" in nb.file.read_text()

    page.focus()
    within = "document.activeElement?.closest('.nblabel') !== null"
    for _ in range(60):
        page.press("Tab")
        if not nb.js(within):
            break
    else:
        pytest.fail("Tab never leaves the labeler")

    page.focus()
    page.press("Escape")
    page.press("Escape")
    assert not nb.js(within)  # the keys are the notebook's again
    page.press("b")
    assert nb.count() == 4


def test_notebook_7(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([MAKE.replace("STORE", "'seven.db'") + "lab"], app="notebook")
    nb.run(0)
    page = LabelerPage(nb.labeler(0)).until_ready()
    label_by_keys(page, lambda number: f"r{number}", 3)
    page.until_key("r3").until_saved()
    nb.kill()
    nb.recover()
    nb.run(0)
    page = LabelerPage(nb.labeler(0)).until_ready().until_key("r3")
    assert nb.kernel.value("lab.progress.submitted") == 3
    assert nb.kernel.value("df['mood'].tolist()[:3]") == MOODS[:3]
    nb.reload()
    nb.run(0)
    LabelerPage(nb.labeler(0)).until_ready().until_key("r3")
    assert nb.count() == 1
    nb.screenshot("notebook-7")


MARIMO = "import json\nimport marimo as mo"
SHOWN = "widget = mo.ui.anywidget(lab)\nwidget\nreturn json, lab, widget"
FOUND = """
widget.value
found = lab.annotations
rows = found[found["kind"] == "span"][["key", "start", "end", "label"]].values.tolist()
print("rows", json.dumps(rows))
return
"""


def test_marimo(open_marimo: Callable[..., MarimoNotebook], tmp_path: Path) -> None:
    store = tmp_path / "marimo.db"
    make = MAKE.replace("STORE", repr(str(store))).strip()
    nb = open_marimo([("", f"{MARIMO}\n{make}\n{SHOWN}"), ("json, lab, widget", FOUND)])
    page = LabelerPage(nb.labeler(0))
    label_by_keys(page, lambda number: f"r{number}", 3)
    page.until_key("r3").until_saved()
    # A label makes the cells run again that use the labeler.
    nb.until_text(1, f'"r2", {EXPECTED[2][2][0]}')
    rows = json.loads(re.search(r"rows (\[.*\])", nb.text(1))[1])  # type: ignore[index]
    assert sorted((key, int(s), int(e), name) for key, s, e, name in rows) == sorted(
        (f"r{n}", *one) for n in range(3) for one in EXPECTED[n]
    )
    nb.screenshot("marimo")
    nb.reload()
    page = LabelerPage(nb.labeler(0)).until_ready().until_key("r3")
    assert page.done == 3
