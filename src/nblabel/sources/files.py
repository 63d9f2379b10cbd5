"""Paths and globs as tables.

Each ``.txt`` file is one item, named by its path; rows of ``.jsonl`` files are read when they are shown;
``.csv``, ``.tsv`` and ``.parquet`` files are read into a pandas frame; ``.spacy`` files hold Docs.
"""

from __future__ import annotations

import glob
import os
from array import array
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from ..errors import MissingExtra, SourceError
from .docs import read_spacy
from .frames import FrameTable
from .keys import Keys, NamedKeys
from .tables import FileRows, ListColumn, ListTable, RecordTable, Table, Unreadable

__all__ = ["PathKeys", "find_files", "open_files"]

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "txt",
    ".spacy": "spacy",
}
_GAPS = ["", "#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"]
"""What means a gap in columns that are not texts."""
_READABLE = ".csv, .tsv, .parquet, .jsonl, .txt and .spacy files"


# ---- which files -------------------------------------------------------------------------------------


def find_files(given: str | os.PathLike[str]) -> list[str]:
    """The files that a path, a folder or a glob means, in order."""
    path = os.fspath(given)  # stays text: a Path would rewrite "./a.txt", and paths are keys
    path = str(Path(path).expanduser()) if path.startswith("~") else path
    if not path or "\0" in path:
        raise SourceError(f"{path!r} is not a path", "give a list to label one text: [text]")
    try:
        if Path(path).is_dir():
            return _in_folder(path)
        if Path(path).exists():
            return [path]
    except OSError:  # a text that is too long for a path
        pass
    found = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) and "\n" not in path else []  # noqa: PTH207
    found = [one for one in found if Path(one).is_file()]
    if not found:
        shown = repr(path if len(path) <= 80 else path[:79] + "…")
        if isinstance(given, str):
            raise SourceError(f"no file matches {shown}", "give a list to label one text: [text]")
        raise SourceError(f"there is no file {shown}", f"the working folder is {str(Path.cwd())!r}")
    return found


def _in_folder(folder: str) -> list[str]:
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        kept = [name for name in names if Path(name).suffix.lower() in _SUFFIXES and not name.startswith(".")]
        found += [os.path.join(place, name) for name in kept]  # noqa: PTH118 - a Path would rewrite the folder
    if not found:
        raise SourceError(f"the folder {folder!r} holds no {_READABLE.replace('and', 'or')}")
    return sorted(found)


def open_files(paths: Sequence[str], column: Hashable, vocab: Any) -> Table:
    """The table that these files make; ``column`` is the text column, if one was named."""
    kinds = Counter(_SUFFIXES.get(Path(path).suffix.lower(), "") for path in paths)
    if "" in kinds:
        odd = next(path for path in paths if Path(path).suffix.lower() not in _SUFFIXES)
        raise SourceError(
            f"{odd!r} is not of a kind that can be read here",
            f"{_READABLE} can; read others yourself and hand in a list",
        )
    if len(kinds) > 1:
        raise SourceError(
            "files of several kinds: " + ", ".join(f"{n} {kind}" for kind, n in kinds.items()),
            "choose one with a glob such as 'folder/*.txt'",
        )
    kind = next(iter(kinds))
    if kind == "txt":
        return TextTable(TextFiles(paths))
    if kind == "jsonl":
        return JsonTable(JsonLines(paths))
    if kind == "spacy":
        return ListTable([doc for path in paths for doc in read_spacy(path, vocab)])
    read = [_read_csv(path, column) if kind == "csv" else _read_parquet(path) for path in paths]
    frame = read[0] if len(read) == 1 else pd.concat(read, ignore_index=True)
    return FrameTable(frame, own=False)


# ---- texts -------------------------------------------------------------------------------------------


class TextFiles(FileRows):
    """The contents of text files, read when they are asked for; not-UTF-8 as bytes."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = list(paths)
        if len(set(self.paths)) < len(self.paths):
            raise SourceError(f"the file {Counter(self.paths).most_common(1)[0][0]!r} is given twice")

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self._read(path) for path in self.paths[at]]
        return self._read(self.paths[at])

    @staticmethod
    def _read(path: str) -> Any:
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            return Unreadable(f"the file cannot be read: {error.strerror}")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content


class TextTable(ListTable):
    """Text files, one item each."""

    rows: TextFiles

    def keys(self) -> Keys:
        """The paths as they were given."""
        paths = self.rows.paths

        return PathKeys(len(paths), paths.__getitem__, paths.__getitem__, "paths")

    def column(self, name: Hashable) -> ListColumn:
        """The contents of the files."""
        return _TextFileColumn(self)


class PathKeys(NamedKeys):
    """Paths, which may be looked up as path objects, too."""

    def position(self, key: Hashable) -> int:
        """The row of a path."""
        return super().position(os.fspath(key) if isinstance(key, os.PathLike) else key)


class _TextFileColumn(ListColumn):
    """Reads only files of the right size when it looks for equal ones."""

    def alike(self, texts: frozenset[str], odd: bool, stop: int) -> Iterator[tuple[int, Any]]:
        sizes = {len(text.encode("utf-8", "surrogatepass")) for text in texts}
        sizes |= {size + 3 for size in sizes}  # with a byte order mark
        files: TextFiles = self._table.rows  # type: ignore[assignment]
        for at, path in enumerate(files.paths[:stop]):
            try:
                size = Path(path).stat().st_size
            except OSError:
                size = -1
            if size in sizes or odd:
                yield at, files[at]


# ---- jsonl -------------------------------------------------------------------------------------------


class JsonLines(FileRows):
    """Rows of jsonl files: only where they begin is kept."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = list(paths)
        self.names: tuple[str, ...] = ()
        self.scan()

    def scan(self) -> None:
        """Read the files once: every line must be an object."""
        decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
        names: dict[str, None] = {}
        starts, files, self._stats = array("q"), array("i"), []
        for number, path in enumerate(self._paths):
            at = 0
            try:
                with Path(path).open("rb") as file:
                    self._stats.append(_found(file.fileno()))
                    for line, raw in enumerate(file, 1):
                        text = raw[3:] if at == 0 and raw.startswith(b"\xef\xbb\xbf") else raw
                        if text.strip():
                            names.update(dict.fromkeys(_decode(decoder, text, path, line)))
                            starts.append(at + len(raw) - len(text))
                            files.append(number)
                        at += len(raw)
            except OSError as error:
                raise SourceError(f"{path!r} cannot be read: {error.strerror}") from error
        self.names = tuple(names)
        self._starts = np.frombuffer(starts, dtype=np.int64) if starts else np.zeros(0, dtype=np.int64)
        self._files = np.frombuffer(files, dtype=np.int32) if files else np.zeros(0, dtype=np.int32)

    @property
    def stale(self) -> bool:
        """Whether a file was written to since."""
        return any(_found(path) != stat for path, stat in zip(self._paths, self._stats, strict=True))

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, at: Any) -> Any:
        rows = range(len(self))[at]
        if isinstance(rows, range):
            return self._read(rows.start, rows.stop) if rows.step == 1 else [self[row] for row in rows]
        return self._read(rows, rows + 1)[0]

    def _read(self, start: int, stop: int) -> list[Any]:
        made: list[Any] = []
        while start < stop:
            number = int(self._files[start])
            # the rows of this file stand together
            end = min(stop, int(np.searchsorted(self._files, number, side="right")))
            path = self._paths[number]
            try:
                with Path(path).open("rb") as file:
                    file.seek(int(self._starts[start]))
                    same = end < len(self) and self._files[end] == number
                    length = int(self._starts[end]) - int(self._starts[start]) if same else -1
                    lines = [line for line in file.read(length).split(b"\n") if line.strip()]
            except OSError as error:
                raise SourceError(f"{path!r} cannot be read: {error.strerror}") from error
            made += [_object(line) for line in lines[: end - start]]
            start = end
        return made


def _object(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unreadable(f"the line is not JSON: {error}")


def _decode(decoder: msgspec.json.Decoder[dict[str, msgspec.Raw]], text: bytes, path: str, line: int) -> dict[str, Any]:
    try:
        text.decode()  # the decoder passes over what it does not look into
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        hint = 'write {"text": ...} on each line'
        raise SourceError(f"{path!r}, line {line}: not an object: {error}", hint) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{path!r}, line {line}: not JSON: {error}") from None


def _found(file: int | str) -> tuple[int, int]:
    """What changes when a file is written to."""
    try:
        found = os.stat(file)  # noqa: PTH116 - of an open file, too
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


class JsonTable(RecordTable):
    """Rows of jsonl files."""

    rows: JsonLines

    def _look(self, rows: int) -> tuple[Hashable, ...]:
        return self.rows.names

    def read(self, row: Any, name: Hashable) -> Any:
        """The value of a row at a key."""
        return row.get(name) if isinstance(row, Mapping) else row


# ---- csv and parquet ---------------------------------------------------------------------------------


def _read_csv(path: str, column: Hashable) -> pd.DataFrame:
    """A frame whose text columns hold what the file holds: "NA" and "null" are words there."""
    options: dict[str, Any] = {"sep": _separator(path), "encoding": "utf-8-sig"}
    try:
        if column is None:
            first = pd.read_csv(path, nrows=1000, **options)
            texts = FrameTable(first, own=False).text_like()
            names = list(first.columns)
        else:
            names = list(pd.read_csv(path, nrows=0, **options).columns)
            texts = [column] if column in names else []
        gaps = {name: _GAPS for name in names if name not in texts}
        made: pd.DataFrame = pd.read_csv(
            path, dtype=dict.fromkeys(texts, str), keep_default_na=False, na_values=gaps, **options
        )
        return made
    except pd.errors.EmptyDataError:
        raise SourceError(f"{path!r} is empty") from None
    except pd.errors.ParserError as error:
        reason = str(error).replace("Error tokenizing data. C error: ", "").strip()
        raise SourceError(f"{path!r} cannot be read as a table: {reason}") from error
    except UnicodeDecodeError as error:
        hint = "save it as UTF-8, or hand in pandas.read_csv(path, encoding=...)"
        raise SourceError(f"{path!r}, line {_undecodable(path)}: not UTF-8 ({error.reason})", hint) from error
    except OSError as error:
        raise SourceError(f"{path!r} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise SourceError(f"{path!r} cannot be read as a table: {error}") from error


def _separator(path: str) -> str:
    """What separates the columns; spreadsheets write semicolons where the comma is in numbers."""
    if path.lower().endswith(".tsv"):
        return "\t"
    try:
        with Path(path).open("rb") as file:
            header = file.readline(65_536)
    except OSError as error:
        raise SourceError(f"{path!r} cannot be read: {error.strerror}") from error
    return ";" if b";" in header and b"," not in header else ","


def _undecodable(path: str) -> int:
    with Path(path).open("rb") as file:
        for line, raw in enumerate(file, 1):
            try:
                raw.decode()
            except UnicodeDecodeError:
                return line
    return 0


def _read_parquet(path: str) -> pd.DataFrame:
    try:
        import pyarrow  # noqa: F401, ICN001
    except ImportError:
        raise MissingExtra("reading .parquet files", "parquet") from None
    try:
        return pd.read_parquet(path)
    except OSError as error:
        raise SourceError(f"{path!r} cannot be read: {error}") from error
    except Exception as error:  # pyarrow has many
        raise SourceError(f"{path!r} is not a parquet file: {error}") from error
