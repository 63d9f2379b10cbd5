"""Fixtures that all rooms of the tests share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from .browser.harness import HostServer, Kernel, Stage
from .chromium import find_chromium, open_chromium
from .notebook.driver import Notebook
from .notebook.marimo import MarimoNotebook
from .notebook.servers import JupyterServer, MarimoServer

# The quick ones first: a broken model should not be reported by a notebook that fails to open.
_ORDER = ("src", "tests/unit", "tests/contract", "tests/browser", "tests/wheel", "tests/notebook")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((n for n, room in enumerate(_ORDER) if item.nodeid.startswith(room)), len(_ORDER))

    items.sort(key=place)


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


def _keep(request: pytest.FixtureRequest, notebooks: Sequence[Notebook | MarimoNotebook | Stage]) -> None:
    """After a failure: a picture of every page, and what it complained of."""
    if not request.node.stash.get(_FAILED, False):
        return
    for n, notebook in enumerate(notebooks):
        with contextlib.suppress(Exception):
            print(f"page {n}: {notebook.screenshot(f'failed-{request.node.name}-{n}')}", *notebook.problems, sep="\n  ")


def missing(what: str, reason: str) -> None:
    """Skip, unless ``NBLABEL_REQUIRE`` says that this machine should have it."""
    if what in os.environ.get("NBLABEL_REQUIRE", "").split(","):
        pytest.fail(f"{reason} (NBLABEL_REQUIRE asks for {what})")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    if find_chromium() is None:
        missing("chromium", "no Chromium here: apt-get install chromium")
    with open_chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A real Jupyter server with JupyterLab and Notebook 7."""
    server = JupyterServer(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def marimo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarimoServer]:
    """A real marimo server."""
    server = MarimoServer(tmp_path_factory.mktemp("marimo"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """One browser profile for all notebooks: its cache makes the second one open in a third of the time."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def open_notebook(
    request: pytest.FixtureRequest, jupyter: JupyterServer, profile: BrowserContext
) -> Iterator[Callable[..., Notebook]]:
    """Opens notebooks from the sources of their cells, and closes them and their kernels after the test."""
    opened: list[Notebook] = []

    def open_one(cells: Sequence[str] = (), **options: Any) -> Notebook:
        notebook = Notebook(jupyter, options.pop("context", profile), cells, **options)
        opened.append(notebook)
        return notebook

    yield open_one
    jupyter.network.mend()
    _keep(request, opened)
    for notebook in opened:
        notebook.close()


@pytest.fixture
def open_marimo(
    request: pytest.FixtureRequest, marimo: MarimoServer, profile: BrowserContext
) -> Iterator[Callable[..., MarimoNotebook]]:
    """Opens marimo notebooks, and closes their pages after the test."""
    opened: list[MarimoNotebook] = []

    def open_one(cells: Sequence[tuple[str, str]]) -> MarimoNotebook:
        notebook = MarimoNotebook(marimo, profile, cells)
        opened.append(notebook)
        return notebook

    yield open_one
    _keep(request, opened)
    for notebook in opened:
        notebook.close()


@pytest.fixture(scope="session")
def host() -> Iterator[HostServer]:
    """Serves pages with labelers, without any notebook."""
    server = HostServer()
    yield server
    server.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile with nothing in it."""
    made = browser.new_context(viewport={"width": 1000, "height": 800})
    yield made
    made.close()


@pytest.fixture
def stage(request: pytest.FixtureRequest, host: HostServer, context: BrowserContext) -> Iterator[Callable[..., Stage]]:
    """Opens pages with a labeler from a function that makes it, and closes them after the test."""
    opened: list[Stage] = []

    def open_one(make: Callable[[], Any] | Kernel, **options: Any) -> Stage:
        made = Stage(host, options.pop("context", context), make, **options)
        opened.append(made)
        return made

    yield open_one
    _keep(request, opened)
    for made in opened:
        made.close()
