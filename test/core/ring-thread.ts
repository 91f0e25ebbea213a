// A thread of ring-threads.test.ts: pushes or takes numbered records.

import { workerData } from "node:worker_threads";
import type { WholeCore } from "./core.js";

export interface Role {
  memory: WebAssembly.Memory;
  module: WebAssembly.Module;
  ring: number;
  role: "produce" | "consume" | "reserve";
  /** Which participant this thread is. */
  me: number;
  /** This producer's number, or the consumer's. */
  index: number;
  /** Records of one producer; producers in all. */
  count: number;
  producers: number;
  batch: number;
  /** Address of one i32 a record: how often it was taken. */
  bitmap: number;
  /** Addresses of i32 counters: records taken, violations of order, threads ready. */
  taken: number;
  disorder: number;
  ready: number;
  /** Threads that begin together: each waits until so many are ready. */
  together: number;
}

const role = workerData as Role;
const { memory, module, ring, me, index, count, producers, batch, bitmap, taken, disorder } = role;
const core = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as WholeCore;
const words = new Int32Array(memory.buffer);

Atomics.add(words, role.ready >> 2, 1);
while (Atomics.load(words, role.ready >> 2) < role.together);

if (role.role === "produce") {
  const fill = (ticket: bigint, i: number) => {
    const at = core.ringPayload(ring, ticket) >> 2;
    words[at] = index;
    words[at + 1] = i;
    // A checksum, so that a record read before it was whole is seen.
    words[at + 2] = index * 31 + i * 17;
  };
  for (let i = 0, turn = 0; i < count; turn++) {
    // In turn: one, some that are published each, some that are published together.
    if (batch === 1 || turn % 3 === 0) {
      const ticket = core.ringReserve(me, ring);
      if (ticket < 0n) continue;
      fill(ticket, i++);
      core.ringPublish(ring, ticket);
      continue;
    }
    const n = core.ringReserveMany(me, ring, Math.min(batch, count - i));
    const first = core.reservedTicket();
    const together = turn % 3 === 1;
    for (let k = 0n; k < n; k++) {
      fill(first + k, i++);
      if (!together) core.ringPublish(ring, first + k);
    }
    if (together) core.ringPublishMany(ring, first, n);
  }
} else if (role.role === "reserve") {
  // One above the ticket, so that "full" leaves 0 only if it was never said.
  const ticket = Number(core.ringReserve(me, ring));
  Atomics.store(words, taken >> 2, ticket < 0 ? -1 : ticket + 1);
} else {
  const last = new Int32Array(producers).fill(-1);
  while (Atomics.load(words, taken >> 2) < count * producers) {
    const n = core.ringClaim(me, ring, batch);
    const first = core.claimedTicket();
    const together = n > 1 && (first & 1n) === 0n;
    for (let k = 0n; k < n; k++) {
      const at = core.ringPayload(ring, first + k) >> 2;
      const producer = words[at] as number;
      const i = words[at + 1] as number;
      const whole = words[at + 2] === producer * 31 + i * 17;
      if (!together) core.ringRelease(ring, first + k);
      if (!whole || i <= (last[producer] as number)) Atomics.add(words, disorder >> 2, 1);
      last[producer] = i;
      Atomics.add(words, (bitmap >> 2) + producer * count + i, 1);
    }
    if (together) core.ringReleaseMany(ring, first, n);
    if (n > 0) Atomics.add(words, taken >> 2, n);
  }
}
