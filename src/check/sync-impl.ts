// Primitives that `check sync` can be run on: ours, or any with the names of atomics-sync. Ours get
// at shared memory through src/sync/atomics.ts, which is made to be replaced; others through the
// global `Atomics`, whose functions are replaced while they are imported and while they run.

import { RingfoldError } from "../errors.js";
import { loadPrimitives, OUR_NAME, type PrimitiveName } from "../primitives.js";
import { type Operations, replaceAtomics } from "../sync/atomics.js";
import * as ours from "../sync/index.js";
import type { ReplayedOperations } from "./replayed-types.js";

/** To a program, a call of an asynchronous function returns when its promise has resolved. */
type Settled<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : T[K];
};

/** What atomics-sync exports, but for errors and limits; and the asynchronous functions of ours. */
export type Primitives = { readonly [Name in PrimitiveName]: Settled<(typeof ours)[Name]> };

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
  OUR_NAME,
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

/** What `loadPrimitives` loads, for the checker. Throws as that does. */
export async function loadImpl(name: string): Promise<Implementation> {
  const load = (from: string) => whilePatched(() => import(from));
  const { isOurs, primitives } = await loadPrimitives(name, load);
  return isOurs ? OURS : patched(name, primitives as unknown as Partial<Primitives>);
}
