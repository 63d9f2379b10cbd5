/** The audio labeler as anywidget loads it. */
import { labeler } from "../shell/entry";
import { AudioState } from "./state";
import { AudioView } from "./view";

export default labeler({
  title: "Audio labeler",
  state: (engine, scope) => new AudioState(engine, scope),
  view: AudioView,
  mounted(root, state, scope) {
    const focus = (what: string) => (): void => void scope.frame(() => root.querySelector<HTMLElement>(what)?.focus());
    state.attributes = focus(".nbl-inspector :is(select, input)");
    state.write = focus("[data-transcript]");
  },
});
