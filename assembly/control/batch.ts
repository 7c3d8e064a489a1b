import { shareBegin, shareEnd } from '../vm/partition'

/** curve[cursor % capacity] = x[0]. */
export function record(x: usize, curve: usize, cursor: usize, capacity: u32, part: u32, _parts: u32): void {
  if (part != 0 || capacity == 0) return
  store<f32>(curve + ((<usize>(load<u64>(cursor) % capacity)) << 2), load<f32>(x))
}

/** y = ring[cursor % slots]; slots of `bytes` bytes, split in lines of 16 words. */
export function fetchSlot(ring: usize, y: usize, cursor: usize, slots: u32, bytes: u32, part: u32, parts: u32): void {
  if (slots == 0) return
  const words = bytes >> 2
  const begin = shareBegin(words, 16, part, parts)
  const end = shareEnd(words, 16, part, parts)
  if (end <= begin) return
  const slot = ring + <usize>(load<u64>(cursor) % slots) * bytes
  memory.copy(y + (begin << 2), slot + (begin << 2), (end - begin) << 2)
}

/**
 * y[r] = x[index[(cursor % batches) * rows + r]]. Split over the words of y, not its rows: a batch may hold few long
 * rows or many of one word (labels).
 */
export function fetchRows(
  x: usize,
  index: usize,
  y: usize,
  cursor: usize,
  batches: u32,
  rows: u32,
  words: u32,
  part: u32,
  parts: u32,
): void {
  if (batches == 0) return
  const total = rows * words
  const end = shareEnd(total, 16, part, parts)
  let at = shareBegin(total, 16, part, parts)
  if (end <= at) return
  const list = index + <usize>(load<u64>(cursor) % batches) * rows * 4
  let row = at / words
  let column = at - row * words
  while (at < end) {
    const n = min<u32>(words - column, end - at)
    const from = x + (<usize>load<u32>(list + ((<usize>row) << 2)) * words + column) * 4
    const to = y + ((<usize>at) << 2)
    if (n >= 32) memory.copy(to, from, (<usize>n) << 2)
    else {
      for (let i: usize = 0, bytes = (<usize>n) << 2; i < bytes; i += 4) store<u32>(to + i, load<u32>(from + i))
    }
    at += n
    row++
    column = 0
  }
}
