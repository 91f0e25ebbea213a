// What many dead threads leave of their claims of pairs, each exactly once to somebody: on the core
// that ships, whose memory is put into states that few runs would reach.

import {
  HAND_FULL,
  INTENT_PAIRS,
  JOB_ARRIVALS,
  JOB_CELLS,
  JOB_EPOCH,
  JOB_ERROR,
  JOB_KIND,
  JOB_LENGTH,
  JOB_OWNER,
  JOB_RINGS,
  JOB_STATE_BYTES,
  JOB_STOP,
  JOB_SUBMITTER,
  JOB_TASKS,
  KIND_EXTERNAL_PAIRWISE,
  LINE_EPOCH,
  LINE_HAND,
  LINE_INTENT,
  LINE_RECORD,
  LINE_STATE,
  MAX_WORKERS,
  NUMBERS_GIVEN,
  NUMBERS_HEAD,
  NUMBERS_SIZE,
  NUMBERS_STATES,
  NUMBERS_WHOLE,
  RECORD_ADDRESS,
  RECORD_CELL,
  RECORD_JOB,
  RECORD_LENGTH,
  RECORD_TASK,
  RECOVER_AGAIN,
  RECOVER_DONE,
  STATE_DEAD,
  STATE_READY,
  TASK_RING,
} from "../../src/core/map.js";
import { loadCore } from "../../src/engine/core.js";
import { Shared } from "../../src/engine/shared.js";
import { assert, type Random, seeded, test } from "../harness.js";

const OWNER = MAX_WORKERS;
const NUMBERS = 256;
const BITS = 64;

/** A job whose workers are in the round that claims from the input, or in the one behind it. */
async function jobInRound(round: 0 | 1, workers: number) {
  const module = await loadCore();
  const layout = { workers, threads: workers, cores: 2, maxBytes: 2 ** 26 };
  const shared = Shared.create(module, layout);
  const rings = shared.arena.alloc(32_768);
  // Views of the memory before it grew would end too early.
  shared.reach(rings + 32_768);
  const { core, u32s, i64s } = shared;
  const set = (address: number, value: number) => {
    u32s[address >>> 2] = value;
  };
  shared.me = OWNER;
  set(shared.line(OWNER) + LINE_STATE, STATE_READY);
  const job = shared.job(0);
  shared.bytes.fill(0, rings, rings + 32_768);
  for (const [field, value] of [
    [JOB_KIND, KIND_EXTERNAL_PAIRWISE],
    [JOB_OWNER, OWNER + 1],
    [JOB_SUBMITTER, OWNER],
    [JOB_TASKS, workers],
    [JOB_EPOCH, 1],
    [JOB_RINGS, rings],
    [JOB_STATE_BYTES, 16],
    [JOB_CELLS, shared.cells(0)],
    [JOB_ARRIVALS, shared.cells(0) + 4096],
  ] as const) {
    set(job + field, value);
  }
  i64s[(job + JOB_LENGTH) >> 3] = BigInt(NUMBERS);
  i64s[(job + JOB_ERROR) >> 3] = -1n;
  const ringOf = (i: number) => rings + i * NUMBERS_SIZE;
  for (const i of [1, 2]) {
    const bits = rings + 1024 + i * 2 * BITS;
    set(ringOf(i) + NUMBERS_WHOLE, bits);
    set(ringOf(i) + NUMBERS_GIVEN, bits + BITS);
    set(ringOf(i) + NUMBERS_STATES, rings + 2048 + i * 8192);
  }
  const from = ringOf(round);
  if (round === 1) {
    set(rings + NUMBERS_HEAD, NUMBERS);
    shared.bytes.fill(255, rings + 1024 + 2 * BITS, rings + 1024 + 2 * BITS + NUMBERS / 16);
  }
  const whole = u32s[(ringOf(round + 1) + NUMBERS_WHOLE) >>> 2] as number;
  /** A worker that said it would claim 2^size numbers from `first` on, and may have. */
  const intends = (worker: number, first: number, size: number, isDead: boolean) => {
    const line = shared.line(worker);
    set(line + LINE_STATE, isDead ? STATE_DEAD : STATE_READY);
    set(line + LINE_HAND, HAND_FULL);
    set(line + LINE_EPOCH, 1);
    set(line + LINE_RECORD + RECORD_JOB, 0);
    set(line + LINE_RECORD + RECORD_TASK, worker);
    set(line + LINE_RECORD + RECORD_ADDRESS, 0);
    i64s[(line + LINE_INTENT) >> 3] =
      (BigInt(from) << 32n) | (BigInt(INTENT_PAIRS) << 37n) | (BigInt(size) << 32n) | BigInt(first);
  };
  return {
    head: (ticket: number) => set(from + NUMBERS_HEAD, ticket),
    finish: (pair: number) => {
      shared.bytes[whole + (pair >> 3)]! |= 1 << (pair & 7);
    },
    intends,
    recover: (worker: number) => core.recover(OWNER, worker),
    fail: (element: number) => {
      i64s[(job + JOB_ERROR) >> 3] = BigInt(element) << 32n;
    },
    stop: () => set(job + JOB_STOP, 1),
    /** Pairs that each task in the ring brings along, by the task's number. */
    brought: () => {
      const all = new Map<number, number[]>();
      while (core.ringClaim(OWNER, TASK_RING, 1) === 1) {
        const ticket = core.claimedTicket();
        const record = core.ringPayload(TASK_RING, ticket) >>> 0;
        const field = (at: number) => u32s[(record + at) >>> 2] as number;
        const pairs: number[] = [];
        if (field(RECORD_ADDRESS) !== 0) {
          assert.is(field(RECORD_ADDRESS), from);
          const end = field(RECORD_LENGTH) + field(RECORD_CELL);
          for (let t = field(RECORD_LENGTH); t < end; t += 2) pairs.push(t >> 1);
        }
        all.set(field(RECORD_TASK), pairs);
        core.ringRelease(TASK_RING, ticket);
      }
      return all;
    },
  };
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const rest = [...list];
  return list.map(() => rest.splice(random.int(rest.length), 1)[0] as T);
}

test("pairs of dead threads are left to one task each, whoever died and in whatever order", async () => {
  const random = seeded("what is left");
  for (let i = 0; i < 400; i++) {
    const workers = 2 + random.int(8);
    const memory = await jobInRound(random.int(2) as 0 | 1, workers);
    const left = new Set<number>();
    const starts: number[] = [];
    let head = 0;
    for (let worker = 0; worker < workers; worker++) {
      if (worker > 0 && random.int(3) === 0) {
        // Died before its compare-exchange, or after it had failed: it may have meant far more.
        memory.intends(
          worker,
          starts[random.int(starts.length)] as number,
          1 + random.int(5),
          true,
        );
        continue;
      }
      const size = 1 + random.int(3);
      memory.intends(worker, head, size, true);
      const pairs = Array.from({ length: 2 ** (size - 1) }, (_, k) => (head >> 1) + k);
      // All at once is published from the end, one by one from the beginning.
      const done = random.int(pairs.length + 1);
      const finished = random.int(2) === 0 ? pairs.slice(done) : pairs.slice(0, done);
      for (const pair of pairs) {
        if (finished.includes(pair)) memory.finish(pair);
        else left.add(pair);
      }
      starts.push(head);
      head += 2 ** size;
    }
    memory.head(head);
    const all = Array.from({ length: workers }, (_, worker) => worker);
    for (const worker of shuffled(all, random)) assert.is(memory.recover(worker), RECOVER_DONE);
    const brought = memory.brought();
    assert.equal([...brought.keys()].sort(), all);
    const pairs = [...brought.values()].flat();
    assert.equal(
      pairs.sort((a, b) => a - b),
      [...left].sort((a, b) => a - b),
      `round ${i}`,
    );
  }
});

test("recovery waits for the living, and leaves theirs to them once the job has failed", async () => {
  const memory = await jobInRound(0, 3);
  memory.intends(0, 0, 2, true);
  memory.intends(1, 4, 2, false);
  memory.intends(2, 0, 4, true);
  memory.head(8);
  assert.is(memory.recover(2), RECOVER_AGAIN);
  memory.fail(5);
  assert.is(memory.recover(2), RECOVER_DONE);
  assert.is(memory.recover(0), RECOVER_DONE);
  assert.equal(
    [...memory.brought()],
    [
      [2, [0, 1]],
      [0, []],
    ],
  );
});

test("after a failure only what may fail before it goes on, and nothing after a stop", async () => {
  for (const [element, isStopped, round, want] of [
    [9, false, 0, [0, 1, 2, 3]],
    [1, false, 0, [0, 1, 2, 3]],
    [0, false, 0, []],
    [9, false, 1, []],
    [9, true, 0, []],
  ] as const) {
    const memory = await jobInRound(round, 1);
    memory.intends(0, 0, 3, true);
    memory.head(8);
    memory.fail(element);
    if (isStopped) memory.stop();
    assert.is(memory.recover(0), RECOVER_DONE);
    assert.equal([...memory.brought()], [[0, want]], `${element} ${isStopped} ${round}`);
  }
});
