import { loadLanes, storeLanes } from '../simd/lanes'
import { exp, log } from '../simd/math'
import { shareBegin, shareEnd } from '../vm/partition'

// @ts-ignore: decorator
@inline
function all(v: v128): v128 {
  v = f32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1))
  return f32x4.add(v, v128.shuffle<i32>(v, v, 1, 0, 3, 2))
}

/** Largest of a row in all lanes. */
export function rowMax(x: usize, n: u32): v128 {
  let m = v128.load32_splat(x)
  let i: u32 = 0
  for (; i + 4 <= n; i += 4) m = f32x4.max(m, v128.load(x + ((<usize>i) << 2)))
  for (; i < n; i++) m = f32x4.max(m, v128.load32_splat(x + ((<usize>i) << 2)))
  m = f32x4.max(m, v128.shuffle<i32>(m, m, 2, 3, 0, 1))
  return f32x4.max(m, v128.shuffle<i32>(m, m, 1, 0, 3, 2))
}
// @ts-ignore: decorator
@inline
function mask(v: v128, count: u32): v128 {
  return v128.and(v, i32x4.lt_u(i32x4(0, 1, 2, 3), i32x4.splat(count)))
}
/** Sum of e^(x - m) over a row, in all lanes. */
export function rowSumExp(x: usize, n: u32, m: v128): v128 {
  let sum = f32x4.splat(0)
  for (let i: u32 = 0; i < n; i += 4) {
    const lanes = min<u32>(4, n - i)
    sum = f32x4.add(sum, mask(exp(f32x4.sub(loadLanes(x + ((<usize>i) << 2), lanes), m)), lanes))
  }
  return all(sum)
}
function rowDot(a: usize, b: usize, n: u32): v128 {
  let sum = f32x4.splat(0)
  for (let i: u32 = 0; i < n; i += 4) {
    const lanes = min<u32>(4, n - i)
    const at = (<usize>i) << 2
    const v = b == 0 ? loadLanes(a + at, lanes) : f32x4.mul(loadLanes(a + at, lanes), loadLanes(b + at, lanes))
    sum = f32x4.add(sum, mask(v, lanes))
  }
  return all(sum)
}

export function softmax(x: usize, y: usize, rows: u32, n: u32, part: u32, parts: u32): void {
  const end = shareEnd(rows, 1, part, parts)
  for (let r = shareBegin(rows, 1, part, parts); r < end; r++) {
    const p = x + ((<usize>r * n) << 2)
    const q = y + ((<usize>r * n) << 2)
    const m = rowMax(p, n)
    const sum = rowSumExp(p, n, m)
    for (let i: u32 = 0; i < n; i += 4) {
      const lanes = min<u32>(4, n - i)
      const at = (<usize>i) << 2
      storeLanes(q + at, f32x4.div(exp(f32x4.sub(loadLanes(p + at, lanes), m)), sum), lanes)
    }
  }
}

export function logSoftmax(x: usize, y: usize, rows: u32, n: u32, part: u32, parts: u32): void {
  const end = shareEnd(rows, 1, part, parts)
  for (let r = shareBegin(rows, 1, part, parts); r < end; r++) {
    const p = x + ((<usize>r * n) << 2)
    const q = y + ((<usize>r * n) << 2)
    const m = rowMax(p, n)
    const l = log(rowSumExp(p, n, m))
    for (let i: u32 = 0; i < n; i += 4) {
      const lanes = min<u32>(4, n - i)
      const at = (<usize>i) << 2
      storeLanes(q + at, f32x4.sub(f32x4.sub(loadLanes(p + at, lanes), m), l), lanes)
    }
  }
}

export function softmaxGrad(dy: usize, y: usize, dx: usize, rows: u32, n: u32, part: u32, parts: u32): void {
  const end = shareEnd(rows, 1, part, parts)
  for (let r = shareBegin(rows, 1, part, parts); r < end; r++) {
    const o = (<usize>r * n) << 2
    const dot = rowDot(dy + o, y + o, n)
    for (let i: u32 = 0; i < n; i += 4) {
      const lanes = min<u32>(4, n - i)
      const at = o + ((<usize>i) << 2)
      storeLanes(dx + at, f32x4.mul(loadLanes(y + at, lanes), f32x4.sub(loadLanes(dy + at, lanes), dot)), lanes)
    }
  }
}

export function logSoftmaxGrad(dy: usize, y: usize, dx: usize, rows: u32, n: u32, part: u32, parts: u32): void {
  const end = shareEnd(rows, 1, part, parts)
  for (let r = shareBegin(rows, 1, part, parts); r < end; r++) {
    const o = (<usize>r * n) << 2
    const sum = rowDot(dy + o, 0, n)
    for (let i: u32 = 0; i < n; i += 4) {
      const lanes = min<u32>(4, n - i)
      const at = o + ((<usize>i) << 2)
      storeLanes(dx + at, f32x4.sub(loadLanes(dy + at, lanes), f32x4.mul(exp(loadLanes(y + at, lanes)), sum)), lanes)
    }
  }
}
