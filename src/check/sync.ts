// What `ringfold check sync` proves of primitives with the names of atomics-sync, ours or another's:
// the programs of sync-locks.ts, sync-signals.ts and sync-async.ts on an implementation, explored
// to their end, and what was found as a table of steps.

import { explore, type Report } from "./explorer.js";
import { DIE, type Finding, type MakeMachine, type Program, TIMEOUT } from "./program.js";
import type { Proof } from "./programs.js";
import { ReplayedMachine, type ReplayedPosition } from "./replayed.js";
import type { Hands, Script } from "./replayed-types.js";
import { ASYNC } from "./sync-async.js";
import { loadCopy } from "./sync-copy.js";
import { type Implementation, loadImpl, OURS, type Primitives } from "./sync-impl.js";
import { LOCKS, SEMAPHORES } from "./sync-locks.js";
import type { SyncProgram } from "./sync-program.js";
import { BARRIERS, CONDITIONS, ONCES } from "./sync-signals.js";

export { type Implementation, loadImpl, OURS, type Primitives } from "./sync-impl.js";

const PROGRAMS = [...LOCKS, ...SEMAPHORES, ...CONDITIONS, ...BARRIERS, ...ONCES, ...ASYNC];

export interface SyncProof extends Proof {
  readonly make: MakeMachine;
}

/** Each function of them is one call: what it recorded is forgotten once it returned. */
function wrap(primitives: Partial<Primitives>, { call, settle }: Hands): Primitives {
  const wrapAll = (name: string, functions: object) => {
    const wrapped: Record<string, unknown> = {};
    // Static methods of classes are not enumerable.
    for (const key of Object.getOwnPropertyNames(functions)) {
      const value = (functions as Record<string, unknown>)[key];
      wrapped[key] =
        typeof value === "function"
          ? (...args: unknown[]) =>
              call(`${name}.${key}`, () => settle(value.apply(functions, args)))
          : value;
    }
    return wrapped;
  };
  return Object.fromEntries(
    Object.entries(primitives).map(([name, functions]) => [name, wrapAll(name, functions)]),
  ) as unknown as Primitives;
}

function scriptOf<S>(program: SyncProgram<S>, { primitives, under }: Implementation): Script<S> {
  let wrapped: Primitives | undefined;
  const of = (hands: Hands) => {
    wrapped ??= wrap(primitives, hands);
    return wrapped;
  };
  return {
    threads: program.threads.map(
      ({ body }) =>
        (shared, hands) =>
          body(of(hands), shared, hands),
    ),
    setup: (layout) => layout.place("", program.setup(primitives as Primitives)),
    end: (shared, { check }) => program.end?.(shared, check, primitives as Primitives),
    under,
  };
}

/** A program on an implementation, for `explore(proof.make, proof)`. */
export function syncProof<S>(program: SyncProgram<S>, impl: Implementation): SyncProof {
  const { name, proves, quick = true } = program;
  return {
    name,
    proves,
    quick,
    threads: program.threads.map(({ name }) => ({ name, entry: "", arguments: [] })),
    init: ["init"],
    end: ["end"],
    make: (shared) => new ReplayedMachine(scriptOf(program, impl), shared),
  };
}

/** Those that the implementation has the primitives for. */
export function syncProofs(impl: Implementation): SyncProof[] {
  return PROGRAMS.filter(
    ({ needs, isAsync = false }) =>
      needs.every((name) => name in impl.primitives) && (!isAsync || impl.isAsync === true),
  ).map((program) => syncProof(program, impl));
}

/** The proofs of what goes by this name (`loadImpl`); of ours, the asynchronous functions as well. */
export async function loadProofs(name: string): Promise<SyncProof[]> {
  const impl = await loadImpl(name);
  if (impl !== OURS) return syncProofs(impl);
  const blocking = syncProofs(OURS);
  const all = syncProofs(await loadCopy(OURS.name));
  return [...blocking, ...all.slice(blocking.length)];
}

export interface SyncResult extends Report {
  readonly proof: SyncProof;
  /** The way to what was found. */
  readonly trace: readonly SyncStep[];
}

export interface SyncStep {
  readonly thread: string;
  readonly call: string;
  readonly operation: string;
}

/** Preemptions up to which what was found is looked for again, for a path that is easy to read. */
const MOST_PREEMPTIONS = 4;

/** Explores one. What it finds it shows with as few preemptions as can be. */
export function checkProof(proof: SyncProof): SyncResult {
  let report = explore(proof.make, proof);
  if (report.finding !== undefined) {
    for (let preemptions = 0; preemptions <= MOST_PREEMPTIONS; preemptions++) {
      const { finding } = explore(proof.make, proof, { preemptions });
      if (finding === undefined) continue;
      report = { ...report, finding };
      break;
    }
  }
  const { finding } = report;
  return { ...report, proof, trace: finding === undefined ? [] : traceOf(finding, proof) };
}

/** The same programs on any implementation; each result as soon as there is one. */
export function* checkSync(impl: Implementation): Generator<SyncResult> {
  for (const proof of syncProofs(impl)) yield checkProof(proof);
}

export function traceOf(finding: Finding, { threads }: Program): SyncStep[] {
  return finding.steps().map(({ thread, what, at, outcome }) => {
    const { frames, asked } = at as ReplayedPosition;
    let operation = outcome?.text ?? `${asked}: sleeps`;
    if (what === DIE) operation = "dies";
    if (what === TIMEOUT && outcome === undefined) operation = `${asked}: time is over`;
    const call = frames
      .map(({ name }) => name)
      .filter((name) => name !== "" && name !== "until")
      .join(", ");
    return { thread: threads[thread]?.name ?? "", call, operation };
  });
}

/** A line a step. */
export function table(steps: readonly SyncStep[]): string {
  const width = (of: (step: SyncStep) => string) => Math.max(0, ...steps.map((s) => of(s).length));
  const [first, second] = [width(({ thread }) => thread), width(({ call }) => call)];
  return steps
    .map((s) => `${s.thread.padEnd(first)}  ${s.call.padEnd(second)}  ${s.operation}`)
    .join("\n");
}
