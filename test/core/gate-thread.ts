// A player of gate.test.ts: waits at its own gate until the ball is its own, passes it on.

import { workerData } from "node:worker_threads";
import type { Core } from "../../src/engine/shared.js";

interface Player {
  memory: WebAssembly.Memory;
  module: WebAssembly.Module;
  gates: number;
  ball: number;
  me: number;
  players: number;
  rounds: number;
}

const { memory, module, gates, ball, me, players, rounds } = workerData as Player;
const core = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Core;
const words = new Int32Array(memory.buffer);
const gateOf = (player: number) => gates + 512 * player;
const isMine = () => Atomics.load(words, ball >> 2) % players === me;

for (let round = 0; round < rounds; round++) {
  for (;;) {
    const epoch = core.gateAnnounce(gateOf(me), me);
    if (isMine()) {
      core.gateCancel(gateOf(me), me);
      break;
    }
    core.gatePark(gateOf(me), me, epoch, -1n);
  }
  Atomics.add(words, ball >> 2, 1);
  core.gateWake(gateOf((me + 1) % players), 1, 1);
}
