// A progress bar for work that lasts, on a terminal only. Its library is loaded when the
// bar first shows, so short work never pays for it.

import type { SingleBar } from "cli-progress";
import { isTerminal } from "./output.js";

/** Work shorter than this shows no bar. */
const PATIENCE_MS = 500;

export class Progress {
  /** False: nobody sees it, so nobody need tell it anything. */
  readonly isShown = isTerminal(2) && process.env["TERM"] !== "dumb";
  #timer: NodeJS.Timeout | undefined;
  #bar: SingleBar | undefined;
  #what = "";
  #done = 0;
  #total: number | undefined;
  #stopped = false;

  /** Starts to wait for work that lasts. */
  start(): void {
    if (!this.isShown) return;
    this.#timer = setTimeout(() => void this.#show(), PATIENCE_MS);
    this.#timer.unref();
  }

  /** `done` rows of `total`, if that is known. */
  update(what: string, done: number, total?: number): void {
    const isOther = what !== this.#what || total !== this.#total;
    this.#what = what;
    this.#done = done;
    this.#total = total;
    if (this.#bar === undefined) return;
    if (isOther) this.#begin(this.#bar);
    else this.#bar.update(Math.min(done, total ?? done));
  }

  /** Takes the bar away and gives the cursor back. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#bar?.stop();
    this.#bar = undefined;
  }

  async #show(): Promise<void> {
    const { default: cliProgress } = await import("cli-progress");
    if (this.#stopped) return;
    this.#bar = new cliProgress.SingleBar({
      stream: process.stderr,
      format: (options, params, payload) => {
        const { what } = payload as { what: string };
        const rows = `${params.value.toLocaleString("en")} rows`;
        if (this.#total === undefined) return `${what}  ${rows}`;
        const size = options.barsize ?? 30;
        const full = Math.round(size * params.progress);
        const bar = "█".repeat(full) + "░".repeat(size - full);
        return `${what}  ${bar} ${Math.floor(100 * params.progress)}%  ${rows}`;
      },
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      // Signals are Stop's.
      gracefulExit: false,
      emptyOnZero: true,
    });
    this.#begin(this.#bar);
  }

  #begin(bar: SingleBar): void {
    const total = this.#total ?? 0;
    bar.start(total, Math.min(this.#done, this.#total ?? this.#done), { what: this.#what });
  }
}
