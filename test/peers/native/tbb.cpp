// The peer oneTBB: `parallel_reduce`, whose tree depends on the schedule, and
// `parallel_deterministic_reduce`, whose results always have the same bits, as ours. What a task does
// is a loop that g++ vectorises. Its lines are those of arrays.hpp; the methods are `reduce` and
// `deterministic`.

#include <functional>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_reduce.h>

#include "arrays.hpp"

using Range = tbb::blocked_range<size_t>;

/** Bytes of a leaf of the deterministic tree, which is split down to its grain. */
constexpr size_t LEAF = 1 << 16;

template <class T> Sum<T> sum(const T *x, size_t n, Sum<T> s) {
#pragma omp simd reduction(+ : s)
  for (size_t i = 0; i < n; i++) s += x[i];
  return s;
}

template <class T> T least(const T *x, size_t n, T m) {
#pragma omp simd reduction(min : m)
  for (size_t i = 0; i < n; i++) m = x[i] < m ? x[i] : m;
  return m;
}

template <class T> T greatest(const T *x, size_t n, T m) {
#pragma omp simd reduction(max : m)
  for (size_t i = 0; i < n; i++) m = x[i] > m ? x[i] : m;
  return m;
}

template <class T> Sum<T> dot(const T *x, const T *y, size_t n, Sum<T> s) {
#pragma omp simd reduction(+ : s)
  for (size_t i = 0; i < n; i++) s += static_cast<Sum<T>>(x[i]) * y[i];
  return s;
}

template <class S, class Body, class Merge>
S reduce(bool deterministic, size_t n, size_t grain, S identity, Body body, Merge merge) {
  return deterministic
             ? tbb::parallel_deterministic_reduce(Range(0, n, grain), identity, body, merge)
             : tbb::parallel_reduce(Range(0, n), identity, body, merge);
}

struct Jobs {
  template <class T, class Run>
  static bool run(const std::string &method, const std::string &job, int threads, const T *x,
                  size_t n, Run run) {
    using S = Sum<T>;
    if (method != "reduce" && method != "deterministic") return false;
    const bool fixed = method == "deterministic";
    const size_t grain = LEAF / sizeof(T), half = n / 2;
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    const auto sums = [=](const Range &r, S s) { return sum(x + r.begin(), r.size(), s); };
    const auto minima = [=](const Range &r, T m) { return least(x + r.begin(), r.size(), m); };
    const auto maxima = [=](const Range &r, T m) { return greatest(x + r.begin(), r.size(), m); };
    const auto dots = [=](const Range &r, S s) {
      return dot(x + r.begin(), x + half + r.begin(), r.size(), s);
    };
    const auto lower = [](T a, T b) { return b < a ? b : a; };
    const auto higher = [](T a, T b) { return b > a ? b : a; };
    const std::plus<S> plus;
    if (job == "sum") run([=] { return reduce(fixed, n, grain, S(0), sums, plus); });
    else if (job == "min") run([=] { return reduce(fixed, n, grain, x[0], minima, lower); });
    else if (job == "max") run([=] { return reduce(fixed, n, grain, x[0], maxima, higher); });
    else if (job == "dot") run([=] { return reduce(fixed, half, grain / 2, S(0), dots, plus); });
    else return false;
    return true;
  }
};

int main() { Server<Jobs>().serve(); }
