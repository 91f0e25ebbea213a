// What `ringfold/sync` exports, and that `ringfold` does not load it.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assert, test } from "../harness.js";

/** What a module imports, and what that imports; by file. */
function loadedBy(url: URL, seen = new Set<string>()): Set<string> {
  if (seen.has(url.href)) return seen;
  seen.add(url.href);
  const text = readFileSync(fileURLToPath(url), "utf8");
  for (const [, path] of text.matchAll(/^(?:import|export)\b[^;]*?"(\.[^"]+)";/gm)) {
    loadedBy(new URL(path as string, url), seen);
  }
  return seen;
}

test("the package's own name leads to the primitives, under the names of atomics-sync", async () => {
  const name = "ringfold/sync";
  const sync = (await import(name)) as object;
  assert.equal(Object.keys(sync).sort(), [
    "Barrier",
    "Condition",
    "DeadlockError",
    "INT32_MAX_VALUE",
    "INT32_MIN_VALUE",
    "InvalidError",
    "Mutex",
    "Once",
    "PermissionError",
    "Semaphore",
    "SpinLock",
  ]);
});

test("ringfold alone does not load them", () => {
  const files = [...loadedBy(new URL("../../src/index.js", import.meta.url))];
  assert.ok(files.some((file) => file.endsWith("/engine/engine.js")));
  assert.not(files.some((file) => file.includes("/src/sync/")));
});
