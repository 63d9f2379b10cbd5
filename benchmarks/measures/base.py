"""What a measure is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..bench import Bench, Result

SAME = 16
"""Bytes by which messages differ anyway: numbers in them have more or fewer digits."""


@dataclass(frozen=True)
class Budget:
    """One promise, and what was seen of it."""

    what: str
    promised: str
    seen: str
    met: bool


class Measure(ABC):
    """Something that is measured, and how it is told."""

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other names of it for ``--only``."""
    title: ClassVar[str]
    extra: ClassVar[bool] = False
    """Run only when asked for."""

    @abstractmethod
    def run(self, bench: Bench, result: Result) -> None:
        """Measure, and leave everything seen in ``result``."""

    @abstractmethod
    def report(self, result: Result) -> str:
        """The result as Markdown."""

    def budgets(self, result: Result) -> list[Budget]:
        """The promises that this measure is about."""
        return []


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def paragraphs(*parts: str) -> str:
    """Those that are there, apart."""
    return "\n\n".join(part for part in parts if part)


def missed(result: Result) -> str:
    """What did not happen, as a list."""
    words = result.facts.get("missed", [])
    counted = {one: words.count(one) for one in words}
    lines = [f"- {one}" + (f" ({count} times)" if count > 1 else "") for one, count in counted.items()]
    return "Seen besides:\n\n" + "\n".join(lines) if lines else ""
