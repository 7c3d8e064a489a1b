import { ERROR_INDEX } from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'
import { exp, log } from '../simd/math'
import { report } from '../vm/control'
import { shareBegin, shareEnd } from '../vm/partition'
import { rowMax, rowSumExp } from './softmax'

export function crossEntropy(
  x: usize,
  labels: usize,
  loss: usize,
  kept: usize,
  rows: u32,
  n: u32,
  ignore: i32,
  smoothing: f32,
  pc: usize,
  part: u32,
  parts: u32,
): void {
  const end = shareEnd(rows, 1, part, parts)
  for (let r = shareBegin(rows, 1, part, parts); r < end; r++) {
    const label = load<i32>(labels + ((<usize>r) << 2))
    const bad = <u32>label >= n && label != ignore
    if (bad) report(ERROR_INDEX, pc, r, label)
    const skip = bad || label == ignore
    store<f32>(kept + ((<usize>r) << 2), skip ? 0 : 1)
    if (skip) {
      store<f32>(loss + ((<usize>r) << 2), 0)
      continue
    }
    const p = x + ((<usize>r * n) << 2)
    const m = rowMax(p, n)
    const l = log(rowSumExp(p, n, m))
    let sum = f32x4.splat(0)
    if (smoothing != 0)
      for (let i: u32 = 0; i < n; i++) sum = f32x4.add(sum, f32x4.sub(v128.load32_splat(p + ((<usize>i) << 2)), m))
    const at = f32x4.sub(v128.load32_splat(p + ((<usize>label) << 2)), m)
    let y = f32x4.sub(l, f32x4.mul(f32x4.splat(1 - smoothing), at))
    if (smoothing != 0) y = f32x4.sub(y, f32x4.mul(f32x4.splat(smoothing / <f32>n), sum))
    storeLanes(loss + ((<usize>r) << 2), y, 1)
  }
}

export function crossEntropyGrad(
  x: usize,
  labels: usize,
  dloss: usize,
  dx: usize,
  rows: u32,
  n: u32,
  ignore: i32,
  smoothing: f32,
  dlossStep: u32,
  part: u32,
  parts: u32,
): void {
  const end = shareEnd(rows, 1, part, parts)
  for (let r = shareBegin(rows, 1, part, parts); r < end; r++) {
    const label = load<i32>(labels + ((<usize>r) << 2))
    const o = (<usize>r * n) << 2
    if (<u32>label >= n || label == ignore) {
      memory.fill(dx + o, 0, (<usize>n) << 2)
      continue
    }
    const m = rowMax(x + o, n)
    const sum = rowSumExp(x + o, n, m)
    const d = v128.load32_splat(dloss + ((<usize>r * dlossStep) << 2))
    const s = f32x4.splat(smoothing / <f32>n)
    for (let i: u32 = 0; i < n; i += 4) {
      const lanes = min<u32>(4, n - i)
      const at = o + ((<usize>i) << 2)
      const hit = i32x4.eq(i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3)), i32x4.splat(label))
      let v = f32x4.div(exp(f32x4.sub(loadLanes(x + at, lanes), m)), sum)
      v = f32x4.sub(f32x4.sub(v, s), v128.and(hit, f32x4.splat(1 - smoothing)))
      storeLanes(dx + at, f32x4.mul(d, v), lanes)
    }
  }
}
