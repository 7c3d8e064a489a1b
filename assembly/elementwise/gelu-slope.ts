import { gateOf, lessened, shiftOf, slopeOf } from '../simd/gelu'
import { loadRest, storeRest } from '../simd/lanes'
import { gated } from '../simd/sigmoid'
import { shareBegin, shareEnd } from '../vm/partition'

/**
 * y[i] = geluTanh(x[i]) and its derivative, with the bits of the functions that compute one of them; y may be x. Split
 * in lines of 16 words.
 */
export function geluSlope(x: usize, y: usize, slope: usize, n: u32, scratch: usize, part: u32, parts: u32): void {
  const begin = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  if (end <= begin) return
  const at = (<usize>begin) << 2
  const bytes = (<usize>((end - begin) >> 3)) << 5
  turns(x + at, y + at, slope + at, bytes)
  const rest = (end - begin) & 7
  if (rest == 0) return
  loadRest(x + at + bytes, rest, scratch)
  turns(scratch, scratch, scratch + 32, 32)
  storeRest(scratch, rest, y + at + bytes)
  storeRest(scratch + 32, rest, slope + at + bytes)
}

/** `bytes` is a multiple of 32. */
function turns(x: usize, y: usize, slope: usize, bytes: usize): void {
  const end = x + bytes
  for (; x < end; x += 32, y += 32, slope += 32) {
    const x0 = v128.load(x)
    const x1 = v128.load(x, 16)
    const m0 = lessened(x0)
    const m1 = lessened(x1)
    const t0 = shiftOf(m0)
    const t1 = shiftOf(m1)
    const s0 = gateOf(m0, t0)
    const s1 = gateOf(m1, t1)
    const u0 = slopeOf(x0, m0, s0, t0)
    const u1 = slopeOf(x1, m1, s1, t1)
    const y0 = gated(x0, m0, s0, t0)
    const y1 = gated(x1, m1, s1, t1)
    v128.store(y, y0)
    v128.store(y, y1, 16)
    v128.store(slope, u0)
    v128.store(slope, u1, 16)
  }
}
