// What a program, a page or a test may have done to its globals, and whose context callbacks run in.

import { AsyncLocalStorage } from "node:async_hooks";
import { spawn } from "node:child_process";
import { createEngine, type Engine } from "../../src/index.js";
import { assert, test } from "../harness.js";

const library = (name: string) =>
  JSON.stringify(new URL(`../../src/${name}`, import.meta.url).href);

function program(source: string): Promise<{ code: number | null; out: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out }));
  });
}

/** Fake timers never fire, the fake clock stands still; a page's timers have numbers for ids. */
const GLOBALS = {
  none: "",
  fake: `
    let id = 0;
    for (const name of ["setTimeout", "setInterval", "setImmediate"]) globalThis[name] = () => ++id;
    for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) {
      globalThis[name] = (id) => {
        if (typeof id !== "number") throw new Error("not a fake timer's id");
      };
    }
    globalThis.queueMicrotask = () => {};
    performance.now = () => 0;
    Object.defineProperty(globalThis, "performance", { value: { now: () => 0 } });
    Date.now = () => 0;`,
  page: `
    const real = { setTimeout, setInterval, clearTimeout, clearInterval };
    const timers = new Map();
    let id = 0;
    for (const kind of ["Timeout", "Interval"]) {
      globalThis["set" + kind] = (...args) => {
        timers.set(++id, real["set" + kind](...args));
        return id;
      };
      globalThis["clear" + kind] = (id) => real["clear" + kind](timers.get(id));
    }
    delete globalThis.setImmediate;
    delete globalThis.clearImmediate;
    delete globalThis.queueMicrotask;
    class Signal {
      aborted = false;
      listeners = new Set();
      addEventListener(_, f) { this.listeners.add(f); }
      removeEventListener(_, f) { this.listeners.delete(f); }
    }
    globalThis.AbortSignal = Signal;
    globalThis.EventTarget = class {};
    globalThis.AbortController = class {
      signal = new Signal();
      abort(reason) {
        this.signal.aborted = true;
        this.signal.reason = reason;
        for (const f of this.signal.listeners) f();
      }
    };`,
};

/** Every kind of call once; prints what each gave. */
const CALLS = `
  const told = [];
  const x = new Float64Array(1_000_000).fill(1);
  const engine = await createEngine({ threads: 2 });
  const own = engine.share(x);
  const code = (error) => error.code ?? error;
  told.push(await engine.reduce(own, "sum"), await engine.reduce(x, "sum"), await sum([1, 2]));
  told.push(engine.reduceSync(x, "sum"), engine.reduceSync(own, "sum", { timeout: 60_000 }));
  told.push(await engine.reduce(x, "sum", { schedule: "pairwise", timeout: 60_000 }));
  const stream = await engine.stream("float64", "sum");
  await stream.write(x);
  told.push(await stream.end());
  const all = await Promise.all(Array.from({ length: 200 }, () => engine.reduce(x, "sum")));
  told.push(all.length, new Set(all).size);
  const slow = new URL(SLOW);
  told.push(await engine.reduce(own, slow, { timeout: 30 }).catch(code));
  let reports = 0;
  const onProgress = () => void reports++;
  told.push(await engine.reduce(own.subarray(0, 200_000), slow, { onProgress }), reports > 0);
  try { engine.reduceSync(own, slow, { timeout: 30 }); } catch (error) { told.push(code(error)); }
  const controller = new AbortController();
  const pending = engine.reduce(own, slow, { signal: controller.signal }).catch(code);
  controller.abort("enough");
  told.push(await pending);
  const mutex = Mutex.init();
  Mutex.lock(mutex, 1);
  const locked = Mutex.lockAsync(mutex, 2);
  RESTORE
  Mutex.unlock(mutex, 1);
  await locked;
  await engine.close();
  console.log(told.join(" "));
`;

const WANT =
  "1000000 1000000 3 1000000 1000000 1000000 1000000 200 1 ERR_TIMEOUT 200000 true ERR_TIMEOUT enough\n";

const LOAD = `
  const { createEngine, sum } = await import(${library("index.js")});
  const { Mutex } = await import(${library("sync/index.js")});
  const SLOW = ${JSON.stringify(new URL("../fixtures/operators/slow.js", import.meta.url).href)};`;
const KEEP = "const kept = { setInterval, clearInterval };";

for (const [name, globals] of Object.entries(GLOBALS)) {
  const calls = CALLS.replace("RESTORE", "Object.assign(globalThis, kept);");
  test(`globals may be another's before the library is loaded: ${name}`, async () => {
    const { code, out } = await program(KEEP + globals + LOAD + calls);
    assert.equal({ code, out }, { code: 0, out: WANT });
  });
  test(`and after: ${name}`, async () => {
    const { code, out } = await program(KEEP + LOAD + globals + calls);
    assert.equal({ code, out }, { code: 0, out: WANT });
  });
}

// --- callbacks ------------------------------------------------------------------------

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

test("callbacks run in the context of the call that they were given to", async () => {
  const storage = new AsyncLocalStorage<number>();
  const x = engine.alloc("float64", 400_000).fill(1);
  const copied = new Float64Array(1_000_000).fill(1);
  const slow = new URL("../fixtures/operators/slow.js", import.meta.url);
  const seen: string[] = [];
  const options = (i: number) => {
    const see = () => {
      if (storage.getStore() !== i) seen.push(`${i} in ${storage.getStore()}`);
    };
    return { onProgress: see, onRound: see };
  };
  let calls = 0;
  const begin = [
    (i: number) => engine.reduce(x, "sum", options(i)),
    (i: number) => engine.reduce(x, "sum", { ...options(i), schedule: "pairwise" }),
    (i: number) => engine.reduce(copied, "sum", options(i)),
    (i: number) => engine.reduce(x, slow, options(i)),
    (i: number) => engine.reduce([1], "sum", { ...options(i), schedule: "pairwise" }),
    async (i: number) => engine.reduceSync(x, "sum", { ...options(i), schedule: "pairwise" }),
    (i: number) => engine.partial(x, "sum", { onProgress: options(i).onProgress }),
  ];
  const all = Array.from({ length: 100 }, (_, i) =>
    storage.run(i, () => {
      calls++;
      return (begin[i % begin.length] as (i: number) => Promise<unknown>)(i);
    }),
  );
  await storage.run(-1, () => Promise.all(all));
  assert.is(calls, 100);
  assert.equal(seen, []);
});

test("a callback's promise that rejects ends the call, and nothing else", async () => {
  const boom = new Error("boom");
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", onUnhandled);
  const x = engine.alloc("float64", 500_000).fill(1);
  const slow = new URL("../fixtures/operators/slow.js", import.meta.url);
  // Typed as returning nothing; nobody keeps an async function from being passed.
  const rejects = (async () => {
    throw boom;
  }) as () => void;
  const foreign = (() => ({
    // biome-ignore lint/suspicious/noThenProperty: a promise of another library.
    then: (_: unknown, no: (e: unknown) => void) => no(boom),
  })) as () => void;
  const never = (() => new Promise(() => {})) as () => void;
  try {
    for (const input of [x, x.subarray(0, 5), new Float64Array(500_000).fill(1)]) {
      for (const operators of ["sum", slow] as const) {
        for (const onProgress of [rejects, foreign]) {
          const got = await engine.reduce(input, operators, { onProgress }).catch((e) => e);
          assert.is(got, boom);
        }
        const fine = await engine.reduce(input, operators, { onProgress: never });
        assert.is(fine, input.length);
        // A thread that waits cannot be told.
        assert.is(engine.reduceSync(input, operators, { onProgress: rejects }), fine);
      }
      const pairwise = { schedule: "pairwise", onRound: rejects } as const;
      assert.is(await engine.reduce(input, "sum", pairwise).catch((e) => e), boom);
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(unhandled, []);
  } finally {
    process.off("unhandledRejection", onUnhandled);
  }
  assert.is(await engine.reduce(x, "sum"), 500_000);
});
