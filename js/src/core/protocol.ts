// Generated from src/nblabel/protocol.py by scripts/generate_protocol.py. Do not edit.

export const PROTOCOL_VERSION = 1;

export interface Ack {
  type: "ack";
  reply: number;
  stored?: string[];
  rejected?: Rejected[];
  progress: Progress;
}

export interface Answer {
  type: "answer";
  reply: number;
  made?: unknown;
}

export interface Ask {
  type: "ask";
  id: number;
  item: string;
  tool: string;
  given?: unknown;
}

export interface Attribute {
  name: string;
  type?: "bool" | "choice" | "number" | "text";
  options?: string[];
  description?: string;
}

export interface Box {
  kind: "box";
  x: number;
  y: number;
  width: number;
  height: number;
  label?: string;
  rotation?: number;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
  z?: number;
  group?: string;
  occluded?: boolean;
}

export interface Boxes {
  kind: "boxes";
  labels: Label[];
  rotation?: boolean;
  name?: string;
  title?: string;
  description?: string;
  min?: number;
  max?: number | null;
  required?: boolean;
}

export interface Changed {
  type: "changed";
  entries: Entry[];
  progress: Progress;
}

export interface Choice {
  kind: "choice";
  label: string;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
}

export interface Choices {
  kind: "choices";
  labels: Label[];
  multiple?: boolean;
  name?: string;
  title?: string;
  description?: string;
  min?: number;
  max?: number | null;
  required?: boolean;
}

export interface Chunk {
  type: "chunk";
  reply: number;
  total: number;
  offset?: number;
  about?: Record<string, unknown>;
}

export interface Cuboid {
  kind: "cuboid";
  x: number;
  y: number;
  z: number;
  length: number;
  width: number;
  height: number;
  yaw?: number;
  label?: string;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
}

export interface Entry {
  event: Event;
  inverse?: Patch;
}

export interface Event {
  id: string;
  item: string;
  annotator: string;
  action: "comment" | "discard" | "edit" | "flag" | "import" | "prelabel" | "redo" | "skip" | "submit" | "undo";
  patch?: Patch;
  seconds?: number;
  at?: number;
  schema_version?: number;
  ref?: string;
  group?: string;
}

export interface Events {
  type: "events";
  id: number;
  events?: Event[];
  at?: string;
}

export interface Failure {
  type: "failure";
  reply: number;
  problem: Problem;
  retry?: boolean;
}

export interface Fetch {
  type: "fetch";
  id: number;
  index: number;
  queue: number;
  held?: number[];
}

export interface Filter {
  status?: ("discarded" | "draft" | "pending" | "submitted")[];
  label?: string;
  flagged?: boolean | null;
  text?: string;
  chosen?: boolean;
}

export interface Find {
  type: "find";
  id: number;
  filter: Filter;
  at?: string;
}

export interface Hello {
  type: "hello";
  id: number;
  version: number;
  at?: string;
}

export interface Items {
  type: "items";
  reply: number;
  queue: number;
  index: number;
  items: WireItem[];
  upcoming: number[];
  complete?: boolean;
}

export interface Keyframe {
  frame: number;
  x: number;
  y: number;
  width: number;
  height: number;
  outside?: boolean;
  occluded?: boolean;
}

export interface Keypoints {
  kind: "keypoints";
  points: [number, number, number][];
  label?: string;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
  z?: number;
  group?: string;
  occluded?: boolean;
}

export interface Label {
  name: string;
  color?: string;
  hotkey?: string;
  description?: string;
  examples?: string[];
  parent?: string;
  attributes?: Attribute[];
}

export interface Mask {
  kind: "mask";
  size: [number, number];
  counts: number[];
  label?: string;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
  z?: number;
  group?: string;
  occluded?: boolean;
}

export interface Masks {
  kind: "masks";
  labels: Label[];
  name?: string;
  title?: string;
  description?: string;
  min?: number;
  max?: number | null;
  required?: boolean;
}

export interface Media {
  type: "media";
  id: number;
  item: string;
  part: string;
  at?: number[];
  offset?: number;
}

export interface Model {
  type: "model";
  model: ModelState;
}

export interface ModelPoint {
  labels: number;
  score: number;
}

export interface ModelState {
  name: string;
  version?: string;
  state?: "busy" | "failed" | "idle" | "training";
  labels?: number;
  until_next?: number;
  held_out?: number;
  score?: number | null;
  metric?: string;
  curve?: ModelPoint[];
  hint?: string;
  order?: string;
  accepted?: number | null;
  usage?: string;
  error?: string;
  detail?: string;
}

export interface Move {
  type: "move";
  id: number;
  at: string;
}

export interface Moved {
  type: "moved";
  queue: Queue;
}

export interface Notice {
  type: "notice";
  problem: Problem;
}

export interface Patch {
  put?: (Span | Relation | Choice | Text | Rating | Ranking | Box | Polygon | Keypoints | Mask | Segment | Track | Cuboid)[];
  drop?: string[];
  status?: "discarded" | "draft" | "pending" | "submitted" | null;
  flagged?: boolean | null;
  comment?: string | null;
  model?: string | null;
}

export interface Ping {
  type: "ping";
  id: number;
}

export interface Polygon {
  kind: "polygon";
  points: [number, number][];
  label?: string;
  holes?: [number, number][][];
  closed?: boolean;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
  z?: number;
  group?: string;
  occluded?: boolean;
}

export interface Polygons {
  kind: "polygons";
  labels: Label[];
  name?: string;
  title?: string;
  description?: string;
  min?: number;
  max?: number | null;
  required?: boolean;
}

export interface Polylines {
  kind: "polylines";
  labels: Label[];
  name?: string;
  title?: string;
  description?: string;
  min?: number;
  max?: number | null;
  required?: boolean;
}

export interface Pong {
  type: "pong";
  reply: number;
}

export interface Problem {
  title: string;
  hint?: string;
  detail?: string;
}

export interface Progress {
  total: number;
  submitted?: number;
  drafts?: number;
  discarded?: number;
  flagged?: number;
}

export interface Queue {
  type: "queue";
  reply?: number;
  queue: number;
  total: number;
  index: number;
  items: WireItem[];
  upcoming: number[];
  complete?: boolean;
  filter?: Filter;
  progress: Progress;
}

export interface Ranking {
  kind: "ranking";
  ranks: string[][];
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
}

export interface Rating {
  kind: "rating";
  value: number;
  label?: string;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
}

export interface Rejected {
  id: string;
  problem: Problem;
}

export interface Relation {
  kind: "relation";
  head: string;
  child: string;
  label?: string;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
}

export interface Relations {
  kind: "relations";
  labels: Label[];
  spans?: string;
  name?: string;
  title?: string;
  description?: string;
  min?: number;
  max?: number | null;
  required?: boolean;
}

export interface Reordered {
  type: "reordered";
  queue: number;
  fixed: number;
  upcoming: number[];
  complete?: boolean;
}

export interface Schema {
  fields: (Spans | Relations | Choices | Texts | Boxes | Polygons | Polylines | Skeletons | Masks | Segments)[];
  version?: number;
}

export interface Segment {
  kind: "segment";
  start: number;
  end: number;
  label?: string;
  text?: string;
  channel?: number | null;
  low?: number | null;
  high?: number | null;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
}

export interface Segments {
  kind: "segments";
  labels?: Label[];
  overlap?: boolean;
  events?: boolean;
  transcript?: boolean;
  frequency?: boolean;
  tiers?: "channel" | "field" | "label";
  name?: string;
  title?: string;
  description?: string;
  min?: number;
  max?: number | null;
  required?: boolean;
}

export interface Skeletons {
  kind: "skeletons";
  labels: Label[];
  points?: string[];
  edges?: [number, number][];
  name?: string;
  title?: string;
  description?: string;
  min?: number;
  max?: number | null;
  required?: boolean;
}

export interface Span {
  kind: "span";
  start: number;
  end: number;
  label?: string;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
}

export interface Spans {
  kind: "spans";
  labels: Label[];
  overlap?: boolean;
  name?: string;
  title?: string;
  description?: string;
  min?: number;
  max?: number | null;
  required?: boolean;
}

export interface Suggested {
  type: "suggested";
  item: string;
  annotations?: (Span | Relation | Choice | Text | Rating | Ranking | Box | Polygon | Keypoints | Mask | Segment | Track | Cuboid)[];
  error?: string;
}

export interface Text {
  kind: "text";
  text: string;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
}

export interface Texts {
  kind: "texts";
  placeholder?: string;
  multiline?: boolean;
  max_length?: number | null;
  name?: string;
  title?: string;
  description?: string;
  min?: number;
  max?: number | null;
  required?: boolean;
}

export interface Track {
  kind: "track";
  keyframes: Keyframe[];
  label?: string;
  id?: string;
  field?: string;
  attributes?: Record<string, string | number | boolean | string[] | null>;
  score?: number | null;
  source?: string;
}

export interface Travel {
  type: "travel";
  id: number;
  action: "redo" | "undo";
}

export interface Welcome {
  type: "welcome";
  reply: number;
  version: number;
  store: string;
  dataset: string;
  annotator: string;
  schema: Schema;
  queue: Queue;
  history?: Entry[];
  redo?: Entry[];
  guidelines?: string;
  keys?: Record<string, string[]>;
  options?: Record<string, unknown>;
  place?: string;
  notices?: Problem[];
  model?: ModelState | null;
}

export interface WireItem {
  id: string;
  key: string;
  index: number;
  data: unknown;
  show?: [string, string][];
  tokens?: number[] | null;
  response?: WireResponse;
  done?: boolean;
  suggestions?: (Span | Relation | Choice | Text | Rating | Ranking | Box | Polygon | Keypoints | Mask | Segment | Track | Cuboid)[] | null;
  suggest_error?: string;
  changed?: boolean;
  problem?: string;
}

export interface WireResponse {
  status?: "discarded" | "draft" | "pending" | "submitted";
  annotations?: (Span | Relation | Choice | Text | Rating | Ranking | Box | Polygon | Keypoints | Mask | Segment | Track | Cuboid)[];
  flagged?: boolean;
  comment?: string;
  seconds?: number;
  model?: string;
}

export type AnyAnnotation =
  | Box
  | Choice
  | Cuboid
  | Keypoints
  | Mask
  | Polygon
  | Ranking
  | Rating
  | Relation
  | Segment
  | Span
  | Text
  | Track;

export type AnyField =
  | Boxes
  | Choices
  | Masks
  | Polygons
  | Polylines
  | Relations
  | Segments
  | Skeletons
  | Spans
  | Texts;

export type Incoming =
  | Hello
  | Ping
  | Fetch
  | Find
  | Events
  | Move
  | Media
  | Ask
  | Travel;

export type Outgoing =
  | Welcome
  | Queue
  | Items
  | Ack
  | Pong
  | Failure
  | Changed
  | Moved
  | Reordered
  | Suggested
  | Notice
  | Model
  | Chunk
  | Answer;
