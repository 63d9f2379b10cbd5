"""The cases on which the browser's offsets are tested are what Python counts itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("offsets.json").read_text(encoding="utf-8"))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_python_counts_the_same(case: dict[str, Any]) -> None:
    text = case["text"]
    assert len(text) == case["length"]
    for point, unit in case["pairs"]:
        assert _units(text[:point]) == unit
    for start, end, piece in case["slices"]:
        assert text[start:end] == piece


def test_the_cases_hold_what_goes_wrong_elsewhere() -> None:
    texts = "".join(case["text"] for case in CASES)
    for piece in ("\u200d", "\U0001f1e9", "\u0301", "ש", "\r\n", "\ud800", "\udc00"):
        assert piece in texts
