// The page's clock of the benchmarks, put into every page; page.py says how it is used.
window.__bench = {
  result: null,
  root(path, index) { return window.__nb.panel(path).content.widgets[index].outputArea.node; },
  // Of each canvas over a spot the pixels there: r, g, b, a of a square of `side` CSS pixels.
  ink(root, want, spot) {
    const anchor = root.querySelector(want.anchor)?.getBoundingClientRect();
    const found = [];
    if (!anchor?.width) return found;
    const x = anchor.x + spot.x, y = anchor.y + spot.y;
    for (const canvas of root.querySelectorAll("canvas")) {
      const box = canvas.getBoundingClientRect();
      if (!box.width || !box.height || x < box.left || y < box.top || x > box.right || y > box.bottom) continue;
      const across = canvas.width / box.width, down = canvas.height / box.height;
      const side = Math.max(1, Math.round(spot.side * across));
      const left = Math.round((x - box.left) * across - side / 2), top = Math.round((y - box.top) * down - side / 2);
      found.push(canvas.getContext("2d").getImageData(left, top, side, side).data);
    }
    return found;
  },
  near(data, rgb, reach) {
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 127 && Math.abs(data[i] - rgb[0]) <= reach && Math.abs(data[i + 1] - rgb[1]) <= reach &&
          Math.abs(data[i + 2] - rgb[2]) <= reach) return true;
    }
    return false;
  },
  // What the page shows before, where the wanted is a change of it.
  before(root, want) {
    if (want.changed) return want.changed.map(spot => this.ink(root, want, spot));
    if (want.attributes) return this.attributes(root, want);
    return null;
  },
  attributes(root, want) {
    const one = root.querySelector(want.selector);
    return one && want.attributes.map(name => one.getAttribute(name)).join(" ");
  },
  differ(before, now) { return before === undefined || before.some((value, i) => value !== now[i]); },
  holds(root, want, before) {
    if (want.settled) return true;
    if (want.colours) {
      return want.colours.every(spot => this.ink(root, want, spot).some(data => this.near(data, spot.rgb, want.reach)));
    }
    if (want.changed) {
      return want.changed.every((spot, n) => {
        const now = this.ink(root, want, spot);
        if (!want.layers) return now.some((data, i) => this.differ(before[n][i], data));
        return before[n].every((data, i) => data.every(value => value === 0) || this.differ(data, now[i] ?? []));
      });
    }
    if (want.attributes) {
      const now = this.attributes(root, want);
      return now !== null && now !== before;
    }
    const found = root.querySelectorAll(want.selector);
    if (want.count !== undefined) return found.length >= want.count;
    for (const one of found) {
      if (want.text !== undefined && one.textContent.includes(want.text)) return true;
      if (want.width !== undefined && one.complete && one.naturalWidth === want.width) return true;
    }
    return false;
  },
  watch(root, want, limit, before) {
    if (want.colours || want.changed || want.settled) return this.look(root, want, limit, before);
    return new Promise(resolve => {
      let over = false;
      const end = value => {
        if (over) return;
        over = true;
        observer.disconnect();
        root.removeEventListener("load", check, true);
        clearTimeout(timer);
        resolve(value);
      };
      const check = () => {
        if (over || !this.holds(root, want, before)) return;
        const shown = performance.now();
        observer.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => end({ shown, painted: performance.now() })));
      };
      // A cell's own node may come and go while it runs; the document stays.
      const observer = new MutationObserver(check);
      observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
      root.addEventListener("load", check, true);
      const timer = setTimeout(() => end(null), limit);
      check();
    });
  },
  look(root, want, limit, before) {
    return new Promise((resolve, reject) => {
      const ends = performance.now() + limit;
      const { port1, port2 } = new MessageChannel();
      const end = value => { port1.close(); resolve(value); };
      port1.onmessage = () => {
        const shown = performance.now();
        let there = false;
        try { there = this.holds(root, want, before); } catch (error) { port1.close(); reject(error); return; }
        if (there) requestAnimationFrame(() => end({ shown, painted: performance.now() }));
        else if (shown > ends) end(null);
        else again();
      };
      const again = () => requestAnimationFrame(() => port2.postMessage(0));
      again();
    });
  },
  // The middle, the width and the height of all pixels of a colour, from the anchor's top left.
  find(path, index, anchor, rgb, reach) {
    const root = this.root(path, index), origin = root.querySelector(anchor)?.getBoundingClientRect();
    let least = [Infinity, Infinity], most = [-Infinity, -Infinity], count = 0;
    for (const canvas of origin ? root.querySelectorAll("canvas") : []) {
      const box = canvas.getBoundingClientRect();
      if (!box.width || !canvas.width) continue;
      const across = box.width / canvas.width, down = box.height / canvas.height;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] < 128 || Math.abs(data[i] - rgb[0]) > reach || Math.abs(data[i + 1] - rgb[1]) > reach ||
            Math.abs(data[i + 2] - rgb[2]) > reach) continue;
        const x = box.x - origin.x + (i / 4 % canvas.width) * across;
        const y = box.y - origin.y + Math.floor(i / 4 / canvas.width) * down;
        least = [Math.min(least[0], x), Math.min(least[1], y)];
        most = [Math.max(most[0], x + across), Math.max(most[1], y + down)];
        count += 1;
      }
    }
    return count && { x: (least[0] + most[0]) / 2, y: (least[1] + most[1]) / 2, width: most[0] - least[0],
                      height: most[1] - least[1] };
  },
  arm(path, index, on, want, limit) {
    const root = this.root(path, index);
    const before = this.before(root, want);
    if (!want.settled && this.holds(root, want, before)) throw new Error("shown already: " + JSON.stringify(want));
    this.result = new Promise((resolve, reject) => {
      this.heard = event => {
        if (event.type !== on.type || !event.isTrusted || (on.code && event.code !== on.code)) return;
        const begun = performance.now();
        this.heard = null;
        this.watch(root, want, limit, before).then(seen => resolve(seen && {
          input: begun - event.timeStamp, shown: seen.shown - begun, painted: seen.painted - begun,
        }), reject);
      };
      setTimeout(() => resolve(null), limit + 5000); // should the input never come
    });
    return null;
  },
  run(path, index, want, limit) {
    const root = this.root(path, index);
    if (this.holds(root, want)) throw new Error("shown already: " + JSON.stringify(want));
    const begun = performance.now();
    window.__nb.run(path, index);
    return this.watch(root, want, limit).then(seen => seen && {
      shown: seen.shown - begun, painted: seen.painted - begun,
    });
  },
  heard: null,
  clear(path, index) { window.__nb.panel(path).content.widgets[index].model.outputs.clear(); },
};
// Before any widget's own, so that none can keep an event from us.
for (const type of ["keydown", "pointerup", "pointermove", "wheel"]) {
  window.addEventListener(type, event => window.__bench.heard?.(event), { capture: true, passive: true });
}
