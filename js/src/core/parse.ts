/** What the kernel sends, checked: a page must not break on a message that is not what it should be. */
import type { Event, Outgoing } from "./protocol";

/** Throws if a value is not what it should be; `at` says where it stands. */
type Rule = (value: unknown, at: string) => void;

function fail(at: string, what: string): never {
  throw new TypeError(`${at} is ${what}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const own = <T>(table: Readonly<Record<string, T>>, name: unknown): T | undefined =>
  typeof name === "string" && Object.hasOwn(table, name) ? table[name] : undefined;

const text: Rule = (value, at) => typeof value === "string" || fail(at, "not text");
const name: Rule = (value, at) => (typeof value === "string" && value !== "") || fail(at, "not a name");
const place: Rule = (value, at) => (Number.isSafeInteger(value) && (value as number) >= 0) || fail(at, "not a count");
const number: Rule = (value, at) => Number.isFinite(value) || fail(at, "not a number");
const flag: Rule = (value, at) => typeof value === "boolean" || fail(at, "neither true nor false");
const object: Rule = (value, at) => isObject(value) || fail(at, "not an object");

const maybe = (rule: Rule): Rule => (value, at) => {
  if (value != null) rule(value, at);
};
const oneOf = (...values: string[]): Rule => (value, at) => values.includes(value as string) || fail(at, "unknown");
const many = (rule: Rule): Rule => (value, at) => {
  if (!Array.isArray(value)) fail(at, "not a list");
  for (const one of value) rule(one, at);
};
const shape = (rules: Readonly<Record<string, Rule>>): Rule => (value, at) => {
  if (!isObject(value)) fail(at, "not an object");
  for (const [key, rule] of Object.entries(rules)) rule(value[key], `${at}.${key}`);
};

const status = oneOf("pending", "draft", "submitted", "discarded");

const KINDS: Readonly<Record<string, Rule>> = {
  span: (value, at) => {
    shape({ start: place, end: place })(value, at);
    const { start, end } = value as { start: number; end: number };
    if (start >= end) fail(at, "empty");
  },
  relation: shape({ head: name, child: name }),
  choice: shape({ label: text }),
  text: shape({ text }),
  box: shape({ x: number, y: number, width: number, height: number, rotation: maybe(number) }),
  polygon: shape({ points: many(many(number)), holes: maybe(many(many(many(number)))) }),
  keypoints: shape({ points: many(many(number)) }),
  mask: shape({ size: many(place), counts: many(place) }),
};

const anyAnnotation = shape({ kind: text, id: name, field: maybe(text), label: maybe(text), source: maybe(text), score: maybe(number) });
const annotation: Rule = (value, at) => {
  anyAnnotation(value, at);
  own(KINDS, (value as { kind: string }).kind)?.(value, at);
};
const annotations = maybe(many(annotation));
const texts = maybe(many(text));

const patch = maybe(shape({
  put: annotations, drop: texts, status: maybe(status), flagged: maybe(flag), comment: maybe(text), model: maybe(text),
}));
const event = shape({
  id: name, item: name, annotator: text, patch, ref: maybe(text), group: maybe(text), schema_version: maybe(number),
  action: oneOf("comment", "discard", "edit", "flag", "import", "prelabel", "redo", "skip", "submit", "undo"),
});
const entries = many(shape({ event, inverse: patch }));
const problem = shape({ title: text, hint: maybe(text), detail: maybe(text) });
const progress = shape({
  total: place, submitted: maybe(number), drafts: maybe(number), discarded: maybe(number), flagged: maybe(number),
});
const items = many(shape({
  id: name, key: text, index: place, tokens: maybe(many(place)), done: maybe(flag), suggestions: annotations,
  suggest_error: maybe(text), changed: maybe(flag), problem: maybe(text),
  show: maybe(many((pair, at) => (Array.isArray(pair) && pair.length === 2 ? many(text)(pair, at) : fail(at, "not in pairs")))),
  response: maybe(shape({ status: maybe(status), annotations, flagged: maybe(flag), comment: maybe(text), model: maybe(text) })),
}));
const filter = shape({ status: maybe(many(status)), label: maybe(text), flagged: maybe(flag), text: maybe(text), chosen: maybe(flag) });
const queue = shape({
  queue: place, total: place, index: place, items, upcoming: many(place), complete: maybe(flag), filter: maybe(filter), progress,
});
const labels = many(shape({
  name: text, color: maybe(text), hotkey: maybe(text), description: maybe(text), parent: maybe(text), examples: texts,
  attributes: maybe(many(shape({ name: text, type: maybe(text), options: texts, description: maybe(text) }))),
}));
const fields = many(shape({
  kind: text, name: maybe(text), title: maybe(text), description: maybe(text), min: maybe(number), max: maybe(number),
  required: maybe(flag), labels: maybe(labels), placeholder: maybe(text), max_length: maybe(number),
}));

const model = shape({
  name: text, version: maybe(text), state: maybe(oneOf("idle", "busy", "training", "failed")), labels: maybe(place),
  until_next: maybe(place), held_out: maybe(place), score: maybe(number), metric: maybe(text), hint: maybe(text),
  curve: maybe(many(shape({ labels: place, score: number }))), order: maybe(text), accepted: maybe(number),
  usage: maybe(text), error: maybe(text), detail: maybe(text),
});

const MESSAGES: Readonly<Record<string, Rule>> = {
  welcome: shape({
    version: place, store: text, dataset: text, annotator: text, schema: shape({ fields, version: maybe(number) }), queue,
    history: maybe(entries), redo: maybe(entries), guidelines: maybe(text), options: maybe(object), place: maybe(text),
    model: maybe(model), notices: maybe(many(problem)), keys: maybe((value, at) => {
      object(value, at);
      Object.values(value as object).forEach((chords) => many(text)(chords, at));
    }),
  }),
  queue,
  items: shape({ queue: place, index: place, items, upcoming: many(place), complete: maybe(flag) }),
  ack: shape({ stored: texts, rejected: maybe(many(shape({ id: text, problem }))), progress }),
  pong: object,
  failure: shape({ problem, retry: maybe(flag) }),
  changed: shape({ entries, progress }),
  moved: shape({ queue }),
  reordered: shape({ queue: place, fixed: place, upcoming: many(place), complete: maybe(flag) }),
  suggested: shape({ item: text, annotations, error: maybe(text) }),
  notice: shape({ problem }),
  model: shape({ model }),
  chunk: shape({ total: place, offset: maybe(place), about: maybe(object) }),
  answer: object,
};

/** An event that was kept somewhere; an error that says what is wrong with it. */
export function parseEvent(value: unknown): Event {
  event(value, "event");
  return value as Event;
}

/** A message from the kernel; null if it is not one of ours at all, an error that says what is wrong with it otherwise. */
export function parse(content: unknown): Outgoing | null {
  if (!isObject(content) || typeof content.type !== "string") return null;
  const type = content.type.slice(0, 40);
  const rule = own(MESSAGES, content.type) ?? fail(`the message “${type}”`, "unknown");
  maybe(place)(content.reply, `${type}.reply`);
  rule(content, type);
  return content as unknown as Outgoing;
}
