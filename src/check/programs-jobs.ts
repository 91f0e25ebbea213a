// Programs on jobs: their trees, rounds, submitters and deaths, of src/core/programs/tree.ts, pairs.ts,
// jobs.ts and death.ts.

import { MAX_WORKERS } from "../core/map.js";
import { many, mortal, type Proof, thread } from "./proof.js";
import type { ThreadSpec } from "./step.js";

// --- tasks ---------------------------------------------------------------------------

function tree(threads: number, tasks: number): Proof {
  return {
    name: `tree-${threads}-threads-${tasks}-tasks`,
    proves: "the last to arrive merges, once, in the order of the tree",
    quick: true,
    threads: many(threads, (i) => thread(`worker ${i}`, "climb", i, threads, tasks)),
    init: ["treeInit", tasks],
    end: ["treeEnd", 0, 0, 0],
  };
}

/** Where the last number of a pairwise job over n numbers lies. */
function lastNumber(n: number): [isInB: number, ticket: number] {
  const bases = [0, 0];
  let to = 0;
  for (let results = (n + 1) >> 1; results > 1; results = (results + 1) >> 1) {
    bases[to] = (bases[to] as number) + results;
    to = 1 - to;
  }
  return [to, bases[to] as number];
}

function pairs(threads: number, n: number, batch: number, quick = true): Proof {
  return {
    name: `pairs-${threads}-threads-${n}-numbers-batch-${batch}`,
    proves: "each pair of each round is combined once, in order",
    quick,
    threads: many(threads, (i) => thread(`worker ${i}`, "pair", i, 0, 0)),
    init: ["pairsInit", n, batch],
    end: ["pairsEnd", n, ...lastNumber(n)],
  };
}

export const TASKS: readonly Proof[] = [
  tree(2, 3),
  tree(3, 3),
  tree(3, 5),
  pairs(2, 4, 1),
  pairs(2, 5, 1),
  pairs(2, 6, 2),
  pairs(2, 8, 2),
  pairs(2, 9, 4),
  pairs(3, 4, 1),
  pairs(3, 5, 1, false),
];

// --- jobs ----------------------------------------------------------------------------

/** How a submitter of `jobs` waits. */
const HELPS = 1;
const STOPS = 2;
const CLOSES = 4;

interface JobShape {
  readonly workers: number;
  readonly threads: number;
  /** Of each submitter, tasks and how it waits. The engine ends when all are answered. */
  readonly submitters: readonly (readonly [tasks: number, mode: number])[];
  readonly spin?: number;
  readonly quick?: boolean;
}

function jobs(
  what: string,
  { workers, threads, submitters, spin = 0, quick = true }: JobShape,
): Proof {
  return {
    name: `jobs-${what}`,
    proves: "every job is answered, workers park and wake, all end when the engine is closed",
    quick,
    threads: [
      ...many(workers, (i) => thread(`worker ${i}`, "worker", i, 0, 0)),
      ...submitters.map(([tasks, mode], s) =>
        thread(`submitter ${s}`, "submitter", s, tasks, mode),
      ),
    ],
    init: ["jobsInit", workers, threads, submitters.length, spin],
    end: ["jobsEnd", workers],
  };
}

export const JOBS: readonly Proof[] = [
  jobs("1-worker", { workers: 1, threads: 1, submitters: [[1, CLOSES]] }),
  jobs("1-worker-2-tasks-spinning", {
    workers: 1,
    threads: 1,
    submitters: [[2, CLOSES]],
    spin: 1,
  }),
  jobs("1-worker-helped", { workers: 1, threads: 1, submitters: [[2, HELPS | CLOSES]] }),
  jobs("1-worker-stopped", { workers: 1, threads: 1, submitters: [[2, STOPS | CLOSES]] }),
  jobs("2-workers-2-tasks", {
    workers: 2,
    threads: 2,
    submitters: [[2, CLOSES]],
    quick: false,
  }),
  jobs("1-worker-2-submitters", {
    workers: 1,
    threads: 1,
    submitters: [
      [1, CLOSES],
      [1, CLOSES],
    ],
    quick: false,
  }),
];

/** What a thread does at its gate while its event loop waits there too. */
const LOOKS = 1;
const HELPS_MEANWHILE = 2;
const WAITS_MEANWHILE = 4;

function listening(what: string, workers: number, mode: number, quick = true): Proof {
  return {
    name: `listener-${what}`,
    proves: "an answer wakes the event loop, whatever the thread waits for itself in between",
    quick,
    threads: [
      ...many(workers, (i) => thread(`worker ${i}`, "worker", i, 0, 0)),
      thread("event loop", "eventLoop", mode, 0, 0),
      thread("runtime", "runtime", 0, 0, 0),
    ],
    init: ["listenerInit", workers],
    end: ["listenerEnd", 0, 0, 0],
  };
}

export const LISTENERS: readonly Proof[] = [
  listening("1-worker", 1, 0),
  listening("1-worker-looks", 1, LOOKS),
  listening("1-worker-helps", 1, HELPS_MEANWHILE),
  listening("1-worker-waits", 1, WAITS_MEANWHILE),
  listening("1-worker-looks-and-helps", 1, LOOKS | HELPS_MEANWHILE, false),
  listening("2-workers-looks", 2, LOOKS, false),
];

// --- deaths --------------------------------------------------------------------------

interface DeathShape {
  readonly tasks: number;
  /** Tasks in the ring from the start. */
  readonly there: number;
  readonly threads: readonly ThreadSpec[];
  /** Participant of the first thread, which may die. */
  readonly dead: number;
  readonly deaths?: number;
  /** The job is done in spite of it. */
  readonly completes?: boolean;
  readonly quick?: boolean;
}

const SUBMITTER = 256;

function death(name: string, shape: DeathShape): Proof {
  const { tasks, there, threads, dead, deaths = 1, completes = true, quick = true } = shape;
  return {
    name: `death-${name}`,
    proves: "whatever it left, recovery puts it right: no slot, no task, no answer is lost",
    quick,
    threads: [
      ...threads.map((spec, i) => (i < deaths ? mortal(spec) : spec)),
      thread("owner", "mourner", 0, dead, deaths),
    ],
    deaths,
    init: ["deathInit", 2, tasks, there],
    end: ["deathEnd", completes ? 1 : 0, 0, 0],
  };
}

const taker = (i: number, n: number) => thread(`worker ${i}`, "taker", i, n, 0);

export const DEATHS: readonly Proof[] = [
  death("of-a-publisher", {
    tasks: 2,
    there: 0,
    threads: [thread("publisher", "publisher", 0, 2, 0), taker(0, 2)],
    dead: SUBMITTER,
    completes: false,
  }),
  death("of-a-publisher-of-many", {
    tasks: 2,
    there: 0,
    threads: [thread("publisher", "publisher", 0, 2, 1), taker(0, 2)],
    dead: SUBMITTER,
    completes: false,
  }),
  death("of-a-worker-1-task", { tasks: 1, there: 1, threads: [taker(0, 1), taker(1, 1)], dead: 0 }),
  death("of-a-worker-2-tasks", {
    tasks: 2,
    there: 2,
    threads: [taker(0, 2), taker(1, 2)],
    dead: 0,
  }),
  death("of-a-giver", {
    tasks: 1,
    there: 1,
    threads: [thread("worker 0", "giver", 0, 0, 0), taker(1, 2)],
    dead: 0,
  }),
  death("of-a-giver-and-a-worker", {
    tasks: 1,
    there: 1,
    threads: [thread("worker 0", "giver", 0, 0, 0), taker(1, 1)],
    dead: 0,
    deaths: 2,
  }),
  death("of-two-workers", {
    tasks: 2,
    there: 2,
    threads: [taker(0, 1), taker(1, 1)],
    dead: 0,
    deaths: 2,
  }),
];

function pairDeath(n: number, batch: number, deaths: number, quick = true): Proof {
  const workers = [0, 1].map((i) => thread(`worker ${i}`, "pairWorker", i, 1 + i, 0));
  return {
    name: `death-of-${deaths}-with-${n}-numbers-batch-${batch}`,
    proves: "pairs that a dead thread had claimed are combined by another, once",
    quick,
    threads: [
      ...workers.map((spec, i) => (i < deaths ? mortal(spec) : spec)),
      thread("owner", "mourner", 0, 0, deaths),
    ],
    deaths,
    init: ["pairJobInit", n, batch, 2],
    end: ["pairJobEnd", n, ...lastNumber(n)],
  };
}

/** A worker, and a submitter that helps: it gives its task back after every claim. */
function pairHelp(n: number): Proof {
  return {
    name: `pairs-worker-helper-${n}-numbers`,
    proves: "a submitter that leaves off leaves nothing undone",
    quick: true,
    threads: [
      thread("worker", "pairWorker", 0, 1, 0),
      thread("helper", "pairWorker", MAX_WORKERS, 2, 0),
    ],
    init: ["pairJobInit", n, 1, 2],
    end: ["pairJobEnd", n, ...lastNumber(n)],
  };
}

export const PAIR_DEATHS: readonly Proof[] = [
  pairHelp(4),
  pairDeath(3, 1, 1),
  pairDeath(2, 1, 2),
  pairDeath(4, 2, 1),
  pairDeath(5, 2, 1, false),
  pairDeath(7, 2, 1, false),
  pairDeath(4, 1, 2, false),
  pairDeath(4, 2, 2, false),
];
