"""From what a user hands in to a source of texts."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import SourceError
from .base import Source
from .docs import is_doc, is_doc_bin, read_bin
from .files import find_files, open_files
from .frames import FrameTable, SeriesTable
from .native import NativeTable, wrap
from .tables import ListTable, RecordTable, Table, is_missing
from .text import TextSource, Tokenizer

__all__ = ["no_columns", "open_source", "open_table"]


def open_source(
    data: Any,
    *,
    column: Hashable | None = None,
    key: Hashable | None = None,
    show: Sequence[Hashable] = (),
    tokenizer: Tokenizer | None = None,
) -> Source:
    """A source of texts from what a user hands in. Frames and lists are read in place, never copied.

    Parameters
    ----------
    data : object
        A pandas, polars or pyarrow frame or column; a list of texts, of dicts, of spaCy Docs or of paths; a DocBin;
        a path, folder or glob of ``.csv``, ``.tsv``, ``.parquet``, ``.jsonl``, ``.txt`` (each file is one item) or
        ``.spacy`` files. Another source is given back.
    column : hashable, optional
        The column of the texts; the one that holds texts (or is named "text") if not given.
    key : hashable, optional
        A column whose values name the items; they must be distinct.
    show : sequence of hashable
        Columns shown beside the text.
    tokenizer : spaCy pipeline or callable, optional
        Gives ``(start, end)`` of the tokens of a text. Its vocab also reads DocBins.

    Examples
    --------
    >>> source = open_source([{"id": 7, "text": "fine"}, {"id": 9, "text": "awful"}], key="id")
    >>> source.item(1).key, source.item(1).data, source.identity(1)
    (9, 'awful', 'k:i:9')
    """
    if isinstance(data, Source):
        return data
    table = open_table(data, column=column, vocab=getattr(tokenizer, "vocab", None))
    shown = (show,) if isinstance(show, str) else tuple(show)
    if not table.columns:
        no_columns(table, column, key, shown)
        return TextSource(table, None, tokenizer=tokenizer)
    key = None if key is None else table.pick(key, use="key")
    shown = tuple(table.pick(one, use="show") for one in shown)
    text = table.pick(column, use="text", apart=(key, *shown))
    return TextSource(table, text, key=key, show=shown, tokenizer=tokenizer)


def no_columns(
    table: Table, column: Hashable | None, key: Hashable | None, show: Sequence[Hashable], use: str = "text"
) -> None:
    """Raise if an option names a column where there are none."""
    for option, name in ((use, column), ("key", key), *(("show", one) for one in show)):
        if name is not None and not (option == use and name == table.name):
            raise SourceError(
                f"{option}={name!r} names a column, but the data has none", "hand in a frame, or a list of dicts"
            )


def open_table(data: Any, *, column: Hashable | None = None, vocab: Any = None) -> Table:
    """The rows of what a user handed in, whatever they mean."""
    if isinstance(data, (str, os.PathLike)):
        return open_files(find_files(data), column, vocab)
    if isinstance(data, pd.DataFrame):
        return FrameTable(data)
    if isinstance(data, pd.Series):
        return SeriesTable(data)
    if is_doc(data):
        return ListTable([data])
    if is_doc_bin(data):
        return ListTable(read_bin(data, vocab))
    native = wrap(data)
    if native is not None:
        return NativeTable(native)
    return _listed(data, column, vocab)


def _listed(data: Any, column: Hashable | None, vocab: Any) -> Table:
    if isinstance(data, Mapping):
        raise SourceError(
            "one dict is not a list of items", "a list of dicts is; of a dict of columns make pandas.DataFrame(data)"
        )
    if isinstance(data, (bytes, bytearray, memoryview)):
        raise SourceError("bytes are not a list of texts", "decode them first, or hand in a path")
    if isinstance(data, (set, frozenset)):
        raise SourceError("a set has no order, so its items have no places", "hand in sorted(data)")
    if isinstance(data, np.ndarray) and (data.ndim != 1 or data.dtype.names):
        raise SourceError(
            f"an array of shape {data.shape} and type {data.dtype} is not a list of texts",
            "hand in an array of one dimension, or pandas.DataFrame(data)",
        )
    if not isinstance(data, Iterable):
        hint = "data.to_pandas()" if hasattr(data, "to_pandas") else "a frame, a list of texts or a path"
        what = "None" if data is None else f"{type(data).__name__} {str(data)[:40]!r}"
        raise SourceError(f"{what} is not a list of texts", f"hand in {hint}")
    held: Any = data if isinstance(data, (list, tuple, np.ndarray)) else list(data)
    first = next((one for one in held if not is_missing(one)), None)
    if isinstance(first, Mapping):
        return RecordTable(held)
    if isinstance(first, os.PathLike):
        if not all(isinstance(one, os.PathLike) for one in held):
            raise SourceError("a list of paths must hold nothing else")
        return open_files([path for one in held for path in find_files(one)], column, vocab)
    return ListTable(held)
