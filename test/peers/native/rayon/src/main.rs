//! The peer Rayon. Its lines are those of `arrays.hpp`; the methods are `iter`, parallel iterators as
//! Rayon's own examples write them, and `chunks`: loops over `par_chunks` with several results side by
//! side, which the compiler may vectorise (it does not reorder sums of floats).

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::collections::HashMap;
use std::fmt::Display;
use std::hint::black_box;
use std::io::{stdin, stdout, BufRead, Write};
use std::time::Instant;

/// Results side by side.
const LANES: usize = 64;
/// Bytes of a chunk.
const CHUNK: usize = 1 << 16;

fn value(i: usize) -> i32 {
    let h = i as u32;
    let h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
    let h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
    2 * (h >> 28) as i32 - 15
}

/// What a loop over each pair of lanes gives, with what is left over.
#[inline(always)]
fn lanes<T: Copy, S: Copy>(
    a: &[T],
    start: S,
    step: impl Fn(S, T) -> S,
    merge: impl Fn(S, S) -> S,
) -> S {
    let mut all = [start; LANES];
    let whole = a.chunks_exact(LANES);
    let rest = whole.remainder();
    for part in whole {
        for i in 0..LANES {
            all[i] = step(all[i], part[i]);
        }
    }
    let all = all.into_iter().reduce(merge).unwrap();
    rest.iter().fold(all, |s, &v| step(s, v))
}

#[inline(always)]
fn dot_lanes<T: Copy, S: Copy>(
    a: &[T],
    b: &[T],
    zero: S,
    step: impl Fn(S, T, T) -> S,
    add: impl Fn(S, S) -> S,
) -> S {
    let mut all = [zero; LANES];
    let (x, y) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = x.remainder().iter().zip(y.remainder());
    for (p, q) in x.zip(y) {
        for i in 0..LANES {
            all[i] = step(all[i], p[i], q[i]);
        }
    }
    let all = all.into_iter().reduce(add).unwrap();
    rest.fold(all, |s, (&v, &w)| step(s, v, w))
}

/// Runs `times` times; nanoseconds a run, and the result.
fn timed<R: Display>(times: u32, run: impl Fn() -> R) -> String {
    let start = Instant::now();
    let mut result = black_box(run());
    for _ in 1..times {
        result = black_box(run());
    }
    format!(
        "{} {}",
        start.elapsed().as_nanos() as f64 / times as f64,
        result
    )
}

macro_rules! jobs {
    ($name:ident, $t:ty, $s:ty, $min:path, $max:path) => {
        fn $name(x: &[$t], method: &str, job: &str, times: u32) -> Option<String> {
            let (a, b) = x.split_at(x.len() / 2);
            let chunk = CHUNK / size_of::<$t>();
            let chunks = || x.par_chunks(chunk);
            let less = |m: $t, v: $t| if v < m { v } else { m };
            let more = |m: $t, v: $t| if v > m { v } else { m };
            let plus = |s: $s, t: $s| s + t;
            Some(match (method, job) {
                ("iter", "sum") => timed(times, || x.par_iter().map(|&v| v as $s).sum::<$s>()),
                ("iter", "min") => {
                    timed(times, || x.par_iter().copied().reduce(|| <$t>::MAX, $min))
                }
                ("iter", "max") => {
                    timed(times, || x.par_iter().copied().reduce(|| <$t>::MIN, $max))
                }
                ("iter", "dot") => timed(times, || {
                    let pairs = a.par_iter().zip(b.par_iter());
                    pairs.map(|(&v, &w)| v as $s * w as $s).sum::<$s>()
                }),
                ("chunks", "sum") => timed(times, || {
                    chunks()
                        .map(|c| lanes(c, 0 as $s, |s, v| s + v as $s, plus))
                        .sum::<$s>()
                }),
                ("chunks", "min") => timed(times, || {
                    chunks()
                        .map(|c| lanes(c, c[0], less, less))
                        .reduce(|| <$t>::MAX, $min)
                }),
                ("chunks", "max") => timed(times, || {
                    chunks()
                        .map(|c| lanes(c, c[0], more, more))
                        .reduce(|| <$t>::MIN, $max)
                }),
                ("chunks", "dot") => timed(times, || {
                    let pairs = a.par_chunks(chunk).zip(b.par_chunks(chunk));
                    let step = |s, v: $t, w: $t| s + v as $s * w as $s;
                    pairs
                        .map(|(p, q)| dot_lanes(p, q, 0 as $s, step, plus))
                        .sum::<$s>()
                }),
                _ => return None,
            })
        }
    };
}

jobs!(doubles, f64, f64, f64::min, f64::max);
jobs!(floats, f32, f32, f32::min, f32::max);
jobs!(ints, i32, i64, i32::min, i32::max);

enum Array {
    Doubles(Vec<f64>),
    Floats(Vec<f32>),
    Ints(Vec<i32>),
}

fn filled<T>(count: usize, from: impl Fn(i32) -> T) -> Vec<T> {
    let mut x: Vec<T> = (0..count).map(|i| from(value(i))).collect();
    x[count / 3] = from(-31);
    x[2 * count / 3] = from(31);
    x
}

fn prepare(dtype: &str, count: usize) -> Option<Array> {
    Some(match dtype {
        "float64" => Array::Doubles(filled(count, |v| v as f64)),
        "float32" => Array::Floats(filled(count, |v| v as f32)),
        "int32" => Array::Ints(filled(count, |v| v)),
        _ => return None,
    })
}

#[derive(Default)]
struct Server {
    array: Option<Array>,
    pools: HashMap<usize, ThreadPool>,
}

impl Server {
    fn answer(&mut self, words: &[&str]) -> Option<String> {
        match words {
            ["drop"] => self.array = None,
            ["prepare", dtype, count] => {
                self.array = None;
                self.array = Some(prepare(dtype, count.parse().ok()?)?);
            }
            ["run", method, job, threads, times] => {
                let threads = threads.parse().ok()?;
                let times = times.parse().ok()?;
                let pool = self.pools.entry(threads).or_insert_with(|| {
                    ThreadPoolBuilder::new()
                        .num_threads(threads)
                        .build()
                        .unwrap()
                });
                return match self.array.as_ref()? {
                    Array::Doubles(x) => pool.install(|| doubles(x, method, job, times)),
                    Array::Floats(x) => pool.install(|| floats(x, method, job, times)),
                    Array::Ints(x) => pool.install(|| ints(x, method, job, times)),
                };
            }
            _ => return None,
        }
        Some("ok".into())
    }
}

fn main() {
    let mut server = Server::default();
    for line in stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let answer = server.answer(&words);
        println!("{}", answer.as_deref().unwrap_or("error no such thing"));
        stdout().flush().unwrap();
    }
}
