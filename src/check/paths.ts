// Questions about the graph of states that a search leaves behind: how many ways there are through
// it, what is near, and where nothing leads to an end.

import type { Edges } from "./visited.js";

interface Tree {
  /** Steps from the root; −1: cannot be reached. */
  readonly distances: Int32Array;
  /** The state before, on one of the shortest ways; −1 for the root. */
  readonly before: Int32Array;
}

export class Graph {
  readonly states: number;
  /** Steps that leave state s go to #to[#begin[s]] … #to[#begin[s + 1] − 1]. */
  readonly #begin: Int32Array;
  readonly #to: Int32Array;

  constructor(edges: Edges, states: number) {
    this.states = states;
    const begin = new Int32Array(states + 1);
    for (let i = 0; i < edges.size; i++) count(begin, edges.fromOf(i) + 1);
    for (let s = 0; s < states; s++) begin[s + 1] = (begin[s + 1] as number) + (begin[s] as number);
    const to = new Int32Array(edges.size);
    // From behind, so that each begin moves to where its steps really begin.
    const end = begin.slice(1);
    for (let i = edges.size - 1; i >= 0; i--) {
      const at = (end[edges.fromOf(i)] as number) - 1;
      end[edges.fromOf(i)] = at;
      to[at] = edges.toOf(i);
    }
    this.#begin = begin;
    this.#to = to;
  }

  /** Where a step leads to from a state. */
  next(state: number): Int32Array {
    return this.#to.subarray(this.#begin[state], this.#begin[state + 1]);
  }

  /** All that can be reached from `root`, breadth first. */
  from(root: number): Tree {
    const distances = new Int32Array(this.states).fill(-1);
    const before = new Int32Array(this.states).fill(-1);
    const queue = new Int32Array(this.states);
    let end = 0;
    queue[end++] = root;
    distances[root] = 0;
    for (let i = 0; i < end; i++) {
      const state = queue[i] as number;
      for (const to of this.next(state)) {
        if (distances[to] !== -1) continue;
        distances[to] = (distances[state] as number) + 1;
        before[to] = state;
        queue[end++] = to;
      }
    }
    return { distances, before };
  }

  /**
   * How many different ways lead from state 0 to where no step goes on; infinity if one goes round.
   * Beyond 2^53 rounded.
   */
  ways(): number {
    const waits = new Int32Array(this.states);
    for (const to of this.#to) count(waits, to);
    const ways = new Float64Array(this.states);
    ways[0] = 1;
    // In an order in which every state comes behind those that lead to it (A. Kahn, Topological
    // Sorting of Large Networks, 1962).
    const pending = [0];
    let ends = 0;
    let done = 0;
    for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
      done++;
      const next = this.next(state);
      if (next.length === 0) ends += ways[state] as number;
      for (const to of next) {
        ways[to] = (ways[to] as number) + (ways[state] as number);
        waits[to] = (waits[to] as number) - 1;
        if (waits[to] === 0) pending.push(to);
      }
    }
    return done === this.states ? ends : Number.POSITIVE_INFINITY;
  }
}

/** A 1 for each state from which none of `ends` can be reached; undefined if there is none. */
export function unreaching(
  edges: Edges,
  states: number,
  ends: readonly number[],
): Uint8Array | undefined {
  // Steps by where they lead, so that they can be followed backwards.
  const begin = new Int32Array(states + 1);
  for (let i = 0; i < edges.size; i++) count(begin, edges.toOf(i) + 1);
  for (let s = 0; s < states; s++) begin[s + 1] = (begin[s + 1] as number) + (begin[s] as number);
  const back = new Int32Array(edges.size);
  const next = begin.slice();
  for (let i = 0; i < edges.size; i++) {
    const to = edges.toOf(i);
    back[next[to] as number] = edges.fromOf(i);
    next[to] = (next[to] as number) + 1;
  }
  const isLost = new Uint8Array(states).fill(1);
  const pending = [...ends];
  for (const end of ends) isLost[end] = 0;
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    for (let i = begin[state] as number; i < (begin[state + 1] as number); i++) {
      const from = back[i] as number;
      if (isLost[from] === 0) continue;
      isLost[from] = 0;
      pending.push(from);
    }
  }
  return isLost.includes(1) ? isLost : undefined;
}

function count(array: Int32Array, at: number): void {
  array[at] = (array[at] as number) + 1;
}

/** The states on the way to one of them, the root first. */
export function trail(before: Int32Array, state: number): number[] {
  const states: number[] = [];
  for (let s = state; s >= 0; s = before[s] as number) states.push(s);
  return states.reverse();
}

/**
 * A way into states from which no end can be reached, and on until it goes round: the states, and
 * how many steps it takes to where it goes round.
 */
export function lasso(graph: Graph, isLost: Uint8Array): { states: number[]; loop: number } {
  const { distances, before } = graph.from(0);
  let nearest = -1;
  for (let s = isLost.indexOf(1); s >= 0; s = isLost.indexOf(1, s + 1)) {
    if (nearest < 0 || (distances[s] as number) < (distances[nearest] as number)) nearest = s;
  }
  const states = trail(before, nearest);
  const places = new Map(states.map((state, i) => [state, i]));
  for (let state = nearest; ; ) {
    // The last, so that it is not always the first thread that goes round.
    state = graph.next(state).at(-1) as number;
    states.push(state);
    const loop = places.get(state);
    if (loop !== undefined) return { states, loop };
    places.set(state, states.length - 1);
  }
}
