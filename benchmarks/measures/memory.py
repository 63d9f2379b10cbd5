"""What a labeler on a million rows adds to the kernel's memory."""

from __future__ import annotations

from typing import ClassVar

from .. import page
from ..bench import Bench, Result
from ..contestants import BY_NAME
from ..stats import median, number, spread
from .base import Budget, Measure, paragraphs, table

_SIZE = 1_000_000
_SETUP = """
import ctypes, gc, pathlib

def resident():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * __import__("resource").getpagesize()

def peak(reset=False):
    if reset:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        return 0
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024

def frame(dtype):
    global texts
    texts = pd.DataFrame({"id": range(%d), "text": pd.Series(rows(%d), dtype=dtype)})
    return int(texts.memory_usage(deep=True, index=True).sum())
"""


class Memory(Measure):
    name: ClassVar[str] = "memory"
    title: ClassVar[str] = "Kernel memory added on 1,000,000 rows"

    def run(self, bench: Bench, result: Result) -> None:
        result.rounds = bench.rounds
        one = BY_NAME["nblabel"]
        for round_ in range(result.rounds):
            for dtype in ("str", "object"):
                bench.say(f"memory, round {round_ + 1}: {dtype}")
                with bench.notebook([one.cell]) as nb:
                    nb.kernel.run(one.opening(f"memory-{dtype}-{round_}") + _SETUP % (_SIZE, _SIZE))
                    # Modules, the store and the page's first messages are the same for a hundred rows.
                    nb.kernel.run("make(100)")
                    page.run_cell(nb, 0, one.want(0))
                    nb.finish(0)
                    nb.kernel.run("lab.close()\ndel lab, texts\nOut.clear()\n_ = __ = ___ = None")
                    size = nb.kernel.value(f"frame({dtype!r})", timeout=120)
                    before = nb.kernel.value("resident()")
                    nb.kernel.value("peak(reset=True)")
                    nb.kernel.run("import threading; threads = threading.active_count()")
                    assert page.run_cell(nb, 0, one.want(0), limit=60), "it does not open"
                    nb.finish(0)
                    nb.sleep(3)
                    after = nb.kernel.value("resident()")
                    result.add(dtype, "frame", size)
                    result.add(dtype, "opened", after - before)
                    result.add(dtype, "peak", nb.kernel.value("peak()") - before)
                    for n in range(20):
                        page.act(nb, 0, one.gestures["key"], one.want(n + 1))
                        nb.page.wait_for_timeout(50)
                    nb.sleep(2)
                    result.add(dtype, "labelled", nb.kernel.value("resident()") - before)

    def report(self, result: Result) -> str:
        def mb(values: list[float]) -> str:
            return spread([max(0.0, value / 1e6) for value in values])

        rows = [
            (dtype, *(mb(result.get(dtype, one)) for one in ("frame", "opened", "labelled", "peak")))
            for dtype in result.samples
        ]
        head = ("text column", "frame, MB", "added once open, MB", "after 20 labels, MB", "at most meanwhile, MB")
        return paragraphs(
            table(head, rows),
            "Resident memory of the kernel, after a collection and with freed pages given back; the frame by pandas' "
            "own `memory_usage(deep=True)`. A labeler on 100 rows was open before, so that modules are not counted.",
        )

    def budgets(self, result: Result) -> list[Budget]:
        found = []
        for dtype in result.samples:
            share = max(median(result.get(dtype, one)) for one in ("opened", "labelled"))
            share /= median(result.get(dtype, "frame"))
            what = f"kernel memory added on 1,000,000 rows (text column of {dtype})"
            seen = f"{number(max(0.0, share * 100))} %"
            found.append(Budget(what, "≤ 10 % of the frame", seen, share <= 0.10))
        return found
