/** What the kernel sends, checked: a page must not break on a message that is not what it should be. */
import type {
  AnyAnnotation, Entry, Event, Label, Outgoing, Patch, Problem, Progress, Queue, Rejected, Schema, WireItem, WireResponse,
} from "./protocol";

type Json = Record<string, unknown>;

const STATUSES = new Set(["pending", "draft", "submitted", "discarded"]);
const ACTIONS = new Set(["comment", "discard", "edit", "flag", "import", "redo", "skip", "submit", "undo"]);

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function need(holds: boolean, what: string): asserts holds {
  if (!holds) throw new TypeError(what);
}

function list<T>(value: unknown, what: string, one: (value: unknown) => T): T[] {
  if (value === undefined || value === null) return [];
  need(Array.isArray(value), `${what} is not a list`);
  return value.map(one);
}

function strings(value: unknown, what: string): string[] {
  return list(value, what, (text) => {
    need(typeof text === "string", `${what} holds something that is not text`);
    return text;
  });
}

function annotation(value: unknown): AnyAnnotation {
  need(isObject(value) && typeof value.kind === "string", "an annotation has no kind");
  need(typeof value.id === "string" && value.id !== "", `a ${value.kind} has no id`);
  need(value.field === undefined || typeof value.field === "string", `a ${value.kind} has a bad field`);
  need(value.label === undefined || typeof value.label === "string", `a ${value.kind} has a bad label`);
  if (value.kind === "span") {
    need(isIndex(value.start) && isIndex(value.end) && value.start < value.end, "a span has bad offsets");
  } else if (value.kind === "relation") {
    need(typeof value.head === "string" && typeof value.child === "string", "a relation has bad ends");
  } else if (value.kind === "text") {
    need(typeof value.text === "string", "a text has no text");
  }
  return value as unknown as AnyAnnotation;
}

function status(value: unknown): void {
  need(value === undefined || value === null || STATUSES.has(value as string), "a status is unknown");
}

function patch(value: unknown): Patch {
  if (value === undefined) return {};
  need(isObject(value), "a patch is not an object");
  status(value.status);
  need(value.comment == null || typeof value.comment === "string", "a comment is not text");
  list(value.put, "put", annotation);
  strings(value.drop, "drop");
  return value;
}

export function parseEvent(value: unknown): Event {
  need(isObject(value) && typeof value.id === "string" && typeof value.item === "string", "an event has no id or item");
  need(typeof value.annotator === "string", "an event has no annotator");
  need(ACTIONS.has(value.action as string), "an event's action is unknown");
  patch(value.patch);
  return value as unknown as Event;
}

function entry(value: unknown): Entry {
  need(isObject(value), "an entry is not an object");
  parseEvent(value.event);
  patch(value.inverse);
  return value as unknown as Entry;
}

function problem(value: unknown): Problem {
  need(isObject(value) && typeof value.title === "string", "a problem has no title");
  for (const name of ["hint", "detail"]) {
    need(value[name] === undefined || typeof value[name] === "string", `a problem's ${name} is not text`);
  }
  return value as unknown as Problem;
}

function progress(value: unknown): Progress {
  need(isObject(value) && isIndex(value.total), "the progress has no total");
  for (const name of ["submitted", "drafts", "discarded", "flagged"]) {
    need(value[name] === undefined || Number.isFinite(value[name]), `the progress has bad ${name}`);
  }
  return value as unknown as Progress;
}

function response(value: unknown): WireResponse {
  if (value === undefined) return {};
  need(isObject(value), "a response is not an object");
  status(value.status);
  list(value.annotations, "annotations", annotation);
  need(value.comment === undefined || typeof value.comment === "string", "a comment is not text");
  return value;
}

function item(value: unknown): WireItem {
  need(isObject(value) && typeof value.id === "string" && value.id !== "", "an item has no id");
  need(typeof value.key === "string" && isIndex(value.index), `item ${value.id} has no key or index`);
  response(value.response);
  if (value.suggestions != null) list(value.suggestions, "suggestions", annotation);
  if (value.tokens != null) list(value.tokens, "tokens", (n) => need(isIndex(n), "a token's offset is bad"));
  list(value.show, "show", (pair) => need(strings(pair, "show").length === 2, "show holds something else than pairs"));
  return value as unknown as WireItem;
}

function queue(value: unknown): Queue {
  need(isObject(value), "there is no queue");
  need(isIndex(value.queue) && isIndex(value.total) && isIndex(value.index), "the queue has no place");
  list(value.items, "items", item);
  list(value.upcoming, "upcoming", (n) => need(isIndex(n), "upcoming holds something else than places"));
  need(value.filter === undefined || isObject(value.filter), "the filter is not an object");
  progress(value.progress);
  return value as unknown as Queue;
}

function label(value: unknown): Label {
  need(isObject(value) && typeof value.name === "string", "a label has no name");
  for (const name of ["color", "hotkey", "description", "parent"]) {
    need(value[name] === undefined || typeof value[name] === "string", `label ${value.name} has a bad ${name}`);
  }
  strings(value.examples, "examples");
  return value as unknown as Label;
}

function schema(value: unknown): Schema {
  need(isObject(value) && Array.isArray(value.fields), "there is no schema");
  for (const field of value.fields as unknown[]) {
    need(isObject(field) && typeof field.kind === "string" && typeof field.name === "string", "a field has no name");
    list(field.labels, "labels", label);
  }
  return value as unknown as Schema;
}

const CHECKS: Readonly<Record<string, (message: Json) => void>> = {
  welcome: (message) => {
    need(isIndex(message.version), "there is no version");
    for (const name of ["store", "dataset", "annotator"]) need(typeof message[name] === "string", `${name} is missing`);
    schema(message.schema);
    queue(message.queue);
    list(message.history, "history", entry);
    list(message.redo, "redo", entry);
    list(message.notices, "notices", problem);
    need(message.guidelines === undefined || typeof message.guidelines === "string", "the guidelines are not text");
    need(message.keys === undefined || isObject(message.keys), "the keys are not an object");
    for (const chords of Object.values(message.keys ?? {})) strings(chords, "keys");
    need(message.options === undefined || isObject(message.options), "the options are not an object");
  },
  queue,
  items: (message) => {
    need(isIndex(message.queue) && isIndex(message.index), "the items have no place");
    list(message.items, "items", item);
    list(message.upcoming, "upcoming", (n) => need(isIndex(n), "upcoming holds something else than places"));
  },
  ack: (message) => {
    strings(message.stored, "stored");
    list(message.rejected, "rejected", (one): Rejected => {
      need(isObject(one) && typeof one.id === "string", "a rejected event has no id");
      return { id: one.id, problem: problem(one.problem) };
    });
    progress(message.progress);
  },
  pong: () => undefined,
  failure: (message) => void problem(message.problem),
  changed: (message) => {
    list(message.entries, "entries", entry);
    progress(message.progress);
  },
  moved: (message) => void queue(message.queue),
  suggested: (message) => {
    need(typeof message.item === "string", "suggestions without an item");
    list(message.annotations, "annotations", annotation);
    need(message.error === undefined || typeof message.error === "string", "an error is not text");
  },
  notice: (message) => void problem(message.problem),
};

/** A message from the kernel; null if it is not one of ours at all, an error that says what is wrong with it otherwise. */
export function parse(content: unknown): Outgoing | null {
  if (!isObject(content) || typeof content.type !== "string") return null;
  const check = Object.hasOwn(CHECKS, content.type) ? CHECKS[content.type] : undefined;
  need(check !== undefined, `the message “${content.type.slice(0, 40)}” is unknown`);
  need(content.reply === undefined || isIndex(content.reply), "the reply names no request");
  check(content);
  return content as unknown as Outgoing;
}
