// Threads that do one thing together, again and again, and how long it took from when all had come
// to when the last was done. Orders go through shared words: no message is under way while something
// is measured. The host is the thread that calls `Crew`; a thread of the crew calls `serve`.
// Thread i waits for its own word TURN + i, so that who takes no part sees nothing of it.

import type { Worker } from "node:worker_threads";

const ARRIVED = 0;
const STARTED = 16;
const DONE = 32;
const COUNT = 48;
/** Two i64: the nanoseconds at which the last one came, and the last one was done. */
const TIMES = 64;
const ARGUMENTS = 80;
const MOST_ARGUMENTS = 8;
const TURN = 96;

/** Looks, some 0.5 ms, before a thread gives its processor away: threads may outnumber processors. */
const LOOKS = 20_000;
const NAP_MS = 0.05;
/** Nothing that a crew does takes so long: a thread hangs, or has died. */
const PATIENCE_MS = 60_000;

type Words = Int32Array<SharedArrayBuffer>;

const timesOf = (words: Words) => new BigInt64Array(words.buffer, 4 * TIMES, 2);

export interface CrewData<Data> {
  readonly words: Words;
  readonly me: number;
  readonly data: Data;
}

/** Returns when the word is no longer `old`. @throws Error if that takes too long */
function waitWhile(words: Words, at: number, old: number, looks: number): void {
  for (let i = 0; i < looks; i++) {
    if (Atomics.load(words, at) !== old) return;
  }
  const start = performance.now();
  while (Atomics.load(words, at) === old) {
    Atomics.wait(words, at, old, looks === 0 ? PATIENCE_MS : NAP_MS);
    if (performance.now() - start > PATIENCE_MS) throw new Error("a thread of the crew hangs");
  }
}

/** Comes to the start line, works when all are there, and tells when it is done. */
function takePart(words: Words, round: number, work: () => void): void {
  const count = words[COUNT] as number;
  const times = timesOf(words);
  if (Atomics.add(words, ARRIVED, 1) + 1 === count) {
    times[0] = process.hrtime.bigint();
    Atomics.store(words, STARTED, round);
    Atomics.notify(words, STARTED);
  } else {
    waitWhile(words, STARTED, round - 1, LOOKS);
  }
  work();
  if (Atomics.add(words, DONE, 1) + 1 !== count) return;
  times[1] = process.hrtime.bigint();
  Atomics.store(words, ARRIVED, -1);
  Atomics.notify(words, ARRIVED);
}

/** The life of a thread of a crew: works when it is its turn, for ever. */
export function serve(
  { words, me }: Pick<CrewData<unknown>, "words" | "me">,
  work: (args: readonly number[]) => void,
): void {
  for (let turn = 0; ; ) {
    Atomics.wait(words, TURN + me, turn);
    const round = Atomics.load(words, TURN + me);
    if (round === turn) continue;
    const args = Array.from(words.subarray(ARGUMENTS, ARGUMENTS + MOST_ARGUMENTS));
    takePart(words, round, () => work(args));
    turn = round;
  }
}

export class Crew<Data> {
  readonly #words: Words;
  readonly #workers: readonly Worker[];
  #round = 0;

  /** `start` starts a thread whose module serves; a bundler must see its name there. */
  constructor(start: (data: CrewData<Data>) => Worker, threads: number, data: Data) {
    this.#words = new Int32Array(new SharedArrayBuffer(4 * (TURN + threads)));
    this.#workers = Array.from({ length: threads }, (_, me) =>
      start({ words: this.#words, me, data }),
    );
  }

  /**
   * Has the first `threads` of the crew work, and this thread too if it has `own` work; milliseconds.
   * @throws Error if one of them hangs
   */
  run(threads: number, args: readonly number[], own?: () => void): number {
    const words = this.#words;
    const round = ++this.#round;
    words.fill(0, ARGUMENTS, ARGUMENTS + MOST_ARGUMENTS);
    words.set(args, ARGUMENTS);
    words[COUNT] = threads + (own === undefined ? 0 : 1);
    words[DONE] = 0;
    words[STARTED] = round - 1;
    Atomics.store(words, ARRIVED, 0);
    for (let i = 0; i < threads; i++) {
      Atomics.store(words, TURN + i, round);
      Atomics.notify(words, TURN + i);
    }
    if (own !== undefined) takePart(words, round, own);
    for (let seen = Atomics.load(words, ARRIVED); seen !== -1; ) {
      waitWhile(words, ARRIVED, seen, own === undefined ? 0 : LOOKS);
      seen = Atomics.load(words, ARRIVED);
    }
    const [began, ended] = timesOf(words) as unknown as [bigint, bigint];
    return Number(ended - began) / 1e6;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
