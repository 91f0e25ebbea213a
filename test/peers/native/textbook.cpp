// The textbook's program (../textbook.py says what it does) as one writes it in C++: threads, and
// oneTBB's tbb::concurrent_bounded_queue. A line in, a line out:
//
//     sum COUNT WORKERS  →  nanoseconds, sum
//
// adds 0, 1, … COUNT − 1; the time is from the first number put to the last one taken, without the
// start of the threads. Where Python needs a lock, so that two workers do not hold one number each
// for ever, here one atomic subtraction tells a worker that two of the numbers are its own.

#include <tbb/concurrent_queue.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Queue = tbb::concurrent_bounded_queue<double>;

class Textbook {
 public:
  Textbook(long count, int workers)
      : count_(count), left_(count), round_(workers, Swap{this}), start_(workers + 1) {
    for (int w = 0; w < workers; w++) threads_.emplace_back([this] { work(); });
  }

  void run() {
    start_.arrive_and_wait();
    const auto began = Clock::now();
    for (long number = 0; number < count_; number++) queues_[0].push(static_cast<double>(number));
    for (auto& thread : threads_) thread.join();
    double sum = 0;
    tasks_->pop(sum);
    const std::chrono::nanoseconds time = Clock::now() - began;
    std::cout.precision(17);
    std::cout << time.count() << ' ' << sum << std::endl;
  }

 private:
  /** The round is over: its results are the next one's tasks. */
  struct Swap {
    Textbook* book;
    void operator()() noexcept {
      std::swap(book->tasks_, book->results_);
      book->now_ = (book->now_ + 1) / 2;
      book->left_ = book->now_;
    }
  };

  void work() {
    start_.arrive_and_wait();
    while (now_ > 1) {
      for (long mine = left_.fetch_sub(2); mine > 0; mine = left_.fetch_sub(2)) {
        double sum = 0, other = 0;
        tasks_->pop(sum);
        if (mine > 1) tasks_->pop(other);
        results_->push(sum + other);
      }
      round_.arrive_and_wait();
    }
  }

  const long count_;
  Queue queues_[2];
  Queue* tasks_ = &queues_[0];
  Queue* results_ = &queues_[1];
  /** Numbers of this round. */
  long now_ = count_;
  std::atomic<long> left_;
  std::barrier<Swap> round_;
  std::barrier<> start_;
  std::vector<std::thread> threads_;
};

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    long count = 0;
    int workers = 0;
    words >> command >> count >> workers;
    if (words && command == "sum" && count > 0 && workers > 0) {
      Textbook(count, workers).run();
    } else {
      std::cout << "error " << line << '?' << std::endl;
    }
  }
}
