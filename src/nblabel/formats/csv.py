"""CSV: the tidy table of answers, safe to open in a spreadsheet.

Cells that a spreadsheet would run as a formula (they begin with ``= + - @``, a tab or a line break) get a leading
apostrophe, which reading takes away again. Attributes are written as JSON where they are not plain text. Keys stand
as they are; keys of other types than text and whole numbers, or of several types, are written as JSON.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from ..errors import FormatError
from ..records import Labelled, Report
from ..schema import Schema
from .base import Log, Meta, Reading, StrPath, reading, replacing
from .table import answers, flatten, is_json_column, json_key, key_of_json

__all__ = ["read", "write"]

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # full-width signs start formulas too
_ESCAPED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")


def write(
    path: StrPath,
    rows: Iterable[Labelled],
    schema: Schema,
    *,
    item: bool = True,
    escape: bool = True,
    meta: Meta | None = None,
) -> Report:
    """Write the tidy table.

    Parameters
    ----------
    path : path-like
        The file.
    rows : iterable of Labelled
        What is written.
    schema : Schema
        The questions; gives the columns.
    item : bool
        Whether each row carries its item's text, in the column ``item``.
    escape : bool
        Whether cells that a spreadsheet would run get a leading apostrophe.
    meta : mapping, optional
        Further columns, as `Reading.meta` holds them.
    """
    log = Log()
    table, types = flatten(list(rows), schema, log, item=item, meta=meta)
    types |= {name: "object" for name in types if is_json_column(name)}
    cells = {name: [_cell(value, types[name]) for value in values] for name, values in table.items() if name != "key"}
    cells = {"key": _keys(table["key"], log), **cells}
    if escape:
        cells = {_escaped(name): [_escaped(cell) for cell in column] for name, column in cells.items()}
    with replacing(path) as part, part.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        out = csv.writer(file, lineterminator="\r\n")  # both characters, so that either is quoted within a cell
        out.writerow(cells)
        out.writerows(zip(*cells.values(), strict=True))
    return log.report(path)


def _escaped(cell: str) -> str:
    return "'" + cell if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _unescaped(cell: str) -> str:
    return cell[1:] if _ESCAPED.match(cell) else cell


def _cell(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "object":
        return _json(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if kind == "bool":
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _json(value: Any) -> str:
    """JSON, but plain text where that cannot be taken for JSON."""
    if isinstance(value, str) and value and not _is_json(value):
        return value
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _is_json(text: str) -> bool:
    return _parsed(text) is not text


def _keys(keys: Sequence[Hashable], log: Log) -> list[str]:
    if all(type(key) is str for key in keys):
        cells = [str(key) for key in keys]
        if cells and all(_INTEGER.fullmatch(cell) for cell in cells):  # as they are: joins in other tools need that
            log.drop(keys[0], "", "keys are texts of digits: read them with keys='str', else they become integers")
            return cells
        if _decoded(cells) == cells:
            return cells
    noted: dict[tuple[type, Hashable], str] = {}  # 1, 1.0 and True are one key in a dict
    for key in keys:
        if (type(key), key) not in noted:
            noted[type(key), key] = json.dumps(json_key(key, log), ensure_ascii=False)
    return [noted[type(key), key] for key in keys]


def _decoded(cells: Sequence[str]) -> list[Hashable]:
    values = [_parsed(cell) for cell in cells]
    if all(value is not cell for value, cell in zip(values, cells, strict=True)):
        return [key_of_json(value) for value in values]
    return list(cells)


def read(path: StrPath, *, keys: Literal["auto", "str"] = "auto", unescape: bool = True) -> Reading:
    """Read a table that `write` wrote.

    Parameters
    ----------
    path : path-like
        The file.
    keys : {"auto", "str"}
        ``"str"`` leaves keys as the text that stands in the file.
    unescape : bool
        Whether the apostrophe before formulas is taken away.
    """
    if keys not in ("auto", "str"):
        raise FormatError(f"keys= is 'auto' or 'str', not {keys!r}")
    header, lines, numbers = _lines(Path(path))
    if unescape:
        header = [_unescaped(name) for name in header]
        lines = [[_unescaped(cell) for cell in cells] for cells in lines]
    if "key" not in header or "kind" not in header:
        raise FormatError(
            f"{os.fspath(path)} has the columns {', '.join(map(repr, header[:12]))}, but not 'key' and 'kind'",
            "it is not a table of annotations; a table of texts can be labelled by giving it to the labeler",
        )
    log = Log()
    columns = dict(zip(header, zip(*lines, strict=True), strict=True)) if lines else dict.fromkeys(header, ())
    table: dict[str, Sequence[Any]] = {}
    for name, column in columns.items():
        if name == "key":
            table[name] = column if keys == "str" else _decoded(column)
        elif name == "item":
            table[name] = column
        elif is_json_column(name):
            table[name] = [_parsed(cell) if cell else None for cell in column]
        else:
            table[name] = [cell or None for cell in column]
    rows = [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]
    items = answers(zip(numbers, rows, strict=True), log, path=os.fspath(path))
    return reading(path, items, log)


def _lines(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Header, rows, and the line that each row ends at."""
    limit = csv.field_size_limit(2**31 - 1)  # the module's own limit is 128 KiB a cell
    try:
        with path.open(encoding="utf-8-sig", errors="surrogatepass", newline="") as file:
            start = file.read(65_536)
            file.seek(0)
            delimiter = max(",;\t", key=start.partition("\n")[0].count)  # spreadsheets of some countries write ;
            found = csv.reader(file, delimiter=delimiter, strict=True)
            header = next(found, [])
            lines: list[list[str]] = []
            numbers: list[int] = []
            for cells in found:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise FormatError(f"{path}, line {found.line_num}: {len(cells)} cells under {len(header)} columns")
                lines.append(cells)
                numbers.append(found.line_num)
    except csv.Error as error:
        raise FormatError(f"{path} is not a CSV table: {error}") from None
    finally:
        csv.field_size_limit(limit)
    if len(set(header)) < len(header):
        raise FormatError(f"{path} has two columns of one name")
    return header, lines, numbers
