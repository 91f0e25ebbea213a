// What a program tells the checker: when an operation of a ring is called and what it returned,
// and what must hold.

/** `what`: CALLED_… of record-map.ts. */
export declare function called(what: i32, argument: i32): void;
export declare function returned(result: i32): void;
/** Waits until another thread of the program has ended; 1 if it died. */
export declare function joined(thread: i32): i32;
/** The same, without waiting: 2 while it lives. */
export declare function polled(thread: i32): i32;
/** Fails the check if `holds` is 0; `rule` is a line of the program's own. */
export declare function expect(holds: i32, rule: i32): void;
