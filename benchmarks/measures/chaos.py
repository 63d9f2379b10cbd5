"""A thousand labels under kills, reloads, restarts and cut connections at random moments: the test's long run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import ClassVar

from ..bench import Bench, Result
from ..machine import ROOT
from .base import Budget, Measure

_LINE = re.compile(r"chaos: (?P<labels>\d+) labels, (?P<troubles>\{.*?\}), (?P<seconds>\d+) s, seed (?P<seed>\d+)")


class Chaos(Measure):
    name: ClassVar[str] = "chaos"
    title: ClassVar[str] = "1,000 labels under kills, reloads and cut connections"
    extra: ClassVar[bool] = True

    def run(self, bench: Bench, result: Result) -> None:
        labels = os.environ.get("NBLABEL_CHAOS_LABELS") or str(bench.times(1000, 60))
        bench.say(f"chaos: {labels} labels")
        result.rounds = 1
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "tests/notebook", "-k", "chaos"],
            cwd=ROOT, env={**os.environ, "NBLABEL_CHAOS_LABELS": labels}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = _LINE.search(done.stdout)
        result.facts["passed"] = done.returncode == 0
        result.facts["asked"] = int(labels)
        result.facts.update(said.groupdict() if said else {})
        if done.returncode:
            result.facts["failure"] = done.stdout[-3000:]

    def report(self, result: Result) -> str:
        facts = result.facts
        if not facts.get("passed"):
            last = next(
                (line for line in facts.get("failure", "").splitlines() if line.startswith("E ")), "see the log"
            )
            return f"**Failed** ({facts['asked']} labels asked for): {last.removeprefix('E').strip()}"
        troubles = facts["troubles"].strip("{}").replace("'", "").replace(":", "")
        return (
            f"{facts['labels']} labels by key, accidents at random moments: {troubles}; {facts['seconds']} s, seed "
            f"{facts['seed']}. Afterwards every label that the page had taken was in Python as it was given, and the "
            "log had one submission for each item: none lost, none doubled. (`test_chaos` in `tests/notebook`; "
            "`NBLABEL_CHAOS_SEED` sets another seed.)"
        )

    def budgets(self, result: Result) -> list[Budget]:
        passed = bool(result.facts.get("passed"))
        what = f"{result.facts['asked']:,} labels under kills, reloads and cut connections"
        return [Budget(what, "0 lost, 0 doubled", "0 lost, 0 doubled" if passed else "failed", passed)]
