// What `ringfold check` explores: small programs on the rings and gates of this core. Compiled with
// STEPPED on, to check.wasm, which ships beside the core. A thread is one call of one of these.

export { deathEnd, deathInit, giver, mourner, publisher, taker } from "./death";
export { gateEnd, gateInit, gateMourner, giveAll, giveThenClose, takeAll } from "./gate";
export { jobsEnd, jobsInit, submitter, worker } from "./jobs";
export { eventLoop, listenerEnd, listenerInit, runtime } from "./listener";
export { pair, pairJobEnd, pairJobInit, pairsEnd, pairsInit, pairWorker } from "./pairs";
export { pop, popMany, push, pushMany, ringInit } from "./ring";
export { climb, treeEnd, treeInit } from "./tree";
