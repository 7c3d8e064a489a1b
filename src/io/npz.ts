import { DataError } from '../errors.ts'
import { known } from '../options.ts'
import { label } from './header.ts'
import { encodeNpy, type NpyArray, type NpyInput, npyHeader, parseNpy } from './npy.ts'
import { encodeZip, zipContent, zipEntries } from './zip.ts'

export interface ReadNpzOptions {
  /** What errors call the file. Default 'npz data'. */
  name?: string | undefined
  /** Most bytes all arrays together may take. Default 4 GiB. */
  maxBytes?: number | undefined
}

const SUFFIX = '.npy'

/**
 * Reads the arrays of a .npz file (`numpy.savez`, compressed or not) by their names. Sizes are checked before anything is
 * inflated, and inflating stops where an array exceeds its own header.
 */
export async function readNpz(bytes: Uint8Array, options: ReadNpzOptions = {}): Promise<Map<string, NpyArray>> {
  const { name = 'npz data', maxBytes = 2 ** 32 } = known('readNpz', options, 'name maxBytes')
  const entries = zipEntries(bytes, name)
  const whole = entries.reduce((sum, { size }) => sum + size, 0)
  if (whole > maxBytes)
    throw new DataError('the arrays are too large', {
      where: name,
      expected: `at most ${maxBytes} bytes (maxBytes)`,
      received: String(whole),
    })
  const arrays = new Map<string, NpyArray>()
  for (const entry of entries) {
    const where = `${name}: ${label(entry.name)}`
    if (!entry.name.endsWith(SUFFIX))
      throw new DataError('an entry that is no array', { where, expected: 'a name in .npy' })
    const content = await zipContent(entry, where, (head) => npyHeader(head, where)?.bytes)
    arrays.set(entry.name.slice(0, -SUFFIX.length), parseNpy(content, where))
  }
  return arrays
}

/** The bytes of an uncompressed .npz file of those arrays, which `numpy.load` reads; the same bytes for the same arrays. */
export function encodeNpz(arrays: Iterable<readonly [name: string, array: NpyInput]>): Uint8Array<ArrayBuffer> {
  return encodeZip([...arrays].map(([name, array]) => [`${name}${SUFFIX}`, encodeNpy(array)] as const))
}
