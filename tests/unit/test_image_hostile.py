"""Broken, huge and hostile images: the item says so, the queue goes on, and a page reads nothing but its items."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nblabel as nb
from nblabel.media.base import MediaError
from nblabel.media.images import ImageReader
from nblabel.media.origins import origin_of

from .images import Page, chunk, decoded, item, marked, png_bomb, png_bytes, tiled_tiff, whole

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HOSTILE_NAMES = (
    "<img src=x onerror=alert(1)>.png",
    "line\nbreak.png",
    "\u202egnp.exe.png",
    "🎉 ünïcode \u0301.png",
    "'; drop table event; --.png",
    "%2e%2e%2fescape.png",
    "data:image.png",
    "-rf.png",
    "[*]?.png",
    " .png",
)


def problem(value: Any, **options: Any) -> str:
    """What is wrong with an image."""
    reader = ImageReader(**options)
    size, words = reader.measure(value)
    if size is not None:
        assert not words
        try:
            reader.piece(item(value), "image", ())
        except MediaError as error:
            return str(error)
    return words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"hello", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "not an image|cannot be read"),
        (b"\xff\xd8\xff", "not an image|cannot be read"),
        (b"II*\0\xff\xff\xff\xff", "cannot be read|not an image"),
        (SVG, "an SVG can carry scripts"),
        (b"\xef\xbb\xbf\n <svg/>", "an SVG can carry scripts"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (b"<html><body>", "not an image"),
        (os.urandom(5000), "not an image"),
    ],
)
def test_files_that_are_no_images(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(MediaError, match=words):
        raise MediaError(problem(str(tmp_path / "a.png")))
    with pytest.raises(MediaError, match=words):
        raise MediaError(problem(content))


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "bmp", "webp", "tiff"])
def test_files_that_end_too_early(kind: str) -> None:
    made = io.BytesIO()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (300, 400, 3), np.uint8)).save(
        made, kind, **({"compression": "tiff_lzw"} if kind == "tiff" else {})
    )
    reader = ImageReader(stretch="minmax")  # so that they are decoded here, not in the browser
    broken = made.getvalue()[: len(made.getvalue()) // 2]
    size, words = reader.measure(broken)
    if size is not None:
        with pytest.raises(MediaError, match=r"broken|cannot be"):
            reader.piece(item(broken), "image", ())
    else:
        assert "cannot be read" in words or "not an image" in words


def test_pixels_that_are_broken() -> None:
    data = bytearray(png_bytes(np.random.default_rng(0).integers(0, 255, (99, 99, 3), np.uint8)))
    data[3000:3100] = bytes(100)
    assert "the image is broken" in problem(bytes(data), stretch="minmax")


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    assert "no such file" in problem(str(tmp_path / "none.png"))
    assert "is a folder" in problem(str(tmp_path))
    assert "no image (an empty path)" in problem("")
    assert "not a path" in problem("a\0b")
    assert "cannot be read" in problem("x" * 300 + ".png") or "no such file" in problem("x" * 300 + ".png")
    assert "not a path" in problem("x" * 10_000)
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    assert "cannot be read" in problem(str(tmp_path / "loop.png"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes(marked()))
    (tmp_path / "a.png").chmod(0)
    assert "Permission denied" in problem(str(tmp_path / "a.png"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("http://example.org/a.png", "http: URLs are not fetched"),
        ("HTTPS://example.org/a.png", "https: URLs are not fetched"),
        ("ftp://example.org/a.png", "ftp: URLs are not fetched"),
        ("s3://bucket/a.png", "s3: URLs are not fetched"),
        ("file:///etc/passwd", "file: URL is not a path"),
        ("data:text/html,<script>alert(1)</script>", "data URI must be data:image"),
        ("data:image/png;base64,%%%", "not base64"),
        ("data:image/png;base64", "data URI must be"),
        ("data:image/svg+xml;base64," + "PHN2Zy8+", "an SVG can carry scripts"),
        ("data:image/svg+xml,%3Csvg/%3E", "an SVG can carry scripts"),
    ],
)
def test_nothing_is_fetched(value: str, words: str) -> None:
    assert words in problem(value)


def test_sizes_are_looked_at_before_anything_is_decoded(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = png_bomb(tmp_path / "a.png", 60_000, 60_000, 8, pixels=False)
        assert "the image is too large: 60000 × 60000 pixels" in problem(said)
        size, words = ImageReader().measure(png_bomb(tmp_path / "b.png", 20_000, 20_000, 8, pixels=False))
        assert (size, words) == ((20_000, 20_000), "")
    assert "no pixels" in problem(np.zeros((0, 7), np.uint8)) or "shape" in problem(np.zeros((0, 7), np.uint8))
    assert problem(png_bomb(tmp_path / "c.png", 0, 10, 8))


@pytest.mark.parametrize("bits", [1, 8])
def test_a_bomb_of_400_million_pixels_is_read_in_parts(tmp_path: Path, bits: int) -> None:
    path = png_bomb(tmp_path / "a.png", 20_000, 20_000, bits)
    assert path.stat().st_size < 3_000_000
    code = """
    import io, resource, sys
    import numpy as np
    from PIL import Image
    from nblabel.media.images import ImageReader
    from nblabel.records import Item
    import pyvips

    reader, one = ImageReader(), Item(0, sys.argv[1], identity="0")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for part, at in (("preview", (512,)), ("tile", (6, 0, 0)), ("tile", (3, 2, 2))):
        piece = reader.piece(one, part, at)
        assert np.asarray(Image.open(io.BytesIO(piece.data))).max() == 0
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
    """
    made = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert int(made.stdout) < 250


def test_without_readers_of_parts_large_images_say_what_to_install(tmp_path: Path) -> None:
    png_bomb(tmp_path / "a.png", 20_000, 20_000, 1, pixels=False)
    png_bomb(tmp_path / "b.png", 12_000, 12_000, 1)
    tiled_tiff(tmp_path / "c.tif", 5120, {(3, 3): (9, 200, 9)})
    code = """
    import io, sys
    for name in ("pyvips", "tifffile"):
        sys.modules[name] = None
    import importlib.util
    found = importlib.util.find_spec
    importlib.util.find_spec = lambda name, *more: None if name in ("pyvips", "tifffile") else found(name, *more)
    import numpy as np
    from PIL import Image
    from nblabel.media.images import ImageReader
    from nblabel.records import Item

    reader = ImageReader()
    print(reader.measure(sys.argv[1] + "/a.png")[1])
    one = Item(0, sys.argv[1] + "/b.png", identity="b")
    assert np.asarray(Image.open(io.BytesIO(reader.piece(one, "tile", (0, 20, 20)).data))).max() == 0
    assert np.asarray(Image.open(io.BytesIO(reader.piece(one, "preview", (200,)).data))).max() == 0
    one = Item(0, sys.argv[1] + "/c.tif", identity="c")
    assert np.asarray(Image.open(io.BytesIO(reader.piece(one, "tile", (0, 3, 3)).data)))[9, 9].tolist() == [9, 200, 9]
    """
    made = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip() == (
        "the image is too large: 20000 × 20000 pixels (pip install 'nblabel[tiles]' reads images of this size in parts)"
    )


def test_a_text_in_a_png_may_not_blow_up() -> None:
    import zlib

    text = b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9)
    base = png_bytes(marked())
    data = base[:33] + chunk(b"zTXt", text) + base[33:]
    size, words = ImageReader().measure(data)
    assert size == (64, 48) or words


def test_headers_that_lie() -> None:
    base = bytearray(png_bytes(marked()))
    struct.pack_into(">II", base, 16, 640, 480)
    base[29:33] = struct.pack(">I", __import__("zlib").crc32(bytes(base[12:29])))
    assert "broken" in problem(bytes(base), stretch="minmax")


# ---- names -------------------------------------------------------------------------------------------


def test_hostile_names_are_only_text(tmp_path: Path) -> None:
    for n, name in enumerate(HOSTILE_NAMES):
        image = marked()
        image[0, 0] = n
        (tmp_path / name).write_bytes(png_bytes(image))
    lab = nb.ImageLabeler(tmp_path, boxes=["x"], store=":memory:")
    page = Page(lab)
    items = page.open()["queue"]["items"]
    assert sorted(one["data"]["name"] for one in items) == sorted(HOSTILE_NAMES)
    for one in items:
        n = HOSTILE_NAMES.index(one["data"]["name"])
        piece = page.media(one["id"], "image")
        assert piece["type"] == "chunk", piece
        with Image.open(io.BytesIO(piece["bytes"])) as image:
            assert image.convert("RGB").getpixel((0, 0)) == (n, n, n)
    for name in HOSTILE_NAMES:
        lab.submit([nb.Box(1, 2, 3, 4, "x")], key=str(tmp_path / name))
    assert sorted(lab.annotations.key) == sorted(str(tmp_path / name) for name in HOSTILE_NAMES)
    page.close()
    lab.close()


def test_names_with_data_at_the_beginning_need_a_folder(tmp_path: Path) -> None:
    (tmp_path / "data:image.png").write_bytes(png_bytes(marked()))
    assert "data URI" in problem("data:image.png", root=tmp_path)
    assert problem("./data:image.png", root=tmp_path) == ""


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe.png"
    try:
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(png_bytes(marked()))
    except OSError:
        pytest.skip("this file system takes no such names")
    lab = nb.ImageLabeler(tmp_path, boxes=["x"], store=":memory:")
    page = Page(lab)
    (one,) = page.open()["queue"]["items"]
    assert page.media(one["id"], "image")["type"] == "chunk"
    lab.submit([nb.Box(1, 2, 3, 4, "x")])
    assert len(lab.annotations) == 1
    page.close()
    lab.close()


# ---- a page that lies --------------------------------------------------------------------------------


@pytest.fixture
def page(tmp_path: Path) -> Any:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.png").write_bytes(png_bytes(marked()))
    (tmp_path / "in" / "a.png").write_bytes(png_bytes(marked()))
    (tmp_path / "in" / "b.png").write_bytes(b"broken")
    lab = nb.ImageLabeler("*.png", root=tmp_path / "in", boxes=["x"], store=":memory:")
    made = Page(lab)
    yield made
    made.close()
    lab.close()


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "secret.png",
        "/etc/passwd",
        "a.png",
        "",
        "a.png/../../secret.png",
        "\0",
        "k:s:../secret.png",
        "0" * 32,
    ],
)
def test_a_page_names_items_not_paths(page: Page, name: str) -> None:
    for answer in (page.media(name, "image"), page.ask(type="ask", item=name, tool="segment", given={})):
        assert answer["type"] == "failure"
        assert "not here" in answer["problem"]["title"]
        assert not answer["bytes"]


@pytest.mark.parametrize(
    ("part", "at"),
    [
        ("image", [0]),
        ("tile", [0, 0, 0]),
        ("preview", [1, 2]),
        ("../secret.png", []),
        ("drawing", []),
        ("x" * 100_000, []),
        ("image\n", []),
        ("preview", [1.5]),
        ("preview", ["64"]),
        ("preview", "64"),
        (["image"], []),
        ("preview", [None]),
    ],
)
def test_a_page_asks_for_known_parts_only(page: Page, part: Any, at: Any) -> None:
    identity = page.open()["queue"]["items"][0]["id"]
    answer = page.ask(type="media", item=identity, part=part, at=at)
    assert answer["type"] == "failure"
    assert len(str(answer)) < 5000


def test_a_broken_image_has_a_problem_and_the_queue_goes_on(page: Page) -> None:
    first, second = page.open()["queue"]["items"]
    assert first["key"] == "a.png"
    assert second["problem"] == "not an image, or of a format that is not known here"
    assert page.media(second["id"], "image")["type"] == "failure"
    page.lab.submit([nb.Box(1, 2, 3, 4, "x")])
    assert page.lab.item.key == "b.png"
    assert "not an image" in page.lab.item.problem
    page.lab.discard()
    assert page.lab.progress.discarded == 1
    assert page.lab.crops().image[0].size == (3, 4)
    with pytest.raises(MediaError, match="not an image"):
        page.lab.image("b.png")
    with pytest.raises(MediaError, match="not an image"):
        page.lab.render("b.png")
    with pytest.raises(MediaError, match="not an image"):
        page.lab.mask("b.png")


def test_a_file_that_breaks_later_fails_only_then(tmp_path: Path) -> None:
    good = png_bytes(np.random.default_rng(0).integers(0, 255, (99, 99, 3), np.uint8))
    (tmp_path / "a.png").write_bytes(good)
    lab = nb.ImageLabeler([str(tmp_path / "a.png")], boxes=["x"], store=":memory:")
    page = Page(lab)
    identity = page.open()["queue"]["items"][0]["id"]
    assert page.media(identity, "preview", (64,))["type"] == "chunk"
    (tmp_path / "a.png").write_bytes(good[:2000])
    answer = page.media(identity, "preview", (64,))
    assert answer["type"] == "failure"
    assert "broken" in answer["problem"]["title"]
    (tmp_path / "a.png").unlink()
    assert "no such file" in page.media(identity, "image")["problem"]["title"]
    (tmp_path / "a.png").write_bytes(png_bytes(marked()))
    assert page.media(identity, "image")["bytes"] == png_bytes(marked())
    page.close()
    lab.close()


def test_objects_that_misbehave_are_items_with_a_problem() -> None:
    class Angry:
        def __array__(self, *args: Any, **options: Any) -> Any:
            raise RuntimeError("not today")

    class Lost:
        def __fspath__(self) -> Any:
            raise RuntimeError("never")

    lab = nb.ImageLabeler(
        [marked(), Angry(), object(), {"a": 1}, None, 3.5, float("nan")], boxes=["x"], store=":memory:"
    )
    items = Page(lab).open()["queue"]["items"]
    words = [one.get("problem", "") for one in items]
    assert words[0] == ""
    assert "not today" in words[1]
    assert words[2:4] == ["not an image: the value is an object", "not an image: the value is a dict"]
    assert words[4] == words[6] == "no image (missing value)"
    assert "a float" in words[5]
    assert ImageReader().measure(Lost())[0] is None
    lab.close()


def test_only_what_was_handed_in_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bytes(marked()))
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    (tmp_path / "sub").mkdir()
    for given in (tmp_path / "link.png", tmp_path / "sub" / ".." / "a.png", "sub/../a.png"):
        assert np.array_equal(whole(given, root=tmp_path), marked())
    assert origin_of("~nobody-of-that-name/a.png") == "~nobody-of-that-name/a.png"
    assert decoded(ImageReader().piece(item(tmp_path / "a.png"), "image", ())).shape == (48, 64, 3)
