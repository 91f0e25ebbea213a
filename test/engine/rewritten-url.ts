// A process of start.test.ts in which the URL of the worker's file is of a page's server, as Vite
// makes it for tests that run as in a page.

const Runtime = URL;
globalThis.URL = class extends Runtime {
  constructor(url: string | URL, base?: string | URL) {
    if (url === "./worker.js") super("http://localhost:3000/@fs/worker.js");
    else super(url, base);
  }
} as typeof URL;

const { createEngine } = await import("../../src/index.js");
const engine = await createEngine({ threads: 2 });
const x = new Float64Array(500_000).fill(2);
console.log(await engine.reduce(x, "sum"), engine.stats().deaths);
await engine.close();
