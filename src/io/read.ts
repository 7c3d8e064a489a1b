import { DataError } from '../errors.ts'
import { readFile } from '../runtime/host.ts'

/** The bytes at a URL: a file's in Node, Deno and Bun, else whatever `fetch` brings. */
export async function readUrl(url: URL): Promise<Uint8Array> {
  const where = url.protocol === 'file:' ? decodeURIComponent(url.pathname) : url.href
  try {
    const local = url.protocol === 'file:' ? readFile(url) : undefined
    if (local !== undefined) return local
    const response = await fetch(url)
    if (!response.ok) throw new Error(`HTTP status ${response.status}`)
    return new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    throw new DataError(`cannot be read: ${reason(cause)}`, { where, cause })
  }
}

/** A system error in a few words. */
export function reason(cause: unknown): string {
  const code = (cause as { code?: unknown } | undefined)?.code
  const known = typeof code === 'string' ? REASONS.get(code) : undefined
  return known ?? (cause instanceof Error ? cause.message : String(cause))
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or folder'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of the path is no folder'],
  ['ENOSPC', 'no space left on the device'],
  ['EROFS', 'the file system is read-only'],
  ['ELOOP', 'too many symbolic links'],
])
