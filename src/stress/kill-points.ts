// Where threads die in the `kill` scenario: named points of the core, and jobs that pass there.

import {
  POINT_ANNOUNCED,
  POINT_ANSWERED,
  POINT_ARRIVED,
  POINT_CELL_DONE,
  POINT_CLAIM,
  POINT_CLAIMED,
  POINT_COMPLETE,
  POINT_COPIED,
  POINT_DONE,
  POINT_EPOCH,
  POINT_FILLED,
  POINT_FOLDED,
  POINT_GIVEN,
  POINT_IDLE,
  POINT_IN_HAND,
  POINT_MERGED,
  POINT_PAIR_CLAIM,
  POINT_PAIR_CLAIMED,
  POINT_PAIR_MERGED,
  POINT_PAIR_PUBLISHED,
  POINT_PUBLISHED,
  POINT_RELEASED,
  POINT_RESERVE,
  POINT_RESERVED,
  POINT_ROUND,
  POINT_WOKEN,
} from "../core/map.js";
import type { Kind } from "./kill-jobs.js";
import { EXIT, MEMORY, THROW } from "./kill-operator.js";

export interface Point {
  readonly name: string;
  readonly id: number;
  readonly kinds: readonly Kind[];
}

const point = (id: number, name: string, ...kinds: Kind[]): Point => ({ name, id, kinds });

export const WORKER_POINTS: readonly Point[] = [
  point(POINT_RESERVE, "reserve: before the compare-exchange", "blocks", "stream"),
  point(POINT_RESERVED, "reserve: ticket taken", "blocks", "stream"),
  point(POINT_FILLED, "publish: record filled", "blocks", "stream"),
  point(POINT_CLAIM, "claim: before the compare-exchange", "blocks", "stream", "pairwise"),
  point(POINT_CLAIMED, "claim: ticket taken", "blocks", "stream", "pairwise"),
  point(POINT_COPIED, "claim: record copied", "blocks", "stream"),
  point(POINT_IN_HAND, "claim: in hand", "blocks", "stream"),
  point(POINT_RELEASED, "claim: slot released", "blocks", "stream"),
  point(POINT_FOLDED, "task: folded", "blocks", "stream"),
  point(POINT_ARRIVED, "tree: arrived last", "blocks", "pairwise"),
  point(POINT_MERGED, "tree: merged", "blocks", "pairwise"),
  point(POINT_COMPLETE, "tree: root whole", "blocks", "pairwise"),
  point(POINT_ANSWERED, "answer: published", "blocks", "stream"),
  point(POINT_EPOCH, "wake: epoch moved", "blocks", "stream"),
  point(POINT_ANNOUNCED, "park: announced", "blocks"),
  point(POINT_WOKEN, "park: woken", "blocks"),
  point(POINT_IDLE, "spin: counted idle", "blocks"),
  point(POINT_CELL_DONE, "stream: cell done", "stream"),
  point(POINT_PAIR_CLAIM, "pairs: before the compare-exchange", "pairwise", "operator pairwise"),
  point(POINT_PAIR_CLAIMED, "pairs: claimed", "pairwise", "operator pairwise"),
  point(POINT_PAIR_MERGED, "pairs: combined", "pairwise", "operator pairwise"),
  point(POINT_PAIR_PUBLISHED, "pairs: published", "pairwise", "operator pairwise"),
  point(POINT_ROUND, "pairs: round over", "pairwise"),
  point(POINT_DONE, "task: done", "blocks", "stream", "operator"),
  point(EXIT, "operator: process.exit", "operator", "operator pairwise"),
  point(THROW, "operator: uncaught error", "operator"),
  point(MEMORY, "operator: out of memory", "operator"),
];

/** Of a thread that submits, and that runs tasks while it waits. */
export const SUBMITTER_POINTS: readonly Point[] = [
  point(POINT_RESERVE, "submit: before the compare-exchange", "blocks", "stream", "operator"),
  point(POINT_RESERVED, "submit: ticket taken", "blocks", "stream", "operator"),
  point(POINT_FILLED, "submit: record filled", "blocks", "stream", "operator"),
  point(POINT_GIVEN, "give back: record filled", "operator"),
  point(POINT_PUBLISHED, "submit: published", "blocks", "stream", "operator"),
  point(POINT_EPOCH, "submit: epoch moved", "blocks", "stream"),
  point(POINT_CLAIM, "wait: before a claim", "blocks", "pairwise"),
  point(POINT_CLAIMED, "wait: ticket taken", "blocks", "pairwise"),
  point(POINT_IN_HAND, "wait: in hand", "blocks", "pairwise"),
  point(POINT_FOLDED, "wait: folded", "blocks"),
  point(POINT_ARRIVED, "wait: arrived last", "blocks", "pairwise"),
  point(POINT_ANNOUNCED, "wait: announced", "blocks", "pairwise"),
  point(POINT_PAIR_CLAIMED, "wait: pairs claimed", "pairwise"),
];
