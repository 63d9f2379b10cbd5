"""Files that labels are written to and read from: one module a format, found by name or by the file's ending.

Examples
--------
>>> for_path("labels/train.spacy").name
'spacy'
>>> for_path("labels.txt", format="conll").name
'conll'
"""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from ..errors import FormatError, nearest
from .base import Format, Meta, Read, Reading, StrPath
from .sniff import sniffed

__all__ = ["FORMATS", "Format", "Meta", "Read", "Reading", "StrPath", "for_path", "to_read"]

FORMATS: dict[str, Format] = {
    made.name: made
    for made in (
        Format("csv", "a CSV table with one row an annotation", (".csv",), "csv"),
        Format("parquet", "a Parquet table with one row an annotation", (".parquet", ".pq"), "parquet"),
        Format("jsonl", "JSON lines as Prodigy writes them", (".jsonl", ".ndjson"), "jsonl"),
        Format(
            "conll", "CoNLL columns: a token and its tag a line", (".conll", ".iob", ".iob2", ".bio", ".biluo"), "conll"
        ),
        Format("spacy", "a spaCy DocBin", (".spacy",), "spacy_docs"),
        Format("coco", "a COCO data set", (".json",), "coco"),
        Format("yolo", "a YOLO data set", (), "yolo", folder=True),
        Format("voc", "Pascal VOC XML, one file an image", (".xml",), "voc", folder=True),
        Format("cvat", "CVAT XML 1.1 for images", (".xml",), "cvat"),
        Format("labelme", "LabelMe JSON, one file an image", (".json",), "labelme", folder=True),
        Format("labelstudio", "Label Studio JSON", (".json",), "labelstudio"),
        Format("masks", "PNG masks, one file an image", (), "masks", folder=True),
        Format("textgrid", "Praat TextGrids, one file a recording", (".textgrid",), "textgrid", folder=True),
        Format("eaf", "ELAN EAF, one file a recording", (".eaf",), "eaf", folder=True),
        Format("audacity", "Audacity label tracks, one file a recording", (), "audacity", folder=True),
        Format("rttm", "RTTM: a speaker's turn a line", (".rttm",), "rttm"),
        Format("webvtt", "WebVTT subtitles, one file a recording", (".vtt",), "webvtt", folder=True),
        Format("srt", "SRT subtitles, one file a recording", (".srt",), "srt", folder=True),
    )
}
"""All formats by name."""

_ALIASES = {
    "prodigy": "jsonl",
    "ndjson": "jsonl",
    "iob": "conll",
    "iob2": "conll",
    "bio": "conll",
    "biluo": "conll",
    "docbin": "spacy",
    "pq": "parquet",
    "ultralytics": "yolo",
    "pascal_voc": "voc",
    "pascalvoc": "voc",
    "pascal": "voc",
    "label_studio": "labelstudio",
    "label-studio": "labelstudio",
    "png": "masks",
    "praat": "textgrid",
    "elan": "eaf",
    "vtt": "webvtt",
    "subrip": "srt",
}


def for_path(path: StrPath, format: str | None = None) -> Format:  # noqa: A002 - the word users write
    """The format with this name or, without one, of this file's ending.

    Parameters
    ----------
    path : path-like
        Where labels are written to or read from.
    format : str, optional
        A name of `FORMATS`, where the ending does not tell.
    """
    if format is not None:
        name = str(format).lower().lstrip(".")
        found = FORMATS.get(_ALIASES.get(name, name))
        if found is None:
            raise FormatError(f"there is no format {format!r}", nearest(name, FORMATS))
        return found
    suffix = PurePath(os.fspath(path)).suffix.lower()
    fits = [made for made in FORMATS.values() if suffix in made.suffixes]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise FormatError(
            f"{os.fspath(path)} may be of several formats, as {suffix} files are",
            "give format= one of " + ", ".join(repr(made.name) for made in fits),
        )
    what = f"the ending {suffix!r}" if suffix else "no ending"
    hint = nearest(suffix, [ending for made in FORMATS.values() for ending in made.suffixes]) if suffix else ""
    names = ", ".join(repr(name) for name in FORMATS)
    raise FormatError(
        f"{os.fspath(path)} has {what}, so its format is not known",
        "; ".join(part for part in (hint, f"or give format= one of {names}") if part),
    )


def to_read(path: StrPath, format: str | None = None) -> Format:  # noqa: A002 - the word users write
    """The format with this name or, without one, of what is there: by ending, else by what it holds.

    Parameters
    ----------
    path : path-like
        A file or a folder.
    format : str, optional
        A name of `FORMATS`.
    """
    place = Path(path)
    if format is None and place.exists():
        try:
            name = sniffed(place)
        except OSError:
            name = ""
        if name:
            return FORMATS[name]
    return for_path(path, format)
