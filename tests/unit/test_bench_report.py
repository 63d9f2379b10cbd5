"""The page of the benchmarks keeps what was not measured here."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MACHINE = {
    "processor": "A processor", "cores": 2, "memory": "24 GiB", "system": "Linux 6", "python": "3.11.7",
    "browser": "Chromium 156", "commit": "abc1234", "molabel": "0.1.5", "anybioimage": "missing",
}  # fmt: skip


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.report")


def seen(report: ModuleType, name: str, when: str, milliseconds: float, **machine: Any) -> Any:
    """What a run of the imports (or of the kill) would have left."""
    result = report.Result(name, False, when=when, machine={**MACHINE, **machine}, rounds=3, seconds=12)
    if name == "imports":
        result.add("nblabel", "import", milliseconds)
        result.facts.update(loaded={"nblabel, text": []}, zipped={})
    else:
        result.add("nblabel", "left", milliseconds)
        result.add("nblabel", "same place", 1)
    return result


def page(report: ModuleType, before: str = "", **found: Any) -> str:
    inside = report.results(before, read=found.get)
    return f"By hand.\n\n{report._BEGIN}\n\n{inside}\n\n{report._END}\n"


def test_sections_and_budgets_that_were_not_measured_stay(report: ModuleType) -> None:
    first = page(
        report,
        imports=seen(report, "imports", "2026-01-01 10:00 UTC", 4),
        crash=seen(report, "crash", "2026-01-01 10:05 UTC", 10),
    )
    assert "| `import nblabel`, warm | ≤ 300 ms" in first
    assert first.index("## Kernel killed") < first.index("## Import and front end")

    # As on a fresh clone, where one thing is measured.
    second = page(report, first, crash=seen(report, "crash", "2026-02-02 12:00 UTC", 9))
    budget = next(line for line in first.splitlines() if line.startswith("| `import nblabel`, warm"))
    assert budget in second.splitlines()
    assert second.count("## ") == first.count("## ")
    assert "Measured 2026-01-01 10:00 UTC" in second
    assert "Measured 2026-02-02 12:00 UTC" in second
    assert "Measured 2026-01-01 10:05 UTC" not in second
    assert "| nblabel | 9 | yes |" in second

    # And a budget that is measured again takes the place of the old one.
    third = page(report, second, imports=seen(report, "imports", "2026-03-03 12:00 UTC", 5000))
    again = [line for line in third.splitlines() if line.startswith("| `import nblabel`, warm")]
    assert len(again) == 1
    assert again[0].endswith("| 5,000 ms, none of them | **missed** | Import and front end |")


def test_a_page_written_again_is_the_same(report: ModuleType) -> None:
    first = page(report, imports=seen(report, "imports", "2026-01-01 10:00 UTC", 4))
    assert page(report, first) == first
    assert page(report) == page(report, page(report))


def test_what_was_measured_elsewhere_says_so(report: ModuleType) -> None:
    first = page(report, imports=seen(report, "imports", "2026-01-01 10:00 UTC", 4))
    more = page(report, first, crash=seen(report, "crash", "2026-02-02 12:00 UTC", 9, anybioimage="0.3.1"))
    assert "anybioimage 0.3.1" in more
    assert report._ELSEWHERE not in more  # one peer more: what the old line says is still true

    other = page(report, first, crash=seen(report, "crash", "2026-02-02 12:00 UTC", 9, processor="Another"))
    assert other.count("Measured on: A processor, 2 cores") == 1
    assert other.index("## Import") < other.index("Measured on: A processor")
    assert page(report, other) == other


def test_a_quick_run_changes_nothing(report: ModuleType) -> None:
    first = page(report, imports=seen(report, "imports", "2026-01-01 10:00 UTC", 4))
    quick = seen(report, "imports", "2026-02-02 12:00 UTC", 5000)
    quick.quick = True
    assert page(report, first, imports=quick) == first


def test_the_page_in_git_can_be_read_back(report: ModuleType) -> None:
    text = report.README.read_text()
    before, rest = text.split(report._BEGIN)
    inside = rest.split(report._END)[0]
    assert before.strip()
    assert report.results(text, read=lambda _: None) == inside.strip()
