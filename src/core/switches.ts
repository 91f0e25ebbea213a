// What the build switches at compile time. The shipped core is built from this file as it stands;
// build.mjs puts other numbers in for the checked core and for mutants, which are never shipped.

/** 1: the core stops at named points (fault.ts) when a test asks it to. */
export const CHECKED: i32 = 0;
/** Which defect is built in on purpose, to see it caught; 0: none. */
export const MUTANT: i32 = 0;
