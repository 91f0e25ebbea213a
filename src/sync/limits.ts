// The range of an Int32Array's elements, under the names that atomics-sync exports.

export const INT32_MAX_VALUE = 2 ** 31 - 1;
export const INT32_MIN_VALUE = -(2 ** 31);
