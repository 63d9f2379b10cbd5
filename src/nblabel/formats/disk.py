"""Files and folders of formats: text and JSON that say where they are damaged, folders that are filled as a whole."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from ..errors import FormatError
from .base import Log, StrPath

__all__ = ["dumps", "files_in", "filling", "json_of", "text_of"]

_MOST_FILES = 2_000_000


def text_of(path: Path, encoding: str = "") -> str:
    """The text of a UTF-8 file, with or without a mark of byte order; or of one in another encoding."""
    try:
        return path.read_text(encoding=encoding or "utf-8-sig")
    except LookupError:
        raise FormatError(f"there is no encoding {encoding!r}", "such as 'cp1252' or 'utf-16'") from None
    except UnicodeDecodeError as error:
        if encoding:
            raise FormatError(f"{path} is not {encoding} text: {error.reason} at byte {error.start}") from None
        raise FormatError(f"{path} is not UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}") from None


def json_of(path: Path, log: Log) -> Any:
    """What a JSON file holds; numbers that JSON does not know (NaN, Infinity) are read as nothing and noted."""
    odd: list[str] = []
    try:
        found = json.loads(text_of(path), parse_constant=odd.append)
    except json.JSONDecodeError as error:
        raise FormatError(f"{path}, line {error.lineno}, column {error.colno} is not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:  # numbers with thousands of digits, thousands of brackets
        raise FormatError(f"{path} is not JSON that can be read: {error}") from None
    if odd:
        log.drop(path.name, "", f"holds {', '.join(dict.fromkeys(odd))} {len(odd)} times; read as null")
    return found


def dumps(value: Any, *, indent: int | None = None) -> str:
    """JSON as every parser reads it; text stays readable."""
    made = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    try:
        made.encode()
    except UnicodeEncodeError:  # lone surrogates stand only in escapes
        made = json.dumps(value, indent=indent, allow_nan=False)
    return made


def files_in(folder: Path, wanted: Callable[[str], bool] | Collection[str]) -> list[Path]:
    """The files of a folder and the folders in it, hidden ones left out, in order: by suffix, or by what is wanted."""
    fits = wanted if callable(wanted) else lambda name: os.path.splitext(name)[1].lower() in wanted  # noqa: PTH122
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(place, name) for name in sorted(names) if not name.startswith(".") and fits(name)]
        if len(found) > _MOST_FILES:
            raise FormatError(f"{folder} holds more than {_MOST_FILES:,} files")
    return found


@contextlib.contextmanager
def filling(path: StrPath) -> Iterator[Path]:
    """A new folder beside ``path`` to write into.

    When the block ends well, it takes the place of ``path`` if nothing is there yet; else its files take theirs in
    the folder, one by one, and other files stay. When it does not, nothing has changed.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_dir():
        raise FormatError(f"{os.fspath(path)} is a file", "this format writes a folder")
    part = Path(tempfile.mkdtemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent))
    try:
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o777 & ~umask)
        yield part
        if target.exists():
            _merge(part, target)
        else:
            part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _merge(part: Path, target: Path) -> None:
    moves = [(one, target / one.relative_to(part)) for one in sorted(part.rglob("*")) if one.is_file()]
    for _, place in moves:  # before anything is moved
        if place.is_dir():
            raise FormatError(f"{place} is a folder", "a file of this name would be written")
        blocked = next((one for one in place.parents if one.exists() and not one.is_dir()), None)
        if blocked is not None:
            raise FormatError(f"{blocked} is a file", "a folder of this name would be written")
    for one, place in sorted(moves, key=lambda move: -len(move[1].parts)):  # what names the others comes last
        place.parent.mkdir(parents=True, exist_ok=True)
        one.replace(place)
