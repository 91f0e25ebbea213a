// How an error of a task reaches the submitter: the text in the arena, its
// address and block in one word of the job. The lowest block wins, whoever
// comes first, so that the error of a job does not depend on the schedule.

import { JOB_ERROR, JOB_SIZE, JOB_TEXTS, JOBS } from "../core/map.js";
import { type ErrorCode, RingfoldError, show } from "../errors.js";
import type { Shared } from "./shared.js";

interface Text {
  name: string;
  message: string;
  stack: string | undefined;
  code: string | undefined;
  /** Of an error that ringfold raised by itself. */
  isOwn: boolean;
}

const HEADER = 4;
/** Characters of a message or a stack that are kept. */
const MOST_TEXT = 8192;

function describe(error: unknown): Text {
  // Anything can be thrown, and any property of it can be anything, or throw. Only text is believed:
  // a Proxy has whatever properties it likes.
  const get = (name: string): string | undefined => {
    try {
      const value = (error as Record<string, unknown>)[name];
      return typeof value === "string" ? value : undefined;
    } catch {
      return undefined;
    }
  };
  const isObject = typeof error === "object" && error !== null;
  const isOwn = RingfoldError.isOwn(error);
  if (!isObject) {
    const message = typeof error === "string" && error !== "" ? error : `${show(error)} was thrown`;
    return { name: "Error", message, stack: undefined, code: undefined, isOwn };
  }
  const message = get("message") || "an object without a message was thrown";
  return { name: get("name") ?? "Error", message, stack: get("stack"), code: get("code"), isOwn };
}

/** Its address, or 0 if the memory is full. It belongs to the job, whatever becomes of this thread. */
function writeText(shared: Shared, job: number, json: string): number {
  const bytes = new TextEncoder().encode(json);
  Atomics.store(shared.i32s, (job + JOB_TEXTS) >> 2, 1);
  try {
    const address = shared.arena.alloc(HEADER + bytes.length, textOwner(job));
    shared.reach(address + HEADER + bytes.length);
    shared.u32s[address >>> 2] = bytes.length;
    shared.bytes.set(bytes, address + HEADER);
    return address;
  } catch {
    return 0;
  }
}

/** Called by the thread that ran the task; never throws. */
export function reportError(shared: Shared, job: number, block: number, error: unknown): void {
  const text = describe(error);
  text.message = text.message.slice(0, MOST_TEXT);
  text.stack = text.stack?.slice(0, MOST_TEXT);
  const address = writeText(shared, job, JSON.stringify(text));
  const word = (job + JOB_ERROR) >> 3;
  const mine = (BigInt(block) << 32n) | BigInt(address);
  for (let seen = Atomics.load(shared.i64s, word); ; ) {
    if (seen !== -1n && seen >> 32n <= BigInt(block)) {
      if (address !== 0) shared.arena.free(address);
      return;
    }
    const before = Atomics.compareExchange(shared.i64s, word, seen, mine);
    if (before === seen) {
      const displaced = seen === -1n ? 0 : Number(seen & 0xffffffffn);
      if (displaced !== 0) shared.arena.free(displaced);
      return;
    }
    seen = before;
  }
}

/** The lowest block whose task failed so far; undefined if none did. */
export function failedBlock(shared: Shared, job: number): number | undefined {
  const word = Atomics.load(shared.i64s, (job + JOB_ERROR) >> 3);
  return word === -1n ? undefined : Number(word >> 32n);
}

/** Frees what was written down, by threads that died of it as well. Once no task runs any more. */
export function dropErrors(shared: Shared, job: number): void {
  if (shared.i32(job + JOB_TEXTS) !== 0) shared.arena.freeAll(textOwner(job));
}

/** Whom the arena takes for the owner of a job's texts. */
function textOwner(job: number): number {
  return 1024 + (job - JOBS) / JOB_SIZE;
}

/** The job's error, made anew in the submitter's thread; undefined if there is none. */
export function readError(shared: Shared, job: number): Error | undefined {
  const word = Atomics.load(shared.i64s, (job + JOB_ERROR) >> 3);
  if (word === -1n) return undefined;
  const address = Number(word & 0xffffffffn);
  if (address === 0) {
    return new RingfoldError(
      "ERR_MEMORY",
      "a task failed, and the engine's memory has no room left for what it said: free arrays or " +
        "raise `maxBytes`",
    );
  }
  shared.reach(address + HEADER);
  const length = shared.u32(address);
  shared.reach(address + HEADER + length);
  const json = new TextDecoder().decode(
    shared.bytes.slice(address + HEADER, address + HEADER + length),
  );
  return remake(JSON.parse(json) as Text);
}

function remake(text: Text): Error {
  if (text.isOwn) {
    return new RingfoldError(text.code as ErrorCode, text.message);
  }
  const error = new RingfoldError("ERR_USER_OPERATOR", text.message, {
    cause: Object.assign(new Error(text.message), { name: text.name, code: text.code }),
  });
  // Where the user's code threw is what the user needs to see.
  if (text.stack !== undefined) error.stack = text.stack;
  return error;
}

/** What user code threw in this thread, in the form in which a worker's error arrives. */
export function userError(error: unknown): Error {
  return RingfoldError.isOwn(error) ? error : remake(describe(error));
}
