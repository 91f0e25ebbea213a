// Drives threads through the primitives one shared operation at a time. Each thread runs
// steps-thread.ts, which has put operations in the place of `Atomics` that wait for their turn.
// Between two steps nobody is inside an operation, so a schedule is a list of threads, and the
// same list gives the same run. `wait` and `notify` keep their sleepers in a list of ours, first come,
// first served, compare and enlist in one step, as the specification has them: so a thread that
// sleeps is known to sleep, and nobody has to be waited for to find out.

import { Worker } from "node:worker_threads";

/** What a thread does at the moment. */
export const RUNS = 0;
/** Its next operation (its NEXT) has not begun. */
export const READY = 1;
export const ASLEEP = 2;
export const DONE = 3;
export const THREW = 4;

/** Words of a thread's line. */
export const STATUS = 0;
export const NEXT = 1;
export const TURN = 2;
export const REASON = 3;
export const RESULT = 4;
export const LINE = 8;

/** Why a sleeper was woken. */
export const NOTIFIED = 1;
export const TIMED_OUT = 2;

export const OPERATIONS = [
  "load",
  "store",
  "add",
  "exchange",
  "compareExchange",
  "wait",
  "notify",
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The list of sleepers: how many, then thread and address of each. */
export const MOST_THREADS = 4;
export const SLEEPERS = MOST_THREADS * LINE;
const CONTROL_WORDS = SLEEPERS + 1 + 2 * MOST_THREADS;

export interface ThreadData {
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly memory: SharedArrayBuffer;
  readonly me: number;
  readonly program: string;
}

export class Steps {
  readonly memory = new SharedArrayBuffer(256);
  readonly #control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
  readonly #workers: Worker[];
  readonly #prepare: (memory: SharedArrayBuffer) => void;

  private constructor(
    program: string,
    threads: number,
    prepare: (memory: SharedArrayBuffer) => void,
  ) {
    this.#prepare = prepare;
    this.#workers = Array.from({ length: threads }, (_, me) => {
      const workerData: ThreadData = {
        control: this.#control,
        memory: this.memory,
        me,
        program,
      };
      const url = new URL("./steps-thread.js", import.meta.url);
      return new Worker(url, { workerData, execArgv: [] });
    });
  }

  /**
   * Threads 0, 1, … of a program of steps-programs.ts, each in front of its first operation. Memory is
   * 0 but for what `prepare` writes.
   */
  static async start(
    program: string,
    threads: number,
    prepare: (memory: SharedArrayBuffer) => void = () => {},
  ): Promise<Steps> {
    const steps = new Steps(program, threads, prepare);
    await Promise.all(
      steps.#workers.map(
        (worker) =>
          new Promise((resolve, reject) => {
            worker.once("message", resolve);
            worker.once("error", reject);
          }),
      ),
    );
    steps.restart();
    return steps;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** Memory is as at the start, and each thread is in front of its first operation. */
  restart(): void {
    new Uint8Array(this.memory).fill(0);
    this.#prepare(this.memory);
    for (const me of this.#workers.keys()) this.#go(me, TURN, 1);
    this.#settle();
  }

  #word(thread: number, field: number): number {
    return thread * LINE + field;
  }

  #get(thread: number, field: number): number {
    return Atomics.load(this.#control, this.#word(thread, field));
  }

  #go(thread: number, field: number, value: number): void {
    Atomics.store(this.#control, this.#word(thread, STATUS), RUNS);
    Atomics.store(this.#control, this.#word(thread, field), value);
    Atomics.notify(this.#control, this.#word(thread, field));
  }

  /** Returns when nobody runs. Who wakes others says so for them before it stops itself. */
  #settle(): void {
    const isRunning = (thread: number) => this.status(thread) === RUNS;
    while (true) {
      const thread = [...this.#workers.keys()].find(isRunning);
      if (thread === undefined) return;
      if (Atomics.wait(this.#control, this.#word(thread, STATUS), RUNS, 20_000) === "timed-out") {
        throw new Error(`thread ${thread} neither ends nor comes to an operation`);
      }
    }
  }

  status(thread: number): number {
    return this.#get(thread, STATUS);
  }

  /** What its program returned. */
  result(thread: number): number {
    return this.#get(thread, RESULT);
  }

  /** Those that can go on. */
  ready(): number[] {
    return [...this.#workers.keys()].filter((thread) => this.status(thread) === READY);
  }

  /** True if each thread's program has returned. */
  areDone(): boolean {
    return [...this.#workers.keys()].every((thread) => this.status(thread) === DONE);
  }

  step(thread: number): void {
    if (this.status(thread) !== READY) throw new Error(`thread ${thread} is not ready`);
    this.#go(thread, TURN, 1);
    this.#settle();
  }

  /** Up to an operation that is not begun yet. */
  until(thread: number, operation: Operation): void {
    const wanted = OPERATIONS.indexOf(operation);
    while (this.#get(thread, NEXT) !== wanted) this.step(thread);
  }

  /** As far as it gets alone. */
  run(thread: number): void {
    while (this.status(thread) === READY) this.step(thread);
  }

  /** A sleeper's time is over. */
  expire(thread: number): void {
    if (this.status(thread) !== ASLEEP) throw new Error(`thread ${thread} is not asleep`);
    const length = Atomics.load(this.#control, SLEEPERS);
    unlist(this.#control, length, (sleeper) => sleeper === thread);
    this.#go(thread, REASON, TIMED_OUT);
    this.#settle();
  }
}

/** Takes those of the list's first `length` entries off that `isTaken` says; returns them. */
export function unlist(
  control: Int32Array<SharedArrayBuffer>,
  length: number,
  isTaken: (thread: number, address: number) => boolean,
): number[] {
  const taken: number[] = [];
  let kept = 0;
  for (let i = 0; i < length; i++) {
    const at = SLEEPERS + 1 + 2 * i;
    const [thread, address] = [control[at] as number, control[at + 1] as number];
    if (isTaken(thread, address)) {
      taken.push(thread);
    } else {
      const to = SLEEPERS + 1 + 2 * kept++;
      control[to] = thread;
      control[to + 1] = address;
    }
  }
  Atomics.store(control, SLEEPERS, kept);
  return taken;
}
