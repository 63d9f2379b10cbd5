/** Where the recording is: its overview, its canvases, what is told of it below, and what takes its place if it cannot be shown. */
import { useComputed, useSignal } from "@preact/signals";
import { computed } from "@preact/signals-core";
import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Problem } from "../core/protocol";
import { Icon } from "../shell/icons";
import { ProblemText } from "../shell/parts";
import { heightOf } from "../shell/popover";
import type { Shell } from "../shell/shell";
import { mountOverview } from "../timeline/overview";
import { TimelinePainter } from "../timeline/painter";
import { Spectra } from "../timeline/spectra";
import { attachGestures } from "./gestures";
import type { AudioState } from "./state";
import { clock, covers, hertz, length } from "./time";
import type { Mark, Stretch } from "./types";

interface Props {
  readonly shell: Shell;
  readonly state: AudioState;
}

interface Mounted {
  readonly painter: TimelinePainter;
  readonly retry: () => void;
  readonly end: () => void;
}

/** A stretch with frequencies is drawn as the segment that it may become. */
function boxOf(stretch: Stretch | null): Mark | null {
  const [field] = stretch?.fields ?? [];
  if (!stretch || !field || stretch.low === null) return null;
  return {
    ...stretch, id: "", label: "", text: "", color: "", segment: { kind: "segment", start: stretch.start, end: stretch.end }, field, info: undefined, action: "", group: "",
    tier: -1, suggested: false, hidden: false, locked: false, lane: 0, lanes: 1,
  };
}

/** Ties painter, player, gestures and state together for as long as the timeline is in the page. */
function mount(host: HTMLElement, strip: HTMLElement, { shell, state }: Props): Mounted {
  const scope = shell.scope.child();
  const { engine, viewport, peaks, player } = state;
  const spectra = new Spectra(engine, scope);
  const painter = new TimelinePainter(host, scope, viewport, { peaks, spectra, samples: player.pcm });
  viewport.follow(host, scope);
  let opened = "";
  scope.effect(() => {
    const item = engine.item.value;
    spectra.show(item);
    const recording = peaks.recording.value;
    painter.recording.value = recording;
    if (!recording) return;
    const key = `${item?.id} ${recording.rev}`;
    if (key !== opened) viewport.open(recording.frames / recording.rate, recording.rate);
    else viewport.extend(recording.frames / recording.rate);
    player.extend(recording.frames);
    opened = key;
  });
  const intervals = computed(() => {
    void state.version.value;
    return state.marks.all;
  });
  const cursor = computed(() => peaks.recording.value ? player.position.value : null);
  scope.effect(() => { painter.intervals.value = intervals.value; });
  scope.effect(() => { painter.tiers.value = state.rows.value; });
  scope.effect(() => { painter.row.value = state.rows.value.findIndex((row) => row === state.row.value); });
  scope.effect(() => { painter.amplitude.value = state.amplitude.value; });
  scope.effect(() => { painter.spectrogram.value = state.spectrogram.value; });
  scope.effect(() => { painter.selected.value = new Set(state.selected.value); });
  scope.effect(() => { painter.hovered.value = state.hovered.value; });
  scope.effect(() => { painter.cursor.value = cursor.value; });
  scope.effect(() => { painter.background.value = shell.background.value; });
  scope.effect(() => { painter.pointer.value = state.pointer.value; });
  scope.effect(() => { painter.draft.value = state.draft.value ?? boxOf(state.stretch.value); });
  scope.effect(() => {
    const stretch = state.stretch.value;
    const begun = state.begun.value;
    const head = begun === null ? 0 : player.position.value;
    painter.selection.value = stretch && stretch.low === null ? [stretch.start, stretch.end] : begun !== null ? [Math.min(begun, head), Math.max(begun, head)] : null;
  });
  let last = 0;
  scope.effect(() => {
    const at = player.position.value;
    const [from, to] = viewport.visible.peek();
    // who looks elsewhere is not brought back
    if (player.playing.value && state.follow.value && !state.draft.peek() && last >= from && last <= to) viewport.track(at);
    last = at;
  });
  // what is no longer shown is no longer heard
  scope.effect(() => { if (shell.resting.value) player.pause(); });
  mountOverview(strip, scope, viewport, peaks, intervals, cursor, shell.background);
  attachGestures(scope, host, painter, state, shell);
  shell.focusTarget = host;
  scope.own(() => {
    player.pause();
    shell.focusTarget = shell.root;
  });
  const retry = (): void => {
    peaks.retry();
    spectra.retry();
    player.retry();
  };
  return { painter, retry, end: () => scope.dispose() };
}

export function Surface(props: Props): VNode {
  const { shell, state } = props;
  const host = useRef<HTMLDivElement>(null);
  const strip = useRef<HTMLDivElement>(null);
  const made = useSignal<Mounted | null>(null);
  useLayoutEffect(() => {
    if (!host.current || !strip.current) return undefined;
    const own = mount(host.current, strip.current, props);
    made.value = own;
    return () => {
      made.value = null;
      own.end();
    };
  }, []);
  const { item, options } = shell.engine;
  const broken = Boolean(item.value?.problem);
  const least = made.value?.painter.least.value ?? 200;
  const channels = Math.min(8, state.recording.value?.channels ?? 1);
  const height = heightOf(options.value["height"]) ?? `min(72vh, ${least + channels * (state.spectrogram.value.on ? 90 : 76)}px)`;
  const progress = state.peaks.progress.value;
  const problem: Problem | null = state.player.problem.value ?? state.peaks.problem.value;
  const name = state.recording.value?.name;
  return (
    <div class="nbl-recording" hidden={broken} data-testid="nbl-recording" data-state={problem ? "problem" : progress < 1 ? "loading" : "ready"}>
      <div ref={strip} class="nbl-overview" data-testid="nbl-overview" title="The whole recording: click or drag to look elsewhere" />
      <div class="nbl-timeline-frame" style={{ height, minHeight: `min(${least}px, 72vh)` }}>
        <div
          ref={host} class="nbl-timeline nbl-stage" style={{ minHeight: `${least}px` }} data-testid="nbl-timeline" tabIndex={0} role="application" aria-roledescription="recording to label"
          aria-label={`Recording${name ? ` ${name}` : ""}. Segments are listed beside it; arrow keys move the play-head, ${shell.keys("play")} plays, ${shell.keys("start")} and ${shell.keys("end")} mark`}
          aria-describedby={shell.id("hint")}
        />
      </div>
      {problem ? (
        <div class="nbl-media-problem nbl-partly" role="alert" data-testid="nbl-media-problem">
          <Icon name="warning" size={20} />
          <ProblemText problem={problem} />
          <button type="button" class="nbl-button" onClick={() => made.value?.retry()}>Try again</button>
        </div>
      ) : null}
    </div>
  );
}

/** What the next step does, and where things are. */
export function Below({ shell, state }: Props): VNode {
  const reads = useComputed(() => {
    const draft = state.draft.value;
    if (draft) return `${covers(draft)} · ${length(draft.end - draft.start)}`;
    const stretch = state.stretch.value;
    if (stretch) return `${covers(stretch)} · ${length(stretch.end - stretch.start)}`;
    const chosen = state.selected.value.length;
    return chosen > 1 ? `${chosen} selected` : "";
  });
  const about = useComputed(() => {
    const recording = state.recording.value;
    if (!recording) return "";
    const { rate, channels } = recording;
    return `${hertz(rate)} · ${channels === 1 ? "mono" : channels === 2 ? "stereo" : `${channels} channels`}`;
  });
  const refused = state.refused.value;
  const recording = state.recording.value;
  const progress = state.peaks.progress.value;
  return (
    <div class="nbl-below">
      <div class={refused ? "nbl-hint nbl-refused" : "nbl-hint"} id={shell.id("hint")} data-testid="nbl-hint">{refused || state.hint.value}</div>
      <div class="nbl-reads">
        {recording && progress < 1 && !state.peaks.problem.value ? (
          <span class="nbl-computing" role="progressbar" aria-label="Waves computed" aria-valuenow={Math.round(100 * progress)} aria-valuemin={0} aria-valuemax={100} data-testid="nbl-computing">
            <span class="nbl-progress-track"><span class="nbl-progress-submitted" style={{ width: `${100 * progress}%` }} /></span>
            waves {Math.floor(100 * progress)} %
          </span>
        ) : null}
        <span data-testid="nbl-reads">{reads}</span>
        {reads.value || progress < 1 ? null : <span title={recording?.name}>{about}</span>}
      </div>
      {recording?.note ? <div class="nbl-note nbl-muted" data-testid="nbl-note">{recording.note}</div> : null}
      <span class="nbl-only-read">{recording ? `Recording of ${clock(recording.frames / recording.rate)}` : ""}</span>
    </div>
  );
}
