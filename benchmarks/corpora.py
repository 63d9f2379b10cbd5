"""Real data with known answers, for simulated annotators; where they are is told by ``NBLABEL_BENCH_DATA``."""

from __future__ import annotations

import csv
import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Truth = tuple[tuple[int, int, str], ...]
"""Spans; a choice is one span of no length."""


@dataclass(frozen=True)
class Corpus:
    """Items and what is true of them, all in one order."""

    labels: tuple[str, ...]
    data: list[Any]
    truth: list[Truth]


def folder() -> Path | None:
    """Where the corpora are, if that is told."""
    told = os.environ.get("NBLABEL_BENCH_DATA", "")
    return Path(told) if told else None


def _choices(rows: list[tuple[Any, str]]) -> Corpus:
    random.Random(7).shuffle(rows)
    labels = tuple(sorted({label for _, label in rows}))
    return Corpus(labels, [data for data, _ in rows], [((0, 0, label),) for _, label in rows])


def intents(where: Path, count: int = 20) -> Corpus:
    """Questions to a bank (banking77), of the intents that come first in the alphabet."""
    with (where / "banking77" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    kept = sorted({label for _, label in rows})[:count]
    unique = {text: label for text, label in rows if label in kept}
    return _choices(list(unique.items()))


def reviews(where: Path) -> Corpus:
    """Sentences of film reviews, for or against (rt-polarity)."""
    unique: dict[str, str] = {}
    for ending, label in (("neg", "negative"), ("pos", "positive")):
        for file in sorted((where / "rt_polarity").glob(f"*.{ending}")):
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            unique.update((line.strip(), label) for line in lines if line.strip())
    return _choices(list(unique.items()))


def entities(where: Path) -> Corpus:
    """Short messages with marked names (WNUT-17)."""
    data: list[str] = []
    truth: list[Truth] = []
    for name in ("train.first800.conll", "emerging.dev.conll"):
        blocks = (where / "wnut17" / name).read_text(encoding="utf-8").split("\n\n")
        for rows in ([line.split("\t") for line in block.splitlines() if "\t" in line] for block in blocks):
            if rows:
                data.append(" ".join(row[0] for row in rows))
                truth.append(_spans(rows))
    shuffled = random.Random(7).sample(range(len(data)), len(data))
    labels = tuple(sorted({label for spans in truth for *_, label in spans}))
    return Corpus(labels, [data[n] for n in shuffled], [truth[n] for n in shuffled])


def _spans(rows: list[list[str]]) -> Truth:
    """Of tokens with BIO tags that are one space apart."""
    found: list[tuple[int, int, str]] = []
    at = 0
    for token, tag in rows:
        end = at + len(token)
        if tag.startswith("B-"):
            found.append((at, end, tag[2:]))
        elif tag.startswith("I-") and found:
            found[-1] = (found[-1][0], end, found[-1][2])
        at = end + 1
    return tuple(found)


def digits() -> Corpus:
    """Digits written by hand, 8 × 8 pixels (scikit-learn), as grey images."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    images = (loaded.images * 15.9375).astype("uint8")
    return _choices([(image, str(label)) for image, label in zip(images, loaded.target, strict=True)])
