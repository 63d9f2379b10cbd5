/** Playing: the button, the time, the speed; and how the recording is shown. */
import { useComputed, useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { Icon } from "../shell/icons";
import { Floating, Tool } from "../shell/parts";
import type { Shell } from "../shell/shell";
import { ICONS } from "./icons";
import { SPEEDS } from "./keyboard";
import { channelName } from "./marks";
import type { AudioState } from "./state";
import { clock } from "./time";

interface Props {
  readonly shell: Shell;
  readonly state: AudioState;
}

export function Transport({ shell, state }: Props): VNode {
  const { player, snap } = state;
  const playing = player.playing.value;
  const snaps = snap.edges.value || snap.zero.value || snap.silence.value;
  const speed = player.speed.value;
  const marks = state.fields.value.length > 0;
  return (
    <div class="nbl-tools nbl-player" role="toolbar" aria-label="Player" data-testid="nbl-player">
      <button
        type="button" class={`nbl-play${player.waiting.value ? " nbl-busy" : ""}`} title={shell.hint("play", playing ? "Pause" : "Play")} aria-label={playing ? "Pause" : "Play"}
        data-testid="nbl-play" data-playing={playing} onClick={() => shell.run("play")}
      >
        <Icon name={playing ? ICONS.pause : ICONS.play} />
      </button>
      <Time state={state} />
      <Tool icon={ICONS.back} shell={shell} action="back" testid="nbl-back" />
      <Tool icon={ICONS.selection} shell={shell} action="play_selection" testid="nbl-play-selection" />
      <Tool icon={ICONS.loop} shell={shell} action="loop" pressed={player.loop.value} testid="nbl-loop" />
      <select
        class="nbl-input nbl-speed" aria-label="Speed" title={`Speed (${shell.keys("slower")} ${shell.keys("faster")})`} value={String(speed)} data-testid="nbl-speed"
        onChange={(event) => {
          player.speed.value = Number(event.currentTarget.value);
          shell.focus();
        }}
      >
        {SPEEDS.includes(speed) ? null : <option value={String(speed)}>{speed}×</option>}
        {SPEEDS.map((one) => <option key={one} value={String(one)}>{one}×</option>)}
      </select>
      {marks ? <span class="nbl-rule" /> : null}
      {marks ? <Tool icon={ICONS.snap} shell={shell} action="snap" pressed={snaps} testid="nbl-snap" /> : null}
      <div class="nbl-bar-part nbl-bar-end" role="group" aria-label="View">
        <Tool icon={ICONS.zoomOut} shell={shell} action="zoom_out" testid="nbl-zoom-out" />
        <Tool icon={ICONS.zoomIn} shell={shell} action="zoom_in" testid="nbl-zoom-in" />
        <Tool icon={ICONS.fit} shell={shell} action="fit" pressed={state.viewport.fitting.value} testid="nbl-fit" />
        {"spectrogram" in state.actions.value
          ? <Tool icon={ICONS.spectrogram} shell={shell} action="spectrogram" pressed={state.spectrogram.value.on} testid="nbl-spectrogram" /> : null}
        <Looks shell={shell} state={state} />
      </div>
    </div>
  );
}

/** Where the play-head is; drawn by itself, as it runs. */
function Time({ state }: { state: AudioState }): VNode {
  const { player, recording } = state;
  const now = useComputed(() => clock(player.position.value));
  const all = useComputed(() => {
    const known = recording.value;
    return known ? `${known.exact ? "" : "≈ "}${clock(known.frames / known.rate, 1)}` : "";
  });
  return (
    <span class="nbl-time" role="timer" aria-label="Time">
      <b data-testid="nbl-time">{now}</b>
      <span class="nbl-muted" data-testid="nbl-duration"> / {all}</span>
    </span>
  );
}

const WINDOWS = [7, 8, 9, 10, 11, 12, 13];

function Looks({ shell, state }: Props): VNode {
  const open = useSignal(false);
  const { amplitude, follow, player, snap, spectrogram } = state;
  const channels = state.recording.value?.channels ?? 1;
  const look = spectrogram.value;
  const check = (words: string, of: { value: boolean }): VNode => (
    <label class="nbl-option">
      <input type="checkbox" checked={of.value} onChange={(event) => { of.value = event.currentTarget.checked; }} />
      {words}
    </label>
  );
  const slide = (words: string, value: number, [min, max, step]: readonly [number, number, number], shown: string, change: (value: number) => void): VNode => (
    <label class="nbl-option nbl-option-select">
      <span>{words}</span>
      <span class="nbl-slide">
        <input type="range" min={min} max={max} step={step} value={value} onInput={(event) => change(event.currentTarget.valueAsNumber)} />
        <span class="nbl-amount">{shown}</span>
      </span>
    </label>
  );
  return (
    <span class="nbl-anchor">
      <Tool icon={ICONS.adjust} title="How it is shown, and what it snaps to" testid="nbl-adjust" expanded={open.value} onClick={() => { open.value = !open.value; }} />
      {open.value ? (
        <Floating shell={shell} title="How it is shown, and what it snaps to" kind="nbl-menu nbl-looks" testid="nbl-adjustments" onClose={() => { open.value = false; }}>
          <fieldset>
            <legend>Sound and waves</legend>
            {slide("Volume", player.volume.value, [0, 2, 0.05], `${Math.round(100 * player.volume.value)} %`, (to) => { player.volume.value = to; })}
            {slide("Height", Math.log2(amplitude.value), [-2, 6, 0.25], `× ${amplitude.value < 10 ? amplitude.value.toFixed(1) : Math.round(amplitude.value)}`, (to) => { amplitude.value = 2 ** to; })}
            {check("Follow the play-head", follow)}
            {channels > 1 ? (
              <label class="nbl-option nbl-option-select">
                <span>Listen to</span>
                <select class="nbl-input" value={player.channel.value ?? ""} onChange={(event) => { player.channel.value = event.currentTarget.value === "" ? null : Number(event.currentTarget.value); }}>
                  <option value="">All channels</option>
                  {Array.from({ length: Math.min(8, channels) }, (_, n) => <option key={n} value={n}>{channelName(n, channels)}</option>)}
                </select>
              </label>
            ) : null}
          </fieldset>
          {look.on ? (
            <fieldset>
              <legend>Spectrogram</legend>
              <label class="nbl-option nbl-option-select">
                <span>Window</span>
                <select class="nbl-input" value={look.window} onChange={(event) => { spectrogram.value = { ...look, window: Number(event.currentTarget.value) }; }}>
                  {WINDOWS.map((one) => <option key={one} value={one}>{2 ** one} samples</option>)}
                </select>
              </label>
              <label class="nbl-option nbl-option-select">
                <span>Scale</span>
                <select class="nbl-input" value={look.scale} onChange={(event) => { spectrogram.value = { ...look, scale: event.currentTarget.value === "linear" ? "linear" : "mel" }; }}>
                  <option value="mel">mel</option>
                  <option value="linear">linear</option>
                </select>
              </label>
              {slide("Quietest", look.low, [-100, -30, 1], `${look.low} dB`, (to) => { spectrogram.value = { ...look, low: Math.min(to, look.high - 5) }; })}
              {slide("Loudest", look.high, [-60, 0, 1], `${look.high} dB`, (to) => { spectrogram.value = { ...look, high: Math.max(to, look.low + 5) }; })}
            </fieldset>
          ) : null}
          {state.fields.value.length > 0 ? (
            <fieldset>
              <legend>Snap to</legend>
              {check("edges of segments, and the play-head", snap.edges)}
              {check("zero crossings", snap.zero)}
              {check("the quietest moment near", snap.silence)}
            </fieldset>
          ) : null}
        </Floating>
      ) : null}
    </span>
  );
}
