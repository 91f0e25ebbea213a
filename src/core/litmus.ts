// The loops of litmus tests: what one thread does to `n` instances of two shared words, as close
// together as instructions can be. Never part of the shipped core. stress/litmus-tests.ts says what
// the tests are, stress/litmus-loops.ts has the same loops in JavaScript.
//
// Each loop is two accesses, each a write or a read, each atomic or plain. `a` and `b` are the words
// of instance 0 of the first and the second access, `stride` bytes to the next instance's. A read
// puts what it saw into `out`, one i32 an instance.

import { load32, peek32, poke32, store32 } from "./atomic";

// Type parameters are what AssemblyScript specialises: i32 stands for atomic, u32 for plain.

function read<K>(address: usize): i32 {
  return isSigned<K>() ? load32(address) : peek32(address);
}

function write<K>(address: usize, value: i32): void {
  if (isSigned<K>()) store32(address, value);
  else poke32(address, value);
}

function ww<A, B>(a: usize, b: usize, stride: usize, n: i32, x: i32, y: i32): void {
  for (let i = 0; i < n; i++) {
    write<A>(a, x);
    write<B>(b, y);
    a += stride;
    b += stride;
  }
}

function wr<A, B>(a: usize, b: usize, stride: usize, n: i32, x: i32, out: usize): void {
  for (let i = 0; i < n; i++) {
    write<A>(a, x);
    poke32(out, read<B>(b));
    a += stride;
    b += stride;
    out += 4;
  }
}

function rw<A, B>(a: usize, b: usize, stride: usize, n: i32, y: i32, out: usize): void {
  for (let i = 0; i < n; i++) {
    const seen = read<A>(a);
    write<B>(b, y);
    poke32(out, seen);
    a += stride;
    b += stride;
    out += 4;
  }
}

/** What the second read saw stands `second` bytes behind what the first did. */
function rr<A, B>(a: usize, b: usize, stride: usize, n: i32, out: usize, second: usize): void {
  for (let i = 0; i < n; i++) {
    const seen = read<A>(a);
    poke32(out + second, read<B>(b));
    poke32(out, seen);
    a += stride;
    b += stride;
    out += 4;
  }
}

function w<A>(a: usize, stride: usize, n: i32, x: i32): void {
  for (let i = 0; i < n; i++) {
    write<A>(a, x);
    a += stride;
  }
}

// `first` and `second`: 1 for atomic.

export function writeWrite(
  first: i32,
  second: i32,
  a: usize,
  b: usize,
  stride: usize,
  n: i32,
  x: i32,
  y: i32,
): void {
  if (first) {
    if (second) ww<i32, i32>(a, b, stride, n, x, y);
    else ww<i32, u32>(a, b, stride, n, x, y);
  } else {
    if (second) ww<u32, i32>(a, b, stride, n, x, y);
    else ww<u32, u32>(a, b, stride, n, x, y);
  }
}

export function writeRead(
  first: i32,
  second: i32,
  a: usize,
  b: usize,
  stride: usize,
  n: i32,
  x: i32,
  out: usize,
): void {
  if (first) {
    if (second) wr<i32, i32>(a, b, stride, n, x, out);
    else wr<i32, u32>(a, b, stride, n, x, out);
  } else {
    if (second) wr<u32, i32>(a, b, stride, n, x, out);
    else wr<u32, u32>(a, b, stride, n, x, out);
  }
}

export function readWrite(
  first: i32,
  second: i32,
  a: usize,
  b: usize,
  stride: usize,
  n: i32,
  y: i32,
  out: usize,
): void {
  if (first) {
    if (second) rw<i32, i32>(a, b, stride, n, y, out);
    else rw<i32, u32>(a, b, stride, n, y, out);
  } else {
    if (second) rw<u32, i32>(a, b, stride, n, y, out);
    else rw<u32, u32>(a, b, stride, n, y, out);
  }
}

export function readRead(
  first: i32,
  second: i32,
  a: usize,
  b: usize,
  stride: usize,
  n: i32,
  out: usize,
  behind: usize,
): void {
  if (first) {
    if (second) rr<i32, i32>(a, b, stride, n, out, behind);
    else rr<i32, u32>(a, b, stride, n, out, behind);
  } else {
    if (second) rr<u32, i32>(a, b, stride, n, out, behind);
    else rr<u32, u32>(a, b, stride, n, out, behind);
  }
}

export function writeOnly(atomic: i32, a: usize, stride: usize, n: i32, x: i32): void {
  if (atomic) w<i32>(a, stride, n, x);
  else w<u32>(a, stride, n, x);
}
