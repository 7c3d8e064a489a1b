import * as C from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'

// @ts-ignore: decorator
@inline
function start(fn: u32): v128 {
  if (fn == C.REDUCE_MAX) return f32x4.splat(-Infinity)
  if (fn == C.REDUCE_MIN) return f32x4.splat(Infinity)
  return f32x4.splat(fn == C.REDUCE_PROD ? 1 : 0)
}
// @ts-ignore: decorator
@inline
function join(fn: u32, y: v128, x: v128): v128 {
  if (fn == C.REDUCE_MAX) return f32x4.max(y, x)
  if (fn == C.REDUCE_MIN) return f32x4.min(y, x)
  return fn == C.REDUCE_PROD ? f32x4.mul(y, x) : f32x4.add(y, x)
}

/** Words that one partial sum of a row adds up: the error of a long sum grows with the length of its chains. */
const CHAIN: u32 = 1024

function row(fn: u32, x: usize, n: u32): v128 {
  let acc = chain(fn, x, min<u32>(n, CHAIN))
  for (let i = CHAIN; i < n; i += CHAIN) acc = join(fn, acc, chain(fn, x + ((<usize>i) << 2), min<u32>(n - i, CHAIN)))
  acc = join(fn, acc, v128.shuffle<i32>(acc, acc, 2, 3, 0, 1))
  return join(fn, acc, v128.shuffle<i32>(acc, acc, 1, 0, 3, 2))
}

function chain(fn: u32, x: usize, n: u32): v128 {
  let acc = start(fn)
  let i: u32 = 0
  for (; i + 4 <= n; i += 4) {
    let v = v128.load(x + ((<usize>i) << 2))
    if (fn == C.REDUCE_SUM_SQUARES) v = f32x4.mul(v, v)
    acc = join(fn, acc, v)
  }
  for (; i < n; i++) {
    let v = v128.load32_splat(x + ((<usize>i) << 2))
    if (fn == C.REDUCE_SUM_SQUARES) v = f32x4.mul(v, v)
    acc = v128.bitselect(join(fn, acc, v), acc, i32x4(-1, 0, 0, 0))
  }
  return acc
}

/** Reduction over the middle axis of [outer, n, inner]. Split by results. */
export function reduce(
  fn: u32,
  x: usize,
  y: usize,
  outer: u32,
  n: u32,
  inner: u32,
  scale: f32,
  part: u32,
  parts: u32,
): void {
  const s = f32x4.splat(scale)
  const plane = (<usize>n * inner) << 2
  if (inner == 1) {
    const end = shareEnd(outer, 1, part, parts)
    for (let o = shareBegin(outer, 1, part, parts); o < end; o++)
      storeLanes(y + ((<usize>o) << 2), f32x4.mul(row(fn, x + o * plane, n), s), 1)
    return
  }
  const vectors = (inner + 3) >> 2
  const end = shareEnd(outer * vectors, 1, part, parts)
  for (let at = shareBegin(outer * vectors, 1, part, parts); at < end; at++) {
    const o = at / vectors
    const j = (at % vectors) << 2
    const lanes = min<u32>(4, inner - j)
    let p = x + o * plane + ((<usize>j) << 2)
    let acc = start(fn)
    for (let i: u32 = 0; i < n; i++) {
      let v = loadLanes(p, lanes)
      if (fn == C.REDUCE_SUM_SQUARES) v = f32x4.mul(v, v)
      acc = join(fn, acc, v)
      p += (<usize>inner) << 2
    }
    storeLanes(y + ((<usize>(o * inner + j)) << 2), f32x4.mul(acc, s), lanes)
  }
}

/** First index of the extremum over the middle axis; a NaN wins. */
export function argReduce(fn: u32, x: usize, y: usize, outer: u32, n: u32, inner: u32, part: u32, parts: u32): void {
  const end = shareEnd(outer * inner, 1, part, parts)
  for (let at = shareBegin(outer * inner, 1, part, parts); at < end; at++) {
    const p = x + ((<usize>(at / inner) * n * inner + (at % inner)) << 2)
    let best = load<f32>(p)
    let index: u32 = 0
    for (let i: u32 = 1; i < n && best == best; i++) {
      const v = load<f32>(p + ((<usize>i * inner) << 2))
      if (v != v || (fn == C.REDUCE_ARGMAX ? v > best : v < best)) {
        best = v
        index = i
      }
    }
    store<u32>(y + ((<usize>at) << 2), index)
  }
}
