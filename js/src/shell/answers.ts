/** What picking a choice or writing a text changes, for every labeler alike. */
import type { Engine } from "../core/engine";
import type { AnyAnnotation, Choice, Choices, Schema, Text, Texts } from "../core/protocol";

export function isChoices(field: { kind: string }): field is Choices {
  return field.kind === "choices";
}

/** The choices field that `a` and `x` answer, if this schema is a yes-or-no question. */
export function binaryField(schema: Schema, options: Readonly<Record<string, unknown>>): Choices | null {
  if (options["binary"] === false) return null;
  const pairs = schema.fields.filter(isChoices).filter((field) => field.labels.length === 2 && !field.multiple);
  const [pair] = pairs;
  if (!pair) return null;
  if (options["binary"] === true) return pair;
  // beside things to mark, these keys are the suggestions'
  return schema.fields.every((field) => field === pair || field.kind === "texts") ? pair : null;
}

/** Whether picking a label is the whole answer. */
export function advances(schema: Schema, options: Readonly<Record<string, unknown>>): boolean {
  const [only, ...more] = schema.fields;
  return more.length === 0 && only !== undefined && isChoices(only) && !only.multiple && options["auto_advance"] !== false;
}

export function chosen(annotations: readonly AnyAnnotation[], field: string): Choice[] {
  return annotations.filter((one): one is Choice => one.kind === "choice" && one.field === field);
}

export function written(annotations: readonly AnyAnnotation[], field: string): Text | undefined {
  return annotations.find((one): one is Text => one.kind === "text" && one.field === field);
}

/** Picks a label; a picked one is taken back unless `keep`. A suggestion of the same label is accepted as it is. */
export function pick(engine: Engine, field: Choices, label: string, keep = false): "picked" | "dropped" | "kept" {
  const name = field.name ?? "";
  const now = chosen(engine.view.value.annotations, name);
  const same = now.find((choice) => choice.label === label);
  if (same) {
    if (keep) return "kept";
    engine.edit([], [same.id ?? ""]);
    return "dropped";
  }
  const suggested = chosen(engine.suggestions.value, name).find((choice) => choice.label === label);
  const made: Choice = suggested ?? { kind: "choice", label, field: name, id: engine.newId() };
  engine.edit([made], field.multiple ? [] : now.map((choice) => choice.id ?? ""));
  return "picked";
}

/** Writes a text; nothing at all takes the answer back. */
export function write(engine: Engine, field: Texts, text: string): void {
  const name = field.name ?? "";
  const now = written(engine.view.value.annotations, name);
  if ((now?.text ?? "") === text) return;
  const merge = `text:${engine.item.value?.id ?? ""}:${name}`;
  if (text === "") engine.edit([], now ? [now.id ?? ""] : [], { merge });
  else engine.edit([{ kind: "text", text, field: name, id: now?.id ?? engine.newId() }], [], { merge });
}

/** Attributes of an annotation, by name. */
export type Values = NonNullable<Choice["attributes"]>;
export type Value = Values[string];

/** The same annotation with one attribute changed; nothing at all takes it away. */
export function withAttribute<A extends { attributes?: Values }>(annotation: A, name: string, value: Value): A {
  const { [name]: _, ...rest } = annotation.attributes ?? {};
  return { ...annotation, attributes: value === null || value === "" ? rest : { ...annotation.attributes, [name]: value } };
}
