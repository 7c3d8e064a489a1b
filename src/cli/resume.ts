import { stat } from 'node:fs/promises'
import { DataError } from '../errors.ts'
import { CheckpointFolder } from '../io/node-checkpoints.ts'
import { readFile } from '../io/node-files.ts'
import { reason } from '../io/read.ts'
import { type Checkpoint, decodeCheckpoint } from '../train/index.ts'
import { trainOptionsFrom } from './args.ts'
import type { TrainOptions } from './train-options.ts'

/** A run that was saved: what it was asked to do, and where it is. */
export interface SavedRun {
  readonly options: TrainOptions
  readonly checkpoint: Checkpoint
}

/** Reads the last checkpoint of a folder, or the one in a file. `flags` stand in for what the run was asked before. */
export async function loadRun(path: string, flags: ReadonlyMap<string, unknown>): Promise<SavedRun> {
  const folder = await isFolder(path)
  const checkpoint = folder ? await new CheckpointFolder(path).latest() : decodeCheckpoint(await readFile(path), path)
  if (checkpoint === undefined)
    throw new DataError('no checkpoints', { where: path, expected: 'a folder that train --checkpoint wrote to' })
  const where = `${path}: configuration`
  const settings = new Map([...flags, ...(folder ? [['checkpoint', path] as const] : [])])
  return { options: trainOptionsFrom(checkpoint.config, where, settings), checkpoint }
}

/** Whether there is a folder at that path; a DataError where there is nothing. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    throw new DataError(`cannot be read: ${reason(cause)}`, { where: path, cause })
  }
}
