"""What a YOLO data set says of itself: ``data.yaml``, or the list of names of older ones, and where labels lie."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import FormatError
from ..schema import Skeletons
from .base import Log
from .disk import files_in, text_of
from .figures import edges_of
from .yaml import yaml_of
from .yolo_writing import SPLITS, Task

__all__ = ["About", "label_files"]

_NO_LABELS = frozenset(("classes.txt", "obj_names.txt", "notes.txt", "readme.txt", "predefined_classes.txt"))
_LISTS = frozenset(("train.txt", "val.txt", "valid.txt", "test.txt"))
"""Lists of paths in older data sets."""
_LARGEST_YAML = 1 << 22
_UP = re.compile(r"^(?:\.{0,2}/)+")


class About:
    """What ``data.yaml`` or a list of names says of a data set."""

    def __init__(self, place: Path, log: Log) -> None:
        self.root = place.parent if place.is_file() else place
        self.within = self.root
        self.parts: dict[str, str] = {}
        self.data: dict[str, Any] | None = None
        self.names: dict[int, str] = {}
        self.task: Task | None = None
        self.points = self.numbers = 0
        if place.is_file() and place.suffix.lower() not in (".yaml", ".yml", ".names"):
            raise FormatError(f"{place} does not describe a YOLO data set", "give its folder or its data.yaml")
        if not place.exists():
            raise FileNotFoundError(2, "No such file or directory", str(place))
        file = place if place.is_file() else self._find(place)
        if file is None and "labels" in place.parts:  # a part of a data set
            last = len(place.parts) - 1 - place.parts[::-1].index("labels")
            self.root = Path(*place.parts[:last])
            file = self._find(self.root)
        if file is not None and file.suffix.lower() in (".yaml", ".yml"):
            self._yaml(file, log)
            self._elsewhere(file)
        elif file is not None:
            self.names = dict(enumerate(line.strip() for line in text_of(file).splitlines() if line.strip()))
        self.skeleton = self._skeleton()

    @staticmethod
    def _find(place: Path) -> Path | None:
        """The file of a folder that names the classes."""
        named = [place / "data.yaml", place / "dataset.yaml", *sorted(place.glob("*.y*ml"))]
        named += [place / "obj.names", place / "classes.txt"]
        return next((one for one in named if one.is_file()), None)

    def _elsewhere(self, file: Path) -> None:
        """Look where ``path`` says, if there are no labels beside the file."""
        given = (self.data or {}).get("path")
        if isinstance(given, str) and given and self.within == self.root and not label_files(self.root, self.root):
            other = file.parent / given
            if other.is_dir():
                self.root = self.within = other

    def split(self, name: str) -> dict[str, Any]:
        """The part of the data set that an image belongs to, by its place below the root."""
        folders = [folder for folder in self.parts if name.startswith(f"{folder}/")]
        if folders:
            return {"split": self.parts[max(folders, key=len)]}
        found = next((part for part in PurePosixPath(name).parts[:-1] if part in SPLITS), None)
        return {"split": found} if found else {}

    def _yaml(self, file: Path, log: Log) -> None:
        if file.stat().st_size > _LARGEST_YAML:
            raise FormatError(f"{file} is too large to describe a data set")
        found = yaml_of(text_of(file), str(file))
        if not isinstance(found, dict):
            raise FormatError(f"{file} does not describe a data set: it has no keys")
        self.data = found
        for part in SPLITS:
            given = found.get(part)
            for folder in given if isinstance(given, list) else [given]:
                if isinstance(folder, str):
                    self.parts[_UP.sub("", folder.replace("\\", "/")).rstrip("/")] = part
        names = found.get("names")
        pairs: Iterable[tuple[Any, Any]] = ()
        if isinstance(names, list):
            pairs = enumerate(names)
        elif isinstance(names, dict):
            pairs = names.items()
        for key, name in pairs:
            number_ = int(key) if isinstance(key, int) or (isinstance(key, str) and key.isdecimal()) else None
            if number_ is None:
                raise FormatError(f"{file}: the class {key!r} has no number")
            self.names[number_] = str(name)
        taken: set[str] = set()
        for number_, name in self.names.items():
            if name in taken or not name.strip():
                log.drop(None, "", f"class {number_} has the name {name!r} of another; its number is added")
                self.names[number_] = f"{name} ({number_})"
            taken.add(self.names[number_])
        shape = found.get("kpt_shape")
        if isinstance(shape, list) and len(shape) == 2 and all(isinstance(n, int) for n in shape):
            if not (0 < shape[0] <= 10_000 and shape[1] in (2, 3)):
                raise FormatError(f"{file}: kpt_shape is {shape}, not a number of points and 2 or 3 values for each")
            self.points, self.numbers = shape
            self.task = "pose"

    def _skeleton(self) -> Skeletons:
        names = [str(n + 1) for n in range(self.points)]
        given = (self.data or {}).get("kpt_names")
        if isinstance(given, dict) and given:
            given = next(iter(given.values()))
        if isinstance(given, list) and len(set(map(str, given))) == self.points and all(str(n).strip() for n in given):
            names = [str(name) for name in given]
        edges = edges_of((self.data or {}).get("skeleton"), self.points)
        return Skeletons((), points=tuple(names) if self.points > 1 else (), edges=tuple(edges))


def label_files(root: Path, within: Path) -> list[Path]:
    """The files of labels in a folder of a data set: below ``labels``, or beside the images in older ones."""
    found = [one for one in files_in(within, {".txt"}) if one.name.lower() not in _NO_LABELS]
    if within != root:
        return found
    inside = [one for one in found if "labels" in one.relative_to(within).parts[:-1]]
    return inside or [one for one in found if one.name.lower() not in _LISTS]
