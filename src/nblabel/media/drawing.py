"""Images that the user's own function draws on an ipycanvas Canvas: recorded here, drawn again by the page.

What is handed over is described at the top of ``js/src/image/drawing.ts``. Nothing is sent and no comm is opened
while a function draws, so that it may draw in any thread and in no notebook at all.
"""

from __future__ import annotations

import functools
import hashlib
import io
import struct
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from ..errors import MissingExtra, NblabelError
from ..records import Item
from .base import MediaError, Piece, Shown
from .origins import mark_of
from .pillow import told

__all__ = ["DrawingReader", "drawing_of", "new_canvas"]

MIME = "application/x-nblabel-drawing"
_LONGEST_SIDE = 16_384
_MOST_PIXELS = 1 << 26
_NUMBERS = ("float64", "float32", "int32", "uint32", "int16", "uint16", "int8", "uint8")
_DEEPEST = 20


class _Kinds(NamedTuple):
    """Classes of ours over those of ipycanvas, which is imported only here."""

    canvas: Any
    module: Any


@functools.cache
def _kinds() -> _Kinds:
    try:
        from ipycanvas import canvas as module
    except ImportError:
        raise MissingExtra("draw= draws on an ipycanvas Canvas, which", "image") from None

    commands = list(module._CMD_LIST)  # noqa: SLF001 - its only list of names

    class Quiet:
        """A widget without a comm."""

        model_id = "quiet"

        def open(self) -> None:
            """Send nothing."""

    class Recorder(Quiet, module._CanvasManager):  # type: ignore[misc] # noqa: SLF001
        """Keeps commands in the place of what would send them."""

        def __init__(self) -> None:
            super().__init__()
            self.commands: list[tuple[str, list[Any], int]] = []
            self.buffers: list[tuple[str, bytes]] = []

        def record(self, name: str, args: Sequence[Any], buffers: Sequence[tuple[str, bytes]] = ()) -> None:
            self.commands.append((name, list(args), len(buffers)))
            self.buffers += buffers

        def send_draw_command(self, canvas: Any, name: int, args: Any = (), buffers: Any = ()) -> None:
            kinds = {arg["idx"]: arg["dtype"] for arg in args if isinstance(arg, dict) and "idx" in arg}
            self.record(commands[name], args, [_numbers(one, kinds.get(n)) for n, one in enumerate(buffers)])

        def send_command(self, canvas: Any, command: Any, buffers: Any = ()) -> None:
            if commands[command[0]] == "set":
                self._set(canvas, *command[1])

        def _set(self, canvas: Any, number: int, value: Any) -> None:
            name = next((name for name, one in canvas.ATTRS.items() if one == number), "")
            value = getattr(canvas, name, value)  # not the name of a model that the page does not have
            if isinstance(value, module.Pattern):
                self.record("set", [number, {"idx": 0, "repetition": value.repetition}], [_image_of(value.image)])
            elif isinstance(value, module._CanvasGradient):  # noqa: SLF001
                ends = ("x0", "y0", "r0", "x1", "y1", "r1")
                line = [getattr(value, end) for end in ends if hasattr(value, end)]
                self.record("set", [number, {"gradient": line, "stops": list(value.color_stops)}])
            else:
                self.record("set", [number, value])

        def flush(self) -> None:
            """All is kept already."""

    class LinearGradient(Quiet, module.LinearGradient):  # type: ignore[misc]
        pass

    class RadialGradient(Quiet, module.RadialGradient):  # type: ignore[misc]
        pass

    class Pattern(Quiet, module.Pattern):  # type: ignore[misc]
        pass

    class Canvas(Quiet, module.Canvas):  # type: ignore[misc]
        """An ipycanvas Canvas that keeps what is drawn on it; ``type(canvas)(width=..., height=...)`` makes another."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, _canvas_manager=Recorder(), **options)

        def draw_image(self, image: Any, x: Any = 0, y: Any = 0, width: Any = None, height: Any = None) -> None:
            place = [x, y] if width is None else [x, y, width, width if height is None else height]
            self._canvas_manager.record("drawImage", [{"idx": 0}, *place], [_image_of(image)])

        def put_image_data(self, image_data: Any, x: Any = 0, y: Any = 0) -> None:
            self._canvas_manager.record("putImageData", [x, y], [("image", _png(image_data))])

        def stroke(self, path2d: Any = None) -> None:
            self._path("stroke", path2d)

        def fill(self, rule_or_path: Any = "nonzero") -> None:
            self._path("fill", rule_or_path)

        def _path(self, name: str, given: Any) -> None:
            if isinstance(given, module.Path2D):
                self._canvas_manager.record(f"{name}Path", [given.value])
            else:
                self._canvas_manager.record(name, [] if given is None else [given])

        def create_linear_gradient(self, *args: Any, **options: Any) -> Any:
            return LinearGradient(*args, **options)

        def create_radial_gradient(self, *args: Any, **options: Any) -> Any:
            return RadialGradient(*args, **options)

        def create_pattern(self, image: Any, repetition: str = "repeat") -> Any:
            return Pattern(image, repetition)

        def sleep(self, time: Any) -> None:
            """There is nothing to wait for."""

    return _Kinds(Canvas, module)


def new_canvas(width: int, height: int) -> Any:
    """A Canvas that keeps what is drawn on it."""
    return _kinds().canvas(width=width, height=height)


def drawing_of(canvas: Any) -> bytes:
    """What was drawn on a canvas of `new_canvas`, as the page reads it."""
    kept = canvas._canvas_manager  # noqa: SLF001 - ours
    header = {
        "width": canvas.width,
        "height": canvas.height,
        "commands": kept.commands,
        "buffers": [{"bytes": len(data), "dtype": kind} for kind, data in kept.buffers],
    }
    head = msgspec.json.encode(header, enc_hook=_plain)
    return b"".join([struct.pack("<I", len(head)), head, *(data for _, data in kept.buffers)])


def _plain(value: Any) -> Any:
    """Numbers of numpy, and what ipycanvas takes for lists, as JSON has them."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} cannot be drawn")


def _numbers(buffer: Any, kind: str | None) -> tuple[str, bytes]:
    """The numbers of a buffer, in a type that browsers have."""
    values = np.frombuffer(buffer, dtype=np.dtype(kind or "uint8"))
    if values.dtype.kind == "b":
        values = values.astype(np.uint8)
    elif values.dtype.name not in _NUMBERS:
        values = values.astype(np.float64)
    return values.dtype.name, values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def _image_of(image: Any) -> tuple[str, bytes]:
    canvas, module = _kinds()
    if isinstance(image, canvas):
        return "drawing", drawing_of(image)
    if isinstance(image, module.Image):
        if image.format == "url":
            raise MediaError("an Image with format='url' would be fetched, so it is not drawn", "give it the bytes")
        return "image", bytes(image.value)
    if isinstance(image, (module.Canvas, module.MultiCanvas)):
        raise MediaError(
            "a Canvas that was made elsewhere has its pixels only in the page",
            "make it as type(canvas)(width=..., height=...)",
        )
    raise TypeError(f"an Image or a Canvas can be drawn, not a {type(image).__name__}")


def _png(array: Any) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.asarray(array).astype(np.uint8))).save(made, "PNG", compress_level=1)
    return made.getvalue()


# ---- items -------------------------------------------------------------------------------------------


class DrawingReader:
    """Items that a function draws.

    Parameters
    ----------
    draw : callable
        ``draw(canvas, value)``; called when an item is shown, in a worker thread, never twice at once.
    size : (int, int)
        Width and height of all drawings, in pixels.
    """

    def __init__(self, draw: Callable[[Any, Any], Any], size: tuple[int, int]) -> None:
        if not callable(draw):
            raise NblabelError(f"draw={draw!r} cannot be called", "give a function draw(canvas, value)")
        try:
            width, height = (side.__index__() for side in size)
        except (AttributeError, TypeError, ValueError):
            raise NblabelError(f"size={size!r} is no width and height", "such as size=(800, 600)") from None
        if not (0 < width <= _LONGEST_SIDE and 0 < height <= _LONGEST_SIDE and width * height <= _MOST_PIXELS):
            raise NblabelError(f"size={size!r} is no size of a canvas", f"a side has at most {_LONGEST_SIDE} pixels")
        _kinds()  # says at once if ipycanvas is missing
        self._draw = draw
        self._size = (width, height)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Nothing is kept."""

    def measure(self, value: Any) -> tuple[tuple[int, int] | None, str]:
        """The size of all drawings."""
        return self._size, ""

    def mark(self, value: Any) -> bytes:
        """16 bytes that stand for what is drawn."""
        return _mark(value)

    def glance(self, value: Any) -> bytes:
        """The same: what is drawn is small."""
        return _mark(value)

    def present(self, item: Item) -> Shown:
        """What the page is told of an item."""
        if item.problem:
            return Shown(None, problem=item.problem)
        rev = _mark((item.data, self._size))[:4].hex()
        width, height = self._size
        return Shown({"width": width, "height": height, "form": "drawing", "rev": rev, "name": "", "note": ""})

    def piece(self, item: Item, part: str, at: tuple[int, ...]) -> Piece:
        """The drawing."""
        if item.problem:
            raise MediaError(item.problem)
        if part != "drawing" or at:
            raise MediaError("this item is drawn in the page, so it has no other pieces")
        canvas = new_canvas(*self._size)
        try:
            with self._lock:
                self._draw(canvas, item.data)
            made = drawing_of(canvas)
        except Exception as error:  # the user's own function
            detail = "".join(traceback.format_exception(error))
            raise MediaError(f"draw= failed: {type(error).__name__}: {told(error)}", detail=detail) from error
        return Piece(made, {"mime": MIME})

    def size(self, item: Item) -> tuple[int, int]:
        """Width and height of the drawing."""
        return self._size

    def region(self, item: Item, box: Any, out: Any = None) -> Any:
        """There are no pixels here."""
        raise MediaError(
            "a drawn item has its pixels only in the page",
            "draw= gives no images, crops or views; masks and shapes are here",
        )

    def image(self, item: Item, within: int | None = None) -> Any:
        """There are no pixels here."""
        return self.region(item, None)

    def pixels(self, item: Item) -> Any:
        """There are no pixels here."""
        return self.region(item, None)


def _mark(value: Any, depth: int = 0) -> bytes:
    """The same 16 bytes for equal values in every session, as far as values say what they are."""
    made = hashlib.blake2b(type(value).__name__.encode(), digest_size=16)
    if depth > _DEEPEST:
        return made.digest()
    if isinstance(value, np.generic):
        return _mark(value.item(), depth)
    if isinstance(value, str):
        made.update(value.encode("utf-8", "surrogatepass"))
    elif isinstance(value, (np.ndarray, bytes, bytearray, memoryview)):
        made.update(mark_of(value))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            made.update(_mark(key, depth + 1) + _mark(one, depth + 1))
    elif isinstance(value, (list, tuple)):
        for one in value:
            made.update(_mark(one, depth + 1))
    else:
        try:
            made.update(msgspec.json.encode(value, order="deterministic"))
        except Exception:  # an object that does not say what it holds: told apart by its place
            return made.digest()
    return made.digest()
