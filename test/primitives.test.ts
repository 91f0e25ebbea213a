// What `--impl` of `check` and `stress` loads, and what it refuses.

import { join } from "node:path";
import { FUNCTIONS, loadPrimitives, PRIMITIVE_NAMES } from "../src/primitives.js";
import * as ours from "../src/sync/index.js";
import { inFolder, put } from "./cli/run.js";
import { assert, test } from "./harness.js";

/** A module's text with all functions of these primitives, none of which does anything. */
const text = (names: readonly (keyof typeof FUNCTIONS)[]) =>
  names
    .map((name) => `export const ${name} = { ${FUNCTIONS[name].map((f) => `${f}() {}`)} };\n`)
    .join("");

test("ours goes by two names and has everything", async () => {
  for (const name of ["ringfold/sync", "ringfold"]) {
    const { isOurs, primitives, errors } = await loadPrimitives(name);
    assert.ok(isOurs);
    assert.equal(Object.keys(primitives), PRIMITIVE_NAMES);
    assert.is(primitives.Mutex, ours.Mutex);
    assert.is(primitives.Once, ours.Once);
    const { DeadlockError, PermissionError } = ours;
    assert.equal(errors, { DeadlockError, PermissionError });
  }
});

test("another's primitives may be classes, a default export, and not all of them", () =>
  inFolder(async (folder) => {
    const some = put(folder, "some.mjs", text(["Mutex", "Once"]));
    const { name, isOurs, primitives, errors } = await loadPrimitives(some);
    assert.equal([name, isOurs, Object.keys(primitives)], [some, false, ["Mutex", "Once"]]);
    assert.equal(errors, {});
    const statics = FUNCTIONS.Barrier.map((one) => `static ${one}() {}`).join(" ");
    const inside = `class Barrier { ${statics} }\nexport default { Barrier };`;
    const loaded = await loadPrimitives(put(folder, "default.mjs", inside));
    assert.equal(Object.keys(loaded.primitives), ["Barrier"]);
  }));

test("a primitive without one of its functions is refused by its name", () =>
  inFolder(async (folder) => {
    const lacks = text(["Mutex", "Semaphore"]).replace("post() {}", "put() {}");
    const error = await assert.rejects(
      loadPrimitives(put(folder, "lacks.mjs", lacks)),
      "ERR_OPTION",
    );
    assert.match(error.message, "Semaphore has no function post; it needs init, wait");
    const empty = put(folder, "empty.mjs", "export const Mutex = null;");
    const none = await assert.rejects(loadPrimitives(empty), "ERR_OPTION");
    assert.match(none.message, "Mutex has no function init");
  }));

test("what is not there is told apart from what imports something that is not there", () =>
  inFolder(async (folder) => {
    const missing = async (name: string) =>
      (await assert.rejects(loadPrimitives(name), "ERR_OPTION")).message;
    assert.match(await missing("no-such-sync"), "there is no no-such-sync: install it beside");
    assert.match(await missing("@no/such-sync"), "npm install @no/such-sync");
    assert.match(await missing(join(folder, "none.js")), "pass the path of a module");
    const broken = put(folder, "broken.mjs", 'import "no-such-sync";');
    assert.match(await missing(broken), "broken.mjs cannot be imported: Error");
  }));
