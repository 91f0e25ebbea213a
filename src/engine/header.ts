// The header before each of the arena's blocks: 128 bytes, of which these words count. Places and
// sizes of blocks are in units of 128 bytes; sizes include the header.

export const UNIT = 128;

export const STATE = 0;
export const SIZE = 1;
/** Size of the left neighbour; 0: there is none. */
export const LEFT = 2;
/** Of a live block: participant + 1; 0: the engine, until somebody frees it; others as users say. */
export const OWNER = 3;
/** Of a free block: its neighbours in its list, 0: none. */
export const NEXT = 4;
export const PREVIOUS = 5;

export const LIVE = 0x4556494c;
export const FREE = 0x45455246;

/** The u32 index of a field. */
export function wordOf(block: number, field: number): number {
  return block * (UNIT / 4) + field;
}
