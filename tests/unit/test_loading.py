"""Answers of files find their images by name, never by a guess."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import nblabel as nb
from nblabel.annotations import Box, Mask
from nblabel.loading import _Paths
from nblabel.records import Report

from .shape_rows import SIZE, painted, picture


def photos(folder: Path, *names: str) -> Path:
    for name in names:
        picture(folder / name)
    return folder


def labeler(data: Any, **options: Any) -> nb.ImageLabeler:
    asked = {} if {"boxes", "masks", "fields"} & options.keys() else {"boxes": ["cat", "dog"]}
    return nb.ImageLabeler(data, store=":memory:", **asked, **options)


def coco(path: Path, *images: Any, size: tuple[int, int] = SIZE, **more: Any) -> Path:
    """A file with a box of each image."""
    listed = [{"id": n, "file_name": name, "width": size[0], "height": size[1]} for n, name in enumerate(images)]
    boxes = [
        {"id": n + 1, "image_id": n, "category_id": 1, "bbox": [n + 1, 1, 5, 5], **more} for n in range(len(images))
    ]
    path.write_text(json.dumps({"images": listed, "annotations": boxes, "categories": [{"id": 1, "name": "cat"}]}))
    return path


def lefts(lab: nb.ImageLabeler) -> dict[Any, int]:
    """The left of the one box of each answered item, by key."""
    return {key: int(x) for key, x in lab.annotations[["key", "x"]].itertuples(index=False)}


def reasons(report: Report) -> str:
    return "\n".join(f"{drop.key}: {drop.reason}" for drop in report.dropped)


def test_images_are_found_by_their_file_names(tmp_path: Path) -> None:
    lab = labeler(str(photos(tmp_path / "photos", "a.jpg", "in/b.jpg", "c.png")))
    report = lab.load(coco(tmp_path / "x.json", "a.jpg", "train/in/b.jpg", "c.jpg", "d.jpg"))
    assert (report.items, report.annotations) == (3, 3)
    assert "d.jpg: there is no item with the key 'd.jpg'" in reasons(report)
    folder = str(tmp_path / "photos")
    assert lefts(lab) == {f"{folder}/a.jpg": 1, f"{folder}/in/b.jpg": 2, f"{folder}/c.png": 3}


def test_names_that_could_mean_several_are_told_and_not_guessed(tmp_path: Path) -> None:
    lab = labeler(str(photos(tmp_path / "p", "x/train/a.jpg", "y/val/a.jpg", "z/b.jpg")))
    report = lab.load(coco(tmp_path / "x.json", "foo/a.jpg", "images/val/a.jpg", "one/b.jpg", "two/b.jpg"))
    assert lefts(lab) == {str(tmp_path / "p" / "y/val/a.jpg"): 2}
    assert "foo/a.jpg: 2 items could be meant" in reasons(report)
    assert "one/b.jpg: 'one/b.jpg', 'two/b.jpg' could all be of" in reasons(report)
    assert len(report.dropped) == 3


def test_a_longer_shared_path_wins_over_a_shorter_one(tmp_path: Path) -> None:
    lab = labeler(str(photos(tmp_path / "p", "z/b.jpg")))
    report = lab.load(coco(tmp_path / "x.json", "one/b.jpg", "two/z/b.jpg"))
    assert lefts(lab) == {str(tmp_path / "p" / "z/b.jpg"): 2}
    assert "one/b.jpg" in reasons(report)


@pytest.mark.parametrize(
    ("names", "wanted", "found"),
    [
        (["a/b.jpg"], ["a/b.jpg"], 0),
        (["./a/b.jpg"], ["a\\b.jpg"], 0),
        (["cat.jpg"], ["/data/upload/18/8f0d1a2b-cat.jpg"], 0),
        (["8f0d1a2b-cat.jpg", "cat.jpg"], ["/data/upload/18/8f0d1a2b-cat.jpg"], 0),
        (["photos/a b.jpg"], ["/data/local-files/?d=photos/a%20b.jpg"], 0),
        (["a b.jpg"], ["https://x.org/q/a%20b.jpg?w=1"], 0),
        (["a.jpg", "a.png"], ["a.bmp"], None),
        (["x.tar.png"], ["x.tar.jpg"], 0),
        (["a.jpg"], ["b.jpg", "q/a.jpg"], 0),
        ([""], [""], None),
        (["a/c.jpg", "b/c.jpg", "a/b/c.jpg"], ["b/c.jpg"], 1),
        (["a/c.jpg", "x/b/c.jpg"], ["q/b/c.jpg"], 1),
    ],
)
def test_a_name_finds_the_path_that_shares_most_of_it(names: list[str], wanted: list[str], found: int | None) -> None:
    position, _ = _Paths(names).best(wanted)
    assert (position if isinstance(position, int) else None) == found


def test_keys_of_a_column_come_first_and_paths_next(tmp_path: Path) -> None:
    folder = photos(tmp_path / "p", "one.jpg", "two.jpg")
    frame = pd.DataFrame({"id": ["two.jpg", "k2"], "file": [str(folder / "one.jpg"), str(folder / "two.jpg")]})
    lab = labeler(frame, image="file", key="id")
    lab.load(coco(tmp_path / "x.json", "two.jpg", "q/one.jpg"))
    assert lefts(lab) == {"two.jpg": 1}  # its key; and q/one.jpg is the same image, which has an answer by then
    index = labeler(frame[["file"]], image="file")
    index.load(coco(tmp_path / "x.json", "two.jpg", "q/one.jpg"))
    assert lefts(index) == {1: 1, 0: 2}


def test_answers_come_back_in_every_format(tmp_path: Path) -> None:
    folder = str(photos(tmp_path / "p", "a.jpg", "in/b.jpg"))
    lab = labeler(folder, boxes=["cat"])
    for n, key in enumerate([f"{folder}/a.jpg", f"{folder}/in/b.jpg"]):
        lab.submit([Box(n + 1, 2, 10, 8, "cat")], key=key)
    endings = {
        "cvat": ".xml",
        "csv": ".csv",
        "jsonl": ".jsonl",
        "parquet": ".parquet",
        "coco": ".json",
        "labelstudio": ".json",
    }
    for name in ("coco", "yolo", "voc", "cvat", "labelme", "labelstudio", "masks", "csv", "jsonl", "parquet"):
        where = tmp_path / f"{name}{endings.get(name, '')}"
        written = lab.export(where, format=name)
        assert written.items == 2, name
        other = labeler(folder, **({"masks": ["cat"]} if name == "masks" else {"boxes": ["cat"]}))
        report = other.load(where)
        assert (report.items, report.annotations, reasons(report)) == (2, 2, ""), name
        if name == "masks":
            assert other.annotations["counts"].tolist()[0] == painted((1, 2, 10, 8)).counts
        else:
            assert {key: round(x) for key, x in lefts(other).items()} == lefts(lab), name


def test_labels_in_shares_take_the_sizes_of_the_images_here(tmp_path: Path) -> None:
    lab = labeler(str(photos(tmp_path / "p", "a.jpg")))
    (tmp_path / "y" / "labels").mkdir(parents=True)
    (tmp_path / "y" / "data.yaml").write_text("names: [cat]")
    (tmp_path / "y" / "labels" / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    report = lab.load(tmp_path / "y")
    assert reasons(report) == ""
    assert lab.annotations[["x", "y", "width", "height"]].iloc[0].tolist() == [16, 12, 32, 24]


def test_another_size_is_another_image(tmp_path: Path) -> None:
    lab = labeler(str(photos(tmp_path / "p", "a.jpg")))
    report = lab.load(coco(tmp_path / "x.json", "a.jpg", size=(48, 64)))
    assert report.items == 0
    assert "was labelled at 48 × 64 pixels, and the image here has 64 × 48" in reasons(report)


def test_what_was_not_asked_for_is_left_out_and_told(tmp_path: Path) -> None:
    lab = labeler(str(photos(tmp_path / "p", "a.jpg")))
    data = {
        "images": [{"id": 0, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"id": 1, "image_id": 0, "category_id": 1, "bbox": [1, 1, 5, 5], "iscrowd": 1, "attributes": {"wet": True}},
            {"id": 2, "image_id": 0, "category_id": 1, "bbox": [500, 1, 5, 5]},
        ],
    }
    (tmp_path / "x.json").write_text(json.dumps(data))
    report = lab.load(tmp_path / "x.json")
    assert (report.items, report.annotations) == (1, 1)
    assert [(drop.annotation, drop.reason.split(":")[0]) for drop in report.dropped] == [
        ("1", "attributes that are not asked for"),
        ("2", "left out"),
    ]
    assert "lies outside the image" in reasons(report)
    data["annotations"][0]["category_id"] = 2  # type: ignore[index]
    (tmp_path / "x.json").write_text(json.dumps(data))
    report = lab.load(tmp_path / "x.json", replace=True)
    assert report.items == 0
    assert "unknown label '2'" in reasons(report)


def test_masks_and_outlines_of_other_tools_find_their_fields(tmp_path: Path) -> None:
    folder = str(photos(tmp_path / "p", "a.jpg"))
    first = labeler(folder, masks=["cat", "dog"])
    mask = painted((3, 4, 10, 10), (20, 20, 4, 4))
    first.submit([mask], key=f"{folder}/a.jpg")
    first.export(tmp_path / "x.json", format="coco")
    second = labeler(folder, fields={"regions": nb.Masks(["dog", "cat"]), "boxes": nb.Boxes(["cat"])})
    assert reasons(second.load(tmp_path / "x.json")) == ""
    made = second.annotations.iloc[0]
    assert (made["field"], made["counts"]) == ("regions", mask.counts)
    assert isinstance(mask, Mask)
