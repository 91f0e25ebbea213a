// One test file in one process: what the file imports (by way of harness.ts), and
// the program that runs it. Started by harness.ts only. It sends what happens to its
// parent, which alone decides what has passed, so that a process that dies, hangs or
// leaves early cannot pass.
//
// uvu 0.5.6 runs the tests. Its runner returns from a `finally` and so swallows what
// hooks throw, trips over rejections that are no Error, knows no deadline, and needs a
// call at the end of the file. Hence every function that it gets is wrapped here, hooks
// around each test are run here, and its count is compared with ours.

import { subscribe } from "node:diagnostics_channel";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect, types } from "node:util";
import { isMainThread } from "node:worker_threads";
import * as uvuAssert from "uvu/assert";

/** What the child tells its parent. `test` is an index into the plan. */
export type Report =
  | { kind: "plan"; names: string[] }
  /** Something starts that has to be over within `deadline` milliseconds. */
  | { kind: "phase"; name: string; deadline: number; test?: number }
  | { kind: "passed"; test: number }
  | { kind: "failed"; test: number; text: string }
  /** A failure that belongs to no test: a hook, an uncaught exception, an import. */
  | { kind: "fault"; name: string; text: string }
  /** Nothing is left to wait for, yet the file is not over. */
  | { kind: "dry" }
  | { kind: "done" }
  /** Some time after `done`: what still keeps the process alive. */
  | { kind: "open"; handles: string[] };

type Body = () => unknown;

interface Entry {
  readonly mode: "run" | "only" | "skip";
  readonly name: string;
  readonly body: Body;
  /** Milliseconds, the hooks before the test included. */
  readonly deadline: number;
}

export interface TestOptions {
  /** Milliseconds; default 60,000, or what `--deadline` says. */
  deadline?: number;
}

type Register = (name: string, body: Body, options?: TestOptions) => void;
type Hook = ((body: Body) => void) & { each: (body: Body) => void };

/** Registers a test. `only` and `skip` exist for the desk: either one fails the run. */
export type Test = Register & {
  only: Register;
  skip: (name: string, body?: Body, options?: TestOptions) => void;
  before: Hook;
  after: Hook;
};

const isChild = isMainThread && process.argv[1] === fileURLToPath(import.meta.url);
const defaultDeadline = Number(process.argv[3]);
const grace = Number(process.argv[4]);

const entries: Entry[] = [];
const hooks = {
  before: [] as Body[],
  after: [] as Body[],
  beforeEach: [] as Body[],
  afterEach: [] as Body[],
};
let collecting = isChild;
let running = "import";
let over = false;

function requireCollecting(what: string): void {
  if (!collecting) {
    throw new Error(
      isChild
        ? `${what} was registered after the file had been imported`
        : `${what} was registered outside a run: start test files with harness.js`,
    );
  }
}

const register =
  (mode: Entry["mode"]) =>
  (name: string, body: Body = () => {}, { deadline = defaultDeadline }: TestOptions = {}): void => {
    requireCollecting(`test ${JSON.stringify(name)}`);
    if (!(deadline > 0 && deadline < 2 ** 31)) throw new Error(`deadline of ${deadline} ms`);
    entries.push({ mode, name, body, deadline });
  };

const hook = (name: keyof typeof hooks) => (body: Body) => {
  requireCollecting(`hook ${name}`);
  hooks[name].push(body);
};

export const test: Test = Object.assign(register("run"), {
  only: register("only"),
  skip: register("skip"),
  before: Object.assign(hook("before"), { each: hook("beforeEach") }),
  after: Object.assign(hook("after"), { each: hook("afterEach") }),
});

export type CodedError = Error & { code: string };

function coded(thrown: unknown, code: string): CodedError {
  if (!(thrown instanceof Error)) {
    throw new Error(`expected an error with code ${code}, got ${inspect(thrown)}`);
  }
  const got = (thrown as Partial<CodedError>).code;
  if (got !== code) {
    throw new Error(`expected code ${code}, got ${inspect(got)}`, { cause: thrown });
  }
  return thrown as CodedError;
}

/** uvu's assertions, and those that it lacks. Mind that its `is` and `equal` take −0 for 0. */
export const assert: typeof uvuAssert & {
  /** Equal by Object.is: NaN is NaN, −0 is not 0. */
  same(actual: unknown, expected: unknown, message?: string): void;
  /** Fails unless `run` throws an error with this `code`; returns the error. */
  code(run: () => unknown, code: string): CodedError;
  /** Fails unless the promise, or the one that `run` returns, rejects with this `code`. */
  rejects(run: PromiseLike<unknown> | (() => unknown), code: string): Promise<CodedError>;
} = {
  ...uvuAssert,
  same(actual, expected, message = "values differ") {
    if (!Object.is(actual, expected)) {
      throw new Error(`${message}: expected ${inspect(expected)}, got ${inspect(actual)}`);
    }
  },
  code(run, code) {
    let value: unknown;
    try {
      value = run();
    } catch (error) {
      return coded(error, code);
    }
    throw new Error(`expected a throw with code ${code}, it returned ${inspect(value)}`);
  },
  async rejects(run, code) {
    const promise = typeof run === "function" ? run() : run; // A throw here is no rejection.
    let value: unknown;
    try {
      value = await promise;
    } catch (error) {
      return coded(error, code);
    }
    throw new Error(`expected a rejection with code ${code}, it resolved to ${inspect(value)}`);
  },
};

function send(report: Report): Promise<void> {
  return new Promise((settle) => process.send?.(report, () => settle()));
}

/** Frames that are the same for every test. A brace that opens an error's fields is kept. */
const NOISE = /\n *at [^\n]*(?:node:internal|node_modules\/uvu|harness-child)[^\n{]*?(?=$| \{$)/gm;

function describe(thrown: unknown): string {
  if (!types.isNativeError(thrown) && !(thrown instanceof Error)) {
    return `threw something that is not an Error: ${inspect(thrown)}`;
  }
  if (!(thrown instanceof uvuAssert.Assertion)) return inspect(thrown).replace(NOISE, "");
  const frames = /\n *at .*/s.exec(thrown.stack ?? "")?.[0].replace(NOISE, "") ?? "";
  return `${thrown.message}\n${thrown.details || `(${thrown.operator})`}${frames}`;
}

function fault(name: string, thrown: unknown): Promise<void> {
  return send({ kind: "fault", name, text: describe(thrown) });
}

/**
 * Runs `body` and rejects at its deadline. The timer does not keep the process alive, so
 * that a body that nothing can wake is found at once; a body that blocks the thread is
 * the parent's to end.
 */
async function bounded(name: string, deadline: number, body: Body, test?: number): Promise<void> {
  running = name;
  await send({ kind: "phase", name, deadline, ...(test !== undefined && { test }) });
  const start = performance.now();
  const message = `exceeded its deadline of ${deadline} ms`;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), deadline).unref();
  });
  try {
    await Promise.race([body(), late]);
    if (performance.now() - start > deadline) throw new Error(message);
  } finally {
    clearTimeout(timer);
  }
}

async function runTest(entry: Entry, index: number): Promise<void> {
  const errors: string[] = [];
  const attempt = async (name: string, deadline: number, body: Body): Promise<void> => {
    try {
      await bounded(name, deadline, body, index);
    } catch (error) {
      errors.push(`${name === entry.name ? "" : "after.each: "}${describe(error)}`);
    }
  };
  await attempt(entry.name, entry.deadline, async () => {
    for (const each of hooks.beforeEach) await each();
    await entry.body();
  });
  for (const each of hooks.afterEach) {
    await attempt(`${entry.name} (after.each)`, defaultDeadline, each);
  }
  if (errors.length > 0) {
    await send({ kind: "failed", test: index, text: errors.join("\n") });
    throw new Error(errors.join("\n")); // For uvu's count.
  }
  await send({ kind: "passed", test: index });
}

/** Collects the file's tests, hands them to uvu, and returns when all hooks have run. */
async function runFile(file: string): Promise<void> {
  try {
    await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    return fault("import", error);
  } finally {
    collecting = false;
  }
  const only = entries.some((entry) => entry.mode === "only");
  await send({ kind: "plan", names: entries.map((entry) => entry.name) });
  if (only) await fault(".only", new Error("`.only` is left in the file"));

  // What uvu's own command does: tests wait in a queue for whoever takes them.
  const queue: [null, ...(() => Promise<[unknown, number, number, number]>)[]] = [null];
  Object.assign(globalThis, { UVU_DEFER: 1, UVU_INDEX: 0, UVU_QUEUE: [queue] });
  const suite = (await import("uvu")).suite();
  let chosen = 0;
  for (const [index, entry] of entries.entries()) {
    if (entry.mode === (only ? "only" : "run")) {
      chosen++;
      suite(entry.name, () => runTest(entry, index));
    } else {
      const text = entry.mode === "skip" ? "skipped" : "not run because of `.only`";
      await send({ kind: "failed", test: index, text });
    }
  }
  for (const name of ["before", "after"] as const) {
    for (const body of hooks[name]) {
      suite[name](async () => {
        try {
          await bounded(name, defaultDeadline, body);
        } catch (error) {
          await fault(name, error);
          if (name === "before") throw error; // uvu then runs no test, only what cleans up.
        }
      });
    }
  }
  suite.run();
  const [, , , total] = (await queue[1]?.()) ?? [0, 0, 0, -1];
  if (total !== chosen || queue.length !== 2) {
    await fault("uvu", new Error(`${total} of ${chosen} tests were in uvu's queue`));
  }
}

/** What keeps the process alive, by Node's names, less one of each that `known` has. */
function openHandles(known: readonly string[]): string[] {
  const rest = [...known];
  return process.getActiveResourcesInfo().filter((name) => {
    const at = rest.indexOf(name);
    return at < 0 || rest.splice(at, 1).length === 0;
  });
}

async function main(file: string): Promise<void> {
  process.stdout.write(""); // Opens its handles, for them to be known below.
  process.stderr.write("");
  const known = openHandles([]);
  process.on("uncaughtException", (error) => void fault(`uncaught during ${running}`, error));
  process.on("unhandledRejection", (reason) => {
    void fault(`unhandled rejection during ${running}`, reason);
  });
  // An engine of this process had to be woken by its watch, which is a defect of the engine.
  subscribe("ringfold:rescued", (message) => {
    const { rescued } = message as { rescued: number };
    void fault(`lost wake-up during ${running}`, new Error(`${rescued} were made good`));
  });
  process.once("beforeExit", () => {
    if (!over) void send({ kind: "dry" });
  });
  // The parent is gone: leave, with all that this group has started.
  process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));
  process.channel?.unref(); // Listening alone must not keep the process alive.
  await runFile(file);
  over = true;
  running = "the time after its tests";
  await send({ kind: "done" });
  const report = () => void send({ kind: "open", handles: openHandles(known) });
  setTimeout(report, grace).unref();
}

if (isChild) void main(process.argv[2] ?? "");
