"""A notebook in a real marimo editor, driven as a person would."""

from __future__ import annotations

import textwrap
import uuid
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator

from ..chromium import TIMEOUT, screenshot
from .servers import MarimoServer

__all__ = ["MarimoNotebook"]


class MarimoNotebook:
    """One notebook in one page; its cells have run when it is open.

    A cell is the source of its body with its ``return`` line, as marimo's files have it; arguments are what it uses.
    marimo has no socket to ask, so a test reads what cells print (`text`) or write to the store.

    Parameters
    ----------
    cells : sequence of (arguments, body)
        Such as ``("lab", "print(lab.value)\\nreturn")``.
    """

    def __init__(self, server: MarimoServer, context: BrowserContext, cells: Sequence[tuple[str, str]]) -> None:
        self.server = server
        self.path = f"{uuid.uuid4().hex[:8]}.py"
        self.file: Path = server.folder / self.path
        parts = ["import marimo\n\napp = marimo.App()\n"]
        for arguments, body in cells:
            parts.append(f"@app.cell\ndef _({arguments}):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n")
        parts.append('if __name__ == "__main__":\n    app.run()\n')
        self.file.write_text("\n\n".join(parts), encoding="utf-8")
        self.problems: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(TIMEOUT)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.goto(f"{server.url}/?file={self.path}")
        self.until_ready()
        self.run()

    def until_ready(self) -> None:
        """Wait until the editor shows the cells."""
        self.page.locator(".marimo-cell [data-testid='cell-editor']").last.wait_for()
        self.page.locator("[data-testid='run-button']").last.wait_for()

    def run(self) -> None:
        """Run what has not run yet (a new session does not by itself), and wait until nothing runs."""
        if self.page.locator("[data-testid='cell-status'][data-status='outdated']").count():
            self.page.locator("[data-testid='run-button']").last.click()
        self.finish()

    def finish(self) -> None:
        """Wait until every cell has run."""
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-testid=cell-status]')].every(e => e.dataset.status === 'idle')"
        )

    def reload(self) -> None:
        self.page.reload()
        self.until_ready()

    def _cell(self, index: int) -> Locator:
        return self.page.locator(".marimo-cell").nth(index)

    def output(self, index: int) -> Locator:
        """What a cell shows (Playwright looks into open shadow roots by itself)."""
        return self._cell(index).locator(".output-area")

    def labeler(self, index: int) -> Locator:
        """The labeler that a cell shows."""
        return self._cell(index).locator(".nblabel").first

    def text(self, index: int) -> str:
        """What a cell printed in its last run."""
        return self._cell(index).locator("[data-testid='console-output-area']").inner_text()

    def until_text(self, index: int, text: str) -> None:
        """Wait until a cell has printed ``text``."""
        self._cell(index).locator("[data-testid='console-output-area']", has_text=text).wait_for()

    def screenshot(self, name: str) -> Path:
        return screenshot(self.page, name)

    def close(self) -> None:
        self.page.close()
