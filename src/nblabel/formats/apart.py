"""Formats with one file an item: files of a folder as they are read, and items as they are written into one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from ..errors import FormatError
from .base import Log, StrPath, replacing
from .disk import files_in, filling
from .pictures import Picture, only_one, places

__all__ = ["read_each", "write_each"]

Document = TypeVar("Document")
Shown = TypeVar("Shown", bound=Picture)


def read_each(
    path: StrPath, ending: str, log: Log, load: Callable[[Path], Document], odd: Callable[[Document], str]
) -> Iterator[tuple[Document, Path, Path]]:
    """The documents of a file, or of all files of a folder, with their place and the folder.

    ``odd`` tells why a document is none of the format: in a folder that is noted, else raised.
    """
    place = Path(path)
    root = place if place.is_dir() else place.parent
    for file in files_in(place, {ending.lower()}) if place.is_dir() else [place]:
        document = load(file)
        why = odd(document)
        if not why:
            yield document, file, root
        elif place.is_dir():
            log.drop(file.relative_to(root).as_posix(), "", why)
        else:
            raise FormatError(f"{file} {why}")


def write_each(
    path: StrPath,
    shown: Sequence[Shown],
    ending: str,
    log: Log,
    document: Callable[[Shown, Path, PurePosixPath], str],
    *,
    encoding: str = "utf-8",
) -> None:
    """Write one file an item into a folder, or the only one to a path with the ending.

    ``document`` gives the text of an item from the folder that is asked for and the folder within it.
    """
    target = Path(path)
    if os.fspath(path).lower().endswith(ending.lower()) and not target.is_dir():
        with replacing(path) as part:
            text = document(only_one(shown, path), target.parent, PurePosixPath())
            part.write_text(text, encoding=encoding, newline="\n")
        return
    with filling(path) as folder:
        chosen = places(shown, ending, log)
        for picture in shown:
            place = chosen.get(picture.name)
            if place is not None:
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                text = document(picture, target, place.parent)
                (folder / place).write_text(text, encoding=encoding, newline="\n")
