import type { State } from '../nn/state.ts'
import { Sha256 } from './sha256.ts'

/**
 * SHA-256 over a state in the order of its names: each name, type and shape as text, then the numbers, little-endian
 * with every NaN the same. Equal weights give equal hashes in every runtime, for any thread count.
 */
export function hashState(state: State): string {
  const hash = new Sha256()
  const text = new TextEncoder()
  for (const name of [...state.keys()].sort()) {
    const { shape, data } = state.get(name) as {
      shape: readonly number[]
      data: Float32Array | Int32Array | Float64Array
    }
    hash.update(text.encode(`${name}\0${data.constructor.name}[${shape.join(',')}]\0`))
    hash.update(littleEndian(canonical(data)))
  }
  return hash.hex()
}

/** A copy in which every NaN has the same bits; assigning NaN would leave them to the engine. */
function canonical<T extends Float32Array | Int32Array | Float64Array>(data: T): T {
  const copy = data.slice() as T
  if (copy instanceof Int32Array) return copy
  const words = new Uint32Array(copy.buffer)
  const width = copy.BYTES_PER_ELEMENT / 4
  for (let i = 0; i < copy.length; i++) {
    if (!Number.isNaN(copy[i])) continue
    if (width === 1) words[i] = 0x7fc00000
    else new DataView(copy.buffer).setBigUint64(i * 8, 0x7ff8000000000000n, LITTLE)
  }
  return copy
}

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** WebAssembly memory is little-endian everywhere; typed arrays follow the machine. */
function littleEndian(data: Float32Array | Int32Array | Float64Array): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (LITTLE) return bytes
  const size = data.BYTES_PER_ELEMENT
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse()
  return bytes
}
