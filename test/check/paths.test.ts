// Questions about graphs, on small random ones, against the plain way to answer them.

import { Graph, lasso, trail, unreaching } from "../../src/check/paths.js";
import { Edges } from "../../src/check/visited.js";
import { Random } from "../../src/stress/random.js";
import { assert, seeded, test } from "../harness.js";

type Steps = readonly (readonly [from: number, to: number])[];

function edgesOf(steps: Steps): Edges {
  const edges = new Edges();
  for (const [from, to] of steps) edges.add(from, to);
  return edges;
}

/** All states can be reached from state 0. */
function randomSteps(random: Random, states: number, goesRound: boolean): Steps {
  const steps: [number, number][] = [];
  for (let to = 1; to < states; to++) steps.push([random.integer(0, to - 1), to]);
  for (let i = random.integer(0, states); i > 0; i--) {
    const [a, b] = [random.integer(0, states - 1), random.integer(0, states - 1)];
    if (goesRound || a < b) steps.push([a, b]);
    else if (b < a) steps.push([b, a]);
  }
  return random.shuffle(steps);
}

const nextOf = (steps: Steps, state: number) =>
  steps.filter(([from]) => from === state).map(([, to]) => to);

function ways(steps: Steps, state: number): number {
  const next = nextOf(steps, state);
  return next.length === 0 ? 1 : next.reduce((sum, to) => sum + ways(steps, to), 0);
}

function reached(steps: Steps, from: number): Set<number> {
  const all = new Set([from]);
  for (const state of all) for (const to of nextOf(steps, state)) all.add(to);
  return all;
}

const { seed } = seeded();

test("ways through a graph without loops are counted as by walking each", () => {
  const random = new Random(seed);
  for (let i = 0; i < 200; i++) {
    const states = random.integer(1, 12);
    const steps = randomSteps(random, states, false);
    assert.is(new Graph(edgesOf(steps), states).ways(), ways(steps, 0), JSON.stringify(steps));
  }
});

test("a loop anywhere makes ways infinite", () => {
  const steps: Steps = [
    [0, 1],
    [1, 2],
    [2, 1],
    [1, 3],
  ];
  assert.is(new Graph(edgesOf(steps), 4).ways(), Number.POSITIVE_INFINITY);
});

test("distances are the fewest steps, and a trail takes them", () => {
  const random = new Random(seed, 1);
  for (let i = 0; i < 100; i++) {
    const states = random.integer(1, 20);
    const steps = randomSteps(random, states, true);
    const { distances, before } = new Graph(edgesOf(steps), states).from(0);
    // In rounds, as far as it goes (R. Bellman and L. Ford).
    const far = Array.from({ length: states }, (_, s) => (s === 0 ? 0 : Number.POSITIVE_INFINITY));
    for (let round = 0; round < states; round++) {
      for (const [from, to] of steps) far[to] = Math.min(far[to]!, far[from]! + 1);
    }
    assert.equal([...distances], far);
    for (let s = 0; s < states; s++) {
      const way = trail(before, s);
      assert.equal([way[0], way.at(-1), way.length - 1], [0, s, far[s]]);
      assert.ok(way.slice(1).every((to, j) => nextOf(steps, way[j]!).includes(to)));
    }
  }
});

test("states from which no end can be reached are found, with a way round", () => {
  const random = new Random(seed, 2);
  for (let i = 0; i < 200; i++) {
    const states = random.integer(2, 14);
    const steps = randomSteps(random, states, true);
    // Whoever has no step has ended.
    const all = Array.from({ length: states }, (_, s) => s);
    const ends = all.filter((s) => nextOf(steps, s).length === 0);
    const lost = all.map((s) => (ends.some((end) => reached(steps, s).has(end)) ? 0 : 1));
    const edges = edgesOf(steps);
    const found = unreaching(edges, states, ends);
    assert.equal(found && [...found], lost.includes(1) ? lost : undefined);
    if (found === undefined) continue;
    const { states: way, loop } = lasso(new Graph(edges, states), found);
    assert.ok(way.slice(1).every((to, j) => nextOf(steps, way[j]!).includes(to)));
    assert.equal([way[0], way[loop]], [0, way.at(-1)]);
    assert.ok(loop < way.length - 1 && lost[way[loop]!] === 1);
  }
});
