// What the peers in C++ share: the array, the lines that they answer, and the clock.
//
//   prepare DTYPE COUNT            x[0 … COUNT) filled with the values of arrays-data.ts   -> ok
//   run METHOD JOB THREADS TIMES   so many runs at a stretch      -> nanoseconds a run, the result
//   drop                           gives the memory back                                   -> ok
//
// A dot product is that of the two halves of x, so that each job reads all of x once. Memory is
// aligned for the widest vectors, in whatever pages the system gives: 4 KiB where huge ones have to be
// asked for, as for the engine's.

#pragma once
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

/** A sum of integers is one of 64 bits; that of floats is of their own kind. */
template <class T> struct SumOf { using type = T; };
template <> struct SumOf<int32_t> { using type = int64_t; };
template <class T> using Sum = typename SumOf<T>::type;

struct Free { void operator()(void *p) const { std::free(p); } };
template <class T> using Array = std::unique_ptr<T[], Free>;

/** Odd numbers from -15 to 15, and once each -31 and 31: see arrays-data.ts. */
template <class T> Array<T> filled(size_t count) {
  const size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
  Array<T> x(static_cast<T *>(std::aligned_alloc(64, bytes)));
  for (size_t i = 0; i < count; i++) {
    uint32_t h = static_cast<uint32_t>(i);
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    x[i] = static_cast<T>(2 * static_cast<int32_t>(h >> 28) - 15);
  }
  x[count / 3] = -31;
  x[2 * count / 3] = 31;
  return x;
}

/**
 * Answers until its input ends. `Jobs::run(method, job, threads, x, count, run)` calls `run` with the
 * job as a function; false if it knows no such job.
 */
template <class Jobs> class Server {
  Array<double> doubles;
  Array<float> floats;
  Array<int32_t> ints;
  size_t count = 0;

  void drop() { doubles.reset(), floats.reset(), ints.reset(); }

  bool prepare(const std::string &dtype, size_t n) {
    drop();
    count = n;
    if (dtype == "float64") return (doubles = filled<double>(n)) != nullptr;
    if (dtype == "float32") return (floats = filled<float>(n)) != nullptr;
    if (dtype == "int32") return (ints = filled<int32_t>(n)) != nullptr;
    return false;
  }

  template <class T>
  bool time(const T *x, const std::string &method, const std::string &job, int threads, int times) {
    return Jobs::run(method, job, threads, x, count, [&](auto &&body) {
      const auto start = std::chrono::steady_clock::now();
      auto result = body();
      for (int i = 1; i < times; i++) result = body();
      const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
      std::cout << spent.count() / times << ' ' << result << std::endl;
    });
  }

  bool answer(std::istream &line) {
    std::string verb, dtype, method, job;
    size_t n;
    int threads, times;
    line >> verb;
    if (verb == "run" && line >> method >> job >> threads >> times && times > 0) {
      if (doubles) return time(doubles.get(), method, job, threads, times);
      if (floats) return time(floats.get(), method, job, threads, times);
      return ints && time(ints.get(), method, job, threads, times);
    }
    if (verb == "drop") drop();
    else if (verb != "prepare" || !(line >> dtype >> n) || !prepare(dtype, n)) return false;
    std::cout << "ok" << std::endl;
    return true;
  }

public:
  void serve() {
    std::cout.precision(17);
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream words(line);
      if (!answer(words)) std::cout << "error no such thing" << std::endl;
    }
  }
};
