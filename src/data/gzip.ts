import { DataError } from '../errors.ts'

export interface GunzipOptions {
  /** Named in errors. */
  readonly name: string
  /** Told the output so far, says how many bytes the whole may have; undefined while it cannot know yet. */
  limit(head: Uint8Array): number | undefined
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b
}

// Deflate expands at most 1032 times, and some engines inflate a whole input chunk before anyone can stop them.
const SLICE = 8192
// More output than this before `limit` can name a size is no header.
const HEAD = 65536

/** Inflates gzip data, and stops as soon as the output exceeds what its own header declares. */
export async function gunzip(bytes: Uint8Array, options: GunzipOptions): Promise<Uint8Array> {
  const whole = await inflate(bytes, 'gzip', options)
  checkTrailer(bytes, whole.length, options.name)
  return whole
}

/** Inflates deflated data in a format, and stops as soon as the output exceeds what the limit says. */
export async function inflate(
  bytes: Uint8Array,
  format: 'gzip' | 'deflate-raw',
  { name, limit }: GunzipOptions,
): Promise<Uint8Array> {
  const { readable, writable } = new DecompressionStream(format)
  const reader = readable.getReader()
  const feeding = feed(bytes, writable.getWriter())
  const chunks: Uint8Array[] = []
  let size = 0
  let cap: number | undefined
  try {
    for (;;) {
      const { done, value } = await inflated(reader, name, size, format)
      if (done) break
      chunks.push(value)
      size += value.length
      if (cap === undefined) {
        const head = join(chunks, size)
        chunks.splice(0, chunks.length, head)
        cap = limit(head)
      }
      if (size > (cap ?? HEAD)) {
        throw new DataError('inflates to more than its header declares', {
          where: name,
          expected: `${cap ?? HEAD} bytes once inflated`,
          received: `at least ${size}`,
        })
      }
    }
  } catch (error) {
    await reader.cancel().catch(() => {})
    throw error
  } finally {
    await feeding
  }
  return join(chunks, size)
}

async function feed(bytes: Uint8Array, writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>): Promise<void> {
  try {
    for (let start = 0; start < bytes.length; start += SLICE) {
      await writer.ready
      await writer.write(bytes.slice(start, start + SLICE))
    }
    await writer.close()
  } catch {
    // The reading side meets the same error and reports it.
  }
}

async function inflated(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  name: string,
  size: number,
  format: string,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read()
  } catch (cause) {
    throw new DataError(
      `corrupt or truncated ${format === 'gzip' ? 'gzip' : 'deflated'} data after ${size} inflated bytes`,
      {
        where: name,
        hint: 'Copy or download the file again.',
        cause,
      },
    )
  }
}

// Some engines ignore bytes after the end of the gzip member; its last word, the inflated size, tells.
function checkTrailer(bytes: Uint8Array, size: number, name: string): void {
  const declared = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true)
  if (declared === size % 2 ** 32) return
  throw new DataError('the gzip data does not end where the file does', {
    where: name,
    expected: `one gzip member whose last word is its inflated size, ${size}`,
    received: `${declared} at byte ${bytes.length - 4}`,
  })
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
