// The compiled core: from its file, or from the copy inlined in a module where
// the runtime or a bundler leaves no file to read. Compiled once a thread.

import { readFile } from "node:fs/promises";

let compiled: Promise<WebAssembly.Module> | undefined;

export function loadCore(): Promise<WebAssembly.Module> {
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
