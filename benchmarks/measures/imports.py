"""What it costs to import, and how large the front end is."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from ..bench import Bench, Result
from ..machine import ROOT
from ..stats import median, number, spread
from .base import Budget, Measure, paragraphs, table

_STATEMENTS = {
    "nblabel": "import nblabel",
    "nblabel, text": "from nblabel import TextLabeler",
    "nblabel, image": "from nblabel import ImageLabeler",
    "nblabel, audio": "from nblabel import AudioLabeler",
    "molabel": "import molabel",
    "pigeon": "import pigeon",
    "jupyterannotate": "import jupyterannotate",
    "jupyter-bbox-widget": "import jupyter_bbox_widget",
    "anybioimage": "import anybioimage",
    "ipyannotations": "import ipyannotations.images",
    "pandas alone": "import pandas",
}
_FORBIDDEN = ("spacy", "torch", "matplotlib", "sklearn")
_WATCHED = (*_FORBIDDEN, "scipy", "pyarrow", "polars", "pandas", "numpy", "sqlalchemy", "IPython", "anywidget")
_PROGRAM = """
import json, sys, time
begun = time.perf_counter()
{statement}
took = time.perf_counter() - begun
print(json.dumps([took * 1000, [name for name in {watched!r} if name in sys.modules], len(sys.modules)]))
"""
_BUNDLES = {
    "molabel": ("molabel", ("static/widget.js",)),
    "jupyterannotate": ("jupyterannotate", ("labextension/static/*.js",)),
    "jupyter-bbox-widget": ("jupyter_bbox_widget", ("static/main.mjs",)),
}


def _labelers() -> list[str]:
    """The labelers measured, as their front ends are called."""
    return [name.removeprefix("nblabel, ") for name in _STATEMENTS if name.startswith("nblabel, ")]


def _zipped(files: list[Path]) -> int:
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


class Imports(Measure):
    name: ClassVar[str] = "imports"
    aliases: ClassVar[tuple[str, ...]] = ("import", "bundle")
    title: ClassVar[str] = "Import and front end"

    def run(self, bench: Bench, result: Result) -> None:
        bench.say("imports")
        result.rounds = bench.times(15, 4)
        env = dict(os.environ)
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "src"), env.get("PYTHONPATH")]))
        loaded: dict[str, list[str]] = {}
        for round_ in range(-1, result.rounds):  # the first one warms the disk's cache and the byte code
            for name, statement in _STATEMENTS.items():
                program = _PROGRAM.format(statement=statement, watched=_WATCHED)
                done = subprocess.run(
                    [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False, timeout=120,
                    cwd=bench.folder,
                )  # fmt: skip
                if done.returncode:
                    if round_ < 0:
                        result.miss(name, (done.stderr.strip().splitlines() or ["it failed"])[-1])
                    continue
                took, found, count = json.loads(done.stdout.splitlines()[-1])
                loaded[name] = found
                if round_ >= 0:
                    result.add(name, "import", took)
                    result.add(name, "modules", count)
        result.facts["loaded"] = loaded
        result.facts["zipped"] = self._sizes()

    @staticmethod
    def _sizes() -> dict[str, int]:
        static = ROOT / "src" / "nblabel" / "static"
        sizes = {}
        for labeler in _labelers():
            for kind in ("js", "css"):
                if (file := static / f"{labeler}.{kind}").exists():
                    sizes[f"nblabel {labeler} {kind}"] = _zipped([file])
        for name, (module, patterns) in _BUNDLES.items():
            spec = importlib.util.find_spec(module)
            if spec and spec.origin:
                place = Path(spec.origin).parent
                sizes[name] = _zipped([file for pattern in patterns for file in place.glob(pattern)])
        return sizes

    def report(self, result: Result) -> str:
        rows = [
            (
                f"`{statement}`",
                spread(result.get(name, "import")),
                f"{median(result.get(name, 'modules') or [0]):.0f}",
                ", ".join(result.facts["loaded"].get(name, [])),
            )
            for name, statement in _STATEMENTS.items()
            if result.get(name, "import")
        ]
        sizes = [(name, number(size / 1024)) for name, size in result.facts["zipped"].items()]
        return paragraphs(
            table(("in a new Python, warm", "ms", "modules", "of those with weight"), rows),
            table(("JavaScript of one labeler, as shipped", "KiB, gzip -9"), sizes),
        )

    def budgets(self, result: Result) -> list[Budget]:
        found = []
        loaded, zipped = result.facts["loaded"], result.facts["zipped"]
        if took := result.get("nblabel", "import"):
            ours = {module for labeler in _labelers() for module in loaded.get(f"nblabel, {labeler}", [])}
            heavy = [name for name in _FORBIDDEN if name in ours]
            words = f"{number(median(took))} ms" + (f", with {', '.join(heavy)}" if heavy else ", none of them")
            found.append(Budget("`import nblabel`, warm", "≤ 300 ms, no spaCy, torch, matplotlib, scikit-learn", words,
                                median(took) <= 300 and not heavy))  # fmt: skip
        for labeler in _labelers():
            if size := zipped.get(f"nblabel {labeler} js"):
                what = f"the {labeler} labeler's JavaScript"
                found.append(Budget(what, "≤ 60 KiB gzip", f"{number(size / 1024)} KiB", size <= 60 * 1024))
        return found
