"""Shapes and pixels, against brute force and pycocotools."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nblabel.annotations import Box, Keypoints, Mask, Polygon
from nblabel.shapes import (
    area,
    bounds,
    corners,
    cropped,
    mask_array,
    mask_of,
    polygons_of,
    rasterize,
    run_lengths,
    to_mask,
)

BITMAPS = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(lambda size: arrays(np.bool_, size))
PLACES = st.floats(-5, 25, allow_nan=False) | st.integers(-10, 50).map(lambda n: n / 2)
RINGS = st.lists(st.tuples(PLACES, PLACES), min_size=3, max_size=8).map(tuple)


def _crossings(x: float, y: float, ring: Any) -> int:
    """How often a walk up from a point meets a ring; an edge has its left end, and the points it runs through."""
    met = 0
    for a, b in zip(ring, (*ring[1:], ring[0]), strict=True):
        (x0, y0), (x1, y1) = sorted((a, b))
        if x0 <= x < x1 and y0 + (x - x0) * ((y1 - y0) / (x1 - x0)) <= y:
            met += 1
    return met


def _brute(rings: Any, width: int, height: int) -> np.ndarray:
    made = np.zeros((height, width), dtype=bool)
    for row in range(height):
        for column in range(width):
            made[row, column] = sum(_crossings(column + 0.5, row + 0.5, ring) for ring in rings) % 2
    return made


@given(BITMAPS)
def test_a_mask_is_its_array(array: np.ndarray) -> None:
    mask = mask_of(array, "cat", score=0.5)
    assert (mask.label, mask.score, mask.size) == ("cat", 0.5, array.shape)
    assert np.array_equal(mask_array(mask), array)
    assert mask.counts == run_lengths(array.astype(float) * 7) == run_lengths(array.T.copy().T)
    assert area(mask) == array.sum()


@given(BITMAPS)
def test_run_lengths_are_those_of_pycocotools(array: np.ndarray) -> None:
    coco = pytest.importorskip("pycocotools.mask")
    height, width = array.shape
    theirs = coco.frPyObjects({"size": [height, width], "counts": list(run_lengths(array))}, height, width)
    assert theirs == coco.encode(np.asfortranarray(array.astype(np.uint8)))
    mask = mask_of(array)
    assert bounds(mask) == tuple(coco.toBbox(theirs)) or not array.any()
    assert area(mask) == coco.area(theirs)


@given(BITMAPS)
def test_bounds_and_crop_of_a_mask(array: np.ndarray) -> None:
    mask = mask_of(array)
    x, y, part = cropped(mask)
    rows, columns = np.nonzero(array)
    if not len(rows):
        assert bounds(mask) == (0, 0, 0, 0)
        assert part.size == 0
        return
    assert bounds(mask) == (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
    assert (x, y) == (columns.min(), rows.min())
    assert np.array_equal(part, array[y : rows.max() + 1, x : columns.max() + 1])
    assert mask_of(part, at=(x, y), size=array.shape[::-1]) == mask


@given(BITMAPS, st.integers(-15, 15), st.integers(-15, 15), st.integers(1, 15), st.integers(1, 15))
def test_a_part_is_put_in_its_place(array: np.ndarray, x: int, y: int, width: int, height: int) -> None:
    whole = np.zeros((height, width), dtype=bool)
    for row, column in zip(*np.nonzero(array), strict=True):
        if 0 <= row + y < height and 0 <= column + x < width:
            whole[row + y, column + x] = True
    assert mask_of(array, at=(x, y), size=(width, height)) == mask_of(whole)


@settings(deadline=None)
@given(st.lists(RINGS, min_size=1, max_size=3), st.integers(1, 20), st.integers(1, 20))
def test_a_pixel_is_in_a_polygon_if_its_centre_is(rings: Any, width: int, height: int) -> None:
    shape = Polygon(rings[0], "cat", holes=rings[1:], id="p", z=3)
    found = rasterize(shape, (width, height))
    assert found.shape == (height, width)
    assert found.dtype == np.bool_
    assert np.array_equal(found, _brute(rings, width, height))
    mask = to_mask(shape, (width, height))
    assert mask.counts == run_lengths(found)
    assert (mask.label, mask.id, mask.z) == ("cat", "p", 3)


@settings(deadline=None)
@given(
    PLACES, PLACES, st.floats(0.1, 20), st.floats(0.1, 20), st.floats(-720, 720) | st.integers(-8, 8).map((45).__mul__)
)
def test_a_pixel_is_in_a_rotated_box_if_its_centre_is(x: float, y: float, w: float, h: float, turn: float) -> None:
    box = Box(x, y, w, h, rotation=turn)
    found = rasterize(box, (20, 15))
    angle = np.radians(turn)
    dx, dy = np.arange(20) + 0.5 - x - w / 2, (np.arange(15) + 0.5 - y - h / 2)[:, None]
    along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    inside = np.minimum(w / 2 - np.abs(along), h / 2 - np.abs(across))  # how far from the nearest side
    assert found[inside > 1e-9].all()
    assert not found[inside < -1e-9].any()


def test_shapes_that_share_an_edge_share_no_pixel() -> None:
    left, right = Box(1, 1, 2.5, 4), Box(3.5, 1, 2, 4)
    a, b = rasterize(left, (8, 8)), rasterize(right, (8, 8))
    assert not (a & b).any()
    assert np.array_equal(a | b, rasterize(Box(1, 1, 4.5, 4), (8, 8)))
    # and so do triangles on both sides of a slanted line through centres
    one, other = Polygon(((0, 0), (8, 0), (8, 8))), Polygon(((0, 0), (8, 8), (0, 8)))
    a, b = rasterize(one, (8, 8)), rasterize(other, (8, 8))
    assert not (a & b).any()
    assert (a | b).all()


def test_rotated_corners_run_clockwise_about_the_centre() -> None:
    box = Box(10, 20, 4, 2, rotation=30)
    got = np.array(corners(box))
    assert np.allclose(got.mean(axis=0), (12, 21))
    assert np.allclose(np.linalg.norm(got[1] - got[0]), 4)
    assert np.allclose(np.degrees(np.arctan2(*(got[1] - got[0])[::-1])), 30)  # y points down: clockwise on the screen
    assert corners(Box(0.1, 0.2, 0.3, 0.4))[2] == (0.1 + 0.3, 0.2 + 0.4)
    assert bounds(Box(0, 0, 4, 2, rotation=-270)) == (1, -1, 2, 4)


@settings(max_examples=300, deadline=None)
@given(BITMAPS)
def test_outlines_give_the_mask_again(array: np.ndarray) -> None:
    found = polygons_of(mask_of(array))
    height, width = array.shape
    together = np.zeros_like(array)
    for outer, holes in found:
        part = rasterize(Polygon(outer, holes=holes), (width, height))
        assert not (together & part).any()
        together |= part
        assert area(Polygon(outer, holes=holes)) == part.sum()  # so each hole lies in the ring that has it
    assert np.array_equal(together, array)


def test_outlines_have_parts_holes_and_islands_in_holes() -> None:
    array = np.zeros((9, 9), dtype=bool)
    array[1:8, 1:8] = True
    array[2:7, 2:7] = False
    array[4, 4] = True
    array[0, 0] = True  # touches the frame by a corner only
    found = polygons_of(mask_of(array))
    assert sorted((len(outer), [len(hole) for hole in holes]) for outer, holes in found) == [
        (4, []),
        (4, []),
        (4, [4]),
    ]
    ring = next(outer for outer, holes in found if holes)
    assert ring == ((1, 1), (8, 1), (8, 8), (1, 8))


def test_a_large_mask_is_outlined_in_reasonable_steps() -> None:
    rows, columns = np.ogrid[:1200, :1600]
    array = ((rows - 600) ** 2 + (columns - 800) ** 2 < 500**2) & ((rows // 7 + columns // 5) % 3 > 0)
    found = polygons_of(mask_of(array))
    outer = [Polygon(ring, holes=holes) for ring, holes in found]
    assert sum(area(shape) for shape in outer) == array.sum()


def test_bounds_and_areas() -> None:
    assert bounds(Keypoints(((5, 6, 2), (0, 0, 0), (7, 2, 1)))) == (5, 2, 2, 4)
    assert bounds(Keypoints(((5, 6, 0),))) == (0, 0, 0, 0)
    assert bounds(Polygon(((1, 5), (4, 2)), closed=False)) == (1, 2, 3, 3)
    assert area(Box(0, 0, 3, 4, rotation=33)) == 12
    assert area(Polygon(((1, 5), (4, 2)), closed=False)) == area(Keypoints(((1, 1, 2),))) == 0
    far = 1e7  # far from the origin nothing is lost
    assert area(Polygon(((far, far), (far + 1, far), (far + 1, far + 1), (far, far + 1)))) == 1


def test_what_has_no_inside_is_refused() -> None:
    with pytest.raises(ValueError, match="no inside"):
        rasterize(Polygon(((0, 0), (1, 1)), closed=False), (3, 3))
    with pytest.raises(ValueError, match="not the image's"):
        rasterize(Mask((2, 3), (6,)), (2, 3))
    with pytest.raises(ValueError, match="two dimensions"):
        run_lengths(np.zeros((2, 2, 2)))
