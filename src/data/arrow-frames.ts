// The messages of an Arrow stream or file, each checked before anything else sees it.
import { DataError } from '../errors.ts'
import { ArrowBody } from './arrow-body.ts'
import {
  type ArrowBlock,
  type ArrowField,
  type ArrowMessage,
  dictionariesOf,
  readFooter,
  readMessage,
} from './arrow-metadata.ts'
import { type ByteSource, chunksOf } from './bytes.ts'

/** 'ARROW1', at both ends of a file. */
const MAGIC = Uint8Array.of(65, 82, 82, 79, 87, 49)
const CONTINUES = 0xffffffff

/** Takes pieces of a source, of any size; as many bytes as there are, where there are fewer. */
class Pieces {
  readonly #chunks: AsyncGenerator<Uint8Array, void, undefined>
  #rest = new Uint8Array(0)
  at = 0

  constructor(source: ByteSource, name: string) {
    this.#chunks = chunksOf(source, name)
  }

  async take(size: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    let left = size
    while (left > 0) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#chunks.next()
        if (done === true) break
        this.#rest = value as Uint8Array<ArrayBuffer>
      }
      const part = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(part.length)
      parts.push(part)
      left -= part.length
    }
    this.at += size - left
    return joined(parts)
  }

  async close(): Promise<void> {
    await this.#chunks.return()
  }
}

/** A copy, which begins where numbers of any size may. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const word = (bytes: Uint8Array, at = 0): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true)

const isMagic = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte)

/** What has been seen of a source: its schema, and how many values its dictionaries have. */
export class ArrowCheck {
  readonly #name: string
  readonly #sizes = new Map<number, number>()
  #fields: readonly ArrowField[] | undefined
  #values: ReadonlyMap<number, ArrowField> = new Map()
  /** Bytes of metadata that were looked at. */
  visited = 0

  constructor(name: string) {
    this.#name = name
  }

  #fail(problem: string, at: number): never {
    throw new DataError(`damaged Arrow data: ${problem}`, {
      where: `${this.#name}, byte ${at}`,
      hint: 'Copy or download the file again.',
    })
  }

  /** The messages of a stream, or the bytes of a file. */
  async *frames(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
    const pieces = new Pieces(source, this.#name)
    try {
      const first = await pieces.take(8)
      if (first.length === 0)
        throw new DataError('no bytes', { where: this.#name, expected: 'an Arrow stream or file' })
      if (isMagic(first)) {
        const whole = joined([first, await pieces.take(Infinity)])
        this.#file(whole)
        yield whole
      } else yield* this.#stream(pieces, first)
    } finally {
      await pieces.close()
    }
  }

  async *#stream(pieces: Pieces, first: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    for (let head = first; head.length > 0; head = await pieces.take(8)) {
      const begin = pieces.at - head.length
      // Streams of before 2019 have the length alone: what follows it are the first bytes of the metadata.
      const old = head.length >= 4 && word(head) !== CONTINUES
      if (head.length < (old && word(head) === 0 ? 4 : 8)) this.#fail('it ends early', begin)
      const size = word(head, old ? 0 : 4)
      if (size === 0) {
        if ((old && head.length > 4) || (await pieces.take(1)).length > 0) this.#fail('bytes behind the end', begin)
        break
      }
      const begun = old ? head.subarray(4) : head.subarray(8)
      const metadata = joined([begun, await pieces.take(Math.max(0, size - begun.length))])
      if (metadata.length !== size)
        this.#fail(`metadata of ${size} bytes, of which there are ${metadata.length}`, begin)
      const message = this.#message(metadata, begin)
      const body = await pieces.take(message.bodyLength)
      if (body.length < message.bodyLength)
        this.#fail(`a body of ${message.bodyLength} bytes, of which there are ${body.length}`, begin)
      this.#body(message, body, begin)
      yield frame(metadata, body)
    }
    if (this.#fields === undefined) this.#fail('no schema', 0)
  }

  /** Of a file the footer counts: its schema, and where the messages are. */
  #file(bytes: Uint8Array): void {
    const tail = bytes.length - 10
    if (tail < 8 || !isMagic(bytes.subarray(tail + 4))) this.#fail('its end is missing', bytes.length)
    const end = tail - word(bytes, tail)
    if (end < 8) this.#fail(`a footer of ${tail - end} bytes`, tail)
    const footer = readFooter(bytes.slice(end, tail), `${this.#name}, footer at byte ${end}`)
    const blocks = [...footer.dictionaries, ...footer.batches]
    this.#begin(footer.fields)
    let last = this.#schemaOf(bytes, Math.min(end, ...blocks.map(({ offset }) => offset)))
    for (const { offset, metadata, body } of [...blocks].sort((a, b) => a.offset - b.offset)) {
      if (offset < last || offset % 8 !== 0) this.#fail('messages within messages', offset)
      this.#unused(bytes, last, offset)
      last = offset + metadata + body
    }
    if (last > end) this.#fail('a message outside of the file', last)
    this.#unused(bytes, end - last >= 8 && word(bytes, last) === CONTINUES ? last + 4 : last, end)
    for (const block of footer.dictionaries) this.#block(bytes, block, 'dictionary')
    for (const block of footer.batches) this.#block(bytes, block, 'batch')
  }

  /** Most writers begin with the schema as a stream does; says where it ends. */
  #schemaOf(bytes: Uint8Array, end: number): number {
    const size = end < 16 || word(bytes, 8) !== CONTINUES ? 0 : word(bytes, 12)
    if (size === 0) return 8
    if (size > end - 16) this.#fail(`metadata of ${size} bytes`, 8)
    const { header } = readMessage(bytes.slice(16, 16 + size), `${this.#name}, metadata of the message at byte 8`)
    if (header.type !== 'schema' || JSON.stringify(header.fields) !== JSON.stringify(this.#fields))
      this.#fail('the footer has another schema', 8)
    return 16 + size
  }

  /** What belongs to no message is zero. */
  #unused(bytes: Uint8Array, from: number, to: number): void {
    const at = bytes.subarray(from, to).findIndex((byte) => byte !== 0)
    if (at >= 0) this.#fail('bytes that no message owns', from + at)
  }

  #block(bytes: Uint8Array, { offset: at, metadata: size, body: bodyLength }: ArrowBlock, type: string): void {
    const head = size >= 8 && word(bytes, at) === CONTINUES ? 8 : 4
    const from = at + size
    if (size <= head || word(bytes, at + head - 4) !== size - head) this.#fail(`metadata of ${size} bytes`, at)
    const message = this.#message(bytes.slice(at + head, from), at)
    if (message.header.type !== type || message.bodyLength !== bodyLength)
      this.#fail(`a ${message.header.type} of ${message.bodyLength} bytes is not what the footer says`, at)
    this.#body(message, bytes.slice(from, from + bodyLength), at)
  }

  #begin(fields: readonly ArrowField[]): void {
    this.#fields = fields
    this.#values = new Map(dictionariesOf(fields).map(({ id, values }) => [id, values]))
  }

  #message(metadata: Uint8Array, at: number): ArrowMessage {
    const message = readMessage(metadata, `${this.#name}, metadata of the message at byte ${at}`)
    this.visited += message.visited
    const { header } = message
    if ((header.type === 'schema') !== (this.#fields === undefined)) this.#fail(`a ${header.type} out of place`, at)
    if (header.type === 'schema') this.#begin(header.fields)
    return message
  }

  #body({ header, version }: ArrowMessage, bytes: Uint8Array, at: number): void {
    if (header.type === 'schema') return
    const body = new ArrowBody(header.batch, bytes, version, this.#sizes, (problem) => this.#fail(problem, at))
    if (header.type === 'batch') {
      body.check(this.#fields as readonly ArrowField[])
      return
    }
    const values = this.#values.get(header.id) ?? this.#fail(`a dictionary ${header.id} of no column`, at)
    body.check([values])
    this.#sizes.set(header.id, header.batch.rows + (header.delta ? (this.#sizes.get(header.id) ?? 0) : 0))
  }
}

/** A message as a stream has it. */
function frame(metadata: Uint8Array, body: Uint8Array): Uint8Array {
  const head = new Uint8Array(8)
  const view = new DataView(head.buffer)
  view.setUint32(0, CONTINUES, true)
  view.setUint32(4, metadata.length, true)
  return joined([head, metadata, body])
}
