// Where things are in the memory of a drill (drill.ts): a memory without an engine, on which the
// stress scenarios drive rings and gates. Plain constants: host and core compile this same file.
// Participants' lines are where map.ts has them; all else is behind.

/** At most so many threads in a drill; participant m is thread m. */
export const DRILL_THREADS = 128;

/** i32: 1 when producers shall end. */
export const DRILL_STOP = 262400;
/** i32: producers that have ended. */
export const DRILL_ENDED = 262528;
/** i32, always 0: who naps waits here. */
export const DRILL_NAP = 262656;
/** i32: items of the burst that were taken. */
export const BURST_TAKEN = 262784;
/** i32: the number of the burst that is over. */
export const BURST_OVER = 262912;

// What a thread says about itself; only it writes, but for NOTE_VICTIM and NOTE_SWALLOWS.
export const NOTES = 266240;
export const NOTE_SIZE = 512;
/** i64: items put, taken or handed on. */
export const NOTE_COUNT = 0;
/** i32: rules broken; the first one, and what was seen then. */
export const NOTE_WRONG = 8;
export const NOTE_RULE = 12;
export const NOTE_TICKET = 16;
export const NOTE_PRODUCER = 24;
export const NOTE_INDEX = 28;
/** i32: STATE_… */
export const NOTE_STATE = 32;
/** i32: 1: the next wake-up is swallowed, and the thread is about to be terminated. */
export const NOTE_VICTIM = 36;
/** i32: 1: goes back to sleep after each wake-up, with one look only. */
export const NOTE_SWALLOWS = 40;
/** i64 counters. */
export const NOTE_PARKS = 48;
export const NOTE_NOTIFIES = 56;
/** Parks that timed out with work ready that somebody came for a little later. */
export const NOTE_LATE = 64;
export const NOTE_TIMEOUTS = 72;
/** Puts that found the ring full at first; puts that gave up. */
export const NOTE_FULL = 80;
export const NOTE_FAILED = 88;
/** i64: nanoseconds of the clock when the thread's work began and ended. */
export const NOTE_BEGAN = 96;
export const NOTE_ENDED = 104;
/** i64: sum of the indices taken. */
export const NOTE_SUM = 112;
/** i64: the greatest time recorded, in nanoseconds. */
export const NOTE_MOST = 120;
/** i32 a producer: the last index that this consumer took from it. */
export const NOTE_LAST = 256;
export const MAX_PRODUCERS = 64;

export const STATE_RUNS = 0;
export const STATE_PARKED = 1;
export const STATE_SWALLOWED = 2;

/** An item was not what its producer put there. */
export const RULE_WHOLE = 1;
/** An item came behind a later one of its producer. */
export const RULE_ORDER = 2;
/** An item was taken twice. */
export const RULE_TWICE = 3;
/** A park timed out, and work was ready whose publisher should have ended it. */
export const RULE_WOKEN = 4;

// Times, counted by size: 64 counters (u32) for each power of two of nanoseconds.
export const TIMES = 331776;
export const TIMES_SIZE = 16384;
export const TIMES_BUCKETS = 3776;

// A link: a ring, the gate of those who take from it, and when each publication was over.
export const LINKS = 2428928;
export const LINK_RING = 0;
export const LINK_GATE = 384;
/** 64 × i64: clock when the wake-up behind the publication of ticket t was over, at t mod 64. */
export const LINK_OVER = 640;
export const LINK_SIZE = 1152;
export const MAX_LINKS = 64;
/** Words of a link's gate. */
export const LINK_WORDS = 2;

/** Slots of the rings, then the map of what was taken: a byte an item. */
export const DRILL_SLOTS = 2555904;

// An item.
export const ITEM_PRODUCER = 0;
export const ITEM_INDEX = 4;
/** i64: over the ticket and the two above. */
export const ITEM_CHECK = 8;
/** i64: nanoseconds of the clock from which this item's time counts; 0: not at all. */
export const ITEM_STAMP = 16;
