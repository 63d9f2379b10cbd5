"""Models in the manner of Segment Anything, tried with small ones that are made here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import nblabel as nb
from nblabel.annotations import Mask
from nblabel.errors import MissingExtra, SuggestError
from nblabel.shapes import mask_array
from nblabel.suggest import segment
from nblabel.suggest.segment import OnnxSegmenter

SIDE = 64
F, I64 = TensorProto.FLOAT, TensorProto.INT64


def model(nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], **constants: Any) -> bytes:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(name, F, shape) for name, shape in outputs.items()],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def encoder(*, plain: bool = False) -> bytes:
    """The mean of the three channels is what it sees; ``plain`` takes (height, width, 3) and pads itself."""
    if not plain:
        nodes = [helper.make_node("ReduceMean", ["image"], ["embedding"], axes=[1], keepdims=1)]
        return model(nodes, {"image": (F, [1, 3, SIDE, SIDE])}, {"embedding": [1, 1, SIDE, SIDE]})
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["grey"], axes=[2], keepdims=0),
        helper.make_node("Shape", ["grey"], ["size"]),
        helper.make_node("Sub", ["full", "size"], ["rest"]),
        helper.make_node("Concat", ["none", "rest"], ["pads"], axis=0),
        helper.make_node("Pad", ["grey", "pads"], ["padded"]),
        helper.make_node("Unsqueeze", ["padded", "axes"], ["embedding"]),
    ]
    return model(
        nodes,
        {"image": (F, ["height", "width", 3])},
        {"embedding": [1, 1, SIDE, SIDE]},
        full=np.array([SIDE, SIDE]),
        none=np.array([0, 0]),
        axes=np.array([0, 1]),
    )


def decoder(
    masks: str = "low_res_masks",
    embedding: str = "image_embeddings",
    *,
    size_type: int = F,
    more: tuple[str, ...] = (),
    near: float = 1.57,
) -> bytes:
    """Pixels like the one under the first point; the second of two masks, the inverse, is said to be worse."""
    nodes = [
        helper.make_node("Slice", ["point_coords", "zero", "one", "axis"], ["point"]),
        helper.make_node("Squeeze", ["point", "one_axis"], ["xy"]),
        helper.make_node("Gather", ["xy", "order"], ["yx"], axis=1),
        helper.make_node("Cast", ["yx"], ["place"], to=I64),
        helper.make_node("Squeeze", [embedding, "channel"], ["seen"]),
        helper.make_node("GatherND", ["seen", "place"], ["value"], batch_dims=1),
        helper.make_node("Sub", [embedding, "value"], ["apart"]),
        helper.make_node("Abs", ["apart"], ["far"]),
        helper.make_node("Sub", ["near", "far"], ["logits"]),
        helper.make_node("Neg", ["logits"], ["inverse"]),
        helper.make_node("Concat", ["inverse", "logits"], [masks], axis=1),
        helper.make_node("Identity", ["quality"], ["iou_predictions"]),
    ]
    inputs = {
        embedding: (F, [1, 1, SIDE, SIDE]),
        "point_coords": (F, [1, "n", 2]),
        "point_labels": (F, [1, "n"]),
        "mask_input": (F, [1, 1, SIDE // 4, SIDE // 4]),
        "has_mask_input": (F, [1]),
        "orig_im_size": (size_type, [2]),
        **{name: (F, [1]) for name in more},
    }
    return model(
        nodes,
        inputs,
        {masks: [1, 2, SIDE, SIDE], "iou_predictions": [1, 2]},
        zero=np.array([0]),
        one=np.array([1]),
        axis=np.array([1]),
        one_axis=np.array([1]),
        channel=np.array([1]),
        order=np.array([1, 0]),
        near=np.array(near, np.float32),
        quality=np.array([[0.2, 0.9]], np.float32),
    )


def picture(height: int, width: int) -> tuple[Any, Any]:
    """A bright rectangle on dark ground."""
    image = np.full((height, width, 3), 40, np.uint8)
    inside = np.zeros((height, width), bool)
    inside[height // 4 : height // 2, width // 2 : width * 7 // 8] = True
    image[inside] = 220
    return image, inside


def iou(a: Any, b: Any) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("shape", [(64, 64), (120, 240), (300, 100), (40, 32)])
@pytest.mark.parametrize("plain", [False, True])
def test_a_click_gives_the_mask_at_the_size_of_the_image(shape: tuple[int, int], plain: bool) -> None:
    image, inside = picture(*shape)
    near = 90.0 if plain else 1.57  # half of what parts bright and dark
    made = segment.of(OnnxSegmenter(encoder(plain=plain), decoder(near=near), size=SIDE))
    click = (shape[1] * 0.7, shape[0] * 0.4, True)
    mask = made.segment(image, [click], None)
    assert mask.shape == shape
    assert iou(mask, inside) > 0.93
    around = made.segment(image, [(1, 1, True)], None)
    assert iou(around, ~inside) > 0.9


def recording(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What ONNX Runtime is asked, in order: its answers stay its own."""
    import onnxruntime

    asked: list[tuple[str, dict[str, Any]]] = []
    real = onnxruntime.InferenceSession

    class Session(real):  # type: ignore[misc, valid-type]
        def run(self, names: Any, inputs: Any, *more: Any) -> Any:
            asked.append(("encoder" if "image" in inputs else "decoder", dict(inputs)))
            return super().run(names, inputs, *more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    return asked


def test_prompts_are_told_in_the_convention_of_sam(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = recording(monkeypatch)
    image, _ = picture(120, 240)
    made = segment.of(OnnxSegmenter(encoder(), decoder(), size=SIDE))
    made.segment(image, [(150, 45, True), (12, 6, False)], None)
    made.segment(image, [(150, 45, True)], (120, 30, 90, 60))
    (_, first), (_, clicks), (_, boxed) = asked
    factor = SIDE / 240
    assert first["image"].shape == (1, 3, SIDE, SIDE)
    assert first["image"][0, 0, 0, 0] == pytest.approx((40 - 123.675) / 58.395, abs=1e-4)
    assert not first["image"][0, :, 32:].any(), "the rest is padding"
    assert clicks["point_coords"][0] == pytest.approx(np.array([[150, 45], [12, 6], [0, 0]]) * factor)
    assert clicks["point_labels"].tolist() == [[1, 0, -1]]
    assert boxed["point_coords"][0] == pytest.approx(np.array([[150, 45], [120, 30], [210, 90]]) * factor)
    assert boxed["point_labels"].tolist() == [[1, 2, 3]]
    assert boxed["has_mask_input"].tolist() == [0]
    assert boxed["orig_im_size"].tolist() == [120, 240]


def test_an_image_is_embedded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = recording(monkeypatch)
    made = segment.of(OnnxSegmenter(encoder(), decoder(), size=SIDE, keep=2))
    first, second, third = (np.full((8, 8, 3), n, np.uint8) for n in (10, 20, 30))

    def runs(image: Any) -> list[str]:
        asked.clear()
        made.segment(image, [(2, 2, True)], None)
        return [who for who, _ in asked]

    assert runs(first) == ["encoder", "decoder"]
    assert runs(first.copy()) == ["decoder"], "the content counts, not the object"
    assert runs(second) == ["encoder", "decoder"]
    assert runs(first) == ["decoder"]
    assert runs(third) == ["encoder", "decoder"]
    assert runs(second) == ["encoder", "decoder"], "the longest unused was forgotten"
    assert runs(third) == ["decoder"]


def test_masks_at_the_size_of_the_image_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "mobile_sam.decoder.onnx").write_bytes(decoder("masks", size_type=I64))
    (tmp_path / "encoder.onnx").write_bytes(encoder())
    made = segment.of(OnnxSegmenter(tmp_path / "encoder.onnx", str(tmp_path / "mobile_sam.decoder.onnx"), size=SIDE))
    image, inside = picture(SIDE, SIDE)
    assert np.array_equal(made.segment(image, [(45, 20, True)], None), inside)
    assert made.name == "mobile_sam.decoder"


def test_images_are_stretched_for_models_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = recording(monkeypatch)
    image, inside = picture(100, 200)
    made = segment.of(OnnxSegmenter(encoder(), decoder(), size=SIDE, fit="stretch"))
    assert iou(made.segment(image, [(150, 45, True)], None), inside) > 0.9
    assert asked[0][1]["image"][0, 0, -1, -1] == pytest.approx((40 - 123.675) / 58.395, abs=1e-4)
    assert asked[1][1]["point_coords"][0, 0] == pytest.approx([150 * SIDE / 200, 45 * SIDE / 100])


def test_inputs_and_outputs_of_a_models_own_go_through_functions() -> None:
    whole = model(
        [helper.make_node("Sub", ["pixels", "level"], ["out"])],
        {"pixels": (F, ["h", "w"]), "level": (F, [1])},
        {"out": ["h", "w"]},
    )

    def feed(image: Any, points: Any, box: Any) -> Any:
        x, y, _ = points[0]
        grey = image.mean(axis=2, dtype=np.float32)
        return {"pixels": grey, "level": grey[int(y), int(x)][None] - 1}

    made = segment.of(
        OnnxSegmenter(decoder=whole, feed=feed, read=lambda outputs, image: outputs["out"] > 0, name="one")
    )
    image, inside = picture(50, 70)
    assert np.array_equal(made.segment(image, [(50, 20, True)], None), inside)
    assert made.name == "one"
    added = segment.of(
        OnnxSegmenter(
            encoder(),
            decoder(more=("temperature",)),
            size=SIDE,
            feed=lambda image, points, box: {"temperature": np.ones(1, np.float32)},
        )
    )
    assert iou(added.segment(image, [(50, 20, True)], None), inside) > 0.8


def test_what_cannot_work_is_told(tmp_path: Path) -> None:
    image, _ = picture(50, 70)
    click = [(5.0, 5.0, True)]
    with pytest.raises(SuggestError, match="decoder="):
        OnnxSegmenter("encoder.onnx")
    with pytest.raises(SuggestError, match="encoder="):
        OnnxSegmenter(decoder=decoder())
    with pytest.raises(SuggestError, match="fit="):
        OnnxSegmenter("a", "b", fit="crop")  # type: ignore[arg-type]
    with pytest.raises(SuggestError, match=r"missing\.onnx.*decoder of OnnxSegmenter"):
        OnnxSegmenter("missing.onnx", tmp_path / "missing.onnx").segment(image, click, None)
    with pytest.raises(SuggestError, match="the bytes given cannot be loaded as the encoder"):
        OnnxSegmenter(b"junk", decoder()).segment(image, click, None)
    with pytest.raises(SuggestError, match=r"'temperature'.*feed="):
        OnnxSegmenter(encoder(), decoder(more=("temperature",)), size=SIDE).segment(image, click, None)
    wrong = segment.of(OnnxSegmenter(encoder(), decoder(), size=32))
    with pytest.raises(SuggestError, match="onnx: "):
        wrong.segment(image, click, None)


def test_without_onnxruntime_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"nblabel\[onnx\]"):
        OnnxSegmenter(encoder(), decoder(), size=SIDE).segment(picture(8, 8)[0], [(1, 1, True)], None)


def test_a_large_image_is_embedded_once_whatever_is_clicked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = recording(monkeypatch)
    image, inside = picture(900, 2400)
    lab = nb.ImageLabeler(
        [image], masks=["a"], store=":memory:", segmenter=OnnxSegmenter(encoder(), decoder(), size=SIDE)
    )
    tool = lab._bridge._tools["segment"]
    for x, y in ((1500, 300), (2000, 400), (1300, 260)):
        found = tool(lab.item, {"points": [[x, y, 1]], "box": None})
        mask = np.zeros(image.shape[:2], bool)
        part = mask_array(Mask((found["height"], found["width"]), tuple(found["counts"])))
        mask[found["y"] : found["y"] + found["height"], found["x"] : found["x"] + found["width"]] = part
        assert iou(mask, inside) > 0.9
    assert [who for who, _ in asked].count("encoder") == 1
