import { readFile as read, readdir } from 'node:fs/promises'
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

async function attempt<T>(where: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    throw new DataError(`cannot be read: ${reason(cause)}`, { where, cause })
  }
}
