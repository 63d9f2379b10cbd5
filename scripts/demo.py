"""Open JupyterLab on the first example; with ``--check``, run it without a person and end.

The check executes the notebook in a real kernel. Where a Chromium is on the machine, it also opens the notebook in a
real JupyterLab, waits for the labeler to paint, and makes one label with the keyboard.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
FIRST = "01-text.ipynb"


def execute(folder: Path) -> None:
    """Run all cells of the notebook in a real kernel."""
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(folder / FIRST, as_version=4)
    nbformat.validate(book)
    NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()


def look(folder: Path) -> bool:
    """Open the notebook as a person would and make one label; False where there is no browser."""
    sys.path.insert(0, str(ROOT))
    try:
        from tests.chromium import find_chromium, open_chromium
    except ImportError:
        return False
    if find_chromium() is None:
        return False
    from tests.notebook.driver import Notebook
    from tests.notebook.servers import JupyterServer

    server = JupyterServer(folder / "server")
    try:
        shutil.copytree(EXAMPLES, server.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.db*", ".ipynb*"))
        with open_chromium() as browser:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            notebook = Notebook(server, context, path=FIRST)
            sources = notebook.sources()
            shown = next(i for i, source in enumerate(sources) if source.splitlines()[-1:] == ["lab"])
            for index in range(shown + 1):
                notebook.run(index)
            labeler = notebook.labeler(shown)
            labeler.wait_for()
            labeler.scroll_into_view_if_needed()
            before = notebook.kernel.value("lab.progress.submitted")
            labeler.click(position={"x": 4, "y": 4})
            notebook.page.keyboard.press("Enter")
            notebook.kernel.wait(f"lab.progress.submitted == {before} + 1", timeout=30)
            notebook.screenshot("demo")
            notebook.close()
    finally:
        server.close()
    return True


def check() -> int:
    """The notebook works, from its first cell to its last."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "examples"
        shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("*.db*", ".ipynb*"))
        execute(folder)
        print(f"{FIRST}: all cells ran in a real kernel")
        if look(Path(scratch)):
            print(f"{FIRST}: the labeler painted in JupyterLab, and took a label")
        else:
            print("no Chromium here: the page itself was not looked at")
    print(f"demo: ok ({time.monotonic() - started:.0f} s)")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="run without a person, and end")
    given = parser.parse_args()
    if given.check:
        return check()
    command = [sys.executable, "-m", "jupyterlab", str(EXAMPLES / FIRST)]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    try:
        return subprocess.call(command, cwd=EXAMPLES)
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
