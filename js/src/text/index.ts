/** The text labeler as anywidget loads it. */
import { labeler } from "../shell/entry";
import { TextState } from "./state";
import { TextView } from "./view";

export default labeler({
  title: "Text labeler",
  state: (engine, scope) => new TextState(engine, scope),
  view: TextView,
  mounted(root, state, scope) {
    scope.effect(() => {
      root.classList.toggle("nbl-relating", state.relating.value !== null);
    });
  },
});
