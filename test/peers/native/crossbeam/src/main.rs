//! crossbeam's bounded queue, ArrayQueue, for `bench:peers queues`. A line in, a line out:
//!
//!     run PRODUCERS CONSUMERS BATCH ITEMS  →  nanoseconds, items taken, their sum
//!
//! Producers push 0 … ITEMS − 1 between them; consumers pop until all is taken. The library has no
//! batches, so BATCH is 1. Who finds the queue full, or empty, backs off with crossbeam's own Backoff.

use crossbeam_queue::ArrayQueue;
use crossbeam_utils::Backoff;
use std::io::{stdin, BufRead};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

const CAPACITY: usize = 1024;

fn produce(queue: &ArrayQueue<u64>, from: u64, to: u64) {
    for item in from..to {
        let backoff = Backoff::new();
        while queue.push(item).is_err() {
            backoff.snooze();
        }
    }
}

/// Items and their sum. `producing`: producers that are not done.
fn consume(queue: &ArrayQueue<u64>, producing: &AtomicU64) -> (u64, u64) {
    let (mut count, mut sum) = (0, 0);
    let mut backoff = Backoff::new();
    loop {
        // Read before the look: with nobody producing then, an empty queue stays empty.
        let over = producing.load(Ordering::Acquire) == 0;
        while let Some(item) = queue.pop() {
            count += 1;
            sum += item;
            backoff = Backoff::new();
        }
        if over {
            return (count, sum);
        }
        backoff.snooze();
    }
}

/// Time from the first start to the last end, items, and their sum.
fn run(producers: u64, consumers: u64, items: u64) -> (u128, u64, u64) {
    let queue = ArrayQueue::new(CAPACITY);
    let producing = AtomicU64::new(producers);
    let start = Barrier::new((producers + consumers) as usize);
    thread::scope(|scope| {
        let (queue, producing, start) = (&queue, &producing, &start);
        let threads: Vec<_> = (0..producers + consumers)
            .map(|t| {
                scope.spawn(move || {
                    start.wait();
                    let began = Instant::now();
                    if t >= producers {
                        let (count, sum) = consume(queue, producing);
                        return (began, Instant::now(), count, sum);
                    }
                    produce(queue, items * t / producers, items * (t + 1) / producers);
                    producing.fetch_sub(1, Ordering::Release);
                    (began, Instant::now(), 0, 0)
                })
            })
            .collect();
        let all: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        let began = all.iter().map(|t| t.0).min().unwrap();
        let ended = all.iter().map(|t| t.1).max().unwrap();
        let count = all.iter().map(|t| t.2).sum();
        let sum = all.iter().map(|t| t.3).sum();
        ((ended - began).as_nanos(), count, sum)
    })
}

fn main() {
    for line in stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        let numbers: Vec<u64> = words[1..]
            .iter()
            .map_while(|word| word.parse().ok())
            .collect();
        match (words[0], &numbers[..]) {
            ("run", [producers, consumers, 1, items]) => {
                let (nanoseconds, count, sum) = run(*producers, *consumers, *items);
                println!("{nanoseconds} {count} {sum}");
            }
            _ => println!("error {line}?"),
        }
    }
}
