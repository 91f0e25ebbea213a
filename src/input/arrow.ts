// Arrow's IPC formats, stream and file (of which Feather version 2 is another
// name). Only the buffers of the selected columns are read.
//
// The metadata is read here, not by flechette 2.6.0, which decodes a whole file
// at once, takes 7 times as long where there are nulls, and believes lengths:
// one wrong byte makes it grow an array until the process dies, which cannot be
// caught. The tests compare what the two decode.

import { BatchReader, type ColumnReader } from "./arrow/column.js";
import { fileMessages, isArrowFile, type Messages, streamMessages } from "./arrow/messages.js";
import { type Field, type Layout, places } from "./arrow/schema.js";
import { type ByteStream, decodeError, type FileBytes, readBytes, seekable } from "./bytes.js";
import { batchSource } from "./closable.js";
import { selectColumns } from "./columns.js";
import { Elements } from "./elements.js";
import { toArray } from "./raw.js";
import { BATCH_ROWS, type Batch, type BatchSource, type OpenOptions } from "./source.js";

async function readMessages(input: FileBytes | ByteStream): Promise<Messages> {
  const head = await ("fd" in input ? readBytes(input, 0, Math.min(8, input.size)) : input.peek(8));
  if (isArrowFile(head)) return fileMessages(await seekable(input));
  return streamMessages(input);
}

/** One selected column of the batch that is being filled. */
interface Column {
  readonly place: number;
  readonly layout: Layout;
  elements: Elements;
  count: number;
}

const emptyElements = ({ dtype }: Layout) => new Elements(BATCH_ROWS, dtype.size);

function take(columns: readonly Column[], rows: number, order: readonly number[]): Batch {
  const taken = columns.map((column) => {
    const { layout, elements, count } = column;
    column.elements = emptyElements(layout);
    column.count = 0;
    return toArray(elements.bytes.subarray(0, count * elements.width), layout.dtype);
  });
  const values = order.map((i) => taken[i]!);
  return { rows, values, nulls: values.map((array) => rows - array.length) };
}

/** Record batches of any size become batches of ours: many small ones are put together. */
async function* readBatches(
  messages: Messages,
  selected: readonly number[],
): AsyncGenerator<Batch> {
  const { fields } = messages.schema;
  const unique = [...new Set(selected)];
  const order = selected.map((place) => unique.indexOf(place));
  const columns = unique.map((place): Column => {
    const layout = fields[place]!.layout!;
    return { place, layout, elements: emptyElements(layout), count: 0 };
  });
  let rows = 0;
  for await (const message of messages.batches()) {
    const batch = new BatchReader(message);
    const where = places(fields, batch.views);
    const readers: ColumnReader[] = [];
    for (const { place, layout } of columns) {
      readers.push(await batch.column(where[place]!, layout));
    }
    for (let done = 0; done < batch.rows; ) {
      const n = Math.min(batch.rows - done, BATCH_ROWS - rows);
      for (const [i, column] of columns.entries()) {
        column.count += await readers[i]!.read(done, n, column.elements, column.count);
      }
      done += n;
      rows += n;
      if (rows === BATCH_ROWS) {
        yield take(columns, rows, order);
        rows = 0;
      }
    }
  }
  if (rows > 0) yield take(columns, rows, order);
}

async function* guarded(name: string, batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  try {
    yield* batches;
  } catch (error) {
    throw decodeError(name, "Arrow", error);
  }
}

/**
 * The numeric columns of an Arrow stream or file, nulls left out: bools as uint8, decimals
 * to the nearest float64. Throws ERR_FORMAT, ERR_COLUMN; its batches, ERR_FORMAT for
 * damaged record batches.
 */
export async function openArrow(
  input: FileBytes | ByteStream,
  options: OpenOptions,
): Promise<BatchSource> {
  const { name } = input;
  let messages: Messages;
  try {
    messages = await readMessages(input);
  } catch (error) {
    throw decodeError(name, "Arrow", error);
  }
  const { fields } = messages.schema;
  const candidates = fields.map((field: Field) => ({
    name: field.name,
    type: field.type,
    numeric: field.layout !== undefined,
  }));
  const selected = selectColumns(name, candidates, options.columns);
  const columns = selected.map((place) => ({
    name: fields[place]!.name,
    dtype: fields[place]!.layout!.dtype,
  }));
  return batchSource(
    name,
    { columns, rows: undefined },
    () => guarded(name, readBatches(messages, selected)),
    () => input.close(),
  );
}
