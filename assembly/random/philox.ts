// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011). A generator is four
// words: key low, key high, counter low, counter high. Draw d of it uses the counter blocks (i, 0, c low, c high) with
// the 64-bit c = counter + d; element e is word e % 4 of block e / 4, so that its value does not depend on who
// computes it. src/reference/philox.ts is the same in TypeScript.

/** Words that one filling of the thread's scratch holds. */
export const CHUNK: u32 = 256
/** Words of scratch behind the chunk for the constants of its user, 16-byte aligned. */
export const CONSTANTS: usize = CHUNK << 2

/**
 * The first `count` words, and up to 31 more, of a draw from word 4 `block` on into `to`. Two blocks share a pair of
 * vectors, (c0 c2 c0 c2) and (c1 c3 c1 c3), so that one multiplication serves both halves of a block and the words
 * come out in order; four pairs a turn hide the latency. Constants pass through memory, as engines build a constant
 * vector anew in each round.
 */
export function philox(to: usize, block: u32, count: u32, generator: usize, draw: i32): void {
  const counter = load<u64>(generator, 8) + <u64>(<i64>draw)
  store<u32>(to, 0xd2511f53)
  store<u32>(to, 0xcd9e8d57, 4)
  store<u32>(to, 0x9e3779b9, 8)
  store<u32>(to, 0xbb67ae85, 12)
  const multipliers = v128.load64_splat(to)
  const weyl = v128.load64_splat(to, 8)
  const key = v128.load64_splat(generator)
  const odd = i32x4(0, <i32>(counter >> 32), 0, <i32>(counter >> 32))
  let even = i32x4(block, <i32>counter, block + 1, <i32>counter)
  for (const end = to + (count << 2); to < end; to += 128) {
    let x0 = even
    let x1 = i32x4.add(even, i32x4(2, 0, 2, 0))
    let x2 = i32x4.add(even, i32x4(4, 0, 4, 0))
    let x3 = i32x4.add(even, i32x4(6, 0, 6, 0))
    even = i32x4.add(even, i32x4(8, 0, 8, 0))
    let y0 = odd
    let y1 = odd
    let y2 = odd
    let y3 = odd
    let k = key
    for (let round = 0; round < 10; round++) {
      const a0 = i64x2.extmul_low_i32x4_u(x0, multipliers)
      const b0 = i64x2.extmul_high_i32x4_u(x0, multipliers)
      x0 = v128.xor(v128.shuffle<i32>(a0, b0, 3, 1, 7, 5), v128.xor(y0, k))
      y0 = v128.shuffle<i32>(a0, b0, 2, 0, 6, 4)
      const a1 = i64x2.extmul_low_i32x4_u(x1, multipliers)
      const b1 = i64x2.extmul_high_i32x4_u(x1, multipliers)
      x1 = v128.xor(v128.shuffle<i32>(a1, b1, 3, 1, 7, 5), v128.xor(y1, k))
      y1 = v128.shuffle<i32>(a1, b1, 2, 0, 6, 4)
      const a2 = i64x2.extmul_low_i32x4_u(x2, multipliers)
      const b2 = i64x2.extmul_high_i32x4_u(x2, multipliers)
      x2 = v128.xor(v128.shuffle<i32>(a2, b2, 3, 1, 7, 5), v128.xor(y2, k))
      y2 = v128.shuffle<i32>(a2, b2, 2, 0, 6, 4)
      const a3 = i64x2.extmul_low_i32x4_u(x3, multipliers)
      const b3 = i64x2.extmul_high_i32x4_u(x3, multipliers)
      x3 = v128.xor(v128.shuffle<i32>(a3, b3, 3, 1, 7, 5), v128.xor(y3, k))
      y3 = v128.shuffle<i32>(a3, b3, 2, 0, 6, 4)
      k = i32x4.add(k, weyl)
    }
    v128.store(to, v128.shuffle<i32>(x0, y0, 0, 4, 1, 5))
    v128.store(to, v128.shuffle<i32>(x0, y0, 2, 6, 3, 7), 16)
    v128.store(to, v128.shuffle<i32>(x1, y1, 0, 4, 1, 5), 32)
    v128.store(to, v128.shuffle<i32>(x1, y1, 2, 6, 3, 7), 48)
    v128.store(to, v128.shuffle<i32>(x2, y2, 0, 4, 1, 5), 64)
    v128.store(to, v128.shuffle<i32>(x2, y2, 2, 6, 3, 7), 80)
    v128.store(to, v128.shuffle<i32>(x3, y3, 0, 4, 1, 5), 96)
    v128.store(to, v128.shuffle<i32>(x3, y3, 2, 6, 3, 7), 112)
  }
}

/** u < p for the uniform number u = (word >> 8) / 2^24 if and only if word >> 8 is below this. */
export function uniformLimit(p: f32): i32 {
  return <i32>ceil<f64>(<f64>p * 16777216)
}
