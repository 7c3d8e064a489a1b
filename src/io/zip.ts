// ZIP archives in memory: what a .npz file is. One disk, no encryption, stored or deflated, below 4 GiB.
import { inflate } from '../data/gzip.ts'
import { ArgumentError, DataError } from '../errors.ts'
import { crc32 } from './crc32.ts'
import { label } from './header.ts'

export interface ZipEntry {
  readonly name: string
  /** Bytes once inflated, as the archive declares them. */
  readonly size: number
  readonly crc: number
  readonly deflated: boolean
  /** As they are in the archive. */
  readonly bytes: Uint8Array
}

const END = 0x06054b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const END_SIZE = 22
const MAX_COMMENT = 65_535
const FULL = 0xffffffff
/** Deflate makes at most so many bytes of one. */
const EXPANSION = 1032
const ENCRYPTED = 1

/** The entries of an archive, by its directory; every range is checked, and no two overlap. */
export function zipEntries(bytes: Uint8Array, name: string): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const refuse = (what: string, at: number, expected?: string): never => {
    throw new DataError(`${what} at byte ${at}`, { where: name, ...(expected !== undefined && { expected }) })
  }
  const end = endOf(view, name)
  const count = view.getUint16(end + 10, true)
  const size = view.getUint32(end + 12, true)
  const first = view.getUint32(end + 16, true)
  if (
    view.getUint16(end + 4, true) !== 0 ||
    view.getUint16(end + 6, true) !== 0 ||
    view.getUint16(end + 8, true) !== count
  )
    refuse('an archive of several disks', end + 4)
  if (first === FULL || size === FULL || count === 0xffff)
    refuse('a zip64 archive, which is not read', end + 8, 'less than 4 GiB')
  if (first + size !== end) refuse('a directory that does not end where its end begins', end + 12)
  const entries: (ZipEntry & { readonly at: number; readonly end: number })[] = []
  const names = new Set<string>()
  let at = first
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) refuse('no entry of the directory', at)
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)]
    const [crc, packed, full] = [
      view.getUint32(at + 16, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 24, true),
    ]
    const lengths = [
      view.getUint16(at + 28, true),
      view.getUint16(at + 30, true),
      view.getUint16(at + 32, true),
    ] as const
    const next = at + 46 + lengths[0] + lengths[1] + lengths[2]
    if (next > end) refuse('an entry that leaves the directory', at)
    const rawName = bytes.subarray(at + 46, at + 46 + lengths[0])
    const title = textOf(rawName) ?? refuse('a name that is not UTF-8', at + 46)
    if (names.has(title)) refuse(`a second entry ${label(title)}`, at)
    names.add(title)
    if ((flags & ENCRYPTED) !== 0) refuse(`the encrypted entry ${label(title)}`, at)
    if (method !== 0 && method !== 8)
      refuse(`entry ${label(title)} with method ${method}`, at + 10, '0 (stored) or 8 (deflated)')
    const local = view.getUint32(at + 42, true)
    if (packed === FULL || full === FULL || local === FULL)
      refuse('a zip64 entry, which is not read', at, 'less than 4 GiB')
    if (local + 30 > first || view.getUint32(local, true) !== LOCAL) refuse(`no header of entry ${label(title)}`, local)
    const nameLength = view.getUint16(local + 26, true)
    const start = local + 30 + nameLength + view.getUint16(local + 28, true)
    const stop = start + packed
    if (stop > first) refuse(`entry ${label(title)} leaves the archive`, local)
    const again = bytes.subarray(local + 30, local + 30 + nameLength)
    if (again.length !== rawName.length || again.some((byte, k) => byte !== rawName[k]))
      refuse(`two names for entry ${label(title)}`, local)
    if (method === 0 ? packed !== full : full > packed * EXPANSION)
      refuse(`entry ${label(title)} declares ${full} bytes, which its ${packed} cannot give`, at + 24)
    const content = bytes.subarray(start, stop)
    entries.push({ name: title, size: full, crc, deflated: method === 8, bytes: content, at: local, end: stop })
    at = next
  }
  if (at !== end) refuse('bytes behind the directory', at)
  entries.sort((a, b) => a.at - b.at)
  for (let i = 1; i < entries.length; i++)
    if ((entries[i]?.at ?? 0) < (entries[i - 1]?.end ?? 0)) refuse('entries that overlap', entries[i]?.at ?? 0)
  return entries
}

function endOf(view: DataView, name: string): number {
  const size = view.byteLength
  for (let at = size - END_SIZE; at >= Math.max(0, size - END_SIZE - MAX_COMMENT); at--)
    if (view.getUint32(at, true) === END && at + END_SIZE + view.getUint16(at + 20, true) === size) return at
  throw new DataError(`no ZIP archive, or a truncated one: no end of a directory`, {
    where: name,
    received: `${size} bytes`,
  })
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The content of an entry, checked; `limit` may name its size before all of it is inflated. */
export async function zipContent(
  entry: ZipEntry,
  name: string,
  limit: (head: Uint8Array) => number | undefined = () => undefined,
): Promise<Uint8Array> {
  const { size, crc } = entry
  const cap = (head: Uint8Array): number => Math.min(size, limit(head) ?? size)
  const content = entry.deflated ? await inflate(entry.bytes, 'deflate-raw', { name, limit: cap }) : entry.bytes
  if (content.length !== size)
    throw new DataError('the content is shorter than declared', {
      where: name,
      expected: `${size} bytes`,
      received: String(content.length),
    })
  if (crc32(content) !== crc) throw new DataError('the content is damaged: its checksum differs', { where: name })
  return content
}

/** An archive of those contents, stored; the same bytes for the same contents. */
export function encodeZip(contents: Iterable<readonly [name: string, bytes: Uint8Array]>): Uint8Array<ArrayBuffer> {
  const names = new Set<string>()
  const entries = [...contents].map(([name, bytes]) => {
    if (names.has(name)) throw new ArgumentError(`two entries are named ${label(name)}`, { where: 'encodeZip' })
    names.add(name)
    return { name: new TextEncoder().encode(name), bytes, crc: crc32(bytes) }
  })
  const bodies = entries.reduce((sum, { name, bytes }) => sum + 30 + name.length + bytes.length, 0)
  const directory = entries.reduce((sum, { name }) => sum + 46 + name.length, 0)
  if (
    bodies + directory + END_SIZE > FULL ||
    entries.length >= 0xffff ||
    entries.some(({ name }) => name.length > 0xffff)
  )
    throw new ArgumentError('too much for one archive', {
      where: 'encodeZip',
      expected: 'less than 4 GiB in less than 65,535 entries',
    })
  const archive = new Uint8Array(bodies + directory + END_SIZE)
  const view = new DataView(archive.buffer)
  let [at, central] = [0, bodies]
  for (const { name, bytes, crc } of entries) {
    // Version 2.0, UTF-8 names, stored, 1 January 1980.
    const common = (to: number): void => {
      view.setUint16(to, 20, true)
      view.setUint16(to + 2, 0x800, true)
      view.setUint16(to + 8, 0x21, true)
      view.setUint32(to + 10, crc, true)
      view.setUint32(to + 14, bytes.length, true)
      view.setUint32(to + 18, bytes.length, true)
      view.setUint16(to + 22, name.length, true)
    }
    view.setUint32(central, CENTRAL, true)
    view.setUint16(central + 4, 20, true)
    common(central + 6)
    view.setUint32(central + 42, at, true)
    archive.set(name, central + 46)
    central += 46 + name.length
    view.setUint32(at, LOCAL, true)
    common(at + 4)
    archive.set(name, at + 30)
    archive.set(bytes, at + 30 + name.length)
    at += 30 + name.length + bytes.length
  }
  view.setUint32(central, END, true)
  view.setUint16(central + 8, entries.length, true)
  view.setUint16(central + 10, entries.length, true)
  view.setUint32(central + 12, directory, true)
  view.setUint32(central + 16, bodies, true)
  return archive
}
