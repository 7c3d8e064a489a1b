/** First of the n items of `part`; parts get multiples of `grain` items, the last ones fewer or none. */
// @ts-ignore: decorator
@inline
export function shareBegin(n: u32, grain: u32, part: u32, parts: u32): u32 {
  const grains = (n + grain - 1) / grain
  return min<u32>(n, ((grains + parts - 1) / parts) * grain * part)
}

/** One past the last item of `part`. */
// @ts-ignore: decorator
@inline
export function shareEnd(n: u32, grain: u32, part: u32, parts: u32): u32 {
  return shareBegin(n, grain, part + 1, parts)
}
