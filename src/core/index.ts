// The exports of the core: what host and worker threads call.

export { conditionExact, meanExact, rootExact, roundExact, spreadExact } from "./finish";
export { foldAll, foldBegin, foldBlocks, foldEnd, mergeRecord } from "./fold";
export {
  announce as gateAnnounce,
  cancel as gateCancel,
  park as gatePark,
  wake as gateWake,
} from "./gate";
export {
  ascend,
  cellOf,
  climbFrom,
  deliverCell,
  empty,
  isCellOpen,
  isWhole,
  mergeLeftOf,
  mergeRightOf,
  mergeTarget,
  progress,
} from "./job";
export {
  begin as pairBegin,
  claimPairs,
  pairDone,
  pairElement,
  pairInto,
  pairLeft,
  pairSize,
  pairTarget,
  settle as pairSettle,
  stuck as pairStuck,
} from "./pairwise";
export { answer } from "./records";
export { isQuiet, owes, pushMark, recover, wakeAll } from "./recover";
export {
  claim as ringClaim,
  claimedTicket,
  init as ringInit,
  isEmpty as ringIsEmpty,
  isReady as ringIsReady,
  payloadOf as ringPayload,
  publish as ringPublish,
  publishMany as ringPublishMany,
  release as ringRelease,
  releaseMany as ringReleaseMany,
  reserve as ringReserve,
  reservedTicket,
  reserveMany as ringReserveMany,
  size as ringSize,
} from "./ring";
export {
  collect,
  help,
  helpBegin,
  helpEnd,
  isAnswerLost,
  isTaskIdle,
  listenBegin,
  listenEnd,
  putBack,
  submit,
  submitStreamed,
  work,
} from "./worker";
