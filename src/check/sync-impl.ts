// Primitives that `check sync` can be run on: ours, or any with the names of atomics-sync. Ours get
// at shared memory through src/sync/atomics.ts, which is made to be replaced; others through the
// global `Atomics`, whose functions are replaced while they are imported and while they run.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RingfoldError } from "../errors.js";
import { type Operations, replaceAtomics } from "../sync/atomics.js";
import * as ours from "../sync/index.js";
import type { ReplayedOperations } from "./replayed-types.js";

type Names = "Mutex" | "SpinLock" | "Semaphore" | "Condition" | "Barrier" | "Once";
/** To a program, a call of an asynchronous function returns when its promise has resolved. */
type Settled<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : T[K];
};

/** What atomics-sync exports, but for errors and limits; and the asynchronous functions of ours. */
export type Primitives = { readonly [Name in Names]: Settled<(typeof ours)[Name]> };

export interface Implementation {
  readonly name: string;
  /** Those that it has. */
  readonly primitives: Partial<Primitives>;
  /** It has asynchronous functions, as generators. */
  readonly isAsync?: boolean;
  /** Runs `work` with these operations in the place of the runtime's. */
  under(operations: ReplayedOperations, work: () => void): void;
}

/** Ours, or a copy of src/sync with an `atomics` of its own. */
export function replaceable(
  name: string,
  primitives: Partial<Primitives>,
  replace: typeof replaceAtomics,
): Implementation {
  let last: ReplayedOperations | undefined;
  let by: Operations;
  return {
    name,
    primitives,
    under: (operations, work) => {
      if (operations !== last) by = operations as unknown as Operations;
      last = operations;
      const before = replace(by);
      try {
        work();
      } finally {
        replace(before);
      }
    },
  };
}

export const OURS: Implementation = replaceable(
  "ringfold/sync",
  ours as unknown as Primitives,
  replaceAtomics,
);

// --- others --------------------------------------------------------------------------

type Functions = Record<string, (...operands: never[]) => unknown>;
const NAMES = [
  "load",
  "store",
  "exchange",
  "add",
  "sub",
  "and",
  "or",
  "xor",
  "compareExchange",
  "wait",
  "notify",
  "pause",
] as const;
const natives: Functions = { ...pick(Atomics as unknown as Functions), pause: () => undefined };
const clock = Date.now;
/** Those of the run under way. */
let current: ReplayedOperations | undefined;
/** Stay as they are, so that who keeps one of `Atomics`' functions keeps one of these. */
const forwarders: Functions = Object.fromEntries(
  NAMES.map((name) => [
    name,
    (...operands: never[]) => {
      const by = (current as unknown as Functions | undefined)?.[name] ?? natives[name];
      return (by as Functions[string])(...operands);
    },
  ]),
);
forwarders["waitAsync"] = () => {
  throw new RingfoldError("ERR_RUNTIME", "the checker has no Atomics.waitAsync");
};

function pick(from: Functions): Functions {
  return Object.fromEntries(NAMES.map((name) => [name, from[name]])) as Functions;
}

/** Puts the forwarders in the place of `Atomics`' functions; returns what takes that back. */
function patch(): () => void {
  const before = Object.getOwnPropertyDescriptors(Atomics);
  for (const [name, value] of Object.entries(forwarders)) {
    Object.defineProperty(Atomics, name, { value, writable: true, configurable: true });
  }
  Date.now = () => current?.now() ?? clock();
  return () => {
    Date.now = clock;
    for (const name of Object.keys(forwarders)) {
      if (!(name in before)) Reflect.deleteProperty(Atomics, name);
    }
    Object.defineProperties(Atomics, before);
  };
}

/** @param module what was imported inside of `whilePatched` */
export function patched(name: string, primitives: Partial<Primitives>): Implementation {
  return {
    name,
    primitives,
    under: (operations, work) => {
      const restore = patch();
      const before = current;
      current = operations;
      try {
        work();
      } finally {
        current = before;
        restore();
      }
    },
  };
}

/** So that what is imported meanwhile may keep functions of `Atomics`. */
export async function whilePatched<T>(work: () => Promise<T>): Promise<T> {
  const restore = patch();
  try {
    return await work();
  } finally {
    restore();
  }
}

const ALL: readonly Names[] = ["Mutex", "SpinLock", "Semaphore", "Condition", "Barrier", "Once"];

/**
 * "ringfold/sync" (ours), the name of an installed package, or the path of a module, relative to
 * the working directory or absolute. Throws ERR_OPTION if it cannot be imported, which says how to
 * install it, or has none of the primitives.
 */
export async function loadImpl(name: string): Promise<Implementation> {
  if (name === OURS.name || name === "ringfold") return OURS;
  const isPath = /^[./]|^[a-zA-Z]:[\\/]/.test(name);
  const from = isPath ? pathToFileURL(resolve(name)).href : name;
  let module: Record<string, unknown>;
  try {
    module = await whilePatched(() => import(from));
  } catch (error) {
    const isMissing = (error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND";
    const advice = isPath
      ? "pass the path of a module that exports Mutex, Semaphore and so on"
      : `install it beside ringfold: npm install ${name}`;
    throw new RingfoldError(
      "ERR_OPTION",
      isMissing ? `there is no ${name}: ${advice}` : `${name} cannot be imported: ${error}`,
      { cause: error },
    );
  }
  const root = (ALL.some((key) => key in module) ? module : module["default"]) as
    | Record<string, unknown>
    | undefined;
  const primitives = Object.fromEntries(
    ALL.flatMap((key) => (root?.[key] === undefined ? [] : [[key, root[key]]])),
  ) as Partial<Primitives>;
  if (Object.keys(primitives).length === 0) {
    throw new RingfoldError("ERR_OPTION", `${name} exports none of ${ALL.join(", ")}`);
  }
  return patched(name, primitives);
}
