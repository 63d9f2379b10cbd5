/** The image labeler as anywidget loads it. */
import { labeler } from "../shell/entry";
import { ImageState } from "./state";
import { ImageView } from "./view";

export default labeler({
  title: "Image labeler",
  state: (engine, scope) => new ImageState(engine, scope),
  view: ImageView,
  mounted(root, state, scope) {
    state.attributes = () => void scope.frame(() => root.querySelector<HTMLElement>(".nbl-popover :is(select, input)")?.focus());
  },
});
