import { f32_1x8 } from './microkernel/f32_1x8'
import { f32_1x16 } from './microkernel/f32_1x16'
import { f32_2x8, f32_2x8_strided } from './microkernel/f32_2x8'
import { f32_2x16, f32_2x16_strided } from './microkernel/f32_2x16'
import { f32_4x8, f32_4x8_strided } from './microkernel/f32_4x8'
import { f32_4x16, f32_4x16_strided } from './microkernel/f32_4x16'
import { f32_6x8, f32_6x8_strided } from './microkernel/f32_6x8'
import { f32_6x16, f32_6x16_strided } from './microkernel/f32_6x16'

/** 1 to 6 rows of 8 columns with the micro-kernels of 6, 4, 2 and 1 rows. */
// @ts-ignore: decorator
@inline
export function rows8(
  rows: u32,
  k: u32,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  c: usize,
  cRow: usize,
  from: usize,
  fromRow: usize,
): void {
  if (rows == 6) {
    if (aRow == 4) f32_6x8(k, a, aStep, b, bStep, c, cRow, from, fromRow)
    else f32_6x8_strided(k, a, aRow, aStep, b, bStep, c, cRow, from, fromRow)
    return
  }
  if (rows >= 4) {
    if (aRow == 4) f32_4x8(k, a, aStep, b, bStep, c, cRow, from, fromRow)
    else f32_4x8_strided(k, a, aRow, aStep, b, bStep, c, cRow, from, fromRow)
    if (rows == 4) return
    a += aRow * 4
    c += cRow * 4
    from += fromRow * 4
  } else if (rows >= 2) {
    if (aRow == 4) f32_2x8(k, a, aStep, b, bStep, c, cRow, from, fromRow)
    else f32_2x8_strided(k, a, aRow, aStep, b, bStep, c, cRow, from, fromRow)
    if (rows == 2) return
    a += aRow * 2
    c += cRow * 2
    from += fromRow * 2
  }
  f32_1x8(k, a, aStep, b, bStep, c, from)
}

/** The same for 16 columns. */
// @ts-ignore: decorator
@inline
export function rows16(
  rows: u32,
  k: u32,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  c: usize,
  cRow: usize,
  from: usize,
  fromRow: usize,
): void {
  if (rows == 6) {
    if (aRow == 4) f32_6x16(k, a, aStep, b, bStep, c, cRow, from, fromRow)
    else f32_6x16_strided(k, a, aRow, aStep, b, bStep, c, cRow, from, fromRow)
    return
  }
  if (rows >= 4) {
    if (aRow == 4) f32_4x16(k, a, aStep, b, bStep, c, cRow, from, fromRow)
    else f32_4x16_strided(k, a, aRow, aStep, b, bStep, c, cRow, from, fromRow)
    if (rows == 4) return
    a += aRow * 4
    c += cRow * 4
    from += fromRow * 4
  } else if (rows >= 2) {
    if (aRow == 4) f32_2x16(k, a, aStep, b, bStep, c, cRow, from, fromRow)
    else f32_2x16_strided(k, a, aRow, aStep, b, bStep, c, cRow, from, fromRow)
    if (rows == 2) return
    a += aRow * 2
    c += cRow * 2
    from += fromRow * 2
  }
  f32_1x16(k, a, aStep, b, bStep, c, from)
}
