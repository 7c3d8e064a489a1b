import { UNARY_GELU_TANH } from '../../src/abi/constants'
import { gateOf, lessened, shiftOf, slopeOf } from '../simd/gelu'
import { gated } from '../simd/sigmoid'
import { share } from './unary'

/** y[i] = geluTanh(x[i]) and its derivative, the former with the bits of unary; y may be x. */
export function geluSlope(x: usize, y: usize, slope: usize, n: u32, scratch: usize, part: u32, parts: u32): void {
  share(UNARY_GELU_TANH, x, y, slope, n, 0, 0, scratch, part, parts)
}

/** The same for `bytes`, a multiple of 32; slope may be y, where it is not wanted. */
export function turns(x: usize, y: usize, slope: usize, bytes: usize): void {
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
    v128.store(slope, u0)
    v128.store(slope, u1, 16)
    v128.store(y, y0)
    v128.store(y, y1, 16)
  }
}
