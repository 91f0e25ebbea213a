"""The peer NumPy, on one thread. Its lines are those of arrays.hpp; the only method is `numpy`.

Large arrays of NumPy lie in huge pages where the system has them for those who ask (`madvise`), which
the other peers and the engine do not: it is left as its users have it, some 10% faster for that.
"""

import sys
import time

import numpy as np

PART = 1 << 20


def filled(dtype, count):
    """Odd numbers from -15 to 15, and once each -31 and 31."""
    x = np.empty(count, dtype)
    for start in range(0, count, PART):
        part = x[start : start + PART]
        h = np.arange(start, start + len(part), dtype=np.uint32)
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        part[:] = 2 * (h >> np.uint32(28)).astype(np.int32) - 15
    x[count // 3] = -31
    x[2 * count // 3] = 31
    return x


def jobs(x):
    a, b = x[: len(x) // 2], x[len(x) // 2 : len(x) // 2 * 2]
    return {
        "sum": x.sum,
        "min": x.min,
        "max": x.max,
        "dot": lambda: np.dot(a, b),
        "mean": x.mean,
        "var": x.var,
    }


def timed(run, times):
    start = time.perf_counter_ns()
    for _ in range(times):
        result = run()
    return f"{(time.perf_counter_ns() - start) / times} {result}"


def main():
    known = {}
    for line in sys.stdin:
        answer = "ok"
        match line.split():
            case ["prepare", ("float64" | "float32" | "int32") as dtype, count]:
                known = {}
                known = jobs(filled(dtype, int(count)))
            case ["run", "numpy", job, "1", times] if job in known:
                answer = timed(known[job], int(times))
            case ["drop"]:
                known = {}
            case _:
                answer = "error no such thing"
        print(answer, flush=True)


main()
