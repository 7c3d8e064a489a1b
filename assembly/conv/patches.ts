import { transposeFour } from '../gemm/pack'

// Patches of an image as panels of the matrix product: a tap (channel, row, column of the filter) and a pixel of the
// output are an offset each, and their sum is a word of the padded input.

/** table[i] = offset in bytes of tap first + i of a filter. */
export function tapOffsets(
  table: usize,
  first: u32,
  count: u32,
  kernelH: u32,
  kernelW: u32,
  plane: usize,
  row: usize,
  column: usize,
): void {
  let c = first / (kernelH * kernelW)
  const rest = first - c * kernelH * kernelW
  let i = rest / kernelW
  let j = rest - i * kernelW
  for (; count > 0; count--, table += 4) {
    store<u32>(table, <u32>(<usize>c * plane + <usize>i * row + <usize>j * column))
    if (++j == kernelW) {
      j = 0
      if (++i == kernelH) {
        i = 0
        c++
      }
    }
  }
}

/**
 * A panel [tap][pixel] of pixels j .. j + valid - 1 for k taps, `step` bytes a tap. Lanes past `valid` up to the next
 * multiple of four hold the last pixel, others whatever was there: their results are dropped.
 */
export function gatherPanel(
  x: usize,
  table: usize,
  k: u32,
  j: u32,
  valid: u32,
  outW: u32,
  row: usize,
  column: usize,
  to: usize,
  step: usize,
): void {
  const end = table + ((<usize>k) << 2)
  let line = j / outW
  let at = j - line * outW
  for (let v: u32 = 0; v < valid; v += 4, to += 16) {
    let a: usize = 0
    let b: usize = 0
    let c: usize = 0
    let d: usize = 0
    for (let lane: u32 = 0; lane < 4; lane++) {
      a = b
      b = c
      c = d
      if (v + lane < valid) {
        d = x + <usize>line * row + <usize>at * column
        if (++at == outW) {
          at = 0
          line++
        }
      }
    }
    let q = to
    if (b - a == 4 && c - a == 8 && d - a == 12) {
      for (let t = table; t < end; t += 4, q += step) v128.store(q, v128.load(a + load<u32>(t)))
    } else {
      for (let t = table; t < end; t += 4, q += step) {
        const o = <usize>load<u32>(t)
        let u = v128.load32_zero(a + o)
        u = v128.load32_lane(b + o, u, 1)
        u = v128.load32_lane(c + o, u, 2)
        v128.store(q, v128.load32_lane(d + o, u, 3))
      }
    }
  }
}

/**
 * A panel [pixel][tap] of the taps in the table (`valid` of them) for k pixels from pixel q on, counted through all
 * images; `step` bytes a pixel. Lanes past `valid` up to the next multiple of four hold the last tap.
 */
export function gatherTaps(
  x: usize,
  image: usize,
  table: usize,
  valid: u32,
  q: u32,
  k: u32,
  outH: u32,
  outW: u32,
  row: usize,
  column: usize,
  to: usize,
  step: usize,
): void {
  const area = outH * outW
  const i = q / area
  const line = (q - i * area) / outW
  const at = q - i * area - line * outW
  for (let v: u32 = 0; v < valid; v += 4, to += 16) {
    const last = valid - 1
    const a = <usize>load<u32>(table + ((<usize>v) << 2))
    const b = <usize>load<u32>(table + ((<usize>min<u32>(v + 1, last)) << 2))
    const c = <usize>load<u32>(table + ((<usize>min<u32>(v + 2, last)) << 2))
    const d = <usize>load<u32>(table + ((<usize>min<u32>(v + 3, last)) << 2))
    let base = x + <usize>i * image
    let h = line
    let w = at
    let p = to
    for (let left = k; left > 0; ) {
      const run = min<u32>(outW - w, left)
      let from = base + <usize>h * row + <usize>w * column
      if (column == 4) {
        transposeFour(from + a, from + b, from + c, from + d, run, p, step)
        p += <usize>run * step
      } else {
        for (let n = run; n > 0; n--, from += column, p += step) {
          let u = v128.load32_zero(from + a)
          u = v128.load32_lane(from + b, u, 1)
          u = v128.load32_lane(from + c, u, 2)
          v128.store(p, v128.load32_lane(from + d, u, 3))
        }
      }
      left -= run
      w = 0
      if (++h == outH) {
        h = 0
        base += image
      }
    }
  }
}
