"""Models in the manner of Segment Anything, as ONNX files: a plug-in, as no weights come with nblabel."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtra, SuggestError

__all__ = ["OnnxSegmenter"]

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
Model: TypeAlias = "str | os.PathLike[str] | bytes"


class OnnxSegmenter:
    """An encoder that is run once an image, and a decoder that is run once a click.

    It follows the conventions of the exporters of SAM, MobileSAM and SAM 2: the encoder takes the image as
    ``(1, 3, size, size)``, normalized and padded on the right and below, or as ``(height, width, 3)`` where it does
    that itself. The decoder takes the encoder's outputs by name (a single one under whatever name), ``point_coords`` in
    pixels of the encoder's image, ``point_labels`` (1 on, 0 beside, 2 and 3 the corners of a box, -1 padding), and, if
    it asks for them, ``mask_input``, ``has_mask_input`` and ``orig_im_size``. Of several masks, the one with the best
    predicted quality is taken.

    Parameters
    ----------
    encoder : path or bytes, optional
        The image encoder; leave it out for a model in one file.
    decoder : path or bytes
        The mask decoder, or the whole model.
    size : int
        Longer side of the encoder's image.
    mean, std : (float, float, float)
        Of red, green and blue from 0 to 255, for encoders that do not normalize themselves.
    fit : {"pad", "stretch"}, optional
        Whether the image keeps its proportions (SAM, MobileSAM) or is stretched to a square (SAM 2); told by the
        decoder's inputs if left out.
    feed : callable, optional
        ``feed(image, points, box) -> {input: array}`` for a model with other inputs. Without an encoder, that is
        all the decoder gets; with one, these inputs are added to those that are known.
    read : callable, optional
        ``read({output: array}, image) -> mask`` for a model with other outputs.
    threshold : float
        Above it a pixel belongs to the thing.
    keep : int
        How many images' embeddings are kept, the longest unused forgotten first.
    providers : sequence of str, optional
        Of ONNX Runtime; all that are there if left out.

    Examples
    --------
    >>> OnnxSegmenter("mobile_sam_encoder.onnx", "mobile_sam_decoder.onnx").name
    'mobile_sam_decoder'
    """

    whole = True
    """Images are embedded as they are; parts of them would be embedded anew at each click."""

    def __init__(
        self,
        encoder: Model | None = None,
        decoder: Model | None = None,
        *,
        size: int = 1024,
        mean: Sequence[float] = (123.675, 116.28, 103.53),
        std: Sequence[float] = (58.395, 57.12, 57.375),
        fit: Literal["pad", "stretch"] | None = None,
        feed: Callable[..., Arrays] | None = None,
        read: Callable[..., Any] | None = None,
        threshold: float = 0.0,
        keep: int = 4,
        providers: Sequence[str] | None = None,
        name: str = "",
    ) -> None:
        if decoder is None:
            raise SuggestError("OnnxSegmenter needs a decoder=", "a model in one file goes there, with feed= and read=")
        if encoder is None and feed is None:
            raise SuggestError("OnnxSegmenter needs an encoder=, or feed= that makes a model's inputs")
        if fit not in (None, "pad", "stretch"):
            raise SuggestError(f"fit= is 'pad' or 'stretch', not {fit!r}")
        self.name = name or _stem(decoder)
        self.size = int(size)
        self._encoder_given, self._decoder_given = encoder, decoder
        self._mean = np.asarray(mean, np.float32)
        self._std = np.asarray(std, np.float32)
        self._fit = fit
        self._feed = feed
        self._read = read
        self._threshold = float(threshold)
        self._keep = max(int(keep), 1)
        self._providers = None if providers is None else list(providers)
        self._sessions: dict[str, Any] = {}
        self._embeddings: OrderedDict[bytes, dict[str, NDArray[Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def segment(
        self,
        image: NDArray[np.uint8],
        points: Sequence[tuple[float, float, bool]],
        box: tuple[float, float, float, float] | None,
    ) -> NDArray[np.bool_]:
        """Which pixels belong to the thing; see `nblabel.suggest.segment.Segmenter`."""
        with self._lock:  # one image is embedded at a time: these models take all the memory there is
            decoder = self._session("decoder", self._decoder_given)
            wanted = {one.name: one for one in decoder.get_inputs()}
            height, width = image.shape[:2]
            inputs: dict[str, NDArray[Any]] = {}
            if self._feed is not None:
                inputs = {str(one): np.asarray(value) for one, value in self._feed(image, points, box).items()}
            if self._encoder_given is not None:
                known = self._prompt(points, box, width, height, wanted)
                known.update(self._embedded(image, wanted, {*known, *inputs}))
                inputs = {**{one: known[one] for one in wanted if one in known}, **inputs}
            missing = [one for one in wanted if one not in inputs]
            if missing:
                raise SuggestError(
                    f"{self.name} asks for the input {missing[0]!r}, which nobody gives",
                    "feed=lambda image, points, box: {...} makes inputs of a model's own",
                )
            names = [one.name for one in decoder.get_outputs()]
            outputs = dict(zip(names, decoder.run(None, inputs), strict=True))
        if self._read is not None:
            return np.asarray(self._read(outputs, image)).astype(bool)
        return self._mask(outputs, width, height, self._fits(wanted))

    # ---- the image ------------------------------------------------------------------------------

    def _fits(self, wanted: Mapping[str, Any]) -> str:
        return self._fit or ("stretch" if "high_res_feats_0" in wanted else "pad")

    def _scaled(self, width: int, height: int, fit: str) -> tuple[int, int]:
        """Width and height that the image has in the encoder's."""
        if fit == "stretch":
            return self.size, self.size
        factor = self.size / max(width, height)
        return max(int(width * factor + 0.5), 1), max(int(height * factor + 0.5), 1)

    def _embedded(
        self, image: NDArray[np.uint8], wanted: Mapping[str, Any], given: set[str]
    ) -> dict[str, NDArray[Any]]:
        """The encoder's outputs, under the names by which the decoder knows them."""
        digest = hashlib.blake2b(
            np.ascontiguousarray(image).data, digest_size=16, key=repr(image.shape).encode()
        ).digest()
        found = self._embeddings.get(digest)
        if found is None:
            encoder = self._session("encoder", self._encoder_given)
            first = encoder.get_inputs()[0]
            outputs = encoder.run(None, {first.name: self._prepared(image, len(first.shape), self._fits(wanted))})
            found = {one.name: value for one, value in zip(encoder.get_outputs(), outputs, strict=True)}
            self._embeddings[digest] = found
            while len(self._embeddings) > self._keep:
                self._embeddings.popitem(last=False)
        self._embeddings.move_to_end(digest)
        unnamed = [one for one in found if one not in wanted]
        open_ = [one for one in wanted if one not in found and one not in given]
        open_ = [one for one in open_ if "embed" in one] or open_
        return {**found, open_[0]: found[unnamed[0]]} if len(unnamed) == 1 == len(open_) else found

    def _prepared(self, image: NDArray[np.uint8], rank: int, fit: str) -> NDArray[np.float32]:
        image_of = _pillow()
        size = self._scaled(image.shape[1], image.shape[0], fit)
        shrunk = image_of.fromarray(np.ascontiguousarray(image)).resize(size, image_of.Resampling.BILINEAR)
        pixels = np.asarray(shrunk, np.float32)
        if rank == 3:
            return pixels
        made = np.zeros((1, 3, self.size, self.size), np.float32)
        made[0, :, : size[1], : size[0]] = ((pixels - self._mean) / self._std).transpose(2, 0, 1)
        return made

    # ---- the prompt -----------------------------------------------------------------------------

    def _prompt(
        self,
        points: Sequence[tuple[float, float, bool]],
        box: tuple[float, float, float, float] | None,
        width: int,
        height: int,
        wanted: Mapping[str, Any],
    ) -> dict[str, NDArray[Any]]:
        scaled = self._scaled(width, height, self._fits(wanted))
        places = [(x, y) for x, y, _ in points]
        labels = [float(on) for _, _, on in points]
        if box is not None:
            x, y, w, h = box
            places += [(x, y), (x + w, y + h)]
            labels += [2.0, 3.0]
        else:
            places.append((0.0, 0.0))
            labels.append(-1.0)
        coords = np.asarray(places, np.float64) * (scaled[0] / width, scaled[1] / height)
        side = self.size // 4
        return {
            "point_coords": coords.astype(np.float32)[None],
            "point_labels": np.asarray(labels, np.float32)[None],
            "mask_input": np.zeros((1, 1, side, side), np.float32),
            "has_mask_input": np.zeros(1, np.float32),
            "orig_im_size": np.asarray((height, width), _dtype(wanted.get("orig_im_size"))),
        }

    # ---- the mask -------------------------------------------------------------------------------

    def _mask(self, outputs: Arrays, width: int, height: int, fit: str) -> NDArray[np.bool_]:
        # Exports of SAM 1 may have frozen the example's proportions into their full-size masks.
        low = outputs.get("low_res_masks")
        masks = low if low is not None else outputs.get("masks", next(iter(outputs.values())))
        masks = np.asarray(masks, np.float32)
        if masks.ndim < 2:
            raise SuggestError(f"{self.name} returned no mask", "read=lambda outputs, image: ... reads other outputs")
        masks = masks.reshape(-1, *masks.shape[-2:])
        scores = next((v for name, v in outputs.items() if "iou" in name or "score" in name), None)
        best = 0 if scores is None or np.size(scores) != len(masks) else int(np.argmax(scores))
        logits: NDArray[np.float32] = masks[best]
        if logits.shape == (height, width):
            return np.asarray(logits > self._threshold)
        image_of = _pillow()
        scaled = self._scaled(width, height, fit)
        if fit == "pad":  # the padding goes before the image is brought back to its size
            rows, columns = (n * logits.shape[k] / self.size for k, n in enumerate((scaled[1], scaled[0])))
        else:
            rows, columns = (float(n) for n in logits.shape)
        whole = image_of.fromarray(logits).resize((width, height), image_of.Resampling.BILINEAR, (0, 0, columns, rows))
        return np.asarray(whole, np.float32) > self._threshold

    def _session(self, role: str, given: Any) -> Any:
        if role not in self._sessions:
            try:
                import onnxruntime
            except ImportError:
                raise MissingExtra("OnnxSegmenter", "onnx") from None
            model = given if isinstance(given, bytes) else os.fspath(given)
            providers = self._providers or onnxruntime.get_available_providers()
            try:
                self._sessions[role] = onnxruntime.InferenceSession(model, providers=providers)
            except Exception as error:  # ONNX Runtime has a class of its own for each thing that can be wrong
                words = (str(error).strip().splitlines() or [""])[0]
                shown = "the bytes given" if isinstance(given, bytes) else repr(model)
                raise SuggestError(f"{shown} cannot be loaded as the {role} of OnnxSegmenter: {words}") from error
        return self._sessions[role]


def _dtype(wanted: Any) -> Any:
    """SAM's own exporter takes sizes as floats, others as integers."""
    kind = str(getattr(wanted, "type", ""))
    return {"tensor(int64)": np.int64, "tensor(int32)": np.int32}.get(kind, np.float32)


def _stem(model: Model) -> str:
    if isinstance(model, bytes):
        return "onnx"
    return Path(model).stem


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra("OnnxSegmenter", "image") from None
    return Image
