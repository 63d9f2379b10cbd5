"""How fast labels become durable."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import ClassVar

from ..bench import Bench, Result
from ..stats import median, number, spread
from .base import Measure, paragraphs, table


def _file_system(folder: Path) -> str:
    """The kind of file system that a folder is on."""
    best, kind = "", "unknown"
    try:
        for line in Path("/proc/mounts").read_text().splitlines():
            _, place, system, *_ = line.split()
            if str(folder).startswith(place) and len(place) >= len(best):
                best, kind = place, system
    except OSError:
        pass
    return kind


class StoreSpeed(Measure):
    name: ClassVar[str] = "store"
    title: ClassVar[str] = "The store, without a browser"

    def run(self, bench: Bench, result: Result) -> None:
        from nblabel.annotations import Choice
        from nblabel.records import Event, Patch
        from nblabel.schema import Choices, Schema
        from nblabel.store import open_store

        bench.say("store")
        result.rounds = bench.rounds
        singles, batches, size = bench.times(500, 100), bench.times(30, 5), 100
        result.facts["file system"] = _file_system(bench.folder.resolve())
        for round_ in range(result.rounds):
            store = open_store(bench.folder / f"speed-{round_}.db")
            store.put_schema("bench", Schema.of({"choices": Choices(("positive", "negative"))}))

            def event(name: str) -> Event:
                choice = Choice("positive", id=f"c-{name}", field="choices")
                patch = Patch(put=(choice,), status="submitted")
                return Event(f"e-{name}", f"item {name}", "bench", "submit", patch, seconds=2.0, at=time.time())

            for n in range(singles):
                one = event(f"single {n}")
                begun = time.perf_counter()
                store.append("bench", [one])
                result.add("one event", "ms", (time.perf_counter() - begun) * 1000)
            for n in range(batches):
                many = [event(f"batch {n} {k}") for k in range(size)]
                begun = time.perf_counter()
                store.append("bench", many)
                result.add("a hundred events", "ms", (time.perf_counter() - begun) * 1000)
            store.close()
            self._floor(bench, result, singles)

    @staticmethod
    def _floor(bench: Bench, result: Result, often: int) -> None:
        """What the disk asks for one durable line in a plain file."""
        with (bench.folder / "floor").open("ab") as file:
            for _ in range(often):
                begun = time.perf_counter()
                file.write(b"x" * 400)
                file.flush()
                os.fsync(file.fileno())
                result.add("write and fsync", "ms", (time.perf_counter() - begun) * 1000)

    def report(self, result: Result) -> str:
        counts = {"one event": 1, "a hundred events": 100, "write and fsync": 1}
        rows = []
        for name, values in result.samples.items():
            each = median(values["ms"])
            rows.append((name, spread(values["ms"]), number(1000 / each * counts[name])))
        return paragraphs(
            table(("one durable transaction with", "ms", "a second"), rows),
            f"SQLite, durable, on {result.facts['file system']}; `write and fsync` is 400 bytes appended to a plain "
            "file, as the disk's own measure.",
        )
