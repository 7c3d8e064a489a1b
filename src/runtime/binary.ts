import { EngineError } from '../errors.ts'

export interface Section {
  readonly id: number
  /** Where the section begins, its contents begin, and it ends. */
  readonly head: number
  readonly from: number
  readonly to: number
}

export function* sectionsOf(bytes: Uint8Array): Generator<Section> {
  const reader = new BinaryReader(bytes, 8)
  while (reader.at < bytes.length) {
    const head = reader.at
    const id = reader.byte()
    const size = reader.leb()
    const from = reader.at
    reader.at = from + size
    yield { id, head, from, to: reader.at }
  }
}

/** An unsigned number in LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = []
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
  bytes.push(value)
  return bytes
}

/** Reads the binary format: https://webassembly.github.io/spec/core/binary/ */
export class BinaryReader {
  readonly #bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw new EngineError('the WebAssembly binary ends too early', { where: `byte ${this.at}` })
    return byte
  }

  leb(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value |= (byte & 127) << shift
      if (byte < 128) return value
    }
  }

  /** Goes behind bytes that begin with their number, such as a name: that number. */
  skip(): number {
    const count = this.leb()
    this.at += count
    return count
  }

  /** Goes behind the next instruction: the number of a SIMD instruction, 0 for any other. */
  instruction(): number {
    const op = this.byte()
    switch (op) {
      case 0xfd: {
        const simd = this.leb()
        if (simd < 12 || (simd > 83 && simd < 94)) this.#lebs(2) // address
        if (simd === 12 || simd === 13) this.at += 16
        if ((simd > 20 && simd < 35) || (simd > 83 && simd < 92)) this.at++ // lane
        return simd
      }
      case 0xfe:
        if (this.leb() === 3)
          this.at++ // fence
        else this.#lebs(2)
        return 0
      case 0xfc: {
        const sub = this.leb()
        if (sub > 7) this.#lebs(sub === 9 || sub === 11 || sub === 13 || sub > 14 ? 1 : 2)
        return 0
      }
      case 0x0e: // br_table
      case 0x1c: // select with types
        this.#lebs(this.leb() + (op === 0x0e ? 1 : 0))
        return 0
      case 0x43:
        this.at += 4
        return 0
      case 0x44:
        this.at += 8
        return 0
      case 0x11: // call_indirect
        this.#lebs(2)
        return 0
      default:
        if (op > 0x27 && op < 0x3f) this.#lebs(2)
        else if ((op > 1 && op < 5) || op === 12 || op === 13 || op === 16 || (op > 0x1f && op < 0x27)) this.#lebs(1)
        else if ((op > 0x3e && op < 0x43) || op === 0xd0 || op === 0xd2) this.#lebs(1)
        return 0
    }
  }

  #lebs(count: number): void {
    for (; count > 0; count--) this.leb()
  }
}
