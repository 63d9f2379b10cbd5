"""One run: a Jupyter server, a browser, and what the measures leave behind."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser
from tests.chromium import find_chromium, open_chromium
from tests.notebook.driver import Notebook
from tests.notebook.servers import JupyterServer

from . import machine, page
from .contestants import ALL

T = TypeVar("T")
RESULTS = Path(__file__).parent / "results"


@dataclass
class Result:
    """What one measure has seen; written as it stands."""

    measure: str
    quick: bool
    when: str = field(default_factory=machine.now)
    load_before: float = field(default_factory=machine.load)
    load_after: float = 0.0
    rounds: int = 0
    seconds: float = 0.0
    machine: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """By contestant and series."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What is not a series, by name."""

    def add(self, contestant: str, series: str, *values: float) -> None:
        self.samples.setdefault(contestant, {}).setdefault(series, []).extend(round(value, 3) for value in values)

    def get(self, contestant: str, series: str) -> list[float]:
        return self.samples.get(contestant, {}).get(series, [])

    def miss(self, contestant: str, words: str) -> None:
        """Something that did not happen; it stands in the report beside what did."""
        missed: list[str] = self.facts.setdefault("missed", [])
        missed.append(f"{contestant}: {words}")

    @property
    def file(self) -> Path:
        return RESULTS / f"{self.measure}.json"

    def write(self) -> None:
        RESULTS.mkdir(exist_ok=True)
        self.load_after = machine.load()
        self.file.write_text(json.dumps(vars(self), indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, measure: str) -> Result | None:
        path = RESULTS / f"{measure}.json"
        return cls(**json.loads(path.read_text())) if path.exists() else None


class Bench:
    """What the measures work with."""

    def __init__(self, *, quick: bool, against: Sequence[str] = (), rounds: int | None = None) -> None:
        self.quick = quick
        self.rounds = rounds or self.times(3, 1)
        self.against = tuple(against)
        self.contestants = tuple(one for one in ALL if self.asks_for(one.name))
        self.machine = machine.describe(find_chromium())
        self._stack = contextlib.ExitStack()
        self._server: JupyterServer | None = None
        self._browser: Browser | None = None

    def result(self, measure: str) -> Result:
        return Result(measure, self.quick, machine=self.machine)

    def asks_for(self, contestant: str) -> bool:
        """Whether it takes part: all do, unless some are named."""
        return not self.against or contestant in self.against

    def times(self, full: int, quick: int) -> int:
        """How often, by how thorough the run is."""
        return quick if self.quick else full

    def say(self, words: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)

    @property
    def folder(self) -> Path:
        """A folder of this run."""
        if not hasattr(self, "_folder"):
            self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="nblabel-bench-")))
        return self._folder

    @property
    def server(self) -> JupyterServer:
        """The Jupyter server, started when first asked for; the page speaks to it without the tests' relay."""
        if self._server is None:
            home = self.folder / "jupyter"
            home.mkdir()
            self._server = JupyterServer(home)
            self._stack.callback(self._server.close)
            self._server.url = f"http://127.0.0.1:{self._server.port}"
        return self._server

    @property
    def browser(self) -> Browser:
        if self._browser is None:
            self._browser = self._stack.enter_context(open_chromium())
            self._profile = self._browser.new_context(viewport={"width": 1280, "height": 900})
        return self._browser

    @contextlib.contextmanager
    def notebook(self, cells: Sequence[str]) -> Iterator[Notebook]:
        """A notebook with a kernel of its own, alone in the browser."""
        assert self.browser
        nb = Notebook(self.server, self._profile, cells)
        try:
            page.install(nb)
            yield nb
        finally:
            nb.close()

    def close(self) -> None:
        self._stack.close()


def turns(contestants: Sequence[T], round_: int) -> list[T]:
    """The contestants in the order of this round: each is first, second, ... in turn."""
    shift = round_ % max(len(contestants), 1)
    return [*contestants[shift:], *contestants[:shift]]
