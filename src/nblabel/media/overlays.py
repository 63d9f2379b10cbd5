"""Answers on their images, as PIL images for papers and slides; and what they mark, cut out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import shapes
from ..annotations import AnyAnnotation, Box, Keypoints, Mask, Polygon, Shape
from ..schema import Schema, Skeletons
from .base import MediaError
from .upright import Rect

__all__ = ["Style", "cut_out", "inside", "overlaid"]

Region = Callable[[Rect], Any]
"""A rectangle of an image as a PIL image."""
_SMOOTHED_PIXELS = 1 << 23
"""Up to here shapes are drawn at twice the size and reduced, so that their edges are smooth."""
_MOST_OUTLINED = 50_000
_EDGE = 1e-3


class Style(NamedTuple):
    """How answers are drawn.

    Attributes
    ----------
    labels : bool
        Whether the labels are written beside the shapes.
    line : float
        Width of lines in pixels; by the size of the image if 0.
    fill : float
        Opacity of masks and polygons, from 0 to 1.
    font : str
        A font file for labels that the default one has no letters for.
    """

    labels: bool = True
    line: float = 0.0
    fill: float = 0.3
    font: str = ""


def overlaid(image: Any, scale: float, annotations: Iterable[AnyAnnotation], schema: Schema, style: Style) -> Any:
    """Shapes drawn on a copy of an RGB image, lower ones first.

    Parameters
    ----------
    image : PIL image
        The image, scaled.
    scale : float
        How many of its pixels one of the full size has become.
    annotations : iterable of annotations
        Those that are no shapes are passed over.
    schema : Schema
        Has the colours and the edges of skeletons.
    style : Style
        Widths, fill, labels.
    """
    from PIL import Image

    drawn = sorted((a for a in annotations if isinstance(a, Shape)), key=lambda a: a.z)
    if not drawn:
        return image.copy()
    smooth = 2 if image.width * image.height <= _SMOOTHED_PIXELS else 1
    size = image.size
    line = style.line or max(1.5, max(size) / 300)
    made = image.resize((size[0] * smooth, size[1] * smooth), Image.Resampling.NEAREST) if smooth > 1 else image.copy()
    pen = _Pen(made, scale * smooth, line * smooth, style.fill, schema)
    for shape in drawn:
        pen.draw(shape)
    made = pen.image.reduce(smooth) if smooth > 1 else pen.image
    if style.labels:
        _write(made, drawn, scale, line, schema, style.font)
    return made


def _color(schema: Schema, shape: Any) -> tuple[int, int, int]:
    """The colour of a shape's label; grey for one that the schema does not have any more."""
    field = next((field for field in schema.fields if field.name == shape.field), None)
    label = None if field is None else field.label(shape.label)
    digits = label.color.lstrip("#") if label is not None and label.color else "888888"
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


class _Pen:
    """Draws shapes on an image."""

    def __init__(self, image: Any, scale: float, line: float, fill: float, schema: Schema) -> None:
        self.image = image
        self._scale = scale
        self._line = round(line) | 1  # Pillow draws even ones beside their place, on a side that depends on the way
        self._fill = min(max(fill, 0.0), 1.0)
        self._schema = schema

    def draw(self, shape: Any) -> None:
        """One shape in the colour of its label."""
        color = _color(self._schema, shape)
        if isinstance(shape, Box):
            self._ring(shapes.corners(shape), color)
        elif isinstance(shape, Polygon):
            self._polygon(shape, color)
        elif isinstance(shape, Mask):
            self._mask(shape, color)
        elif isinstance(shape, Keypoints):
            self._points(shape, color)

    def _at(self, points: Iterable[Sequence[float]]) -> list[tuple[float, float]]:
        return [(point[0] * self._scale, point[1] * self._scale) for point in points]

    def _canvas(self) -> Any:
        from PIL import ImageDraw

        return ImageDraw.Draw(self.image)

    def _path(self, points: Sequence[tuple[float, float]], color: tuple[int, int, int]) -> None:
        """A line with a light and a dark side, so that it is seen on any ground."""
        canvas = self._canvas()
        whole = [(round(x), round(y)) for x, y in points]
        if self._line > 2:
            canvas.line(whole, fill=_ground(color), width=self._line + max(2, self._line // 4 * 2), joint="curve")
        canvas.line(whole, fill=color, width=self._line, joint="curve")

    def _ring(self, points: Iterable[Sequence[float]], color: tuple[int, int, int]) -> None:
        path = self._at(points)
        self._path([*path, *path[:2]], color)  # a step further, that the last corner is joined, too

    def _polygon(self, shape: Polygon, color: tuple[int, int, int]) -> None:
        if not shape.closed:
            self._path(self._at(shape.points), color)
            return
        if self._fill:
            scaled = Polygon(self._at(shape.points), holes=tuple(tuple(self._at(hole)) for hole in shape.holes))  # type: ignore[arg-type]
            left, top, part = shapes.cropped(shapes.to_mask(scaled, self.image.size))
            self._tint((left, top), part.astype(np.uint8) * np.uint8(255), color)
        for ring in (shape.points, *shape.holes):
            self._ring(ring, color)

    def _mask(self, shape: Mask, color: tuple[int, int, int]) -> None:
        from PIL import Image

        left, top, part = shapes.cropped(shape)
        if not part.size:
            return
        if self._fill:
            # whole pixels of the image here, around the part, are taken from the part with some nothing around it
            scale = self._scale
            x0, y0 = math.floor(left * scale), math.floor(top * scale)
            x1, y1 = math.ceil((left + part.shape[1]) * scale), math.ceil((top + part.shape[0]) * scale)
            x1, y1 = min(max(x1, x0 + 1), self.image.width), min(max(y1, y0 + 1), self.image.height)
            if x1 > x0 and y1 > y0:
                around = math.ceil(1 / scale) + 1
                padded = Image.fromarray(np.pad(part, around).astype(np.uint8) * np.uint8(255))
                inner = (x0 / scale - left, y0 / scale - top, x1 / scale - left, y1 / scale - top)
                within = (padded.width, padded.height, padded.width, padded.height)
                area = tuple(min(max(side + around, 0.0), most) for side, most in zip(inner, within, strict=True))
                found = padded.resize((x1 - x0, y1 - y0), Image.Resampling.BOX, box=area)
                self._tint((x0, y0), np.asarray(found), color)
        if len(shape.counts) <= _MOST_OUTLINED:
            for outer, holes in shapes.polygons_of(shape):
                for ring in (outer, *holes):
                    self._ring(ring, color)

    def _tint(self, at: tuple[int, int], opacity: npt.NDArray[np.uint8], color: tuple[int, int, int]) -> None:
        from PIL import Image

        if opacity.size:
            mask = Image.fromarray((opacity * self._fill).astype(np.uint8))
            self.image.paste(color, (at[0], at[1], at[0] + mask.width, at[1] + mask.height), mask)

    def _points(self, shape: Keypoints, color: tuple[int, int, int]) -> None:
        field = next((field for field in self._schema.fields if field.name == shape.field), None)
        places = self._at(shape.points)
        seen = [point[2] for point in shape.points]
        edges = field.edges if isinstance(field, Skeletons) else ()
        for one, other in edges:
            if max(one, other) < len(places) and seen[one] and seen[other]:
                self._path([places[one], places[other]], color)
        canvas = self._canvas()
        radius = self._line * 2.0
        for (x, y), visible in zip(places, seen, strict=True):
            if visible:
                box = (x - radius - 0.5, y - radius - 0.5, x + radius - 0.5, y + radius - 0.5)
                canvas.ellipse(box, fill=color if visible == 2 else None, outline=_ground(color), width=self._line)
                if visible == 1:
                    inner = tuple(side + sign * self._line / 2 for side, sign in zip(box, (1, 1, -1, -1), strict=True))
                    canvas.ellipse(inner, outline=color, width=self._line)


def _ground(color: tuple[int, int, int]) -> tuple[int, int, int]:
    """Black or white, whichever the colour is seen on."""
    red, green, blue = color
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else (255, 255, 255)


def _write(image: Any, drawn: Sequence[Any], scale: float, line: float, schema: Schema, font: str) -> None:
    """The labels, each above its shape or, where there is no room, in it."""
    from PIL import ImageDraw

    letters = _font(font, max(11.0, max(image.size) / 60))
    canvas = ImageDraw.Draw(image)
    for shape in drawn:
        if not shape.label:
            continue
        left, top, _, _ = (side * scale for side in shapes.bounds(shape))
        color = _color(schema, shape)
        words = " ".join(shape.label.split())[:60]
        x0, y0, x1, y1 = canvas.textbbox((0, 0), words, font=letters)
        pad = max(2.0, (y1 - y0) / 5)
        wide, high = x1 - x0 + 2 * pad, y1 - y0 + 2 * pad
        x = min(max(left - line / 2, 0), max(image.width - wide, 0))
        y = top - line / 2 - high
        y = min(max(y if y >= 0 else top, 0), max(image.height - high, 0))
        canvas.rectangle((x, y, x + wide, y + high), fill=color)
        canvas.text((x + pad - x0, y + pad - y0), words, fill=_ground(color), font=letters)


def _font(path: str, size: float) -> Any:
    from PIL import ImageFont

    if path:
        try:
            return ImageFont.truetype(path, round(size))
        except OSError as error:
            raise MediaError(f"the font {path!r} cannot be read: {error}") from None
    return ImageFont.load_default(size)


# ---- areas -------------------------------------------------------------------------------------------


def inside(
    annotations: Iterable[AnyAnnotation], size: tuple[int, int], *, instances: bool = False
) -> npt.NDArray[np.bool_] | npt.NDArray[np.int32]:
    """The pixels within boxes, closed polygons and masks: true or false, or the number of the shape, from 1."""
    width, height = size
    made: Any = np.zeros((height, width), np.int32 if instances else np.bool_)
    for number, shape in enumerate(annotations, 1):
        if isinstance(shape, Box | Mask) or (isinstance(shape, Polygon) and shape.closed):
            left, top, part = shapes.cropped(shapes.to_mask(shape, size))
            window = made[top : top + part.shape[0], left : left + part.shape[1]]
            window[part] = number if instances else True
    return made  # type: ignore[no-any-return]


# ---- cuttings ----------------------------------------------------------------------------------------


def cut_out(shape: Any, size: tuple[int, int], region: Region, *, pad: int = 0, cut: bool = False) -> Any:
    """What a shape marks, as a PIL image: a rotated box set straight, all else within its bounds.

    Parameters
    ----------
    shape : Box, Polygon, Keypoints or Mask
        On an image of ``size`` (width, height).
    region : callable
        Reads a rectangle of the image.
    pad : int
        Pixels around the shape that are taken along.
    cut : bool
        Whether what is outside of the shape becomes transparent.

    Returns
    -------
    PIL image or None
        ``None`` if nothing of the shape lies in the image.
    """
    if isinstance(shape, Box) and shape.rotation % 360:
        return _straight(shape, size, region, pad, cut)
    left, top, width, height = shapes.bounds(shape)
    box = _whole((left - pad, top - pad, left + width + pad, top + height + pad), size)
    if box is None or (isinstance(shape, Mask) and not width):
        return None
    image = region(box)
    if not cut or isinstance(shape, Keypoints) or (isinstance(shape, Polygon) and not shape.closed):
        return image
    x, y, part = shapes.cropped(shapes.to_mask(shape, size))
    alpha = np.zeros((box[3] - box[1], box[2] - box[0]), np.uint8)
    alpha[y - box[1] : y - box[1] + part.shape[0], x - box[0] : x - box[0] + part.shape[1]] = part * np.uint8(255)
    return _with_alpha(image, alpha)


def _whole(box: tuple[float, float, float, float], size: tuple[int, int]) -> Rect | None:
    """The whole pixels that a rectangle touches, within the image."""
    left, top = max(math.floor(box[0] + _EDGE), 0), max(math.floor(box[1] + _EDGE), 0)
    right, bottom = min(math.ceil(box[2] - _EDGE), size[0]), min(math.ceil(box[3] - _EDGE), size[1])
    if box[2] < 0 or box[3] < 0 or left >= size[0] or top >= size[1]:
        return None
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    return left, top, right, bottom


def _straight(box: Box, size: tuple[int, int], region: Region, pad: int, cut: bool) -> Any:
    from PIL import Image

    wide, high = box.width + 2 * pad, box.height + 2 * pad
    padded = Box(box.x - pad, box.y - pad, wide, high, rotation=box.rotation)
    left, top, width, height = shapes.bounds(padded)
    source = _whole((left - 1, top - 1, left + width + 1, top + height + 1), size)
    if source is None:
        return None
    image = region(source).convert("RGBA")
    cos, sin = math.cos(math.radians(box.rotation)), math.sin(math.radians(box.rotation))
    cx, cy = box.x + box.width / 2 - source[0], box.y + box.height / 2 - source[1]
    out = (max(round(wide), 1), max(round(high), 1))
    u, v = -out[0] / 2, -out[1] / 2
    turn = (cos, -sin, cx + cos * u - sin * v, sin, cos, cy + sin * u + cos * v)
    made = image.transform(out, Image.Transform.AFFINE, turn, Image.Resampling.BILINEAR, fillcolor=(0, 0, 0, 0))
    if not cut:
        return _flat(made)
    if pad:
        alpha = np.zeros((out[1], out[0]), np.uint8)
        alpha[pad : out[1] - pad, pad : out[0] - pad] = 255
        return _with_alpha(made, np.minimum(alpha, np.asarray(made.getchannel("A"))))
    return made


def _flat(image: Any) -> Any:
    from PIL import Image

    made = Image.new("RGB", image.size, (255, 255, 255))
    made.paste(image, mask=image.getchannel("A"))
    return made


def _with_alpha(image: Any, alpha: npt.NDArray[np.uint8]) -> Any:
    from PIL import Image

    made = image.convert("RGB").convert("RGBA")
    made.putalpha(Image.fromarray(alpha))
    return made
