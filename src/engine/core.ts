// The compiled core: from its file, or from the copy inlined in a module where
// the runtime or a bundler leaves no file to read. Compiled once a thread.

import { readFile } from "node:fs/promises";
import { RingfoldError } from "../errors.js";

let compiled: Promise<WebAssembly.Module> | undefined;

/** @throws (rejects) RingfoldError ERR_RUNTIME where there is no WebAssembly */
export async function loadCore(): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === "undefined") {
    throw new RingfoldError(
      "ERR_RUNTIME",
      "this runtime has no WebAssembly, in which ringfold computes: start Node without --jitless",
    );
  }
  compiled ??= bytes().then((b) => WebAssembly.compile(b));
  return compiled;
}

async function bytes(): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(new URL("../core/core.wasm", import.meta.url));
  } catch {
    const { CORE_BASE64 } = await import("../core/inline.js");
    return Uint8Array.from(atob(CORE_BASE64), (c) => c.charCodeAt(0));
  }
}
