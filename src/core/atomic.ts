// The only file that issues an atomic instruction, or a plain access to a word
// that another thread may touch. WebAssembly has one ordering for atomics:
// sequentially consistent. `peek` and `poke` are plain: they are right only
// where a preceding atomic of the protocol orders them (a slot's payload
// between claim and release, a job's constants after its task was claimed).
//
// The core that `ringfold check` explores is compiled from this file too: there each access first
// calls out to a scheduler, which returns when it is this thread's turn (src/check/machine.ts).

import { STEPPED } from "./switches";

declare function step(access: i32, address: usize): void;
declare function stepWait(address: usize, expected: i32, timed: i32): i32;
declare function stepNotify(address: usize, count: i32): i32;

/** What a step is told: bits of an access. Without PLAIN it is atomic. */
const READS: i32 = 1;
const WRITES: i32 = 2;
const PLAIN: i32 = 4;
const WIDE: i32 = 8;
const RACES: i32 = 16;

export function load32(address: usize): i32 {
  if (STEPPED) step(READS, address);
  return atomic.load<i32>(address);
}

export function load64(address: usize): i64 {
  if (STEPPED) step(READS | WIDE, address);
  return atomic.load<i64>(address);
}

export function store32(address: usize, value: i32): void {
  if (STEPPED) step(WRITES, address);
  atomic.store<i32>(address, value);
}

export function store64(address: usize, value: i64): void {
  if (STEPPED) step(WRITES | WIDE, address);
  atomic.store<i64>(address, value);
}

/** Each read-modify-write returns the value before it. */
export function add32(address: usize, value: i32): i32 {
  if (STEPPED) step(READS | WRITES, address);
  return atomic.add<i32>(address, value);
}

export function add64(address: usize, value: i64): i64 {
  if (STEPPED) step(READS | WRITES | WIDE, address);
  return atomic.add<i64>(address, value);
}

export function or32(address: usize, value: i32): i32 {
  if (STEPPED) step(READS | WRITES, address);
  return atomic.or<i32>(address, value);
}

export function or64(address: usize, value: i64): i64 {
  if (STEPPED) step(READS | WRITES | WIDE, address);
  return atomic.or<i64>(address, value);
}

export function and64(address: usize, value: i64): i64 {
  if (STEPPED) step(READS | WRITES | WIDE, address);
  return atomic.and<i64>(address, value);
}

export function cas32(address: usize, expected: i32, replacement: i32): i32 {
  if (STEPPED) step(READS | WRITES, address);
  return atomic.cmpxchg<i32>(address, expected, replacement);
}

export function cas64(address: usize, expected: i64, replacement: i64): i64 {
  if (STEPPED) step(READS | WRITES | WIDE, address);
  return atomic.cmpxchg<i64>(address, expected, replacement);
}

/** 0 woken, 1 the word was not `expected`, 2 timed out. `timeout` in ns; negative: for ever. */
export function wait32(address: usize, expected: i32, timeout: i64): i32 {
  if (STEPPED) return stepWait(address, expected, timeout >= 0 ? 1 : 0);
  return atomic.wait<i32>(address, expected, timeout);
}

/** Wakes at most `count` waiters, first come first woken; returns how many. */
export function notify(address: usize, count: i32): i32 {
  if (STEPPED) return stepNotify(address, count);
  return atomic.notify(address, count);
}

export function peek32(address: usize): i32 {
  if (STEPPED) step(READS | PLAIN, address);
  return load<i32>(address);
}

export function peek64(address: usize): i64 {
  if (STEPPED) step(READS | PLAIN | WIDE, address);
  return load<i64>(address);
}

export function poke32(address: usize, value: i32): void {
  if (STEPPED) step(WRITES | PLAIN, address);
  store<i32>(address, value);
}

export function poke64(address: usize, value: i64): void {
  if (STEPPED) step(WRITES | PLAIN | WIDE, address);
  store<i64>(address, value);
}

/**
 * A plain store to a word that others may load atomically at the same time, and find the value
 * before it or this one: right only where either does, and the next atomic orders it for those who
 * must have seen it.
 */
export function post32(address: usize, value: i32): void {
  if (STEPPED) step(WRITES | PLAIN | RACES, address);
  store<i32>(address, value);
}

/** Copies whole words, plainly. */
export function copy(to: usize, from: usize, bytes: usize): void {
  if (STEPPED) {
    for (let i: usize = 0; i < bytes; i += 4) poke32(to + i, peek32(from + i));
    return;
  }
  memory.copy(to, from, bytes);
}
