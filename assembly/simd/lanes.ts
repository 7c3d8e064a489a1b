// Vectors of 1 to 4 words, so that the tail of a loop takes the same vector code as the rest of it.

/** Words p[0] .. p[count - 1] for 1 <= count <= 4; the other lanes are 0. */
// @ts-ignore: decorator
@inline
export function loadLanes(p: usize, count: u32): v128 {
  if (count >= 4) return v128.load(p)
  if (count == 1) return v128.load32_zero(p)
  const pair = v128.load64_zero(p)
  return count == 2 ? pair : v128.load32_lane(p, pair, 2, 8)
}

/** Stores the first `count` lanes, 1 <= count <= 4. */
// @ts-ignore: decorator
@inline
export function storeLanes(p: usize, v: v128, count: u32): void {
  if (count >= 4) {
    v128.store(p, v)
  } else if (count == 1) {
    v128.store32_lane(p, v, 0)
  } else {
    v128.store64_lane(p, v, 0)
    if (count == 3) v128.store32_lane(p, v, 2, 8)
  }
}

/** 8 words at `to`: p[0] .. p[count - 1] for 1 <= count <= 7, then zeros. */
export function loadRest(p: usize, count: u32, to: usize): void {
  v128.store(to, loadLanes(p, count))
  v128.store(to, count > 4 ? loadLanes(p + 16, count - 4) : i32x4.splat(0), 16)
}

/** The inverse: the first `count` of the 8 words at `from`. */
export function storeRest(from: usize, count: u32, p: usize): void {
  storeLanes(p, v128.load(from), count)
  if (count > 4) storeLanes(p + 16, v128.load(from, 16), count - 4)
}
