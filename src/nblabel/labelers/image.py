"""`ImageLabeler`: boxes, polygons, polylines, keypoints, masks, choices and free text on images."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, ClassVar

from ..errors import InvalidSchema
from ..media.images import ImageReader
from ..schema import Boxes, Choices, Field, FieldLike, LabelLike, Masks, Polygons, Polylines, Skeletons
from ..sources.images import open_images
from .base import Labeler, front_end

__all__ = ["ImageLabeler"]


class ImageLabeler(Labeler):
    """Label images inline."""

    OWN: ClassVar[tuple[str, ...]] = (
        "image",
        "boxes",
        "polygons",
        "polylines",
        "keypoints",
        "masks",
        "choices",
        "root",
        "bands",
        "stretch",
        "draw",
        "size",
        "segmenter",
        "crosshair",
    )
    KIND: ClassVar[str] = "image"

    _esm = front_end("image", "js")
    _css = front_end("image", "css")

    def __init__(
        self,
        data: Any,
        image: Hashable | None = None,
        *,
        boxes: Sequence[LabelLike] | Boxes | None = None,
        polygons: Sequence[LabelLike] | Polygons | None = None,
        polylines: Sequence[LabelLike] | Polylines | None = None,
        keypoints: Sequence[LabelLike] | Skeletons | None = None,
        masks: Sequence[LabelLike] | Masks | None = None,
        choices: Sequence[LabelLike] | Choices | None = None,
        fields: Mapping[str, FieldLike] | None = None,
        key: Hashable | None = None,
        show: str | Sequence[str] = (),
        root: str | os.PathLike[str] | None = None,
        bands: int | Sequence[int] | None = None,
        stretch: Any = None,
        draw: Callable[[Any, Any], Any] | None = None,
        size: tuple[int, int] = (800, 600),
        segmenter: Any = None,
        crosshair: bool = True,
        **options: Any,
    ) -> None:
        self._refuse_unknown(options)
        questions: dict[str, FieldLike] = {}
        for name, given, kind in (
            ("boxes", boxes, Boxes),
            ("polygons", polygons, Polygons),
            ("polylines", polylines, Polylines),
            ("keypoints", keypoints, Skeletons),
            ("masks", masks, Masks),
            ("choices", choices, Choices),
        ):
            if given is not None:
                questions[name] = _question(name, given, kind)
        if not questions and not fields:
            raise InvalidSchema(
                "ImageLabeler was not told what to ask", "such as boxes=['cat', 'dog'] or choices=['yes', 'no']"
            )
        shown = (show,) if isinstance(show, str) else tuple(show)
        self._reader = ImageReader(root, bands=bands, stretch=stretch)
        source = open_images(data, self._reader, column=image, key=key, show=shown, root=root, bands=bands)
        super().__init__(
            source,
            questions,
            fields=fields,
            present=self._reader.present,
            serve=self._reader.piece,
            options={"smart": False, "crosshair": bool(crosshair)},
            **options,
        )


def _question(name: str, given: Any, kind: type[Field]) -> Field:
    if isinstance(given, Field):
        if not isinstance(given, kind):
            raise InvalidSchema(f"{name}= takes labels or nb.{kind.__name__}, not nb.{type(given).__name__}")
        return given
    if isinstance(given, str | bytes | os.PathLike) or not isinstance(given, Sequence):
        raise InvalidSchema(f"{name}= takes a list of labels, not {given!r}", f"such as {name}=['A', 'B']")
    return kind(labels=tuple(given))  # type: ignore[call-arg]
