// float16 where the runtime has no array for it.

import * as fs from "node:fs";
import { join } from "node:path";
import { decodeFloat16 } from "../../src/input/float16.js";
import { assert, test } from "../harness.js";
import { inFolder, numpy } from "./support.js";

test("each of the 65,536 float16 becomes the float32 that NumPy makes of it", () =>
  inFolder((folder) => {
    numpy(
      folder,
      `
np.arange(65536, dtype='u2').view('f2').astype('f4').tofile('f4.bin')
print(0)`,
    );
    const expected = new Uint32Array(fs.readFileSync(join(folder, "f4.bin")).buffer.slice(0));
    const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const singles = decodeFloat16(halves);
    const bits = new Uint32Array(singles.buffer);
    for (let i = 0; i < 65536; i++) {
      if (Number.isNaN(singles[i])) assert.ok((i & 0x7c00) === 0x7c00 && (i & 1023) !== 0);
      else assert.is(bits[i], expected[i], `float16 ${i.toString(16)}`);
    }
  }));
