// Primitives with the names of atomics-sync, ours or another's, by what `--impl` says. `check` and
// `stress` both take it, and neither may import the other, so it stands below both; it is no part of
// src/sync, which is public. Any thread may call this.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RingfoldError } from "./errors.js";
import * as ours from "./sync/index.js";

/** Of each primitive, what has to be there: what atomics-sync documents. */
export const FUNCTIONS = {
  Mutex: ["init", "lock", "timedLock", "tryLock", "unlock"],
  SpinLock: ["init", "lock", "tryLock", "unlock"],
  Semaphore: ["init", "wait", "timedWait", "tryWait", "post", "getValue"],
  Condition: ["init", "signal", "broadcast", "wait", "timedWait"],
  Barrier: ["init", "wait"],
  Once: ["init", "execute", "isExecuted"],
} as const;

export type PrimitiveName = keyof typeof FUNCTIONS;
export const PRIMITIVE_NAMES = Object.keys(FUNCTIONS) as readonly PrimitiveName[];

/** Of another implementation, only what FUNCTIONS names is there for certain. */
export type Primitives = Pick<typeof ours, PrimitiveName>;

export interface Loaded {
  readonly name: string;
  readonly isOurs: boolean;
  /** Those that it has. */
  readonly primitives: Partial<Primitives>;
  /** Classes of errors, where it exports them. */
  readonly errors: Partial<Record<"DeadlockError" | "PermissionError", typeof Error>>;
}

export const OUR_NAME = "ringfold/sync";
const OUR_NAMES: readonly string[] = [OUR_NAME, "ringfold"];

type Exports = Readonly<Record<string, unknown>>;

async function importImpl(
  name: string,
  load: (from: string) => Promise<Exports>,
): Promise<Exports> {
  const isPath = /^[./]|^[a-zA-Z]:[\\/]/.test(name);
  try {
    return await load(isPath ? pathToFileURL(resolve(name)).href : name);
  } catch (error) {
    const [first, second] = name.split("/");
    const what = isPath ? resolve(name) : name.startsWith("@") ? `${first}/${second}` : first;
    const { code, message } = error as NodeJS.ErrnoException;
    // Not so if it is there, and imports what is not.
    if (code === "ERR_MODULE_NOT_FOUND" && message.includes(`'${what}'`)) {
      const advice = isPath
        ? "pass the path of a module that exports Mutex, Semaphore and so on"
        : `install it beside ringfold: npm install ${name}; a file's path begins with ./`;
      throw new RingfoldError("ERR_OPTION", `there is no ${name}: ${advice}`);
    }
    throw new RingfoldError("ERR_OPTION", `${name} cannot be imported: ${error}`, { cause: error });
  }
}

/** Static methods of a class, or functions of an object. */
function hasFunction(of: unknown, key: string): boolean {
  const isHolder = typeof of === "function" || (typeof of === "object" && of !== null);
  return isHolder && typeof (of as Exports)[key] === "function";
}

/**
 * "ringfold/sync" (ours), the name of an installed package, or the path of a module, relative to
 * the working directory or absolute. Throws ERR_OPTION if it cannot be imported, which says how to
 * install it, if it has none of the primitives, or if one lacks a function, which is named.
 * @param load in the place of `import`
 */
export async function loadPrimitives(
  name: string,
  load: (from: string) => Promise<Exports> = (from) => import(from),
): Promise<Loaded> {
  const isOurs = OUR_NAMES.includes(name);
  const module: Exports = isOurs ? ours : await importImpl(name, load);
  const isRoot = PRIMITIVE_NAMES.some((key) => key in module);
  const root = ((isRoot ? module : module["default"]) ?? {}) as Exports;
  const there = PRIMITIVE_NAMES.filter((key) => root[key] !== undefined);
  if (there.length === 0) {
    throw new RingfoldError("ERR_OPTION", `${name} exports none of ${PRIMITIVE_NAMES.join(", ")}`);
  }
  for (const key of there) {
    const missing = FUNCTIONS[key].find((one) => !hasFunction(root[key], one));
    if (missing === undefined) continue;
    throw new RingfoldError(
      "ERR_OPTION",
      `${name}: ${key} has no function ${missing}; it needs ${FUNCTIONS[key].join(", ")}`,
    );
  }
  const { DeadlockError, PermissionError } = root as Record<string, typeof Error | undefined>;
  return {
    name: isOurs ? OUR_NAME : name,
    isOurs,
    primitives: Object.fromEntries(there.map((key) => [key, root[key]])) as Partial<Primitives>,
    errors: {
      ...(typeof DeadlockError === "function" && { DeadlockError }),
      ...(typeof PermissionError === "function" && { PermissionError }),
    },
  };
}
