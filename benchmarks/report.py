"""The tables of ``benchmarks/README.md``, from what the last full runs have left in ``results/``."""

from __future__ import annotations

from pathlib import Path

from . import measures
from .bench import Result
from .measures.base import paragraphs, table

README = Path(__file__).parent / "README.md"
_BEGIN, _END = "<!-- results: written by make bench -->", "<!-- end of results -->"


def _setting(result: Result) -> str:
    """Where, when, how often."""
    where = result.machine
    return (
        f"Measured {result.when} at commit {where['commit']}, {result.rounds} rounds in {result.seconds:.0f} s; load "
        f"of the machine {result.load_before} before and {result.load_after} at the end."
    )


def _machine(result: Result) -> str:
    where = result.machine
    versions = ", ".join(
        f"{name} {where[name]}"
        for name in ("molabel", "pigeon-jupyter", "jupyterannotate", "jupyter-bbox-widget", "jupyterlab", "ipykernel",
                     "ipywidgets", "anywidget", "pandas", "SQLAlchemy", "playwright")
    )  # fmt: skip
    return (
        f"{where['processor']}, {where['cores']} cores, {where['memory']}, {where['system']}; "
        f"Python {where['python']}, {where['browser']} (headless, no GPU); {versions}."
    )


def results() -> str:
    """Everything between the two marks."""
    found = [(one, Result.read(one.name)) for one in measures.ALL]
    full = [(one, result) for one, result in found if result is not None and not result.quick]
    if not full:
        return "Nothing measured yet."
    budgets = [
        (budget.what, budget.promised, budget.seen, "met" if budget.met else "**missed**")
        for one, result in full
        for budget in one.budgets(result)
    ]
    parts = [
        _machine(full[0][1]),
        "## Budgets of nblabel",
        table(("what", "budget", "seen", ""), budgets),
    ]
    for one, result in full:
        parts += [f"## {one.title}", _setting(result), one.report(result)]
    return paragraphs(*parts)


def write() -> None:
    """Put the tables into the page; what stands around them is written by hand."""
    page = README.read_text()
    before, rest = page.split(_BEGIN)
    _, after = rest.split(_END)
    README.write_text(f"{before}{_BEGIN}\n\n{results()}\n\n{_END}{after}")
