// The peer OpenMP: loops with a reduction clause, shared out over threads and vectorised by g++.
// Its lines are those of arrays.hpp; the only method is `simd`.

#include "arrays.hpp"

template <class T> Sum<T> sum(const T *x, size_t n, int threads) {
  Sum<T> s = 0;
#pragma omp parallel for simd reduction(+ : s) num_threads(threads)
  for (size_t i = 0; i < n; i++) s += x[i];
  return s;
}

template <class T> T least(const T *x, size_t n, int threads) {
  T m = x[0];
#pragma omp parallel for simd reduction(min : m) num_threads(threads)
  for (size_t i = 0; i < n; i++) m = x[i] < m ? x[i] : m;
  return m;
}

template <class T> T greatest(const T *x, size_t n, int threads) {
  T m = x[0];
#pragma omp parallel for simd reduction(max : m) num_threads(threads)
  for (size_t i = 0; i < n; i++) m = x[i] > m ? x[i] : m;
  return m;
}

template <class T> Sum<T> dot(const T *x, const T *y, size_t n, int threads) {
  Sum<T> s = 0;
#pragma omp parallel for simd reduction(+ : s) num_threads(threads)
  for (size_t i = 0; i < n; i++) s += static_cast<Sum<T>>(x[i]) * y[i];
  return s;
}

struct Jobs {
  template <class T, class Run>
  static bool run(const std::string &method, const std::string &job, int threads, const T *x,
                  size_t n, Run run) {
    if (method != "simd") return false;
    if (job == "sum") run([=] { return sum(x, n, threads); });
    else if (job == "min") run([=] { return least(x, n, threads); });
    else if (job == "max") run([=] { return greatest(x, n, threads); });
    else if (job == "dot") run([=] { return dot(x, x + n / 2, n / 2, threads); });
    else return false;
    return true;
  }
};

int main() { Server<Jobs>().serve(); }
