"""The textbook's program: numbers in a task queue; each worker takes two, adds
them and puts the sum into the result queue; the result queue is the next
round's task queue; until one number is left.

    textbook.py COUNT WORKERS

adds 0, 1, ... COUNT - 1 and prints JSON: the seconds from the first number put
to the last one taken, without the start of the workers, and the sum.
"""

import json
import multiprocessing
import sys
import time


def work(start, end, queues, lock, left, gate, count):
    tasks, results = queues
    start.wait()
    while count > 1:
        while True:
            # Two gets that belong together: else two workers may hold one number each for ever.
            with lock:
                if left.value == 0:
                    break
                taken = [tasks.get() for _ in range(min(2, left.value))]
                left.value -= len(taken)
            results.put(sum(taken))
        count = (count + 1) // 2
        if gate.wait() == 0:
            left.value = count
        gate.wait()
        tasks, results = results, tasks
    end.wait()


def main(count, workers):
    queues = multiprocessing.Queue(), multiprocessing.Queue()
    lock = multiprocessing.Lock()
    left = multiprocessing.Value("l", count, lock=False)
    gate = multiprocessing.Barrier(workers)
    start, end = (multiprocessing.Barrier(workers + 1) for _ in range(2))
    processes = [
        multiprocessing.Process(target=work, args=(start, end, queues, lock, left, gate, count))
        for _ in range(workers)
    ]
    for process in processes:
        process.start()
    start.wait()
    begun = time.perf_counter()
    for number in range(count):
        queues[0].put(float(number))
    end.wait()
    rounds = (count - 1).bit_length()
    total = queues[rounds % 2].get()
    seconds = time.perf_counter() - begun
    for process in processes:
        process.join()
    print(json.dumps({"seconds": seconds, "sum": total}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
