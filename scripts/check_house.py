"""House rules that no linter knows: nothing in git that only one machine has, and no stray notebook outputs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_RULES = (
    ("a path of one machine", re.compile(rf"(?<![\w.])/(?:wor{'k'}/(?:main|shared|\.library)|roo{'t'})/\w")),
    ("a path of one machine", re.compile("|".join(map(re.escape, {f"{ROOT}/", f"{Path.home()}/"} - {"//"})))),
    ("a path of one machine", re.compile(rf"/tmp/ven{'v'}")),
    ("a package registry's host", re.compile(rf"registry\.npm{'js'}|files\.python{'hosted'}")),
    ("a download address in a lock file", re.compile(r'^\s*"resolved": "http', re.MULTILINE)),
    ("a mark of unfinished work", re.compile(rf"\b(?:TOD{'O'}|FIXM{'E'}|XX{'X'})\b")),
)


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        return []
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def _findings(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return
    for what, pattern in _RULES:
        for found in pattern.finditer(text):
            yield f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, found.start()) + 1}: {what}: {found[0].strip()!r}"
    if path.suffix == ".ipynb":
        for number, cell in enumerate(json.loads(text)["cells"]):
            if cell.get("outputs") or cell.get("execution_count"):
                yield f"{path.relative_to(ROOT)}: cell {number} has outputs: strip them"


def main() -> int:
    findings = [finding for path in _tracked() for finding in _findings(path)]
    print("\n".join(findings), end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
