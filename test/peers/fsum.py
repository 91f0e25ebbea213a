"""Python's exact sum, math.fsum, of a file of raw float64.

    fsum.py FILE

prints JSON: the seconds of one call on an array in memory, the sum, and the
processor time of the whole program.
"""

import array
import json
import math
import os
import sys
import time

numbers = array.array("d")
with open(sys.argv[1], "rb") as file:
    numbers.fromfile(file, os.path.getsize(sys.argv[1]) // numbers.itemsize)
math.fsum(numbers[:65536])
begun = time.perf_counter()
total = math.fsum(numbers)
seconds = time.perf_counter() - begun
print(json.dumps({"seconds": seconds, "sum": total, "busy": time.process_time()}))
