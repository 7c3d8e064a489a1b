import { POOL_MAX } from '../../src/abi/constants'
import { shareBegin, shareEnd } from '../vm/partition'

// Windows over planes of height x width, clipped at the ends: what lies outside is never read. Split by planes.

/** Four words `step` words apart. */
// @ts-ignore: decorator
@inline
function four(p: usize, step: u32): v128 {
  if (step == 1) return v128.load(p)
  if (step == 2) return v128.shuffle<f32>(v128.load(p), v128.load(p, 12), 0, 2, 5, 7)
  const by = (<usize>step) << 2
  let v = v128.load32_zero(p)
  v = v128.load32_lane(p + by, v, 1)
  v = v128.load32_lane(p + 2 * by, v, 2)
  return v128.load32_lane(p + 3 * by, v, 3)
}

/** First index inside of windows that start at `start`, and one past the last. */
// @ts-ignore: decorator
@inline
function low(start: i32): i32 {
  return max<i32>(0, start)
}

/** Four windows side by side, inside of the image along their rows: the largest words (a NaN wins), or the sums. */
function windows(isMax: bool, at: usize, pitch: usize, rows: u32, columns: u32, step: u32): v128 {
  let value = f32x4.splat(isMax ? -Infinity : 0)
  let nan = i32x4.splat(0)
  for (; rows > 0; rows--, at += pitch) {
    if (isMax && columns == 2 && step == 2) {
      const a = v128.load(at)
      const b = v128.load(at, 16)
      const u = v128.shuffle<f32>(a, b, 0, 2, 4, 6)
      const v = v128.shuffle<f32>(a, b, 1, 3, 5, 7)
      value = f32x4.pmax(f32x4.pmax(value, u), v)
      nan = v128.or(nan, v128.or(f32x4.ne(u, u), f32x4.ne(v, v)))
      continue
    }
    for (let c: u32 = 0; c < columns; c++) {
      const v = four(at + ((<usize>c) << 2), step)
      if (isMax) {
        value = f32x4.pmax(value, v)
        nan = v128.or(nan, f32x4.ne(v, v))
      } else value = f32x4.add(value, v)
    }
  }
  return v128.or(value, nan)
}

/**
 * y = the largest word of each window (a NaN wins), or its mean: over the window with the padding (`whole`) or over
 * what lies inside of the image. Sums run over rising rows and columns.
 */
export function pool2d(
  fn: u32,
  x: usize,
  y: usize,
  planes: u32,
  height: u32,
  width: u32,
  kernelH: u32,
  kernelW: u32,
  outH: u32,
  outW: u32,
  strideH: u32,
  strideW: u32,
  top: u32,
  left: u32,
  whole: u32,
  part: u32,
  parts: u32,
): void {
  const isMax = fn == POOL_MAX
  const end = shareEnd(planes, 1, part, parts)
  const pitch = (<usize>width) << 2
  // windows of a row that lie inside of the image
  const first = (left + strideW - 1) / strideW
  const past: u32 = width + left < kernelW ? 0 : min<u32>(outW, (width + left - kernelW) / strideW + 1)
  for (let p = shareBegin(planes, 1, part, parts); p < end; p++) {
    const plane = x + <usize>p * height * pitch
    const to = y + ((<usize>p * outH * outW) << 2)
    for (let i: u32 = 0; i < outH; i++) {
      const h = <i32>(i * strideH) - <i32>top
      const h0 = low(h)
      const h1 = min<i32>(<i32>height, h + <i32>kernelH)
      const rows = plane + <usize>h0 * pitch
      const tall = extent(h, kernelH, height, top, whole)
      const line = to + ((<usize>(i * outW)) << 2)
      for (let j: u32 = 0; j < outW; ) {
        if (j >= first && j < past && past >= first + 4) {
          // those done before are done again
          j = min<u32>(j, past - 4)
          const at = rows + ((<usize>(j * strideW - left)) << 2)
          let value = windows(isMax, at, pitch, h1 - h0, kernelW, strideW)
          if (!isMax) value = f32x4.div(value, f32x4.splat(<f32>(tall * kernelW)))
          v128.store(line + ((<usize>j) << 2), value)
          j += 4
          continue
        }
        const w = <i32>(j * strideW) - <i32>left
        let value: f32 = isMax ? -Infinity : 0
        const c1 = min<i32>(<i32>width, w + <i32>kernelW)
        for (let r = h0; r < h1; r++)
          for (let c = low(w); c < c1; c++) {
            const v = load<f32>(plane + <usize>r * pitch + ((<usize>c) << 2))
            if (!isMax) value += v
            else if (v > value || v != v) value = v
          }
        if (!isMax) value /= <f32>(tall * extent(w, kernelW, width, left, whole))
        store<f32>(line + ((<usize>j) << 2), value)
        j++
      }
    }
  }
}

/** Words of a window along one axis that count. */
function extent(start: i32, kernel: u32, size: u32, pad: u32, whole: u32): u32 {
  if (whole != 0) return <u32>(min<i32>(start + <i32>kernel, <i32>(size + pad)) - start)
  return <u32>(min<i32>(start + <i32>kernel, <i32>size) - low(start))
}

/**
 * The gradient of pool2d, added up over the windows. Of means: dx = dy / the number of words that count. Of maxima: dy at
 * the first of the largest words (the first NaN, if any); with `whole`, only where that word is positive: the gradient
 * of a ReLU before the windows.
 */
export function pool2dGrad(
  fn: u32,
  dy: usize,
  x: usize,
  y: usize,
  dx: usize,
  planes: u32,
  height: u32,
  width: u32,
  kernelH: u32,
  kernelW: u32,
  outH: u32,
  outW: u32,
  strideH: u32,
  strideW: u32,
  top: u32,
  left: u32,
  whole: u32,
  part: u32,
  parts: u32,
): void {
  const isMax = fn == POOL_MAX
  const end = shareEnd(planes, 1, part, parts)
  const pitch = (<usize>width) << 2
  const squares = kernelW == 2 && strideW == 2 && kernelH == 2 && strideH == 2 && (top | left) == 0
  const pairs = isMax && squares && outW >= 4 && outW + outW <= width
  for (let p = shareBegin(planes, 1, part, parts); p < end; p++) {
    const base = <usize>p * height * pitch
    memory.fill(dx + base, 0, <usize>height * pitch)
    for (let i: u32 = 0; i < outH; i++) {
      const h = <i32>(i * strideH) - <i32>top
      const h1 = min<i32>(<i32>height, h + <i32>kernelH)
      const line = (<usize>(p * outH + i) * outW) << 2
      for (let j: u32 = 0; j < outW; ) {
        if (pairs && h1 - h == 2) {
          // those done before are done again
          j = min<u32>(j, outW - 4)
          const at = line + ((<usize>j) << 2)
          fourPairs(dy + at, y + at, x + base + <usize>h * pitch + ((<usize>j) << 3), dx - x, pitch, whole != 0)
          j += 4
          continue
        }
        const at = line + ((<usize>j) << 2)
        const w = <i32>(j * strideW) - <i32>left
        const w1 = min<i32>(<i32>width, w + <i32>kernelW)
        let slope = load<f32>(dy + at)
        let value: f32 = 0
        if (isMax) value = load<f32>(y + at)
        else slope /= <f32>(extent(h, kernelH, height, top, whole) * extent(w, kernelW, width, left, whole))
        let done = isMax && whole != 0 && !(value > 0)
        for (let r = low(h); r < h1 && !done; r++)
          for (let c = low(w); c < w1 && !done; c++) {
            const o = base + <usize>r * pitch + ((<usize>c) << 2)
            if (isMax) {
              const v = load<f32>(x + o)
              done = v == value || v != v
              if (!done) continue
            }
            store<f32>(dx + o, load<f32>(dx + o) + slope)
          }
        j++
      }
    }
  }
}

/** Four windows of 2 x 2 side by side that nothing else touches. */
// @ts-ignore: decorator
@inline
function fourPairs(dy: usize, y: usize, x: usize, toDx: usize, pitch: usize, positive: bool): void {
  const value = v128.load(y)
  const grad = v128.load(dy)
  let free = positive ? f32x4.gt(value, i32x4.splat(0)) : i32x4.splat(-1)
  for (let r = 0; r < 2; r++, x += pitch) {
    const a = v128.load(x)
    const b = v128.load(x, 16)
    const even = v128.shuffle<f32>(a, b, 0, 2, 4, 6)
    const odd = v128.shuffle<f32>(a, b, 1, 3, 5, 7)
    const first = v128.and(free, v128.or(f32x4.eq(even, value), f32x4.ne(even, even)))
    free = v128.andnot(free, first)
    const second = v128.and(free, v128.or(f32x4.eq(odd, value), f32x4.ne(odd, odd)))
    free = v128.andnot(free, second)
    const u = v128.and(grad, first)
    const v = v128.and(grad, second)
    v128.store(x + toDx, v128.shuffle<f32>(u, v, 0, 4, 1, 5))
    v128.store(x + toDx, v128.shuffle<f32>(u, v, 2, 6, 3, 7), 16)
  }
}
