// Shows a history of ring operations that is not linearizable: as a table, and on a line a thread.

import { RingModel, type RingOperation, type RingState, stepsOf } from "./linear-model.js";
import { check, type Timed } from "./linearizability.js";

/** Operations that already took effect and are shown before those that cannot. */
const SHOWN_BEFORE = 8;

/** `isProducer`: by thread. `history`: wrong, and as small as it gets. */
export function explain(
  capacity: number,
  history: readonly Timed<RingOperation>[],
  threadName: (thread: number) => string,
): string {
  const { steps, of } = stepsOf(history);
  const model = new RingModel(capacity, history);
  const verdict = check(model, steps, Infinity);
  if (verdict.kind !== "violation") throw new Error("the history is linearizable");
  const stuck = of[verdict.stuck] as number;
  const done = new Set(verdict.order.map((step) => of[step] as number));
  // What is only half done is not done.
  for (const [step, i] of of.entries()) if (!verdict.order.includes(step)) done.delete(i);
  const before = [...done].slice(-SHOWN_BEFORE);
  const beside = [...history.keys()].filter((i) => !done.has(i));
  const shown = [...before, ...beside].sort((a, b) => callOf(history, a) - callOf(history, b));
  const rows = shown.map((i, row) => {
    const { thread, call, returned, operation } = history[i] as Timed<RingOperation>;
    const place = before.indexOf(i);
    const effect = place >= 0 ? `${done.size - before.length + place + 1}.` : "";
    return [
      `#${row + 1}`,
      threadName(thread),
      String(call),
      returned === undefined ? "never" : String(returned),
      describe(operation, returned === undefined),
      i === stuck ? "cannot" : effect,
    ];
  });
  const stuckRow = shown.indexOf(stuck) + 1;
  return [
    `${history.length} operations on a ring of ${capacity} cannot be put in an order. The longest`,
    `order of ${done.size} leaves ${describeState(verdict.state, capacity)};`,
    `#${stuckRow} has to take effect by time ${history[stuck]?.returned}, and cannot:`,
    whyNot(model, verdict.state, history[stuck] as Timed<RingOperation>),
    "",
    ...columns([["", "thread", "call", "return", "operation", "effect"], ...rows]),
    "",
    ...timeLines(
      shown.map((i) => history[i] as Timed<RingOperation>),
      threadName,
    ),
  ].join("\n");
}

function callOf(history: readonly Timed<unknown>[], i: number): number {
  return (history[i] as Timed<unknown>).call;
}

export function describe(operation: RingOperation, pending = false): string {
  const answer = (text: string | number | boolean) => (pending ? "" : ` → ${text}`);
  switch (operation.kind) {
    case "reserve": {
      const { most, first, n } = operation;
      const many = n === 1 ? first : `${n} from ${first}`;
      return `reserve${most === 1 ? "" : ` ${most}`}${answer(n === 0 ? "full" : many)}`;
    }
    case "publish": {
      const { first, values } = operation;
      if (values.length === 1) return `publish ${first}, value ${hex(values[0] as number)}`;
      return `publish ${values.length} from ${first}: ${values.map(hex).join(" ")}`;
    }
    case "claim": {
      const { most, first, values } = operation;
      if (values.length === 0) return `claim ${most}${answer(0)}`;
      const read = values.map((v) => (v === undefined ? "unread" : hex(v))).join(" ");
      return `claim ${most}${answer(`${values.length} from ${first}: ${read}`)}`;
    }
    case "release":
      return operation.n === 1
        ? `release ${operation.first}`
        : `release ${operation.n} from ${operation.first}`;
    default:
      return `${operation.kind}${answer(operation.result)}`;
  }
}

function hex(value: number): string {
  return value === -1 ? "torn" : value.toString(16);
}

function describeState({ head, tail, published, claimed }: RingState, capacity: number): string {
  const tickets = (bits: number, first: number, end: number) => {
    const some = [];
    for (let t = first; t < end; t++) if ((bits >>> (t & (capacity - 1))) & 1) some.push(t);
    return some.join(" ") || "none";
  };
  return (
    `head ${head}, tail ${tail}, published ${tickets(published, head, tail)}, ` +
    `claimed and not released ${tickets(claimed, Math.max(0, head - capacity), head)}`
  );
}

function whyNot(model: RingModel, state: RingState, { operation }: Timed<RingOperation>): string {
  switch (operation.kind) {
    case "reserve":
      if (operation.n === 0) return "the ring is not full.";
      if (operation.first !== state.tail) return `the next ticket to reserve is ${state.tail}.`;
      return operation.n > model.free(state)
        ? `slots free from ${state.tail} on: ${model.free(state)}.`
        : "it left a slot that was free all the while.";
    case "publish":
      return "that ticket is not reserved, or published already.";
    case "claim":
      if (operation.values.length === 0) return `ticket ${state.head}, the next, is published.`;
      if (operation.first !== state.head) return `the next ticket to claim is ${state.head}.`;
      if (operation.values.length > model.ready(state)) {
        return `published from ${state.head} on: ${model.ready(state)}.`;
      }
      return model.isAsPublished(operation)
        ? "it left a ticket that was published all the while."
        : "a value is not the one that was published at its ticket.";
    case "release":
      return "that ticket is not claimed.";
    default:
      return "it was never so.";
  }
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] as readonly string[]).map((_, c) =>
    Math.max(...rows.map((row) => (row[c] as string).length)),
  );
  return rows.map((row) =>
    row
      .map((cell, c) => cell.padEnd(widths[c] as number))
      .join("  ")
      .trimEnd(),
  );
}

/** A bar an operation, from its call to its return, with its number in the table. */
function timeLines(
  shown: readonly Timed<unknown>[],
  threadName: (thread: number) => string,
): string[] {
  const times = shown.flatMap((o) => (o.returned === undefined ? [o.call] : [o.call, o.returned]));
  times.sort((a, b) => a - b);
  const step = 3;
  const end = times.length * step + 2;
  const threads = [...new Set(shown.map((o) => o.thread))].sort((a, b) => a - b);
  const width = Math.max(...threads.map((t) => threadName(t).length));
  return threads.map((thread) => {
    const line = Array<string>(end).fill(" ");
    for (const [i, { thread: whose, call, returned }] of shown.entries()) {
      if (whose !== thread) continue;
      const from = times.indexOf(call) * step;
      const to = returned === undefined ? end : times.indexOf(returned) * step;
      const label = `${i + 1}`;
      for (let x = from; x < to; x++) line[x] = "-";
      line[from] = "|";
      line[Math.min(to, end - 1)] = returned === undefined ? ">" : "|";
      for (const [k, c] of [...label].entries()) line[from + 1 + k] = c;
    }
    return `${threadName(thread).padEnd(width)}  ${line.join("").trimEnd()}`;
  });
}
