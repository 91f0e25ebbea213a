// The allocator against a model: blocks never overlap, keep their contents,
// and what is freed can be had again.

import fc from "fast-check";
import { loadCore } from "../../src/engine/core.js";
import { Shared } from "../../src/engine/shared.js";
import { createEngine } from "../../src/index.js";
import { assert, fcOptions, seeded, test } from "../harness.js";
import { assertArena } from "./arena-words.js";

test("arrays never overlap, keep their contents while the memory grows, and come back", async () => {
  const engine = await createEngine({ threads: 1, maxBytes: 512 * 1024 * 1024 });
  const start = engine.stats().usedBytes;
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          { weight: 3, arbitrary: fc.record({ alloc: fc.integer({ min: 0, max: 300_000 }) }) },
          { weight: 2, arbitrary: fc.record({ free: fc.nat() }) },
        ),
        { maxLength: 60 },
      ),
      (steps) => {
        const live: { view: Float64Array; mark: number }[] = [];
        let mark = 1;
        for (const step of steps) {
          if ("alloc" in step) {
            const view = engine.alloc("float64", step.alloc);
            assert.is(view.byteOffset % 128, 0);
            assert.ok(view.every((v) => v === 0));
            view.fill(mark);
            live.push({ view, mark: mark++ });
          } else if (live.length > 0) {
            const [gone] = live.splice(step.free % live.length, 1);
            assert.ok(
              gone?.view.every((v) => v === gone.mark),
              "nobody wrote into it",
            );
            engine.free(gone?.view as Float64Array);
          }
        }
        for (const { view, mark: m } of live) {
          assert.ok(
            view.every((v) => v === m),
            "nobody wrote into it",
          );
          assert.is(engine.reduceSync(view, "sum"), view.length === 0 ? -0 : m * view.length);
          engine.free(view);
        }
        assert.is(engine.stats().usedBytes, start, "all of it came back");
      },
    ),
    fcOptions(60),
  );
  // Freed neighbours join: one block as large as all of them fits without growing.
  const { memoryBytes } = engine.stats();
  const parts = Array.from({ length: 10 }, () => engine.alloc("float64", 100_000));
  for (const i of [1, 3, 5, 7, 9, 0, 2, 4, 6, 8]) engine.free(parts[i] as Float64Array);
  const whole = engine.alloc("float64", 1_000_000);
  assert.ok(engine.stats().memoryBytes <= Math.max(memoryBytes, 32 * 1024 * 1024));
  engine.free(whole);
  await engine.close();
});

test("an array that ends where the memory ends is reduced to its last element", async () => {
  const engine = await createEngine({ threads: 2 });
  // All there is, in ever smaller arrays: the last ends at the last byte that is given out.
  let last: Uint8Array | undefined;
  for (let size = 2 ** 31; size >= 128; ) {
    try {
      last = engine.alloc("uint8", size) as Uint8Array;
    } catch {
      size /= 2;
    }
  }
  const x = last as Uint8Array;
  assert.ok(x.byteOffset + x.length > 2 ** 32 - 2 ** 17);
  x.fill(7);
  for (const view of [x, x.subarray(x.length - 3)]) {
    const all = engine.reduceSync(view, ["sum", "min", "max", "argmax", "countNonZero"]);
    assert.equal(all, {
      sum: 7 * view.length,
      min: 7,
      max: 7,
      argmax: 0,
      countNonZero: view.length,
    });
  }
  await engine.close();
});

test("views handed out before the memory grew still hold their elements", async () => {
  const engine = await createEngine({ threads: 2 });
  const x = engine.alloc("float64", 1_000_000).fill(1);
  const y = engine.alloc("float64", 40_000_000);
  y.fill(2);
  assert.is(x.buffer === y.buffer, false);
  assert.is(await engine.reduce(x, "sum"), 1_000_000);
  assert.is(await engine.reduce(y, "sum"), 80_000_000);
  assert.is(engine.reduceSync(x, "sum"), 1_000_000);
  engine.free(x);
  engine.free(y);
  await engine.close();
});

/** A memory of its own, with no thread at it but this one. */
async function newArena(maxBytes: number): Promise<Shared> {
  return Shared.create(await loadCore(), { workers: 1, threads: 1, cores: 2, maxBytes });
}

/** Accesses to words of the memory that `work` makes. */
function accesses(shared: Shared, work: () => void): number {
  let count = 0;
  const words = shared.u32s;
  shared.u32s = new Proxy(words, {
    get: (target, key) => {
      if (typeof key === "string" && /^\d+$/.test(key)) count++;
      return Reflect.get(target, key, target) as unknown;
    },
    set: (target, key, value) => {
      count++;
      return Reflect.set(target, key, value, target);
    },
  });
  const plain = { ...pickAtomics() };
  for (const [name, call] of Object.entries(plain)) {
    Object.assign(Atomics, {
      [name]: (_: unknown, ...rest: number[]) => {
        count++;
        return call(words, ...rest);
      },
    });
  }
  try {
    work();
  } finally {
    Object.assign(Atomics, plain);
    shared.u32s = words;
  }
  return count;
}

function pickAtomics() {
  const { load, store, add, compareExchange } = Atomics;
  return { load, store, add, compareExchange } as unknown as Record<
    string,
    (words: Uint32Array, ...rest: number[]) => number
  >;
}

const random = seeded("arena");

test("whatever address it is asked about, it answers as a list of all blocks does", async () => {
  const shared = await newArena(64 * 1024 * 1024);
  const { arena, u32s } = shared;
  const live = new Map<number, { bytes: number; owner: number }>();
  const room = (bytes: number) => 128 * Math.max(1, Math.ceil(bytes / 128));
  const used = () => [...live.values()].reduce((sum, { bytes }) => sum + 128 + room(bytes), 0);
  const imitate = (address: number, bytes: number) => {
    // What users write may look like a header, its neighbours included.
    for (let at = address; at + 128 <= address + bytes; at += 128) {
      shared.u32s.set([0x4556494c, 1 + random.int(9), 1 + random.int(9), 0], at >> 2);
    }
  };
  for (let step = 0; step < 2000; step++) {
    const kind = random.int(20);
    if (kind < 9) {
      const bytes = random.int(2 ** random.int(18));
      const owner = 500 + random.int(3);
      const address = arena.alloc(bytes, owner);
      assert.is(address % 128, 0);
      live.set(address, { bytes, owner });
      imitate(address, room(bytes));
    } else if (kind < 16 && live.size > 0) {
      const address = random.pick([...live.keys()]);
      assert.is(arena.free(address), true);
      live.delete(address);
      assert.is(arena.free(address), false, "not twice");
    } else if (kind === 16 && step % 50 === 0) {
      const owner = 500 + random.int(3);
      arena.freeAll(owner);
      for (const [address, block] of live) if (block.owner === owner) live.delete(address);
      assert.is(arena.usedBy(owner), 0);
    }
    const [near, { bytes }] = [...live][random.int(live.size)] ?? [0, { bytes: 0 }];
    const guesses = [
      near + random.int(bytes + 300) - 100,
      near + 128 * random.int(4) - 128,
      random.int(shared.buffer.byteLength),
      random.pick([0, -128, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 40, Number.NaN, u32s.byteLength]),
    ];
    for (const address of guesses) {
      const length = 1 + random.int(200);
      const inside = [...live].some(
        ([start, block]) => address >= start && address + length <= start + room(block.bytes),
      );
      assert.is(arena.isLive(address, length), inside, `${length} bytes at ${address}`);
      if (!live.has(address)) assert.is(arena.free(address), false, `free of ${address}`);
    }
    assert.is(arena.used, used());
    if (step % 100 === 0) assertArena(shared.i32s, used());
  }
  for (const address of live.keys()) assert.is(arena.free(address), true);
  assertArena(shared.i32s, 0);
});

test("a call's steps do not depend on how many arrays there are, or holes between them", async () => {
  const shared = await newArena(512 * 1024 * 1024);
  const { arena } = shared;
  const addresses = Array.from({ length: 16_384 }, (_, i) => arena.alloc(3000 + (i % 7) * 400));
  // Holes of seven sizes, too small for what is asked next.
  for (let i = 1; i < addresses.length; i += 2) arena.free(addresses[i] as number);
  const far = addresses[addresses.length - 2] as number;
  const inner = arena.alloc(1_000_000);
  const calls: [string, () => unknown][] = [
    ["isLive", () => arena.isLive(far, 100)],
    ["isLive far inside an array", () => arena.isLive(inner + 999_000, 100)],
    ["isLive of no array", () => arena.isLive(addresses[9_999] as number, 100)],
    ["alloc into a hole", () => arena.alloc(2000)],
    ["alloc behind all holes", () => arena.alloc(100_000)],
    ["free", () => arena.free(addresses[8_000] as number)],
    ["free of what is free", () => arena.free(addresses[8_001] as number)],
    ["growth", () => arena.alloc(64 * 1024 * 1024)],
  ];
  for (const [name, call] of calls) {
    const count = accesses(shared, call);
    assert.ok(count < 500, `${name}: ${count} accesses`);
  }
});

test("at its limit every hole that is large enough is found", async () => {
  const shared = await newArena(32 * 1024 * 1024);
  const { arena } = shared;
  // With their headers 33 and 34 units, which is one class.
  const large = arena.alloc(33 * 128);
  arena.alloc(1);
  const small = Array.from({ length: 100 }, () => {
    const address = arena.alloc(32 * 128);
    arena.alloc(1);
    return address;
  });
  assert.throws(() => {
    for (;;) arena.alloc(1_000_000);
  }, /maxBytes/);
  assert.throws(() => {
    for (;;) arena.alloc(33 * 128);
  }, /maxBytes/);
  arena.free(large);
  for (const address of small) arena.free(address);
  assert.is(arena.alloc(33 * 128), large);
});

test("an array is all 0 also where a header lay before that nobody's block has covered", async () => {
  await using engine = await createEngine({ threads: 1 });
  await engine.ready();
  for (let turn = 0; turn < 4; turn++) {
    // At the end of what was ever written: behind it lies the header of the rest.
    const large = engine.alloc("float64", 1_000_000 * (turn + 1)).fill(1);
    engine.free(large);
    const larger = engine.alloc("float64", large.length + 1000);
    assert.is(
      larger.findIndex((v) => v !== 0),
      -1,
    );
    engine.free(larger);
  }
});
