// A host without Jupyter: models and views as anywidget makes them, over a websocket to a kernel that is a thread of
// the test. It does to a labeler what JupyterLab and marimo do, and nothing that they do not.

class Signal {
  #slots = new Set();
  connect(slot) { this.#slots.add(slot); return true; }
  disconnect(slot) { return this.#slots.delete(slot); }
  emit(...args) { for (const slot of [...this.#slots]) slot(...args); }
  get size() { return this.#slots.size; }
}

class Model {
  #state; #handlers = []; #dirty = new Set();
  comm_live = true;
  constructor(host, id, state, bare) {
    this.host = host;
    this.id = id;
    this.#state = { ...state };
    if (!bare) this.widget_manager = { kernel: host.kernel };
  }
  get(name) { return this.#state[name]; }
  set(name, value) {
    if (Object.is(this.#state[name], value)) return;
    this.#state[name] = value;
    this.#dirty.add(name);
    this.trigger(`change:${name}`, this, value, {});
    this.trigger("change", this, {});
  }
  save_changes() {
    const state = Object.fromEntries([...this.#dirty].map((name) => [name, this.#state[name]]));
    this.#dirty.clear();
    if (Object.keys(state).length) this.#post({ method: "update", state, buffer_paths: [] });
  }
  send(content, _callbacks, buffers) { this.#post({ method: "custom", content }, buffers); }
  #post(data, buffers = []) {
    if (!this.comm_live) throw new Error("Comm is closed"); // as @jupyterlab/services does on a dead comm
    this.host.post({ comm: this.id, data, buffers: buffers.map(toBase64) });
  }
  on(event, handler) { for (const one of event.split(/\s+/)) this.#handlers.push([one, handler]); }
  off(event, handler) {
    this.#handlers = this.#handlers.filter(([e, h]) => (event && e !== event) || (handler && h !== handler));
  }
  trigger(event, ...args) { for (const [one, handler] of [...this.#handlers]) if (one === event) handler(...args); }
  receive(data, buffers) {
    if (data.method === "update") {
      for (const [name, value] of Object.entries(data.state)) {
        this.#state[name] = value;
        this.trigger(`change:${name}`, this, value, {});
      }
    } else if (data.method === "custom") {
      this.trigger("msg:custom", data.content, buffers.map(fromBase64));
    }
  }
  /** As the widget manager does when the kernel restarts or the comm is closed. */
  die() {
    if (!this.comm_live) return;
    this.comm_live = false;
    this.trigger("comm_live_update", this);
  }
  get listeners() { return this.#handlers.length; }
}

function toBase64(buffer) {
  const bytes = ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text) {
  // With an offset, as binary frames have: who reads `.buffer` alone reads garbage.
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length + 8);
  for (let i = 0; i < raw.length; i += 1) bytes[i + 8] = raw.charCodeAt(i);
  return new DataView(bytes.buffer, 8);
}

/** What anywidget and marimo hand to a widget's functions, another one each: its listeners go when the call's end comes. */
function proxy(model) {
  const own = [];
  return {
    get: model.get.bind(model),
    set: model.set.bind(model),
    save_changes: model.save_changes.bind(model),
    send: model.send.bind(model),
    on(event, handler) { own.push([event, handler]); model.on(event, handler); },
    off: model.off.bind(model),
    get widget_manager() { return model.widget_manager; },
    drop() { for (const [event, handler] of own) model.off(event, handler); },
  };
}

class Host {
  models = new Map();
  views = [];
  sent = [];
  leaked = [];
  frames = 0;
  #socket = null; #opened = null; #outbox = []; #inbox = []; #cut = false;

  constructor() {
    this.kernel = {
      id: "kernel", status: "idle", connectionStatus: "connected", isDisposed: false,
      statusChanged: new Signal(), connectionStatusChanged: new Signal(),
    };
    // JupyterLab's commands listen on the document in the capture phase, and look for a mark on light-DOM parents.
    document.addEventListener("keydown", (event) => {
      for (let node = event.target; node instanceof Element; node = node.parentElement) {
        if (node.hasAttribute("data-lm-suppress-shortcuts")) return;
        if (node.id === "before" || node.id === "after") return;
      }
      this.leaked.push(event.key);
    }, true);
  }

  connect(path) {
    this.#opened ??= new Promise((resolve) => {
      const socket = new WebSocket(`ws://${location.host}${path}`);
      this.#socket = socket;
      socket.onopen = () => resolve();
      socket.onmessage = (event) => this.#arrived(event.data);
    });
    return this.#opened;
  }

  post(message) {
    const text = JSON.stringify(message);
    this.sent.push({ data: message.data, size: new TextEncoder().encode(text).length, at: performance.now() });
    if (this.#cut) this.#outbox.push(text); // @jupyterlab/services keeps them until it is connected again
    else this.#socket.send(text);
  }

  #arrived(text) {
    if (this.#cut) { this.#inbox.push(text); return; }
    const message = JSON.parse(text);
    if (message.status) { this.setStatus(message.status); return; }
    const model = this.models.get(message.comm);
    if (!model) return;
    if (message.closed) { this.#close(model); return; }
    if (model.comm_live) model.receive(message.data, message.buffers ?? []);
  }

  setStatus(status) {
    this.kernel.status = status;
    if (status === "autorestarting" || status === "restarting" || status === "dead") {
      for (const model of this.models.values()) model.die();
    }
    this.kernel.statusChanged.emit(this.kernel, status);
  }

  cut() {
    this.#cut = true;
    this.kernel.connectionStatus = "connecting";
    this.kernel.connectionStatusChanged.emit(this.kernel, "connecting");
  }

  /** The connection is back; with `lossy`, what was on its way is gone. */
  mend(lossy) {
    this.#cut = false;
    this.kernel.connectionStatus = "connected";
    const [out, into] = [this.#outbox, this.#inbox];
    this.#outbox = [];
    this.#inbox = [];
    if (!lossy) {
      for (const text of out) this.#socket.send(text);
      for (const text of into) this.#arrived(text);
    }
    this.kernel.connectionStatusChanged.emit(this.kernel, "connected");
  }

  async model({ id, state, url, bare }) {
    await this.connect(location.pathname + "kernel");
    const held = this.models.get(id);
    if (held) return held;
    const model = new Model(this, id, state, bare);
    this.models.set(id, model);
    const loaded = await import(url);
    model.widget = typeof loaded.default === "function" ? await loaded.default() : loaded.default;
    model.controller = new AbortController();
    model.face = proxy(model);
    model.ended = await model.widget.initialize?.({
      model: model.face, signal: model.controller.signal, experimental: { invoke: noInvoke },
    });
    return model;
  }

  /** One output cell with one view. */
  async show({ id, state, url, css, root, width, bare }) {
    const model = await this.model({ id, state, url, bare });
    const cell = document.createElement("div");
    cell.className = "cell";
    if (width) cell.style.width = `${width}px`;
    document.getElementById("outputs").append(cell);
    const el = document.createElement("div");
    const style = document.createElement("style");
    style.textContent = css;
    if (root === "shadow") {
      cell.attachShadow({ mode: "open" }).append(style, el);
    } else {
      document.head.append(style);
      cell.append(el);
    }
    const controller = new AbortController();
    const face = proxy(model);
    const signal = AbortSignal.any([controller.signal, model.controller.signal]);
    const ended = await model.widget.render?.({
      model: face, el, signal, host: {}, experimental: { invoke: noInvoke },
    });
    const view = { model, cell, style, controller, face, ended };
    this.views.push(view);
    return this.views.length - 1;
  }

  /** The output is cleared: its views end, the model stays. */
  async hide(index) {
    const [view] = this.views.splice(index, 1);
    view.controller.abort("view removed");
    if (typeof view.ended === "function") await view.ended();
    view.face.drop();
    view.cell.remove();
    view.style.remove();
  }

  async clear() { while (this.views.length) await this.hide(0); }

  async #close(model) {
    for (const view of [...this.views]) if (view.model === model) await this.hide(this.views.indexOf(view));
    model.die();
    model.controller.abort("model destroyed");
    if (typeof model.ended === "function") await model.ended();
    model.face.drop();
    this.models.delete(model.id);
  }

  /** What is still listening: everything must be gone once views and models are. */
  census() {
    return {
      listeners: [...this.models.values()].map((model) => model.listeners),
      slots: this.kernel.statusChanged.size + this.kernel.connectionStatusChanged.size,
    };
  }
}

function noInvoke() { throw new Error("anywidget's invoke is not available in marimo"); }

window.host = new Host();
