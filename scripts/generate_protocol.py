"""Write ``js/src/core/protocol.ts`` from ``nblabel.protocol``; ``--check`` only tells whether it is stale."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec

from nblabel import protocol

TARGET = Path(__file__).resolve().parents[1] / "js" / "src" / "core" / "protocol.ts"
HEADER = "// Generated from src/nblabel/protocol.py by scripts/generate_protocol.py. Do not edit.\n"


def _ts(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "enum" in schema:
        return " | ".join(repr(v).replace("'", '"') for v in schema["enum"])
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_ts(s) for s in schema["anyOf"]))
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return "number"
    if kind == "string":
        return "string"
    if kind == "boolean":
        return "boolean"
    if kind == "null":
        return "null"
    if kind == "array":
        if "prefixItems" in schema:
            return "[" + ", ".join(_ts(s) for s in schema["prefixItems"]) + "]"
        inner = _ts(schema["items"]) if isinstance(schema.get("items"), dict) else "unknown"
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if kind == "object":
        extra = schema.get("additionalProperties")
        return f"Record<string, {_ts(extra) if isinstance(extra, dict) and extra else 'unknown'}>"
    return "unknown"


def _interface(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    lines = [f"export interface {name} {{"]
    for prop, body in schema["properties"].items():
        optional = (
            "" if prop in required or "const" in body or body.get("enum", [None])[0] == _tag(schema, prop) else "?"
        )
        lines.append(f"  {prop}{optional}: {_ts(body)};")
    return "\n".join([*lines, "}"])


def _tag(schema: dict[str, Any], prop: str) -> Any:
    body = schema["properties"][prop]
    return body["enum"][0] if prop in ("type", "kind") and len(body.get("enum", ())) == 1 else object()


def generate() -> str:
    """The whole TypeScript module."""
    incoming, outgoing = get_args(protocol.Incoming), get_args(protocol.Outgoing)
    _, components = msgspec.json.schema_components([*incoming, *outgoing], ref_template="#/$defs/{name}")
    parts = [HEADER, f"export const PROTOCOL_VERSION = {protocol.PROTOCOL_VERSION};"]
    parts += [_interface(name, body) for name, body in sorted(components.items())]
    kinds = sorted(
        name for name, body in components.items() if "kind" in body["properties"] and "score" in body["properties"]
    )
    fields = sorted(
        name for name, body in components.items() if "kind" in body["properties"] and "required" in body["properties"]
    )
    for alias, names in (
        ("AnyAnnotation", kinds),
        ("AnyField", fields),
        ("Incoming", [c.__name__ for c in incoming]),
        ("Outgoing", [c.__name__ for c in outgoing]),
    ):
        parts.append(f"export type {alias} =\n  | " + "\n  | ".join(names) + ";")
    text = "\n\n".join(parts) + "\n"
    return re.sub(r"\n{3,}", "\n\n", text)


def main() -> int:
    made = generate()
    if "--check" in sys.argv[1:]:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != made:
            print(f"{TARGET.name} is stale: run python scripts/generate_protocol.py")
            return 1
        return 0
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
