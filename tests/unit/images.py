"""Images made by the tests: marks known to the pixel, files as cameras and scanners write them, bombs."""

from __future__ import annotations

import io
import json
import queue
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nblabel.labelers.bridge import Bridge
from nblabel.labelers.image import ImageLabeler
from nblabel.media.base import Piece
from nblabel.media.images import ImageReader
from nblabel.protocol import PROTOCOL_VERSION
from nblabel.records import Item

__all__ = [
    "Page",
    "decoded",
    "exif",
    "item",
    "marked",
    "plain_png",
    "png_bomb",
    "png_bytes",
    "save_stored",
    "stored",
    "tiled_tiff",
    "upright",
]

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)

_STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.swapaxes(a[::-1, ::-1], 0, 1),
    8: lambda a: np.rot90(a, -1),
}
_LOADED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.swapaxes(a[::-1, ::-1], 0, 1),
    8: lambda a: np.rot90(a, 1),
}


def item(value: Any, key: Any = 0, **more: Any) -> Item:
    """An item as a source makes it."""
    return Item(key, value, identity=str(key), **more)


def marked(width: int = 64, height: int = 48, side: int = 16) -> np.ndarray[Any, Any]:
    """Black, with a red, a green and a blue square in three corners; the fourth stays black."""
    made = np.zeros((height, width, 3), np.uint8)
    made[:side, :side] = RED
    made[:side, -side:] = GREEN
    made[-side:, :side] = BLUE
    return made


def stored(image: np.ndarray[Any, Any], orientation: int) -> np.ndarray[Any, Any]:
    """How a camera held otherwise stores an upright image."""
    return np.ascontiguousarray(_STORED[orientation](image))


def upright(image: np.ndarray[Any, Any], orientation: int) -> np.ndarray[Any, Any]:
    """What EXIF says is to be done with a stored image: the reference for our own way."""
    return np.ascontiguousarray(_LOADED[orientation](image))


def exif(orientation: int, *, gps: bool = False) -> Image.Exif:
    """A block of EXIF, with a place on earth if asked for."""
    made = Image.Exif()
    made[0x0112] = orientation
    if gps:
        made.get_ifd(0x8825)[1] = "N"
        made[0x010E] = "taken at home"
    return made


def save_stored(path: Path, image: np.ndarray[Any, Any], orientation: int, **more: Any) -> Path:
    """An upright image as a file that says how it is to be turned."""
    held = Image.fromarray(stored(image, orientation))
    options: dict[str, Any] = {
        ".jpg": {"quality": 100, "subsampling": 0},
        ".webp": {"lossless": True},
        ".tif": {"tiffinfo": {274: orientation}},
    }.get(path.suffix, {})
    if path.suffix == ".tif":
        held.save(path, **options, **more)
    else:
        held.save(path, exif=exif(orientation, gps=True), **options, **more)
    return path


def decoded(piece: Piece) -> np.ndarray[Any, Any]:
    """The pixels of a piece, as a browser decodes them: without a look at EXIF, which must have been applied."""
    with Image.open(io.BytesIO(piece.data)) as image:
        assert piece.about["mime"] == f"image/{str(image.format).lower()}"
        return np.asarray(image)


def whole(value: Any, **options: Any) -> np.ndarray[Any, Any]:
    """An image as the page gets it."""
    return decoded(ImageReader(**options).piece(item(value), "image", ()))


# ---- PNG by hand -------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def plain_png(image: np.ndarray[Any, Any], *, bits: int = 8, after: bytes = b"") -> bytes:
    """A PNG of 8 or 16 bits a colour, with chunks after its pixels."""
    height, width, bands = image.shape
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[bands]
    rows = image.astype(f">u{bits // 8}").reshape(height, -1).view(np.uint8)
    raw = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(raw)) + after + chunk(b"IEND", b"")


def png_bytes(image: np.ndarray[Any, Any]) -> bytes:
    """A PNG of an array, as any tool writes it."""
    made = io.BytesIO()
    Image.fromarray(image).save(made, "PNG")
    return made.getvalue()


def png_bomb(path: Path, width: int, height: int, bits: int, *, pixels: bool = True) -> Path:
    """A small file of a huge black image; without ``pixels`` it only says that it is huge."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    packer = zlib.compressobj(1)
    body = b""
    if pixels:
        row = b"\0" * (1 + (width * bits + 7) // 8)
        body = b"".join(packer.compress(row) for _ in range(height))
    body += packer.flush()
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b""))
    return path


# ---- TIFF --------------------------------------------------------------------------------------------


def tiled_tiff(
    path: Path, side: int, marks: dict[tuple[int, int], tuple[int, int, int]], tile: int = 512, **more: Any
) -> Path:
    """A square image that is black but for some tiles, given by row and column."""
    import tifffile

    count = -(-side // tile)

    def tiles() -> Any:
        empty = np.zeros((tile, tile, 3), np.uint8)
        for row in range(count):
            for column in range(count):
                color = marks.get((row, column))
                yield empty if color is None else np.full((tile, tile, 3), color, np.uint8)

    with tifffile.TiffWriter(path) as writer:
        writer.write(
            tiles(),
            shape=(side, side, 3),
            dtype=np.uint8,
            tile=(tile, tile),
            photometric="rgb",
            compression="zlib",
            **more,
        )
    return path


# ---- the page's end of a labeler ---------------------------------------------------------------------


class Page:
    """Asks a labeler what a page asks, and waits for the answer."""

    def __init__(self, lab: ImageLabeler) -> None:
        self.lab = lab
        self._heard: queue.Queue[tuple[dict[str, Any], list[memoryview]]] = queue.Queue()
        kept = lab._bridge
        self.bridge = Bridge(
            lab._session,
            lambda message, buffers=(): self._heard.put((json.loads(json.dumps(message)), list(buffers))),
            present=kept._present,
            serve=kept._serve,
            tools=kept._tools,
            options=kept._options,
        )
        self._id = 0

    def ask(self, **message: Any) -> dict[str, Any]:
        """The answer to a message; its bytes are in ``bytes``."""
        self._id += 1
        self.bridge.receive({"id": self._id, **message})
        while True:
            answer, buffers = self._heard.get(timeout=60)
            if answer.get("reply") == self._id:
                return {**answer, "bytes": b"".join(buffers)}

    def open(self) -> dict[str, Any]:
        """What the page gets first."""
        return self.ask(type="hello", version=PROTOCOL_VERSION)

    def media(self, item: str, part: str, at: tuple[int, ...] = ()) -> dict[str, Any]:
        """A whole piece, put together from its chunks."""
        answer = self.ask(type="media", item=item, part=part, at=list(at))
        while answer["type"] == "chunk" and len(answer["bytes"]) < answer["total"]:
            more = self.ask(type="media", item=item, part=part, at=list(at), offset=len(answer["bytes"]))
            answer["bytes"] += more["bytes"]
        return answer

    def close(self) -> None:
        """Hear nothing any more."""
        self.bridge.close()
