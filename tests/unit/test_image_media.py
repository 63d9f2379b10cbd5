"""Images as the page gets them: upright, in the right colours, whole or in tiles."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from nblabel.errors import NblabelError, ProtocolError
from nblabel.media.base import MediaError
from nblabel.media.images import TILE, ImageReader
from nblabel.media.pillow import header_of
from nblabel.media.pyramids import Pyramid, level_size, levels_of
from nblabel.media.rasters import ArrayRaster, DecodedRaster, PictureRaster, Raster
from nblabel.media.tiff import TiffRaster
from nblabel.media.tones import Look
from nblabel.media.upright import stored_box, upright_size
from nblabel.media.vips import VipsRaster

from .images import (
    chunk,
    decoded,
    exif,
    item,
    marked,
    plain_png,
    png_bytes,
    save_stored,
    stored,
    tiled_tiff,
    upright,
    whole,
)

ORIENTATIONS = range(1, 9)


def shown(value: Any, **options: Any) -> dict[str, Any]:
    """What the page is told of an image."""
    reader = ImageReader(**options)
    return dict(reader.present(item(value)).data)


# ---- upright, once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_orientation_is_applied_once(tmp_path: Path, suffix: str, orientation: int) -> None:
    image = marked()
    assert np.array_equal(upright(stored(image, orientation), orientation), image)
    path = save_stored(tmp_path / f"a{suffix}", image, orientation)
    told = shown(str(path))
    assert (told["width"], told["height"], told["form"]) == (64, 48, "whole")
    made = whole(str(path))[..., :3].astype(int)
    assert made.shape == image.shape
    assert np.abs(made - image).max() <= (12 if suffix == ".jpg" else 0)
    preview = decoded(ImageReader().piece(item(str(path)), "preview", (64,)))
    assert preview.shape[:2] == (48, 64)
    assert preview[4, 4].argmax() == 0
    assert preview[4, 60].argmax() == 1
    assert preview[44, 4].argmax() == 2
    assert ImageReader().image(item(str(path))).getpixel((60, 4))[1] > 200
    assert ImageReader().pixels(item(path.read_bytes()))[44, 4, 2] > 200


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_pil_images_are_set_upright_whether_they_were_read_or_not(tmp_path: Path, orientation: int) -> None:
    path = save_stored(tmp_path / "a.png", marked(), orientation)
    with Image.open(path) as lazy:
        assert np.array_equal(whole(lazy), marked())
        assert lazy.tile, "the user's image has grown"
    with Image.open(path) as read:
        read.load()
        assert np.array_equal(whole(read), marked())


def test_an_orientation_after_the_pixels_counts(tmp_path: Path) -> None:
    block = exif(6).tobytes().removeprefix(b"Exif\0\0")
    data = plain_png(stored(marked(), 6), after=chunk(b"eXIf", block))
    assert shown(data)["width"] == 64
    assert np.array_equal(whole(data), marked())


def test_metadata_that_is_broken_is_passed_over(tmp_path: Path) -> None:
    data = plain_png(marked(), after=chunk(b"eXIf", b"II*\0\xff\xff\xff\xff"))
    assert np.array_equal(whole(data), marked())
    strange = Image.Exif()
    strange[0x0112] = 77
    held = io.BytesIO()
    Image.fromarray(marked()).save(held, "PNG", exif=strange)
    assert np.array_equal(whole(held.getvalue()), marked())


def test_what_a_browser_shows_alike_is_sent_as_it_is(tmp_path: Path) -> None:
    for name, options in (("a.jpg", {"quality": 80}), ("a.png", {}), ("a.webp", {}), ("a.gif", {})):
        Image.fromarray(marked()).save(tmp_path / name, **options)
        piece = ImageReader().piece(item(tmp_path / name), "image", ())
        assert piece.data == (tmp_path / name).read_bytes()
        assert piece.about["width"] == 64


def test_places_and_names_do_not_travel_with_a_turned_photo(tmp_path: Path) -> None:
    path = save_stored(tmp_path / "a.jpg", marked(), 6)
    assert b"taken at home" in path.read_bytes()
    piece = ImageReader().piece(item(str(path)), "image", ())
    assert b"Exif" not in piece.data
    assert b"taken at home" not in piece.data


def test_a_colour_profile_is_kept(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = save_stored(tmp_path / "a.jpg", marked(), 6, icc_profile=profile)
    with Image.open(io.BytesIO(ImageReader().piece(item(str(path)), "image", ()).data)) as image:
        assert image.info["icc_profile"] == profile
    assert VipsRaster(str(path), header_of(str(path))).profile == DecodedRaster(str(path)).profile == profile


# ---- colours -----------------------------------------------------------------------------------------


def save(image: Image.Image, kind: str, **options: Any) -> bytes:
    made = io.BytesIO()
    image.save(made, kind, **options)
    return made.getvalue()


def test_all_of_pillows_modes() -> None:
    rgb = Image.fromarray(marked())
    grey = np.asarray(rgb.convert("L"))
    assert np.array_equal(whole(save(rgb.convert("1"), "TIFF")) > 0, np.asarray(rgb.convert("1")))
    assert np.array_equal(whole(save(rgb.convert("L"), "TIFF")), grey)
    assert np.array_equal(whole(save(rgb.convert("P", palette=Image.Palette.ADAPTIVE), "TIFF")), marked())
    assert np.array_equal(whole(save(rgb.convert("P", palette=Image.Palette.ADAPTIVE), "BMP")), marked())
    assert np.array_equal(whole(save(rgb, "PPM")), marked())
    clear = rgb.convert("RGBA")
    clear.putalpha(Image.fromarray(np.where(marked()[..., 0] > 0, 255, 0).astype(np.uint8)))
    made = whole(clear)
    assert made.shape == (48, 64, 4)
    assert np.array_equal(made, np.asarray(clear))
    assert whole(rgb.convert("RGBA")).shape == (48, 64, 3), "what is opaque everywhere needs no opacity"
    assert whole(clear.convert("LA")).shape == (48, 64, 4)
    assert ImageReader().image(item(clear)).getpixel((40, 40)) == (255, 255, 255)


def test_inks_are_not_inverted() -> None:
    cmyk = Image.fromarray(marked()).convert("CMYK")
    made = whole(save(cmyk, "JPEG", quality=100, subsampling=0)).astype(int)
    assert np.abs(made - np.asarray(cmyk.convert("RGB"))).max() < 20
    assert np.abs(whole(save(cmyk, "TIFF")).astype(int) - np.asarray(cmyk.convert("RGB"))).max() == 0


def test_a_photo_in_lab_colours(tmp_path: Path) -> None:
    lab = ImageCms.profileToProfile(
        Image.fromarray(marked()), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    made = whole(save(lab, "TIFF")).astype(int)
    assert np.abs(made - marked()).max() < 30


def deep(low: int = 1000, high: int = 3000) -> np.ndarray[Any, Any]:
    return np.linspace(low, high, 64 * 48).reshape(48, 64).astype(np.uint16)


def test_sixteen_bits_are_stretched_and_it_is_said() -> None:
    ramp = deep()
    low, high = np.percentile(ramp, (2, 98))
    expected = np.clip((ramp.astype(float) - low) / (high - low) * 255 + 0.5, 0, 255).astype(np.uint8)
    for value in (ramp, save(Image.fromarray(ramp), "PNG"), save(Image.fromarray(ramp), "TIFF"), ramp.astype(">u2")):
        piece = ImageReader().piece(item(value), "image", ())
        made = decoded(piece)
        assert np.abs(made.astype(int) - expected).max() <= 1
        assert piece.about["note"] == f"16 bit, shown from {low:.4g} to {high:.4g} (2–98 %)"
    assert shown(ramp)["note"] == f"16 bit, shown from {low:.4g} to {high:.4g} (2–98 %)"
    assert shown(save(Image.fromarray(ramp), "PNG"))["note"] == "shown from 2 % to 98 % of its values"


@pytest.mark.parametrize(
    ("stretch", "low", "high", "words"),
    [
        ("minmax", 1000, 3000, "(least to greatest)"),
        ("full", 0, 65535, "(all the type can hold)"),
        ((500, 1500), 500, 1500, "shown from 500 to 1500"),
        (("percentile", 10, 90), 1200, 2800, "(10–90 %)"),
    ],
)
def test_a_stretch_can_be_chosen(stretch: Any, low: float, high: float, words: str) -> None:
    reader = ImageReader(stretch=stretch)
    made = decoded(reader.piece(item(deep()), "image", ())).astype(int)
    expected = np.clip((deep().astype(float) - low) / (high - low) * 255 + 0.5, 0, 255).astype(int)
    assert np.abs(made - expected).max() <= 1
    assert words in reader.present(item(deep())).data["note"]


@pytest.mark.parametrize(
    "options",
    [
        {"stretch": "max"},
        {"stretch": (5, 5)},
        {"stretch": ("percentile", 98, 2)},
        {"stretch": 7},
        {"stretch": (0, float("nan"))},
        {"bands": (1, 2)},
        {"bands": -1},
        {"bands": True},
        {"bands": (0.5, 1, 2)},
    ],
)
def test_a_wrong_stretch_or_choice_of_bands_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(NblabelError, match=r"bands=|stretch="):
        ImageReader(**options)


def test_real_numbers_with_gaps() -> None:
    values = np.linspace(-1, 1, 64 * 48).reshape(48, 64)
    values[0, 0], values[1, 1], values[2, 2] = np.nan, np.inf, -np.inf
    for kind in (np.float16, np.float32, np.float64):
        made = whole(values.astype(kind))
        assert made[0, 0] == 0
        assert made[1, 1] == 255
        assert made[2, 2] == 0
        assert abs(int(made[24, 0]) - 128) <= 3
    assert "no finite values" in shown(np.full((4, 4), np.nan))["note"]
    assert whole(np.full((4, 4), 7.0)).tolist() == [[128] * 4] * 4
    sparse = np.zeros((100, 100))
    sparse[50, 50] = 5
    assert whole(sparse)[50, 50] == 255, "percentiles that are equal would show nothing"


def test_arrays_of_all_types() -> None:
    assert whole(np.eye(4, dtype=bool)).tolist() == (np.eye(4) * 255).tolist()
    assert np.array_equal(whole(marked()), marked())
    assert np.array_equal(whole(marked()[..., :1]), marked()[..., 0])
    assert np.array_equal(whole(np.asfortranarray(marked())), marked())
    assert np.array_equal(whole(marked()[::-1]), marked()[::-1])
    for kind in (np.int8, np.int16, np.uint32, np.int32, np.int64):
        made = whole((np.arange(100).reshape(10, 10) - 50).astype(kind), stretch=(-50, 49))
        assert made[0, 0] == (0 if kind is not np.uint32 else 255)
        assert made[9, 9] == 255 if kind is not np.uint32 else True
    rgba = np.dstack([marked(), np.full((48, 64), 9, np.uint8)])
    assert np.array_equal(whole(rgba), rgba)
    sixteen = np.dstack([deep(0, 65535)] * 3 + [np.full((48, 64), 32768, np.uint16)])
    assert whole(sixteen).shape == (48, 64, 4)
    assert whole(sixteen)[..., 3].min() == whole(sixteen)[..., 3].max() == 128


def test_bands_can_be_chosen() -> None:
    many = np.stack([np.full((8, 8), n * 20, np.uint8) for n in range(8)], axis=-1)
    assert shown(many)["note"] == "bands 0, 1, 2 of 8"
    assert whole(many)[0, 0].tolist() == [0, 20, 40]
    assert whole(many, bands=(7, 3, 1))[0, 0].tolist() == [140, 60, 20]
    assert shown(many, bands=(7, 3, 1))["note"] == "bands 7, 3, 1 of 8"
    assert whole(many, bands=5).tolist() == [[100] * 8] * 8
    assert whole(marked(), bands=2)[47, 0] == 255
    assert whole(png_bytes(marked()), bands=(2, 1, 0))[0, 0].tolist() == [0, 0, 255]
    with pytest.raises(MediaError, match="the image has 8"):
        ImageReader(bands=8).piece(item(many), "image", ())
    assert "the image has 8" in ImageReader(bands=8).measure(many)[1]
    two = np.dstack([np.full((4, 4), 9, np.uint8), np.zeros((4, 4), np.uint8)])
    assert whole(two).tolist() == [[9] * 4] * 4
    assert shown(two)["note"] == "band 0 of 2"


def test_what_is_no_image_says_so() -> None:
    for value, words in (
        (np.zeros(5), r"\(5,\)"),
        (np.zeros((2, 2, 2, 2)), "shape"),
        (np.zeros((0, 5)), "no pixels"),
        (np.zeros((3, 40, 50)), "bands first"),
        (np.array([["a"]]), "type <U1"),
        (np.zeros((4, 4), dtype=complex), "complex"),
        (np.zeros((4, 4), dtype=object), "object"),
        (7, "an int"),
        (["a"], "a list"),
        (Image.new("RGB", (0, 4)), "no pixels"),
    ):
        size, problem = ImageReader().measure(value)
        assert size is None
        with pytest.raises(MediaError, match=words):
            raise MediaError(problem)


def test_the_first_frame_stands_for_an_animation(tmp_path: Path) -> None:
    frames = [Image.fromarray(marked()), Image.fromarray(marked()[::-1])]
    for name in ("a.gif", "a.webp", "a.png", "a.tif"):
        frames[0].save(
            tmp_path / name, save_all=True, append_images=frames[1:], **({"lossless": True} if "webp" in name else {})
        )
        piece = ImageReader().piece(item(tmp_path / name), "image", ())
        assert decoded(piece)[4, 4].tolist()[:3] == [255, 0, 0]
        word = "first page" if "tif" in name else "first frame"
        assert piece.about["note"] == word
        assert shown(tmp_path / name)["note"] == word
        with Image.open(io.BytesIO(piece.data)) as made:
            assert not getattr(made, "is_animated", False)


def test_colours_of_sixteen_bits(tmp_path: Path) -> None:
    image = np.dstack([deep(0, 65535), deep(0, 65535)[::-1], np.zeros((48, 64), np.uint16)])
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb")
    for value in (tmp_path / "a.tif", plain_png(image, bits=16)):
        piece = ImageReader(stretch="full").piece(item(value), "image", ())
        expected = image.astype(float) / 65535 * 255
        assert np.abs(decoded(piece).astype(float) - expected).max() <= 1
        assert "16 bit" in piece.about["note"]


# ---- TIFF as science writes it -----------------------------------------------------------------------


def test_tiffs_that_pillow_does_not_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    bands = rng.random((30, 40, 8)).astype(np.float32)
    tifffile.imwrite(tmp_path / "bands.tif", bands, photometric="minisblack", planarconfig="contig")
    reader = ImageReader(bands=(6, 4, 2), stretch=(0, 1))
    told = reader.present(item(tmp_path / "bands.tif")).data
    assert (told["width"], told["height"]) == (40, 30)
    made = decoded(reader.piece(item(tmp_path / "bands.tif"), "image", ()))
    assert np.abs(made.astype(float) - bands[..., [6, 4, 2]] * 255).max() <= 1
    planes = np.moveaxis((bands * 60000).astype(np.uint16), -1, 0)
    tifffile.imwrite(tmp_path / "planes.tif", planes, photometric="minisblack", planarconfig="separate", rowsperstrip=7)
    made = whole(tmp_path / "planes.tif", bands=7, stretch=(0, 60000))
    assert np.abs(made.astype(float) - bands[..., 7] * 255).max() <= 1.01
    assert np.array_equal(whole((tmp_path / "planes.tif").read_bytes(), bands=7, stretch=(0, 60000)), made)


def test_white_is_zero_and_nothing_has_a_value(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "inverse.tif", deep(), photometric="miniswhite")
    made = whole(tmp_path / "inverse.tif")
    assert made[0, 0] == 255
    assert made[-1, -1] == 0
    values = np.linspace(0, 1, 64 * 48).reshape(48, 64).astype(np.float32)
    values[:20] = -9999
    tifffile.imwrite(tmp_path / "gaps.tif", values, extratags=[(42113, "s", 0, "-9999", True)])
    piece = ImageReader().piece(item(tmp_path / "gaps.tif"), "image", ())
    assert "shown from 0.4" in piece.about["note"]
    near = np.dstack([marked(), marked()[..., 0]])
    tifffile.imwrite(tmp_path / "near.tif", near, photometric="rgb", extrasamples=["unspecified"])
    piece = ImageReader().piece(item(tmp_path / "near.tif"), "image", ())
    assert np.array_equal(decoded(piece), marked()), "a fourth band that is no opacity is not taken for it"
    assert piece.about["note"] == "bands 0, 1, 2 of 4"


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_deep_tiff_is_set_upright(tmp_path: Path, orientation: int) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif",
        stored(deep(), orientation),
        extratags=[(274, "H", 1, orientation, True)],
        compression="zlib",
    )
    made = whole(tmp_path / "a.tif", stretch="minmax")
    assert made.shape == (48, 64)
    assert (made[0, 0], made[-1, -1]) == (0, 255)


def test_a_numpy_file_is_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", marked())
    assert np.array_equal(whole(str(tmp_path / "a.npy")), marked())
    np.save(tmp_path / "o.npy", np.array([{}], dtype=object), allow_pickle=True)
    assert "no array" in ImageReader().measure(tmp_path / "o.npy")[1]


# ---- tiles -------------------------------------------------------------------------------------------


def scene(width: int, height: int) -> np.ndarray[Any, Any]:
    """Smooth, and different everywhere."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)]).astype(np.uint8)


def reduced(image: np.ndarray[Any, Any], factor: int) -> np.ndarray[Any, Any]:
    """Means of blocks; the last ones of what there is."""
    height, width = image.shape[:2]
    rows = np.add.reduceat(image.astype(float), np.arange(0, height, factor), axis=0)
    both = np.add.reduceat(rows, np.arange(0, width, factor), axis=1)
    ones = np.add.reduceat(
        np.add.reduceat(np.ones((height, width)), np.arange(0, height, factor), axis=0),
        np.arange(0, width, factor),
        axis=1,
    )
    return both / ones[..., None]


def assembled(pyramid: Pyramid, level: int) -> np.ndarray[Any, Any]:
    """A level put together from its tiles, as the page does."""
    wide, high = level_size(pyramid.size, level)
    made = np.zeros((high, wide, 3), np.uint8)
    for top in range(0, high, TILE):
        for left in range(0, wide, TILE):
            out = (min(TILE, wide - left), min(TILE, high - top))
            box = (
                left << level,
                top << level,
                min((left + out[0]) << level, pyramid.size[0]),
                min((top + out[1]) << level, pyramid.size[1]),
            )
            made[top : top + out[1], left : left + out[0]] = np.asarray(pyramid.region(box, out).convert("RGB"))
    return made


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_tiles_join_to_the_upright_image_at_every_level(orientation: int) -> None:
    image = scene(1301, 997)
    raster = ArrayRaster(stored(image, orientation))
    raster.orientation = orientation
    pyramid = Pyramid(raster, Look())
    assert pyramid.size == (1301, 997)
    assert np.array_equal(assembled(pyramid, 0), image)
    for level in (1, 2, 3, 4):
        difference = np.abs(assembled(pyramid, level).astype(float) - reduced(image, 1 << level))
        exact = orientation == 1 or level < 3  # what is turned round is an eighth from the other side
        assert difference.max() <= (1.0 if exact else 4.0), level


def rasters(path: Path, image: np.ndarray[Any, Any]) -> list[Raster]:
    """The same image through everything that reads large ones."""
    tifffile.imwrite(path / "tiles.tif", image, photometric="rgb", tile=(256, 256), compression="zlib")
    tifffile.imwrite(path / "strips.tif", image, photometric="rgb", rowsperstrip=33, compression="lzw")
    tifffile.imwrite(path / "flat.tif", image, photometric="rgb")
    tifffile.imwrite(
        path / "planes.tif", np.moveaxis(image, -1, 0), photometric="rgb", planarconfig="separate", tile=(128, 256)
    )
    tifffile.imwrite(path / "big.tif", image, photometric="rgb", tile=(256, 256), bigtiff=True, byteorder=">")
    Image.fromarray(image).save(path / "a.png")
    np.save(path / "a.npy", image)
    made: list[Raster] = [
        TiffRaster(str(path / f"{name}.tif")) for name in ("tiles", "strips", "flat", "planes", "big")
    ]
    made += [TiffRaster((path / "flat.tif").read_bytes()), DecodedRaster(str(path / "a.png"))]
    made += [VipsRaster(str(path / "a.png"), header_of(str(path / "a.png")))]
    made += [VipsRaster((path / "a.png").read_bytes(), header_of(str(path / "a.png")))]
    made += [PictureRaster(Image.fromarray(image)), ArrayRaster(np.load(path / "a.npy", mmap_mode="r"))]
    return made


def test_all_readers_of_large_images_agree(tmp_path: Path) -> None:
    image = scene(1301, 997)
    for raster in rasters(tmp_path, image):
        pyramid = Pyramid(raster, Look())
        for level in (0, 2, 3):
            difference = np.abs(assembled(pyramid, level).astype(float) - reduced(image, 1 << level))
            assert difference.max() <= 1.0, (raster, level)


def test_a_large_photo_is_shown_in_tiles(tmp_path: Path) -> None:
    image = scene(6000, 3000)
    path = save_stored(tmp_path / "a.jpg", image, 6)
    told = shown(str(path))
    assert (told["width"], told["height"], told["form"], told["tile"]) == (6000, 3000, "tiles", 512)
    assert told["levels"] == 5 == levels_of((6000, 3000), 512)
    reader = ImageReader()
    preview = reader.piece(item(str(path)), "preview", (300,))
    assert (preview.about["width"], preview.about["height"]) == (300, 150)
    assert np.abs(decoded(preview).astype(float) - reduced(image, 20)).max() < 16
    top = decoded(reader.piece(item(str(path)), "tile", (4, 0, 0)))
    assert top.shape == (188, 375, 3)
    corner = decoded(reader.piece(item(str(path)), "tile", (0, 11, 5)))
    assert corner.shape == (3000 - 5 * 512, 6000 - 11 * 512, 3)
    assert np.abs(corner.astype(int) - image[5 * 512 :, 11 * 512 :]).max() < 12
    assert reader.region(item(str(path)), (100, 200, 140, 230)).size == (40, 30)
    assert reader.image(item(str(path)), within=60).size == (60, 30)


def test_a_long_narrow_image_goes_in_tiles() -> None:
    told = shown(np.zeros((10, 9000), np.uint8))
    assert (told["form"], told["levels"]) == ("tiles", 6)
    assert shown(np.zeros((4000, 4000), np.uint8))["form"] == "whole"


@pytest.mark.parametrize(
    ("part", "at"),
    [
        ("tile", (0, 0)),
        ("tile", (-1, 0, 0)),
        ("tile", (6, 0, 0)),
        ("tile", (0, -1, 0)),
        ("tile", (0, 0, 6)),
        ("tile", (0, 18, 0)),
        ("tile", (0, 10**30, 0)),
        ("tile", (5, 1, 0)),
        ("image", ()),
        ("image", (1,)),
        ("preview", ()),
        ("drawing", ()),
        ("../../etc/passwd", ()),
        ("", ()),
    ],
)
def test_a_page_gets_no_other_pieces(part: str, at: tuple[int, ...]) -> None:
    with pytest.raises(ProtocolError):
        ImageReader().piece(item(np.zeros((3000, 9000), np.uint8)), part, at)


def test_a_preview_is_as_large_as_is_asked_within_bounds() -> None:
    reader = ImageReader()
    for side, made in ((1, 64), (100, 100), (10**9, 1024)):
        about = reader.piece(item(scene(2000, 1000)), "preview", (side,)).about
        assert (about["width"], about["height"]) == (made, made // 2)
    assert reader.piece(item(np.zeros((2, 3000), np.uint8)), "preview", (64,)).about["height"] == 1


def test_smaller_copies_in_the_file_are_used(tmp_path: Path) -> None:
    full = np.zeros((5000, 5000, 3), np.uint8)
    for name, options in (("sub.tif", {"subifds": 2}), ("pages.tif", {})):
        with tifffile.TiffWriter(tmp_path / name) as writer:
            writer.write(full, photometric="rgb", tile=(512, 512), compression="zlib", **options)
            for step, color in ((2, (255, 0, 0)), (4, (0, 255, 0))):
                writer.write(
                    np.full((5000 // step, 5000 // step, 3), color, np.uint8),
                    photometric="rgb",
                    tile=(512, 512),
                    compression="zlib",
                    subfiletype=1,
                )
        reader, one = ImageReader(), item(tmp_path / name)
        assert decoded(reader.piece(one, "tile", (0, 1, 1))).max() == 0
        for level, band in ((1, 0), (2, 1), (3, 1), (4, 1)):
            pixel = decoded(reader.piece(one, "tile", (level, 0, 0)))[9, 9].tolist()
            assert np.argmax(pixel) == band
            assert max(pixel) > 250
        assert reader.present(one).data["note"] == ""


def test_one_range_of_values_holds_for_all_tiles(tmp_path: Path) -> None:
    ramp = np.linspace(100, 50100, 5000 * 4000).reshape(5000, 4000).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", ramp, tile=(512, 512))
    reader, one = ImageReader(), item(tmp_path / "a.tif")
    assert reader.present(one).data["note"] == "shown from 2 % to 98 % of its values"
    first = decoded(reader.piece(one, "tile", (0, 0, 4)))
    low = decoded(reader.piece(one, "tile", (2, 1, 0)))
    assert abs(int(first[0, 0]) - int(decoded(reader.piece(one, "tile", (2, 0, 1)))[0, 0])) < 3
    assert low[0, 0] == 0
    note = reader.present(one).data["note"]
    assert note.startswith("16 bit, shown from ")
    assert reader.piece(one, "preview", (64,)).about["note"] == note


def test_tiles_that_were_never_written_are_black(tmp_path: Path) -> None:
    path = tiled_tiff(tmp_path / "a.tif", 5120, {(3, 3): (9, 9, 9)})
    with tifffile.TiffFile(path, mode="r+") as file:
        counts = file.pages[0].tags["TileByteCounts"]
        counts.overwrite([0] * len(counts.value))
    tile = decoded(ImageReader().piece(item(path), "tile", (0, 3, 3)))
    assert tile.shape == (512, 512, 3)
    assert tile.max() == 0


def test_boxes_of_the_upright_image_lie_where_they_should_in_the_stored_one() -> None:
    image = scene(50, 30)
    for orientation in ORIENTATIONS:
        held = stored(image, orientation)
        assert upright_size((held.shape[1], held.shape[0]), orientation) == (50, 30)
        left, top, right, bottom = stored_box((3, 5, 20, 9), (held.shape[1], held.shape[0]), orientation)
        assert np.array_equal(upright(held[top:bottom, left:right], orientation), image[5:9, 3:20])


def test_a_scan_of_400_million_pixels_needs_little_memory(tmp_path: Path) -> None:
    path = tiled_tiff(
        tmp_path / "scan.tif", 20_000, {(0, 0): (255, 0, 0), (20, 10): (0, 255, 0), (39, 39): (0, 0, 255)}
    )
    code = """
    import io, resource, sys
    import numpy as np
    from PIL import Image
    from nblabel.media.images import ImageReader
    from nblabel.records import Item
    import tifffile

    def pixel(part, at, where):
        piece = reader.piece(one, part, at)
        return np.asarray(Image.open(io.BytesIO(piece.data)))[where].astype(int)

    reader, one = ImageReader(), Item(0, sys.argv[1], identity="0")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = reader.present(one).data
    assert (told["width"], told["height"], told["form"], told["levels"]) == (20000, 20000, "tiles", 7), told
    assert pixel("tile", (0, 10, 20), (100, 100)).tolist() == [0, 255, 0]
    assert pixel("tile", (0, 11, 20), (100, 100)).tolist() == [0, 0, 0]
    assert np.abs(pixel("tile", (2, 2, 5), (64, 320)) - [0, 255, 0]).max() < 8
    assert np.abs(pixel("preview", (1000,), (518, 268)) - [0, 255, 0]).max() < 16
    assert np.abs(pixel("tile", (3, 1, 2), (256 + 32, 128 + 32)) - [0, 255, 0]).max() < 8
    assert np.abs(pixel("tile", (6, 0, 0), (3, 3)) - [255, 0, 0]).max() < 8
    assert pixel("tile", (0, 39, 39), (20, 20)).tolist() == [0, 0, 255]
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
    """
    made = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert int(made.stdout) < 300, "megabytes; the image itself has 1,200"


def test_many_threads_read_one_scan(tmp_path: Path) -> None:
    image = scene(9000, 900)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb", tile=(512, 512), compression="zlib")
    reader, one = ImageReader(), item(tmp_path / "a.tif")
    wanted = [(0, column, row) for column in range(18) for row in range(2)] + [(3, 0, 0), (5, 0, 0)] * 4
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda at: decoded(reader.piece(one, "tile", at)), wanted))
    for (level, column, row), tile in zip(wanted, made, strict=True):
        if level == 0:
            expected = image[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            assert np.array_equal(tile, expected)


PNGS = ("1", "L", "P", "clear P", "LA", "RGB", "RGBA", "I;16")
TIFFS = ("1", "L", "P", "RGB", "RGBA", "I;16", "I", "F", "CMYK")


@pytest.mark.parametrize(("kind", "mode"), [*(("PNG", mode) for mode in PNGS), *(("TIFF", mode) for mode in TIFFS)])
def test_large_and_small_images_have_the_same_colours(kind: str, mode: str) -> None:
    rgb = Image.fromarray(scene(200, 150))
    clear = rgb.convert("RGBA")
    clear.putalpha(Image.fromarray(scene(200, 150)[..., 0]))
    made = {
        "P": lambda: rgb.quantize(50),
        "clear P": lambda: clear.quantize(50),
        "LA": lambda: clear.convert("LA"),
        "RGBA": lambda: clear,
        "I;16": lambda: Image.fromarray(scene(200, 150)[..., 2].astype(np.uint16) * 200 + 50),
        "I": lambda: Image.fromarray(scene(200, 150)[..., 2].astype(np.int32) * 200 + 50),
        "F": lambda: Image.fromarray(scene(200, 150)[..., 2].astype(np.float32) / 255),
    }.get(mode, lambda: rgb.convert(mode))()
    data = save(made, kind)
    small = np.asarray(ImageReader().region(item(data), (0, 0, 200, 150)).convert("RGBA"), dtype=int)
    found = header_of(data)
    large: list[Raster] = [DecodedRaster(data)]
    if mode not in ("P", "clear P") or kind == "PNG":
        large.append(VipsRaster(data, found))
    if kind == "TIFF":
        large.append(TiffRaster(data))
    for raster in large:
        assert upright_size(raster.levels[0], raster.orientation) == (200, 150)
        image = np.asarray(Pyramid(raster, Look()).region((0, 0, 200, 150), (200, 150)).convert("RGBA"), dtype=int)
        seen = (small[..., 3] > 0) & (image[..., 3] > 0)
        assert np.abs(image[..., 3] - small[..., 3]).max() <= 1, raster
        limit = 3 if mode in ("I;16", "I", "F") else 0  # the range comes from other samples
        assert np.abs(image - small)[seen].max() <= limit, raster
