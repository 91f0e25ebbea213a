// What the build switches on at compile time. The shipped core is built from this file as it
// stands: all off.

/** The core stops at named points (fault.ts) when a test asks it to. */
export const CHECKED: bool = false;

/** Each access to shared memory calls out first, so that a scheduler decides whose turn it is. */
export const STEPPED: bool = false;

// Defects, of which `npm run mutants` builds in one at a time to see it caught;
// test/mutants-table.ts says what each breaks.
export const EARLY_PUBLISH: bool = false;
export const PLAIN_CLAIM: bool = false;
export const EARLY_RELEASE: bool = false;
export const LESS_THAN: bool = false;
export const BLIND_FULL: bool = false;
export const NARROW_TICKET: bool = false;
export const NO_SECOND_TRY: bool = false;
export const LATE_EPOCH: bool = false;
export const STILL_EPOCH: bool = false;
export const NO_CHAIN: bool = false;
export const SHARED_BIT: bool = false;
export const HASTY_RESCUE: bool = false;
export const LATE_INTENT: bool = false;
export const ONE_LOOK: bool = false;
export const NO_WAKE: bool = false;
export const NO_TOMBSTONE: bool = false;
export const NO_RETURN: bool = false;
export const CAPACITY_ONE: bool = false;
export const LAST_SLOT: bool = false;
export const PLAIN_SEQ: bool = false;
export const FIRST_POST: bool = false;
export const SHORT_RELEASE: bool = false;
export const MASK_COUNTER: bool = false;
export const FIRST_MERGES: bool = false;
export const FORGOTTEN_LAST: bool = false;
export const ODD_EARLY: bool = false;
export const EARLY_RESULT: bool = false;
export const NO_GIVEN: bool = false;
export const NOT_LEFT: bool = false;
export const EARLY_RECOVERY: bool = false;
export const KEPT_DEBT: bool = false;
export const UNCOVERED: bool = false;
export const DEAD_COVERS: bool = false;
export const DEAD_FORGOTTEN: bool = false;
