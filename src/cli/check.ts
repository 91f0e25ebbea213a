// `ringfold check`: proves small programs on the core that ships, or shows what breaks them. The
// search runs in a thread of its own, so that a signal ends it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Message, Order, Result } from "../check/worker.js";
import { RingfoldError } from "../errors.js";
import { CheckLive } from "./check-live.js";
import { type CheckArgs, checkArgs } from "./check-options.js";
import {
  formatFinding,
  formatHead,
  formatList,
  formatResult,
  formatSummary,
  formatTrace,
  jsonCheck,
  jsonList,
  jsonReplay,
  verdictOf,
} from "./check-report.js";
import type { Line } from "./commands.js";
import { plural, styler, write } from "./output.js";
import { printable } from "./reports/format.js";
import { Stop } from "./stop.js";

/** Of a violation. */
const EXIT_VIOLATED = 3;
/** After an interruption, until what is compiled or counted is given up. */
const GRACE_MS = 3000;

const say = (text: string): void => write(2, `ringfold: ${text}\n`);

/** The exit code. @throws UsageError; Interrupted, when everything is told */
export async function check(line: Line): Promise<number> {
  const args = await checkArgs(line);
  if (args.list) {
    write(1, args.json ? jsonList(args.proofs) : formatList(args.proofs));
    return 0;
  }
  const stop = new Stop();
  const folder = args.mutant === undefined ? "" : mkdtempSync(join(tmpdir(), "ringfold-check-"));
  const clean = () => {
    if (folder !== "") rmSync(folder, { recursive: true, force: true });
  };
  const live = new CheckLive();
  stop.onExit = () => {
    live.clear();
    clean();
  };
  try {
    return await (args.replay === undefined
      ? proveAll(args, folder, stop, live)
      : replay(args, folder, stop, live));
  } finally {
    live.clear();
    clean();
  }
}

async function proveAll(
  args: CheckArgs,
  folder: string,
  stop: Stop,
  live: CheckLive,
): Promise<number> {
  const { proofs, plan, mutant, impl, json } = args;
  const style = styler(1);
  const began = performance.now();
  const results: Result[] = [];
  if (!json) {
    write(1, `${formatList(proofs)}\n${formatHead(proofs, style)}`);
  }
  await search(args, folder, stop, live, (message) => {
    if (message.kind !== "result") return;
    const { result } = message;
    results.push(result);
    if (json) return;
    write(1, formatResult(result, proofs, plan, style));
    const { counterexample } = result;
    if (counterexample !== undefined) write(1, formatFinding(result, counterexample, impl, style));
  });
  live.clear();
  const milliseconds = performance.now() - began;
  const isWhole = results.length === proofs.length;
  if (json) write(1, jsonCheck(results, proofs, { plan, mutant, impl, isWhole, milliseconds }));
  else write(1, formatSummary(results, proofs, milliseconds));
  if (verdictOf(results, isWhole) === "violated") return EXIT_VIOLATED;
  stop.signal.throwIfAborted();
  const cut = results.filter(({ verdict }) => verdict === "incomplete").length;
  if (cut > 0)
    say(`warning: ${plural(cut, "search")} cut short: nothing was found, nothing proved`);
  return 0;
}

/** @throws RingfoldError if it is no counter-example of this core */
async function replay(
  args: CheckArgs,
  folder: string,
  stop: Stop,
  live: CheckLive,
): Promise<number> {
  let exitCode = 0;
  let strange: string | undefined;
  await search(args, folder, stop, live, (message) => {
    if (message.kind === "strange") strange = message.why;
    if (message.kind !== "replayed") return;
    const { name, trace } = message;
    const style = styler(1);
    const { verdict, detail, steps, preemptions } = trace;
    if (verdict !== undefined) exitCode = EXIT_VIOLATED;
    if (args.json) {
      write(1, jsonReplay(name, trace));
      return;
    }
    const what = verdict === undefined ? "nothing breaks" : style("red", verdict);
    const why = detail === "" ? "" : `: ${printable(detail)}`;
    const length = `${plural(steps, "step")}, ${plural(preemptions, "preemption")}`;
    write(1, `${name}: ${what}${why} (${length})\n\n${formatTrace(trace, style)}`);
  });
  stop.signal.throwIfAborted();
  if (strange !== undefined) {
    throw new RingfoldError(
      "ERR_STATE",
      `--replay: not a counter-example of this version of the core: ${strange}`,
    );
  }
  return exitCode;
}

/** Has the thread work, and hears it until it is done, or was interrupted. */
async function search(
  { proofs, plan, mutant, impl, replay }: CheckArgs,
  folder: string,
  { signal }: Stop,
  live: CheckLive,
  hear: (message: Message) => void,
): Promise<void> {
  const order: Order = {
    names: proofs.map(({ name }) => name),
    plan,
    mutant,
    impl,
    folder,
    replay,
    first: mutant !== undefined,
    stop: new Int32Array(new SharedArrayBuffer(4)),
    progress: new Float64Array(new SharedArrayBuffer(16)),
  };
  const worker = new Worker(new URL("../check/worker.js", import.meta.url), {
    workerData: order,
    execArgv: [],
  });
  let giveUp: NodeJS.Timeout | undefined;
  const end = () => {
    Atomics.store(order.stop, 0, 1);
    giveUp = setTimeout(() => void worker.terminate(), GRACE_MS);
  };
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on("message", (message: Message) => {
        if (message.kind === "doing") live.show(message.name, message.what, order.progress);
        else live.clear();
        hear(message);
        if (message.kind === "done") resolve();
      });
      worker.once("error", (error) => reject(asTold(error)));
      worker.once("exit", () => resolve());
    });
  } finally {
    clearTimeout(giveUp);
    signal.removeEventListener("abort", end);
    await worker.terminate();
  }
}

/** What runs out of memory is told as that. */
function asTold(error: unknown): unknown {
  const { message, code } = error as NodeJS.ErrnoException;
  const isMemory = code === "ERR_WORKER_OUT_OF_MEMORY" || /allocation failed/i.test(message);
  if (!isMemory) return error;
  return new RingfoldError("ERR_MEMORY", "the search took all memory: give it fewer --states", {
    cause: error,
  });
}
