"""Models in the loop: what a user already has becomes something that suggests annotations.

Examples
--------
>>> from nblabel.records import Item
>>> from nblabel.schema import Schema, Spans
>>> def names(text):
...     return [(0, 3, "PERSON")] if text.startswith("Ada") else []
>>> suggester = of(names, Schema.of({"spans": Spans(["PERSON"])}))
>>> [(a.start, a.end, a.label, a.source) for a in suggester.suggest([Item(0, "Ada Lovelace")])[0]]
[(0, 3, 'PERSON', 'names')]
"""

from __future__ import annotations

from . import segment
from .adapters import Adapter, Learner, Scorer, Suggester, Trainable, batched, of
from .chat import Chat, chat
from .classifiers import Classifier, classifier, image_features
from .committees import Committee, committee
from .detector import Detector, onnx_detector
from .embeddings import sentence_embeddings
from .features import sound_features, text_features
from .hugging_face import HuggingFace, hugging_face
from .learners import image_classifier, sound_classifier, text_classifier, trainable
from .limits import Limited, limited
from .memory import Memory, memory
from .ner import Entities, entities
from .patterns import Patterns, patterns
from .runner import Runner
from .segment import OnnxSegmenter, Segmenter
from .speech import Transcriber, transcribe
from .voice import Voice, voice

__all__ = [
    "Adapter",
    "Chat",
    "Classifier",
    "Committee",
    "Detector",
    "Entities",
    "HuggingFace",
    "Learner",
    "Limited",
    "Memory",
    "OnnxSegmenter",
    "Patterns",
    "Runner",
    "Scorer",
    "Segmenter",
    "Suggester",
    "Trainable",
    "Transcriber",
    "Voice",
    "batched",
    "chat",
    "classifier",
    "committee",
    "entities",
    "hugging_face",
    "image_classifier",
    "image_features",
    "limited",
    "memory",
    "of",
    "onnx_detector",
    "patterns",
    "segment",
    "sentence_embeddings",
    "sound_classifier",
    "sound_features",
    "text_classifier",
    "text_features",
    "trainable",
    "transcribe",
    "voice",
]
