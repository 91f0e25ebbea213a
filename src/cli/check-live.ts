// How a search goes, on a terminal only: one line that is written over.

import { isTerminal, styler, write } from "./output.js";
import { formatNumber, formatRate } from "./reports/format.js";

const REFRESH_MS = 200;

export class CheckLive {
  readonly #isShown = isTerminal(2) && process.env["TERM"] !== "dumb";
  readonly #style = styler(2);
  #timer: NodeJS.Timeout | undefined;
  #text: () => string = () => "";

  /** `progress`: states or runs; steps. */
  show(name: string, what: string, progress: Float64Array): void {
    if (!this.#isShown) return;
    const began = performance.now();
    const [, before = 0] = progress;
    this.#text = () => {
      const [done = 0, steps = 0] = progress;
      const seconds = (performance.now() - began) / 1000;
      const rate = seconds > 0 && steps > before ? (steps - before) / seconds : 0;
      const figures = done === 0 ? "" : `  ${formatNumber(done)}  ${formatRate(rate, "steps")}`;
      return `${name}  ${this.#style("dim", `${what}${figures}`)}`;
    };
    this.#draw();
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#draw(), REFRESH_MS);
    this.#timer.unref();
  }

  #draw(): void {
    write(2, `\r\x1b[K${this.#text()}`);
  }

  /** Takes it away. */
  clear(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    write(2, "\r\x1b[K");
  }
}
