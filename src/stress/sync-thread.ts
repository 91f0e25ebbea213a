// A thread of sync.ts: plays one blocking party of a round, or several asynchronous ones, on an
// implementation that it imports itself.

import { parentPort, workerData } from "node:worker_threads";
import { loadPrimitives } from "../primitives.js";
// The start line is ours, whatever is driven behind it.
import { Barrier } from "../sync/index.js";
import { now } from "./drill-core.js";
import {
  BETWEEN,
  type Broken,
  CALL_NAMES,
  ENDED,
  type Order,
  type ThreadInit,
  type Told,
} from "./sync-board.js";
import { BrokenRule, Hands } from "./sync-hands.js";
import { listenIn, makeNoise } from "./sync-noise.js";
import { programOf } from "./sync-programs.js";

const { impl: name, me, board } = workerData as ThreadInit;
listenIn();
const impl = await loadPrimitives(name);

function ruleOf(error: unknown, hands: Hands): Broken {
  if (error instanceof BrokenRule) return { rule: error.rule, detail: error.detail };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { rule: "no call fails", detail: `party ${hands.id} in ${hands.call}: ${text}` };
}

async function play(order: Order): Promise<Told> {
  const { shape, shared, isAsync, start } = order;
  const program = programOf(order.program);
  const all = order.parties.map((party) => new Hands(impl, board, party, shape, isAsync));
  Barrier.wait(start, me);
  makeNoise(shape.noise, shape.seed + me);
  const began = now();
  for (const hands of all) hands.doing = BETWEEN;
  let broken: Broken | undefined;
  await Promise.all(
    all.map(async (hands) => {
      try {
        await program.play(hands, shared);
        hands.doing = ENDED;
      } catch (error) {
        broken ??= ruleOf(error, hands);
        // The others may wait for it for ever.
        parentPort?.postMessage({ broken } satisfies Told);
      }
    }),
  );
  makeNoise(0, 0);
  if (broken !== undefined) return { broken };
  return {
    counts: CALL_NAMES.map((_, code) => all.reduce((sum, { counts }) => sum + counts[code]!, 0)),
    times: all.flatMap(({ times }) => times),
    began,
    ended: now(),
  };
}

parentPort?.on("message", (order: Order) => {
  void play(order).then((told) => parentPort?.postMessage(told));
});
