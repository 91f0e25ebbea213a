// The cutting of text into cells, and of cells into numbers, against a naive
// writer, the runtime's own conversion, and udsv where it reads right.

import fc from "fast-check";
import { initParser } from "udsv";
import { cellColumn, numberOf, simpleNumber } from "../../src/input/csv/cell.js";
import { Records } from "../../src/input/csv/records.js";
import { dtypeInfo } from "../../src/operators/dtype.js";
import { assert, fcOptions, test } from "../harness.js";

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
  /** The line of each cell. */
  readonly lines: readonly number[];
}

/** All records of a text that arrives in pieces which end at `cuts`. */
function parse(text: string, delimiter: string, cuts: readonly number[]): Row[] {
  const bytes = Buffer.from(text);
  const records = new Records("x", delimiter.charCodeAt(0));
  const rows: Row[] = [];
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let at = 0;
  for (const [i, end] of [...ends, bytes.length].entries()) {
    const final = i === ends.length;
    records.feed(Buffer.concat([records.rest, bytes.subarray(at, end)]), final);
    at = end;
    for (let cells = records.next(); cells > 0; cells = records.next()) {
      const indices = Array.from({ length: cells }, (_, cell) => cell);
      rows.push({
        line: records.line,
        cells: indices.map((cell) => records.text(cell)),
        lines: indices.map((cell) => records.lineOf(cell)),
      });
    }
  }
  assert.is(records.rest.length, 0, "nothing is left over");
  return rows;
}

/** Writes rows, one way or the other of those that are allowed; says the lines of all cells. */
function write(
  rows: readonly (readonly string[])[],
  delimiter: string,
  eol: string,
  choice: (cell: string) => boolean,
  last: boolean,
): { text: string; expected: Row[] } {
  let line = 1;
  let text = "";
  const expected: Row[] = [];
  for (const cells of rows) {
    const start = line;
    const lines: number[] = [];
    const written = cells.map((cell) => {
      lines.push(line);
      line += cell.match(/\r\n|\r|\n/g)?.length ?? 0;
      const must = /["\r\n]/.test(cell) || cell.includes(delimiter) || cells.length === 1;
      return must || choice(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
    });
    text += written.join(delimiter) + eol;
    line++;
    expected.push({ line: start, cells, lines });
  }
  return { text: last ? text : text.slice(0, -eol.length), expected };
}

const cell = fc.oneof(
  fc.string({ maxLength: 8, unit: fc.constantFrom(...Array.from('ab1."\n\r,;\t| é€')) }),
  fc.double().map(String),
  fc.constant(""),
);
const table = fc.integer({ min: 1, max: 5 }).chain((width) =>
  fc.array(fc.array(cell, { minLength: width, maxLength: width }), {
    minLength: 1,
    maxLength: 12,
  }),
);
const delimiter = fc.constantFrom(",", ";", "\t", "|");
const cuts = fc.array(fc.nat(300), { maxLength: 6 });

test("what a naive writer writes is read back, cell by cell and line by line, in any pieces", () => {
  fc.assert(
    fc.property(
      table,
      delimiter,
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.func(fc.boolean()),
      fc.boolean(),
      cuts,
      (rows, d, eol, choice, last, pieces) => {
        const { text, expected } = write(rows, d, eol, choice, last);
        assert.equal(parse(text, d, pieces), expected);
      },
    ),
    fcOptions(1000),
  );
});

test("any text is cut into the same records whatever its pieces, or refused alike", () => {
  const outcome = (text: string, pieces: readonly number[]) => {
    try {
      return parse(text, ",", pieces);
    } catch (error) {
      return (error as Error).message;
    }
  };
  fc.assert(
    fc.property(
      fc.string({ maxLength: 60, unit: fc.constantFrom(...Array.from('ab1"\n\r,é')) }),
      cuts,
      (text, pieces) => assert.equal(outcome(text, pieces), outcome(text, [])),
    ),
    fcOptions(2000),
  );
});

test("udsv sees the same cells in tables of several columns", () => {
  const clean = fc.string({ maxLength: 6, unit: fc.constantFrom(...Array.from('ab1. "é')) });
  const rows = fc.integer({ min: 2, max: 4 }).chain((width) =>
    fc.array(fc.array(clean, { minLength: width, maxLength: width }), {
      minLength: 1,
      maxLength: 8,
    }),
  );
  fc.assert(
    fc.property(rows, delimiter, fc.func(fc.boolean()), (cells, d, choice) => {
      const { text } = write(cells, d, "\n", choice, true);
      const cols = cells[0]!.map((_, i) => ({
        name: String(i),
        type: "s" as const,
        repl: { empty: undefined, null: undefined, NaN: undefined },
      }));
      const schema = { skip: 0, col: d, row: "\n", encl: '"', esc: '"', trim: false, cols };
      const theirs = initParser(schema).stringArrs(text);
      assert.equal(
        parse(text, d, []).map((row) => row.cells),
        theirs,
      );
    }),
    fcOptions(500),
  );
});

const simple = (text: string): number => {
  const bytes = Buffer.from(`..${text}..`);
  return simpleNumber(bytes, 2, bytes.length - 2);
};

test("a number of few digits is read without a string exactly as the runtime reads it", () => {
  const decimal = fc
    .tuple(
      fc.constantFrom("", "-", "+"),
      fc.string({ maxLength: 18, unit: fc.constantFrom(..."0123456789") }),
      fc.constantFrom("", ".", "."),
      fc.string({ maxLength: 18, unit: fc.constantFrom(..."0123456789") }),
      fc.oneof(
        fc.constant(""),
        fc.integer({ min: -40, max: 40 }).map((e) => `e${e}`),
      ),
    )
    .map((parts) => parts.join(""));
  let fast = 0;
  fc.assert(
    fc.property(decimal, (text) => {
      const value = simple(text);
      if (Number.isNaN(value)) return;
      fast++;
      assert.same(value, Number(text), text);
      assert.same(numberOf(text), value, text);
    }),
    fcOptions(5000),
  );
  assert.ok(fast > 1000);
});

test("no other text passes for a number of few digits", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 10, unit: fc.constantFrom(..."019.-+eEx_ ,NaifI") }),
      (text) => {
        const value = simple(text);
        if (Number.isNaN(value)) return;
        assert.match(text, /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/);
        assert.same(value, Number(text), text);
      },
    ),
    fcOptions(5000),
  );
});

test("any float64 survives being written and read", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), (value) => {
      assert.same(numberOf(Object.is(value, -0) ? "-0" : String(value)), value);
      if (value !== 0) assert.same(numberOf(value.toExponential()), value);
    }),
    fcOptions(1000),
  );
});

test("any 64-bit integer survives being written and read, any other is refused", () => {
  for (const [name, wrap] of [
    ["int64", BigInt.asIntN],
    ["uint64", BigInt.asUintN],
  ] as const) {
    const column = cellColumn(dtypeInfo(name));
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }), (value) => {
        const bytes = Buffer.from(String(value));
        assert.is(column.put(bytes, 0, bytes.length), wrap(64, value) === value);
        const { values } = column.take();
        assert.equal([...values], wrap(64, value) === value ? [value] : []);
      }),
      fcOptions(300),
    );
  }
});
