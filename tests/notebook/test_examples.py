"""Every example runs from top to bottom, and `make demo ARGS=--check` says so."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from .servers import private_environment

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.ipynb"))
FIRST = "01-text.ipynb"

RUN = """
import sys
import nbformat
from nbclient import NotebookClient

book = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(book, timeout=300, kernel_name="python3").execute()
"""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_is_valid_and_carries_no_outputs(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    assert not [cell for cell in book.cells if cell.get("outputs") or cell.get("execution_count")]


def test_the_others_run(tmp_path: Path) -> None:
    folder = tmp_path / "examples"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("*.db*"))
    for path in EXAMPLES:
        if path.name == FIRST:  # the demo's own check runs it
            continue
        done = subprocess.run(
            [sys.executable, "-c", RUN, path.name],
            cwd=folder,
            env=private_environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.browser
@pytest.mark.notebook
def test_the_demo_checks_itself(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "demo.py"), "--check"],
        env=private_environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert f"{FIRST}: all cells ran in a real kernel" in done.stdout
    assert "demo: ok" in done.stdout
    assert not list((ROOT / "examples").glob("*.spacy"))  # it works on a copy
