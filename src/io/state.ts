import { DataError } from '../errors.ts'
import type { State, StateEntry } from '../nn/index.ts'
import { widened } from './half.ts'
import { label } from './header.ts'
import { encodeSafetensors, parseSafetensors, type SafeTensor } from './safetensors.ts'

/** How names begin that are not of a model's variables. */
export const OWN = 'chainrule.'
/** Metadata of a training run. */
export const CHECKPOINT = 'chainrule.checkpoint'

/** What `stateDict` gives, as the bytes of a safetensors file. */
export function encodeState(
  state: State,
  metadata: Iterable<readonly [string, string]> = [['format', 'pt']],
): Uint8Array<ArrayBuffer> {
  return encodeSafetensors(
    [...state].map(([name, entry]): [string, SafeTensor] => [name, stateTensor(entry)]),
    metadata,
  )
}

/**
 * What `loadStateDict` takes, from the bytes of a safetensors file; half precision is widened, which is exact, and 64-bit
 * integers that fit become int32. Of a
 * checkpoint of a training run the weights.
 */
export function decodeState(
  bytes: Uint8Array,
  name = 'safetensors data',
): { readonly state: State; readonly metadata: ReadonlyMap<string, string> } {
  const { tensors, metadata } = parseSafetensors(bytes, name)
  const state: State = new Map()
  for (const [key, tensor] of tensors)
    if (!(metadata.has(CHECKPOINT) && key.startsWith(OWN)))
      state.set(key, stateEntry(tensor, `${name}: tensor ${label(key)}`))
  return { state, metadata }
}

export function stateTensor({ shape, data }: StateEntry): SafeTensor {
  const dtype = data instanceof Int32Array ? 'I32' : data instanceof Float64Array ? 'F64' : 'F32'
  return { dtype, shape, data }
}

export function stateEntry({ dtype, shape, data }: SafeTensor, where: string): StateEntry {
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Float64Array) return { shape, data }
  if (dtype === 'F16') return { shape, data: widened(data as Uint16Array) }
  if (dtype === 'BF16') {
    const words = Uint32Array.from(data as Uint16Array, (bits) => bits << 16)
    return { shape, data: new Float32Array(words.buffer) }
  }
  // PyTorch's whole numbers, such as the batches that a batch normalization has seen.
  if (data instanceof BigInt64Array && data.every((n) => BigInt.asIntN(32, n) === n))
    return { shape, data: Int32Array.from(data, Number) }
  throw new DataError('a type that no module has', {
    where,
    expected: 'F32, F16, BF16, F64, I32, or I64 within its range',
    received: dtype,
  })
}
