import { DataError } from '../errors.ts'

/** The bytes at a URL: a file's in Node, Deno and Bun, else whatever `fetch` brings. */
export async function readUrl(url: URL): Promise<Uint8Array> {
  return url.protocol === 'file:' ? readFile(url) : fetched(url)
}

/** The bytes of a file. Node, Deno and Bun only. */
export async function readFile(path: string | URL): Promise<Uint8Array> {
  return attempt('cannot read the file', path, (fs) => fs.promises.readFile(path))
}

/** Names of the files and folders in a folder, sorted. Node, Deno and Bun only. */
export async function listFolder(path: string): Promise<string[]> {
  return attempt('cannot read the folder', path, async (fs) => (await fs.promises.readdir(path)).sort())
}

type FileSystem = typeof import('node:fs')

async function attempt<T>(what: string, path: string | URL, action: (fs: FileSystem) => Promise<T>): Promise<T> {
  const where = typeof path === 'string' ? path : decodeURIComponent(path.pathname)
  // Not an import: bundlers for the browser must not see it.
  const fs = globalThis.process?.getBuiltinModule?.('node:fs')
  if (fs === undefined) throw new DataError(`${what}: this runtime has no files`, { where })
  try {
    return await action(fs)
  } catch (cause) {
    throw new DataError(`${what}: ${reason(cause)}`, { where, cause })
  }
}

async function fetched(url: URL): Promise<Uint8Array> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new DataError(`cannot fetch: ${reason(cause)}`, { where: url.href, cause })
  })
  if (!response.ok) throw new DataError(`cannot fetch: HTTP status ${response.status}`, { where: url.href })
  return new Uint8Array(await response.arrayBuffer())
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
  ['EISDIR', 'a folder'],
  ['ENOTDIR', 'a path through something that is no folder'],
  ['ENOSPC', 'no space left on the device'],
  ['EROFS', 'a read-only file system'],
  ['ELOOP', 'too many symbolic links'],
])
