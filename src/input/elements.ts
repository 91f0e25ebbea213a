// Memory for elements on their way from a file into a typed array.

/** Room for elements of 1, 2, 4 or 8 bytes, without regard to what they are. */
export class Elements {
  readonly width: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same memory; empty for widths below 4. */
  readonly words: Uint32Array<ArrayBuffer>;

  constructor(length: number, width: number) {
    this.width = width;
    this.bytes = new Uint8Array(length * width);
    this.words = new Uint32Array(this.bytes.buffer, 0, width < 4 ? 0 : (length * width) / 4);
  }
}
