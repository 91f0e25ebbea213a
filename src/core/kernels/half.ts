// float16 → float32, exactly, so that the float32 kernels serve both.
//
//   half  s eeeee mmmmmmmmmm        →  s 000eeeee mmmmmmmmmm0000000000000
//
// The shifted bits are the value times 2^−112; one exact multiplication puts
// that right, subnormals included. Infinities and NaN need their exponent filled.

import { constant } from "./common";

export function expandHalf(from: usize, n: i32, into: usize): void {
  const magnitude = constant(into, 0x00007fff00007fff);
  const sign = constant(into, 0x0000800000008000);
  const scale = constant(into, 0x7780000077800000); // 2^112, twice
  const special = constant(into, 0x00007bff00007bff);
  const exponent = constant(into, 0x7f8000007f800000);
  const whole = <usize>n & ~3;
  for (let i: usize = 0; i < whole; i += 4) {
    const h = v128.load_ext<u16>(from + (i << 1));
    const m = v128.and(h, magnitude);
    let f = f32x4.mul(i32x4.shl(m, 13), scale);
    f = v128.or(f, v128.and(i32x4.gt_s(m, special), exponent));
    v128.store(into + (i << 2), v128.or(f, i32x4.shl(v128.and(h, sign), 16)));
  }
  for (let i = whole; i < <usize>n; i++) {
    const h = <u32>load<u16>(from + (i << 1));
    const m = h & 0x7fff;
    let f = reinterpret<u32>(reinterpret<f32>(m << 13) * reinterpret<f32>(0x77800000));
    if (m > 0x7bff) f |= 0x7f800000;
    store<u32>(into + (i << 2), f | ((h & 0x8000) << 16));
  }
}
