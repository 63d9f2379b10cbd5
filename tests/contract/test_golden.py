"""What Python and TypeScript are tested on is what Python does today, and Python takes what the page sends."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from nblabel import protocol
from nblabel.errors import ProtocolError

ROOT = Path(__file__).resolve().parents[2]
SENT: list[dict[str, Any]] = json.loads(Path(__file__).with_name("page-messages.json").read_text(encoding="utf-8"))


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["PATCHES", "MESSAGES"])
def test_the_golden_cases_are_not_stale(name: str) -> None:
    script = _script("generate_golden")
    made = script.patches() if name == "PATCHES" else script.messages()
    assert getattr(script, name).read_text(encoding="utf-8") == made, "run python scripts/generate_golden.py"


def test_the_typescript_types_are_not_stale() -> None:
    script = _script("generate_protocol")
    assert script.TARGET.read_text(encoding="utf-8") == script.generate(), "run python scripts/generate_protocol.py"


@pytest.mark.parametrize("message", SENT, ids=lambda message: f"{message['type']}-{message['id']}")
def test_python_takes_what_the_page_sends(message: dict[str, Any]) -> None:
    decoded = protocol.decode(message)
    assert msgspec.to_builtins(decoded)["type"] == message["type"]
    for event, sent in zip(getattr(decoded, "events", ()), message.get("events", ()), strict=True):
        assert json.loads(msgspec.json.encode(event)) == sent


def test_the_page_sends_every_kind_of_message_and_event() -> None:
    assert {message["type"] for message in SENT} == {"hello", "ping", "fetch", "find", "events", "move"}
    actions = {event["action"] for message in SENT for event in message.get("events", ())}
    assert actions == {"edit", "submit", "skip", "discard", "flag", "comment", "undo", "redo"}


@pytest.mark.parametrize(
    "content",
    [None, 3, "hello", [], {}, {"type": "hello"}, {"type": "surprise", "id": 1}, {"type": "ping", "id": 1, "extra": 2}],
)
def test_python_refuses_what_is_not_of_the_protocol(content: object) -> None:
    with pytest.raises(ProtocolError, match="not of the protocol"):
        protocol.decode(content)
