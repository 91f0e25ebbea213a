// The only file that issues an atomic instruction, or a plain access to a word
// that another thread may touch. WebAssembly has one ordering for atomics:
// sequentially consistent. `peek` and `poke` are plain: they are right only
// where a preceding atomic of the protocol orders them (a slot's payload
// between claim and release, a job's constants after its task was claimed).

export function load32(address: usize): i32 {
  return atomic.load<i32>(address);
}

export function load64(address: usize): i64 {
  return atomic.load<i64>(address);
}

export function store32(address: usize, value: i32): void {
  atomic.store<i32>(address, value);
}

export function store64(address: usize, value: i64): void {
  atomic.store<i64>(address, value);
}

/** Each read-modify-write returns the value before it. */
export function add32(address: usize, value: i32): i32 {
  return atomic.add<i32>(address, value);
}

export function add64(address: usize, value: i64): i64 {
  return atomic.add<i64>(address, value);
}

export function or64(address: usize, value: i64): i64 {
  return atomic.or<i64>(address, value);
}

export function and64(address: usize, value: i64): i64 {
  return atomic.and<i64>(address, value);
}

export function cas32(address: usize, expected: i32, replacement: i32): i32 {
  return atomic.cmpxchg<i32>(address, expected, replacement);
}

export function cas64(address: usize, expected: i64, replacement: i64): i64 {
  return atomic.cmpxchg<i64>(address, expected, replacement);
}

/** 0 woken, 1 the word was not `expected`, 2 timed out. `timeout` in ns; negative: for ever. */
export function wait32(address: usize, expected: i32, timeout: i64): i32 {
  return atomic.wait<i32>(address, expected, timeout);
}

/** Wakes at most `count` waiters, first come first woken; returns how many. */
export function notify(address: usize, count: i32): i32 {
  return atomic.notify(address, count);
}

export function peek32(address: usize): i32 {
  return load<i32>(address);
}

export function peek64(address: usize): i64 {
  return load<i64>(address);
}

export function poke32(address: usize, value: i32): void {
  store<i32>(address, value);
}

export function poke64(address: usize, value: i64): void {
  store<i64>(address, value);
}
