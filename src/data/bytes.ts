// Whatever brings bytes, as chunks of bounded size.
import { DataError } from '../errors.ts'
import { reason } from '../io/read.ts'

/** Something that brings the bytes of a file. A string is the text itself, not a path. */
export type ByteSource =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>

const CHUNK = 65_536

/** The name errors give a source: its own (a file's path), or that of its kind. */
export function nameOf(source: ByteSource, kind: string): string {
  const name = (source as { name?: unknown } | undefined)?.name
  return typeof name === 'string' && name !== '' ? name : kind
}

/** The bytes of a source, at most 64 KiB at a time; what it holds open is closed when the reader stops. */
export async function* chunksOf(source: ByteSource, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0
  try {
    for await (const chunk of opened(source, name)) {
      if (!(chunk instanceof Uint8Array))
        throw new DataError(`no bytes at byte ${at}`, {
          where: name,
          expected: 'chunks that are Uint8Array',
          received: typeof chunk,
        })
      at += chunk.length
      for (let start = 0; start < chunk.length; start += CHUNK) yield chunk.subarray(start, start + CHUNK)
    }
  } catch (cause) {
    if (cause instanceof DataError || (cause as Error | undefined)?.name === 'AbortError') throw cause
    throw new DataError(`cannot be read after byte ${at}: ${reason(cause)}`, { where: name, cause })
  }
}

function opened(source: ByteSource, name: string): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (typeof source === 'string') return encoded(source)
  if (source instanceof Uint8Array) return [source]
  if (source instanceof ArrayBuffer) return [new Uint8Array(source)]
  if (source instanceof Blob) return streamed(source.stream())
  if (source instanceof ReadableStream) return streamed(source)
  if (typeof source === 'object' && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source))
    return source
  throw new DataError('nothing to read from', {
    where: name,
    expected: 'text, bytes, a Blob, a ReadableStream or an iterable of Uint8Array',
    received: source === null ? 'null' : typeof source,
  })
}

function* encoded(text: string): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + CHUNK / 4)
    // A pair of surrogates stays together.
    if (end < text.length && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++
    yield encoder.encode(text.slice(start, end))
    start = end
  }
}

// Not every browser iterates over streams.
export async function* streamed<T>(stream: ReadableStream<T>): AsyncGenerator<T, void, undefined> {
  const reader = stream.getReader()
  let ended = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      ended = done
      if (done) return
      yield value
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => {})
    reader.releaseLock()
  }
}

/** The text of UTF-8 bytes, without a byte order mark. */
export async function* textOf(source: ByteSource, name: string): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let at = 0
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
    } catch (cause) {
      const broken = chunk === undefined ? -1 : new TextDecoder().decode(chunk).indexOf('\ufffd')
      const near =
        at + (broken < 0 ? 0 : new TextEncoder().encode(new TextDecoder().decode(chunk).slice(0, broken)).length)
      throw new DataError(`not UTF-8 text near byte ${near}`, {
        where: name,
        hint:
          at === 0 && chunk?.[0] === 0x1f && chunk[1] === 0x8b
            ? 'It is gzip data: read gunzipped(source).'
            : 'Save the file as UTF-8.',
        cause,
      })
    }
  }
  for await (const chunk of chunksOf(source, name)) {
    const text = decode(chunk)
    at += chunk.length
    if (text !== '') yield text
  }
  const rest = decode()
  if (rest !== '') yield rest
}

/**
 * The inflated bytes of gzip data, piece by piece: `readCsv(gunzipped(source))`. However much it inflates to, only a few
 * pieces are in memory; what reads them has limits of its own.
 */
export async function* gunzipped(
  source: ByteSource,
  name: string = nameOf(source, 'gzip data'),
): AsyncGenerator<Uint8Array> {
  const chunks = chunksOf(source, name)
  const { readable, writable } = new DecompressionStream('gzip')
  const writer = writable.getWriter()
  let failure: unknown
  const tail = new Uint8Array(8)
  const feeding = (async () => {
    try {
      // Small pieces: some engines inflate all of one before anyone can stop them.
      for await (const chunk of chunks)
        for (let start = 0; start < chunk.length; start += 8192) {
          await writer.ready
          const piece = chunk.slice(start, start + 8192)
          if (piece.length < 8) tail.copyWithin(0, piece.length)
          tail.set(piece.subarray(-8), 8 - Math.min(8, piece.length))
          await writer.write(piece)
        }
      await writer.close()
    } catch (error) {
      failure = error
      await writer.abort(error).catch(() => {})
    }
  })()
  let size = 0
  try {
    for await (const piece of streamed(readable)) {
      size += piece.length
      yield piece
    }
    // Some engines ignore what follows the gzip member; its last word, the inflated size, tells.
    if (new DataView(tail.buffer).getUint32(4, true) !== size % 2 ** 32)
      throw new DataError('the gzip data does not end where the file does', {
        where: name,
        expected: 'one gzip member',
      })
  } catch (cause) {
    await feeding
    if (cause instanceof DataError) throw cause
    if (failure instanceof DataError) throw failure
    throw new DataError(`corrupt or truncated gzip data after ${size} inflated bytes`, {
      where: name,
      hint: 'Copy or download the file again.',
      cause,
    })
  } finally {
    await feeding
  }
}
