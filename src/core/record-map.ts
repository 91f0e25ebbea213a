// Where record.ts keeps what it writes down, and what it is told. Host and core compile this same
// file, as they do map.ts. Behind the lines of the participants:

/** i64: one more at each call and at each return: one order of all of them, true to real time. */
export const RECORD_CLOCK = 262144;
/** u32, always 0: threads nap here. */
export const RECORD_NAP = 262272;
/** u32: batches begun; the host wakes the threads here. */
export const RECORD_BEGUN = 262400;
/** u32: threads that are through with the batch. */
export const RECORD_DONE = 262528;
export const HISTORIES = 266240;

// A history: what to do, a ring, and for each thread what it did.

export const HISTORY_THREADS = 0;
/** u32: threads 0 … n − 1 push, the others pop. */
export const HISTORY_PRODUCERS = 4;
/** u32: of 16 operations, how many are the other role's. */
export const HISTORY_MIXED = 8;
/** u32: pushes, pops and looks a thread. */
export const HISTORY_OPERATIONS = 12;
/** u32: most tickets of one claim, and of one reservation. */
export const HISTORY_MOST = 16;
export const HISTORY_SEED = 20;
/** u32: how it pauses: see `pause`. */
export const HISTORY_PACE = 24;
/** u32: threads that have come to the start. */
export const HISTORY_ARRIVED = 64;
export const HISTORY_RING = 128;
export const HISTORY_SLOTS = 512;
export const MOST_CAPACITY = 32;
export const HISTORY_RECORDS = 4096;
export const MOST_THREADS = 8;
export const THREAD_RECORDS = 128;
export const HISTORY_SIZE = 69632;

// A record: one operation.

/** u32: what was called; 0: nothing any more. */
export const RECORD_CALLED = 0;
/** i32: most tickets to reserve, or claim; the first value that is published; tickets released. */
export const RECORD_ARGUMENT = 4;
/** i64: from the clock. */
export const RECORD_CALL = 8;
/** i64: from the clock; 0: it never returned. */
export const RECORD_RETURN = 16;
/** i64: first ticket that was reserved, published, claimed or released; the size. */
export const RECORD_TICKET = 24;
/** i32: tickets reserved (0: full), published, claimed; 1 for true. */
export const RECORD_RESULT = 32;
/** 7 × i32: values read from the claimed slots; 0: not read. */
export const RECORD_VALUES = 36;
export const MOST_VALUES = 7;
export const RECORD_BYTES = 64;
/** A value whose two copies in the payload differ. */
export const TORN = -1;

export const CALLED_RESERVE = 1;
export const CALLED_PUBLISH = 2;
export const CALLED_CLAIM = 3;
export const CALLED_RELEASE = 4;
export const CALLED_IS_EMPTY = 5;
export const CALLED_IS_READY = 6;
export const CALLED_SIZE = 7;
