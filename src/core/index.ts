// The exports of the core: what host and worker threads call.

export { init as ringInit, reserve as ringReserve, publish as ringPublish, claim as ringClaim, claimedTicket, release as ringRelease, payloadOf as ringPayload, isEmpty as ringIsEmpty, size as ringSize } from "./ring";
export { announce as gateAnnounce, cancel as gateCancel, park as gatePark, wake as gateWake } from "./gate";
export { foldAll, foldBegin, foldBlocks, foldEnd, mergeRecord, climbFrom, ascend, mergeTarget, mergeLeftOf, mergeRightOf, answer, progress, cellOf, isWanted } from "./job";
export { fill as pairFill, begin as pairBegin, claimPairs, pairTarget, pairInto, pairLeft, pairRight, pairDone, settle as pairSettle } from "./pairwise";
export { work, help, helpBegin, helpEnd, collect, submit, submitStreamed } from "./worker";
