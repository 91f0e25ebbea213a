// The copy of the core for runtimes that cannot read files.

import { readFileSync } from "node:fs";
import { CORE_BASE64 } from "../../src/core/inline.js";
import { loadCore } from "../../src/engine/core.js";
import { assert, test } from "../harness.js";

test("the inlined core is the file, byte for byte, and what an engine loads", async () => {
  const file = readFileSync(new URL("../../src/core/core.wasm", import.meta.url));
  const inlined = Uint8Array.from(atob(CORE_BASE64), (c) => c.charCodeAt(0));
  assert.ok(file.equals(inlined));
  const names = (module: WebAssembly.Module) =>
    WebAssembly.Module.exports(module).map(({ name }) => name);
  const inline = new WebAssembly.Module(inlined);
  assert.equal(names(inline), names(await loadCore()));
  // No static data: threads share the memory.
  assert.not(
    /\(data/.test(readFileSync(new URL("../../src/core/core.wat", import.meta.url), "utf8")),
  );
});
