"""A notebook in a real JupyterLab (or Notebook 7) with a real kernel, driven as a person would.

What the page shows is asked of the page; what Python holds is asked of the kernel over its own sockets
(`Notebook.kernel`), so that the page's traffic stays its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import nbformat
from playwright.sync_api import BrowserContext, Locator, Page, WebSocket
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from ..chromium import TIMEOUT, screenshot
from .kernel import Kernel, KernelBusy
from .servers import JupyterServer

__all__ = ["Notebook", "Traffic"]

# Runs in every page: finds our notebook among the open ones, and remembers the runs that were started.
_HELPERS = """
window.__nb = {
  runs: new Map(),
  panel(path) {
    const app = window.jupyterapp;
    if (!app) return null;
    for (const area of ["main", undefined]) {
      let widgets = [];
      try { widgets = [...app.shell.widgets(area)]; } catch { continue; }
      const found = widgets.find(w => w.context && w.sessionContext && w.content && w.context.path === path);
      if (found) return found;
    }
    return null;
  },
  open(path) {
    const panel = this.panel(path);
    return Boolean(panel?.context.isReady && panel.sessionContext.isReady && panel.sessionContext.session?.kernel);
  },
  ready(path) { return this.open(path) && this.panel(path).sessionContext.session.kernel.status === "idle"; },
  run(path, index) {
    const panel = this.panel(path);
    window.jupyterapp.shell.activateById?.(panel.id);
    panel.content.deselectAll();
    panel.content.activeCellIndex = index;
    const done = { settled: false };
    this.runs.set(index, done);
    window.jupyterapp.commands.execute("notebook:run-cell").finally(() => { done.settled = true; });
  },
  waiting(path, index) {
    const cell = this.panel(path).content.widgets[index];
    if (cell.model.type !== "code") return false;
    const prompt = cell.inputArea?.promptNode?.textContent ?? "";
    return prompt.includes("*") || cell.model.executionState === "running" || this.runs.get(index)?.settled === false;
  },
  idle(path) { return this.panel(path).content.widgets.every((_, index) => !this.waiting(path, index)); },
  forget() { this.runs.clear(); },
};
// Without a network, JupyterLab says so in a dialog now and then. A person closes it and goes on where they were.
{
  let last = null;
  document.addEventListener("focusin", (event) => {
    if (!event.target.closest(".jp-Dialog")) last = event.target;
  });
  new MutationObserver(() => {
    for (const dialog of document.querySelectorAll(".jp-Dialog")) {
      if (!dialog.textContent.includes("Server Connection Error")) continue;
      dialog.querySelector(".jp-Dialog-footer button")?.click(); // its only one, "Close", counts as a cancel
      setTimeout(() => last?.focus({ preventScroll: true }), 0);
    }
  }).observe(document, { childList: true, subtree: true });
}
"""


class Traffic:
    """The kernel messages of a page's websockets: kind and size, up (to the kernel) and down."""

    def __init__(self, page: Page) -> None:
        self.up: list[tuple[str, int]] = []
        self.down: list[tuple[str, int]] = []
        page.on("websocket", self._follow)

    def _follow(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: self.up.append((self._kind(frame), len(frame))))
        socket.on("framereceived", lambda frame: self.down.append((self._kind(frame), len(frame))))

    @staticmethod
    def _kind(frame: str | bytes) -> str:
        try:
            if isinstance(frame, str):
                return str(json.loads(frame)["header"]["msg_type"])
            # v1.kernel.websocket.jupyter.org: a count, that many offsets, then channel, header, ...
            (count,) = struct.unpack_from("<Q", frame)
            offsets = struct.unpack_from(f"<{count}Q", frame, 8)
            return str(json.loads(frame[offsets[1] : offsets[2]])["msg_type"])
        except (ValueError, KeyError, TypeError, IndexError, struct.error):
            return ""

    def clear(self) -> None:
        self.up.clear()
        self.down.clear()

    def sizes(self, kind: str = "comm_msg", *, up: bool = True) -> list[int]:
        return [size for one, size in (self.up if up else self.down) if one == kind]


class Notebook:
    """One notebook in one page.

    Parameters
    ----------
    server, context
        Where it lives, and the browser's profile that opens it.
    cells : sequence of str
        Sources of code cells (one that starts with ``"# %% md"`` becomes Markdown); ``path`` opens an existing file.
    app : {"lab", "notebook"}
        JupyterLab, or Notebook 7.
    """

    def __init__(
        self,
        server: JupyterServer,
        context: BrowserContext,
        cells: Sequence[str] = (),
        *,
        path: str = "",
        app: Literal["lab", "notebook"] = "lab",
    ) -> None:
        self.server = server
        self.app = app
        self.path = path or f"{uuid.uuid4().hex[:8]}.ipynb"
        if not path:
            self.write(cells)
        self.problems: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(TIMEOUT)
        self.page.add_init_script(_HELPERS)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        # Only Jupyter's "leave without saving?" comes as a browser dialog.
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.traffic = Traffic(self.page)
        self._kernel: Kernel | None = None
        self._killed = 0
        self._kernel_name = ""
        place = f"lab/workspaces/{uuid.uuid4().hex[:8]}/tree" if app == "lab" else "notebooks"
        self.page.goto(f"{server.url}/{place}/{self.path}?token={server.token}")
        self.until_ready()

    # ---- the file -----------------------------------------------------------------------------------

    @property
    def file(self) -> Path:
        return self.server.folder / self.path

    def write(self, cells: Sequence[str]) -> None:
        """Write the file anew (a page that is open does not see it)."""
        book = nbformat.v4.new_notebook()
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for source in cells:
            if source.startswith("# %% md\n"):
                book.cells.append(nbformat.v4.new_markdown_cell(source.split("\n", 1)[1]))
            else:
                book.cells.append(nbformat.v4.new_code_cell(source))
        nbformat.write(book, self.file)

    # ---- the page -----------------------------------------------------------------------------------

    @staticmethod
    def _function(body: str) -> str:
        return f"([path, a]) => {{ const nb = window.__nb; return ({body}); }}"

    def js(self, body: str, *args: Any) -> Any:
        """Evaluate an expression in the page; ``nb`` are the helpers, ``path`` the notebook's, ``a`` the arguments."""
        return self.page.evaluate(
            f"([path, a]) => {{ const nb = window.__nb; return ({body}); }}", [self.path, list(args)]
        )

    def until(self, body: str, *args: Any, timeout: float = 60) -> None:
        """Wait until an expression of the page is true."""
        self.page.wait_for_function(self._function(body), arg=[self.path, list(args)], timeout=timeout * 1000)

    def until_ready(self, *, timeout: float = 90) -> None:
        """Wait until notebook and kernel can be used."""
        self.until("nb.ready(path)", timeout=timeout)

    def reload(self, *, idle: bool = True) -> None:
        """Reload the page without saving the notebook; with ``idle=False`` the kernel may go on working."""
        self.page.reload()
        if idle:
            self.until_ready()
        else:
            self.until("nb.open(path)")

    def save(self) -> None:
        self.js("window.jupyterapp.commands.execute('docmanager:save').then(() => null)")

    @property
    def dirty(self) -> bool:
        """Whether the page holds changes that are not in the file."""
        return bool(self.js("nb.panel(path).context.model.dirty"))

    def theme(self, kind: Literal["light", "dark"]) -> None:
        name = "JupyterLab Dark" if kind == "dark" else "JupyterLab Light"
        self.js("window.jupyterapp.commands.execute('apputils:change-theme', {theme: a[0]}).then(() => null)", name)
        # Notebook 7 and JupyterLab both say on <body> which theme is painted.
        self.until("document.body.dataset.jpThemeLight === a[0]", "false" if kind == "dark" else "true")

    def screenshot(self, name: str) -> Path:
        return screenshot(self.page, name)

    def activate(self) -> None:
        """Bring this page to the front."""
        self.page.bring_to_front()

    # ---- cells --------------------------------------------------------------------------------------

    def count(self) -> int:
        """How many cells the notebook has now."""
        return int(self.js("nb.panel(path).content.widgets.length"))

    def sources(self) -> list[str]:
        """The cells' sources now."""
        return list(self.js("nb.panel(path).content.widgets.map(w => w.model.sharedModel.getSource())"))

    @property
    def mode(self) -> str:
        """``"command"`` or ``"edit"``."""
        return str(self.js("nb.panel(path).content.mode"))

    def start(self, index: int) -> None:
        """Run a cell, and wait only until the kernel has begun with it."""
        begun = self.kernel.begun
        self.js("nb.run(path, a[0])", index)
        ends = time.monotonic() + 60
        while self.kernel.begun == begun:  # the page's "busy" may be any message of a widget
            assert time.monotonic() < ends, f"cell {index} did not begin in 60 s"
            self.page.wait_for_timeout(10)

    def running(self, index: int) -> bool:
        """Whether a cell shows ``[*]`` (what the page says of the kernel may be true of a subshell only)."""
        return bool(self.js("nb.waiting(path, a[0])", index))

    def finish(self, index: int | None = None, *, timeout: float = 90, check: bool = True) -> None:
        """Wait for one cell (or all) to be done; an error in its output fails the test."""
        if index is None:
            self.until("nb.idle(path)", timeout=timeout)
        else:
            self.until("!nb.waiting(path, a[0])", index, timeout=timeout)
        if check:
            for one in range(self.count()) if index is None else (index,):
                assert not self.errors(one), f"cell {one} raised:\n" + "\n".join(self.errors(one))

    def run(self, index: int, *, timeout: float = 90, check: bool = True) -> None:
        """Run a cell and wait until it is done."""
        self.js("nb.run(path, a[0])", index)
        self.finish(index, timeout=timeout, check=check)

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """The outputs of a cell as in the file."""
        return list(self.js("nb.panel(path).content.widgets[a[0]].model.outputs?.toJSON() ?? []", index))

    def errors(self, index: int) -> list[str]:
        return [f"{o['ename']}: {o['evalue']}" for o in self.outputs(index) if o.get("output_type") == "error"]

    def text(self, index: int) -> str:
        """What a cell printed."""
        return "".join(str(o["text"]) for o in self.outputs(index) if o.get("output_type") == "stream")

    def output(self, index: int) -> Locator:
        """The output area of a cell."""
        self.js("nb.panel(path).content.widgets[a[0]].id ||= `cell-${a[0]}`", index)
        found = self.js("nb.panel(path).content.widgets[a[0]].id", index)
        return self.page.locator(f"[id='{found}'] .jp-Cell-outputArea")

    def labeler(self, index: int) -> Locator:
        """The labeler that a cell shows."""
        return self.output(index).locator(".nblabel").first

    # ---- the kernel ---------------------------------------------------------------------------------

    @property
    def kernel(self) -> Kernel:
        """The kernel that runs now, through sockets of our own."""
        if self._kernel is None:
            self._kernel = Kernel(self._connection_file())
        return self._kernel

    def _let_go(self) -> None:
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None

    @property
    def status(self) -> str:
        """What the page believes of the kernel."""
        return str(self.js("nb.panel(path).sessionContext.session?.kernel?.status ?? 'none'"))

    def restart(self) -> None:
        """Restart the kernel as the menu does, without asking."""
        self._let_go()
        self.js("nb.panel(path).sessionContext.restartKernel().then(() => { nb.forget(); return null; })")
        self.until_ready()

    def shut_down(self) -> None:
        """Shut the kernel down as the menu does; nobody starts another."""
        self._let_go()
        self.js("nb.panel(path).sessionContext.shutdown().then(() => null)")

    def start_kernel(self) -> None:
        """Choose a kernel where there is none, as the menu does."""
        self.js(
            "nb.panel(path).sessionContext.changeKernel({name: 'python3'}).then(() => { nb.forget(); return null; })"
        )
        self.until_ready()

    def freeze(self) -> None:
        """Stop the kernel's process where it is: it hears of nothing until it is killed.

        What is done right after `kill` may meet JupyterLab's dialog instead of the labeler.
        """
        os.kill(self.kernel.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """End the kernel's process with ``kill -9``; the page is told nothing."""
        self._killed = self.kernel.pid
        os.kill(self._killed, signal.SIGKILL)
        self._let_go()

    def recover(self, *, timeout: float = 90) -> None:
        """After `kill`: wait for the kernel that the server starts, and accept the page's dialog about it.

        JupyterLab shows the dialog when it hears of the death, which it may not while it is connecting.
        """
        accept = self.page.locator(".jp-Dialog .jp-mod-accept")
        ends = time.monotonic() + timeout
        while self._pid() in (None, self._killed):
            assert time.monotonic() < ends, f"no kernel came back in {timeout} s"
            self.page.wait_for_timeout(100)
        self.until_ready()
        with contextlib.suppress(PlaywrightTimeout):
            accept.first.wait_for(timeout=2000)
        while accept.count():
            accept.first.click()
            self.page.wait_for_timeout(50)
        self.until_ready()
        self.js("nb.forget()")

    def _pid(self) -> int | None:
        """The process that answers now, if one does."""
        try:
            probe = Kernel(self._connection_file(), patience=2)
        except KernelBusy:
            return None
        probe.close()
        return probe.pid

    def _connection_file(self) -> Path:
        # asked again only where it can have changed: while a kernel is restarted, the page knows of none
        name = self.js("nb.panel(path).sessionContext.session?.kernel?.id ?? null")
        self._kernel_name = str(name or self._kernel_name)
        return self.server.runtime / f"kernel-{self._kernel_name}.json"

    @contextlib.contextmanager
    def offline(self) -> Iterator[None]:
        """No network between page and server inside the block (other pages of the server included)."""
        with self.server.network.down():
            yield

    def reconnect(self) -> None:
        """Connect to the kernel again now, as the Kernel menu does; JupyterLab's own next try may be a minute away."""
        self.js("nb.panel(path).sessionContext.session.kernel.reconnect().then(() => null)")

    def until_connected(self, *, timeout: float = 90) -> None:
        """Wait until the page has its kernel connection again."""
        self.until("nb.panel(path).sessionContext.session.kernel.connectionStatus === 'connected'", timeout=timeout)

    def until_disconnected(self, *, timeout: float = 60) -> None:
        """Wait until the page has noticed that the connection is gone."""
        self.until("nb.panel(path).sessionContext.session.kernel.connectionStatus !== 'connected'", timeout=timeout)

    def sleep(self, seconds: float) -> None:
        """Let time pass, with the page alive."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self.page.wait_for_timeout(min(200, left * 1000))

    def close(self) -> None:
        self._let_go()
        with contextlib.suppress(Exception):
            session = self.js("nb.panel(path).sessionContext.session?.id ?? null")
            if session:
                self.server.request(f"/api/sessions/{session}", "DELETE")
        self.page.close()
