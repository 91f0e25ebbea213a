// The litmus tests: what they call weak, against lists worked out by hand; that the harness can see
// reordering at all; and that an outcome declared forbidden is reported.

import { availableParallelism } from "node:os";
import { grade, litmus, runTests } from "../../src/stress/litmus.js";
import { loopsOn } from "../../src/stress/litmus-loops.js";
import {
  keyOf,
  type Litmus,
  outcomesOf,
  sequential,
  TESTS,
} from "../../src/stress/litmus-tests.js";
import { Random } from "../../src/stress/random.js";
import type { Run, Summary, Violation } from "../../src/stress/scenario.js";
import { newMemory } from "../core/core.js";
import { assert, seeded, test } from "../harness.js";

async function run(duration: number, how = litmus.run, signal = new AbortController().signal) {
  const violations: Violation[] = [];
  let samples = 0;
  const seed = seeded("litmus").u32();
  const it: Run = {
    // Modules and the other options do not matter here.
    settings: { seed, duration } as Run["settings"],
    random: new Random(seed),
    signal,
    sample: () => samples++,
    event: () => {},
    took: () => {},
    violation: (violation) => violations.push(violation),
  };
  const summary: Summary = await how(it);
  return { summary, violations, samples };
}

/** What no interleaving gives; reads by thread and place, then final values. */
const WEAK: Record<string, string> = {
  SB: "0,0",
  MP: "1,0",
  LB: "1,1",
  "2+2W": "1,1",
  R: "0,2",
  S: "1,2",
  CoRR: "1,0",
  IRIW: "1,0,1,0",
};

for (const it of TESTS) {
  test(`${it.name}: all outcomes but ${WEAK[it.name]} come from interleavings`, () => {
    const all = outcomesOf(it).map(keyOf);
    assert.is(all.length, it.name === "IRIW" ? 16 : 4);
    const explained = sequential(it);
    assert.equal(
      all.filter((key) => !explained.has(key)),
      [WEAK[it.name]],
    );
    assert.is(explained.size, all.length - 1);
  });
}

test("what the memory model forbids: weak outcomes where there is no race, and made-up values", () => {
  for (const it of TESTS) {
    for (const variant of it.variants) {
      const weak = grade(it, variant, WEAK[it.name] as string);
      const isStrict = ["atomic", "plain data, atomic flag"].includes(variant.name);
      assert.is(weak, isStrict ? "forbidden" : "allowed, weak", `${it.name}, ${variant.name}`);
      const [first] = sequential(it);
      assert.is(grade(it, variant, first as string), "allowed");
      assert.is(grade(it, variant, (WEAK[it.name] as string).replace(/^./, "3")), "forbidden");
    }
  }
});

test("the loops in JavaScript write and read what they shall, atomic or plain", () => {
  const words = new Int32Array(newMemory().buffer);
  const loops = loopsOn(words);
  const [a, b, out, stride, n] = [4096, 8192, 16384, 16, 100];
  const column = (at: number, by: number) =>
    Array.from({ length: n }, (_, i) => words[(at + by * i) >> 2] as number);
  const all = (value: number) => Array<number>(n).fill(value);
  for (const first of [0, 1]) {
    for (const second of [0, 1]) {
      words.fill(0);
      loops.writeWrite(first, second, a, b, stride, n, 5, 6);
      assert.equal([column(a, stride), column(b, stride)], [all(5), all(6)]);
      loops.writeRead(first, second, a, b, stride, n, 7, out);
      assert.equal([column(a, stride), column(out, 4)], [all(7), all(6)]);
      loops.readWrite(first, second, a, b, stride, n, 8, out);
      assert.equal([column(b, stride), column(out, 4)], [all(8), all(7)]);
      loops.readRead(first, second, a, b, stride, n, out, 4096);
      assert.equal([column(out, 4), column(out + 4096, 4)], [all(7), all(8)]);
    }
    loops.writeOnly(first, a, stride, n, 9 + first);
    assert.equal(column(a, stride), all(9 + first));
  }
  assert.is(
    words.reduce((used, word) => used + (word === 0 ? 0 : 1), 0),
    4 * n,
  );
});

test("a short run goes through all tests, and nothing forbidden occurs", async () => {
  const { summary, violations, samples } = await run(300);
  assert.equal(violations, []);
  assert.ok(samples >= 2);
  const rows = summary.tables[0]?.rows ?? [];
  for (const it of TESTS) {
    for (const variant of it.variants) {
      for (const by of ["wasm", "JS", "JS and wasm"]) {
        const those = rows.filter((r) => r[0] === it.name && r[1] === variant.name && r[2] === by);
        assert.ok(
          those.reduce((sum, row) => sum + (row[4] as number), 0) > 0,
          `${it.name}, ${variant.name}, ${by} ran`,
        );
      }
    }
  }
  const seen = rows.reduce((sum, row) => sum + (row[4] as number), 0);
  assert.is(seen, summary.operations, "each instance has one outcome");
});

/** TESTS, but only SB runs, and its plain variant is said to forbid its weak outcome. */
const mistaken: Litmus[] = TESTS.map((it) => {
  const variants = it.variants.map((v) => ({ ...v, strict: v.strict || v.name === "plain" }));
  return { ...it, variants: it.name === "SB" ? variants : [] };
});

test("plain loads are seen to overtake stores, and an outcome declared forbidden is reported", async () => {
  if (availableParallelism() === 1) {
    const { summary } = await run(300);
    assert.match(
      String(summary.figures["loads that overtook stores (SB, plain)"]),
      /one processor/,
    );
    return;
  }
  let found: Violation | undefined;
  for (let time = 300; found === undefined && time < 40_000; time *= 2) {
    const { violations } = await run(time, (it) => runTests(it, mistaken));
    found = violations[0];
  }
  assert.is(found?.rule, "no outcome that the memory model forbids");
  assert.match(found?.detail as string, /^SB, plain, .*: r0=0 r1=0, \d+ of \d+ times$/);
});

/** TESTS, but this side starts one thread of SB, and the thread knows that it takes two. */
const lonely: Litmus[] = TESTS.map((it) =>
  it.name === "SB" ? { ...it, threads: it.threads.slice(0, 1) } : { ...it, variants: [] },
);

test("threads that do not come to an end are reported, and ended", async () => {
  const { summary, violations } = await run(300, (it) => runTests(it, lonely));
  assert.equal(
    violations.map(({ rule }) => rule),
    ["threads come to an end"],
  );
  assert.match(violations[0]?.detail as string, /^no batch came to its end .*: SB, /);
  assert.is(summary.operations, 0);
});

test("an aborted run ends soon", async () => {
  // On a busy machine nothing may have run by then: later, then.
  for (let delay = 150; ; delay *= 2) {
    const aborter = new AbortController();
    const begun = performance.now();
    setTimeout(() => aborter.abort(), delay);
    const { summary, violations } = await run(600_000, litmus.run, aborter.signal);
    assert.ok(performance.now() - begun < delay + 20_000);
    assert.equal(violations, []);
    if (summary.operations > 0) break;
    assert.ok(delay < 10_000, "nothing runs");
  }
});
