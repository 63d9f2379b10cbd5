/** The colours of a timeline: the host's, and what can be read on its background. */
import { css, luminance, mix, parseRgb, readable, type Rgb, type Shades, shades } from "../shell/colors";

const MOST_KEPT = 500;
const MOST_LETTERS = 200;

export class Palette {
  readonly #shades = new Map<string, Shades>();
  readonly #words = new Map<string, string>();
  readonly #widths = new Map<string, number>();
  readonly dark: boolean;
  readonly back: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly soft: string;
  readonly wave: string;
  readonly body: string;
  readonly accent: string;
  /** Of the play-head. */
  readonly head: string;
  readonly font: string;
  readonly bold: string;

  constructor(readonly background: Rgb, ink: Rgb, accent: Rgb, family: string) {
    const shade = (part: number): string => css(mix(background, ink, part));
    this.dark = luminance(background) < 0.18;
    this.back = css(background);
    this.ink = css(ink);
    this.muted = shade(0.66);
    this.line = shade(0.16);
    this.soft = shade(0.045);
    const own = readable(accent, [background], 3);
    this.accent = css(own);
    this.wave = css(mix(background, own, this.dark ? 0.55 : 0.45));
    this.body = css(own);
    this.head = css(readable(this.dark ? [255, 107, 96] : [209, 36, 47], [background], 3.5));
    this.font = `11px ${family}`;
    this.bold = `600 11px ${family}`;
  }

  /** As the host of a timeline looks now. */
  static of(host: HTMLElement, background: Rgb): Palette {
    const style = getComputedStyle(host);
    const dark = luminance(background) < 0.18;
    const accent = parseRgb(style.getPropertyValue("--nbl-accent-line")) ?? (dark ? [106, 169, 244] : [26, 102, 194]);
    const ink = parseRgb(style.color) ?? (dark ? [228, 230, 234] : [31, 35, 40]);
    return new Palette(background, ink, accent, style.fontFamily || "system-ui, sans-serif");
  }

  shades(color: string): Shades {
    let made = this.#shades.get(color);
    if (!made) {
      if (this.#shades.size > MOST_KEPT) this.#shades.clear();
      this.#shades.set(color, made = shades(color, this.background));
    }
    return made;
  }

  /** How long words are in the font that is set. */
  width(ctx: CanvasRenderingContext2D, words: string): number {
    const key = ctx.font + words;
    let width = this.#widths.get(key);
    if (width === undefined) {
      if (this.#widths.size > 20 * MOST_KEPT) this.#widths.clear();
      this.#widths.set(key, width = ctx.measureText(words).width);
    }
    return width;
  }

  /** As much of some words as there is room for; empty if that says nothing. */
  fit(ctx: CanvasRenderingContext2D, words: string, room: number): string {
    if (room < 8) return "";
    const short = words.length > MOST_LETTERS ? words.slice(0, MOST_LETTERS) : words;
    if (this.width(ctx, short) <= room) return short;
    const key = `${ctx.font} ${Math.floor(room)} ${short}`;
    let made = this.#words.get(key);
    if (made === undefined) {
      const letters = Array.from(short);
      let [low, high] = [0, letters.length];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (ctx.measureText(`${letters.slice(0, middle).join("")}…`).width <= room) low = middle;
        else high = middle - 1;
      }
      made = low > 0 ? `${letters.slice(0, low).join("").trimEnd()}…` : "";
      if (this.#words.size > 4 * MOST_KEPT) this.#words.clear();
      this.#words.set(key, made);
    }
    return made;
  }
}
