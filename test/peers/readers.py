# Writes random Parquet, Arrow, CSV and .npy files, and says of each column what Python's own exact
# arithmetic makes of its values: one line of JSON a file. Needs numpy, pyarrow and duckdb.
#
#   python readers.py SEED FIRST COUNT FOLDER
#
# A file depends on the seed and its number only. pyarrow and DuckDB read each file again: whichever
# does not find what was written is named in "peers".

import json
import math
import os
import random
import sys
from decimal import Decimal, getcontext
from fractions import Fraction

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

getcontext().prec = 120
duckdb.sql("SET threads = 1")
SPECIAL = [math.nan, math.inf, -math.inf, -0.0, 0.0, 5e-324, -2.5e-310, 1.7e308, -1.7e308]
CODECS = ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]


def integers(rng, low, high, n):
    kind = rng.randrange(7)
    if kind == 0:
        return [rng.randint(low, high) for _ in range(n)]
    if kind == 1:
        return [rng.choice([low, high, 0, 1, high - 1, low + 1]) for _ in range(n)]
    if kind == 2:
        return sorted(rng.randint(low, high) for _ in range(n))
    start = rng.choice([low, high, (low + high) // 2, rng.randint(low, high)])
    if kind == 3:
        return [start] * n
    if kind == 4:
        return [min(high, max(low, start + i // rng.choice([1, 7, 50]))) for i in range(n)]
    width = 1 << rng.randrange(1, 40)
    return [min(high, max(low, start + rng.randint(-width, width))) for _ in range(n)]


def floats(rng, n, size):
    kind = rng.randrange(5)
    if kind == 0:
        values = [rng.uniform(-1, 1) for _ in range(n)]
    elif kind == 1:
        values = [rng.uniform(-1, 1) * 2.0 ** rng.randint(-1000, 1000) for _ in range(n)]
    elif kind == 2:
        values = [rng.choice(SPECIAL[3:]) for _ in range(n)]
    elif kind == 3:
        values = [rng.randrange(100) / 4 for _ in range(n)]
    else:
        values = [rng.choice(SPECIAL) if rng.random() < 0.01 else rng.gauss(0, 1e3) for _ in range(n)]
    with np.errstate(over="ignore"):
        return [float(np.dtype(f"f{size}").type(v)) for v in values]


def nulled(rng, values):
    kind = rng.randrange(7)
    n = len(values)
    if kind < 2:
        return values
    if kind == 2:
        return [None if i < n // 2 else v for i, v in enumerate(values)]
    if kind == 3:
        return [v if i < n // 3 else None for i, v in enumerate(values)]
    if kind == 4 and rng.random() < 0.3:
        return [None] * n
    share = rng.choice([0.01, 0.3, 0.98])
    return [None if rng.random() < share else v for v in values]


def column(rng, kind, n):
    """Arrow's type and the values: ints, floats, Decimals, bools."""
    if kind == "bool":
        return pa.bool_(), nulled(rng, [rng.random() < 0.4 for _ in range(n)])
    if kind in ("f2", "f4", "f8"):
        type = {"f2": pa.float16(), "f4": pa.float32(), "f8": pa.float64()}[kind]
        return type, nulled(rng, floats(rng, n, int(kind[1])))
    if kind[0] in "iu":
        bits = int(kind[1:])
        low = 0 if kind[0] == "u" else -(1 << bits - 1)
        name = ("u" if kind[0] == "u" else "") + f"int{bits}"
        return pa.type_for_alias(name), nulled(rng, integers(rng, low, low + (1 << bits) - 1, n))
    most = {"d32": 9, "d64": 18, "d128": 38, "d256": 76}[kind]
    precision = rng.randint(1, most)
    scale = rng.randint(0, precision)
    make = {"d32": pa.decimal32, "d64": pa.decimal64, "d128": pa.decimal128, "d256": pa.decimal256}[kind]
    high = 10**precision - 1
    return make(precision, scale), nulled(rng, [Decimal(v).scaleb(-scale) for v in integers(rng, -high, high, n)])


NUMBERS = ["bool"] + [f"{s}{b}" for s in "iu" for b in (8, 16, 32, 64)] + ["f2", "f4", "f8"]

# Twice as often: what DuckDB writes as deltas, without a sign.
DELTAS = ["u32", "u64", "i32", "u32"]


def text(value):
    """A result as JavaScript reads it back: all digits of an integer, a float to the bit."""
    return repr(float(value)) if isinstance(value, float) else str(int(value))


def nearest(fraction):
    try:
        return fraction.numerator / fraction.denominator
    except OverflowError:
        return math.inf if fraction > 0 else -math.inf


def total(values):
    """The exact sum: an int, a Fraction, or a float that is not finite."""
    if values and isinstance(values[0], float):
        odd = [v for v in values if not math.isfinite(v)]
        if odd:
            return sum(odd)
        return sum(map(Fraction, values), Fraction(0))
    if values and isinstance(values[0], Decimal):
        return sum(map(Fraction, values), Fraction(0))
    return sum(map(int, values))


def place(cells, is_max):
    """NumPy's argmin and argmax with -0 < 0, over rows with nulls."""
    best = None
    for row, value in enumerate(cells):
        if value is None:
            continue
        if isinstance(value, Decimal):
            value = nearest(Fraction(value))
        nan = isinstance(value, float) and math.isnan(value)
        key = (1 if nan else 0, 0 if nan else value if is_max else -value,
               0 if nan or value != 0 else math.copysign(1, value) * (1 if is_max else -1))
        if best is None or key > best[0]:
            best = (key, row)
    return best[1]


def expected(name, cells):
    values = [v for v in cells if v is not None]
    told = {"name": name, "count": len(values), "nulls": len(cells) - len(values)}
    if not values:
        return told
    sum_ = total(values)
    is_float = isinstance(values[0], (float, Decimal))
    if isinstance(sum_, Fraction):
        mean = nearest(sum_ / len(values))
        only_zeros = isinstance(values[0], float) and all(v == 0 and math.copysign(1, v) < 0 for v in values)
        sum_ = -0.0 if only_zeros else nearest(sum_)
        mean = -0.0 if only_zeros else mean
    elif isinstance(sum_, float):
        mean = sum_
    else:
        mean = nearest(Fraction(sum_, len(values)))
    ends = [place(cells, False), place(cells, True)]
    ends_values = [nearest(Fraction(v)) if isinstance(v := cells[row], Decimal) else v for row in ends]
    return {**told, "isFloat": is_float, "sum": text(sum_), "mean": text(mean), "min": text(ends_values[0]),
            "max": text(ends_values[1]), "argmin": ends[0], "argmax": ends[1]}


def same(found, cells):
    def eq(a, b):
        if a is None or b is None:
            return a is b
        if isinstance(b, float):
            return a == b and math.copysign(1, a) == math.copysign(1, b) or (a != a and b != b)
        return a == b
    return len(found) == len(cells) and all(map(eq, found, cells))


def peers(columns, readers):
    """Those that do not find what was written."""
    wrong = {}
    for peer, read in readers.items():
        try:
            table = read()
            for name, cells in columns.items():
                found = table.column(name)
                if pa.types.is_float16(found.type):
                    found = found.cast(pa.float32())
                if not same(found.to_pylist(), cells):
                    wrong[peer] = f"{name} differs"
        except Exception as error:
            wrong[peer] = f"{type(error).__name__}: {str(error)[:100]}"
    return wrong


def rows_of(rng):
    return rng.choice([0, 1, 2, 3, 7, 100, rng.randrange(3000), rng.randrange(3000),
                       rng.randrange(20000) if rng.random() < 0.95 else 300_000 + rng.randrange(9)])


def table_of(rng, kinds, beside=True):
    n = rows_of(rng)
    made = {f"c{i}": column(rng, rng.choice(kinds), n) for i in range(rng.randint(1, 4))}
    arrays = {name: pa.array(values, type) for name, (type, values) in made.items()}
    if beside:
        arrays["text"] = pa.array([f"{i % 9}é" for i in range(n)], pa.string())
        if rng.random() < 0.3:
            arrays["list"] = pa.array([[i, None] for i in range(n)], pa.list_(pa.int32()))
    names = list(arrays)
    rng.shuffle(names)
    table = pa.table({name: arrays[name] for name in names})
    fields = [f.with_nullable(table.column(f.name).null_count > 0 or rng.random() < 0.7) for f in table.schema]
    return table.cast(pa.schema(fields)), {name: values for name, (_, values) in made.items()}


def encoding(rng, type):
    """One that pyarrow writes for the type; None: as it likes."""
    if pa.types.is_boolean(type):
        return rng.choice(["PLAIN", "RLE"])
    if pa.types.is_integer(type):
        return rng.choice(["PLAIN", "DELTA_BINARY_PACKED", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"])
    if pa.types.is_floating(type):
        return rng.choice(["PLAIN", "BYTE_STREAM_SPLIT"])
    return rng.choice(["PLAIN", None])


def parquet(rng, path):
    table, columns = table_of(rng, [*NUMBERS, "d128", "d256", "d128"])
    how = {
        "compression": rng.choice(CODECS),
        "data_page_version": rng.choice(["1.0", "2.0"]),
        "data_page_size": rng.choice([64, 1000, 1 << 20]),
        "row_group_size": rng.choice([50, 1000, 1 << 20]),
        "write_page_index": rng.random() < 0.3,
        "write_statistics": rng.random() < 0.7,
        "version": rng.choice(["1.0", "2.4", "2.6"]),
        "store_decimal_as_integer": rng.random() < 0.5,
    }
    if rng.random() < 0.5:
        found = {n: encoding(rng, table.schema.field(n).type) for n in columns}
        how |= {"use_dictionary": False, "column_encoding": {n: e for n, e in found.items() if e}}
    elif rng.random() < 0.5:
        # Pages of codes, then pages of numbers.
        how |= {"dictionary_pagesize_limit": rng.choice([16, 500, 5000])}
    if how["store_decimal_as_integer"]:
        how["column_encoding"] = {n: e for n, e in how.get("column_encoding", {}).items()
                                  if not pa.types.is_decimal(table.schema.field(n).type)} or None
    pq.write_table(table, path, **how)
    readers = {"pyarrow": lambda: pq.read_table(path, columns=list(columns))}
    if not any(pa.types.is_decimal256(f.type) or pa.types.is_float16(f.type) for f in table.schema):
        readers["duckdb"] = lambda: duckdb.sql(f"SELECT * FROM '{path}'").to_arrow_table()
    return columns, how, readers


def duck(rng, path):
    rows, columns = table_of(rng, [k for k in NUMBERS if k != "f2"] + ["d128", *DELTAS], beside=False)
    how = {
        "PARQUET_VERSION": rng.choice(["v1", "v2", "v2"]),
        "COMPRESSION": rng.choice(["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"]),
        "ROW_GROUP_SIZE": rng.choice([2048, 122880]),
        "DICTIONARY_SIZE_LIMIT": rng.choice([1, 1, 100, 100000]),
    }
    options = ", ".join(f"{key} {value}" for key, value in how.items())
    duckdb.register("rows", rows)
    duckdb.sql(f"COPY (SELECT * FROM rows) TO '{path}' (FORMAT parquet, {options})")
    return columns, how, {
        "duckdb": lambda: duckdb.sql(f"SELECT * FROM '{path}'").to_arrow_table(),
        "pyarrow": lambda: pq.read_table(path),
    }


def arrow(rng, path):
    table, columns = table_of(rng, [*NUMBERS, "d32", "d64", "d128", "d256"])
    how = {"compression": rng.choice([None, "lz4", "zstd"]), "stream": rng.random() < 0.5,
           "max_chunksize": rng.choice([7, 100, 1 << 20]), "offset": rng.choice([0, 3, 8])}
    offset = min(how["offset"], len(table))
    # Arrays that begin within a byte of their bits.
    table = table.slice(offset)
    columns = {name: cells[offset:] for name, cells in columns.items()}
    new = ipc.new_stream if how["stream"] else ipc.new_file
    with new(path, table.schema, options=ipc.IpcWriteOptions(compression=how["compression"])) as writer:
        writer.write_table(table, max_chunksize=how["max_chunksize"])
    opened = ipc.open_stream if how["stream"] else ipc.open_file
    return columns, how, {"pyarrow": lambda: opened(path).read_all()}


def csv(rng, path):
    kind = rng.choice(["f8", "i64", "u64", "i32", "u8"])
    n = max(1, rows_of(rng))
    columns = {f"c{i}": column(rng, kind, n)[1] for i in range(rng.randint(2, 4))}
    # A column of nothing has no type.
    columns = {name: cells[:-1] + [cells[-1] if any(c is not None for c in cells) else type(floats(rng, 1, 8)[0] if kind == 'f8' else 1)(7)]
               for name, cells in columns.items()}
    how = {"dtype": {"f8": "float64", "i64": "int64", "u64": "uint64", "i32": "int32", "u8": "uint8"}[kind],
           "delimiter": rng.choice([",", ";", "\t", "|"]), "newline": rng.choice(["\n", "\r\n"]),
           "null": rng.choice(["", "NA", "null"]), "quote": rng.random() < 0.3}

    def cell(value):
        told = how["null"] if value is None else repr(value)
        return f'"{told}"' if how["quote"] and rng.random() < 0.5 else told

    lines = [how["delimiter"].join(columns)]
    lines += [how["delimiter"].join(map(cell, row)) for row in zip(*columns.values())]
    with open(path, "w", newline="") as file:
        file.write(how["newline"].join(lines) + how["newline"] * rng.randrange(2))
    return columns, how, {}


def npy(rng, path):
    kind = rng.choice(["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"])
    shape = rng.choice([(rows_of(rng),), (rng.randrange(1, 40), rng.randrange(1, 40)), (3, 1, 5), (2, 300, 3)])
    n = math.prod(shape)
    bits = 8 * int(kind[1])
    values = floats(rng, n, bits // 8) if kind[0] == "f" else integers(
        rng, *((0, (1 << bits) - 1) if kind[0] == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)), n)
    how = {"dtype": rng.choice("<>") + kind, "shape": shape, "fortran": rng.random() < 0.5}
    array = np.array(values, how["dtype"]).reshape(shape, order="C")
    np.save(path, np.asfortranarray(array) if how["fortran"] else array)
    return {"": values}, how, {}


MAKERS = {".parquet": [parquet, parquet, parquet, duck, duck], ".arrow": [arrow, arrow], ".csv": [csv], ".npy": [npy]}
ALL = [(extension, maker) for extension, makers in MAKERS.items() for maker in makers]


def main(seed, first, count, folder):
    for number in range(first, first + count):
        rng = random.Random(f"{seed}/{number}")
        extension, maker = rng.choice(ALL)
        path = os.path.join(folder, f"{number}{extension}")
        columns, how, readers = maker(rng, path)
        line = {"number": number, "path": path, "maker": maker.__name__, "how": how,
                "columns": [expected(name, cells) for name, cells in columns.items()],
                "peers": peers(columns, readers), "readers": list(readers)}
        print(json.dumps(line, default=str), flush=True)


main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
