"""doccano's JSON lines, in terms of Prodigy's tasks.

Read are ``label`` or ``entities`` with ``[start, end, label]``, entities with ids and the relations between them, and
``label`` or ``cats`` with texts. A target text of a sequence-to-sequence project looks like a category and is read
as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["as_task"]


def as_task(task: dict[str, Any]) -> dict[str, Any]:
    """The task itself or, if it is one of doccano's, what Prodigy would write for it."""
    if not any(isinstance(task.get(name), list) for name in ("label", "entities", "cats")) or "spans" in task:
        return task
    made = {key: value for key, value in task.items() if key not in ("label", "entities", "cats")}
    labels = [one for name in ("label", "entities", "cats") if isinstance(task.get(name), list) for one in task[name]]
    spans = [span for one in labels if (span := _span(one)) is not None]
    names = [str(one) for one in labels if isinstance(one, (str, int))]
    if spans:
        made["spans"] = spans
    if names:
        made["options"] = [{"id": name, "text": name} for name in dict.fromkeys(names)]
        made["accept"] = list(dict.fromkeys(names))
    relations = task.get("relations")
    if isinstance(relations, list):
        by_id = {span.get("id"): span for span in spans}
        made["relations"] = [_relation(one, by_id) if isinstance(one, Mapping) else one for one in relations]
    made.setdefault("answer", "accept")
    return made


def _span(one: Any) -> dict[str, Any] | None:
    if isinstance(one, list) and len(one) == 3:
        return {"start": one[0], "end": one[1], "label": one[2]}
    if isinstance(one, Mapping) and "start_offset" in one:
        made = {"start": one["start_offset"], "end": one.get("end_offset"), "label": one.get("label")}
        return made if one.get("id") is None else {**made, "id": str(one["id"])}
    return None


def _relation(one: Mapping[str, Any], spans: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    made = {"label": one.get("type", one.get("label")), "head_span": spans.get(str(one.get("from_id")))}
    made["child_span"] = spans.get(str(one.get("to_id")))
    return made if one.get("id") is None else {**made, "id": f"relation:{one['id']}"}
