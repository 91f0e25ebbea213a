// Counter-examples, step by step: of the core with a defect built in; and that the core which tells
// source lines takes the same steps as the one that is explored.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileTracedDefect } from "../../src/check/defects.js";
import { machinesOf, settled } from "../../src/check/explorer.js";
import { loadPrograms, loadTraced } from "../../src/check/modules.js";
import type { Choice } from "../../src/check/program.js";
import { PROOFS, type Proof } from "../../src/check/programs.js";
import { prove } from "../../src/check/prove.js";
import { formatReplay, parseReplay, type Replay } from "../../src/check/replay.js";
import { type Traced, type TraceLine, trace } from "../../src/check/trace.js";
import { Walker } from "../../src/check/walker.js";
import { Random } from "../../src/stress/random.js";
import { assert, seeded, test } from "../harness.js";

const { seed } = seeded();
const PLAN = { depth: undefined, mostStates: 100_000, runs: 0, seed: 1 };

function proofOf(name: string): Proof {
  const proof = PROOFS.find((one) => one.name === name);
  assert.ok(proof !== undefined, name);
  return proof!;
}

async function withDefect<T>(name: string, work: (traced: Traced) => T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "ringfold-trace-"));
  try {
    return work(await compileTracedDefect(name, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The counter-example of a program, run again from its text. */
function broken(traced: Traced, proof: Proof) {
  const { finding, shared, verdict } = prove(
    machinesOf(traced.module, proof),
    proof,
    PLAN,
    () => false,
  );
  assert.ok(finding !== undefined, verdict);
  const { path, loop } = finding!;
  const text = formatReplay({ program: proof.name, mutant: "x", path, loop, shared });
  return { verdict, trace: trace(traced, proof, parseReplay(`says\n"${text}"\n`)!) };
}

const told = ({ thread, operation, address, before, after }: TraceLine) =>
  [thread, operation, address, before, after].filter((one) => one !== undefined).join(" ");

test("no second try: the publisher looks for waiters before there is one, which then sleeps", async () => {
  await withDefect("no-second-try", (traced) => {
    const { verdict, trace } = broken(traced, proofOf("gate-1-waiters-2"));
    assert.equal([verdict, trace.verdict, trace.preemptions], ["deadlock", "lost wake-up", 1]);
    const text = trace.lines.map(told);
    const [look, announce, sleep] = [
      text.lastIndexOf("publisher load work gate waiting {}"),
      text.indexOf("waiter 0 or work gate waiting {} {0}"),
      text.findIndex((line) => line.startsWith("waiter 0 wait while 0: sleeps work gate epoch")),
    ];
    assert.ok(0 < look && look < announce && announce < sleep, text.join("\n"));
    assert.is(sleep, text.length - 1);
    assert.match(
      trace.stuck[0] ?? "",
      /^waiter 0 sleeps at work gate epoch, in sleep gate\.ts:\d+$/,
    );
    assert.ok(trace.lines.every(({ where }) => /^\w+( [\w/-]+\.ts:\d+)?$/.test(where)));
    assert.equal(
      trace.lines.map(({ step }) => step),
      trace.lines.map((_, i) => i + 1),
    );
  });
});

test("a plain claim: one ticket is given twice, which no order of the operations explains", async () => {
  await withDefect("plain-claim", (traced) => {
    const { verdict, trace } = broken(traced, proofOf("ring-2p1c-22-3-capacity-2-batch-2"));
    assert.equal([verdict, trace.verdict], ["not linearizable", "not linearizable"]);
    assert.match(trace.detail, /^reserve\(1\) returned ticket 0; it could return /);
    const returned = trace.lines.map(told).filter((line) => line.includes("returned ticket 0"));
    assert.equal(
      returned.map((line) => line.slice(0, 10)).sort(),
      ["producer 0", "producer 1"],
      JSON.stringify(returned),
    );
  });
});

/** A way to the end, at random. */
function walk(walker: Walker, random: Random): Choice[] {
  const path: Choice[] = [];
  walker.begin();
  for (let all = walker.choices(); all.length > 0; all = walker.choices()) {
    const choice = random.pick(all);
    path.push(choice);
    walker.go(choice);
  }
  return path;
}

test(
  "of every program: the traced core takes the steps of the explored one, and names every address",
  async () => {
    const module = await loadPrograms(undefined, "");
    const traced = await loadTraced(undefined, "");
    for (const [i, proof] of PROOFS.entries()) {
      const make = machinesOf(module, proof);
      const shared = new Set<number>();
      for (let run = 0; run < 3; run++) {
        const path = settled(
          (words) => walk(new Walker(make(words), proof), new Random(seed, 3 * i + run)),
          shared,
        );
        const replay: Replay = {
          program: proof.name,
          mutant: undefined,
          path,
          loop: undefined,
          shared,
        };
        const { verdict, lines, steps } = trace(traced, proof, replay);
        assert.equal([verdict, steps], [undefined, path.length], `${proof.name}, seed ${seed}`);
        for (const line of lines) {
          assert.ok(!line.address.startsWith("address"), `${proof.name}: ${told(line)}`);
          assert.ok(line.step === undefined || line.operation !== "", told(line));
        }
      }
    }
  },
  { deadline: 120_000 },
);

test("a counter-example is the same after it went through text", () => {
  const random = new Random(seed, 99);
  for (let i = 0; i < 300; i++) {
    const path = Array.from({ length: random.integer(0, 40) }, () => ({
      thread: random.integer(0, 11),
      what: random.pick([0, 0, 0, 1, 2, 3, 6]),
    }));
    const replay: Replay = {
      program: "ring-2p-at-9",
      mutant: random.pick([undefined, "no-wake"]),
      path,
      loop: path.length > 0 && random.integer(0, 1) === 0 ? path.length - 1 : undefined,
      shared: new Set(Array.from({ length: random.integer(0, 30) }, () => random.integer(-50, 99))),
    };
    const text = formatReplay(replay);
    assert.match(text, /^check:1:\S+$/);
    const { shared, ...rest } = parseReplay(`again: ${text}\n`)!;
    const { shared: before, ...same } = replay;
    assert.equal(rest, same);
    assert.equal([...shared].sort(), [...before].sort());
  }
  for (const none of [
    "",
    "check:1",
    "check:2:a::0::",
    "check:1:a::0**2::",
    "check:1:a::0::a-zzzzzz",
  ]) {
    assert.is(parseReplay(none), undefined, none);
  }
});

test("a path that the core does not take is told, with the step", async () => {
  const traced = await loadTraced(undefined, "");
  const proof = proofOf("gate-1-waiters-2");
  const replay = (steps: string) => parseReplay(`check:1:${proof.name}::${steps}::`)!;
  assert.throws(() => trace(traced, proof, replay("0.0d")), /step 2: waiter 0 cannot do that here/);
  assert.throws(() => trace(traced, proof, replay("7")), /step 1/);
});
