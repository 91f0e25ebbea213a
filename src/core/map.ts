// Every offset and size of the shared memory. Host and core compile this same
// file, so it holds plain constants only. README.md shows it as a table.
//
// Fields written by different threads are 128 bytes apart: two 64-byte lines,
// because common processors prefetch lines in pairs.

/** "RNGF" in little-endian bytes. */
export const MAGIC = 0x46474e52;
/** Changes with every incompatible change of this file. */
export const LAYOUT = 6;

/** Elements of a block. The tree over the blocks, and so every bit of a result, depends on it. */
export const BLOCK = 8192;
export const BLOCK_LOG2 = 13;
/** Version of BLOCK, of the order of summation inside a block and of the tree above. */
export const TREE = 2;

// --- control ---------------------------------------------------------------

export const CONTROL_MAGIC = 0;
export const CONTROL_LAYOUT = 4;
/** 16 random bytes: two SharedArrayBuffer objects with the same id are the same memory. */
export const CONTROL_ID = 8;
/** i32, constant after start: worker threads. */
export const CONTROL_WORKERS = 24;
/** i32, constant after start: how many threads may compute at once. */
export const CONTROL_THREADS = 28;
/** i32, constant after start: processors available to the process. */
export const CONTROL_CORES = 32;
/** i32: turns an idle thread looks again before it parks; set once, after calibration. */
export const CONTROL_SPIN = 36;
/** i32, constant after start: largest number of tasks a job is cut into. */
export const CONTROL_MAX_TASKS = 40;
/** i32, constant after start: submitter that created the engine. */
export const CONTROL_OWNER = 44;
/** i32: bytes up to which a reduction stays on its thread while a worker is awake. */
export const CONTROL_CROSSOVER_AWAKE = 48;
/** i32: the same while all are parked; both set twice, the second time by calibration. */
export const CONTROL_CROSSOVER_PARKED = 52;
/** u32: 1 once the engine is closed. */
export const CONTROL_CLOSED = 128;
/** u32: 1 while the owner reads jobs of others to put right what a dead thread left. */
export const CONTROL_RECOVERING = 132;
/** u32: lost wake-ups that a thread's watch found and made good; each is a defect. */
export const CONTROL_RESCUED = 136;
/** i64: a bit a submitting thread that computes at this moment (inside `reduceSync`). */
export const CONTROL_HELPERS = 256;
/** i64: a bit a submitting thread that spins for an answer without computing. */
export const CONTROL_WATCHERS = 264;
/** 4 × i64: a bit a worker that looks for work and will look once more before it parks. */
export const CONTROL_IDLE = 272;
/** u32: lock of the arena, its holder + 1; the fields behind it belong to the holder. */
export const CONTROL_ARENA = 384;
/** i64: one bit a submitter line in use. */
export const CONTROL_SUBMITTERS = 640;
/** i64: one bit a submitter that waits for a job entry. */
export const CONTROL_QUEUED = 648;
/** The gate at which idle workers park. */
export const WORK_GATE = 768;
/** The ring from which workers claim tasks. */
export const TASK_RING = 1024;

// --- gate ------------------------------------------------------------------

/** u32: the word that a parked thread waits on. */
export const GATE_EPOCH = 0;
/** 4 × i64: bit t is set while participant t waits, is about to, or is absent. */
export const GATE_WAITING = 128;
export const GATE_SIZE = 256;

// --- ring ------------------------------------------------------------------

/** i64 ticket of the next claim. */
export const RING_HEAD = 0;
/** i64 ticket of the next publication. */
export const RING_TAIL = 128;
/** i32, constant: capacity − 1. */
export const RING_MASK = 256;
/** i32, constant: log2 of the bytes of a slot. */
export const RING_SHIFT = 260;
/** u32, constant: address of slot 0. */
export const RING_SLOTS = 264;
export const RING_SIZE = 384;

/** u32: free t, published t + 1, released t + capacity, for ticket t (low half). */
export const SLOT_SEQ = 0;
/** u32: epoch of the job that the record belongs to. */
export const SLOT_EPOCH = 4;
export const SLOT_PAYLOAD = 8;
export const SLOT_SHIFT = 6;

// A ring of numbers, of a pairwise job. The three of a job lie side by side: its input, the results of
// its rounds 0, 2, …, and those of its rounds 1, 3, … . A ticket has a state and two bits, each used once
// in a job. The input has neither: it is there from the start.

/** Numbers of a pairwise job at most. */
export const MOST_NUMBERS = 268435456;

/** i32: ticket of the next claim. */
export const NUMBERS_HEAD = 0;
/** u32, constant: address of u32 words of bits, lowest first: the ticket's state is whole. */
export const NUMBERS_WHOLE = 128;
/** The same, for recovery alone: a dead thread's, which is some task's to make. */
export const NUMBERS_GIVEN = 132;
/** u32, constant: address of the state of ticket 0. */
export const NUMBERS_STATES = 136;
export const NUMBERS_SIZE = 256;

// A record: a task on the task ring, an answer on a result ring.

/** u32: place of the job in the job table. */
export const RECORD_JOB = 0;
/** u32: the task's number within the job. */
export const RECORD_TASK = 4;
/** u32: address of the task's data (streamed jobs). */
export const RECORD_ADDRESS = 8;
/** u32: elements of the task (streamed jobs). */
export const RECORD_LENGTH = 12;
/** u32: cell that takes the task's state (streamed jobs). */
export const RECORD_CELL = 16;
/** u32: threads that died with this record in hand. */
export const RECORD_TRIES = 20;
export const RECORD_SIZE = 24;
/** RECORD_JOB of a record that a dead thread reserved and never filled. */
export const TOMBSTONE = -1;

export const INTENT_CLAIM = 1;
export const INTENT_RESERVE = 2;
export const INTENT_PAIRS = 3;
/** Tickets that one claim takes at most: what an intent can say. */
export const MOST_CLAIMED = 32;

// --- participants ----------------------------------------------------------

/** Workers are participants 0 … 255, submitting threads 256 … 319. */
export const MAX_WORKERS = 256;
export const MAX_SUBMITTERS = 64;
export const LINES = 1536;
export const LINE_SIZE = 512;

/** u32: 0 absent or starting, 1 ready, 2 dead. */
export const LINE_STATE = 0;
export const STATE_READY = 1;
export const STATE_DEAD = 2;
/** u32, constant: address of SCRATCH_SIZE bytes of this thread's own. */
export const LINE_SCRATCH = 4;
/** u32, constant: address of the ring that answers this submitter. */
export const LINE_RESULTS = 8;
/** u32: epoch of the record below. */
export const LINE_EPOCH = 12;
/** The record that this thread claimed last. */
export const LINE_RECORD = 16;
/**
 * i64: what this thread is about to do to a ring, or did last: ring / 128 (25 bits), INTENT_…
 * (2 bits), tickets − 1 (5 bits; INTENT_PAIRS: log2 of the tickets), low half of the first ticket.
 * 0: nothing that matters.
 */
export const LINE_INTENT = 48;
/** u32: HAND_…: whether the record above is this thread's duty. */
export const LINE_HAND = 56;
export const HAND_EMPTY = 0;
export const HAND_FULL = 1;
/** It is about to be published again; it stands in the slot for that. */
export const HAND_BACK = 2;
export const HAND_GIVEN = 3;
/** u32: one more each time another thread takes the line over from a dead one. */
export const LINE_INCARNATION = 60;
/** i64 counters, written by the line's own thread only. */
export const LINE_TASKS = 64;
export const LINE_BLOCKS = 72;
export const LINE_PARKS = 80;
export const LINE_NOTIFIES = 88;
export const LINE_COMBINES = 96;
/** u32: waiters at LINE_ALIVE; a probe takes one first. Written by those who probe. */
export const LINE_TOKENS = 128;
/** u32, always 0: the thread waits here asynchronously as long as it lives. */
export const LINE_ALIVE = 132;
/** u32: moves when a job entry is offered to this submitter. */
export const LINE_TURN = 136;
/**
 * u32, checked core only: milliseconds << 16 | point << 8 | FAULT_…; visits to skip first; the
 * point once it struck.
 */
export const LINE_FAULT = 192;
export const LINE_FAULT_SKIP = 196;
export const LINE_FAULT_HIT = 200;
/** The gate at which this submitter waits for answers. */
export const LINE_GATE = 256;
/**
 * Added to a submitter's number at that gate while its event loop waits (`Atomics.waitAsync`). The
 * thread itself may wait there meanwhile, with a bit of its own: neither takes back the other's.
 */
export const LISTENER = 64;

// --- job table -------------------------------------------------------------

export const MAX_JOBS = 64;
/** Behind the last line, rounded up to a whole job: LINES + 320 · LINE_SIZE = 165,376. */
export const JOBS = 165888;
export const JOB_SIZE = 1024;

// What runs a task. From KIND_EXTERNAL on it needs JavaScript.
export const KIND_BLOCKS = 0;
export const KIND_PAIRWISE = 1;
/** Does nothing: measures the way there and back. */
export const KIND_EMPTY = 2;
export const KIND_EXTERNAL = 3;
export const KIND_EXTERNAL_PAIRWISE = 4;

/** u32: one more at every use of the entry. */
export const JOB_EPOCH = 0;
export const JOB_KIND = 4;
/** u32: participant that submitted. */
export const JOB_SUBMITTER = 8;
export const JOB_DTYPE = 12;
/** u32: 1 leaves NaN out. */
export const JOB_SKIP_NAN = 16;
/** u32: accumulators that run in this pass. */
export const JOB_OPS = 20;
/** i64: elements. */
export const JOB_LENGTH = 24;
/** u32: blocks. */
export const JOB_BLOCKS = 32;
/** u32: a task is 2^shift blocks. */
export const JOB_SHIFT = 36;
export const JOB_TASKS = 40;
/** u32: address of the first element (resident jobs). */
export const JOB_INPUT = 44;
/** u32: 1 if every task brings its own address and is answered by itself. */
export const JOB_STREAMED = 48;
/** u32: bytes of one state record: all accumulators of the pass. */
export const JOB_STATE_BYTES = 52;
/** u32: address of the states: the tasks' first, then each level of the tree, the root's last. */
export const JOB_CELLS = 56;
/**
 * u32: address of u32 words. One an inner node, 0 at first: bit c, child c has arrived; bit 2 + c,
 * it was the last to. Streamed: one a cell, the task there: 2 · task until its state is whole, then
 * 2 · task + 1; −1 while there is none.
 */
export const JOB_ARRIVALS = 60;
/** u32: address and bytes of what JavaScript needs to run a task (JSON). */
export const JOB_EXTRA = 64;
export const JOB_EXTRA_BYTES = 68;
/** u32: address of the first of three rings of a pairwise job: see NUMBERS_SIZE. */
export const JOB_RINGS = 72;
/** i32: pairs that one claim of a pairwise job takes at most. */
export const JOB_BATCH = 80;
/** i32: from an element of the first input to its partner in the second; 0 if there is one input. */
export const JOB_SECOND = 84;
/** u32: bytes at the start of a state record that running accumulators hold. */
export const JOB_RUNNING = 88;
/** u32: 0 runs, 1 stopped (abort, time-out); workers read it before each block or claim of pairs. */
export const JOB_STOP = 128;
/** i64: block << 32 | address of the error with the lowest block; −1 while there is none. */
export const JOB_ERROR = 256;
/** u32: 1 once a thread is about to write down what went wrong: there may be texts to free. */
export const JOB_TEXTS = 264;
/** i64: blocks done. */
export const JOB_DONE = 384;
/** u32: 1 once the root's state is whole; what is left is to answer. */
export const JOB_COMPLETE = 392;
/** i32: participant + 1 whose job this is; 0: free; −participant − 1: offered to it. */
export const JOB_OWNER = 640;

export const JOB_OP = 512;
export const OP_SIZE = 8;
export const MAX_OPS = 16;
/** u32 accumulator code; its state's offset in the record. */
export const OP_CODE = 0;
export const OP_OFFSET = 4;

// --- accumulators ----------------------------------------------------------

export const OP_SUM = 0;
export const OP_PRODUCT = 1;
export const OP_MIN = 2;
export const OP_MAX = 3;
export const OP_ARGMIN = 4;
export const OP_ARGMAX = 5;
export const OP_COUNT = 6;
export const OP_NONZERO = 7;
export const OP_AND = 8;
export const OP_OR = 9;
export const OP_XOR = 10;
/** Σ|x|, Σx², Σx·y: integers exact, floats plain SIMD. */
export const OP_ABS = 11;
export const OP_SQUARES = 12;
export const OP_DOT = 13;
/** Count, mean and squared deviations of floats. */
export const OP_MOMENTS = 14;
/** What a receipt tells of floats. */
export const OP_CENSUS = 15;
/**
 * From here on, accumulators run: they fold a block into the state that is there, since the order
 * of their additions does not matter. These are the exact sums of floats.
 */
export const OP_RUNNING = 32;
export const OP_EXACT_SUM = 32;
export const OP_EXACT_ABS = 33;
export const OP_EXACT_SQUARES = 34;
export const OP_EXACT_DOT = 35;

// An exact sum: digits of 32 bits, each in an i64 so that additions need not carry at once.
/** i32, i32: the first digit in use, and the one behind the last. */
export const EXACT_FIRST = 0;
export const EXACT_END = 4;
/** i64: numbers that were added. */
export const EXACT_COUNT = 8;
/** u32: FLAG_NAN … */
export const EXACT_FLAGS = 16;
export const EXACT_DIGITS = 24;
export const EXACT_NAN = 1;
export const EXACT_PLUS_INFINITY = 2;
export const EXACT_MINUS_INFINITY = 4;
/** Something that is not −0 was added. */
export const EXACT_SOME = 8;
/** Digit i weighs 2^(32i + EXACT_SCALE): sums of floats, products of float16 and float32. */
export const EXACT_SCALE = -1074;
/** 2^-1074 … 2^1024 · 2^64 elements, and a digit for the sign. */
export const EXACT_SIZE = 69;
/** The same for products of float64: 34 digits further down. */
export const EXACT_PRODUCT_SCALE = -2162;
export const EXACT_PRODUCT_SIZE = 136;

// Limbs (u32) of an exact integer product: 1,056 bits. More can only round to infinity.
export const PRODUCT_LIMBS = 33;
export const PRODUCT_FLAGS = 0;
export const PRODUCT_USED = 4;
export const PRODUCT_MAGNITUDE = 8;
export const PRODUCT_BYTES = 144;
export const FLAG_ZERO = 1;
export const FLAG_NEGATIVE = 2;
export const FLAG_OVERFLOW = 4;

// --- behind the tables -----------------------------------------------------

/** Slots of the task ring; capacity is 64 jobs × CONTROL_MAX_TASKS. */
export const TASK_SLOTS = 262144;
/** Bytes of the cells that a job has without asking the arena. */
export const CELLS_SIZE = 65536;

// A thread's scratch: the stack that folds a task's blocks in tree order, a block of float16
// as float32, twice for two inputs, the guesses, rounding room and cells of exact sums, and the
// job entry of what never leaves the calling thread.
export const SCRATCH_STACK_BYTES = 65536;
export const STACK_LEVELS = 33;
export const SCRATCH_HALF = 65536;
export const SCRATCH_HALF_BYTES = 32768;
/** Zero when a thread begins, as are the cells behind. */
export const SCRATCH_EXACT = 131072;
export const SCRATCH_CELLS = 139264;
export const SCRATCH_JOB = 172288;
export const SCRATCH_SIZE = 173312;

// --- what the core returns to JavaScript -------------------------------------

export const RETURN_CLOSED = 0;
/** The record in this thread's line needs JavaScript. */
export const RETURN_EXTERNAL = 1;
/** The record in this thread's line is an answer. */
export const RETURN_ANSWER = 2;
/** A task was run. */
export const RETURN_RAN = 3;
export const RETURN_TIMEOUT = 4;
/** Those who probe whether this thread lives have used most of its tokens. */
export const RETURN_ARM = 5;

/** Tokens that a living thread has out, and below how many it lays out new ones. */
export const TOKENS = 32;
export const FEW_TOKENS = 16;

/** `owes`: nothing; the task is unfinished; only its answer may be missing. */
export const OWES_NOTHING = 0;
export const OWES_TASK = 1;
export const OWES_ANSWER = 2;

/** `recover`: all is put right; a living thread still has to get out of the way. */
export const RECOVER_DONE = 0;
export const RECOVER_AGAIN = 1;

// --- fault points of the checked core ----------------------------------------------

/**
 * What strikes at an armed point: the thread traps; it stands still until it is terminated; it
 * stands still for a while.
 */
export const FAULT_TRAP = 1;
export const FAULT_STALL = 2;
export const FAULT_PAUSE = 3;

export const POINT_RESERVE = 1;
export const POINT_RESERVED = 2;
export const POINT_FILLED = 3;
export const POINT_PUBLISHED = 4;
export const POINT_CLAIM = 5;
export const POINT_CLAIMED = 6;
export const POINT_COPIED = 7;
export const POINT_IN_HAND = 8;
export const POINT_RELEASED = 9;
export const POINT_FOLDED = 10;
export const POINT_ARRIVED = 11;
export const POINT_MERGED = 12;
export const POINT_COMPLETE = 13;
export const POINT_ANSWERED = 14;
export const POINT_EPOCH = 15;
export const POINT_ANNOUNCED = 16;
export const POINT_WOKEN = 17;
export const POINT_IDLE = 18;
export const POINT_CELL_DONE = 19;
export const POINT_PAIR_CLAIM = 20;
export const POINT_PAIR_CLAIMED = 21;
export const POINT_PAIR_MERGED = 22;
export const POINT_PAIR_PUBLISHED = 23;
export const POINT_ROUND = 24;
export const POINT_DONE = 25;
export const POINT_LOOKED = 26;
export const POINT_GIVEN = 27;

/** `ascend`: another thread will go on, the root is reached, a merge is due first. */
export const ASCEND_STOP = 0;
export const ASCEND_ROOT = 1;
export const ASCEND_MERGE = 2;
