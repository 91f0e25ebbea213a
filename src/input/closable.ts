// What all sources of batches have in common: once closed, they stop.

import { closedError } from "./bytes.js";
import type { Batch, BatchSource } from "./source.js";

/** A source of what `batches` yields; after `close`, even what was already read is refused. */
export function batchSource(
  name: string,
  { columns, rows }: Pick<BatchSource, "columns" | "rows">,
  batches: () => AsyncIterable<Batch>,
  close: () => void,
): BatchSource {
  let closed = false;
  return {
    kind: "batches",
    columns,
    rows,
    async *batches() {
      if (closed) throw closedError(name);
      for await (const batch of batches()) {
        yield batch;
        if (closed) throw closedError(name);
      }
    },
    close() {
      closed = true;
      close();
    },
  };
}
