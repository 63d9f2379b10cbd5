"""What kind of labels a file or folder holds, where its ending does not tell."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

from .disk import files_in

__all__ = ["sniffed"]

_PEEK = 1 << 20
_SOME = 32
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]')
_ROOT = re.compile(r"<([A-Za-z_][\w.-]*)[\s/>]")
_SKIPPED = re.compile(r"<\?.*?\?>|<!--.*?-->", re.DOTALL)
_LABELS = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?(?:\t-?[0-9]+(?:[.,][0-9]+)?)?(?:\t|[\r\n]|$)")
_TIMED = {".textgrid": "textgrid", ".eaf": "eaf", ".vtt": "webvtt", ".srt": "srt", ".rttm": "rttm"}
_COCO = frozenset(("images", "categories", "licenses", "info"))
_STUDIO = frozenset(("predictions", "completions", "drafts", "result"))


def sniffed(path: Path) -> str:
    """The name of the format that a file or folder looks like; empty if like none."""
    if path.is_dir():
        return _folder(path)
    suffix = path.suffix.lower()
    if suffix in (".yaml", ".yml"):
        return "yolo"
    if suffix == ".xml":
        return _xml(path)
    if suffix == ".txt":
        return "audacity" if _LABELS.match(_start(path).lstrip("\r\n")) else ""
    return _json(path) if suffix == ".json" else _TIMED.get(suffix, "")


def _folder(path: Path) -> str:
    names = {one.name for one in path.iterdir()} if path.is_dir() else set()
    if "masks.json" in names:
        return "masks"
    endings = {os.path.splitext(name)[1].lower() for name in names}  # noqa: PTH122
    if endings & {".yaml", ".yml"} or names & {"labels", "obj.data", "obj_train_data"}:
        return "yolo"
    for found in (files_in(path, {".xml"}), files_in(path, {".json"})):
        if found:  # what most of them are
            return Counter(sniffed(one) for one in found[:_SOME]).most_common(1)[0][0]
    timed = files_in(path, {*_TIMED})
    if timed:
        return Counter(sniffed(one) for one in timed).most_common(1)[0][0]
    texts = files_in(path, {".txt"})
    if texts:
        return "audacity" if any(sniffed(one) == "audacity" for one in texts[:_SOME]) else "yolo"
    return "masks" if files_in(path, {".png"}) else ""


def _xml(path: Path) -> str:
    found = _ROOT.search(_SKIPPED.sub("", _start(path)))
    return {"annotation": "voc", "annotations": "cvat"}.get(found[1] if found else "", "")


def _json(path: Path) -> str:
    root, keys = _keys(_start(path))
    if keys & {"shapes", "imagePath"}:
        return "labelme"
    if "image_id" in keys:
        return "coco"
    if "data" in keys or keys & _STUDIO:
        return "labelstudio"
    if root == "{" and (keys & _COCO or "annotations" in keys):
        return "coco"
    return "labelstudio" if "annotations" in keys else ""


def _start(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_PEEK).decode("utf-8-sig", "replace")


def _keys(text: str) -> tuple[str, set[str]]:
    """The bracket a JSON text begins with, and the keys of its object or of the first one in its list."""
    root = ""
    keys: set[str] = set()
    depth = 0
    last = ""
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in "[{":
            root = root or token
            depth += 1
        elif token in "]}":
            depth -= 1
            if depth == 1 and root == "[":
                break
        elif token == ":" and depth == (1 if root == "{" else 2):
            keys.add(last)
        elif token not in ":,":
            last = token[1:-1]
    return root, keys
