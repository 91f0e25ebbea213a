// Where the programs of the check keep what is theirs: behind the core's own places, which they use
// as engines do. Plain `export const`, so that programs and checker compile the same file.

/** Of ring and gate programs. */
export const RING_AT = 1048576;
export const RING_SLOTS_AT = 1052672;
export const CLOSED_AT = 1060864;

/** Of jobs and deaths. */
export const TASK_SLOTS_AT = 1048576;
export const RESULTS_AT = 1064960;
export const RESULT_SLOTS_AT = 1081344;
export const JOB_ARRIVALS_AT = 1097728;
export const SUBMITTERS_AT = 1114112;
export const ANSWERED_AT = 1114240;
/** Of a listener: calls of `waitAsync` and the epoch of the last one; turns of the event loop. */
export const ENLISTED_AT = 1114368;
export const ENLISTED_EPOCH_AT = 1114496;
export const TURNS_AT = 1114624;

/** Of the tree. */
export const CELLS_AT = 1118208;
export const ARRIVALS_AT = 1122304;
export const ROOTS_AT = 1126400;

/** Of the pairwise rounds. */
export const NUMBERS_AT = 1130496;
export const INPUT_AT = 1134592;
export const A_BITS_AT = 1138688;
export const B_BITS_AT = 1139712;
export const A_STATES_AT = 1140736;
export const B_STATES_AT = 1141760;
