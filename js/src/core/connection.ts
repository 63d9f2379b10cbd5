/**
 * Requests to the kernel and their replies, over messages that may be late, doubled or lost.
 *
 * A request is sent again until it is answered: all of them can be repeated without harm. It is taken for lost when
 * one that was sent after it has been answered, when the connection came back, or after a long silence.
 */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import { KernelWatch } from "./kernel";
import type { AnyModel } from "./model";
import { parse } from "./parse";
import type { Incoming, Outgoing, Problem } from "./protocol";
import type { Dispose, Scope } from "./scope";

export type Link = "ok" | "busy" | "gone";

type Body<T> = T extends unknown ? Omit<T, "id"> : never;
/** A request without its number. */
export type Question = Body<Incoming>;
export type Buffers = readonly (DataView | ArrayBuffer)[];
export type Reply = (message: Outgoing, buffers: Buffers) => void;

export const BUSY_AFTER = 1200;
const GONE_AFTER_IDLE = 10_000; // an idle kernel answers at once, if the labeler is still there
const GONE_AFTER = 30_000;
const TICK = 300;
const OVERTAKEN_AFTER = 600;
const RESEND_AFTER = 10_000;
const RESEND_MOST = 60_000;

interface Request {
  readonly id: number;
  readonly content: Incoming;
  readonly reply: Reply;
  readonly since: number;
  sent: number;
  order: number;
  tries: number;
}

export interface Listener {
  /** A message that answers none of this page's requests. */
  message(message: Outgoing): void;
  /** Something arrived that is not of the protocol. */
  garbled(problem: Problem): void;
  /** The kernel answers again after it was gone, or after messages were lost. */
  restored(): void;
}

export class Connection {
  readonly link: ReadonlySignal<Link>;
  readonly #link = signal<Link>("ok");
  readonly #model: AnyModel;
  readonly #scope: Scope;
  readonly #listener: Listener;
  readonly #kernel: KernelWatch;
  readonly #open = new Map<number, Request>();
  // pages that share one comm hear each other's replies, so numbers start anywhere
  #id = Math.floor(Math.random() * 2 ** 40);
  #order = 0;
  #answered = 0; // the newest send that was answered
  #answeredAt = 0;
  #heardAt = Date.now();
  #threw = false;
  #suspect = false;
  #wasGone = false;
  #missed = false;
  #ticking: Dispose | null = null;

  constructor(model: AnyModel, scope: Scope, listener: Listener) {
    this.link = this.#link;
    this.#model = model;
    this.#scope = scope;
    this.#listener = listener;
    const receive = (content: unknown, buffers?: Buffers): void => this.#receive(content, buffers ?? []);
    const live = (): void => {
      this.#suspect = true;
      this.#kernel.cut = true;
      this.#probe();
    };
    model.on("msg:custom", receive as never);
    model.on("comm_live_update", live as never);
    scope.own(() => {
      model.off("msg:custom", receive as never);
      model.off("comm_live_update", live as never);
    });
    this.#kernel = new KernelWatch(model, scope, () => this.#kernelChanged());
  }

  /** Asks until `reply` was called with the answer; the returned function gives up. */
  request(body: Question, reply: Reply): Dispose {
    this.#id += 1;
    const now = Date.now();
    const content = { ...body, id: this.#id } as Incoming;
    const request: Request = { id: this.#id, content, reply, since: now, sent: now, order: 0, tries: 0 };
    this.#open.set(request.id, request);
    this.#send(request);
    this.#watch();
    return () => {
      this.#open.delete(request.id);
      this.#judge();
    };
  }

  /** Sends everything unanswered again, now. */
  kick(): void {
    for (const request of [...this.#open.values()]) this.#send(request);
    this.#judge();
  }

  /** Finds out whether the other end is there. */
  #probe(): void {
    if (this.#open.size === 0) this.request({ type: "ping" }, () => undefined);
    else this.kick();
  }

  #send(request: Request): void {
    this.#order += 1;
    request.order = this.#order;
    request.sent = Date.now();
    request.tries += 1;
    try {
      this.#model.send(request.content);
      this.#threw = false;
    } catch {
      this.#threw = true; // the comm is closed; it is tried again
    }
  }

  #receive(content: unknown, buffers: Buffers): void {
    if (this.#scope.disposed) return;
    let message: Outgoing | null;
    try {
      message = parse(content);
    } catch (error) {
      this.#hear();
      const detail = `${error instanceof Error ? error.message : String(error)}\n${excerpt(content)}`;
      this.#listener.garbled({
        title: "The kernel sent something that this page cannot read",
        hint: "Run the cell again and reload the page: they may be of different versions of nblabel.",
        detail,
      });
      this.#settle(content, null, []);
      return;
    }
    if (message === null) return;
    this.#hear();
    if (!this.#settle(content, message, buffers)) this.#listener.message(message);
  }

  /** Ends the request that a message answers; true if there is one. */
  #settle(content: unknown, message: Outgoing | null, buffers: Buffers): boolean {
    const reply = (content as { reply?: unknown }).reply;
    const request = typeof reply === "number" ? this.#open.get(reply) : undefined;
    if (request === undefined) return false;
    this.#open.delete(request.id);
    if (request.tries > 1) this.#missed = true; // what was lost once may have taken news along
    if (request.order > this.#answered) {
      this.#answered = request.order;
      this.#answeredAt = Date.now();
    }
    const problem = { title: "The kernel's answer could not be read" };
    request.reply(message ?? { type: "failure", reply: request.id, problem }, buffers);
    this.#judge();
    if (this.#missed) {
      this.#missed = false;
      this.#listener.restored();
    }
    return true;
  }

  #hear(): void {
    this.#heardAt = Date.now();
    this.#suspect = false;
    this.#kernel.lost = false;
    const cut = this.#kernel.cut || this.#wasGone;
    this.#kernel.cut = false;
    this.#wasGone = false;
    this.#judge();
    if (cut) this.#listener.restored();
  }

  #kernelChanged(): void {
    if (this.#kernel.state === "idle" && (this.#kernel.cut || this.#link.value !== "ok")) this.#probe();
    else this.#judge();
  }

  /** Watches over what is open, as long as there is something. */
  #watch(): void {
    this.#ticking ??= this.#scope.interval(() => {
      const now = Date.now();
      const busy = this.#kernel.state === "busy";
      for (const request of [...this.#open.values()]) {
        const waited = now - request.sent;
        const passed = request.order < this.#answered && now - Math.max(this.#answeredAt, request.sent) > OVERTAKEN_AFTER;
        const patience = Math.min(RESEND_AFTER * 2 ** (request.tries - 1), RESEND_MOST);
        // a busy kernel has it in its queue: another copy would not be any faster
        if ((passed && waited > Math.min(1000 * request.tries, RESEND_AFTER)) || (waited > patience && !busy)) {
          this.#send(request);
        }
      }
      this.#judge();
    }, TICK);
    this.#judge();
  }

  #judge(): void {
    if (this.#open.size === 0) {
      this.#ticking?.();
      this.#ticking = null;
    }
    const link = this.#judged();
    if (link === "gone") this.#wasGone = true;
    this.#link.value = link;
  }

  #judged(): Link {
    const state = this.#kernel.state;
    if (state === "dead" || this.#kernel.lost || this.#threw || this.#model.comm_live === false) return "gone";
    let oldest = Infinity;
    for (const request of this.#open.values()) oldest = Math.min(oldest, request.since);
    const now = Date.now();
    if (now - oldest < BUSY_AFTER || oldest === Infinity) return "ok";
    const silent = now - Math.max(oldest, this.#heardAt);
    if (state === "busy") return "busy";
    if (this.#suspect && silent > BUSY_AFTER) return "gone";
    return silent > (state === "idle" ? GONE_AFTER_IDLE : GONE_AFTER) ? "gone" : "busy";
  }
}

function excerpt(content: unknown): string {
  try {
    return (JSON.stringify(content) ?? "").slice(0, 2000);
  } catch {
    return "";
  }
}
