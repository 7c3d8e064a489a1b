import { open, readFile as read, readdir } from 'node:fs/promises'
import { DataError } from '../errors.ts'
import { reason } from './read.ts'

/** The bytes of a file; a DataError that names it where there are none. */
export async function readFile(path: string): Promise<Uint8Array> {
  return attempt(path, () => read(path))
}

/** Names of the files and folders in a folder, sorted. */
export async function listFolder(path: string): Promise<string[]> {
  return attempt(path, async () => (await readdir(path)).sort())
}

/** The bytes of a file, 64 KiB at a time; each loop over them opens it anew. */
export interface FileBytes extends AsyncIterable<Uint8Array> {
  /** The path. */
  readonly name: string
}

/** A file of any size as a source of bytes: `data.readCsv(openFile('flowers.csv'))`. It is opened when it is read. */
export function openFile(path: string): FileBytes {
  return { name: path, [Symbol.asyncIterator]: () => pieces(path) }
}

async function* pieces(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await attempt(path, () => open(path))
  try {
    for (;;) {
      const piece = new Uint8Array(65_536)
      const { bytesRead } = await attempt(path, () => file.read(piece, 0, piece.length))
      if (bytesRead === 0) return
      yield piece.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

async function attempt<T>(where: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    throw new DataError(`cannot be read: ${reason(cause)}`, { where, cause })
  }
}
