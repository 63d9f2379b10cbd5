"""Detectors as ONNX files, tried with small ones that are made here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from nblabel.annotations import Box
from nblabel.errors import MissingExtra, SuggestError
from nblabel.records import Item, Suggestion
from nblabel.schema import Boxes, Schema
from nblabel.suggest import of
from nblabel.suggest.detector import onnx_detector

SCHEMA = Schema.of({"boxes": Boxes(["cat", "dog"])})
SIDE = 64


def model(shape: tuple[Any, ...] = (1, 3, SIDE, SIDE), kind: int = TensorProto.FLOAT, **outputs: Any) -> bytes:
    """Finds the same in every image, and hands back what it has seen."""
    values = {name: np.asarray(value, np.float32) for name, value in outputs.items()}
    graph = helper.make_graph(
        [helper.make_node("Cast", ["image"], ["seen"], to=TensorProto.FLOAT)]
        + [helper.make_node("Identity", [f"{name}_"], [name]) for name in values],
        "tiny",
        [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in values.items()]
        + [helper.make_tensor_value_info("seen", TensorProto.FLOAT, shape)],
        [onnx.numpy_helper.from_array(value, f"{name}_") for name, value in values.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def ask(detector: Any, image: Any, schema: Schema = SCHEMA) -> Suggestion:
    height, width = image.shape[:2]
    (found,) = of(detector, schema, view=lambda item: image).run([Item("k", "a.png", "id", size=(width, height))])
    return found


def boxes(found: Suggestion) -> list[tuple[float, ...]]:
    assert found.error == ""
    return [
        (round(a.x, 3), round(a.y, 3), round(a.width, 3), round(a.height, 3), a.label, round(a.score or 0, 3))
        for a in found.annotations
        if isinstance(a, Box)
    ]


WIDE = np.full((50, 100, 3), 200, np.uint8)  # in a square of 64: 64 x 32, 16 below the top
TALL = np.full((200, 100, 3), 200, np.uint8)  # 32 x 64, 16 from the left


@pytest.mark.parametrize("turned", [False, True])
def test_yolo_in_either_direction_is_put_back_where_it_was(turned: bool) -> None:
    table = np.array([[32, 32, 16, 8, 0.1, 0.75], [16, 24, 32, 16, 0.5, 0.25], [1, 1, 1, 1, 0.1, 0.2]])
    seen: dict[str, Any] = {}
    file = model(output0=(table if turned else table.T)[None], shape=(1, 3, SIDE, SIDE))
    wrap = onnx_detector(file, ["cat", "dog"], size=SIDE, layout=lambda out: seen.update(out) or [])
    assert boxes(ask(wrap, WIDE)) == []
    pixels = seen["seen"][0]
    assert pixels.shape == (3, SIDE, SIDE)
    assert np.allclose(pixels[:, 16:48], 200 / 255)
    assert np.allclose(pixels[:, :16], 114 / 255)
    # only what is looked at as YOLO: the copy of the image is no table of detections
    plain = onnx_detector(
        file,
        ["cat", "dog"],
        size=SIDE,
        layout=lambda out: [
            (x - w / 2, y - h / 2, x + w / 2, y + h / 2, max(scores), scores.index(max(scores)))
            for x, y, w, h, *scores in table.tolist()
        ],
    )
    expected = [(37.5, 18.75, 25, 12.5, "dog", 0.75), (0, 0, 50, 25, "cat", 0.5)]
    assert boxes(ask(plain, WIDE)) == expected
    assert boxes(ask(onnx_detector(file, ["cat", "dog"], size=SIDE), WIDE)) == expected


def test_yolo_with_objectness_and_a_tall_image() -> None:
    table = np.array([[32, 32, 16, 8, 0.5, 0.5, 1.0]])
    found = ask(onnx_detector(model(out=table[None]), ["cat", "dog"], size=SIDE), TALL)
    assert boxes(found) == [(25, 87.5, 50, 25, "dog", 0.5)]


def test_overlapping_boxes_of_a_class_are_suggested_once() -> None:
    table = np.array(
        [
            [20, 20, 10, 10, 0.9, 0],
            [21, 20, 10, 10, 0.8, 0],
            [21, 20, 10, 10, 0, 0.7],
            [20, 40, 10, 10, 0.6, 0],
        ]
    )
    square = np.zeros((SIDE, SIDE, 3), np.uint8)
    scores = {
        iou: [
            a.score
            for a in ask(onnx_detector(model(o=table[None]), ["cat", "dog"], size=SIDE, iou=iou), square).annotations
        ]
        for iou in (0.5, None)
    }
    assert np.allclose(scores[0.5], [0.9, 0.7, 0.6])
    assert np.allclose(scores[None], [0.9, 0.8, 0.7, 0.6])


@pytest.mark.parametrize(
    ("numbers", "corners"),
    [
        ([16, 24, 48, 40], "xyxy"),
        ([24, 16, 40, 48], "yxyx"),
        ([32, 32, 32, 16], "cxcywh"),
        ([0.375, 0.25, 0.625, 0.75], "yxyx"),
    ],
)
def test_boxes_scores_and_classes_apart(numbers: list[float], corners: Any) -> None:
    file = model(
        detection_boxes=[[numbers]], detection_scores=[[0.75]], detection_classes=[[2]], kind=TensorProto.UINT8
    )
    found = ask(onnx_detector(file, {1: "cat", 2: "dog"}, size=SIDE, layout="boxes", corners=corners), WIDE)
    assert boxes(found) == [(25, 12.5, 50, 25, "dog", 0.75)]


def test_detr_leaves_out_what_is_nothing_and_stretches() -> None:
    file = model(logits=[[[0, 8, 0], [0, 0, 8]]], pred_boxes=[[[0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 1, 1]]])
    found = ask(onnx_detector(file, ["cat", "dog"], size=SIDE, layout="detr", fit="stretch"), WIDE)
    assert boxes(found) == [(25, 12.5, 50, 25, "dog", 0.999)]


def test_other_inputs_are_fed_as_they_want_it() -> None:
    seen: dict[str, Any] = {}
    file = model((SIDE, 32, 3), TensorProto.FLOAT)
    detector = onnx_detector(
        file, ["cat"], size=(32, SIDE), mean=(100, 0, 0), std=100, layout=lambda out: seen.update(out) or []
    )
    ask(detector, np.full((SIDE, 32), 200, np.uint8))  # grey
    assert seen["seen"].shape == (SIDE, 32, 3)
    assert np.allclose(seen["seen"], [1, 2, 2])


def test_classes_that_nobody_asked_for_are_left_out_or_reported() -> None:
    table = np.array([[20, 20, 10, 10, 1, 0, 0], [20, 40, 10, 10, 0, 1, 0], [40, 20, 10, 10, 0, 0, 1]])
    adapter = of(onnx_detector(model(o=table[None]), ["cat", None, "bird"], size=SIDE), SCHEMA, view=lambda item: WIDE)
    (found,) = adapter.run([Item("k", "a.png", "id", size=(100, 50))])
    assert [a.label for a in found.annotations if isinstance(a, Box)] == ["cat"]
    assert adapter.notes == ("onnx gives labels that the schema does not have: bird (1)",)
    beliefs = adapter.beliefs([Item("k", "a.png", "id", size=(100, 50))])
    assert beliefs.parts is not None
    assert beliefs.parts[0].tolist() == [1.0]


def test_only_some_of_the_classes_may_have_labels() -> None:
    table = np.zeros((100, 84))
    table[0, :4] = table[1, :4] = [32, 32, 16, 16]
    table[0, 4 + 2], table[1, 4 + 79] = 0.75, 0.5
    adapter = of(onnx_detector(model(o=table.T[None]), {0: "cat", 2: "dog"}, size=SIDE), SCHEMA, view=lambda item: WIDE)
    (found,) = adapter.run([Item("k", "a.png", "id", size=(100, 50))])
    assert [(a.label, a.score) for a in found.annotations if isinstance(a, Box)] == [("dog", 0.75)]
    assert adapter.notes == ()
    exact = ask(onnx_detector(model(o=table.T[None]), ["cat", "dog"], size=SIDE), WIDE)
    assert "does not answer as layout='yolo'" in exact.error


def test_the_source_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "yard.onnx"
    sources = []
    for score in (0.5, 0.5, 0.75):
        path.write_bytes(model(o=[[[20, 20, 10, 10, score]]]))
        (box,) = ask(onnx_detector(path, ["cat"], size=SIDE), WIDE).annotations
        sources.append(box.source)
    assert sources[0] == sources[1] != sources[2]
    assert sources[0].startswith("yard@")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ask(onnx_detector(model(o=[[1, 2, 3]]), ["cat"], size=SIDE), WIDE).error, "does not answer as"),
        (lambda: ask(onnx_detector(model(o=[1]), ["cat"], size=SIDE, layout="boxes"), WIDE).error, r"it has o \(1,\)"),
        (lambda: ask(onnx_detector(model(), ["cat"], size=32), WIDE).error, "item 'k'"),
        (lambda: ask(onnx_detector(model(o=[[[np.nan] * 5]]), ["cat"], size=SIDE), WIDE).error, "no numbers"),
        (lambda: ask(onnx_detector(model(), ["cat"], size=SIDE, layout=lambda o: [(1, 2)]), WIDE).error, "reshape"),
        (lambda: ask(onnx_detector(b"no model", ["cat"]), WIDE).error, "the bytes given cannot be loaded"),
        (lambda: ask(onnx_detector("missing.onnx", ["cat"]), WIDE), "'missing.onnx' cannot be read: No such file"),
        (lambda: ask(onnx_detector(b"", ["bird"]), WIDE), "none of the detector's labels: bird"),
        (lambda: ask(onnx_detector(b"", ["cat"]), WIDE, Schema.of({"mood": ["a"]})), "no field for that"),
        (lambda: of(onnx_detector(b"", ["cat"]), SCHEMA), "for images"),
        (lambda: onnx_detector(b"", ["cat"], layout="yolov9"), "'yolo', 'boxes', 'detr'"),  # type: ignore[arg-type]
        (lambda: onnx_detector(b"", ["cat"], threshold=2), "between 0 and 1"),
        (lambda: onnx_detector(b"", ["cat"], size=0), "1 or more"),
        (lambda: onnx_detector(b"", ["cat"], corners="xywh"), "no such word"),  # type: ignore[arg-type]
    ],
)
def test_what_is_wrong_is_told(make: Any, words: str) -> None:
    with pytest.raises(SuggestError, match=words):
        raise SuggestError(make())


def test_without_onnx_runtime_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    assert "onnx_detector needs a package" in ask(onnx_detector(model(), ["cat"]), WIDE).error
    with pytest.raises(MissingExtra, match=r"nblabel\[onnx\]"):
        onnx_detector(model(), ["cat"]).session()
