// What `ringfold bench` measures now, how far it is and how long it will take, on a terminal only. Its
// library is loaded when it first shows.

import type { SingleBar } from "cli-progress";
import { isTerminal } from "./output.js";
import { formatSpan } from "./reports/format.js";

const BAR = 24;

export class BenchLive {
  readonly #isShown = isTerminal(2) && process.env["TERM"] !== "dumb";
  #bar: SingleBar | undefined;
  #part = "";
  #began = 0;

  async start(): Promise<void> {
    if (!this.#isShown) return;
    const { default: cliProgress } = await import("cli-progress");
    this.#bar = new cliProgress.SingleBar({
      stream: process.stderr,
      format: (_, { value, total }) => this.#line(value, total),
      hideCursor: true,
      clearOnComplete: true,
      // Signals are Stop's.
      gracefulExit: false,
      fps: 10,
    });
  }

  progress(part: string, done: number, total: number): void {
    if (this.#bar === undefined) return;
    if (part !== this.#part) {
      this.#part = part;
      this.#began = performance.now();
      this.#bar.start(total, done);
    } else this.#bar.update(done);
  }

  /** Takes it away until there is more progress. */
  pause(): void {
    this.#bar?.stop();
    this.#part = "";
  }

  #line(done: number, total: number): string {
    const share = total > 0 ? done / total : 0;
    const full = Math.round(BAR * share);
    const bar = "█".repeat(full) + "░".repeat(BAR - full);
    const elapsed = performance.now() - this.#began;
    // Of the first few nothing can be told.
    const left = share > 0.05 ? `  about ${formatSpan((elapsed / share) * (1 - share))} left` : "";
    return `${this.#part} ${bar} ${String(Math.floor(100 * share)).padStart(3)}%${left}`;
  }

  /** Takes it away and gives the cursor back. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
