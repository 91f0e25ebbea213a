// Threads that are replayed: what they can do is all that sequential consistency allows, and what is
// forgotten of their recordings changes nothing.

import { explore } from "../../src/check/explorer.js";
import { prove } from "../../src/check/prove.js";
import { ReplayedMachine } from "../../src/check/replayed.js";
import type { Hands, ReplayedOperations, Script } from "../../src/check/replayed-types.js";
import { SOON } from "../../src/check/replayed-types.js";
import { assert, seeded, test } from "../harness.js";

type Words = Int32Array<SharedArrayBuffer>;
interface Shared {
  readonly x: Words;
  readonly long: BigInt64Array<SharedArrayBuffer>;
  /** What threads tell. */
  readonly out: Words;
}
type Body = (shared: Shared, at: ReplayedOperations, hands: Hands) => void;

/** What explorations of these threads come to; `ends`: what they told, each once. */
function run(...bodies: Body[]) {
  const ends = new Set<string>();
  let operations: ReplayedOperations;
  const script: Script<Shared> = {
    threads: bodies.map((body) => (shared, hands) => body(shared, operations, hands)),
    setup: (layout) =>
      layout.place("", {
        x: new Int32Array(new SharedArrayBuffer(8)),
        long: new BigInt64Array(new SharedArrayBuffer(16)),
        out: new Int32Array(new SharedArrayBuffer(16)),
      }),
    end: ({ out }) => void ends.add(out.join()),
    under: (by, work) => {
      operations = by;
      work();
    },
  };
  const program = {
    name: "test",
    threads: bodies.map((_, i) => ({ name: `${i}`, entry: "", arguments: [] })),
    init: ["init"] as const,
    end: ["end"] as const,
  };
  const make = (shared: Set<number>) => new ReplayedMachine(script, shared);
  const report = explore(make, program);
  const { verdict = "", detail = "" } = report.finding ?? {};
  return { ...report, verdict, detail, ends: [...ends].sort(), make, program };
}

const tell = (hands: Hands, { out }: Shared, i: number, value: number) =>
  hands.write(out, i, value);

test("store buffering: of two that store and then load one sees the other's", () => {
  const body =
    (mine: number): Body =>
    (shared, at, hands) => {
      at.store(shared.x, mine, 1);
      tell(hands, shared, mine, at.load(shared.x, 1 - mine) as number);
    };
  const { ends, verdict } = run(body(0), body(1));
  assert.equal([ends, verdict], [["0,1,0,0", "1,0,0,0", "1,1,0,0"], ""]);
});

test("increments by load and store may be lost, those by add may not", () => {
  const torn: Body = ({ x }, at) => void at.store(x, 0, (at.load(x, 0) as number) + 1);
  const whole: Body = ({ x }, at) => void at.add(x, 0, 1);
  const last =
    (body: Body): Body =>
    (shared, at, hands) => {
      body(shared, at, hands);
      if (at.add(shared.x, 1, 1) === 2) tell(hands, shared, 0, at.load(shared.x, 0) as number);
    };
  assert.equal(run(last(torn), last(torn), last(torn)).ends, ["1,0,0,0", "2,0,0,0", "3,0,0,0"]);
  assert.equal(run(last(whole), last(whole), last(whole)).ends, ["3,0,0,0"]);
});

type Op = readonly [
  what: "load" | "store" | "add" | "exchange" | "cas",
  word: number,
  value: number,
];

/** What an operation returns and leaves, said a second time and simply. */
function apply([what, word, value]: Op, memory: number[]): number {
  const old = memory[word]!;
  if (what === "store" || what === "exchange") memory[word] = value;
  if (what === "add") memory[word] = old + value;
  if (what === "cas" && old === value) memory[word] = value + 1;
  return what === "store" ? 0 : old;
}

/** All that threads can come to: each told the digits of what its operations returned. */
function oracle(threads: readonly (readonly Op[])[]): string[] {
  const ends = new Set<string>();
  const go = (at: readonly number[], memory: readonly number[], told: readonly number[]) => {
    if (at.every((i, t) => i === threads[t]!.length)) ends.add(told.join());
    for (const [t, ops] of threads.entries()) {
      const op = ops[at[t]!];
      if (op === undefined) continue;
      const after = [...memory];
      const result = apply(op, after);
      go(at.with(t, at[t]! + 1), after, told.with(t, told[t]! * 16 + result));
    }
  };
  const zeros = threads.map(() => 0);
  go(zeros, [0, 0], zeros);
  return [...ends].sort();
}

function bodyOf(ops: readonly Op[], i: number): Body {
  return (shared, at, hands) => {
    let told = 0;
    for (const [what, word, value] of ops) {
      let result = 0;
      if (what === "load") result = at.load(shared.x, word) as number;
      if (what === "store") at.store(shared.x, word, value);
      if (what === "add") result = at.add(shared.x, word, value) as number;
      if (what === "exchange") result = at.exchange(shared.x, word, value) as number;
      if (what === "cas") result = at.compareExchange(shared.x, word, value, value + 1) as number;
      told = told * 16 + result;
    }
    tell(hands, shared, i, told);
  };
}

test("programs at random come to all that an exhaustive interleaver finds, and to nothing else", () => {
  const random = seeded("replayed");
  for (let n = 0; n < 60; n++) {
    const threads = Array.from({ length: 2 + (n % 2) }, () =>
      Array.from({ length: n % 2 === 0 ? 5 : 3 }, (): Op => {
        const what = random.pick(["load", "store", "add", "exchange", "cas"] as const);
        return [what, random.int(2), random.int(3)];
      }),
    );
    const { ends, verdict } = run(...threads.map(bodyOf));
    const expected = oracle(threads).map((told) => [...told.split(","), 0, 0].slice(0, 4).join());
    assert.equal([verdict, ends], ["", expected.sort()], JSON.stringify(threads));
  }
});

test("two threads of 4 steps each have 8! / 4!² interleavings", () => {
  const adds: Body = ({ x }, at) => {
    for (let i = 0; i < 3; i++) at.add(x, 0, 1);
  };
  const { make, program } = run(adds, adds);
  const plan = { depth: undefined, mostStates: 1000, runs: 0, seed: 1 };
  const { verdict, interleavings } = prove(make, program, plan, () => false);
  assert.equal([verdict, interleavings], ["proved", 70]);
});

test("a 64-bit word changes whole, and a wait for it compares all of it", () => {
  const far = 1n << 40n;
  const waits: Body = ({ long }, at) => void at.wait(long, 1, 0n);
  const wakes: Body = ({ long }, at) => {
    at.store(long, 1, far);
    at.notify(long, 1);
  };
  assert.is(run(waits, wakes).verdict, "");
  const reads: Body = (shared, at, hands) => {
    tell(hands, shared, 0, at.load(shared.long, 1) === far ? 1 : 0);
  };
  assert.equal(run(reads, wakes).ends, ["0,0,0,0", "1,0,0,0"]);
});

test("a wake-up before the sleep is lost, and that is a deadlock", () => {
  const { verdict, detail } = run(
    ({ x }, at) => void at.wait(x, 0, 0),
    ({ x }, at) => void at.notify(x, 0),
  );
  assert.equal([verdict, detail], ["deadlock", "waiting for ever: 0"]);
});

test("a timed wait may end in its three ways, and in none once its time is over", () => {
  const results = ["ok", "not-equal", "timed-out"];
  const waits: Body = (shared, at, hands) => {
    const left = SOON - at.now();
    tell(hands, shared, 0, 1 + results.indexOf(at.wait(shared.x, 0, 0, left)));
    tell(hands, shared, 1, left > 0 ? 0 : 1);
  };
  const changes: Body = ({ x }, at) => {
    at.store(x, 0, 1);
    at.notify(x, 0);
  };
  const { ends } = run(waits, changes, (_, __, { tick }) => tick());
  assert.equal(ends, ["1,0,0,0", "2,0,0,0", "2,1,0,0", "3,0,0,0", "3,1,0,0"]);
});

test("plain accesses that nothing orders race, those that a lock orders do not", () => {
  const writes: Body = ({ x }, _, hands) => hands.write(x, 1, 7);
  const { verdict, detail } = run(writes, writes);
  assert.equal([verdict, detail], ["race", "x[1], with 0"]);
  const locked: Body = ({ x }, at, hands) => {
    if (at.compareExchange(x, 0, 0, 1) !== 0) return;
    hands.write(x, 1, 7);
    at.store(x, 0, 0);
  };
  assert.is(run(locked, locked).verdict, "");
  const both: Body = (shared, at, hands) => {
    locked(shared, at, hands);
    hands.read(shared.x, 1);
  };
  assert.is(run(both, locked).verdict, "race");
});

test("a loop that nobody ends is a livelock, one that another thread ends is not", () => {
  const spins: Body = ({ x }, at, { call }) =>
    call("spin", () => {
      while (at.load(x, 0) === 0) at.pause();
    });
  assert.is(run(spins, ({ x }, at) => void at.store(x, 1, 1)).verdict, "livelock");
  const ended = run(spins, ({ x }, at) => void at.store(x, 0, 1));
  assert.equal([ended.verdict, ended.exhaustive], ["", true]);
});

test("a loop that counts is not cut short: it gives up at its count and not before", () => {
  const giving =
    (most: number): Body =>
    (shared, at, hands) => {
      const tries = hands.call("spin", () => {
        let n = 0;
        while (at.load(shared.x, 0) === 0 && n < most) n++;
        return n;
      });
      tell(hands, shared, 0, tries);
    };
  const { ends, exhaustive } = run(giving(5), ({ x }, at) => void at.store(x, 0, 1));
  assert.equal(
    [ends, exhaustive],
    [["0,0,0,0", "1,0,0,0", "2,0,0,0", "3,0,0,0", "4,0,0,0", "5,0,0,0"], true],
  );
});

test("a thread that does something else when run again is refused", () => {
  let runs = 0;
  assert.throws(
    () =>
      run(
        ({ x }, at) => {
          at.load(x, runs++ % 2);
          at.store(x, 0, 1);
        },
        ({ x }, at) => void at.store(x, 1, at.load(x, 0) as number),
      ),
    /asks for something else/,
  );
});

test("a thread that catches everything does not go on behind the step", () => {
  const body: Body = ({ x }, at) => {
    try {
      at.add(x, 0, 1);
    } catch {
    } finally {
      at.add(x, 1, 1);
    }
  };
  const told: Body = (shared, at, hands) => {
    const [a, b] = [at.load(shared.x, 1) as number, at.load(shared.x, 0) as number];
    tell(hands, shared, 0, a);
    tell(hands, shared, 1, b);
  };
  assert.equal(run(body, told).ends, ["0,0,0,0", "0,1,0,0", "1,1,0,0"]);
});

test("what a call threw is thrown again when the thread is run again", () => {
  const body: Body = (shared, at, hands) => {
    try {
      hands.call("fails", () => {
        at.add(shared.x, 0, 1);
        throw new RangeError("on purpose");
      });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      tell(hands, shared, 0, at.add(shared.x, 0, 1) as number);
    }
  };
  const { ends, verdict } = run(body, ({ x }, at) => void at.add(x, 0, 4));
  assert.equal([ends, verdict], [["1,0,0,0", "5,0,0,0"], ""]);
});
