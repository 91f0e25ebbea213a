// The live view of `ringfold stress`, on a terminal only: how far it is, how fast, how slow, what
// died and what runs. Its library is loaded when it first shows.

import type { SingleBar } from "cli-progress";
import type { TimedEvent, TimedSample } from "../stress/runner.js";
import { isTerminal, plural, styler } from "./output.js";
import { formatNumber, formatRate, formatSpan, printable } from "./reports/format.js";

const REFRESH_MS = 100;
/** The rate is of so many milliseconds: shorter jumps about, longer lags behind. */
const RATE_MS = 1000;
const BAR = 16;

export class LiveView {
  readonly isShown = isTerminal(2) && process.env["TERM"] !== "dumb";
  readonly #style = styler(2);
  readonly #unit: string;
  readonly #duration: number;
  #label = "";
  #bar: SingleBar | undefined;
  #timer: NodeJS.Timeout | undefined;
  #start = 0;
  #recent: TimedSample[] = [];
  #deaths = 0;
  #survived = 0;

  /** `duration`: milliseconds that a run shall take. */
  constructor(unit: string, duration: number) {
    this.#unit = unit;
    this.#duration = duration;
  }

  /** A run begins. */
  async start(label: string): Promise<void> {
    if (!this.isShown) return;
    this.#label = label;
    this.#recent = [];
    this.#start = performance.now();
    if (this.#bar !== undefined) return;
    const { default: cliProgress } = await import("cli-progress");
    this.#bar = new cliProgress.SingleBar({
      stream: process.stderr,
      format: () => this.#line(),
      hideCursor: true,
      clearOnComplete: true,
      // Signals are Stop's.
      gracefulExit: false,
      fps: 1000 / REFRESH_MS,
    });
    this.#bar.start(this.#duration, 0);
    this.#timer = setInterval(() => this.#refresh(), REFRESH_MS);
    this.#timer.unref();
  }

  sample(sample: TimedSample): void {
    if (!this.isShown) return;
    this.#recent.push(sample);
    while (this.#recent.length > 2 && sample.at - this.#recent[1]!.at >= RATE_MS) {
      this.#recent.shift();
    }
  }

  event({ kind }: TimedEvent): void {
    if (kind === "death") this.#deaths++;
    else this.#survived++;
  }

  /** Takes it away and gives the cursor back. */
  stop(): void {
    clearInterval(this.#timer);
    this.#bar?.stop();
    this.#bar = undefined;
  }

  /** Prints a line above it. */
  above(print: () => void): void {
    this.#bar?.stop();
    print();
    this.#bar?.start(this.#duration, 0);
  }

  #refresh(): void {
    this.#bar?.update(Math.min(this.#duration, performance.now() - this.#start));
  }

  #line(): string {
    const elapsed = performance.now() - this.#start;
    const share = Math.min(1, elapsed / this.#duration);
    const full = Math.round(BAR * share);
    const bar = "█".repeat(full) + "░".repeat(BAR - full);
    const parts = [`${this.#label} ${bar} ${String(Math.floor(100 * share)).padStart(3)}%`];
    const [first, last] = [this.#recent[0], this.#recent.at(-1)];
    if (first !== undefined && last !== undefined) {
      const span = (last.at - first.at) / 1000;
      const rate = span > 0 ? (last.operations - first.operations) / span : 0;
      parts.push(`${formatNumber(last.operations)} ${this.#unit}`);
      parts.push(formatRate(Math.max(0, rate), this.#unit));
      if (last.p50 !== undefined) parts.push(`p50 ${formatSpan(last.p50)}`);
      if (last.p99 !== undefined) parts.push(`p99 ${formatSpan(last.p99)}`);
    }
    if (this.#deaths > 0 || this.#survived > 0) {
      parts.push(
        this.#style(
          "red",
          `${formatNumber(this.#survived)} of ${plural(this.#deaths, "death")} survived`,
        ),
      );
    }
    if (last !== undefined) parts.push(this.#style("dim", printable(last.phase)));
    return parts.join("  ");
  }
}
