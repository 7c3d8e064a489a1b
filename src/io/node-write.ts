// Writing files in Node, Deno and Bun so that a reader sees the old content or the new, never a part of either.
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DataError } from '../errors.ts'
import { reason } from './read.ts'

/** Replaces the file at `path` by `content`: temp file beside it, fsync, rename, fsync of the folder. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  try {
    const target = await destination(path)
    if (target.special) await writeThrough(target.path, 'w', content)
    else await replace(target.path, target.mode, content)
  } catch (cause) {
    throw new DataError(`cannot write the file: ${reason(cause)}`, { where: path, cause })
  }
}

/** Fails now, with the same error, where `writeFileAtomic` would fail later: before hours of training. */
export async function checkWritable(path: string): Promise<void> {
  try {
    const target = await destination(path)
    if (target.special) return
    const probe = temporary(target.path)
    await (await open(probe, 'wx')).close()
    await unlink(probe)
  } catch (cause) {
    throw new DataError(`cannot write there: ${reason(cause)}`, { where: path, cause })
  }
}

interface Destination {
  readonly path: string
  /** Of the file that is there already. */
  readonly mode: number | undefined
  /** A device or pipe, which is written to and not replaced. */
  readonly special: boolean
}

async function destination(path: string): Promise<Destination> {
  const real = await realpath(path).catch(ignore('ENOENT'))
  if (real === undefined) return { path, mode: undefined, special: false }
  const found = await stat(real)
  if (found.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
  return { path: real, mode: found.mode & 0o777, special: !found.isFile() }
}

async function replace(path: string, mode: number | undefined, content: string | Uint8Array): Promise<void> {
  const temp = temporary(path)
  try {
    await writeThrough(temp, 'wx', content, mode)
    await rename(temp, path)
  } catch (error) {
    await unlink(temp).catch(() => {})
    throw error
  }
  await syncFolder(dirname(path))
}

async function writeThrough(path: string, flags: string, content: string | Uint8Array, mode?: number): Promise<void> {
  const file = await open(path, flags)
  try {
    await file.writeFile(content)
    if (mode !== undefined) await file.chmod(mode)
    if (flags === 'wx') await file.sync()
  } finally {
    await file.close()
  }
}

// Makes the rename itself durable. Windows and some file systems do not open or sync folders.
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(folder, 'r')
    await handle.sync()
  } catch {
    // The content is whole either way.
  } finally {
    await handle?.close()
  }
}

function temporary(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.tmp`)
}

function ignore(code: string): (cause: unknown) => undefined {
  return (cause) => {
    if ((cause as { code?: unknown }).code !== code) throw cause
  }
}
