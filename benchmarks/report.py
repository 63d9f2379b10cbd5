"""The tables of ``benchmarks/README.md``, from what the last full runs have left in ``results/``.

The page is in git and the results are not, so what was not measured here stays as it stands in the page: sections
under their titles, budgets by the section that their last column names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from . import measures
from .bench import Result
from .measures.base import Measure, paragraphs, table

README = Path(__file__).parent / "README.md"
_BEGIN, _END = "<!-- results: written by make bench -->", "<!-- end of results -->"
_BUDGETS = "Budgets of nblabel"
_HEAD = ("what", "budget", "seen", "", "section")
_VERSIONS = (
    "molabel", "pigeon-jupyter", "jupyterannotate", "jupyter-bbox-widget", "anybioimage", "zarr", "ipyannotations",
    "ipycanvas", "jupyterlab", "ipykernel", "ipywidgets", "anywidget", "pandas", "pillow", "SQLAlchemy", "playwright",
)  # fmt: skip
_ELSEWHERE = "Measured on: "


def _setting(result: Result) -> str:
    """When, how often."""
    where = result.machine
    return (
        f"Measured {result.when} at commit {where['commit']}, {result.rounds} rounds in {result.seconds:.0f} s; load "
        f"of the machine {result.load_before} before and {result.load_after} at the end."
    )


def _machine(result: Result) -> str:
    """Where, and with what."""
    where = result.machine
    versions = ", ".join(f"{name} {where[name]}" for name in _VERSIONS if where.get(name, "missing") != "missing")
    return (
        f"{where['processor']}, {where['cores']} cores, {where['memory']}, {where['system']}; "
        f"Python {where['python']}, {where['browser']} (headless, no GPU); {versions}."
    )


def _tells(line: str, other: str) -> bool:
    """Whether one machine's line says all that another one says."""
    return set(re.split("[,;] ", other.rstrip("."))) <= set(re.split("[,;] ", line.rstrip(".")))


def _sections(page: str) -> tuple[str, dict[str, str]]:
    """What stands in a page between the two marks: its first line, and its sections by title."""
    inside = page.partition(_BEGIN)[2].partition(_END)[0]
    first, *parts = re.split(r"^## ", inside, flags=re.MULTILINE)
    split = (part.partition("\n") for part in parts)
    return first.strip(), {title.strip(): body.strip() for title, _, body in split}


def _budgets(section: str) -> dict[str, list[str]]:
    """The lines of the table of budgets, by the title in their last column."""
    found: dict[str, list[str]] = {}
    for line in section.splitlines()[2:]:
        cells = line.strip("| ").split(" | ")
        if len(cells) >= len(_HEAD) - 1:
            found.setdefault(cells[-1], []).append(line)
    return found


def _written(one: Measure, result: Result) -> list[str]:
    rows = [
        (budget.what, budget.promised, budget.seen, "met" if budget.met else "**missed**", one.title)
        for budget in one.budgets(result)
    ]
    return table(_HEAD, rows).splitlines()[2:]


def results(page: str = "", *, read: Callable[[str], Result | None] = Result.read) -> str:
    """Everything between the two marks, with what was not measured here as it stands in ``page``."""
    machine, sections = _sections(page)
    budgets = _budgets(sections.get(_BUDGETS, ""))
    measured = {one.title: result for one in measures.ALL if (result := read(one.name)) and not result.quick}
    newest = max(measured.values(), key=lambda result: result.when, default=None)
    here = _machine(newest) if newest else machine
    told: list[str] = []
    promises: list[str] = []
    for one in measures.ALL:
        if one.title in measured:
            result = measured[one.title]
            where, body = _machine(result), paragraphs(_setting(result), one.report(result))
            promises += _written(one, result)
        elif one.title in sections:
            body = sections[one.title]
            where = next((line for line in body.splitlines() if line.startswith(_ELSEWHERE)), machine)
            where = where.removeprefix(_ELSEWHERE)
            promises += budgets.get(one.title, [])
        else:
            continue
        if not _tells(here, where) and _ELSEWHERE not in body:
            setting, _, rest = body.partition("\n\n")
            body = paragraphs(setting, _ELSEWHERE + where, rest)
        told += [f"## {one.title}", body]
    if not told:
        return "Nothing measured yet."
    return paragraphs(here, f"## {_BUDGETS}", "\n".join([table(_HEAD, []), *promises]), *told)


def write() -> None:
    """Put the tables into the page; what stands around them is written by hand."""
    page = README.read_text()
    before, rest = page.split(_BEGIN)
    _, after = rest.split(_END)
    README.write_text(f"{before}{_BEGIN}\n\n{results(page)}\n\n{_END}{after}")
