/** Writes messages in the wire format of protocol buffers: tag, then varint, four or eight bytes, or length and bytes. */
export class Message {
  private bytes: Uint8Array<ArrayBuffer> = new Uint8Array(64)
  private length = 0

  private room(count: number): number {
    const at = this.length
    this.length += count
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, this.bytes.length * 2))
      larger.set(this.bytes.subarray(0, at))
      this.bytes = larger
    }
    return at
  }

  private varint(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value))
    do {
      const low = Number(rest & 0x7fn)
      rest >>= 7n
      const at = this.room(1)
      this.bytes[at] = rest === 0n ? low : low | 0x80
    } while (rest !== 0n)
  }

  private tag(field: number, type: 0 | 1 | 2 | 5): void {
    this.varint(field * 8 + type)
  }

  /** int32, int64, bool or an enum: a whole number of at most 2^53. */
  int(field: number, value: number): this {
    this.tag(field, 0)
    this.varint(value)
    return this
  }

  float(field: number, value: number): this {
    this.tag(field, 5)
    const at = this.room(4)
    new DataView(this.bytes.buffer).setFloat32(at, value, true)
    return this
  }

  double(field: number, value: number): this {
    this.tag(field, 1)
    const at = this.room(8)
    new DataView(this.bytes.buffer).setFloat64(at, value, true)
    return this
  }

  /** A repeated double, packed. */
  doubles(field: number, values: readonly number[]): this {
    const packed = new DataView(new ArrayBuffer(values.length * 8))
    for (const [i, value] of values.entries()) packed.setFloat64(i * 8, value, true)
    return this.blob(field, new Uint8Array(packed.buffer))
  }

  blob(field: number, content: Uint8Array): this {
    this.tag(field, 2)
    this.varint(content.length)
    const at = this.room(content.length)
    this.bytes.set(content, at)
    return this
  }

  text(field: number, content: string): this {
    return this.blob(field, new TextEncoder().encode(content))
  }

  message(field: number, content: Message): this {
    return this.blob(field, content.finish())
  }

  /** What was written so far. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length)
  }
}
