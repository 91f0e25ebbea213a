// What `ringfold check host` proves: how a thread of an engine awaits its answers
// (engine/listener.ts, as it is compiled), against threads that answer and against what the same
// thread does at its gate meanwhile. The gate's operations are those of core/gate.ts, one by one;
// `ringfold check listener` has the core itself, with an event loop in the listener's place.

import { Listener } from "../engine/listener.js";
import type { Proof } from "./proof.js";
import { ReplayedMachine } from "./replayed.js";
import type { Hands, ReplayedOperations, Script } from "./replayed-types.js";
import type { SyncProof } from "./sync.js";

type Words = Int32Array<SharedArrayBuffer>;

interface Shared {
  readonly epoch: Words;
  readonly waiting: Words;
  /** Jobs that were submitted; answers to them. */
  readonly jobs: Words;
  readonly answers: Words;
}

/** What is explored: the class that ships, or one with a defect; and the bits that waits have. */
export interface Subject {
  readonly Listener: typeof Listener;
  readonly bits: { readonly thread: number; readonly eventLoop: number };
}

export const SHIPPED: Subject = { Listener, bits: { thread: 1, eventLoop: 2 } };

/**
 * submit: a job. listen: as every call does that submits one. look: for an instant, as measurements
 * do. wait: until all is answered, as `reduceSync` does. await: the same in turns of the event loop.
 */
type Act = "submit" | "listen" | "look" | "wait" | "await";

interface Shape {
  readonly workers?: number;
  readonly acts: readonly Act[];
  /** As a stream, which is open also while none of its tasks is under way. */
  readonly isOpen?: boolean;
  /** Each answer has the next one listened for, as those of a stream do. */
  readonly nests?: boolean;
  readonly quick?: boolean;
}

/** The operations of the run under way. */
let atomics: ReplayedOperations;

/** One thread's gate and ring of answers. */
class Place {
  pending = 0;
  onAnswer = () => {};
  readonly #shared: Shared;
  #taken = 0;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  announce(bit: number): number {
    atomics.or(this.#shared.waiting, 0, bit);
    return atomics.load(this.#shared.epoch, 0) as number;
  }

  cancel(bit: number): void {
    atomics.and(this.#shared.waiting, 0, ~bit);
  }

  submit(): void {
    this.pending++;
    atomics.add(this.#shared.jobs, 0, 1);
    atomics.notify(this.#shared.jobs, 0);
  }

  collect(): boolean {
    if (atomics.load(this.#shared.answers, 0) === this.#taken) return false;
    this.#taken++;
    this.pending--;
    this.onAnswer();
    return true;
  }

  /** `help` of core/worker.ts, without tasks. */
  help(bit: number, timeout?: number): void {
    if (this.collect()) return;
    const epoch = this.announce(bit);
    if (atomics.load(this.#shared.answers, 0) === this.#taken) {
      atomics.wait(this.#shared.epoch, 0, epoch, timeout);
    }
    this.cancel(bit);
  }

  enlist(epoch: number): PromiseLike<unknown> | undefined {
    const wait = atomics.waitAsync(this.#shared.epoch, 0, epoch);
    return wait.async ? (wait.value as PromiseLike<unknown>) : undefined;
  }
}

function answer({ answers, waiting, epoch }: Shared): void {
  atomics.add(answers, 0, 1);
  if (atomics.load(waiting, 0) === 0) return;
  atomics.add(epoch, 0, 1);
  atomics.notify(epoch, 0);
}

/** Answers jobs first, first + step and so on, of n. */
function worker(first: number, step: number, n: number) {
  return (shared: Shared) => {
    for (let job = first; job <= n; job += step) {
      for (;;) {
        const seen = atomics.load(shared.jobs, 0) as number;
        if (seen >= job) break;
        atomics.wait(shared.jobs, 0, seen);
      }
      answer(shared);
    }
  };
}

function host({ Listener, bits }: Subject, { acts, isOpen = false, nests = false }: Shape) {
  return (shared: Shared, hands: Hands) => {
    const place = new Place(shared);
    const listener = new Listener({
      announce: () => place.announce(bits.eventLoop),
      cancel: () => place.cancel(bits.eventLoop),
      enlist: (epoch) => place.enlist(epoch),
      drain: () => {
        let any = false;
        while (place.collect()) any = true;
        return any;
      },
      isAwaited: () => isOpen || place.pending > 0,
    });
    /** The one that is out. */
    let promise: PromiseLike<unknown> | undefined;
    const follow = (next: PromiseLike<unknown> | undefined) => {
      promise = next ?? promise;
    };
    if (nests) place.onAnswer = () => follow(listener.listen());
    for (const act of acts) {
      if (act === "submit") place.submit();
      else if (act === "listen") follow(listener.listen());
      else if (act === "look") place.help(bits.thread, 1);
      else if (act === "wait") while (place.pending > 0) place.help(bits.thread);
      else {
        while (place.pending > 0) {
          hands.check(promise !== undefined, "an answer is awaited, and the thread listens for it");
          hands.settle(promise);
          promise = undefined;
          follow(listener.woken());
        }
      }
    }
  };
}

const words = (): Words => new Int32Array(new SharedArrayBuffer(4));

function scriptOf(subject: Subject, shape: Shape): Script<Shared> {
  const { workers = 1, acts } = shape;
  const jobs = acts.filter((act) => act === "submit").length;
  return {
    threads: [
      host(subject, shape),
      ...Array.from({ length: workers }, (_, i) => worker(i + 1, workers, jobs)),
    ],
    setup: (layout) =>
      layout.place("", { epoch: words(), waiting: words(), jobs: words(), answers: words() }),
    end: ({ answers }, { check }) => check(answers[0] === jobs, "every job was answered"),
    under: (operations, work) => {
      atomics = operations;
      work();
    },
  };
}

const SHAPES: Readonly<Record<string, Shape>> = {
  awaits: { acts: ["submit", "listen", "await", "submit", "listen", "await"] },
  "awaits-2-workers": { workers: 2, acts: ["submit", "submit", "listen", "await"] },
  // A call, the measurement of the crossover, a call.
  looks: { isOpen: true, acts: ["submit", "listen", "await", "look", "submit", "listen", "await"] },
  "looks-meanwhile": { acts: ["submit", "listen", "look", "await", "submit", "listen", "await"] },
  // An awaited call, one that waits, an awaited call.
  waits: { acts: ["submit", "listen", "wait", "submit", "listen", "await"] },
  "waits-open": { isOpen: true, acts: ["submit", "listen", "wait", "submit", "listen", "await"] },
  nests: {
    nests: true,
    acts: ["submit", "submit", "listen", "await", "submit", "listen", "await"],
  },
  "nests-open": {
    nests: true,
    isOpen: true,
    acts: ["submit", "submit", "listen", "await"],
  },
};

export function hostProofs(subject: Subject = SHIPPED): SyncProof[] {
  return Object.entries(SHAPES).map(([what, shape]): SyncProof => {
    const names = Array.from({ length: shape.workers ?? 1 }, (_, i) => `worker ${i}`);
    const program: Proof = {
      name: `host-${what}`,
      proves: "an answer that a thread awaits has it woken, whatever it does at its gate meanwhile",
      quick: shape.quick ?? true,
      threads: ["host", ...names].map((name) => ({ name, entry: "", arguments: [] })),
      init: ["init"],
      end: ["end"],
    };
    const make = (shared: Set<number>) => new ReplayedMachine(scriptOf(subject, shape), shared);
    return { ...program, make };
  });
}
