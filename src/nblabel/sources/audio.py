"""Items that are recordings: paths, bytes, data URIs or samples, alone, in lists, in folders or in a column."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pandas as pd

from ..errors import SourceError
from ..records import Item
from ..schema import Extent
from .base import Source
from .media import (
    TABLES,
    Gauge,
    MediaSource,
    PathTable,
    Sort,
    ValueTable,
    files_of,
    guess,
    is_data_uri,
    labelled,
    listed,
    under,
)
from .opening import no_columns, open_table
from .tables import ListTable, Table, Unreadable, is_missing

__all__ = ["RECORDINGS", "AudioSource", "open_audio"]

_SOUND = (
    ("aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "au", "avr", "caf", "dts", "flac", "htk", "m4a", "m4b", "mka"),
    ("mp1", "mp2", "mp3", "mpc", "nist", "oga", "ogg", "opus", "rf64", "sd2", "snd", "sph", "tta", "voc", "w64", "wav"),
    ("wave", "wma", "wv"),
)
_VIDEO = ("3gp", "avi", "flv", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv")


def _is_samples(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "sampling_rate" in value or "bytes" in value
    pair = isinstance(value, (tuple, list)) and len(value) == 2
    return pair and hasattr(value[0], "__len__") and _is_rate(value[1])


def _is_rate(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


RECORDINGS = Sort(
    noun="recording",
    label="audio",
    suffixes=frozenset(f".{name}" for names in (*_SOUND, _VIDEO) for name in names),
    more=frozenset((".raw",)),
    names=("audio", "path", "file", "filename", "file_name", "audio_path", "audio_filepath", "wav"),
    is_one=_is_samples,
)


def open_audio(
    data: Any,
    gauge: Gauge[float],
    *,
    column: Hashable | None = None,
    key: Hashable | None = None,
    show: Sequence[Hashable] = (),
    root: str | os.PathLike[str] | None = None,
) -> Source:
    """A source of recordings from what a user hands in.

    Parameters
    ----------
    data : object
        A path, folder (its recordings in natural order) or glob; a list of paths, data URIs, bytes or
        ``(samples, rate)``; a frame or list of dicts with a column of these; or a single one of them.
    gauge : Gauge
        Reads durations.
    column : hashable, optional
        The column of the recordings; the only one that holds some if not given.
    key : hashable, optional
        A column whose values name the items. Without one, paths are known as they are written, and all else by content.
    show : sequence of hashable
        Columns shown beside the recording.
    root : path-like, optional
        The folder that relative paths lie under.
    """
    if isinstance(data, Source):
        return data
    folder = "" if root is None else str(Path(root).expanduser())
    table = _table(data, folder, column)
    shown = (show,) if isinstance(show, str) else tuple(show)
    if not table.columns:
        no_columns(table, column, key, shown, use="audio")
        return AudioSource(table, None, gauge)
    key = None if key is None else table.pick(key, use="key")
    shown = tuple(table.pick(one, use="show") for one in shown)
    audio = guess(table, (key, *shown), RECORDINGS) if column is None else table.pick(column, use="audio")
    return AudioSource(table, audio, gauge, key=key, show=shown)


def _table(data: Any, root: str, column: Hashable | None) -> Table:
    if isinstance(data, (str, os.PathLike)) and not is_data_uri(data):
        path = os.fspath(data)
        if not isinstance(path, str):
            raise SourceError(f"{path!r} is not a path", "paths are texts")
        if PurePath(path).suffix.lower() in TABLES:
            return labelled(open_table(under(root, path), column=column), RECORDINGS)
        return PathTable(files_of(path, root, RECORDINGS), RECORDINGS)
    if isinstance(data, (str, bytes, bytearray, memoryview)) or _is_pair(data):
        return ValueTable([data], RECORDINGS)
    if isinstance(data, Mapping) and _is_samples(data) and "array" in data:
        return ValueTable([data], RECORDINGS)
    if isinstance(data, (pd.DataFrame, pd.Series, Mapping, set, frozenset)):
        return labelled(open_table(data, column=column), RECORDINGS)
    if isinstance(data, np.ndarray) and data.dtype.kind not in "OUS":
        raise SourceError(
            f"an array of the shape {data.shape} does not say its rate", "hand in (samples, rate), or a list of these"
        )
    if isinstance(data, (list, tuple)):
        if data and all(isinstance(one, Mapping) and "array" in one and "sampling_rate" in one for one in data):
            return ValueTable(data, RECORDINGS)
        return listed(data, RECORDINGS)
    table = open_table(data, column=column)
    return listed(table.rows, RECORDINGS) if type(table) is ListTable else labelled(table, RECORDINGS)


def _is_pair(data: Any) -> bool:
    """Whether this is ``(samples, rate)``, and not two recordings."""
    return isinstance(data, tuple) and len(data) == 2 and _is_rate(data[1]) and not isinstance(data[0], (str, bytes))


class AudioSource(MediaSource):
    """Recordings of a list, a folder or a column: read when they are shown."""

    sort = RECORDINGS

    def item(self, position: int) -> Item:
        """The item with the value that was handed in, and its duration if that is known for certain."""
        row = self._row(position)
        value = self._column.value(row)
        duration, problem = self._measure(value)
        return Item(
            key=self._keys.key(row),
            data=value,
            identity=self.identity(row),
            position=row,
            show=self._show(row),
            problem=problem,
            duration=duration,
        )

    def _measure(self, value: Any) -> tuple[float | None, str]:
        if is_missing(value):
            return None, "no recording (missing value)"
        if isinstance(value, Unreadable):
            return None, value.problem
        found: tuple[float | None, str] = self.gauge.measure(value)
        return found

    def extent(self, position: int) -> Extent:
        """Seconds of the recording; ``None`` if it cannot be read, or its length is an estimate so far."""
        return self._measure(self._column.value(self._row(position)))[0]
