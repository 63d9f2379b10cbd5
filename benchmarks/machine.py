"""Where and when something was measured."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_DISTRIBUTIONS = (
    "molabel",
    "pigeon-jupyter",
    "jupyterannotate",
    "jupyter-bbox-widget",
    "anybioimage",
    "zarr",
    "ipyannotations",
    "ipycanvas",
    "jupyterlab",
    "ipykernel",
    "ipywidgets",
    "anywidget",
    "pandas",
    "pillow",
    "SQLAlchemy",
    "playwright",
)


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=30).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return "unknown"
    return f"{size / 2**30:.0f} GiB"


def commit() -> str:
    """The commit measured, with a star where the checkout holds more than that."""
    name = _output("git", "rev-parse", "--short", "HEAD") or "unknown"
    return name + ("*" if _output("git", "status", "--porcelain", "--", "src", "js") else "")


def version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "missing"


def describe(chromium: str | None) -> dict[str, Any]:
    """The machine and what runs on it."""
    browser = _output(chromium, "--version") if chromium else "missing"
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "browser": browser.split(" built")[0].strip(),
        "commit": commit(),
        **{name: version(name) for name in _DISTRIBUTIONS},
    }


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def load() -> float:
    """How many processes wanted a core in the last minute."""
    return round(os.getloadavg()[0], 2)


def wait_until_quiet(limit: float, *, patience: float) -> float:
    """Wait until the load is below ``limit``, at most ``patience`` seconds; the load then."""
    ends = time.monotonic() + patience
    while load() >= limit and time.monotonic() < ends:
        time.sleep(5)
    return load()
