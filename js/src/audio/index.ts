/** The audio labeler as anywidget loads it. */
import { labeler } from "../shell/entry";
import { AudioState } from "./state";
import { AudioView } from "./view";

export default labeler({
  title: "Audio labeler",
  state: (engine, scope) => new AudioState(engine, scope),
  view: AudioView,
  mounted(root, state, scope) {
    // at once where it is there: the next key is a letter of the text
    const focus = (what: string) => (): void => {
      const find = (): HTMLElement | null => root.querySelector<HTMLElement>(what);
      const there = find();
      if (there) there.focus();
      else scope.frame(() => find()?.focus());
    };
    state.attributes = focus(".nbl-inspector :is(select, input)");
    state.write = focus("[data-transcript]:enabled, .nbl-fields :is(textarea, input[type=text])");
    state.leave = focus(".nbl-timeline");
    state.touch.value = matchMedia("(pointer: coarse)").matches;
  },
});
