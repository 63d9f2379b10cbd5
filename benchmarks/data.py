"""What is labelled: made up, the same on every machine."""

from __future__ import annotations

import random

_OPENINGS = ("The parcel", "Our room", "This phone", "The second season", "The waiter", "My old bicycle", "The update")
_VERBS = ("arrived", "worked", "failed", "surprised us", "looked fine", "broke down", "was repaired")
_ENDINGS = (
    "two days before it was promised, and nobody could say why",
    "for a week, then the noise came back at night",
    "although the manual says the opposite on its first page",
    "while the people at the counter were patient and kind",
    "and I would buy it again tomorrow, at half the price",
)

ROWS = f'''
def rows(n, first=0):
    """n texts of about 90 characters, each with its number in front, from ``first`` on."""
    openings = {_OPENINGS!r}
    verbs = {_VERBS!r}
    endings = {_ENDINGS!r}
    tails = [f"{{o}} {{v}} {{e}}." for o in openings for v in verbs for e in endings]
    return [f"item {{i:07d}} {{tails[i * 31 % len(tails)]}}" for i in range(first, first + n)]
'''
"""Defines ``rows(n)`` in a kernel."""


def marker(number: int) -> str:
    """What tells the text of one item from all others."""
    return f"item {number:07d}"


def free_word(number: int) -> str:
    """A word that stands once in a long text, with no span on it."""
    return f"free{number:02d}"


def long_text(characters: int, spans: int, *, seed: int = 7) -> tuple[str, list[tuple[int, int]]]:
    """Paragraphs of about 200 characters, and spans over words, spread evenly, none overlapping.

    The first line is of free words, for spans that are added.
    """
    chance = random.Random(seed)
    words = ("label", "span", "kernel", "page", "text", "model", "answer", "question", "river", "window", "garden")
    parts = [" ".join(free_word(n) for n in range(20)) + "\n"]
    places: list[tuple[int, int]] = []
    at, line = len(parts[0]), 0
    while at < characters:
        word = chance.choice(words)
        places.append((at, at + len(word)))
        line += len(word) + 1
        parts.append(word + ("\n" if line > 200 else " "))
        line = 0 if line > 200 else line
        at += len(word) + 1
    text = "".join(parts)[:characters]
    usable = [place for place in places if place[1] <= characters]
    chosen = sorted({usable[n * len(usable) // spans] for n in range(spans)})
    if len(chosen) < spans:
        raise ValueError(f"{characters} characters have only {len(usable)} words, not {spans}")
    return text, chosen
