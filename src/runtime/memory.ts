export const PAGE = 65536
/** 4 GiB without the last page: JavaScriptCore cannot address byte 2^32 - 1. */
export const CEILING: number = 65535 * PAGE

/**
 * The one linear memory, and typed arrays over all of it. A memory that grows has a new buffer, and old views stay
 * short without a word: read `.f32` and the others anew after every allocation, and do not keep them.
 */
export class SharedMemory {
  /** For tests: every reservation grows the memory, so that a kept view shows. */
  static growAlways = false

  readonly memory: WebAssembly.Memory
  readonly #limit: number
  #u8!: Uint8Array
  #u32!: Uint32Array
  #i32!: Int32Array
  #f32!: Float32Array
  #f64!: Float64Array

  constructor(memory: WebAssembly.Memory, limit: number = CEILING) {
    this.memory = memory
    this.#limit = limit
    this.#derive()
  }

  get u8(): Uint8Array {
    return this.#u8
  }
  get u32(): Uint32Array {
    return this.#u32
  }
  get i32(): Int32Array {
    return this.#i32
  }
  get f32(): Float32Array {
    return this.#f32
  }
  get f64(): Float64Array {
    return this.#f64
  }
  get byteLength(): number {
    return this.#u8.byteLength
  }

  /** Makes sure that bytes up to `end` exist; false where the engine refuses. */
  reserve(end: number): boolean {
    const size = this.byteLength
    if (end <= size && !SharedMemory.growAlways) return true
    const needed = Math.max(end <= size ? 1 : 0, Math.ceil((end - size) / PAGE))
    const room = Math.floor(this.#limit / PAGE) - size / PAGE
    if (needed > room) return end <= size
    // Growing in proportion keeps the number of new buffers small.
    const generous = Math.min(room, Math.max(needed, Math.floor(size / PAGE / 4)))
    return (!SharedMemory.growAlways && this.#grow(generous)) || this.#grow(needed) || end <= size
  }

  #grow(pages: number): boolean {
    try {
      this.memory.grow(pages)
    } catch {
      return false
    }
    this.#derive()
    return true
  }

  #derive(): void {
    const { buffer } = this.memory
    this.#u8 = new Uint8Array(buffer)
    this.#u32 = new Uint32Array(buffer)
    this.#i32 = new Int32Array(buffer)
    this.#f32 = new Float32Array(buffer)
    this.#f64 = new Float64Array(buffer)
  }
}

/** A memory of 1 MiB, or undefined where the engine has none of the kind. */
export function createMemory(shared: boolean): WebAssembly.Memory | undefined {
  // Where address space is scarce, one that may grow less.
  for (let maximum = 65536; maximum >= 1024; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: 16, maximum, shared })
    } catch {}
  }
  return undefined
}
