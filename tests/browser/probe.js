// The least front end that speaks the protocol: says hello, shows the item, submits on Enter. For testing the harness.
let made = 0;
export default {
  initialize({ model, signal }) {
    const state = { queue: null, acks: 0, next: 1 };
    const listen = (content) => {
      if (content.type === "welcome") state.queue = content.queue;
      if (content.type === "moved") state.queue = content.queue;
      if (content.type === "ack") state.acks += content.stored.length;
      model.set("_saves", state.acks);
      model.save_changes();
      for (const show of state.shows) show();
    };
    state.shows = new Set();
    model.on("msg:custom", listen);
    signal.addEventListener("abort", () => model.off("msg:custom", listen));
    model.send({ type: "hello", id: state.next++, version: 1 });
    model.probe = state;
    this.state = state;
  },
  render({ model, el, signal }) {
    const state = this.state;
    const root = document.createElement("div");
    root.className = "nblabel";
    root.tabIndex = 0;
    root.setAttribute("data-lm-suppress-shortcuts", "true");
    const show = () => {
      const queue = state.queue;
      const item = queue?.items.find((one) => one.index === queue.index);
      root.textContent = `${item?.data ?? ""} | stored ${state.acks}`;
      root.dataset.stored = state.acks;
    };
    state.shows.add(show);
    show();
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      made += 1;
      const queue = state.queue;
      const item = queue.items.find((one) => one.index === queue.index);
      const id = `probe${made}-${Math.random().toString(16).slice(2, 10)}`;
      const patch = { put: [{ kind: "choice", label: "good", field: "choices", id: `${id}c` }], status: "submitted" };
      const event_ = { id, item: item.id, annotator: model.get("annotator"), action: "submit", patch, at: Date.now() / 1000 };
      queue.index += 1;
      model.send({ type: "events", id: state.next++, events: [event_], at: item.id });
      show();
    }, { signal });
    el.append(root);
    signal.addEventListener("abort", () => state.shows.delete(show));
  },
};
