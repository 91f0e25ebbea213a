// The pure read of an array in an engine's memory, as `ringfold bench` has it: the physical limit.

export { Reader } from "../../src/bench/reader.js";
