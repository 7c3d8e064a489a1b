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
  for (let p = shareBegin(planes, 1, part, parts); p < end; p++) {
    const plane = x + <usize>p * height * pitch
    let to = y + ((<usize>p * outH * outW) << 2)
    for (let i: u32 = 0; i < outH; i++) {
      const h = <i32>(i * strideH) - <i32>top
      const h0 = low(h)
      const h1 = min<i32>(<i32>height, h + <i32>kernelH)
      for (let j: u32 = 0; j < outW; ) {
        const w = <i32>(j * strideW) - <i32>left
        const w1 = w + <i32>kernelW
        const rows = plane + <usize>h0 * pitch
        if (w >= 0 && j + 4 <= outW && w1 + 3 * <i32>strideW <= <i32>width) {
          let value = isMax ? f32x4.splat(-Infinity) : i32x4.splat(0)
          let nan = i32x4.splat(0)
          let at = rows + ((<usize>w) << 2)
          for (let r = h0; r < h1; r++, at += pitch)
            for (let c: usize = 0; c < (<usize>kernelW) << 2; c += 4) {
              const v = four(at + c, strideW)
              if (isMax) {
                value = f32x4.pmax(value, v)
                nan = v128.or(nan, f32x4.ne(v, v))
              } else value = f32x4.add(value, v)
            }
          if (isMax) value = v128.or(value, nan)
          else value = f32x4.div(value, f32x4.splat(<f32>(extent(h, kernelH, height, top, whole) * kernelW)))
          v128.store(to, value)
          to += 16
          j += 4
          continue
        }
        let value: f32 = isMax ? -Infinity : 0
        const c1 = min<i32>(<i32>width, w1)
        for (let r = h0; r < h1; r++)
          for (let c = low(w); c < c1; c++) {
            const v = load<f32>(plane + <usize>r * pitch + ((<usize>c) << 2))
            if (!isMax) value += v
            else if (v > value || v != v) value = v
          }
        if (!isMax) value /= <f32>(extent(h, kernelH, height, top, whole) * extent(w, kernelW, width, left, whole))
        store<f32>(to, value)
        to += 4
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

/** dx = dy at the first of the largest words of each window (the first NaN, if any), added up over the windows; else 0. */
export function maxPool2dGrad(
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
  part: u32,
  parts: u32,
): void {
  const end = shareEnd(planes, 1, part, parts)
  const pitch = (<usize>width) << 2
  const apart = kernelW == 2 && strideW == 2 && kernelH == 2 && strideH == 2 && top == 0 && left == 0
  for (let p = shareBegin(planes, 1, part, parts); p < end; p++) {
    const base = <usize>p * height * pitch
    memory.fill(dx + base, 0, <usize>height * pitch)
    let at = (<usize>p * outH * outW) << 2
    for (let i: u32 = 0; i < outH; i++) {
      const h = <i32>(i * strideH) - <i32>top
      const h1 = min<i32>(<i32>height, h + <i32>kernelH)
      for (let j: u32 = 0; j < outW; ) {
        const w = <i32>(j * strideW) - <i32>left
        if (apart && j + 4 <= outW && w + 8 <= <i32>width && h1 - h == 2) {
          fourPairs(dy + at, y + at, x + base + <usize>h * pitch + ((<usize>w) << 2), dx - x, pitch)
          at += 16
          j += 4
          continue
        }
        const w1 = min<i32>(<i32>width, w + <i32>kernelW)
        let hit: usize = 0
        const value = load<f32>(y + at)
        for (let r = low(h); r < h1 && hit == 0; r++)
          for (let c = low(w); c < w1; c++) {
            const o = base + <usize>r * pitch + ((<usize>c) << 2)
            const v = load<f32>(x + o)
            if (v == value || v != v) {
              hit = dx + o
              break
            }
          }
        if (hit != 0) store<f32>(hit, load<f32>(hit) + load<f32>(dy + at))
        at += 4
        j++
      }
    }
  }
}

/** Four windows of 2 x 2 side by side that nothing else touches. */
// @ts-ignore: decorator
@inline
function fourPairs(dy: usize, y: usize, x: usize, toDx: usize, pitch: usize): void {
  const value = v128.load(y)
  const grad = v128.load(dy)
  let free = i32x4.splat(-1)
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

/** dx = dy / the number of words that count, added up over the windows. */
export function avgPool2dGrad(
  dy: usize,
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
  const end = shareEnd(planes, 1, part, parts)
  const pitch = (<usize>width) << 2
  for (let p = shareBegin(planes, 1, part, parts); p < end; p++) {
    const plane = dx + <usize>p * height * pitch
    memory.fill(plane, 0, <usize>height * pitch)
    let at = dy + ((<usize>p * outH * outW) << 2)
    for (let i: u32 = 0; i < outH; i++) {
      const h = <i32>(i * strideH) - <i32>top
      const h1 = min<i32>(<i32>height, h + <i32>kernelH)
      for (let j: u32 = 0; j < outW; j++, at += 4) {
        const w = <i32>(j * strideW) - <i32>left
        const w1 = min<i32>(<i32>width, w + <i32>kernelW)
        const count = extent(h, kernelH, height, top, whole) * extent(w, kernelW, width, left, whole)
        const g = load<f32>(at) / <f32>count
        for (let r = low(h); r < h1; r++)
          for (let c = low(w); c < w1; c++) {
            const q = plane + <usize>r * pitch + ((<usize>c) << 2)
            store<f32>(q, load<f32>(q) + g)
          }
      }
    }
  }
}
