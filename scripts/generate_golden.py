"""Write the cases on which Python and TypeScript are both tested; ``--check`` only tells whether they are stale.

``tests/contract/patches.json`` holds logs of events with the response and the inverse after each, as `apply_event` and
`fold_undo` make them; ``js/tests/golden-messages.ts`` one message of each kind in both directions, as they travel.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec

from nblabel import protocol
from nblabel.annotations import (
    AnyAnnotation,
    Box,
    Choice,
    Cuboid,
    Keyframe,
    Keypoints,
    Mask,
    Polygon,
    Ranking,
    Rating,
    Relation,
    Segment,
    Span,
    Text,
    Track,
)
from nblabel.protocol import (
    Ack,
    Answer,
    Ask,
    Changed,
    Chunk,
    Entry,
    Events,
    Failure,
    Fetch,
    Find,
    Hello,
    Items,
    Media,
    Model,
    ModelPoint,
    ModelState,
    Move,
    Moved,
    Notice,
    Ping,
    Pong,
    Problem,
    Queue,
    Rejected,
    Reordered,
    Suggested,
    Travel,
    Welcome,
    WireItem,
    WireResponse,
)
from nblabel.records import Action, Event, Filter, Patch, Progress, Response, Status, apply_event, fold_undo
from nblabel.schema import (
    Attribute,
    Boxes,
    Choices,
    Label,
    Masks,
    Polygons,
    Polylines,
    Relations,
    Schema,
    Skeletons,
    Spans,
    Texts,
)

ROOT = Path(__file__).resolve().parents[1]
PATCHES = ROOT / "tests" / "contract" / "patches.json"
MESSAGES = ROOT / "js" / "tests" / "golden-messages.ts"

_STATUSES: tuple[Status, ...] = get_args(Status)
_IDS = ("a", "b", "c", "d", "e")


def _annotation(rng: random.Random, name: str) -> AnyAnnotation:
    field = rng.choice(["", "spans", "mood"])
    start = rng.randrange(4)
    made: list[AnyAnnotation] = [
        Span(start, start + 1 + rng.randrange(2), rng.choice(["", "ORG"]), id=name, field=field),
        Span(
            start,
            start + 1,
            "ORG",
            id=name,
            field=field,
            score=rng.choice([None, 0.5]),
            source=rng.choice(["human", "m"]),
        ),
        Choice(rng.choice(["good", "bad"]), id=name, field=field, attributes=rng.choice([{}, {"sure": True}])),
        Text(rng.choice(["", "x", "😀 \ud800"]), id=name, field=field),
        Relation("a", "b", "knows", id=name, field=field),
        Box(1, 2, 3, 4.5, rotation=rng.choice([0, 45]), id=name, field=field),
        Polygon(((0, 0), (1, 0), (1, 1)), holes=rng.choice([(), (((0, 0), (1, 0), (1, 1)),)]), id=name, field=field),
        Track((Keyframe(0, 1, 2, 3, 4, outside=rng.choice([False, True])),), id=name, field=field),
    ]
    return rng.choice(made)


def _patch(rng: random.Random) -> Patch:
    put = tuple(_annotation(rng, rng.choice(_IDS)) for _ in range(rng.choice([0, 0, 1, 1, 2, 3])))
    drop = tuple(rng.choice(_IDS) for _ in range(rng.choice([0, 0, 0, 1, 2])))
    return Patch(
        put=put,
        drop=drop,
        status=rng.choice([None, None, None, *_STATUSES]),
        flagged=rng.choice([None, None, None, True, False]),
        comment=rng.choice([None, None, None, "", "unclear", "é😀"]),
        model=rng.choice([None, None, None, "", "spacy@1", "spacy@2"]),
    )


def _log(seed: int) -> dict[str, Any]:
    rng = random.Random(seed)
    response: Response | None = None
    log: list[Event] = []
    steps: list[dict[str, Any]] = []
    inverses: dict[str, Patch] = {}
    for number in range(rng.randrange(3, 16)):
        done, undone = fold_undo(log)
        actions: list[Action] = ["edit", "edit", "submit", "skip", "discard", "flag", "comment", "import", "prelabel"]
        actions += ["undo", "undo"] if done else []
        actions += ["redo", "redo"] if undone else []
        action = rng.choice(actions)
        ref, patch = "", _patch(rng)
        if action == "undo":
            ref, patch = done[-1].id, inverses[done[-1].id]
        elif action == "redo":
            ref, patch = undone[-1].id, undone[-1].patch
        event = Event(
            id=f"{seed}-{number}", item="i", annotator="me", action=action, patch=patch, ref=ref, at=float(number)
        )
        response, inverse = apply_event(response, event, ("spans",))
        inverses[event.id] = inverse
        log.append(event)
        done, undone = fold_undo(log)
        steps.append(
            {
                "event": msgspec.to_builtins(event),
                "response": {
                    "status": response.status,
                    "annotations": msgspec.to_builtins(response.annotations),
                    "flagged": response.flagged,
                    "comment": response.comment,
                    "model": response.model,
                },
                "inverse": msgspec.to_builtins(inverse),
                "done": [one.id for one in done],
                "undone": [one.id for one in undone],
            }
        )
    return {"steps": steps}


def patches() -> str:
    """All logs as JSON, one a line."""
    return "[\n" + ",\n".join(json.dumps(_log(seed)) for seed in range(30)) + "\n]\n"


def _messages() -> tuple[list[protocol.Incoming], list[protocol.Outgoing]]:
    annotations: tuple[AnyAnnotation, ...] = (
        Span(0, 3, "PER", id="s1", field="spans"),
        Span(8, 15, "PER", id="s2", field="spans", score=0.75, source="rules"),
        Relation("s1", "s2", "knows", id="r1", field="relations", attributes={"sure": True, "why": ["a", "b"]}),
        Choice("good", id="c1", field="mood"),
        Text("a note: שלום 😀", id="t1", field="note"),
        Rating(4, "fluency", id="g1", field="rating"),
        Ranking((("a",), ("b", "c")), id="k1", field="ranking"),
        Box(1.5, 2, 30, 40, "cat", rotation=12, id="b1", field="boxes", z=2, group="g", occluded=True),
        Polygon(((0, 0), (4, 0), (4, 4)), "cat", holes=(((1, 1), (2, 1), (2, 2)),), id="p1", field="polygons"),
        Keypoints(((1, 2, 2), (3, 4, 0)), "hand", id="h1", field="keypoints"),
        Mask((2, 3), (1, 2, 3), "cat", id="m1", field="masks"),
        Segment(0.5, 1.25, "word", text="hi", channel=0, low=80, high=8000, id="e1", field="segments"),
        Track((Keyframe(0, 1, 1, 5, 5), Keyframe(9, 2, 2, 5, 5, occluded=True)), "car", id="v1", field="tracks"),
        Cuboid(1, 2, 3, 4, 2, 1.5, 0.3, "car", id="u1", field="cuboids"),
    )
    edit = Event(
        id="0a1b2c3d4e5f", item="i1", annotator="me", action="edit", patch=Patch(put=annotations), seconds=2.5, at=1.7e9
    )
    submit = Event(
        id="0a1b2c3d4e60", item="i1", annotator="me", action="submit", patch=Patch(status="submitted"), schema_version=2
    )
    undo = Event(
        id="0a1b2c3d4e61", item="i1", annotator="me", action="undo", patch=Patch(status="draft"), ref=submit.id
    )
    bulk = Event(
        id="0a1b2c3d4e62",
        item="i2",
        annotator="me",
        action="prelabel",
        patch=Patch(put=annotations[:1], status="submitted", model="spacy@3"),
        group="0a1b",
    )
    problem = Problem(
        title="The database is locked", hint="Close the other program.", detail="sqlite3.OperationalError"
    )
    progress = Progress(total=1_000_000, submitted=3, drafts=1, discarded=2, flagged=1)
    item = WireItem(
        id="i1",
        key="17",
        index=0,
        data="Ada met Charles 😀",
        show=(("source", "a letter"), ("<b>", "</script>")),
        tokens=(0, 3, 4, 7, 8, 15, 16, 17),
        response=WireResponse(status="draft", annotations=annotations[:2], flagged=True, comment="why?", seconds=3.5),
        suggestions=annotations[1:2],
        changed=True,
    )
    bare = WireItem(
        id="i2",
        key="18",
        index=1,
        data="",
        response=WireResponse(status="submitted", model="spacy@3"),
        done=True,
        suggest_error="no model",
        problem="not a text",
    )
    queue = Queue(
        queue=3,
        total=2,
        index=0,
        items=(item, bare),
        upcoming=(1, 0),
        complete=True,
        filter=Filter(status=("draft",), label="PER", flagged=True, text="ada"),
        progress=progress,
    )
    schema = Schema.of(
        {
            "spans": Spans(
                (
                    Label("PER", description="a person", examples=("Ada",), attributes=(Attribute("title"),)),
                    Label("ORG", parent="PER"),
                ),
                overlap=False,
                title="Entities",
            ),
            "relations": Relations((Label("knows"),), spans="spans"),
            "mood": Choices((Label("good"), Label("bad")), required=True),
            "tags": Choices((Label("x"), Label("y")), multiple=True, max=2),
            "note": Texts(placeholder="why?", multiline=False, max_length=80),
            "boxes": Boxes((Label("cat"),), rotation=False),
            "polygons": Polygons((Label("cat"),)),
            "lines": Polylines((Label("crack"),)),
            "keypoints": Skeletons((Label("hand"),), points=("wrist", "thumb"), edges=((0, 1),)),
            "masks": Masks((Label("cat"),)),
        }
    )
    entries = (
        Entry(edit, Patch(drop=("s1",))),
        Entry(bulk, Patch(drop=("s1",), status="pending")),
        Entry(submit, Patch(status="draft", model="spacy@2")),
        Entry(undo),
    )
    model = ModelState(
        name="spaCy",
        version="3",
        state="training",
        labels=120,
        until_next=4,
        held_out=30,
        score=0.81,
        metric="F1",
        curve=(ModelPoint(40, 0.6), ModelPoint(80, 0.75)),
        hint="The curve is flat.",
        order="uncertainty",
        accepted=0.75,
        usage="1,200 tokens",
        error="it took longer than 30 seconds",
        detail="Traceback ...",
    )
    incoming: list[protocol.Incoming] = [
        Hello(id=1, version=1),
        Hello(id=2, version=1, at="i1"),
        Ping(id=3),
        Fetch(id=4, index=12, queue=3, held=(12, 13)),
        Find(id=5, filter=Filter(), at="i1"),
        Find(id=6, filter=Filter(status=("pending", "draft"), label="PER", flagged=False, text="<b>")),
        Events(id=7, events=(edit, submit, undo), at="i2"),
        Move(id=8, at="i2"),
        Media(id=9, item="i1", part="tile", at=(2, 0, 1), offset=1 << 20),
        Ask(id=10, item="i1", tool="segment", given={"box": [1, 2, 30, 40]}),
        Travel(id=11, action="undo"),
    ]
    outgoing: list[protocol.Outgoing] = [
        Welcome(
            reply=1,
            version=1,
            store="5f0c",
            dataset="text",
            annotator="me",
            schema=schema,
            queue=queue,
            history=entries[:3],
            redo=entries[3:],
            guidelines="# Guidelines\n<img src=x onerror=alert(1)>",
            keys={"submit": ("Enter", "mod+Enter")},
            options={"height": 400, "binary": True},
            place="nblabel.db",
            notices=(problem,),
            model=model,
        ),
        queue,
        Items(reply=4, queue=3, index=0, items=(item, bare), upcoming=(), complete=False),
        Ack(reply=7, stored=(edit.id, submit.id), rejected=(Rejected(undo.id, problem),), progress=progress),
        Pong(reply=3),
        Failure(reply=7, problem=problem, retry=True),
        Changed(entries=entries, progress=progress),
        Moved(queue=queue),
        Reordered(queue=3, fixed=1, upcoming=(1,), complete=True),
        Suggested(item="i1", annotations=annotations[1:2], error="slow"),
        Notice(problem=problem),
        Model(model=model),
        Chunk(reply=9, total=2_000_000, offset=1 << 20, about={"mime": "image/png"}),
        Answer(reply=10, made={"counts": [1, 2, 3]}),
    ]
    return incoming, outgoing


def messages() -> str:
    """The messages as a TypeScript module, so that the compiler checks them against the generated types."""
    incoming, outgoing = _messages()
    kinds = {*get_args(protocol.Incoming), *get_args(protocol.Outgoing)}
    missing = kinds - {type(one) for one in (*incoming, *outgoing)}
    assert not missing, f"no golden message of {missing}"
    parts = [
        "// Generated by scripts/generate_golden.py. Do not edit.",
        'import type { Incoming, Outgoing } from "../src/core/protocol";',
        "",
    ]
    for name, kind, made in (("incoming", "Incoming", incoming), ("outgoing", "Outgoing", outgoing)):
        body = ",\n".join("  " + json.dumps(msgspec.to_builtins(one)) for one in made)
        parts += [f"export const {name}: {kind}[] = [", body + ",", "];", ""]
    return "\n".join(parts)


def main() -> int:
    stale = 0
    for target, made in ((PATCHES, patches()), (MESSAGES, messages())):
        if "--check" in sys.argv[1:]:
            if not target.exists() or target.read_text(encoding="utf-8") != made:
                print(f"{target.name} is stale: run python scripts/generate_golden.py")
                stale = 1
            continue
        target.write_text(made, encoding="utf-8")
    return stale


if __name__ == "__main__":
    raise SystemExit(main())
