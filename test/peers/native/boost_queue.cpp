// Boost's bounded queue, boost::lockfree::queue of a fixed capacity, for `bench:peers queues`. A line
// in, a line out:
//
//     run PRODUCERS CONSUMERS BATCH ITEMS  →  nanoseconds, items taken, their sum
//
// Producers push 0 … ITEMS − 1 between them; consumers pop until all is taken. The library has no
// batches, so BATCH is 1. Who finds the queue full, or empty, backs off as crossbeam's Backoff does:
// 1, 2, 4 … 64 pauses, then the processor is given away.

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <boost/lockfree/queue.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Queue = boost::lockfree::queue<std::uint64_t, boost::lockfree::capacity<1024>>;

class Backoff {
 public:
  void reset() { step_ = 0; }

  void snooze() {
    if (step_ > 6) {
      sched_yield();
      return;
    }
    for (int i = 0; i < 1 << step_; i++) __builtin_ia32_pause();
    step_++;
  }

 private:
  int step_ = 0;
};

/** What a thread did, and when. */
struct Part {
  Clock::time_point began, ended;
  std::uint64_t count = 0, sum = 0;
};

void produce(Queue& queue, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t item = from; item < to; item++) {
    Backoff backoff;
    while (!queue.bounded_push(item)) backoff.snooze();
  }
}

/** `producing`: producers that are not done. */
void consume(Queue& queue, const std::atomic<int>& producing, Part& part) {
  Backoff backoff;
  while (true) {
    // Read before the look: with nobody producing then, an empty queue stays empty.
    const bool over = producing.load(std::memory_order_acquire) == 0;
    std::uint64_t item;
    while (queue.pop(item)) {
      part.count++;
      part.sum += item;
      backoff.reset();
    }
    if (over) return;
    backoff.snooze();
  }
}

void run(int producers, int consumers, std::uint64_t items) {
  Queue queue;
  std::atomic<int> producing{producers}, missing{producers + consumers};
  std::vector<Part> parts(producers + consumers);
  std::vector<std::thread> threads;
  for (int t = 0; t < producers + consumers; t++) {
    threads.emplace_back([&, t] {
      missing--;
      while (missing > 0) sched_yield();
      // On this thread's own stack: `parts` share lines.
      Part part;
      part.began = Clock::now();
      if (t < producers) {
        produce(queue, items * t / producers, items * (t + 1) / producers);
        producing.fetch_sub(1, std::memory_order_release);
      } else {
        consume(queue, producing, part);
      }
      part.ended = Clock::now();
      parts[t] = part;
    });
  }
  for (auto& thread : threads) thread.join();
  Part all = parts[0];
  for (const Part& part : parts) {
    all.began = std::min(all.began, part.began);
    all.ended = std::max(all.ended, part.ended);
    if (&part == &parts[0]) continue;
    all.count += part.count;
    all.sum += part.sum;
  }
  const std::chrono::nanoseconds time = all.ended - all.began;
  std::cout << time.count() << ' ' << all.count << ' ' << all.sum << std::endl;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    int producers = 0, consumers = 0, batch = 0;
    std::uint64_t items = 0;
    words >> command >> producers >> consumers >> batch >> items;
    if (words && command == "run" && producers > 0 && consumers > 0 && batch == 1) {
      run(producers, consumers, items);
    } else {
      std::cout << "error " << line << '?' << std::endl;
    }
  }
}
