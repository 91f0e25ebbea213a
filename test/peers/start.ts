// How soon a fresh process has its first result: an engine of two threads against pools of two.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { fill } from "./loops.js";
import { interleave, type Side, same, spread, timesOf } from "./measure.js";
import { PLAIN_POOLS } from "./pool.js";
import { digits, figureRow, least, most, ratioRow } from "./row.js";

const CHILD = fileURLToPath(new URL("./start-child.js", import.meta.url));
const LENGTH = 1000;
const OURS = "createEngine, reduce";
const READY = "the same, until both workers are there and measured";
const WORKERS = "two empty workers of Node";
const NODE = "node -e 0";
const whole = (name: string) => `${name}, whole process`;

/** Milliseconds that the child counted, and from its spawn to its answer. */
async function child(args: readonly string[], sum: number): Promise<{ ms: number; all: number }> {
  const start = performance.now();
  const program = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(program, "exit");
  const [answer] = (await once(program.stdout, "data")) as [Buffer];
  const all = performance.now() - start;
  await ended;
  const told = JSON.parse(answer.toString()) as { sum: number; ms: number };
  same(args.join(" "), told.sum, sum);
  return { ms: told.ms, all };
}

export async function start(rounds: number) {
  const data = new Float64Array(LENGTH);
  fill(data);
  const sum = data.reduce((a, b) => a + b);
  const side = (name: string, ...args: string[]): Side => ({
    name,
    run: async () => (await child([CHILD, ...args], sum)).ms,
  });
  const wholeSide = (name: string, ...args: string[]): Side => ({
    name: whole(name),
    run: async () => (await child(args, sum)).all,
  });
  const print = `console.log(JSON.stringify({ sum: ${sum} }))`;
  const times = await interleave(
    [
      side(OURS, "ringfold"),
      side(READY, "ringfold", "ready"),
      side(WORKERS, "workers"),
      ...PLAIN_POOLS.map((name) => side(name, name)),
      wholeSide(OURS, CHILD, "ringfold"),
      ...PLAIN_POOLS.map((name) => wholeSide(name, CHILD, name)),
      wholeSide(NODE, "-e", print),
    ],
    rounds,
    1,
  );
  const show = (ms: number) => `${digits(ms)} ms`;
  const note = (name: string) => `  ${show(spread(timesOf(times, name)).median).padEnd(9)} ${name}`;
  const first = "first result in a fresh process, 2 threads";
  const row = (name: string, about: string, theirs: readonly string[], goal?: number) => {
    const goals = goal === undefined ? undefined : least(goal);
    return ratioRow(name, `${first}, against ${about}`, times, [OURS], theirs, show, goals);
  };
  const limit = figureRow("start", first, timesOf(times, OURS), "ms", most(60));
  const ratio = row("start-piscina", "piscina's", ["piscina, atomics sync"], 2);
  const best = row("start-pools", "the best pool's", PLAIN_POOLS);
  limit.notes.push(
    "a small sum stays on the calling thread and waits for no worker; what Node takes for those:",
    note(READY),
    note(WORKERS),
  );
  best.notes.push(...PLAIN_POOLS.map(note));
  const program = ratioRow(
    "start-process",
    "whole process, from its spawn to its first result, against the best pool's",
    times,
    [whole(OURS)],
    PLAIN_POOLS.map(whole),
    show,
  );
  program.notes.push(...[...PLAIN_POOLS, NODE].map((name) => note(whole(name))));
  return { rows: [limit, ratio, best, program], times };
}
