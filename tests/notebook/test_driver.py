"""The driver itself, on a widget of three lines: what it reports is what happened."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .driver import Notebook
from .kernel import KernelBusy, KernelRaised
from .marimo import MarimoNotebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

COUNTER = '''
import anywidget, traitlets

class Counter(anywidget.AnyWidget):
    _esm = """
    function render({ model, el }) {
      const button = document.createElement("button");
      button.className = "nblabel";
      const show = () => { button.textContent = "n=" + model.get("n"); };
      button.onclick = () => { model.set("n", model.get("n") + 1); model.save_changes(); };
      model.on("change:n", show);
      show();
      el.append(button);
    }
    export default { render };
    """
    n = traitlets.Int(0).tag(sync=True)
    raises = True

    @traitlets.observe("n")
    def _changed(self, change):
        if change["new"] == 2 and self.raises:
            raise RuntimeError("from a comm handler")

w = Counter()
w
'''


def test_jupyterlab(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([COUNTER, "import time; time.sleep(3); print('slept')", "1 / 0", "# %% md\nText"])
    assert nb.count() == 4

    nb.run(0)
    nb.traffic.clear()
    nb.labeler(0).click()
    nb.kernel.wait("w.n == 1")
    assert len(nb.traffic.sizes()) == 1
    assert not nb.kernel.complaints()

    nb.start(1)
    assert nb.kernel.busy()
    with pytest.raises(KernelBusy):
        nb.kernel.value("w.n", timeout=0.2)
    nb.finish(1)
    assert nb.text(1) == "slept\n"

    with pytest.raises(AssertionError, match="division by zero"):
        nb.run(2)
    with pytest.raises(KernelRaised, match="no_such_name"):
        nb.kernel.value("no_such_name")

    nb.reload()
    assert nb.kernel.value("w.n") == 1  # the kernel went on
    assert not nb.labeler(0).count()  # and the page did not keep the output
    nb.run(0)
    assert nb.kernel.value("w.n") == 0

    nb.restart()
    with pytest.raises(KernelRaised):
        nb.kernel.value("w.n")
    nb.run(0)
    before = nb.kernel.pid
    nb.kill()
    nb.recover()
    assert nb.kernel.pid != before
    nb.run(0)
    nb.labeler(0).click()
    nb.kernel.wait("w.n == 1")

    nb.labeler(0).click()
    nb.kernel.wait("w.n == 2")
    nb.kernel.until_complaint("from a comm handler")

    with nb.offline():
        nb.until_disconnected()
        nb.labeler(0).click()
        assert nb.labeler(0).text_content() == "n=3"
        assert nb.kernel.value("w.n") == 2
    nb.reconnect()
    nb.until_connected()
    nb.labeler(0).click()
    nb.kernel.wait("w.n >= 3")  # JupyterLab sets the model back to the kernel's state, before or after the click

    nb.theme("dark")
    nb.theme("light")


def test_notebook_7(open_notebook: Callable[..., Notebook]) -> None:
    nb = open_notebook([COUNTER], app="notebook")
    nb.run(0)
    nb.labeler(0).click()
    nb.kernel.wait("w.n == 1")
    nb.kill()
    nb.recover()
    nb.run(0)
    nb.labeler(0).click()
    nb.kernel.wait("w.n == 1")


def test_marimo(open_marimo: Callable[..., MarimoNotebook]) -> None:
    wrapped = COUNTER.replace("raises = True", "raises = False").replace("Counter()\n", "mo.ui.anywidget(Counter())\n")
    nb = open_marimo(
        [("", f"import marimo as mo\n{wrapped}\nreturn (w,)"), ("w", "print('value', w.value)\nreturn")],
    )
    nb.labeler(0).click()
    nb.until_text(1, "'n': 1")
    nb.reload()
    nb.labeler(0).click()
    nb.until_text(1, "'n': 2")
    assert not nb.problems
