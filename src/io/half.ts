/** Half-precision numbers, given as their bits, in single precision, which is exact. */
export function widened(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length)
  const words = new Uint32Array(values.buffer)
  for (const [i, bits] of halves.entries()) {
    const [sign, exponent, fraction] = [(bits & 0x8000) << 16, (bits >> 10) & 31, bits & 1023]
    // Subnormal halves count in units of 2^-24; of the others only the bias of the exponent differs.
    if (exponent === 0) values[i] = (sign < 0 ? -fraction : fraction) / 16_777_216
    else words[i] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13)
  }
  return values
}
