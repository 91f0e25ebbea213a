// The arena's words, read behind its back.

import { CONTROL_ARENA } from "../../src/core/map.js";
import { assert } from "../harness.js";

const UNIT = 128;
const LIVE = 0x4556494c;
const FREE = 0x45455246;
const POWERS = 23;

interface Block {
  readonly at: number;
  readonly size: number;
}

/** Sixteenths of powers of two; sizes below 16 one by one. */
function classOf(size: number): number {
  if (size < 16) return size;
  let power = 4;
  while (2 ** (power + 1) <= size) power++;
  return 16 * (power - 3) + Math.floor((size / 2 ** power - 1) * 16);
}

/**
 * The blocks of an arena lie one behind the other, know their neighbours, and add up; the tables
 * have the free ones and where each begins, and nothing else.
 */
export function assertArena(words: Int32Array, usedBytes: number): void {
  const control = (i: number) => words[(CONTROL_ARENA >> 2) + i] as number;
  const [first, end, tables, limit] = [control(1), control(2), control(3), control(5)];
  assert.is(control(0), 0, "nobody has the lock");
  assert.is(control(8), 0, "the journal is empty");
  const blocks: Block[] = [];
  const free: Block[] = [];
  let left = 0;
  let used = 0;
  let wasFree = false;
  let at = first;
  while (at < end) {
    const header = (at * UNIT) / 4;
    const [state, size, before] = [words[header], words[header + 1], words[header + 2]];
    assert.ok(state === LIVE || state === FREE, `block ${at}: state ${state}`);
    assert.is(before, left, `block ${at}: its left neighbour`);
    assert.ok((size as number) > 0, `block ${at}: size ${size}`);
    left = size as number;
    blocks.push({ at, size: left });
    if (state === LIVE) used += left;
    else assert.not(wasFree, `block ${at}: free, and so is its left neighbour`);
    wasFree = state === FREE;
    if (wasFree) free.push({ at, size: left });
    at += left;
  }
  assert.is(at, end, "the last block ends where the memory does");
  assert.is(used * UNIT, usedBytes, "bytes in live blocks");
  assertLists(words, tables, free);
  assertStarts(words, tables + 1 + 17 * POWERS, limit, blocks);
}

function assertLists(words: Int32Array, tables: number, free: readonly Block[]): void {
  const wanted = new Map<number, number[]>();
  for (const { at, size } of free) {
    const place = classOf(size);
    wanted.set(place, [...(wanted.get(place) ?? []), at]);
  }
  for (let place = 0; place < 16 * POWERS; place++) {
    const list: number[] = [];
    let previous = 0;
    for (let at = words[tables + 1 + POWERS + place] as number; at !== 0; ) {
      assert.is(words[at * 32 + 5], previous, `free block ${at}: the one before it in its list`);
      assert.ok(list.length < free.length, "a list ends");
      list.push(at);
      previous = at;
      at = words[at * 32 + 4] as number;
    }
    list.sort((a, b) => a - b);
    assert.equal(list, wanted.get(place) ?? [], `free blocks of class ${place}`);
    const bit = ((words[tables + 1 + (place >> 4)] as number) >> (place & 15)) & 1;
    assert.is(bit, list.length > 0 ? 1 : 0, `the bit of class ${place}`);
  }
  for (let power = 0; power < POWERS; power++) {
    const bit = ((words[tables] as number) >> power) & 1;
    assert.is(bit, words[tables + 1 + power] !== 0 ? 1 : 0, `the bit of power ${power}`);
  }
}

function assertStarts(
  words: Int32Array,
  from: number,
  limit: number,
  blocks: readonly Block[],
): void {
  let level = from;
  let bits = new Set(blocks.map(({ at }) => at));
  for (let n = Math.ceil(limit / 32); ; n = Math.ceil(n / 32)) {
    const found: number[] = [];
    for (let word = 0; word < n; word++) {
      for (let bit = 0; words[level + word] !== 0 && bit < 32; bit++) {
        if ((((words[level + word] as number) >> bit) & 1) === 1) found.push(32 * word + bit);
      }
    }
    assert.equal(found, [...bits], "starts of blocks, and of words of them");
    if (n === 1) return;
    bits = new Set([...bits].map((bit) => bit >> 5));
    level += n;
  }
}
